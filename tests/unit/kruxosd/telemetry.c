#include "collectors/kruxosd/telemetry.c"

#include "base/buf.h"
#include "door/answer.h"
#include "tests/unit/test_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN (1000 * USEC_PER_DAY)
#define SPANS 8

/* The recorder, as a test looks into it. */

static struct recorder_input handed_on;
static struct history_writer_span ended[SPANS];
static size_t ended_count;

void
recorder_put(struct recorder *recorder, const struct recorder_input *input)
{
	(void)recorder;
	handed_on = *input;
}

void
recorder_end_span(
    struct recorder *recorder, const struct history_writer_span *span)
{
	(void)recorder;
	assert_true(ended_count < SPANS);
	ended[ended_count++] = *span;
}

void
recorder_read(struct recorder *recorder, double figures[static FIGURE_COUNT])
{
	(void)recorder;
	figures[FIGURE_ACTIVE_AGENTS] = 3;
}

/* --- a daemon's loop without the daemon ----------------------------------- */

struct scene {
	struct telemetry *telemetry;
	struct config *config;
	struct status status;
	char folder[64], page[96];
	struct command_caller caller;
	struct buf heard;
	struct observed observed; /* as it was read last */
};

static void
configure(struct scene *scene, const char *text)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;

	config_free(scene->config);
	if (config_parse("/x/kruxos.conf", slice_of(text), &scene->config,
		&problems) == -1)
		fail_msg("%s", problems.data);
	telemetry_configure(scene->telemetry, scene->config);
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
	struct scene *scene = calloc(1, sizeof(*scene));

	test_now = BEGIN;
	ended_count = 0;
	scene->heard = (struct buf)BUF_INIT;
	scene->caller.on_answer = on_answer;
	scene->status.integrity = STATUS_VERIFIED;
	snprintf(scene->folder, sizeof(scene->folder),
	    "/tmp/kruxos-telemetry-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->page, sizeof(scene->page), "%s/kruxosd.observed",
	    scene->folder);
	scene->telemetry = telemetry_new(&test_clock, NULL);
	telemetry_open(scene->telemetry, scene->page);
	configure(scene, "[service web]\nkind = tcp\ntarget = 127.0.0.1:1\n"
			 "[service queue]\nkind = heartbeat\nuid = queue\n"
			 "[service batch]\nkind = heartbeat\nuid = 4711\n");
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	telemetry_free(scene->telemetry);
	config_free(scene->config);
	buf_free(&scene->heard);
	unlink(scene->page);
	rmdir(scene->folder);
	free(scene);
	return 0;
}

/* So many seconds go by. */
static void
pass(struct scene *scene, unsigned seconds)
{
	struct state_removed removed = { 0 };

	for (unsigned i = 0; i < seconds; i++) {
		test_now += USEC_PER_SEC;
		telemetry_tick(scene->telemetry, &scene->status, &removed);
	}
}

static void
run_report(void *context, struct command_call *call)
{
	telemetry_report_command(context, call);
}

static void
run_heartbeat(void *context, struct command_call *call)
{
	telemetry_heartbeat_command(context, call);
}

/* Say the line as `uid`; what is answered. */
static const char *
ask_as(struct scene *scene, uint32_t uid, const char *name, const char *line)
{
	static const struct command commands[] = {
		{ "service.heartbeat", MESSAGE_ANYONE, run_heartbeat,
		    telemetry_heartbeat_args },
		{ "telemetry.report", MESSAGE_OWNER, run_report,
		    telemetry_report_args },
		{ 0 },
	};
	struct message_parser parser = MESSAGE_PARSER_INIT;
	const struct command_table table = { commands, NULL, scene->telemetry,
		NULL };
	struct message_peer peer = {
		.uid = uid,
		.classes = uid == 0 ? MESSAGE_OWNER : MESSAGE_SERVICE,
		.user_name = slice_of(name),
	};
	struct message message;
	struct error err;

	buf_reset(&scene->heard);
	if (message_parse(
		&parser, &peer, test_now, slice_of(line), &message, &err) == -1)
		fail_msg("%s", err.sentence);
	command_start(&table, &message, &peer, &scene->caller);
	message_parser_free(&parser);
	return scene->heard.data;
}

#define OK "{\"id\":\"r\",\"ok\":{}}\n"

static void
report(struct scene *scene, const char *services)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	buf_addf(&line,
	    "{\"do\":\"telemetry.report\",\"id\":\"r\",\"args\":{\"figures\":"
	    "{\"load_1m\":0.5},\"services\":[%s]}}",
	    services);
	assert_string_equal(ask_as(scene, 0, "root", line.data), OK);
}

