#include "http/server.h"

#include "base/diag.h"
#include "base/memory.h"
#include "http/acceptor.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/pool.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>

enum { FILES_MAX = 65536 };

/* After the patience is over: for handlers to notice request_gone(). */
static const usec_t LAST_PATIENCE = USEC_PER_SEC;
static const usec_t COMPLAINT_INTERVAL = USEC_PER_SEC;
/* Who looks at a page asks again sooner. */
static const usec_t REST_INTERVAL = 10 * USEC_PER_SEC;

/* nginx at the other end of a connection that it keeps, and the request that
 * it waits for just now. */
struct peer {
	struct pool_job job;
	struct connection connection;
	struct loop_watch watch;
	struct server *server;
	/* It is not answered within the turn: a pool has it, or its handler
	 * waits. The loop only looks for its leaving. */
	bool held;
	struct exchange *exchange; /* while held */
	bool again;		   /* the handler is to be called on the loop */
	struct peer *done;	   /* the next in server->done */
	struct peer *resumed;	   /* the next in server->resumed */
	LIST_ENTRY(peer) all;
};

struct server {
	struct loop *loop;
	struct server_settings settings;
	struct acceptor acceptor;
	struct loop_watch signals_watch, done_watch;
	struct loop_timer deadline, rest;
	int signals;
	struct exchange *exchange; /* of whatever the loop itself answers */
	LIST_HEAD(peer_list, peer) peers;
	struct pool *slow, *downloads;
	size_t held;	      /* peers */
	struct peer *resumed; /* what these wait for has come */
	struct loop_hook after_turn;
	bool stopping, impatient;
	usec_t complained_at;
	unsigned complaints; /* since then, unsaid */

	pthread_mutex_t done_lock;
	struct peer *done; /* the pools' threads are through with these */
	int done_event;
};

/* --- peers ---------------------------------------------------------------- */

static void on_request(void *context, uint32_t events);
static void run_pooled(struct pool_job *job, unsigned worker);

static struct peer *
peer_new(struct server *server, int fd)
{
	struct peer *peer = memory_new(sizeof(*peer));

	*peer = (struct peer){
		.job = { run_pooled },
		.watch = { on_request, peer },
		.server = server,
	};
	connection_open(&peer->connection, fd, server->settings.body_bytes);
	LIST_INSERT_HEAD(&server->peers, peer, all);
	return peer;
}

static void
peer_free(struct peer *peer)
{
	connection_close(&peer->connection);
	LIST_REMOVE(peer, all);
	peer->watch.on_ready = NULL;
	loop_free_later(peer->server->loop, peer);
}

enum {
	NEXT_REQUEST = EPOLLIN | EPOLLRDHUP, /* or the connection's end */
	/* While it is held; said once. */
	LEAVING = EPOLLRDHUP | EPOLLONESHOT,
};

static int
watch_for(struct peer *peer, uint32_t events)
{
	return loop_change(peer->server->loop, connection_fd(&peer->connection),
	    &peer->watch, events);
}

/* --- one request --------------------------------------------------------- */

/* Tell the operator of answers that are the server's own fault; a flood of
 * them in one line a second. */
static void
complain(struct server *server, const struct exchange *exchange)
{
	usec_t now = loop_now(server->loop);

	if (exchange->status < 500 || exchange->err.code == ERROR_NONE ||
	    request_gone(&exchange->request))
		return;
	server->complaints++;
	if (now - server->complained_at < COMPLAINT_INTERVAL)
		return;
	diag(DIAG_WARNING, "%s %s answered %d: %s (%u such since last said)",
	    method_name(exchange->request.method),
	    exchange->request.route->path, exchange->status,
	    exchange->err.sentence, server->complaints);
	server->complained_at = now;
	server->complaints = 0;
}

/* Hand the descriptor to whoever took it. */
static void
hand_over(struct peer *peer, struct reply *rep)
{
	loop_remove(
	    peer->server->loop, connection_fd(&peer->connection), &peer->watch);
	rep->take(rep->take_context, connection_take(&peer->connection));
	rep->take = NULL;
}

/* Send the rest of the answer, on whichever thread. A connection that is to
 * be handed over waits for the loop. */
static void
conclude(struct peer *peer, struct exchange *exchange)
{
	if (exchange->reply.take != NULL &&
	    !connection_is_takeable(&peer->connection)) {
		error_set(&exchange->err, ERROR_INVALID,
		    "a stream must be the connection's request 1");
		exchange_refuse(exchange, 500);
	}
	if (exchange->reply.take != NULL)
		return;
	if (exchange->reply.broken)
		connection_close(&peer->connection);
	else
		connection_finish(&peer->connection);
}

