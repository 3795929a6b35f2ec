/* By what a request says who sends it: a session's cookie, or a bearer token.
 *
 * Whose it is, and whether it still holds, the accounts know; here it is only
 * found, and what cannot be one is left out. The cookie's name ends in the port
 * that nginx names in KRUXOS_DASHBOARD_PORT, since a browser keeps one jar for
 * all ports of a host.
 */
#ifndef HTTP_CALLER_H
#define HTTP_CALLER_H

#include "base/buf.h"
#include "http/request.h"

enum caller_via {
	CALLER_UNKNOWN,
	CALLER_COOKIE, /* a browser sends it with whatever it sends */
	CALLER_BEARER, /* a browser never sends it of its own accord */
};

enum { CALLER_CREDENTIAL_BYTES = 128 };

struct caller {
	enum caller_via via;
	/* Letters, digits, '-' and '_'; {NULL, 0} of one unknown. */
	struct slice credential;
};

/* The header Authorization counts alone if it is there. Two cookies of our name
 * are none: one of them is somebody else's. */
struct caller caller_of(const struct request *req);

/* Does the browser say that a page of ours sends this? So does who sends no
 * such header (Sec-Fetch-Site): no browser. */
bool caller_is_same_origin(const struct request *req);

/* Does it say that a page of another site does? What somebody typed, or a
 * bookmark, is none ("none"). */
bool caller_is_foreign(const struct request *req);

/* Append the cookie's name. */
void caller_add_cookie_name(struct buf *out, const struct request *req);

#endif
