#include "collectors/kruxosd/invocation.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/kruxosd/agent_session.h"
#include "collectors/kruxosd/call_finder.h"
#include "tests/unit/daemon_rig.h"

#include <errno.h>
#include <limits.h>

/* What calls are answered with, over a disk that can fail. */
struct scene {
	struct rig rig;
	struct config *config;
	char dir[64], path[80];
	struct state *state;
	struct state_changer *changer;
	struct account_keeper *accounts;
	struct invocation_parts parts;
	struct command_caller caller;
	struct buf answers; /* all since the last act */
};

static void
on_answer(struct command_caller *caller, struct slice line)
{
	struct scene *scene =
	    (struct scene *)((char *)caller - offsetof(struct scene, caller));

	buf_add_slice(&scene->answers, line);
}

static void
on_watched(void *context, struct slice lines)
{
	struct scene *scene = context;

	alerts_read(scene->parts.alerts, lines);
}

static void
open_parts(struct scene *scene)
{
	struct clock *clock = &scene->rig.clock.clock;
	struct commit *commit = scene->rig.commit;
	struct error err;

	scene->state = state_open(scene->path, clock, &err);
	assert_non_null(scene->state);
	scene->changer =
	    state_changer_new(clock, commit, scene->state, scene->path);
	scene->accounts = account_keeper_new(scene->changer, scene->path, &err);
	assert_non_null(scene->accounts);
	account_keeper_configure(scene->accounts, scene->config);
	scene->parts = (struct invocation_parts){
		.clock = clock,
		.commit = commit,
		.recent = recent_new(call_finder_hash, NULL, NULL),
		.policy = policy_keeper_new(clock),
		.approvals = approval_keeper_new(
		    scene->changer, scene->accounts, scene->rig.redactor),
		.alerts = alerts_new(clock, commit),
	};
	policy_keeper_configure(scene->parts.policy, scene->config);
	approval_keeper_configure(scene->parts.approvals, scene->config);
	alerts_configure(scene->parts.alerts, scene->config);
}

