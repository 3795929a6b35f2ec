#include "fcgi/invocation.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/readings.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- kruxosd: it hears, and says what the test says ----------------------- */

enum { HEARD = 8 };

static struct heard {
	struct link_call *call;
	char verb[32];
	char *args; /* an object */
} heard[HEARD];
static size_t heard_count;

void
link_send(struct link *link, struct link_call *call, const char *verb,
    struct slice args, struct slice credential)
{
	struct heard *now = &heard[heard_count++];

	(void)link;
	assert_true(heard_count <= HEARD);
	assert_true(slice_is(credential, "krx_agent_x"));
	assert_null(memchr(args.data, '\n', args.len));
	now->call = call;
	snprintf(now->verb, sizeof(now->verb), "%s", verb);
	free(now->args);
	now->args = strndup(args.data, args.len);
}

/* To the question `i` of those heard since the last forget(). */
static void
say(size_t i, const char *result)
{
	struct answer answer = { .kind = ANSWER_OK,
		.result = slice_of(result) };

	heard[i].call->on_answer(heard[i].call, &answer, NULL);
}

static void
refuse(size_t i, const struct error *err)
{
	struct answer answer = { .kind = ANSWER_FAILED };

	heard[i].call->on_answer(heard[i].call, &answer, err);
}

static void
assert_heard(size_t i, const char *verb, const char *args)
{
	assert_true(i < heard_count);
	assert_string_equal(heard[i].verb, verb);
	/* How long it took is another matter. */
	char *duration = strstr(heard[i].args, ",\"duration_ms\":");
	if (duration != NULL) {
		char *end = strpbrk(duration + 1, ",}");
		memmove(duration, end, strlen(end) + 1);
	}
	assert_string_equal(heard[i].args, args);
}

/* --- what is read: as the test has it ------------------------------------- */

static int reading;		/* what a reading returns, if it is not 0 */
static enum error_code failure; /* then */

static int
read_as(const char *result, const struct capability_call *call,
    struct json_writer *json, struct error *err)
{
	if (reading == CAPABILITY_SLOW && call->request->worker == 0)
		return CAPABILITY_SLOW;
	if (reading == -1)
		return error_set(err, failure, "/var/lib/secret: no such file");
	json_writer_object(json);
	json_writer_pair(json, "read", result);
	json_writer_pair_slice(json, "by", call->agent);
	json_writer_end_object(json);
	return 0;
}

