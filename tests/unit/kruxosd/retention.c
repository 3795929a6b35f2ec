#include "collectors/kruxosd/retention.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include <limits.h>

struct scene {
	struct rig rig;
	char state_dir[64];
	char state_path[80];
	struct state *state;
	struct retention *retention;
	uint64_t begins_at; /* what on_removed() was told last */
};

static void
on_removed(void *context, uint64_t first_seq)
{
	struct scene *scene = context;

	scene->begins_at = first_seq;
}

static void
open_retention(struct scene *scene, unsigned days)
{
	struct retention_parts parts = {
		.disk = &scene->rig.model.disk,
		.dir = scene->rig.model.dir,
		.audit_dir = scene->rig.model.path,
		.clock = &scene->rig.clock.clock,
		.commit = scene->rig.commit,
		.on_removed = on_removed,
		.context = scene,
	};
	struct error err;

	scene->state =
	    state_open(scene->state_path, &scene->rig.clock.clock, &err);
	assert_non_null(scene->state);
	parts.state = scene->state;
	scene->retention = retention_new(&parts);
	retention_set_days(scene->retention, days);
}

static void
close_retention(struct scene *scene)
{
	retention_free(scene->retention);
	scene->retention = NULL;
	state_close(scene->state);
	scene->state = NULL;
}

/* A log of `days` files, each with a log.open and two entries. */
static void
make_days(struct scene *scene, unsigned days)
{
	for (unsigned i = 0; i < days; i++) {
		rig_commit(&scene->rig, 2);
		rig_advance(&scene->rig, USEC_PER_DAY);
	}
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	snprintf(scene->state_dir, sizeof(scene->state_dir),
	    "/tmp/kruxos-state-XXXXXX");
	assert_non_null(mkdtemp(scene->state_dir));
	snprintf(scene->state_path, sizeof(scene->state_path), "%s/state.db",
	    scene->state_dir);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	close_retention(scene);
	rig_free(&scene->rig);
	model_remove_folder(scene->state_dir);
	free(scene);
	return 0;
}

/* Let `duration` pass, a tick a minute, and commit what there is. */
static void
pass(struct scene *scene, usec_t duration)
{
	for (usec_t at = 0; at < duration; at += USEC_PER_MIN) {
		rig_advance(&scene->rig, USEC_PER_MIN);
		retention_tick(scene->retention);
		commit_flush(scene->rig.commit);
	}
}

static bool
has_file(struct scene *scene, const char *name)
{
	return faccessat(scene->rig.model.dir, name, F_OK, 0) == 0;
}

static size_t
count_files(struct scene *scene)
{
	struct logfile_list list;
	struct error err;
	size_t count;

	assert_int_equal(
	    logfile_list_read(scene->rig.model.dir, &list, &err), 0);
	count = list.count;
	logfile_list_free(&list);
	return count;
}

static void
the_oldest_file_goes_with_an_entry_that_the_chain_begins_from(void **state)
{
	struct scene *scene = *state;
	struct state_removed removed;
	struct chain_result result;
	struct error err;

	make_days(scene, 4); /* 23 … 26: seqs 1–3, 4–6, 7–9, 10–12 */
	open_retention(scene, 3);
	pass(scene, 2 * USEC_PER_MIN);
	assert_false(has_file(scene, "2026-11-23.jsonl"));
	assert_true(has_file(scene, "2026-11-24.jsonl"));
	assert_int_equal(scene->begins_at, 4);
	result = rig_verify(&scene->rig);
	assert_true(result.is_whole);
	assert_int_equal(result.first_seq, 4);
	assert_int_equal(rig_count(&scene->rig, "log.retention"), 1);
	assert_int_equal(state_read_removed(scene->state, &removed, &err), 0);
	assert_int_equal(removed.through_seq, 3);
	assert_int_equal(removed.files, 1);
	assert_int_equal(removed.entries, 3);
	assert_int_equal(removed.agent_entries, 2);
	assert_true(removed.bytes > 1000);
}

static void
totals_add_up_over_files(void **state)
{
	struct scene *scene = *state;
	struct state_removed removed;
	struct error err;

	make_days(scene, 5);
	open_retention(scene, 3);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_int_equal(state_read_removed(scene->state, &removed, &err), 0);
	assert_int_equal(removed.files, 2);
	assert_int_equal(removed.entries, 6);
	assert_int_equal(removed.through_seq, 6);
	assert_true(rig_verify(&scene->rig).is_whole);
}

