#include "cli/run/rundir.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#include <ftw.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

/* A folder for one test, with everything in it gone afterwards. */
static int
make_place(void **state)
{
	char *place = strdup("/tmp/kruxos-rundir-XXXXXX");

	*state = place;
	return mkdtemp(place) == NULL ? -1 : 0;
}

static int
remove_one(
    const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static int
remove_place(void **state)
{
	int result = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return result;
}

/* Open PLACE/run; what comes of it. */
static int
open_run(const char *place, struct rundir *dir, struct arena *arena,
    struct error *err)
{
	return rundir_open(
	    dir, arena_printf(arena, "%s/run", place), arena, err);
}

static void
a_folder_is_made_for_this_user_alone(void **state)
{
	static const char *const folders[] = { "", "/tls", "/log", "/pid",
		"/tmp" };
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };

	assert_int_equal(open_run(*state, &dir, &arena, &err), 0);
	for (size_t i = 0; i < COUNT(folders); i++) {
		struct stat found;

		assert_int_equal(
		    stat(arena_printf(&arena, "%s%s", dir.path, folders[i]),
			&found),
		    0);
		assert_int_equal(found.st_mode & 07777, 0700);
	}
	rundir_close(&dir);
	/* What is there already is taken as it is. */
	assert_int_equal(open_run(*state, &dir, &arena, &err), 0);
	rundir_close(&dir);
	arena_free(&arena);
}

static void
a_folder_that_others_may_use_is_refused(void **state)
{
	static const mode_t modes[] = { 0755, 0770, 0701 };
	struct arena arena = ARENA_INIT;
	char *path = arena_printf(&arena, "%s/run", (char *)*state);

	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct rundir dir = RUNDIR_INIT;
		struct error err = { 0 };

		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(open_run(*state, &dir, &arena, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.sentence, "chmod 700"));
	}
	arena_free(&arena);
}

static void
what_is_no_folder_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };
	char *path = arena_printf(&arena, "%s/run", (char *)*state);

	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(open_run(*state, &dir, &arena, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(unlink(path), 0);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(
	    symlink("/tmp", arena_printf(&arena, "%s/tls", path)), 0);
	assert_int_equal(open_run(*state, &dir, &arena, &err), -1);
	assert_non_null(strstr(err.sentence, "tls"));
	rundir_close(&dir);
	arena_free(&arena);
}

/* Nothing that a part would follow, wait for or write into. */
static void
what_no_part_has_made_is_refused_by_its_name(void **state)
{
	static const struct {
		const char *name;
		mode_t type;
		const char *said;
	} cases[] = {
		{ "log/access.log", S_IFLNK, "log/access.log: this is a symb" },
		{ "log/nginx-error.log", S_IFIFO, "error.log: this is a FIFO" },
		{ "log/kruxosd.log", S_IFDIR, "kruxosd.log: this is a folder" },
		{ "pid/nginx.pid", S_IFLNK, "nginx.pid: this is a symbolic" },
		{ "pid/kruxos-run.pid", S_IFSOCK, "run.pid: this is a socket" },
		{ "tmp/body", S_IFLNK, "tmp/body: this is a symbolic link" },
		{ "tmp/body", S_IFREG, "tmp/body: this is a file" },
	};
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };

	assert_int_equal(open_run(*state, &dir, &arena, &err), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rundir again = RUNDIR_INIT;

		if (cases[i].type == S_IFLNK)
			assert_int_equal(
			    symlinkat("/dev/null", dir.fd, cases[i].name), 0);
		else if (cases[i].type == S_IFDIR)
			assert_int_equal(
			    mkdirat(dir.fd, cases[i].name, 0700), 0);
		else
			assert_int_equal(mknodat(dir.fd, cases[i].name,
					     cases[i].type | 0600, 0),
			    0);
		assert_int_equal(open_run(*state, &again, &arena, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.sentence, cases[i].said));
		rundir_close(&again);
		assert_int_equal(
		    unlinkat(dir.fd, cases[i].name,
			cases[i].type == S_IFDIR ? AT_REMOVEDIR : 0),
		    0);
	}
	rundir_close(&dir);
	arena_free(&arena);
}

static void
a_folder_that_anybody_could_replace_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };

	assert_int_equal(chmod(*state, 0777), 0);
	assert_int_equal(open_run(*state, &dir, &arena, &err), -1);
	assert_non_null(strstr(err.sentence, "anybody may write"));
	arena_free(&arena);
}

