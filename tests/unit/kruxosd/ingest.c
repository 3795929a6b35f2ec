#include "collectors/kruxosd/ingest.c"
#include "collectors/kruxosd/connection.c"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "tests/unit/test_clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ENTRY                                             \
	"{\"actor_type\":\"agent\",\"agent_name\":\"a\"," \
	"\"capability\":\"fs.read\",\"status\":\"success\"}\n"
#define CALL(id)                                                           \
	"{\"actor_type\":\"agent\",\"agent_name\":\"a\",\"call_id\":\"" id \
	"\",\"capability\":\"fs.read\",\"status\":\"success\"}\n"
#define BAD "{\"actor_type\":\"robot\"}\n"

/* What is answered. */
#define ACCEPTED(count, seq, line) \
	"{\"accepted\":" count ",\"seq\":" seq ",\"line\":" line "}\n"
#define DUPLICATE(seq, line)                             \
	"{\"accepted\":1,\"seq\":" seq ",\"line\":" line \
	",\"duplicate\":true}\n"
#define ROBOT(line)                                                           \
	"{\"error\":\"out_of_range\",\"line\":" line                          \
	",\"field\":\"actor_type\",\"detail\":\"actor_type \\\"robot\\\" is " \
	"not one of agent, user, system\"}\n"

/* --- a commit without a log ----------------------------------------------- */

struct commit {
	struct commit_waiter waiters[COMMIT_BATCH_ENTRIES];
	uint64_t tickets[COMMIT_BATCH_ENTRIES];
	size_t waiting;
	uint64_t first_ticket, next_ticket;
	uint64_t next_seq;
	size_t full_at; /* waiters in a batch */
	bool fails;	/* at the sync */
	bool refuses;	/* at once */
	bool is_quick;	/* a flush takes no time: a hurried batch is full */
	bool is_hurried;
	struct commit_head head;
	struct buf uids;    /* of the entries taken, in order: "7 7 8 " */
	struct buf systems; /* what commit_add_system() was given */
	struct entry last;  /* the entry taken, its strings gone */
};

static struct commit commit;

static void
await(uint64_t ticket, const struct commit_waiter *waiter)
{
	assert_true(commit.waiting < commit.full_at);
	commit.tickets[commit.waiting] = ticket;
	commit.waiters[commit.waiting++] = *waiter;
}

int
commit_add(struct commit *self, const struct commit_entry *entry,
    const struct commit_waiter *waiter, uint64_t *ret_ticket, struct error *err)
{
	if (self->refuses)
		return error_set(err, ERROR_AUDIT_UNAVAILABLE, "no disk");
	await(self->next_ticket, waiter);
	*ret_ticket = self->next_ticket++;
	buf_addf(&self->uids, "%u ", entry->entry.uid);
	self->last = entry->entry;
	return 0;
}

int
commit_add_again(struct commit *self, uint64_t ticket,
    const struct commit_waiter *waiter, struct error *err)
{
	if (ticket < self->first_ticket || ticket >= self->next_ticket)
		return error_set(err, ERROR_NOT_FOUND, "no ticket");
	await(ticket, waiter);
	return 0;
}

int
commit_add_system(struct commit *self, const char *capability,
    enum entry_status status, const char *summary, struct slice request,
    const struct commit_waiter *waiter, struct error *err)
{
	(void)status;
	(void)summary;
	(void)waiter;
	(void)err;
	buf_addf(&self->systems, "%s %.*s\n", capability, SLICE_ARG(request));
	return 0;
}

bool
commit_is_full(struct commit *self)
{
	return self->waiting >= self->full_at ||
	       (self->is_hurried && self->is_quick);
}

void
commit_hurry(struct commit *self)
{
	self->is_hurried = self->waiting > 0;
}

const struct commit_head *
commit_head(const struct commit *self)
{
	return &self->head;
}

static void
flush(void)
{
	uint64_t first = commit.first_ticket, seq = commit.next_seq;
	size_t waiting = commit.waiting;
	struct error err;

	error_set(&err, ERROR_AUDIT_UNAVAILABLE, "the sync failed");
	if (!commit.fails)
		commit.next_seq += commit.next_ticket - first;
	commit.head.recorded_at = test_now;
	commit.first_ticket = commit.next_ticket;
	commit.waiting = 0;
	commit.is_hurried = false;
	for (size_t i = 0; i < waiting; i++) {
		const struct commit_waiter *waiter = &commit.waiters[i];

		waiter->on_commit(waiter->context, waiter->tag,
		    commit.fails ? 0 : seq + commit.tickets[i] - first,
		    commit.fails ? &err : NULL);
	}
}

/* --- names, found at once or when the test says so ------------------------ */

struct name_finder {
	int event;
	uid_t uids[1024];
	size_t count;
	unsigned asked;
};

static struct name_finder finder;
static bool names_are_slow;

static void
find_names(void)
{
	uint64_t one = 1;

	assert_int_equal(write(finder.event, &one, sizeof(one)), sizeof(one));
}

