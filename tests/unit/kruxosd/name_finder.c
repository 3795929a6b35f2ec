#include "collectors/kruxosd/name_finder.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <semaphore.h>
#include <stdio.h>

/* A directory server that answers when it is let. */
static sem_t may_answer, has_been_asked;
static unsigned lookups;

static void
find_slowly(uid_t uid, char ret_name[static ENTRY_NAME_BYTES + 1])
{
	lookups++;
	sem_post(&has_been_asked);
	while (sem_wait(&may_answer) == -1)
		;
	snprintf(
	    ret_name, ENTRY_NAME_BYTES + 1, "user-%lu", (unsigned long)uid);
}

static int
setup(void **state)
{
	struct error err;

	sem_init(&may_answer, 0, 0);
	sem_init(&has_been_asked, 0, 0);
	lookups = 0;
	*state = name_finder_new(find_slowly, &err);
	assert_non_null(*state);
	return 0;
}

static int
teardown(void **state)
{
	name_finder_free(*state);
	return 0;
}

static void
assert_takes(struct name_finder *finder, uid_t uid, const char *name)
{
	struct pollfd found = { name_finder_fd(finder), POLLIN, 0 };
	char taken[ENTRY_NAME_BYTES + 1];
	uint64_t count;
	uid_t whose;

	assert_int_equal(poll(&found, 1, 20000), 1);
	assert_int_equal(read(found.fd, &count, sizeof(count)), sizeof(count));
	assert_true(name_finder_take(finder, &whose, taken));
	assert_int_equal(whose, uid);
	assert_string_equal(taken, name);
	assert_false(name_finder_take(finder, &whose, taken));
}

static void
who_asks_goes_on_and_hears_of_it_later(void **state)
{
	struct name_finder *finder = *state;
	char name[ENTRY_NAME_BYTES + 1];
	uid_t uid;

	name_finder_ask(finder, 7);
	name_finder_ask(finder, 8);
	assert_int_equal(sem_wait(&has_been_asked), 0);
	assert_false(name_finder_take(finder, &uid, name));
	sem_post(&may_answer);
	assert_takes(finder, 7, "user-7");
	sem_post(&may_answer);
	assert_takes(finder, 8, "user-8");
}

static void
a_uid_is_looked_up_once_however_often_it_is_asked_for(void **state)
{
	struct name_finder *finder = *state;

	name_finder_ask(finder, 7);
	assert_int_equal(sem_wait(&has_been_asked), 0);
	for (int i = 0; i < 100; i++) {
		name_finder_ask(finder, 7);
		name_finder_ask(finder, 8);
	}
	sem_post(&may_answer);
	assert_takes(finder, 7, "user-7");
	sem_post(&may_answer);
	assert_takes(finder, 8, "user-8");
	assert_int_equal(lookups, 2);
}

/* The daemon does not wait for a server that does not answer. */
static void
it_ends_while_a_lookup_hangs(void **state)
{
	struct name_finder *finder = *state;
	struct error err;

	name_finder_ask(finder, 7);
	assert_int_equal(sem_wait(&has_been_asked), 0);
	name_finder_free(finder);
	sem_post(&may_answer); /* and the thread frees what is left */
	*state = name_finder_new(find_slowly, &err);
	assert_non_null(*state);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_asks_goes_on_and_hears_of_it_later),
		TEST(a_uid_is_looked_up_once_however_often_it_is_asked_for),
		TEST(it_ends_while_a_lookup_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
