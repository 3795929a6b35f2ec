#include "collectors/kruxosd/retention.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"
#include "log/logfile.h"

#include <errno.h>
#include <fcntl.h>

enum {
	SLICE_BYTES = 2 << 20, /* counted a tick: some milliseconds */
	KEPT_FILES = 2,	       /* at least */
	REMOVALS_A_DAY = 2,
};

#define LOOK_EVERY USEC_PER_HOUR
#define LOOK_FIRST USEC_PER_MIN

enum step {
	RETENTION_IDLE,
	RETENTION_COUNTING,
	RETENTION_RECORDING, /* the entry waits for its sync */
	RETENTION_REMOVING,  /* it is durable; the file must go */
};

struct retention {
	struct retention_parts parts;
	unsigned days;
	enum step step;
	usec_t next;	/* CLOCK_BOOTTIME; when to go on */
	bool said_more; /* that more are due than may go */
	bool is_held;
	usec_t removed_at[REMOVALS_A_DAY]; /* in this process, if no state */

	/* The file under way. */
	char file[LOGFILE_NAME_SIZE];
	uint64_t length;
	int fd;		   /* -1: not open */
	uint64_t offset;   /* counted so far */
	uint64_t next_seq; /* the first of the file behind it */
	unsigned char last_hash[SHA256_BYTES];
	struct state_removed removed; /* all, this file among them */
	bool is_counted;	      /* in `removed`: it came back */
};

struct retention *
retention_new(const struct retention_parts *parts)
{
	struct retention *retention = memory_new(sizeof(*retention));

	retention->parts = *parts;
	retention->fd = -1;
	retention->next = clock_boottime(parts->clock) + LOOK_FIRST;
	return retention;
}

static void
close_file(struct retention *retention)
{
	struct disk *disk = retention->parts.disk;

	if (retention->fd != -1)
		disk->close(disk, retention->fd);
	retention->fd = -1;
}

void
retention_free(struct retention *retention)
{
	if (retention == NULL)
		return;
	close_file(retention);
	free(retention);
}

void
retention_set_days(struct retention *retention, unsigned days)
{
	retention->days = days;
}

static void
wait_for(struct retention *retention, usec_t duration)
{
	retention->next = clock_boottime(retention->parts.clock) + duration;
}

/* It is tried again in an hour, from the beginning. */
static void
give_up(struct retention *retention, const struct error *err)
{
	diag(DIAG_ERROR, "retention: %s", err->sentence);
	close_file(retention);
	retention->step = RETENTION_IDLE;
	wait_for(retention, LOOK_EVERY);
}

/* --- which file -------------------------------------------------------- */

/* Days that the log has files of behind its first file's. */
static size_t
days_behind_first(const struct logfile_list *list)
{
	size_t days = 0;

	for (size_t i = 1; i < list->count; i++)
		if (memcmp(list->files[i].name, list->files[i - 1].name,
			CLOCK_DATE_SIZE - 1) != 0)
			days++;
	return days;
}

static bool
is_due(const struct retention *retention, const struct logfile_list *list)
{
	return retention->days > 0 && list->count > KEPT_FILES &&
	       days_behind_first(list) >= retention->days;
}

/* How many have gone in the last 24 h: what state.db remembers, and what this
 * process does, should state.db be of no use. */
static uint64_t
count_removals(struct retention *retention)
{
	usec_t now = clock_boottime(retention->parts.clock);
	usec_t since = now > USEC_PER_DAY ? now - USEC_PER_DAY : 0;
	uint64_t known = 0, own = 0;
	struct error ignored;

	(void)state_count_removals(
	    retention->parts.state, since, &known, &ignored);
	for (size_t i = 0; i < REMOVALS_A_DAY; i++)
		if (retention->removed_at[i] > since)
			own++;
	return known > own ? known : own;
}

