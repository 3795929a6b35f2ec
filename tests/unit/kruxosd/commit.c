#include "collectors/kruxosd/commit.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include <limits.h>

static int
setup(void **state)
{
	struct rig *rig = memory_new(sizeof(*rig));
	struct error err;

	rig_init(rig);
	assert_int_equal(rig_start(rig, &err), 0);
	*state = rig;
	return 0;
}

static int
teardown(void **state)
{
	rig_free(*state);
	free(*state);
	return 0;
}

static usec_t
recorded_at(struct rig *rig, uint64_t seq)
{
	struct error err;
	struct cursor *cursor = cursor_open(rig->model.path, &err);
	struct cursor_line line;
	usec_t time;
	uint64_t found;

	assert_non_null(cursor);
	assert_int_equal(cursor_seek(cursor, seq, &err), 0);
	assert_int_equal(cursor_next(cursor, UINT64_MAX, &line, &err), 1);
	assert_int_equal(entry_parse_front(line.line, &found, &time, &err), 0);
	assert_int_equal(found, seq);
	cursor_free(cursor);
	return time;
}

static void
a_new_log_begins_with_log_open_and_acknowledges_in_order(void **state)
{
	struct rig *rig = *state;

	rig_commit(rig, 3);
	assert_int_equal(rig->seq_of[0], 2);
	assert_int_equal(rig->seq_of[1], 3);
	assert_int_equal(rig->seq_of[2], 4);
	assert_int_equal(rig_count(rig, "log.open"), 1);
	assert_true(rig_verify(rig).is_whole);
	assert_true(rig_holds_all(rig));
}

static void
nothing_is_told_before_the_sync(void **state)
{
	struct rig *rig = *state;
	struct error err;

	assert_int_equal(rig_add(rig, &err), 0);
	assert_int_equal(rig->told, 0);
	assert_int_equal(commit_head(rig->commit)->seq, 0);
	commit_flush(rig->commit);
	assert_int_equal(rig->told, 1);
	assert_int_equal(commit_head(rig->commit)->seq, 2);
}

static void
a_batch_carries_one_time_and_the_next_a_later_one(void **state)
{
	struct rig *rig = *state;
	struct error err;

	for (int batch = 0; batch < 3; batch++) {
		assert_int_equal(rig_add(rig, &err), 0);
		assert_int_equal(rig_add(rig, &err), 0);
		commit_flush(rig->commit); /* the clock stands still */
	}
	assert_int_equal(recorded_at(rig, 2), recorded_at(rig, 3));
	assert_int_equal(recorded_at(rig, 4), recorded_at(rig, 3) + 1);
	assert_int_equal(recorded_at(rig, 5), recorded_at(rig, 4));
	assert_int_equal(recorded_at(rig, 6), recorded_at(rig, 5) + 1);
	assert_int_equal(rig_count(rig, "log.clock"), 0);
}

