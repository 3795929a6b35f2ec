#include "collectors/kruxosd/recent.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW	     (1000 * USEC_PER_DAY)

/* The index: what it would find, and how often it was asked. */
static uint64_t indexed_seq;
static unsigned asked;
static usec_t asked_since;

static uint64_t
find(void *context, const struct entry *entry, usec_t since)
{
	(void)context;
	(void)entry;
	asked++;
	asked_since = since;
	return indexed_seq;
}

static uint32_t
hash(struct slice call_id)
{
	uint32_t value = 17;

	for (size_t i = 0; i < call_id.len; i++)
		value = value * 31 + (unsigned char)call_id.data[i];
	return value;
}

static struct recent *recent;

static int
set_up(void **state)
{
	(void)state;
	indexed_seq = 0;
	asked = 0;
	recent = recent_new(hash, find, NULL);
	recent_adopt(recent, call_filter_new());
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	recent_free(recent);
	return 0;
}

static struct entry
call(const char *call_id)
{
	return (struct entry){
		.actor = ENTRY_AGENT,
		.actor_name = SLICE_LITERAL("a"),
		.session_id = SLICE_LITERAL("s"),
		.call_id = slice_of(call_id),
		.capability = SLICE_LITERAL("fs.read"),
		.status = ENTRY_SUCCESS,
	};
}

static bool
look(struct entry entry, struct recent_match *ret)
{
	return recent_look(recent, &entry, NOW, ret);
}

static bool
is_new(struct entry entry)
{
	struct recent_match match;

	return !look(entry, &match);
}

/* It is seen for the first time, and becomes durable. */
static void
record(struct entry entry, uint64_t seq)
{
	assert_true(is_new(entry));
	recent_begin(recent, 1);
	recent_end(recent, seq, NOW);
}

static void
a_call_is_known_by_its_ticket_and_then_by_its_seq(void **state)
{
	struct recent_match match;

	(void)state;
	assert_true(is_new(call("c1")));
	recent_begin(recent, 5);
	assert_true(look(call("c1"), &match));
	assert_int_equal(match.seq, 0);
	assert_int_equal(match.ticket, 5);
	recent_end(recent, 42, NOW);
	assert_true(look(call("c1"), &match));
	assert_int_equal(match.seq, 42);
	assert_true(is_new(call("c2")));
}

static void
everything_that_makes_it_the_same_counts(void **state)
{
	struct entry others[] = { call("c1"), call("c1"), call("c1"),
		call("c1"), call("c1"), call("c1"), call("c1") };

	(void)state;
	others[0].actor = ENTRY_USER;
	others[1].actor_name = SLICE_LITERAL("b");
	others[2].session_id = SLICE_LITERAL("t");
	others[3].session_id = (struct slice){ NULL, 0 };
	others[4].call_id = SLICE_LITERAL("c");
	others[5].capability = SLICE_LITERAL("fs.write");
	others[6].status = ENTRY_PENDING;
	record(call("c1"), 42);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_true(is_new(others[i]));
	/* … and nothing else. */
	others[0] = call("c1");
	others[0].trace_id = SLICE_LITERAL("t");
	others[0].time = 7;
	assert_false(is_new(others[0]));
}

static void
without_a_call_id_nothing_is_the_same(void **state)
{
	struct entry entry = call(NULL);

	(void)state;
	assert_true(is_new(entry));
	assert_true(is_new(entry));
	assert_int_equal(asked, 0);
}

static void
what_was_refused_is_new_again(void **state)
{
	struct recent_match match;

	(void)state;
	assert_true(is_new(call("c1")));
	recent_begin(recent, 1);
	assert_true(is_new(call("c2")));
	recent_begin(recent, 2);
	recent_end(recent, 0, NOW);
	recent_end(recent, 0, NOW);
	record(call("c1"), 7);
	assert_true(look(call("c1"), &match));
	assert_int_equal(match.seq, 7);
	/* What is left of the refusal does not take the later one away. */
	recent_set_indexed(recent, 6);
	assert_true(look(call("c1"), &match));
	assert_int_equal(match.seq, 7);
	recent_set_indexed(recent, 7);
	assert_true(is_new(call("c1")));
}

static void
the_index_is_asked_of_what_it_has(void **state)
{
	struct recent_match match;

	(void)state;
	record(call("c1"), 1);
	record(call("c2"), 2);
	asked = 0;
	recent_set_indexed(recent, 1);
	indexed_seq = 1;
	assert_true(look(call("c1"), &match));
	assert_int_equal(match.seq, 1);
	assert_int_equal(asked, 1);
	assert_int_equal(asked_since, NOW - USEC_PER_DAY);
	assert_true(look(call("c2"), &match));
	assert_int_equal(match.seq, 2);
	assert_int_equal(asked, 1);
	/* The filter's "no" is enough. */
	assert_true(is_new(call("c3")));
	assert_int_equal(asked, 1);
}

