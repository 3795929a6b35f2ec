#include "http/connection.h"

#include "http/record.h"
#include "http/request.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <errno.h>
#include <unistd.h>

enum {
	BODY_BYTES = 8 << 20, /* nginx lets no program have more than 4 MiB */
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

/* Send all of `pieces`, which are used up. */
static int
send_all(int fd, struct iovec *pieces, size_t count)
{
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = count };

	while (message.msg_iovlen > 0) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent == -1 && errno != EINTR)
			return -1;
		while (message.msg_iovlen > 0 && sent >= 0 &&
		       (size_t)sent >= message.msg_iov->iov_len) {
			sent -= (ssize_t)message.msg_iov->iov_len;
			message.msg_iov++, message.msg_iovlen--;
		}
		if (message.msg_iovlen > 0 && sent > 0) {
			message.msg_iov->iov_base =
			    (char *)message.msg_iov->iov_base + sent;
			message.msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

static struct iovec
piece(const void *bytes, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)bytes, len };
}

/* The first `len` bytes of `from`, or what it has of them, are taken. */
static struct iovec
take(struct slice *from, size_t len)
{
	struct slice taken = { from->data, from->len < len ? from->len : len };

	from->data += taken.len, from->len -= taken.len;
	return piece(taken.data, taken.len);
}

static int
write_records(struct reply_sink *sink, struct slice first, struct slice second,
    bool is_last)
{
	struct connection *conn = (struct connection *)sink;
	struct record_end end = record_end(conn->fcgi.requestId);
	size_t left = first.len + second.len;

	while (left > 0 || (is_last && !conn->is_ended)) {
		size_t len =
		    left < RECORD_CONTENT_BYTES ? left : RECORD_CONTENT_BYTES;
		FCGI_Header head = record_stdout(conn->fcgi.requestId, len);
		struct iovec pieces[4];

		left -= len;
		conn->is_ended = is_last && left == 0;
		pieces[0] = piece(&head, len > 0 ? sizeof(head) : 0);
		pieces[1] = take(&first, len);
		pieces[2] = take(&second, len - pieces[1].iov_len);
		pieces[3] = piece(&end, conn->is_ended ? sizeof(end) : 0);
		if (send_all(conn->fcgi.ipcFd, pieces, 4) == -1)
			return -1;
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
connection_open(struct connection *conn, int fd, size_t body_bytes)
{
	*conn = (struct connection){
		.sink = { write_records },
		.body = BUF_INIT,
		.body_bytes = body_bytes,
	};
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

/* What is left over of a body would be taken for the next request: all of it is
 * read, and what no program takes thrown away. False if it goes on and on. */
static bool
read_body(struct connection *conn)
{
	char bytes[4096];

	for (size_t i = 0; i < BODY_BYTES / sizeof(bytes); i++) {
		int got = FCGX_GetStr(bytes, sizeof(bytes), conn->fcgi.in);

		if (got > 0 && conn->body.len <= conn->body_bytes)
			buf_add(&conn->body, bytes, (size_t)got);
		if (got < (int)sizeof(bytes))
			return true;
	}
	return false;
}

int
connection_read(struct connection *conn)
{
	conn->is_ended = false;
	if (FCGX_Accept_r(&conn->fcgi) < 0 || !read_body(conn))
		return -1;
	return 0;
}

struct slice
connection_body(const struct connection *conn)
{
	return buf_slice(&conn->body);
}

char **
connection_variables(const struct connection *conn)
{
	return conn->fcgi.envp;
}

/* A body may have been a password. */
static void
forget_request(struct connection *conn)
{
	explicit_bzero(conn->body.data, conn->body.len);
	buf_free(&conn->body);
	FCGX_Free(&conn->fcgi, 0);
}

void
connection_finish(struct connection *conn)
{
	struct slice none = { NULL, 0 };

	if (write_records(&conn->sink, none, none, true) == -1 ||
	    !conn->fcgi.keepConnection)
		connection_close(conn);
	else
		forget_request(conn);
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
	forget_request(conn);
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
