#include "cli/backup_files.h"

#include "cli/manifest.h"
#include "cli/terminal.h"
#include "cli/words.h"
#include "log/logfile.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

const char *const backup_files_copies[BACKUP_FILES_COPIES] = {
	"state.db",
	"telemetry.db",
};

/* How a file of the configuration is opened: nginx and the daemon follow links
 * there, too. A FIFO blocks nobody. */
#define BACKUP_READ_CONFIG (O_RDONLY | O_CLOEXEC | O_NONBLOCK)

/* A folder of which files are added. */
struct source {
	int dir; /* open */
	const char *path;
	const char *prefix; /* of their names in the backup */
	int flags;	    /* with which they are opened */
};

/* They are being added. */
struct adding {
	const struct backup_files *files;
	struct archive_writer *writer;
	struct logfile_list log;
	struct progress progress;
	uint64_t done, total; /* bytes of the log */
};

/* --- a file --------------------------------------------------------------- */

static void
backup_on_bytes(void *context, size_t bytes)
{
	struct adding *adding = context;
	cleanup(buf_free) struct buf what = BUF_INIT;

	adding->done += bytes;
	words_add_bytes(&what, adding->done);
	progress_show(
	    &adding->progress, adding->done, adding->total, buf_slice(&what));
}

/* A name for `file` below `folder`. */
static int
backup_name(struct tar_member *member, const char *folder, const char *file,
    struct error *err)
{
	cleanup(buf_free) struct buf name = BUF_INIT;

	buf_addf(&name, "%s%s", folder, file);
	if (!tar_is_name(buf_slice(&name)))
		return error_set(err, ERROR_INVALID,
		    "%s: a file of that name cannot be backed up", name.data);
	snprintf(member->name, sizeof(member->name), "%s", name.data);
	return 0;
}

/* The file `file` of `source`, as it is; of the log, its first `bytes` bytes
 * (UINT64_MAX: all). */
static int
backup_add_file(struct adding *adding, const struct source *source,
    const char *file, uint64_t bytes, struct error *err)
{
	cleanup(cleanup_close) int fd =
	    openat(source->dir, file, source->flags);
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct tar_member member = { 0 };
	struct stat found;

	buf_addf(&name, "%s/%s", source->path, file);
	if (fd == -1 || fstat(fd, &found) == -1)
		return error_set_errno(err, "%s", name.data);
	if (!S_ISREG(found.st_mode))
		return error_set(
		    err, ERROR_INVALID, "%s: not a regular file", name.data);
	if (backup_name(&member, source->prefix, file, err) == -1)
		return -1;
	member.bytes = bytes == UINT64_MAX ? (uint64_t)found.st_size : bytes;
	member.at = (uint64_t)found.st_mtime;
	return archive_writer_add_file(adding->writer, &member, fd, name.data,
	    backup_on_bytes, adding, err);
}

/* --- what there is one of ------------------------------------------------- */

static int
backup_add_manifest(struct adding *adding, struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct tar_member member = { .name = MANIFEST_NAME };
	struct manifest manifest;

	manifest_init(&manifest, adding->files->head);
	manifest_write(&manifest, &text);
	member.bytes = text.len;
	member.at = manifest.made_at / USEC_PER_SEC;
	return archive_writer_add(
	    adding->writer, &member, buf_slice(&text), err);
}

static int
backup_add_copies(struct adding *adding, struct error *err)
{
	const struct source source = {
		.dir = adding->files->copies,
		.path = adding->files->copies_path,
		.prefix = "",
		.flags = LOGFILE_READ,
	};

	for (size_t i = 0; i < BACKUP_FILES_COPIES; i++)
		if (faccessat(source.dir, backup_files_copies[i], F_OK, 0) ==
			0 &&
		    backup_add_file(adding, &source, backup_files_copies[i],
			UINT64_MAX, err) == -1)
			return -1;
	return 0;
}

/* --- folders, and the configuration --------------------------------------- */

static int
backup_by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
backup_is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

bool
backup_files_is_config(const char *name)
{
	return name[0] != '.' &&
	       slice_ends_with(slice_of(name), SLICE_LITERAL(".conf"));
}

static int
backup_is_config(const struct dirent *entry)
{
	return backup_files_is_config(entry->d_name);
}

/* The files of `source`, which is opened here, for which `is_one` says so, in
 * the order of their names; none, where there is no such folder. */
