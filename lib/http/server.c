#include "http/server.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "http/exchange.h"
#include "http/pool.h"
#include "http/record.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>

enum {
	ACCEPTS_A_TURN = 64,
	BODY_BYTES = 4 << 20, /* nginx lets 1 MiB through */
	FILES_MAX = 65536,
};

/* No descriptors, no memory: how long before the next try. */
static const usec_t ACCEPT_PAUSE = 100 * USEC_PER_MSEC;
/* The loop reads a request when its first byte is there, and nginx sends it
 * at once and whole; so whoever pauses within it is not nginx. */
enum { RECEIVE_SECONDS = 2 };
/* A peer that takes nothing for so long has gone. nginx gives up a client
 * after 10 s. */
enum { SEND_SECONDS = 15 };
/* After the patience is over: for handlers to notice request_gone(). */
static const usec_t LAST_PATIENCE = USEC_PER_SEC;
static const usec_t COMPLAINT_INTERVAL = USEC_PER_SEC;

/* A connection that nginx keeps, and the request that it carries just now. */
struct connection {
	struct pool_job job;
	struct reply_sink sink;
	struct loop_watch watch;
	struct server *server;
	FCGX_Request fcgi;
	bool pooled; /* a pool has it; the loop only looks for its leaving */
	struct exchange *exchange; /* while pooled */
	struct connection *done;   /* the next in server->done */
	LIST_ENTRY(connection) all;
};

struct server {
	struct loop *loop;
	struct server_settings settings;
	struct listener listener;
	struct loop_watch listener_watch, signals_watch, done_watch;
	struct loop_timer resume, deadline;
	int signals;
	struct exchange *exchange; /* of whatever the loop itself answers */
	LIST_HEAD(connection_list, connection) connections;
	struct pool *slow, *downloads;
	size_t pooled; /* connections that a pool has */
	bool stopping, impatient;
	usec_t complained_at;
	unsigned complaints; /* since then, unsaid */

	pthread_mutex_t done_lock;
	struct connection *done; /* the pools' threads are through with these */
	int done_event;
};

/* --- connections --------------------------------------------------------- */

static int
write_fcgi(struct reply_sink *sink, struct slice bytes)
{
	struct connection *conn =
	    (struct connection *)((char *)sink -
				  offsetof(struct connection, sink));

	while (bytes.len > 0) {
		int part = bytes.len > INT32_MAX ? INT32_MAX : (int)bytes.len;

		if (FCGX_PutStr(bytes.data, part, conn->fcgi.out) != part)
			return -1;
		bytes.data += part, bytes.len -= (size_t)part;
	}
	return 0;
}

static void on_request(void *context, uint32_t events);
static void run_pooled(struct pool_job *job, unsigned worker);

static void
set_timeouts(int fd)
{
	const struct timeval receive = { .tv_sec = RECEIVE_SECONDS };
	const struct timeval send = { .tv_sec = SEND_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof(receive));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof(send));
}

static struct connection *
connection_new(struct server *server, int fd)
{
	struct connection *conn = memory_new(sizeof(*conn));

	*conn = (struct connection){
		.job = { run_pooled },
		.sink = { write_fcgi },
		.watch = { on_request, conn },
		.server = server,
	};
	/* libfcgi would wait 2 s for a peer that says nothing, and for the
	 * rest of a request without end. So the connection is accepted here,
	 * and libfcgi finds it as one that was kept; it has no listening
	 * socket to turn to when a connection ends. */
	FCGX_InitRequest(&conn->fcgi, -1, 0);
	conn->fcgi.ipcFd = fd;
	conn->fcgi.keepConnection = 1;
	FCGX_Detach(&conn->fcgi); /* never linger when closing */
	set_timeouts(fd);
	LIST_INSERT_HEAD(&server->connections, conn, all);
	return conn;
}

/* Give up the descriptor, without the 2 s for which FCGX_Finish_r() may wait
 * for the peer. */
static void
hang_up(struct connection *conn)
{
	if (conn->fcgi.ipcFd >= 0) {
		shutdown(conn->fcgi.ipcFd, SHUT_RDWR);
		close(conn->fcgi.ipcFd);
		conn->fcgi.ipcFd = -1;
	}
	FCGX_Free(&conn->fcgi, 0);
}

static void
connection_free(struct connection *conn)
{
	hang_up(conn);
	LIST_REMOVE(conn, all);
	conn->watch.on_ready = NULL;
	loop_free_later(conn->server->loop, conn);
}

/* Wait for one event; EPOLLRDHUP always counts. */
static int
watch_once(struct connection *conn, uint32_t events)
{
	return loop_change(conn->server->loop, conn->fcgi.ipcFd, &conn->watch,
	    events | EPOLLRDHUP | EPOLLONESHOT);
}

/* --- one request --------------------------------------------------------- */

