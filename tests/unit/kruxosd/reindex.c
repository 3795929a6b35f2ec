#include "collectors/kruxosd/reindex.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- an index that does what it is told to ------------------------------ */

static struct indexer_state index_state;
static unsigned orders;

void
indexer_get(struct indexer *indexer, struct indexer_state *ret_state)
{
	(void)indexer;
	*ret_state = index_state;
}

void
indexer_reindex(struct indexer *indexer)
{
	(void)indexer;
	orders++;
	index_state.status = STATUS_INDEX_REBUILDING;
	index_state.progress = 0;
}

/* --- who asks ------------------------------------------------------------- */

struct scene {
	struct reindex *reindex;
	struct command_caller caller;
	struct buf heard;
};

static void
on_answer(struct command_caller *caller, struct slice line)
{
	struct scene *scene =
	    (struct scene *)((char *)caller - offsetof(struct scene, caller));

	buf_add_slice(&scene->heard, line);
}

static void
run(void *context, struct command_call *call)
{
	struct scene *scene = context;

	reindex_command(scene->reindex, call);
}

static void
ask(struct scene *scene)
{
	static const struct command commands[] = {
		{ "audit.reindex", MESSAGE_OWNER, run, NULL },
		{ 0 },
	};
	const struct command_table table = { commands, NULL, scene, NULL };
	struct message_peer peer = { .classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct message message = { .kind = MESSAGE_COMMAND,
		.verb = SLICE_LITERAL("audit.reindex"),
		.id = SLICE_LITERAL("r") };

	command_start(&table, &message, &peer, &scene->caller);
}

static int
setup(void **state)
{
	struct scene *scene = memory_new(sizeof(*scene));

	index_state = (struct indexer_state){ .index_seq = 9, .generation = 1 };
	orders = 0;
	scene->caller.on_answer = on_answer;
	scene->heard = (struct buf)BUF_INIT;
	scene->reindex = reindex_new(NULL);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	reindex_free(scene->reindex);
	buf_free(&scene->heard);
	free(scene);
	return 0;
}

static void
hear(struct scene *scene, enum status_index status, const char *sentence)
{
	index_state.status = status;
	snprintf(
	    index_state.sentence, sizeof(index_state.sentence), "%s", sentence);
	reindex_heard(scene->reindex, &index_state);
}

static void
assert_answer(struct scene *scene, const char *expected)
{
	assert_string_equal(scene->heard.data, expected);
	assert_int_equal(scene->caller.count, 0);
	buf_reset(&scene->heard);
}

#define DONE "{\"id\":\"r\",\"ok\":{\"entries\":9,\"generation\":2}}\n"

static void
it_is_answered_when_the_new_index_is_built(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	assert_int_equal(orders, 1);
	index_state.generation = 2;
	index_state.progress = 0.5;
	hear(scene, STATUS_INDEX_REBUILDING, "");
	assert_string_equal(
	    scene->heard.data, "{\"id\":\"r\",\"progress\":0.500}\n");
	buf_reset(&scene->heard);
	hear(scene, STATUS_INDEX_CURRENT, "");
	assert_answer(scene, DONE);
}

static void
who_asks_while_it_is_built_waits_for_that(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	index_state.generation = 2;
	hear(scene, STATUS_INDEX_REBUILDING, "");
	ask(scene);
	assert_int_equal(orders, 1);
	buf_reset(&scene->heard);
	hear(scene, STATUS_INDEX_CURRENT, "");
	assert_answer(scene, DONE DONE);
	ask(scene);
	assert_int_equal(orders, 2);
}

static void
a_failure_is_answered_with_its_words(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	hear(scene, STATUS_INDEX_FAILING, "kruxos.db: disk is full");
	assert_answer(scene,
	    "{\"id\":\"r\",\"error\":\"system\",\"detail\":\"kruxos.db: disk "
	    "is full; the daemon goes on with the index when it can\"}\n");
}

static void
a_refusal_is_answered_with_its_words(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	snprintf(index_state.refusal, sizeof(index_state.refusal), "no room");
	hear(scene, STATUS_INDEX_CURRENT, "");
	assert_answer(scene,
	    "{\"id\":\"r\",\"error\":\"system\",\"detail\":\"no room\"}\n");
}

/* Another process may hold its lock, and the index says only that it waits. */
static void
an_index_that_does_not_move_is_not_waited_for(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	hear(scene, STATUS_INDEX_REBUILDING, "locked");
	for (usec_t now = 0; now < STANDSTILL_MAX; now += USEC_PER_SEC) {
		reindex_tick(scene->reindex, USEC_PER_DAY + now);
		hear(scene, STATUS_INDEX_REBUILDING, "locked");
	}
	assert_int_equal(scene->caller.count, 1);
	buf_reset(&scene->heard);
	reindex_tick(scene->reindex, USEC_PER_DAY + STANDSTILL_MAX);
	assert_answer(scene,
	    "{\"id\":\"r\",\"error\":\"busy\",\"detail\":\"the index has not "
	    "moved for half a minute: locked; it is built when it can be\"}\n");
}

static void
as_long_as_it_moves_it_may_take_its_time(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	for (usec_t now = USEC_PER_DAY; now < 2 * USEC_PER_DAY;
	     now += STANDSTILL_MAX / 2) {
		index_state.index_seq++;
		hear(scene, STATUS_INDEX_REBUILDING, "");
		reindex_tick(scene->reindex, now);
	}
	assert_int_equal(scene->caller.count, 1);
}

static void
who_waits_when_the_daemon_stops_is_answered(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	reindex_free(scene->reindex);
	assert_non_null(strstr(scene->heard.data, "\"error\":\"busy\""));
	assert_int_equal(scene->caller.count, 0);
	scene->reindex = NULL;
}

static void
too_many_who_wait_are_refused(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < WAITING_MAX; i++)
		ask(scene);
	assert_int_equal(scene->heard.len, 0);
	ask(scene);
	assert_non_null(strstr(scene->heard.data, "\"error\":\"busy\""));
	assert_int_equal(scene->caller.count, WAITING_MAX);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_is_answered_when_the_new_index_is_built),
		TEST(who_asks_while_it_is_built_waits_for_that),
		TEST(a_failure_is_answered_with_its_words),
		TEST(a_refusal_is_answered_with_its_words),
		TEST(an_index_that_does_not_move_is_not_waited_for),
		TEST(as_long_as_it_moves_it_may_take_its_time),
		TEST(who_waits_when_the_daemon_stops_is_answered),
		TEST(too_many_who_wait_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
