#include "fcgi/approval_view.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LISTED(id, agent, state, at)                                           \
	"{\"id\":\"" id "\",\"state\":\"" state "\",\"agent_name\":\"" agent   \
	"\",\"capability\":\"alerts.send\",\"session_id\":null,"               \
	"\"asked_at\":\"2026-11-23T20:15:" at ".000000Z\",\"request\":{\"n\":" \
	"\"" id "\"}}"

static struct arena arena;

static int
free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	arena = (struct arena)ARENA_INIT;
	return 0;
}

static int
read_text(const char *answer, struct held *held)
{
	struct held_reader from = { JSON_READER_INIT, &arena };
	struct error err;
	int result;

	*held = (struct held){ false, false, NULL, 0 };
	result = read_held(&from, slice_of(answer), held, &err);
	json_reader_free(&from.reader);
	return result;
}

static struct approval
told(uint64_t seq, const char *id, const char *agent, enum approval_state state)
{
	return (struct approval){
		.seq = seq,
		.state = state,
		.actor = ENTRY_AGENT,
		.actor_name = slice_of(agent),
		.call_id = slice_of(id),
		.capability = SLICE_LITERAL("approval.request"),
		.asked_at = seq * USEC_PER_SEC,
	};
}

/* An answer of one program of ours to another: what it is not is no crash. */
static void
an_answer_of_any_shape_is_read_or_refused(void **state)
{
	static const struct {
		const char *answer;
		int result;
		size_t count;
	} cases[] = {
		{ "", -1, 0 },
		{ "[]", -1, 0 },
		{ "{}", -1, 0 },
		{ "{\"approvals\":{}}", -1, 0 },
		{ "{\"approvals\":[]}", 0, 0 },
		{ "{\"approvals\":[1,null,\"x\",[],{}]}", 0, 0 },
		{ "{\"approvals\":[{\"id\":7,\"state\":\"open\"}]}", 0, 0 },
		{ "{\"approvals\":[" LISTED("a", "b", "asleep", "01") "]}", 0,
		    0 },
		{ "{\"approvals\":[" LISTED("a", "b", "open", "99") "]}", 0,
		    0 },
		{ "{\"approvals\":[" LISTED("a", "b", "open", "01") "]}", 0,
		    1 },
		{ "{\"approvals\":[" LISTED("a", "b", "used", "01") ",7]}", 0,
		    1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct held held;

		assert_int_equal(
		    read_text(cases[i].answer, &held), cases[i].result);
		assert_int_equal(held.count, cases[i].count);
	}
}

static void
what_is_held_has_all_that_is_shown(void **state)
{
	struct held held;

	(void)state;
	assert_int_equal(read_text("{\"approvals\":[" LISTED("a", "bot", "open",
				       "08") "],"
					     "\"more\":false}",
			     &held),
	    0);
	assert_true(held.is_known && held.is_whole);
	assert_true(slice_is(held.views[0].approval.call_id, "a"));
	assert_true(slice_is(held.views[0].approval.actor_name, "bot"));
	assert_true(slice_is(held.views[0].request, "{\"n\":\"a\"}"));
	assert_null(held.views[0].approval.session_id.data);
	assert_int_equal(held.views[0].held, APPROVAL_HELD);
}

static void
of_a_list_that_is_cut_nothing_is_known_of_the_rest(void **state)
{
	struct held held;

	(void)state;
	assert_int_equal(
	    read_text("{\"approvals\":[],\"more\":true}", &held), 0);
	assert_int_equal(not_listed(&held), APPROVAL_HELD_UNKNOWN);
	assert_int_equal(
	    read_text("{\"approvals\":[],\"more\":false}", &held), 0);
	assert_int_equal(not_listed(&held), APPROVAL_HELD_NOT);
	held.is_known = false;
	assert_int_equal(not_listed(&held), APPROVAL_HELD_UNKNOWN);
}

/* Another agent, or another entry, under the id of what is held is another. */
static void
what_is_open_is_each_once_and_the_longest_first(void **state)
{
	struct approval rows[] = {
		told(9, "held", "other", APPROVAL_PENDING),
		told(8, "held", "bot", APPROVAL_PENDING),
		told(7, "decided", "bot", APPROVAL_PENDING),
		told(6, "elsewhere", "bot", APPROVAL_PENDING),
	};
	struct approval_list list = { rows, 4, 4 };
	struct approval_views views = { 0 };
	struct held held;

	(void)state;
	assert_int_equal(
	    read_text("{\"approvals\":[" LISTED(
			  "held", "bot", "open", "08") "," LISTED("decided",
			  "bot", "rejected", "07") "," LISTED("new", "bot",
			  "open", "09") "],\"more\":false}",
		&held),
	    0);
	gather_open(&held, &list, &arena, &views);
	assert_int_equal(views.count, 4);
	assert_int_equal(views.total, 4);
	assert_int_equal(views.views[0].approval.seq, 6);
	assert_int_equal(views.views[0].held, APPROVAL_HELD_NOT);
	assert_int_equal(views.views[1].approval.seq, 9);
	assert_int_equal(views.views[1].held, APPROVAL_HELD_NOT);
	assert_int_equal(views.views[2].approval.seq, 8);
	assert_int_equal(views.views[2].held, APPROVAL_HELD);
	assert_true(slice_is(views.views[2].request, "{\"n\":\"held\"}"));
	assert_int_equal(views.views[3].approval.seq, 0);
}

static void
what_is_accepted_is_held_until_it_is_used(void **state)
{
	struct approval rows[] = {
		told(9, "unused", "bot", APPROVAL_ACCEPTED),
		told(8, "used", "bot", APPROVAL_ACCEPTED),
		told(7, "running", "bot", APPROVAL_ACCEPTED),
		told(6, "no", "bot", APPROVAL_REJECTED),
	};
	struct approval_list list = { rows, 4, 12 };
	struct approval_views views = { 0 };
	struct held held;

	(void)state;
	assert_int_equal(
	    read_text("{\"approvals\":[" LISTED("unused", "bot", "accepted",
			  "08") "," LISTED("running", "bot", "used",
			  "07") "," LISTED("no", "bot", "rejected",
			  "06") "],\"more\":false}",
		&held),
	    0);
	gather_decided(&held, &list, &arena, &views);
	assert_int_equal(views.count, 4);
	assert_int_equal(views.total, 12);
	assert_int_equal(views.views[0].held, APPROVAL_HELD);
	for (size_t i = 1; i < views.count; i++)
		assert_int_equal(views.views[i].held, APPROVAL_HELD_NOT);
}

static void
entries_are_read_once_and_in_falling_order(void **state)
{
	struct approval_view shown[] = {
		{ .approval = { .seq = 5, .decided_seq = 9 } },
		{ .approval = { .seq = 0 } }, /* not in the index yet */
		{ .approval = { .seq = 7, .decided_seq = 9 } },
	};
	struct approval_views views = { shown, 3, false, 3, 9 };
	struct store_place places[6] = { { 0 } };

	(void)state;
	assert_int_equal(places_of(&views, places), 3);
	assert_int_equal(places[0].seq, 9);
	assert_int_equal(places[1].seq, 7);
	assert_int_equal(places[2].seq, 5);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, free_arena)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_of_any_shape_is_read_or_refused),
		TEST(what_is_held_has_all_that_is_shown),
		TEST(of_a_list_that_is_cut_nothing_is_known_of_the_rest),
		TEST(what_is_open_is_each_once_and_the_longest_first),
		TEST(what_is_accepted_is_held_until_it_is_used),
		TEST(entries_are_read_once_and_in_falling_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
