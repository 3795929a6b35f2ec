#include "http/broadcast.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "http/event.h"
#include "http/record.h"
#include "http/ring.h"

#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>

enum {
	PARTS_A_SEND = 256,    /* of one sendmsg(): events, mostly */
	CATCH_UPS_A_TURN = 16, /* pieces of the past read in one turn */
	/* What a stopped reader costs the kernel. */
	SEND_BUFFER_BYTES = 64 * 1024,
};

static const usec_t COMMENT_INTERVAL = 15 * USEC_PER_SEC;
static const usec_t TICK_INTERVAL = USEC_PER_SEC;
static const usec_t STALL_MAX = 30 * USEC_PER_SEC;
static const usec_t RETRY_MIN = 2 * USEC_PER_SEC;
static const usec_t RETRY_JITTER = 3 * USEC_PER_SEC;

static const char HEAD[] = "Status: 200 OK\r\n"
			   "Content-Type: text/event-stream\r\n"
			   "Cache-Control: no-store\r\n"
			   "X-Accel-Buffering: no\r\n"
			   "\r\n";

struct subscriber {
	struct loop_watch watch;
	struct broadcast *broadcast;
	int fd;
	bool live;    /* follows the ring; else it is catching up */
	bool blocked; /* its socket is full: EPOLLOUT will tell */
	bool queued;  /* stands in `catching` */

	uint64_t next;	/* live: the event that comes next, by its number */
	uint64_t after; /* it has, or will not have, all up to this id */

	/* Records for it alone, before the ring's; the rest of an event of
	 * which it has taken a part, too. */
	struct buf private;
	size_t private_sent;
	usec_t blocked_at; /* since when, or when it last took something */
	void *filter;
	LIST_ENTRY(subscriber) all;
	TAILQ_ENTRY(subscriber) catching;
};

struct broadcast {
	struct loop *loop;
	struct broadcast_settings settings;
	struct ring ring;
	size_t fresh_bytes; /* published since the last flush */
	uint64_t head_id;

	size_t count;
	LIST_HEAD(subscriber_list, subscriber) subscribers;
	/* Those that are ready for the next piece of the past. */
	TAILQ_HEAD(subscriber_queue, subscriber) catching;
	struct loop_hook hook;
	struct loop_timer comment, tick;
};

/* --- sending ------------------------------------------------------------- */

static void
free_filter(struct broadcast *b, void *filter)
{
	if (filter != NULL && b->settings.free_filter != NULL)
		b->settings.free_filter(filter);
}

static void
drop(struct subscriber *sub)
{
	struct broadcast *b = sub->broadcast;

	loop_remove(b->loop, sub->fd, &sub->watch);
	shutdown(sub->fd, SHUT_RDWR);
	close(sub->fd);
	LIST_REMOVE(sub, all);
	if (sub->queued)
		TAILQ_REMOVE(&b->catching, sub, catching);
	b->count--;
	free_filter(b, sub->filter);
	buf_free(&sub->private);
	loop_free_later(b->loop, sub);
}

static bool
wants(const struct subscriber *sub, const struct ring_event *event)
{
	const struct broadcast_settings *settings = &sub->broadcast->settings;

	return event->payload == NULL || settings->wants == NULL ||
	       settings->wants(sub->filter, event->payload);
}

/* What one send is made of. */
struct parts {
	struct iovec vector[PARTS_A_SEND];
	uint64_t number[PARTS_A_SEND]; /* of the event; PRIVATE */
	size_t count;
	size_t bytes;
	uint64_t looked_at; /* all events before this one are in, or unwanted */
};

static const uint64_t PRIVATE = UINT64_MAX;

static void
parts_add(struct parts *parts, uint64_t number, const char *bytes, size_t len)
{
	parts->vector[parts->count] =
	    (struct iovec){ (void *)(uintptr_t)bytes, len };
	parts->number[parts->count++] = number;
	parts->bytes += len;
}

