/* Which entries are wanted: the filters of /api/audit as options of a command.
 * They become a query, or a filter (log/filter.h) for files. */
#ifndef CLI_SELECTION_H
#define CLI_SELECTION_H

#include "base/json_writer.h"
#include "cli/options.h"
#include "log/filter.h"

/* As given; a value may have a leading '-'. */
struct selection {
	struct option_list lists[FILTER_NAMES]; /* by enum filter_name */
	const char *q;
	struct option_time from, to; /* from <= time < to */
	usec_t last;		     /* or: this long before now; 0: no */
};

/* Rows for the table of a command whose values have a `struct selection
 * member`: who did what, */
#define SELECTION_WHO(owner, member)                                           \
	OPTION_TEXTS(owner, member.lists[FILTER_AGENT_NAME], 'a',              \
	    "agent-name", "NAME", NULL, "of this agent"),                      \
	    OPTION_TEXTS(owner, member.lists[FILTER_USER_NAME], 'u',           \
		"user-name", "NAME", NULL, "of this user"),                    \
	    OPTION_TEXTS(owner, member.lists[FILTER_ACTOR_TYPE], 0,            \
		"actor-type", "TYPE", "agent user system", "of such actors"),  \
	    OPTION_TEXTS(owner, member.lists[FILTER_CAPABILITY], 'C',          \
		"capability", "NAME", NULL,                                    \
		"of this capability, or of a pattern: 'filesystem.*'"),        \
	    OPTION_TEXTS(owner, member.lists[FILTER_STATUS], 's', "status",    \
		"STATUS", "success error denied pending",                      \
		"with this outcome"),                                          \
	    OPTION_TEXTS(owner, member.lists[FILTER_POLICY_TIER], 't',         \
		"policy-tier", "TIER",                                         \
		"autonomous notify approval_required blocked",                 \
		"of this policy tier"),                                        \
	    OPTION_TEXTS(owner, member.lists[FILTER_SESSION_ID], 'S',          \
		"session-id", "ID", NULL, "of this session"),                  \
	    OPTION_TEXTS(owner, member.lists[FILTER_CALL_ID], 0, "call-id",    \
		"ID", NULL, "of this call"),                                   \
	    OPTION_TEXTS(owner, member.lists[FILTER_SOURCE], 0, "source",      \
		"SOURCE", "gateway hook otlp sdk cli dashboard daemon import", \
		"that came this way")

/* when, */
#define SELECTION_WHEN(owner, member)                                 \
	OPTION_TIME(owner, member.from, "from",                       \
	    "not before this time (RFC 3339) or date (UTC)"),         \
	    OPTION_TIME_END(owner, member.to, "to",                   \
		"before this time, or up to the end of this date"),   \
	    OPTION_DURATION(owner, member.last, "last", USEC_PER_SEC, \
		400 * USEC_PER_DAY, NULL, "this long until now: 15m, 24h, 7d")

/* and with which text. */
#define SELECTION_TEXT(owner, member)                  \
	OPTION_TEXT(owner, member.q, 'q', "q", "TEXT", \
	    "only with this text in a string of summary or request")

/* Turn `last` into `from`, and fill the filter that means the same; it lives in
 * `arena`. ERROR_INVALID with a sentence that names the option. */
int selection_settle(struct selection *selection, usec_t now,
    struct arena *arena, struct filter *ret_filter, struct error *err);

/* Append "name=value" pairs, each with a '&' behind it. */
void selection_add_query(const struct selection *selection, struct buf *out);

/* Write the same as members of an object: what an entry about an export says.
 */
void
selection_write(const struct selection *selection, struct json_writer *json);

#endif
