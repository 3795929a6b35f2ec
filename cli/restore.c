#include "cli/restore.h"

#include "base/json_writer.h"
#include "cli/manifest.h"
#include "cli/restore_swap.h"
#include "cli/verify.h"
#include "cli/words.h"
#include "log/lock.h"
#include "store/schemas.h"

#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>

/* How long a daemon that stops is waited for. */
#define RESTORE_STOPPING   (3 * USEC_PER_SEC)
#define RESTORE_LOOK_AGAIN (50 * USEC_PER_MSEC)

struct restore_values {
	const char *expect;
	bool check;
	bool keep_config;
	bool accept_damage;
	bool yes;
};

static const struct option_row restore_options[] = {
	OPTION_FLAG(struct restore_values, check, 0, "check",
	    "look at all of it, and replace nothing"),
	OPTION_TEXT(struct restore_values, expect, 0, "expect", "SEQ:HASH",
	    "the entry SEQ must be in it, with this hash (`kruxos backup`)"),
	OPTION_FLAG(struct restore_values, keep_config, 0, "keep-config",
	    "leave the configuration as it is here"),
	OPTION_FLAG(struct restore_values, accept_damage, 0, "accept-damage",
	    "take a log that does not verify, too"),
	OPTION_FLAG(struct restore_values, yes, 'y', "yes",
	    "do not ask, even on a terminal"),
	OPTION_END
};

/* A restore that goes on. */
struct restore {
	const struct restore_values *wanted;
	const char *name; /* of the backup */
	int fd;
	uint64_t bytes; /* it has; 0: not known */
	struct archive_reader *reader;
	struct manifest manifest;
	const struct config *config; /* NULL: nothing is to be replaced */
	int lock;
	struct restore_stage stage;
	bool is_staged;
	bool is_damaged;
};

/* --- the backup ----------------------------------------------------------- */

