#include "lib/http/route.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
unused(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)req, (void)rep, (void)err;
	return 200;
}

static const struct route routes[] = { { METHOD_GET, "/api/audit", unused, NULL,
					   0 },
	{ METHOD_GET, "/api/audit/<number>", unused, NULL, 0 },
	{ METHOD_GET, "/api/audit/<number>/line", unused, NULL, 0 },
	{ METHOD_GET, "/api/audit/stats", unused, NULL, 0 },
	{ METHOD_GET, "/api/sessions/<word>", unused, NULL, 0 },
	{ METHOD_GET, "/api/alerts/<word>/history", unused, NULL, 0 },
	{ METHOD_POST, "/api/alerts/<word>/acknowledge", unused, NULL, 0 },
	{ METHOD_POST | METHOD_DELETE, "/mcp", unused, NULL, 0 },
	{ METHOD_GET, "/mcp", unused, NULL, 0 }, ROUTE_END };

static int
find(const char *path, enum method method, struct request *ret,
    unsigned *ret_allowed)
{
	struct error err = { 0 };

	*ret = (struct request){ .method = method, .path = slice_of(path) };
	*ret_allowed = 0;
	return route_find(routes, ret, ret_allowed, &err);
}

static void
paths_find_their_row(void **state)
{
	static const struct {
		const char *path;
		int row;
		uint64_t number;
		const char *word;
	} cases[] = {
		{ "/api/audit", 0, 0, NULL },
		{ "/api/audit/42", 1, 42, NULL },
		{ "/api/audit/18446744073709551615", 1, UINT64_MAX, NULL },
		{ "/api/audit/42/line", 2, 42, NULL },
		{ "/api/audit/stats", 3, 0, NULL },
		{ "/api/sessions/sess-a1", 4, 0, "sess-a1" },
		{ "/api/sessions/team/\xc3\xa4", 4, 0, "team/\xc3\xa4" },
		{ "/api/alerts/a1/history", 5, 0, "a1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request req;
		unsigned allowed;

		assert_int_equal(
		    find(cases[i].path, METHOD_GET, &req, &allowed), 0);
		assert_ptr_equal(req.route, &routes[cases[i].row]);
		assert_true(cases[i].number == req.number);
		if (cases[i].word != NULL)
			assert_true(slice_is(req.word, cases[i].word));
	}
}

static void
other_paths_are_not_found(void **state)
{
	static const char *const paths[] = { "", "/", "api/audit", "/api",
		"/api/audit/", "/api//audit", "/api/audit/-1", "/api/audit/x",
		"/api/audit/18446744073709551616", "/api/audit/4/2",
		"/api/audit/42/line/", "/api/audits", "/api/sessions/",
		"/api/sessions/\xff", "/api/alerts//history",
		"/api/alerts/a/b/history", "/API/audit",
		"/api/sessions/12345678901234567890123456789012345678901234567"
		"8901234567890123456789012345678901234567890123456789012345678"
		"901234567890123456789" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct request req;
		unsigned allowed;

		if (find(paths[i], METHOD_GET, &req, &allowed) != 404)
			fail_msg("%s", paths[i]);
	}
}

static void
methods_are_the_rows(void **state)
{
	static const struct {
		const char *path;
		enum method method;
		int status;
		unsigned allowed;
	} cases[] = {
		{ "/api/audit", METHOD_HEAD, 0, 0 },
		{ "/api/audit", METHOD_POST, 405, METHOD_GET | METHOD_HEAD },
		{ "/api/audit", METHOD_OTHER, 405, METHOD_GET | METHOD_HEAD },
		{ "/api/alerts/a/acknowledge", METHOD_POST, 0, 0 },
		{ "/api/alerts/a/acknowledge", METHOD_GET, 405, METHOD_POST },
		{ "/api/alerts/a/acknowledge", METHOD_HEAD, 405, METHOD_POST },
		{ "/mcp", METHOD_GET, 0, 0 },
		{ "/mcp", METHOD_DELETE, 0, 0 },
		{ "/mcp", METHOD_OTHER, 405,
		    METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_DELETE },
		{ "/none", METHOD_OTHER, 404, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request req;
		unsigned allowed;

		assert_int_equal(
		    find(cases[i].path, cases[i].method, &req, &allowed),
		    cases[i].status);
		assert_int_equal(allowed, cases[i].allowed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_find_their_row),
		cmocka_unit_test(other_paths_are_not_found),
		cmocka_unit_test(methods_are_the_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
