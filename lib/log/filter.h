/* Which entries are meant: the parameters of every audit query.
 *
 * Values of one name: an entry has any of the positive ones and none of the
 * negative ones (an entry without a session_id is "none of them", too). Names
 * are joined by and; so are the range of time and `q`. What is said here about
 * one entry, the index (store/search.h) says about all of them at once, and
 * its tests hold it to filter_matches().
 */
#ifndef LOG_FILTER_H
#define LOG_FILTER_H

#include "base/arena.h"
#include "log/entry.h"

enum filter_name {
	FILTER_ACTOR_TYPE,
	FILTER_AGENT_NAME,
	FILTER_USER_NAME,
	FILTER_CAPABILITY, /* exact, or a glob: '*' stands for any text */
	FILTER_STATUS,
	FILTER_POLICY_TIER,
	FILTER_SESSION_ID,
	FILTER_CALL_ID,
	FILTER_SOURCE,
	FILTER_NAMES
};

enum {
	FILTER_VALUES = 64, /* of one name */
	FILTER_QUERY_BYTES = 256,
};

struct filter_value {
	struct slice text; /* without the '-' */
	int choice;	   /* of actor_type, status, policy_tier, source */
	bool is_negative;
};

struct filter_list {
	struct filter_value *values;
	size_t count;
};

/* All zero, but for `to`, means every entry: start with FILTER_INIT. */
struct filter {
	struct filter_list lists[FILTER_NAMES];
	struct slice needle; /* `q` in the writer's form; {NULL, 0}: none */
	usec_t from, to;     /* from <= time < to */
};

#define FILTER_INIT                 \
	{                           \
		.to = CLOCK_MAX + 1 \
	}

/* Add one value of the parameter `name` ("agent_name"); a leading '-' makes
 * it negative. All is copied into `arena`. ERROR_UNKNOWN_FIELD: there is no
 * such parameter; ERROR_INVALID: no value that an entry could have;
 * ERROR_TOO_LONG: more than FILTER_VALUES; err->field is the name. */
int filter_add(struct filter *filter, struct arena *arena, const char *name,
    struct slice value, struct error *err);

/* The substring to look for, valid UTF-8 as the user typed it. ERROR_INVALID,
 * ERROR_TOO_LONG, err->field "q". */
int filter_set_q(struct filter *filter, struct arena *arena, struct slice q,
    struct error *err);

/* A copy in one piece, which outlives the arena: free() it. */
struct filter *filter_clone(const struct filter *filter);

/* "agent_name", … */
const char *filter_name(enum filter_name name);

/* Is `entry` meant? `line` is the line that it was parsed from (q looks at
 * its bytes). */
bool filter_matches(
    const struct filter *filter, const struct entry *entry, struct slice line);

/* The same without `q`: for who has searched the bytes already. */
bool
filter_matches_head(const struct filter *filter, const struct entry *entry);

/* Has any value of this name been given? */
static inline bool
filter_has(const struct filter *filter, enum filter_name name)
{
	return filter->lists[name].count > 0;
}

#endif