#define SERVICE(name, status)                                              \
	"{\"name\":\"" name "\",\"status\":\"" status "\",\"latency_ms\":" \
	"1.5,\"details\":\"of " status                                     \
	"\",\"checked_at\":\"2026-11-28T00:00:00Z\"}"

#define BEAT(args) \
	"{\"do\":\"service.heartbeat\",\"id\":\"r\",\"args\":{" args "}}"

/* What the page says of the service now, or NULL. */
static const struct observed_service *
seen(struct scene *scene, const char *name)
{
	struct error err;
	struct observed_page *page = observed_open(scene->page, &err);

	assert_non_null(page);
	if (observed_read(page, &scene->observed, &err) == -1)
		fail_msg("%s", err.sentence);
	observed_close(page);
	for (size_t i = 0; i < scene->observed.service_count; i++)
		if (strcmp(scene->observed.services[i].name, name) == 0)
			return scene->observed.services + i;
	return NULL;
}

static enum observed_status
status_of(struct scene *scene, const char *name)
{
	const struct observed_service *service = seen(scene, name);

	assert_non_null(service);
	return service->status;
}

/* --- what the observer reports -------------------------------------------- */

static void
what_is_reported_is_on_the_page(void **state)
{
	struct scene *scene = *state;
	const struct observed_service *web;

	report(scene, SERVICE("web", "healthy"));
	pass(scene, 1);
	web = seen(scene, "web");
	assert_int_equal(web->status, OBSERVED_HEALTHY);
	assert_true(web->latency_ms == 1.5);
	assert_string_equal(web->details, "of healthy");
	assert_int_equal(web->since, BEGIN);
	assert_int_equal(web->reported_at, BEGIN);
	assert_true(scene->observed.figures[FIGURE_LOAD_1M] == 0.5);
	assert_true(scene->observed.figures[FIGURE_ACTIVE_AGENTS] == 3);
	assert_int_equal(scene->observed.observer_at, BEGIN);
}

static void
a_status_lasts_until_there_is_another(void **state)
{
	struct scene *scene = *state;

	report(scene, SERVICE("web", "healthy"));
	pass(scene, 10);
	report(scene, SERVICE("web", "healthy"));
	pass(scene, 10);
	assert_int_equal(seen(scene, "web")->since, BEGIN);
	assert_int_equal(ended_count, 0);
	report(scene, SERVICE("web", "unhealthy"));
	pass(scene, 1);

	assert_int_equal(seen(scene, "web")->since, BEGIN + 20 * USEC_PER_SEC);
	assert_int_equal(ended_count, 1);
	assert_string_equal(ended[0].service, "web");
	assert_int_equal(ended[0].status, OBSERVED_HEALTHY);
	assert_int_equal(ended[0].since, BEGIN);
	assert_int_equal(ended[0].until, BEGIN + 20 * USEC_PER_SEC);
	assert_string_equal(ended[0].details, "of healthy");
}

static void
spans_that_go_on_are_handed_on(void **state)
{
	struct scene *scene = *state;
	const struct history_writer_span *span = NULL;

	report(scene, SERVICE("web", "degraded"));
	pass(scene, 7);
	for (size_t i = 0; i < handed_on.span_count; i++)
		if (strcmp(handed_on.spans[i].service, "web") == 0)
			span = handed_on.spans + i;
	assert_non_null(span);
	assert_int_equal(span->status, OBSERVED_DEGRADED);
	assert_int_equal(span->since, BEGIN);
	assert_int_equal(span->until, BEGIN + 7 * USEC_PER_SEC);
	assert_true(handed_on.figures[FIGURE_LOAD_1M] == 0.5);
}

static void
it_tells_of_what_is_its_own_to_check_alone(void **state)
{
	struct scene *scene = *state;

	report(scene, SERVICE("audit", "unhealthy") "," SERVICE(
			  "queue", "unhealthy") "," SERVICE("elsewhere",
			  "unhealthy") "," SERVICE("vault", "healthy"));
	pass(scene, 1);
	assert_int_equal(status_of(scene, "audit"), OBSERVED_HEALTHY);
	assert_int_equal(status_of(scene, "queue"), OBSERVED_UNKNOWN);
	assert_null(seen(scene, "elsewhere"));
	assert_null(seen(scene, "vault")); /* of which nobody tells */
}

