/* chain_verify(): the log as a whole, file by file (chain.h). */
#include "log/chain.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "log/chain_ahead.h"
#include "log/chain_fault.h"
#include "log/chain_internal.h"
#include "log/cursor.h"

#include <errno.h>
#include <fcntl.h>

struct verification {
	const struct chain_options *options;
	struct chain_ahead *ahead;
	struct chain *chain; /* NULL before the first line */
	const struct logfile_list *list;
	size_t index; /* the file under way */
	const struct logfile
	    *before;	      /* the file of the last line, if another */
	uint64_t line;	      /* lines of it that were seen */
	uint64_t offset;      /* of the line that comes next */
	uint64_t total_bytes; /* of all files */
	uint64_t first_seq;
	size_t first_index; /* the file it stands in */
	bool is_stopped;    /* by on_progress */
	bool is_through;    /* no more needs to be read */
	bool is_expected;   /* options->expect_seq was seen, and is right */
	struct chain_result *result;
};

static void
verification_end(struct verification *verification)
{
	chain_ahead_free(verification->ahead);
	chain_free(verification->chain);
}

/* The first line of a file says truly what came before it. */
static int
check_open(struct verification *verification, const struct entry *entry,
    struct chain_fault *fault)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	const struct logfile *before = verification->before;
	struct logfile_open open;
	struct error err = { 0 };

	if (!slice_is(entry->capability, "log.open") ||
	    entry->actor != ENTRY_SYSTEM)
		return chain_fault_set(fault, "log.open",
		    "log.open at the head of the file", "%.*s",
		    SLICE_ARG(entry->capability));
	if (logfile_parse_open(entry->request, &arena, &open, &err) == -1)
		return chain_fault_set(
		    fault, "log.open", "its request", "%s", err.sentence);
	if (open.format != ENTRY_FORMAT_VERSION)
		return chain_fault_set_u64(
		    fault, "format", ENTRY_FORMAT_VERSION, open.format);
	if (entry->seq == 1 && open.previous.len > 0)
		return chain_fault_set(fault, "previous",
		    "nothing before the first entry of all", "%.*s",
		    SLICE_ARG(open.previous));
	if (before != NULL && !slice_is(open.previous, before->name))
		return chain_fault_set(fault, "previous", before->name, "%.*s",
		    SLICE_ARG(open.previous));
	if (entry->seq > 1 && open.previous_seq != entry->seq - 1)
		return chain_fault_set_u64(
		    fault, "previous_seq", entry->seq - 1, open.previous_seq);
	if (entry->seq > 1 &&
	    memcmp(open.previous_hash, entry->prev_hash, SHA256_BYTES) != 0)
		return chain_fault_set_hash(fault, "previous_hash",
		    entry->prev_hash, open.previous_hash);
	if (before != NULL && open.previous_bytes > before->size)
		return chain_fault_set_u64(
		    fault, "previous_bytes", open.previous_bytes, before->size);
	return 0;
}

static int
check_expected(struct verification *verification, const struct entry *entry,
    struct chain_fault *fault)
{
	const struct chain_options *options = verification->options;

	if (entry->seq != options->expect_seq)
		return 0;
	if (memcmp(entry->entry_hash, options->expect_hash, SHA256_BYTES) != 0)
		return chain_fault_set_hash(fault, "expected entry_hash",
		    options->expect_hash, entry->entry_hash);
	verification->is_expected = true;
	return 0;
}

/* Was options->through_seq seen? What says why the log begins where it does may
 * stand behind it: so that is read on for, and what does not hold there is
 * nobody's business. */
static bool
is_behind(const struct verification *verification)
{
	uint64_t through_seq = verification->options->through_seq;

	return through_seq != 0 && verification->chain != NULL &&
	       verification->chain->next_seq > through_seq;
}

static int
verify_line(struct verification *verification, struct slice line,
    struct chain_fault *fault)
{
	static const unsigned char zeros[SHA256_BYTES];
	struct entry entry;