static void
the_same_line_again_is_told_the_seq_of_the_first(void **state)
{
	struct rig *rig = *state;
	struct entry entry = maker_entry();
	struct commit_waiter first = { rig_on_commit, rig, 0 };
	struct commit_waiter again = { rig_on_commit, rig, 1 };
	uint64_t ticket;
	struct error err;

	assert_int_equal(commit_add_json(rig->commit, &entry, NULL,
			     (struct slice){ NULL, 0 }, &first, &ticket, &err),
	    0);
	assert_int_equal(
	    commit_add_again(rig->commit, ticket, &again, &err), 0);
	commit_flush(rig->commit);
	assert_int_equal(rig->seq_of[0], 2);
	assert_int_equal(rig->seq_of[1], 2);
	assert_int_equal(
	    commit_add_again(rig->commit, ticket, &again, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

struct adder {
	struct rig *rig;
	int result;
};

static void
add_another(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct adder *adder = context;
	struct error ignored;

	(void)tag;
	(void)seq;
	(void)err;
	adder->result = rig_add(adder->rig, &ignored);
}

static void
a_waiter_may_add_to_the_next_batch(void **state)
{
	struct rig *rig = *state;
	struct adder adder = { rig, -1 };
	struct commit_waiter waiter = { add_another, &adder, 0 };
	struct entry entry = maker_entry();
	struct error err;

	assert_int_equal(commit_add_json(rig->commit, &entry, NULL,
			     (struct slice){ NULL, 0 }, &waiter, NULL, &err),
	    0);
	commit_flush(rig->commit);
	assert_int_equal(adder.result, 0);
	assert_int_equal(rig->told, 0);
	commit_flush(rig->commit);
	assert_int_equal(rig->seq_of[0], 3);
	assert_true(rig_verify(rig).is_whole);
}

static void
a_batch_is_full_by_its_bytes(void **state)
{
	struct rig *rig = *state;
	struct commit_entry entry = { .entry = maker_entry() };
	size_t line_bytes = 0;
	struct error err;

	while (!commit_is_full(rig->commit)) {
		size_t before = rig->commit->batch.lines.len;

		assert_int_equal(
		    commit_add(rig->commit, &entry, NULL, NULL, &err), 0);
		line_bytes = rig->commit->batch.lines.len - before;
	}
	assert_in_range(rig->commit->batch.lines.len, COMMIT_BATCH_BYTES,
	    COMMIT_BATCH_BYTES + line_bytes - 1);
	assert_int_equal(commit_add(rig->commit, &entry, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	commit_flush(rig->commit);
	assert_int_equal(commit_add(rig->commit, &entry, NULL, NULL, &err), 0);
	assert_false(commit_is_full(rig->commit));
}

static void
a_batch_is_full_after_two_milliseconds(void **state)
{
	struct rig *rig = *state;
	struct error err;

	rig_advance(rig, USEC_PER_SEC);
	assert_false(commit_is_full(rig->commit));
	assert_int_equal(rig_add(rig, &err), 0);
	rig_advance(rig, 1999);
	assert_false(commit_is_full(rig->commit));
	rig_advance(rig, 1);
	assert_true(commit_is_full(rig->commit));
}

static void
a_batch_that_somebody_waits_for_is_full_after_the_time_of_a_flush(void **state)
{
	struct rig *rig = *state;
	struct error err;

	rig->commit->flush_took = 300;
	assert_int_equal(rig_add(rig, &err), 0);
	commit_hurry(rig->commit);
	rig_advance(rig, 299);
	assert_false(commit_is_full(rig->commit));
	rig_advance(rig, 1);
	assert_true(commit_is_full(rig->commit));
	commit_flush(rig->commit);
	assert_int_equal(rig->commit->flush_took, 0); /* of this clock */

	/* The next one is another matter; and 2 ms are the bound. */
	assert_int_equal(rig_add(rig, &err), 0);
	assert_false(commit_is_full(rig->commit));
	rig->commit->flush_took = USEC_PER_SEC;
	commit_hurry(rig->commit);
	assert_false(commit_is_full(rig->commit));
	rig_advance(rig, 2 * USEC_PER_MSEC);
	assert_true(commit_is_full(rig->commit));
}

static void
each_day_has_a_file_that_names_the_one_before(void **state)
{
	struct rig *rig = *state;
	struct chain_result result;

	rig_commit(rig, 2);
	rig_advance(rig, USEC_PER_DAY);
	rig_commit(rig, 2);
	result = rig_verify(rig);
	assert_true(result.is_whole);
	assert_int_equal(result.files, 2);
	assert_int_equal(result.entries, 6);
	assert_string_equal(log_writer_name(rig->writer), "2026-11-24.jsonl");
}

static void
midnight_falls_between_two_batches_never_within_one(void **state)
{
	struct rig *rig = *state;
	struct error err;

	rig->clock.realtime = MAKER_DAY + USEC_PER_DAY - 1;
	assert_int_equal(rig_add(rig, &err), 0);
	rig_advance(rig, 2);
	assert_int_equal(rig_add(rig, &err), 0);
	commit_flush(rig->commit);
	assert_string_equal(log_writer_name(rig->writer), "2026-11-23.jsonl");
	rig_commit(rig, 1);
	assert_string_equal(log_writer_name(rig->writer), "2026-11-24.jsonl");
	assert_true(rig_verify(rig).is_whole);
}

static void
a_clock_that_steps_back_is_said_once_and_time_goes_on(void **state)
{
	struct rig *rig = *state;

	rig_commit(rig, 1);
	rig->clock.realtime -= USEC_PER_HOUR;
	rig_commit(rig, 1);
	rig_commit(rig, 1);
	assert_int_equal(rig_count(rig, "log.clock"), 1);
	assert_int_equal(rig->seq_of[1], 4); /* behind log.clock */
	assert_int_equal(recorded_at(rig, 4), recorded_at(rig, 2) + 1);
	assert_int_equal(recorded_at(rig, 5), recorded_at(rig, 2) + 2);
	rig_advance(rig, 2 * USEC_PER_HOUR);
	rig_commit(rig, 1);
	rig->clock.realtime -= USEC_PER_HOUR;
	rig_commit(rig, 1);
	assert_int_equal(rig_count(rig, "log.clock"), 2);
	assert_true(rig_verify(rig).is_whole);
}

/* Each step is said, though the clock has not come up with the first yet. */
static void
a_clock_that_steps_back_twice_is_said_twice(void **state)
{
	struct rig *rig = *state;

	rig_commit(rig, 1);
	rig->clock.realtime -= 2 * USEC_PER_SEC;
	rig_commit(rig, 1);
	assert_int_equal(rig_count(rig, "log.clock"), 1);
	rig->clock.realtime -= 5 * USEC_PER_HOUR;
	rig_commit(rig, 1);
	assert_int_equal(rig_count(rig, "log.clock"), 2);
	rig_commit(rig, 1);
	assert_int_equal(rig_count(rig, "log.clock"), 2);
	assert_true(rig_verify(rig).is_whole);
}

static void
a_clock_that_is_wrong_is_said_without_an_entry(void **state)
{
	struct rig *rig = *state;

	rig_commit(rig, 1);
	rig->clock.realtime -= USEC_PER_HOUR;
	commit_check(rig->commit);
	assert_true(commit_is_empty(rig->commit));
	assert_string_equal(commit_clock_reason(rig->commit), "");

	rig->clock.realtime -= USEC_PER_HOUR;
	commit_check(rig->commit);
	commit_flush(rig->commit);
	assert_int_equal(rig_count(rig, "log.clock"), 1);
	assert_string_equal(commit_clock_reason(rig->commit),
	    "audit-clock: the clock stands 2.0 h before the last entry");
	/* Once; and as long as it lasts. */
	rig_advance(rig, USEC_PER_SEC);
	commit_check(rig->commit);
	assert_true(commit_is_empty(rig->commit));
	assert_string_not_equal(commit_clock_reason(rig->commit), "");
	rig_advance(rig, 2 * USEC_PER_HOUR);
	commit_check(rig->commit);
	assert_string_equal(commit_clock_reason(rig->commit), "");
	assert_true(rig_verify(rig).is_whole);
}

/* A day ahead and back again: the entries of that day keep their file, and
 * what comes after them stands behind them. */
static void
a_clock_that_was_a_day_ahead_is_lived_with(void **state)
{
	struct rig *rig = *state;

	rig_commit(rig, 1);
	rig->clock.realtime += USEC_PER_DAY;
	rig_commit(rig, 1);
	rig->clock.realtime -= USEC_PER_DAY;
	rig_commit(rig, 1);
	assert_string_equal(log_writer_name(rig->writer), "2026-11-24.jsonl");
	assert_int_equal(recorded_at(rig, rig->seq_of[2]),
	    recorded_at(rig, rig->seq_of[1]) + 1);
	assert_int_equal(rig_count(rig, "log.clock"), 1);
	rig_advance(rig, 2 * USEC_PER_DAY);
	rig_commit(rig, 1);
	assert_string_equal(log_writer_name(rig->writer), "2026-11-25.jsonl");
	assert_true(rig_verify(rig).is_whole);
	assert_true(rig_holds_all(rig));
}

/* --- a disk that fails ------------------------------------------------- */

static void
a_batch_is_written_again_when_it_fails_once(void **state)
{
	static const char *const calls[] = { "pwrite", "fdatasync" };
	struct rig *rig = *state;

	rig_commit(rig, 2);
	for (size_t i = 0; i < 2; i++) {
		model_fail(&rig->model, calls[i], 1, 1, EIO);
		rig_commit(rig, 2);
		assert_int_equal(commit_refusal(rig->commit), STATUS_ACCEPTING);
		commit_flush(rig->commit);
		assert_int_equal(rig_count(rig, "log.write_failure"), i + 1);
	}
	assert_int_equal(rig->told, 6);
	assert_int_equal(rig_count(rig, "log.open"), 1);
	assert_true(rig_verify(rig).is_whole);
	assert_true(rig_holds_all(rig));
}

static void
a_batch_that_fails_twice_goes_into_a_new_file(void **state)
{
	struct rig *rig = *state;

	rig_commit(rig, 2); /* 2, 3 */
	model_fail(&rig->model, "fdatasync", 1, 2, EIO);
	rig_commit(rig, 2);
	assert_int_equal(rig->seq_of[2], 5); /* behind the log.open, 4 */
	assert_int_equal(rig->seq_of[3], 6);
	assert_string_equal(
	    log_writer_name(rig->writer), "2026-11-23_02.jsonl");
	commit_flush(rig->commit);
	assert_int_equal(rig_count(rig, "log.write_failure"), 1);
	assert_int_equal(rig_count(rig, "log.open"), 2);
	assert_true(rig_verify(rig).is_whole);
	assert_true(rig_holds_all(rig));
}

static void
what_the_disk_refuses_is_refused_and_taken_up_again_later(void **state)
{
	struct rig *rig = *state;
	struct error err;

	rig_commit(rig, 2);
	model_fail(&rig->model, NULL, 1, ULONG_MAX, EIO);
	rig_commit(rig, 2);
	assert_true(rig->was_refused[2] && rig->was_refused[3]);
	assert_int_equal(commit_refusal(rig->commit), STATUS_WRITE_FAILED);
	assert_non_null(strstr(commit_reason(rig->commit),
	    "audit-write-failure: audit/2026-11-23.jsonl"));
	assert_int_equal(rig_add(rig, &err), -1);
	assert_int_equal(err.code, ERROR_AUDIT_UNAVAILABLE);

	rig_advance(rig, USEC_PER_MIN);
	assert_true(commit_retry_due(rig->commit) <= rig->clock.running);
	commit_retry(rig->commit);
	assert_int_equal(commit_refusal(rig->commit), STATUS_WRITE_FAILED);

	model_fail(&rig->model, NULL, 0, 0, 0);
	rig_advance(rig, USEC_PER_MIN);
	commit_retry(rig->commit);
	assert_int_equal(commit_refusal(rig->commit), STATUS_ACCEPTING);
	assert_int_equal(commit_retry_due(rig->commit), 0);
	rig_commit(rig, 2);
	assert_int_equal(rig_count(rig, "log.write_failure"), 1);
	assert_true(rig_verify(rig).is_whole);
	assert_true(rig_holds_all(rig));
	assert_int_equal(rig_count(rig, "shell.exec"), 4);
}

static void
a_full_or_read_only_disk_is_waited_for(void **state)
{
	static const struct {
		int errnum;
		enum status_refusal refusal;
	} cases[] = {
		{ ENOSPC, STATUS_DISK_FULL },
		{ EDQUOT, STATUS_DISK_FULL },
		{ EROFS, STATUS_READ_ONLY },
	};
	struct rig *rig = *state;

	rig_commit(rig, 1);
	for (size_t i = 0; i < 3; i++) {
		model_fail(
		    &rig->model, "pwrite", 1, ULONG_MAX, cases[i].errnum);
		rig_commit(rig, 1);
		assert_int_equal(commit_refusal(rig->commit), cases[i].refusal);
		model_fail(&rig->model, NULL, 0, 0, 0);
		rig_advance(rig, USEC_PER_MIN);
		commit_retry(rig->commit);
		assert_int_equal(commit_refusal(rig->commit), STATUS_ACCEPTING);
	}
	assert_int_equal(rig_count(rig, "log.open"), 1);
	assert_true(rig_verify(rig).is_whole);
}

static void
near_the_end_of_the_disk_agents_are_refused_first(void **state)
{
	struct rig *rig = *state;
	struct entry user = maker_entry(), alert = maker_entry();
	struct slice none = { NULL, 0 };
	struct error err;

	user.actor = ENTRY_USER;
	alert.capability = SLICE_LITERAL("alerts.send");
	commit_set_level(rig->commit, COMMIT_NO_AGENTS);
	assert_int_equal(commit_refusal(rig->commit), STATUS_DISK_FULL);
	assert_int_equal(rig_add(rig, &err), -1);
	assert_int_equal(err.code, ERROR_AUDIT_UNAVAILABLE);
	assert_int_equal(
	    commit_add_json(rig->commit, &alert, NULL, none, NULL, NULL, &err),
	    0);
	assert_int_equal(
	    commit_add_json(rig->commit, &user, NULL, none, NULL, NULL, &err),
	    0);
	commit_set_level(rig->commit, COMMIT_OWN_ONLY);
	assert_int_equal(
	    commit_add_json(rig->commit, &user, NULL, none, NULL, NULL, &err),
	    -1);
	assert_int_equal(
	    commit_add_json(rig->commit, &alert, NULL, none, NULL, NULL, &err),
	    -1);
	assert_int_equal(commit_add_system(rig->commit, "log.retention",
			     ENTRY_SUCCESS, NULL, none, NULL, &err),
	    0);
	assert_int_equal(commit_refusal(rig->commit), STATUS_DISK_FULL);
	commit_set_level(rig->commit, COMMIT_ALL);
	assert_int_equal(commit_refusal(rig->commit), STATUS_ACCEPTING);
	assert_int_equal(rig_add(rig, &err), 0);
}

/* --- somebody at the log ----------------------------------------------- */

#define FIRST "2026-11-23.jsonl"

static void
remove_file(struct rig *rig)
{
	assert_int_equal(unlinkat(rig->model.dir, FIRST, 0), 0);
}

static void
cut_file(struct rig *rig)
{
	int fd = openat(rig->model.dir, FIRST, O_WRONLY);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, 10), 0);
	close(fd);
}

static void
extend_file(struct rig *rig)
{
	int fd = openat(rig->model.dir, FIRST, O_WRONLY | O_APPEND);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "{}\n", 3), 3);
	close(fd);
}

/* A copy with the same bytes: nothing is lost, but it is not our file. */
static void
replace_file(struct rig *rig)
{
	int from = openat(rig->model.dir, FIRST, O_RDONLY);
	int to = openat(rig->model.dir, "copy", O_WRONLY | O_CREAT, 0640);
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof(bytes));

	assert_true(got > 0);
	assert_int_equal(write(to, bytes, (size_t)got), got);
	close(from);
	close(to);
	assert_int_equal(
	    renameat(rig->model.dir, "copy", rig->model.dir, FIRST), 0);
}

