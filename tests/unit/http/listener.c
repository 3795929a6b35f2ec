#include "lib/http/listener.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
	char folder[32];
	char path[64];
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct buf path = BUF_INIT;

	buf_add_str(&path, "/tmp/kruxos-test.XXXXXX");
	memcpy(f->folder, path.data, path.len);
	assert_non_null(mkdtemp(f->folder));
	buf_reset(&path);
	buf_addf(&path, "%s/s.sock", f->folder);
	memcpy(f->path, path.data, path.len);
	buf_free(&path);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->folder);
	test_free(f);
	return 0;
}

static void
bind_well(const struct fixture *f, struct listener *listener)
{
	struct error err = { 0 };

	if (listener_bind(f->path, listener, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
only_owner_and_group_may_connect(void **state)
{
	struct fixture *f = *state;
	struct listener listener;
	struct stat made;
	mode_t before = umask(0);

	bind_well(f, &listener);
	assert_int_equal(umask(before), 0);
	assert_int_equal(lstat(f->path, &made), 0);
	assert_int_equal(made.st_mode & 07777, 0660);
	assert_true(listener_is_listening(listener.fd));
	assert_int_not_equal(fcntl(listener.fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_not_equal(fcntl(listener.fd, F_GETFD) & FD_CLOEXEC, 0);
	listener_close(&listener);
	assert_int_equal(access(f->path, F_OK), -1);
	listener_close(&listener);
}

static void
a_socket_left_behind_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct listener dead, listener;

	bind_well(f, &dead);
	close(dead.fd);
	free(dead.path);
	bind_well(f, &listener);
	listener_close(&listener);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void
the_end_of_one_takes_nothing_from_its_successor(void **state)
{
	struct fixture *f = *state;
	struct listener first, second;

	bind_well(f, &first);
	assert_int_equal(unlink(f->path), 0);
	bind_well(f, &second);
	listener_close(&first);
	assert_int_equal(access(f->path, F_OK), 0);
	listener_close(&second);
}

static void
a_socket_that_answers_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct listener first, second;
	struct error err = { 0 };

	bind_well(f, &first);
	assert_int_equal(listener_bind(f->path, &second, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_non_null(strstr(err.sentence, f->path));
	assert_non_null(strstr(err.sentence, "another process answers"));
	assert_int_equal(access(f->path, F_OK), 0);
	listener_close(&first);
}

static void
what_is_no_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct listener listener;
	struct error err = { 0 };

	assert_int_equal(symlink("/etc/passwd", f->path), 0);
	assert_int_equal(listener_bind(f->path, &listener, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, "this is no socket"));
	assert_int_equal(unlink(f->path), 0);
}

static void
a_path_too_long_is_said_with_its_length(void **state)
{
	struct buf path = BUF_INIT;
	struct listener listener;
	struct error err = { 0 };

	(void)state;
	buf_add_str(&path, "/tmp/");
	buf_add_chars(&path, 'x', 103);
	assert_int_equal(listener_bind(path.data, &listener, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence,
	    ": a socket's path has 1 to 107 bytes, this one 108"));
	assert_int_equal(listener_bind("", &listener, &err), -1);
	buf_free(&path);
}

static void
a_folder_that_is_not_there_is_named(void **state)
{
	struct listener listener;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    listener_bind("/tmp/kruxos-none/x.sock", &listener, &err), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_string_equal(err.sentence,
	    "/tmp/kruxos-none/x.sock: bind: No such file or directory");
}

static void
standard_input_may_be_the_socket(void **state)
{
	struct fixture *f = *state;
	struct listener made, inherited;
	struct error err = { 0 };
	int kept = dup(STDIN_FILENO);

	assert_int_equal(listener_inherit(&inherited, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	bind_well(f, &made);
	assert_int_equal(dup2(made.fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(listener_inherit(&inherited, &err), 0);
	assert_int_equal(inherited.fd, STDIN_FILENO);
	listener_hide(&inherited); /* not ours to remove */
	assert_int_equal(access(f->path, F_OK), 0);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	close(kept);
	listener_close(&made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_owner_and_group_may_connect),
		TEST(a_socket_left_behind_is_replaced),
		TEST(the_end_of_one_takes_nothing_from_its_successor),
		TEST(a_socket_that_answers_is_left_alone),
		TEST(what_is_no_socket_is_left_alone),
		TEST(a_path_too_long_is_said_with_its_length),
		TEST(a_folder_that_is_not_there_is_named),
		TEST(standard_input_may_be_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