	if (verification->chain == NULL) {
		struct error err = { 0 };

		if (entry_parse(line, &entry, &err) == -1)
			return chain_fault_set(fault, "format",
			    "a line of the log's format, version 1", "%s",
			    err.sentence);
		verification->chain = chain_new(
		    entry.seq, entry.seq == 1 ? zeros : entry.prev_hash);
		verification->first_seq = entry.seq;
		verification->first_index = verification->index;
	}
	if (chain_parse_line(verification->chain, line, &entry, fault) == -1 ||
	    (verification->line == 0 &&
		check_open(verification, &entry, fault) == -1) ||
	    chain_add_entry(verification->chain, &entry, fault) == -1 ||
	    check_expected(verification, &entry, fault) == -1)
		return -1;
	verification->is_through =
	    is_behind(verification) && verification->chain->is_vouched;
	return 0;
}

static void
fault_place(const struct verification *verification, struct chain_fault *fault)
{
	memcpy(fault->file, verification->list->files[verification->index].name,
	    sizeof(fault->file));
	fault->line = verification->line + 1;
	fault->offset = verification->offset;
	if (fault->seq == 0)
		fault->seq = verification->chain == NULL
				 ? 1
				 : verification->chain->next_seq;
}

/* Up to the first line that does not hold, with `fault` filled. */
static void
verify_lines(struct verification *verification, struct slice lines,
    struct chain_fault *fault)
{
	struct slice line;

	while (!verification->is_through && slice_take_line(&lines, &line)) {
		if (verify_line(verification, line, fault) == -1) {
			fault_place(verification, fault);
			return;
		}
		verification->line++;
		verification->offset += line.len + 1;
	}
}

/* The lines of `block` as a whole, if a thread found them to be a chain that
 * goes on here, and none of them is asked for. The first line of a file is
 * looked at by itself. */
static bool
verify_at_once(
    struct verification *verification, const struct chain_ahead_block *block)
{
	const struct chain_options *options = verification->options;
	const struct chain *lines = block->chain;
	uint64_t before_seq, last_seq;

	if (lines == NULL || verification->line == 0)
		return false;
	before_seq = lines->before_seq;
	last_seq = before_seq + lines->entries;
	if ((options->through_seq != 0 && options->through_seq <= last_seq) ||
	    (options->expect_seq > before_seq &&
		options->expect_seq <= last_seq) ||
	    !chain_join(verification->chain, lines))
		return false;
	verification->line += lines->entries;
	verification->offset += block->lines.len;
	return true;
}

/* 0: no line of it holds. */
static uint64_t
last_good_seq(const struct verification *verification)
{
	const struct chain *chain = verification->chain;

	return chain == NULL || chain->entries == 0 ? 0 : chain->next_seq - 1;
}

static void
report_progress(struct verification *verification, uint64_t bytes)
{
	const struct chain_options *options = verification->options;

	verification->result->bytes += bytes;
	if (options->on_progress != NULL &&
	    !options->on_progress(options->context, last_good_seq(verification),
		verification->result->bytes, verification->total_bytes))
		verification->is_stopped = true;
}

/* Bytes at the end of a file that are no whole line. */
static void
verify_rest(struct verification *verification, struct slice rest,
    struct chain_fault *fault)
{
	if (rest.len == 0)
		return;
	fault->seq = 0; /* that of the line before was left there */
	chain_fault_set(fault, "format", "a whole line, ending in a newline",
	    "%zu bytes without one", rest.len);
	fault_place(verification, fault);
}

/* Verify the file `fd` up to `length`. On a fault it stops; the bytes from
 * there on are at `verification->offset`. */
static int
verify_file(struct verification *verification, int fd, uint64_t length,
    struct chain_fault *fault, struct error *err)
{
	const struct chain_ahead_block *block;

	chain_ahead_begin(verification->ahead, fd, length);
	while ((block = chain_ahead_next(verification->ahead)) != NULL) {
		if (block->errnum != 0) {
			errno = block->errnum;
			return error_set_errno(err, "%s",
			    verification->list->files[verification->index]
				.name);
		}
		if (!verify_at_once(verification, block))
			verify_lines(verification, block->lines, fault);
		report_progress(verification, block->got);
		if (fault->what != NULL || verification->is_stopped ||
		    verification->is_through)
			return 0;
		if (block->is_last)
			verify_rest(verification, block->rest, fault);
	}
	return 0;
}

