#include "http/acceptor.h"

#include "base/diag.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>

/* All who can wait: whom the backlog has no room for gets a 503, on which a
 * browser gives its stream up. */
enum { ACCEPTS_A_TURN = LISTENER_BACKLOG };

/* So many at once are a crowd. For a moment more of them are looked for after
 * every turn: epoll would come back to the socket only when all who were taken
 * are served, and of 10,000 streams at once one in fifty was refused. */
enum { CROWD = 64 };
static const usec_t CROWD_LASTS = USEC_PER_SEC;

/* No descriptors, no memory: how long before the next try. */
static const usec_t PAUSE = 100 * USEC_PER_MSEC;

static void
resume(void *context)
{
	struct acceptor *acceptor = context;

	if (acceptor->open)
		loop_change(acceptor->loop, acceptor->listener.fd,
		    &acceptor->watch, EPOLLIN);
}

/* EMFILE and its like. */
static void
pause_accepting(struct acceptor *acceptor)
{
	acceptor->crowded_until = 0;
	diag(DIAG_WARNING, "accept: %s; going on in a moment", strerror(errno));
	loop_change(acceptor->loop, acceptor->listener.fd, &acceptor->watch, 0);
	loop_timer_set(acceptor->loop, &acceptor->resume, PAUSE);
}

/* Take one connection; false when there is none. */
static bool
accept_one(struct acceptor *acceptor)
{
	int fd = accept4(acceptor->listener.fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		acceptor->on_accepted(acceptor->context, fd);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno != EAGAIN && acceptor->open)
		pause_accepting(acceptor);
	return false;
}

/* Whoever has the socket, too, may make it wait: systemd does so with each
 * command of a unit whose standard input it is, a reload's for one. */
static void
keep_from_waiting(const struct acceptor *acceptor)
{
	fcntl(acceptor->listener.fd, F_SETFL, O_NONBLOCK);
}

/* And if that happens right now, it does not wait long. */
static int
limit_waiting(const struct acceptor *acceptor)
{
	const struct timeval shortest = { .tv_usec = 1 };

	return setsockopt(acceptor->listener.fd, SOL_SOCKET, SO_RCVTIMEO,
	    &shortest, sizeof(shortest));
}

static void
accept_all(struct acceptor *acceptor)
{
	int taken = 0;

	keep_from_waiting(acceptor);
	while (taken < ACCEPTS_A_TURN && accept_one(acceptor))
		if (++taken == CROWD)
			acceptor->crowded_until =
			    loop_now(acceptor->loop) + CROWD_LASTS;
}

static void
on_connection(void *context, uint32_t events)
{
	(void)events;
	accept_all(context);
}

static bool
after_turn(void *context)
{
	struct acceptor *acceptor = context;

	if (acceptor->open &&
	    loop_now(acceptor->loop) < acceptor->crowded_until)
		accept_all(acceptor);
	return false;
}

int
acceptor_open(struct acceptor *acceptor, struct loop *loop,
    struct listener *listener, struct error *err)
{
	acceptor->loop = loop;
	acceptor->listener = *listener;
	acceptor->watch = (struct loop_watch){ on_connection, acceptor };
	acceptor->resume = (struct loop_timer){ resume, acceptor };
	acceptor->hook = (struct loop_hook){ after_turn, acceptor };
	*listener = (struct listener)LISTENER_INIT;
	if (limit_waiting(acceptor) == -1 ||
	    loop_add(loop, acceptor->listener.fd, &acceptor->watch, EPOLLIN) ==
		-1)
		return error_set_errno(err, "the listening socket");
	loop_hook_add(loop, &acceptor->hook);
	acceptor->open = true;
	return 0;
}

void
acceptor_stop(struct acceptor *acceptor)
{
	if (!acceptor->open)
		return;
	acceptor->open = false;
	loop_remove(acceptor->loop, acceptor->listener.fd, &acceptor->watch);
	if (acceptor->listener.path != NULL) {
		/* Nobody comes any more, but some are here already. */
		listener_hide(&acceptor->listener);
		while (accept_one(acceptor))
			;
	}
	acceptor_close(acceptor);
}

void
acceptor_close(struct acceptor *acceptor)
{
	if (acceptor->loop == NULL)
		return;
	if (acceptor->open)
		loop_remove(
		    acceptor->loop, acceptor->listener.fd, &acceptor->watch);
	acceptor->open = false;
	loop_timer_remove(acceptor->loop, &acceptor->resume);
	loop_hook_remove(acceptor->loop, &acceptor->hook);
	listener_close(&acceptor->listener);
}
