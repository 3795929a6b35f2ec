#include "store/accounts.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/diag.h"
#include "collectors/kruxosd/account_writer.h"
#include "collectors/kruxosd/state.h"

#define NOW (1000 * USEC_PER_DAY)

struct scene {
	char dir[64];
	char path[80];
	struct state *state;
	struct state_writer *writer;
	struct accounts *accounts;
	char secrets[3][CREDENTIAL_SIZE];
	char token[CREDENTIAL_SIZE];
};

static void
begin(struct scene *scene)
{
	struct error err;

	assert_int_equal(state_writer_begin(scene->writer, &err), 0);
}

static void
commit(struct scene *scene)
{
	struct error err;

	assert_int_equal(state_writer_commit(scene->writer, 0, &err), 0);
}

static void
set_role(struct scene *scene, enum account_role role)
{
	struct account_row row = { .name = "ana", .role = role };
	struct error err;

	begin(scene);
	assert_int_equal(account_writer_put(scene->writer, &row, &err), 0);
	commit(scene);
}

/* Of ana: three sessions, used one after the other, and a token. */
static void
fill(struct scene *scene)
{
	static const char *const ids[] = { "s0", "s1", "s2" };
	unsigned char digest[SHA256_BYTES];
	struct account_token token = { .digest = digest,
		.id = "t0",
		.account = SLICE_LITERAL("ana"),
		.label = SLICE_LITERAL("a test"),
		.scope = ACCOUNT_OPERATE,
		.created_at = NOW };
	struct error err;

	set_role(scene, ACCOUNT_OPERATOR);
	begin(scene);
	for (size_t i = 0; i < 3; i++) {
		struct account_session session = { .digest = digest,
			.id = ids[i],
			.account = SLICE_LITERAL("ana"),
			.created_at = NOW + i,
			.expires_at = NOW + 100 - i,
			.idle_expires_at = NOW + 50 + i,
			.address = SLICE_LITERAL("192.0.2.7"),
			.user_agent = SLICE_LITERAL("a browser") };

		credential_make(CREDENTIAL_SESSION, scene->secrets[i], digest);
		assert_int_equal(
		    account_writer_add_session(scene->writer, &session, &err),
		    0);
	}
	credential_make(CREDENTIAL_TOKEN, scene->token, digest);
	assert_int_equal(
	    account_writer_add_token(scene->writer, &token, &err), 0);
	commit(scene);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	diag_init("", (enum diag_level)0); /* failures are what is tested */
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-state-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/state.db", scene->dir);
	scene->accounts = accounts_open(scene->path);
	scene->state = state_open(scene->path, &clock_system, &err);
	assert_non_null(scene->state);
	scene->writer = state_writer_new(scene->path);
	fill(scene);
	*state = scene;
	return 0;
}

static void
remove_files(struct scene *scene)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < 3; i++) {
		char path[96];

		snprintf(path, sizeof(path), "%s%s", scene->path, suffixes[i]);
		unlink(path);
	}
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	accounts_close(scene->accounts);
	state_writer_free(scene->writer);
	state_close(scene->state);
	remove_files(scene);
	rmdir(scene->dir);
	free(scene);
	return 0;
}

static enum error_code
find(struct scene *scene, const char *secret, usec_t now,
    struct accounts_caller *ret)
{
	struct error err = { 0 };

	accounts_find(scene->accounts, slice_of(secret), now, ret, &err);
	return err.code;
}

static void
a_credential_says_whose_it_is(void **state)
{
	struct scene *scene = *state;
	struct accounts_caller caller;

	assert_int_equal(find(scene, scene->secrets[1], NOW, &caller), 0);
	assert_int_equal(caller.via, CREDENTIAL_SESSION);
	assert_string_equal(caller.name, "ana");
	assert_int_equal(caller.role, ACCOUNT_OPERATOR);
	assert_int_equal(caller.scope, ACCOUNT_OPERATE);
	assert_string_equal(caller.id, "s1");
	assert_int_equal(caller.created_at, NOW + 1);
	assert_int_equal(caller.last_used_at, NOW + 1);
	assert_int_equal(caller.expires_at, NOW + 99);
	assert_int_equal(caller.idle_expires_at, NOW + 51);

	assert_int_equal(find(scene, scene->token, NOW, &caller), 0);
	assert_int_equal(caller.via, CREDENTIAL_TOKEN);
	assert_string_equal(caller.id, "t0");
	assert_int_equal(caller.scope, ACCOUNT_OPERATE);
	assert_int_equal(caller.expires_at, 0);
	assert_int_equal(caller.idle_expires_at, 0);
	assert_int_equal(caller.last_used_at, 0);
}

