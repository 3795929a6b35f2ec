#include "collectors/kruxosd/coverage_keeper.c"

#include "sql/schema_telemetry.h"
#include "store/coverage.h"
#include "tests/unit/disk_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scene {
	char dir[64], path[96];
	struct database *database;
	struct coverage_keeper *keeper;
	struct coverage_reader *reader;
};

static void
open_keeper(struct scene *scene)
{
	struct error err;

	scene->keeper = coverage_keeper_new(&clock_system);
	if (coverage_keeper_set_database(
		scene->keeper, scene->database, &err) == -1)
		fail_msg("%s", err.sentence);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-cover-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->dir);
	scene->database = database_open(scene->path, DATABASE_WRITE, &err);
	if (scene->database == NULL ||
	    database_migrate(scene->database, &schema_telemetry, &err) == -1)
		fail_msg("%s", err.sentence);
	open_keeper(scene);
	scene->reader = coverage_open(scene->path);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	coverage_close(scene->reader);
	coverage_keeper_free(scene->keeper);
	database_close(scene->database);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

static void
hook(struct scene *scene, const char *call, const char *capability,
    enum entry_status status)
{
	struct entry entry = {
		.source = ENTRY_HOOK,
		.actor = ENTRY_AGENT,
		.session_id = SLICE_LITERAL("s"),
		.call_id = slice_of(call),
		.capability = slice_of(capability),
		.status = status,
	};

	coverage_keeper_take(scene->keeper, &entry, (struct slice){ NULL, 0 });
}

static void
tell(struct scene *scene, const char *call, bool has_made_id, bool is_known)
{
	const struct coverage_call told = {
		.session_id = SLICE_LITERAL("s"),
		.call_id = slice_of(call),
		.capability = SLICE_LITERAL("shell.exec"),
		.has_made_id = has_made_id,
		.is_known = is_known,
	};

	coverage_keeper_tell(scene->keeper, &told);
}

/* What is kept of the session "s". */
static struct coverage
kept(struct scene *scene)
{
	struct coverage coverage = { 0 };
	struct error err;

	coverage_keeper_tick(scene->keeper);
	if (coverage_find(scene->reader, SLICE_LITERAL("s"), &coverage, &err) ==
	    -1)
		fail_msg("%s", err.sentence);
	return coverage;
}

/* H: a hook before the call, h: behind it, D: it denied the call; T: telemetry;
 * K: telemetry of what a hook is known to have told; U: without an id. A letter
 * and the call's digit. */
static void
play(struct scene *scene, const char *story)
{
	for (; story[0] != '\0'; story += 2) {
		char call[] = { 'c', story[1], '\0' };

		switch (story[0]) {
		case 'H':
			hook(scene, call, "shell.exec", ENTRY_PENDING);
			break;
		case 'h':
			hook(scene, call, "shell.exec", ENTRY_SUCCESS);
			break;
		case 'D':
			hook(scene, call, "shell.exec", ENTRY_DENIED);
			break;
		default:
			tell(scene, call, story[0] == 'U', story[0] == 'K');
		}
	}
}

