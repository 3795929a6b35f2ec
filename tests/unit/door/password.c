#include "lib/door/password.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LONGEST 511

static void
a_password_is_taken_or_it_is_said_why_not(void **state)
{
	static const struct {
		const char *name;
		struct slice password;
		enum error_code code; /* ERROR_NONE: taken */
	} cases[] = {
		{ "alice", SLICE_LITERAL("twelve chars"), ERROR_NONE },
		{ "alice", SLICE_LITERAL("eleven char"), ERROR_OUT_OF_RANGE },
		{ "alice", SLICE_LITERAL(""), ERROR_OUT_OF_RANGE },
		/* Characters, not bytes. */
		{ "alice", SLICE_LITERAL("пароль-пароль"), ERROR_NONE },
		{ "alice", SLICE_LITERAL("парольпарол"), ERROR_OUT_OF_RANGE },
		{ "alice", SLICE_LITERAL("not utf-8 \xff here"),
		    ERROR_BAD_UTF8 },
		{ "alice", SLICE_LITERAL("ends here\0 and goes on"),
		    ERROR_OUT_OF_RANGE },
		{ "alice", SLICE_LITERAL("of two lines\r"),
		    ERROR_OUT_OF_RANGE },
		{ "alice", SLICE_LITERAL("deleted here\x7f"),
		    ERROR_OUT_OF_RANGE },
		{ "alice@example.org", SLICE_LITERAL("Alice@Example.ORG"),
		    ERROR_OUT_OF_RANGE },
		{ "alice@example.org", SLICE_LITERAL("Alice@Example.com"),
		    ERROR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		int result = password_check(
		    cases[i].password, slice_of(cases[i].name), &err);

		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(result, cases[i].code == ERROR_NONE ? 0 : -1);
		if (result == -1)
			assert_string_equal(err.field, "password");
	}
}

static void
a_password_is_as_long_as_crypt_takes_it(void **state)
{
	char text[LONGEST + 1];
	struct error err = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(password_check((struct slice){ text, LONGEST },
			     SLICE_LITERAL("alice"), &err),
	    0);
	assert_int_equal(password_check((struct slice){ text, LONGEST + 1 },
			     SLICE_LITERAL("alice"), &err),
	    -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_taken_or_it_is_said_why_not),
		cmocka_unit_test(a_password_is_as_long_as_crypt_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
