/* A recorded entry told again: a line of ingest's form, or of an export of
 * another log, becomes one that the door takes as an import.
 *
 * What only a daemon says of an entry (seq, the hashes, …) is left out, and
 * the source is `import`. Everything else stays as it is, but for what the
 * caller wants otherwise. Pure. */
#ifndef CLI_RECAST_H
#define CLI_RECAST_H

#include "base/clock.h"
#include "base/json_reader.h"

struct recast {
	usec_t now;   /* the time of the entry instead of its own; 0: its own */
	usec_t later; /* its own is moved on by this much … */
	usec_t earlier;		     /* … or back */
	struct slice session_suffix; /* behind session ids; {NULL, 0}: none */
};

/* Append the new line. 1; 0: the entry belongs to the other log itself
 * (`log.open`, `audit.erase`, …) and has no place in this one; -1: the codes
 * of json_reader_read(), and ERROR_WRONG_TYPE for what is no object or has a
 * bad time. */
int recast_line(struct json_reader *reader, struct slice line,
    const struct recast *recast, struct buf *out, struct error *err);

/* The `time` of the entry; 0: it has none. -1 as above. */
int recast_time(struct json_reader *reader, struct slice line, usec_t *ret_time,
    struct error *err);

/* Its `session_id`, or an empty slice; lies in `reader`, which has read the
 * line before. */
struct slice recast_session(const struct json_reader *reader);

#endif
