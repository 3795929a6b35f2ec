/* collectors/kruxosd/outcomes.c: the end of a call, told twice. */
#include "collectors/kruxosd/outcomes.c"

#include "collectors/kruxosd/call_finder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW (1000 * USEC_PER_DAY)

static const struct slice none = { NULL, 0 };

static struct recent *elder;
static struct outcomes *outcomes;
static uint64_t next_ticket, next_seq;

/* What was seen: how often, and how often it was known. */
static unsigned seen, seen_known;

static void
on_seen(void *context, const struct entry *entry, struct slice thread,
    bool is_known)
{
	(void)context;
	(void)entry;
	(void)thread;
	seen++;
	seen_known += is_known;
}

static int
set_up(void **state)
{
	(void)state;
	elder = recent_new(call_finder_hash, NULL, NULL);
	outcomes = outcomes_new(elder, NULL, NULL);
	outcomes_set_listener(outcomes, on_seen, NULL);
	next_ticket = 7;
	next_seq = 100;
	seen = seen_known = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	outcomes_free(outcomes);
	recent_free(elder);
	return 0;
}

static struct entry
end_of(enum entry_source source, const char *agent, const char *session)
{
	return (struct entry){
		.actor = ENTRY_AGENT,
		.actor_name = slice_of(agent),
		.source = source,
		.session_id = slice_of(session),
		.call_id = SLICE_LITERAL("toolu_1"),
		.capability = SLICE_LITERAL("shell.exec"),
		.status = ENTRY_SUCCESS,
	};
}

static void
record(const struct entry *entry, struct slice thread)
{
	struct recent_match match;

	assert_false(outcomes_look(outcomes, entry, thread, NOW, &match));
	outcomes_begin(outcomes, entry, thread, NOW, next_ticket++);
	outcomes_end(outcomes, outcomes_names(entry, thread), next_seq++, NOW);
}

/* The seq that tells the same; 0: none does. */
static uint64_t
told(const struct entry *entry, struct slice thread)
{
	struct recent_match match = { 0 };

	return outcomes_look(outcomes, entry, thread, NOW, &match) ? match.seq
								   : 0;
}

static void
a_hook_and_telemetry_tell_of_the_same_call(void **state)
{
	struct entry hook = end_of(ENTRY_HOOK, "claude-code", "s1");
	struct entry otlp = end_of(ENTRY_OTLP, "laptop", "s1");

	(void)state;
	record(&hook, none);
	otlp.status = ENTRY_ERROR;
	otlp.capability = SLICE_LITERAL("tool.other");
	assert_int_equal(told(&otlp, none), 100);
	otlp.session_id = SLICE_LITERAL("s2");
	assert_int_equal(told(&otlp, none), 0);
	otlp.session_id = hook.session_id;
	otlp.call_id = SLICE_LITERAL("toolu_2");
	assert_int_equal(told(&otlp, none), 0);
	assert_int_equal(seen, 4);
	assert_int_equal(seen_known, 1);
}

static void
a_hook_that_comes_behind_telemetry_is_known(void **state)
{
	struct entry hook = end_of(ENTRY_HOOK, "claude-code", "s1");
	struct entry otlp = end_of(ENTRY_OTLP, "laptop", "s1");

	(void)state;
	record(&otlp, none);
	assert_int_equal(told(&hook, none), 100);
	assert_int_equal(told(&otlp, none), 100);
}

static void
two_of_one_hook_are_not_judged_here(void **state)
{
	struct entry hook = end_of(ENTRY_HOOK, "claude-code", "s1");

	(void)state;
	record(&hook, none);
	hook.status = ENTRY_ERROR;
	assert_int_equal(told(&hook, none), 0);
}

static void
a_thread_is_known_by_both_names(void **state)
{
	static const struct slice thread = SLICE_LITERAL("thread-1");
	struct entry hook = end_of(ENTRY_HOOK, "codex", "s1");
	struct entry otlp = end_of(ENTRY_OTLP, "laptop", "thread-1");

	(void)state;
	record(&hook, thread);
	assert_int_equal(told(&otlp, none), 100);
	otlp.session_id = hook.session_id;
	assert_int_equal(told(&otlp, none), 100);

	hook.call_id = otlp.call_id = SLICE_LITERAL("toolu_2");
	otlp.session_id = thread;
	record(&otlp, none);
	assert_int_equal(told(&hook, none), 0);
	assert_int_equal(told(&hook, thread), 101);
}

static void
what_waits_for_its_sync_is_known_by_its_ticket(void **state)
{
	struct entry otlp = end_of(ENTRY_OTLP, "laptop", "s1");
	struct recent_match match;

	(void)state;
	assert_false(outcomes_look(outcomes, &otlp, none, NOW, &match));
	outcomes_begin(outcomes, &otlp, none, NOW, 42);
	assert_true(outcomes_look(outcomes, &otlp, none, NOW, &match));
	assert_int_equal(match.seq, 0);
	assert_int_equal(match.ticket, 42);
	outcomes_end(outcomes, 1, 0, NOW); /* refused */
	assert_int_equal(told(&otlp, none), 0);
}

static void
only_the_ends_of_calls_count(void **state)
{
	struct entry entry = end_of(ENTRY_OTLP, "laptop", "s1");

	(void)state;
	assert_true(outcomes_is_one(&entry));
	entry.source = ENTRY_SDK;
	assert_false(outcomes_is_one(&entry));
	entry.source = ENTRY_HOOK;
	assert_true(outcomes_is_one(&entry));
	entry.status = ENTRY_PENDING;
	assert_false(outcomes_is_one(&entry));
	entry.status = ENTRY_DENIED;
	entry.call_id = none;
	assert_false(outcomes_is_one(&entry));
}

static void
a_start_knows_what_the_log_tells(void **state)
{
	struct entry otlp = end_of(ENTRY_OTLP, "laptop", "s1");

	(void)state;
	otlp.seq = 9;
	otlp.recorded_at = NOW;
	outcomes_add(outcomes, &otlp);
	assert_int_equal(told(&otlp, none), 9);
	outcomes_set_indexed(outcomes, 9); /* and there is no index here */
	assert_int_equal(told(&otlp, none), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hook_and_telemetry_tell_of_the_same_call),
		TEST(a_hook_that_comes_behind_telemetry_is_known),
		TEST(two_of_one_hook_are_not_judged_here),
		TEST(a_thread_is_known_by_both_names),
		TEST(what_waits_for_its_sync_is_known_by_its_ticket),
		TEST(only_the_ends_of_calls_count),
		TEST(a_start_knows_what_the_log_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
