#include "collectors/kruxosd/listener.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[32];
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/listener-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/ingest.sock", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct listener
opened(void)
{
	struct listener listener = LISTENER_CLOSED;
	struct error err;

	if (listener_open(path, &listener, &err) == -1)
		fail_msg("%s", err.sentence);
	assert_true(listener.is_bound);
	assert_true(listener_is_there(&listener, path));
	return listener;
}

static void
assert_refused(const char *at, enum error_code code)
{
	struct listener listener = LISTENER_CLOSED;
	struct error err;

	assert_int_equal(listener_open(at, &listener, &err), -1);
	assert_int_equal(listener.fd, -1);
	assert_int_equal(err.code, code);
	/* It says which. */
	assert_non_null(strstr(err.sentence, at));
}

static void
everyone_may_knock(void **state)
{
	struct stat found;
	mode_t before = umask(022), after;
	struct listener listener = opened();

	(void)state;
	after = umask(before);
	assert_int_equal(after, 022);
	assert_int_equal(lstat(path, &found), 0);
	assert_true(S_ISSOCK(found.st_mode));
	assert_int_equal(found.st_mode & 07777, 0666);
	listener_close(&listener, path);
	assert_int_equal(listener.fd, -1);
	assert_int_equal(lstat(path, &found), -1);
}

static void
what_a_killed_daemon_left_is_taken_over(void **state)
{
	(void)state;
	close(opened().fd);
	close(opened().fd);
}

static void
a_living_daemon_is_left_alone(void **state)
{
	struct listener listener = opened();

	(void)state;
	assert_refused(path, ERROR_BUSY);
	/* Nor did asking disturb it. */
	assert_refused(path, ERROR_BUSY);
	close(listener.fd);
}

/* Two daemons: the second came when the first one's socket had been removed. */
static void
what_another_has_bound_since_is_left_alone(void **state)
{
	struct listener first = opened(), second;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_false(listener_is_there(&first, path));
	second = opened();
	assert_false(listener_is_there(&first, path));
	listener_close(&first, path);
	assert_true(listener_is_there(&second, path));
	listener_close(&second, path);
	assert_int_equal(access(path, F_OK), -1);
}

static void
what_is_no_socket_is_left_alone(void **state)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	close(fd);
	assert_refused(path, ERROR_INVALID);
	assert_int_equal(access(path, F_OK), 0);

	/* Nor is what a link points to. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/nonexistent", path), 0);
	assert_refused(path, ERROR_INVALID);
}

static void
a_path_too_long_is_named(void **state)
{
	char long_path[150];

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	memcpy(long_path, "/tmp/", 5);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_refused(long_path, ERROR_INVALID);
}

static void
a_folder_that_is_missing_is_named(void **state)
{
	(void)state;
	assert_refused("/nonexistent/ingest.sock", ERROR_SYSTEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everyone_may_knock),
		TEST(what_a_killed_daemon_left_is_taken_over),
		TEST(a_living_daemon_is_left_alone),
		TEST(what_another_has_bound_since_is_left_alone),
		TEST(what_is_no_socket_is_left_alone),
		TEST(a_path_too_long_is_named),
		TEST(a_folder_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
