#include "collectors/kruxosd/connection.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "door/answer.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* An answer that waits for those of the lines before. */
struct held_answer {
	uint64_t line;
	size_t end; /* of its text in held_text */
};

/* Lines that follow each other and are durable: one answer. */
struct run {
	uint64_t count;
	uint64_t seq, line; /* the last one's */
};

struct connection {
	struct connection_room *room;
	struct fair_member member;
	struct command_caller caller;
	LIST_ENTRY(connection) all;
	int fd; /* -1: closed, but the commit will still call */

	bool is_readable; /* as far as is known */
	bool has_ended;	  /* the peer says no more */
	bool is_deaf;	  /* the peer hears no more */
	bool is_reading;  /* answers are sent together, at the end of it */
	bool is_skipping; /* the rest of a line that is too long */
	bool has_lines;	  /* input holds whole lines: it was interrupted */
	bool needs_name;  /* … because the next one names the peer */
	uint64_t lines;
	struct buf input; /* bytes that are no message yet */

	size_t pending; /* entries in the commit */
	struct run run;
	struct held_answer *held;
	size_t held_first, held_count, held_capacity;
	struct buf held_text;
	struct buf output;
	size_t output_sent;
};

/* What the commit is to give back with an entry: its line, and two bits. */
enum {
	TAG_IS_DUPLICATE = 1, /* of an entry in the same batch */
	TAG_HAS_CALL = 2,     /* recent.h knows of it */
	TAG_LINE_SHIFT = 2,
};

static void on_answer(struct command_caller *caller, struct slice line);

struct connection *
connection_new(struct connection_room *room, int fd, uint32_t uid,
    unsigned classes, struct error *err)
{
	struct connection *connection = memory_new(sizeof(*connection));

	*connection = (struct connection){
		.room = room,
		.caller.on_answer = on_answer,
		.fd = fd,
		.input = BUF_INIT,
		.held_text = BUF_INIT,
		.output = BUF_INIT,
	};
	if (fairness_join(
		room->fairness, &connection->member, uid, classes, err) == -1) {
		free(connection);
		return NULL;
	}
	LIST_INSERT_HEAD(&room->connections, connection, all);
	room->counts.connections++;
	return connection;
}

struct connection *
connection_of(struct fair_member *member)
{
	return (struct connection *)((char *)member -
				     offsetof(struct connection, member));
}

static struct connection *
connection_of_caller(struct command_caller *caller)
{
	return (struct connection *)((char *)caller -
				     offsetof(struct connection, caller));
}

/* --- the end -------------------------------------------------------------- */

static void
release(struct connection *connection)
{
	assert(connection->fd == -1 && connection->pending == 0);
	buf_free(&connection->input);
	buf_free(&connection->held_text);
	buf_free(&connection->output);
	free(connection->held);
	free(connection);
}

/* Close it. If the commit will still call, it is freed then. */
static void
leave(struct connection *connection)
{
	struct connection_room *room = connection->room;

	command_abandon(&connection->caller);
	fairness_leave(room->fairness, &connection->member);
	LIST_REMOVE(connection, all);
	room->counts.connections--;
	close(connection->fd);
	connection->fd = -1;
	if (connection->pending == 0)
		release(connection);
}

