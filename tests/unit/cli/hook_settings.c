#include "cli/hook_settings.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct hook_event two_events[] = {
	{ "Before", 10 },
	{ "After", 3 },
	{ NULL, 0 },
};

static const struct hook_agent grouped = {
	.name = "codex",
	.format = HOOK_GROUPS,
	.ticks = 1,
	.off_switch = "hooksConfig.enabled",
	.off_value = false,
	.events = two_events,
};

static const struct hook_agent listed = {
	.name = "cursor",
	.format = HOOK_LIST,
	.ticks = 1000,
	.events = two_events,
};

#define COMMAND "/usr/bin/kruxos-hook codex"
#define HOOK                                                   \
	"{ \"hooks\": [{ \"type\": \"command\", \"command\": " \
	"\"" COMMAND "\", \"timeout\": "
#define BEFORE HOOK "10 }] }"
#define AFTER  HOOK "3 }] }"

/* What `text` becomes, and what is said of it, for the caller to free. */
static void
install_into(const char *text, const struct hook_agent *agent,
    const char *command, struct buf *ret, struct buf *changes)
{
	struct error err = { 0 };

	buf_init(ret);
	buf_init(changes);
	if (hook_settings_install(slice_of(text), agent, slice_of(command), ret,
		changes, &err) == -1)
		fail_msg("%s: %s", text, err.sentence);
}

static void
hooks_come_behind_what_stands_there(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		/* Nothing, or next to it. */
		{ "", "{\n"
		      "  \"hooks\": {\n"
		      "    \"Before\": [\n"
		      "      " BEFORE "\n"
		      "    ],\n"
		      "    \"After\": [\n"
		      "      " AFTER "\n"
		      "    ]\n"
		      "  }\n"
		      "}\n" },
		{ "{ }", "{\n"
			 "  \"hooks\": {\n"
			 "    \"Before\": [\n"
			 "      " BEFORE "\n"
			 "    ],\n"
			 "    \"After\": [\n"
			 "      " AFTER "\n"
			 "    ]\n"
			 "  }\n"
			 "}" },
		/* Other settings, other hooks, indented by a tab. */
		{ "{\n"
		  "\t\"model\": \"x\",\n"
		  "\t\"hooks\": {\n"
		  "\t\t\"Before\": [\n"
		  "\t\t\t{ \"hooks\": [ {\"command\": \"lint\"} ] }\n"
		  "\t\t]\n"
		  "\t}\n"
		  "}\n",
		    "{\n"
		    "\t\"model\": \"x\",\n"
		    "\t\"hooks\": {\n"
		    "\t\t\"Before\": [\n"
		    "\t\t\t{ \"hooks\": [ {\"command\": \"lint\"} ] },\n"
		    "\t\t\t" BEFORE "\n"
		    "\t\t],\n"
		    "\t\t\"After\": [\n"
		    "\t\t\t" AFTER "\n"
		    "\t\t]\n"
		    "\t}\n"
		    "}\n" },
		/* Comments, and commas that are too many. */
		{ "// mine\n"
		  "{\n"
		  "  \"a\": [1, 2, /* } */ ], // \"hooks\": {\n"
		  "  \"hooks\": {\n"
		  "    // none yet\n"
		  "  },\n"
		  "}\n",
		    "// mine\n"
		    "{\n"
		    "  \"a\": [1, 2, /* } */ ], // \"hooks\": {\n"
		    "  \"hooks\": {\n"
		    "    // none yet\n"
		    "    \"Before\": [\n"
		    "      " BEFORE "\n"
		    "    ],\n"
		    "    \"After\": [\n"
		    "      " AFTER "\n"
		    "    ]\n"
		    "  },\n"
		    "}\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf ret, changes;

		install_into(
		    cases[i].before, &grouped, COMMAND, &ret, &changes);
		assert_string_equal(ret.data, cases[i].after);
		assert_string_equal(changes.data, "  + Before\n  + After\n");
		buf_free(&ret);
		buf_free(&changes);
	}
}

static void
what_is_there_stays_as_it_is(void **state)
{
	struct buf once, twice, changes, none;

	(void)state;
	install_into("{\"a\":1}", &grouped, COMMAND, &once, &changes);
	install_into(once.data, &grouped, COMMAND, &twice, &none);
	assert_string_equal(twice.data, once.data);
	assert_string_equal(none.data, "");
	buf_free(&once);
	buf_free(&twice);
	buf_free(&changes);
	buf_free(&none);
}

