#include "lib/log/filter.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* A query in short: "agent_name=a&status=-error&q=x". */
static int
read_query(struct filter *filter, struct arena *arena, const char *query,
    struct error *err)
{
	char *copy = arena_copy(arena, query, strlen(query)), *rest = copy;
	char *pair;

	*filter = (struct filter)FILTER_INIT;
	while ((pair = strsep(&rest, "&")) != NULL) {
		char *value = strchr(pair, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (strcmp(pair, "q") == 0) {
			if (filter_set_q(filter, arena, slice_of(value), err) ==
			    -1)
				return -1;
		} else if (filter_add(filter, arena, pair, slice_of(value),
			       err) == -1) {
			return -1;
		}
	}
	return 0;
}

#define LINE                                                         \
	"{\"seq\":1,\"x\":\"head\",\"entry_hash\":\""                \
	"0123456789012345678901234567890123456789012345678901234"    \
	"567890123\",\"salt\":\"00112233445566778899aabbccddeeff\"," \
	"\"summary\":\"wrote a\\nfile\",\"request\":{\"command\":\"ls\"}}"

static const struct entry agent_entry = {
	.time = 1000,
	.source = ENTRY_HOOK,
	.actor = ENTRY_AGENT,
	.actor_name = SLICE_LITERAL("alice"),
	.session_id = SLICE_LITERAL("s1"),
	.call_id = SLICE_LITERAL("c1"),
	.capability = SLICE_LITERAL("filesystem.read"),
	.tier = ENTRY_NOTIFY,
	.status = ENTRY_ERROR,
};
static const struct entry system_entry = {
	.time = 2000,
	.source = ENTRY_DAEMON,
	.actor = ENTRY_SYSTEM,
	.capability = SLICE_LITERAL("log.open"),
	.status = ENTRY_SUCCESS,
};

static void
values_of_a_name_are_any_and_none_and_names_are_and(void **state)
{
	static const struct {
		const char *query;
		bool agent, system;
	} cases[] = {
		{ "", true, true },
		{ "agent_name=alice", true, false },
		{ "agent_name=bob", false, false },
		{ "agent_name=bob&agent_name=alice", true, false },
		{ "agent_name=-alice", false, true },
		{ "agent_name=-bob", true, true },
		{ "agent_name=alice&agent_name=-alice", false, false },
		{ "user_name=alice", false, false },
		{ "user_name=-alice", true, true },
		{ "agent_name=alice&user_name=alice", false, false },
		{ "actor_type=agent", true, false },
		{ "actor_type=-agent", false, true },
		{ "actor_type=agent&actor_type=system", true, true },
		{ "capability=filesystem.read", true, false },
		{ "capability=filesystem.*", true, false },
		{ "capability=*.read", true, false },
		{ "capability=*", true, true },
		{ "capability=-log.*", true, false },
		{ "capability=*&capability=-filesystem.*", false, true },
		{ "capability=filesystem", false, false },
		{ "status=error", true, false },
		{ "status=-error", false, true },
		{ "status=success&status=error", true, true },
		{ "policy_tier=notify", true, false },
		{ "policy_tier=-notify", false, true },
		{ "session_id=s1", true, false },
		{ "session_id=-s1", false, true },
		{ "call_id=c1", true, false },
		{ "call_id=c2", false, false },
		{ "source=hook", true, false },
		{ "source=hook&source=daemon", true, true },
		{ "agent_name=alice&status=success", false, false },
		{ "q=file", true, true },
		{ "q=Wrote", false, false },
		{ "q=ls&agent_name=alice", true, false },
		{ "q=head", false, false },
	};
	struct slice line = SLICE_LITERAL(LINE);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		struct error err = { 0 };
		struct filter filter;

		if (read_query(&filter, &arena, cases[i].query, &err) == -1)
			fail_msg("%s: %s", cases[i].query, err.sentence);
		if (filter_matches(&filter, &agent_entry, line) !=
			cases[i].agent ||
		    filter_matches(&filter, &system_entry, line) !=
			cases[i].system)
			fail_msg("%s", cases[i].query);
	}
}

static void
from_is_within_and_to_is_without(void **state)
{
	static const struct {
		usec_t from, to;
		bool matches;
	} cases[] = { { 0, 1000, false }, { 0, 1001, true },
		{ 1000, 1001, true }, { 1001, 5000, false },
		{ 1000, 1000, false } };
	struct slice line = SLICE_LITERAL(LINE);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter filter = { .from = cases[i].from,
			.to = cases[i].to };

		assert_int_equal(filter_matches(&filter, &agent_entry, line),
		    cases[i].matches);
	}
}