struct name_finder *
name_finder_new(name_find find, struct error *err)
{
	(void)err;
	assert_ptr_equal(find, peer_user_name);
	finder = (struct name_finder){ eventfd(0, EFD_NONBLOCK), .count = 0 };
	names_are_slow = false;
	return &finder;
}

void
name_finder_free(struct name_finder *self)
{
	close(self->event);
}

void
name_finder_ask(struct name_finder *self, uid_t uid)
{
	assert_true(self->count < COUNT(self->uids));
	self->uids[self->count++] = uid;
	self->asked++;
	if (!names_are_slow)
		find_names();
}

int
name_finder_fd(const struct name_finder *self)
{
	return self->event;
}

bool
name_finder_take(struct name_finder *self, uid_t *ret_uid,
    char ret_name[static ENTRY_NAME_BYTES + 1])
{
	if (self->count == 0)
		return false;
	*ret_uid = self->uids[--self->count];
	snprintf(
	    ret_name, ENTRY_NAME_BYTES + 1, "uid:%lu", (unsigned long)*ret_uid);
	return true;
}

/* --- the loop around it --------------------------------------------------- */

static uint64_t indexed_seq; /* what the index finds; 0: nothing */

static uint64_t
find_in_index(void *context, const struct entry *entry, usec_t since)
{
	(void)context;
	(void)entry;
	(void)since;
	return indexed_seq;
}

static uint32_t
hash_of(struct slice call_id)
{
	return (uint32_t)call_id.len;
}

static struct command_call *kept_call;

static void
run_ping(void *context, struct command_call *call)
{
	(void)context;
	command_ok(call, (struct slice){ NULL, 0 });
}

static void
run_later(void *context, struct command_call *call)
{
	(void)context;
	kept_call = call;
}

static const struct command commands[] = {
	{ "ping", MESSAGE_ANYONE, run_ping },
	{ "later", MESSAGE_OWNER, run_later },
	{ NULL },
};

struct stage {
	sd_event *event;
	sd_event_source *post;
	struct ingest *ingest;
	struct recent *recent;
	struct outcomes *outcomes;
	bool holds_back; /* no flush: entries wait */
};

static struct stage stage;

static int
on_post(sd_event_source *source, void *context)
{
	(void)source;
	(void)context;
	if (!stage.holds_back)
		flush();
	return 0;
}

static int
set_up(void **state)
{
	struct ingest_settings settings = {
		.path = "/nowhere", .connections_a_uid = 64, .connections = 4096
	};
	struct ingest_parts parts = { .clock = &test_clock,
		.commit = &commit,
		.commands = { commands, NULL, NULL, NULL } };
	struct error err;

	(void)state;
	test_now = 1000 * USEC_PER_DAY;
	indexed_seq = 0;
	commit = (struct commit){
		.next_seq = 1,
		.first_ticket = 100,
		.next_ticket = 100,
		.full_at = 1000,
		.uids = BUF_INIT,
		.systems = BUF_INIT,
	};
	stage.holds_back = false;
	assert_true(sd_event_new(&stage.event) >= 0);
	assert_true(
	    sd_event_add_post(stage.event, &stage.post, on_post, NULL) >= 0);
	stage.recent = recent_new(hash_of, find_in_index, NULL);
	stage.outcomes = outcomes_new(stage.recent, NULL, NULL);
	parts.event = stage.event;
	parts.recent = stage.recent;
	parts.outcomes = stage.outcomes;
	stage.ingest = ingest_new(&settings, &parts, &err);
	assert_non_null(stage.ingest);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	flush();
	ingest_free(stage.ingest);
	outcomes_free(stage.outcomes);
	recent_free(stage.recent);
	sd_event_source_unref(stage.post);
	sd_event_unref(stage.event);
	buf_free(&commit.uids);
	buf_free(&commit.systems);
	return 0;
}

/* Turn after turn until nothing happens any more; with a full batch that is
 * held back, there would be no end. */
static void
run(void)
{
	while (sd_event_run(stage.event, 0) > 0)
		if (stage.holds_back && commit_is_full(&commit))
			break;
}

/* --- peers ---------------------------------------------------------------- */

/* The other end of a connection of that user. */
static int
connect_as(uint32_t uid, unsigned classes)
{
	struct error err;
	int ends[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	ingest_adopt(stage.ingest, ends[0], uid, classes, &err);
	return ends[1];
}

static void
say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* However often the other side has to read for it. */
static void
say_at_length(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (sent > 0) {
			bytes.data += sent;
			bytes.len -= (size_t)sent;
		}
		run();
	}
}

/* All that has been answered. */
static void
hear(int fd, struct buf *ret)
{
	ssize_t got;

	buf_reset(ret);
	do {
		buf_reserve(ret, 65536);
		got = read(fd, ret->data + ret->len, 65536);
		if (got > 0)
			buf_set_len(ret, ret->len + (size_t)got);
	} while (got > 0);
}

