/* What a backup needs of the daemon: copies of the databases, and a log that
 * stands still.
 *
 * `kruxos backup` writes the archive, and reads the log's files itself. What it
 * cannot copy are databases that are written; so they are copied here, into a
 * folder that only root and this daemon can open, by a thread: the loop waits
 * for nothing. The answer says where they are, and how far the log reaches.
 *
 * From the command on until who asked for it has gone, the log's files change
 * at their end alone: no payload is erased, and no file removed (`on_hold`).
 * Who asked holds a lock on the folder while he reads (flock(2), LOCK_SH),
 * which ends with him, however he ends; when nobody has it, the folder is
 * removed, if he has not done so himself. That is so across a restart of this
 * daemon, too.
 *
 * The entry `audit.backup` is durable before anything is copied, and in the
 * backup therefore.
 */
#ifndef KRUXOSD_BACKUP_H
#define KRUXOSD_BACKUP_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/log_writer.h"

struct backup;

struct backup_parts {
	struct clock *clock;
	struct commit *commit;
	const struct log_writer *writer;
	const char *data_dir;
	const char *state_file;
	const char *telemetry_file;
	/* Nothing may be taken out of the log from now on; or may again. */
	void (*on_hold)(void *context, bool is_held);
	void *context;
};

/* The parts stay the caller's. ERROR_SYSTEM. A backup that was being read when
 * the daemon before ended holds on: `on_hold` is called. */
struct backup *backup_new(const struct backup_parts *parts, struct error *err);
void backup_free(struct backup *backup);

/* Readable when there is something to take; for the loop, which then does. */
int backup_fd(const struct backup *backup);
void backup_take(struct backup *backup);

/* {"do":"audit.backup"} → progress …, {"folder":"…","seq":S,"hash":"…",
 * "file":"…","bytes":N}: the log is whole through entry S, at byte N of the
 * file named. ERROR_BUSY: another backup is being made. */
void backup_command(struct backup *backup, struct command_call *call);

/* Once a second: has who reads the copies gone? */
void backup_tick(struct backup *backup);

#endif
