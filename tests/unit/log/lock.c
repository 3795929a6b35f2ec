#include "lib/log/lock.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[] = "/tmp/kruxos-lock-XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "%s/.lock", folder);
	unlink(name);
	return rmdir(folder);
}

static void
it_is_held_by_one_until_it_is_closed(void **state)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct error err = { 0 };
	int first = lock_take(dir, folder, &err);

	(void)state;
	assert_int_not_equal(first, -1);
	assert_int_equal(lock_take(dir, folder, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	close(first);
	first = lock_take(dir, folder, &err);
	assert_int_not_equal(first, -1);
	close(first);
	close(dir);
}

/* Whoever makes it, the folder's owner can open it. */
static void
it_belongs_to_the_owner_of_the_folder(void **state)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct error err = { 0 };
	struct stat found;
	int lock;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchown(dir, 4711, (gid_t)-1), 0);
	lock = lock_take(dir, folder, &err);
	assert_int_not_equal(lock, -1);
	assert_int_equal(fstat(lock, &found), 0);
	assert_int_equal(found.st_uid, 4711);
	close(lock);
	close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_held_by_one_until_it_is_closed),
		cmocka_unit_test(it_belongs_to_the_owner_of_the_folder),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
