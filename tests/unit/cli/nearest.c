#include "cli/nearest.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
a_near_name_is_one_slip_of_the_finger_away(void **state)
{
	static const char *const names[] = { "audit query", "audit verify",
		"watch", "ingest", "a", NULL };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "wacth", "watch" },  /* swapped */
		{ "wach", "watch" },   /* one less */
		{ "watchh", "watch" }, /* one more */
		{ "catch", "watch" },  /* another */
		{ "audit qurey", "audit query" },
		{ "audt vrify", "audit verify" },
		{ "b", NULL },
		{ "", NULL },
		{ "something else", NULL },
		{ "watchwatchwatchwatchwatchwatchwatchwatchwatch", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *found = nearest_word(cases[i].word, names);

		if (cases[i].nearest == NULL)
			assert_null(found);
		else
			assert_string_equal(found, cases[i].nearest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_near_name_is_one_slip_of_the_finger_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