void
connection_end(struct connection *connection, const struct error *why)
{
	if (why != NULL) {
		answer_add_error(&connection->output, 0, why);
		send(connection->fd,
		    connection->output.data + connection->output_sent,
		    connection->output.len - connection->output_sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	leave(connection);
}

void
connection_end_all(struct connection_room *room)
{
	struct connection *next;

	for (struct connection *i = LIST_FIRST(&room->connections); i != NULL;
	     i = next) {
		next = LIST_NEXT(i, all);
		connection_end(i, NULL);
	}
}

/* --- answers -------------------------------------------------------------- */

static void
add_run(struct connection *connection)
{
	struct run *run = &connection->run;

	if (run->count > 0)
		answer_add_accepted(&connection->output, run->count, run->seq,
		    run->line, false);
	run->count = 0;
}

/* The line is durable. */
static void
add_accepted(struct connection *connection, uint64_t line, uint64_t seq)
{
	struct run *run = &connection->run;

	if (run->count > 0 && line == run->line + 1 && seq == run->seq + 1) {
		run->count++;
		run->line = line;
		run->seq = seq;
		return;
	}
	add_run(connection);
	*run = (struct run){ 1, seq, line };
}

/* Those that waited for lines before `line`. */
static void
add_held(struct connection *connection, uint64_t line)
{
	if (connection->held_count == 0)
		return;
	while (connection->held_first < connection->held_count &&
	       connection->held[connection->held_first].line < line) {
		size_t first = connection->held_first++;
		size_t begin = first == 0 ? 0 : connection->held[first - 1].end;
		size_t end = connection->held[first].end;

		add_run(connection);
		buf_add(&connection->output, connection->held_text.data + begin,
		    end - begin);
	}
	if (connection->held_first < connection->held_count)
		return;
	free(connection->held);
	connection->held = NULL;
	connection->held_first = 0;
	connection->held_count = 0;
	connection->held_capacity = 0;
	buf_free(&connection->held_text);
}

/* Where the answer to `line`, known now, is to be written: held back while
 * entries before it wait. end_answer() follows. */
static struct buf *
begin_answer(struct connection *connection)
{
	if (connection->pending > 0)
		return &connection->held_text;
	add_run(connection);
	return &connection->output;
}

static void
end_answer(struct connection *connection, uint64_t line)
{
	if (connection->pending == 0)
		return;
	connection->held =
	    memory_grow(connection->held, &connection->held_capacity,
		connection->held_count + 1, sizeof(*connection->held));
	connection->held[connection->held_count++] =
	    (struct held_answer){ line, connection->held_text.len };
}

static void
answer_error(
    struct connection *connection, uint64_t line, const struct error *err)
{
	connection->room->counts.entries_refused++;
	answer_add_error(begin_answer(connection), line, err);
	end_answer(connection, line);
}

static void
answer_duplicate(struct connection *connection, uint64_t line, uint64_t seq)
{
	connection->room->counts.duplicates++;
	answer_add_accepted(begin_answer(connection), 1, seq, line, true);
	end_answer(connection, line);
}

/* Too many answers are on their way already. */
static bool
is_behind(const struct connection *connection)
{
	return connection->output.len + connection->held_text.len >=
		   CONNECTION_ANSWER_BYTES ||
	       connection->caller.count >= CONNECTION_COMMANDS;
}

/* May it be read? Not while the peer leaves answers lying about. */
static bool
is_willing(const struct connection *connection)
{
	return connection->output.len == 0 && !is_behind(connection) &&
	       !connection->needs_name && !connection->room->is_stopping;
}

/* An answer could not be sent to a peer who may still wait for it: the end of
 * the connection tells him that he has none. What is in the commit stays. */
static void
give_up(struct connection *connection)
{
	connection->is_deaf = true;
	connection->has_ended = true;
	connection->is_readable = false;
	connection->has_lines = false;
	buf_free(&connection->input);
}

static void
send_output(struct connection *connection)
{
	struct buf *output = &connection->output;

	while (connection->output_sent < output->len && !connection->is_deaf) {
		ssize_t sent =
		    send(connection->fd, output->data + connection->output_sent,
			output->len - connection->output_sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			connection->output_sent += (size_t)sent;
		else if (errno == EAGAIN)
			return;
		else if (errno == EPIPE || errno == ECONNRESET)
			connection->is_deaf = true;
		else if (errno != EINTR)
			give_up(connection);
	}
	buf_free(output);
	connection->output_sent = 0;
}

/* Nothing is to come, and nothing to be said. */
static bool
is_over(const struct connection *connection)
{
	return connection->has_ended && connection->pending == 0 &&
	       connection->caller.count == 0 && connection->output.len == 0;
}

/* Something has changed: say what can be said, go on reading if that is
 * possible, leave if it is over. The connection may be gone after it. */
static void
go_on(struct connection *connection)
{
	struct connection_room *room = connection->room;

	send_output(connection);
	if (is_over(connection)) {
		leave(connection);
	} else if ((connection->is_readable || connection->has_lines) &&
		   is_willing(connection)) {
		fairness_ready(room->fairness, &connection->member);
		room->on_ready(room->on_ready_context);
	}
}

static void
on_answer(struct command_caller *caller, struct slice line)
{
	struct connection *connection = connection_of_caller(caller);

	buf_add_slice(&connection->output, line);
	if (!connection->is_reading)
		go_on(connection);
}

/* The line's entry is durable, or refused. */
static void
answer_entry(struct connection *connection, uint64_t line, bool is_duplicate,
    uint64_t seq, const struct error *err)
{
	if (err == NULL && !is_duplicate) {
		add_accepted(connection, line, seq);
		return;
	}
	add_run(connection);
	if (err != NULL)
		answer_add_error(&connection->output, line, err);
	else
		answer_add_accepted(&connection->output, 1, seq, line, true);
}

static void
on_commit(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct connection *connection = context;
	struct connection_room *room = connection->room;
	uint64_t line = tag >> TAG_LINE_SHIFT;

	if ((tag & TAG_HAS_CALL) != 0)
		recent_end(
		    room->recent, seq, commit_head(room->commit)->recorded_at);
	if (err != NULL)
		room->counts.entries_refused++;
	else if ((tag & TAG_IS_DUPLICATE) != 0)
		room->counts.duplicates++;
	else
		room->counts.entries_accepted++;

	connection->pending--;
	if (connection->fd == -1) {
		if (connection->pending == 0)
			release(connection);
		return;
	}
	add_held(connection, line);
	answer_entry(connection, line, (tag & TAG_IS_DUPLICATE) != 0, seq, err);
	if (connection->pending > 0)
		return;
	add_held(connection, UINT64_MAX);
	add_run(connection);
	go_on(connection);
}

/* --- lines ---------------------------------------------------------------- */

/* The entry stands in the log already, or in the batch: `match` says where. */
static void
take_repetition(struct connection *connection, const struct recent_match *match,
    struct commit_waiter *waiter)
{
	struct error err;

	waiter->tag |= TAG_IS_DUPLICATE;
	if (match->seq != 0)
		answer_duplicate(connection, connection->lines, match->seq);
	else if (commit_add_again(connection->room->commit, match->ticket,
		     waiter, &err) == -1)
		answer_error(connection, connection->lines, &err);
	else
		connection->pending++;
}

static void
take_entry(struct connection *connection, const struct message *message)
{
	struct connection_room *room = connection->room;
	struct commit_entry entry = {
		.entry = message->entry,
		.reader = message->reader,
		.summary = message->summary,
		.request = message->request,
	};
	struct commit_waiter waiter = {
		.on_commit = on_commit,
		.context = connection,
		.tag = connection->lines << TAG_LINE_SHIFT,
	};
	bool has_call = message->entry.call_id.data != NULL;
	struct recent_match match;
	uint64_t ticket = 0;
	struct error err;

	if (has_call && recent_look(room->recent, &message->entry,
			    clock_realtime(room->clock), &match)) {
		take_repetition(connection, &match, &waiter);
		return;
	}
	if (has_call)
		waiter.tag |= TAG_HAS_CALL;
	if (commit_add(room->commit, &entry, &waiter, &ticket, &err) == -1) {
		answer_error(connection, connection->lines, &err);
		return;
	}
	connection->pending++;
	if (has_call)
		recent_begin(room->recent, ticket);
}

/* False: not yet, it needs the peer's name. */
static bool
take_line(struct connection *connection, struct slice line)
{
	struct connection_room *room = connection->room;
	const struct message_peer *peer = fairness_peer(&connection->member);
	struct message message;
	struct error err;

	if (connection->is_skipping) {
		connection->is_skipping = false;
		return true;
	}
	if (message_parse(&room->parser, peer, clock_realtime(room->clock),
		line, &message, &err) == -1) {
		if (err.code == ERROR_BUSY)
			return false;
		answer_error(connection, ++connection->lines, &err);
		return true;
	}
	connection->lines++;
	switch (message.kind) {
	case MESSAGE_BLANK:
		break;
	case MESSAGE_ENTRY:
		take_entry(connection, &message);
		break;
	case MESSAGE_COMMAND:
		command_start(room->commands, room->command_context, &message,
		    peer, &connection->caller);
		break;
	}
	return true;
}

/* --- reading -------------------------------------------------------------- */

/* Take the whole lines at the front of `bytes`, as many as may be taken now.
 * Returns how many bytes that was. */
static size_t
take_lines(struct connection *connection, struct slice bytes)
{
	size_t taken = 0;
	const char *newline;

	connection->has_lines = false;
	while ((newline = memchr(
		    bytes.data + taken, '\n', bytes.len - taken)) != NULL) {
		struct slice line = { bytes.data + taken,
			(size_t)(newline - bytes.data) - taken };

		if (is_behind(connection) ||
		    commit_is_full(connection->room->commit)) {
			connection->has_lines = true;
			break;
		}
		if (!take_line(connection, line)) {
			connection->has_lines = connection->needs_name = true;
			break;
		}
		taken += line.len + 1;
	}
	return taken;
}

/* Keep what is no whole line yet, unless it is too long to become one. */
static void
keep(struct connection *connection, struct slice rest)
{
	struct error err;

	if (connection->is_skipping && !connection->has_lines)
		return;
	buf_add_slice(&connection->input, rest);
	if (connection->has_lines ||
	    connection->input.len <= MESSAGE_LINE_BYTES)
		return;
	buf_free(&connection->input);
	connection->is_skipping = true;
	connection->lines++;
	error_set(&err, ERROR_TOO_LONG,
	    "the line is longer than the %d bytes that are allowed",
	    MESSAGE_LINE_BYTES);
	answer_error(connection, connection->lines, &err);
}

/* What was kept comes first: a line begun, or lines left over. */
static void
take_kept(struct connection *connection)
{
	struct buf *input = &connection->input;

	buf_consume(input, take_lines(connection, buf_slice(input)));
	if (input->len == 0)
		buf_free(input);
}

static void
take_received(struct connection *connection, struct slice bytes)
{
	struct buf *input = &connection->input;
	size_t taken = 0;

	if (input->len > 0) {
		const char *newline = memchr(bytes.data, '\n', bytes.len);

		if (newline == NULL) {
			keep(connection, bytes);
			return;
		}
		taken = (size_t)(newline - bytes.data) + 1;
		buf_add(input, bytes.data, taken);
		take_kept(connection);
	}
	bytes.data += taken;
	bytes.len -= taken;
	if (!connection->has_lines) {
		taken = take_lines(connection, bytes);
		bytes.data += taken;
		bytes.len -= taken;
	}
	keep(connection, bytes);
}

/* One recv(). Returns how many bytes came. */
static size_t
receive(struct connection *connection, size_t bytes)
{
	char *received = connection->room->received;
	ssize_t count = recv(connection->fd, received, bytes, MSG_DONTWAIT);

	if (count > 0) {
		take_received(
		    connection, (struct slice){ received, (size_t)count });
		return (size_t)count;
	}
	if (count == -1 && errno == EINTR)
		return 0;
	connection->is_readable = false;
	if (count == -1 && errno == EAGAIN)
		return 0;
	/* A line without its end is none. */
	connection->has_ended = true;
	buf_free(&connection->input);
	return 0;
}

void
connection_read(struct connection *connection, size_t bytes)
{
	struct fairness *fairness = connection->room->fairness;
	size_t used = 0;
	bool is_interrupted;

	connection->is_reading = true;
	if (connection->has_lines && is_willing(connection))
		take_kept(connection);
	if (!connection->has_lines && connection->is_readable &&
	    is_willing(connection))
		used = receive(connection, bytes);
	connection->is_reading = false;

	send_output(connection);
	is_interrupted = connection->has_lines;
	fairness_hold(fairness, &connection->member, connection->input.len);
	if (!is_willing(connection) ||
	    (!is_interrupted && !connection->is_readable))
		fairness_done(fairness, &connection->member, used, FAIR_IDLE);
	else
		fairness_done(fairness, &connection->member, used,
		    is_interrupted ? FAIR_INTERRUPTED : FAIR_MORE);
	if (is_over(connection))
		leave(connection);
}

void
connection_on_events(struct connection *connection, uint32_t events)
{
	if ((events & ~(uint32_t)EPOLLOUT) != 0 && !connection->has_ended)
		connection->is_readable = true;
	go_on(connection);
}

bool
connection_has_name(const struct connection *connection)
{
	return fairness_peer(&connection->member)->user_name.data != NULL;
}

void
connection_on_names(struct connection_room *room)
{
	struct connection *next;

	for (struct connection *i = LIST_FIRST(&room->connections); i != NULL;
	     i = next) {
		next = LIST_NEXT(i, all);
		if (!i->needs_name || !connection_has_name(i))
			continue;
		i->needs_name = false;
		go_on(i);
	}
}
