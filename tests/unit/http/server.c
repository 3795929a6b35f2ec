#include "lib/http/server.c"

#include "http/body.h"
#include "http/broadcast.h"
#include "http/event.h"
#include "http/params.h"

#include <sys/un.h>
#include <sys/wait.h>

#include <fastcgi.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A program with a handler for each trait of the server runs in a process of
 * its own; the test talks to its socket in FastCGI records, as nginx does. */

enum {
	DEADLINE_MS = 20000,
	BIG_PIECE = 64 * 1024,
	BIG_PIECES = 64,
};

/* --- the program --------------------------------------------------------- */

struct program {
	struct broadcast *broadcast;
	struct server *server;
	struct loop *loop;
	struct loop_watch gate_watch;
	int gate;   /* a slow handler waits for a byte from here */
	int report; /* and this is where the program tells what happened */
	uint64_t published;
};

struct publish {
	uint64_t count, bytes;
};

static const struct param publish_params[] = { PARAM_U64(struct publish, count,
						   "count", 1, 100000),
	PARAM_U64(struct publish, bytes, "bytes", 1, 100000), PARAM_END };

static void
tell(struct program *prog, char what)
{
	assert_int_equal(write(prog->report, &what, 1), 1);
}

static int
quick(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)err;
	buf_addf(&rep->body, "{\"worker\":%u}", req->worker);
	return 200;
}

static int
slow(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	char byte;

	tell(prog, 's');
	while (read(prog->gate, &byte, 1) != 1)
		;
	return quick(prog, req, rep, err);
}

static int
later(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	buf_add_str(&rep->body, "not to be seen");
	return req->worker == 0 ? HANDLER_SLOW : slow(prog, req, rep, err);
}

static void
on_gate(void *context, uint32_t events)
{
	const struct request *req = context;
	struct program *prog = req->state;
	char byte;

	(void)events;
	assert_int_equal(read(prog->gate, &byte, 1), 1);
	loop_remove(prog->loop, prog->gate, &prog->gate_watch);
	request_resume(req);
}

/* Waits for the gate without a thread. */
static int
waits(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	if (req->state != NULL)
		return quick(prog, req, rep, err);
	buf_add_str(&rep->body, "not to be seen");
	req->state = prog;
	prog->gate_watch = (struct loop_watch){ on_gate, req };
	assert_int_equal(
	    loop_add(prog->loop, prog->gate, &prog->gate_watch, EPOLLIN), 0);
	tell(prog, 's');
	return HANDLER_LATER;
}

/* To the pool, back to the loop, and there it waits. */
static int
roundabout(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	if (req->worker != 0) {
		tell(prog, 'p');
		return HANDLER_LOOP;
	}
	if (req->state == NULL) {
		req->state = &prog->report;
		return HANDLER_SLOW;
	}
	if (req->state == &prog->report)
		req->state = NULL;
	return waits(prog, req, rep, err);
}

static int
until_gone(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)rep;
	tell(prog, 's');
	while (!request_gone(req))
		usleep(1000);
	tell(prog, 'g');
	error_set(err, ERROR_UNREACHABLE, "the client has gone");
	return 503;
}

static int
big(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct buf piece = BUF_INIT;
	int written = 0;

	(void)req;
	buf_addf(&piece, "%d\n", written);
	buf_add_chars(&piece, 'x', BIG_PIECE);
	for (int i = 0; i < BIG_PIECES && written == 0; i++)
		written = reply_write(rep, buf_slice(&piece), err);
	buf_free(&piece);
	tell(prog, written == 0 ? 'd' : 'g');
	return 200;
}

static int
half(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)req;
	reply_write(rep, SLICE_LITERAL("half"), err);
	error_set(err, ERROR_CORRUPT, "the other half is not there");
	return 500;
}

static int
stream(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return broadcast_join(prog->broadcast, req, rep, NULL,
	    broadcast_head(prog->broadcast), (struct slice){ NULL, 0 }, err);
}

