/* What users are called, asked of the system by a thread of its own.
 *
 * A name may come from a directory server that is slow, or does not answer at
 * all: the loop must not wait for it. Nobody waits but who needs a name: a
 * line that names its peer is taken when it is known (connection.h); agents'
 * entries need none.
 *
 * A uid is in the queue once, however often it is asked for. What is asked for
 * belongs to somebody who is connected, so the bound on connections is one on
 * the queue.
 *
 * The functions are the loop's.
 */
#ifndef KRUXOSD_NAME_FINDER_H
#define KRUXOSD_NAME_FINDER_H

#include "base/error.h"
#include "log/entry.h"

#include <sys/types.h>

struct name_finder;

/* The name of `uid`; may take its time. */
typedef void (*name_find)(
    uid_t uid, char ret_name[static ENTRY_NAME_BYTES + 1]);

/* Start the thread, which looks names up by `find`. ERROR_SYSTEM. */
struct name_finder *name_finder_new(name_find find, struct error *err);

/* Ends the thread; one that waits for a directory server ends behind us. */
void name_finder_free(struct name_finder *finder);

void name_finder_ask(struct name_finder *finder, uid_t uid);

/* Readable when there is something to take; for the loop. */
int name_finder_fd(const struct name_finder *finder);

/* The next name that was found; false: no more. */
bool name_finder_take(struct name_finder *finder, uid_t *ret_uid,
    char ret_name[static ENTRY_NAME_BYTES + 1]);

#endif
