/* Who reads the stream of entries: what he wants to hear, and for how long he
 * may.
 *
 * nginx looks at a request once, at its beginning, and a stream is a request
 * that lasts: so it ends here when its session or token expires, and when the
 * log says that the session was signed out, or the token revoked.
 */
#ifndef FCGI_FOLLOWER_H
#define FCGI_FOLLOWER_H

#include "http/request.h"
#include "log/filter.h"

#include "base/clock.h"

struct follower {
	struct filter *filter;
	usec_t expires_at; /* 0: never, as through api.sock */
	char session[32];  /* what it goes by in the open; "" likewise */
};

/* The follower who sends `req`; `filter` becomes his. */
struct follower *follower_new(struct filter *filter, const struct request *req);
void follower_free(void *follower);

/* Sessions and tokens that ended just now: a request may have passed nginx
 * before, and come here after the entry about it. An entry names at most as
 * many as an account has, and there is room for those of two. */
struct follower_ended {
	struct {
		char session[32];
	} places[128];
	size_t next;
};

/* Which sessions and tokens does this entry end? They are added to `ended`;
 * returns how many. */
size_t
follower_note_ended(struct follower_ended *ended, const struct entry *entry);

/* May he hear no more, at `now`? */
bool follower_is_over(const struct follower *follower,
    const struct follower_ended *ended, usec_t now);

#endif
