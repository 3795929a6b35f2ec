/* collectors/kruxosd/unnamed_calls.c: calls without ids, told twice. */
#include "collectors/kruxosd/unnamed_calls.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct unnamed_calls *calls;

static int
set_up(void **state)
{
	(void)state;
	calls = unnamed_calls_new();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unnamed_calls_free(calls);
	return 0;
}

static struct entry
call_of(const char *session, const char *capability, const char *call_id)
{
	return (struct entry){
		.session_id = slice_of(session),
		.capability = slice_of(capability),
		.call_id = slice_of(call_id),
	};
}

/* The arguments as the value of some key, as in a request. */
static const struct json_node *
read_arguments(struct json_reader *reader, const char *text)
{
	struct error err;

	assert_int_equal(json_reader_read(reader, slice_of(text), &err), 0);
	return reader->nodes + 1;
}

static void
add(const char *session, const char *capability, const char *request)
{
	struct json_reader reader = JSON_READER_INIT;
	struct entry entry = call_of(session, capability, "gemini-1");

	unnamed_calls_add(
	    calls, &entry, &reader, read_arguments(&reader, request));
	json_reader_free(&reader);
}

static bool
take(const char *session, const char *capability, const char *call_id,
    const char *request)
{
	struct json_reader reader = JSON_READER_INIT;
	struct entry entry = call_of(session, capability, call_id);
	bool is_known = unnamed_calls_take(
	    calls, &entry, &reader, read_arguments(&reader, request));

	json_reader_free(&reader);
	return is_known;
}

#define HOOK "{\"tool_input\":{\"command\":\"ls\",\"deep\":[1,{\"a\":true}]}}"
#define OTLP                                             \
	"{\"arguments\": { \"command\" : \"l\\u0073\", " \
	"\"deep\" : [ 1, { \"a\" : true } ] } }"

static void
what_is_alike_is_known_once(void **state)
{
	(void)state;
	add("s", "shell.exec", HOOK);
	assert_true(take("s", "shell.exec", "otlp-1", OTLP));
	assert_false(take("s", "shell.exec", "otlp-2", OTLP));
	add("s", "shell.exec", HOOK);
	assert_true(take("s", "shell.exec", "otlp-2", OTLP));
	assert_false(take("s", "shell.exec", "otlp-3", OTLP));
}

static void
what_is_sent_again_is_known_again(void **state)
{
	(void)state;
	add("s", "shell.exec", HOOK);
	add("s", "shell.exec", HOOK);
	assert_true(take("s", "shell.exec", "otlp-1", OTLP));
	assert_true(take("s", "shell.exec", "otlp-1", OTLP));
	assert_true(take("s", "shell.exec", "otlp-2", OTLP));
	assert_false(take("s", "shell.exec", "otlp-3", OTLP));
}

static void
what_differs_in_anything_is_another_call(void **state)
{
	static const char *const others[] = {
		"{\"a\":{}}",
		"{\"a\":{\"command\":\"ls\"}}",
		"{\"a\":{\"command\":\"ls\",\"deep\":[1,{\"a\":false}]}}",
		"{\"a\":{\"command\":\"ls\",\"deep\":[1,{}],\"a\":true}}",
		"{\"a\":{\"deep\":[1,{\"a\":true}],\"command\":\"ls\"}}",
	};

	(void)state;
	add("s", "shell.exec", HOOK);
	assert_false(take("t", "shell.exec", "otlp-1", OTLP));
	assert_false(take("s", "shell.read", "otlp-1", OTLP));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(take("s", "shell.exec", "otlp-1", others[i]));
	assert_true(take("s", "shell.exec", "otlp-1", OTLP));
}

static void
calls_without_arguments_are_calls_too(void **state)
{
	struct entry entry = call_of("s", "agent.plan", "otlp-1");

	(void)state;
	unnamed_calls_add(calls, &entry, NULL, NULL);
	assert_true(unnamed_calls_take(calls, &entry, NULL, NULL));
}

static void
the_oldest_are_forgotten(void **state)
{
	(void)state;
	add("s", "shell.exec", HOOK);
	for (int i = 0; i < CALLS; i++)
		add("other", "shell.exec", "{\"a\":{\"n\":1}}");
	for (int i = 0; i < CALLS; i++) {
		char id[16];

		snprintf(id, sizeof(id), "otlp-%d", i);
		assert_true(
		    take("other", "shell.exec", id, "{\"a\":{\"n\":1}}"));
	}
	assert_false(
	    take("other", "shell.exec", "otlp-x", "{\"a\":{\"n\":1}}"));
}

static void
only_ids_that_were_made_count(void **state)
{
	(void)state;
	assert_true(unnamed_calls_is_made(SLICE_LITERAL("otlp-12")));
	assert_false(unnamed_calls_is_made(SLICE_LITERAL("toolu_1")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_alike_is_known_once),
		TEST(what_is_sent_again_is_known_again),
		TEST(what_differs_in_anything_is_another_call),
		TEST(calls_without_arguments_are_calls_too),
		TEST(the_oldest_are_forgotten),
		TEST(only_ids_that_were_made_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
