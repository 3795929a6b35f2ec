#include "collectors/kruxosd/proxy_state.c"

#include "base/buf.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ALICE slice_of("alice")

static int
setup(void **state)
{
	*state = proxy_state_new();
	return 0;
}

static int
teardown(void **state)
{
	proxy_state_free(*state);
	return 0;
}

/* One write a letter: 'b' is buffered, 'd' a dead letter, of which 'D' was
 * tried once more; called w0, w1, … '-' is none. */
static bool
take(struct proxy_state *state, const char *letters)
{
	struct arena arena = ARENA_INIT;
	struct proxy_report report = { .reported_at = 1 };

	report.writes =
	    arena_array(&arena, strlen(letters), sizeof(report.writes[0]));
	for (unsigned i = 0; letters[i] != '\0'; i++)
		if (letters[i] != '-')
			report.writes[report.write_count++] =
			    (struct proxy_write){
				    .id = slice_of(
					arena_printf(&arena, "w%u", i)),
				    .state = letters[i] == 'b' ? PROXY_BUFFERED
							       : PROXY_DEAD,
				    .attempts = letters[i] == 'D' ? 4 : 3,
			    };
	return proxy_state_take(state, &arena, &report);
}

static void
decide(struct proxy_state *state, const char *id, enum proxy_action action)
{
	struct error err;

	if (proxy_state_decide(state, slice_of(id), action, ALICE, 7, &err) ==
	    -1)
		fail_msg("%s", err.sentence);
}

static const char *
actions_of(struct proxy_state *state, struct buf *out)
{
	buf_reset(out);
	proxy_state_write_actions(state, out);
	return out->data;
}

static void
what_is_decided_is_told_until_it_is_done(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	take(*state, "bdd");
	assert_string_equal(actions_of(*state, &out), "{\"actions\":[]}");
	decide(*state, "w0", PROXY_CANCEL);
	decide(*state, "w1", PROXY_RETRY);
	decide(*state, "w2", PROXY_DISCARD);
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(actions_of(*state, &out),
		    "{\"actions\":[{\"id\":\"w0\",\"action\":\"cancel\"},"
		    "{\"id\":\"w1\",\"action\":\"retry\"},"
		    "{\"id\":\"w2\",\"action\":\"discard\"}]}");
		take(*state, "bdd");
	}
	assert_true(slice_is(
	    proxy_state_report(*state)->writes->decision.user_name, "alice"));
	take(*state, "-bd");
	assert_string_equal(actions_of(*state, &out),
	    "{\"actions\":[{\"id\":\"w2\",\"action\":\"discard\"}]}");
	take(*state, "-b-");
	assert_string_equal(actions_of(*state, &out), "{\"actions\":[]}");
	/* It is over, even if one of that id comes again. */
	take(*state, "bdd");
	assert_string_equal(actions_of(*state, &out), "{\"actions\":[]}");
}

static void
a_retry_that_failed_again_is_done(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	take(*state, "d");
	decide(*state, "w0", PROXY_RETRY);
	take(*state, "D");
	assert_string_equal(actions_of(*state, &out), "{\"actions\":[]}");
	/* A dead letter that is tried again is to be discarded all the same. */
	decide(*state, "w0", PROXY_DISCARD);
	take(*state, "d");
	assert_string_equal(actions_of(*state, &out),
	    "{\"actions\":[{\"id\":\"w0\",\"action\":\"discard\"}]}");
}

static void
a_cancelled_write_that_died_is_no_longer_cancelled(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	take(*state, "b");
	decide(*state, "w0", PROXY_CANCEL);
	take(*state, "d");
	assert_string_equal(actions_of(*state, &out), "{\"actions\":[]}");
}

static void
an_action_is_of_its_own_kind_of_writes(void **state)
{
	static const struct {
		const char *id;
		enum proxy_action action;
		enum error_code code;
	} cases[] = {
		{ "w0", PROXY_CANCEL, ERROR_NONE },
		{ "w0", PROXY_RETRY, ERROR_CONFLICT },
		{ "w0", PROXY_DISCARD, ERROR_CONFLICT },
		{ "w1", PROXY_CANCEL, ERROR_CONFLICT },
		{ "w1", PROXY_RETRY, ERROR_NONE },
		{ "w1", PROXY_DISCARD, ERROR_NONE },
		{ "w2", PROXY_CANCEL, ERROR_NOT_FOUND },
		{ "", PROXY_CANCEL, ERROR_NOT_FOUND },
	};

	take(*state, "bd");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool is_there = proxy_state_find(*state, slice_of(cases[i].id),
				    cases[i].action, &err) != NULL;

		assert_int_equal(is_there, cases[i].code == ERROR_NONE);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void
nothing_is_decided_twice(void **state)
{
	struct error err = { 0 };

	take(*state, "d");
	decide(*state, "w0", PROXY_RETRY);
	assert_int_equal(proxy_state_decide(*state, slice_of("w0"),
			     PROXY_DISCARD, slice_of("bob"), 8, &err),
	    -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_string_equal(
	    err.sentence, "w0 is to be retried already: alice has decided so");
}

static void
a_report_tells_whether_its_writes_are_others(void **state)
{
	assert_true(take(*state, "bd"));
	assert_false(take(*state, "bd"));
	decide(*state, "w0", PROXY_CANCEL);
	assert_false(take(*state, "bd"));
	assert_true(take(*state, "dd"));
	assert_true(take(*state, "d-"));
	assert_true(take(*state, ""));
	assert_false(take(*state, ""));
}

static struct proxy_report
kept_report(struct arena *arena)
{
	struct proxy_report kept = { .reported_at = 1, .write_count = 1 };

	kept.writes = arena_array(arena, 1, sizeof(kept.writes[0]));
	kept.writes[0] = (struct proxy_write){
		.id = slice_of("w0"),
		.summary = slice_of("as it was kept"),
		.decision = { PROXY_CANCEL, ALICE, 5, 0 },
	};
	return kept;
}

static void
what_was_kept_comes_back(void **state)
{
	struct arena arena = ARENA_INIT;
	struct proxy_report kept = kept_report(&arena);
	const struct proxy_report *report = proxy_state_report(*state);

	proxy_state_restore(*state, &arena, &kept);
	assert_int_equal(report->write_count, 1);
	assert_int_equal(report->writes->decision.action, PROXY_CANCEL);
	assert_true(slice_is(report->writes->summary, "as it was kept"));
}

static void
a_report_before_that_counts(void **state)
{
	struct arena arena = ARENA_INIT;
	struct proxy_report kept = kept_report(&arena);
	const struct proxy_report *report = proxy_state_report(*state);

	take(*state, "bb");
	proxy_state_restore(*state, &arena, &kept);
	assert_int_equal(report->write_count, 2);
	assert_int_equal(report->writes[0].decision.action, PROXY_CANCEL);
	assert_true(slice_is(report->writes[0].decision.user_name, "alice"));
	assert_int_equal(report->writes[0].summary.len, 0);
	assert_int_equal(report->writes[1].decision.action, PROXY_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_decided_is_told_until_it_is_done),
		TEST(a_retry_that_failed_again_is_done),
		TEST(a_cancelled_write_that_died_is_no_longer_cancelled),
		TEST(an_action_is_of_its_own_kind_of_writes),
		TEST(nothing_is_decided_twice),
		TEST(a_report_tells_whether_its_writes_are_others),
		TEST(what_was_kept_comes_back),
		TEST(a_report_before_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
