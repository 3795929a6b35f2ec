#include "collectors/kruxosd/ingest.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/connection.h"
#include "collectors/kruxosd/fairness.h"
#include "collectors/kruxosd/listener.h"
#include "collectors/kruxosd/name_finder.h"
#include "door/answer.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	EVENTS = 256, /* taken from epoll at once */
	ACCEPTS = 64, /* … and new connections */
	PRIORITY = SD_EVENT_PRIORITY_NORMAL + 10,
};

/* A turn of reading ends after this even if the batch is not full: nobody
 * else's turn of the loop should wait longer. */
#define TURN_TIME (5 * USEC_PER_MSEC)

/* In a turn that takes long, those who come are looked for this often. */
#define LOOK_TIME ((usec_t)250)

/* Too few descriptors: try again after this. */
#define ACCEPT_PAUSE USEC_PER_SEC

struct ingest {
	struct connection_room room;
	struct ingest_parts parts;
	char *path;
	struct peer_rules rules;

	/* One epoll for all connections, edge-triggered, which the loop sees as
	 * one source: 10,000 idle connections cost it nothing, and not reading
	 * a socket costs no system call. */
	int epoll;
	struct listener listener;
	bool is_blocked; /* another stands in its place, and that was said */
	usec_t accept_again_at;	  /* 0: it is accepting */
	sd_event_source *arrival; /* something has come */
	sd_event_source *rest;	  /* something is left from the last turn */
	struct name_finder *names;
	sd_event_source *named;

	usec_t report_at;
	uint64_t peers_refused_reported;
};

static int
on_arrival(sd_event_source *source, int fd, uint32_t events, void *context);
static int on_rest(sd_event_source *source, void *context);
static int
on_named(sd_event_source *source, int fd, uint32_t events, void *context);
static void on_ready(void *context);

/* --- making it ------------------------------------------------------------ */

static int
add_sources(struct ingest *ingest, struct error *err)
{
	sd_event *event = ingest->parts.event;
	int result;

	result = sd_event_add_io(event, &ingest->arrival, ingest->epoll,
	    EPOLLIN, on_arrival, ingest);
	if (result >= 0)
		result =
		    sd_event_add_defer(event, &ingest->rest, on_rest, ingest);
	if (result >= 0)
		result =
		    sd_event_source_set_enabled(ingest->rest, SD_EVENT_OFF);
	if (result >= 0)
		result =
		    sd_event_source_set_priority(ingest->arrival, PRIORITY);
	if (result >= 0)
		result = sd_event_source_set_priority(ingest->rest, PRIORITY);
	if (result >= 0)
		result = sd_event_add_io(event, &ingest->named,
		    name_finder_fd(ingest->names), EPOLLIN, on_named, ingest);
	if (result >= 0)
		return 0;
	errno = -result;
	return error_set_errno(err, "the door's event sources");
}

static char *
copy_text(const char *text)
{
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, text);
	return buf_detach(&copy);
}

struct ingest *
ingest_new(const struct ingest_settings *settings,
    const struct ingest_parts *parts, struct error *err)
{
	struct ingest *ingest = memory_new(sizeof(*ingest));

	*ingest = (struct ingest){
		.room = {
			.clock = parts->clock,
			.commit = parts->commit,
			.recent = parts->recent,
			.outcomes = parts->outcomes,
			.coverage = parts->coverage,
			.commands = parts->commands,
			.fairness = fairness_new(settings->connections_a_uid,
			    settings->connections),
			.on_ready = on_ready,
			.on_ready_context = ingest,
			.parser = MESSAGE_PARSER_INIT,
			.received = memory_new(FAIR_READ_BYTES),
		},
		.parts = *parts,
		.path = copy_text(settings->path),
		.listener = LISTENER_CLOSED,
		.report_at = clock_monotonic(parts->clock) + USEC_PER_MIN,
	};
	ingest->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ingest->epoll == -1) {
		error_set_errno(err, "epoll_create1");
		goto fail;
	}
	ingest->names = name_finder_new(peer_user_name, err);
	if (ingest->names == NULL ||
	    peer_rules_look_up(&settings->names, &ingest->rules, err) == -1 ||
	    add_sources(ingest, err) == -1)
		goto fail;
	return ingest;
fail:
	ingest_free(ingest);
	return NULL;
}

int
ingest_reconfigure(struct ingest *ingest,
    const struct ingest_settings *settings, struct error *err)
{
	if (peer_rules_look_up(&settings->names, &ingest->rules, err) == -1)
		return -1;
	fairness_set_limits(ingest->room.fairness, settings->connections_a_uid,
	    settings->connections);
	return 0;
}

/* --- who comes ------------------------------------------------------------ */

static int
watch_listener(struct ingest *ingest, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	if (epoll_ctl(ingest->epoll, EPOLL_CTL_ADD, ingest->listener.fd,
		&event) == -1)
		return error_set_errno(err, "epoll_ctl");
	return 0;
}

static void
unwatch_listener(struct ingest *ingest)
{
	epoll_ctl(ingest->epoll, EPOLL_CTL_DEL, ingest->listener.fd, NULL);
}

