#include "cli/restore_swap.h"

#include "cli/backup_files.h"
#include "log/logfile.h"
#include "store/restore_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

/* data_dir, where the marks are left. */
#define RESTORE_DATA RESTORE_TELEMETRY

struct restore_swap {
	struct restore_stage *stage;
	const char *kept; /* the folder for what was here */
	struct error *err;
};

static int
restore_fail(
    const struct restore_folder *folder, const char *name, struct error *err)
{
	return error_set_errno(err, "%s/%s", folder->path, name);
}

/* --- what is here --------------------------------------------------------- */

/* Move it aside, if it is there. */
static int
restore_keep(
    struct restore_swap *swap, enum restore_place place, const char *name)
{
	struct restore_folder *folder = &swap->stage->folders[place];
	cleanup(cleanup_close) int kept = -1;

	if (folder->dir == -1 ||
	    faccessat(folder->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (mkdirat(folder->dir, swap->kept, 0700) == -1 && errno != EEXIST)
		return restore_fail(folder, swap->kept, swap->err);
	kept = openat(folder->dir, swap->kept,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (kept == -1 || renameat(folder->dir, name, kept, name) == -1 ||
	    fsync(kept) == -1)
		return restore_fail(folder, name, swap->err);
	return 0;
}

static int
restore_keep_database(
    struct restore_swap *swap, enum restore_place place, const char *name)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < 3; i++) {
		cleanup(buf_free) struct buf file = BUF_INIT;

		buf_addf(&file, "%s%s", name, suffixes[i]);
		if (restore_keep(swap, place, file.data) == -1)
			return -1;
	}
	return 0;
}

/* A listing of the folder open as `dir`, with a position of its own. */
static DIR *
restore_list(int dir)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = again == -1 ? NULL : fdopendir(again);

	if (listing == NULL)
		cleanup_close(&again);
	return listing;
}

static int
restore_keep_log(struct restore_swap *swap)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_LOG];
	cleanup(cleanup_closedir) DIR *listing = restore_list(folder->dir);
	struct dirent *entry;
	unsigned part;
	usec_t day;

	if (listing == NULL)
		return restore_fail(folder, ".", swap->err);
	while ((entry = readdir(listing)) != NULL)
		if (logfile_parse_name(slice_of(entry->d_name), &day, &part) &&
		    restore_keep(swap, RESTORE_LOG, entry->d_name) == -1)
			return -1;
	return restore_keep(swap, RESTORE_LOG, "torn");
}

/* The index is made anew of the log that is to come. */
static int
restore_keep_all(struct restore_swap *swap)
{
	if (restore_keep_database(swap, RESTORE_DATA, "kruxos.db") == -1 ||
	    restore_keep_log(swap) == -1 ||
	    restore_keep_database(swap, RESTORE_STATE, "state.db") == -1 ||
	    restore_keep_database(swap, RESTORE_TELEMETRY, "telemetry.db") ==
		-1)
		return -1;
	return 0;
}

/* --- what comes ----------------------------------------------------------- */

static int
restore_put(struct restore_swap *swap, struct restore_folder *folder)
{
	cleanup(cleanup_closedir) DIR *listing = restore_list(folder->staged);
	struct dirent *entry;

	if (listing == NULL)
		return restore_fail(folder, ".", swap->err);
	while ((entry = readdir(listing)) != NULL) {
		const char *name = entry->d_name, *as = name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (strcmp(name, "kruxos.conf") == 0)
			as = swap->stage->config_name;
		if (renameat(folder->staged, name, folder->dir, as) == -1)
			return restore_fail(folder, as, swap->err);
	}
	if (fsync(folder->dir) == -1)
		return restore_fail(folder, ".", swap->err);
	return 0;
}

/* --- the configuration ------------------------------------------------------
 */

/* It is never away: who is to do this again has to read it. So it gets a second
 * name, and what comes is renamed onto the first. */
static int
restore_link(struct restore_swap *swap, int dir, const char *name, int kept)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_CONFIG];

	if (linkat(dir, name, kept, name, 0) == -1 && errno != ENOENT &&
	    errno != EEXIST)
		return restore_fail(folder, name, swap->err);
	return 0;
}

/* Open the folder `name`, made if it is not there. */
static int
restore_open_inner(struct restore_swap *swap, int dir, const char *name)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_CONFIG];
	int fd;

	if (mkdirat(dir, name, folder->found.st_mode & 0755) == -1 &&
	    errno != EEXIST)
		return restore_fail(folder, name, swap->err);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd == -1 ? restore_fail(folder, name, swap->err) : fd;
}

/* Each file of the folder open as `here` is kept; one that does not come
 * again goes. */
static int
restore_keep_inner(struct restore_swap *swap, int here, int staged, int kept)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_CONFIG];
	cleanup(cleanup_closedir) DIR *listing = restore_list(here);
	struct dirent *entry;

	if (listing == NULL)
		return restore_fail(folder, ".", swap->err);
	while ((entry = readdir(listing)) != NULL) {
		const char *name = entry->d_name;

		/* What no backup has is none of its matter: passwords, and what
		 * other files include. */
		if (!backup_files_is_config(name) || entry->d_type == DT_DIR)
			continue;
		if (restore_link(swap, here, name, kept) == -1)
			return -1;
		if (faccessat(staged, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
		    unlinkat(here, name, 0) == -1)
			return restore_fail(folder, name, swap->err);
	}
	return 0;
}

