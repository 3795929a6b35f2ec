#include "door/door.h"

#include "base/json_writer.h"
#include "base/memory.h"
#include "base/unix_socket.h"
#include "door/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	/* Lines on their way: two of the daemon's batches, so that it has the
	 * next at hand while one is synced. */
	WINDOW_LINES = 8192,
	/* Kept back until that much is together: one system call for many. */
	SEND_BYTES = 64 << 10,
	RECEIVE_BYTES = 64 << 10,
	/* An answer is never longer: a command's result is the longest. */
	ANSWER_BYTES = 16 << 20,
	/* Of a command: keys, verb and id. */
	COMMAND_FRAME_BYTES = 256,
};

/* The command that is waited for. */
struct door_call {
	struct slice id;
	uint64_t line;
	door_on_progress on_progress;
	void *context;
	struct buf *result; /* or NULL */
	bool has_ended;
	bool has_failed; /* then: */
	struct error error;
};

struct door {
	int fd;
	int timeout_ms; /* -1: none */
	door_on_outcome on_outcome;
	void *context;
	struct buf output; /* from output_sent on: not yet in the socket */
	size_t output_sent;
	struct buf input;
	size_t input_scanned; /* there is no '\n' before this */
	struct json_reader reader;
	uint64_t sent;
	uint64_t unsettled;
	uint64_t settled_line; /* the last that had its outcome */
	uint64_t commands;
	struct door_call *call; /* or NULL */
	bool is_deaf;		/* the daemon takes nothing more */
	bool has_ended;		/* for good; then: */
	struct error end;
};

