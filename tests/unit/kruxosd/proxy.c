#include "collectors/kruxosd/proxy.c"

#include "sql/schema_telemetry.h"
#include "tests/unit/daemon_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The keeper over a log of the tests and a database of its own; who reports and
 * who decides is the test. */
struct scene {
	struct rig rig;
	struct config *config;
	struct recorder *recorder;
	struct telemetry *telemetry;
	struct proxy *proxy;
	struct database *database;
	struct proxy_reader *reader;
	struct arena arena;
	struct proxy_report report; /* as it was read last */
	struct command_caller caller;
	struct message_peer peer;
	struct buf heard;
	char dir[64], path[96];
};

static const char conf[] = "[service proxy]\nkind = heartbeat\nuid = 4711\n";

static void
do_report(void *context, struct command_call *call)
{
	proxy_report_command(context, call);
}

static void
do_cancel(void *context, struct command_call *call)
{
	proxy_cancel_command(context, call);
}

static void
do_retry(void *context, struct command_call *call)
{
	proxy_retry_command(context, call);
}

static const struct command commands[] = {
	{ "proxy.report", MESSAGE_OWNER | MESSAGE_SERVICE, do_report,
	    proxy_report_args },
	{ "proxy.cancel", MESSAGE_OWNER, do_cancel, proxy_decide_args },
	{ "proxy.retry", MESSAGE_OWNER, do_retry, proxy_decide_args },
	{ 0 },
};

static void
open_proxy(struct scene *scene)
{
	struct proxy_parts parts = {
		.clock = &scene->rig.clock.clock,
		.commit = scene->rig.commit,
		.redactor = scene->rig.redactor,
		.telemetry = scene->telemetry,
	};

	scene->proxy = proxy_new(&parts);
}