static void
days_count_by_the_files_that_there_are(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 3);
	rig_advance(&scene->rig, 3000 * USEC_PER_DAY); /* a wrong clock */
	make_days(scene, 1);
	open_retention(scene, 4);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_int_equal(count_files(scene), 4);
}

static void
zero_days_keep_everything(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 6);
	open_retention(scene, 0);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_int_equal(count_files(scene), 6);
}

static void
the_last_two_files_always_stay(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 2);
	open_retention(scene, 1);
	/* The entries of today make a third file; then one may go. */
	pass(scene, 2 * USEC_PER_HOUR);
	assert_int_equal(count_files(scene), 2);
	assert_int_equal(rig_count(&scene->rig, "log.retention"), 0);
}

static void
at_most_two_files_go_in_a_day_also_across_a_restart(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 8);
	open_retention(scene, 2);
	pass(scene, 6 * USEC_PER_HOUR);
	assert_int_equal(rig_count(&scene->rig, "log.retention"), 2);
	close_retention(scene);
	open_retention(scene, 2);
	pass(scene, 12 * USEC_PER_HOUR);
	assert_int_equal(rig_count(&scene->rig, "log.retention"), 2);
	pass(scene, 8 * USEC_PER_HOUR);
	assert_int_equal(rig_count(&scene->rig, "log.retention"), 4);
	assert_true(rig_verify(&scene->rig).is_whole);
}

static void
a_file_is_unlinked_only_after_its_entry_is_durable(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 4);
	open_retention(scene, 3);
	for (int i = 0; i < 5; i++) {
		rig_advance(&scene->rig, USEC_PER_MIN);
		retention_tick(scene->retention);
	}
	assert_true(has_file(scene, "2026-11-23.jsonl"));
	buf_reset(&scene->rig.model.trace);
	commit_flush(scene->rig.commit);
	assert_false(has_file(scene, "2026-11-23.jsonl"));
	assert_non_null(strstr(scene->rig.model.trace.data,
	    "fdatasync fsync fstat fstatat fstatat unlink"));
}

static void
an_entry_that_is_refused_leaves_the_file(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 4);
	open_retention(scene, 3);
	for (int i = 0; i < 5; i++) {
		rig_advance(&scene->rig, USEC_PER_MIN);
		retention_tick(scene->retention);
	}
	model_fail(&scene->rig.model, "pwrite", 1, ULONG_MAX, ENOSPC);
	commit_flush(scene->rig.commit);
	assert_true(has_file(scene, "2026-11-23.jsonl"));
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	rig_advance(&scene->rig, USEC_PER_MIN);
	commit_retry(scene->rig.commit);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_false(has_file(scene, "2026-11-23.jsonl"));
	assert_true(rig_verify(&scene->rig).is_whole);
}

static void
a_log_that_does_not_fit_together_keeps_its_files(void **state)
{
	struct scene *scene = *state;
	int fd;

	make_days(scene, 4);
	fd = openat(
	    scene->rig.model.dir, "2026-11-24.jsonl", O_WRONLY | O_CLOEXEC);
	assert_int_equal(disk_write_all(&disk_system, fd, "XXXX", 4, 10), 0);
	close(fd);
	open_retention(scene, 3);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_true(has_file(scene, "2026-11-23.jsonl"));
}

/* What kruxosd does with the last batch at a start. */
static void
redo(struct scene *scene)
{
	struct error err;
	struct cursor *cursor = cursor_open(scene->rig.model.path, &err);
	struct cursor_line line;
	struct entry entry;

	assert_non_null(cursor);
	assert_int_equal(
	    cursor_seek(cursor, scene->rig.recovery.last_batch_seq, &err), 0);
	while (cursor_next(cursor, UINT64_MAX, &line, &err) == 1)
		if (entry_parse(line.line, &entry, &err) == 0 &&
		    slice_is(entry.capability, "log.retention"))
			assert_int_equal(
			    retention_redo(scene->retention, &entry, &err), 0);
	cursor_free(cursor);
}

