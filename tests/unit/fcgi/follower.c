#include "fcgi/follower.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OURS  "0123456789abcdef"
#define OTHER "fedcba9876543210"

static const usec_t NOW = 1795392000 * USEC_PER_SEC;

static struct follower *
made(const char *session, const char *expires)
{
	static struct buf variables[2] = { BUF_INIT, BUF_INIT };
	char *environment[] = { NULL, NULL, NULL };
	struct request req;

	for (int i = 0; i < 2; i++)
		buf_reset(&variables[i]);
	buf_addf(&variables[0], "KRUXOS_SESSION=%s", session);
	buf_addf(&variables[1], "KRUXOS_EXPIRES=%s", expires);
	environment[0] = variables[0].data;
	environment[1] = variables[1].data;
	request_init(&req, environment, (struct slice){ NULL, 0 }, NULL);
	struct follower *follower = follower_new(NULL, &req);
	for (int i = 0; i < 2; i++)
		buf_free(&variables[i]);
	return follower;
}

static bool
is_over(struct follower_ended *ended, const char *session, const char *expires)
{
	struct follower *follower = made(session, expires);
	bool result = follower_is_over(follower, ended, NOW);

	follower_free(follower);
	return result;
}

static size_t
hear(struct follower_ended *ended, const char *capability, const char *request)
{
	const struct entry entry = {
		.capability = slice_of(capability),
		.request = slice_of(request),
	};

	return follower_note_ended(ended, &entry);
}

static void
a_stream_ends_when_its_session_expires(void **state)
{
	struct follower_ended ended = { 0 };

	(void)state;
	assert_false(is_over(&ended, OURS, "1795392001"));
	assert_true(is_over(&ended, OURS, "1795392000"));
	assert_true(is_over(&ended, OURS, "1"));
	/* A token that never expires; through api.sock nobody is known. */
	assert_false(is_over(&ended, OURS, ""));
	assert_false(is_over(&ended, "", ""));
}

static void
a_stream_ends_when_its_session_is_signed_out(void **state)
{
	struct follower_ended ended = { 0 };

	(void)state;
	assert_int_equal(hear(&ended, "account.sign_out",
			     "{\"session\":\"" OTHER "\",\"reason\":\"x\"}"),
	    1);
	assert_false(is_over(&ended, OURS, ""));
	assert_int_equal(hear(&ended, "account.sign_out",
			     "{\"reason\":\"password\",\"sessions\":[\"" OTHER
			     "\",\"" OURS "\"]}"),
	    2);
	assert_true(is_over(&ended, OURS, ""));
	assert_false(is_over(&ended, "", ""));
}

static void
a_stream_ends_when_its_token_is_revoked_or_goes_with_its_account(void **state)
{
	struct follower_ended ended = { 0 };

	(void)state;
	assert_int_equal(hear(&ended, "token.revoke",
			     "{\"id\":\"" OTHER "\",\"label\":\"" OURS "\"}"),
	    1);
	assert_false(is_over(&ended, OURS, ""));
	assert_int_equal(
	    hear(&ended, "token.revoke", "{\"id\":\"" OURS "\"}"), 1);
	assert_true(is_over(&ended, OURS, ""));

	ended = (struct follower_ended){ 0 };
	assert_int_equal(
	    hear(&ended, "account.remove",
		"{\"account\":\"x\",\"tokens\":[\"" OTHER "\",\"" OURS "\"]}"),
	    2);
	assert_true(is_over(&ended, OURS, ""));
}

static void
other_entries_end_nothing(void **state)
{
	static const struct {
		const char *capability, *request;
	} cases[] = {
		{ "account.sign_in", "{\"session\":\"" OURS "\"}" },
		{ "account.sign_out", NULL },
		{ "account.sign_out", "{\"id\":\"" OURS "\"}" },
		{ "account.remove", "{\"tokens\":[]}" },
		{ "token.create", "{\"id\":\"" OURS "\"}" },
		{ "token.revoke", "{\"session\":\"" OURS "\"}" },
		{ "account.sign_out", "{}" },
		{ "account.sign_out", "{\"session\":7,\"sessions\":8}" },
		{ "account.sign_out", "{\"sessions\":[7,null]}" },
		{ "shell.exec", "{\"session\":\"" OURS "\"}" },
	};
	struct follower_ended ended = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    hear(&ended, cases[i].capability, cases[i].request), 0);
	assert_false(is_over(&ended, OURS, ""));
	assert_false(is_over(&ended, "", ""));
}

static void
only_the_last_to_end_are_remembered(void **state)
{
	struct follower_ended ended = { 0 };
	const char *other = "{\"session\":\"" OTHER "\"}";

	(void)state;
	hear(&ended, "account.sign_out", "{\"session\":\"" OURS "\"}");
	for (size_t i = 1; i < COUNT(ended.places); i++)
		hear(&ended, "account.sign_out", other);
	assert_true(is_over(&ended, OURS, ""));
	hear(&ended, "account.sign_out", other);
	assert_false(is_over(&ended, OURS, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_ends_when_its_session_expires),
		cmocka_unit_test(a_stream_ends_when_its_session_is_signed_out),
		cmocka_unit_test(
		    a_stream_ends_when_its_token_is_revoked_or_goes_with_its_account),
		cmocka_unit_test(other_entries_end_nothing),
		cmocka_unit_test(only_the_last_to_end_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
