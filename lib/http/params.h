/* A query string into a struct, by a table.
 *
 *	struct audit_filter {
 *		struct param_list agent_names;
 *		usec_t from, to;
 *		uint64_t limit;
 *	};
 *	static const struct param audit_params[] = {
 *		PARAM_TEXTS(struct audit_filter, agent_names, "agent", 128),
 *		PARAM_TIME(struct audit_filter, from, "from"),
 *		PARAM_TIME_END(struct audit_filter, to, "to"),
 *		PARAM_U64(struct audit_filter, limit, "limit", 1, 200),
 *		PARAM_END
 *	};
 *
 *	struct audit_filter filter = { .limit = 50 };
 *
 *	if (params_read(req, &filter, err) == -1)
 *		return 400;
 *
 * The table stands in the route (route.h). What the query does not name keeps
 * the value that the caller gave it. Everything the table does not foresee is
 * an error that names the parameter: an unknown name, a second value where one
 * is allowed, a bad %-escape, NUL, bytes that are not UTF-8, an empty value,
 *one that must be there and is not. A '+' is a space, as forms write it; only
 *in a time, where RFC 3339 needs the plus itself, a space before the offset is
 *taken for one.
 */
#ifndef HTTP_PARAMS_H
#define HTTP_PARAMS_H

#include "http/param.h"
#include "http/request.h"

/* Read the request's query by its route's table. -1: ERROR_INVALID,
 * ERROR_UNKNOWN_FIELD, ERROR_DUPLICATE_KEY, ERROR_OUT_OF_RANGE,
 * ERROR_MISSING_FIELD with err->field the parameter, or ERROR_TOO_LONG; `ret`
 * may then be half filled. */
int params_read(struct request *req, void *ret, struct error *err);

/* The same for any query and table; a NULL table allows no parameter. */
int params_parse(struct slice query, const struct param *table,
    struct arena *arena, void *ret, struct error *err);

#endif
