/* The body of a POST: a JSON object into a struct, by a table as a query's
 * (params.h).
 *
 *	struct acknowledgement {
 *		struct slice note;
 *	};
 *	static const struct param acknowledge_body[] = {
 *		PARAM_TEXT(struct acknowledgement, note, "note", 1024),
 *		PARAM_END,
 *	};
 *
 * The table stands in the route. A member is a string, a number where its row
 * is a PARAM_U64, an array of strings where it may be given more than once.
 * Everything that the table does not foresee is an error that names the member.
 *
 * Nothing but "application/json" is taken, not even without a body: a page of
 * another site can send a form or plain text without being asked first, but no
 * JSON.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/param.h"
#include "http/request.h"

/* May the request's body be read? 0; 413: it is too long, 415: it does not say
 * that it is JSON and its route wants that, with the sentence in `err`. */
int body_check(const struct request *req, struct error *err);

/* Does the request say that its body is JSON? For who reads it himself. */
bool body_is_json(const struct request *req);

/* Read the request's body by its route's table; no body is an empty object. -1:
 * as params_read(), or ERROR_BAD_JSON, ERROR_BAD_UTF8, ERROR_WRONG_TYPE,
 * ERROR_TOO_DEEP; `ret` may then be half filled. */
int body_read(struct request *req, void *ret, struct error *err);

/* The same for any body and table; a NULL table allows no member. */
int body_parse(struct slice body, const struct param *table,
    struct arena *arena, void *ret, struct error *err);

#endif