/* From call `nth` on nothing reaches the disk; then the power goes. */
static bool
is_whole_after_a_cut(struct scene *scene, unsigned long nth)
{
	struct error err;
	bool was_reached, is_recorded;

	make_days(scene, 4);
	open_retention(scene, 3);
	for (int i = 0; i < 5; i++) {
		rig_advance(&scene->rig, USEC_PER_MIN);
		retention_tick(scene->retention);
	}
	model_fail(&scene->rig.model, NULL, nth, ULONG_MAX, EIO);
	commit_flush(scene->rig.commit);
	was_reached = scene->rig.model.fail_times < ULONG_MAX;
	close_retention(scene);
	rig_stop(&scene->rig);
	model_power_cut(&scene->rig.model);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	open_retention(scene, 3);
	is_recorded = rig_count(&scene->rig, "log.retention") == 1;
	redo(scene);
	assert_int_equal(
	    has_file(scene, "2026-11-23.jsonl"), is_recorded ? 0 : 1);
	if (is_recorded) {
		struct state_removed removed;

		assert_int_equal(
		    state_read_removed(scene->state, &removed, &err), 0);
		assert_int_equal(removed.files, 1);
		assert_int_equal(removed.entries, 3);
	}
	assert_true(rig_verify(&scene->rig).is_whole);
	return !was_reached;
}

static void
a_file_that_comes_back_after_a_power_cut_counts_once(void **state)
{
	struct scene *scene = *state;
	struct state_removed removed;
	struct error err;

	make_days(scene, 4);
	open_retention(scene, 3);
	for (int i = 0; i < 5; i++) {
		rig_advance(&scene->rig, USEC_PER_MIN);
		retention_tick(scene->retention);
	}
	/* The new day's file does, its removal does not reach the disk, and the
	 * log goes on. */
	model_fail(&scene->rig.model, "fsync", 2, ULONG_MAX, EIO);
	commit_flush(scene->rig.commit);
	assert_false(has_file(scene, "2026-11-23.jsonl"));
	rig_commit(&scene->rig, 1);
	close_retention(scene);
	rig_stop(&scene->rig);
	model_power_cut(&scene->rig.model);
	assert_true(has_file(scene, "2026-11-23.jsonl"));
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	open_retention(scene, 3);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_false(has_file(scene, "2026-11-23.jsonl"));
	assert_int_equal(state_read_removed(scene->state, &removed, &err), 0);
	assert_int_equal(removed.files, 1);
	assert_int_equal(removed.entries, 3);
	assert_true(rig_verify(&scene->rig).is_whole);
}

static void
a_power_cut_at_any_call_leaves_a_log_that_verifies(void **state)
{
	bool is_done = false;
	unsigned long nth;

	for (nth = 1; !is_done; nth++) {
		is_done = is_whole_after_a_cut(*state, nth);
		teardown(state);
		setup(state);
	}
	assert_true(nth > 4);
}

static void
while_it_is_held_no_file_goes(void **state)
{
	struct scene *scene = *state;

	make_days(scene, 4);
	open_retention(scene, 3);
	retention_set_held(scene->retention, true);
	pass(scene, 2 * USEC_PER_HOUR);
	assert_true(has_file(scene, "2026-11-23.jsonl"));
	assert_int_equal(rig_count(&scene->rig, "log.retention"), 0);
	retention_set_held(scene->retention, false);
	pass(scene, 2 * USEC_PER_MIN);
	assert_false(has_file(scene, "2026-11-23.jsonl"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(
		    the_oldest_file_goes_with_an_entry_that_the_chain_begins_from),
		TEST(totals_add_up_over_files),
		TEST(while_it_is_held_no_file_goes),
		TEST(days_count_by_the_files_that_there_are),
		TEST(zero_days_keep_everything),
		TEST(the_last_two_files_always_stay),
		TEST(at_most_two_files_go_in_a_day_also_across_a_restart),
		TEST(a_file_is_unlinked_only_after_its_entry_is_durable),
		TEST(an_entry_that_is_refused_leaves_the_file),
		TEST(a_log_that_does_not_fit_together_keeps_its_files),
		TEST(a_file_that_comes_back_after_a_power_cut_counts_once),
		TEST(a_power_cut_at_any_call_leaves_a_log_that_verifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