int
ingest_open(struct ingest *ingest, struct error *err)
{
	if (listener_open(ingest->path, &ingest->listener, err) == -1)
		return -1;
	return watch_listener(ingest, err);
}

/* One line says why, and that was it. */
static void
refuse(struct ingest *ingest, int fd, const struct error *why)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	ingest->room.counts.peers_refused++;
	answer_add_error(&line, 0, why);
	send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static int
adopt(struct ingest *ingest, int fd, uid_t uid, unsigned classes, usec_t at,
    struct error *err)
{
	struct connection *connection =
	    connection_new(&ingest->room, fd, uid, classes, err);
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = connection,
	};

	if (connection == NULL) {
		refuse(ingest, fd, err);
		return -1;
	}
	connection_set_spooled(connection, at);
	if (!connection_has_name(connection))
		name_finder_ask(ingest->names, uid);
	if (epoll_ctl(ingest->epoll, EPOLL_CTL_ADD, fd, &event) == -1) {
		error_set_errno(err, "epoll_ctl");
		connection_end(connection, err);
		return -1;
	}
	return 0;
}

int
ingest_adopt(struct ingest *ingest, int fd, uid_t uid, unsigned classes,
    struct error *err)
{
	return adopt(ingest, fd, uid, classes, 0, err);
}

static int
set_stranger(uid_t uid, struct error *err)
{
	return error_set(err, ERROR_NOT_ALLOWED,
	    "uid %lu is in none of the groups that may speak here",
	    (unsigned long)uid);
}

int
ingest_check_owner(const struct ingest *ingest, uid_t uid, struct error *err)
{
	unsigned classes;

	if (peer_of_user(&ingest->rules, uid, &classes, err) == -1)
		return -1;
	if ((classes & (MESSAGE_OWNER | MESSAGE_PRODUCER)) != 0)
		return 0;
	return set_stranger(uid, err);
}

int
ingest_adopt_spooled(
    struct ingest *ingest, int fd, uid_t uid, usec_t at, struct error *err)
{
	if (ingest_check_owner(ingest, uid, err) == 0)
		return adopt(ingest, fd, uid, MESSAGE_PRODUCER, at, err);
	close(fd);
	return -1;
}

static void
take_peer(struct ingest *ingest, int fd)
{
	struct error err;
	unsigned classes;
	uid_t uid;

	if (peer_of_socket(&ingest->rules, fd, &uid, &classes, &err) == -1) {
		refuse(ingest, fd, &err);
		return;
	}
	if (classes == 0) {
		set_stranger(uid, &err);
		refuse(ingest, fd, &err);
		return;
	}
	ingest_adopt(ingest, fd, uid, classes, &err);
}

static void
pause_accepting(struct ingest *ingest)
{
	diag(DIAG_WARNING, "%s: no connection can be accepted: %m",
	    ingest->path);
	unwatch_listener(ingest);
	ingest->accept_again_at =
	    clock_monotonic(ingest->parts.clock) + ACCEPT_PAUSE;
}

static void
accept_some(struct ingest *ingest)
{
	for (int i = 0; i < ACCEPTS; i++) {
		int fd = accept4(ingest->listener.fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd != -1) {
			take_peer(ingest, fd);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			pause_accepting(ingest);
			return;
		}
	}
}

/* --- turns ---------------------------------------------------------------- */

/* What has come since: who can be read, who takes answers again. Returns
 * whether somebody stands at the door. */
static bool
take_events(struct ingest *ingest)
{
	struct epoll_event events[EVENTS];
	bool has_visitors = false;
	int count = epoll_wait(ingest->epoll, events, EVENTS, 0);

	for (int i = 0; i < count; i++)
		if (events[i].data.ptr == NULL)
			has_visitors = true;
		else
			connection_on_events(
			    events[i].data.ptr, events[i].events);
	return has_visitors;
}

/* Read from all who are ready, in turn, until the batch is full or the time is
 * over. Returns whether somebody stands at the door. */
static bool
read_all(struct ingest *ingest)
{
	struct connection_room *room = &ingest->room;
	usec_t begun = clock_monotonic(room->clock), now = begun,
	       looked = begun;
	bool has_visitors = take_events(ingest);
	struct fair_member *member;
	size_t bytes;

	fairness_begin(room->fairness, begun);
	while (!commit_is_full(room->commit) && now < begun + TURN_TIME &&
	       (member = fairness_next(room->fairness, &bytes)) != NULL) {
		connection_read(connection_of(member), bytes);
		if (fairness_is_round_over(room->fairness))
			commit_hurry(room->commit);
		now = clock_monotonic(room->clock);
		if (now >= looked + LOOK_TIME) {
			has_visitors |= take_events(ingest);
			looked = now;
		}
	}
	fairness_end(room->fairness);
	return has_visitors;
}

/* Those who come are let in behind the reading: some of those who were read
 * have left, and a user who has all the connections that he may have can close
 * one for another. */
static void
turn(struct ingest *ingest)
{
	if (read_all(ingest))
		accept_some(ingest);
	sd_event_source_set_enabled(ingest->rest,
	    fairness_is_waiting(ingest->room.fairness) ? SD_EVENT_ONESHOT
						       : SD_EVENT_OFF);
}

