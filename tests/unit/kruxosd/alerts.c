#include "collectors/kruxosd/alerts.c"

#include "sql/alert_writer.h"
#include "sql/schema_telemetry.h"
#include "store/alerts.h"
#include "store/statement.h"
#include "tests/unit/daemon_rig.h"

#include <limits.h>
#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

/* The keeper over a log of the tests and a database of its own. */
struct scene {
	struct rig rig;
	struct alerts *alerts;
	struct config *config;
	struct database *database;
	double figures[FIGURE_COUNT];
	char dir[64], path[96];
	struct arena arena;
};

static void
open_alerts(struct scene *scene)
{
	scene->alerts = alerts_new(&scene->rig.clock.clock, scene->rig.commit);
	alerts_configure(scene->alerts, scene->config);
}

static void
open_database(struct scene *scene)
{
	struct error err;

	scene->database = database_open(scene->path, DATABASE_WRITE, &err);
	if (scene->database == NULL ||
	    database_migrate(scene->database, &schema_telemetry, &err) == -1 ||
	    alerts_set_database(scene->alerts, scene->database, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
close_database(struct scene *scene)
{
	struct error ignored;

	if (scene->database == NULL)
		return;
	(void)alerts_set_database(scene->alerts, NULL, &ignored);
	database_close(scene->database);
	scene->database = NULL;
}

static void
on_watched(void *context, struct slice lines)
{
	struct scene *scene = context;

	alerts_read(scene->alerts, lines);
}

static int
setup(void **state)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct scene *scene = calloc(1, sizeof(*scene));
	struct commit_listener listener = { .on_watched = on_watched,
		.context = scene };
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	commit_set_listener(scene->rig.commit, &listener);
	assert_int_equal(
	    config_parse("/x", slice_of(""), &scene->config, &problems), 0);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-alerts-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->dir);
	figure_clear(scene->figures);
	open_alerts(scene);
	open_database(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	close_database(scene);
	alerts_free(scene->alerts);
	config_free(scene->config);
	rig_free(&scene->rig);
	arena_free(&scene->arena);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

/* A second, and the batch that it makes. */
static void
tick(struct scene *scene)
{
	const char *reason = commit_reason(scene->rig.commit);
	struct alert_input input = {
		.figures = scene->figures,
		.trouble[RULE_AUDIT_WRITE_FAILURE] =
		    reason[0] == '\0' ? NULL : reason,
	};

	rig_advance(&scene->rig, USEC_PER_SEC);
	alerts_tick(scene->alerts, &input);
	commit_flush(scene->rig.commit);
}

static struct alert_list
list(struct scene *scene)
{
	struct alerts_reader *reader = alerts_open(scene->path);
	struct alert_list found;
	struct error err;

	if (alerts_list(reader, 0, &scene->arena, &found, &err) == -1)
		fail_msg("%s", err.sentence);
	alerts_close(reader);
	return found;
}

/* How many entries of the log are of this capability. */
static unsigned
count_entries(struct scene *scene, const char *capability)
{
	struct error err;
	struct cursor *cursor = cursor_open(scene->rig.model.path, &err);
	struct cursor_line line;
	struct entry entry;
	unsigned count = 0;

	assert_non_null(cursor);
	assert_int_equal(cursor_seek(cursor, 1, &err), 0);
	while (cursor_next(cursor, UINT64_MAX, &line, &err) == 1)
		count += entry_parse(line.line, &entry, &err) == 0 &&
			 slice_is(entry.capability, capability);
	cursor_free(cursor);
	return count;
}

static void
say(struct scene *scene, const char *request)
{
	struct entry entry = maker_entry();
	struct json_reader reader = JSON_READER_INIT;
	struct commit_entry said = { .entry = entry, .reader = &reader };
	struct error err;

	said.entry.actor = ENTRY_AGENT;
	said.entry.actor_name = slice_of("deployer");
	said.entry.capability = slice_of("alerts.send");
	assert_int_equal(json_reader_read(&reader, slice_of(request), &err), 0);
	said.request = reader.nodes;
	rig_advance(&scene->rig, USEC_PER_SEC);
	assert_int_equal(
	    commit_add(scene->rig.commit, &said, NULL, NULL, &err), 0);
	commit_flush(scene->rig.commit);
	json_reader_free(&reader);
}

static void
what_becomes_of_an_alert_is_in_the_log_and_the_database(void **state)
{
	struct scene *scene = *state;
	struct alert_list found;

	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	tick(scene);
	found = list(scene);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.alerts[0].state, ALERT_FIRING);
	assert_true(slice_is(found.alerts[0].rule, "disk-space"));
	assert_int_equal(count_entries(scene, "alerts.fire"), 1);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 10;
	for (int i = 0; i < 16; i++)
		tick(scene);
	assert_int_equal(list(scene).alerts[0].state, ALERT_RESOLVED);
	assert_int_equal(count_entries(scene, "alerts.resolve"), 1);
	tick(scene);
	assert_true(TAILQ_EMPTY(&scene->alerts->queue));
}

static void
what_cannot_be_stored_waits_for_the_database(void **state)
{
	struct scene *scene = *state;

	close_database(scene);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	for (int i = 0; i < 100; i++)
		tick(scene);
	assert_int_equal(count_entries(scene, "alerts.fire"), 1);
	open_database(scene);
	tick(scene);
	tick(scene);
	assert_int_equal(list(scene).count, 1);
	assert_int_equal(count_entries(scene, "alerts.fire"), 1);
	assert_true(TAILQ_EMPTY(&scene->alerts->queue));
}

static void
an_alert_about_the_log_is_recorded_when_it_takes_up(void **state)
{
	struct scene *scene = *state;

	model_fail(&scene->rig.model, NULL, 1, ULONG_MAX, EIO);
	rig_commit(&scene->rig, 1);
	tick(scene);
	assert_int_equal(list(scene).count, 1);
	assert_true(
	    slice_is(list(scene).alerts[0].rule, "audit-write-failure"));
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	rig_advance(&scene->rig, USEC_PER_MIN);
	commit_retry(scene->rig.commit);
	tick(scene);
	assert_int_equal(count_entries(scene, "alerts.fire"), 1);
	for (int i = 0; i < 16; i++)
		tick(scene);
	assert_int_equal(count_entries(scene, "alerts.resolve"), 1);
}

static void
what_agents_send_is_read_from_the_log(void **state)
{
	struct scene *scene = *state;
	struct alert_list found;

	for (int i = 0; i < 50; i++)
		say(scene, "{\"severity\":\"critical\",\"title\":\"Down\","
			   "\"message\":\"token=ghp_"
			   "abcdefghijklmnopqrstuvwxyz0123456789\","
			   "\"context\":{\"a\":1}}");
	tick(scene);
	found = list(scene);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.alerts[0].count, 50);
	assert_int_equal(found.alerts[0].severity, RULE_CRITICAL);
	assert_true(slice_is(found.alerts[0].agent_name, "deployer"));
	assert_true(slice_is(found.alerts[0].context, "{\"a\":1}"));
	assert_null(memmem(found.alerts[0].message.data,
	    found.alerts[0].message.len, "ghp_abc", 7));
	assert_int_equal(count_entries(scene, "alerts.fire"), 1);
}

static void
erased_words_leave_the_database(void **state)
{
	struct scene *scene = *state;
	uint64_t seq;

	say(scene, "{\"title\":\"hunter2\",\"message\":\"hunter2\"}");
	tick(scene);
	seq = list(scene).alerts[0].seq;
	assert_true(seq > 0);
	alerts_erase(scene->alerts, seq);
	tick(scene);
	assert_true(slice_is(list(scene).alerts[0].title, "(erased)"));
	assert_null(list(scene).alerts[0].message.data);
}

/* What another process does that has the file open. */
static struct database *
lock_database(struct scene *scene)
{
	struct error err;
	struct database *other =
	    database_open(scene->path, DATABASE_WRITE, &err);

	assert_non_null(other);
	assert_int_equal(database_run(other, "BEGIN IMMEDIATE", &err), 0);
	sqlite3_busy_timeout(database_handle(scene->database), 0);
	return other;
}

static void
words_are_erased_once_the_database_is_free_again(void **state)
{
	struct scene *scene = *state;
	struct database *other;
	uint64_t seq;

	say(scene, "{\"title\":\"hunter2\",\"message\":\"hunter2\"}");
	tick(scene);
	seq = list(scene).alerts[0].seq;
	other = lock_database(scene);
	alerts_erase(scene->alerts, seq);
	tick(scene);
	assert_true(slice_is(list(scene).alerts[0].title, "hunter2"));
	database_close(other);
	tick(scene);
	assert_true(slice_is(list(scene).alerts[0].title, "(erased)"));
	assert_true(TAILQ_EMPTY(&scene->alerts->queue));
}

static size_t
count_silences(struct scene *scene)
{
	struct database *reader;
	struct statement_set *statements;
	struct statement row;
	struct error err;
	size_t count = 0;

	reader = database_open(scene->path, DATABASE_READ, &err);
	assert_non_null(reader);
	statements = statement_set_new(
	    reader, alert_writer_statements, ALERT_WRITER_STATEMENTS, &err);
	assert_non_null(statements);
	row = statement_start(statements, ALERT_WRITER_SILENCES);
	statement_bind_u64(&row, 1, 0);
	statement_bind_u64(&row, 2, SILENCES);
	while (statement_next(&row))
		count++;
	assert_int_equal(statement_end(&row, &err), 0);
	statement_set_free(statements);
	database_close(reader);
	return count;
}

static void
a_silence_ends_in_a_locked_database_later(void **state)
{
	struct scene *scene = *state;
	struct silence silence = { .author = slice_of("eve"),
		.reason = slice_of("maintenance"),
		.ends_at = clock_realtime(&scene->rig.clock.clock) + 1 };
	const struct silence *added;
	struct database *other;
	struct error err;

	assert_int_equal(
	    silence_add(&silence, slice_of("severity=info"), &err), 0);
	added = alert_silences_add(scene->alerts->silences, &silence, &err);
	assert_non_null(added);
	assert_int_equal(alerts_store_silence(scene->alerts, added, &err), 0);
	assert_int_equal(count_silences(scene), 1);
	other = lock_database(scene);
	tick(scene);
	assert_null(alert_silences_at(scene->alerts->silences, 0));
	assert_int_equal(count_silences(scene), 1);
	database_close(other);
	tick(scene);
	assert_int_equal(count_silences(scene), 0);
	assert_int_equal(count_entries(scene, "alerts.unsilence"), 1);
}

static void
a_restart_goes_on_with_what_was_firing(void **state)
{
	struct scene *scene = *state;
	uint64_t id;

	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	tick(scene);
	id = list(scene).alerts[0].id;
	close_database(scene);
	alerts_free(scene->alerts);
	open_alerts(scene);
	open_database(scene);
	for (int i = 0; i < 30; i++)
		tick(scene);
	assert_int_equal(list(scene).count, 1);
	assert_int_equal(list(scene).alerts[0].id, id);
	assert_int_equal(count_entries(scene, "alerts.fire"), 1);
	assert_int_equal(count_entries(scene, "alerts.resolve"), 0);
}

static void
a_start_without_the_database_takes_no_ids_of_it(void **state)
{
	struct scene *scene = *state;
	struct alert_list found;

	say(scene, "{\"title\":\"before\"}");
	tick(scene);
	close_database(scene);
	alerts_free(scene->alerts);
	open_alerts(scene);
	say(scene, "{\"title\":\"meanwhile\"}");
	tick(scene);
	open_database(scene);
	tick(scene);
	found = list(scene);
	assert_int_equal(found.count, 2);
	assert_true(slice_is(found.alerts[0].title, "meanwhile"));
	assert_true(slice_is(found.alerts[1].title, "before"));
	assert_true(found.alerts[0].id > found.alerts[1].id);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_becomes_of_an_alert_is_in_the_log_and_the_database),
		TEST(what_cannot_be_stored_waits_for_the_database),
		TEST(an_alert_about_the_log_is_recorded_when_it_takes_up),
		TEST(what_agents_send_is_read_from_the_log),
		TEST(erased_words_leave_the_database),
		TEST(words_are_erased_once_the_database_is_free_again),
		TEST(a_silence_ends_in_a_locked_database_later),
		TEST(a_restart_goes_on_with_what_was_firing),
		TEST(a_start_without_the_database_takes_no_ids_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
