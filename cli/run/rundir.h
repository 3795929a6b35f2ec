/* The folder that holds everything of one stack: RUNDIR.
 *
 * It belongs to this user and is open to nobody else, or it is refused. Who
 * runs there holds a lock on pid/kruxos-run.pid; the kernel tells who that is
 * and lets go of it when he ends, however he ends.
 */
#ifndef RUN_RUNDIR_H
#define RUN_RUNDIR_H

#include "base/arena.h"
#include "base/error.h"

#include <sys/types.h>

struct rundir {
	const char *path; /* absolute, without symbolic links */
	int fd;
	int lock_fd;
};

#define RUNDIR_INIT          \
	{                    \
		NULL, -1, -1 \
	}

/* Make the folder at `name` and its folders where they are missing; see that
 * nobody else can change them, and that log, pid and tmp hold nothing but what
 * the parts make there (ERROR_INVALID names what else it is). `path` comes
 * from `arena`. */
int rundir_open(struct rundir *dir, const char *name, struct arena *arena,
    struct error *err);
void rundir_close(struct rundir *dir);

/* Take the lock. ERROR_BUSY: another one runs here. */
int rundir_lock(struct rundir *dir, struct error *err);

/* Look whether one runs at `name`, without making anything. 0: nobody does;
 * else `dir` has its path and lock, and the process is returned. */
pid_t rundir_look(struct rundir *dir, const char *name, struct arena *arena);
pid_t rundir_holder(const struct rundir *dir);

/* "RUNDIR/NAME" */
char *
rundir_file(const struct rundir *dir, const char *name, struct arena *arena);

/* Put a new file in the place of `name`, 0600; nobody sees it half written. */
int rundir_write(const struct rundir *dir, const char *name, struct slice text,
    struct error *err);

/* The same in two steps, for who has it written: a descriptor for NAME.new,
 * then NAME.new becomes NAME. */
int
rundir_create(const struct rundir *dir, const char *name, struct error *err);
int
rundir_commit(const struct rundir *dir, const char *name, struct error *err);

/* Open log/NAME.log to append to it. */
int
rundir_open_log(const struct rundir *dir, const char *name, struct error *err);

#endif