static void
q_is_looked_for_in_the_writers_form(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct filter filter = FILTER_INIT;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    filter_set_q(&filter, &arena, SLICE_LITERAL("a\nfile"), &err), 0);
	assert_true(slice_is(filter.needle, "a\\nfile"));
	assert_true(filter_matches(&filter, &agent_entry, SLICE_LITERAL(LINE)));
}

static void
what_no_entry_can_have_is_refused_by_name(void **state)
{
	static const struct {
		const char *query, *field;
		enum error_code code;
	} cases[] = {
		{ "color=red", "color", ERROR_UNKNOWN_FIELD },
		{ "status=bad", "status", ERROR_INVALID },
		{ "status=", "status", ERROR_INVALID },
		{ "status=-", "status", ERROR_INVALID },
		{ "agent_name=a b", "agent_name", ERROR_INVALID },
		{ "agent_name=--x", "agent_name", ERROR_INVALID },
		{ "agent_name=a*", "agent_name", ERROR_INVALID },
		{ "capability=a b", "capability", ERROR_INVALID },
		{ "source=Hook", "source", ERROR_INVALID },
		{ "actor_type=root", "actor_type", ERROR_INVALID },
		{ "policy_tier=none", "policy_tier", ERROR_INVALID },
		{ "q=", "q", ERROR_INVALID },
		{ "q=\xff", "q", ERROR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		struct error err = { 0 };
		struct filter filter;

		assert_int_equal(
		    read_query(&filter, &arena, cases[i].query, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.field, cases[i].field);
	}
}

static void
values_and_q_have_bounds(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct filter filter = FILTER_INIT;
	struct error err = { 0 };
	char q[FILTER_QUERY_BYTES + 1];

	(void)state;
	memset(q, 'x', sizeof(q));
	assert_int_equal(
	    filter_set_q(&filter, &arena, (struct slice){ q, sizeof(q) }, &err),
	    -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	for (int i = 0; i < FILTER_VALUES; i++)
		assert_int_equal(filter_add(&filter, &arena, "agent_name",
				     SLICE_LITERAL("a"), &err),
		    0);
	assert_int_equal(
	    filter_add(&filter, &arena, "agent_name", SLICE_LITERAL("a"), &err),
	    -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
}

static void
a_clone_outlives_what_it_was_made_of(void **state)
{
	struct arena arena = ARENA_INIT;
	struct filter filter, *clone;
	struct entry entry = agent_entry;
	struct error err;

	(void)state;
	assert_int_equal(read_query(&filter, &arena,
			     "agent_name=alice&agent_name=bob&status=error&"
			     "capability=filesystem.*&session_id=-s2&q=wrote",
			     &err),
	    0);
	clone = filter_clone(&filter);
	memset(filter.lists[FILTER_AGENT_NAME].values, 0xff,
	    2 * sizeof(struct filter_value));
	arena_free(&arena);
	assert_true(filter_matches(clone, &entry, slice_of(LINE)));
	assert_false(filter_matches(clone, &entry, slice_of("{}")));
	entry.actor_name = SLICE_LITERAL("bob");
	assert_true(filter_matches_head(clone, &entry));
	entry.actor_name = SLICE_LITERAL("carol");
	assert_false(filter_matches_head(clone, &entry));
	entry.actor_name = SLICE_LITERAL("alice");
	entry.session_id = SLICE_LITERAL("s2");
	assert_false(filter_matches_head(clone, &entry));
	free(clone);

	filter = (struct filter)FILTER_INIT;
	clone = filter_clone(&filter);
	assert_true(filter_matches(clone, &entry, slice_of(LINE)));
	assert_memory_equal(clone, &filter, sizeof(filter));
	free(clone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_of_a_name_are_any_and_none_and_names_are_and),
		cmocka_unit_test(a_clone_outlives_what_it_was_made_of),
		cmocka_unit_test(from_is_within_and_to_is_without),
		cmocka_unit_test(q_is_looked_for_in_the_writers_form),
		cmocka_unit_test(what_no_entry_can_have_is_refused_by_name),
		cmocka_unit_test(values_and_q_have_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
