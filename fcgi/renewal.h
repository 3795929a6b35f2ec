/* That somebody is still there is told to kruxosd, which then lets his session
 * live on: off the loop, so that no page waits for it, and whether or not
 * kruxosd answers.
 *
 * A session is told of once a minute at most.
 */
#ifndef FCGI_RENEWAL_H
#define FCGI_RENEWAL_H

#include "store/accounts.h"

/* A minute, as state.db notes when a session was used last. */
#define RENEWAL_INTERVAL USEC_PER_MIN

struct renewal;

/* `ingest_path`: the door's; it outlives the renewal. Never NULL. */
struct renewal *renewal_new(const char *ingest_path);

/* What is not told yet is not told any more. Takes NULL. */
void renewal_free(struct renewal *renewal);

/* `caller` has shown `credential` at `now`. */
void renewal_note(struct renewal *renewal, const struct accounts_caller *caller,
    struct slice credential, usec_t now);

#endif
