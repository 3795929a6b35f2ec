#include "lib/config/policy.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/files.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATH	     "/etc/kruxos/kruxos.conf"

static struct config *
parse(const char *text)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;

	if (config_parse(PATH, slice_of(text), &config, &problems) == -1)
		fail_msg("%s", problems.data);
	return config;
}

static const char policy_text[] = "[policy]\n"	       /* 1 */
				  "shell.* = notify\n" /* 2 */
				  "shell.exec = approval_required\n"
				  "*.delete = blocked\n" /* 4 */
				  "mcp.*.read = notify\n"
				  "mcp.*read = approval_required\n" /* 6 */
				  "a.*b*x = notify\n"
				  "a.*x*b = blocked\n" /* 8 */
				  "[policy agent builder]\n"
				  "shell.exec = autonomous\n" /* 10 */
				  "* = notify\n"
				  "[policy  agent\t night.shift ]\n" /* 12 */
				  "filesystem.* = blocked\n";

static void
the_most_specific_line_decides(void **state)
{
	static const struct {
		const char *agent, *capability;
		unsigned line; /* 0: none */
		enum entry_tier tier;
	} cases[] = {
		{ "a", "shell.exec", 3, ENTRY_APPROVAL_REQUIRED },
		{ "a", "shell.start", 2, ENTRY_NOTIFY },
		/* More before the first '*' … */
		{ "a", "shell.delete", 2, ENTRY_NOTIFY },
		{ "a", "filesystem.delete", 4, ENTRY_BLOCKED },
		/* … then the longer one … */
		{ "a", "mcp.files.read", 5, ENTRY_NOTIFY },
		{ "a", "mcp.files.reread", 6, ENTRY_APPROVAL_REQUIRED },
		/* … then the strictest. */
		{ "a", "a.xbx", 7, ENTRY_NOTIFY },
		{ "a", "a.xbxb", 8, ENTRY_BLOCKED },
		{ "a", "a.bxbx", 7, ENTRY_NOTIFY },
		{ "a", "a.ybxyxb", 8, ENTRY_BLOCKED },
		/* Names are what they are. */
		{ "a", "Shell.exec", 0, ENTRY_AUTONOMOUS },
		{ "a", "shell", 0, ENTRY_AUTONOMOUS },
		{ "a", "network.fetch", 0, ENTRY_AUTONOMOUS },
		/* An agent's own section comes first, stricter or not. */
		{ "builder", "shell.exec", 10, ENTRY_AUTONOMOUS },
		{ "builder", "filesystem.delete", 11, ENTRY_NOTIFY },
		{ "Builder", "shell.exec", 3, ENTRY_APPROVAL_REQUIRED },
		{ "night.shift", "filesystem.read", 13, ENTRY_BLOCKED },
		{ "night.shift", "shell.exec", 3, ENTRY_APPROVAL_REQUIRED },
	};
	cleanup(config_freep) struct config *config = parse(policy_text);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy_decision decision;

		policy_decide(&config->policy, slice_of(cases[i].agent),
		    slice_of(cases[i].capability), &decision);
		if (decision.tier != cases[i].tier ||
		    (decision.rule == NULL ? 0 : decision.rule->line) !=
			cases[i].line)
			fail_msg("%s %s: line %u, tier %d", cases[i].agent,
			    cases[i].capability,
			    decision.rule == NULL ? 0 : decision.rule->line,
			    (int)decision.tier);
	}
}

static void
of_lines_that_are_alike_the_strictest_decides_in_either_order(void **state)
{
	static const char *const texts[] = {
		"[policy]\na.*b* = blocked\na.*c* = notify\n",
		"[policy]\na.*c* = notify\na.*b* = blocked\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup(config_freep) struct config *config = parse(texts[i]);
		struct policy_decision decision;

		policy_decide(&config->policy, SLICE_LITERAL("a"),
		    SLICE_LITERAL("a.cb"), &decision);
		assert_int_equal(decision.tier, ENTRY_BLOCKED);
	}
}

