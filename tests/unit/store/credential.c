#include "store/credential.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/entry.h"

static void
a_secret_is_read_as_what_it_was_made(void **state)
{
	static const struct {
		enum credential_kind kind;
		const char *prefix;
	} kinds[] = {
		{ CREDENTIAL_SESSION, "krx_session_" },
		{ CREDENTIAL_TOKEN, "krx_user_" },
		{ CREDENTIAL_LINK, "krx_link_" },
		{ CREDENTIAL_AGENT, "krx_agent_" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned char made[SHA256_BYTES], read[SHA256_BYTES];
		char text[CREDENTIAL_SIZE];
		enum credential_kind kind;

		credential_make(kinds[i].kind, text, made);
		assert_true(slice_starts_with(
		    slice_of(text), slice_of(kinds[i].prefix)));
		assert_int_equal(strlen(text), strlen(kinds[i].prefix) + 43);
		assert_true(credential_read(slice_of(text), &kind, read));
		assert_int_equal(kind, kinds[i].kind);
		assert_true(credential_equal(made, read));
	}
}

static void
no_two_secrets_and_no_two_ids_are_the_same(void **state)
{
	char texts[64][CREDENTIAL_SIZE], ids[64][ACCOUNT_ID_BYTES + 1];
	unsigned char digest[SHA256_BYTES];

	(void)state;
	for (int i = 0; i < 64; i++) {
		credential_make(CREDENTIAL_SESSION, texts[i], digest);
		credential_make_id(ids[i]);
		assert_int_equal(strlen(ids[i]), ACCOUNT_ID_BYTES);
		assert_int_equal(
		    strspn(ids[i], "0123456789abcdef"), ACCOUNT_ID_BYTES);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(texts[i], texts[j]);
			assert_string_not_equal(ids[i], ids[j]);
		}
	}
}

static void
what_is_given_a_name_of_its_own_has_22_characters_of_chance(void **state)
{
	char names[64][CREDENTIAL_NAME_SIZE];

	(void)state;
	for (int i = 0; i < 64; i++) {
		credential_make_name("call-", names[i]);
		assert_true(entry_is_name(slice_of(names[i])));
		assert_int_equal(strlen(names[i]), strlen("call-") + 22);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

static void
a_secret_is_of_a_kind_by_how_it_begins(void **state)
{
	(void)state;
	assert_int_equal(
	    credential_kind_of(SLICE_LITERAL("krx_agent_x")), CREDENTIAL_AGENT);
	assert_int_equal(credential_kind_of(SLICE_LITERAL("krx_session_")),
	    CREDENTIAL_SESSION);
	assert_int_equal(credential_kind_of(SLICE_LITERAL("krx_")), -1);
	assert_int_equal(credential_kind_of((struct slice){ NULL, 0 }), -1);
}

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
what_has_not_the_form_is_no_secret(void **state)
{
	static const struct slice texts[] = {
		{ NULL, 0 },
		SLICE_LITERAL(""),
		SLICE_LITERAL("krx_session_"),
		SLICE_LITERAL(A43),
		SLICE_LITERAL("krx_agents_" A43),
		SLICE_LITERAL("krx_user_" A43 "A"),
		SLICE_LITERAL("krx_user_" A43 "\n"),
		SLICE_LITERAL("KRX_USER_" A43),
		SLICE_LITERAL(" krx_user_" A43),
		SLICE_LITERAL("krx_user_\0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			      "AAAAAAAAA"),
		SLICE_LITERAL("krx_user_+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			      "AAAAAAAAA"),
	};
	unsigned char digest[SHA256_BYTES];
	enum credential_kind kind;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (credential_read(texts[i], &kind, digest))
			fail_msg("%zu is one", i);
	assert_true(
	    credential_read(SLICE_LITERAL("krx_user_" A43), &kind, digest));
}

/* By coreutils: printf 'kruxos csrf\0krx_session_AA…' | sha256sum, its bytes
 * through basenc --base64url. */
static void
the_token_against_forged_requests_is_made_of_the_cookie(void **state)
{
	struct slice cookie = SLICE_LITERAL("krx_session_" A43);
	char token[CREDENTIAL_CSRF_SIZE];

	(void)state;
	credential_csrf(cookie, token);
	assert_string_equal(
	    token, "3RSE27-JZKFbkcRsjdf-jvJFqNW3U_DfOlTFY5iTNh8");
	assert_true(credential_is_csrf(cookie, slice_of(token)));
	assert_false(credential_is_csrf(cookie, SLICE_LITERAL("")));
	assert_false(credential_is_csrf(cookie, cookie));
	assert_false(credential_is_csrf(
	    SLICE_LITERAL("krx_session_other"), slice_of(token)));
	token[10] ^= 1;
	assert_false(credential_is_csrf(cookie, slice_of(token)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_read_as_what_it_was_made),
		cmocka_unit_test(no_two_secrets_and_no_two_ids_are_the_same),
		cmocka_unit_test(
		    what_is_given_a_name_of_its_own_has_22_characters_of_chance),
		cmocka_unit_test(a_secret_is_of_a_kind_by_how_it_begins),
		cmocka_unit_test(what_has_not_the_form_is_no_secret),
		cmocka_unit_test(
		    the_token_against_forged_requests_is_made_of_the_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
