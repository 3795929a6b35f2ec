/* Sends the notices that kruxosd has put into telemetry.db.
 *
 * Once a second it is looked what is due; at most NOTICES_AT_ONCE are under
 * way, and of each channel one. What came of a notice is told to the daemon,
 * and the channel waits for that: it is the daemon that marks what is
 * delivered, or due again. Nothing is written here. Secrets are read from their
 * files for each notice, so that they may be changed at any time.
 */
#ifndef OBSERVER_NOTICES_H
#define OBSERVER_NOTICES_H

#include "base/clock.h"
#include "collectors/observer/web.h"
#include "config/config.h"

enum { NOTICES_AT_ONCE = 8 };

struct notices;

/* `on_result`: there is something to tell. All of it stays the caller's and
 * outlives them. Never NULL. */
struct notices *notices_new(struct web *web, struct clock *clock,
    void (*on_result)(void *context), void *context);
void notices_free(struct notices *notices);
DEFINE_CLEANUP(struct notices *, notices_free);

/* To the channels of `config` from now on, which must live until the next call
 * or notices_free(). What is under way to others is given up. */
void notices_set(struct notices *notices, const struct config *config);

/* Look what is due. */
void notices_tick(struct notices *notices);

/* The arguments of a notices.result that waits to be told, appended; false:
 * none does. */
bool notices_result(struct notices *notices, struct buf *args);

/* The daemon has answered what notices_result() gave last: `is_done`, or it
 * refuses. What has no answer at all is given again. */
void notices_told(struct notices *notices, bool is_done);

#endif
