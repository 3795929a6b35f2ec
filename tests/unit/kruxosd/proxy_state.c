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
static unsigned
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
	assert_int_equal(take(*state, "bd"), PROXY_STATE_WRITES);
	assert_int_equal(take(*state, "bd"), 0);
	decide(*state, "w0", PROXY_CANCEL);
	assert_int_equal(take(*state, "bd"), 0);
	assert_int_equal(take(*state, "dd"), PROXY_STATE_WRITES);
	assert_int_equal(take(*state, "d-"), PROXY_STATE_WRITES);
	assert_int_equal(take(*state, ""), PROXY_STATE_WRITES);
	assert_int_equal(take(*state, ""), 0);
}

/* A service that has failed so often, and a write that was tried so often. */
static unsigned
take_failures(struct proxy_state *state, usec_t at, uint64_t failures,
    const char *why, uint64_t attempts)
{
	struct arena arena = ARENA_INIT;
	struct proxy_report report = { at, NULL, 1, NULL, 1, NULL, 0 };

	report.services = arena_array(&arena, 1, sizeof(report.services[0]));
	report.services[0] = (struct proxy_service){ .name = slice_of("gmail"),
		.consecutive_failures = failures,
		.last_error = slice_of(why) };
	report.writes = arena_array(&arena, 1, sizeof(report.writes[0]));
	report.writes[0] = (struct proxy_write){ .id = slice_of("w0"),
		.service = slice_of("gmail"),
		.attempts = attempts,
		.last_error = slice_of(attempts == 0 ? NULL : "refused") };
	return proxy_state_take(state, &arena, &report);
}

static void
what_goes_wrong_is_remembered(void **state)
{
	static const struct {
		uint64_t failures;
		const char *why;
		uint64_t attempts;
		unsigned is_new;
	} reports[] = {
		{ 0, NULL, 0, 0 },
		{ 1, "HTTP 503", 0, 1 },
		{ 1, "HTTP 503", 0, 0 },
		{ 2, "HTTP 503", 0, 1 },
		{ 2, "HTTP 500", 0, 1 },
		{ 0, NULL, 0, 0 },
		{ 1, "HTTP 500", 1, 2 },
		{ 1, "HTTP 500", 2, 1 },
		{ 1, "HTTP 500", 2, 0 },
	};
	const struct proxy_report *report = proxy_state_report(*state);
	size_t count = 0;

	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		unsigned changed = take_failures(*state, 100 + i,
		    reports[i].failures, reports[i].why, reports[i].attempts);

		assert_int_equal(changed & PROXY_STATE_ERRORS,
		    reports[i].is_new > 0 ? PROXY_STATE_ERRORS : 0);
		count += reports[i].is_new;
		assert_int_equal(report->error_count, count);
	}
	/* The newest first. */
	assert_true(slice_is(report->errors[0].error, "refused"));
	assert_true(slice_is(report->errors[0].write_id, "w0"));
	assert_int_equal(report->errors[0].at, 107);
	assert_true(slice_is(report->errors[1].error, "HTTP 500"));
	assert_null(report->errors[1].write_id.data);
	assert_true(slice_is(report->errors[1].service, "gmail"));
	assert_true(slice_is(report->errors[count - 1].error, "HTTP 503"));
	assert_int_equal(report->errors[count - 1].at, 101);
}

static void
the_oldest_errors_are_forgotten(void **state)
{
	const struct proxy_report *report = proxy_state_report(*state);

	for (unsigned i = 1; i <= PROXY_ERRORS + 20; i++)
		take_failures(*state, i, i, "again", 0);
	assert_int_equal(report->error_count, PROXY_ERRORS);
	assert_int_equal(report->errors[0].at, PROXY_ERRORS + 20);
	assert_int_equal(report->errors[PROXY_ERRORS - 1].at, 21);
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
		TEST(what_goes_wrong_is_remembered),
		TEST(the_oldest_errors_are_forgotten),
		TEST(what_was_kept_comes_back),
		TEST(a_report_before_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
