#include "fcgi/link.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/unix_socket.h"
#include "door/message.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <unistd.h>

enum {
	WIRES = 8,
	/* kruxosd takes so many commands of a connection at once, and reads no
	 * more of it until one of them has ended. */
	WIRE_CALLS = 16,
	/* On their way; whoever comes then is told so. */
	CALLS_MAX = 1024,
	OUTPUT_BYTES = 16 << 20, /* of a connection that takes nothing */
	PIECE_BYTES = 64 << 10,
	/* An answer is never longer. */
	ANSWER_BYTES = 4 << 20,
	/* Of a command: keys, verb, id and credential. */
	FRAME_BYTES = 512,
};

static const usec_t PATIENCE = 10 * USEC_PER_SEC;
static const usec_t PATIENCE_CHECKED = USEC_PER_SEC;

TAILQ_HEAD(call_list, link_call);

/* One connection. */
struct wire {
	struct link *link;
	int fd; /* -1: there is none */
	struct loop_watch watch;
	struct buf output; /* what the socket has not taken yet */
	bool is_full;	   /* it takes no more; epoll says when it does */
	struct buf input;
	uint64_t lines;		/* sent over this connection */
	struct call_list calls; /* in the order in which they were sent */
	unsigned count;
};

struct link {
	struct loop *loop;
	const char *path;
	uint64_t ids;
	struct wire wires[WIRES];
	struct call_list failed; /* their outcome comes when the turn ends */
	unsigned count;		 /* calls on all wires */
	bool has_complained;	 /* since the last answer */
	struct json_reader reader;
	struct loop_hook after_turn;
	struct loop_timer patience;
};

/* --- outcomes ------------------------------------------------------------- */

static void
take_off(struct wire *wire, struct link_call *call)
{
	TAILQ_REMOVE(&wire->calls, call, next);
	wire->count--;
	wire->link->count--;
}

/* Who asks is told less: it is said here, once until there is an answer. */
static void
complain(struct link *link, const struct error *why)
{
	if (!link->has_complained)
		diag(DIAG_WARNING, "%s", why->sentence);
	link->has_complained = true;
}

static void
fail_later(struct link *link, struct link_call *call, const struct error *why)
{
	complain(link, why);
	call->err = *why;
	TAILQ_INSERT_TAIL(&link->failed, call, next);
}

static void
hang_up(struct wire *wire)
{
	if (wire->fd == -1)
		return;
	loop_remove(wire->link->loop, wire->fd, &wire->watch);
	close(wire->fd);
	wire->fd = -1;
	wire->is_full = false;
	/* Commands may hold secrets. */
	buf_wipe(&wire->output);
	buf_reset(&wire->input);
	wire->lines = 0;
}

/* The connection is over, and with it what was on its way. */
static void
lose(struct wire *wire, const struct error *why)
{
	struct link_call *call;

	hang_up(wire);
	while ((call = TAILQ_FIRST(&wire->calls)) != NULL) {
		take_off(wire, call);
		fail_later(wire->link, call, why);
	}
}

/* --- answers -------------------------------------------------------------- */

/* The call that is answered: by its id, or, if its line could not be read, by
 * the line. NULL: nobody waits for it any more. */
static struct link_call *
find_call(const struct wire *wire, const struct answer *answer)
{
	bool is_line = answer->kind == ANSWER_ERROR;
	struct link_call *call;
	uint64_t id = 0;

	if (!is_line && number_parse_u64(answer->id, 0, UINT64_MAX, &id) == -1)
		return NULL;
	TAILQ_FOREACH(call, &wire->calls, next)
		if (is_line ? call->line == answer->line : call->id == id)
			return call;
	return NULL;
}

/* -1: the connection is of no use any more. */
static int
take_answer(struct wire *wire, struct slice line, struct error *err)
{
	struct answer answer;
	struct error said;
	struct link_call *call;

	if (answer_parse(&wire->link->reader, line, &answer, err) == -1)
		return -1;
	if (answer.kind == ANSWER_ERROR && answer.line == 0) {
		answer_to_error(&answer, err); /* the connection itself */
		return -1;
	}
	if (answer.kind == ANSWER_PROGRESS || answer.kind == ANSWER_ACCEPTED)
		return 0;
	call = find_call(wire, &answer);
	if (call == NULL)
		return 0;
	take_off(wire, call);
	wire->link->has_complained = false;
	if (answer.kind == ANSWER_OK) {
		call->on_answer(call, &answer, NULL);
		return 0;
	}
	answer_to_error(&answer, &said);
	call->on_answer(call, &answer, &said);
	return 0;
}