static const struct {
	void (*meddle)(struct rig *rig);
	bool is_lost; /* something that was durable */
} meddlings[] = {
	{ remove_file, true },
	{ cut_file, true },
	{ extend_file, false },
	{ replace_file, false },
};
enum { MEDDLINGS = sizeof(meddlings) / sizeof(meddlings[0]) };

struct ear {
	struct rig *rig;
	unsigned heard;
	unsigned told; /* waiters, when it was heard */
	struct error err;
};

static void
hear(void *context, const struct error *err)
{
	struct ear *ear = context;

	ear->heard++;
	ear->told = ear->rig->told;
	ear->err = *err;
}

static void
listen_to(struct ear *ear, struct rig *rig)
{
	struct commit_listener listener = { .on_damaged = hear,
		.context = ear };

	*ear = (struct ear){ .rig = rig };
	commit_set_listener(rig->commit, &listener);
}

static void
start_anew(struct rig *rig)
{
	struct error err;

	rig_free(rig);
	rig_init(rig);
	assert_int_equal(rig_start(rig, &err), 0);
}

/* What is acknowledged can be found: in a new file, whose log.open says how
 * much of the old one counted; and an entry says so. */
static void
what_comes_after_somebody_was_at_the_file_goes_into_a_new_one(void **state)
{
	struct rig *rig = *state;
	struct ear ear;

	for (size_t i = 0; i < MEDDLINGS; i++) {
		start_anew(rig);
		listen_to(&ear, rig);
		rig_commit(rig, 2); /* 2, 3 */
		meddlings[i].meddle(rig);
		rig_commit(rig, 2);
		assert_int_equal(ear.heard, 1);
		assert_int_equal(ear.told, 2); /* before the acknowledgement */
		assert_int_equal(ear.err.code, ERROR_CORRUPT);
		assert_int_equal(rig->seq_of[2], 5); /* behind log.open */
		assert_int_equal(rig->seq_of[3], 6);
		assert_int_equal(rig_number_at(rig, 5), 2);
		assert_int_equal(rig_number_at(rig, 6), 3);
		assert_string_equal(
		    log_writer_name(rig->writer), "2026-11-23_02.jsonl");
		commit_flush(rig->commit);
		assert_int_equal(rig_count(rig, "log.damaged"), 1);
		assert_int_equal(rig_count(rig, "log.write_failure"), 0);
		assert_int_equal(commit_refusal(rig->commit), STATUS_ACCEPTING);
		assert_int_equal(
		    rig_verify(rig).is_whole, !meddlings[i].is_lost);
	}
}