static int
backup_add_folder(struct adding *adding, struct source source,
    int (*is_one)(const struct dirent *entry), struct error *err)
{
	cleanup(cleanup_close) int dir =
	    open(source.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int count, result = 0;

	if (dir == -1 && errno == ENOENT)
		return 0;
	count = dir == -1
		    ? -1
		    : scandirat(dir, ".", &entries, is_one, backup_by_name);
	if (count == -1)
		return error_set_errno(err, "%s", source.path);
	source.dir = dir;
	for (int i = 0; i < count; i++) {
		if (result == 0)
			result = backup_add_file(adding, &source,
			    entries[i]->d_name, UINT64_MAX, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int
backup_add_config(struct adding *adding, struct error *err)
{
	static const char *const folders[] = { "conf.d", "nginx.d" };
	const char *path = adding->files->config->path;
	const char *slash = strrchr(path, '/');
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(cleanup_close) int fd = -1;
	struct tar_member member = { .name = "config/kruxos.conf" };
	struct stat found;
	int above = slash == NULL ? 0 : (int)(slash - path) + 1;

	/* Whatever it is called. */
	fd = open(path, BACKUP_READ_CONFIG);
	if (fd == -1 || fstat(fd, &found) == -1)
		return error_set_errno(err, "%s", path);
	member.bytes = (uint64_t)found.st_size;
	member.at = (uint64_t)found.st_mtime;
	if (archive_writer_add_file(
		adding->writer, &member, fd, path, NULL, NULL, err) == -1)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_free) struct buf from = BUF_INIT, to = BUF_INIT;
		struct source source = { .flags = BACKUP_READ_CONFIG };

		buf_addf(&from, "%.*s%s", above, path, folders[i]);
		buf_addf(&to, "config/%s/", folders[i]);
		source.path = from.data;
		source.prefix = to.data;
		if (backup_add_folder(adding, source, backup_is_config, err) ==
		    -1)
			return -1;
	}
	return 0;
}

/* --- the log -------------------------------------------------------------- */

/* Which files it has, and where it ends. What was written since is no part of
 * this backup. */
static int
backup_list_log(struct adding *adding, int dir, struct error *err)
{
	size_t at = 0;

	if (logfile_list_read(dir, &adding->log, err) == -1)
		return -1;
	while (at < adding->log.count &&
	       strcmp(adding->log.files[at].name, adding->files->last) != 0)
		at++;
	if (at == adding->log.count)
		return error_set(err, ERROR_CORRUPT, "%s/%s: is not there",
		    adding->files->config->audit_dir, adding->files->last);
	adding->log.count = at + 1;
	adding->log.files[at].length = adding->files->last_bytes;
	for (size_t i = 0; i < adding->log.count; i++)
		adding->total += adding->log.files[i].length;
	return 0;
}

static int
backup_add_log(struct adding *adding, int dir, struct error *err)
{
	struct source source = {
		.dir = dir,
		.path = adding->files->config->audit_dir,
		.prefix = "audit/",
		.flags = LOGFILE_READ,
	};
	cleanup(buf_free) struct buf torn = BUF_INIT;

	for (size_t i = 0; i < adding->log.count; i++)
		if (backup_add_file(adding, &source, adding->log.files[i].name,
			adding->log.files[i].length, err) == -1)
			return -1;
	buf_addf(&torn, "%s/torn", source.path);
	source.path = torn.data;
	source.prefix = "audit/torn/";
	return backup_add_folder(adding, source, backup_is_file, err);
}

/* --- all of it ------------------------------------------------------------ */

static int
backup_add_all(struct adding *adding, struct error *err)
{
	if (backup_add_manifest(adding, err) == -1 ||
	    backup_add_config(adding, err) == -1 ||
	    backup_add_copies(adding, err) == -1)
		return -1;
	return backup_add_log(adding, adding->files->log, err);
}

int
backup_files_add(const struct backup_files *files,
    struct archive_writer *writer, struct error *err)
{
	struct adding adding = { .files = files, .writer = writer };
	int result = backup_list_log(&adding, files->log, err);

	if (result == 0) {
		progress_begin(&adding.progress, "backup");
		result = backup_add_all(&adding, err);
		progress_end(&adding.progress);
	}
	logfile_list_free(&adding.log);
	return result;
}