static int
restore_open(struct restore *restore, const char *path, struct error *err)
{
	struct stat found;

	restore->name = path;
	if (strcmp(path, "-") == 0) {
		restore->name = "standard input";
		restore->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	} else {
		restore->fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (restore->fd == -1 || fstat(restore->fd, &found) == -1)
		return error_set_errno(err, "%s", restore->name);
	if (S_ISREG(found.st_mode))
		restore->bytes = (uint64_t)found.st_size;
	restore->reader = archive_reader_new(restore->fd, restore->name);
	return 0;
}

static int
restore_read_manifest(struct restore *restore, struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct tar_member member;
	int more = archive_reader_next(restore->reader, &member, err);

	if (more == -1)
		return -1;
	if (more == 0 || strcmp(member.name, MANIFEST_NAME) != 0)
		return error_set(err, ERROR_CORRUPT,
		    "%s: is no backup of kruxos", restore->name);
	if (archive_reader_read_all(
		restore->reader, MANIFEST_BYTES, &text, err) == -1)
		return -1;
	if (manifest_read(buf_slice(&text), &restore->manifest, err) == -1)
		return error_prefix(err, "%s", restore->name);
	return 0;
}

static int
restore_read_files(struct restore *restore, struct error *err)
{
	struct progress progress;
	struct tar_member member;
	int more;

	progress_begin(&progress, "restore");
	while (
	    (more = archive_reader_next(restore->reader, &member, err)) == 1) {
		uint64_t bytes = archive_reader_bytes(restore->reader);
		cleanup(buf_free) struct buf what = BUF_INIT;

		buf_add_str(&what, member.name);
		progress_show(
		    &progress, bytes, restore->bytes, buf_slice(&what));
		more = restore_stage_take(
		    &restore->stage, restore->reader, &member, err);
		if (more == -1)
			break;
	}
	progress_end(&progress);
	return more;
}

/* --- what is looked at ---------------------------------------------------- */

/* The chain, and that it ends where the backup says it does. */
static int
restore_verify(struct restore *restore, struct error *err)
{
	const struct head *head = &restore->manifest.head;
	struct chain_options options = { .synced_seq = head->seq };
	struct chain_result result;
	struct head expected = *head;

	if (restore->wanted->expect != NULL)
		(void)head_parse(slice_of(restore->wanted->expect), &expected);
	options.expect_seq = expected.seq;
	memcpy(options.expect_hash, expected.hash, SHA256_BYTES);
	if (verify_with_bar(restore->stage.folders[RESTORE_LOG].staged_path,
		&options, &result, err) == -1)
		return -1;
	if (result.is_whole && result.last_seq == head->seq &&
	    memcmp(result.last_hash, head->hash, SHA256_BYTES) == 0)
		return 0;
	restore->is_damaged = true;
	if (result.is_whole)
		return error_set(err, ERROR_CORRUPT,
		    "%s: its log does not end where it says: at entry %llu",
		    restore->name, (unsigned long long)head->seq);
	return error_set(err, ERROR_CORRUPT,
	    "%s: its log is DAMAGED: %s, line %llu: %s does not hold "
	    "(expected %s, found %s)",
	    restore->name, result.fault.file,
	    (unsigned long long)result.fault.line, result.fault.what,
	    result.fault.expected, result.fault.found);
}

/* SQLite's file format, 1.3: its first words, and user_version. */
static int
restore_check_database(struct restore *restore, enum restore_place place,
    const char *name, int schema, struct error *err)
{
	enum { VERSION_AT = 60, HEAD_BYTES = 100 };
	static const char magic[16] = "SQLite format 3";
	struct restore_folder *folder = &restore->stage.folders[place];
	cleanup(cleanup_close) int fd =
	    openat(folder->staged, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	unsigned char head[HEAD_BYTES];
	const unsigned char *at = head + VERSION_AT;
	long version;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return error_set_errno(err, "%s", name);
	if (read(fd, head, sizeof(head)) != sizeof(head) ||
	    memcmp(head, magic, sizeof(magic)) != 0)
		return error_set(err, ERROR_CORRUPT,
		    "%s: its %s is no database", restore->name, name);
	version = (long)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
	if (version > schema)
		return error_set(err, ERROR_INVALID,
		    "%s: its %s is of a later version (schema %ld, ours is "
		    "%d): install that one first",
		    restore->name, name, version, schema);
	return 0;
}

/* Is `staged`, a path by a configuration read in `from`, what `here` is by one
 * read in `to`? Those that are relative mean their own folders. */
static bool
restore_is_same(
    const char *staged, const char *from, const char *here, const char *to)
{
	size_t len = strlen(from);

	if (strncmp(staged, from, len) != 0)
		return strcmp(staged, here) == 0;
	return strncmp(here, to, strlen(to)) == 0 &&
	       strcmp(staged + len, here + strlen(to)) == 0;
}

/* What is restored goes where the configuration here says; it would not be
 * looked for there. */
static int
restore_check_config(struct restore *restore, struct error *err)
{
	struct restore_folder *folder = &restore->stage.folders[RESTORE_CONFIG];
	cleanup(config_freep) struct config *config = NULL;
	cleanup(buf_free) struct buf path = BUF_INIT;
	const struct config *here = restore->config;

	if (folder->staged == -1 ||
	    faccessat(folder->staged, "kruxos.conf", F_OK, 0) == -1)
		return 0;
	buf_addf(&path, "%s/kruxos.conf", folder->staged_path);
	if (config_load(path.data, &config, err) == -1)
		return error_prefix(err,
		    "%s: its configuration is not understood; leave it with "
		    "--keep-config",
		    restore->name);
	const struct {
		const char *key, *theirs, *ours;
	} paths[] = {
		{ "data_dir", config->data_dir, here->data_dir },
		{ "state_dir", config->state_dir, here->state_dir },
		{ "audit_dir", config->audit_dir, here->audit_dir },
		{ "runtime_dir", config->runtime_dir, here->runtime_dir },
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!restore_is_same(paths[i].theirs, folder->staged_path,
			paths[i].ours, folder->path))
			return error_set(err, ERROR_CONFLICT,
			    "%s: its configuration has another %s (%s, here "
			    "%s); leave it with --keep-config",
			    restore->name, paths[i].key, paths[i].theirs,
			    paths[i].ours);
	return 0;
}

static int
restore_look(struct restore *restore, struct error *err)
{
	if (restore_verify(restore, err) == -1) {
		if (!restore->is_damaged || !restore->wanted->accept_damage)
			return -1;
		cli_note("%s", err->sentence);
	}
	if (restore_check_database(restore, RESTORE_STATE, "state.db",
		schemas_state(), err) == -1 ||
	    restore_check_database(restore, RESTORE_TELEMETRY, "telemetry.db",
		schemas_telemetry(), err) == -1)
		return -1;
	return restore->config == NULL ? 0 : restore_check_config(restore, err);
}

/* --- this host ------------------------------------------------------------ */

/* One that was told to stop may still be at it: who stops a target does not
 * wait for all that it wants. */
static int
restore_await_lock(int dir, const char *path, struct error *err)
{
	usec_t until = clock_monotonic(&clock_system) + RESTORE_STOPPING;
	int lock;

	while ((lock = lock_take(dir, path, err)) == -1 &&
	       err->code == ERROR_BUSY &&
	       clock_monotonic(&clock_system) < until)
		usleep(RESTORE_LOOK_AGAIN);
	return lock;
}

/* Nobody writes here from now on. */
static int
restore_lock(struct restore *restore, struct error *err)
{
	const char *path = restore->config->audit_dir;
	cleanup(cleanup_close) int dir =
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir == -1)
		return error_set_errno(err, "%s", path);
	restore->lock = restore_await_lock(dir, path, err);
	if (restore->lock == -1 && err->code == ERROR_BUSY)
		return error_set(err, ERROR_BUSY,
		    "kruxosd is running; stop it before anything is restored");
	return restore->lock == -1 ? -1 : 0;
}

/* Is what lies there a mount, which nothing can be renamed onto? */
static bool
restore_is_mount(const struct statx *found)
{
	return (found->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* What comes is renamed into it, which leads to no other file system; and no
 * link is followed on the way. */
static bool
restore_is_inner(const struct statx *found, const struct restore_folder *folder)
{
	return S_ISDIR(found->stx_mode) && !restore_is_mount(found) &&
	       makedev(found->stx_dev_major, found->stx_dev_minor) ==
		   folder->found.st_dev;
}

/* Can the configuration be put in the place of what is here? It comes last,
 * when the log and the databases were moved: to fail then would leave no way
 * on. */
static int
restore_check_place(struct restore *restore, struct error *err)
{
	struct restore_folder *folder = &restore->stage.folders[RESTORE_CONFIG];
	const char *names[] = { "conf.d", "nginx.d",
		restore->stage.config_name };

	for (size_t i = 0; folder->dir != -1 && i < 3; i++) {
		struct statx found;

		if (statx(folder->dir, names[i], AT_SYMLINK_NOFOLLOW,
			STATX_TYPE, &found) == -1) {
			if (errno == ENOENT)
				continue;
			return error_set_errno(
			    err, "%s/%s", folder->path, names[i]);
		}
		if (i < 2 ? restore_is_inner(&found, folder)
			  : !restore_is_mount(&found))
			continue;
		return error_set(err, ERROR_CONFLICT,
		    "%s/%s: is a link, a mount or no folder, and cannot be "
		    "replaced; leave the configuration with --keep-config",
		    folder->path, names[i]);
	}
	return 0;
}

static int
restore_prepare(struct cli *cli, struct restore *restore, struct error *err)
{
	int opened;

	if (restore->wanted->check) {
		opened = restore_stage_open_for_check(&restore->stage, err);
	} else {
		restore->config = cli_config(cli, err);
		if (restore->config == NULL || restore_lock(restore, err) == -1)
			return -1;
		opened = restore_stage_open(&restore->stage, restore->config,
		    !restore->wanted->keep_config, err);
	}
	restore->is_staged = true;
	if (opened == -1 || restore->wanted->check)
		return opened;
	return restore_check_place(restore, err);
}

static bool
restore_is_wanted(struct restore *restore)
{
	cleanup(buf_free) struct buf question = BUF_INIT;

	if (restore->wanted->yes || !isatty(STDIN_FILENO))
		return true;
	buf_addf(&question,
	    "Replace the log in %s, the databases%s by those of the backup? "
	    "What is here now is kept.",
	    restore->config->audit_dir,
	    restore->wanted->keep_config ? "" : " and the configuration");
	return terminal_confirm(question.data);
}

/* What the daemon will record of it. */
static void
restore_write_note(const struct restore *restore, struct buf *out)
{
	cleanup(buf_free) struct buf head = BUF_INIT;
	struct json_writer json;

	head_add(&restore->manifest.head, &head);
	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "head", head.data);
	json_writer_pair(&json, "host", restore->manifest.host);
	json_writer_pair_time(&json, "made_at", restore->manifest.made_at);
	json_writer_pair(&json, "version", restore->manifest.version);
	json_writer_pair_u64(&json, "restored_by_uid", getuid());
	json_writer_pair_time(
	    &json, "restored_at", clock_realtime(&clock_system));
	json_writer_pair(
	    &json, "log", restore->is_damaged ? "damaged" : "verified");
	json_writer_end_object(&json);
}

static void
restore_say(const struct restore *restore, const char *kept)
{
	const struct manifest *manifest = &restore->manifest;
	char made_at[CLOCK_TEXT_SIZE];
	cleanup(buf_free) struct buf count = BUF_INIT;

	clock_format(manifest->made_at, made_at);
	words_add_count(&count, manifest->head.seq);
	cli_note("%s: made at %s on %s by %s, with the log through entry %s%s",
	    restore->name, made_at, manifest->host, manifest->version,
	    count.data,
	    restore->is_damaged ? ", which is DAMAGED" : ", which verifies");
	if (kept != NULL)
		cli_note("it is in place; what was here is kept in folders "
			 "%s beside it; kruxosd can be started",
		    kept);
}

static enum command_exit
restore_replace(struct restore *restore, struct error *err)
{
	char kept[RESTORE_KEPT_SIZE];
	cleanup(buf_free) struct buf note = BUF_INIT;

	if (!restore_is_wanted(restore)) {
		cli_note("nothing was restored");
		return COMMAND_FAILED;
	}
	restore_write_note(restore, &note);
	if (restore_swap(&restore->stage, restore->config, buf_slice(&note),
		kept, err) == -1) {
		error_prefix(err,
		    "not all of it is in place, and no daemon will start: run "
		    "`kruxos restore` again");
		return cli_fail(err);
	}
	restore_say(restore, kept);
	return COMMAND_DONE;
}

/* --- all of it ------------------------------------------------------------ */

static void
restore_close(struct restore *restore)
{
	if (restore->is_staged)
		restore_stage_close(&restore->stage);
	cleanup_close(&restore->lock);
	archive_reader_free(restore->reader);
	cleanup_close(&restore->fd);
}

static int
restore_read(struct cli *cli, struct restore *restore, const char *path,
    struct error *err)
{
	if (restore_open(restore, path, err) == -1 ||
	    restore_read_manifest(restore, err) == -1 ||
	    restore_prepare(cli, restore, err) == -1 ||
	    restore_read_files(restore, err) == -1)
		return -1;
	if (restore_stage_sync(&restore->stage, err) == -1)
		return -1;
	return restore_look(restore, err);
}

static enum command_exit
restore_run(struct cli *cli, const void *values, char **operands)
{
	struct restore restore = { .wanted = values, .fd = -1, .lock = -1 };
	enum command_exit result = COMMAND_DONE;
	struct error err = { 0 };
	struct head expected;

	if (restore.wanted->expect != NULL &&
	    head_parse(slice_of(restore.wanted->expect), &expected) == -1)
		return cli_misused("--expect: not SEQ:HASH");
	if (restore.wanted->expect != NULL && restore.wanted->accept_damage)
		return cli_misused(
		    "--expect and --accept-damage: only one of them");
	if (restore_read(cli, &restore, operands[0], &err) == -1) {
		result = cli_fail(&err);
		if (err.code == ERROR_CORRUPT)
			result = COMMAND_NO;
	} else if (restore.wanted->check) {
		restore_say(&restore, NULL);
	} else {
		result = restore_replace(&restore, &err);
	}
	restore_close(&restore);
	return result;
}

const struct command_form restore_form = {
	restore_options,
	sizeof(struct restore_values),
	restore_run,
};
