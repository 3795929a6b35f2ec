/* Which alerts a silence means: matchers, all of which must hold.
 *
 *	severity=warning agent_name=deploy-*
 *
 * A value may hold `*` for any run of characters. What an alert has no value
 * for matches nothing.
 */
#ifndef STORE_SILENCE_H
#define STORE_SILENCE_H

#include "base/arena.h"
#include "base/error.h"
#include "store/alert.h"

enum {
	SILENCE_MATCHERS = 8,	   /* of one silence */
	SILENCE_VALUE_BYTES = 256, /* of one matcher */
	SILENCE_REASON_BYTES = 1024,
	SILENCES = 256, /* at once */
};

enum silence_field {
	SILENCE_SEVERITY,
	SILENCE_SOURCE,
	SILENCE_AGENT_NAME,
	SILENCE_TITLE,
	SILENCE_RULE,
	SILENCE_SERVICE,
	SILENCE_FIELDS
};

struct silence_matcher {
	enum silence_field field;
	struct slice value;
};

struct silence {
	uint64_t id;
	struct silence_matcher matchers[SILENCE_MATCHERS];
	size_t matcher_count;
	struct slice author;
	struct slice reason;
	usec_t created_at;
	usec_t ends_at;
	bool until_resolved; /* ends before, when nothing that it means fires */
	usec_t ended_at;     /* 0: not yet */
};

/* One matcher, `name=value`, added to those of `silence`, of which none has
 * this name; its value lies in `text`. ERROR_INVALID, ERROR_TOO_LONG;
 * err->field "matchers". */
int silence_add(struct silence *silence, struct slice text, struct error *err);

/* All of them, with newlines between: as they are kept. */
void silence_write(const struct silence *silence, struct buf *out);
int silence_read(struct silence *silence, struct slice text, struct error *err);

bool silence_matches(const struct silence *silence, const struct alert *alert);

/* Could it mean one that is critical? */
bool silence_may_be_critical(const struct silence *silence);

/* "agent_name" */
const char *silence_field_name(enum silence_field field);

#endif
