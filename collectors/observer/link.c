#include "collectors/observer/link.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/unix_socket.h"
#include "door/answer.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>

#define PAUSE_SHORTEST (USEC_PER_SEC / 2)
#define PAUSE_LONGEST  (5 * USEC_PER_SEC)

enum { PIECE_BYTES = 4096, ANSWER_BYTES = 64 << 10 };

struct link {
	sd_event *event;
	struct clock *clock;
	char *path;
	struct link_handlers handlers;
	int fd; /* -1: there is no connection */
	sd_event_source *io, *timer;
	usec_t pause;
	usec_t sent_at; /* CLOCK_MONOTONIC */
	uint64_t id;
	bool is_waiting; /* for the answer to command `id` */
	bool said_away, said_refusal;
	struct buf out, in;
	struct json_reader reader;
};

/* --- it ends, and begins again ------------------------------------------- */

static void
try_later(struct link *link)
{
	sd_event_source_set_time_relative(link->timer, link->pause);
	sd_event_source_set_enabled(link->timer, SD_EVENT_ONESHOT);
	link->pause *= 2;
	if (link->pause > PAUSE_LONGEST)
		link->pause = PAUSE_LONGEST;
}

static void
hang_up(struct link *link)
{
	link->io = sd_event_source_disable_unref(link->io);
	if (link->fd != -1)
		close(link->fd);
	link->fd = -1;
	link->is_waiting = false;
	buf_reset(&link->out);
	buf_reset(&link->in);
}

static void
lose(struct link *link, const char *why)
{
	hang_up(link);
	if (!link->said_away)
		diag(DIAG_WARNING, "%s: %s; trying again", link->path, why);
	link->said_away = true;
	try_later(link);
}

/* --- answers ------------------------------------------------------------- */

static void
take_refusal(struct link *link, const struct answer *answer)
{
	if (!link->said_refusal)
		diag(DIAG_WARNING, "the daemon refuses: %.*s: %.*s",
		    SLICE_ARG(answer->code), SLICE_ARG(answer->detail));
	link->said_refusal = true;
}

/* -1: the connection is of no use any more. */
static int
take_answer(struct link *link, struct slice line, struct error *err)
{
	struct answer answer;

	if (answer_parse(&link->reader, line, &answer, err) == -1)
		return -1;
	switch (answer.kind) {
	case ANSWER_OK:
		link->is_waiting = false;
		link->said_refusal = false;
		link->pause = PAUSE_SHORTEST;
		link->handlers.on_answered(link->handlers.context, true);
		return 0;
	case ANSWER_FAILED:
		link->is_waiting = false;
		take_refusal(link, &answer);
		link->handlers.on_answered(link->handlers.context, false);
		return 0;
	case ANSWER_ERROR: /* the connection itself */
		answer_to_error(&answer, err);
		return -1;
	default:
		return 0;
	}
}

static int
take_answers(struct link *link, struct error *err)
{
	struct slice bytes = buf_slice(&link->in), line;

	while (slice_take_line(&bytes, &line))
		if (take_answer(link, line, err) == -1)
			return -1;
	buf_consume(&link->in, link->in.len - bytes.len);
	if (link->in.len > ANSWER_BYTES)
		return error_set(err, ERROR_TOO_LONG, "an endless answer");
	return 0;
}

/* --- bytes --------------------------------------------------------------- */

static int
read_some(struct link *link, struct error *err)
{
	ssize_t got;

	buf_reserve(&link->in, PIECE_BYTES);
	got = recv(
	    link->fd, link->in.data + link->in.len, PIECE_BYTES, MSG_DONTWAIT);
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got == -1)
		return error_set_errno(err, "read");
	if (got == 0)
		return error_set(
		    err, ERROR_UNREACHABLE, "the daemon has hung up");
	buf_set_len(&link->in, link->in.len + (size_t)got);
	return take_answers(link, err);
}

