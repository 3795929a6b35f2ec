#include "fcgi/renewal.c"

#include <sys/socket.h>
#include <sys/un.h>

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECRET "krx_session_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE"

enum { DEADLINE_MS = 20000 };

static const usec_t NOW = 1795392000 * USEC_PER_SEC;

static struct accounts_caller
caller(const char *id, usec_t last_used_at)
{
	struct accounts_caller caller = { .last_used_at = last_used_at };

	snprintf(caller.id, sizeof(caller.id), "%s", id);
	return caller;
}

static void
a_session_is_told_of_once_a_minute(void **state)
{
	struct renewal *renewal = renewal_new("/nonexistent");

	(void)state;
	assert_false(is_noted(renewal, "a", NOW));
	assert_true(is_noted(renewal, "a", NOW + RENEWAL_INTERVAL - 1));
	assert_false(is_noted(renewal, "b", NOW));
	assert_false(is_noted(renewal, "a", NOW + RENEWAL_INTERVAL));
	assert_true(is_noted(renewal, "a", NOW + RENEWAL_INTERVAL + 1));
	/* Once more when the clock was set back. */
	assert_false(is_noted(renewal, "a", NOW));
	assert_true(is_noted(renewal, "a", NOW));
	renewal_free(renewal);
}

static void
many_sessions_need_no_more_room(void **state)
{
	struct renewal *renewal = renewal_new("/nonexistent");
	char id[ACCOUNT_ID_BYTES + 1];

	(void)state;
	for (int i = 0; i < 3 * NOTED; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_false(is_noted(renewal, id, NOW));
		assert_true(is_noted(renewal, id, NOW));
	}
	/* Who was forgotten is told of again. */
	assert_false(is_noted(renewal, "0", NOW));
	renewal_free(renewal);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* The next line that somebody sends to the door. */
static void
hear(int door, char *ret_line, size_t size)
{
	struct pollfd waiting = { door, POLLIN, 0 };
	size_t len = 0;

	assert_int_equal(poll(&waiting, 1, DEADLINE_MS), 1);
	int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	assert_int_not_equal(fd, -1);
	while (len < size - 1 && memchr(ret_line, '\n', len) == NULL) {
		ssize_t got = read(fd, ret_line + len, size - 1 - len);

		assert_true(got > 0);
		len += (size_t)got;
	}
	ret_line[len] = '\0';
	close(fd);
}

static void
who_has_not_been_seen_for_a_minute_is_told_of(void **state)
{
	char path[] = "/tmp/kruxos-renewal-XXXXXX", line[1024];
	struct accounts_caller seen = caller("a", NOW - 1),
			       unseen = caller("b", NOW - RENEWAL_INTERVAL);
	int file = mkstemp(path);
	int door = listen_at(path);
	struct renewal *renewal = renewal_new(path);

	(void)state;
	renewal_note(renewal, &seen, SLICE_LITERAL(SECRET), NOW);
	assert_null(renewal->pool); /* nothing to tell */
	renewal_note(renewal, &unseen, SLICE_LITERAL(SECRET), NOW);
	hear(door, line, sizeof(line));
	assert_non_null(strstr(line, "\"do\":\"account.renew\""));
	assert_non_null(strstr(line, "\"credential\":\"" SECRET "\""));
	renewal_free(renewal);
	close(door);
	close(file);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_told_of_once_a_minute),
		cmocka_unit_test(many_sessions_need_no_more_room),
		cmocka_unit_test(who_has_not_been_seen_for_a_minute_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
