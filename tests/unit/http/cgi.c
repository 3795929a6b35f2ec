#include "lib/http/cgi.c"

#include "http/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct program {
	bool released; /* what a stream took was given back */
};

struct query {
	struct slice name;
};

static const struct param hello_params[] = {
	PARAM_TEXT(struct query, name, "name", 20), PARAM_END
};

static int
hello(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = { SLICE_LITERAL("you") };

	(void)prog;
	if (params_read(req, &query, err) == -1)
		return 400;
	if (req->worker == 0)
		return HANDLER_SLOW;
	buf_addf(&rep->body, "hello %.*s", SLICE_ARG(query.name));
	return 200;
}

static void
release(void *context, int fd)
{
	struct program *prog = context;

	assert_int_equal(fd, -1);
	prog->released = true;
}

static int
stream(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)req, (void)err;
	reply_take(rep, release, prog);
	return 200;
}

static const struct route routes[] = { { METHOD_GET, "/hello", hello,
					   hello_params, 0 },
	{ METHOD_GET, "/stream", stream, NULL, 0 }, ROUTE_END };

/* What the program writes to standard output for this request. */
static void
run(struct program *prog, const char *method, const char *path,
    const char *query, struct buf *ret_output)
{
	FILE *file = tmpfile();
	int kept = dup(STDOUT_FILENO);
	struct error err = { 0 };
	char bytes[4096];

	setenv("REQUEST_METHOD", method, 1);
	setenv("PATH_INFO", path, 1);
	setenv("QUERY_STRING", query, 1);
	assert_true(cgi_is_wanted());
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	int result = cgi_run(routes, prog, 0, &err);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	assert_int_equal(result, 0);
	rewind(file);
	buf_reset(ret_output);
	buf_add(ret_output, bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
}

static void
a_request_from_the_shell_is_answered_once(void **state)
{
	static const struct {
		const char *method, *path, *query, *begin, *end;
	} cases[] = {
		{ "GET", "/hello", "name=w%C3%B6rld", "Status: 200 OK\r\n",
		    "\r\n\r\nhello w\xc3\xb6rld" },
		{ "HEAD", "/hello", "", "Status: 200 OK\r\n", "\r\n\r\n" },
		{ "GET", "/hello", "x=1", "Status: 400 Bad Request\r\n",
		    "\"parameter\":\"x\"}\n" },
		{ "GET", "/", "", "Status: 404 Not Found\r\n", "}\n" },
		{ "GET", "/stream", "", "Status: 501 Not Implemented\r\n",
		    "}\n" },
	};
	struct program prog = { false };
	struct buf output = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(&prog, cases[i].method, cases[i].path, cases[i].query,
		    &output);
		if (!slice_starts_with(
			buf_slice(&output), slice_of(cases[i].begin)) ||
		    !slice_ends_with(
			buf_slice(&output), slice_of(cases[i].end)))
			fail_msg("%s", output.data);
	}
	assert_true(prog.released);
	buf_free(&output);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_from_the_shell_is_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