static void
one_that_is_not_known_or_over_is_nobodys(void **state)
{
	struct scene *scene = *state;
	struct accounts_caller caller;
	unsigned char digest[SHA256_BYTES];
	char other[CREDENTIAL_SIZE];

	credential_make(CREDENTIAL_SESSION, other, digest);
	assert_int_equal(
	    find(scene, other, NOW, &caller), ERROR_UNAUTHENTICATED);
	assert_int_equal(find(scene, "", NOW, &caller), ERROR_UNAUTHENTICATED);
	assert_int_equal(find(scene, scene->secrets[0], NOW + 49, &caller), 0);
	assert_int_equal(find(scene, scene->secrets[0], NOW + 50, &caller),
	    ERROR_UNAUTHENTICATED);
	scene->secrets[0][20] ^= 1;
	assert_int_equal(find(scene, scene->secrets[0], NOW, &caller),
	    ERROR_UNAUTHENTICATED);
}

static void
a_token_is_never_more_than_its_account(void **state)
{
	struct scene *scene = *state;
	struct accounts_caller caller;

	set_role(scene, ACCOUNT_VIEWER);
	assert_int_equal(find(scene, scene->token, NOW, &caller), 0);
	assert_int_equal(caller.scope, ACCOUNT_READ);
	set_role(scene, ACCOUNT_AUDITOR);
	assert_int_equal(find(scene, scene->token, NOW, &caller), 0);
	assert_int_equal(caller.scope, ACCOUNT_READ);
}

static void
the_open_sessions_are_listed_the_one_used_last_first(void **state)
{
	struct scene *scene = *state;
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct accounts_sessions found;
	struct error err;

	assert_int_equal(account_writer_touch_session(scene->writer,
			     SLICE_LITERAL("s1"), NOW + 9, NOW + 60, &err),
	    0);
	assert_int_equal(accounts_sessions(scene->accounts,
			     SLICE_LITERAL("ana"), NOW, &arena, &found, &err),
	    0);
	assert_int_equal(found.count, 3);
	assert_true(slice_is(found.sessions[0].id, "s1"));
	assert_int_equal(found.sessions[0].last_used_at, NOW + 9);
	assert_int_equal(found.sessions[0].idle_expires_at, NOW + 60);
	assert_true(slice_is(found.sessions[1].id, "s2"));
	assert_true(slice_is(found.sessions[2].id, "s0"));
	assert_true(slice_is(found.sessions[2].address, "192.0.2.7"));
	assert_true(slice_is(found.sessions[2].user_agent, "a browser"));

	assert_int_equal(
	    accounts_sessions(scene->accounts, SLICE_LITERAL("ana"), NOW + 51,
		&arena, &found, &err),
	    0);
	assert_int_equal(found.count, 2);
	assert_int_equal(accounts_sessions(scene->accounts,
			     SLICE_LITERAL("ben"), NOW, &arena, &found, &err),
	    0);
	assert_int_equal(found.count, 0);
}

static void
a_database_that_comes_or_goes_is_noticed(void **state)
{
	struct scene *scene = *state;
	struct accounts_caller caller;

	assert_int_equal(find(scene, scene->token, NOW, &caller), 0);
	remove_files(scene);
	assert_int_equal(
	    find(scene, scene->token, NOW, &caller), ERROR_UNREACHABLE);
	state_retry(scene->state);
	assert_int_equal(
	    find(scene, scene->token, NOW, &caller), ERROR_UNAUTHENTICATED);
	fill(scene);
	assert_int_equal(find(scene, scene->token, NOW, &caller), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_credential_says_whose_it_is),
		TEST(one_that_is_not_known_or_over_is_nobodys),
		TEST(a_token_is_never_more_than_its_account),
		TEST(the_open_sessions_are_listed_the_one_used_last_first),
		TEST(a_database_that_comes_or_goes_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