static int
publish_some(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct publish publish = { 1, 1 };
	struct buf text = BUF_INIT, data = BUF_INIT;

	if (params_read(req, &publish, err) == -1)
		return 400;
	for (uint64_t i = 0; i < publish.count; i++) {
		buf_reset(&text), buf_reset(&data);
		buf_add_u64(&data, ++prog->published);
		buf_add_chars(&data, '.', publish.bytes);
		event_add(&text, prog->published, "entry", buf_slice(&data));
		broadcast_publish(
		    prog->broadcast, prog->published, NULL, buf_slice(&text));
	}
	buf_free(&text), buf_free(&data);
	buf_addf(&rep->body, "%zu", broadcast_count(prog->broadcast));
	return 200;
}

struct echoed {
	struct slice word;
};

static const struct param echo_body[] = {
	PARAM_TEXT_REQUIRED(struct echoed, word, "word", 10000), PARAM_END
};

static int
echo(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct echoed echoed = { { NULL, 0 } };

	(void)prog;
	if (body_read(req, &echoed, err) == -1)
		return 400;
	buf_add_slice(&rep->body, echoed.word);
	return 200;
}

static const struct route routes[] = { { METHOD_GET, "/quick", quick, NULL, 0 },
	{ METHOD_GET, "/slow", slow, NULL, ROUTE_SLOW },
	{ METHOD_GET, "/later", later, NULL, 0 },
	{ METHOD_GET, "/waits", waits, NULL, 0 },
	{ METHOD_GET, "/roundabout", roundabout, NULL, 0 },
	{ METHOD_GET, "/until-gone", until_gone, NULL, ROUTE_SLOW },
	{ METHOD_GET, "/big", big, NULL, ROUTE_DOWNLOAD },
	{ METHOD_GET, "/half", half, NULL, ROUTE_DOWNLOAD },
	{ METHOD_GET, "/stream", stream, NULL, 0 },
	{ METHOD_POST, "/publish", publish_some, publish_params, 0 },
	{ METHOD_POST, "/echo", echo, NULL, 0, echo_body }, ROUTE_END };

static void
on_hangup(struct program *prog)
{
	tell(prog, 'h');
}

static void
on_stop(struct program *prog)
{
	broadcast_end(prog->broadcast);
}

/* The child's life: returns its exit status. */
static int
run_program(struct program *prog, struct listener *listener, usec_t patience)
{
	const struct server_settings settings = {
		.routes = routes,
		.program = prog,
		.slow_threads = 1,
		.slow_waiting = 1,
		.download_threads = 1,
		.patience = patience,
		.on_hangup = on_hangup,
		.on_stop = on_stop,
	};
	const struct broadcast_settings streams = {
		.ring_bytes = 1 << 20,
		.subscribers_max = 2000,
	};
	struct error err = { 0 };
	struct loop *loop = loop_new(&clock_system, &err);

	prog->loop = loop;
	prog->broadcast = broadcast_new(loop, &streams);
	broadcast_start(prog->broadcast, 0);
	prog->server = server_new(loop, listener, &settings, &err);
	int status =
	    prog->server == NULL || server_run(prog->server, &err) == -1;
	if (status != 0)
		fprintf(stderr, "%s\n", err.sentence);
	broadcast_free(prog->broadcast);
	server_free(prog->server);
	loop_free(loop);
	return status;
}

/* --- the test's side ----------------------------------------------------- */

struct fixture {
	char folder[32];
	char path[64];
	pid_t pid;
	int gate, report;
};

static void
start(struct fixture *f, usec_t patience)
{
	struct listener listener;
	struct error err = { 0 };
	int gate[2], report[2];

	if (listener_bind(f->path, &listener, &err) == -1)
		fail_msg("%s", err.sentence);
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(report), 0);
	f->pid = fork();
	assert_int_not_equal(f->pid, -1);
	if (f->pid == 0) {
		struct program prog = { .gate = gate[0], .report = report[1] };

		close(gate[1]);
		close(report[0]);
		exit(run_program(&prog, &listener, patience));
	}
	close(gate[0]);
	close(report[1]);
	close(listener.fd);
	free(listener.path);
	f->gate = gate[1];
	f->report = report[0];
}

