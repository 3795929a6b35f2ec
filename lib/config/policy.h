/* What agents may, and how often: [policy], [policy agent NAME] and [limit] of
 * kruxos.conf.
 *
 *	[policy]
 *	shell.* = approval_required
 *	*.delete = blocked
 *
 *	[policy agent builder]
 *	shell.exec = notify
 *
 *	[limit]
 *	alerts.send = 30/1m
 *
 * A key is a capability or a glob, in which a '*' stands for any text. The most
 * specific of those that fit decides: one without a '*' before others; then
 * that with more before its first '*'; then the longer one; and of those that
 * are still alike the strictest. Where a line of the agent's own section fits,
 * [policy] is not asked. What nothing fits is autonomous.
 *
 * Of [limit] the most specific line that fits counts, for each agent by itself.
 *
 * Pure: nothing is read but what is handed in.
 */
#ifndef CONFIG_POLICY_H
#define CONFIG_POLICY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "log/entry.h"

enum {
	POLICY_RULES = 1024, /* at most, of all sections */
	POLICY_AGENTS = 256, /* that have a section of their own */
	POLICY_LIMITS = 256,
	POLICY_COUNT = 1000000, /* the most that a limit can allow */
};

/* A line of [policy] or [policy agent NAME]. */
struct policy_rule {
	const char *agent; /* NULL: of all */
	const char *pattern;
	enum entry_tier tier;
	const char *path; /* of the file that says so */
	unsigned line;
};

/* So many at once, and as many again in `span`. */
struct policy_rate {
	unsigned count; /* 0: no limit ("none") */
	usec_t span;
};

/* A line of [limit]. */
struct policy_limit {
	const char *pattern;
	struct policy_rate rate;
	const char *path;
	unsigned line; /* 0: built in */
};

struct policy {
	const char *path; /* of kruxos.conf */
	struct policy_rule *rules;
	size_t rule_count;
	struct policy_limit *limits;
	size_t limit_count;
};

struct policy_decision {
	enum entry_tier tier;
	const struct policy_rule *rule; /* NULL: nothing fits */
};

/* What may `agent` do of `capability`? */
void policy_decide(const struct policy *policy, struct slice agent,
    struct slice capability, struct policy_decision *ret);

/* The line that limits `capability`; NULL: there is none. */
const struct policy_limit *
policy_find_limit(const struct policy *policy, struct slice capability);

/* Is `a` more specific than `b` (above 0), less (below 0), or as specific? */
int policy_compare(struct slice a, struct slice b);

/* Append the line that decides, for people: `kruxos.conf:41: shell.* = blocked`
 * or `conf.d/site.conf:2: [policy agent builder] shell.exec = notify`; the path
 * begins at the folder of kruxos.conf. */
void policy_add_rule_line(const struct policy *policy,
    const struct policy_rule *rule, struct buf *out);
/* The same: `kruxos.conf:60: [limit] alerts.send = 30/1m`, or without a file's
 * name and line if it is built in. */
void policy_add_limit_line(const struct policy *policy,
    const struct policy_limit *limit, struct buf *out);

/* "30/1m" or "none". */
void policy_add_rate(const struct policy_rate *rate, struct buf *out);

/* A copy, all of it in `arena`. */
void policy_copy(
    const struct policy *policy, struct arena *arena, struct policy *ret);

/* --- for the reader of the files ------------------------------------------ */

/* An empty policy with room for all lines. */
void policy_init(struct policy *policy, const char *path);

/* The row for a line with the key `pattern`, to be filled in: a new one, or
 * that of an earlier line with this key, emptied. `agent` is NULL or in
 * `arena`. NULL: ERROR_INVALID, what is wrong with the key. */
struct policy_rule *policy_add_rule(struct policy *policy, struct arena *arena,
    const char *agent, struct slice pattern, struct error *err);
struct policy_limit *policy_add_limit(struct policy *policy,
    struct arena *arena, struct slice pattern, struct error *err);

/* The same read: ERROR_INVALID. */
int policy_parse_rate(
    struct slice text, struct policy_rate *ret, struct error *err);

/* "autonomous", "notify", "approval_required", "blocked"; NULL ends it. */
extern const char *const policy_tiers[];

#endif