static int
on_arrival(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	(void)events;
	turn(context);
	return 0;
}

static int
on_named(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct ingest *ingest = context;
	char name[ENTRY_NAME_BYTES + 1];
	uint64_t count;
	uid_t uid;

	(void)source;
	(void)events;
	if (read(fd, &count, sizeof(count)) == -1 && errno != EAGAIN)
		diag(DIAG_ERROR, "names of users: eventfd: %m");
	while (name_finder_take(ingest->names, &uid, name))
		fairness_set_name(ingest->room.fairness, uid, name);
	connection_on_names(&ingest->room);
	return 0;
}

static int
on_rest(sd_event_source *source, void *context)
{
	(void)source;
	turn(context);
	return 0;
}

/* Somebody who was held up by us can be read again: there will be no event
 * about it. */
static void
on_ready(void *context)
{
	struct ingest *ingest = context;

	sd_event_source_set_enabled(ingest->rest, SD_EVENT_ONESHOT);
}

/* --- each second ---------------------------------------------------------- */

static void
accept_again(struct ingest *ingest, usec_t now)
{
	struct error err;

	if (ingest->accept_again_at == 0 || now < ingest->accept_again_at)
		return;
	ingest->accept_again_at = 0;
	if (watch_listener(ingest, &err) == -1)
		diag(DIAG_ERROR, "%s: %s", ingest->path, err.sentence);
}

/* A socket that was removed is nobody's way in any more. Those who were on
 * their way are let in, and it is opened anew. */
static void
open_again(struct ingest *ingest)
{
	struct listener listener;
	struct error err;

	if (ingest->listener.fd == -1 ||
	    listener_is_there(&ingest->listener, ingest->path))
		return;
	if (listener_open(ingest->path, &listener, &err) == -1) {
		if (!ingest->is_blocked)
			diag(DIAG_CRITICAL,
			    "%s; nobody can come in by it until it has gone",
			    err.sentence);
		ingest->is_blocked = true;
		return;
	}
	diag(DIAG_WARNING, "%s was removed from outside; it is opened anew",
	    ingest->path);
	ingest->is_blocked = false;
	accept_some(ingest);
	if (ingest->accept_again_at == 0)
		unwatch_listener(ingest);
	listener_close(&ingest->listener, ingest->path);
	ingest->listener = listener;
	ingest->accept_again_at = clock_monotonic(ingest->parts.clock);
	accept_again(ingest, ingest->accept_again_at);
}

static void
end_overdue(struct ingest *ingest, usec_t now)
{
	struct fair_member *member;
	struct error err;

	error_set(&err, ERROR_TOO_LONG,
	    "a line that is not ended in time holds up the others of its user");
	while ((member = fairness_overdue(ingest->room.fairness, now)) != NULL)
		connection_end(connection_of(member), &err);
}

static void
report(struct ingest *ingest, usec_t now)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	uint64_t refused = ingest->room.counts.peers_refused;
	struct error err;

	if (now < ingest->report_at)
		return;
	ingest->report_at = now + USEC_PER_MIN;
	if (fairness_report(ingest->room.fairness, now, &request) &&
	    commit_add_system(ingest->room.commit, "ingest.throttled",
		ENTRY_SUCCESS, NULL, buf_slice(&request), NULL, &err) == -1)
		diag(DIAG_WARNING, "ingest.throttled %s: not recorded: %s",
		    request.data, err.sentence);
	if (refused > ingest->peers_refused_reported)
		diag(DIAG_NOTICE, "%s: %llu connections were refused",
		    ingest->path,
		    (unsigned long long)(refused -
					 ingest->peers_refused_reported));
	ingest->peers_refused_reported = refused;
}

void
ingest_tick(struct ingest *ingest)
{
	usec_t now = clock_monotonic(ingest->parts.clock);

	accept_again(ingest, now);
	open_again(ingest);
	end_overdue(ingest, now);
	report(ingest, now);
}

/* --- the end -------------------------------------------------------------- */

void
ingest_stop(struct ingest *ingest)
{
	ingest->room.is_stopping = true;
	sd_event_source_set_enabled(ingest->arrival, SD_EVENT_OFF);
	sd_event_source_set_enabled(ingest->rest, SD_EVENT_OFF);
	listener_close(&ingest->listener, ingest->path);
}

void
ingest_free(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	if (ingest->arrival != NULL && ingest->rest != NULL)
		ingest_stop(ingest);
	connection_end_all(&ingest->room);
	sd_event_source_disable_unref(ingest->arrival);
	sd_event_source_disable_unref(ingest->rest);
	sd_event_source_disable_unref(ingest->named);
	name_finder_free(ingest->names);
	if (ingest->epoll != -1)
		close(ingest->epoll);
	fairness_free(ingest->room.fairness);
	message_parser_free(&ingest->room.parser);
	free(ingest->room.received);
	free(ingest->path);
	free(ingest);
}

void
ingest_read_counts(
    const struct ingest *ingest, struct ingest_counts *ret_counts)
{
	*ret_counts = ingest->room.counts;
}
