#include "http/broadcast.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "http/event.h"
#include "http/outlet.h"
#include "http/record.h"

#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <assert.h>

enum {
	CATCH_UPS_A_TURN = 16, /* pieces of the past read in one turn */
	/* What a stopped reader costs the kernel. */
	SEND_BUFFER_BYTES = 64 * 1024,
	/* … and what all of them together cost us. */
	WAITING_BYTES_MAX = 4 << 20,
};

static const usec_t COMMENT_INTERVAL = 15 * USEC_PER_SEC;
static const usec_t TICK_INTERVAL = USEC_PER_SEC;
static const usec_t STALL_MAX = 30 * USEC_PER_SEC;
/* … and while too much waits: who reads takes something in this time. */
static const usec_t STALL_WAITING_MAX = USEC_PER_SEC;
static const usec_t RETRY_MIN = 2 * USEC_PER_SEC;
static const usec_t RETRY_JITTER = 3 * USEC_PER_SEC;

static const char HEAD[] = "Status: 200 OK\r\n"
			   "Content-Type: text/event-stream\r\n"
			   "Cache-Control: no-store\r\n"
			   "X-Accel-Buffering: no\r\n"
			   "\r\n";

struct subscriber {
	struct outlet outlet;
	struct loop_watch watch;
	struct broadcast *broadcast;
	bool blocked;	      /* its socket is full: EPOLLOUT will tell */
	usec_t blocked_at;    /* since when, or when it last took something */
	bool queued;	      /* stands in `catching` */
	size_t waiting_bytes; /* for it alone, as counted by the broadcast */
	LIST_ENTRY(subscriber) all;
	TAILQ_ENTRY(subscriber) catching;
};