static void
assert_heard(int fd, const char *expected)
{
	cleanup(buf_free) struct buf heard = BUF_INIT;

	hear(fd, &heard);
	assert_string_equal(heard.data, expected);
}

static size_t
lines_in(const struct buf *heard)
{
	size_t count = 0;

	for (size_t i = 0; i < heard->len; i++)
		count += heard->data[i] == '\n';
	return count;
}

static bool
is_closed(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 0;
}

static struct ingest_counts
counts(void)
{
	struct ingest_counts counts;

	ingest_read_counts(stage.ingest, &counts);
	return counts;
}

/* --- entries -------------------------------------------------------------- */

static void
lines_of_one_batch_are_answered_together(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	say(peer, ENTRY ENTRY ENTRY);
	run();
	assert_heard(peer, ACCEPTED("3", "3", "3"));
	say(peer, ENTRY);
	run();
	assert_heard(peer, ACCEPTED("1", "4", "4"));
	assert_string_equal(commit.uids.data, "7 7 7 7 ");
	assert_int_equal(counts().entries_accepted, 4);
	close(peer);
}

static void
nothing_is_answered_before_it_is_durable(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	stage.holds_back = true;
	say(peer, ENTRY BAD);
	run();
	assert_heard(peer, "");
	flush();
	assert_heard(peer, ACCEPTED("1", "1", "1") ROBOT("2"));
	close(peer);
}

static void
errors_stand_in_the_order_of_lines(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	say(peer, BAD ENTRY ENTRY BAD BAD ENTRY BAD);
	run();
	assert_heard(peer, ROBOT("1") ACCEPTED("2", "2", "3") ROBOT("4")
			       ROBOT("5") ACCEPTED("1", "3", "6") ROBOT("7"));
	assert_int_equal(counts().entries_refused, 4);
	close(peer);
}

static void
what_was_left_for_later_is_a_producers_entries_of_that_time(void **state)
{
	usec_t left = test_now - 3 * USEC_PER_DAY;
	char time[CLOCK_TEXT_SIZE];
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct error err = { 0 };
	int ends[2];

	(void)state;
	clock_format(left - USEC_PER_HOUR, time);
	buf_addf(&line,
	    "{\"time\":\"%s\",\"actor_type\":\"agent\","
	    "\"agent_name\":\"a\",\"capability\":\"fs.read\","
	    "\"status\":\"success\"}\n",
	    time);
	buf_add_str(&line, "{\"do\":\"ping\",\"id\":\"r1\"}\n"
			   "{\"actor_type\":\"system\",\"capability\":\"x.y\","
			   "\"status\":\"success\"}\n");
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(
	    ingest_adopt_spooled(stage.ingest, ends[0], 0, left, &err), 0);
	say(ends[1], line.data);
	/* The command names its peer, who is looked up beside everything. */
	for (int i = 0; i < 1000 && counts().entries_refused < 2; i++) {
		poll(NULL, 0, 1);
		run();
	}
	assert_heard(ends[1],
	    ACCEPTED("1", "1",
		"1") "{\"error\":\"not_allowed\",\"line\":2,\"field\":\"do\","
		     "\"detail\":\"commands are not left for later\"}\n"
		     "{\"error\":\"not_allowed\",\"line\":3,"
		     "\"field\":\"actor_type\",\"detail\":\"system entries are "
		     "for root and the daemon's own user\"}\n");
	assert_int_equal(commit.last.time, left - USEC_PER_HOUR);
	assert_false(commit.last.is_clamped);
	close(ends[1]);
}