static void
gather(struct subscriber *sub, struct parts *parts)
{
	struct broadcast *b = sub->broadcast;

	parts->count = parts->bytes = 0;
	if (sub->private.len > 0)
		parts_add(parts, PRIVATE, sub->private.data + sub->private_sent,
		    sub->private.len - sub->private_sent);
	parts->looked_at = sub->next;
	if (!sub->live)
		return;
	while (parts->looked_at < b->ring.end && parts->count < PARTS_A_SEND) {
		const struct ring_event *event =
		    ring_at(&b->ring, parts->looked_at);

		if (wants(sub, event))
			parts_add(parts, parts->looked_at, event->records,
			    event->len);
		parts->looked_at++;
	}
}

/* It is through with the events before `number`, which are still here. */
static void
move_to(struct subscriber *sub, uint64_t number)
{
	if (number > sub->next)
		sub->after = ring_at(&sub->broadcast->ring, number - 1)->id;
	sub->next = number;
}

/* All of a part has gone. */
static void
account_whole(struct subscriber *sub, uint64_t number)
{
	if (number == PRIVATE) {
		buf_free(&sub->private);
		sub->private_sent = 0;
	} else {
		move_to(sub, number + 1);
	}
}

/* The first `sent` bytes of a part have gone. Of an event, the rest is kept
 * for this subscriber: the ring may move on before it is taken. */
static void
account_piece(struct subscriber *sub, uint64_t number, const struct iovec *part,
    size_t sent)
{
	if (number == PRIVATE) {
		sub->private_sent += sent;
	} else if (sent == 0) {
		move_to(sub, number);
	} else {
		buf_add(&sub->private, (const char *)part->iov_base + sent,
		    part->iov_len - sent);
		move_to(sub, number + 1);
	}
}

/* `sent` bytes of the parts have gone: move the subscriber on. */
static void
account(struct subscriber *sub, const struct parts *parts, size_t sent)
{
	for (size_t i = 0; i < parts->count; i++) {
		const struct iovec *part = &parts->vector[i];

		if (sent < part->iov_len)
			return account_piece(sub, parts->number[i], part, sent);
		account_whole(sub, parts->number[i]);
		sent -= part->iov_len;
	}
	move_to(sub, parts->looked_at);
}

static void
set_blocked(struct subscriber *sub, bool blocked)
{
	struct loop *loop = sub->broadcast->loop;

	if (blocked == sub->blocked)
		return;
	sub->blocked = blocked;
	sub->blocked_at = loop_now(loop);
	loop_change(loop, sub->fd, &sub->watch,
	    blocked ? EPOLLRDHUP | EPOLLOUT : EPOLLRDHUP);
}

/* Has everything that stands ready for it, and may be given more. */
static void
drained(struct subscriber *sub)
{
	set_blocked(sub, false);
	if (!sub->live && !sub->queued) {
		TAILQ_INSERT_TAIL(&sub->broadcast->catching, sub, catching);
		sub->queued = true;
	}
}

static bool
has_fallen_behind(const struct subscriber *sub)
{
	return sub->live && sub->next < sub->broadcast->ring.first;
}

/* Send all that stands ready, or as much as its socket takes. May drop it. */
static void
pump(struct subscriber *sub)
{
	struct parts parts;

	for (;;) {
		if (has_fallen_behind(sub)) {
			if (sub->broadcast->settings.replay == NULL)
				return drop(sub);
			sub->live = false; /* the past has what it lacks */
		}
		gather(sub, &parts);
		if (parts.count == 0) {
			if (sub->live)
				move_to(sub, parts.looked_at);
			return drained(sub);
		}
		struct msghdr message = { .msg_iov = parts.vector,
			.msg_iovlen = parts.count };
		ssize_t sent =
		    sendmsg(sub->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno != EAGAIN)
			return drop(sub);
		if (sent > 0) {
			sub->blocked_at = loop_now(sub->broadcast->loop);
			account(sub, &parts, (size_t)sent);
		}
		if (sent == -1 || (size_t)sent < parts.bytes)
			return set_blocked(sub, true);
	}
}

