#include "cli/backup.h"

#include "base/json_writer.h"
#include "cli/access.h"
#include "cli/archive_writer.h"
#include "cli/json.h"
#include "cli/manifest.h"
#include "cli/order.h"
#include "cli/verify.h"
#include "cli/words.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

enum {
	BACKUP_CONFIG_BYTES = 1 << 20, /* a file of the configuration */
};

struct backup_values {
	bool json;
};

static const struct option_row backup_options[] = {
	OPTION_FLAG(struct backup_values, json, 0, "json",
	    "print what was written as JSON"),
	OPTION_END
};

/* A backup that is being made. */
struct backup {
	const struct config *config;
	struct archive_writer *writer;
	/* What the daemon has answered. */
	char *folder; /* of its copies */
	int lock;     /* while it is held they stay, and the log stands still */
	struct head head;
	char last[LOGFILE_NAME_SIZE]; /* the file in which the log ends … */
	uint64_t last_bytes;	      /* … at this byte */

	struct logfile_list log;
	struct progress progress;
	uint64_t done, total; /* bytes of the log */
};

/* --- what the daemon does ------------------------------------------------- */

static int
backup_read_answer(
    struct backup *backup, const struct buf *answer, struct error *err)
{
	cleanup(json_putp) struct json_object *json =
	    json_parse(buf_slice(answer), err);
	struct slice file;

	if (json == NULL)
		return -1;
	file = json_text(json, "file");
	backup->folder = strndup(
	    json_text(json, "folder").data, json_text(json, "folder").len);
	backup->head.seq = json_number(json, "seq");
	backup->last_bytes = json_number(json, "bytes");
	snprintf(backup->last, sizeof(backup->last), "%.*s", SLICE_ARG(file));
	if (backup->folder == NULL || backup->folder[0] != '/' ||
	    sha256_parse_hex(json_text(json, "hash"), backup->head.hash) == -1)
		return error_set(err, ERROR_CORRUPT,
		    "what the daemon answers is not understood");
	return 0;
}

/* From here on nothing is taken out of the log, until we are gone. */
static int
backup_begin(struct cli *cli, struct backup *backup, struct error *err)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;

	if (order_run(cli, "audit.backup", (struct slice){ NULL, 0 },
		"copying databases", &answer, err) == -1 ||
	    backup_read_answer(backup, &answer, err) == -1)
		return -1;
	backup->lock = open(
	    backup->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (backup->lock == -1 || flock(backup->lock, LOCK_SH) == -1)
		return error_set_errno(err, "%s", backup->folder);
	return 0;
}

/* The copies are read: the daemon need not wait until it looks. */
static void
backup_end(struct backup *backup)
{
	static const char *const copies[] = { "state.db", "telemetry.db" };

	if (backup->lock != -1) {
		for (size_t i = 0; i < 2; i++)
			unlinkat(backup->lock, copies[i], 0);
		rmdir(backup->folder);
		close(backup->lock);
	}
	logfile_list_free(&backup->log);
	archive_writer_free(backup->writer);
	free(backup->folder);
}

/* --- what goes into it ---------------------------------------------------- */