static bool
may_remove(struct retention *retention)
{
	if (count_removals(retention) < REMOVALS_A_DAY) {
		retention->said_more = false;
		return true;
	}
	if (!retention->said_more)
		diag(DIAG_WARNING,
		    "retention: more files are due than the %d that may go in "
		    "24 h; is retention_days as it should be, and the clock?",
		    REMOVALS_A_DAY);
	retention->said_more = true;
	return false;
}

/* The file behind says where this one ended. */
static int
read_successor(struct retention *retention, const char *name, struct error *err)
{
	const struct retention_parts *parts = &retention->parts;
	struct disk *disk = parts->disk;
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	int fd = disk->openat(
	    disk, parts->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	struct logfile_open open;
	struct entry entry;
	const char *newline;
	ssize_t got;

	if (fd == -1)
		return error_set_errno(err, "%s: open", name);
	buf_reserve(&line, ENTRY_LINE_BYTES);
	got = disk_read_all(disk, fd, line.data, ENTRY_LINE_BYTES, 0);
	disk->close(disk, fd);
	if (got == -1)
		return error_set_errno(err, "%s: read", name);
	newline = memchr(line.data, '\n', (size_t)got);
	if (newline == NULL)
		return error_set(err, ERROR_CORRUPT, "%s: no line", name);
	if (entry_parse(
		(struct slice){ line.data, (size_t)(newline - line.data) },
		&entry, err) == -1 ||
	    logfile_parse_open(entry.request, &arena, &open, err) == -1)
		return error_prefix(err, "%s", name);
	if (!slice_is(open.previous, retention->file))
		return error_set(err, ERROR_CORRUPT,
		    "%s does not name %s as the file before it", name,
		    retention->file);
	retention->next_seq = entry.seq;
	memcpy(retention->last_hash, open.previous_hash, SHA256_BYTES);
	return 0;
}

static int
begin_counting(struct retention *retention, const struct logfile_list *list,
    struct error *err)
{
	const struct retention_parts *parts = &retention->parts;
	const struct logfile *file = &list->files[0];
	struct disk *disk = parts->disk;

	memcpy(retention->file, file->name, sizeof(retention->file));
	retention->length = file->length;
	retention->offset = 0;
	if (read_successor(retention, list->files[1].name, err) == -1)
		return -1;
	/* Without state.db the totals begin anew: the log has the old ones. */
	if (state_read_removed(parts->state, &retention->removed, err) == -1)
		retention->removed = (struct state_removed){ 0 };
	/* A disk that did not keep its removal has given it back. The entry is
	 * said again, so that the chain begins with one; its lines count
	 * once. */
	retention->is_counted =
	    retention->removed.through_seq == retention->next_seq - 1;
	retention->fd = disk->openat(
	    disk, parts->dir, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (retention->fd == -1)
		return error_set_errno(err, "%s: open", file->name);
	retention->step = RETENTION_COUNTING;
	return 0;
}

static void
look(struct retention *retention)
{
	cleanup(logfile_list_free) struct logfile_list list = { 0 };
	struct error err;

	wait_for(retention, LOOK_EVERY);
	if (retention->days == 0)
		return;
	if (logfile_list_read(retention->parts.dir, &list, &err) == -1)
		give_up(retention, &err);
	else if (is_due(retention, &list) && may_remove(retention) &&
		 begin_counting(retention, &list, &err) == -1)
		give_up(retention, &err);
}

/* --- counting ---------------------------------------------------------- */

static void
count_line(struct state_removed *removed, struct slice line)
{
	struct entry entry;
	struct error ignored;

	removed->entries++;
	if (entry_parse(line, &entry, &ignored) == -1)
		return; /* damaged; it counts as one */
	if (entry.actor == ENTRY_AGENT)
		removed->agent_entries++;
	if (slice_is(entry.capability, "session.start"))
		removed->sessions++;
	if (entry.tier != ENTRY_NO_TIER)
		removed->evaluations++;
	if (entry.status == ENTRY_ERROR)
		removed->errors++;
	if (entry.status == ENTRY_DENIED)
		removed->denied++;
}

/* Count the whole lines of the next slice. */
static int
count_slice(struct retention *retention, struct error *err)
{
	struct disk *disk = retention->parts.disk;
	uint64_t left = retention->length - retention->offset;
	size_t want = left < SLICE_BYTES ? (size_t)left : SLICE_BYTES;
	cleanup(buf_free) struct buf slice = BUF_INIT;
	size_t at = 0;
	ssize_t got;

	buf_reserve(&slice, want);
	got = disk_read_all(
	    disk, retention->fd, slice.data, want, (off_t)retention->offset);
	if (got == -1)
		return error_set_errno(err, "%s: read", retention->file);
	while (at < (size_t)got) {
		const char *from = slice.data + at;
		const char *newline = memchr(from, '\n', (size_t)got - at);

		if (newline == NULL)
			break;
		if (!retention->is_counted)
			count_line(&retention->removed,
			    (struct slice){ from, (size_t)(newline - from) });
		at += (size_t)(newline - from) + 1;
	}
	/* A piece without a line's end is damage, and counts as nothing. */
	if (at == 0)
		at = want;
	retention->offset += at;
	if ((size_t)got < want)
		retention->offset = retention->length;
	return 0;
}

/* --- the entry, and the file ------------------------------------------- */

static void
write_totals(struct json_writer *json, const struct state_removed *removed)
{
	json_writer_key(json, "removed");
	json_writer_object(json);
	json_writer_pair_u64(json, "files", removed->files);
	json_writer_pair_u64(json, "bytes", removed->bytes);
	json_writer_pair_u64(json, "entries", removed->entries);
	json_writer_pair_u64(json, "agent_entries", removed->agent_entries);
	json_writer_pair_u64(json, "sessions", removed->sessions);
	json_writer_pair_u64(json, "evaluations", removed->evaluations);
	json_writer_pair_u64(json, "errors", removed->errors);
	json_writer_pair_u64(json, "denied", removed->denied);
	json_writer_end_object(json);
}

static void
remove_file(struct retention *retention)
{
	const struct retention_parts *parts = &retention->parts;
	struct disk *disk = parts->disk;

	if ((disk->unlinkat(disk, parts->dir, retention->file) == -1 &&
		errno != ENOENT) ||
	    disk->fsync(disk, parts->dir) == -1) {
		diag(DIAG_ERROR, "retention: %s/%s: %m", parts->audit_dir,
		    retention->file);
		wait_for(retention, USEC_PER_MIN);
		return;
	}
	diag(DIAG_NOTICE,
	    "retention: %s has left the log, which begins at "
	    "entry %llu now",
	    retention->file, (unsigned long long)retention->next_seq);
	retention->step = RETENTION_IDLE;
	wait_for(retention, USEC_PER_MIN); /* there may be another */
	parts->on_removed(parts->context, retention->next_seq);
}

static void
begin_removing(struct retention *retention)
{
	usec_t now = clock_boottime(retention->parts.clock);
	struct error err;

	memmove(&retention->removed_at[1], &retention->removed_at[0],
	    sizeof(retention->removed_at) - sizeof(retention->removed_at[0]));
	retention->removed_at[0] = now;
	retention->step = RETENTION_REMOVING;
	if (state_set_removed(
		retention->parts.state, &retention->removed, now, &err) == -1)
		diag(DIAG_ERROR, "retention: %s", err.sentence);
	remove_file(retention);
}

static void
on_durable(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct retention *retention = context;

	(void)tag;
	(void)seq;
	if (err != NULL)
		give_up(retention, err);
	else
		begin_removing(retention);
}

static void
record(struct retention *retention)
{
	struct state_removed *removed = &retention->removed;
	struct commit_waiter waiter = { on_durable, retention, 0 };
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct json_writer json;
	struct error err;

	close_file(retention);
	removed->through_seq = retention->next_seq - 1;
	if (!retention->is_counted) {
		removed->files++;
		removed->bytes += retention->length;
	}
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "file", retention->file);
	json_writer_pair_u64(&json, "last_seq", removed->through_seq);
	json_writer_key(&json, "last_hash");
	json_writer_hex(&json, retention->last_hash, SHA256_BYTES);
	write_totals(&json, removed);
	json_writer_end_object(&json);
	buf_addf(&summary, "%s leaves the log, which keeps %u days",
	    retention->file, retention->days);
	retention->step = RETENTION_RECORDING;
	if (commit_add_system(retention->parts.commit, "log.retention",
		ENTRY_SUCCESS, summary.data, buf_slice(&request), &waiter,
		&err) == -1)
		give_up(retention, &err);
}

void
retention_set_held(struct retention *retention, bool is_held)
{
	retention->is_held = is_held;
}

void
retention_tick(struct retention *retention)
{
	struct error err;

	if (retention->is_held)
		return;
	if (retention->step == RETENTION_COUNTING) {
		if (count_slice(retention, &err) == -1)
			give_up(retention, &err);
		else if (retention->offset >= retention->length)
			record(retention);
		return;
	}
	if (clock_boottime(retention->parts.clock) < retention->next)
		return;
	if (retention->step == RETENTION_IDLE)
		look(retention);
	else if (retention->step == RETENTION_REMOVING)
		remove_file(retention);
}

/* --- redo -------------------------------------------------------------- */

static int
read_u64(const struct json_reader *reader, const struct json_node *object,
    const char *key, uint64_t *ret, struct error *err)
{
	const struct json_node *node =
	    object == NULL ? NULL : json_reader_member(reader, object, key);

	if (node == NULL || node->type != JSON_NUMBER ||
	    number_parse_u64(node->text, 0, INT64_MAX, ret) == -1)
		return error_set_field(err, ERROR_CORRUPT, key,
		    "log.retention: %s is missing or no number", key);
	return 0;
}

static int
read_totals(const struct json_reader *reader, struct state_removed *removed,
    struct error *err)
{
	const struct json_node *totals =
	    json_reader_member(reader, reader->nodes, "removed");
	const struct {
		const char *key;
		uint64_t *value;
	} fields[] = {
		{ "files", &removed->files },
		{ "bytes", &removed->bytes },
		{ "entries", &removed->entries },
		{ "agent_entries", &removed->agent_entries },
		{ "sessions", &removed->sessions },
		{ "evaluations", &removed->evaluations },
		{ "errors", &removed->errors },
		{ "denied", &removed->denied },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (read_u64(reader, totals, fields[i].key, fields[i].value,
			err) == -1)
			return -1;
	return read_u64(
	    reader, reader->nodes, "last_seq", &removed->through_seq, err);
}

int
retention_redo(
    struct retention *retention, const struct entry *entry, struct error *err)
{
	const struct retention_parts *parts = &retention->parts;
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	const struct json_node *file;
	struct state_removed removed = { 0 };
	usec_t day;
	unsigned part;

	if (json_reader_read(&reader, entry->request, err) == -1 ||
	    read_totals(&reader, &removed, err) == -1)
		return -1;
	file = json_reader_member(&reader, reader.nodes, "file");
	if (file == NULL || file->type != JSON_STRING ||
	    !logfile_parse_name(file->text, &day, &part))
		return error_set_field(err, ERROR_CORRUPT, "file",
		    "log.retention: file is no name of a day file");
	logfile_name(day, part, retention->file);
	if (faccessat(parts->dir, retention->file, F_OK, AT_SYMLINK_NOFOLLOW) ==
		-1 &&
	    errno == ENOENT)
		return 0;
	retention->next_seq = removed.through_seq + 1;
	retention->removed = removed;
	begin_removing(retention);
	return 0;
}
