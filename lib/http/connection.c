#include "http/connection.h"

#include "http/record.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <unistd.h>

enum {
	BODY_BYTES = 4 << 20, /* nginx lets 1 MiB through */
	/* A request is read when its first byte is there, and nginx sends it
	 * at once and whole; so whoever pauses within it is not nginx. */
	RECEIVE_SECONDS = 2,
	/* A peer that takes nothing for so long has gone. nginx gives up a
	 * client after 10 s. */
	SEND_SECONDS = 15,
};

void
connection_init_library(void)
{
	FCGX_Init();
}

static int
write_fcgi(struct reply_sink *sink, struct slice bytes)
{
	struct connection *conn = (struct connection *)sink;

	while (bytes.len > 0) {
		int part = bytes.len > INT32_MAX ? INT32_MAX : (int)bytes.len;

		if (FCGX_PutStr(bytes.data, part, conn->fcgi.out) != part)
			return -1;
		bytes.data += part, bytes.len -= (size_t)part;
	}
	return 0;
}

static void
set_timeouts(int fd)
{
	const struct timeval receive = { .tv_sec = RECEIVE_SECONDS };
	const struct timeval send = { .tv_sec = SEND_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof(receive));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof(send));
}

/* FCGX_Accept_r() itself would wait 2 s for a peer that says nothing, and for
 * the rest of a request without end. So it is given a socket that the server
 * has accepted, as if it were a kept one; and none to accept from, to which it
 * would turn when a connection ends. */
void
connection_open(struct connection *conn, int fd)
{
	*conn = (struct connection){ .sink = { write_fcgi } };
	FCGX_InitRequest(&conn->fcgi, -1, 0);
	conn->fcgi.ipcFd = fd;
	conn->fcgi.keepConnection = 1;
	FCGX_Detach(&conn->fcgi); /* closing would wait for the peer, 2 s */
	set_timeouts(fd);
}

int
connection_fd(const struct connection *conn)
{
	return conn->fcgi.ipcFd;
}

/* What is left over of a body would be taken for the next request. False if
 * it goes on and on. */
static bool
read_body(FCGX_Request *fcgi)
{
	char trash[4096];

	for (size_t i = 0; i < BODY_BYTES / sizeof(trash); i++)
		if (FCGX_GetStr(trash, sizeof(trash), fcgi->in) <
		    (int)sizeof(trash))
			return true;
	return false;
}

int
connection_read(struct connection *conn)
{
	if (FCGX_Accept_r(&conn->fcgi) < 0 || !read_body(&conn->fcgi))
		return -1;
	return 0;
}

char **
connection_variables(const struct connection *conn)
{
	return conn->fcgi.envp;
}

void
connection_finish(struct connection *conn)
{
	FCGX_Finish_r(&conn->fcgi);
}

bool
connection_is_takeable(const struct connection *conn)
{
	return conn->fcgi.requestId == RECORD_REQUEST_ID;
}

int
connection_take(struct connection *conn)
{
	int fd = conn->fcgi.ipcFd;

	conn->fcgi.ipcFd = -1;
	FCGX_Free(&conn->fcgi, 0);
	return fd;
}

void
connection_close(struct connection *conn)
{
	int fd = connection_take(conn);

	if (fd == -1)
		return;
	shutdown(fd, SHUT_RDWR);
	close(fd);
}