static int
setup(void **state)
{
	struct fixture *f = memory_new(sizeof(*f));
	struct buf path = BUF_INIT;

	buf_add_str(&path, "/tmp/kruxos-test.XXXXXX");
	memcpy(f->folder, path.data, path.len + 1);
	assert_non_null(mkdtemp(f->folder));
	buf_reset(&path);
	buf_addf(&path, "%s/fcgi.sock", f->folder);
	memcpy(f->path, path.data, path.len + 1);
	buf_free(&path);
	raise_file_limit();
	start(f, 10 * USEC_PER_SEC);
	*state = f;
	return 0;
}

/* The child's exit status; it has the deadline to end. */
static int
wait_for_end(struct fixture *f)
{
	int status = -1;

	for (int ms = 0; ms < DEADLINE_MS; ms++) {
		if (waitpid(f->pid, &status, WNOHANG) == f->pid) {
			f->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		usleep(1000);
	}
	return -1;
}

static int
stop(struct fixture *f)
{
	kill(f->pid, SIGTERM);
	return wait_for_end(f);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int status = f->pid == 0 ? 0 : stop(f);

	if (f->pid != 0)
		kill(f->pid, SIGKILL);
	close(f->gate);
	close(f->report);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return status;
}

static void
assert_told(struct fixture *f, char what)
{
	struct pollfd ready = { f->report, POLLIN, 0 };
	char told;

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	assert_int_equal(read(f->report, &told, 1), 1);
	assert_int_equal(told, what);
}

static void
open_gate(struct fixture *f)
{
	assert_int_equal(write(f->gate, "x", 1), 1);
}

static int
connect_to(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, f->path, strlen(f->path));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
add_record(struct buf *out, int type, const void *content, size_t len)
{
	FCGI_Header header = { .version = 1,
		.type = (unsigned char)type,
		.requestIdB0 = 1,
		.contentLengthB1 = (unsigned char)(len >> 8),
		.contentLengthB0 = (unsigned char)len };

	buf_add(out, &header, sizeof(header));
	buf_add(out, content, len);
}

static void
add_param(struct buf *out, const char *name, const char *value)
{
	buf_add_char(out, (char)strlen(name));
	buf_add_char(out, (char)strlen(value));
	buf_add_str(out, name);
	buf_add_str(out, value);
}

/* Send a request; the target may have a query, the body be any bytes. */
static void
ask_with(int fd, bool keep, const char *method, const char *target,
    const char *type, struct slice body)
{
	FCGI_BeginRequestBody begin = { .roleB0 = FCGI_RESPONDER,
		.flags = keep ? FCGI_KEEP_CONN : 0 };
	struct buf params = BUF_INIT, out = BUF_INIT, path = BUF_INIT;
	const char *query = strchrnul(target, '?');

	buf_add(&path, target, (size_t)(query - target));
	add_param(&params, "REQUEST_METHOD", method);
	add_param(&params, "PATH_INFO", path.data);
	add_param(&params, "QUERY_STRING", *query == '?' ? query + 1 : "");
	add_param(&params, "CONTENT_TYPE", type);
	add_record(&out, FCGI_BEGIN_REQUEST, &begin, sizeof(begin));
	add_record(&out, FCGI_PARAMS, params.data, params.len);
	add_record(&out, FCGI_PARAMS, "", 0);
	for (size_t len; body.len > 0; body.data += len, body.len -= len) {
		len = body.len < 1000 ? body.len : 1000;
		add_record(&out, FCGI_STDIN, body.data, len);
	}
	add_record(&out, FCGI_STDIN, "", 0);
	for (size_t sent = 0; sent < out.len;) {
		ssize_t n =
		    send(fd, out.data + sent, out.len - sent, MSG_NOSIGNAL);
		assert_true(n > 0);
		sent += (size_t)n;
	}
	buf_free(&params), buf_free(&out), buf_free(&path);
}

/* The same, with a body of so many bytes of JSON. */
static void
ask(int fd, bool keep, const char *method, const char *target, size_t bytes)
{
	struct buf body = BUF_INIT;

	buf_add_chars(&body, ' ', bytes < 2 ? 0 : bytes - 2);
	buf_add_str(&body, bytes < 2 ? "" : "{}");
	ask_with(
	    fd, keep, method, target, "application/json", buf_slice(&body));
	buf_free(&body);
}

static bool
read_exactly(int fd, void *bytes, size_t len)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char *at = bytes;

	while (len > 0) {
		if (poll(&ready, 1, DEADLINE_MS) != 1)
			fail_msg("no answer within the deadline");
		ssize_t n = recv(fd, at, len, 0);
		if (n <= 0)
			return false;
		at += n, len -= (size_t)n;
	}
	return true;
}