/* The loop again: keep the connection for its next request, or let it go. */
static void
settle(struct peer *peer, struct exchange *exchange)
{
	bool was_held = peer->held;

	peer->held = false;
	complain(peer->server, exchange);
	if (exchange->reply.take != NULL)
		hand_over(peer, &exchange->reply);
	if (connection_fd(&peer->connection) == -1 || peer->server->stopping ||
	    (was_held && watch_for(peer, NEXT_REQUEST) == -1))
		peer_free(peer);
}

static struct exchange *
new_exchange(void)
{
	struct exchange *exchange = memory_new(sizeof(*exchange));

	exchange_init(exchange);
	return exchange;
}

static void
free_exchange(struct exchange *exchange)
{
	exchange_free(exchange);
	free(exchange);
}

static struct pool *
pool_for(struct server *server, unsigned flags, struct error *err)
{
	const struct server_settings *settings = &server->settings;

	if (flags & ROUTE_DOWNLOAD) {
		if (server->downloads == NULL)
			server->downloads = pool_new(settings->download_threads,
			    1 + settings->slow_threads,
			    settings->download_waiting, err);
		return server->downloads;
	}
	if (server->slow == NULL)
		server->slow = pool_new(
		    settings->slow_threads, 1, settings->slow_waiting, err);
	return server->slow;
}

/* The connection takes the exchange with it, beyond this turn. If it cannot be
 * watched, that its client leaves is not seen, and no more. */
static void
hold(struct peer *peer)
{
	struct server *server = peer->server;

	if (peer->held)
		return;
	watch_for(peer, LEAVING);
	peer->held = true;
	peer->exchange = server->exchange;
	server->exchange = new_exchange();
	server->held++;
}

/* Off the loop. Returns false if there is no room. */
static bool
offload(struct peer *peer, struct exchange *exchange, unsigned flags)
{
	struct pool *pool = pool_for(peer->server, flags, &exchange->err);

	if (pool == NULL)
		return false;
	hold(peer);
	return pool_submit(pool, &peer->job) == 0;
}

static void
refuse_busy(struct exchange *exchange)
{
	if (exchange->err.code == ERROR_NONE)
		error_set(&exchange->err, ERROR_BUSY,
		    "too many slow requests at once; ask again in a moment");
	reply_header(&exchange->reply, "Retry-After", "2");
	exchange_refuse(exchange, 503);
}

/* The answer has been sent, on the loop's thread or on another. */
static void
end(struct peer *peer, struct exchange *exchange)
{
	struct server *server = peer->server;
	bool was_held = peer->held;

	settle(peer, exchange);
	if (!was_held)
		return;
	server->held--;
	free_exchange(exchange);
}

/* What the handler waits for has come. The list is gone through when the turn
 * ends, so that nobody who tells of it finds himself within the handler. */
static void
on_resume(void *context)
{
	struct peer *peer = context;

	peer->resumed = peer->server->resumed;
	peer->server->resumed = peer;
}

/* Call the handler on the loop, and do what it asks for. */
static void
answer(struct peer *peer, struct exchange *exchange, unsigned flags)
{
	struct server *server = peer->server;
	enum exchange_turn turn =
	    flags & (ROUTE_SLOW | ROUTE_DOWNLOAD)
		? EXCHANGE_SLOW
		: exchange_answer(exchange, server->settings.program, 0);

	if (turn == EXCHANGE_SLOW && offload(peer, exchange, flags))
		return;
	if (turn == EXCHANGE_LATER) {
		hold(peer);
		return;
	}
	if (turn == EXCHANGE_SLOW)
		refuse_busy(exchange);
	conclude(peer, exchange);
	end(peer, exchange);
}

/* A request has begun to come, or the connection's end: read it, answer it. */
static void
serve(struct peer *peer)
{
	struct server *server = peer->server;
	struct exchange *exchange = server->exchange;
	unsigned flags;

	if (connection_read(&peer->connection) == -1) {
		peer_free(peer);
		return;
	}
	exchange_begin(exchange, connection_variables(&peer->connection),
	    connection_body(&peer->connection), server->settings.body_bytes,
	    &peer->connection.sink);
	exchange->request.on_resume = on_resume;
	exchange->request.resume_context = peer;
	flags = exchange_route(exchange, server->settings.routes);
	answer(peer, exchange, flags);
}

