/* By what a request says who sends it: a session's cookie, or a bearer token.
 *
 * Only its form is looked at here; whose it is, and whether it still holds, the
 * accounts know. The cookie's name ends in the port that nginx names in
 * KRUXOS_DASHBOARD_PORT, since a browser keeps one jar for all ports of a host.
 */
#ifndef HTTP_CREDENTIAL_H
#define HTTP_CREDENTIAL_H

#include "base/buf.h"
#include "http/request.h"

enum credential_via {
	CREDENTIAL_NONE,   /* nothing was sent, or nothing that can be one */
	CREDENTIAL_COOKIE, /* a browser's, sent with whatever it sends */
	CREDENTIAL_BEARER, /* never sent by a browser of its own accord */
};

enum {
	CREDENTIAL_SECRET_BYTES = 43, /* 256 random bits in base64url */
	CREDENTIAL_CSRF_BYTES = 43,   /* 256 bits of a digest, likewise */
};

struct credential {
	enum credential_via via;
	struct slice secret; /* as it came, prefix included; or {NULL, 0} */
};

/* The header Authorization counts alone if it is there. Two cookies of our name
 * are none: one of them is somebody else's. */
struct credential credential_of(const struct request *req);

/* Append the token that a page sends along with a change, to show that it could
 * read an answer of ours. It is made of the cookie, and nowhere kept. */
void credential_add_csrf(struct buf *out, struct slice secret);

/* Is `token` (or {NULL, 0}) the one of `secret`? In constant time. */
bool credential_csrf_matches(struct slice secret, struct slice token);

/* Does the browser say that a page of ours sends this? So does who sends no
 * such header: no browser. */
bool credential_is_same_origin(const struct request *req);

/* Append the cookie's name. */
void credential_add_cookie_name(struct buf *out, const struct request *req);

#endif