static void
backup_on_bytes(void *context, size_t bytes)
{
	struct backup *backup = context;
	cleanup(buf_free) struct buf what = BUF_INIT;

	backup->done += bytes;
	words_add_bytes(&what, backup->done);
	progress_show(
	    &backup->progress, backup->done, backup->total, buf_slice(&what));
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

/* The file `file` of the folder open as `dir`, called `path`, as it is; of the
 * log, its first `bytes` bytes (UINT64_MAX: all). */
static int
backup_add_file(struct backup *backup, int dir, const char *path,
    const char *folder, const char *file, uint64_t bytes, struct error *err)
{
	cleanup(cleanup_close) int fd = openat(dir, file, LOGFILE_READ);
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct tar_member member = { 0 };
	struct stat found;

	buf_addf(&name, "%s/%s", path, file);
	if (fd == -1 || fstat(fd, &found) == -1)
		return error_set_errno(err, "%s", name.data);
	if (!S_ISREG(found.st_mode))
		return error_set(
		    err, ERROR_INVALID, "%s: not a regular file", name.data);
	if (backup_name(&member, folder, file, err) == -1)
		return -1;
	member.bytes = bytes == UINT64_MAX ? (uint64_t)found.st_size : bytes;
	member.at = (uint64_t)found.st_mtime;
	return archive_writer_add_file(backup->writer, &member, fd, name.data,
	    backup_on_bytes, backup, err);
}

static int
backup_add_manifest(struct backup *backup, struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct tar_member member = { .name = MANIFEST_NAME };
	struct manifest manifest;

	manifest_init(&manifest, &backup->head);
	manifest_write(&manifest, &text);
	member.bytes = text.len;
	member.at = manifest.made_at / USEC_PER_SEC;
	return archive_writer_add(
	    backup->writer, &member, buf_slice(&text), err);
}

static int
backup_add_copies(struct backup *backup, struct error *err)
{
	static const char *const copies[] = { "state.db", "telemetry.db" };

	for (size_t i = 0; i < 2; i++)
		if (faccessat(backup->lock, copies[i], F_OK, 0) == 0 &&
		    backup_add_file(backup, backup->lock, backup->folder, "",
			copies[i], UINT64_MAX, err) == -1)
			return -1;
	return 0;
}

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

static int
backup_is_config(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       slice_ends_with(slice_of(entry->d_name), SLICE_LITERAL(".conf"));
}

/* The files of `path` for which `is_one` says so, in the order of their names;
 * none, where there is no such folder. */
static int
backup_add_folder(struct backup *backup, const char *path, const char *folder,
    int (*is_one)(const struct dirent *entry), struct error *err)
{
	cleanup(cleanup_close) int dir =
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int count, result = 0;

	if (dir == -1 && errno == ENOENT)
		return 0;
	count = dir == -1
		    ? -1
		    : scandirat(dir, ".", &entries, is_one, backup_by_name);
	if (count == -1)
		return error_set_errno(err, "%s", path);
	for (int i = 0; i < count; i++) {
		if (result == 0)
			result = backup_add_file(backup, dir, path, folder,
			    entries[i]->d_name, UINT64_MAX, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int
backup_add_config(struct backup *backup, struct error *err)
{
	static const char *const folders[] = { "conf.d", "nginx.d" };
	const char *path = backup->config->path;
	const char *slash = strrchr(path, '/');
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(cleanup_close) int fd = -1;
	struct tar_member member = { .name = "config/kruxos.conf" };
	struct stat found;
	int above = slash == NULL ? 0 : (int)(slash - path) + 1;

	/* Whatever it is called, and wherever a link leads. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &found) == -1)
		return error_set_errno(err, "%s", path);
	member.bytes = (uint64_t)found.st_size;
	member.at = (uint64_t)found.st_mtime;
	if (archive_writer_add_file(
		backup->writer, &member, fd, path, NULL, NULL, err) == -1)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_free) struct buf from = BUF_INIT, to = BUF_INIT;

		buf_addf(&from, "%.*s%s", above, path, folders[i]);
		buf_addf(&to, "config/%s/", folders[i]);
		if (backup_add_folder(backup, from.data, to.data,
			backup_is_config, err) == -1)
			return -1;
	}
	return 0;
}

/* --- the log -------------------------------------------------------------- */

/* Which files it has, and where it ends. What was written since is no part of
 * this backup. */
static int
backup_list_log(struct backup *backup, int dir, struct error *err)
{
	size_t at = 0;

	if (logfile_list_read(dir, &backup->log, err) == -1)
		return -1;
	while (at < backup->log.count &&
	       strcmp(backup->log.files[at].name, backup->last) != 0)
		at++;
	if (at == backup->log.count)
		return error_set(err, ERROR_CORRUPT, "%s/%s: is not there",
		    backup->config->audit_dir, backup->last);
	backup->log.count = at + 1;
	backup->log.files[at].length = backup->last_bytes;
	for (size_t i = 0; i < backup->log.count; i++)
		backup->total += backup->log.files[i].length;
	return 0;
}

static int
backup_add_log(struct backup *backup, int dir, struct error *err)
{
	const char *path = backup->config->audit_dir;
	cleanup(buf_free) struct buf torn = BUF_INIT;

	for (size_t i = 0; i < backup->log.count; i++)
		if (backup_add_file(backup, dir, path, "audit/",
			backup->log.files[i].name, backup->log.files[i].length,
			err) == -1)
			return -1;
	buf_addf(&torn, "%s/torn", path);
	return backup_add_folder(
	    backup, torn.data, "audit/torn/", backup_is_file, err);
}

/* A damaged log is worth a backup, too; but he who makes it is to know. */
static int
backup_verify(struct backup *backup, struct error *err)
{
	struct chain_options options = {
		.through_seq = backup->head.seq,
		.expect_seq = backup->head.seq,
	};
	struct chain_result result;

	memcpy(options.expect_hash, backup->head.hash, SHA256_BYTES);
	if (verify_with_bar(
		backup->config->audit_dir, &options, &result, err) == -1)
		return -1;
	if (!result.is_whole)
		cli_note("the log is DAMAGED (%s, line %llu: %s does not "
			 "hold), and so is its backup",
		    result.fault.file, (unsigned long long)result.fault.line,
		    result.fault.what);
	return 0;
}

/* --- the file ------------------------------------------------------------- */

static int
backup_write(struct backup *backup, struct error *err)
{
	const char *path = backup->config->audit_dir;
	cleanup(cleanup_close) int dir =
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (dir == -1) {
		error_set_errno(err, "%s", path);
		return access_explain(path, err);
	}
	if (backup_verify(backup, err) == -1 ||
	    backup_list_log(backup, dir, err) == -1)
		return -1;
	progress_begin(&backup->progress, "backup");
	result = backup_add_manifest(backup, err);
	if (result == 0)
		result = backup_add_config(backup, err);
	if (result == 0)
		result = backup_add_copies(backup, err);
	if (result == 0)
		result = backup_add_log(backup, dir, err);
	if (result == 0)
		result = archive_writer_end(backup->writer, err);
	progress_end(&backup->progress);
	return result;
}

static int
backup_to(struct cli *cli, struct backup *backup, int fd, const char *name,
    struct error *err)
{
	backup->writer = archive_writer_new(fd, name);
	if (backup_begin(cli, backup, err) == -1 ||
	    backup_write(backup, err) == -1)
		return -1;
	/* A pipe has no disk behind it. */
	if (fsync(fd) == -1 && errno != EINVAL && errno != EROFS)
		return error_set_errno(err, "%s", name);
	return 0;
}

static int
backup_sync_name(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup(buf_free) struct buf folder = BUF_INIT;
	cleanup(cleanup_close) int dir = -1;

	buf_addf(&folder, "%.*s.", slash == NULL ? 0 : (int)(slash - path) + 1,
	    path);
	dir = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || fsync(dir) == -1)
		return error_set_errno(err, "%s: fsync", folder.data);
	return 0;
}

/* Beside it first: a file of that name is a whole backup. */
static int
backup_to_file(
    struct cli *cli, struct backup *backup, const char *path, struct error *err)
{
	const char *part = arena_printf(&cli->arena, "%s.part", path);
	cleanup(cleanup_close) int fd = -1;
	int result;

	if (access(path, F_OK) == 0)
		return error_set(err, ERROR_CONFLICT,
		    "%s: is there already, and is not replaced", path);
	fd = open(
	    part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return error_set_errno(err, "%s", part);
	terminal_on_interrupt(part);
	result = backup_to(cli, backup, fd, part, err);
	if (result == 0 &&
	    renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == -1)
		result = error_set_errno(err, "%s", path);
	if (result == 0)
		result = backup_sync_name(path, err);
	else
		unlink(part);
	terminal_on_interrupt(NULL);
	return result;
}

/* --- what is said of it --------------------------------------------------- */

static void
backup_say(struct cli *cli, const struct backup *backup, const char *path,
    bool as_json)
{
	uint64_t bytes = archive_writer_bytes(backup->writer);
	cleanup(buf_free) struct buf size = BUF_INIT, count = BUF_INIT;
	cleanup(buf_free) struct buf head = BUF_INIT, out = BUF_INIT;
	struct json_writer json;

	words_add_bytes(&size, bytes);
	words_add_count(&count, backup->head.seq);
	head_add(&backup->head, &head);
	if (strcmp(path, "-") == 0) {
		cli_note("%s, with the log through entry %s (%s)", size.data,
		    count.data, head.data);
		return;
	}
	if (as_json) {
		json_writer_init(&json, &out);
		json_writer_object(&json);
		json_writer_pair(&json, "file", path);
		json_writer_pair_u64(&json, "bytes", bytes);
		json_writer_pair_u64(&json, "seq", backup->head.seq);
		json_writer_pair(&json, "head", head.data);
		json_writer_end_object(&json);
		cli_print_json(cli, &out);
		return;
	}
	cli_note("%s: %s, with the log through entry %s", path, size.data,
	    count.data);
	buf_addf(&out, "%s\n", head.data);
	cli_print(&out);
}

static enum command_exit
backup_run(struct cli *cli, const void *values, char **operands)
{
	const struct backup_values *wanted = values;
	const char *path = operands[0];
	struct backup backup = { .lock = -1 };
	struct error err = { 0 };
	int made = -1;

	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_misused("backup: standard output is a terminal; "
				   "name a file, or send it on");
	backup.config = cli_config(cli, &err);
	if (backup.config != NULL)
		made = strcmp(path, "-") == 0
			   ? backup_to(cli, &backup, STDOUT_FILENO,
				 "standard output", &err)
			   : backup_to_file(cli, &backup, path, &err);
	if (made == 0)
		backup_say(cli, &backup, path, wanted->json);
	backup_end(&backup);
	return made == 0 ? COMMAND_DONE : cli_fail(&err);
}

const struct command_form backup_form = {
	backup_options,
	sizeof(struct backup_values),
	backup_run,
};
