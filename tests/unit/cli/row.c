#include "cli/row.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#include "cli/json.h"

static const struct terminal plain = { 0 };

/* The line of the live stream for the entry `text`. */
static char *
line_of(const char *text, const struct terminal *terminal, struct arena *arena)
{
	struct error err = { 0 };
	struct json_object *json = json_parse(slice_of(text), &err);
	struct buf out = BUF_INIT;
	struct row row;
	char *ret;

	assert_non_null(json);
	row_read(json, arena, &row);
	json_object_put(json);
	row_add_line(&row, terminal, &out);
	ret = arena_copy(arena, out.data, out.len);
	buf_free(&out);
	return ret;
}

static void
entries_are_one_line_each(void **state)
{
	static const struct {
		const char *entry, *line;
	} cases[] = {
		{ "{\"seq\":42,\"time\":\"2026-11-23T20:15:08.123456Z\","
		  "\"actor_type\":\"agent\",\"agent_name\":\"research-agent\","
		  "\"capability\":\"shell.exec\",\"status\":\"success\","
		  "\"duration_ms\":12.3,\"summary\":\"exit 0\"}",
		    "20:15:08.123Z  research-agent      shell.exec            "
		    "success  12 ms     exit 0\n" },
		{ "{\"time\":\"2026-11-23T20:15:08.123456Z\",\"actor_type\":"
		  "\"user\",\"user_name\":\"ada\",\"capability\":"
		  "\"audit.export\",\"status\":\"success\"}",
		    "20:15:08.123Z  user ada            audit.export          "
		    "success\n" },
		{ "{\"time\":\"2026-11-23T20:15:08.123456Z\",\"actor_type\":"
		  "\"system\",\"capability\":\"log.open\",\"status\":"
		  "\"success\",\"erased_by\":77}",
		    "20:15:08.123Z  system              log.open              "
		    "success            (erased by 77)\n" },
		{ "{\"actor_type\":\"agent\",\"agent_name\":"
		  "\"an-agent-with-a-very-long-name\",\"capability\":"
		  "\"mcp.server.with.many.parts\",\"status\":\"pending\","
		  "\"summary\":\"\\u001b[2Jforged\\nline\"}",
		    "               an-agent-with-a-v…  mcp.server.with.man…  "
		    "pending            \\e[2Jforged\\nline\n" },
		{ "{}", "\n" },
		{ "{\"seq\":\"x\",\"time\":7,\"duration_ms\":\"fast\","
		  "\"summary\":{}}",
		    "\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = ARENA_INIT;

		assert_string_equal(
		    line_of(cases[i].entry, &plain, &arena), cases[i].line);
		arena_free(&arena);
	}
}

static void
a_line_ends_at_the_screens_edge(void **state)
{
	static const struct terminal narrow = { true, false, 90 };
	struct arena arena = ARENA_INIT;
	char *line = line_of(
	    "{\"summary\":\"0123456789abcdefghijklmnop\"}", &narrow, &arena);

	(void)state;
	assert_int_equal(
	    text_columns((struct slice){ line, strlen(line) - 1 }), 90);
	assert_true(slice_ends_with(slice_of(line), SLICE_LITERAL("…\n")));
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_one_line_each),
		cmocka_unit_test(a_line_ends_at_the_screens_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