/* Can what stands in the file `index` from `offset` on be the rest of an
 * unfinished write? */
static int
is_torn(const struct verification *verification, size_t index, int fd,
    uint64_t offset, bool *ret_is_torn, struct error *err)
{
	const struct logfile *file = &verification->list->files[index];
	const struct chain *chain = verification->chain;
	cleanup(buf_free) struct buf tail = BUF_INIT;
	uint64_t length = file->size - offset;
	ssize_t got;

	*ret_is_torn = false;
	if (length > CHAIN_TORN_BYTES)
		return 0;
	buf_reserve(&tail, (size_t)length);
	got = disk_read_all(
	    &disk_system, fd, tail.data, (size_t)length, (off_t)offset);
	if (got == -1)
		return error_set_errno(err, "%s", file->name);
	buf_set_len(&tail, (size_t)got);
	*ret_is_torn =
	    got == 0 ||
	    chain_is_torn(buf_slice(&tail),
		chain == NULL ? 0 : chain->last_recorded_at,
		last_good_seq(verification), verification->options->synced_seq);
	return 0;
}

/* A fault in the last file may be a torn tail: is it? Files behind it that the
 * same unfinished write could not even begin do not count. */
static int
judge_tail(struct verification *verification, int dir, int fd,
    const struct chain_fault *fault, struct error *err)
{
	const struct logfile_list *list = verification->list;
	struct chain_result *result = verification->result;
	uint64_t bytes = list->files[verification->index].size - fault->offset;
	bool torn;

	if (is_torn(verification, verification->index, fd, fault->offset, &torn,
		err) == -1)
		return -1;
	for (size_t i = verification->index + 1; torn && i < list->count; i++) {
		cleanup(cleanup_close) int behind =
		    openat(dir, list->files[i].name, LOGFILE_READ);

		if (behind == -1)
			return error_set_errno(err, "%s", list->files[i].name);
		if (list->files[i].first_seq != 0)
			torn = false;
		else if (is_torn(verification, i, behind, 0, &torn, err) == -1)
			return -1;
		bytes += list->files[i].size;
	}
	if (torn) {
		result->is_torn = true;
		result->torn_bytes = bytes;
	}
	return 0;
}

/* What only the whole log can tell: is every gap vouched for? */
static void
verify_debts(struct verification *verification, struct chain_fault *fault)
{
	const struct chain *chain = verification->chain;
	const struct chain_options *options = verification->options;
	struct chain_result *result = verification->result;

	if (chain == NULL || chain->entries == 0)
		return;
	result->erased = chain->erased;
	if (!chain->is_vouched) {
		chain_fault_set(fault, "log.retention",
		    "an entry that says why the log begins here",
		    "none, and the first seq is %llu",
		    (unsigned long long)verification->first_seq);
		memcpy(fault->file,
		    verification->list->files[verification->first_index].name,
		    sizeof(fault->file));
		fault->line = 1;
		fault->seq = verification->first_seq;
		return;
	}
	for (size_t i = 0; i < chain->waiting_count; i++) {
		/* The eraser may lie behind what was asked for. */
		if (verification->is_through &&
		    chain->waiting[i].by > options->through_seq) {
			result->erased++;
			continue;
		}
		chain_fault_set(fault, "erased_by",
		    "an audit.erase entry that names this seq",
		    "%llu, which does not",
		    (unsigned long long)chain->waiting[i].by);
		fault->seq = chain->waiting[i].seq;
		return;
	}
	if (options->expect_seq != 0 && !verification->is_expected) {
		chain_fault_set_u64(fault, "expected seq", options->expect_seq,
		    chain->next_seq - 1);
		fault_place(verification, fault);
	}
}

/* Does the log reach as far as somebody knows that it did? Of what is missing
 * there is no place in the files. */
static void
verify_end(const struct verification *verification, struct chain_fault *fault)
{
	uint64_t synced_seq = verification->options->synced_seq;
	uint64_t last_seq = last_good_seq(verification);

	if (last_seq >= synced_seq)
		return;
	fault->seq = last_seq + 1;
	chain_fault_set(
	    fault, "last seq", "", "%llu", (unsigned long long)last_seq);
	snprintf(fault->expected, sizeof(fault->expected),
	    "%llu, which the daemon knows as recorded",
	    (unsigned long long)synced_seq);
}