#define READING(name)                                                     \
	int name(struct readings *readings,                               \
	    const struct capability_call *call, struct json_writer *json, \
	    struct error *err)                                            \
	{                                                                 \
		(void)readings;                                           \
		return read_as(#name, call, json, err);                   \
	}                                                                 \
	struct a_semicolon_follows

READING(readings_metrics);
READING(readings_health);
READING(readings_info);
READING(readings_alerts);
READING(readings_audit);
READING(readings_approval);

/* --- a request ------------------------------------------------------------ */

static struct config config;
static struct program prog = { .config = &config };
static struct gateway gateway = { .program = &prog,
	.answers = JSON_READER_INIT };
static struct arena arena = ARENA_INIT;
static struct json_reader json = JSON_READER_INIT;
static struct request req;
static unsigned resumed;
static struct invocations *list;

static void
on_resume(void *context)
{
	(void)context;
	resumed++;
}

static int
begin(void **state)
{
	static char address[] = "REMOTE_ADDR=192.0.2.7";
	static char *variables[] = { address, NULL };

	(void)state;
	arena_reset(&arena);
	request_init(&req, variables, (struct slice){ "", 0 }, &arena);
	req.on_resume = on_resume;
	heard_count = resumed = 0;
	reading = 0;
	config.on_audit_failure = CONFIG_DENY;
	list = invocations_new(&gateway, &req, SLICE_LITERAL("krx_agent_x"));
	return 0;
}

static struct invocation *
add_call(const char *capability, const char *arguments)
{
	struct invocation *call = invocation_add(list, INVOCATION_CALL);
	struct error err;

	call->capability = slice_of(capability);
	if (arguments == NULL) {
		invocation_set_arguments(call, &json, NULL);
		return call;
	}
	assert_int_equal(json_reader_read(&json, slice_of(arguments), &err), 0);
	invocation_set_arguments(call, &json, json.nodes);
	return call;
}

/* Ask, be answered with `err` (NULL: all is well), and go on to the end. */
static void
run(const struct error *err)
{
	assert_int_equal(invocations_run(list), HANDLER_LATER);
	assert_int_equal(heard_count, 1);
	if (err == NULL)
		say(0, "{\"seq\":7,\"call_id\":\"call-1\",\"policy_tier\":"
		       "\"notify\",\"result\":{\"sent\":true}}");
	else
		refuse(0, err);
	assert_int_equal(resumed, 1);
	assert_int_equal(invocations_run(list), INVOCATIONS_DONE);
}

/* --- tests ---------------------------------------------------------------- */

static void
a_call_is_asked_with_all_that_belongs_to_it(void **state)
{
	struct invocation *call = invocation_add(list, INVOCATION_CALL);
	struct error err;

	(void)state;
	call->capability = SLICE_LITERAL("alerts.send");
	call->session_id = SLICE_LITERAL("sess-1");
	call->call_id = SLICE_LITERAL("mine");
	call->parent_call_id = SLICE_LITERAL("parent");
	call->trace_id = SLICE_LITERAL("0af7651916cd43dd8448eb211c80319c");
	assert_int_equal(
	    json_reader_read(&json,
		SLICE_LITERAL(
		    "{ \"severity\":\"info\",\r\n\"title\":\"a\\nb\"}"),
		&err),
	    0);
	invocation_set_arguments(call, &json, json.nodes);
	run(NULL);
	assert_heard(0, "capability.invoke",
	    "{\"capability\":\"alerts.send\",\"arguments\":{ "
	    "\"severity\":\"info\",  \"title\":\"a\\nb\"},\"session_id\":"
	    "\"sess-1\",\"call_id\":\"mine\",\"parent_call_id\":\"parent\","
	    "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"address\":"
	    "\"192.0.2.7\"}");
	assert_int_equal(call->err.code, ERROR_NONE);
	assert_int_equal(call->seq, 7);
	assert_true(slice_is(call->ret_call_id, "call-1"));
	assert_true(slice_is(call->tier, "notify"));
	assert_true(slice_is(call->result, "{\"sent\":true}"));
}

static void
what_was_read_is_shown_when_it_is_recorded_and_not_before(void **state)
{
	struct invocation *call =
	    add_call("system.metrics", "{\"category\":\"http\"}");

	(void)state;
	assert_int_equal(invocations_run(list), HANDLER_LATER);
	assert_null(call->result.data);
	say(0, "{\"seq\":7,\"call_id\":\"c\",\"policy_tier\":\"autonomous\"}");
	assert_int_equal(invocations_run(list), INVOCATIONS_DONE);
	assert_true(slice_is(
	    call->result, "{\"read\":\"readings_metrics\",\"by\":null}"));
}

static void
what_is_ones_own_is_read_when_it_is_known_who_asks(void **state)
{
	struct invocation *call = add_call("audit.query", NULL);

	(void)state;
	assert_int_equal(invocations_run(list), HANDLER_LATER);
	assert_string_equal(heard[0].verb, "agent.self");
	say(0, "{\"name\":\"bot\",\"policy_tiers\":[]}");
	assert_int_equal(invocations_run(list), HANDLER_SLOW);
	req.worker = 1;
	assert_int_equal(invocations_run(list), HANDLER_LOOP);
	req.worker = 0;
	assert_int_equal(invocations_run(list), HANDLER_LATER);
	assert_heard(1, "capability.invoke",
	    "{\"capability\":\"audit.query\",\"address\":\"192.0.2.7\"}");
	say(1, "{\"seq\":7}");
	assert_int_equal(invocations_run(list), INVOCATIONS_DONE);
	assert_true(slice_is(
	    call->result, "{\"read\":\"readings_audit\",\"by\":\"bot\"}"));
	assert_int_equal(resumed, 2);
}

static void
nothing_is_read_for_a_stranger(void **state)
{
	struct invocation *call = add_call("alerts.list", NULL);
	struct error err;

	(void)state;
	assert_int_equal(invocations_run(list), HANDLER_LATER);
	error_set(&err, ERROR_UNAUTHENTICATED, "this token is not known");
	refuse(0, &err);
	assert_int_equal(invocations_run(list), HANDLER_SLOW);
	req.worker = 1;
	assert_int_equal(invocations_run(list), HANDLER_LOOP);
	req.worker = 0;
	assert_int_equal(invocations_run(list), INVOCATIONS_DONE);
	assert_int_equal(call->err.code, ERROR_UNAUTHENTICATED);
	assert_null(call->result.data);
	assert_int_equal(heard_count, 1);
}

static void
what_is_wrong_with_a_question_is_for_kruxosd_to_record(void **state)
{
	static const struct {
		const char *capability, *arguments, *args;
		enum error_code code;
	} cases[] = {
		{ "system.metrics", "{\"category\":\"x\"}",
		    "{\"capability\":\"system.metrics\",\"arguments\":"
		    "{\"category\":\"x\"},\"invalid\":\"category must be one "
		    "of system, agents, policy, http\",\"address\":"
		    "\"192.0.2.7\"}",
		    ERROR_OUT_OF_RANGE },
		{ "system.health", "{\"more\":1}",
		    "{\"capability\":\"system.health\",\"arguments\":"
		    "{\"more\":1},\"invalid\":\"more is not known here\","
		    "\"address\":\"192.0.2.7\"}",
		    ERROR_UNKNOWN_FIELD },
		{ "no name", NULL,
		    "{\"capability\":\"gateway.request\",\"invalid\":\"there "
		    "is no capability \\\"no name\\\"\",\"address\":"
		    "\"192.0.2.7\"}",
		    ERROR_NOT_FOUND },
	};
	struct error said;

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(state);
		struct invocation *call =
		    add_call(cases[i].capability, cases[i].arguments);

		error_set(&said, ERROR_OUT_OF_RANGE, "as kruxosd says it");
		run(&said);
		assert_heard(0, "capability.invoke", cases[i].args);
		assert_int_equal(call->err.code, cases[i].code);
		assert_true(call->is_refused);
	}
	/* Even if it should be taken. */
	begin(state);
	struct invocation *call = add_call("no name", NULL);
	run(NULL);
	assert_true(call->is_refused);
	assert_null(call->result.data);
	/* But who asks comes first. */
	begin(state);
	call = add_call("no name", NULL);
	error_set(&said, ERROR_UNAUTHENTICATED, "nobody");
	run(&said);
	assert_int_equal(call->err.code, ERROR_UNAUTHENTICATED);
	assert_false(call->is_refused);
}