struct broadcast {
	struct loop *loop;
	struct broadcast_settings settings;
	struct ring ring;
	size_t fresh_bytes;   /* published since the last flush */
	size_t waiting_bytes; /* for readers alone, which do not take them */
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
count_waiting(struct subscriber *sub, size_t bytes)
{
	sub->broadcast->waiting_bytes += bytes - sub->waiting_bytes;
	sub->waiting_bytes = bytes;
}

static void
drop(struct subscriber *sub)
{
	struct broadcast *b = sub->broadcast;

	count_waiting(sub, 0);
	loop_remove(b->loop, sub->outlet.fd, &sub->watch);
	free_filter(b, sub->outlet.filter);
	outlet_close(&sub->outlet, &b->ring);
	LIST_REMOVE(sub, all);
	if (sub->queued)
		TAILQ_REMOVE(&b->catching, sub, catching);
	b->count--;
	loop_free_later(b->loop, sub);
}

static void
set_blocked(struct subscriber *sub, bool blocked)
{
	struct loop *loop = sub->broadcast->loop;

	if (blocked == sub->blocked)
		return;
	sub->blocked = blocked;
	sub->blocked_at = loop_now(loop);
	loop_change(loop, sub->outlet.fd, &sub->watch,
	    blocked ? EPOLLRDHUP | EPOLLOUT : EPOLLRDHUP);
}

/* Has everything that stands ready for it, and may be given more. */
static void
drained(struct subscriber *sub)
{
	set_blocked(sub, false);
	if (!sub->outlet.live && !sub->queued) {
		TAILQ_INSERT_TAIL(&sub->broadcast->catching, sub, catching);
		sub->queued = true;
	}
}

/* Send all that stands ready, or as much as its socket takes. May drop it. */
static void
pump(struct subscriber *sub)
{
	struct broadcast *b = sub->broadcast;
	size_t taken = 0;

	if (outlet_is_behind(&sub->outlet, &b->ring)) {
		if (b->settings.replay == NULL)
			return drop(sub);
		sub->outlet.live = false; /* the past has what it lacks */
	}
	switch (outlet_send(&sub->outlet, &b->ring, &taken)) {
	case OUTLET_DRAINED:
		count_waiting(sub, 0);
		return drained(sub);
	case OUTLET_BLOCKED:
		count_waiting(sub, sub->outlet.private.len);
		if (taken > 0)
			sub->blocked_at = loop_now(b->loop);
		return set_blocked(sub, true);
	case OUTLET_GONE:
		return drop(sub);
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

/* The next piece of the past, or over to the ring. */
static void
catch_up(struct subscriber *sub)
{
	struct broadcast *b = sub->broadcast;
	cleanup(buf_free) struct buf text = BUF_INIT;
	uint64_t before = sub->outlet.after;

	TAILQ_REMOVE(&b->catching, sub, catching);
	sub->queued = false;
	if (ring_reaches(b, sub->outlet.after)) {
		outlet_follow(&sub->outlet, &b->ring);
		return pump(sub);
	}
	if (b->settings.replay(b->settings.context, sub->outlet.filter,
		&sub->outlet.after, &text) == -1)
		return drop(sub);
	record_add_stdout(&sub->outlet.private, buf_slice(&text));
	if (sub->outlet.after != before || text.len > 0)
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
		if (sub->outlet.live && !sub->blocked)
			pump(sub);
	}
}

static size_t
waiting_bytes(const struct broadcast *b)
{
	return b->waiting_bytes + b->ring.held_bytes;
}

/* Who has taken nothing for the longest; NULL: all who are given something
 * take it. */
static struct subscriber *
find_worst(const struct broadcast *b)
{
	usec_t since = loop_now(b->loop) - STALL_WAITING_MAX;
	struct subscriber *sub, *worst = NULL;

	LIST_FOREACH(sub, &b->subscribers, all) {
		if (!sub->blocked || sub->blocked_at > since ||
		    (sub->waiting_bytes == 0 && sub->outlet.rest == NULL))
			continue;
		since = sub->blocked_at;
		worst = sub;
	}
	return worst;
}

/* Many who stop reading must not fill the memory. They come back when they
 * can, and lose nothing. */
static void
drop_worst(struct broadcast *b)
{
	while (waiting_bytes(b) > WAITING_BYTES_MAX) {
		struct subscriber *worst = find_worst(b);

		if (worst == NULL)
			return;
		drop(worst);
	}
}

/* Who is given more of the past has to wait while others do not take theirs. */
static bool
may_catch_up(const struct broadcast *b)
{
	return !TAILQ_EMPTY(&b->catching) &&
	       waiting_bytes(b) <= WAITING_BYTES_MAX;
}

static bool
after_turn(void *context)
{
	struct broadcast *b = context;

	for (int i = 0; i < CATCH_UPS_A_TURN && may_catch_up(b); i++)
		catch_up(TAILQ_FIRST(&b->catching));
	if (b->fresh_bytes > 0)
		flush(b);
	drop_worst(b);
	return may_catch_up(b);
}

/* What has gone to all who are live is not needed any more. */
static void
trim(struct broadcast *b)
{
	uint64_t before = b->ring.end;
	struct subscriber *sub;

	if (b->ring.bytes <= b->settings.kept_bytes)
		return;
	LIST_FOREACH(sub, &b->subscribers, all)
		if (sub->outlet.live && sub->outlet.next < before)
			before = sub->outlet.next;
	ring_trim(&b->ring, b->settings.kept_bytes, before);
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
		else if (!sub->outlet.live && !sub->blocked)
			drained(sub);
	}
	trim(b);
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
		.outlet = {
			.fd = fd,
			.after = join->after,
			.filter = join->filter,
			.wants = b->settings.wants,
			.private = BUF_INIT,
		},
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
	record_add_stdout(&sub->outlet.private, buf_slice(&text));
	if (ring_reaches(b, sub->outlet.after))
		outlet_follow(&sub->outlet, &b->ring);
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

	if (!sub->blocked && sub->outlet.private.len == 0 &&
	    sub->outlet.rest == NULL) {
		record_add_end(&end);
		send(sub->outlet.fd, end.data, end.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
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
broadcast_end_some(struct broadcast *b,
    bool (*is_meant)(const void *filter, void *context), void *context)
{
	struct subscriber *next;

	for (struct subscriber *sub = LIST_FIRST(&b->subscribers); sub != NULL;
	     sub = next) {
		next = LIST_NEXT(sub, all);
		if (is_meant(sub->outlet.filter, context))
			end_in_order(sub);
	}
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
