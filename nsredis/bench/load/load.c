/* A load on one server of this machine: requests made beforehand go out, answers are counted, timed and compared.

   load PORT PLAN CONNECTIONS DEPTH SECONDS RATE

   PLAN is a file as nsredis/bench/load/plan.py writes it. DEPTH requests of a connection may be unanswered. RATE 0 is
   the closed loop: each answer lets the next request go. With a rate, requests are due at fixed times, and latency
   counts from then, so that a slow answer is not hidden by those it held up.

   Prints "ready" when each connection has had its first request answered, starts at a line on stdin, and prints one line of JSON when all is answered. */
#define _GNU_SOURCE
#include "plan.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_OPAQUE = 1000000, OPAQUES = 8000000, DRAIN_S = 10, WHOLE_COMPARED = 4096, COMPARED_EVERY = 16 };

typedef struct {
    int fd;
    Lane lane;
    uint32_t next, random, unanswered, order_head, order_tail, free_count;
    uint64_t turn;                                 /* open loop: how many requests it has sent */
    uint64_t *since;                               /* of each slot: when its request was due or sent */
    uint32_t *which, *serial, *order, *free_slots; /* request, number, FIFO of slots, slots without a request */
    char *out, *left;
    size_t out_length, out_at, out_room, left_length, left_room;
    int waits_to_write;
} Connection;

static uint32_t depth, connection_count;
static Plan plan;
static Connection *connections;
static uint64_t buckets[64 * 32], start_ns, end_ns, answers, within, asked, sent, most = UINT64_MAX;
static uint64_t checked, wrong, reordered; /* of all answers, also of those before the time starts */
static double rate;
static int poll_fd;
static char first_wrong[240];
static char *input;
static size_t input_room = 1 << 18;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void tell(const char *what, const char *bytes, size_t length) {
    int at = snprintf(first_wrong, sizeof first_wrong, "%s: ", what);
    for (size_t i = 0; i < length && at < (int)sizeof first_wrong - 1; i++) {
        char c = bytes[i];
        first_wrong[at++] = c < ' ' || c == '"' || c == '\\' || c > '~' ? '.' : c;
    }
    first_wrong[at] = 0;
}

static void not_right(const char *what, const char *bytes, size_t length) {
    if (!wrong++) tell(what, bytes, length);
}

static void not_in_order(const char *bytes, size_t length) {
    if (!reordered++ && !wrong) tell("order", bytes, length);
}

static void count_latency(uint64_t ns) {
    int shift = ns < 64 ? 0 : 58 - __builtin_clzll(ns);
    uint64_t bucket = 32 * (uint64_t)shift + (ns >> shift);
    buckets[bucket < sizeof buckets / sizeof *buckets ? bucket : sizeof buckets / sizeof *buckets - 1]++;
}

static uint64_t due_ns(uint64_t ordinal) { return start_ns + (uint64_t)(ordinal / rate * 1e9); }

static void flush(Connection *c) {
    while (c->out_at < c->out_length) {
        ssize_t done = send(c->fd, c->out + c->out_at, c->out_length - c->out_at, MSG_NOSIGNAL);
        if (done < 0 && errno != EAGAIN) die("send");
        if (done < 0) break;
        c->out_at += done;
    }
    int waits = c->out_at < c->out_length;
    if (!waits) c->out_at = c->out_length = 0;
    if (waits != c->waits_to_write) {
        struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = c};
        epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &event);
        c->waits_to_write = waits;
    }
}

static void ask(Connection *c, uint64_t since) {
    uint32_t at = c->next;
    if (plan.order == RANDOM) {
        c->random ^= c->random << 13; c->random ^= c->random >> 17; c->random ^= c->random << 5;
        at = c->random % c->lane.count;
    } else if (++c->next == c->lane.count && plan.order != ONCE) c->next = 0;
    const Request *request = &plan.requests[c->lane.first + at];
    uint32_t slot = c->free_slots[--c->free_count];
    c->which[slot] = c->lane.first + at;
    c->since[slot] = since;
    c->serial[slot] = (c->serial[slot] + depth) % (OPAQUES / depth * depth);
    c->order[c->order_head++ % depth] = slot;
    c->unanswered++;
    sent++;
    if (c->out_length + request->length > c->out_room)
        c->out = room(c->out, c->out_room = 2 * (c->out_length + request->length));
    char *to = c->out + c->out_length;
    memcpy(to, request->bytes, request->length);
    if (request->opaque_at) {
        uint32_t number = FIRST_OPAQUE + c->serial[slot];
        for (int i = 6; i >= 0; i--, number /= 10) to[request->opaque_at + i] = '0' + number % 10;
    }
    c->out_length += request->length;
}

