/* How far an answer reaches: the index may lag behind the log, be built again
 * or fail, and then the newest entries are missing from what it answers. Who
 * asks must be able to see that. */
#ifndef FCGI_REACH_H
#define FCGI_REACH_H

#include "base/json_writer.h"
#include "fcgi/program.h"

/* "head_seq": the last durable entry, and "index": how the index is, behind an
 * answer that knows all through `through_seq`. `status` NULL: the daemon says
 * nothing, and neither is known. */
void reach_write(struct json_writer *json, const struct status *status,
    uint64_t through_seq);

/* The same, of what the daemon says now. */
void reach_write_now(
    struct json_writer *json, struct program *prog, uint64_t through_seq);

/* Something is not in the index. Might it be there, were the index current?
 * Then `err` says so (503); else it is left alone. */
bool
reach_is_short(struct program *prog, uint64_t through_seq, struct error *err);

#endif