static void
what_it_said_is_not_known_when_it_is_silent(void **state)
{
	struct scene *scene = *state;
	struct alert_service services[OBSERVED_SERVICES];
	double figures[FIGURE_COUNT];
	size_t count;

	report(scene, SERVICE("web", "healthy"));
	pass(scene, 15);
	assert_int_equal(telemetry_silence(scene->telemetry), 0);
	pass(scene, 1);
	assert_int_equal(
	    telemetry_silence(scene->telemetry), 16 * USEC_PER_SEC);
	telemetry_read(scene->telemetry, figures, services, &count);
	assert_true(isnan(figures[FIGURE_LOAD_1M]));
	assert_true(figures[FIGURE_ACTIVE_AGENTS] == 3);
	/* Three of its checks, not three of its reports. */
	assert_int_equal(status_of(scene, "web"), OBSERVED_HEALTHY);
	pass(scene, 30);
	assert_int_equal(status_of(scene, "web"), OBSERVED_UNKNOWN);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended[0].until, BEGIN);
	report(scene, "");
	pass(scene, 1);
	assert_int_equal(telemetry_silence(scene->telemetry), 0);
	telemetry_read(scene->telemetry, figures, services, &count);
	assert_true(figures[FIGURE_LOAD_1M] == 0.5);
}

/* --- heartbeats ----------------------------------------------------------- */

static void
a_service_that_sends_no_heartbeat_is_down(void **state)
{
	struct scene *scene = *state;
	const struct observed_service *queue;

	pass(scene, 45);
	assert_int_equal(status_of(scene, "queue"), OBSERVED_UNKNOWN);
	pass(scene, 1);
	assert_int_equal(status_of(scene, "queue"), OBSERVED_UNHEALTHY);
	assert_string_equal(seen(scene, "queue")->details, "no heartbeat yet");
	assert_int_equal(seen(scene, "queue")->checked_at, 0);

	assert_string_equal(
	    ask_as(scene, 0, "root", BEAT("\"service\":\"queue\"")), OK);
	pass(scene, 45);
	queue = seen(scene, "queue");
	assert_int_equal(queue->status, OBSERVED_HEALTHY);
	assert_string_equal(queue->details, "");
	assert_int_equal(queue->since, BEGIN + 46 * USEC_PER_SEC);
	pass(scene, 1);
	queue = seen(scene, "queue");
	assert_int_equal(queue->status, OBSERVED_UNHEALTHY);
	assert_string_equal(queue->details, "no heartbeat for 45 s");
	assert_int_equal(queue->checked_at, BEGIN + 46 * USEC_PER_SEC);
	assert_int_equal(queue->since, BEGIN + 92 * USEC_PER_SEC);
}

static void
a_service_says_how_it_is(void **state)
{
	struct scene *scene = *state;

	assert_string_equal(
	    ask_as(scene, 0, "root",
		BEAT("\"service\":\"queue\",\"status\":\"degraded\","
		     "\"details\":\"7 jobs\\u001b[2J\"")),
	    OK);
	pass(scene, 1);
	assert_int_equal(status_of(scene, "queue"), OBSERVED_DEGRADED);
	assert_string_equal(seen(scene, "queue")->details, "7 jobs\\e[2J");
	assert_non_null(
	    strstr(ask_as(scene, 0, "root",
		       BEAT("\"service\":\"queue\",\"status\":\"unknown\"")),
		"\"error\":\"out_of_range\",\"field\":\"status\""));
	pass(scene, 1);
	assert_int_equal(status_of(scene, "queue"), OBSERVED_DEGRADED);
}

static void
a_heartbeat_is_its_users_to_send(void **state)
{
	static const struct {
		uint32_t uid;
		const char *name, *service, *answer;
	} cases[] = {
		{ 1000, "queue", "queue", "\"ok\"" },
		{ 4711, "batch", "batch", "\"ok\"" },
		{ 0, "root", "batch", "\"ok\"" },
		{ 1000, "queue", "batch", "\"not_allowed\"" },
		{ 4711, "4711", "queue", "\"not_allowed\"" },
		/* Names are not numbers. */
		{ 1000, "4711", "batch", "\"not_allowed\"" },
		{ 1000, "queue", "web", "\"not_found\"" },
		{ 1000, "queue", "audit", "\"not_found\"" },
		{ 0, "root", "elsewhere", "\"not_found\"" },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(buf_free) struct buf line = BUF_INIT;

		buf_addf(&line, BEAT("\"service\":\"%s\""), cases[i].service);
		assert_non_null(strstr(
		    ask_as(scene, cases[i].uid, cases[i].name, line.data),
		    cases[i].answer));
	}
}

/* --- the configuration ---------------------------------------------------- */