static void
a_stranger_has_left_nothing(void **state)
{
	struct error err = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(ingest_adopt_spooled(
			     stage.ingest, ends[0], 4000000, test_now, &err),
	    -1);
	assert_int_equal(err.code, ERROR_NOT_ALLOWED);
	assert_true(is_closed(ends[1]));
	close(ends[1]);
	err.code = ERROR_NONE;
	assert_int_equal(ingest_check_owner(stage.ingest, 4000000, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_ALLOWED);
	assert_int_equal(ingest_check_owner(stage.ingest, 0, &err), 0);
}

static void
empty_lines_count_and_break_a_run(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	say(peer, "\n" ENTRY "\r\n \n" ENTRY ENTRY);
	run();
	assert_heard(peer, ACCEPTED("1", "1", "2") ACCEPTED("2", "3", "6"));
	close(peer);
}

static void
seqs_of_others_between_break_a_run(void **state)
{
	int one = connect_as(7, MESSAGE_PRODUCER);
	int two = connect_as(8, MESSAGE_PRODUCER);

	(void)state;
	stage.holds_back = true;
	say(one, ENTRY);
	run();
	say(two, ENTRY);
	run();
	say(one, ENTRY);
	run();
	flush();
	assert_heard(one, ACCEPTED("1", "1", "1") ACCEPTED("1", "3", "2"));
	assert_heard(two, ACCEPTED("1", "2", "1"));
	close(one);
	close(two);
}

static void
what_the_disk_refuses_is_told_line_by_line(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	commit.fails = true;
	say(peer, ENTRY CALL("c") BAD);
	run();
	assert_heard(peer, "{\"error\":\"audit_unavailable\",\"line\":1,"
			   "\"detail\":\"the sync failed\"}\n"
			   "{\"error\":\"audit_unavailable\",\"line\":2,"
			   "\"detail\":\"the sync failed\"}\n" ROBOT("3"));

	commit.fails = false;
	commit.refuses = true;
	say(peer, ENTRY);
	run();
	assert_heard(peer, "{\"error\":\"audit_unavailable\",\"line\":4,"
			   "\"detail\":\"no disk\"}\n");

	/* It takes up again, and what was refused is no duplicate. */
	commit.refuses = false;
	say(peer, CALL("c"));
	run();
	assert_heard(peer, ACCEPTED("1", "1", "5"));
	close(peer);
}

static void
a_repetition_is_answered_with_the_first_seq(void **state)
{
	int one = connect_as(7, MESSAGE_PRODUCER);
	int two = connect_as(8, MESSAGE_PRODUCER);

	(void)state;
	/* In one batch; */
	say(one, ENTRY CALL("c") CALL("c") ENTRY CALL("d"));
	run();
	assert_heard(one, ACCEPTED("2", "2", "2") DUPLICATE("2", "3")
			      ACCEPTED("2", "4", "5"));
	/* while the index does not have it yet; */
	say(two, CALL("c"));
	run();
	assert_heard(two, DUPLICATE("2", "1"));
	/* from the index, behind an entry that still waits. */
	recent_set_indexed(stage.recent, 4);
	indexed_seq = 2;
	stage.holds_back = true;
	say(two, ENTRY CALL("c"));
	run();
	assert_heard(two, "");
	flush();
	assert_heard(two, ACCEPTED("1", "5", "2") DUPLICATE("2", "3"));
	assert_int_equal(counts().duplicates, 3);
	close(one);
	close(two);
}

/* --- bytes ---------------------------------------------------------------- */

static void
a_line_may_come_byte_by_byte(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	for (const char *byte = ENTRY ENTRY; *byte != '\0'; byte++) {
		char text[2] = { *byte, '\0' };

		say(peer, text);
		run();
	}
	assert_heard(peer, ACCEPTED("1", "1", "1") ACCEPTED("1", "2", "2"));
	close(peer);
}

static void
a_connection_that_closes_keeps_its_whole_lines(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	say(peer, ENTRY ENTRY "{\"actor_type\":");
	close(peer);
	run();
	assert_int_equal(counts().entries_accepted, 2);
	assert_int_equal(counts().entries_refused, 0);
	assert_int_equal(counts().connections, 0);
}

/* Many more lines than fit one read or one batch, and nobody left to hear of
 * them: they are taken all the same. */
static void
a_peer_that_has_gone_loses_no_line(void **state)
{
	enum { LINES = 1000 };
	int peer = connect_as(7, MESSAGE_PRODUCER);
	cleanup(buf_free) struct buf lines = BUF_INIT;

	(void)state;
	commit.full_at = 10;
	for (int i = 0; i < LINES; i++)
		buf_add_str(&lines, ENTRY);
	say(peer, lines.data);
	close(peer);
	run();
	assert_int_equal(counts().entries_accepted, LINES);
	assert_int_equal(counts().connections, 0);
}

static void
a_peer_that_only_ends_speaking_is_still_answered(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	stage.holds_back = true;
	say(peer, ENTRY);
	shutdown(peer, SHUT_WR);
	run();
	flush();
	assert_heard(peer, ACCEPTED("1", "1", "1"));
	assert_true(is_closed(peer));
	close(peer);
}

static void
a_connection_that_goes_while_its_entries_wait_is_forgotten(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	stage.holds_back = true;
	say(peer, ENTRY ENTRY);
	run();
	connection_end_all(&stage.ingest->room);
	flush();
	assert_int_equal(counts().entries_accepted, 2);
	close(peer);
}

static void
a_line_too_long_is_one_error_and_the_next_one_counts(void **state)
{
	static const size_t lengths[] = { MESSAGE_LINE_BYTES + 1,
		3 * MESSAGE_LINE_BYTES };
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		int peer = connect_as(7, MESSAGE_PRODUCER);
		cleanup(buf_free) struct buf heard = BUF_INIT;

		buf_reset(&line);
		buf_add_chars(&line, 'x', lengths[i]);
		buf_add_str(&line, "\n" ENTRY);
		say_at_length(peer, buf_slice(&line));
		hear(peer, &heard);
		assert_int_equal(lines_in(&heard), 2);
		assert_non_null(
		    strstr(heard.data, "{\"error\":\"too_long\",\"line\":1,"));
		assert_non_null(strstr(heard.data, ",\"line\":2}\n"));
		close(peer);
	}
}

