/* Old files leave the log, whole, with an entry that says so.
 *
 * Files count by their place: a log keeps the newest `days` days that it has
 * files of, whatever their dates are, always its last two files, and loses at
 * most two in 24 h of CLOCK_BOOTTIME. So a wrong clock cannot delete it.
 *
 * First the `log.retention` entry is durable: it names the file, its last seq
 * and hash (the chain verifies from there), and the totals of all that was
 * ever removed; then state.db holds the totals; then the file goes. What a
 * power cut leaves between, the next start goes on with.
 *
 * A file is counted in slices, one a tick: nobody waits for it.
 */
#ifndef KRUXOSD_RETENTION_H
#define KRUXOSD_RETENTION_H

#include "base/disk.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/state.h"

struct retention;

/* The log begins at `first_seq` now. */
typedef void (*retention_on_removed)(void *context, uint64_t first_seq);

struct retention_parts {
	struct disk *disk;
	int dir;	       /* the log's folder … */
	const char *audit_dir; /* … and its path */
	struct clock *clock;
	struct commit *commit;
	struct state *state;
	retention_on_removed on_removed;
	void *context;
};

/* The parts stay the caller's. Never NULL. */
struct retention *retention_new(const struct retention_parts *parts);
void retention_free(struct retention *retention);

/* 0: everything is kept. */
void retention_set_days(struct retention *retention, unsigned days);

/* While it is held no file is removed. */
void retention_set_held(struct retention *retention, bool is_held);

/* Once a second. */
void retention_tick(struct retention *retention);

/* At start: the log's last batch has this `log.retention` entry. If the file
 * that it names is still there, it goes now. */
int retention_redo(
    struct retention *retention, const struct entry *entry, struct error *err);

#endif