static void
it_is_said_without_an_entry_too(void **state)
{
	struct rig *rig = *state;
	struct ear ear;

	for (size_t i = 0; i < MEDDLINGS; i++) {
		start_anew(rig);
		listen_to(&ear, rig);
		rig_commit(rig, 2);
		commit_check(rig->commit);
		assert_true(commit_is_empty(rig->commit));
		meddlings[i].meddle(rig);
		commit_check(rig->commit);
		assert_int_equal(ear.heard, 1);
		commit_flush(rig->commit);
		assert_int_equal(rig_count(rig, "log.damaged"), 1);
		commit_check(rig->commit);
		assert_int_equal(ear.heard, 1);
	}
}

/* A disk that refuses the entry keeps nobody from hearing of it later. */
static void
damage_is_recorded_when_the_disk_takes_entries_again(void **state)
{
	struct rig *rig = *state;
	struct ear ear;

	listen_to(&ear, rig);
	rig_commit(rig, 2);
	remove_file(rig);
	model_fail(&rig->model, "pwrite", 1, ULONG_MAX, ENOSPC);
	rig_commit(rig, 1);
	assert_true(rig->was_refused[2]);
	assert_int_equal(ear.heard, 1);
	assert_int_equal(commit_refusal(rig->commit), STATUS_DISK_FULL);
	rig_advance(rig, USEC_PER_MIN);
	commit_retry(rig->commit);
	assert_int_equal(commit_refusal(rig->commit), STATUS_DISK_FULL);
	model_fail(&rig->model, NULL, 0, 0, 0);
	rig_advance(rig, USEC_PER_MIN);
	commit_retry(rig->commit);
	commit_flush(rig->commit);
	assert_int_equal(commit_refusal(rig->commit), STATUS_ACCEPTING);
	assert_int_equal(rig_count(rig, "log.damaged"), 1);
	assert_int_equal(rig_count(rig, "log.write_failure"), 1);
}