/* --- the pools ----------------------------------------------------------- */

static void
run_pooled(struct pool_job *job, unsigned worker)
{
	struct peer *peer = (struct peer *)job;
	struct server *server = peer->server;
	struct exchange *exchange = peer->exchange;
	uint64_t one = 1;

	peer->again = false;
	if (request_gone(&exchange->request))
		exchange->reply.broken = true;
	else
		peer->again =
		    exchange_answer(exchange, server->settings.program,
			worker) == EXCHANGE_LOOP;
	if (!peer->again)
		conclude(peer, exchange);

	pthread_mutex_lock(&server->done_lock);
	peer->done = server->done;
	server->done = peer;
	pthread_mutex_unlock(&server->done_lock);
	ssize_t written = write(server->done_event, &one, sizeof(one));
	(void)written; /* fails only when 2^64 - 2 stand unread */
}

static void
stop_when_idle(struct server *server)
{
	if (server->stopping && server->held == 0)
		loop_stop(server->loop);
}

static void
on_done(void *context, uint32_t events)
{
	struct server *server = context;
	struct peer *peer;
	uint64_t count;

	(void)events;
	ssize_t got = read(server->done_event, &count, sizeof(count));
	(void)got; /* the list below is what counts */
	pthread_mutex_lock(&server->done_lock);
	peer = server->done;
	server->done = NULL;
	pthread_mutex_unlock(&server->done_lock);

	for (struct peer *next; peer != NULL; peer = next) {
		next = peer->done;
		if (peer->again)
			answer(peer, peer->exchange, 0);
		else
			end(peer, peer->exchange);
	}
	stop_when_idle(server);
}

/* --- what was waited for -------------------------------------------------- */

static void
go_on(struct peer *peer)
{
	struct exchange *exchange = peer->exchange;

	if (!request_gone(&exchange->request)) {
		answer(peer, exchange, 0);
		return;
	}
	exchange->reply.broken = true;
	conclude(peer, exchange);
	end(peer, exchange);
}

static bool
after_turn(void *context)
{
	struct server *server = context;
	struct peer *peer = server->resumed;

	if (peer == NULL)
		return false;
	server->resumed = NULL;
	for (struct peer *next; peer != NULL; peer = next) {
		next = peer->resumed;
		go_on(peer);
	}
	stop_when_idle(server);
	return true; /* what the handlers have asked for is to go out */
}

/* The client has left, or is to be treated so. */
static void
say_gone(struct peer *peer)
{
	__atomic_store_n(&peer->exchange->gone, true, __ATOMIC_RELAXED);
}

/* --- readiness ----------------------------------------------------------- */

/* A kept connection has its next request, or its end; or the client has left
 * whose request is held. */
static void
on_request(void *context, uint32_t events)
{
	struct peer *peer = context;

	(void)events;
	if (peer->held)
		say_gone(peer);
	else
		serve(peer);
}

/* A connection; its request is read when it has come. */
static void
on_accepted(void *context, int fd)
{
	struct server *server = context;
	struct peer *peer = peer_new(server, fd);

	if (loop_add(server->loop, fd, &peer->watch, NEXT_REQUEST) == -1)
		peer_free(peer);
}

/* --- memory --------------------------------------------------------------- */

static void
rest_slow(void *context)
{
	const struct server_settings *settings =
	    &((struct server *)context)->settings;

	settings->on_rest(settings->program, 1, settings->slow_threads);
}

static void
rest_downloads(void *context)
{
	const struct server_settings *settings =
	    &((struct server *)context)->settings;

	settings->on_rest(settings->program, 1 + settings->slow_threads,
	    settings->download_threads);
}

static void
on_rest(void *context)
{
	struct server *server = context;

	if (server->settings.on_rest != NULL) {
		server->settings.on_rest(server->settings.program, 0, 1);
		pool_at_rest(server->slow, rest_slow, server);
		pool_at_rest(server->downloads, rest_downloads, server);
	}
	free_exchange(server->exchange);
	server->exchange = new_exchange();
	memory_trim();
}

/* --- the stop ------------------------------------------------------------ */

/* Idle connections end, but not one on which a request has just come. */
static void
close_idle(struct server *server)
{
	struct peer *next;
	char byte;

	for (struct peer *peer = LIST_FIRST(&server->peers); peer != NULL;
	     peer = next) {
		next = LIST_NEXT(peer, all);
		if (peer->held)
			continue;
		if (recv(connection_fd(&peer->connection), &byte, 1,
			MSG_PEEK | MSG_DONTWAIT) > 0)
			serve(peer);
		else
			peer_free(peer);
	}
}