/* Append the content of one FCGI_STDOUT record to `text`. Returns the
 * record's type, or -1 at the connection's end. */
static int
read_record(int fd, struct buf *text)
{
	FCGI_Header header;
	char content[65536 + 256];
	size_t len;

	if (!read_exactly(fd, &header, sizeof(header)))
		return -1;
	len = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;
	if (!read_exactly(fd, content, len + header.paddingLength))
		return -1;
	if (header.type == FCGI_STDOUT)
		buf_add(text, content, len);
	return header.type;
}

/* Read an answer to its end; false if the connection ends before it. */
static bool
hear(int fd, struct buf *text)
{
	int type;

	buf_reset(text);
	while ((type = read_record(fd, text)) != FCGI_END_REQUEST)
		if (type == -1)
			return false;
	return true;
}

static bool
is_at_end(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char byte;

	return poll(&ready, 1, DEADLINE_MS) == 1 && recv(fd, &byte, 1, 0) == 0;
}

static bool
has(const struct buf *text, const char *part)
{
	return strstr(text->data, part) != NULL;
}

/* Ask on a connection of its own, and hear the answer. */
static void
ask_once(struct fixture *f, const char *method, const char *target,
    struct buf *answer)
{
	int fd = connect_to(f);

	assert_int_not_equal(fd, -1);
	ask(fd, false, method, target, 0);
	assert_true(hear(fd, answer));
	close(fd);
}

/* --- tests --------------------------------------------------------------- */

static void
a_kept_connection_serves_one_request_after_the_other(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	for (int i = 0; i < 5; i++) {
		ask(fd, true, "GET", "/quick", 0);
		assert_true(hear(fd, &answer));
		assert_true(has(&answer, "Status: 200 OK\r\n"));
		assert_true(has(&answer, "Content-Length: 12\r\n"));
		assert_true(has(&answer, "\r\n\r\n{\"worker\":0}"));
	}
	ask(fd, false, "GET", "/quick", 0);
	assert_true(hear(fd, &answer));
	assert_true(is_at_end(fd));
	close(fd);
	buf_free(&answer);
}

static void
paths_methods_and_parameters_are_checked(void **state)
{
	static const struct {
		const char *method, *target, *expected[3];
	} cases[] = {
		{ "HEAD", "/quick",
		    { "Status: 200 OK\r\n", "Content-Length: 12\r\n" } },
		{ "GET", "/none",
		    { "Status: 404 Not Found\r\n",
			"Content-Type: application/problem+json\r\n",
			"\"status\":404" } },
		{ "POST", "/quick",
		    { "Status: 405 Method Not Allowed\r\n",
			"Allow: GET, HEAD\r\n", "\"status\":405" } },
		{ "OPTIONS", "/publish",
		    { "Status: 405 ", "Allow: POST\r\n" } },
		{ "GET", "/quick?a=1",
		    { "Status: 400 Bad Request\r\n", "\"parameter\":\"a\"" } },
		{ "POST", "/publish?count=0",
		    { "Status: 400 ", "\"parameter\":\"count\"" } },
	};
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask_once(f, cases[i].method, cases[i].target, &answer);
		for (int e = 0; e < 3 && cases[i].expected[e] != NULL; e++)
			if (!has(&answer, cases[i].expected[e]))
				fail_msg("%s", answer.data);
	}
	ask_once(f, "HEAD", "/quick", &answer);
	assert_string_equal(strstr(answer.data, "\r\n\r\n"), "\r\n\r\n");
	buf_free(&answer);
}

