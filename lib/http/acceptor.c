#include "http/acceptor.h"

#include "base/diag.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>

/* All who can wait: whom the backlog has no room for gets a 503, on which a
 * browser gives its stream up. Of 10,000 streams at once it was one in fifty
 * while 64 were taken a turn. */
enum { ACCEPTS_A_TURN = LISTENER_BACKLOG };

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

static void
on_connection(void *context, uint32_t events)
{
	struct acceptor *acceptor = context;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN && accept_one(acceptor); i++)
		;
}

int
acceptor_open(struct acceptor *acceptor, struct loop *loop,
    struct listener *listener, struct error *err)
{
	acceptor->loop = loop;
	acceptor->listener = *listener;
	acceptor->watch = (struct loop_watch){ on_connection, acceptor };
	acceptor->resume = (struct loop_timer){ resume, acceptor };
	*listener = (struct listener)LISTENER_INIT;
	if (loop_add(loop, acceptor->listener.fd, &acceptor->watch, EPOLLIN) ==
	    -1)
		return error_set_errno(err, "the listening socket");
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
	listener_close(&acceptor->listener);
}