static void
on_ready(void *context, uint32_t events)
{
	struct subscriber *sub = context;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		drop(sub);
	else
		pump(sub);
}

/* --- catching up --------------------------------------------------------- */

static bool
ring_reaches(const struct broadcast *b, uint64_t after)
{
	return after >= b->ring.start_id || b->settings.replay == NULL;
}

static void
go_live(struct subscriber *sub)
{
	sub->live = true;
	sub->next = ring_number_after(&sub->broadcast->ring, sub->after);
}

/* The next piece of the past, or over to the ring. */
static void
catch_up(struct subscriber *sub)
{
	struct broadcast *b = sub->broadcast;
	cleanup(buf_free) struct buf text = BUF_INIT;
	uint64_t before = sub->after;

	TAILQ_REMOVE(&b->catching, sub, catching);
	sub->queued = false;
	if (ring_reaches(b, sub->after)) {
		go_live(sub);
		return pump(sub);
	}
	if (b->settings.replay(
		b->settings.context, sub->filter, &sub->after, &text) == -1)
		return drop(sub);
	record_add_stdout(&sub->private, buf_slice(&text));
	if (sub->after != before || text.len > 0)
		pump(sub);
	/* else on_tick() asks again */
}

static void
flush(struct broadcast *b)
{
	struct subscriber *next;

	b->fresh_bytes = 0;
	for (struct subscriber *sub = LIST_FIRST(&b->subscribers); sub != NULL;
	     sub = next) {
		next = LIST_NEXT(sub, all);
		if (sub->live && !sub->blocked)
			pump(sub);
	}
}

static bool
after_turn(void *context)
{
	struct broadcast *b = context;

	for (int i = 0; i < CATCH_UPS_A_TURN && !TAILQ_EMPTY(&b->catching); i++)
		catch_up(TAILQ_FIRST(&b->catching));
	if (b->fresh_bytes > 0)
		flush(b);
	return !TAILQ_EMPTY(&b->catching);
}

static void
on_tick(void *context)
{
	struct broadcast *b = context;
	struct subscriber *next;

	for (struct subscriber *sub = LIST_FIRST(&b->subscribers); sub != NULL;
	     sub = next) {
		next = LIST_NEXT(sub, all);
		if (sub->blocked &&
		    loop_now(b->loop) - sub->blocked_at > STALL_MAX)
			drop(sub);
		else if (!sub->live && !sub->blocked)
			drained(sub);
	}
}

/* --- publishing ---------------------------------------------------------- */

static void
publish(struct broadcast *b, uint64_t id, void *payload, struct slice text)
{
	/* A burst within one turn must not wash away what was never sent. */
	if (b->fresh_bytes > b->settings.ring_bytes / 2)
		flush(b);
	b->fresh_bytes += ring_add(&b->ring, id, payload, text);
}

void
broadcast_publish(
    struct broadcast *b, uint64_t id, void *payload, struct slice text)
{
	assert(id > b->head_id);
	b->head_id = id;
	publish(b, id, payload, text);
}

static void
on_comment(void *context)
{
	struct broadcast *b = context;
	cleanup(buf_free) struct buf text = BUF_INIT;

	event_add_comment(&text);
	publish(b, b->head_id, NULL, buf_slice(&text));
}

void
broadcast_start(struct broadcast *b, uint64_t id)
{
	assert(b->ring.end == b->ring.first);
	b->ring.start_id = b->head_id = id;
}

uint64_t
broadcast_head(const struct broadcast *b)
{
	return b->head_id;
}

/* --- subscribers --------------------------------------------------------- */

/* Programs that start again do not have all their clients back at once. */
static usec_t
retry_delay(void)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == -1)
		random = 0;
	return RETRY_MIN + random % RETRY_JITTER;
}