static void
what_was_ours_is_put_right(void **state)
{
	static const char before[] =
	    "{\"hooks\":{"
	    "\"Old\":[{\"hooks\":[{\"command\":\"/opt/kruxos-hook codex\"}]}],"
	    "\"Before\":[{\"matcher\":\"Bash\",\"hooks\":[{\"command\":"
	    "\"" COMMAND "\",\"timeout\":10},{\"command\":\"lint\"}]}],"
	    "\"After\":[" AFTER "," AFTER "]}}";
	struct buf ret, changes;

	(void)state;
	install_into(before, &grouped, COMMAND, &ret, &changes);
	assert_string_equal(changes.data, "  - Old\n  ~ Before\n  ~ After\n");
	assert_string_equal(ret.data,
	    "{\"hooks\":{"
	    "\"Before\":[{\"matcher\":\"Bash\",\"hooks\":["
	    "{\"command\":\"lint\"}]},\n"
	    "      " BEFORE "],\n"
	    "    \"After\": [\n"
	    "      " AFTER "\n"
	    "    ]}}");
	buf_free(&ret);
	buf_free(&changes);
}

static void
a_list_has_its_version_and_its_ticks(void **state)
{
	struct buf ret, changes;

	(void)state;
	install_into("", &listed, "kruxos-hook cursor", &ret, &changes);
	assert_string_equal(ret.data,
	    "{\n"
	    "  \"version\": 1,\n"
	    "  \"hooks\": {\n"
	    "    \"Before\": [\n"
	    "      { \"command\": \"kruxos-hook cursor\", "
	    "\"timeout\": 10000 }\n"
	    "    ],\n"
	    "    \"After\": [\n"
	    "      { \"command\": \"kruxos-hook cursor\", "
	    "\"timeout\": 3000 }\n"
	    "    ]\n"
	    "  }\n"
	    "}\n");
	buf_free(&ret);
	buf_free(&changes);
}

/* Whatever stood there before, and however it was written. */
static void
what_was_put_in_can_be_taken_out_without_a_trace(void **state)
{
	static const char *const texts[] = {
		"{\n  \"model\": \"x\"\n}\n",
		"{\"a\":1}",
		"{\"a\":{\"b\":[1,2,{}]}}\n",
		"{\n  \"a\": 1, // the last\n}\n",
		"{\n  \"a\": 1 // the last\n}\n",
		"{\n\t\"a\": \"\\\"hooks\\\": {}\",\n\t\"b\": []\n}",
		"{\n  \"hooks\": {\n    \"Before\": [\n"
		"      { \"hooks\": [{ \"command\": \"x\" }] } /* his */\n"
		"    ],\n    \"Stop\": []\n  },\n  \"z\": null\n}\n",
		"{\n  \"hooks\": {\n    \"Before\": [\n"
		"      {\"hooks\": [{\"command\": \"x\"}]},\n"
		"      {\"hooks\": [{\"command\": \"y\"}]}, // last\n"
		"    ],\n  },\n}\n",
		"{\r\n  \"a\": true\r\n}\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf with, changes, without = BUF_INIT;
		struct error err = { 0 };

		install_into(texts[i], &grouped, COMMAND, &with, &changes);
		buf_reset(&changes);
		assert_int_equal(hook_settings_uninstall(buf_slice(&with),
				     &grouped, &without, &changes, &err),
		    0);
		assert_string_equal(without.data, texts[i]);
		assert_string_equal(changes.data, "  - Before\n  - After\n");
		buf_free(&with);
		buf_free(&changes);
		buf_free(&without);
	}
}

static void
nothing_is_left_of_a_file_that_was_ours(void **state)
{
	static const struct hook_agent *const agents[] = { &grouped, &listed };

	(void)state;
	for (size_t i = 0; i < COUNT(agents); i++) {
		struct buf with, changes, without = BUF_INIT;
		struct error err = { 0 };
		char command[64];

		snprintf(command, sizeof(command), "/usr/bin/kruxos-hook %s",
		    agents[i]->name);
		install_into("", agents[i], command, &with, &changes);
		assert_int_equal(hook_settings_uninstall(buf_slice(&with),
				     agents[i], &without, &changes, &err),
		    0);
		assert_int_equal(without.len, 0);
		buf_free(&with);
		buf_free(&changes);
		buf_free(&without);
	}
}