static void
a_body_does_not_disturb_the_next_request(void **state)
{
	static const struct {
		size_t bytes;
		const char *status;
	} cases[] = {
		{ 0, "Status: 200 OK\r\n" },
		{ 2, "Status: 200 OK\r\n" },
		{ 4096, "Status: 200 OK\r\n" }, /* as the reader's piece */
		{ 4097, "Status: 200 OK\r\n" },
		{ REQUEST_BODY_BYTES, "Status: 200 OK\r\n" },
		{ REQUEST_BODY_BYTES + 1, "Status: 413 Content Too Large\r\n" },
		{ 1 << 20, "Status: 413 Content Too Large\r\n" },
		{ 10, "Status: 200 OK\r\n" },
	};
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(fd, true, "POST", "/publish", cases[i].bytes);
		assert_true(hear(fd, &answer));
		if (!has(&answer, cases[i].status))
			fail_msg("%zu: %s", cases[i].bytes, answer.data);
	}
	close(fd);
	buf_free(&answer);
}

static void
a_handler_has_the_body_of_its_own_request(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT, body = BUF_INIT;
	int fd = connect_to(f);

	for (int i = 0; i < 3; i++) {
		buf_reset(&body);
		buf_addf(&body, "{\"word\":\"%d", i);
		buf_add_chars(&body, 'x', 5000);
		buf_add_str(&body, "\"}");
		ask_with(fd, true, "POST", "/echo",
		    "application/json; charset=utf-8", buf_slice(&body));
		assert_true(hear(fd, &answer));
		assert_true(has(&answer, "Status: 200 OK\r\n"));
		assert_true(slice_ends_with(buf_slice(&answer),
		    (struct slice){ body.data + 9, body.len - 11 }));
	}
	close(fd);
	buf_free(&answer), buf_free(&body);
}

static void
a_body_is_json_and_says_so(void **state)
{
	static const struct {
		const char *target, *type, *body, *expected[2];
	} cases[] = {
		{ "/echo", "text/plain", "{\"word\":\"a\"}",
		    { "Status: 415 Unsupported Media Type\r\n",
			"must be application/json" } },
		{ "/echo", "application/x-www-form-urlencoded", "word=a",
		    { "Status: 415 " } },
		{ "/echo", "application/json5", "{\"word\":\"a\"}",
		    { "Status: 415 " } },
		{ "/echo", "", "{\"word\":\"a\"}", { "Status: 415 " } },
		{ "/publish", "", "", { "Status: 415 " } },
		{ "/echo", "Application/JSON", "{\"word\":\"a\"}",
		    { "Status: 200 OK\r\n", "\r\n\r\na" } },
		{ "/echo", "application/json", "{\"wort\":\"a\"}",
		    { "Status: 400 ", "\"parameter\":\"wort\"" } },
		{ "/echo", "application/json", "",
		    { "Status: 400 ", "word is missing" } },
		{ "/publish", "application/json", "{\"a\":1}",
		    { "Status: 400 ", "\"parameter\":\"a\"" } },
	};
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = connect_to(f);

		ask_with(fd, false, "POST", cases[i].target, cases[i].type,
		    slice_of(cases[i].body));
		assert_true(hear(fd, &answer));
		for (int e = 0; e < 2 && cases[i].expected[e] != NULL; e++)
			if (!has(&answer, cases[i].expected[e]))
				fail_msg("%s", answer.data);
		close(fd);
	}
	buf_free(&answer);
}

static void
a_slow_answer_does_not_hold_up_a_quick_one(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	ask(fd, true, "GET", "/slow", 0);
	assert_told(f, 's');
	ask_once(f, "GET", "/quick", &answer);
	assert_true(has(&answer, "{\"worker\":0}"));
	open_gate(f);
	assert_true(hear(fd, &answer));
	assert_true(has(&answer, "{\"worker\":1}"));
	ask(fd, true, "GET", "/quick", 0);
	assert_true(hear(fd, &answer));
	assert_true(has(&answer, "{\"worker\":0}"));
	close(fd);
	buf_free(&answer);
}

static void
a_handler_may_ask_for_the_slow_pool(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	open_gate(f);
	ask_once(f, "GET", "/later", &answer);
	assert_true(has(&answer, "\r\n\r\nnot to be seen{\"worker\":1}"));
	buf_free(&answer);
}

