#include "collectors/kruxosd/outbox_writer.c"

#include "sql/schema_telemetry.h"
#include "store/outbox.h"
#include "tests/unit/disk_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW (20000 * USEC_PER_DAY)

/* A writer, and who reads what it keeps. */
struct scene {
	char dir[64], path[96];
	struct database *database;
	struct outbox_writer *writer;
	struct outbox *reader;
	struct buf body;
	uint64_t dropped;
	char told[256];
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-outbox-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->dir);
	scene->database = database_open(scene->path, DATABASE_WRITE, &err);
	if (scene->database == NULL ||
	    database_migrate(scene->database, &schema_telemetry, &err) == -1)
		fail_msg("%s", err.sentence);
	/* What is tested is no power cut. */
	assert_int_equal(
	    database_run(scene->database, "PRAGMA synchronous = OFF", &err), 0);
	scene->writer = outbox_writer_new(scene->database, &err);
	assert_non_null(scene->writer);
	scene->reader = outbox_open(scene->path);
	buf_init(&scene->body);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	outbox_close(scene->reader);
	outbox_writer_free(scene->writer);
	database_close(scene->database);
	buf_free(&scene->body);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

static uint64_t
put(struct scene *scene, const char *key, const char *body, bool is_repeat,
    bool supersedes_any)
{
	struct outbox_notice notice = {
		.channel = slice_of("ops"),
		.group_key = slice_of(key),
		.body = slice_of(body),
		.created_at = NOW,
		.is_repeat = is_repeat,
		.supersedes_any = supersedes_any,
	};
	struct error err;
	uint64_t id;

	if (outbox_writer_put(
		scene->writer, &notice, &id, &scene->dropped, &err) == -1)
		fail_msg("%s", err.sentence);
	return id;
}

/* The body of what is due at `now`; "": nothing is. */
static const char *
next(struct scene *scene, usec_t now, uint64_t *ret_id)
{
	struct outbox_due due;
	struct error err;
	int found = outbox_next(
	    scene->reader, slice_of("ops"), now, &due, &scene->body, &err);

	if (found == -1)
		fail_msg("%s", err.sentence);
	if (found == 1)
		*ret_id = due.id;
	return scene->body.data;
}

static void
deliver(struct scene *scene, uint64_t id, usec_t now)
{
	struct outbox_waiting waiting;
	struct error err;

	assert_int_equal(
	    outbox_writer_find(scene->writer, id, &waiting, &err), 0);
	assert_int_equal(
	    outbox_writer_deliver(scene->writer, id, &waiting, now, &err), 0);
}

static void
refuse(struct scene *scene, uint64_t id, usec_t now)
{
	struct outbox_waiting waiting;
	struct error err;

	assert_int_equal(
	    outbox_writer_find(scene->writer, id, &waiting, &err), 0);
	assert_int_equal(outbox_writer_fail(scene->writer, id, &waiting,
			     slice_of("refused"), now, 0, &err),
	    0);
}

static struct outbox_channel
channel(struct scene *scene)
{
	static struct arena arena; /* lives as long as the test */
	struct outbox_channel channel;
	struct error err;

	if (outbox_channel(
		scene->reader, slice_of("ops"), &arena, &channel, &err) == -1)
		fail_msg("%s", err.sentence);
	if (channel.last_error.data != NULL)
		assert_true(slice_is(channel.last_error, "refused"));
	arena_free(&arena);
	return channel;
}

static void
notices_of_a_group_go_in_their_order(void **state)
{
	struct scene *scene = *state;
	uint64_t first = put(scene, "a", "first", false, false), id = 0;

	put(scene, "a", "second", false, false);
	put(scene, "b", "third", false, false);
	assert_string_equal(next(scene, NOW - 1, &id), "");
	assert_string_equal(next(scene, NOW, &id), "first");
	assert_int_equal(id, first);
	refuse(scene, first, NOW);
	/* The group waits, the other does not. */
	assert_string_equal(next(scene, NOW, &id), "third");
	deliver(scene, id, NOW);
	assert_string_equal(next(scene, NOW + 1, &id), "first");
	deliver(scene, first, NOW + 1);
	assert_string_equal(next(scene, NOW + 1, &id), "second");
	deliver(scene, id, NOW + 2);
	assert_string_equal(next(scene, NOW + USEC_PER_DAY, &id), "");
}