/* The place of the entry that a fault is about, by its seq. */
static int
locate_fault(
    const char *audit_dir, struct chain_fault *fault, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(audit_dir, err);
	struct cursor_line line;

	int result;

	if (cursor == NULL || cursor_seek(cursor, fault->seq, err) == -1)
		return -1;
	result = cursor_next(cursor, UINT64_MAX, &line, err);
	if (result == 0)
		return error_set(err, ERROR_BUSY, "the log has changed");
	if (result == -1)
		return -1;
	snprintf(fault->file, sizeof(fault->file), "%s", line.file);
	fault->offset = line.offset;
	fault->line = 1;
	while (line.offset > 0) {
		result = cursor_previous(cursor, &line, err);
		if (result == -1)
			return -1;
		if (line.offset < fault->offset)
			fault->line++;
	}
	return 0;
}

static int
verify_files(struct verification *verification, int dir,
    struct chain_fault *fault, struct error *err)
{
	const struct logfile_list *list = verification->list;

	for (size_t i = 0; i < list->count; i++) {
		cleanup(cleanup_close) int fd =
		    openat(dir, list->files[i].name, LOGFILE_READ);

		if (fd == -1)
			return error_set_errno(err, "%s", list->files[i].name);
		verification->index = i;
		verification->line = 0;
		verification->offset = 0;
		if (verify_file(verification, fd, list->files[i].length, fault,
			err) == -1)
			return -1;
		if (verification->is_stopped)
			return error_set(err, ERROR_BUSY, "stopped");
		verification->result->files++;
		if (fault->what != NULL && is_behind(verification)) {
			*fault = (struct chain_fault){ 0 };
			return 0;
		}
		if (fault->what != NULL)
			return judge_tail(verification, dir, fd, fault, err);
		if (verification->line > 0)
			verification->before = &list->files[i];
		if (verification->is_through)
			return 0;
	}
	return 0;
}

static void
fill_result(struct verification *verification, const struct chain_fault *fault)
{
	struct chain_result *result = verification->result;
	const struct chain *chain = verification->chain;

	if (chain != NULL && chain->entries > 0) {
		result->first_seq = verification->first_seq;
		result->last_seq = chain->next_seq - 1;
		memcpy(result->last_hash, chain->last_hash, SHA256_BYTES);
		result->last_recorded_at = chain->last_recorded_at;
		result->entries = chain->entries;
	}
	result->is_whole = fault->what == NULL;
	result->fault = *fault;
}

int
chain_verify(const char *audit_dir, const struct chain_options *options,
    struct chain_result *ret_result, struct error *err)
{
	cleanup(logfile_list_free) struct logfile_list list = { 0 };
	cleanup(cleanup_close) int dir =
	    open(audit_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct chain_result result = { 0 };
	struct chain_fault fault = { 0 };
	cleanup(verification_end) struct verification verification = {
		.options = options,
		.list = &list,
		.result = &result,
	};
	int status;

	if (dir == -1)
		return error_set_errno(err, "%s", audit_dir);
	if (logfile_list_read(dir, &list, err) == -1)
		return error_prefix(err, "%s", audit_dir);
	for (size_t i = 0; i < list.count; i++)
		verification.total_bytes += list.files[i].length;
	verification.ahead =
	    chain_ahead_new(options->threads, options->block_bytes);
	status = verify_files(&verification, dir, &fault, err);
	if (status == -1)
		return error_prefix(err, "%s", audit_dir);
	if (fault.what == NULL || result.is_torn) {
		struct chain_fault debt = { 0 };

		verify_debts(&verification, &debt);
		if (debt.what != NULL && debt.file[0] == '\0' &&
		    locate_fault(audit_dir, &debt, err) == -1)
			return -1;
		if (debt.what == NULL)
			verify_end(&verification, &debt);
		if (debt.what != NULL)
			result.is_torn = false;
		fault = debt;
	}
	fill_result(&verification, &fault);
	*ret_result = result;
	return 0;
}