/* The request's body, which no route takes, is read to its end: what is left
 * over would be taken for the next request. False if it goes on and on. */
static bool
read_stdin(FCGX_Request *fcgi)
{
	char trash[4096];

	for (size_t i = 0; i < BODY_BYTES / sizeof(trash); i++)
		if (FCGX_GetStr(trash, sizeof(trash), fcgi->in) <
		    (int)sizeof(trash))
			return true;
	return false;
}

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
hand_over(struct connection *conn, struct reply *rep)
{
	int fd = conn->fcgi.ipcFd;

	loop_remove(conn->server->loop, fd, &conn->watch);
	conn->fcgi.ipcFd = -1;
	rep->take(rep->take_context, fd);
	rep->take = NULL;
}

/* Send the rest of the answer, on whichever thread. A connection that is to
 * be handed over waits for the loop. */
static void
conclude(struct connection *conn, struct exchange *exchange)
{
	if (exchange->reply.take != NULL &&
	    conn->fcgi.requestId != RECORD_REQUEST_ID) {
		error_set(&exchange->err, ERROR_INVALID,
		    "a stream needs FastCGI request %d, this is %d",
		    RECORD_REQUEST_ID, conn->fcgi.requestId);
		exchange_refuse(exchange, 500);
	}
	if (exchange->reply.take != NULL)
		return;
	if (exchange->reply.broken)
		hang_up(conn);
	else
		FCGX_Finish_r(&conn->fcgi);
}

/* The loop again: keep the connection for its next request, or let it go. */
static void
settle(struct connection *conn, struct exchange *exchange)
{
	complain(conn->server, exchange);
	if (exchange->reply.take != NULL)
		hand_over(conn, &exchange->reply);
	if (conn->fcgi.ipcFd < 0 || conn->server->stopping ||
	    watch_once(conn, EPOLLIN) == -1)
		connection_free(conn);
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

/* Off the loop: the connection takes the exchange with it. Returns false if
 * there is no room. */
static bool
offload(struct connection *conn, unsigned flags)
{
	struct server *server = conn->server;
	struct exchange *exchange = server->exchange;
	struct pool *pool = pool_for(server, flags, &exchange->err);

	if (pool == NULL || watch_once(conn, 0) == -1)
		return false;
	conn->pooled = true;
	conn->exchange = exchange;
	if (pool_submit(pool, &conn->job) == -1) {
		conn->pooled = false;
		return false;
	}
	server->exchange = new_exchange();
	server->pooled++;
	return true;
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

/* Answer the request that stands parsed in `conn`. */
static void
serve(struct connection *conn)
{
	struct server *server = conn->server;
	struct exchange *exchange = server->exchange;
	unsigned flags;

	if (!read_stdin(&conn->fcgi)) {
		connection_free(conn);
		return;
	}
	exchange_begin(exchange, conn->fcgi.envp, &conn->sink);
	flags = exchange_route(exchange, server->settings.routes);
	if ((flags & (ROUTE_SLOW | ROUTE_DOWNLOAD)) ||
	    !exchange_answer(exchange, server->settings.program, 0)) {
		if (offload(conn, flags))
			return;
		refuse_busy(exchange);
	}
	conclude(conn, exchange);
	settle(conn, exchange);
}

/* --- the pools ----------------------------------------------------------- */

static void
run_pooled(struct pool_job *job, unsigned worker)
{
	struct connection *conn = (struct connection *)job;
	struct server *server = conn->server;
	uint64_t one = 1;

	if (!request_gone(&conn->exchange->request))
		exchange_answer(
		    conn->exchange, server->settings.program, worker);
	else
		conn->exchange->reply.broken = true;
	conclude(conn, conn->exchange);

	pthread_mutex_lock(&server->done_lock);
	conn->done = server->done;
	server->done = conn;
	pthread_mutex_unlock(&server->done_lock);
	ssize_t written = write(server->done_event, &one, sizeof(one));
	(void)written; /* fails only when 2^64 - 2 stand unread */
}

static void
stop_when_idle(struct server *server)
{
	if (server->stopping && server->pooled == 0)
		loop_stop(server->loop);
}

static void
on_done(void *context, uint32_t events)
{
	struct server *server = context;
	struct connection *conn;
	uint64_t count;

	(void)events;
	ssize_t got = read(server->done_event, &count, sizeof(count));
	(void)got; /* the list below is what counts */
	pthread_mutex_lock(&server->done_lock);
	conn = server->done;
	server->done = NULL;
	pthread_mutex_unlock(&server->done_lock);

	for (struct connection *next; conn != NULL; conn = next) {
		struct exchange *exchange = conn->exchange;

		next = conn->done;
		conn->pooled = false;
		server->pooled--;
		settle(conn, exchange);
		free_exchange(exchange);
	}
	stop_when_idle(server);
}

/* The client has left, or is to be treated so. */
static void
say_gone(struct connection *conn)
{
	__atomic_store_n(&conn->exchange->gone, true, __ATOMIC_RELAXED);
}

/* --- readiness ----------------------------------------------------------- */

/* A kept connection has its next request, or its end; or the client has left
 * whose request a pool has. */
static void
on_request(void *context, uint32_t events)
{
	struct connection *conn = context;

	(void)events;
	if (conn->pooled)
		say_gone(conn);
	else if (FCGX_Accept_r(&conn->fcgi) < 0)
		connection_free(conn);
	else
		serve(conn);
}

static void
resume_accepting(void *context)
{
	struct server *server = context;

	if (!server->stopping)
		loop_change(server->loop, server->listener.fd,
		    &server->listener_watch, EPOLLIN);
}

/* EMFILE and its like: connections wait in the backlog meanwhile. */
static void
pause_accepting(struct server *server)
{
	diag(DIAG_WARNING, "accept: %s; going on in a moment", strerror(errno));
	loop_change(
	    server->loop, server->listener.fd, &server->listener_watch, 0);
	loop_timer_set(server->loop, &server->resume, ACCEPT_PAUSE);
}

/* Take one connection; false when there is none. Its request is read when it
 * has come. */
static bool
accept_one(struct server *server)
{
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		struct connection *conn = connection_new(server, fd);

		if (loop_add(server->loop, fd, &conn->watch,
			EPOLLIN | EPOLLRDHUP | EPOLLONESHOT) == -1)
			connection_free(conn);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno != EAGAIN && !server->stopping)
		pause_accepting(server);
	return false;
}

static void
on_connection(void *context, uint32_t events)
{
	struct server *server = context;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN && accept_one(server); i++)
		;
}