static void
a_limit_is_that_of_the_most_specific_line(void **state)
{
	static const struct {
		const char *capability;
		const char *line; /* NULL: none */
	} cases[] = {
		{ "shell.exec", "kruxos.conf:2: [limit] shell.* = 60/1m" },
		{ "alerts.send", "[limit] alerts.send = 30/1m" },
		{ "alerts.list", NULL },
		{ "audit.query", "kruxos.conf:3: [limit] audit.query = none" },
		{ "audit.record", "kruxos.conf:4: [limit] audit.* = 5/90s" },
		{ "a.xy", "kruxos.conf:6: [limit] a.*y* = 1/2h" },
	};
	cleanup(config_freep) struct config *config =
	    parse("[limit]\nshell.* = 60/1m\naudit.query = none\n"
		  "audit.* = 5/90s\na.*x* = 1/1h\na.*y* = 1/120m\n");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf line = BUF_INIT;
		const struct policy_limit *limit = policy_find_limit(
		    &config->policy, slice_of(cases[i].capability));

		if (cases[i].line == NULL) {
			assert_null(limit);
			continue;
		}
		assert_non_null(limit);
		policy_add_limit_line(&config->policy, limit, &line);
		assert_string_equal(line.data, cases[i].line);
	}
}

static void
the_file_replaces_the_limit_that_is_built_in(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("[limit]\nalerts.send = 2/1s\n");
	const struct policy_limit *limit =
	    policy_find_limit(&config->policy, SLICE_LITERAL("alerts.send"));

	(void)state;
	assert_int_equal(limit->rate.count, 2);
	assert_int_equal(limit->rate.span, USEC_PER_SEC);
	assert_int_equal(config->policy.limit_count, 1);
}

static void
the_line_is_told_with_its_place(void **state)
{
	cleanup(config_freep) struct config *config = parse(policy_text);
	cleanup(buf_free) struct buf lines = BUF_INIT;

	(void)state;
	policy_add_rule_line(&config->policy, &config->policy.rules[0], &lines);
	buf_add_char(&lines, '\n');
	policy_add_rule_line(&config->policy, &config->policy.rules[7], &lines);
	assert_string_equal(lines.data,
	    "kruxos.conf:2: shell.* = notify\n"
	    "kruxos.conf:10: [policy agent builder] shell.exec = autonomous");
}

static void
the_place_begins_at_the_folder_of_the_first_file(void **state)
{
	struct files_file both[] = {
		{ PATH, SLICE_LITERAL("[policy]\na.b = blocked\n") },
		{ "/etc/kruxos/conf.d/site.conf",
		    SLICE_LITERAL("[policy]\na.b = notify\n"
				  "[limit]\na.b = 1/1m\n") },
	};
	struct files files = { .files = both, .count = COUNT(both) };
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(config_freep) struct config *config = NULL;
	cleanup(buf_free) struct buf lines = BUF_INIT;

	(void)state;
	assert_int_equal(config_parse_files(&files, &config, &problems), 0);
	policy_add_rule_line(&config->policy, &config->policy.rules[0], &lines);
	buf_add_char(&lines, '\n');
	policy_add_limit_line(&config->policy,
	    policy_find_limit(&config->policy, SLICE_LITERAL("a.b")), &lines);
	assert_string_equal(lines.data,
	    "conf.d/site.conf:2: a.b = notify\n"
	    "conf.d/site.conf:4: [limit] a.b = 1/1m");
}

static void
a_copy_stands_alone(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct config *config = parse(policy_text);
	struct policy_decision decision;
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct policy copy;

	(void)state;
	policy_copy(&config->policy, &arena, &copy);
	config_free(config);
	policy_decide(&copy, SLICE_LITERAL("builder"),
	    SLICE_LITERAL("network.fetch"), &decision);
	policy_add_rule_line(&copy, decision.rule, &line);
	assert_string_equal(
	    line.data, "kruxos.conf:11: [policy agent builder] * = notify");
	assert_non_null(policy_find_limit(&copy, SLICE_LITERAL("alerts.send")));
}

#define NO_SUCH_NAME                                                       \
	"no capability has such a name: letters, digits and ._:@/+- make " \
	"one, and * stands for any text\n"
#define NO_RATE_TIME \
	"behind the / stands a time such as 30s, 1m or 24h, at most a day\n"

