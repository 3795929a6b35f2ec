#include "collectors/kruxosd/notices.c"

#include "collectors/kruxosd/alerts_internal.h"
#include "sql/schema_telemetry.h"
#include "store/outbox.h"
#include "tests/unit/daemon_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Alerts and their notices over a log of the tests, a database of its own, and
 * an observer that is the test. */
struct scene {
	struct rig rig;
	struct alerts *alerts;
	struct notices *notices;
	struct config *config;
	struct database *database;
	struct outbox *outbox;
	struct command_caller caller;
	struct buf heard, body;
	double figures[FIGURE_COUNT];
	char dir[64], path[96];
};

static const char conf[] = "[notify ops]\nkind = webhook\n"
			   "url = http://localhost/\ngroup_wait = 1s\n"
			   "group_interval = 1s\n";

static void
do_result(void *context, struct command_call *call)
{
	notices_result_command(context, call);
}

static void
do_test(void *context, struct command_call *call)
{
	notices_test_command(context, call);
}

static const struct command commands[] = {
	{ "notices.result", MESSAGE_OWNER, do_result, notices_result_args },
	{ "notices.test", MESSAGE_OWNER, do_test, notices_test_args },
	{ 0 },
};

static void
open_parts(struct scene *scene)
{
	scene->alerts = alerts_new(&scene->rig.clock.clock, scene->rig.commit);
	alerts_configure(scene->alerts, scene->config);
	scene->notices = notices_new(
	    &scene->rig.clock.clock, scene->rig.commit, scene->alerts);
	notices_configure(scene->notices, scene->config);
}

