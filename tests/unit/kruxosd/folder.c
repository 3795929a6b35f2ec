#include "collectors/kruxosd/folder.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static ino_t synced; /* the last one */

static int
note_fsync(struct disk *disk, int fd)
{
	struct stat st;

	(void)disk;
	if (fstat(fd, &st) == -1)
		return -1;
	synced = st.st_ino;
	return fsync(fd);
}

struct scene {
	char dir[64];
	char path[80];
	struct error err;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-folder-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/audit", scene->dir);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	char lock[96];

	snprintf(lock, sizeof(lock), "%s/.lock", scene->path);
	unlink(lock);
	unlink(scene->path);
	rmdir(scene->path);
	rmdir(scene->dir);
	free(scene);
	return 0;
}

/* Or it could be gone after a power cut, with all that was acknowledged. */
static void
the_name_of_a_folder_is_durable(void **state)
{
	struct scene *scene = *state;
	struct stat above;
	int (*fsync_before)(struct disk * disk, int fd) = disk_system.fsync;
	int dir;

	disk_system.fsync = note_fsync;
	dir = folder_open(scene->path, &scene->err);
	disk_system.fsync = fsync_before;
	assert_int_not_equal(dir, -1);
	close(dir);
	assert_int_equal(stat(scene->dir, &above), 0);
	assert_int_equal(synced, above.st_ino);
}

static void
a_folder_is_made_for_its_owner(void **state)
{
	struct scene *scene = *state;
	mode_t before = umask(0);
	struct stat st;
	int dir = folder_open(scene->path, &scene->err);

	umask(before);
	assert_int_not_equal(dir, -1);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	close(dir);
	dir = folder_open(scene->path, &scene->err); /* it is there now */
	assert_int_not_equal(dir, -1);
	close(dir);
}

static void
a_folder_that_others_can_write_to_is_refused_and_named(void **state)
{
	static const mode_t modes[] = { 0770, 0777, 0702, 01777 };
	struct scene *scene = *state;

	assert_int_equal(mkdir(scene->path, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(scene->path, modes[i]), 0);
		assert_int_equal(folder_open(scene->path, &scene->err), -1);
		assert_int_equal(scene->err.code, ERROR_NOT_ALLOWED);
		assert_non_null(strstr(scene->err.sentence, scene->path));
	}
}

static void
a_folder_of_somebody_else_is_refused(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(mkdir(scene->path, 0700), 0);
	if (geteuid() != 0 || chown(scene->path, 1, 1) == -1)
		skip(); /* only root can give one away */
	assert_int_equal(folder_open(scene->path, &scene->err), -1);
	assert_int_equal(scene->err.code, ERROR_NOT_ALLOWED);
}

static void
a_file_is_no_folder(void **state)
{
	struct scene *scene = *state;
	int fd = open(scene->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	close(fd);
	assert_int_equal(folder_open(scene->path, &scene->err), -1);
	assert_int_equal(scene->err.errnum, ENOTDIR);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_folder_is_made_for_its_owner),
		TEST(the_name_of_a_folder_is_durable),
		TEST(a_folder_that_others_can_write_to_is_refused_and_named),
		TEST(a_folder_of_somebody_else_is_refused),
		TEST(a_file_is_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