static void
a_handler_may_wait_on_the_loop_while_others_are_answered(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	for (int i = 0; i < 3; i++) {
		ask(fd, true, "GET", "/waits", 0);
		assert_told(f, 's');
		ask_once(f, "GET", "/quick", &answer);
		assert_true(has(&answer, "{\"worker\":0}"));
		open_gate(f);
		assert_true(hear(fd, &answer));
		assert_true(has(&answer, "\r\n\r\n{\"worker\":0}"));
	}
	close(fd);
	buf_free(&answer);
}

static void
a_handler_may_come_back_from_the_pool_and_wait(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	open_gate(f);
	ask_once(f, "GET", "/roundabout", &answer);
	assert_told(f, 'p');
	assert_told(f, 's');
	assert_true(has(&answer, "\r\n\r\n{\"worker\":0}"));
	buf_free(&answer);
}

static void
who_leaves_while_a_handler_waits_ends_his_own_request_only(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	ask(fd, true, "GET", "/waits", 0);
	assert_told(f, 's');
	close(fd);
	ask_once(f, "GET", "/quick", &answer);
	open_gate(f);
	fd = connect_to(f);
	ask(fd, true, "GET", "/waits", 0);
	assert_told(f, 's');
	open_gate(f);
	assert_true(hear(fd, &answer));
	assert_true(has(&answer, "\r\n\r\n{\"worker\":0}"));
	close(fd);
	buf_free(&answer);
}

static void
the_stop_lets_a_handler_wait_to_its_end(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	ask(fd, true, "GET", "/waits", 0);
	assert_told(f, 's');
	kill(f->pid, SIGTERM);
	open_gate(f);
	assert_true(hear(fd, &answer));
	assert_true(has(&answer, "{\"worker\":0}"));
	assert_int_equal(wait_for_end(f), 0);
	close(fd);
	buf_free(&answer);
}

static void
beyond_its_bound_the_pool_answers_503(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int running = connect_to(f), waiting = connect_to(f);

	ask(running, true, "GET", "/slow", 0);
	assert_told(f, 's');
	ask(waiting, true, "GET", "/slow", 0);
	/* Only once the second has been seen is the third one too many. */
	do
		ask_once(f, "GET", "/quick", &answer);
	while (!has(&answer, "200"));
	ask_once(f, "GET", "/slow", &answer);
	assert_true(has(&answer, "Status: 503 Service Unavailable\r\n"));
	assert_true(has(&answer, "Retry-After: 2\r\n"));
	assert_true(has(&answer, "\"status\":503"));
	open_gate(f);
	open_gate(f);
	assert_true(hear(running, &answer));
	assert_true(hear(waiting, &answer));
	assert_true(has(&answer, "{\"worker\":1}"));
	close(running);
	close(waiting);
	buf_free(&answer);
}

static void
a_slow_answer_ends_when_its_client_has_gone(void **state)
{
	struct fixture *f = *state;
	int fd = connect_to(f);

	ask(fd, true, "GET", "/until-gone", 0);
	assert_told(f, 's');
	close(fd);
	assert_told(f, 'g');
}

static void
a_download_comes_whole_and_ends_with_its_client(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	ask(fd, true, "GET", "/big", 0);
	assert_true(hear(fd, &answer));
	const char *body = strstr(answer.data, "\r\n\r\n") + 4;
	assert_int_equal(answer.len - (size_t)(body - answer.data),
	    BIG_PIECES * (BIG_PIECE + 2));
	/* Pieces and records end at different places: nothing lost there. */
	for (int i = 0; i < BIG_PIECES; i++, body += BIG_PIECE + 2) {
		assert_memory_equal(body, "0\n", 2);
		assert_int_equal(strspn(body + 2, "x"), BIG_PIECE);
	}
	assert_told(f, 'd');

	ask(fd, true, "GET", "/big", 0);
	assert_int_equal(read_record(fd, &answer), FCGI_STDOUT);
	close(fd);
	assert_told(f, 'g');
	buf_free(&answer);
}

static void
half_an_answer_does_not_pass_for_a_whole_one(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd = connect_to(f);

	ask(fd, true, "GET", "/half", 0);
	assert_false(hear(fd, &answer));
	close(fd);
	buf_free(&answer);
}