static void
each_call_is_counted_once_by_each_way(void **state)
{
	static const struct {
		const char *story;
		uint64_t by_hook, by_telemetry, both, unrecorded;
		double percent; /* -1: not known */
	} cases[] = {
		{ "", 0, 0, 0, 0, -1 },
		{ "H1h1", 1, 0, 0, 0, -1 },
		{ "T1", 0, 1, 0, 0, -1 },
		{ "H1h1T1", 1, 1, 1, 0, 100 },
		{ "H1T1h1", 1, 1, 1, 0, 100 },
		{ "T1H1h1", 1, 1, 1, 0, 100 },
		/* Sent again. */
		{ "H1h1H1h1T1T1", 1, 1, 1, 0, 100 },
		/* One way misses some. */
		{ "H1h1T1T2", 1, 2, 1, 1, 50 },
		{ "H1H2H3T1", 3, 1, 1, 0, 100.0 / 3 },
		/* What is denied never ran, and need not be told of. */
		{ "H1D1H2T2", 2, 1, 1, 0, 100 },
		{ "H1D1T1", 1, 1, 1, 0, 100 },
		{ "D1D1", 1, 0, 0, 0, -1 },
		/* Without ids they are counted against each other. */
		{ "H1H2U8U9", 2, 2, 2, 0, 100 },
		{ "H1U7U8U9", 1, 3, 1, 2, 100.0 / 3 },
		{ "H1T1U9", 1, 2, 1, 1, 50 },
	};
	struct scene *scene;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct coverage coverage;
		double percent;

		setup(state);
		scene = *state;
		play(scene, cases[i].story);
		coverage = kept(scene);
		percent = coverage_percent(&coverage);
		if (isnan(percent))
			percent = -1;
		if (coverage.by_hook != cases[i].by_hook ||
		    coverage.by_telemetry != cases[i].by_telemetry ||
		    coverage_both(&coverage) != cases[i].both ||
		    coverage_unrecorded(&coverage) != cases[i].unrecorded ||
		    fabs(percent - cases[i].percent) > 0.01)
			fail_msg("%s: %lu %lu %lu %lu %g", cases[i].story,
			    (unsigned long)coverage.by_hook,
			    (unsigned long)coverage.by_telemetry,
			    (unsigned long)coverage_both(&coverage),
			    (unsigned long)coverage_unrecorded(&coverage),
			    percent);
		teardown(state);
	}
}

static void
sums_outlive_the_daemon(void **state)
{
	struct scene *scene = *state;
	struct coverage coverage;

	play(scene, "H1h1H2h2T1");
	(void)kept(scene);
	coverage_keeper_free(scene->keeper);
	open_keeper(scene);
	/* The log knows that a hook told of it. */
	play(scene, "K2T3");
	coverage = kept(scene);
	assert_int_equal(coverage.by_hook, 2);
	assert_int_equal(coverage.by_telemetry, 3);
	assert_int_equal(coverage_both(&coverage), 2);
	assert_int_equal(coverage_unrecorded(&coverage), 1);
}

static void
what_is_no_call_of_a_hook_is_not_counted(void **state)
{
	static const char *const others[] = { "session.start",
		"approval.request", "agent.prompt", "subagent.start",
		"code.exec" };
	struct scene *scene = *state;
	struct entry entry = {
		.source = ENTRY_SDK,
		.session_id = SLICE_LITERAL("s"),
		.call_id = SLICE_LITERAL("c"),
		.capability = SLICE_LITERAL("shell.exec"),
	};

	for (size_t i = 0; i < COUNT(others); i++)
		hook(scene, "c", others[i], ENTRY_SUCCESS);
	coverage_keeper_take(scene->keeper, &entry, (struct slice){ NULL, 0 });
	entry.source = ENTRY_HOOK;
	entry.call_id = (struct slice){ NULL, 0 };
	coverage_keeper_take(scene->keeper, &entry, (struct slice){ NULL, 0 });
	assert_int_equal(kept(scene).by_hook, 0);
}

/* Codex tells of a sub-agent's calls in a session of its own. */
static void
a_sub_agents_calls_are_its_sessions(void **state)
{
	struct coverage_call told = {
		.session_id = SLICE_LITERAL("thread-1"),
		.call_id = SLICE_LITERAL("c1"),
		.capability = SLICE_LITERAL("shell.exec"),
	};
	struct entry entry = {
		.source = ENTRY_HOOK,
		.session_id = SLICE_LITERAL("s"),
		.call_id = told.call_id,
		.capability = told.capability,
	};
	struct scene *scene = *state;
	struct coverage coverage;

	coverage_keeper_take(scene->keeper, &entry, told.session_id);
	coverage_keeper_tell(scene->keeper, &told);
	told.call_id = SLICE_LITERAL("c2");
	coverage_keeper_tell(scene->keeper, &told);
	coverage = kept(scene);
	assert_int_equal(coverage_both(&coverage), 1);
	assert_int_equal(coverage_unrecorded(&coverage), 1);
}

