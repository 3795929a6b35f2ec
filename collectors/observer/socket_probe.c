#include "collectors/observer/socket_probe.h"

#include "collectors/observer/stay.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/unix_socket.h"

#include <sys/socket.h>

#include <errno.h>

struct socket_probes {
	sd_event *event;
};

static void
fail(struct check *check, const char *details)
{
	check_end(check, &(struct verdict){ OBSERVED_UNHEALTHY, details });
}

static const char *
refusal(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return "there is no such socket";
	case ECONNREFUSED:
		return "connection refused";
	case EACCES:
		return "the modes of the socket keep the observer out";
	case EAGAIN:
		return "takes no connections: its queue is full";
	case EPROTOTYPE:
		return "this is no stream socket";
	default:
		return strerror(errnum);
	}
}

static void
on_end(void *context, bool is_closed)
{
	struct check *check = context;

	*check_state(check) = NULL;
	if (is_closed)
		fail(check, "closed at once");
	else
		check_end(
		    check, &(struct verdict){ OBSERVED_HEALTHY, "connected" });
}

/* A connection to a unix socket is there at once, or never. */
static void
begin(void *context, struct check *check)
{
	struct socket_probes *probes = context;
	struct sockaddr_un address;
	struct error err;
	int fd;

	if (unix_socket_address(check_service(check)->target, &address, &err) ==
	    -1) {
		fail(check, err.sentence);
		return;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		fail(check, strerror(errno));
		return;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    -1) {
		fail(check, refusal(errno));
		close(fd);
		return;
	}
	check_answered(check);
	*check_state(check) = stay_new(probes->event, fd, on_end, check);
}

static void
cancel(void *context, struct check *check)
{
	(void)context;
	stay_free(*check_state(check));
	*check_state(check) = NULL;
}

const struct probe_kind socket_probe = { begin, cancel };

struct socket_probes *
socket_probes_new(sd_event *event)
{
	struct socket_probes *probes = memory_new(sizeof(*probes));

	probes->event = sd_event_ref(event);
	return probes;
}

void
socket_probes_free(struct socket_probes *probes)
{
	if (probes == NULL)
		return;
	sd_event_unref(probes->event);
	free(probes);
}