/* "1", "call_2": many producers count anew in each session. */
static void
a_call_id_that_others_have_does_not_lead_to_the_index(void **state)
{
	struct entry other = call("c1"), end = call("c1");

	(void)state;
	record(call("c1"), 1);
	recent_set_indexed(recent, 1);
	other.session_id = SLICE_LITERAL("t");
	end.status = ENTRY_ERROR;
	assert_true(is_new(other));
	assert_true(is_new(end));
	assert_int_equal(asked, 0);
}

static void
until_the_filter_is_there_the_index_is_always_asked(void **state)
{
	struct call_filter *filter = call_filter_new();

	(void)state;
	recent_adopt(recent, NULL);
	assert_true(is_new(call("c1")));
	assert_int_equal(asked, 1);
	call_filter_add(filter, hash(SLICE_LITERAL("c2")), NOW);
	recent_adopt(recent, filter);
	assert_true(is_new(call("c1")));
	assert_int_equal(asked, 1);
	assert_true(is_new(call("c2")));
	assert_int_equal(asked, 2);
}

static void
what_the_log_holds_beyond_the_index_is_added_at_the_start(void **state)
{
	struct entry entries[] = { call("c1"), call(NULL), call("c2"),
		call("c1") };
	struct recent_match match;

	(void)state;
	recent_adopt(recent, NULL);
	for (size_t i = 0; i < COUNT(entries); i++) {
		entries[i].seq = i + 1;
		entries[i].recorded_at = NOW - 10;
		recent_add(recent, &entries[i]);
	}
	assert_int_equal(asked, 0);
	/* The log says c1 twice: its last one counts. */
	assert_true(look(call("c1"), &match));
	assert_int_equal(match.seq, 4);
	assert_true(look(call("c2"), &match));
	assert_int_equal(match.seq, 3);
	record(call("c3"), 5);
	recent_adopt(recent, call_filter_new());
	recent_set_indexed(recent, 3);
	assert_true(look(call("c1"), &match));
	asked = 0;
	indexed_seq = 3;
	assert_true(look(call("c2"), &match));
	assert_int_equal(asked, 1);
}

static void
a_day_later_it_is_another_call(void **state)
{
	struct entry entry = call("c1");
	struct recent_match match;

	(void)state;
	record(entry, 1);
	assert_true(recent_look(recent, &entry, NOW + USEC_PER_DAY, &match));
	assert_false(
	    recent_look(recent, &entry, NOW + USEC_PER_DAY + 1, &match));
	recent_begin(recent, 2);
	recent_end(recent, 2, NOW + USEC_PER_DAY + 1);
	recent_set_indexed(recent, 1);
	assert_true(
	    recent_look(recent, &entry, NOW + USEC_PER_DAY + 2, &match));
	assert_int_equal(match.seq, 2);
}

static struct entry
numbered(struct buf *name, uint64_t number)
{
	buf_reset(name);
	buf_addf(name, "call-%llu", (unsigned long long)number);
	return call(name->data);
}

static void
many_calls_are_known_while_the_index_lags(void **state)
{
	enum { CALLS_MADE = 50000, BATCH = 1000 };
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct recent_match match;
	uint64_t seq = 0;

	(void)state;
	for (uint64_t i = 0; i < CALLS_MADE; i += BATCH) {
		for (uint64_t k = i; k < i + BATCH; k++) {
			assert_true(is_new(numbered(&name, k)));
			recent_begin(recent, k);
		}
		for (uint64_t k = i; k < i + BATCH; k++)
			recent_end(recent, ++seq, NOW);
		if (i == CALLS_MADE / 2)
			recent_set_indexed(recent, 10000);
	}
	for (uint64_t i = 0; i < CALLS_MADE; i++) {
		bool known = look(numbered(&name, i), &match);

		assert_int_equal(known, i >= 10000);
		if (known)
			assert_int_equal(match.seq, i + 1);
	}
	recent_set_indexed(recent, seq);
	assert_int_equal(recent->first, recent->end);
	for (size_t i = 0; i <= table_mask(recent); i++)
		assert_int_equal(recent->table[i], 0);
}

static void
what_it_keeps_has_a_bound(void **state)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct recent_match match;

	(void)state;
	for (uint64_t i = 0; i < RECENT_TAIL + 10; i++)
		record(numbered(&name, i), i + 1);
	assert_int_equal(recent->mask + 1, RECENT_TAIL);
	assert_true(is_new(numbered(&name, 9)));
	assert_true(look(numbered(&name, 10), &match));
	assert_int_equal(match.seq, 11);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_known_by_its_ticket_and_then_by_its_seq),
		TEST(everything_that_makes_it_the_same_counts),
		TEST(without_a_call_id_nothing_is_the_same),
		TEST(what_was_refused_is_new_again),
		TEST(the_index_is_asked_of_what_it_has),
		TEST(a_call_id_that_others_have_does_not_lead_to_the_index),
		TEST(until_the_filter_is_there_the_index_is_always_asked),
		TEST(what_the_log_holds_beyond_the_index_is_added_at_the_start),
		TEST(a_day_later_it_is_another_call),
		TEST(many_calls_are_known_while_the_index_lags),
		TEST(what_it_keeps_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
