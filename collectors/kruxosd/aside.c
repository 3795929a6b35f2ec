#include "collectors/kruxosd/aside.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/diag.h"

#include <errno.h>

#define MARK ".damaged-"

static const char *const suffixes[] = { "", "-wal", "-shm" };
enum { SUFFIXES = sizeof(suffixes) / sizeof(suffixes[0]) };

/* The times of the newest copies, the newest first. */
struct newest {
	char times[ASIDE_KEPT][CLOCK_TEXT_SIZE];
	size_t count;
};

/* The time in the name of a file of a copy of `database`; false: it is none.
 * A text of one length, so that the order of texts is that of times. */
static bool
read_time(const char *name, const char *database,
    char ret_time[static CLOCK_TEXT_SIZE])
{
	size_t len = strlen(database);
	const char *time;
	struct error ignored;
	usec_t at;

	if (strncmp(name, database, len) != 0 ||
	    strncmp(name + len, MARK, sizeof(MARK) - 1) != 0)
		return false;
	time = name + len + sizeof(MARK) - 1;
	if (strnlen(time, CLOCK_TEXT_SIZE) < CLOCK_TEXT_SIZE - 1)
		return false;
	memcpy(ret_time, time, CLOCK_TEXT_SIZE - 1);
	ret_time[CLOCK_TEXT_SIZE - 1] = '\0';
	if (clock_parse(slice_of(ret_time), &at, &ignored) == -1)
		return false;
	time += CLOCK_TEXT_SIZE - 1;
	for (size_t i = 0; i < SUFFIXES; i++)
		if (strcmp(time, suffixes[i]) == 0)
			return true;
	return false;
}

static void
keep(struct newest *newest, const char *time)
{
	size_t at = 0;

	while (at < newest->count && strcmp(newest->times[at], time) > 0)
		at++;
	if (at == ASIDE_KEPT ||
	    (at < newest->count && strcmp(newest->times[at], time) == 0))
		return;
	if (newest->count < ASIDE_KEPT)
		newest->count++;
	memmove(newest->times[at + 1], newest->times[at],
	    (newest->count - at - 1) * sizeof(newest->times[0]));
	memcpy(newest->times[at], time, sizeof(newest->times[0]));
}

static bool
is_kept(const struct newest *newest, const char *time)
{
	for (size_t i = 0; i < newest->count; i++)
		if (strcmp(newest->times[i], time) == 0)
			return true;
	return false;
}

static void
remove_old(const char *folder, const char *database)
{
	cleanup(cleanup_closedir) DIR *dir = opendir(folder);
	struct newest newest = { .count = 0 };
	char time[CLOCK_TEXT_SIZE];
	struct dirent *entry;

	if (dir == NULL) {
		diag(DIAG_ERROR, "%s: %m", folder);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (read_time(entry->d_name, database, time))
			keep(&newest, time);
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (!read_time(entry->d_name, database, time) ||
		    is_kept(&newest, time))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == -1)
			diag(DIAG_ERROR, "%s/%s: %m", folder, entry->d_name);
		else
			diag(DIAG_NOTICE,
			    "%s/%s is removed: the newest %d copies of a "
			    "damaged %s are kept",
			    folder, entry->d_name, ASIDE_KEPT, database);
	}
}

void
aside_put(const char *path, struct clock *clock, char ret_time[CLOCK_TEXT_SIZE])
{
	const char *slash = strrchr(path, '/');
	cleanup(buf_free) struct buf folder = BUF_INIT;

	clock_format(clock_realtime(clock), ret_time);
	for (size_t i = 0; i < SUFFIXES; i++) {
		cleanup(buf_free) struct buf from = BUF_INIT, to = BUF_INIT;

		buf_addf(&from, "%s%s", path, suffixes[i]);
		buf_addf(&to, "%s" MARK "%s%s", path, ret_time, suffixes[i]);
		if (rename(from.data, to.data) == -1 && errno != ENOENT)
			diag(DIAG_ERROR, "%s: rename: %m", from.data);
	}
	if (slash == NULL)
		buf_add_str(&folder, ".");
	else
		buf_add(&folder, path, (size_t)(slash - path) + 1);
	remove_old(folder.data, slash == NULL ? path : slash + 1);
}
