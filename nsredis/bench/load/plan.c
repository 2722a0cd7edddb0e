#include "plan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "wrong");
    exit(1);
}

void *room(void *old, size_t size) {
    void *made = realloc(old, size);
    if (!made) die("memory");
    return made;
}

static uint32_t word(const char **at) {
    uint32_t value;
    memcpy(&value, *at, 4);
    *at += 4;
    return value;
}

Plan read_plan(const char *path) {
    Plan plan;
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) die(path);
    size_t size = ftell(file);
    char *bytes = room(NULL, size);
    rewind(file);
    if (fread(bytes, 1, size, file) != size) die(path);
    fclose(file);
    const char *at = bytes;
    plan.protocol = word(&at), plan.order = word(&at);
    uint32_t count = word(&at);
    plan.bodies = room(NULL, (count + 1) * sizeof *plan.bodies);
    for (uint32_t i = 0; i < count; i++) {
        plan.bodies[i] = (Body){.length = word(&at), .bytes = at};
        at += plan.bodies[i].length;
    }
    count = word(&at);
    plan.requests = room(NULL, count * sizeof *plan.requests);
    for (uint32_t i = 0; i < count; i++) {
        Request *r = &plan.requests[i];
        r->length = word(&at), r->opaque_at = word(&at), r->body = (int32_t)word(&at), r->status = word(&at);
        r->bytes = at;
        at += r->length;
    }
    plan.lane_count = word(&at);
    plan.lanes = room(NULL, plan.lane_count * sizeof *plan.lanes);
    for (uint32_t i = 0; i < plan.lane_count; i++) plan.lanes[i].first = word(&at), plan.lanes[i].count = word(&at);
    return plan;
}

static uint64_t mixed(uint64_t value) {
    value = (value ^ value >> 32) * 0xD6E8FEB86659FD93ull;
    return value ^ value >> 32;
}

/* Of the parts up to the bracket that closes them: numbers of parts are added, within a part their order counts. */
static uint64_t parts_until(const char **at, const char *end) {
    uint64_t sum = 0, part = 1;
    while (*at < end && **at != '}' && **at != ']') {
        char c = *(*at)++;
        if (c == ',') sum += mixed(part), part = 1;
        else part = (part ^ (unsigned char)c) * 1099511628211ull;
        if (c == '{' || c == '[') { part = mixed(part ^ parts_until(at, end)); *at += *at < end; }
    }
    return mixed(sum + mixed(part));
}

uint64_t parts_of(const char *json, size_t length) {
    const char *end = json + length;
    uint64_t all = 1;
    for (; json < end; json += json < end) all = mixed(all ^ parts_until(&json, end)); /* once, where brackets are in pairs */
    return all;
}

uint64_t queued_ns(void) {
    unsigned long long ran = 0, waited = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (file) { if (fscanf(file, "%llu %llu", &ran, &waited) != 2) waited = 0; fclose(file); }
    return waited;
}

double worked_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}