static void pump(Connection *c, uint64_t now) {
    if (!rate) {
        while (c->free_count && now < end_ns && c->next < c->lane.count) ask(c, now);
    } else {
        for (uint64_t due; c->free_count; c->turn++) {
            due = due_ns((c - connections) + c->turn * connection_count);
            if (due > now || due >= end_ns) break;
            ask(c, due);
        }
    }
    if (c->out_at < c->out_length && !c->waits_to_write) flush(c);
}

/* `from` is where the answer starts: shown when something is wrong. From the first wrong one on all are compared in full,
   so that they are counted as they are. */
static void answered(Connection *c, uint32_t slot, uint32_t status, const char *from, const char *body, size_t length, uint64_t now) {
    const Request *request = &plan.requests[c->which[slot]];
    Body *expected = request->body < 0 ? NULL : &plan.bodies[request->body];
    checked++;
    if (status != request->status) not_right("status", from, body + length - from);
    else if (expected && length != expected->length) not_right("length", from, body + length - from);
    else if (expected && (length <= WHOLE_COMPARED || wrong || answers % COMPARED_EVERY == 0) && memcmp(body, expected->bytes, length)) {
        if (!expected->parts) expected->parts = parts_of(expected->bytes, length);
        if (parts_of(body, length) == expected->parts) not_in_order(from, body + length - from);
        else not_right("content", from, body + length - from);
    }
    count_latency(now - c->since[slot]);
    answers++;
    within += now <= end_ns;
    c->free_slots[c->free_count++] = slot;
    c->unanswered--;
}

static long number_after(const char *bytes, size_t length, const char *name) {
    const char *found = memmem(bytes, length, name, strlen(name));
    return found ? atol(found + strlen(name)) : -1;
}

/* The readers of each protocol: bytes of the first answer; 0 when it is not complete. */
static size_t remoting_answer(Connection *c, const char *bytes, size_t length, uint64_t now) {
    uint32_t words[2];
    if (length < 8) return 0;
    memcpy(words, bytes, 8);
    size_t whole = 4 + (size_t)ntohl(words[0]), header = ntohl(words[1]) & 0xFFFFFF;
    if (whole < 8 + header) die("a frame");
    if (length < whole) return 0;
    long serial = number_after(bytes + 8, header, "\"opaque\":") - FIRST_OPAQUE;
    uint32_t slot = serial < 0 ? 0 : serial % depth;
    if (serial < 0 || c->serial[slot] != (uint32_t)serial) { not_right("opaque", bytes + 8, header); return whole; }
    answered(c, slot, number_after(bytes + 8, header, "\"code\":"), bytes + 8, bytes + 8 + header, whole - 8 - header, now);
    return whole;
}

static size_t http_answer(Connection *c, const char *bytes, size_t length, uint64_t now) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    uint32_t status = atoi(bytes + 9);
    size_t head = end + 4 - bytes, body = 0;
    for (const char *line = bytes; status != 304 && line < end;) {
        line = (const char *)memchr(line, '\n', end + 2 - line) + 1;
        if (!strncasecmp(line, "content-length:", 15)) { body = atol(line + 15); break; }
    }
    if (length < head + body) return 0;
    answered(c, c->order[c->order_tail++ % depth], status, bytes, bytes + head, body, now);
    return head + body;
}

static size_t fixed_answer(Connection *c, const char *bytes, size_t length, uint64_t now) {
    uint32_t slot = c->order[c->order_tail % depth];
    size_t whole = plan.bodies[plan.requests[c->which[slot]].body].length;
    if (length < whole) return 0;
    c->order_tail++;
    answered(c, slot, plan.requests[c->which[slot]].status, bytes, bytes, whole, now);
    return whole;
}

static void receive(Connection *c) {
    if (c->left_length * 2 > input_room) input = room(input, input_room = c->left_length * 4);
    memcpy(input, c->left, c->left_length);
    ssize_t got = recv(c->fd, input + c->left_length, input_room - c->left_length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) die("recv");
    if (got == 0) { errno = 0; fprintf(stderr, "the server closed a connection\n"); exit(1); }
    size_t length = c->left_length + got, at = 0, done;
    uint64_t now = now_ns();
    do {
        done = (plan.protocol == REMOTING ? remoting_answer : plan.protocol == HTTP ? http_answer : fixed_answer)(
            c, input + at, length - at, now);
        at += done;
    } while (done && at < length);
    c->left_length = length - at;
    if (c->left_length > c->left_room) c->left = room(c->left, c->left_room = 2 * c->left_length);
    memcpy(c->left, input + at, c->left_length);
    if (at) pump(c, now);
}

