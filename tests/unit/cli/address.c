#include "cli/address.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
the_dashboard_is_where_a_browser_finds_it(void **state)
{
	static const struct {
		const char *settings, *url;
	} cases[] = {
		{ "", "https://localhost:7800" },
		{ "bind = 127.0.0.1\ndashboard_port = 443\n",
		    "https://localhost:443" },
		{ "bind = ::1\n", "https://localhost:7800" },
		{ "names = monitor.example\n", "https://localhost:7800" },
		{ "bind = 0.0.0.0\nnames = monitor.example other.example\n",
		    "https://monitor.example:7800" },
		/* Nobody answers there as localhost. */
		{ "bind = 127.0.0.2\n", "https://127.0.0.2:7800" },
		{ "bind = 192.0.2.7\n", "https://192.0.2.7:7800" },
		{ "bind = 192.0.2.7\nnames = monitor.example\n",
		    "https://monitor.example:7800" },
		{ "bind = 2001:db8::7\n", "https://[2001:db8::7]:7800" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		cleanup(buf_free) struct buf problems = BUF_INIT;
		cleanup(buf_free) struct buf url = BUF_INIT;
		cleanup(config_freep) struct config *config = NULL;

		buf_addf(&text, "[http]\n%s", cases[i].settings);
		assert_int_equal(config_parse("/tmp/kruxos.conf",
				     buf_slice(&text), &config, &problems),
		    0);
		address_add_dashboard(&url, config);
		assert_string_equal(url.data, cases[i].url);
	}
}

static void
what_listens_everywhere_has_the_name_of_the_host(void **state)
{
	static const struct config everywhere[] = {
		{ .bind = "0.0.0.0" },
		{ .bind = "::" },
	};
	static const struct utsname host = { .nodename = "monitor" };

	(void)state;
	for (size_t i = 0; i < COUNT(everywhere); i++)
		assert_string_equal(
		    address_host(&everywhere[i], &host), "monitor");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dashboard_is_where_a_browser_finds_it),
		cmocka_unit_test(
		    what_listens_everywhere_has_the_name_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
