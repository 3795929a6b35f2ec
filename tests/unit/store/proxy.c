#include "lib/store/proxy.c"

#include "base/cleanup.h"
#include "collectors/kruxosd/proxy_writer.h"
#include "tests/unit/disk_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct proxy_service services[] = {
	{ SLICE_LITERAL("gmail"), PROXY_SYNCED, 5, 6, 0, { NULL, 0 }, 12 },
	{ SLICE_LITERAL("tickets"), PROXY_ERROR, 7, 0, 3,
	    SLICE_LITERAL("HTTP 503"), -1 },
};

/* Text of outsiders may hold any character. */
static struct proxy_write writes[] = {
	{
	    .id = SLICE_LITERAL("w2"),
	    .service = SLICE_LITERAL("gmail"),
	    .summary = SLICE_LITERAL("a\0b \"'; DROP TABLE proxy_writes"),
	    .agent_name = SLICE_LITERAL("a/b"),
	    .state = PROXY_DEAD,
	    .created_at = 1,
	    .sends_at = 2,
	    .attempts = 3,
	    .last_error = SLICE_LITERAL(""),
	    .decision = { PROXY_RETRY, SLICE_LITERAL("alice"), 4, 3 },
	},
	{
	    .id = SLICE_LITERAL("w1"),
	    .service = SLICE_LITERAL("tickets"),
	    .summary = SLICE_LITERAL(""),
	    .state = PROXY_BUFFERED,
	    .created_at = 9,
	},
};

static struct proxy_error errors[] = {
	{ 8, SLICE_LITERAL("tickets"), { NULL, 0 }, SLICE_LITERAL("HTTP 503") },
	{ 7, SLICE_LITERAL("gmail"), SLICE_LITERAL("w2"), SLICE_LITERAL("no") },
};

static const struct proxy_report whole = { 8, services, 2, writes, 2, errors,
	2 };

static void
save(const char *path, const struct proxy_report *report, unsigned changed)
{
	struct error err;
	struct database *database = database_open(path, DATABASE_WRITE, &err);
	struct proxy_writer *writer;

	if (database == NULL ||
	    database_migrate(database, &schema_telemetry, &err) == -1)
		fail_msg("%s", err.sentence);
	writer = proxy_writer_new(database, &err);
	if (writer == NULL ||
	    proxy_writer_save(writer, report, changed, &err) == -1)
		fail_msg("%s", err.sentence);
	proxy_writer_free(writer);
	database_close(database);
}

struct scene {
	char dir[64], path[96];
	struct proxy_reader *reader;
	struct arena arena;
	struct proxy_report report;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-proxy-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->dir);
	scene->reader = proxy_open(scene->path);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	proxy_close(scene->reader);
	arena_free(&scene->arena);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

static void
read_back(struct scene *scene)
{
	struct error err;

	if (proxy_read(scene->reader, &scene->arena, &scene->report, &err) ==
	    -1)
		fail_msg("%s", err.sentence);
}

static void
assert_text(struct slice found, struct slice wanted)
{
	assert_int_equal(found.data == NULL, wanted.data == NULL);
	assert_true(slice_equal(found, wanted));
}

static void
what_is_written_is_read(void **state)
{
	struct scene *scene = *state;

	save(scene->path, &whole, PROXY_STATE_ALL);
	read_back(scene);
	assert_int_equal(scene->report.reported_at, 8);
	assert_int_equal(scene->report.service_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct proxy_service *found = scene->report.services + i;
		const struct proxy_service *wanted = services + i;

		assert_text(found->name, wanted->name);
		assert_int_equal(found->status, wanted->status);
		assert_int_equal(
		    found->last_started_at, wanted->last_started_at);
		assert_int_equal(
		    found->last_completed_at, wanted->last_completed_at);
		assert_int_equal(
		    found->consecutive_failures, wanted->consecutive_failures);
		assert_text(found->last_error, wanted->last_error);
		assert_int_equal(found->items_synced, wanted->items_synced);
	}
	assert_int_equal(scene->report.write_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct proxy_write *found = scene->report.writes + i;
		const struct proxy_write *wanted = writes + i;

		assert_text(found->id, wanted->id);
		assert_text(found->service, wanted->service);
		assert_text(found->summary, wanted->summary);
		assert_text(found->agent_name, wanted->agent_name);
		assert_int_equal(found->state, wanted->state);
		assert_int_equal(found->created_at, wanted->created_at);
		assert_int_equal(found->sends_at, wanted->sends_at);
		assert_int_equal(found->attempts, wanted->attempts);
		assert_text(found->last_error, wanted->last_error);
		assert_int_equal(
		    found->decision.action, wanted->decision.action);
		assert_text(
		    found->decision.user_name, wanted->decision.user_name);
		assert_int_equal(found->decision.at, wanted->decision.at);
		assert_int_equal(
		    found->decision.attempts, wanted->decision.attempts);
	}
	assert_int_equal(scene->report.error_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct proxy_error *found = scene->report.errors + i;

		assert_int_equal(found->at, errors[i].at);
		assert_text(found->service, errors[i].service);
		assert_text(found->write_id, errors[i].write_id);
		assert_text(found->error, errors[i].error);
	}
}

static void
what_a_report_no_longer_shows_is_gone(void **state)
{
	struct scene *scene = *state;
	struct proxy_report fewer = { 9, services, 1, NULL, 0, NULL, 0 };

	save(scene->path, &whole, PROXY_STATE_ALL);
	save(scene->path, &fewer, 0);
	read_back(scene);
	assert_int_equal(scene->report.reported_at, 9);
	assert_int_equal(scene->report.service_count, 1);
	assert_int_equal(scene->report.write_count, 2);
	save(scene->path, &fewer, PROXY_STATE_ALL);
	read_back(scene);
	assert_int_equal(scene->report.write_count, 0);
	assert_int_equal(scene->report.error_count, 0);
}

static void
a_database_is_waited_for_and_found_again(void **state)
{
	struct scene *scene = *state;
	struct proxy_report empty = { .reported_at = 10 };
	char old[112];
	struct error err;

	assert_int_equal(
	    proxy_read(scene->reader, &scene->arena, &scene->report, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	save(scene->path, &whole, PROXY_STATE_ALL);
	read_back(scene);
	assert_int_equal(scene->report.reported_at, 8);
	snprintf(old, sizeof(old), "%s/old.db", scene->dir);
	assert_int_equal(rename(scene->path, old), 0);
	save(scene->path, &empty, PROXY_STATE_ALL);
	read_back(scene);
	assert_int_equal(scene->report.reported_at, 10);
	assert_int_equal(scene->report.service_count, 0);
}

static void
three_intervals_without_a_report_are_stale(void **state)
{
	static const struct {
		usec_t reported_at, now;
		bool is_stale;
	} cases[] = {
		{ 0, 0, true },
		{ 1000, 1000, false },
		{ 1000, 1030, false },
		{ 1000, 1031, true },
		/* The clock was set back. */
		{ 1000, 970, false },
		{ 1000, 969, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proxy_report report = { .reported_at =
						   cases[i].reported_at };

		assert_int_equal(proxy_is_stale(&report, 10, cases[i].now),
		    cases[i].is_stale);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(what_a_report_no_longer_shows_is_gone),
		TEST(a_database_is_waited_for_and_found_again),
		cmocka_unit_test(three_intervals_without_a_report_are_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