static int
setup(void **state)
{
	static const char text[] = "[policy]\n"
				   "system.health = blocked\n"
				   "alerts.list = approval_required\n"
				   "[limit]\n"
				   "system.info = 2/1m\n";
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct scene *scene = calloc(1, sizeof(*scene));
	struct commit_listener listener = { .on_watched = on_watched,
		.context = scene };
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	commit_set_listener(scene->rig.commit, &listener);
	assert_int_equal(
	    config_parse("/x", slice_of(text), &scene->config, &problems), 0);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-state-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/state.db", scene->dir);
	scene->caller.on_answer = on_answer;
	buf_init(&scene->answers);
	open_parts(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	command_abandon(&scene->caller);
	alerts_free(scene->parts.alerts);
	approval_keeper_free(scene->parts.approvals);
	policy_keeper_free(scene->parts.policy);
	recent_free(scene->parts.recent);
	account_keeper_free(scene->accounts);
	state_changer_free(scene->changer);
	state_close(scene->state);
	config_free(scene->config);
	rig_free(&scene->rig);
	buf_free(&scene->answers);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

/* --- asking --------------------------------------------------------------- */

static int
identify(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err)
{
	(void)context;
	(void)call;
	(void)err;
	*ret_signed_in = (struct accounts_caller){ .via = CREDENTIAL_AGENT };
	snprintf(ret_signed_in->name, sizeof(ret_signed_in->name), "%.*s",
	    SLICE_ARG(credential));
	return 0;
}

static void
run_invoke(void *context, struct command_call *call)
{
	invocation_command(&((struct scene *)context)->parts, call);
}

static void
run_start(void *context, struct command_call *call)
{
	agent_session_command(&((struct scene *)context)->parts, call);
}

static void
run_accept(void *context, struct command_call *call)
{
	approval_accept_command(
	    ((struct scene *)context)->parts.approvals, call);
}

static const struct command commands[] = {
	{ "capability.invoke", MESSAGE_AGENT, run_invoke, invocation_args },
	{ "session.start", MESSAGE_AGENT, run_start, agent_session_start_args },
	{ "approval.accept", MESSAGE_OWNER, run_accept, approval_decide_args },
	{ 0 },
};

/* Say a command; nothing is flushed. As the agent `agent`, or as root: NULL. */
static void
say(struct scene *scene, const char *agent, const char *verb, const char *args)
{
	struct command_table table = { commands, identify, scene, NULL };
	struct message_peer peer = { .uid = 33,
		.classes = agent == NULL ? MESSAGE_OWNER : MESSAGE_WEB,
		.user_name = SLICE_LITERAL("root") };
	struct message_parser parser = MESSAGE_PARSER_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message message;
	struct error err;

	buf_addf(&line, "{\"do\":\"%s\",\"id\":\"r\",\"args\":%s", verb, args);
	if (agent != NULL)
		buf_addf(&line, ",\"credential\":\"%s\"", agent);
	buf_add_char(&line, '}');
	assert_int_equal(
	    message_parse(&parser, &peer, 0, buf_slice(&line), &message, &err),
	    0);
	command_start(&table, &message, &peer, &scene->caller);
	message_parser_free(&parser);
	/* Whoever keeps what was said keeps a copy. */
	memset(line.data, 'x', line.len);
}

/* Invoke as "reader", and flush; what is answered. */
static const char *
invoke(struct scene *scene, const char *args)
{
	buf_reset(&scene->answers);
	say(scene, "reader", "capability.invoke", args);
	commit_flush(scene->rig.commit);
	return scene->answers.data;
}

static void
assert_answered(struct scene *scene, const char *wanted)
{
	if (strstr(scene->answers.data, wanted) == NULL)
		fail_msg("not %s: %s", wanted, scene->answers.data);
}

/* How often `text` stands in the answers. */
static unsigned
count_answers(struct scene *scene, const char *text)
{
	unsigned count = 0;

	for (const char *at = scene->answers.data;
	     (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void
disk_refuses(struct scene *scene)
{
	model_fail(&scene->rig.model, NULL, 1, ULONG_MAX, EIO);
}

static void
disk_takes(struct scene *scene)
{
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	rig_advance(&scene->rig, USEC_PER_MIN);
	commit_retry(scene->rig.commit);
}

#define METRICS "{\"capability\":\"system.metrics\"}"
#define LIST                               \
	"{\"capability\":\"alerts.list\"," \
	"\"arguments\":{\"state\":\"all\"},\"session_id\":\"s\"}"
#define SEND(status, title)                                            \
	"{\"capability\":\"alerts.send\",\"arguments\":{\"severity\":" \
	"\"" status "\",\"title\":\"" title "\"}}"
#define RECORD                                                  \
	"{\"capability\":\"audit.record\",\"arguments\":{"      \
	"\"capability\":\"shell.exec\",\"status\":\"success\"," \
	"\"call_id\":\"toolu_1\",\"request\":{\"command\":\"ls\"}}}"

/* --- tests ---------------------------------------------------------------- */

static void
a_call_is_answered_when_its_entry_is_durable(void **state)
{
	struct scene *scene = *state;

	say(scene, "reader", "capability.invoke", METRICS);
	say(scene, "reader", "capability.invoke", METRICS);
	say(scene, "reader", "session.start", "{}");
	assert_int_equal(scene->answers.len, 0);
	commit_flush(scene->rig.commit);
	assert_int_equal(count_answers(scene, "\"ok\":{\"seq\":"), 2);
	assert_int_equal(count_answers(scene, "\"session_id\":\"sess-"), 1);
	assert_int_equal(rig_count(&scene->rig, "system.metrics"), 2);
	assert_int_equal(rig_count(&scene->rig, "session.start"), 1);
}

static void
what_is_not_recorded_is_not_answered_as_done(void **state)
{
	static const char *const calls[] = {
		METRICS,
		SEND("info", "down"),
		SEND("bad", "down"),
		"{\"capability\":\"system.health\"}",
		"{\"capability\":\"no.such\"}",
		RECORD,
	};
	struct scene *scene = *state;

	disk_refuses(scene);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		say(scene, "reader", "capability.invoke", calls[i]);
	say(scene, "reader", "session.start", "{}");
	commit_flush(scene->rig.commit);
	assert_int_equal(count_answers(scene, "\"ok\""), 0);
	assert_int_equal(count_answers(scene, "\"audit_unavailable\""), 4);
	/* What is refused is refused, recorded or not. */
	assert_int_equal(count_answers(scene, "\"out_of_range\""), 1);
	assert_int_equal(count_answers(scene, "\"not_allowed\""), 1);
	assert_int_equal(count_answers(scene, "\"not_found\""), 1);
	/* From then on at once. */
	buf_reset(&scene->answers);
	say(scene, "reader", "capability.invoke", METRICS);
	say(scene, "reader", "session.start", "{}");
	assert_int_equal(count_answers(scene, "\"audit_unavailable\""), 2);
	assert_null(alerts_at(scene->parts.alerts, 0));
	disk_takes(scene);
	invoke(scene, RECORD);
	assert_answered(scene, "\"ok\"");
	assert_int_equal(rig_count(&scene->rig, "shell.exec"), 1);
}

static void
each_refusal_is_one_entry(void **state)
{
	struct scene *scene = *state;

	invoke(scene, "{\"capability\":\"system.health\"}");
	assert_answered(scene, "\"not_allowed\",\"field\":\"capability\"");
	assert_int_equal(rig_count(&scene->rig, "system.health"), 1);
	for (int i = 0; i < 3; i++)
		invoke(scene, "{\"capability\":\"system.info\"}");
	assert_answered(scene, "\"too_many\"");
	assert_answered(scene, "\"wait\":30");
	assert_int_equal(rig_count(&scene->rig, "system.info"), 2);
	assert_int_equal(rig_count(&scene->rig, "rate_limit.hit"), 1);
	invoke(scene, "{\"capability\":\"no.such\"}");
	assert_answered(scene, "\"not_found\"");
	assert_int_equal(rig_count(&scene->rig, "no.such"), 1);
	invoke(scene, "{\"capability\":\"nodot\"}");
	assert_answered(scene, "\"not_found\"");
	assert_int_equal(rig_count(&scene->rig, "capability.invoke"), 1);
}

static void
a_reserved_name_that_is_asked_for_is_in_no_entry_of_that_name(void **state)
{
	struct scene *scene = *state;

	invoke(scene, "{\"capability\":\"session.start\"}");
	assert_answered(scene, "\"not_found\"");
	invoke(scene, "{\"capability\":\"Log.open\",\"invalid\":\"no\"}");
	assert_int_equal(rig_count(&scene->rig, "session.start"), 0);
	assert_int_equal(rig_count(&scene->rig, "Log.open"), 0);
	assert_int_equal(rig_count(&scene->rig, "capability.invoke"), 2);
}

static void
what_is_told_twice_is_recorded_once_whenever_that_is(void **state)
{
	struct scene *scene = *state;

	/* In one batch, … */
	say(scene, "reader", "capability.invoke", RECORD);
	say(scene, "reader", "capability.invoke", RECORD);
	commit_flush(scene->rig.commit);
	assert_int_equal(count_answers(scene, "\"result\":{\"seq\":1}"), 0);
	assert_int_equal(count_answers(scene, "\"result\":{\"seq\":2}"), 2);
	/* … in another, … */
	invoke(scene, RECORD);
	assert_answered(scene, "\"result\":{\"seq\":2}");
	assert_int_equal(rig_count(&scene->rig, "shell.exec"), 1);
	/* … and by somebody else. */
	buf_reset(&scene->answers);
	say(scene, "builder", "capability.invoke", RECORD);
	commit_flush(scene->rig.commit);
	assert_answered(scene, "\"result\":{\"seq\":3}");
}

static void
what_only_reads_is_another_entry_each_time(void **state)
{
	static const char call[] =
	    "{\"capability\":\"system.metrics\",\"call_id\":\"toolu_1\"}";
	struct scene *scene = *state;

	say(scene, "reader", "capability.invoke", call);
	say(scene, "reader", "capability.invoke", call);
	commit_flush(scene->rig.commit);
	say(scene, "reader", "capability.invoke", call);
	commit_flush(scene->rig.commit);
	assert_int_equal(count_answers(scene, "\"call_id\":\"toolu_1\""), 3);
	assert_int_equal(rig_count(&scene->rig, "system.metrics"), 3);
}

static void
an_effect_of_the_same_call_id_is_had_once(void **state)
{
#define SEND_AGAIN                                                 \
	"{\"capability\":\"alerts.send\",\"call_id\":\"toolu_1\"," \
	"\"arguments\":{\"severity\":\"info\",\"title\":\"down\"}}"
	struct scene *scene = *state;

	say(scene, "reader", "capability.invoke", SEND_AGAIN);
	say(scene, "reader", "capability.invoke", SEND_AGAIN);
	commit_flush(scene->rig.commit);
	invoke(scene, SEND_AGAIN);
	assert_answered(scene, "\"ok\":{\"seq\":2,");
	assert_answered(scene, "\"sent\":true");
	assert_int_equal(rig_count(&scene->rig, "alerts.send"), 1);
	assert_int_equal(alerts_at(scene->parts.alerts, 0)->count, 1);
}

/* The id of what waits, of the last answer. */
static void
take_approval(struct scene *scene, char ret_args[static 160])
{
	static const char key[] = "\"approval_id\":\"";
	const char *id = strstr(scene->answers.data, key);

	if (id == NULL)
		fail_msg("%s", scene->answers.data);
	id += strlen(key);
	snprintf(
	    ret_args, 160, "{\"id\":\"%.*s\"}", (int)strcspn(id, "\""), id);
}

static void
accept(struct scene *scene, const char *args)
{
	buf_reset(&scene->answers);
	say(scene, NULL, "approval.accept", args);
	commit_flush(scene->rig.commit);
	assert_answered(scene, "\"state\":\"accepted\"");
}

static void
what_was_approved_and_not_recorded_may_be_asked_for_again(void **state)
{
	struct scene *scene = *state;
	char args[160], again[160];

	invoke(scene, LIST);
	assert_answered(scene, "\"approval_required\"");
	take_approval(scene, args);
	accept(scene, args);
	disk_refuses(scene);
	invoke(scene, LIST);
	assert_answered(scene, "\"audit_unavailable\"");
	disk_takes(scene);
	invoke(scene, LIST);
	assert_answered(scene, "\"policy_tier\":\"approval_required\"");
	assert_int_equal(rig_count(&scene->rig, "alerts.list"), 1);
	/* Then it is used up. */
	invoke(scene, LIST);
	take_approval(scene, again);
	assert_string_not_equal(args, again);
}

static void
an_alert_is_there_before_its_call_is_answered(void **state)
{
	struct scene *scene = *state;
	const struct alert *alert;
	char wanted[80];

	invoke(scene, SEND("info", "down"));
	alert = alerts_at(scene->parts.alerts, 0);
	assert_non_null(alert);
	snprintf(wanted, sizeof(wanted), "{\"sent\":true,\"alert_id\":%llu,",
	    (unsigned long long)alert->id);
	assert_answered(scene, wanted);
	assert_answered(scene, "\"count\":1}");
	invoke(scene, SEND("info", "down"));
	assert_answered(scene, wanted);
	assert_answered(scene, "\"count\":2}");
	invoke(scene, SEND("worse", "down"));
	assert_answered(scene, "\"out_of_range\",\"field\":\"severity\"");
	assert_int_equal(alerts_at(scene->parts.alerts, 0)->count, 2);
}

/* `agent` acknowledges the alert at `place`. */
static void
acknowledge(struct scene *scene, const char *agent, size_t place)
{
	const struct alert *alert = alerts_at(scene->parts.alerts, place);
	char args[128];

	snprintf(args, sizeof(args),
	    "{\"capability\":\"alerts.acknowledge\",\"arguments\":"
	    "{\"id\":%llu,\"note\":\"seen\"}}",
	    (unsigned long long)alert->id);
	buf_reset(&scene->answers);
	say(scene, agent, "capability.invoke", args);
	commit_flush(scene->rig.commit);
}

static void
an_alert_is_acknowledged_when_that_is_recorded(void **state)
{
	struct scene *scene = *state;
	const struct alert *alert;

	invoke(scene, SEND("info", "down"));
	disk_refuses(scene);
	acknowledge(scene, "reader", 0);
	assert_answered(scene, "\"audit_unavailable\"");
	alert = alerts_at(scene->parts.alerts, 0);
	assert_null(alert->acknowledged_by.data);
	disk_takes(scene);
	acknowledge(scene, "reader", 0);
	assert_answered(scene, "\"result\":{\"id\":");
	alert = alerts_at(scene->parts.alerts, 0);
	assert_true(slice_is(alert->acknowledged_by, "agent:reader"));
	assert_true(slice_is(alert->note, "seen"));
}

static void
the_alerts_of_others_and_worse_ones_are_not_an_agents_to_see_to(void **state)
{
	struct scene *scene = *state;

	invoke(scene, SEND("info", "down"));
	acknowledge(scene, "builder", 0);
	assert_answered(scene, "\"not_found\"");
	invoke(scene, SEND("warning", "worse"));
	acknowledge(scene, "reader", 1);
	assert_answered(scene, "\"not_allowed\"");
	for (size_t i = 0; i < 2; i++)
		assert_null(
		    alerts_at(scene->parts.alerts, i)->acknowledged_by.data);
}

static void
who_has_gone_is_recorded_all_the_same(void **state)
{
	struct scene *scene = *state;

	say(scene, "reader", "capability.invoke", METRICS);
	say(scene, "reader", "capability.invoke", SEND("info", "down"));
	command_abandon(&scene->caller);
	commit_flush(scene->rig.commit);
	assert_int_equal(scene->answers.len, 0);
	assert_int_equal(rig_count(&scene->rig, "system.metrics"), 1);
	assert_non_null(alerts_at(scene->parts.alerts, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_answered_when_its_entry_is_durable),
		TEST(what_is_not_recorded_is_not_answered_as_done),
		TEST(each_refusal_is_one_entry),
		TEST(
		    a_reserved_name_that_is_asked_for_is_in_no_entry_of_that_name),
		TEST(what_is_told_twice_is_recorded_once_whenever_that_is),
		TEST(what_only_reads_is_another_entry_each_time),
		TEST(an_effect_of_the_same_call_id_is_had_once),
		TEST(what_was_approved_and_not_recorded_may_be_asked_for_again),
		TEST(an_alert_is_there_before_its_call_is_answered),
		TEST(an_alert_is_acknowledged_when_that_is_recorded),
		TEST(
		    the_alerts_of_others_and_worse_ones_are_not_an_agents_to_see_to),
		TEST(who_has_gone_is_recorded_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