static void
the_longest_line_is_taken(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	buf_add_chars(&line, ' ', MESSAGE_LINE_BYTES + 1 - strlen(ENTRY));
	buf_add_str(&line, ENTRY);
	say_at_length(peer, buf_slice(&line));
	assert_heard(peer, ACCEPTED("1", "1", "1"));
	close(peer);
}

static void
idle_connections_hold_no_memory(void **state)
{
	enum { PEERS = 500 };
	int peers[PEERS];
	const struct connection *i;

	(void)state;
	for (uint32_t uid = 0; uid < PEERS; uid++) {
		peers[uid] = connect_as(uid, MESSAGE_PRODUCER);
		say(peers[uid], ENTRY BAD);
	}
	run();
	LIST_FOREACH(i, &stage.ingest->room.connections, all) {
		assert_int_equal(i->lines, 2);
		assert_int_equal(i->input.capacity, 0);
		assert_int_equal(i->answers.output.capacity, 0);
		assert_int_equal(i->answers.held_text.capacity, 0);
		assert_null(i->answers.held);
	}
	for (size_t peer = 0; peer < PEERS; peer++)
		close(peers[peer]);
}

/* --- back-pressure and fairness ------------------------------------------- */

/* Says bad lines for as long as the other side takes them, and listens to no
 * answer. Returns how many bytes went. */
static size_t
say_until_nobody_reads(int peer)
{
	size_t bytes = 0;

	for (int idle = 0; idle < 10; idle++) {
		ssize_t sent =
		    send(peer, BAD BAD, strlen(BAD BAD), MSG_NOSIGNAL);

		if (sent > 0) {
			bytes += (size_t)sent;
			idle = 0;
		}
		run();
	}
	return bytes;
}

static void
a_peer_that_does_not_listen_is_not_read(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);
	struct connection *connection =
	    LIST_FIRST(&stage.ingest->room.connections);
	int other = connect_as(7, MESSAGE_PRODUCER);
	cleanup(buf_free) struct buf heard = BUF_INIT;
	size_t lines, answered = 0;

	(void)state;
	lines = say_until_nobody_reads(peer) / strlen(BAD);
	assert_true(connection->answers.output.len > 0);
	assert_true(
	    answers_bytes(&connection->answers) < 2 * CONNECTION_ANSWER_BYTES);
	assert_true(connection->input.len <= FAIR_READ_BYTES);

	/* Others of the same user are not touched. */
	say(other, ENTRY);
	run();
	assert_heard(other, ACCEPTED("1", "1", "1"));

	/* It listens again: everything comes. */
	while (answered < lines) {
		hear(peer, &heard);
		assert_int_not_equal(heard.len, 0);
		answered += lines_in(&heard);
		run();
	}
	assert_int_equal(answered, lines);
	close(peer);
	close(other);
}

static void
a_full_batch_ends_the_turn_and_loses_nothing(void **state)
{
	enum { LINES = 300 };
	int peer = connect_as(7, MESSAGE_PRODUCER);
	cleanup(buf_free) struct buf lines = BUF_INIT;
	cleanup(buf_free) struct buf heard = BUF_INIT;

	(void)state;
	commit.full_at = 7;
	for (int i = 0; i < LINES; i++)
		buf_add_str(&lines, ENTRY);
	say(peer, lines.data);
	run();
	hear(peer, &heard);
	assert_non_null(strstr(heard.data, ACCEPTED("7", "7", "7")));
	assert_non_null(strstr(heard.data, ACCEPTED("6", "300", "300")));
	assert_int_equal(lines_in(&heard), (LINES + 6) / 7);
	close(peer);
}

/* Fill the socket with entries of 1 KiB. */
static void
flood(int peer)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	ssize_t sent;

	buf_add_str(&line, ENTRY);
	buf_set_len(&line, line.len - 2);
	buf_add_str(&line, ",\"summary\":\"");
	buf_add_chars(&line, 's', 1024);
	buf_add_str(&line, "\"}\n");
	do {
		sent = send(peer, line.data, line.len, MSG_NOSIGNAL);
	} while (sent == (ssize_t)line.len);
}

static void
a_flood_of_one_user_does_not_hold_up_another(void **state)
{
	int floods[8], peer;

	(void)state;
	commit.full_at = 200;
	stage.holds_back = true;
	for (size_t i = 0; i < COUNT(floods); i++) {
		floods[i] = connect_as(7, MESSAGE_PRODUCER);
		flood(floods[i]);
	}
	peer = connect_as(8, MESSAGE_PRODUCER);
	say(peer, ENTRY);
	run();
	/* The batch is full of the flood, but the one entry is in it. */
	assert_int_equal(commit.waiting, commit.full_at);
	assert_non_null(strstr(commit.uids.data, " 8 "));
	for (size_t i = 0; i < COUNT(floods); i++)
		close(floods[i]);
	close(peer);
}