/* --- the stop ------------------------------------------------------------ */

/* Idle connections end, but not one on which a request has just come. */
static void
close_idle(struct server *server)
{
	struct connection *next;
	char byte;

	for (struct connection *conn = LIST_FIRST(&server->connections);
	     conn != NULL; conn = next) {
		next = LIST_NEXT(conn, all);
		if (conn->pooled)
			continue;
		if (recv(conn->fcgi.ipcFd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >
			0 &&
		    FCGX_Accept_r(&conn->fcgi) == 0)
			serve(conn);
		else
			connection_free(conn);
	}
}

static void
on_deadline(void *context)
{
	struct server *server = context;
	struct connection *conn;

	if (server->impatient) {
		diag(DIAG_WARNING, "%zu answers do not end; ending without",
		    server->pooled);
		loop_stop(server->loop);
		return;
	}
	server->impatient = true;
	for (conn = LIST_FIRST(&server->connections); conn != NULL;
	     conn = LIST_NEXT(conn, all))
		if (conn->pooled)
			say_gone(conn);
	loop_timer_set(server->loop, &server->deadline, LAST_PATIENCE);
}

void
server_stop(struct server *server)
{
	if (server->stopping)
		return;
	server->stopping = true;
	loop_remove(server->loop, server->listener.fd, &server->listener_watch);
	if (server->listener.path != NULL) {
		/* Nobody comes any more, but some are here already. A socket
		 * that was passed to us has its next owner. */
		listener_hide(&server->listener);
		while (accept_one(server))
			;
	}
	listener_close(&server->listener);
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
		.listener = *listener,
		.listener_watch = { on_connection, server },
		.signals_watch = { on_signal, server },
		.done_watch = { on_done, server },
		.resume = { resume_accepting, server },
		.deadline = { on_deadline, server },
		.signals = -1,
		.done_event = -1,
		.done_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	*listener = (struct listener)LISTENER_INIT;
	LIST_INIT(&server->connections);
	server->exchange = new_exchange();
	raise_file_limit();

	FCGX_Init();
	server->signals = take_signals(err);
	if (server->signals == -1)
		goto fail;
	server->done_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->done_event == -1 ||
	    loop_add(loop, server->done_event, &server->done_watch, EPOLLIN) ==
		-1 ||
	    loop_add(loop, server->signals, &server->signals_watch, EPOLLIN) ==
		-1 ||
	    loop_add(loop, server->listener.fd, &server->listener_watch,
		EPOLLIN) == -1) {
		error_set_errno(err, "the server's descriptors");
		goto fail;
	}
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
	while (!LIST_EMPTY(&server->connections)) {
		struct connection *conn = LIST_FIRST(&server->connections);

		if (conn->pooled)
			free_exchange(conn->exchange);
		connection_free(conn);
	}
	loop_timer_remove(server->loop, &server->resume);
	loop_timer_remove(server->loop, &server->deadline);
	close_watched(server, server->signals, &server->signals_watch);
	close_watched(server, server->done_event, &server->done_watch);
	listener_close(&server->listener);
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