static void
ids_that_are_no_names_are_not_passed_on(void **state)
{
	struct invocation *call = invocation_add(list, INVOCATION_CALL);
	struct error said;

	(void)state;
	call->capability = SLICE_LITERAL("system.health");
	call->session_id = SLICE_LITERAL("a b");
	invocation_set_arguments(call, &json, NULL);
	error_set(&said, ERROR_OUT_OF_RANGE, "as kruxosd says it");
	run(&said);
	assert_string_equal(call->err.field, "session_id");
	assert_null(strstr(heard[0].args, "a b"));
}

static void
a_session_is_for_the_token_s_agent_alone(void **state)
{
	struct error said;

	for (int i = 0; i < 2; i++) {
		begin(state);
		struct invocation *start =
		    invocation_add(list, INVOCATION_SESSION_START);

		start->agent_name = slice_of(i == 0 ? "bot" : "other");
		invocation_set_arguments(start, &json, NULL);
		assert_int_equal(invocations_run(list), HANDLER_LATER);
		say(0, "{\"name\":\"bot\",\"policy_tiers\":[]}");
		assert_int_equal(invocations_run(list), HANDLER_LATER);
		assert_true(slice_is(invocations_agent(list), "bot"));
		if (i == 0) {
			assert_heard(
			    1, "session.start", "{\"address\":\"192.0.2.7\"}");
			continue;
		}
		assert_heard(1, "capability.invoke",
		    "{\"capability\":\"gateway.request\",\"invalid\":\"the "
		    "token is that of bot, and of nobody else\",\"address\":"
		    "\"192.0.2.7\"}");
		error_set(&said, ERROR_NOT_FOUND, "no such capability");
		refuse(1, &said);
		assert_int_equal(start->err.code, ERROR_UNAUTHENTICATED);
	}
}