struct join {
	struct broadcast *broadcast;
	void *filter;
	uint64_t after;
	struct slice first;
};

static void
subscribe(const struct join *join, int fd)
{
	struct broadcast *b = join->broadcast;
	struct subscriber *sub = memory_new(sizeof(*sub));
	cleanup(buf_free) struct buf text = BUF_INIT;
	int send_buffer = SEND_BUFFER_BYTES;

	*sub = (struct subscriber){
		.watch = { on_ready, sub },
		.broadcast = b,
		.fd = fd,
		.after = join->after,
		.filter = join->filter,
		.private = BUF_INIT,
	};
	LIST_INSERT_HEAD(&b->subscribers, sub, all);
	b->count++;
	setsockopt(
	    fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
	if (loop_add(b->loop, fd, &sub->watch, EPOLLRDHUP) == -1)
		return drop(sub);

	/* nginx holds the headers back until the first byte of the body. */
	buf_add_str(&text, HEAD);
	event_add_retry(&text, retry_delay());
	buf_add_slice(&text, join->first);
	record_add_stdout(&sub->private, buf_slice(&text));
	if (ring_reaches(b, sub->after))
		go_live(sub);
	pump(sub);
}

static void
take(void *context, int fd)
{
	struct join *join = context;

	if (fd == -1)
		free_filter(join->broadcast, join->filter);
	else
		subscribe(join, fd);
}

int
broadcast_join(struct broadcast *b, struct request *req, struct reply *rep,
    void *filter, uint64_t after, struct slice first, struct error *err)
{
	struct join *join;

	if (b->count >= b->settings.subscribers_max) {
		free_filter(b, filter);
		reply_header(rep, "Retry-After", "10");
		error_set(err, ERROR_BUSY, "%zu streams are open, no more fit",
		    b->count);
		return 503;
	}
	join = arena_alloc(req->arena, sizeof(*join));
	*join =
	    (struct join){ b, filter, after, arena_slice(req->arena, first) };
	reply_type(rep, "text/event-stream");
	reply_take(rep, take, join);
	return 200;
}

size_t
broadcast_count(const struct broadcast *b)
{
	return b->count;
}

/* --- begin and end ------------------------------------------------------- */

struct broadcast *
broadcast_new(struct loop *loop, const struct broadcast_settings *settings)
{
	struct broadcast *b = memory_new(sizeof(*b));

	b->loop = loop;
	b->settings = *settings;
	ring_init(&b->ring, settings->ring_bytes, settings->free_payload);
	LIST_INIT(&b->subscribers);
	TAILQ_INIT(&b->catching);
	b->hook = (struct loop_hook){ after_turn, b };
	b->comment = (struct loop_timer){ on_comment, b, COMMENT_INTERVAL };
	b->tick = (struct loop_timer){ on_tick, b, TICK_INTERVAL };
	loop_hook_add(loop, &b->hook);
	loop_every(loop, &b->comment);
	loop_every(loop, &b->tick);
	return b;
}

/* In the middle of a record there is no orderly end. */
static void
end_in_order(struct subscriber *sub)
{
	cleanup(buf_free) struct buf end = BUF_INIT;

	if (!sub->blocked && sub->private.len == 0) {
		record_add_end(&end);
		send(sub->fd, end.data, end.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	drop(sub);
}

void
broadcast_end(struct broadcast *b)
{
	while (!LIST_EMPTY(&b->subscribers))
		end_in_order(LIST_FIRST(&b->subscribers));
}

void
broadcast_free(struct broadcast *b)
{
	if (b == NULL)
		return;
	broadcast_end(b);
	loop_hook_remove(b->loop, &b->hook);
	loop_timer_remove(b->loop, &b->comment);
	loop_timer_remove(b->loop, &b->tick);
	ring_free(&b->ring);
	free(b);
}