static void
open_database(struct scene *scene)
{
	struct error err;

	scene->database = database_open(scene->path, DATABASE_WRITE_NOW, &err);
	if (scene->database == NULL ||
	    database_migrate(scene->database, &schema_telemetry, &err) == -1 ||
	    proxy_set_database(scene->proxy, scene->database, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
close_database(struct scene *scene)
{
	struct error ignored;

	(void)proxy_set_database(scene->proxy, NULL, &ignored);
	if (scene->database != NULL)
		database_close(scene->database);
	scene->database = NULL;
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
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-proxy-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(
	    scene->path, sizeof(scene->path), "%s/telemetry.db", scene->dir);
	scene->caller.on_answer = on_answer;
	scene->peer = (struct message_peer){ .classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	buf_init(&scene->heard);
	scene->recorder = recorder_new(scene->config, &scene->rig.clock.clock);
	scene->telemetry =
	    telemetry_new(&scene->rig.clock.clock, scene->recorder);
	telemetry_configure(scene->telemetry, scene->config);
	scene->reader = proxy_open(scene->path);
	open_proxy(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	close_database(scene);
	proxy_free(scene->proxy);
	proxy_close(scene->reader);
	telemetry_free(scene->telemetry);
	recorder_free(scene->recorder);
	config_free(scene->config);
	rig_free(&scene->rig);
	buf_free(&scene->heard);
	arena_free(&scene->arena);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

/* What is answered at once. */
static const char *
ask(struct scene *scene, const char *verb, const char *args)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message_parser parser = MESSAGE_PARSER_INIT;
	const struct command_table table = { commands, NULL, scene->proxy,
		NULL };
	struct message message;
	struct error err;

	buf_reset(&scene->heard);
	buf_addf(&line, "{\"do\":\"%s\",\"id\":\"1\",\"args\":%s}", verb, args);
	if (message_parse(&parser, &scene->peer, 0, buf_slice(&line), &message,
		&err) == -1)
		fail_msg("%s", err.sentence);
	command_start(&table, &message, &scene->peer, &scene->caller);
	message_parser_free(&parser);
	return scene->heard.data;
}

#define NOTHING	 "{\"services\":[],\"writes\":[]}"
#define ONE	 REPORT("buffered")
#define ONE_DEAD REPORT("dead")
#define REPORT(state)                                                   \
	"{\"services\":[{\"name\":\"gmail\",\"status\":\"synced\"}],"   \
	"\"writes\":[{\"id\":\"w1\",\"service\":\"gmail\",\"summary\":" \
	"\"mail to bob\",\"state\":\"" state "\",\"created_at\":"       \
	"\"2026-11-28T00:00:01Z\"}]}"
#define DONE "{\"id\":\"1\",\"ok\":{\"actions\":[]}}\n"
#define TOLD                                                            \
	"{\"id\":\"1\",\"ok\":{\"actions\":[{\"id\":\"w1\",\"action\":" \
	"\"cancel\"}]}}\n"

static const struct proxy_report *
read_back(struct scene *scene)
{
	struct error err;

	arena_reset(&scene->arena);
	if (proxy_read(scene->reader, &scene->arena, &scene->report, &err) ==
	    -1)
		fail_msg("%s", err.sentence);
	return &scene->report;
}

static void
tick(struct scene *scene)
{
	rig_advance(&scene->rig, USEC_PER_SEC);
	proxy_tick(scene->proxy);
}

static void
a_decision_is_an_entry_first_and_then_told(void **state)
{
	struct scene *scene = *state;

	open_database(scene);
	assert_string_equal(ask(scene, "proxy.report", ONE), DONE);
	/* Nobody is told of it before its entry is durable. */
	assert_string_equal(ask(scene, "proxy.cancel", "{\"id\":\"w1\"}"), "");
	assert_string_equal(ask(scene, "proxy.report", ONE), DONE);
	assert_int_equal(read_back(scene)->writes->decision.action, PROXY_NONE);
	buf_reset(&scene->heard);
	commit_flush(scene->rig.commit);
	assert_string_equal(scene->heard.data,
	    "{\"id\":\"1\",\"ok\":{\"id\":\"w1\",\"action\":\"cancel\"}}\n");
	assert_int_equal(rig_count(&scene->rig, "proxy.cancel"), 1);
	assert_int_equal(
	    read_back(scene)->writes->decision.action, PROXY_CANCEL);
	assert_true(slice_is(scene->report.writes->decision.user_name, "root"));
	assert_string_equal(ask(scene, "proxy.report", ONE), TOLD);
	assert_string_equal(ask(scene, "proxy.report", NOTHING), DONE);
	tick(scene);
	assert_int_equal(read_back(scene)->write_count, 0);
	assert_int_equal(scene->report.service_count, 0);
	assert_int_equal(scene->report.reported_at,
	    scene->rig.clock.realtime - USEC_PER_SEC);
}

/* Another connection, which holds the database locked. */
static struct database *
lock_database(struct scene *scene)
{
	struct error err;
	struct database *other =
	    database_open(scene->path, DATABASE_WRITE_NOW, &err);

	if (other == NULL || database_run(other, "BEGIN IMMEDIATE", &err) == -1)
		fail_msg("%s", err.sentence);
	return other;
}

static void
a_decision_is_answered_when_it_is_kept(void **state)
{
	struct scene *scene = *state;
	struct database *other;

	open_database(scene);
	ask(scene, "proxy.report", ONE);
	other = lock_database(scene);
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	commit_flush(scene->rig.commit);
	tick(scene);
	assert_string_equal(scene->heard.data, "");
	database_close(other);
	tick(scene);
	assert_non_null(strstr(scene->heard.data, "\"ok\""));
	assert_int_equal(
	    read_back(scene)->writes->decision.action, PROXY_CANCEL);
}

static void
nobody_waits_for_ever_for_a_database(void **state)
{
	struct scene *scene = *state;
	struct database *other;

	open_database(scene);
	ask(scene, "proxy.report", ONE);
	other = lock_database(scene);
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	commit_flush(scene->rig.commit);
	for (unsigned i = 0; i < 5; i++)
		tick(scene);
	assert_non_null(strstr(scene->heard.data, "a restart would forget it"));
	assert_string_equal(ask(scene, "proxy.report", ONE), TOLD);
	database_close(other);
}

static void
two_do_not_decide_at_once(void **state)
{
	struct scene *scene = *state;
	static const char conflict[] = "{\"id\":\"1\",\"error\":\"conflict\"";

	ask(scene, "proxy.report", ONE);
	assert_string_equal(ask(scene, "proxy.cancel", "{\"id\":\"w1\"}"), "");
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	assert_memory_equal(scene->heard.data, conflict, strlen(conflict));
	commit_flush(scene->rig.commit);
	ask(scene, "proxy.retry", "{\"id\":\"w1\"}");
	assert_memory_equal(scene->heard.data, conflict, strlen(conflict));
	commit_flush(scene->rig.commit);
	assert_int_equal(rig_count(&scene->rig, "proxy.cancel"), 1);
	assert_int_equal(rig_count(&scene->rig, "proxy.retry"), 0);
}

static void
what_was_sent_meanwhile_is_not_cancelled(void **state)
{
	struct scene *scene = *state;

	ask(scene, "proxy.report", ONE);
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	ask(scene, "proxy.report", NOTHING);
	buf_reset(&scene->heard);
	commit_flush(scene->rig.commit);
	assert_non_null(strstr(scene->heard.data, "\"error\":\"not_found\""));
}

static void
a_refused_entry_decides_nothing(void **state)
{
	struct scene *scene = *state;

	ask(scene, "proxy.report", ONE);
	commit_set_level(scene->rig.commit, COMMIT_OWN_ONLY);
	commit_stop(scene->rig.commit);
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	assert_non_null(
	    strstr(scene->heard.data, "\"error\":\"audit_unavailable\""));
	assert_string_equal(ask(scene, "proxy.report", ONE), DONE);
}

static void
a_start_finds_what_was_decided(void **state)
{
	struct scene *scene = *state;

	open_database(scene);
	ask(scene, "proxy.report", ONE);
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	commit_flush(scene->rig.commit);
	close_database(scene);
	proxy_free(scene->proxy);
	open_proxy(scene);
	open_database(scene);
	tick(scene);
	assert_int_equal(
	    read_back(scene)->writes->decision.action, PROXY_CANCEL);
	assert_string_equal(ask(scene, "proxy.report", ONE), TOLD);
}

static void
a_database_that_comes_later_is_told_all(void **state)
{
	struct scene *scene = *state;

	ask(scene, "proxy.report", ONE);
	ask(scene, "proxy.cancel", "{\"id\":\"w1\"}");
	commit_flush(scene->rig.commit);
	open_database(scene);
	tick(scene);
	assert_int_equal(read_back(scene)->write_count, 1);
	assert_int_equal(scene->report.writes->decision.action, PROXY_CANCEL);
}

static void
many_reports_are_written_once_a_second(void **state)
{
	struct scene *scene = *state;

	open_database(scene);
	ask(scene, "proxy.report", ONE);
	assert_int_equal(read_back(scene)->writes->state, PROXY_BUFFERED);
	for (unsigned i = 0; i < 100; i++)
		ask(scene, "proxy.report", ONE_DEAD);
	assert_int_equal(read_back(scene)->writes->state, PROXY_BUFFERED);
	tick(scene);
	assert_int_equal(read_back(scene)->writes->state, PROXY_DEAD);
}

static void
who_reports_is_the_owner_or_the_services_user(void **state)
{
	static const struct {
		uint32_t uid;
		unsigned classes;
		bool may;
	} cases[] = {
		{ 0, MESSAGE_OWNER, true },
		{ 4711, MESSAGE_SERVICE, true },
		/* Of another service. */
		{ 4712, MESSAGE_SERVICE, false },
		{ 4711, MESSAGE_PRODUCER, false },
		{ 4711, MESSAGE_OPERATOR, false },
		{ 4711, 0, false },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene->peer.uid = cases[i].uid;
		scene->peer.classes = cases[i].classes;
		ask(scene, "proxy.report", ONE);
		assert_int_equal(
		    strstr(scene->heard.data, "not_allowed") == NULL,
		    cases[i].may);
	}
}

static void
a_report_is_a_heartbeat(void **state)
{
	struct scene *scene = *state;
	struct alert_service services[OBSERVED_SERVICES];
	double figures[FIGURE_COUNT];
	size_t count, place = 0;

	ask(scene, "proxy.report", ONE);
	telemetry_read(scene->telemetry, figures, services, &count);
	while (strcmp(services[place].name, "proxy") != 0)
		place++;
	assert_int_equal(services[place].status, OBSERVED_HEALTHY);
	assert_string_equal(services[place].details,
	    "synced: 1 of 1, with errors: 0, buffered: 1, dead letters: 0");
	/* None of its services works. */
	ask(scene, "proxy.report",
	    "{\"services\":[{\"name\":\"gmail\",\"status\":\"error\"},"
	    "{\"name\":\"tickets\",\"status\":\"syncing\","
	    "\"consecutive_failures\":2}],\"writes\":[]}");
	telemetry_read(scene->telemetry, figures, services, &count);
	assert_int_equal(services[place].status, OBSERVED_DEGRADED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_decision_is_an_entry_first_and_then_told),
		TEST(a_decision_is_answered_when_it_is_kept),
		TEST(nobody_waits_for_ever_for_a_database),
		TEST(two_do_not_decide_at_once),
		TEST(what_was_sent_meanwhile_is_not_cancelled),
		TEST(a_refused_entry_decides_nothing),
		TEST(a_start_finds_what_was_decided),
		TEST(a_database_that_comes_later_is_told_all),
		TEST(many_reports_are_written_once_a_second),
		TEST(who_reports_is_the_owner_or_the_services_user),
		TEST(a_report_is_a_heartbeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
