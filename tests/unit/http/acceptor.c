#include "lib/http/acceptor.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/unix_socket.h"
#include "tests/unit/test_clock.h"

#include <sys/resource.h>
#include <unistd.h>

enum { BURST = 200, ROOM = BURST + 2 };

static char folder[] = "/tmp/kruxos-acceptor-XXXXXX";
static char path[64];

struct fixture {
	struct loop *loop;
	struct acceptor acceptor;
	int clients[ROOM], fds[ROOM];
	size_t connected, accepted;
	bool is_meddled_with;
};

/* What another who has the socket may do. */
static void
make_it_wait(const struct fixture *f)
{
	assert_int_equal(fcntl(f->acceptor.listener.fd, F_SETFL, 0), 0);
}

static void
on_accepted(void *context, int fd)
{
	struct fixture *f = context;

	assert_true(f->accepted < ROOM);
	f->fds[f->accepted++] = fd;
	if (f->is_meddled_with)
		make_it_wait(f);
}

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/acceptor.sock", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int
setup(void **state)
{
	static struct fixture f;
	struct listener listener;
	struct error err = { 0 };

	f = (struct fixture){ .loop = loop_new(&test_clock, &err) };
	f.acceptor = (struct acceptor){ on_accepted, &f };
	*state = &f;
	return listener_bind(path, &listener, &err) == -1
		   ? -1
		   : acceptor_open(&f.acceptor, f.loop, &listener, &err);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	acceptor_close(&f->acceptor);
	acceptor_close(&f->acceptor);
	loop_free(f->loop);
	for (size_t i = 0; i < f->connected; i++)
		close(f->clients[i]);
	for (size_t i = 0; i < f->accepted; i++)
		close(f->fds[i]);
	return access(path, F_OK) == -1 ? 0 : -1;
}

static void
connect_clients(struct fixture *f, size_t count)
{
	struct sockaddr_un address;
	struct error err = { 0 };

	assert_int_equal(unix_socket_address(path, &address, &err), 0);
	for (; count > 0; count--) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(
		    connect(fd, (struct sockaddr *)&address, sizeof(address)),
		    0);
		f->clients[f->connected++] = fd;
	}
}

static void
turn(struct fixture *f)
{
	struct error err = { 0 };

	assert_int_equal(loop_turn(f->loop, 0, &err), 0);
}

static void
a_burst_is_taken_in_one_turn(void **state)
{
	struct fixture *f = *state;

	connect_clients(f, BURST);
	turn(f);
	assert_int_equal(f->accepted, BURST);
}

static void
behind_a_burst_more_are_looked_for_after_every_turn(void **state)
{
	struct fixture *f = *state;

	connect_clients(f, BURST);
	turn(f);
	connect_clients(f, 1);
	after_turn(&f->acceptor);
	assert_int_equal(f->accepted, BURST + 1);
	test_now += CROWD_LASTS;
	turn(f);
	connect_clients(f, 1);
	after_turn(&f->acceptor);
	assert_int_equal(f->accepted, BURST + 1);
	turn(f);
	assert_int_equal(f->accepted, BURST + 2);
}

static void
it_never_waits_though_another_makes_the_socket_wait(void **state)
{
	struct fixture *f = *state;

	alarm(10); /* that is not for ever */
	make_it_wait(f);
	connect_clients(f, 1);
	turn(f);
	assert_int_equal(f->accepted, 1);
	assert_true(
	    (fcntl(f->acceptor.listener.fd, F_GETFL) & O_NONBLOCK) != 0);
	f->is_meddled_with = true;
	connect_clients(f, 2);
	turn(f);
	assert_int_equal(f->accepted, 3);
	f->is_meddled_with = false;
	alarm(0);
}

static void
without_descriptors_it_waits_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, limit;
	int highest;

	connect_clients(f, 2);
	highest = dup(0);
	close(highest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)highest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	turn(f);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(f->accepted, 0);
	turn(f); /* the pause is not over */
	assert_int_equal(f->accepted, 0);
	test_now += PAUSE;
	turn(f);
	turn(f);
	assert_int_equal(f->accepted, 2);
}

static void
a_stop_takes_who_is_there_and_hides(void **state)
{
	struct fixture *f = *state;

	connect_clients(f, BURST);
	acceptor_stop(&f->acceptor);
	assert_int_equal(f->accepted, BURST);
	assert_int_equal(access(path, F_OK), -1);
	turn(f);
	acceptor_stop(&f->acceptor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_burst_is_taken_in_one_turn),
		TEST(behind_a_burst_more_are_looked_for_after_every_turn),
		TEST(it_never_waits_though_another_makes_the_socket_wait),
		TEST(without_descriptors_it_waits_and_goes_on),
		TEST(a_stop_takes_who_is_there_and_hides),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