/* … and there is not much of the flood in it, either. */
static void
who_waits_beside_a_flood_does_not_wait_for_a_full_batch(void **state)
{
	int floods[8], peer;

	(void)state;
	commit.is_quick = true;
	stage.holds_back = true;
	for (size_t i = 0; i < COUNT(floods); i++) {
		floods[i] = connect_as(7, MESSAGE_PRODUCER);
		flood(floods[i]);
	}
	peer = connect_as(8, MESSAGE_PRODUCER);
	say(peer, ENTRY);
	run();
	assert_true(commit_is_full(&commit));
	assert_non_null(strstr(commit.uids.data, "8 "));
	assert_true(commit.waiting <= 1 + FAIR_UID_BYTES / 1024);
	for (size_t i = 0; i < COUNT(floods); i++)
		close(floods[i]);
	close(peer);
}

/* Each of its reads is more than a batch, so each of its turns is interrupted.
 */
static void
a_flooding_connection_does_not_hold_up_its_users_other_ones(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);
	int other = connect_as(7, MESSAGE_PRODUCER);
	cleanup(buf_free) struct buf heard = BUF_INIT;

	(void)state;
	commit.full_at = 5;
	flood(peer);
	run();
	hear(peer, &heard);
	flood(peer);
	say(other, ENTRY);
	hear(other, &heard);
	for (int turns = 0; turns < 20 && heard.len == 0; turns++) {
		sd_event_run(stage.event, 0);
		hear(peer, &heard);
		flood(peer);
		hear(other, &heard);
	}
	assert_int_not_equal(heard.len, 0);
	close(peer);
	close(other);
}

static void
who_was_slowed_is_recorded_once_a_minute(void **state)
{
	int peer = connect_as(4000000, MESSAGE_PRODUCER);

	(void)state;
	commit.full_at = 3;
	stage.holds_back = true;
	say(peer, ENTRY ENTRY ENTRY ENTRY);
	run();
	test_now += 5 * USEC_PER_SEC;
	stage.holds_back = false;
	flush();
	run();
	ingest_tick(stage.ingest);
	assert_string_equal(commit.systems.data, "");
	test_now += USEC_PER_MIN;
	ingest_tick(stage.ingest);
	assert_string_equal(commit.systems.data,
	    "ingest.throttled {\"slowed\":[{\"uid\":4000000,\"user_name\":"
	    "\"uid:4000000\",\"slowed_ms\":5000,\"read_bytes\":328,"
	    "\"connections\":1}]}\n");
	test_now += USEC_PER_MIN;
	ingest_tick(stage.ingest);
	assert_int_equal(lines_in(&commit.systems), 1);
	close(peer);
}

/* --- names ---------------------------------------------------------------- */

#define USERS                                                                 \
	"{\"actor_type\":\"user\",\"capability\":\"shell.login\",\"status\":" \
	"\"success\"}\n"

static void
only_lines_that_name_their_peer_wait_for_his_name(void **state)
{
	int agent, user, asker;

	(void)state;
	names_are_slow = true;
	agent = connect_as(7, MESSAGE_PRODUCER);
	user = connect_as(8, MESSAGE_OPERATOR | MESSAGE_PRODUCER);
	asker = connect_as(9, MESSAGE_OWNER);
	say(agent, ENTRY ENTRY);
	say(user, ENTRY USERS ENTRY BAD);
	say(asker, "{\"do\":\"ping\",\"id\":\"r1\"}\n" ENTRY);
	run();
	assert_heard(agent, ACCEPTED("2", "2", "2"));
	assert_heard(user, ACCEPTED("1", "3", "1"));
	assert_heard(asker, "");
	say(agent, ENTRY);
	say(user, ENTRY);
	run();
	assert_heard(agent, ACCEPTED("1", "4", "3"));
	assert_heard(user, "");

	find_names();
	run();
	assert_heard(
	    asker, "{\"id\":\"r1\",\"ok\":{}}\n" ACCEPTED("1", "5", "2"));
	assert_heard(
	    user, ACCEPTED("2", "7", "3") ROBOT("4") ACCEPTED("1", "8", "5"));
	close(agent);
	close(user);
	close(asker);
}

static void
a_peer_that_goes_while_his_name_is_looked_up_loses_no_line(void **state)
{
	int peer;

	(void)state;
	names_are_slow = true;
	peer = connect_as(8, MESSAGE_OPERATOR);
	say(peer, USERS USERS);
	close(peer);
	run();
	assert_int_equal(counts().entries_accepted, 0);
	find_names();
	run();
	assert_int_equal(counts().entries_accepted, 2);
	assert_int_equal(counts().connections, 0);
}

/* --- commands ------------------------------------------------------------- */