static void
what_cannot_be_recorded_is_not_shown_unless_that_is_allowed(void **state)
{
	struct error said;

	for (int allow = 0; allow < 2; allow++)
		for (int reads = 0; reads < 2; reads++) {
			begin(state);
			config.on_audit_failure =
			    allow ? CONFIG_ALLOW : CONFIG_DENY;
			struct invocation *call =
			    reads ? add_call("system.health", NULL)
				  : add_call("alerts.send",
					"{\"severity\":\"info\",\"title\":"
					"\"x\"}");

			error_set(&said, ERROR_AUDIT_UNAVAILABLE,
			    "audit/2026-11-23.jsonl: No space left on device");
			run(&said);
			if (allow && reads) {
				assert_int_equal(call->err.code, ERROR_NONE);
				assert_int_equal(call->seq, 0);
				assert_non_null(call->result.data);
				continue;
			}
			assert_int_equal(
			    call->err.code, ERROR_AUDIT_UNAVAILABLE);
			assert_null(call->result.data);
			assert_null(strstr(call->err.sentence, "audit/"));
		}
}

static void
what_cannot_be_read_nor_recorded_is_no_result(void **state)
{
	struct error said;

	(void)state;
	diag_init("test", DIAG_ERROR);
	config.on_audit_failure = CONFIG_ALLOW;
	reading = -1, failure = ERROR_SYSTEM;
	struct invocation *call = add_call("system.info", NULL);

	error_set(&said, ERROR_AUDIT_UNAVAILABLE, "no space");
	run(&said);
	assert_int_equal(call->err.code, ERROR_AUDIT_UNAVAILABLE);
	assert_null(call->result.data);
}

static void
without_kruxosd_nothing_is_shown_whatever_is_allowed(void **state)
{
	struct invocation *call = add_call("system.health", NULL);
	struct error said;

	(void)state;
	config.on_audit_failure = CONFIG_ALLOW;
	error_set(&said, ERROR_UNREACHABLE, "ingest.sock: nobody answers");
	run(&said);
	assert_int_equal(call->err.code, ERROR_UNREACHABLE);
	assert_null(call->result.data);
	assert_null(strstr(call->err.sentence, "ingest.sock"));
}

static void
what_is_too_much_for_the_door_is_recorded_without_it(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct answer answer = { .kind = ANSWER_ERROR, .line = 1 };
		struct error said;

		begin(state);
		struct invocation *call = add_call(
		    "alerts.send", "{\"severity\":\"info\",\"title\":\"x\"}");

		assert_int_equal(invocations_run(list), HANDLER_LATER);
		error_set(&said, i == 0 ? ERROR_TOO_LONG : ERROR_TOO_DEEP,
		    "more than a line holds");
		heard[0].call->on_answer(
		    heard[0].call, i == 0 ? NULL : &answer, &said);
		assert_int_equal(resumed, 0);
		assert_heard(1, "capability.invoke",
		    "{\"capability\":\"alerts.send\",\"invalid\":\"more than "
		    "a line holds\",\"address\":\"192.0.2.7\"}");
		error_set(&said, ERROR_OUT_OF_RANGE, "more than a line holds");
		refuse(1, &said);
		assert_int_equal(resumed, 1);
		assert_int_equal(invocations_run(list), INVOCATIONS_DONE);
		assert_int_equal(
		    call->err.code, i == 0 ? ERROR_TOO_LONG : ERROR_TOO_DEEP);
	}
}

