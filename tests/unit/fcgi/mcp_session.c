#include "fcgi/mcp_session.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const usec_t NOW = 1795392000 * USEC_PER_SEC;

static const unsigned char ann[SHA256_BYTES] = { 1 };
static const unsigned char ben[SHA256_BYTES] = { 2 };

static void
begin(struct mcp_sessions *sessions, const unsigned char *agent,
    const char *name, usec_t now, char ret_id[static MCP_SESSION_ID_SIZE])
{
	struct error err = { 0 };

	assert_int_equal(mcp_session_begin(sessions, agent, slice_of(name), now,
			     ret_id, &err),
	    0);
}

static void
a_session_is_found_until_it_has_ended(void **state)
{
	struct mcp_sessions *sessions = mcp_session_new();
	char id[MCP_SESSION_ID_SIZE], name[MCP_SESSION_NAME_SIZE];

	(void)state;
	begin(sessions, ann, "sess-a", NOW, id);
	assert_int_equal(strlen(id), MCP_SESSION_ID_SIZE - 1);
	assert_true(mcp_session_find(sessions, ann, slice_of(id), NOW, name));
	assert_string_equal(name, "sess-a");
	name[0] = '\0';
	assert_true(mcp_session_end(sessions, ann, slice_of(id), NOW, name));
	assert_string_equal(name, "sess-a");
	assert_false(mcp_session_find(sessions, ann, slice_of(id), NOW, name));
	assert_false(mcp_session_end(sessions, ann, slice_of(id), NOW, name));
	assert_int_equal(mcp_session_count(sessions, NOW), 0);
	mcp_session_free(sessions);
}

static void
a_session_is_nobody_elses(void **state)
{
	struct mcp_sessions *sessions = mcp_session_new();
	char id[MCP_SESSION_ID_SIZE], name[MCP_SESSION_NAME_SIZE];

	(void)state;
	begin(sessions, ann, "sess-a", NOW, id);
	assert_false(mcp_session_find(sessions, ben, slice_of(id), NOW, name));
	assert_false(mcp_session_end(sessions, ben, slice_of(id), NOW, name));
	assert_true(mcp_session_find(sessions, ann, slice_of(id), NOW, name));
	mcp_session_free(sessions);
}

static void
no_two_sessions_have_one_id(void **state)
{
	struct mcp_sessions *sessions = mcp_session_new();
	char ids[2][MCP_SESSION_ID_SIZE], name[MCP_SESSION_NAME_SIZE];

	(void)state;
	begin(sessions, ann, "sess-a", NOW, ids[0]);
	begin(sessions, ann, "sess-b", NOW, ids[1]);
	assert_string_not_equal(ids[0], ids[1]);
	assert_true(
	    mcp_session_find(sessions, ann, slice_of(ids[0]), NOW, name));
	assert_string_equal(name, "sess-a");
	assert_true(
	    mcp_session_find(sessions, ann, slice_of(ids[1]), NOW, name));
	assert_string_equal(name, "sess-b");
	mcp_session_free(sessions);
}

static void
a_session_ends_after_an_hour_of_silence(void **state)
{
	struct mcp_sessions *sessions = mcp_session_new();
	char used[MCP_SESSION_ID_SIZE], silent[MCP_SESSION_ID_SIZE];
	char name[MCP_SESSION_NAME_SIZE];
	usec_t later = NOW + MCP_SESSION_IDLE;

	(void)state;
	begin(sessions, ann, "used", NOW, used);
	begin(sessions, ann, "silent", NOW, silent);
	assert_true(
	    mcp_session_find(sessions, ann, slice_of(used), later, name));
	assert_int_equal(mcp_session_count(sessions, later), 2);
	assert_int_equal(mcp_session_count(sessions, later + 1), 1);
	assert_false(
	    mcp_session_find(sessions, ann, slice_of(silent), later + 1, name));
	assert_true(
	    mcp_session_find(sessions, ann, slice_of(used), later + 1, name));
	/* A clock that was set back makes nobody old. */
	assert_int_equal(mcp_session_count(sessions, NOW - USEC_PER_DAY), 1);
	mcp_session_free(sessions);
}

static void
beyond_his_share_an_agent_loses_what_he_has_not_used(void **state)
{
	struct mcp_sessions *sessions = mcp_session_new();
	char first[MCP_SESSION_ID_SIZE], second[MCP_SESSION_ID_SIZE];
	char others[MCP_SESSION_ID_SIZE], id[MCP_SESSION_ID_SIZE];
	char name[MCP_SESSION_NAME_SIZE];

	(void)state;
	begin(sessions, ben, "other's", NOW, others);
	begin(sessions, ann, "first", NOW, first);
	begin(sessions, ann, "second", NOW, second);
	for (int i = 2; i < MCP_SESSION_SHARE; i++)
		begin(sessions, ann, "more", NOW, id);
	assert_true(
	    mcp_session_find(sessions, ann, slice_of(first), NOW, name));
	begin(sessions, ann, "one more", NOW, id);
	assert_false(
	    mcp_session_find(sessions, ann, slice_of(second), NOW, name));
	assert_true(
	    mcp_session_find(sessions, ann, slice_of(first), NOW, name));
	assert_true(
	    mcp_session_find(sessions, ben, slice_of(others), NOW, name));
	assert_int_equal(
	    mcp_session_count(sessions, NOW), MCP_SESSION_SHARE + 1);
	mcp_session_free(sessions);
}

static void
who_has_none_gets_none_when_others_have_all(void **state)
{
	struct mcp_sessions *sessions = mcp_session_new();
	char id[MCP_SESSION_ID_SIZE];
	struct error err = { 0 };

	(void)state;
	for (unsigned i = 0; i < MCP_SESSION_ALL; i++) {
		unsigned char agent[SHA256_BYTES] = { 3,
			(unsigned char)(i / MCP_SESSION_SHARE) };

		begin(sessions, agent, "theirs", NOW, id);
	}
	assert_int_equal(mcp_session_begin(sessions, ann, SLICE_LITERAL("mine"),
			     NOW, id, &err),
	    -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(mcp_session_count(sessions, NOW), MCP_SESSION_ALL);
	/* An hour later there is room. */
	begin(sessions, ann, "mine", NOW + MCP_SESSION_IDLE + 1, id);
	assert_int_equal(
	    mcp_session_count(sessions, NOW + MCP_SESSION_IDLE + 1), 1);
	mcp_session_free(sessions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_found_until_it_has_ended),
		cmocka_unit_test(a_session_is_nobody_elses),
		cmocka_unit_test(no_two_sessions_have_one_id),
		cmocka_unit_test(a_session_ends_after_an_hour_of_silence),
		cmocka_unit_test(
		    beyond_his_share_an_agent_loses_what_he_has_not_used),
		cmocka_unit_test(who_has_none_gets_none_when_others_have_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
