#include "collectors/kruxosd/fairness.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ROOT = 0, ANN = 4000001, BOB = 4000002, CID = 4000003 };

static struct fairness *fairness;

static int
set_up(void **state)
{
	(void)state;
	fairness = fairness_new(64, 1000);
	fairness_begin(fairness, USEC_PER_DAY);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fairness_free(fairness);
	return 0;
}

static void
join(struct fair_member *member, uint32_t uid)
{
	unsigned classes = uid == ROOT ? MESSAGE_OWNER : MESSAGE_PRODUCER;
	struct error err;

	if (fairness_join(fairness, member, uid, classes, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
join_ready(struct fair_member *member, uint32_t uid)
{
	join(member, uid);
	fairness_ready(fairness, member);
}

/* Read as much as is allowed of whoever is next, who then has more. */
static struct fair_member *
read_next(void)
{
	size_t bytes;
	struct fair_member *member = fairness_next(fairness, &bytes);

	if (member != NULL)
		fairness_done(fairness, member, bytes, FAIR_MORE);
	return member;
}

static void
uids_are_read_in_turn_however_many_connections_they_have(void **state)
{
	struct fair_member ann[8], bob;
	size_t of_bob = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ann); i++)
		join_ready(&ann[i], ANN);
	join_ready(&bob, BOB);
	for (int i = 0; i < 100; i++)
		of_bob += read_next() == &bob;
	assert_int_equal(of_bob, 50);
}

static void
connections_of_a_uid_are_read_in_turn(void **state)
{
	struct fair_member ann[4];
	size_t turns[COUNT(ann)] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(ann); i++)
		join_ready(&ann[i], ANN);
	for (int i = 0; i < 100; i++)
		turns[read_next() - ann]++;
	for (size_t i = 0; i < COUNT(ann); i++)
		assert_int_equal(turns[i], 25);
}

/* Twenty flood; who says a word now and then does not wait for all of them, and
 * does not get more turns than they. */
static void
who_had_nothing_to_say_for_a_round_is_next(void **state)
{
	struct fair_member floods[20], quiet;
	size_t bytes, between = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(floods); i++)
		join_ready(&floods[i], BOB + (uint32_t)i);
	for (size_t i = 0; i < 3 * COUNT(floods); i++)
		read_next();
	join_ready(&quiet, ANN);
	assert_ptr_equal(fairness_next(fairness, &bytes), &quiet);
	fairness_done(fairness, &quiet, 100, FAIR_IDLE);
	fairness_ready(fairness, &quiet);
	while (read_next() != &quiet)
		between++;
	assert_int_equal(between, COUNT(floods));
}

static void
a_round_is_over_when_all_were_read_and_somebody_waits(void **state)
{
	struct fair_member ann, bob, cid;
	size_t bytes;

	(void)state;
	join_ready(&ann, ANN);
	join_ready(&bob, BOB);
	fairness_begin(fairness, USEC_PER_DAY);
	assert_ptr_equal(read_next(), &ann);
	assert_ptr_equal(read_next(), &bob);
	assert_false(fairness_is_round_over(fairness)); /* both have more */

	join_ready(&cid, CID);
	assert_ptr_equal(read_next(), &ann);
	assert_ptr_equal(read_next(), &bob);
	assert_ptr_equal(fairness_next(fairness, &bytes), &cid);
	fairness_done(fairness, &cid, 100, FAIR_IDLE);
	assert_true(fairness_is_round_over(fairness));

	fairness_begin(fairness, USEC_PER_DAY);
	assert_false(fairness_is_round_over(fairness));
	assert_ptr_equal(fairness_next(fairness, &bytes), &ann);
	fairness_done(fairness, &ann, 100, FAIR_IDLE);
	assert_false(fairness_is_round_over(fairness)); /* bob's turn is due */
	assert_ptr_equal(read_next(), &bob);
	assert_true(fairness_is_round_over(fairness));
}

static void
small_talkers_of_a_uid_share_one_turn(void **state)
{
	struct fair_member ann[3], bob;
	size_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT(ann); i++)
		join_ready(&ann[i], ANN);
	join_ready(&bob, BOB);
	for (size_t i = 0; i < COUNT(ann); i++) {
		assert_ptr_equal(fairness_next(fairness, &bytes), &ann[i]);
		assert_int_equal(bytes, FAIR_UID_BYTES - i * 100);
		fairness_done(fairness, &ann[i], 100, FAIR_IDLE);
	}
	assert_ptr_equal(fairness_next(fairness, &bytes), &bob);
}