static void
what_cannot_be_read_is_recorded_and_told_without_its_place(void **state)
{
	(void)state;
	diag_init("test", DIAG_ERROR);
	reading = -1, failure = ERROR_SYSTEM;
	struct invocation *call = add_call("system.info", NULL);

	run(NULL);
	assert_heard(0, "capability.invoke",
	    "{\"capability\":\"system.info\",\"error\":\"this cannot be read "
	    "now; ask again in a moment\",\"address\":\"192.0.2.7\"}");
	assert_int_equal(call->err.code, ERROR_SYSTEM);

	begin(state);
	reading = -1, failure = ERROR_OUT_OF_RANGE;
	call = add_call("system.info", NULL);
	run(NULL);
	assert_int_equal(call->err.code, ERROR_OUT_OF_RANGE);
}

static void
questions_of_one_request_are_asked_side_by_side(void **state)
{
	struct invocation *calls[3];

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++)
		calls[i] = add_call("system.health", NULL);
	assert_int_equal(invocations_run(list), HANDLER_LATER);
	assert_int_equal(heard_count, 3);
	say(2, "{\"seq\":9}");
	say(0, "{\"seq\":7}");
	assert_int_equal(resumed, 0);
	say(1, "{\"seq\":8}");
	assert_int_equal(resumed, 1);
	for (size_t i = 0; i < COUNT(calls); i++)
		assert_int_equal(calls[i]->seq, 7 + i);
}

static void
a_traceparent_gives_its_trace_s_id_or_nothing(void **state)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		    "0af7651916cd43dd8448eb211c80319c" },
		{ "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
		    "0af7651916cd43dd8448eb211c80319c" },
		{ "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		    NULL },
		{ "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		    NULL },
		{ "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		    NULL },
		{ "00-0af7651916cd43dd8448eb211c80319", NULL },
		{ "00-0af7651916cd43dd8448eb211c80319cc-b7ad6b716920333-01",
		    NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice id = invocation_trace_id(slice_of(cases[i].text));

		assert_int_equal(id.data == NULL, cases[i].id == NULL);
		assert_true(slice_equal(id, slice_of(cases[i].id)));
	}
}

static int
free_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < HEARD; i++)
		free(heard[i].args);
	json_reader_free(&gateway.answers);
	json_reader_free(&json);
	arena_free(&arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_asked_with_all_that_belongs_to_it),
		TEST(what_was_read_is_shown_when_it_is_recorded_and_not_before),
		TEST(what_is_ones_own_is_read_when_it_is_known_who_asks),
		TEST(nothing_is_read_for_a_stranger),
		TEST(what_is_wrong_with_a_question_is_for_kruxosd_to_record),
		TEST(ids_that_are_no_names_are_not_passed_on),
		TEST(a_session_is_for_the_token_s_agent_alone),
		TEST(
		    what_cannot_be_recorded_is_not_shown_unless_that_is_allowed),
		TEST(what_cannot_be_read_nor_recorded_is_no_result),
		TEST(without_kruxosd_nothing_is_shown_whatever_is_allowed),
		TEST(what_is_too_much_for_the_door_is_recorded_without_it),
		TEST(
		    what_cannot_be_read_is_recorded_and_told_without_its_place),
		TEST(questions_of_one_request_are_asked_side_by_side),
		TEST(a_traceparent_gives_its_trace_s_id_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, free_all);
}
