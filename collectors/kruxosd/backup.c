#include "collectors/kruxosd/backup.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "store/database_copy.h"

#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

/* Who has been told of the copies and does not take the lock has gone. */
#define UNCLAIMED_MAX (30 * USEC_PER_SEC)

enum step {
	STEP_IDLE,
	STEP_RECORDING, /* its entry waits for its sync */
	STEP_COPYING,	/* the thread is at work */
	STEP_HELD,	/* the copies are there to be read */
};

/* A database and the name of its copy. */
struct original {
	const char *path;
	const char *name;
};

enum { ORIGINALS = 2 };

struct backup {
	struct backup_parts parts;
	char *folder;
	struct original originals[ORIGINALS];
	int event;
	enum step step;
	struct command_call *call; /* until it is answered */
	usec_t unclaimed_until;	   /* CLOCK_BOOTTIME; 0: it was claimed */
	pthread_t thread;	   /* while STEP_COPYING */

	/* Between the thread and the loop. */
	atomic_uint progress; /* per mille */
	atomic_bool is_stopping;
	atomic_bool is_done;
	size_t at;	  /* the thread's: in `originals` */
	struct error why; /* the thread's, until it is done */
};

/* --- the folder ----------------------------------------------------------- */

static int
open_folder(const struct backup *backup)
{
	return open(
	    backup->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
remove_folder(const struct backup *backup, struct error *err)
{
	int fd = open_folder(backup);
	cleanup(cleanup_closedir) DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (dir == NULL) {
		error_set_errno(err, "%s", backup->folder);
		cleanup_close(&fd);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) == -1)
			return error_set_errno(
			    err, "%s/%s", backup->folder, entry->d_name);
	if (rmdir(backup->folder) == -1)
		return error_set_errno(err, "%s", backup->folder);
	return 0;
}

/* Does anybody hold the lock of the folder? */
static bool
is_claimed(const struct backup *backup)
{
	cleanup(cleanup_close) int fd = open_folder(backup);

	return fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1 &&
	       errno == EWOULDBLOCK;
}

/* --- the thread ----------------------------------------------------------- */

static void
wake_loop(struct backup *backup)
{
	uint64_t one = 1;

	/* Full after 2^64 - 2 writes that nobody read. */
	if (write(backup->event, &one, sizeof(one)) == -1)
		diag(DIAG_WARNING, "backup: eventfd: %m");
}

static bool
on_progress(void *context, uint64_t done, uint64_t total)
{
	struct backup *backup = context;
	uint64_t share = total == 0 ? 0 : done * 1000 / total;

	atomic_store(&backup->progress,
	    (unsigned)((backup->at * 1000 + share) / ORIGINALS));
	wake_loop(backup);
	return !atomic_load(&backup->is_stopping);
}

/* A database that is not there has nothing to be copied. */
static int
copy_one(
    struct backup *backup, const struct original *original, struct error *err)
{
	cleanup(buf_free) struct buf to = BUF_INIT;

	buf_addf(&to, "%s/%s", backup->folder, original->name);
	if (database_copy(original->path, to.data, on_progress, backup, err) ==
		-1 &&
	    err->code != ERROR_UNREACHABLE)
		return -1;
	return 0;
}

static int
copy_all(struct backup *backup, struct error *err)
{
	if (remove_folder(backup, err) == -1)
		return -1;
	if (mkdir(backup->folder, 0700) == -1)
		return error_set_errno(err, "%s", backup->folder);
	for (backup->at = 0; backup->at < ORIGINALS; backup->at++)
		if (copy_one(backup, &backup->originals[backup->at], err) == -1)
			return -1;
	return 0;
}

static void *
run(void *context)
{
	struct backup *backup = context;

	backup->why = (struct error){ 0 };
	if (copy_all(backup, &backup->why) == 0)
		backup->why = (struct error){ 0 };
	atomic_store(&backup->is_done, true);
	wake_loop(backup);
	return NULL;
}

/* --- the loop's side ------------------------------------------------------ */

static void
hold(struct backup *backup, enum step step)
{
	backup->step = step;
	backup->parts.on_hold(backup->parts.context, true);
}

/* What is left of it goes; what stays is removed by the next one. */
static void
let_go(struct backup *backup)
{
	struct error err;

	if (remove_folder(backup, &err) == -1)
		diag(DIAG_ERROR, "backup: %s", err.sentence);
	backup->step = STEP_IDLE;
	backup->parts.on_hold(backup->parts.context, false);
}

static void
fail(struct backup *backup, const struct error *err)
{
	struct command_call *call = backup->call;

	backup->call = NULL;
	let_go(backup);
	command_fail(call, err);
}

struct backup *
backup_new(const struct backup_parts *parts, struct error *err)
{
	struct backup *backup = memory_new(sizeof(*backup));
	struct buf folder = BUF_INIT;

	backup->parts = *parts;
	backup->originals[0] =
	    (struct original){ parts->state_file, "state.db" };
	backup->originals[1] =
	    (struct original){ parts->telemetry_file, "telemetry.db" };
	buf_addf(&folder, "%s/backup", parts->data_dir);
	backup->folder = buf_detach(&folder);
	backup->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (backup->event == -1) {
		error_set_errno(err, "backup: eventfd");
		backup_free(backup);
		return NULL;
	}
	if (access(backup->folder, F_OK) == 0)
		hold(backup, STEP_HELD);
	return backup;
}

void
backup_free(struct backup *backup)
{
	struct error err;

	if (backup == NULL)
		return;
	atomic_store(&backup->is_stopping, true);
	if (backup->step == STEP_COPYING)
		pthread_join(backup->thread, NULL);
	if (backup->call != NULL) {
		error_set(&err, ERROR_BUSY, "the daemon is stopping");
		fail(backup, &err);
	}
	if (backup->event != -1)
		close(backup->event);
	free(backup->folder);
	free(backup);
}

int
backup_fd(const struct backup *backup)
{
	return backup->event;
}

/* The copies are whole: how far the log reaches now is how far it reaches in
 * the backup. Copies never know of an entry that it lacks. */
static void
answer(struct backup *backup)
{
	const struct commit_head *head = commit_head(backup->parts.commit);
	const struct log_writer *writer = backup->parts.writer;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct command_call *call = backup->call;
	struct json_writer json;

	json_writer_init(&json, &result);
	json_writer_object(&json);
	json_writer_pair(&json, "folder", backup->folder);
	json_writer_pair_u64(&json, "seq", head->seq);
	json_writer_key(&json, "hash");
	json_writer_hex(&json, head->hash, SHA256_BYTES);
	json_writer_pair(&json, "file", log_writer_name(writer));
	json_writer_pair_u64(&json, "bytes", log_writer_bytes(writer));
	json_writer_end_object(&json);
	backup->step = STEP_HELD;
	backup->unclaimed_until =
	    clock_boottime(backup->parts.clock) + UNCLAIMED_MAX;
	backup->call = NULL;
	command_ok(call, buf_slice(&result));
}

void
backup_take(struct backup *backup)
{
	uint64_t count;

	if (read(backup->event, &count, sizeof(count)) == -1 && errno != EAGAIN)
		diag(DIAG_ERROR, "backup: eventfd: %m");
	if (backup->step != STEP_COPYING)
		return;
	if (!atomic_load(&backup->is_done)) {
		command_progress(
		    backup->call, atomic_load(&backup->progress) / 1000.0);
		return;
	}
	pthread_join(backup->thread, NULL);
	if (backup->why.code == ERROR_NONE)
		answer(backup);
	else
		fail(backup, &backup->why);
}

static void
on_durable(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct backup *backup = context;
	struct error failure;

	(void)tag;
	(void)seq;
	if (err != NULL) {
		fail(backup, err);
		return;
	}
	atomic_store(&backup->is_stopping, false);
	atomic_store(&backup->is_done, false);
	errno = pthread_create(&backup->thread, NULL, run, backup);
	if (errno == 0) {
		backup->step = STEP_COPYING;
		return;
	}
	error_set_errno(&failure, "backup: a thread");
	fail(backup, &failure);
}

void
backup_command(struct backup *backup, struct command_call *call)
{
	struct commit_waiter waiter = { on_durable, backup, 0 };
	struct entry entry = command_entry(call);
	struct error err;

	backup_tick(backup);
	if (backup->step != STEP_IDLE) {
		error_set(&err, ERROR_BUSY, "another backup is being made");
		command_fail(call, &err);
		return;
	}
	entry.capability = SLICE_LITERAL("audit.backup");
	backup->call = call;
	hold(backup, STEP_RECORDING);
	if (commit_add_json(backup->parts.commit, &entry, NULL,
		(struct slice){ NULL, 0 }, &waiter, NULL, &err) == -1)
		fail(backup, &err);
}

void
backup_tick(struct backup *backup)
{
	usec_t now = clock_boottime(backup->parts.clock);

	if (backup->step == STEP_COPYING && command_is_abandoned(backup->call))
		atomic_store(&backup->is_stopping, true);
	if (backup->step != STEP_HELD)
		return;
	if (is_claimed(backup))
		backup->unclaimed_until = 0;
	else if (now >= backup->unclaimed_until ||
		 access(backup->folder, F_OK) == -1)
		let_go(backup);
}
