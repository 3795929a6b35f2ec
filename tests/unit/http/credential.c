#include "lib/http/credential.c"

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
		enum credential_via via;
		const char *secret;
	} cases[] = {
		{ NULL, NULL, CREDENTIAL_NONE, NULL },
		{ NAME "=" SESSION, NULL, CREDENTIAL_COOKIE, SESSION },
		{ "a=b; " NAME "=" SESSION "; c", NULL, CREDENTIAL_COOKIE,
		    SESSION },
		{ "a;" NAME "=" SESSION, NULL, CREDENTIAL_COOKIE, SESSION },
		{ NULL, "Bearer " TOKEN, CREDENTIAL_BEARER, TOKEN },
		{ NULL, "bearer " TOKEN, CREDENTIAL_BEARER, TOKEN },
		/* Of the two the one that was sent on purpose. */
		{ NAME "=" SESSION, "Bearer " TOKEN, CREDENTIAL_BEARER, TOKEN },
		{ NAME "=" SESSION, "Basic YTpi", CREDENTIAL_NONE, NULL },
		{ NAME "=" SESSION, "", CREDENTIAL_NONE, NULL },
		/* Each of its kind alone. */
		{ NAME "=" TOKEN, NULL, CREDENTIAL_NONE, NULL },
		{ NULL, "Bearer " SESSION, CREDENTIAL_NONE, NULL },
		/* Of another port, of no name, of a longer one. */
		{ "__Host-kruxos-7801=" SESSION, NULL, CREDENTIAL_NONE, NULL },
		{ "__Host-kruxos-=" SESSION, NULL, CREDENTIAL_NONE, NULL },
		{ NAME "0=" SESSION, NULL, CREDENTIAL_NONE, NULL },
		{ "x" NAME "=" SESSION, NULL, CREDENTIAL_NONE, NULL },
		{ "x=" NAME "=" SESSION, NULL, CREDENTIAL_NONE, NULL },
		{ NAME, NULL, CREDENTIAL_NONE, NULL },
		{ NAME "=", NULL, CREDENTIAL_NONE, NULL },
		{ ";;; ;", NULL, CREDENTIAL_NONE, NULL },
		/* Two: one of them is somebody else's. */
		{ NAME "=" SESSION "; " NAME "=" SESSION, NULL, CREDENTIAL_NONE,
		    NULL },
		/* What is too short, too long, or of other bytes. */
		{ NAME "=" SESSION "x", NULL, CREDENTIAL_NONE, NULL },
		{ NAME "=krx_session_" SECRET "\t", NULL, CREDENTIAL_NONE,
		    NULL },
		{ NAME "=\"" SESSION "\"", NULL, CREDENTIAL_NONE, NULL },
		{ NULL, "Bearer  " TOKEN, CREDENTIAL_NONE, NULL },
		{ NULL, "Bearer " TOKEN " ", CREDENTIAL_NONE, NULL },
		{ NULL, "Bearer", CREDENTIAL_NONE, NULL },
		{ NULL,
		    "Bearer krx_user_0123456789abcdefghijklmnopqrstuvwxyz"
		    "-_ABC/+",
		    CREDENTIAL_NONE, NULL },
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
		struct credential found = credential_of(&req);
		assert_int_equal(found.via, cases[i].via);
		assert_true(
		    slice_equal(found.secret, slice_of(cases[i].secret)));
		buf_free(&cookie), buf_free(&authorization);
	}
}

static void
the_csrf_token_is_made_of_the_cookie(void **state)
{
	struct buf token = BUF_INIT;

	(void)state;
	/* printf 'kruxos csrf\0SECRET' | openssl dgst -sha256 -binary | basenc
	 * --base64url */
	credential_add_csrf(&token, SLICE_LITERAL(SESSION));
	assert_string_equal(
	    token.data, "eo9kCh4oR1CzTyYVrpRn6hXtM7jyKW2EG54xxtNgjio");
	assert_int_equal(token.len, CREDENTIAL_CSRF_BYTES);
	assert_true(
	    credential_csrf_matches(SLICE_LITERAL(SESSION), buf_slice(&token)));
	assert_false(
	    credential_csrf_matches(SLICE_LITERAL(TOKEN), buf_slice(&token)));
	assert_false(credential_csrf_matches(
	    SLICE_LITERAL(SESSION), (struct slice){ NULL, 0 }));
	assert_false(credential_csrf_matches(SLICE_LITERAL(SESSION),
	    (struct slice){ token.data, token.len - 1 }));
	token.data[token.len - 1] ^= 1;
	assert_false(
	    credential_csrf_matches(SLICE_LITERAL(SESSION), buf_slice(&token)));
	buf_free(&token);
}

static void
a_page_of_another_site_is_seen(void **state)
{
	static const struct {
		const char *site;
		bool is_same;
	} cases[] = {
		{ "same-origin", true },
		{ "same-site", false },
		{ "cross-site", false },
		{ "none", false },
		{ "", false },
		{ "Same-Origin", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf site = BUF_INIT;

		buf_addf(&site, "HTTP_SEC_FETCH_SITE=%s", cases[i].site);
		struct request req = request_with(site.data, NULL);
		assert_int_equal(
		    credential_is_same_origin(&req), cases[i].is_same);
		buf_free(&site);
	}
	struct request req = request_with(NULL, NULL);
	assert_true(credential_is_same_origin(&req));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_or_a_bearer_token_is_a_credential),
		cmocka_unit_test(the_csrf_token_is_made_of_the_cookie),
		cmocka_unit_test(a_page_of_another_site_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