static void
nonsense_ends_its_own_connection_only(void **state)
{
	static const char *const nonsense[] = { "GET / HTTP/1.1\r\n\r\n",
		"\1\1\0\1\0\0\0\0", "\1\1\0\1\0\10\0\0\0\7\1\0\0\0\0\0",
		"\2\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0", "\1" };
	static const size_t lengths[] = { 18, 8, 16, 16, 1 };
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	for (int i = 0; i < 5; i++) {
		int fd = connect_to(f);

		assert_true(send(fd, nonsense[i], lengths[i], 0) > 0);
		shutdown(fd, SHUT_WR);
		ask_once(f, "GET", "/quick", &answer);
		assert_true(has(&answer, "200 OK"));
		close(fd);
	}
	buf_free(&answer);
}

static void
who_says_nothing_or_half_a_request_holds_up_nobody_for_long(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int silent = connect_to(f), half = connect_to(f);
	usec_t begin = clock_monotonic(&clock_system);

	for (int i = 0; i < 10; i++)
		ask_once(f, "GET", "/quick", &answer);
	assert_in_range(
	    clock_monotonic(&clock_system) - begin, 0, USEC_PER_SEC);
	assert_int_equal(send(half, "\1\1\0\1\0\10\0\0\0\1", 10, 0), 10);
	ask_once(f, "GET", "/quick", &answer);
	assert_true(has(&answer, "200 OK"));
	assert_true(is_at_end(half));
	ask(silent, true, "GET", "/quick", 0);
	assert_true(hear(silent, &answer));
	close(silent);
	close(half);
	buf_free(&answer);
}

static void
a_burst_of_connections_is_answered(void **state)
{
	enum { BURST = 500 };
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fds[BURST];

	for (int i = 0; i < BURST; i++) {
		fds[i] = connect_to(f);
		ask(fds[i], true, "GET", "/quick", 0);
	}
	for (int i = 0; i < BURST; i++) {
		assert_true(hear(fds[i], &answer));
		assert_true(has(&answer, "200 OK"));
		close(fds[i]);
	}
	buf_free(&answer);
}

static void
a_hangup_is_passed_on(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	ask_once(f, "GET", "/quick", &answer); /* its handlers are there */
	kill(f->pid, SIGHUP);
	assert_told(f, 'h');
	ask_once(f, "GET", "/quick", &answer);
	buf_free(&answer);
}

static void
the_stop_lets_what_runs_finish(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int running = connect_to(f), idle = connect_to(f);

	ask(idle, true, "GET", "/quick", 0);
	assert_true(hear(idle, &answer));
	ask(running, true, "GET", "/slow", 0);
	assert_told(f, 's');
	kill(f->pid, SIGTERM);
	assert_true(is_at_end(idle));
	assert_int_equal(connect_to(f), -1);
	assert_int_equal(access(f->path, F_OK), -1);
	open_gate(f);
	assert_true(hear(running, &answer));
	assert_true(has(&answer, "{\"worker\":1}"));
	assert_int_equal(wait_for_end(f), 0);
	close(running);
	close(idle);
	buf_free(&answer);
}

static void
the_stop_has_a_bound(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;
	int fd;

	ask_once(f, "GET", "/quick", &answer);
	buf_free(&answer);
	assert_int_equal(stop(f), 0);
	close(f->gate);
	close(f->report);
	start(f, 50 * USEC_PER_MSEC);
	fd = connect_to(f);
	ask(fd, true, "GET", "/until-gone", 0);
	assert_told(f, 's');
	assert_int_equal(stop(f), 0);
	assert_told(f, 'g');
	close(fd);
}

/* Take whatever comes, to the end. */
static bool
ends(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char bytes[4096];

	while (poll(&ready, 1, DEADLINE_MS) == 1)
		if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
			return true;
	return false;
}

/* The next event; when the test lasts, comments stand between them. */
static void
read_event(int fd, struct buf *text)
{
	size_t before = text->len;

	do {
		buf_set_len(text, before);
		assert_int_equal(read_record(fd, text), FCGI_STDOUT);
	} while (text->data[before] == ':');
}

