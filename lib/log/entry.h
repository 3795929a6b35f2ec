/* One entry of the audit log, and its line.
 *
 * FORMAT (version 1)
 *
 * The log is text: one JSON object a line, ending in '\n', in daily files
 * (logfile.h). Keys stand in this order, without white space; what does not
 * apply is left out:
 *
 *   seq recorded_at time time_clamped uid source actor_type agent_name
 *   user_name session_id call_id parent_call_id trace_id capability
 *   policy_tier decided_by status duration_ms payload_hash prev_hash
 *   entry_hash                                     -- the head ends before it
 *   salt summary request                           -- the payload
 *
 *   {"seq":42,…,"prev_hash":"<hex>","entry_hash":"<hex>","salt":"<hex>",…}\n
 *   ^-------------- head ---------^              ^-------- payload -----^
 *
 * Two hashes over the line's own bytes; nothing is canonicalised:
 *   entry_hash   = SHA-256 of the head: all bytes before `,"entry_hash":`
 *   payload_hash = SHA-256 of the payload: the bytes between the comma behind
 *                  entry_hash's value and the closing brace
 *   prev_hash    = entry_hash of the entry before, across files; 64 zeros for
 *                  the first of all.
 * So the head commits to the payload and to all that came before. Names and
 * ids in the head hold no quote and no backslash (entry_is_name()), so the
 * first `,"entry_hash":` of a line is the one that counts.
 *
 * Erased: the payload is overwritten in place by `"erased_by":<seq>` and
 * spaces of the same length; <seq> is a later `audit.erase` entry whose
 * request names this seq in "seqs". The head, and so the chain, stand.
 *
 * seq begins at 1 and has no gaps. recorded_at never runs backwards; all
 * lines of one batch carry the same, each batch a later one. Times are RFC
 * 3339 in UTC with six digits. Hashes and the salt (16 random bytes) are
 * lower-case hex.
 *
 * The functions here are pure: bytes to struct, struct to bytes.
 */
#ifndef LOG_ENTRY_H
#define LOG_ENTRY_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sha256.h"

#include <stdint.h>

enum {
	ENTRY_FORMAT_VERSION = 1,
	ENTRY_NAME_BYTES = 128,	    /* names and ids */
	ENTRY_SUMMARY_BYTES = 4096, /* decoded, the mark of the cut included */
	ENTRY_REQUEST_BYTES = 64 << 10, /* as written */
	ENTRY_SALT_BYTES = 16,
	/* A line is never longer: head, escaped summary (6 bytes for one at
	 * worst), request. A longer one is not of this log. */
	ENTRY_LINE_BYTES = 128 << 10,
};

enum entry_actor { /* "actor_type" */
	ENTRY_AGENT,
	ENTRY_USER,
	ENTRY_SYSTEM,
	ENTRY_ACTORS
};

enum entry_source {
	ENTRY_GATEWAY,
	ENTRY_HOOK,
	ENTRY_OTLP,
	ENTRY_SDK,
	ENTRY_CLI,
	ENTRY_DASHBOARD,
	ENTRY_DAEMON,
	ENTRY_IMPORT,
	ENTRY_SOURCES
};

enum entry_tier { /* "policy_tier" */
	ENTRY_NO_TIER,
	ENTRY_AUTONOMOUS,
	ENTRY_NOTIFY,
	ENTRY_APPROVAL_REQUIRED,
	ENTRY_BLOCKED,
	ENTRY_TIERS
};

enum entry_decider {	 /* "decided_by" */
	ENTRY_UNDECIDED, /* the key is left out */
	ENTRY_BY_POLICY,
	ENTRY_BY_USER,
	ENTRY_BY_HOOK,
	ENTRY_BY_MODE,
	ENTRY_BY_NONE, /* "none" */
	ENTRY_DECIDERS
};

enum entry_status {
	ENTRY_SUCCESS,
	ENTRY_ERROR,
	ENTRY_DENIED,
	ENTRY_PENDING,
	ENTRY_STATUSES
};

