#include "lib/base/unix_socket.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <sys/resource.h>

#include <cmocka.h>

static char folder[32];
static char path[64];

static int
set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/unix_socket-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a.sock", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int
listening(mode_t mode)
{
	struct error err = { 0 };
	int fd = unix_socket_listen(path, mode, 8, &err);

	if (fd == -1)
		fail_msg("%s", err.sentence);
	return fd;
}

static void
assert_refused(const char *at, enum error_code code, const char *sentence)
{
	struct error err = { 0 };

	assert_int_equal(unix_socket_listen(at, 0600, 8, &err), -1);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.sentence, sentence));
}

static bool
answers(void)
{
	cleanup(cleanup_close) int fd = new_socket();
	struct sockaddr_un address;
	struct error err;

	assert_int_equal(unix_socket_address(path, &address, &err), 0);
	return connect_to(fd, &address) == 0;
}

static void
its_mode_is_the_one_asked_for(void **state)
{
	static const mode_t modes[] = { 0600, 0660, 0666 };

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		mode_t before = umask(022);
		int fd = listening(modes[i]);
		struct stat made;

		assert_int_equal(umask(before), 022);
		assert_int_equal(lstat(path, &made), 0);
		assert_true(S_ISSOCK(made.st_mode));
		assert_int_equal(made.st_mode & 07777, modes[i]);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

static void
a_socket_left_behind_is_replaced(void **state)
{
	int fd;

	(void)state;
	close(listening(0600));
	assert_false(answers());
	fd = listening(0600);
	assert_true(answers());
	close(fd);
}

static void
one_that_answers_is_left_alone(void **state)
{
	int fd = listening(0600);

	(void)state;
	assert_refused(path, ERROR_BUSY, "another process answers");
	assert_true(answers());
	close(fd);
}

static void
one_whose_backlog_is_full_answers_too(void **state)
{
	struct error err;
	struct sockaddr_un address;
	int fd = unix_socket_listen(path, 0600, 0, &err);
	int knocking[8];
	size_t count = 0;

	(void)state;
	assert_int_equal(unix_socket_address(path, &address, &err), 0);
	while (count < 8) {
		knocking[count] = new_socket();
		if (connect_to(knocking[count++], &address) == -1)
			break;
	}
	assert_int_equal(errno, EAGAIN);
	assert_refused(path, ERROR_BUSY, path);
	while (count > 0)
		close(knocking[--count]);
	close(fd);
}

static void
what_is_no_socket_is_left_alone(void **state)
{
	(void)state;
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_refused(path, ERROR_INVALID, "this is no socket");
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/nonexistent", path), 0);
	assert_refused(path, ERROR_INVALID, "this is no socket");
}

static void
a_path_too_long_is_said_with_its_length(void **state)
{
	char long_path[109];

	(void)state;
	memset(long_path, 'x', sizeof(long_path));
	long_path[108] = '\0';
	assert_refused(long_path, ERROR_INVALID,
	    ": a socket's path has 1 to 107 bytes, this one 108");
	assert_refused("", ERROR_INVALID, "this one 0");
}

static void
a_folder_that_is_missing_is_named(void **state)
{
	(void)state;
	assert_refused("/nonexistent/a.sock", ERROR_SYSTEM,
	    "/nonexistent/a.sock: bind: No such file or directory");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* No descriptor is left: for the socket, or for the one that asks whether
 * somebody answers on what stands there. */
static void
a_lack_of_descriptors_is_said(void **state)
{
	struct rlimit before, few;
	int first = dup(STDERR_FILENO); /* the first that is free */

	(void)state;
	close(listening(0600));
	close(first);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	for (int left = 0; left < 2; left++) {
		struct error err = { 0 };

		few.rlim_cur = (rlim_t)(first + left);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		assert_int_equal(unix_socket_listen(path, 0600, 8, &err), -1);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(err.errnum, EMFILE);
	}
	close(listening(0600));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_mode_is_the_one_asked_for),
		TEST(a_socket_left_behind_is_replaced),
		TEST(one_that_answers_is_left_alone),
		TEST(one_whose_backlog_is_full_answers_too),
		TEST(what_is_no_socket_is_left_alone),
		TEST(a_path_too_long_is_said_with_its_length),
		TEST(a_folder_that_is_missing_is_named),
		TEST(a_lack_of_descriptors_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
