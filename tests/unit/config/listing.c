#include "lib/config/listing.c"

#include "base/cleanup.h"
#include "config/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PATH "/etc/kruxos/kruxos.conf"

static const struct files_file both[] = {
	{ PATH, SLICE_LITERAL("[http]\n"
			      "health_port = 1\n"
			      "names = a\n"
			      "[service web]\n"
			      "kind = http\n"
			      "target = http://x\n"
			      "depends_on = gateway\n"
			      "[policy]\n"
			      "a.* = blocked\n"
			      "[policy agent x]\n"
			      "a.b = notify\n"
			      "[policy agent y]\n"
			      "a.b = autonomous\n"
			      "[limit]\n"
			      "alerts.send = none\n"
			      "[notify n]\n"
			      "kind = webhook\n"
			      "url = http://a\n"
			      "severity = critical info\n") },
	{ "/etc/kruxos/conf.d/site.conf", SLICE_LITERAL("[policy agent x]\n"
							"c.d = blocked\n"
							"[http]\n"
							"names =\n") },
};

static struct config *
parse_both(void)
{
	struct files files = { .files = (struct files_file *)both, .count = 2 };
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;

	if (config_parse_files(&files, &config, &problems) == -1)
		fail_msg("%s", problems.data);
	return config;
}

static void
what_the_files_say_is_listed_with_its_place(void **state)
{
	cleanup(config_freep) struct config *config = parse_both();
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	listing_write(config, true, &out);
	assert_string_equal(out.data, "[http]\n"
				      "# /etc/kruxos/kruxos.conf:2\n"
				      "health_port = 1\n"
				      "# /etc/kruxos/conf.d/site.conf:4\n"
				      "names =\n"
				      "\n"
				      "[policy]\n"
				      "# /etc/kruxos/kruxos.conf:9\n"
				      "a.* = blocked\n"
				      "\n"
				      "[policy agent x]\n"
				      "# /etc/kruxos/kruxos.conf:11\n"
				      "a.b = notify\n"
				      "# /etc/kruxos/conf.d/site.conf:2\n"
				      "c.d = blocked\n"
				      "\n"
				      "[policy agent y]\n"
				      "# /etc/kruxos/kruxos.conf:13\n"
				      "a.b = autonomous\n"
				      "\n"
				      "[limit]\n"
				      "# /etc/kruxos/kruxos.conf:15\n"
				      "alerts.send = none\n"
				      "\n"
				      "[service web]\n"
				      "# /etc/kruxos/kruxos.conf:5\n"
				      "kind = http\n"
				      "# /etc/kruxos/kruxos.conf:6\n"
				      "target = http://x\n"
				      "# /etc/kruxos/kruxos.conf:7\n"
				      "depends_on = gateway\n"
				      "\n"
				      "[notify n]\n"
				      "# /etc/kruxos/kruxos.conf:17\n"
				      "kind = webhook\n"
				      "# /etc/kruxos/kruxos.conf:18\n"
				      "url = http://a\n"
				      "# /etc/kruxos/kruxos.conf:19\n"
				      "severity = critical info\n");
}

/* Without places the listing of a listing is the same text. */
static void
a_listing_is_read_as_the_same_configuration(void **state)
{
	cleanup(config_freep) struct config *config = parse_both();
	cleanup(config_freep) struct config *again = NULL;
	cleanup(buf_free) struct buf first = BUF_INIT;
	cleanup(buf_free) struct buf second = BUF_INIT;
	cleanup(buf_free) struct buf problems = BUF_INIT;

	(void)state;
	listing_write(config, false, &first);
	assert_int_equal(
	    config_parse("/x", buf_slice(&first), &again, &problems), 0);
	config->origins.count = again->origins.count = 0;
	buf_reset(&first);
	listing_write(config, false, &first);
	listing_write(again, false, &second);
	assert_string_equal(first.data, second.data);
	assert_int_equal(again->policy.rules[0].tier, ENTRY_BLOCKED);
	assert_int_equal(again->alert_count, config->alert_count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_files_say_is_listed_with_its_place),
		cmocka_unit_test(a_listing_is_read_as_the_same_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
