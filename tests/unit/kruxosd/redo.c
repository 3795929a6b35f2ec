#include "collectors/kruxosd/redo.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/kruxosd/overwrite.h"
#include "tests/unit/daemon_core.h"

#include <errno.h>
#include <limits.h>

struct scene {
	struct core core;
	char state_path[64];
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;
	int fd;

	rig_init(&scene->core.rig);
	snprintf(scene->state_path, sizeof(scene->state_path),
	    "/tmp/kruxos-state-XXXXXX");
	fd = mkstemp(scene->state_path);
	assert_true(fd != -1);
	close(fd);
	scene->core.state =
	    state_open(scene->state_path, &scene->core.rig.clock.clock, &err);
	assert_non_null(scene->core.state);
	assert_int_equal(core_start(&scene->core, &err), 0);
	rig_commit(&scene->core.rig, 3); /* 2, 3, 4 */
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct scene *scene = *state;

	core_stop(&scene->core);
	state_close(scene->core.state);
	rig_free(&scene->core.rig);
	for (size_t i = 0; i < 3; i++) {
		char path[80];

		snprintf(
		    path, sizeof(path), "%s%s", scene->state_path, suffixes[i]);
		unlink(path);
	}
	free(scene);
	return 0;
}

/* Record that 3 is erased, and do nothing about it. */
static void
promise(struct scene *scene)
{
	struct error err;

	rig_advance(&scene->core.rig, USEC_PER_SEC);
	assert_int_equal(
	    commit_add_system(scene->core.rig.commit, "audit.erase",
		ENTRY_SUCCESS, NULL,
		SLICE_LITERAL("{\"seqs\":[3],\"reason\":\"a secret\"}"), NULL,
		&err),
	    0);
	commit_flush(scene->core.rig.commit);
	core_stop(&scene->core);
}

static void
restart(struct scene *scene)
{
	struct error err = { 0 };

	if (core_start(&scene->core, &err) == -1)
		fail_msg("%s", err.sentence);
}

static bool
is_erased(struct scene *scene, uint64_t seq)
{
	struct error err;
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(scene->core.rig.model.path, &err);
	struct cursor_line line;
	struct entry entry;

	assert_non_null(cursor);
	assert_int_equal(overwrite_find(cursor, seq, &line, &err), 0);
	assert_int_equal(entry_parse(line.line, &entry, &err), 0);
	return entry.erased_by != 0;
}

static void
what_the_last_batch_names_is_done(void **state)
{
	struct scene *scene = *state;

	promise(scene);
	assert_false(is_erased(scene, 3));
	restart(scene);
	assert_true(is_erased(scene, 3));
	assert_false(is_erased(scene, 2));
}

/* The log goes on, so the next start would not look for it. */
static void
what_the_disk_refuses_is_noted_and_done_later(void **state)
{
	struct scene *scene = *state;
	struct rig *rig = &scene->core.rig;

	promise(scene);
	model_fail(&rig->model, "fdatasync", 1, ULONG_MAX, EIO);
	restart(scene);
	assert_int_not_equal(rig->model.fail_times, ULONG_MAX);
	model_fail(&rig->model, NULL, 0, 0, 0);
	rig_commit(rig, 1);
	core_stop(&scene->core);
	model_power_cut(&rig->model);
	restart(scene);
	assert_true(is_erased(scene, 3));
	assert_true(rig_verify(rig).is_whole);
}

/* Another byte in the line of `seq`, where `text` stands in it. */
static void
damage(struct scene *scene, uint64_t seq, const char *text, const char *other)
{
	const struct rig *rig = &scene->core.rig;
	struct error err;
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(rig->model.path, &err);
	cleanup(cleanup_close) int fd = -1;
	struct cursor_line line;
	const char *at;

	assert_non_null(cursor);
	assert_int_equal(overwrite_find(cursor, seq, &line, &err), 0);
	at = memmem(line.line.data, line.line.len, text, strlen(text));
	assert_non_null(at);
	fd = openat(rig->model.dir, line.file, O_WRONLY | O_CLOEXEC);
	assert_int_equal(disk_write_all(&disk_system, fd, other, strlen(other),
			     (off_t)line.offset + (at - line.line.data)),
	    0);
	model_forget(&scene->core.rig.model);
}

/* The line of 2 is in the tail too. */
static void
what_is_promised_is_done_in_a_log_that_is_damaged(void **state)
{
	struct scene *scene = *state;

	promise(scene);
	damage(scene, 2, "\"seq\":2", "\"seq\":9");
	restart(scene);
	assert_int_equal(scene->core.rig.recovery.verdict, RECOVERY_DAMAGED);
	assert_int_equal(scene->core.rig.recovery.last_batch_seq, 5);
	assert_true(is_erased(scene, 3));
}

static void
a_promise_that_is_damaged_itself_names_nothing(void **state)
{
	struct scene *scene = *state;

	promise(scene);
	damage(scene, 5, "[3]", "[4]");
	restart(scene);
	assert_int_equal(scene->core.rig.recovery.verdict, RECOVERY_DAMAGED);
	assert_false(is_erased(scene, 3));
	assert_false(is_erased(scene, 4));
}

/* Whatever recovery takes for the last batch. */
static void
what_cannot_be_read_names_nothing_and_a_missing_log_is_said(void **state)
{
	struct scene *scene = *state;
	struct recovery recovery = { .last_batch_seq = 5,
		.head = { .seq = 5 } };
	struct error err = { 0 };

	promise(scene);
	damage(scene, 5, "[3]", "[4]");
	assert_int_equal(redo_last_batch(scene->core.rig.model.path, &recovery,
			     NULL, NULL, &err),
	    0);
	assert_int_equal(
	    redo_last_batch("/nonexistent/audit", &recovery, NULL, NULL, &err),
	    -1);
	assert_int_equal(err.errnum, ENOENT);
}

/* A removal whose entry does not say what was to go. */
static void
a_removal_that_names_nothing_hinders_no_start(void **state)
{
	struct scene *scene = *state;
	struct error err;

	rig_advance(&scene->core.rig, USEC_PER_SEC);
	assert_int_equal(
	    commit_add_system(scene->core.rig.commit, "log.retention",
		ENTRY_SUCCESS, NULL, SLICE_LITERAL("{\"file\":7}"), NULL, &err),
	    0);
	commit_flush(scene->core.rig.commit);
	core_stop(&scene->core);
	restart(scene);
	assert_int_equal(scene->core.rig.recovery.verdict, RECOVERY_WHOLE);
	assert_true(rig_verify(&scene->core.rig).is_whole);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_the_last_batch_names_is_done),
		TEST(what_the_disk_refuses_is_noted_and_done_later),
		TEST(what_is_promised_is_done_in_a_log_that_is_damaged),
		TEST(a_promise_that_is_damaged_itself_names_nothing),
		TEST(
		    what_cannot_be_read_names_nothing_and_a_missing_log_is_said),
		TEST(a_removal_that_names_nothing_hinders_no_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
