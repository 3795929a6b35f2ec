#include "cli/backup.h"

#include "base/disk.h"
#include "base/json_writer.h"
#include "cli/access.h"
#include "cli/backup_files.h"
#include "cli/json.h"
#include "cli/order.h"
#include "cli/verify.h"
#include "cli/words.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

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
	if (backup->lock != -1) {
		for (size_t i = 0; i < BACKUP_FILES_COPIES; i++)
			unlinkat(backup->lock, backup_files_copies[i], 0);
		rmdir(backup->folder);
		close(backup->lock);
	}
	archive_writer_free(backup->writer);
	free(backup->folder);
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
	const struct backup_files files = {
		.config = backup->config,
		.copies_path = backup->folder,
		.copies = backup->lock,
		.log = dir,
		.head = &backup->head,
		.last = backup->last,
		.last_bytes = backup->last_bytes,
	};

	if (dir == -1) {
		error_set_errno(err, "%s", path);
		return access_explain(path, err);
	}
	if (backup_verify(backup, err) == -1 ||
	    backup_files_add(&files, backup->writer, err) == -1)
		return -1;
	return archive_writer_end(backup->writer, err);
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
	if (result == -1)
		unlink(part);
	else if (disk_sync_name(&disk_system, path) == -1)
		result = error_set_errno(err, "%s: its folder: fsync", path);
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