static void
open_database(struct scene *scene)
{
	struct error err;

	scene->database = database_open(scene->path, DATABASE_WRITE_NOW, &err);
	if (scene->database == NULL ||
	    database_migrate(scene->database, &schema_telemetry, &err) == -1 ||
	    alerts_set_database(scene->alerts, scene->database, &err) == -1 ||
	    notices_set_database(scene->notices, scene->database, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
close_parts(struct scene *scene)
{
	struct error ignored;

	(void)notices_set_database(scene->notices, NULL, &ignored);
	(void)alerts_set_database(scene->alerts, NULL, &ignored);
	if (scene->database != NULL)
		database_close(scene->database);
	scene->database = NULL;
	notices_free(scene->notices);
	alerts_free(scene->alerts);
}

static void
on_answer(struct command_caller *caller, struct slice line)
{
	struct scene *scene =
	    (struct scene *)((char *)caller - offsetof(struct scene, caller));

	buf_add_slice(&scene->heard, line);
}

static int
setup(void **state)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	assert_int_equal(
	    config_parse("/x", slice_of(conf), &scene->config, &problems), 0);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-notices-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->dir);
	scene->caller.on_answer = on_answer;
	buf_init(&scene->heard);
	buf_init(&scene->body);
	figure_clear(scene->figures);
	scene->outbox = outbox_open(scene->path);
	open_parts(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	close_parts(scene);
	outbox_close(scene->outbox);
	config_free(scene->config);
	rig_free(&scene->rig);
	buf_free(&scene->heard);
	buf_free(&scene->body);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

static void
pass(struct scene *scene, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		struct alert_input input = { .figures = scene->figures };

		rig_advance(&scene->rig, USEC_PER_SEC);
		alerts_tick(scene->alerts, &input);
		notices_tick(scene->notices);
		commit_flush(scene->rig.commit);
	}
}

/* The number of the notice that is due; 0: none is. */
static uint64_t
next(struct scene *scene)
{
	struct outbox_due due = { 0 };
	struct error err;

	if (outbox_next(scene->outbox, slice_of("ops"),
		scene->rig.clock.realtime, &due, &scene->body, &err) == -1)
		fail_msg("%s", err.sentence);
	return due.id;
}

/* Say a command as the owner; what is answered at once. */
static const char *
ask(struct scene *scene, const char *line)
{
	struct message_parser parser = MESSAGE_PARSER_INIT;
	const struct command_table table = { commands, NULL, scene->notices,
		NULL };
	struct message_peer peer = { .classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct message message;
	struct error err;

	buf_reset(&scene->heard);
	if (message_parse(&parser, &peer, 0, slice_of(line), &message, &err) ==
	    -1)
		fail_msg("%s", err.sentence);
	command_start(&table, &message, &peer, &scene->caller);
	message_parser_free(&parser);
	return scene->heard.data;
}

/* What came of a notice; what is answered. */
static const char *
tell_of(struct scene *scene, uint64_t id, const char *result)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	buf_addf(&line,
	    "{\"do\":\"notices.result\",\"id\":\"r\",\"args\":{\"notice\":"
	    "%" PRIu64 ",%s}}",
	    id, result);
	return ask(scene, line.data);
}

static void
tell(struct scene *scene, uint64_t id, const char *result)
{
	assert_string_equal(
	    tell_of(scene, id, result), "{\"id\":\"r\",\"ok\":{}}\n");
}

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
an_alert_becomes_a_notice_that_stays_until_it_is_taken(void **state)
{
	struct scene *scene = *state;
	uint64_t id;

	open_database(scene);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(scene, 2);
	id = next(scene);
	assert_true(id > 0);
	assert_non_null(strstr(scene->body.data, "\"disk-space\""));
	tell(scene, id, "\"ok\":true");
	assert_int_equal(next(scene), 0);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 10;
	pass(scene, 20);
	id = next(scene);
	assert_non_null(strstr(scene->body.data, "\"status\":\"resolved\""));
	tell(scene, id, "\"ok\":true");
	assert_int_equal(count_entries(scene, "alerts.notice_failed"), 0);
}

static void
what_fires_before_there_is_a_database_is_told_when_there_is(void **state)
{
	struct scene *scene = *state;

	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(scene, 100);
	open_database(scene);
	pass(scene, 1);
	assert_true(next(scene) > 0);
}

static void
a_channel_that_fails_has_two_entries(void **state)
{
	struct scene *scene = *state;
	uint64_t id;

	open_database(scene);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(scene, 2);
	id = next(scene);
	for (int i = 0; i < 5; i++) {
		tell(scene, id, "\"ok\":false,\"detail\":\"no\\u001b[31m\"");
		assert_int_equal(next(scene), 0);
		pass(scene, 200);
		assert_int_equal(next(scene), id);
	}
	assert_int_equal(count_entries(scene, "alerts.notice_failed"), 1);
	assert_string_equal(scene->notices->channels[0].why, "no\\e[31m");
	tell(scene, id, "\"ok\":true");
	pass(scene, 1);
	assert_int_equal(count_entries(scene, "alerts.notice_failed"), 1);
	assert_int_equal(count_entries(scene, "alerts.notice_recovered"), 1);
}

static void
entries_wait_for_a_log_that_takes_nothing(void **state)
{
	struct scene *scene = *state;

	open_database(scene);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(scene, 2);
	model_fail(&scene->rig.model, NULL, 1, ULONG_MAX, EIO);
	tell(scene, next(scene), "\"ok\":false");
	pass(scene, 3);
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	rig_advance(&scene->rig, USEC_PER_MIN);
	commit_retry(scene->rig.commit);
	pass(scene, 2);
	assert_int_equal(count_entries(scene, "alerts.notice_failed"), 1);
}

static void
a_restart_repeats_nothing(void **state)
{
	struct scene *scene = *state;

	open_database(scene);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(scene, 2);
	tell(scene, next(scene), "\"ok\":true");
	close_parts(scene);
	open_parts(scene);
	open_database(scene);
	pass(scene, 60);
	assert_int_equal(next(scene), 0);
	scene->figures[FIGURE_DISK_USED_PERCENT] = 10;
	pass(scene, 20);
	assert_true(next(scene) > 0);
	assert_non_null(strstr(scene->body.data, "\"status\":\"resolved\""));
}

static void
a_test_is_answered_with_what_came_of_it(void **state)
{
	static const char line[] = "{\"do\":\"notices.test\",\"id\":\"t\","
				   "\"args\":{\"channel\":\"ops\"}}";
	struct scene *scene = *state;

	open_database(scene);
	assert_string_equal(ask(scene, line), "");
	assert_string_equal(
	    tell_of(scene, next(scene), "\"ok\":false,\"detail\":\"no\""),
	    "{\"id\":\"t\",\"ok\":{\"delivered\":false,\"detail\":\"no\"}}\n"
	    "{\"id\":\"r\",\"ok\":{}}\n");
	assert_int_equal(next(scene), 0);
	/* A channel does not fail by its tests. */
	assert_false(scene->notices->channels[0].is_failing);
	assert_string_equal(ask(scene, line), "");
	assert_true(next(scene) > 0);
	assert_non_null(strstr(scene->body.data, "root tests this channel"));
	pass(scene, 25); /* and nobody sends it */
	assert_non_null(strstr(scene->heard.data, "\"delivered\":false"));
	assert_int_equal(next(scene), 0);
}

static void
what_cannot_be_is_refused(void **state)
{
	struct scene *scene = *state;
	static const char line[] = "{\"do\":\"notices.test\",\"id\":\"t\","
				   "\"args\":{\"channel\":\"none\"}}";

	assert_non_null(
	    strstr(tell_of(scene, 1, "\"ok\":true"), "\"error\":\"busy\""));
	open_database(scene);
	assert_non_null(strstr(
	    tell_of(scene, 1, "\"ok\":true"), "\"error\":\"not_found\""));
	assert_non_null(strstr(ask(scene, line), "\"error\":\"not_found\""));
}

/* An agent's alert, and its words in a notice that is due. */
static uint64_t
send(struct scene *scene, uint64_t seq)
{
	const struct alert_words words = {
		.agent_name = SLICE_LITERAL("deployer"),
		.severity = RULE_WARNING,
		.title = SLICE_LITERAL("hunter2"),
		.seq = seq,
	};

	alert_engine_send(
	    scene->alerts->engine, &words, alerts_time(scene->alerts));
	pass(scene, 2);
	return next(scene);
}

static void
words_are_erased_once_the_database_is_free(void **state)
{
	struct scene *scene = *state;
	struct database *other;
	struct error err;

	open_database(scene);
	assert_true(send(scene, 42) > 0);
	assert_non_null(strstr(scene->body.data, "hunter2"));
	other = database_open(scene->path, DATABASE_WRITE, &err);
	assert_int_equal(database_run(other, "BEGIN IMMEDIATE", &err), 0);
	alerts_erase(scene->alerts, 42);
	notices_erase(scene->notices, 42);
	assert_true(next(scene) > 0);
	assert_non_null(strstr(scene->body.data, "hunter2"));
	assert_int_equal(database_run(other, "ROLLBACK", &err), 0);
	database_close(other);
	pass(scene, 1);
	if (next(scene) > 0)
		assert_null(strstr(scene->body.data, "hunter2"));
	assert_int_equal(scene->notices->unerased_count, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_alert_becomes_a_notice_that_stays_until_it_is_taken),
		TEST(
		    what_fires_before_there_is_a_database_is_told_when_there_is),
		TEST(a_channel_that_fails_has_two_entries),
		TEST(entries_wait_for_a_log_that_takes_nothing),
		TEST(a_restart_repeats_nothing),
		TEST(a_test_is_answered_with_what_came_of_it),
		TEST(what_cannot_be_is_refused),
		TEST(words_are_erased_once_the_database_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
