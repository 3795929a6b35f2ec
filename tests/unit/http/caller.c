#include "lib/http/caller.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SECRET	"0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE"
#define SESSION "krx_session_" SECRET
#define TOKEN	"krx_user_" SECRET
#define NAME	"__Host-kruxos-7800"

static char *port = (char[]){ "KRUXOS_DASHBOARD_PORT=7800" };

static struct request
request_with(char *first, char *second)
{
	static char *variables[4];
	struct request req;

	variables[0] = port;
	variables[1] = first;
	variables[2] = second;
	request_init(&req, variables, (struct slice){ NULL, 0 }, NULL);
	return req;
}

static void
a_cookie_or_a_bearer_token_is_a_credential(void **state)
{
	static const struct {
		const char *cookie, *authorization;
		enum caller_via via;
		const char *secret;
	} cases[] = {
		{ NULL, NULL, CALLER_UNKNOWN, NULL },
		{ NAME "=" SESSION, NULL, CALLER_COOKIE, SESSION },
		{ "a=b; " NAME "=" SESSION "; c", NULL, CALLER_COOKIE,
		    SESSION },
		{ "a;" NAME "=" SESSION, NULL, CALLER_COOKIE, SESSION },
		{ NULL, "Bearer " TOKEN, CALLER_BEARER, TOKEN },
		{ NULL, "bearer " TOKEN, CALLER_BEARER, TOKEN },
		/* Of the two the one that was sent on purpose. */
		{ NAME "=" SESSION, "Bearer " TOKEN, CALLER_BEARER, TOKEN },
		{ NAME "=" SESSION, "Basic YTpi", CALLER_UNKNOWN, NULL },
		{ NAME "=" SESSION, "", CALLER_UNKNOWN, NULL },
		/* Of another port, of no name, of a longer one. */
		{ "__Host-kruxos-7801=" SESSION, NULL, CALLER_UNKNOWN, NULL },
		{ "__Host-kruxos-=" SESSION, NULL, CALLER_UNKNOWN, NULL },
		{ NAME "0=" SESSION, NULL, CALLER_UNKNOWN, NULL },
		{ "x" NAME "=" SESSION, NULL, CALLER_UNKNOWN, NULL },
		{ "x=" NAME "=" SESSION, NULL, CALLER_UNKNOWN, NULL },
		{ NAME, NULL, CALLER_UNKNOWN, NULL },
		{ NAME "=", NULL, CALLER_UNKNOWN, NULL },
		{ ";;; ;", NULL, CALLER_UNKNOWN, NULL },
		/* Two: one of them is somebody else's. */
		{ NAME "=" SESSION "; " NAME "=" SESSION, NULL, CALLER_UNKNOWN,
		    NULL },
		/* What is too long, or of other bytes. */
		{ NAME "=" SESSION SECRET SECRET, NULL, CALLER_UNKNOWN, NULL },
		{ NAME "=krx_session_" SECRET "\t", NULL, CALLER_UNKNOWN,
		    NULL },
		{ NAME "=\"" SESSION "\"", NULL, CALLER_UNKNOWN, NULL },
		{ NULL, "Bearer  " TOKEN, CALLER_UNKNOWN, NULL },
		{ NULL, "Bearer " TOKEN " ", CALLER_UNKNOWN, NULL },
		{ NULL, "Bearer", CALLER_UNKNOWN, NULL },
		{ NULL,
		    "Bearer krx_user_0123456789abcdefghijklmnopqrstuvwxyz"
		    "-_ABC/+",
		    CALLER_UNKNOWN, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf cookie = BUF_INIT, authorization = BUF_INIT;

		buf_addf(&cookie, "HTTP_COOKIE=%s", cases[i].cookie);
		buf_addf(&authorization, "HTTP_AUTHORIZATION=%s",
		    cases[i].authorization);
		struct request req = request_with(
		    cases[i].cookie == NULL ? authorization.data : cookie.data,
		    cases[i].authorization == NULL ? NULL : authorization.data);
		if (cases[i].cookie == NULL && cases[i].authorization == NULL)
			req = request_with(NULL, NULL);
		struct caller found = caller_of(&req);
		assert_int_equal(found.via, cases[i].via);
		assert_true(
		    slice_equal(found.credential, slice_of(cases[i].secret)));
		buf_free(&cookie), buf_free(&authorization);
	}
}

static void
a_page_of_another_site_is_seen(void **state)
{
	static const struct {
		const char *site;
		bool is_same, is_foreign;
	} cases[] = {
		{ "same-origin", true, false },
		{ "same-site", false, true },
		{ "cross-site", false, true },
		{ "none", false, false },
		{ "", false, true },
		{ "Same-Origin", false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf site = BUF_INIT;

		buf_addf(&site, "HTTP_SEC_FETCH_SITE=%s", cases[i].site);
		struct request req = request_with(site.data, NULL);
		assert_int_equal(caller_is_same_origin(&req), cases[i].is_same);
		assert_int_equal(caller_is_foreign(&req), cases[i].is_foreign);
		buf_free(&site);
	}
	struct request req = request_with(NULL, NULL);
	assert_true(caller_is_same_origin(&req));
	assert_false(caller_is_foreign(&req));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_or_a_bearer_token_is_a_credential),
		cmocka_unit_test(a_page_of_another_site_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
