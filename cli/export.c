#include "cli/export.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/api.h"
#include "cli/selection.h"
#include "cli/words.h"
#include "door/door.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* A search over years may look at much before it finds the first entry. */
#define EXPORT_TIMEOUT (300 * USEC_PER_SEC)

struct export_values {
	struct selection selection;
	const char *format;
	const char *file;
};

static const struct option_row export_options[] = {
	OPTION_WORD(struct export_values, format, 'f', "format", "FORMAT",
	    "json ndjson csv", "json",
	    "one array, the log's own lines, or a table"),
	OPTION_TEXT(struct export_values, file, 'o', "output", "FILE",
	    "write FILE, which is there whole or not at all"),
	SELECTION_WHO(struct export_values, selection),
	SELECTION_WHEN(struct export_values, selection),
	SELECTION_TEXT(struct export_values, selection), OPTION_END
};

/* An export is itself an entry, of the user who asks for it: the kernel tells
 * the door who that is. */
static int
export_record(const struct config *config, const struct export_values *values,
    struct error *err)
{
	cleanup(door_closep) struct door *door = NULL;
	cleanup(buf_free) struct buf args = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "format", values->format);
	selection_write(&values->selection, &json);
	json_writer_end_object(&json);
	door =
	    door_open(config->ingest_socket, EXPORT_TIMEOUT, NULL, NULL, err);
	if (door == NULL ||
	    door_command(door, "audit.export", buf_slice(&args),
		(struct slice){ NULL, 0 }, NULL, NULL, NULL, err) == -1)
		return error_prefix(err, "recording the export");
	return 0;
}

/* Write what has come, to a screen without what could do something to it. What
 * cannot be shown yet stays in `piece`. */
static int
export_write(struct buf *piece, FILE *out, bool is_screen)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	const struct buf *written = piece;
	size_t taken = piece->len;

	if (is_screen) {
		taken = terminal_add_data(&shown, buf_slice(piece));
		written = &shown;
	}
	if (fwrite(written->data, 1, written->len, out) != written->len)
		return -1;
	buf_consume(piece, taken);
	return 0;
}

/* Copy the body to `out`. */
static int
export_copy(struct api *api, FILE *out, const char *name, struct error *err)
{
	cleanup(buf_free) struct buf piece = BUF_INIT;
	bool is_screen = isatty(fileno(out));
	struct progress progress;
	uint64_t bytes = 0;
	int more;

	/* A bar among the lines on a screen would be in the way. */
	progress_begin(&progress, is_screen ? NULL : "export");
	while ((more = api_read(api, &piece, err)) == 1) {
		cleanup(buf_free) struct buf what = BUF_INIT;

		bytes += piece.len;
		if (export_write(&piece, out, is_screen) == -1) {
			more = error_set_errno(err, "%s", name);
			break;
		}
		words_add_bytes(&what, bytes);
		progress_show(&progress, 0, 0, buf_slice(&what));
	}
	progress_end(&progress);
	if (more == 0 && fflush(out) == EOF)
		return error_set_errno(err, "%s", name);
	return more;
}

/* The same into a descriptor, down to the disk; it is closed. */
static int
export_to_descriptor(
    struct api *api, int fd, const char *name, struct error *err)
{
	cleanup(cleanup_fclose) FILE *out = fdopen(fd, "w");

	if (out == NULL) {
		close(fd);
		return error_set_errno(err, "%s", name);
	}
	if (export_copy(api, out, name, err) == -1)
		return -1;
	/* A pipe or a terminal has no disk behind it. */
	if (fsync(fd) == -1 && errno != EINVAL && errno != EROFS)
		return error_set_errno(err, "%s", name);
	return 0;
}

/* Into a file beside the one that is wanted, which it then becomes. */
static int
export_to_part(
    struct cli *cli, struct api *api, const char *path, struct error *err)
{
	const char *part = arena_printf(&cli->arena, "%s.part", path);
	int result, fd;

	fd = open(
	    part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return error_set_errno(err, "%s", part);
	terminal_on_interrupt(part);
	result = export_to_descriptor(api, fd, part, err);
	if (result == 0 && rename(part, path) == -1)
		result = error_set_errno(err, "%s", path);
	if (result == -1)
		unlink(part);
	terminal_on_interrupt(NULL);
	return result;
}

/* What is there and is no file (a pipe, /dev/null) is never replaced. */
static int
export_to_file(
    struct cli *cli, struct api *api, const char *path, struct error *err)
{
	struct stat found;
	int fd;

	if (lstat(path, &found) == -1 || S_ISREG(found.st_mode))
		return export_to_part(cli, api, path, err);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd == -1)
		return error_set_errno(err, "%s", path);
	return export_to_descriptor(api, fd, path, err);
}

static enum command_exit
export_run(struct cli *cli, const void *values, char **operands)
{
	struct export_values wanted = *(const struct export_values *)values;
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(api_closep) struct api *api = NULL;
	const struct config *config;
	struct filter filter;
	struct error err = { 0 };
	int copied;

	(void)operands;
	if (selection_settle(&wanted.selection, clock_realtime(&clock_system),
		&cli->arena, &filter, &err) == -1)
		return cli_misused("%s", err.sentence);
	config = cli_config(cli, &err);
	if (config == NULL)
		return cli_fail(&err);
	buf_add_str(&target, "/api/audit/export?");
	selection_add_query(&wanted.selection, &target);
	buf_addf(&target, "format=%s", wanted.format);
	api = api_open(config->api_socket, target.data,
	    (struct slice){ NULL, 0 }, EXPORT_TIMEOUT, &err);
	if (api == NULL)
		return cli_fail(&err);
	/* Recorded when it is certain to come, before its first byte is seen.
	 */
	if (api_status(api) != 200)
		copied = api_refused(api, &err);
	else if (export_record(config, &wanted, &err) == -1)
		copied = -1;
	else if (wanted.file != NULL)
		copied = export_to_file(cli, api, wanted.file, &err);
	else
		copied = export_copy(api, stdout, "standard output", &err);
	return copied == -1 ? cli_fail(&err) : COMMAND_DONE;
}

const struct command_form export_form = {
	export_options,
	sizeof(struct export_values),
	export_run,
};