static void
in_a_folder_that_has_moved_entries_are_refused(void **state)
{
	struct rig *rig = *state;
	char path[sizeof(rig->model.path)];
	struct ear ear;

	listen_to(&ear, rig);
	rig_commit(rig, 2);
	memcpy(path, rig->model.path, sizeof(path));
	memcpy(rig->model.path, "/nowhere", sizeof("/nowhere"));
	commit_check(rig->commit);
	assert_int_equal(ear.heard, 1);
	assert_int_equal(ear.err.code, ERROR_NOT_FOUND);
	assert_true(commit_is_empty(rig->commit));
	rig_commit(rig, 2);
	assert_int_equal(ear.heard, 2);
	assert_true(rig->was_refused[2] && rig->was_refused[3]);
	memcpy(rig->model.path, path, sizeof(path));
	assert_int_equal(rig_count(rig, "shell.exec"), 2);
	assert_true(rig_verify(rig).is_whole);
}

/* One run: three batches, a failure that begins with call `nth` and lasts
 * `times` calls, retries until it is over, two more batches, a power cut. */
static bool
survives(unsigned long nth, unsigned long times, int errnum, bool *ret_failed)
{
	struct rig *rig = memory_new(sizeof(*rig));
	struct error err;
	bool holds;

	rig_init(rig);
	assert_int_equal(rig_start(rig, &err), 0);
	rig_commit(rig, 2);
	model_fail(&rig->model, NULL, nth, times, errnum);
	rig_commit(rig, 3);
	rig_commit(rig, 1);
	rig_advance(rig, USEC_PER_DAY);
	rig_commit(rig, 2);
	rig_commit(rig, 1);
	*ret_failed = rig->model.fail_in == 0 || rig->model.fail_times < times;
	for (int i = 0; i < 30; i++) {
		rig_advance(rig, USEC_PER_MIN);
		commit_retry(rig->commit);
	}
	rig_commit(rig, 2);
	commit_flush(rig->commit);
	rig_stop(rig);
	model_power_cut(&rig->model);
	holds = rig_start(rig, &err) == 0 &&
		rig->recovery.verdict != RECOVERY_DAMAGED;
	rig_commit(rig, 1);
	holds = holds && rig->seq_of[rig->added - 1] != 0 &&
		rig_verify(rig).is_whole && rig_holds_all(rig);
	rig_free(rig);
	free(rig);
	return holds;
}

