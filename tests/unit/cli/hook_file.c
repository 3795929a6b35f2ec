#include "cli/hook_file.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct scene {
	char dir[64];
	struct arena arena;
	struct hook_file file;
	struct error err;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-file-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	buf_init(&scene->file.text);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	char *command = arena_printf(&scene->arena, "rm -r '%s'", scene->dir);

	hook_file_close(&scene->file);
	assert_int_equal(system(command), 0);
	arena_free(&scene->arena);
	free(scene);
	return 0;
}

static const char *
path_of(struct scene *scene, const char *name)
{
	return arena_printf(&scene->arena, "%s/%s", scene->dir, name);
}

static const char *
put_file(struct scene *scene, const char *name, const char *text, mode_t mode)
{
	const char *path = path_of(scene, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void
assert_file(
    struct scene *scene, const char *name, const char *text, mode_t mode)
{
	char bytes[256] = "";
	FILE *in = fopen(path_of(scene, name), "r");
	struct stat found;

	assert_non_null(in);
	assert_int_equal(fread(bytes, 1, sizeof(bytes) - 1, in), strlen(text));
	assert_string_equal(bytes, text);
	assert_int_equal(fstat(fileno(in), &found), 0);
	assert_int_equal(found.st_mode & 07777, mode);
	fclose(in);
}

static int
open_file(struct scene *scene, const char *path)
{
	return hook_file_open(&scene->file, path, &scene->arena, &scene->err);
}

static int
replace(struct scene *scene, const char *text)
{
	return hook_file_replace(&scene->file, slice_of(text), &scene->err);
}

static void
a_file_that_is_missing_is_made_with_its_folders(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(open_file(scene, path_of(scene, "a/b/new")), 0);
	assert_false(scene->file.exists);
	assert_int_equal(scene->file.text.len, 0);
	assert_int_equal(replace(scene, "new"), 0);
	assert_file(scene, "a/b/new", "new", 0644);
	assert_int_equal(
	    access(path_of(scene, "a/b/new.before-kruxos"), F_OK), -1);
}

static void
another_takes_its_place_and_it_stays_beside(void **state)
{
	struct scene *scene = *state;
	const char *path = put_file(scene, "old", "old", 0600);

	assert_int_equal(open_file(scene, path), 0);
	assert_true(scene->file.exists);
	assert_string_equal(scene->file.text.data, "old");
	assert_int_equal(replace(scene, "new"), 0);
	assert_file(scene, "old", "new", 0600);
	assert_file(scene, "old.before-kruxos", "old", 0600);
}

static void
a_link_of_ours_stays_one(void **state)
{
	struct scene *scene = *state;
	struct stat found;

	put_file(scene, "target", "old", 0640);
	assert_int_equal(symlink("target", path_of(scene, "link")), 0);
	assert_int_equal(open_file(scene, path_of(scene, "link")), 0);
	assert_int_equal(replace(scene, "new"), 0);
	assert_file(scene, "target", "new", 0640);
	assert_int_equal(lstat(path_of(scene, "link"), &found), 0);
	assert_true(S_ISLNK(found.st_mode));
}

static void
what_has_changed_meanwhile_is_left_alone(void **state)
{
	struct scene *scene = *state;
	const char *path = put_file(scene, "file", "old", 0644);

	assert_int_equal(open_file(scene, path), 0);
	put_file(scene, "file", "his", 0644);
	assert_int_equal(replace(scene, "new"), -1);
	assert_int_equal(scene->err.code, ERROR_BUSY);
	assert_int_equal(hook_file_remove(&scene->file, &scene->err), -1);
	assert_file(scene, "file", "his", 0644);

	/* It was missing, and is there now. */
	hook_file_close(&scene->file);
	assert_int_equal(open_file(scene, path_of(scene, "none")), 0);
	put_file(scene, "none", "", 0644);
	assert_int_equal(replace(scene, "new"), -1);
	assert_file(scene, "none", "", 0644);
}

static void
a_file_can_be_taken_away(void **state)
{
	struct scene *scene = *state;
	const char *path = put_file(scene, "file", "old", 0644);

	assert_int_equal(open_file(scene, path), 0);
	assert_int_equal(hook_file_remove(&scene->file, &scene->err), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void
what_is_no_settings_file_is_refused(void **state)
{
	struct scene *scene = *state;
	const char *fifo = path_of(scene, "fifo");
	const char *large = put_file(scene, "large", "", 0644);
	const char *nowhere = path_of(scene, "nowhere");

	assert_int_equal(open_file(scene, scene->dir), -1);
	assert_int_equal(scene->err.code, ERROR_INVALID);
	hook_file_close(&scene->file);

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(open_file(scene, fifo), -1);
	assert_int_equal(scene->err.code, ERROR_INVALID);
	hook_file_close(&scene->file);

	assert_int_equal(truncate(large, HOOK_SETTINGS_BYTES + 1), 0);
	assert_int_equal(open_file(scene, large), -1);
	assert_int_equal(scene->err.code, ERROR_TOO_LONG);
	hook_file_close(&scene->file);

	/* A link that leads nowhere is somebody's mistake. */
	assert_int_equal(symlink("is/not/there", nowhere), 0);
	assert_int_equal(open_file(scene, nowhere), -1);
	assert_int_equal(scene->err.code, ERROR_SYSTEM);
}

static void
what_is_somebody_elses_is_refused(void **state)
{
	struct scene *scene = *state;
	const char *file = put_file(scene, "file", "his", 0644);
	const char *link = path_of(scene, "link");

	if (geteuid() != 0)
		skip();
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(lchown(link, 1, 1), 0);
	assert_int_equal(open_file(scene, link), -1);
	assert_int_equal(scene->err.code, ERROR_NOT_ALLOWED);
	hook_file_close(&scene->file);
	/* A link of ours that leads to what is his. */
	assert_int_equal(lchown(link, 0, 0), 0);
	assert_int_equal(chown(file, 1, 1), 0);
	assert_int_equal(open_file(scene, link), -1);
	assert_int_equal(scene->err.code, ERROR_NOT_ALLOWED);
}

int
main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_file_that_is_missing_is_made_with_its_folders),
		IN_SCENE(another_takes_its_place_and_it_stays_beside),
		IN_SCENE(a_link_of_ours_stays_one),
		IN_SCENE(what_has_changed_meanwhile_is_left_alone),
		IN_SCENE(a_file_can_be_taken_away),
		IN_SCENE(what_is_no_settings_file_is_refused),
		IN_SCENE(what_is_somebody_elses_is_refused),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