static void
on_deadline(void *context)
{
	struct server *server = context;
	struct peer *peer;

	if (server->impatient) {
		diag(DIAG_WARNING, "%zu answers do not end; ending without",
		    server->held);
		loop_stop(server->loop);
		return;
	}
	server->impatient = true;
	for (peer = LIST_FIRST(&server->peers); peer != NULL;
	     peer = LIST_NEXT(peer, all))
		if (peer->held)
			say_gone(peer);
	loop_timer_set(server->loop, &server->deadline, LAST_PATIENCE);
}

void
server_stop(struct server *server)
{
	if (server->stopping)
		return;
	server->stopping = true;
	acceptor_stop(&server->acceptor);
	if (server->settings.on_stop != NULL)
		server->settings.on_stop(server->settings.program);
	close_idle(server);
	loop_timer_set(
	    server->loop, &server->deadline, server->settings.patience);
	stop_when_idle(server);
}

static void
on_signal(void *context, uint32_t events)
{
	struct server *server = context;
	struct signalfd_siginfo info;

	(void)events;
	while (read(server->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			server_stop(server);
		else if (server->settings.on_hangup != NULL)
			server->settings.on_hangup(server->settings.program);
	}
}

/* --- begin and end ------------------------------------------------------- */

/* libfcgi's own handlers go; ours is a descriptor, so that nothing is ever
 * interrupted. Threads made later inherit the mask. */
static int
take_signals(struct error *err)
{
	sigset_t ours;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, NULL);
	fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1)
		error_set_errno(err, "signalfd");
	return fd;
}

/* Each stream is a descriptor; the usual limit is 1,024. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	rlim_t wanted = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

struct server *
server_new(struct loop *loop, struct listener *listener,
    const struct server_settings *settings, struct error *err)
{
	struct server *server = memory_new(sizeof(*server));

	*server = (struct server){
		.loop = loop,
		.settings = *settings,
		.acceptor = { on_accepted, server },
		.signals_watch = { on_signal, server },
		.done_watch = { on_done, server },
		.deadline = { on_deadline, server },
		.rest = { on_rest, server, REST_INTERVAL },
		.after_turn = { after_turn, server },
		.signals = -1,
		.done_event = -1,
		.done_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	if (server->settings.body_bytes == 0)
		server->settings.body_bytes = REQUEST_BODY_BYTES;
	LIST_INIT(&server->peers);
	server->exchange = new_exchange();
	raise_file_limit();

	connection_init_library();
	if (acceptor_open(&server->acceptor, loop, listener, err) == -1)
		goto fail;
	server->signals = take_signals(err);
	if (server->signals == -1)
		goto fail;
	server->done_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->done_event == -1 ||
	    loop_add(loop, server->done_event, &server->done_watch, EPOLLIN) ==
		-1 ||
	    loop_add(loop, server->signals, &server->signals_watch, EPOLLIN) ==
		-1) {
		error_set_errno(err, "the server's descriptors");
		goto fail;
	}
	loop_hook_add(loop, &server->after_turn);
	loop_every(loop, &server->rest);
	return server;

fail:
	server_free(server);
	return NULL;
}

static void
close_watched(struct server *server, int fd, struct loop_watch *watch)
{
	if (fd == -1)
		return;
	loop_remove(server->loop, fd, watch);
	close(fd);
}

bool
server_free(struct server *server)
{
	if (server == NULL)
		return true;
	bool ended = pool_close(server->slow, LAST_PATIENCE);
	ended = pool_close(server->downloads, LAST_PATIENCE) && ended;
	if (!ended)
		return false;
	while (!LIST_EMPTY(&server->peers)) {
		struct peer *peer = LIST_FIRST(&server->peers);

		if (peer->held)
			free_exchange(peer->exchange);
		peer_free(peer);
	}
	loop_timer_remove(server->loop, &server->deadline);
	loop_timer_remove(server->loop, &server->rest);
	loop_hook_remove(server->loop, &server->after_turn);
	close_watched(server, server->signals, &server->signals_watch);
	close_watched(server, server->done_event, &server->done_watch);
	acceptor_close(&server->acceptor);
	free_exchange(server->exchange);
	pthread_mutex_destroy(&server->done_lock);
	free(server);
	return true;
}

int
server_run(struct server *server, struct error *err)
{
	return loop_run(server->loop, err);
}
