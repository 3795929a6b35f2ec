#include "cli/run/setup.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#include <sys/socket.h>

static const struct config standard = {
	.path = "run/kruxos.conf",
	.bind = "127.0.0.1",
	.health_port = 7701,
	.dashboard_port = 7800,
	.gateway_port = 7700,
};

static void
what_agrees_with_the_file_is_taken(void **state)
{
	static const struct setup_wanted cases[] = {
		{ NULL, 0, 0, 0 },
		{ "127.0.0.1", 7701, 7800, 7700 },
		{ NULL, 0, 7800, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };

		assert_int_equal(check_config(&standard, &cases[i], &err), 0);
	}
}

static void
what_the_file_says_otherwise_is_named(void **state)
{
	static const struct {
		struct setup_wanted wanted;
		const char *variable, *key;
	} cases[] = {
		{ { NULL, 7702, 0, 0 }, "HEALTH_PORT is 7702",
		    "run/kruxos.conf says health_port = 7701" },
		{ { NULL, 0, 7801, 0 }, "DASH_PORT is 7801",
		    "says dashboard_port = 7800" },
		{ { NULL, 0, 0, 1 }, "GATEWAY_PORT is 1",
		    "says gateway_port = 7700" },
		{ { "0.0.0.0", 0, 0, 0 }, "BIND is 0.0.0.0",
		    "says bind = 127.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };

		assert_int_equal(
		    check_config(&standard, &cases[i].wanted, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.sentence, cases[i].variable));
		assert_non_null(strstr(err.sentence, cases[i].key));
	}
}

static void
a_port_in_use_is_named_with_its_variable(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct config config = standard;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(
	    getsockname(fd, (struct sockaddr *)&address, &size), 0);
	config.health_port = ntohs(address.sin_port);
	assert_int_equal(check_ports(&config, false, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_non_null(strstr(err.sentence, "(HEALTH_PORT) is in use"));
	assert_non_null(strstr(err.sentence, "health_port in run/kruxos.conf"));
	assert_int_equal(check_ports(&config, true, &err), -1);
	assert_non_null(strstr(err.sentence, "or set HEALTH_PORT"));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_agrees_with_the_file_is_taken),
		cmocka_unit_test(what_the_file_says_otherwise_is_named),
		cmocka_unit_test(a_port_in_use_is_named_with_its_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