static void connect_one(Connection *c, uint32_t number, int port, Lane lane) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (void *)&address, sizeof address)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->lane = lane, c->random = 2654435769u * (number + 1) | 1;
    c->since = room(NULL, depth * sizeof *c->since);
    c->which = room(NULL, 4 * depth * sizeof *c->which);
    c->serial = c->which + depth, c->order = c->serial + depth, c->free_slots = c->order + depth;
    for (uint32_t slot = 0; slot < depth; slot++) {
        c->serial[slot] = slot;
        c->free_slots[c->free_count++] = depth - 1 - slot;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event)) die("epoll");
}

/* Until all that is due is answered. */
static void run(void) {
    struct epoll_event events[256];
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &tick);
    uint64_t give_up = end_ns + DRAIN_S * 1000000000ull, due_count = rate ? (uint64_t)(rate * (end_ns - start_ns) / 1e9) : 0;
    for (uint32_t i = 0; !rate && i < connection_count; i++) pump(&connections[i], now_ns());
    for (uint64_t now = now_ns(); now < give_up; now = now_ns()) {
        if (rate ? asked >= due_count && answers >= due_count : answers >= sent && (now >= end_ns || sent == most)) return;
        if (rate && asked < due_count) {
            for (; asked < due_count && due_ns(asked) <= now; asked++) pump(&connections[asked % connection_count], now);
            uint64_t due = due_ns(asked);
            struct itimerspec at = {.it_value = {due / 1000000000, due % 1000000000}};
            timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        }
        int count = epoll_wait(poll_fd, events, 256, 100);
        for (int i = 0; i < count; i++) {
            Connection *c = events[i].data.ptr;
            uint64_t ticks;
            if (!c) { if (read(timer, &ticks, 8) < 0 && errno != EAGAIN) die("timer"); continue; }
            if (events[i].events & EPOLLOUT) flush(c);
            if (events[i].events & ~EPOLLOUT) receive(c);
        }
    }
    errno = 0;
    fprintf(stderr, "%llu requests had no answer after %d s\n", (unsigned long long)(sent - answers), DRAIN_S);
    exit(1);
}

/* The first request of each connection, not counted: a broker's first registration on a connection is not the same as
   the later ones. */
static void prime(void) {
    for (uint32_t i = 0; i < connection_count; i++) {
        ask(&connections[i], 0);
        flush(&connections[i]);
    }
    double wanted_rate = rate;
    rate = 0, start_ns = end_ns = now_ns();
    run();
    rate = wanted_rate, answers = within = sent = 0;
    for (uint32_t i = 0; plan.order == ONCE && i < connection_count; i++) most += connections[i].lane.count - (i > 0);
    memset(buckets, 0, sizeof buckets);
}

int main(int count, char **arguments) {
    if (count != 7) { errno = EINVAL; die("arguments"); }
    plan = read_plan(arguments[2]);
    connection_count = atoi(arguments[3]), depth = atoi(arguments[4]);
    double seconds = atof(arguments[5]);
    rate = atof(arguments[6]);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    input = room(NULL, input_room);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc(connection_count, sizeof *connections);
    for (uint32_t i = 0; i < connection_count; i++) connect_one(&connections[i], i, atoi(arguments[1]), plan.lanes[i % plan.lane_count]);
    prime();
    printf("ready\n");
    fflush(stdout);
    if (getchar() == EOF) return 1;
    double worked = worked_s();
    uint64_t queued = queued_ns();
    start_ns = now_ns(), end_ns = start_ns + (uint64_t)(seconds * 1e9);
    run();
    printf("{\"answers\":%llu,\"within\":%llu,\"seconds\":%.6f,\"lasted\":%.6f,\"checked\":%llu,\"wrong\":%llu,\"reordered\":%llu,\"firstWrong\":\"%s\","
           "\"worked\":%.6f,\"queued\":%.6f,\"buckets\":{", (unsigned long long)answers, (unsigned long long)within, seconds,
           (now_ns() - start_ns) / 1e9, (unsigned long long)checked, (unsigned long long)wrong, (unsigned long long)reordered, first_wrong, worked_s() - worked, (queued_ns() - queued) / 1e9);
    const char *comma = "";
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++)
        if (buckets[i]) { printf("%s\"%zu\":%llu", comma, i, (unsigned long long)buckets[i]); comma = ","; }
    printf("}}\n");
    fflush(stdout);
    getchar();  /* the connections stay until whoever started this has seen what they left behind */
    return 0;
}
