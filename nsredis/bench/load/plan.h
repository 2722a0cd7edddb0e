/* What is sent and what must come back, read from the file that plan.py writes; and what is asked of the system. */
#include <stddef.h>
#include <stdint.h>

enum { REMOTING, HTTP, FIXED };
enum { IN_TURN, RANDOM, ONCE };

typedef struct { uint32_t length; const char *bytes; uint64_t parts; } Body; /* parts: once they were asked for, else 0 */
typedef struct { uint32_t length, opaque_at; int32_t body; uint32_t status; const char *bytes; } Request;
typedef struct { uint32_t first, count; } Lane;
typedef struct {
    uint32_t protocol, order, lane_count;
    Body *bodies;
    Request *requests;
    Lane *lanes;
} Plan;

Plan read_plan(const char *path);

/* Ends the program with a message, and with the error's name where there is one. */
void die(const char *what);

/* realloc that never fails. */
void *room(void *old, size_t size);

/* A number for what JSON says, the same in whatever order the parts of its lists and objects stand. */
uint64_t parts_of(const char *json, size_t length);

/* How long this process waited for a processor, and worked on one. */
uint64_t queued_ns(void);
double worked_s(void);
