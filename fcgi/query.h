/* The filters of /api/audit, as every program that asks the log takes them:
 * rows for a table of parameters, and what they become.
 *
 *	static const struct param activity_params[] = { QUERY_FILTERS, … };
 */
#ifndef FCGI_QUERY_H
#define FCGI_QUERY_H

#include "base/json_writer.h"
#include "http/params.h"
#include "log/filter.h"
#include "store/search.h"
#include "store/store.h"

/* What the parameters are read into: begin with QUERY_INIT. */
struct query {
	struct param_list lists[FILTER_NAMES];
	struct slice q;
	usec_t from, to, last, step; /* QUERY_UNSET: not given */
	uint64_t limit, offset;
	uint64_t through, after; /* QUERY_UNSET: not given */
	int format;
};

#define QUERY_UNSET UINT64_MAX
#define QUERY_INIT                                                           \
	{                                                                    \
		.from = QUERY_UNSET, .to = QUERY_UNSET, .last = QUERY_UNSET, \
		.step = QUERY_UNSET, .through = QUERY_UNSET,                 \
		.after = QUERY_UNSET                                         \
	}

#define QUERY_LIST(name, index)                                         \
	{                                                               \
		name, PARAM_TYPE_TEXT, PARAM_LIST,                      \
		    PARAM_FIELD(                                        \
			struct query, lists[index], struct param_list), \
		    1, ENTRY_NAME_BYTES + 1, NULL                       \
	}

/* The values themselves are checked by log/filter.h. */
#define QUERY_FILTERS                                      \
	QUERY_LIST("actor_type", FILTER_ACTOR_TYPE),       \
	    QUERY_LIST("agent_name", FILTER_AGENT_NAME),   \
	    QUERY_LIST("user_name", FILTER_USER_NAME),     \
	    QUERY_LIST("capability", FILTER_CAPABILITY),   \
	    QUERY_LIST("status", FILTER_STATUS),           \
	    QUERY_LIST("policy_tier", FILTER_POLICY_TIER), \
	    QUERY_LIST("session_id", FILTER_SESSION_ID),   \
	    QUERY_LIST("call_id", FILTER_CALL_ID),         \
	    QUERY_LIST("source", FILTER_SOURCE)

#define QUERY_RANGE                             \
	PARAM_TIME(struct query, from, "from"), \
	    PARAM_TIME_END(struct query, to, "to")

/* A seq is an INTEGER of SQLite. */
#define QUERY_SEQ_MAX ((uint64_t)INT64_MAX)

#define QUERY_THROUGH \
	PARAM_U64(struct query, through, "through", 0, QUERY_SEQ_MAX)

/* Read the request's parameters into `query` and make the filter of them; the
 * filter lies in the request's arena. Its range of time is left alone. -1: a
 * 400 that names the parameter. */
int query_read(struct request *req, struct query *query,
    struct filter *ret_filter, struct error *err);

/* The lists alone, copied into `arena`: for a filter that outlives the
 * request. */
int query_fill(const struct query *query, struct arena *arena,
    struct filter *filter, struct error *err);

/* The filter's range of time: `from` and `to` as given; without a `from`, it
 * begins `span` before the end, which is `now` if none was given. -1:
 * ERROR_INVALID where to is not later than from (err->field "to"). */
int query_range(const struct query *query, usec_t now, usec_t span,
    struct filter *filter, struct error *err);

/* Append the entry of `line` as the API shows it: as in the log, and the name
 * of its file. */
void query_add_entry(struct buf *out, struct slice line, const char *file);

/* "entries":[…]: the lines of the page that `filter` found, each as
 * query_add_entry() shows it. One that has gone or is damaged since it was
 * indexed is left out; the verifier tells of damage. -1: they cannot be read.
 */
int query_write_entries(struct json_writer *json, struct store *store,
    const struct filter *filter, const struct search_page *page,
    struct error *err);

/* search.is_gone, its context the request: has the client left? */
bool query_is_gone(void *request);

#endif