static int
write_some(struct link *link, struct error *err)
{
	ssize_t sent = 0;
	int r;

	if (link->out.len > 0)
		sent = send(link->fd, link->out.data, link->out.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == -1 && errno != EAGAIN && errno != EINTR)
		return error_set_errno(err, "write");
	if (sent > 0)
		buf_consume(&link->out, (size_t)sent);
	r = sd_event_source_set_io_events(
	    link->io, link->out.len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (r >= 0)
		return 0;
	errno = -r;
	return error_set_errno(err, "the loop");
}

static int
on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct link *link = userdata;
	struct error err;

	(void)source;
	(void)fd;
	if (((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
		read_some(link, &err) == -1) ||
	    ((events & EPOLLOUT) != 0 && write_some(link, &err) == -1))
		lose(link, err.sentence);
	return 0;
}

/* --- connecting ---------------------------------------------------------- */

static int
connect_socket(struct link *link, struct error *err)
{
	struct sockaddr_un address;
	int r;

	if (unix_socket_address(link->path, &address, err) == -1)
		return -1;
	link->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd == -1)
		return error_set_errno(err, "socket");
	if (connect(link->fd, (const struct sockaddr *)&address,
		sizeof(address)) == -1)
		return error_set_errno(err, "connect");
	r = sd_event_add_io(
	    link->event, &link->io, link->fd, EPOLLIN, on_io, link);
	if (r >= 0)
		return 0;
	errno = -r;
	return error_set_errno(err, "the loop");
}

static int
on_timer(sd_event_source *source, usec_t at, void *userdata)
{
	struct link *link = userdata;
	struct error err;

	(void)source;
	(void)at;
	if (connect_socket(link, &err) == -1) {
		lose(link, err.sentence);
		return 0;
	}
	if (link->said_away)
		diag(DIAG_INFO, "%s: connected again", link->path);
	link->said_away = false;
	link->handlers.on_open(link->handlers.context);
	return 0;
}

/* --- for who has it ------------------------------------------------------ */

struct link *
link_new(sd_event *event, struct clock *clock, const char *path,
    const struct link_handlers *handlers)
{
	struct link *link = memory_new(sizeof(*link));
	int r;

	link->event = sd_event_ref(event);
	link->clock = clock;
	link->path = strdup(path);
	if (link->path == NULL)
		memory_end(strlen(path));
	link->handlers = *handlers;
	link->fd = -1;
	link->pause = PAUSE_SHORTEST;
	buf_init(&link->out);
	buf_init(&link->in);
	link->reader = (struct json_reader)JSON_READER_INIT;
	r = sd_event_add_time_relative(
	    event, &link->timer, CLOCK_BOOTTIME, 0, 0, on_timer, link);
	if (r < 0)
		diag(DIAG_ERROR, "the loop: %s", strerror(-r));
	return link;
}

void
link_free(struct link *link)
{
	if (link == NULL)
		return;
	hang_up(link);
	sd_event_source_disable_unref(link->timer);
	sd_event_unref(link->event);
	buf_free(&link->out);
	buf_free(&link->in);
	json_reader_free(&link->reader);
	free(link->path);
	free(link);
}

bool
link_is_ready(struct link *link)
{
	if (link->is_waiting &&
	    clock_monotonic(link->clock) >= link->sent_at + LINK_PATIENCE)
		lose(link, "the daemon does not answer");
	return link->fd != -1 && !link->is_waiting;
}

void
link_send(struct link *link, const char *verb, struct slice args)
{
	struct error err;

	buf_addf(&link->out, "{\"do\":\"%s\",\"id\":\"%llu\",\"args\":", verb,
	    (unsigned long long)++link->id);
	buf_add_slice(&link->out, args);
	buf_add_str(&link->out, "}\n");
	link->is_waiting = true;
	link->sent_at = clock_monotonic(link->clock);
	if (write_some(link, &err) == -1)
		lose(link, err.sentence);
}
