#include "fcgi/action.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT;

static int
status_of(enum error_code code)
{
	struct reply rep;
	struct error err;

	reply_init(&rep);
	reply_begin(&rep, &arena, NULL, false);
	error_set(&err, code, "words");
	int status = status_for(&rep, &err);
	assert_int_equal(rep.headers.len, 0);
	reply_free(&rep);
	return status;
}

static void
what_the_door_says_becomes_a_status(void **state)
{
	(void)state;
	assert_int_equal(status_of(ERROR_UNAUTHENTICATED), 401);
	assert_int_equal(status_of(ERROR_NOT_ALLOWED), 403);
	assert_int_equal(status_of(ERROR_NOT_FOUND), 404);
	assert_int_equal(status_of(ERROR_CONFLICT), 409);
	assert_int_equal(status_of(ERROR_TOO_MANY), 429);
	assert_int_equal(status_of(ERROR_MISSING_FIELD), 400);
	assert_int_equal(status_of(ERROR_OUT_OF_RANGE), 400);
	assert_int_equal(status_of(ERROR_TOO_LONG), 400);
	assert_int_equal(status_of(ERROR_UNREACHABLE), 503);
	assert_int_equal(status_of(ERROR_AUDIT_UNAVAILABLE), 503);
	for (int code = ERROR_SYSTEM; code < ERROR_CODES; code++)
		assert_in_range(status_of((enum error_code)code), 400, 503);
}

static void
a_wait_is_told(void **state)
{
	struct reply rep;
	struct error err;

	(void)state;
	reply_init(&rep);
	reply_begin(&rep, &arena, NULL, false);
	error_set_wait(&err, 17, "too often");
	assert_int_equal(status_for(&rep, &err), 429);
	assert_string_equal(rep.headers.data, "Retry-After: 17\r\n");
	reply_free(&rep);
}

/* Under RUNDIR a program has the daemon's own rights. */
static void
without_a_credential_nothing_is_asked(void **state)
{
	struct program prog = { .ingest_path = "/nonexistent/ingest.sock" };
	char *variables[] = { (char[]){ "HTTP_COOKIE=a=b" }, NULL };
	struct request req;
	struct reply rep;
	struct action action;
	struct error err = { 0 };

	(void)state;
	request_init(&req, variables, (struct slice){ NULL, 0 }, &arena);
	reply_init(&rep);
	reply_begin(&rep, &arena, NULL, false);
	action_begin(&action, "audit.verify");
	assert_int_equal(action_run(&action, &prog, &req, &rep, &err), 401);
	assert_int_equal(err.code, ERROR_UNAUTHENTICATED);
	reply_free(&rep);
}

static void
without_the_daemon_it_is_unavailable(void **state)
{
	struct program prog = { .ingest_path = "/nonexistent/ingest.sock" };
	char *variables[] = {
		(char[]){ "HTTP_AUTHORIZATION=Bearer krx_user_a" }, NULL
	};
	struct request req;
	struct reply rep;
	struct action action;
	struct error err = { 0 };

	(void)state;
	request_init(&req, variables, (struct slice){ NULL, 0 }, &arena);
	reply_init(&rep);
	reply_begin(&rep, &arena, NULL, false);
	action_begin(&action, "audit.verify");
	assert_int_equal(action_run(&action, &prog, &req, &rep, &err), 503);
	assert_non_null(strstr(err.sentence, "ingest.sock"));
	reply_free(&rep);
}

static int
end_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_door_says_becomes_a_status),
		cmocka_unit_test(a_wait_is_told),
		cmocka_unit_test(without_a_credential_nothing_is_asked),
		cmocka_unit_test(without_the_daemon_it_is_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, end_arena);
}
