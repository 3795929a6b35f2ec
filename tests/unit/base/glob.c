#include "lib/base/glob.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_glob_fits_what_its_stars_can_stand_for(void **state)
{
	static const struct {
		const char *glob, *text;
		bool fits;
	} cases[] = {
		{ "a.b", "a.b", true },
		{ "a.b", "a.bc", false },
		{ "*", "", true },
		{ "*", "a.b", true },
		{ "a*", "a", true },
		{ "a.*", "a.b.c", true },
		{ "a.*", "a", false },
		{ "*.b", "a.b", true },
		{ "*.b", "a.b.c.b", true },
		{ "*.b", "a.bc", false },
		{ "a*b*c", "a1b2b3c", true },
		{ "a*b*c", "a1c2b", false },
		{ "**a**", "xay", true },
		{ "mcp.*.read", "mcp.github.read", true },
		{ "mcp.*.read", "mcp.read", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (glob_fits(slice_of(cases[i].glob),
			slice_of(cases[i].text)) != cases[i].fits)
			fail_msg("%s, %s", cases[i].glob, cases[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_glob_fits_what_its_stars_can_stand_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
