/* Passwords hashed, and held against their hash, by threads of their own: one
 * hash takes 16 MiB and some 50 ms, for which the loop does not wait.
 *
 * yescrypt by libxcrypt (crypt(5), "$y$"), at the cost that crypt_gensalt(3)
 * has by default. At most two at once; what comes beyond the queue is refused.
 * Passwords are wiped when they were used.
 *
 * The functions are the loop's, and so are the calls back.
 */
#ifndef KRUXOSD_HASHER_H
#define KRUXOSD_HASHER_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct hasher;

enum {
	HASHER_THREADS = 2,
	HASHER_QUEUE = 32, /* that wait; a few seconds */
};

/* Start the threads. ERROR_SYSTEM. */
struct hasher *hasher_new(struct error *err);

/* Ends the threads, behind the hash that each is at. Who still waits is called
 * with ERROR_BUSY. */
void hasher_free(struct hasher *hasher);

/* Readable when something is done; for the loop, which then takes it. */
int hasher_fd(const struct hasher *hasher);
void hasher_take(struct hasher *hasher);

/* What came of a password. `err` is NULL, or says why there is none. */
struct hasher_result {
	bool matches;	   /* hasher_check() */
	struct slice hash; /* hasher_make(); for the call's time */
	const struct error *err;
};
typedef void (*hasher_on_done)(
    void *context, const struct hasher_result *result);

/* Make a hash of `password` (copied). ERROR_BUSY: too many wait already, and
 * `on_done` is not called. */
int hasher_make(struct hasher *hasher, struct slice password,
    hasher_on_done on_done, void *context, struct error *err);

/* Is `password` the one that `hash` was made of? An empty hash is nobody's, and
 * takes as long. ERROR_BUSY, as above. */
int
hasher_check(struct hasher *hasher, struct slice password, struct slice hash,
    hasher_on_done on_done, void *context, struct error *err);

#endif
