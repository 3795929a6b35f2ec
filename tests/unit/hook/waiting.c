#include "hook/waiting.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define NOW ((usec_t)7200 * USEC_PER_SEC)

struct fixture {
	char folder[64];
	struct waiting *waiting;
};

static struct waiting *
open_session(const char *session, usec_t now)
{
	struct error err = { 0 };
	struct waiting *waiting =
	    waiting_open(SLICE_LITERAL("codex"), slice_of(session), now, &err);

	assert_non_null(waiting);
	return waiting;
}

static int
set_up(void **state)
{
	static struct fixture fixture;

	snprintf(fixture.folder, sizeof(fixture.folder),
	    "/tmp/kruxos-waiting-XXXXXX");
	assert_non_null(mkdtemp(fixture.folder));
	setenv("XDG_RUNTIME_DIR", fixture.folder, 1);
	fixture.waiting = open_session("s1", NOW);
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	char path[96];

	waiting_end(fixture->waiting);
	waiting_sweep(fixture->waiting, UINT64_MAX / 2);
	waiting_free(fixture->waiting);
	snprintf(path, sizeof(path), "%s/kruxos-hook", fixture->folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(fixture->folder), 0);
	return 0;
}

static struct waiting_call
make_call(const char *call_id, uint64_t digest, usec_t begun)
{
	return (struct waiting_call){
		.call_id = slice_of(call_id),
		.capability = SLICE_LITERAL("shell.exec"),
		.digest = digest,
		.begun = begun,
		.tier = ENTRY_NOTIFY,
		.is_explicit = true,
	};
}

static void
begin_call(
    struct waiting *waiting, const char *call_id, uint64_t digest, usec_t begun)
{
	struct waiting_call call = make_call(call_id, digest, begun);

	waiting_begin(waiting, &call);
}

static void
a_call_is_found_as_it_began_and_taken_once(void **state)
{
	struct fixture *fixture = *state;
	struct waiting_wanted wanted = { .call_id = SLICE_LITERAL("call_1") };
	struct waiting_call call;

	begin_call(fixture->waiting, "call_1", 7, NOW - 5);
	begin_call(fixture->waiting, "call_2", 7, NOW - 6);
	assert_true(waiting_find(fixture->waiting, &wanted, &call));
	assert_true(slice_is(call.capability, "shell.exec"));
	assert_int_equal(call.begun, NOW - 5);
	assert_int_equal(call.tier, ENTRY_NOTIFY);
	assert_true(call.is_explicit);
	assert_int_equal(call.agent_id.len, 0);
	waiting_call_free(&call);
	assert_true(waiting_take(fixture->waiting, &wanted, &call));
	waiting_call_free(&call);
	assert_false(waiting_take(fixture->waiting, &wanted, &call));
	waiting_call_free(&call);
}

static void
of_calls_without_ids_the_first_is_taken_first(void **state)
{
	static const char *const expected[] = { "old", "middle", "new" };
	struct fixture *fixture = *state;
	uint64_t digest = 42;
	struct waiting_wanted wanted = { .digest = &digest };
	struct waiting_call call;

	begin_call(fixture->waiting, "middle", 42, NOW - 5);
	begin_call(fixture->waiting, "another", 41, NOW - 9);
	begin_call(fixture->waiting, "new", 42, NOW + 3);
	begin_call(fixture->waiting, "old", 42, NOW - 7);
	for (size_t i = 0; i < 3; i++) {
		assert_true(waiting_take(fixture->waiting, &wanted, &call));
		assert_true(slice_is(call.call_id, expected[i]));
		waiting_call_free(&call);
	}
	assert_false(waiting_take(fixture->waiting, &wanted, &call));
	waiting_call_free(&call);
}

static void
sessions_do_not_see_each_others_calls(void **state)
{
	struct fixture *fixture = *state;
	struct waiting *other = open_session("s2", NOW);
	struct waiting_wanted any = { 0 };
	struct waiting_call call;

	begin_call(fixture->waiting, "call_1", 7, NOW);
	assert_false(waiting_find(other, &any, &call));
	waiting_call_free(&call);
	waiting_end(other);
	assert_true(waiting_find(fixture->waiting, &any, &call));
	waiting_call_free(&call);
	waiting_free(other);
}

static void
who_was_asked_about_is_remembered(void **state)
{
	struct fixture *fixture = *state;
	struct slice agent = SLICE_LITERAL("");
	struct waiting_wanted asked = { .agent_id = &agent, .is_asked = true };
	struct waiting_wanted any = { 0 };
	struct waiting_call call;

	begin_call(fixture->waiting, "call_1", 7, NOW);
	assert_false(waiting_find(fixture->waiting, &asked, &call));
	waiting_call_free(&call);
	assert_true(waiting_find(fixture->waiting, &any, &call));
	waiting_ask(fixture->waiting, &call, NOW + 2);
	waiting_call_free(&call);
	assert_true(waiting_take(fixture->waiting, &asked, &call));
	assert_int_equal(call.asked, NOW + 2);
	waiting_call_free(&call);
}