static void
commands_are_answered_by_their_id(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	stage.holds_back = true;
	say(peer, ENTRY "{\"do\":\"ping\",\"id\":\"r1\"}\n"
			"{\"do\":\"dance\",\"id\":\"r2\"}\n"
			"{\"do\":\"later\",\"id\":\"r3\"}\n"
			"{\"do\":\"ping\"}\n");
	run();
	assert_heard(peer,
	    "{\"id\":\"r1\",\"ok\":{}}\n"
	    "{\"id\":\"r2\",\"error\":\"not_found\",\"field\":\"do\","
	    "\"detail\":\"there is no command dance\"}\n"
	    "{\"id\":\"r3\",\"error\":\"not_allowed\",\"field\":\"do\","
	    "\"detail\":\"later is not yours to do: it takes root\"}\n");
	/* One without an id is a bad line, answered in its turn. */
	flush();
	assert_heard(peer,
	    ACCEPTED("1", "1",
		"1") "{\"error\":\"missing_field\",\"line\":5,"
		     "\"field\":\"id\",\"detail\":\"id is missing\"}\n");
	close(peer);
}

static void
a_long_command_tells_of_its_progress(void **state)
{
	int peer = connect_as(0, MESSAGE_OWNER);

	(void)state;
	say(peer, "{\"do\":\"later\",\"id\":\"r1\",\"args\":{}}\n" ENTRY);
	run();
	assert_heard(peer, ACCEPTED("1", "1", "2"));
	assert_int_equal(kept_call->peer.uid, 0);
	command_progress(kept_call, 0.5);
	assert_heard(peer, "{\"id\":\"r1\",\"progress\":0.500}\n");
	assert_false(command_is_abandoned(kept_call));
	command_ok(kept_call, SLICE_LITERAL("{\"n\":1}"));
	assert_heard(peer, "{\"id\":\"r1\",\"ok\":{\"n\":1}}\n");
	close(peer);
}

static void
a_command_goes_on_without_its_caller(void **state)
{
	int peer = connect_as(0, MESSAGE_OWNER);
	struct error err;

	(void)state;
	say(peer, "{\"do\":\"later\",\"id\":\"r1\"}\n");
	run();
	connection_end_all(&stage.ingest->room);
	assert_true(command_is_abandoned(kept_call));
	command_progress(kept_call, 0.5);
	error_set(&err, ERROR_NOT_FOUND, "gone");
	command_fail(kept_call, &err);
	close(peer);
}

static void
too_many_commands_at_once_wait(void **state)
{
	int peer = connect_as(0, MESSAGE_OWNER);
	struct connection *connection =
	    LIST_FIRST(&stage.ingest->room.connections);
	struct command_caller *caller = &connection->caller;

	(void)state;
	for (int i = 0; i < CONNECTION_COMMANDS + 2; i++)
		say(peer, "{\"do\":\"later\",\"id\":\"r\"}\n");
	run();
	assert_int_equal(caller->count, CONNECTION_COMMANDS);
	assert_int_equal(connection->lines, CONNECTION_COMMANDS);
	command_ok(LIST_FIRST(&caller->calls), (struct slice){ NULL, 0 });
	run();
	assert_int_equal(caller->count, CONNECTION_COMMANDS);
	assert_int_equal(connection->lines, CONNECTION_COMMANDS + 1);
	while (!LIST_EMPTY(&caller->calls)) {
		command_ok(
		    LIST_FIRST(&caller->calls), (struct slice){ NULL, 0 });
		run();
	}
	assert_int_equal(connection->lines, CONNECTION_COMMANDS + 2);
	close(peer);
}

/* --- who may come --------------------------------------------------------- */

static void
connections_of_a_uid_are_bounded(void **state)
{
	int peers[65];
	cleanup(buf_free) struct buf heard = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(peers); i++)
		peers[i] = connect_as(7, MESSAGE_PRODUCER);
	hear(peers[64], &heard);
	assert_non_null(
	    strstr(heard.data, "{\"error\":\"busy\",\"line\":0,\"detail\":"));
	assert_true(is_closed(peers[64]));
	assert_int_equal(counts().connections, 64);
	assert_int_equal(counts().peers_refused, 1);

	/* Others are let in. */
	close(peers[64]);
	peers[64] = connect_as(8, MESSAGE_PRODUCER);
	say(peers[64], ENTRY);
	run();
	assert_heard(peers[64], ACCEPTED("1", "1", "1"));
	for (size_t i = 0; i < COUNT(peers); i++)
		close(peers[i]);
}

static void
after_the_stop_nothing_is_read_but_all_is_answered(void **state)
{
	int peer = connect_as(7, MESSAGE_PRODUCER);

	(void)state;
	stage.holds_back = true;
	say(peer, ENTRY);
	run();
	ingest_stop(stage.ingest);
	say(peer, ENTRY);
	run();
	flush();
	run();
	assert_heard(peer, ACCEPTED("1", "1", "1"));
	close(peer);
}

/* --- a real socket, where this user is the daemon's own ------------------- */

static struct sockaddr_un address;
static char dir[32];

static void
open_door(void)
{
	struct error err;

	memcpy(dir, "/tmp/ingest-XXXXXX", sizeof("/tmp/ingest-XXXXXX"));
	assert_non_null(mkdtemp(dir));
	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/ingest.sock", dir);
	free(stage.ingest->path);
	stage.ingest->path = copy_text(address.sun_path);
	assert_int_equal(ingest_open(stage.ingest, &err), 0);
}