static int
take_answers(struct wire *wire, struct error *err)
{
	struct slice bytes = buf_slice(&wire->input), line;

	while (slice_take_line(&bytes, &line))
		if (take_answer(wire, line, err) == -1)
			return -1;
	buf_consume(&wire->input, wire->input.len - bytes.len);
	if (wire->input.len > ANSWER_BYTES)
		return error_set(
		    err, ERROR_CORRUPT, "the daemon's answer has no end");
	return 0;
}

/* --- bytes ---------------------------------------------------------------- */

static int
receive_some(struct wire *wire, struct error *err)
{
	ssize_t got;

	buf_reserve(&wire->input, PIECE_BYTES);
	got =
	    recv(wire->fd, wire->input.data + wire->input.len, PIECE_BYTES, 0);
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got == -1)
		return error_set(err, ERROR_UNREACHABLE,
		    "the connection to kruxosd failed: %m");
	if (got == 0)
		return error_set(
		    err, ERROR_UNREACHABLE, "kruxosd closed the connection");
	buf_set_len(&wire->input, wire->input.len + (size_t)got);
	return take_answers(wire, err);
}

/* As much as the socket takes. */
static int
send_some(struct wire *wire, struct error *err)
{
	bool was_full = wire->is_full;
	size_t done = 0;

	wire->is_full = false;
	while (done < wire->output.len && !wire->is_full) {
		ssize_t sent = send(wire->fd, wire->output.data + done,
		    wire->output.len - done, MSG_NOSIGNAL);

		if (sent >= 0)
			done += (size_t)sent;
		else if (errno == EAGAIN)
			wire->is_full = true;
		else if (errno != EINTR)
			return error_set(err, ERROR_UNREACHABLE,
			    "the connection to kruxosd failed: %m");
	}
	buf_consume(&wire->output, done);
	if (wire->is_full != was_full &&
	    loop_change(wire->link->loop, wire->fd, &wire->watch,
		wire->is_full ? EPOLLIN | EPOLLOUT : EPOLLIN) == -1)
		return error_set_errno(err, "watching ingest.sock");
	return 0;
}

static void
on_ready(void *context, uint32_t events)
{
	struct wire *wire = context;
	struct error err;

	if (((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
		receive_some(wire, &err) == -1) ||
	    (wire->fd != -1 && (events & EPOLLOUT) != 0 &&
		send_some(wire, &err) == -1))
		lose(wire, &err);
}

/* --- connecting ----------------------------------------------------------- */

static int
connect_wire(struct wire *wire, struct error *err)
{
	struct link *link = wire->link;
	struct sockaddr_un address;

	if (wire->fd != -1)
		return 0;
	if (unix_socket_address(link->path, &address, err) == -1)
		return -1;
	wire->watch = (struct loop_watch){ on_ready, wire };
	wire->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wire->fd == -1)
		return error_set_errno(err, "socket");
	if (connect(wire->fd, (const struct sockaddr *)&address,
		sizeof(address)) == 0 &&
	    loop_add(link->loop, wire->fd, &wire->watch, EPOLLIN) == 0)
		return 0;
	error_set(err, ERROR_UNREACHABLE,
	    "%s: nobody answers (%m); is kruxosd running?", link->path);
	close(wire->fd);
	wire->fd = -1;
	return -1;
}

/* --- asking --------------------------------------------------------------- */

/* The first that kruxosd still reads, so that few system calls carry many
 * commands; else the one with the fewest. */
static struct wire *
choose_wire(struct link *link)
{
	struct wire *best = &link->wires[0];

	for (size_t i = 0; i < WIRES; i++) {
		struct wire *wire = &link->wires[i];

		if (wire->count < WIRE_CALLS)
			return wire;
		if (wire->count < best->count)
			best = wire;
	}
	return best;
}