static int
restore_put_inner(struct restore_swap *swap, int here, int staged)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_CONFIG];
	cleanup(cleanup_closedir) DIR *listing = restore_list(staged);
	struct dirent *entry;

	if (listing == NULL)
		return restore_fail(folder, ".", swap->err);
	while ((entry = readdir(listing)) != NULL)
		if (entry->d_name[0] != '.' &&
		    renameat(staged, entry->d_name, here, entry->d_name) == -1)
			return restore_fail(folder, entry->d_name, swap->err);
	return fsync(here) == -1 ? restore_fail(folder, ".", swap->err) : 0;
}

/* conf.d or nginx.d. */
static int
restore_change_inner(struct restore_swap *swap, int kept, const char *name)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_CONFIG];
	cleanup(cleanup_close) int here = -1, staged = -1, inner = -1;

	if (faccessat(folder->dir, name, F_OK, 0) == -1 &&
	    faccessat(folder->staged, name, F_OK, 0) == -1)
		return 0;
	here = restore_open_inner(swap, folder->dir, name);
	staged = restore_open_inner(swap, folder->staged, name);
	inner = restore_open_inner(swap, kept, name);
	if (here == -1 || staged == -1 || inner == -1 ||
	    restore_keep_inner(swap, here, staged, inner) == -1 ||
	    restore_put_inner(swap, here, staged) == -1)
		return -1;
	if (unlinkat(folder->staged, name, AT_REMOVEDIR) == -1)
		return restore_fail(folder, name, swap->err);
	return 0;
}

static int
restore_change_config(struct restore_swap *swap)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_CONFIG];
	cleanup(cleanup_close) int kept = -1;

	if (folder->dir == -1)
		return 0;
	kept = restore_open_inner(swap, folder->dir, swap->kept);
	if (kept == -1 || fchmod(kept, 0700) == -1)
		return -1;
	if (restore_link(swap, folder->dir, swap->stage->config_name, kept) ==
		-1 ||
	    restore_change_inner(swap, kept, "conf.d") == -1 ||
	    restore_change_inner(swap, kept, "nginx.d") == -1)
		return -1;
	return 0;
}

/* The configuration's own file comes with the rest: onto the one that is here.
 */
static int
restore_put_all(struct restore_swap *swap)
{
	if (restore_change_config(swap) == -1)
		return -1;
	for (size_t i = 0; i < RESTORE_PLACES; i++)
		if (swap->stage->folders[i].staged != -1 &&
		    restore_put(swap, &swap->stage->folders[i]) == -1)
			return -1;
	return 0;
}

/* --- the marks ------------------------------------------------------------ */

static int
restore_mark(struct restore_swap *swap, const char *name, struct slice text)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_DATA];
	cleanup(cleanup_close) int fd = -1;

	if (unlinkat(folder->dir, name, 0) == -1 && errno != ENOENT)
		return restore_fail(folder, name, swap->err);
	fd = openat(folder->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1 ||
	    (geteuid() == 0 &&
		fchown(fd, folder->found.st_uid, folder->found.st_gid) == -1) ||
	    write(fd, text.data, text.len) != (ssize_t)text.len ||
	    fsync(fd) == -1 || fsync(folder->dir) == -1)
		return restore_fail(folder, name, swap->err);
	return 0;
}

static int
restore_unmark(struct restore_swap *swap)
{
	struct restore_folder *folder = &swap->stage->folders[RESTORE_DATA];

	if (unlinkat(folder->dir, RESTORE_MARK_BEGUN, 0) == -1 ||
	    fsync(folder->dir) == -1)
		return restore_fail(folder, RESTORE_MARK_BEGUN, swap->err);
	return 0;
}

/* The status page knows the end of the log that was here. */
static int
restore_forget_status(struct restore_swap *swap, const struct config *config)
{
	if (unlink(config->status_file) == -1 && errno != ENOENT)
		return error_set_errno(swap->err, "%s", config->status_file);
	return 0;
}

/* Nobody stops it halfway but by force. */
static void
restore_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int
restore_swap(struct restore_stage *stage, const struct config *config,
    struct slice note, char ret_kept[static RESTORE_KEPT_SIZE],
    struct error *err)
{
	char now[CLOCK_TEXT_SIZE];
	struct restore_swap swap = {
		.stage = stage,
		.kept = ret_kept,
		.err = err,
	};

	clock_format(clock_realtime(&clock_system), now);
	snprintf(ret_kept, RESTORE_KEPT_SIZE, "before-%s", now);
	restore_block_signals();
	if (restore_mark(&swap, RESTORE_MARK_BEGUN, SLICE_LITERAL("")) == -1 ||
	    restore_keep_all(&swap) == -1 ||
	    restore_forget_status(&swap, config) == -1 ||
	    restore_put_all(&swap) == -1)
		return -1;
	if (restore_mark(&swap, RESTORE_MARK_DONE, note) == -1)
		return -1;
	return restore_unmark(&swap);
}
