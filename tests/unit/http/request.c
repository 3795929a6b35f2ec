#include "lib/http/request.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char *variables[] = { "PATH_INFO=/api/audit", "REQUEST_METHOD=HEAD",
	"HTTP_LAST_EVENT_ID=42", "HTTP_LAST=no", "HTTP_EMPTY=", "PATH=/bin",
	NULL };

static void
variables_fill_the_request(void **state)
{
	struct request req;

	(void)state;
	request_init(&req, variables, (struct slice){ NULL, 0 }, NULL);
	assert_int_equal(req.method, METHOD_HEAD);
	assert_true(slice_is(req.path, "/api/audit"));
	assert_null(req.query.data);
	assert_false(request_gone(&req));
	assert_true(slice_is(request_variable(&req, "PATH"), "/bin"));
	assert_null(request_variable(&req, "PAT").data);
}

static void
headers_are_found_in_any_case(void **state)
{
	struct request req;

	(void)state;
	request_init(&req, variables, (struct slice){ NULL, 0 }, NULL);
	assert_true(slice_is(request_header(&req, "Last-Event-ID"), "42"));
	assert_true(slice_is(request_header(&req, "last-event-id"), "42"));
	assert_true(slice_is(request_header(&req, "Empty"), ""));
	assert_non_null(request_header(&req, "Empty").data);
	assert_null(request_header(&req, "Last-Event").data);
	assert_null(request_header(&req, "Last-Event-ID-").data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_fill_the_request),
		cmocka_unit_test(headers_are_found_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
