#include "collectors/kruxosd/alert_writer.c"

#include "sql/schema_telemetry.h"
#include "store/alerts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW (1000 * USEC_PER_DAY)

/* What is written is read by who reads it in earnest (store/alerts.h). */
struct scene {
	char folder[64], path[96];
	struct database *database;
	struct alert_writer *writer;
	struct alerts_reader *reader;
	struct arena arena;
};

static void
open_writer(struct scene *scene)
{
	struct error err;

	scene->database = database_open(scene->path, DATABASE_WRITE, &err);
	if (scene->database == NULL ||
	    database_migrate(scene->database, &schema_telemetry, &err) == -1)
		fail_msg("%s", err.sentence);
	scene->writer = alert_writer_new(scene->database, &err);
	if (scene->writer == NULL)
		fail_msg("%s", err.sentence);
}

static void
close_writer(struct scene *scene)
{
	alert_writer_free(scene->writer);
	database_close(scene->database);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	snprintf(scene->folder, sizeof(scene->folder),
	    "/tmp/kruxos-alert-writer-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->folder);
	open_writer(scene);
	scene->reader = alerts_open(scene->path);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct scene *scene = *state;

	alerts_close(scene->reader);
	close_writer(scene);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s", scene->path, suffixes[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(scene->folder), 0);
	arena_free(&scene->arena);
	free(scene);
	return 0;
}

/* One with a value in each field. */
static struct alert
full_alert(uint64_t id)
{
	return (struct alert){
		.id = id,
		.fingerprint = UINT64_MAX >> 1,
		.state = ALERT_FIRING,
		.severity = RULE_INFO,
		.rule = SLICE_LITERAL("service-down"),
		.service = SLICE_LITERAL("gateway"),
		.agent_name = SLICE_LITERAL("deployer"),
		.title = SLICE_LITERAL("Service down"),
		.message = SLICE_LITERAL("gateway is down: 'refused'"),
		.context = SLICE_LITERAL("{\"a\":1}"),
		.count = 3,
		.first_seen = NOW - 5,
		.last_seen = NOW,
		.resolved_at = NOW - 3,
		.acknowledged_by = SLICE_LITERAL("alice"),
		.acknowledged_at = NOW - 2,
		.note = SLICE_LITERAL("on it"),
		.seq = 42,
	};
}

static struct alert
bare_alert(uint64_t id, enum alert_state state, usec_t last_seen)
{
	return (struct alert){
		.id = id,
		.state = state,
		.title = SLICE_LITERAL("bare"),
		.first_seen = last_seen,
		.last_seen = last_seen,
	};
}

static void
save(struct scene *scene, const struct alert *alert)
{
	struct error err;

	if (alert_writer_save(scene->writer, alert, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
add_event(struct scene *scene, uint64_t id, enum alert_event event, usec_t at)
{
	struct error err;

	assert_int_equal(
	    alert_writer_add_event(scene->writer, id, event, at,
		(struct slice){ NULL, 0 }, (struct slice){ NULL, 0 }, &err),
	    0);
}

static struct alert_list
list(struct scene *scene)
{
	struct alert_list found;
	struct error err;

	if (alerts_list(scene->reader, 0, &scene->arena, &found, &err) == -1)
		fail_msg("%s", err.sentence);
	return found;
}

static struct alert_history
history(struct scene *scene, uint64_t id)
{
	struct alert_history found;
	struct error err;

	if (alerts_history(scene->reader, id, &scene->arena, &found, &err) ==
	    -1)
		fail_msg("%s", err.sentence);
	return found;
}

static void
assert_same_text(struct slice one, struct slice other)
{
	assert_int_equal(one.data == NULL, other.data == NULL);
	assert_true(slice_equal(one, other));
}

static void
assert_same(const struct alert *one, const struct alert *other)
{
	assert_int_equal(one->id, other->id);
	assert_int_equal(one->fingerprint, other->fingerprint);
	assert_int_equal(one->state, other->state);
	assert_int_equal(one->severity, other->severity);
	assert_same_text(one->rule, other->rule);
	assert_same_text(one->service, other->service);
	assert_same_text(one->agent_name, other->agent_name);
	assert_same_text(one->title, other->title);
	assert_same_text(one->message, other->message);
	assert_same_text(one->context, other->context);
	assert_int_equal(one->count, other->count);
	assert_int_equal(one->first_seen, other->first_seen);
	assert_int_equal(one->last_seen, other->last_seen);
	assert_int_equal(one->resolved_at, other->resolved_at);
	assert_same_text(one->acknowledged_by, other->acknowledged_by);
	assert_int_equal(one->acknowledged_at, other->acknowledged_at);
	assert_same_text(one->note, other->note);
	assert_int_equal(one->seq, other->seq);
}

/* --- alerts --------------------------------------------------------------- */

static void
an_alert_comes_back_as_it_was_saved(void **state)
{
	struct scene *scene = *state;
	struct alert full = full_alert(1), bare = bare_alert(2, 0, NOW);
	struct alert_list found;

	save(scene, &full);
	save(scene, &bare);
	found = list(scene);
	assert_int_equal(found.count, 2);
	for (size_t i = 0; i < found.count; i++)
		assert_same(&found.alerts[i],
		    found.alerts[i].id == full.id ? &full : &bare);
}

static void
saved_again_it_is_the_same_row(void **state)
{
	struct scene *scene = *state;
	struct alert alert = full_alert(1);

	save(scene, &alert);
	alert.state = ALERT_RESOLVED;
	alert.acknowledged_by = (struct slice){ NULL, 0 };
	save(scene, &alert);
	assert_int_equal(list(scene).count, 1);
	assert_same(&list(scene).alerts[0], &alert);
}

static void
one_that_came_to_nothing_is_deleted(void **state)
{
	struct scene *scene = *state;
	struct alert alert = bare_alert(1, ALERT_PENDING, NOW);
	struct error err;

	save(scene, &alert);
	assert_int_equal(alert_writer_delete(scene->writer, 1, &err), 0);
	assert_int_equal(alert_writer_delete(scene->writer, 99, &err), 0);
	assert_int_equal(list(scene).count, 0);
}

static void
what_became_of_it_is_its_history(void **state)
{
	struct scene *scene = *state;
	struct alert_history found;
	struct error err;

	add_event(scene, 1, ALERT_FIRE, NOW);
	assert_int_equal(
	    alert_writer_add_event(scene->writer, 1, ALERT_ACKNOWLEDGE, NOW + 1,
		SLICE_LITERAL("alice"), SLICE_LITERAL("on it"), &err),
	    0);
	add_event(scene, 2, ALERT_FIRE, NOW);
	found = history(scene, 1);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.moments[0].event, ALERT_ACKNOWLEDGE);
	assert_int_equal(found.moments[0].at, NOW + 1);
	assert_true(slice_is(found.moments[0].user_name, "alice"));
	assert_true(slice_is(found.moments[0].note, "on it"));
	assert_int_equal(found.moments[1].event, ALERT_FIRE);
	assert_null(found.moments[1].user_name.data);
	assert_null(found.moments[1].note.data);
}

static void
old_ones_go_with_their_history_when_they_have_resolved(void **state)
{
	struct scene *scene = *state;
	struct alert alerts[] = {
		bare_alert(1, ALERT_RESOLVED, NOW - 1),
		bare_alert(2, ALERT_FIRING, NOW - 1),
		bare_alert(3, ALERT_RESOLVED, NOW),
	};
	struct error err;

	for (size_t i = 0; i < 3; i++) {
		save(scene, &alerts[i]);
		add_event(scene, alerts[i].id, ALERT_FIRE, NOW - 1);
	}
	assert_int_equal(alert_writer_expire(scene->writer, NOW, &err), 0);
	assert_int_equal(list(scene).count, 2);
	assert_int_equal(history(scene, 1).count, 0);
	assert_int_equal(history(scene, 2).count, 1);
	assert_int_equal(history(scene, 3).count, 1);
}

static void
erased_words_are_gone_from_their_row_alone(void **state)
{
	struct scene *scene = *state;
	struct alert said = full_alert(1), other = full_alert(2);
	struct error err;

	other.seq = 43;
	save(scene, &said);
	save(scene, &other);
	assert_int_equal(alert_writer_erase(scene->writer, 42, &err), 0);
	said.title = SLICE_LITERAL("(erased)");
	said.message = said.context = (struct slice){ NULL, 0 };
	for (size_t i = 0; i < 2; i++)
		assert_same(&list(scene).alerts[i],
		    list(scene).alerts[i].id == 1 ? &said : &other);
}

/* --- what a start finds --------------------------------------------------- */

struct found {
	uint64_t alerts[8], silences[8];
	size_t alert_count, silence_count;
};

static void
on_alert(void *context, const struct alert *alert)
{
	struct found *found = context;
	struct alert wanted = full_alert(alert->id);

	wanted.state = alert->state;
	assert_same(alert, &wanted);
	found->alerts[found->alert_count++] = alert->id;
}

static void
on_silence(void *context, const struct silence *silence)
{
	struct found *found = context;

	assert_int_equal(silence->matcher_count, 2);
	assert_int_equal(silence->matchers[1].field, SILENCE_AGENT_NAME);
	assert_true(slice_is(silence->matchers[1].value, "a=b*"));
	assert_true(slice_is(silence->author, "alice"));
	assert_true(slice_is(silence->reason, "is known"));
	assert_int_equal(silence->created_at, NOW - 10);
	found->silences[found->silence_count++] = silence->id;
}

static void
save_silence(struct scene *scene, uint64_t id, usec_t ends_at, usec_t ended_at)
{
	struct silence silence = {
		.id = id,
		.author = SLICE_LITERAL("alice"),
		.reason = SLICE_LITERAL("is known"),
		.created_at = NOW - 10,
		.ends_at = ends_at,
		.ended_at = ended_at,
		.until_resolved = true,
	};
	struct error err;

	if (silence_add(&silence, SLICE_LITERAL("severity=info"), &err) == -1 ||
	    silence_add(&silence, SLICE_LITERAL("agent_name=a=b*"), &err) ==
		-1 ||
	    alert_writer_save_silence(scene->writer, &silence, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
a_start_finds_what_still_counts(void **state)
{
	struct scene *scene = *state;
	struct found found = { .alert_count = 0 };
	struct alert_writer_reader reader = { on_alert, on_silence, &found, 99,
		99 };
	struct error err;

	for (uint64_t id = 1; id <= 3; id++) {
		struct alert alert = full_alert(id);

		alert.state = (enum alert_state)(id - 1);
		save(scene, &alert);
	}
	save_silence(scene, 5, NOW + 1, 0);
	save_silence(scene, 6, NOW, 0);		  /* over */
	save_silence(scene, 7, NOW + 1, NOW - 1); /* ended before */
	close_writer(scene);
	open_writer(scene);
	if (alert_writer_load(scene->writer, NOW, &reader, &err) == -1)
		fail_msg("%s", err.sentence);
	assert_int_equal(found.alert_count, 2);
	assert_int_equal(found.alerts[0], 1);
	assert_int_equal(found.alerts[1], 2);
	assert_int_equal(found.silence_count, 1);
	assert_int_equal(found.silences[0], 5);
	/* No id is given twice. */
	assert_int_equal(reader.last_alert, 3);
	assert_int_equal(reader.last_silence, 7);
}

static void
an_empty_database_has_nothing(void **state)
{
	struct scene *scene = *state;
	struct found found = { .alert_count = 0 };
	struct alert_writer_reader reader = { on_alert, on_silence, &found, 99,
		99 };
	struct error err;

	assert_int_equal(
	    alert_writer_load(scene->writer, NOW, &reader, &err), 0);
	assert_int_equal(found.alert_count + found.silence_count, 0);
	assert_int_equal(reader.last_alert, 0);
	assert_int_equal(reader.last_silence, 0);
}

static void
a_database_without_tables_is_refused(void **state)
{
	struct scene *scene = *state;
	struct error err;

	assert_int_equal(
	    database_run(scene->database, "DROP TABLE silences", &err), 0);
	alert_writer_free(scene->writer);
	scene->writer = alert_writer_new(scene->database, &err);
	assert_null(scene->writer);
	assert_non_null(strstr(err.sentence, "silences"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alert_comes_back_as_it_was_saved),
		TEST(saved_again_it_is_the_same_row),
		TEST(one_that_came_to_nothing_is_deleted),
		TEST(what_became_of_it_is_its_history),
		TEST(old_ones_go_with_their_history_when_they_have_resolved),
		TEST(erased_words_are_gone_from_their_row_alone),
		TEST(a_start_finds_what_still_counts),
		TEST(an_empty_database_has_nothing),
		TEST(a_database_without_tables_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