static void
what_is_wrong_is_named_with_file_line_and_key(void **state)
{
	static const char *const cases[][2] = {
		{ "[policy]\nshell.exec = allow\n",
		    ":2: [policy] shell.exec: \"allow\" is not autonomous, "
		    "notify, approval_required or blocked\n" },
		{ "[policy]\nshell.exec =\n",
		    ":2: [policy] shell.exec: there is no value\n" },
		{ "[policy]\nshell exec = blocked\n",
		    ":2: [policy] shell exec: " NO_SUCH_NAME },
		{ "[policy]\nshell.\xc3\xa9 = blocked\n",
		    ":2: [policy] shell.\xc3\xa9: " NO_SUCH_NAME },
		{ "[policy]\nshell = blocked\n",
		    ":2: [policy] shell: a capability has a dot; shell.* would "
		    "be all that begin so\n" },
		{ "[policy]\na.* = blocked\n\na.* = notify\n",
		    ":4: [policy] a.*: stands in line 2 already\n" },
		{ "[policy agent x]\na.* = blocked\n[policy  agent  x]\n"
		  "a.* = notify\n",
		    ":3: [policy agent x]: stands in line 1 already\n" },
		{ "[policy x]\na.* = blocked\n",
		    ":1: [policy x]: this section is called [policy] or "
		    "[policy agent NAME]\n" },
		{ "[policy agent]\n", ":1: [policy agent]: this section is "
				      "called [policy] or [policy agent "
				      "NAME]\n" },
		{ "[policy agentx]\n", ":1: [policy agentx]: this section is "
				       "called [policy] or [policy agent "
				       "NAME]\n" },
		{ "[policy agent a b]\n",
		    ":1: [policy agent a b]: this section is called [policy] "
		    "or [policy agent NAME]\n" },
		{ "[policy]\n[policy]\n",
		    ":2: [policy]: stands in line 1 already\n" },
		{ "[limit x]\n", ":1: [limit x]: this section takes no "
				 "name\n" },
		{ "[limit]\na.b = 30\n",
		    ":2: [limit] a.b: \"30\" is no limit: neither none nor a "
		    "number and a time, such as 30/1m\n" },
		{ "[limit]\na.b = 0/1m\n",
		    ":2: [limit] a.b: \"0/1m\" is no limit: before the / "
		    "stands a number, 1 to 1000000\n" },
		{ "[limit]\na.b = 1/m\n",
		    ":2: [limit] a.b: \"1/m\" is no limit: " NO_RATE_TIME },
		{ "[limit]\na.b = 1/500ms\n",
		    ":2: [limit] a.b: \"1/500ms\" is no limit: " NO_RATE_TIME },
		{ "[limit]\na.b = 1/2d\n",
		    ":2: [limit] a.b: \"1/2d\" is no limit: " NO_RATE_TIME },
		{ "[limit]\na.b = 1/1m\na.b = 2/1m\n",
		    ":3: [limit] a.b: stands in line 2 already\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf problems = BUF_INIT;
		cleanup(buf_free) struct buf wanted = BUF_INIT;
		struct config *config = NULL;

		buf_addf(&wanted, PATH "%s", cases[i][1]);
		assert_int_equal(config_parse(PATH, slice_of(cases[i][0]),
				     &config, &problems),
		    -1);
		assert_string_equal(problems.data, wanted.data);
	}
}

static void
lines_agents_and_limits_have_a_bound(void **state)
{
	static const struct {
		const char *head, *each;
		int count;
		const char *problem;
	} cases[] = {
		{ "[policy]\n", "a.%d = blocked\n", POLICY_RULES + 1,
		    ":1026: [policy] a.1024: there are more than 1024 lines of "
		    "policy\n" },
		{ "[limit]\n", "a.%d = none\n", POLICY_LIMITS,
		    ":257: [limit] a.255: there are more than 256 limits\n" },
		{ "", "[policy agent a%d]\n", POLICY_AGENTS + 1,
		    ":257: [policy agent a256]: more than 256 agents have a "
		    "policy of their own\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		cleanup(buf_free) struct buf problems = BUF_INIT;
		cleanup(buf_free) struct buf wanted = BUF_INIT;
		struct config *config = NULL;

		buf_add_str(&text, cases[i].head);
		for (int n = 0; n < cases[i].count; n++) {
			char line[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(line, sizeof(line), cases[i].each, n);
#pragma GCC diagnostic pop
			buf_add_str(&text, line);
		}
		buf_addf(&wanted, PATH "%s", cases[i].problem);
		assert_int_equal(
		    config_parse(PATH, buf_slice(&text), &config, &problems),
		    -1);
		assert_string_equal(problems.data, wanted.data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_line_decides),
		cmocka_unit_test(
		    of_lines_that_are_alike_the_strictest_decides_in_either_order),
		cmocka_unit_test(a_limit_is_that_of_the_most_specific_line),
		cmocka_unit_test(the_file_replaces_the_limit_that_is_built_in),
		cmocka_unit_test(the_line_is_told_with_its_place),
		cmocka_unit_test(
		    the_place_begins_at_the_folder_of_the_first_file),
		cmocka_unit_test(a_copy_stands_alone),
		cmocka_unit_test(what_is_wrong_is_named_with_file_line_and_key),
		cmocka_unit_test(lines_agents_and_limits_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