static void
half_of_what_is_read_is_the_systems_if_it_needs_it(void **state)
{
	struct fair_member root, others[9];
	size_t of_root = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		join_ready(&others[i], ANN + (uint32_t)i);
	join_ready(&root, ROOT);
	for (int i = 0; i < 100; i++)
		of_root += read_next() == &root;
	assert_int_equal(of_root, 50);
}

static void
who_was_interrupted_is_the_first_of_its_uid(void **state)
{
	struct fair_member ann[2], bob;
	size_t bytes;

	(void)state;
	join_ready(&ann[0], ANN);
	join_ready(&ann[1], ANN);
	join_ready(&bob, BOB);
	assert_ptr_equal(fairness_next(fairness, &bytes), &ann[0]);
	fairness_done(fairness, &ann[0], bytes, FAIR_INTERRUPTED);
	assert_ptr_equal(read_next(), &bob);
	assert_ptr_equal(read_next(), &ann[0]);
}

static void
who_has_nothing_to_say_is_not_asked(void **state)
{
	struct fair_member ann, bob;
	size_t bytes;

	(void)state;
	join(&ann, ANN);
	join_ready(&bob, BOB);
	fairness_ready(fairness, &bob);
	assert_ptr_equal(fairness_next(fairness, &bytes), &bob);
	fairness_done(fairness, &bob, 10, FAIR_IDLE);
	assert_null(fairness_next(fairness, &bytes));
	assert_false(fairness_is_waiting(fairness));
}

static void
who_leaves_is_not_asked(void **state)
{
	struct fair_member ann[3];

	(void)state;
	for (size_t i = 0; i < COUNT(ann); i++)
		join_ready(&ann[i], ANN);
	fairness_leave(fairness, &ann[1]);
	for (int i = 0; i < 10; i++)
		assert_ptr_not_equal(read_next(), &ann[1]);
	fairness_leave(fairness, &ann[0]);
	fairness_leave(fairness, &ann[2]);
	assert_null(read_next());
}