static void
a_stalled_stream_holds_up_none_of_a_thousand(void **state)
{
	enum { STREAMS = 1000, EVENTS = 40, ROUNDS = 40 };
	struct fixture *f = *state;
	struct buf answer = BUF_INIT, text = BUF_INIT, expected = BUF_INIT;
	static int fds[STREAMS];
	uint64_t id = 0;

	for (int i = 0; i < STREAMS; i++) {
		fds[i] = connect_to(f);
		ask(fds[i], true, "GET", "/stream", 0);
		assert_int_equal(read_record(fds[i], &text), FCGI_STDOUT);
	}
	assert_true(has(&text, "Content-Type: text/event-stream\r\n"));
	assert_true(has(&text, "\r\n\r\nretry: "));

	for (int round = 0; round < ROUNDS; round++) {
		ask_once(f, "POST", "/publish?count=40&bytes=1000", &answer);
		for (int i = 1; i < STREAMS; i++) { /* 0 does not read */
			uint64_t number = id;

			buf_reset(&text);
			for (int e = 0; e < EVENTS; e++)
				read_event(fds[i], &text);
			for (int e = 0; i % 100 == 1 && e < EVENTS; e++) {
				buf_reset(&expected);
				buf_addf(&expected, "data: %llu.",
				    (unsigned long long)++number);
				assert_true(has(&text, expected.data));
			}
		}
		id += EVENTS;
	}
	/* The ring has moved past the one that stalled, and there is no past.
	 */
	ask_once(f, "POST", "/publish", &answer);
	assert_string_equal(strstr(answer.data, "\r\n\r\n"), "\r\n\r\n1000");
	assert_true(ends(fds[0]));

	for (int i = 0; i < STREAMS - 1; i++)
		close(fds[i]);
	do /* all but one have left */
		ask_once(f, "POST", "/publish", &answer);
	while (!has(&answer, "\r\n\r\n1"));
	kill(f->pid, SIGTERM);
	assert_true(hear(fds[STREAMS - 1], &text));
	assert_true(is_at_end(fds[STREAMS - 1]));
	close(fds[STREAMS - 1]);
	assert_int_equal(wait_for_end(f), 0);
	buf_free(&answer), buf_free(&text), buf_free(&expected);
}

static void
a_head_of_a_stream_has_no_stream(void **state)
{
	struct fixture *f = *state;
	struct buf answer = BUF_INIT;

	ask_once(f, "HEAD", "/stream", &answer);
	assert_true(has(&answer, "Content-Type: text/event-stream\r\n"));
	assert_false(has(&answer, "Content-Length"));
	assert_false(has(&answer, "retry:"));
	buf_free(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kept_connection_serves_one_request_after_the_other),
		TEST(paths_methods_and_parameters_are_checked),
		TEST(a_body_does_not_disturb_the_next_request),
		TEST(a_handler_has_the_body_of_its_own_request),
		TEST(a_body_is_json_and_says_so),
		TEST(a_slow_answer_does_not_hold_up_a_quick_one),
		TEST(a_handler_may_ask_for_the_slow_pool),
		TEST(a_handler_may_wait_on_the_loop_while_others_are_answered),
		TEST(a_handler_may_come_back_from_the_pool_and_wait),
		TEST(
		    who_leaves_while_a_handler_waits_ends_his_own_request_only),
		TEST(the_stop_lets_a_handler_wait_to_its_end),
		TEST(beyond_its_bound_the_pool_answers_503),
		TEST(a_slow_answer_ends_when_its_client_has_gone),
		TEST(a_download_comes_whole_and_ends_with_its_client),
		TEST(half_an_answer_does_not_pass_for_a_whole_one),
		TEST(nonsense_ends_its_own_connection_only),
		TEST(
		    who_says_nothing_or_half_a_request_holds_up_nobody_for_long),
		TEST(a_burst_of_connections_is_answered),
		TEST(a_hangup_is_passed_on),
		TEST(the_stop_lets_what_runs_finish),
		TEST(the_stop_has_a_bound),
		TEST(a_stalled_stream_holds_up_none_of_a_thousand),
		TEST(a_head_of_a_stream_has_no_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