/* An entry, its strings in somebody else's memory. A slice {NULL, 0} is "left
 * out". */
struct entry {
	uint64_t seq;
	usec_t recorded_at;  /* the daemon's clock */
	usec_t time;	     /* the producer's */
	bool is_clamped;     /* time lay too far off; … */
	usec_t time_clamped; /* … this is what it was */
	uint32_t uid;	     /* who wrote into the door, says the kernel */
	enum entry_source source;
	enum entry_actor actor;
	struct slice actor_name; /* agent_name or user_name; none for system */
	struct slice session_id;
	struct slice call_id;
	struct slice parent_call_id;
	struct slice trace_id;
	struct slice capability;
	enum entry_tier tier;
	enum entry_decider decider;
	enum entry_status status;
	struct slice duration_ms; /* the number's own digits */
	unsigned char payload_hash[SHA256_BYTES];
	unsigned char prev_hash[SHA256_BYTES];
	unsigned char entry_hash[SHA256_BYTES];

	/* Set by entry_parse(), ignored by entry_compose(). */
	struct slice head;    /* the bytes that entry_hash is made of */
	struct slice payload; /* the bytes that payload_hash is made of */
	uint64_t erased_by;   /* 0: the payload is there; then: */
	struct slice summary; /* as written: escaped, without quotes */
	struct slice request; /* as written: an object */
};

/* Append the line of `entry`, '\n' included, around `payload` (made by
 * payload.h: `"salt":"…","summary":"…","request":{…}`, not empty). Fills the
 * two hashes that it makes (payload_hash, entry_hash); prev_hash is the
 * caller's. */
void entry_compose(struct sha256 *sha256, struct entry *entry,
    struct slice payload, struct buf *out);

/* Read a line (without its '\n') into `ret_entry`, whose slices lie in
 * `line`. Strict: what this function accepts is of the format above, keys in
 * their order, names and numbers within bounds; the hashes are read, not
 * checked (entry_check()). ERROR_CORRUPT with a sentence that names the field
 * and the byte. */
int entry_parse(struct slice line, struct entry *ret_entry, struct error *err);

/* Only `seq` and `recorded_at`, the front of every line: what a search for a
 * place in a file needs. ERROR_CORRUPT. */
int entry_parse_front(struct slice line, uint64_t *ret_seq,
    usec_t *ret_recorded_at, struct error *err);

/* Do the line's own hashes hold? -1 and ERROR_CORRUPT, err->field
 * "entry_hash" or "payload_hash", the sentence says what was expected and
 * found. An erased payload is not checked here: chain.h finds who erased it. */
int entry_check(
    struct sha256 *sha256, const struct entry *entry, struct error *err);

/* 1–128 of [A-Za-z0-9._:@/+-], not beginning with '-'. */
bool entry_is_name(struct slice text);

/* Append `text`, an id of somebody else's, as a name: with '_' for each byte
 * that none may hold, and cut where none may be longer. Of nothing comes
 * nothing. */
void entry_add_name(struct buf *out, struct slice text);

/* A name with a dot; letters of either case, no '*'. */
bool entry_is_capability(struct slice text);

/* Reserved for the daemon and for the peers named in door/message.c. */
bool entry_is_reserved(struct slice capability);

/* Is its payload never erased: audit.* and log.*? */
bool entry_is_permanent(struct slice capability);

/* "agent", "gateway", "notify", "user", "success", …; static. NULL for
 * ENTRY_NO_TIER and ENTRY_UNDECIDED, which are written by being left out. */
const char *entry_actor_name(enum entry_actor actor);
const char *entry_source_name(enum entry_source source);
const char *entry_tier_name(enum entry_tier tier);
const char *entry_decider_name(enum entry_decider decider);
const char *entry_status_name(enum entry_status status);

/* The other way; -1: there is no such name. */
int entry_actor_of(struct slice name);
int entry_source_of(struct slice name);
int entry_tier_of(struct slice name);
int entry_decider_of(struct slice name);
int entry_status_of(struct slice name);

#endif
