/* A start behind `kruxos restore`: is what lies here whole, and what does the
 * log have to say of it?
 *
 * Who was signed in when the backup was made may have been signed out since,
 * and a link may have been used: neither comes back. Accounts, and tokens for
 * programs and agents, are as they were then.
 */
#ifndef KRUXOSD_RESTORED_H
#define KRUXOSD_RESTORED_H

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/state.h"

/* Before anything is opened of the folder open as `dir`, called `path`.
 * ERROR_CONFLICT: a restore was begun and did not end. */
int restored_check(int dir, const char *path, struct error *err);

/* Was something restored that the log does not know of yet? Then sessions end
 * in `state`. */
bool restored_take(int dir, struct state *state);

/* The entry `audit.restore`; `waiter` hears of it. ERROR_AUDIT_UNAVAILABLE. */
int restored_record(int dir, struct commit *commit,
    const struct commit_waiter *waiter, struct error *err);

/* The log has it. */
void restored_forget(int dir);

#endif