static void
whatever_call_fails_what_was_acknowledged_survives_a_power_cut(void **state)
{
	static const int errnums[] = { EIO, ENOSPC };
	unsigned cases = 0;

	(void)state;
	for (unsigned long times = 1; times <= 16; times++)
		for (size_t e = 0; e < 2; e++) {
			bool failed = true;

			for (unsigned long nth = 1; failed; nth++, cases++)
				if (!survives(nth, times, errnums[e], &failed))
					fail_msg("call %lu, %lu times, %s", nth,
					    times, strerror(errnums[e]));
		}
	assert_true(cases > 200);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_log_begins_with_log_open_and_acknowledges_in_order),
		TEST(nothing_is_told_before_the_sync),
		TEST(a_batch_carries_one_time_and_the_next_a_later_one),
		TEST(the_same_line_again_is_told_the_seq_of_the_first),
		TEST(a_waiter_may_add_to_the_next_batch),
		TEST(a_batch_is_full_by_its_bytes),
		TEST(a_batch_is_full_after_two_milliseconds),
		TEST(
		    a_batch_that_somebody_waits_for_is_full_after_the_time_of_a_flush),
		TEST(each_day_has_a_file_that_names_the_one_before),
		TEST(midnight_falls_between_two_batches_never_within_one),
		TEST(a_clock_that_steps_back_is_said_once_and_time_goes_on),
		TEST(a_clock_that_steps_back_twice_is_said_twice),
		TEST(a_clock_that_is_wrong_is_said_without_an_entry),
		TEST(a_clock_that_was_a_day_ahead_is_lived_with),
		TEST(a_batch_is_written_again_when_it_fails_once),
		TEST(a_batch_that_fails_twice_goes_into_a_new_file),
		TEST(what_the_disk_refuses_is_refused_and_taken_up_again_later),
		TEST(a_full_or_read_only_disk_is_waited_for),
		TEST(near_the_end_of_the_disk_agents_are_refused_first),
		TEST(
		    what_comes_after_somebody_was_at_the_file_goes_into_a_new_one),
		TEST(it_is_said_without_an_entry_too),
		TEST(damage_is_recorded_when_the_disk_takes_entries_again),
		TEST(in_a_folder_that_has_moved_entries_are_refused),
		cmocka_unit_test(
		    whatever_call_fails_what_was_acknowledged_survives_a_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
