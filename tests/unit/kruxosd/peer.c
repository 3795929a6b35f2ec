#include "collectors/kruxosd/peer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct peer_rules rules = {
	.own = 100,
	.web = { 200, 201 },
	.web_count = 2,
	.observer = 300,
	.operators = 400,
	.producers = 500,
	.services = { 600, 601 },
	.service_count = 2,
};

static void
classes_come_from_uid_and_groups(void **state)
{
	static const struct {
		uid_t uid;
		gid_t groups[3];
		unsigned classes;
	} cases[] = {
		{ 0, { 0 }, MESSAGE_OWNER },
		{ 100, { 100 }, MESSAGE_OWNER },
		{ 200, { 200 }, MESSAGE_WEB },
		{ 201, { 201 }, MESSAGE_WEB },
		{ 300, { 300 }, MESSAGE_OBSERVER },
		/* What they do for others no group of theirs adds to. */
		{ 201, { 201, 400, 500 }, MESSAGE_WEB },
		{ 300, { 400, 500 }, MESSAGE_OBSERVER },
		{ 1000, { 1000, 7, 400 }, MESSAGE_OPERATOR },
		{ 1000, { 500, 7 }, MESSAGE_PRODUCER },
		{ 1000, { 1000, 500, 400 },
		    MESSAGE_OPERATOR | MESSAGE_PRODUCER },
		{ 0, { 0, 400 }, MESSAGE_OWNER | MESSAGE_OPERATOR },
		{ 601, { 601, 8 }, MESSAGE_SERVICE },
		{ 600, { 500 }, MESSAGE_SERVICE | MESSAGE_PRODUCER },
		{ 1000, { 1000, 8, 9 }, 0 },
		/* A uid is no gid. */
		{ 400, { 200, 300, 100 }, 0 },
		{ PEER_NOBODY, { 400 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    peer_classes(&rules, cases[i].uid, cases[i].groups, 3),
		    cases[i].classes);
}

static void
who_is_not_here_is_looked_up(void **state)
{
	unsigned classes = 99;
	struct error err;

	(void)state;
	assert_int_equal(peer_of_user(&rules, 0, &classes, &err), 0);
	assert_int_equal(classes, MESSAGE_OWNER);
	/* Nobody has this number. */
	assert_int_equal(peer_of_user(&rules, 4000000, &classes, &err), 0);
	assert_int_equal(classes, 0);
}

/* Of its own group, too. */
static void
the_groups_of_who_is_not_here_count(void **state)
{
	struct peer_rules own = rules;
	const struct passwd *user = getpwnam("daemon");
	unsigned classes;
	struct error err;

	(void)state;
	if (user == NULL)
		skip();
	own.producers = user->pw_gid;
	assert_int_equal(peer_of_user(&own, user->pw_uid, &classes, &err), 0);
	assert_int_equal(classes, MESSAGE_PRODUCER);
}

static void
a_name_that_is_missing_is_nobodys(void **state)
{
	static const char *words[] = { "no-such-user" };
	static const struct config_words web = { words, COUNT(words) };
	static const struct peer_names names = {
		.operators = "no-such-group",
		.producers = NULL,
		.web = &web,
		.observer = NULL,
	};
	static const gid_t groups[] = { (gid_t)-1, 0, 65534 };
	struct peer_rules found;
	struct error err;

	(void)state;
	assert_int_equal(peer_rules_look_up(&names, &found, &err), 0);
	assert_int_equal(found.own, geteuid());
	assert_int_equal(
	    peer_classes(&found, 4000000, groups, COUNT(groups)), 0);
	assert_int_equal(
	    peer_classes(&found, PEER_NOBODY, groups, COUNT(groups)), 0);
}

static void
names_are_looked_up(void **state)
{
	static const struct config_service services[] = {
		{ .user = "daemon" },
		{ .user = NULL },
		{ .user = "no-such-user" },
		{ .user = "4711" },
	};
	static const char *words[] = { "www-data", "no-such-user", "4712" };
	static const struct config_words web = { words, COUNT(words) };
	static const struct peer_names names = {
		.operators = "daemon",
		.producers = "bin",
		.web = &web,
		.observer = "nobody",
		.services = services,
		.service_count = COUNT(services),
	};
	struct peer_rules found;
	struct error err;

	(void)state;
	assert_int_equal(peer_rules_look_up(&names, &found, &err), 0);
	assert_int_equal(found.operators, getgrnam("daemon")->gr_gid);
	assert_int_equal(found.producers, getgrnam("bin")->gr_gid);
	assert_int_equal(found.web_count, 2);
	assert_int_equal(found.web[0], getpwnam("www-data")->pw_uid);
	assert_int_equal(found.web[1], 4712);
	assert_int_equal(found.observer, getpwnam("nobody")->pw_uid);
	assert_int_equal(found.service_count, 2);
	assert_int_equal(found.services[0], getpwnam("daemon")->pw_uid);
	assert_int_equal(found.services[1], 4711);
}

static void
the_kernel_says_who_the_other_end_is(void **state)
{
	struct peer_rules own = { .own = geteuid(),
		.observer = PEER_NOBODY,
		.operators = getegid(),
		.producers = PEER_NOBODY };
	unsigned classes;
	struct error err;
	int ends[2];
	uid_t uid;

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(
	    peer_of_socket(&own, ends[0], &uid, &classes, &err), 0);
	assert_int_equal(uid, geteuid());
	assert_int_equal(classes, MESSAGE_OWNER | MESSAGE_OPERATOR);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(
	    peer_of_socket(&own, ends[0], &uid, &classes, &err), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
}

static void
a_user_without_a_name_has_one_for_the_log(void **state)
{
	char name[ENTRY_NAME_BYTES + 1];

	(void)state;
	peer_user_name(0, name);
	assert_string_equal(name, "root");
	peer_user_name(4000000, name);
	assert_string_equal(name, "uid:4000000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_come_from_uid_and_groups),
		cmocka_unit_test(who_is_not_here_is_looked_up),
		cmocka_unit_test(the_groups_of_who_is_not_here_count),
		cmocka_unit_test(a_name_that_is_missing_is_nobodys),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(the_kernel_says_who_the_other_end_is),
		cmocka_unit_test(a_user_without_a_name_has_one_for_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
