#include "lib/http/accept.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct accept_offer offers[] = {
	{ "text/plain", "version", "0.0.4" },
	{ "application/openmetrics-text", "version", "1.0.0" },
};
enum { TEXT, OPENMETRICS };

static void
the_wanted_type_is_chosen(void **state)
{
	static const struct {
		const char *accept; /* NULL: no header */
		size_t chosen;
	} cases[] = {
		{ NULL, TEXT },
		{ "", TEXT },
		{ "*/*", TEXT },
		{ "text/plain", TEXT },
		{ "application/openmetrics-text", OPENMETRICS },
		{ "Application/OpenMetrics-Text", OPENMETRICS },
		{ "application/*", OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0", OPENMETRICS },
		{ "application/openmetrics-text; version = \"1.0.0\" ",
		    OPENMETRICS },
		/* A version that we do not speak. */
		{ "application/openmetrics-text;version=0.0.1", TEXT },
		{ "application/openmetrics-text;version=2.0.0, "
		  "application/openmetrics-text;version=1.0.0;q=0.5, "
		  "text/plain;q=0.4",
		    OPENMETRICS },
		/* What Prometheus sends: 2.42, and 3. */
		{ "application/openmetrics-text;version=1.0.0,"
		  "application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		    OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0;"
		  "escaping=allow-utf-8;q=0.5,"
		  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		    OPENMETRICS },
		{ "text/plain;version=0.0.4;q=0.6, "
		  "application/openmetrics-text;q=0.5",
		    TEXT },
		{ "text/plain;q=0.5,application/openmetrics-text;q=0.50",
		    TEXT },
		{ "text/plain;q=0.5,application/openmetrics-text;q=0.501",
		    OPENMETRICS },
		/* The closer range counts, whichever stands first. */
		{ "*/*,application/openmetrics-text;q=0", TEXT },
		{ "text/plain;q=0,*/*", OPENMETRICS },
		{ "text/*;q=0.9,text/plain;q=0.1,*/*;q=0.5", OPENMETRICS },
		/* None of ours: better one of ours than none. */
		{ "text/html", TEXT },
		{ "text/plain;q=0,application/openmetrics-text;q=0", TEXT },
		/* What is no range is passed over. */
		{ "application/openmetrics-text;q=2,text/plain;q=0.1", TEXT },
		{ "application/openmetrics-text;q=,text/plain;q=0.1", TEXT },
		{ ",,;;, application/openmetrics-text ,", OPENMETRICS },
		{ "text", TEXT },
		{ "application/openmetrics-text;x=\"a,b;q=0\"", OPENMETRICS },
		{ "application/openmetrics-text;x=\"a\\\",q=0", OPENMETRICS },
		{ "\"", TEXT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t chosen =
		    accept_choose(slice_of(cases[i].accept), offers, 2);

		if (chosen != cases[i].chosen)
			fail_msg("%s: %zu", cases[i].accept, chosen);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wanted_type_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
