#include "store/database_copy.h"

#include "base/cleanup.h"
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>

/* 1 MiB at a time: who asks hears of it often, and a stop is quick. */
enum { STEP_PAGES = 256 };

struct copy {
	struct database *from;
	sqlite3 *to;
	database_copy_on_progress on_progress;
	void *context;
};

DEFINE_CLEANUP(struct database *, database_close);

static int
copy_error(struct copy *copy, const char *what, struct error *err)
{
	errno = sqlite3_system_errno(copy->to);
	switch (sqlite3_errcode(copy->to)) {
	case SQLITE_FULL:
		errno = ENOSPC;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(err, ERROR_CORRUPT, "%s: %s", what,
		    sqlite3_errmsg(copy->to));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(
		    err, ERROR_BUSY, "%s: %s", what, sqlite3_errmsg(copy->to));
	default:
		if (errno == 0)
			errno = EIO;
	}
	return error_set_errno(err, "%s", what);
}

static int
copy_pages(struct copy *copy, sqlite3_backup *backup, struct error *err)
{
	int result;

	do {
		int total, left;

		result = sqlite3_backup_step(backup, STEP_PAGES);
		total = sqlite3_backup_pagecount(backup);
		left = sqlite3_backup_remaining(backup);
		if (copy->on_progress != NULL &&
		    !copy->on_progress(copy->context, (uint64_t)(total - left),
			(uint64_t)total))
			return error_set(err, ERROR_BUSY, "it was stopped");
	} while (result == SQLITE_OK);
	return result == SQLITE_DONE ? 0 : 1;
}

/* One transaction of ours holds what is read still: a commit that comes
 * between does not begin it anew. The source's own errors are the backup's. */
static int
copy_all(struct copy *copy, const char *to, struct error *err)
{
	sqlite3_backup *backup;
	int result;

	if (database_run(
		copy->from, "BEGIN; SELECT 1 FROM sqlite_schema", err) == -1)
		return -1;
	/* Until it is whole the file is nobody's: there is nothing to roll
	 * back. */
	if (sqlite3_exec(copy->to,
		"PRAGMA journal_mode = OFF; PRAGMA cache_size = -1024", NULL,
		NULL, NULL) != SQLITE_OK)
		return copy_error(copy, to, err);
	backup = sqlite3_backup_init(
	    copy->to, "main", database_handle(copy->from), "main");
	if (backup == NULL)
		return copy_error(copy, to, err);
	result = copy_pages(copy, backup, err);
	if (sqlite3_backup_finish(backup) == SQLITE_OK && result == 0)
		return 0;
	return result == -1 ? -1 : copy_error(copy, to, err);
}

/* A file of ours, whatever the umask and whatever lies in the folder. */
static int
create(const char *path, struct error *err)
{
	int fd = open(
	    path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1 && errno == EEXIST)
		return error_set(
		    err, ERROR_CONFLICT, "%s: there is one already", path);
	if (fd == -1)
		return error_set_errno(err, "%s", path);
	return fd;
}

int
database_copy(const char *from, const char *to,
    database_copy_on_progress on_progress, void *context, struct error *err)
{
	cleanup(database_closep) struct database *source =
	    database_open(from, DATABASE_READ, err);
	cleanup(cleanup_close) int file = -1;
	struct copy copy = { source, NULL, on_progress, context };
	int result;

	if (source == NULL)
		return -1;
	file = create(to, err);
	if (file == -1)
		return -1;
	if (sqlite3_open_v2(to, &copy.to,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		result = copy_all(&copy, to, err);
	else
		result = copy_error(&copy, to, err);
	sqlite3_close(copy.to);
	if (result == 0 && fsync(file) == -1)
		result = error_set_errno(err, "%s: fsync", to);
	if (result == -1)
		unlink(to);
	return result;
}