static void
gaps_of_a_sequence_are_kept_and_closed(void **state)
{
	static const struct {
		uint64_t first, last, missing;
	} steps[] = { { 0, 9, 0 }, { 20, 29, 10 }, { 10, 14, 5 },
		{ 15, 19, 0 } };
	struct scene *scene = *state;

	for (size_t i = 0; i < COUNT(steps); i++) {
		coverage_keeper_count(scene->keeper, SLICE_LITERAL("s"),
		    steps[i].first, steps[i].last);
		assert_int_equal(kept(scene).missing, steps[i].missing);
	}
	/* No numbers at all. */
	coverage_keeper_count(scene->keeper, SLICE_LITERAL("s"), 9, 8);
	coverage_keeper_count(scene->keeper, SLICE_LITERAL("s"), 1, UINT64_MAX);
	coverage_keeper_count(scene->keeper, (struct slice){ NULL, 0 }, 1, 100);
	assert_int_equal(kept(scene).missing, 0);
}

static void
more_sessions_than_there_is_room_for_are_left_out(void **state)
{
	struct scene *scene = *state;

	for (unsigned i = 0; i < SESSIONS + 10; i++) {
		char session[16];

		snprintf(session, sizeof(session), "s%u", i);
		coverage_keeper_count(scene->keeper, slice_of(session), 1, 2);
	}
	assert_int_equal(scene->keeper->change_count, SESSIONS);
	coverage_keeper_tick(scene->keeper);
	assert_int_equal(scene->keeper->change_count, 0);
}

static void
old_calls_are_forgotten_and_the_newer_half_is_not(void **state)
{
	struct scene *scene = *state;
	char call[16];

	for (unsigned i = 0; i < CALLS + CALLS / 2; i++) {
		snprintf(call, sizeof(call), "c%u", i);
		hook(scene, call, "shell.exec", ENTRY_SUCCESS);
	}
	/* In the generation before, and in this one. */
	tell(scene, "c0", false, false);
	snprintf(call, sizeof(call), "c%u", CALLS + 1);
	tell(scene, call, false, false);
	assert_int_equal(kept(scene).both, 2);
}

static void
without_a_database_it_is_kept_in_memory(void **state)
{
	struct scene *scene = *state;
	struct error err;

	assert_int_equal(
	    coverage_keeper_set_database(scene->keeper, NULL, &err), 0);
	play(scene, "H1T1");
	coverage_keeper_tick(scene->keeper);
	assert_int_equal(
	    coverage_keeper_set_database(scene->keeper, scene->database, &err),
	    0);
	assert_int_equal(kept(scene).both, 1);
	assert_false(coverage_keeper_is_damaged(scene->keeper));
}

static void
sessions_are_summed_up(void **state)
{
	struct scene *scene = *state;
	struct coverage_sum sum;
	struct error err;

	play(scene, "H1h1T1T2");
	coverage_keeper_count(scene->keeper, SLICE_LITERAL("t"), 1, 2);
	coverage_keeper_count(scene->keeper, SLICE_LITERAL("t"), 5, 5);
	coverage_keeper_tick(scene->keeper);
	assert_int_equal(coverage_sum_since(scene->reader, 0, &sum, &err), 0);
	assert_int_equal(sum.both, 1);
	assert_int_equal(sum.all, 2);
	assert_int_equal(sum.unrecorded, 1);
	assert_int_equal(sum.missing, 2);
	assert_int_equal(
	    coverage_sum_since(scene->reader,
		clock_realtime(&clock_system) + USEC_PER_MIN, &sum, &err),
	    0);
	assert_int_equal(sum.all + sum.unrecorded + sum.missing, 0);
}

int
main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_is_counted_once_by_each_way),
		IN_SCENE(sums_outlive_the_daemon),
		IN_SCENE(what_is_no_call_of_a_hook_is_not_counted),
		IN_SCENE(a_sub_agents_calls_are_its_sessions),
		IN_SCENE(gaps_of_a_sequence_are_kept_and_closed),
		IN_SCENE(more_sessions_than_there_is_room_for_are_left_out),
		IN_SCENE(old_calls_are_forgotten_and_the_newer_half_is_not),
		IN_SCENE(without_a_database_it_is_kept_in_memory),
		IN_SCENE(sessions_are_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