static void
a_reload_keeps_what_is_known(void **state)
{
	struct scene *scene = *state;

	report(scene, SERVICE("web", "degraded"));
	assert_string_equal(
	    ask_as(scene, 0, "root", BEAT("\"service\":\"queue\"")), OK);
	pass(scene, 40);
	configure(scene, "[service new]\nkind = heartbeat\n"
			 "[service queue]\nkind = heartbeat\n"
			 "[service web]\nkind = tcp\ntarget = 127.0.0.1:2\n");
	report(scene, "");
	pass(scene, 1);
	assert_int_equal(seen(scene, "web")->status, OBSERVED_DEGRADED);
	assert_int_equal(seen(scene, "web")->since, BEGIN);
	assert_null(seen(scene, "batch"));
	pass(scene, 5);
	/* It was heard before, the new one has time. */
	assert_int_equal(status_of(scene, "queue"), OBSERVED_UNHEALTHY);
	assert_int_equal(status_of(scene, "new"), OBSERVED_UNKNOWN);
	pass(scene, 40);
	assert_int_equal(status_of(scene, "new"), OBSERVED_UNHEALTHY);
}

static void
one_that_is_checked_otherwise_is_another(void **state)
{
	struct scene *scene = *state;

	report(scene, SERVICE("web", "healthy"));
	pass(scene, 1);
	configure(scene, "[service web]\nkind = heartbeat\n");
	pass(scene, 1);
	assert_int_equal(status_of(scene, "web"), OBSERVED_UNKNOWN);
}

static void
three_intervals_are_as_long_as_is_said(void **state)
{
	struct scene *scene = *state;

	configure(scene, "[observer]\ncheck_interval_seconds = 60\n"
			 "[service queue]\nkind = heartbeat\n");
	assert_string_equal(
	    ask_as(scene, 0, "root", BEAT("\"service\":\"queue\"")), OK);
	pass(scene, 180);
	assert_int_equal(status_of(scene, "queue"), OBSERVED_HEALTHY);
	pass(scene, 1);
	assert_string_equal(
	    seen(scene, "queue")->details, "no heartbeat for 180 s");
}

/* --- the daemon's own ----------------------------------------------------- */

static void
log_and_databases_are_judged_by_the_status_page(void **state)
{
	struct scene *scene = *state;

	pass(scene, 1);
	assert_int_equal(status_of(scene, "audit"), OBSERVED_HEALTHY);
	assert_int_equal(status_of(scene, "state"), OBSERVED_HEALTHY);
	scene->status.refusal = STATUS_DISK_FULL;
	scene->status.state = STATUS_STATE_LOST;
	snprintf(scene->status.reason, sizeof(scene->status.reason), "full");
	pass(scene, 1);
	assert_int_equal(status_of(scene, "audit"), OBSERVED_UNHEALTHY);
	assert_string_equal(seen(scene, "audit")->details, "full");
	assert_int_equal(status_of(scene, "state"), OBSERVED_DEGRADED);
	assert_int_equal(ended_count, 2);
}

static void
alerts_are_told_who_depends_on_whom(void **state)
{
	struct scene *scene = *state;
	struct alert_service services[OBSERVED_SERVICES];
	double figures[FIGURE_COUNT];
	size_t count;

	configure(scene,
	    "[service web]\nkind = tcp\ntarget = 127.0.0.1:1\n"
	    "[service shop]\nkind = heartbeat\ndepends_on = web state\n");
	report(scene, SERVICE("web", "unhealthy"));
	pass(scene, 1);
	telemetry_read(scene->telemetry, figures, services, &count);
	assert_int_equal(count, 7);
	assert_string_equal(services[4].name, "state");
	assert_true(services[4].has_other_rule);
	assert_string_equal(services[5].name, "web");
	assert_int_equal(services[5].status, OBSERVED_UNHEALTHY);
	assert_string_equal(services[5].details, "of unhealthy");
	assert_false(services[5].has_other_rule);
	assert_int_equal(services[6].depends_on, 1 << 4 | 1 << 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_reported_is_on_the_page),
		TEST(a_status_lasts_until_there_is_another),
		TEST(spans_that_go_on_are_handed_on),
		TEST(it_tells_of_what_is_its_own_to_check_alone),
		TEST(what_it_said_is_not_known_when_it_is_silent),
		TEST(a_service_that_sends_no_heartbeat_is_down),
		TEST(a_service_says_how_it_is),
		TEST(a_heartbeat_is_its_users_to_send),
		TEST(a_reload_keeps_what_is_known),
		TEST(one_that_is_checked_otherwise_is_another),
		TEST(three_intervals_are_as_long_as_is_said),
		TEST(log_and_databases_are_judged_by_the_status_page),
		TEST(alerts_are_told_who_depends_on_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