static void
connections_are_bounded_by_uid_and_in_all(void **state)
{
	struct fair_member members[200], further;
	struct error err = { 0 };

	(void)state;
	fairness_set_limits(fairness, 3, FAIR_RESERVE + 5);
	for (size_t i = 0; i < 3; i++)
		join(&members[i], ANN);
	assert_int_equal(
	    fairness_join(fairness, &further, ANN, MESSAGE_PRODUCER, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	/* Another class does not make it another uid. */
	assert_int_equal(
	    fairness_join(fairness, &further, ANN, MESSAGE_OPERATOR, &err), -1);

	join(&members[3], BOB);
	join(&members[4], BOB);
	assert_int_equal(
	    fairness_join(fairness, &further, BOB, MESSAGE_PRODUCER, &err), -1);
	/* The reserve is for the system's. */
	fairness_set_limits(fairness, 1000, FAIR_RESERVE + 5);
	for (size_t i = 5; i < 5 + FAIR_RESERVE; i++)
		join(&members[i], ROOT);
	assert_int_equal(
	    fairness_join(fairness, &further, ROOT, MESSAGE_OWNER, &err), -1);
}

static void
a_place_that_was_left_can_be_taken(void **state)
{
	struct fair_member one, two;
	struct error err;

	(void)state;
	fairness_set_limits(fairness, 1, 1000);
	join(&one, ANN);
	assert_int_equal(
	    fairness_join(fairness, &two, ANN, MESSAGE_PRODUCER, &err), -1);
	fairness_leave(fairness, &one);
	join(&two, ANN);
}

/* --- what is held --------------------------------------------------------- */

static void
a_uid_that_holds_too_much_goes_on_one_by_one(void **state)
{
	struct fair_member ann[6], bob;

	(void)state;
	for (size_t i = 0; i < COUNT(ann); i++) {
		join_ready(&ann[i], ANN);
		fairness_hold(fairness, &ann[i], MESSAGE_LINE_BYTES);
	}
	join_ready(&bob, BOB);
	/* One of them, and the other uid as ever. */
	for (int i = 0; i < 10; i++) {
		assert_ptr_equal(read_next(), &ann[0]);
		assert_ptr_equal(read_next(), &bob);
	}
	/* Its line is whole: the next one's turn, until there is room. */
	fairness_hold(fairness, &ann[0], 0);
	for (int i = 0; i < 4; i++)
		assert_ptr_not_equal(read_next(), &ann[2]);
	fairness_hold(fairness, &ann[1], 0);
	assert_true(ann[2].row == &ann[2].uid->ready);
	assert_null(ann[2].uid->favoured);
}

static void
half_lines_do_not_hold_up_short_ones_of_their_uid(void **state)
{
	struct fair_member half[5], small;
	size_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT(half); i++) {
		join_ready(&half[i], ANN);
		fairness_hold(fairness, &half[i], MESSAGE_LINE_BYTES);
	}
	assert_ptr_equal(read_next(), &half[0]);
	join_ready(&small, ANN);
	while (fairness_next(fairness, &bytes) != &small)
		fairness_done(fairness, &half[0], bytes, FAIR_IDLE);
	assert_int_equal(bytes, FAIR_SMALL_BYTES);
	/* As long as it does not hold too much itself. */
	fairness_hold(fairness, &small, FAIR_SMALL_BYTES - 1);
	fairness_done(fairness, &small, bytes, FAIR_MORE);
	assert_ptr_equal(fairness_next(fairness, &bytes), &small);
	assert_int_equal(bytes, 1);
	fairness_hold(fairness, &small, FAIR_SMALL_BYTES);
	fairness_done(fairness, &small, bytes, FAIR_MORE);
	assert_null(fairness_next(fairness, &bytes));
}

static void
all_together_hold_no_more_than_the_bound(void **state)
{
	enum { UIDS = FAIR_HELD_BYTES / FAIR_HELD_UID_BYTES + 1 };
	struct fair_member members[UIDS], small, root;
	size_t turns_of_small = 0;

	(void)state;
	/* None of them too much by itself. */
	for (uint32_t i = 0; i < UIDS; i++) {
		join_ready(&members[i], ANN + i);
		fairness_hold(fairness, &members[i], FAIR_HELD_UID_BYTES);
	}
	join_ready(&small, BOB + UIDS);
	join(&root, ROOT);
	fairness_hold(fairness, &root, FAIR_HELD_UID_BYTES);
	assert_true(holds_too_much(fairness, members[0].uid));
	assert_false(holds_too_much(fairness, small.uid));
	assert_false(holds_too_much(fairness, root.uid));
	for (int i = 0; i < 10 * (UIDS + 1); i++)
		turns_of_small += read_next() == &small;
	assert_int_equal(turns_of_small, 10);
}

static void
a_line_that_holds_up_its_uid_is_overdue(void **state)
{
	struct fair_member ann[2];
	usec_t begun = 2 * USEC_PER_DAY;

	(void)state;
	fairness_begin(fairness, begun);
	for (size_t i = 0; i < COUNT(ann); i++) {
		join_ready(&ann[i], ANN);
		fairness_hold(fairness, &ann[i], 3 * MESSAGE_LINE_BYTES);
	}
	assert_ptr_equal(read_next(), &ann[0]);
	assert_null(fairness_overdue(fairness, begun + FAIR_LINE_TIME));
	assert_ptr_equal(
	    fairness_overdue(fairness, begun + FAIR_LINE_TIME + 1), &ann[0]);
	fairness_leave(fairness, &ann[0]);
	assert_null(fairness_overdue(fairness, begun + FAIR_LINE_TIME + 1));
	assert_ptr_equal(read_next(), &ann[1]);
}

/* --- the report ----------------------------------------------------------- */

static void
who_is_left_at_the_end_of_a_turn_is_slowed(void **state)
{
	struct fair_member ann, bob;
	cleanup(buf_free) struct buf out = BUF_INIT;
	usec_t begun = 3 * USEC_PER_DAY;
	size_t bytes;

	(void)state;
	fairness_begin(fairness, begun);
	join_ready(&ann, ANN);
	join_ready(&bob, BOB);
	assert_null(fairness_peer(&ann)->user_name.data);
	fairness_set_name(fairness, ANN, "ann");
	assert_string_equal(fairness_peer(&ann)->user_name.data, "ann");
	assert_null(fairness_peer(&bob)->user_name.data);
	assert_ptr_equal(read_next(), &ann);
	assert_ptr_equal(fairness_next(fairness, &bytes), &bob);
	fairness_done(fairness, &bob, 1000, FAIR_IDLE);
	fairness_end(fairness);

	/* Only ann had more; it is read 3 s later. */
	fairness_begin(fairness, begun + 3 * USEC_PER_SEC);
	assert_ptr_equal(fairness_next(fairness, &bytes), &ann);
	fairness_done(fairness, &ann, 50, FAIR_IDLE);
	fairness_end(fairness);
	assert_true(fairness_report(fairness, begun + USEC_PER_MIN, &out));
	assert_string_equal(out.data,
	    "{\"slowed\":[{\"uid\":4000001,\"user_name\":\"ann\","
	    "\"slowed_ms\":3000,\"read_bytes\":16434,\"connections\":1}]}");

	/* Once told, it is not told again. */
	buf_reset(&out);
	assert_false(fairness_report(fairness, begun + 2 * USEC_PER_MIN, &out));
	assert_string_equal(out.data, "");
}

static void
who_is_slowed_all_the_time_is_in_each_report(void **state)
{
	struct fair_member ann;
	cleanup(buf_free) struct buf out = BUF_INIT;
	usec_t begun = 3 * USEC_PER_DAY;

	(void)state;
	fairness_begin(fairness, begun);
	join_ready(&ann, ANN);
	fairness_end(fairness);
	for (usec_t i = 1; i <= 3; i++) {
		buf_reset(&out);
		assert_true(
		    fairness_report(fairness, begun + i * USEC_PER_MIN, &out));
		assert_non_null(strstr(out.data, "\"slowed_ms\":60000,"));
	}
}

static void
the_worst_come_first_and_the_rest_are_counted(void **state)
{
	struct fair_member members[20];
	cleanup(buf_free) struct buf out = BUF_INIT;
	usec_t begun = 3 * USEC_PER_DAY;

	(void)state;
	for (uint32_t i = 0; i < COUNT(members); i++) {
		join_ready(&members[i], ANN + i);
		fairness_begin(fairness, begun + i * USEC_PER_SEC);
		fairness_end(fairness);
	}
	assert_true(fairness_report(fairness, begun + USEC_PER_MIN, &out));
	assert_non_null(strstr(out.data, "{\"slowed\":[{\"uid\":4000001,"));
	assert_non_null(strstr(out.data, "],\"further_uids\":4}"));
}

static void
uids_without_connections_are_forgotten(void **state)
{
	struct fair_member ann;
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	join(&ann, ANN);
	fairness_leave(fairness, &ann);
	fairness_report(fairness, 4 * USEC_PER_DAY, &out);
	assert_true(LIST_EMPTY(&fairness->uids));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(uids_are_read_in_turn_however_many_connections_they_have),
		TEST(connections_of_a_uid_are_read_in_turn),
		TEST(who_had_nothing_to_say_for_a_round_is_next),
		TEST(a_round_is_over_when_all_were_read_and_somebody_waits),
		TEST(small_talkers_of_a_uid_share_one_turn),
		TEST(half_of_what_is_read_is_the_systems_if_it_needs_it),
		TEST(who_was_interrupted_is_the_first_of_its_uid),
		TEST(who_has_nothing_to_say_is_not_asked),
		TEST(who_leaves_is_not_asked),
		TEST(connections_are_bounded_by_uid_and_in_all),
		TEST(a_place_that_was_left_can_be_taken),
		TEST(a_uid_that_holds_too_much_goes_on_one_by_one),
		TEST(half_lines_do_not_hold_up_short_ones_of_their_uid),
		TEST(all_together_hold_no_more_than_the_bound),
		TEST(a_line_that_holds_up_its_uid_is_overdue),
		TEST(who_is_left_at_the_end_of_a_turn_is_slowed),
		TEST(who_is_slowed_all_the_time_is_in_each_report),
		TEST(the_worst_come_first_and_the_rest_are_counted),
		TEST(uids_without_connections_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