static void
a_path_too_long_for_sockets_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };
	char name[CONFIG_RUNTIME_BYTES + 1];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(
	    rundir_open(&dir,
		arena_printf(&arena, "%s/%s", (char *)*state, name), &arena,
		&err),
	    -1);
	assert_non_null(strstr(err.sentence, "shorter RUNDIR"));
	arena_free(&arena);
}

static void
the_lock_tells_who_runs(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };
	const char *path;
	int status;
	pid_t child;

	assert_int_equal(open_run(*state, &dir, &arena, &err), 0);
	path = dir.path;
	assert_int_equal(rundir_lock(&dir, &err), 0);
	child = fork();
	if (child == 0) { /* only another process sees the lock */
		struct rundir other = RUNDIR_INIT;

		if (rundir_look(&other, path, &arena) != getppid())
			_exit(1);
		if (rundir_open(&other, path, &arena, &err) == -1 ||
		    rundir_lock(&other, &err) == 0)
			_exit(2);
		_exit(err.code == ERROR_BUSY ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	rundir_close(&dir);
	assert_int_equal(rundir_look(&dir, path, &arena), 0);
	rundir_close(&dir);
	assert_int_equal(rundir_look(&dir, "/nonexistent", &arena), 0);
	arena_free(&arena);
}

static void
a_file_is_written_whole_and_never_through_a_link(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };
	char *target = arena_printf(&arena, "%s/target", (char *)*state);
	struct stat found;

	assert_int_equal(open_run(*state, &dir, &arena, &err), 0);
	assert_int_equal(symlinkat(target, dir.fd, "file"), 0);
	assert_int_equal(symlinkat(target, dir.fd, "file.new"), 0);
	assert_int_equal(
	    rundir_write(&dir, "file", SLICE_LITERAL("text"), &err), 0);
	assert_int_equal(
	    fstatat(dir.fd, "file", &found, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(found.st_mode));
	assert_int_equal(found.st_mode & 0777, 0600);
	assert_int_equal(found.st_size, 4);
	assert_int_equal(access(target, F_OK), -1);

	assert_int_equal(symlinkat(target, dir.fd, "log/x.log"), 0);
	assert_int_equal(rundir_open_log(&dir, "x", &err), -1);
	assert_int_equal(access(target, F_OK), -1);
	rundir_close(&dir);
	arena_free(&arena);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_place, remove_place)

static void
what_belongs_to_another_user_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };
	char *path = arena_printf(&arena, "%s/run", (char *)*state);

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(open_run(*state, &dir, &arena, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, "another user (uid 65534)"));

	/* A device in the place of a log is no file either. */
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(open_run(*state, &dir, &arena, &err), 0);
	rundir_close(&dir);
	assert_int_equal(mknod(arena_printf(&arena, "%s/log/x.log", path),
			     S_IFCHR | 0600, makedev(1, 3)),
	    0);
	assert_int_equal(open_run(*state, &dir, &arena, &err), -1);
	assert_non_null(strstr(err.sentence, "log/x.log: this is a device"));
	rundir_close(&dir);
	arena_free(&arena);
}

static void
a_folder_is_not_made_in_one_that_is_missing(void **state)
{
	struct arena arena = ARENA_INIT;
	struct rundir dir = RUNDIR_INIT;
	struct error err = { 0 };
	char *path = arena_printf(&arena, "%s/missing/run", (char *)*state);

	assert_int_equal(rundir_open(&dir, path, &arena, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	assert_non_null(strstr(err.sentence, "missing/run"));
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_folder_is_made_for_this_user_alone),
		TEST(a_folder_that_others_may_use_is_refused),
		TEST(what_is_no_folder_is_refused),
		TEST(what_no_part_has_made_is_refused_by_its_name),
		TEST(a_folder_that_anybody_could_replace_is_refused),
		TEST(a_path_too_long_for_sockets_is_refused),
		TEST(the_lock_tells_who_runs),
		TEST(a_file_is_written_whole_and_never_through_a_link),
		cmocka_unit_test_setup_teardown(
		    what_belongs_to_another_user_is_refused, make_place,
		    remove_place),
		cmocka_unit_test_setup_teardown(
		    a_folder_is_not_made_in_one_that_is_missing, make_place,
		    remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
