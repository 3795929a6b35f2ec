#include "collectors/kruxosd/alert_silences.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW (1000 * USEC_PER_DAY)

static int
setup(void **state)
{
	*state = alert_silences_new();
	return 0;
}

static int
teardown(void **state)
{
	alert_silences_free(*state);
	return 0;
}

/* One of a day, with this matcher. */
static struct silence
silence_of(const char *matcher)
{
	struct silence silence = {
		.author = SLICE_LITERAL("alice"),
		.reason = SLICE_LITERAL("is known"),
		.created_at = NOW,
		.ends_at = NOW + USEC_PER_DAY,
	};
	struct error err;

	if (silence_add(&silence, slice_of(matcher), &err) == -1)
		fail_msg("%s", err.sentence);
	return silence;
}

static const struct silence *
add(struct alert_silences *silences, const struct silence *silence)
{
	struct error err;
	const struct silence *added =
	    alert_silences_add(silences, silence, &err);

	if (added == NULL)
		fail_msg("%s", err.sentence);
	return added;
}

static struct alert
alert_of_agent(const char *agent_name)
{
	return (struct alert){
		.severity = RULE_WARNING,
		.agent_name = slice_of(agent_name),
		.title = SLICE_LITERAL("Down"),
	};
}

static void
a_silence_is_a_copy_and_has_an_id(void **state)
{
	char matcher[] = "agent_name=dep*", author[] = "bob";
	struct silence silence = silence_of(matcher);
	struct alert alert = alert_of_agent("deployer");
	const struct silence *added;

	silence.author = slice_of(author);
	added = add(*state, &silence);
	memset(matcher, 'x', sizeof(matcher) - 1);
	memset(author, 'x', sizeof(author) - 1);
	assert_int_equal(added->id, 1);
	assert_true(slice_is(added->author, "bob"));
	assert_true(slice_is(added->reason, "is known"));
	assert_int_equal(added->ends_at, NOW + USEC_PER_DAY);
	assert_ptr_equal(alert_silences_match(*state, &alert), added);
	assert_ptr_equal(alert_silences_find(*state, 1), added);
	assert_ptr_equal(alert_silences_at(*state, 0), added);
	assert_null(alert_silences_find(*state, 2));
	assert_null(alert_silences_at(*state, 1));
}

static void
ids_are_given_once(void **state)
{
	struct silence silence = silence_of("severity=warning");
	struct silence restored = silence;

	restored.id = 7;
	assert_int_equal(add(*state, &restored)->id, 7);
	assert_int_equal(add(*state, &silence)->id, 8);
	alert_silences_remove(*state, 8);
	assert_int_equal(add(*state, &silence)->id, 9);
	alert_silences_set_next_id(*state, 5);
	assert_int_equal(add(*state, &silence)->id, 10);
	alert_silences_set_next_id(*state, 50);
	assert_int_equal(add(*state, &silence)->id, 50);
}

static void
only_what_is_meant_is_matched(void **state)
{
	struct silence silence = silence_of("agent_name=deployer");
	struct alert deployer = alert_of_agent("deployer");
	struct alert crawler = alert_of_agent("crawler");
	const struct silence *added = add(*state, &silence);

	assert_null(alert_silences_match(*state, &crawler));
	assert_ptr_equal(alert_silences_match(*state, &deployer), added);
	alert_silences_remove(*state, added->id);
	assert_null(alert_silences_match(*state, &deployer));
	alert_silences_remove(*state, 4711); /* there is none */
}

static void
those_that_stay_are_found_after_one_has_gone(void **state)
{
	struct silence silence = silence_of("severity=warning");

	for (int i = 0; i < 3; i++)
		add(*state, &silence);
	alert_silences_remove(*state, 1);
	assert_null(alert_silences_find(*state, 1));
	assert_int_equal(alert_silences_find(*state, 2)->id, 2);
	assert_int_equal(alert_silences_find(*state, 3)->id, 3);
	assert_null(alert_silences_at(*state, 2));
}

static void
there_are_only_so_many(void **state)
{
	struct silence silence = silence_of("severity=warning");
	struct error err;

	for (int i = 0; i < SILENCES; i++)
		add(*state, &silence);
	assert_null(alert_silences_add(*state, &silence, &err));
	assert_int_equal(err.code, ERROR_BUSY);
	alert_silences_remove(*state, 1);
	add(*state, &silence);
}

/* --- when they are over --------------------------------------------------- */

static void
ignore(void *context, const struct alert *alert, enum alert_event event,
    usec_t realtime)
{
	(void)context;
	(void)alert;
	(void)event;
	(void)realtime;
}

static void
say(struct alert_engine *engine, const char *agent_name, usec_t at)
{
	struct alert_words words = {
		.agent_name = slice_of(agent_name),
		.severity = RULE_WARNING,
		.title = SLICE_LITERAL("Down"),
	};

	alert_engine_send(engine, &words, (struct alert_time){ at, at });
}

static void
one_is_over_at_its_time(void **state)
{
	struct alert_engine *engine = alert_engine_new(ignore, NULL);
	struct silence silence = silence_of("agent_name=deployer");
	const struct silence *added;

	silence.ends_at = NOW + 2 * USEC_PER_DAY;
	add(*state, &silence);
	silence.ends_at = NOW + USEC_PER_DAY;
	added = add(*state, &silence);
	/* Nothing that it means is wrong: that does not end it. */
	assert_null(
	    alert_silences_over(*state, engine, NOW + USEC_PER_DAY - 1));
	assert_ptr_equal(
	    alert_silences_over(*state, engine, NOW + USEC_PER_DAY), added);
	alert_engine_free(engine);
}

static void
one_until_resolved_is_over_when_all_it_means_is(void **state)
{
	struct alert_engine *engine = alert_engine_new(ignore, NULL);
	struct silence silence = silence_of("agent_name=deployer");
	static const double figures[FIGURE_COUNT];
	struct alert_input input = { .figures = figures };
	const struct silence *added;
	usec_t later = NOW + ALERT_QUIET_AGENT;

	silence.until_resolved = true;
	silence.ends_at = NOW + 10 * USEC_PER_DAY;
	added = add(*state, &silence);
	assert_ptr_equal(alert_silences_over(*state, engine, NOW), added);
	say(engine, "deployer", NOW);
	assert_null(alert_silences_over(*state, engine, NOW));
	/* Another's is none of its business. */
	say(engine, "crawler", later);
	input.now = (struct alert_time){ later, later };
	alert_engine_evaluate(engine, &input);
	assert_ptr_equal(alert_silences_over(*state, engine, later), added);
	/* Its time ends it, whatever is wrong. */
	say(engine, "deployer", later);
	assert_null(alert_silences_over(*state, engine, later));
	assert_ptr_equal(
	    alert_silences_over(*state, engine, silence.ends_at), added);
	alert_engine_free(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_silence_is_a_copy_and_has_an_id),
		TEST(ids_are_given_once),
		TEST(only_what_is_meant_is_matched),
		TEST(those_that_stay_are_found_after_one_has_gone),
		TEST(there_are_only_so_many),
		TEST(one_is_over_at_its_time),
		TEST(one_until_resolved_is_over_when_all_it_means_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