static void
add_command(struct buf *out, uint64_t id, const char *verb, struct slice args,
    struct slice credential)
{
	buf_reserve(out, FRAME_BYTES + args.len);
	buf_addf(out, "{\"do\":\"%s\",\"id\":\"%llu\",\"args\":", verb,
	    (unsigned long long)id);
	buf_add_slice(out, args);
	buf_addf(out, ",\"credential\":\"%.*s\"}\n", SLICE_ARG(credential));
}

static int
send_call(struct link *link, struct link_call *call, const char *verb,
    struct slice args, struct slice credential, struct error *err)
{
	struct wire *wire = choose_wire(link);

	if (args.len > MESSAGE_LINE_BYTES - FRAME_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "the call has %zu bytes, at most %d are recorded", args.len,
		    MESSAGE_LINE_BYTES - FRAME_BYTES);
	if (link->count >= CALLS_MAX || wire->output.len > OUTPUT_BYTES)
		return error_set(err, ERROR_BUSY,
		    "too many calls at once; ask again in a moment");
	if (connect_wire(wire, err) == -1)
		return -1;
	call->id = ++link->ids;
	call->line = ++wire->lines;
	call->due = loop_now(link->loop) + PATIENCE;
	add_command(&wire->output, call->id, verb, args, credential);
	TAILQ_INSERT_TAIL(&wire->calls, call, next);
	wire->count++;
	link->count++;
	return 0;
}

void
link_send(struct link *link, struct link_call *call, const char *verb,
    struct slice args, struct slice credential)
{
	struct error err;

	assert(memchr(args.data, '\n', args.len) == NULL);
	if (send_call(link, call, verb, args, credential, &err) == -1)
		fail_later(link, call, &err);
}

/* --- turns and time ------------------------------------------------------- */

static void
tell_failed(struct link *link)
{
	struct link_call *call;

	while ((call = TAILQ_FIRST(&link->failed)) != NULL) {
		TAILQ_REMOVE(&link->failed, call, next);
		call->on_answer(call, NULL, &call->err);
	}
}

static bool
after_turn(void *context)
{
	struct link *link = context;
	bool has_failed;
	struct error err;

	for (size_t i = 0; i < WIRES; i++) {
		struct wire *wire = &link->wires[i];

		if (wire->output.len > 0 && !wire->is_full &&
		    send_some(wire, &err) == -1)
			lose(wire, &err);
	}
	has_failed = !TAILQ_EMPTY(&link->failed);
	tell_failed(link);
	return has_failed; /* somebody goes on in the next turn */
}

/* What has had no answer in time is told so; what comes yet is nobody's. */
static void
on_patience(void *context)
{
	struct link *link = context;
	struct error err;

	error_set(&err, ERROR_UNREACHABLE,
	    "kruxosd has not answered within %u s",
	    (unsigned)(PATIENCE / USEC_PER_SEC));
	for (size_t i = 0; i < WIRES; i++) {
		struct wire *wire = &link->wires[i];
		struct link_call *call;

		while ((call = TAILQ_FIRST(&wire->calls)) != NULL &&
		       call->due <= loop_now(link->loop)) {
			take_off(wire, call);
			fail_later(link, call, &err);
		}
	}
}

/* --- begin and end -------------------------------------------------------- */

struct link *
link_new(struct loop *loop, const char *path)
{
	struct link *link = memory_new(sizeof(*link));

	*link = (struct link){
		.loop = loop,
		.path = path,
		.reader = JSON_READER_INIT,
		.after_turn = { after_turn, link },
		.patience = { on_patience, link, PATIENCE_CHECKED },
	};
	TAILQ_INIT(&link->failed);
	for (size_t i = 0; i < WIRES; i++) {
		struct wire *wire = &link->wires[i];

		wire->link = link;
		wire->fd = -1;
		buf_init(&wire->output);
		buf_init(&wire->input);
		TAILQ_INIT(&wire->calls);
	}
	loop_hook_add(loop, &link->after_turn);
	loop_every(loop, &link->patience);
	return link;
}

void
link_free(struct link *link)
{
	if (link == NULL)
		return;
	loop_timer_remove(link->loop, &link->patience);
	loop_hook_remove(link->loop, &link->after_turn);
	for (size_t i = 0; i < WIRES; i++) {
		hang_up(&link->wires[i]);
		buf_free(&link->wires[i].input);
	}
	json_reader_free(&link->reader);
	free(link);
}