static int
open_socket(const char *path, usec_t timeout, struct error *err)
{
	struct sockaddr_un address;
	struct timeval patience = {
		.tv_sec = (time_t)(timeout / USEC_PER_SEC),
		.tv_usec = (suseconds_t)(timeout % USEC_PER_SEC),
	};
	int fd;

	if (unix_socket_address(path, &address, err) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return error_set_errno(err, "socket");
	/* Bounds connect() too, which waits while the backlog is full. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		if (errno == EACCES)
			error_set(err, ERROR_NOT_ALLOWED, "%s: %m", path);
		else
			error_set(err, ERROR_UNREACHABLE,
			    "%s: nobody answers (%m); is kruxosd running?",
			    path);
		close(fd);
		return -1;
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
		error_set_errno(err, "%s: fcntl", path);
		close(fd);
		return -1;
	}
	return fd;
}

static int
poll_timeout(usec_t timeout)
{
	usec_t timeout_ms = (timeout + USEC_PER_MSEC - 1) / USEC_PER_MSEC;

	if (timeout == 0)
		return -1;
	return timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
}

struct door *
door_open(const char *path, usec_t timeout, door_on_outcome on_outcome,
    void *context, struct error *err)
{
	int fd = open_socket(path, timeout, err);
	struct door *door;

	if (fd == -1)
		return NULL;
	door = memory_new(sizeof(*door));
	*door = (struct door){
		.fd = fd,
		.timeout_ms = poll_timeout(timeout),
		.on_outcome = on_outcome,
		.context = context,
		.output = BUF_INIT,
		.input = BUF_INIT,
		.reader = JSON_READER_INIT,
	};
	return door;
}

void
door_close(struct door *door)
{
	if (door == NULL)
		return;
	close(door->fd);
	/* Commands and their answers may hold secrets. */
	buf_wipe(&door->output);
	buf_wipe(&door->input);
	json_reader_free(&door->reader);
	free(door);
}

/* --- the end -------------------------------------------------------------- */

/* The connection is over, and every call says why. Always -1. */
static int
end(struct door *door, const struct error *why)
{
	if (!door->has_ended)
		door->end = *why;
	door->has_ended = true;
	return -1;
}

static int __attribute__((format(printf, 3, 4)))
end_with(struct door *door, enum error_code code, const char *format, ...)
{
	va_list arguments;
	struct error why;
	char sentence[ERROR_SENTENCE_SIZE];

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	error_set(&why, code, "%s", sentence);
	return end(door, &why);
}

static int
check_open(const struct door *door, struct error *err)
{
	if (!door->has_ended)
		return 0;
	*err = door->end;
	return -1;
}

/* --- answers -------------------------------------------------------------- */

/* Lines have their outcome in their order, each once. */
static int
settle(struct door *door, const struct door_outcome *outcome)
{
	if (outcome->line <= door->settled_line || outcome->line > door->sent ||
	    door->unsettled == 0)
		return end_with(door, ERROR_CORRUPT,
		    "the daemon answered line %llu out of turn",
		    (unsigned long long)outcome->line);
	door->settled_line = outcome->line;
	door->unsettled--;
	if (door->on_outcome != NULL)
		door->on_outcome(door->context, outcome);
	return 0;
}

static int
take_accepted(struct door *door, const struct answer *answer)
{
	struct door_outcome outcome = { .is_duplicate = answer->is_duplicate };

	for (uint64_t behind = answer->count; behind-- > 0;) {
		outcome.line = answer->line - behind;
		outcome.seq = answer->seq - behind;
		if (settle(door, &outcome) == -1)
			return -1;
	}
	return 0;
}

static void
call_fail(struct door_call *call, const struct error *why)
{
	call->has_ended = true;
	call->has_failed = true;
	call->error = *why;
}

static int
take_error(struct door *door, const struct answer *answer)
{
	struct door_outcome outcome = { .line = answer->line };
	struct error why;

	answer_to_error(answer, &why);
	if (answer->line == 0)
		return end(door, &why);
	if (door->call != NULL && door->call->line == answer->line) {
		call_fail(door->call, &why);
		return 0;
	}
	outcome.error = &why;
	return settle(door, &outcome);
}

static void
take_call(struct door_call *call, const struct answer *answer)
{
	struct error why;

	switch (answer->kind) {
	case ANSWER_PROGRESS:
		if (call->on_progress != NULL)
			call->on_progress(call->context, answer->progress);
		return;
	case ANSWER_FAILED:
		answer_to_error(answer, &why);
		call_fail(call, &why);
		return;
	default:
		call->has_ended = true;
		if (call->result == NULL)
			return;
		buf_reset(call->result);
		buf_add_slice(call->result, answer->result);
	}
}

static int
take_answer(struct door *door, struct slice line)
{
	struct answer answer;
	struct error err;

	if (answer_parse(&door->reader, line, &answer, &err) == -1)
		return end(door, &err);
	switch (answer.kind) {
	case ANSWER_ACCEPTED:
		return take_accepted(door, &answer);
	case ANSWER_ERROR:
		return take_error(door, &answer);
	case ANSWER_PROGRESS:
	case ANSWER_OK:
	case ANSWER_FAILED:
		break;
	}
	/* The answer to a call that timed out is nobody's. */
	if (door->call != NULL && slice_equal(door->call->id, answer.id))
		take_call(door->call, &answer);
	return 0;
}

static int
take_answers(struct door *door)
{
	struct buf *input = &door->input;
	size_t taken = 0;
	const char *newline;

	while ((newline = memchr(input->data + door->input_scanned, '\n',
		    input->len - door->input_scanned)) != NULL) {
		struct slice line = { input->data + taken,
			(size_t)(newline - input->data) - taken };

		taken += line.len + 1;
		door->input_scanned = taken;
		if (take_answer(door, line) == -1)
			return -1;
	}
	buf_consume(input, taken);
	door->input_scanned = input->len;
	if (input->len > ANSWER_BYTES)
		return end_with(
		    door, ERROR_CORRUPT, "the daemon's answer has no end");
	return 0;
}

/* --- the socket ----------------------------------------------------------- */

static size_t
unsent(const struct door *door)
{
	return door->output.len - door->output_sent;
}

/* As much as the socket takes. What the daemon has answered, or answers yet, is
 * still to be read: a failure only ends the sending, and the daemon hears of
 * it. */
static void
send_some(struct door *door)
{
	while (unsent(door) > 0 && !door->is_deaf) {
		ssize_t sent =
		    send(door->fd, door->output.data + door->output_sent,
			unsent(door), MSG_NOSIGNAL);

		if (sent >= 0)
			door->output_sent += (size_t)sent;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			door->is_deaf = true;
	}
	if (door->is_deaf)
		shutdown(door->fd, SHUT_WR);
	buf_reset(&door->output);
	door->output_sent = 0;
}

static int
receive_some(struct door *door)
{
	ssize_t received;

	buf_reserve(&door->input, RECEIVE_BYTES);
	received = recv(
	    door->fd, door->input.data + door->input.len, RECEIVE_BYTES, 0);
	if (received > 0) {
		buf_set_len(&door->input, door->input.len + (size_t)received);
		return take_answers(door);
	}
	if (received == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (received == 0)
		return end_with(
		    door, ERROR_UNREACHABLE, "kruxosd closed the connection");
	return end_with(
	    door, ERROR_UNREACHABLE, "the connection to kruxosd failed: %m");
}

/* Send and receive what can be, waiting for it at most `timeout_ms`. */
static int
pump(struct door *door, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = door->fd, .events = POLLIN };
	int ready;

	if (unsent(door) > 0) {
		/* Empty lines have no answer: nothing more may come. */
		send_some(door);
		if (unsent(door) == 0)
			return 0;
		poll_fd.events |= POLLOUT;
	}
	do {
		ready = poll(&poll_fd, 1, timeout_ms);
	} while (ready == -1 && errno == EINTR);
	if (ready == -1)
		return end_with(door, ERROR_SYSTEM, "poll: %m");
	if (ready == 0 && timeout_ms == 0)
		return 0;
	if (ready == 0)
		return end_with(door, ERROR_UNREACHABLE,
		    "kruxosd gave no sign of life within %d ms", timeout_ms);
	if ((poll_fd.revents & POLLOUT) != 0)
		send_some(door);
	if ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		return receive_some(door);
	return 0;
}

/* --- lines ---------------------------------------------------------------- */

static void
add_line(struct door *door, struct slice line)
{
	buf_reserve(&door->output, line.len + 1);
	buf_add_slice(&door->output, line);
	buf_add_char(&door->output, '\n');
	door->sent++;
}

int
door_send(struct door *door, struct slice line, struct error *err)
{
	if (check_open(door, err) == -1)
		return -1;
	if (line.len > MESSAGE_LINE_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "the line has %zu bytes, at most %d are allowed", line.len,
		    MESSAGE_LINE_BYTES);
	if (line.len > 0 && memchr(line.data, '\n', line.len) != NULL)
		return error_set(
		    err, ERROR_INVALID, "a line holds no line feed");
	add_line(door, line);
	if (!message_is_blank(line))
		door->unsettled++;
	if (unsent(door) >= SEND_BYTES && pump(door, 0) == -1)
		return check_open(door, err);
	while (door->unsettled >= WINDOW_LINES || unsent(door) >= SEND_BYTES)
		if (pump(door, door->timeout_ms) == -1)
			return check_open(door, err);
	return 0;
}

int
door_flush(struct door *door, struct error *err)
{
	if (check_open(door, err) == -1)
		return -1;
	while (door->unsettled > 0 || unsent(door) > 0)
		if (pump(door, door->timeout_ms) == -1)
			return check_open(door, err);
	return 0;
}

static void
write_command(struct buf *out, const char *verb, struct slice id,
    struct slice args, struct slice credential)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "do", verb);
	json_writer_pair_slice(&json, "id", id);
	if (args.data != NULL) {
		json_writer_key(&json, "args");
		json_writer_raw(&json, args);
	}
	if (credential.data != NULL)
		json_writer_pair_slice(&json, "credential", credential);
	json_writer_end_object(&json);
}

