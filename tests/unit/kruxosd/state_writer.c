#include "collectors/kruxosd/state_writer.c"

#include "collectors/kruxosd/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

struct scene {
	char path[64];
	struct state *state;
	struct state_writer *writer;
	struct arena arena;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	snprintf(scene->path, sizeof(scene->path), "/tmp/kruxos-state-XXXXXX");
	close(mkstemp(scene->path));
	scene->state = state_open(scene->path, &clock_system, &err);
	assert_non_null(scene->state);
	scene->writer = state_writer_new(scene->path);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct scene *scene = *state;

	state_writer_free(scene->writer);
	state_close(scene->state);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[80];

		snprintf(path, sizeof(path), "%s%s", scene->path, ends[i]);
		unlink(path);
	}
	arena_free(&scene->arena);
	free(scene);
	return 0;
}

/* In a transaction of its own; its id. */
static uint64_t
owe(struct scene *scene, const struct entry *entry)
{
	uint64_t id = 0;
	struct error err;

	assert_int_equal(state_writer_begin(scene->writer, &err), 0);
	assert_int_equal(state_writer_owe(scene->writer, entry,
			     SLICE_LITERAL("{\"a\":1}"), &id, &err),
	    0);
	assert_int_equal(state_writer_commit(scene->writer, 0, &err), 0);
	return id;
}

static void
assert_same(struct slice a, struct slice b)
{
	assert_int_equal(a.data == NULL, b.data == NULL);
	assert_true(slice_equal(a, b));
}

static void
an_entry_comes_back_as_it_was_owed(void **state)
{
	static const struct entry entries[] = {
		{ .time = 7,
		    .uid = 1000,
		    .source = ENTRY_CLI,
		    .actor = ENTRY_USER,
		    .actor_name = SLICE_LITERAL("ana"),
		    .capability = SLICE_LITERAL("agent.create") },
		{ .time = 8,
		    .source = ENTRY_DAEMON,
		    .actor = ENTRY_SYSTEM,
		    .capability = SLICE_LITERAL("account.sign_out"),
		    .status = ENTRY_DENIED },
		{ .time = 9,
		    .uid = 33,
		    .source = ENTRY_GATEWAY,
		    .actor = ENTRY_AGENT,
		    .actor_name = SLICE_LITERAL("reader"),
		    .session_id = SLICE_LITERAL("s"),
		    .call_id = SLICE_LITERAL("c"),
		    .parent_call_id = SLICE_LITERAL("p"),
		    .trace_id = SLICE_LITERAL("t"),
		    .capability = SLICE_LITERAL("approval.request"),
		    .tier = ENTRY_APPROVAL_REQUIRED,
		    .decider = ENTRY_BY_POLICY,
		    .status = ENTRY_PENDING },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		const struct entry *owed = &entries[i];
		struct slice request;
		struct entry read;
		struct error err;

		assert_int_equal(
		    state_writer_owed_entry(scene->writer, owe(scene, owed),
			&scene->arena, &read, &request, &err),
		    1);
		assert_int_equal(read.time, owed->time);
		assert_int_equal(read.uid, owed->uid);
		assert_int_equal(read.source, owed->source);
		assert_int_equal(read.actor, owed->actor);
		assert_same(read.actor_name, owed->actor_name);
		assert_same(read.session_id, owed->session_id);
		assert_same(read.call_id, owed->call_id);
		assert_same(read.parent_call_id, owed->parent_call_id);
		assert_same(read.trace_id, owed->trace_id);
		assert_same(read.capability, owed->capability);
		assert_int_equal(read.tier, owed->tier);
		assert_int_equal(read.decider, owed->decider);
		assert_int_equal(read.status, owed->status);
		assert_true(slice_is(request, "{\"a\":1}"));
	}
}

/* A file of the version before agents, with entries that it owes. */
static void
what_an_older_daemon_owed_is_owed_still(void **state)
{
	static const char rows[] =
	    "INSERT INTO owed_entry (at, uid, source, user_name, capability, "
	    "request) VALUES (7, 1000, 'dashboard', 'ana', 'token.create', "
	    "'{}'), (8, 0, 'daemon', '', 'account.sign_out', '{}')";
	struct database_schema before = schema_state;
	struct scene *scene = *state;
	struct database *database;
	struct slice request;
	struct entry entry;
	struct error err;

	before.count = 3;
	state_close(scene->state);
	unlink(scene->path);
	database = database_open(scene->path, DATABASE_WRITE, &err);
	assert_non_null(database);
	assert_int_equal(database_migrate(database, &before, &err), 0);
	assert_int_equal(database_run(database, rows, &err), 0);
	database_close(database);
	scene->state = state_open(scene->path, &clock_system, &err);
	assert_non_null(scene->state);
	assert_int_equal(state_status(scene->state), STATUS_STATE_OK);

	assert_int_equal(state_writer_owed_entry(scene->writer, 1,
			     &scene->arena, &entry, &request, &err),
	    1);
	assert_int_equal(entry.actor, ENTRY_USER);
	assert_true(slice_is(entry.actor_name, "ana"));
	assert_int_equal(entry.source, ENTRY_DASHBOARD);
	assert_int_equal(entry.status, ENTRY_SUCCESS);
	assert_null(entry.session_id.data);
	assert_int_equal(state_writer_owed_entry(scene->writer, 2,
			     &scene->arena, &entry, &request, &err),
	    1);
	assert_int_equal(entry.actor, ENTRY_SYSTEM);
	assert_int_equal(entry.tier, ENTRY_NO_TIER);
}

static void
what_was_taken_back_is_not_owed(void **state)
{
	struct scene *scene = *state;
	struct entry entry = { .actor = ENTRY_SYSTEM,
		.capability = SLICE_LITERAL("test.it") };
	uint64_t id, kept = owe(scene, &entry), ids[4];
	size_t count = 0;
	struct error err;

	assert_int_equal(state_writer_begin(scene->writer, &err), 0);
	assert_int_equal(state_writer_owe(scene->writer, &entry,
			     SLICE_LITERAL("{}"), &id, &err),
	    0);
	assert_int_equal(state_writer_commit(scene->writer, -1, &err), -1);
	assert_int_equal(
	    state_writer_owed(scene->writer, ids, 4, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], kept);
	assert_int_equal(state_writer_settle(scene->writer, kept, &err), 0);
	assert_int_equal(
	    state_writer_owed(scene->writer, ids, 4, &count, &err), 0);
	assert_int_equal(count, 0);
}

static void
another_file_in_its_place_is_opened_anew(void **state)
{
	struct scene *scene = *state;
	struct entry entry = { .actor = ENTRY_SYSTEM,
		.capability = SLICE_LITERAL("test.it") };
	uint64_t ids[4], opened;
	size_t count = 7;
	struct error err;

	assert_int_equal(state_writer_opened(scene->writer), 0);
	owe(scene, &entry);
	opened = state_writer_opened(scene->writer);
	owe(scene, &entry);
	assert_int_equal(state_writer_opened(scene->writer), opened);
	state_close(scene->state);
	unlink(scene->path);
	scene->state = state_open(scene->path, &clock_system, &err);
	assert_int_equal(
	    state_writer_owed(scene->writer, ids, 4, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(state_writer_opened(scene->writer), opened + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_entry_comes_back_as_it_was_owed),
		TEST(what_an_older_daemon_owed_is_owed_still),
		TEST(what_was_taken_back_is_not_owed),
		TEST(another_file_in_its_place_is_opened_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
