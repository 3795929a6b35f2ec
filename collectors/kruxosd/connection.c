#include "collectors/kruxosd/connection.h"

#include "collectors/kruxosd/answers.h"

#include "base/memory.h"
#include "door/answer.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

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
	usec_t spooled_at; /* CLOCK_REALTIME; 0: it is said now */
	struct buf input;  /* bytes that are no message yet */

	struct answers answers;
	size_t sent; /* of the answers' output */
};

/* What the commit is to give back with an entry: its line, and two bits. */
enum {
	TAG_IS_DUPLICATE = 1,  /* of an entry in the same batch */
	TAG_HAS_CALL = 2,      /* recent.h knows of it */
	TAG_OUTCOME_SHIFT = 2, /* two bits: what outcomes_end() wants */
	TAG_LINE_SHIFT = 4,
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
		.answers = ANSWERS_INIT,
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

void
connection_set_spooled(struct connection *connection, usec_t at)
{
	connection->spooled_at = at;
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
	assert(connection->fd == -1 && connection->answers.pending == 0);
	buf_free(&connection->input);
	answers_free(&connection->answers);
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
	if (connection->answers.pending == 0)
		release(connection);
}

void
connection_end(struct connection *connection, const struct error *why)
{
	struct buf *output = &connection->answers.output;

	if (why != NULL) {
		answer_add_error(output, 0, why);
		send(connection->fd, output->data + connection->sent,
		    output->len - connection->sent,
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
answer_error(
    struct connection *connection, uint64_t line, const struct error *err)
{
	connection->room->counts.entries_refused++;
	answers_error(&connection->answers, line, err);
}

/* Too many answers are on their way already. */
static bool
is_behind(const struct connection *connection)
{
	return answers_bytes(&connection->answers) >= CONNECTION_ANSWER_BYTES ||
	       connection->caller.count >= CONNECTION_COMMANDS;
}

/* May it be read? Not while the peer leaves answers lying about. */
static bool
is_willing(const struct connection *connection)
{
	return connection->answers.output.len == 0 && !is_behind(connection) &&
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
	struct buf *output = &connection->answers.output;

	while (connection->sent < output->len && !connection->is_deaf) {
		ssize_t sent =
		    send(connection->fd, output->data + connection->sent,
			output->len - connection->sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			connection->sent += (size_t)sent;
		else if (errno == EAGAIN)
			return;
		else if (errno == EPIPE || errno == ECONNRESET)
			connection->is_deaf = true;
		else if (errno != EINTR)
			give_up(connection);
	}
	buf_wipe(output); /* it may have held a secret */
	connection->sent = 0;
}

/* Nothing is to come, and nothing to be said. */
static bool
is_over(const struct connection *connection)
{
	return connection->has_ended && connection->answers.pending == 0 &&
	       connection->caller.count == 0 &&
	       connection->answers.output.len == 0;
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

	answers_add(&connection->answers, line);
	if (!connection->is_reading)
		go_on(connection);
}

static void
on_commit(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct connection *connection = context;
	struct connection_room *room = connection->room;
	uint64_t line = tag >> TAG_LINE_SHIFT;

	usec_t at = commit_head(room->commit)->recorded_at;

	if ((tag & TAG_HAS_CALL) != 0)
		recent_end(room->recent, seq, at);
	outcomes_end(room->outcomes, tag >> TAG_OUTCOME_SHIFT & 3, seq, at);
	if (err != NULL)
		room->counts.entries_refused++;
	else if ((tag & TAG_IS_DUPLICATE) != 0)
		room->counts.duplicates++;
	else
		room->counts.entries_accepted++;

	answers_settle(&connection->answers, line, seq,
	    (tag & TAG_IS_DUPLICATE) != 0, err);
	if (connection->answers.pending > 0)
		return;
	if (connection->fd == -1)
		release(connection);
	else
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
	if (match->seq != 0) {
		connection->room->counts.duplicates++;
		answers_duplicate(
		    &connection->answers, connection->lines, match->seq);
	} else if (commit_add_again(connection->room->commit, match->ticket,
		       waiter, &err) == -1)
		answer_error(connection, connection->lines, &err);
	else
		answers_await(&connection->answers);
}

/* What a hook says of the sub-agent in which it ran. */
static struct slice
thread_of(const struct message *message)
{
	const struct json_node *thread =
	    message->request == NULL ? NULL
				     : json_reader_member(message->reader,
					   message->request, "agent_id");

	if (message->entry.source != ENTRY_HOOK || thread == NULL ||
	    thread->type != JSON_STRING || !entry_is_name(thread->text))
		return (struct slice){ NULL, 0 };
	return thread->text;
}

static void
begin_outcome(struct connection_room *room, const struct message *message,
    struct slice thread, usec_t now, uint64_t ticket)
{
	const struct json_node *input =
	    message->request == NULL ? NULL
				     : json_reader_member(message->reader,
					   message->request, "tool_input");

	outcomes_begin(room->outcomes, &message->entry, thread, now, ticket);
	if (message->entry.source == ENTRY_HOOK)
		unnamed_calls_add(outcomes_unnamed(room->outcomes),
		    &message->entry, message->reader, input);
}

/* Was the end told already, so that it is not recorded again? Of a hook only by
 * itself: telemetry is the agent's own word, which keeps nobody else's out. */
static bool
is_told(struct connection_room *room, const struct message *message,
    bool *is_outcome, struct slice thread, usec_t now,
    struct recent_match *ret_match)
{
	bool by_outcome =
	    *is_outcome && outcomes_look(room->outcomes, &message->entry,
			       thread, now, ret_match);

	if (by_outcome && message->entry.source != ENTRY_HOOK)
		return true;
	*is_outcome = *is_outcome && !by_outcome;
	return message->entry.call_id.data != NULL &&
	       recent_look(room->recent, &message->entry, now, ret_match);
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
	bool is_outcome = outcomes_is_one(&message->entry);
	struct slice thread = thread_of(message);
	usec_t now = clock_realtime(room->clock);
	struct recent_match match;
	uint64_t ticket = 0;
	struct error err;

	if (room->coverage != NULL)
		coverage_keeper_take(room->coverage, &message->entry, thread);
	if (is_told(room, message, &is_outcome, thread, now, &match)) {
		take_repetition(connection, &match, &waiter);
		return;
	}
	if (has_call)
		waiter.tag |= TAG_HAS_CALL;
	if (is_outcome)
		waiter.tag |= (uint64_t)outcomes_names(&message->entry, thread)
			      << TAG_OUTCOME_SHIFT;
	if (commit_add(room->commit, &entry, &waiter, &ticket, &err) == -1) {
		answer_error(connection, connection->lines, &err);
		return;
	}
	answers_await(&connection->answers);
	if (has_call)
		recent_begin(room->recent, ticket);
	if (is_outcome)
		begin_outcome(room, message, thread, now, ticket);
}

/* A command may hold a password. Its bytes are this process's own, and nobody
 * reads them again. */
static void
wipe(struct connection_room *room, struct slice line)
{
	struct buf *decoded = &room->parser.reader.decoded;

	explicit_bzero((char *)(uintptr_t)line.data, line.len);
	explicit_bzero(decoded->data, decoded->len);
}

/* Nobody waits for an answer to what was left for later. */
static void
take_command(struct connection *connection, const struct message *message,
    const struct message_peer *peer, struct slice line)
{
	struct connection_room *room = connection->room;
	struct error err;

	if (connection->spooled_at == 0) {
		command_start(
		    &room->commands, message, peer, &connection->caller);
	} else {
		error_set_field(&err, ERROR_NOT_ALLOWED, "do",
		    "commands are not left for later");
		answer_error(connection, connection->lines, &err);
	}
	wipe(room, line);
}

static usec_t
time_of(const struct connection *connection)
{
	return connection->spooled_at != 0
		   ? connection->spooled_at
		   : clock_realtime(connection->room->clock);
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
	if (message_parse(&room->parser, peer, time_of(connection), line,
		&message, &err) == -1) {
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
		take_command(connection, &message, peer, line);
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

	/* A turn that was interrupted is gone on with, and that is all: who
	 * received more at its end would be interrupted again, and be the first
	 * for ever. */
	connection->is_reading = true;
	if (connection->has_lines && is_willing(connection))
		take_kept(connection);
	else if (connection->is_readable && is_willing(connection))
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
