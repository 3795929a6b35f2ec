#include "collectors/observer/stay.h"

#include "base/diag.h"
#include "base/memory.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct stay {
	int fd;
	sd_event_source *io, *timer;
	stay_on_end on_end;
	void *context;
};

void
stay_free(struct stay *stay)
{
	if (stay == NULL)
		return;
	sd_event_source_disable_unref(stay->io);
	sd_event_source_disable_unref(stay->timer);
	close(stay->fd);
	free(stay);
}

static void
end(struct stay *stay, bool is_closed)
{
	stay_on_end on_end = stay->on_end;
	void *context = stay->context;

	stay_free(stay);
	on_end(context, is_closed);
}

/* It has something to say, or has gone. */
static int
on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	(void)source;
	(void)events;
	end(userdata, got <= 0);
	return 0;
}

static int
on_timer(sd_event_source *source, usec_t at, void *userdata)
{
	(void)source;
	(void)at;
	end(userdata, false);
	return 0;
}

struct stay *
stay_new(sd_event *event, int fd, stay_on_end on_end, void *context)
{
	struct stay *stay = memory_new(sizeof(*stay));
	int r;

	*stay = (struct stay){ .fd = fd, .on_end = on_end, .context = context };
	r = sd_event_add_io(
	    event, &stay->io, fd, EPOLLIN | EPOLLRDHUP, on_io, stay);
	if (r < 0)
		diag(DIAG_ERROR, "a connection cannot be watched: %s",
		    strerror(-r));
	/* Without the timer nobody would hear of it; the check's own time-out
	 * ends it then. */
	r = sd_event_add_time_relative(
	    event, &stay->timer, CLOCK_BOOTTIME, STAY_SPAN, 0, on_timer, stay);
	if (r < 0)
		diag(DIAG_ERROR, "a connection has no timer: %s", strerror(-r));
	return stay;
}