static int
knock(void)
{
	int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
	    connect(peer, (struct sockaddr *)&address, sizeof(address)), 0);
	return peer;
}

/* An entry through it is answered. */
static void
assert_answered(int peer, const char *expected)
{
	struct pollfd answered = { .fd = peer, .events = POLLIN };

	say(peer, ENTRY);
	for (int i = 0; i < 100 && poll(&answered, 1, 0) == 0; i++)
		sd_event_run(stage.event, 100 * USEC_PER_MSEC);
	assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
	assert_heard(peer, expected);
	close(peer);
}

static void
the_door_opens_at_its_path_and_closes(void **state)
{
	(void)state;
	open_door();
	assert_answered(knock(), ACCEPTED("1", "1", "1"));
	ingest_stop(stage.ingest);
	assert_int_equal(access(address.sun_path, F_OK), -1);
	assert_int_equal(rmdir(dir), 0);
}

static void
who_closes_a_connection_may_open_another_at_once(void **state)
{
	int peers[64];

	(void)state;
	open_door();
	for (size_t i = 0; i < COUNT(peers); i++)
		peers[i] = knock();
	run();
	assert_int_equal(counts().connections, COUNT(peers));
	close(peers[0]);
	assert_answered(knock(), ACCEPTED("1", "1", "1"));
	for (size_t i = 1; i < COUNT(peers); i++)
		close(peers[i]);
	ingest_stop(stage.ingest);
	assert_int_equal(rmdir(dir), 0);
}

static void
a_socket_that_was_removed_is_opened_anew(void **state)
{
	int early;

	(void)state;
	diag_init("", (enum diag_level)0);
	open_door();
	early = knock();
	assert_int_equal(unlink(address.sun_path), 0);
	ingest_tick(stage.ingest);
	assert_answered(knock(), ACCEPTED("1", "1", "1"));
	assert_answered(early, ACCEPTED("1", "2", "1"));
	ingest_stop(stage.ingest);
	assert_int_equal(rmdir(dir), 0);
}

static void
what_stands_in_its_place_is_left_alone(void **state)
{
	(void)state;
	diag_init("", (enum diag_level)0);
	open_door();
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(mkdir(address.sun_path, 0700), 0);
	ingest_tick(stage.ingest);
	ingest_tick(stage.ingest);
	assert_int_equal(rmdir(address.sun_path), 0);
	ingest_tick(stage.ingest);
	assert_answered(knock(), ACCEPTED("1", "1", "1"));
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(mkdir(address.sun_path, 0700), 0);
	ingest_stop(stage.ingest);
	assert_int_equal(rmdir(address.sun_path), 0);
	assert_int_equal(rmdir(dir), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_of_one_batch_are_answered_together),
		TEST(nothing_is_answered_before_it_is_durable),
		TEST(errors_stand_in_the_order_of_lines),
		TEST(
		    what_was_left_for_later_is_a_producers_entries_of_that_time),
		TEST(a_stranger_has_left_nothing),
		TEST(empty_lines_count_and_break_a_run),
		TEST(seqs_of_others_between_break_a_run),
		TEST(what_the_disk_refuses_is_told_line_by_line),
		TEST(a_repetition_is_answered_with_the_first_seq),
		TEST(a_line_may_come_byte_by_byte),
		TEST(a_connection_that_closes_keeps_its_whole_lines),
		TEST(a_peer_that_has_gone_loses_no_line),
		TEST(a_peer_that_only_ends_speaking_is_still_answered),
		TEST(
		    a_connection_that_goes_while_its_entries_wait_is_forgotten),
		TEST(a_line_too_long_is_one_error_and_the_next_one_counts),
		TEST(the_longest_line_is_taken),
		TEST(idle_connections_hold_no_memory),
		TEST(a_peer_that_does_not_listen_is_not_read),
		TEST(a_full_batch_ends_the_turn_and_loses_nothing),
		TEST(a_flood_of_one_user_does_not_hold_up_another),
		TEST(who_waits_beside_a_flood_does_not_wait_for_a_full_batch),
		TEST(
		    a_flooding_connection_does_not_hold_up_its_users_other_ones),
		TEST(who_was_slowed_is_recorded_once_a_minute),
		TEST(only_lines_that_name_their_peer_wait_for_his_name),
		TEST(
		    a_peer_that_goes_while_his_name_is_looked_up_loses_no_line),
		TEST(commands_are_answered_by_their_id),
		TEST(a_long_command_tells_of_its_progress),
		TEST(a_command_goes_on_without_its_caller),
		TEST(too_many_commands_at_once_wait),
		TEST(connections_of_a_uid_are_bounded),
		TEST(after_the_stop_nothing_is_read_but_all_is_answered),
		TEST(the_door_opens_at_its_path_and_closes),
		TEST(who_closes_a_connection_may_open_another_at_once),
		TEST(a_socket_that_was_removed_is_opened_anew),
		TEST(what_stands_in_its_place_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