int
door_command(struct door *door, const char *verb, struct slice args,
    struct slice credential, door_on_progress on_progress, void *context,
    struct buf *ret_result, struct error *err)
{
	cleanup(buf_free) struct buf id = BUF_INIT;
	cleanup(buf_wipe) struct buf line = BUF_INIT;
	struct door_call call = { .on_progress = on_progress,
		.context = context,
		.result = ret_result };
	int result = 0;

	if (check_open(door, err) == -1)
		return -1;
	buf_addf(&id, "c%llu", (unsigned long long)++door->commands);
	call.id = buf_slice(&id);
	/* A character becomes six bytes at most. */
	buf_reserve(&line, COMMAND_FRAME_BYTES + args.len + 6 * credential.len);
	write_command(&line, verb, call.id, args, credential);
	add_line(door, buf_slice(&line));
	call.line = door->sent;
	door->call = &call;
	while (!call.has_ended && result == 0)
		result = pump(door, door->timeout_ms);
	door->call = NULL;
	if (!call.has_ended)
		return check_open(door, err);
	if (!call.has_failed)
		return 0;
	*err = call.error;
	return -1;
}

uint64_t
door_sent(const struct door *door)
{
	return door->sent;
}

uint64_t
door_unsettled(const struct door *door)
{
	return door->unsettled;
}