static void
a_channel_fails_until_it_has_taken_everything(void **state)
{
	struct scene *scene = *state;
	uint64_t first = put(scene, "a", "first", false, false);
	uint64_t second = put(scene, "b", "second", false, false);
	uint64_t id = 0;
	bool is_failing = true;
	struct error err;

	assert_int_equal(outbox_writer_is_failing(
			     scene->writer, slice_of("ops"), &is_failing, &err),
	    0);
	assert_false(is_failing);
	refuse(scene, first, NOW);
	refuse(scene, second, NOW + 1);
	assert_int_equal(channel(scene).failing_since, NOW);
	assert_int_equal(channel(scene).failed_at, NOW + 1);
	assert_int_equal(channel(scene).waiting, 2);
	assert_string_equal(next(scene, NOW + USEC_PER_SEC, &id), "");
	deliver(scene, first, NOW + 5 * USEC_PER_SEC);
	/* It is back: what waits need not wait any longer. */
	assert_string_equal(next(scene, NOW + 5 * USEC_PER_SEC, &id), "second");
	assert_int_equal(channel(scene).failing_since, NOW);
	deliver(scene, second, NOW + 6 * USEC_PER_SEC);
	assert_int_equal(channel(scene).failing_since, 0);
	assert_int_equal(channel(scene).delivered_at, NOW + 6 * USEC_PER_SEC);
	assert_int_equal(channel(scene).waiting, 0);
}

static void
pauses_grow_to_five_minutes_and_differ(void **state)
{
	(void)state;
	for (uint64_t attempts = 1; attempts < 70; attempts++) {
		usec_t middle = OUTBOX_PAUSE_SHORTEST
				<< (attempts < 8 ? attempts - 1 : 7);
		usec_t last = 0;

		if (middle > OUTBOX_PAUSE_LONGEST)
			middle = OUTBOX_PAUSE_LONGEST;
		for (uint64_t chance = 0; chance < 1000; chance++) {
			usec_t pause = outbox_writer_pause(
			    attempts, chance * 1000003 * 7919);

			assert_in_range(
			    pause, middle - middle / 4, middle + middle / 4);
			assert_true(pause != last);
			last = pause;
		}
	}
}

static void
a_repeat_takes_the_place_of_one_that_waits(void **state)
{
	struct scene *scene = *state;
	uint64_t id = 0;

	put(scene, "a", "news", false, false);
	assert_true(put(scene, "a", "again", true, false) != 0);
	assert_int_equal(put(scene, "a", "again 2", true, false), 0);
	assert_int_equal(channel(scene).waiting, 2);
	assert_string_equal(next(scene, NOW, &id), "news");
	deliver(scene, id, NOW);
	assert_string_equal(next(scene, NOW, &id), "again 2");
	/* One of an Alertmanager takes the place of the news, too: they say
	 * the same. */
	put(scene, "fires", "fires", false, true);
	assert_int_equal(put(scene, "fires", "still fires", true, true), 0);
	put(scene, "fires", "is over", false, true);
	deliver(scene, id, NOW);
	assert_string_equal(next(scene, NOW, &id), "still fires");
	deliver(scene, id, NOW);
	assert_string_equal(next(scene, NOW, &id), "is over");
}

static void
there_is_a_bound_and_repeats_go_first(void **state)
{
	struct scene *scene = *state;
	struct error err;
	char key[32];
	uint64_t id = 0;

	assert_int_equal(outbox_writer_begin(scene->writer, &err), 0);
	put(scene, "first", "first", false, false);
	for (int i = 1; i < OUTBOX_NOTICES; i++) {
		snprintf(key, sizeof(key), "%d", i);
		put(scene, key, i <= ROOM ? "again" : "news", i <= ROOM, false);
	}
	assert_int_equal(outbox_writer_commit(scene->writer, 0, &err), 0);
	assert_int_equal(scene->dropped, 0);
	put(scene, "last", "last", false, false);
	assert_int_equal(scene->dropped, ROOM);
	assert_int_equal(channel(scene).waiting, OUTBOX_NOTICES - ROOM + 1);
	assert_string_equal(next(scene, NOW, &id), "first");
}

static void
what_is_old_is_given_up_after_a_week(void **state)
{
	struct scene *scene = *state;
	uint64_t sent = put(scene, "a", "sent", false, false), given_up = 1;
	struct error err;

	put(scene, "b", "waits", false, false);
	deliver(scene, sent, NOW);
	assert_int_equal(outbox_writer_expire(scene->writer,
			     NOW + 7 * USEC_PER_DAY, &given_up, &err),
	    0);
	assert_int_equal(given_up, 0);
	assert_int_equal(channel(scene).waiting, 1);
	assert_int_equal(outbox_writer_expire(scene->writer,
			     NOW + 7 * USEC_PER_DAY + 1, &given_up, &err),
	    0);
	assert_int_equal(given_up, 1);
	assert_int_equal(scene->writer->count, 0);
}

