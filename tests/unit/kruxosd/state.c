#include "collectors/kruxosd/state.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

struct scene {
	char dir[64];
	char path[80];
	struct state *state;
};

static void
open_it(struct scene *scene)
{
	struct error err = { 0 };

	scene->state = state_open(scene->path, &clock_system, &err);
	if (scene->state == NULL)
		fail_msg("%s", err.sentence);
}

static void
open_again(struct scene *scene)
{
	state_close(scene->state);
	open_it(scene);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	diag_init("", (enum diag_level)0); /* failures are what is tested */
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-state-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/state.db", scene->dir);
	*state = scene;
	return 0;
}

/* How many files of the folder begin with `prefix`. */
static unsigned
count_files_in(const char *folder, const char *prefix, bool unlink_them)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		count++;
		if (unlink_them)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return count;
}

static unsigned
count_files(struct scene *scene, const char *prefix, bool unlink_them)
{
	return count_files_in(scene->dir, prefix, unlink_them);
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	state_close(scene->state);
	count_files(scene, "", true);
	rmdir(scene->dir);
	free(scene);
	return 0;
}

static void
what_is_written_is_there_after_a_restart(void **state)
{
	struct scene *scene = *state;
	struct state_removed removed = { 7, 1, 2, 3, 4, 5, 6, 8, 9 };
	struct state_verification verification = {
		.seq = 12, .whole_at = 34, .damage = "a line"
	};
	struct state_removed found_removed;
	struct state_verification found;
	uint64_t seqs[STATE_ERASURES];
	usec_t scrubbed_at;
	size_t count;
	struct error err;

	memset(verification.hash, 0xab, sizeof(verification.hash));
	open_it(scene);
	assert_int_equal(state_set_removed(scene->state, &removed, 1, &err), 0);
	assert_int_equal(
	    state_set_verification(scene->state, &verification, &err), 0);
	assert_int_equal(state_set_scrubbed(scene->state, 56, &err), 0);
	assert_int_equal(state_add_erasure(scene->state, 9, &err), 0);
	assert_int_equal(state_add_erasure(scene->state, 5, &err), 0);
	assert_int_equal(state_add_erasure(scene->state, 5, &err), 0);
	open_again(scene);
	assert_int_equal(state_status(scene->state), STATUS_STATE_OK);
	assert_int_equal(
	    state_read_removed(scene->state, &found_removed, &err), 0);
	assert_memory_equal(&found_removed, &removed, sizeof(removed));
	assert_int_equal(
	    state_read_verification(scene->state, &found, &err), 0);
	assert_int_equal(found.seq, 12);
	assert_memory_equal(found.hash, verification.hash, SHA256_BYTES);
	assert_int_equal(found.whole_at, 34);
	assert_string_equal(found.damage, "a line");
	assert_int_equal(
	    state_read_scrubbed(scene->state, &scrubbed_at, &err), 0);
	assert_int_equal(scrubbed_at, 56);
	assert_int_equal(
	    state_read_erasures(scene->state, seqs, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(seqs[0], 5);
	assert_int_equal(state_end_erasure(scene->state, 5, &err), 0);
	assert_int_equal(
	    state_read_erasures(scene->state, seqs, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(seqs[0], 9);
}

static void
removals_count_for_a_day_of_this_boot(void **state)
{
	struct scene *scene = *state;
	struct state_removed removed = { 0 };
	uint64_t count;
	struct error err;

	open_it(scene);
	for (usec_t at = 1; at <= 3; at++)
		assert_int_equal(state_set_removed(scene->state, &removed,
				     at * USEC_PER_HOUR, &err),
		    0);
	assert_int_equal(
	    state_count_removals(scene->state, USEC_PER_HOUR, &count, &err), 0);
	assert_int_equal(count, 2);
	memcpy(scene->state->boot, "another", 8);
	assert_int_equal(
	    state_count_removals(scene->state, 0, &count, &err), 0);
	assert_int_equal(count, 0);
}

static void
write_at(const char *path, off_t offset, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(
	    disk_write_all(&disk_system, fd, bytes, len, offset), 0);
	close(fd);
}

/* A small file is all in its write-ahead log: it is taken back first. */
static void
make_one_file(struct scene *scene)
{
	struct error err;

	open_it(scene);
	assert_int_equal(database_run(scene->state->database,
			     "PRAGMA wal_checkpoint(TRUNCATE)", &err),
	    0);
	state_close(scene->state);
	scene->state = NULL;
}

static void
a_damaged_file_is_kept_aside_and_what_is_lost_is_said(void **state)
{
	struct scene *scene = *state;
	char noise[4096];
	struct error err;
	struct state_removed removed;

	memset(noise, 'x', sizeof(noise));
	for (off_t page = 0; page < 2; page++) {
		make_one_file(scene);
		write_at(scene->path, page * 4096, noise, sizeof(noise));
		open_it(scene);
		assert_int_equal(state_status(scene->state), STATUS_STATE_LOST);
		assert_non_null(
		    strstr(state_sentence(scene->state), "kept as"));
		assert_true(count_files(scene, "state.db.damaged-", true) > 0);
		assert_int_equal(
		    state_read_removed(scene->state, &removed, &err), 0);
		open_again(scene);
		assert_int_equal(state_status(scene->state), STATUS_STATE_OK);
		state_close(scene->state);
		scene->state = NULL;
	}
}

static void
a_file_of_a_later_version_is_left_alone(void **state)
{
	struct scene *scene = *state;
	struct error err;

	open_it(scene);
	assert_int_equal(database_run(scene->state->database,
			     "PRAGMA user_version = 4711", &err),
	    0);
	state_close(scene->state);
	scene->state = state_open(scene->path, &clock_system, &err);
	assert_null(scene->state);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, scene->path));
	assert_int_equal(count_files(scene, "state.db.damaged-", false), 0);
}

static void
without_a_database_everything_fails_and_says_why(void **state)
{
	struct scene *scene = *state;
	struct state_removed removed;
	struct error err;

	snprintf(
	    scene->path, sizeof(scene->path), "%s/none/state.db", scene->dir);
	open_it(scene);
	assert_int_equal(state_status(scene->state), STATUS_STATE_FAILING);
	assert_int_equal(state_read_removed(scene->state, &removed, &err), -1);
	assert_non_null(strstr(err.sentence, "state.db"));
	assert_int_equal(state_add_erasure(scene->state, 1, &err), -1);
}

static void
it_is_taken_up_again_when_the_cause_is_gone(void **state)
{
	struct scene *scene = *state;
	struct error err;
	char folder[96];

	snprintf(folder, sizeof(folder), "%s/later", scene->dir);
	snprintf(
	    scene->path, sizeof(scene->path), "%s/later/state.db", scene->dir);
	open_it(scene);
	state_retry(scene->state);
	assert_int_equal(state_status(scene->state), STATUS_STATE_FAILING);
	assert_int_equal(mkdir(folder, 0700), 0);
	state_retry(scene->state);
	assert_int_equal(state_status(scene->state), STATUS_STATE_OK);
	assert_string_equal(state_sentence(scene->state), "");
	assert_int_equal(state_add_erasure(scene->state, 1, &err), 0);
	assert_int_equal(unlink(scene->path), 0);
	state_retry(scene->state);
	assert_int_equal(state_status(scene->state), STATUS_STATE_LOST);
	assert_non_null(strstr(state_sentence(scene->state), "deleted"));
	assert_int_equal(state_add_erasure(scene->state, 1, &err), 0);
	state_close(scene->state);
	scene->state = NULL;
	count_files_in(folder, "", true);
	assert_int_equal(rmdir(folder), 0);
}

static void
what_another_has_locked_for_a_while_is_no_failure(void **state)
{
	struct scene *scene = *state;
	struct database *other;
	struct error err;

	open_it(scene);
	sqlite3_busy_timeout(database_handle(scene->state->database), 1);
	other = database_open(scene->path, DATABASE_WRITE, &err);
	assert_non_null(other);
	assert_int_equal(database_run(other, "BEGIN IMMEDIATE", &err), 0);
	assert_int_equal(state_add_erasure(scene->state, 1, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(state_status(scene->state), STATUS_STATE_OK);
	database_close(other);
	assert_int_equal(state_add_erasure(scene->state, 1, &err), 0);
}

static void
a_writing_that_fails_is_said_until_one_succeeds(void **state)
{
	struct scene *scene = *state;
	struct error err;

	open_it(scene);
	sqlite3_exec(database_handle(scene->state->database),
	    "PRAGMA query_only = 1", NULL, NULL, NULL);
	assert_int_equal(state_add_erasure(scene->state, 1, &err), -1);
	assert_int_equal(state_status(scene->state), STATUS_STATE_FAILING);
	assert_non_null(strstr(state_sentence(scene->state), "state.db"));
	state_retry(scene->state);
	assert_int_equal(state_status(scene->state), STATUS_STATE_FAILING);
	sqlite3_exec(database_handle(scene->state->database),
	    "PRAGMA query_only = 0", NULL, NULL, NULL);
	assert_int_equal(state_add_erasure(scene->state, 1, &err), 0);
	assert_int_equal(state_status(scene->state), STATUS_STATE_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_there_after_a_restart),
		TEST(removals_count_for_a_day_of_this_boot),
		TEST(a_damaged_file_is_kept_aside_and_what_is_lost_is_said),
		TEST(a_file_of_a_later_version_is_left_alone),
		TEST(it_is_taken_up_again_when_the_cause_is_gone),
		TEST(what_another_has_locked_for_a_while_is_no_failure),
		TEST(a_writing_that_fails_is_said_until_one_succeeds),
		TEST(without_a_database_everything_fails_and_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