static void
a_sub_agent_is_that_of_the_call_that_waits_for_one(void **state)
{
	struct fixture *fixture = *state;
	struct waiting_call first = make_call("call_1", 1, NOW - 9);
	struct waiting_call second = make_call("call_2", 2, NOW - 8);
	struct waiting *other = open_session("the sub-agent's own", NOW);
	cleanup(buf_free) struct buf parent = BUF_INIT;
	struct slice none = { NULL, 0 };

	first.starts_agents = second.starts_agents = true;
	waiting_begin(fixture->waiting, &first);
	waiting_begin(fixture->waiting, &second);
	/* One says whose it is; the other is the one that is left. */
	waiting_link(fixture->waiting, SLICE_LITERAL("agent-2"),
	    SLICE_LITERAL("call_2"));
	waiting_link(fixture->waiting, SLICE_LITERAL("agent-1"), none);
	waiting_link(fixture->waiting, SLICE_LITERAL("agent-1"), none);
	waiting_find_parent(other, SLICE_LITERAL("agent-2"), &parent);
	assert_string_equal(parent.data, "call_2");
	waiting_find_parent(other, SLICE_LITERAL("agent-1"), &parent);
	assert_string_equal(parent.data, "call_1");
	waiting_find_parent(other, SLICE_LITERAL("agent-3"), &parent);
	assert_int_equal(parent.len, 0);
	waiting_free(other);
}

static void
what_is_a_day_old_or_of_an_earlier_boot_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct waiting *later = open_session("s1", NOW + WAITING_AGE);
	struct waiting_wanted any = { 0 };
	struct waiting_call call;

	begin_call(fixture->waiting, "old", 7, NOW - 1);
	begin_call(fixture->waiting, "earlier boot", 7, NOW + USEC_PER_DAY * 3);
	assert_false(waiting_find(later, &any, &call));
	waiting_call_free(&call);
	waiting_free(later);
}

static void
what_somebody_else_has_written_is_passed_over(void **state)
{
	static const char *const contents[] = { "", "x", "1 1 1",
		"0 0 0 0 notify bad/../id*? shell.exec - \n",
		"0 0 0 0 notify call_1 no-dot - \n", "-1 0 0 0 - a b.c - \n" };
	struct fixture *fixture = *state;
	struct waiting_wanted any = { 0 };
	struct waiting_call call;

	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct file_name name = { FILE_CALL, i, i, NOW };
		char path[WAITING_NAME_BYTES];

		begin_call(fixture->waiting, "call_1", 7, NOW + 9);
		write_name(&name, path);
		write_file(
		    fixture->waiting->dir, path, slice_of(contents[i]), O_EXCL);
		assert_true(waiting_take(fixture->waiting, &any, &call));
		assert_true(slice_is(call.call_id, "call_1"));
		waiting_call_free(&call);
	}
}

static void
no_more_than_so_many_are_kept(void **state)
{
	struct fixture *fixture = *state;
	struct waiting_wanted last = { .call_id = SLICE_LITERAL("last") };
	struct waiting_call call;

	begin_call(fixture->waiting, "first", 0, NOW);
	for (uint64_t i = 1; i < WAITING_FILES; i++) {
		struct file_name name = { FILE_CALL, i, i, NOW };
		char path[WAITING_NAME_BYTES];

		write_name(&name, path);
		write_file(
		    fixture->waiting->dir, path, SLICE_LITERAL("x"), O_EXCL);
	}
	begin_call(fixture->waiting, "last", 0, NOW);
	assert_false(waiting_find(fixture->waiting, &last, &call));
	waiting_call_free(&call);
}

static void
a_folder_that_is_not_ours_alone_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct error err = { 0 };
	char path[96];

	snprintf(path, sizeof(path), "%s/open", fixture->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(open_folder(path, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_ALLOWED);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(open_folder(path, &err), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_call_is_found_as_it_began_and_taken_once),
		TEST(of_calls_without_ids_the_first_is_taken_first),
		TEST(sessions_do_not_see_each_others_calls),
		TEST(who_was_asked_about_is_remembered),
		TEST(a_sub_agent_is_that_of_the_call_that_waits_for_one),
		TEST(what_is_a_day_old_or_of_an_earlier_boot_is_gone),
		TEST(what_somebody_else_has_written_is_passed_over),
		TEST(no_more_than_so_many_are_kept),
		TEST(a_folder_that_is_not_ours_alone_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