static void
what_is_not_ours_is_not_taken_out(void **state)
{
	static const char text[] =
	    "{\"hooks\":{\"Before\":[{\"hooks\":[{\"command\":"
	    "\"/usr/bin/kruxos-hook gemini\"}]}]}}";
	struct buf ret = BUF_INIT, changes = BUF_INIT;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(hook_settings_uninstall(
			     slice_of(text), &grouped, &ret, &changes, &err),
	    0);
	assert_string_equal(ret.data, text);
	assert_int_equal(changes.len, 0);
	buf_free(&ret);
	buf_free(&changes);
}

static void
broken_settings_are_named_and_not_changed(void **state)
{
	static const struct {
		const char *text, *sentence; /* a part of it */
	} cases[] = {
		{ "{", "byte" },
		{ "[]", "settings are an object, and this is an array" },
		{ "{\"a\":1,,}", "byte" },
		{ "{\"a\":1,\"a\":2}", "a" },
		{ "{\"hooks\":[]}", "\"hooks\" should be an object" },
		{ "{\"hooks\":{\"After\":{}}}",
		    "\"hooks\".\"After\" should be an array" },
		{ "/* never ends {}", "byte" },
		{ "{\"a\":\"\xff\"}", "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf ret = BUF_INIT, changes = BUF_INIT;
		struct error err = { 0 };

		assert_int_equal(
		    hook_settings_install(slice_of(cases[i].text), &grouped,
			slice_of(COMMAND), &ret, &changes, &err),
		    -1);
		if (strstr(err.sentence, cases[i].sentence) == NULL)
			fail_msg("%s: %s", cases[i].text, err.sentence);
		assert_int_equal(ret.len, 0);
		buf_free(&ret);
		buf_free(&changes);
	}
}

static void
a_look_tells_what_stands_there(void **state)
{
	static const struct {
		const char *text;
		size_t events;
		bool is_off;
		const char *command;
	} cases[] = {
		{ "", 0, false, "" },
		{ "{\"hooks\":{\"Before\":[" BEFORE "]}}", 1, false, COMMAND },
		{ "{\"hooksConfig\":{\"enabled\":false}}", 0, true, "" },
		{ "{\"hooksConfig\":{\"enabled\":true}}", 0, false, "" },
		{ "{\"hooksConfig\":false}", 0, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hook_settings_found found = { .command = BUF_INIT };
		struct error err = { 0 };

		assert_int_equal(hook_settings_look(slice_of(cases[i].text),
				     &grouped, &found, &err),
		    0);
		assert_int_equal(found.events, cases[i].events);
		assert_int_equal(found.is_off, cases[i].is_off);
		assert_string_equal(found.command.data, cases[i].command);
		buf_free(&found.command);
	}
}

static void
a_command_is_ours_by_its_program_and_agent(void **state)
{
	static const struct {
		const char *command;
		bool is_ours;
	} cases[] = {
		{ "kruxos-hook codex", true },
		{ "/usr/bin/kruxos-hook codex --fail-closed", true },
		{ "'/opt/my tools/kruxos-hook' codex -c /x", true },
		{ "env A=b kruxos-hook  codex", true },
		{ "kruxos-hook codex2", false },
		{ "kruxos-hook gemini", false },
		{ "my-kruxos-hook codex", false },
		{ "kruxos-hooks codex", false },
		{ "kruxos-hook", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    hook_settings_is_ours(slice_of(cases[i].command), &grouped),
		    cases[i].is_ours);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_come_behind_what_stands_there),
		cmocka_unit_test(what_is_there_stays_as_it_is),
		cmocka_unit_test(what_was_ours_is_put_right),
		cmocka_unit_test(a_list_has_its_version_and_its_ticks),
		cmocka_unit_test(
		    what_was_put_in_can_be_taken_out_without_a_trace),
		cmocka_unit_test(nothing_is_left_of_a_file_that_was_ours),
		cmocka_unit_test(what_is_not_ours_is_not_taken_out),
		cmocka_unit_test(broken_settings_are_named_and_not_changed),
		cmocka_unit_test(a_look_tells_what_stands_there),
		cmocka_unit_test(a_command_is_ours_by_its_program_and_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