static void
what_is_taken_back_was_never_there(void **state)
{
	struct scene *scene = *state;
	struct error err;

	assert_int_equal(outbox_writer_begin(scene->writer, &err), 0);
	put(scene, "a", "first", false, false);
	assert_int_equal(
	    outbox_writer_tell(scene->writer, slice_of("ops"), 1, NOW, &err),
	    0);
	assert_int_equal(outbox_writer_commit(scene->writer, -1, &err), -1);
	assert_int_equal(channel(scene).waiting, 0);
	assert_int_equal(scene->writer->count, 0);
}

static bool
is_channel(void *context, struct slice name)
{
	(void)context;
	return slice_is(name, "ops");
}

static void
on_told(
    void *context, const struct alert *alert, const char *name, usec_t told_at)
{
	struct scene *scene = context;
	size_t len = strlen(scene->told);

	assert_int_equal(told_at, NOW);
	snprintf(scene->told + len, sizeof(scene->told) - len, "%s %s %.*s; ",
	    name, alert_state_name(alert->state), SLICE_ARG(alert->title));
}

static void
a_start_knows_what_was_told(void **state)
{
	struct scene *scene = *state;
	struct outbox_reader reader = { is_channel, on_told, scene };
	static const char alerts[] =
	    "INSERT INTO alerts VALUES (1, 1, 1, 0, 'r', NULL, NULL, 'Fires', "
	    "NULL, NULL, 1, 1, 1, 0, NULL, 0, NULL, 0),"
	    "(2, 2, 2, 0, 'r', NULL, NULL, 'Over', NULL, NULL, 1, 1, 1, 5, "
	    "NULL, 0, NULL, 0), (3, 3, 0, 0, 'r', NULL, NULL, 'Again', NULL, "
	    "NULL, 1, 1, 1, 5, NULL, 0, NULL, 0)";
	static const struct {
		const char *channel;
		uint64_t alert;
	} told[] = { { "ops", 1 }, { "ops", 2 }, { "ops", 3 }, { "ops", 4 },
		{ "gone", 1 } };
	struct error err;

	assert_int_equal(database_run(scene->database, alerts, &err), 0);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		assert_int_equal(
		    outbox_writer_tell(scene->writer, slice_of(told[i].channel),
			told[i].alert, NOW, &err),
		    0);
	if (outbox_writer_load(scene->writer, &reader, &err) == -1)
		fail_msg("%s", err.sentence);
	assert_string_equal(scene->told, "ops firing Fires; ops resolved Over; "
					 "ops resolved Again; ");
	assert_int_equal(
	    outbox_writer_forget(scene->writer, slice_of("ops"), 1, &err), 0);
	scene->told[0] = '\0';
	assert_int_equal(outbox_writer_load(scene->writer, &reader, &err), 0);
	assert_string_equal(
	    scene->told, "ops resolved Over; ops resolved Again; ");
}

static void
erased_words_leave_what_waits_and_what_was_sent(void **state)
{
	struct scene *scene = *state;
	struct json_reader reader = JSON_READER_INIT;
	uint64_t sent = put(scene, "a",
	    "{\"title\":\"hunter2\",\"audit_seq\":\"7\"}", false, false);
	uint64_t id = 0;
	struct error err;

	deliver(scene, sent, NOW);
	put(scene, "a", "{\"title\":\"hunter2\",\"audit_seq\":\"7\"}", false,
	    false);
	put(scene, "b", "{\"title\":\"other\",\"audit_seq\":\"70\"}", false,
	    false);
	assert_int_equal(
	    outbox_writer_erase(scene->writer, &reader, 7, &err), 0);
	assert_string_equal(next(scene, NOW, &id),
	    "{\"title\":\"(erased)\",\"audit_seq\":\"7\"}");
	deliver(scene, id, NOW);
	assert_string_equal(next(scene, NOW, &id),
	    "{\"title\":\"other\",\"audit_seq\":\"70\"}");
	assert_int_equal(scene->writer->count, 2);
	json_reader_free(&reader);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(notices_of_a_group_go_in_their_order),
		TEST(a_channel_fails_until_it_has_taken_everything),
		cmocka_unit_test(pauses_grow_to_five_minutes_and_differ),
		TEST(a_repeat_takes_the_place_of_one_that_waits),
		TEST(there_is_a_bound_and_repeats_go_first),
		TEST(what_is_old_is_given_up_after_a_week),
		TEST(what_is_taken_back_was_never_there),
		TEST(a_start_knows_what_was_told),
		TEST(erased_words_leave_what_waits_and_what_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
