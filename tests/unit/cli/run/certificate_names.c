#include "cli/run/certificate_names.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_name_stands_in_it_once(void **state)
{
	struct buf names = BUF_INIT;

	(void)state;
	add_name(&names, "localhost");
	add_name(&names, "local");
	add_name(&names, "localhost");
	add_name(&names, "::1");
	add_name(&names, "::1");
	assert_string_equal(names.data, "DNS:localhost,DNS:local,IP:::1");
	buf_free(&names);
}

static void
a_host_may_be_called_what_no_certificate_can_say(void **state)
{
	(void)state;
	assert_true(is_host_name("monitor-1.example"));
	assert_false(is_host_name(""));
	assert_false(is_host_name("-monitor"));
	assert_false(is_host_name("a,DNS:bank.example"));
}

static void
every_address_is_no_name(void **state)
{
	const struct config config = { .bind = "0.0.0.0" };
	struct buf names = BUF_INIT;

	(void)state;
	certificate_names_write(&config, &names);
	assert_null(strstr(names.data, "0.0.0.0"));
	assert_non_null(strstr(names.data, "IP:127.0.0.1"));
	buf_free(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_stands_in_it_once),
		cmocka_unit_test(
		    a_host_may_be_called_what_no_certificate_can_say),
		cmocka_unit_test(every_address_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
