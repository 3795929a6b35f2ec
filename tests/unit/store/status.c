#include "lib/store/status.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "/tmp/kruxos-status-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/kruxosd.status", folder);
	return 0;
}

static int
remove_page(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static const struct status sample = {
	.pid = 4711,
	.reason = "audit: No space left on device",
	.index = STATUS_INDEX_REBUILDING,
	.connections = 3,
};

static void
a_page_reads_back_as_it_was_written(void **state)
{
	struct error err = { 0 };
	struct status_page *writer, *reader;
	struct status got;
	struct stat file;

	(void)state;
	writer = status_create(path, &err);
	assert_non_null(writer);
	reader = status_open(path, &err);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_int_equal(got.pid, 0);
	assert_int_equal(got.refusal, STATUS_STARTING);
	assert_int_equal(status_write(writer, &sample, &err), 0);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_string_equal(got.reason, sample.reason);
	assert_int_equal(got.index, STATUS_INDEX_REBUILDING);
	assert_int_equal(got.connections, 3);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, STATUS_BYTES);
	assert_int_equal(file.st_mode & 0777, 0644);
	status_close(reader);
	status_close(writer);
}

static void
an_index_is_good_that_lags_for_a_moment(void **state)
{
	static const struct {
		enum status_index index;
		usec_t behind_since;
		bool is_good;
	} cases[] = {
		{ STATUS_INDEX_CURRENT, 0, true },
		{ STATUS_INDEX_CURRENT, 50 * USEC_PER_SEC, true },
		{ STATUS_INDEX_CATCHING_UP, 56 * USEC_PER_SEC, true },
		{ STATUS_INDEX_CATCHING_UP, 54 * USEC_PER_SEC, false },
		{ STATUS_INDEX_REBUILDING, 60 * USEC_PER_SEC, false },
		{ STATUS_INDEX_FAILING, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct status status = { .index = cases[i].index,
			.index_behind_since = cases[i].behind_since };

		assert_int_equal(
		    status_index_is_good(&status, 60 * USEC_PER_SEC),
		    cases[i].is_good);
	}
}

static void
without_a_file_the_daemon_is_unreachable(void **state)
{
	struct error err = { 0 };
	struct status_page *reader = status_open(path, &err);
	struct status got;

	(void)state;
	assert_non_null(reader);
	assert_int_equal(status_read(reader, &got, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	status_close(reader);
}

static void
what_is_no_page_is_corrupt(void **state)
{
	const char *const contents[] = { "", "x",
		"kruxosd.status 1\n"
		"page 1\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct error err = { 0 };
		struct status_page *reader = status_open(path, &err);
		struct status got;
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(contents[i], file);
		fclose(file);
		assert_int_equal(status_read(reader, &got, &err), -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		status_close(reader);
	}
}

static void
a_symlink_is_not_followed(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(symlink("/tmp/kruxos-elsewhere", path), 0);
	assert_null(status_create(path, &err));
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(err.errnum, ELOOP);
}

static void
a_new_daemon_goes_on_counting_pages(void **state)
{
	struct error err = { 0 };
	struct status_page *writer = status_create(path, &err);
	uint64_t sequence;

	(void)state;
	assert_non_null(writer);
	assert_int_equal(status_write(writer, &sample, &err), 0);
	sequence = writer->sequence;
	status_close(writer);
	writer = status_create(path, &err);
	assert_int_equal(writer->sequence, sequence + 1);
	status_close(writer);
}

static void
a_replaced_file_is_opened_again(void **state)
{
	struct error err = { 0 };
	struct status_page *writer = status_create(path, &err);
	struct status_page *reader = status_open(path, &err);
	struct status got;

	(void)state;
	assert_int_equal(status_read(reader, &got, &err), 0);
	unlink(path);
	assert_int_equal(status_read(reader, &got, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	status_close(writer);
	writer = status_create(path, &err);
	assert_int_equal(status_write(writer, &sample, &err), 0);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_int_equal(got.pid, sample.pid);
	status_close(reader);
	status_close(writer);
}

static void
a_watcher_hears_of_creation_writes_and_replacement(void **state)
{
	struct error err = { 0 };
	struct status_page *reader = status_open(path, &err), *writer;

	(void)state;
	assert_int_not_equal(status_watch(reader, &err), -1);
	assert_int_equal(status_wait(reader, 0, &err), 0);
	writer = status_create(path, &err);
	assert_int_equal(status_wait(reader, 10 * USEC_PER_SEC, &err), 1);
	for (int i = 0; i < 3; i++) {
		while (status_wait(reader, 0, &err) == 1)
			continue;
		assert_int_equal(status_write(writer, &sample, &err), 0);
		assert_int_equal(
		    status_wait(reader, 10 * USEC_PER_SEC, &err), 1);
	}
	unlink(path);
	status_close(writer);
	writer = status_create(path, &err);
	while (status_wait(reader, 0, &err) == 1)
		continue;
	assert_int_equal(status_write(writer, &sample, &err), 0);
	assert_int_equal(status_wait(reader, 10 * USEC_PER_SEC, &err), 1);
	status_close(writer);
	status_close(reader);
}

static atomic_bool is_over;

static void *
write_without_pause(void *writer)
{
	struct status status = sample;
	struct error err = { 0 };

	for (uint64_t i = 1; !atomic_load(&is_over); i++) {
		status.commits = status.head_seq = status.connections = i;
		if (status_write(writer, &status, &err) == -1)
			return writer;
	}
	return NULL;
}

static void
a_reader_never_sees_half_a_write(void **state)
{
	struct error err = { 0 };
	struct status_page *writer = status_create(path, &err);
	struct status_page *reader = status_open(path, &err);
	struct status got;
	pthread_t thread;
	void *failed;

	(void)state;
	assert_int_equal(status_write(writer, &sample, &err), 0);
	assert_int_equal(
	    pthread_create(&thread, NULL, write_without_pause, writer), 0);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(status_read(reader, &got, &err), 0);
		if (got.commits == sample.commits)
			continue; /* the thread has not begun */
		assert_int_equal(got.commits, got.head_seq);
		assert_int_equal(got.commits, got.connections);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, &failed);
	assert_null(failed);
	status_close(reader);
	status_close(writer);
}

static void
only_a_recent_heartbeat_is_fresh(void **state)
{
	struct status status = { .heartbeat = 100, .has_writer = true };

	(void)state;
	assert_true(status_is_fresh(&status, 100, 0));
	assert_true(status_is_fresh(&status, 130, 30));
	assert_false(status_is_fresh(&status, 131, 30));
	/* Of a boot before this one. */
	assert_false(status_is_fresh(&status, 99, 30));
	status.heartbeat = 0;
	assert_false(status_is_fresh(&status, 0, 30));
	/* Its writer has gone. */
	status.heartbeat = 100;
	status.has_writer = false;
	assert_false(status_is_fresh(&status, 100, 30));
}

/* In another process, which ends when `until` is closed. */
static pid_t
write_elsewhere(int until[2])
{
	pid_t child = fork();
	struct error err = { 0 };
	char byte;

	if (child != 0)
		return child;
	close(until[1]);
	if (status_create(path, &err) == NULL || read(until[0], &byte, 1) == -1)
		_exit(1);
	_exit(0);
}

static void
a_writer_that_is_killed_is_gone_at_once(void **state)
{
	struct status_page *reader;
	struct error err = { 0 };
	struct status got;
	int until[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(until), 0);
	child = write_elsewhere(until);
	reader = status_open(path, &err);
	assert_int_not_equal(status_watch(reader, &err), -1);
	while (status_read(reader, &got, &err) == -1 || !got.has_writer)
		assert_int_equal(
		    status_wait(reader, 10 * USEC_PER_SEC, &err), 1);
	while (status_wait(reader, 0, &err) == 1)
		;
	assert_int_equal(kill(child, SIGKILL), 0);
	do
		assert_int_equal(
		    status_wait(reader, 10 * USEC_PER_SEC, &err), 1);
	while (status_read(reader, &got, &err) == 0 && got.has_writer);
	assert_false(got.has_writer);
	assert_int_equal(waitpid(child, &status, 0), child);
	status_close(reader);
	close(until[0]);
	close(until[1]);
}

/* Who may only read the page cannot make it look as if nobody wrote it. */
static void
a_reader_s_lock_changes_nothing(void **state)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct status_page *writer, *reader;
	struct error err = { 0 };
	struct status got;
	int fd;

	(void)state;
	status_close(status_create(path, &err));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	writer = status_create(path, &err);
	assert_non_null(writer);
	reader = status_open(path, &err);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_true(got.has_writer);
	lock.l_type = F_WRLCK;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), -1);
	assert_int_equal(close(fd), 0);
	status_close(writer);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_false(got.has_writer);
	status_close(reader);
}

static void
the_daemon_makes_a_page_anew_that_was_taken_away(void **state)
{
	struct error err = { 0 };
	struct status_page *writer = status_create(path, &err);
	struct status_page *reader = status_open(path, &err);
	char aside[80];
	struct status got;
	FILE *file;

	(void)state;
	snprintf(aside, sizeof(aside), "%s.old", path);
	assert_non_null(writer);
	assert_int_equal(status_keep(writer, &err), 0);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(status_keep(writer, &err), 1);
	assert_int_equal(status_write(writer, &sample, &err), 0);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_int_equal(got.pid, sample.pid);
	assert_true(got.has_writer);
	assert_int_equal(status_keep(writer, &err), 0);

	assert_int_equal(rename(path, aside), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("somebody else's", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(status_keep(writer, &err), 1);
	assert_int_equal(status_write(writer, &sample, &err), 0);
	assert_int_equal(status_read(reader, &got, &err), 0);
	assert_true(got.has_writer);
	assert_int_equal(unlink(aside), 0);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/tmp/kruxos-elsewhere", path), 0);
	assert_int_equal(status_keep(writer, &err), -1);
	assert_int_equal(err.errnum, ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(status_keep(writer, &err), 1);
	status_close(reader);
	status_close(writer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    a_page_reads_back_as_it_was_written, remove_page),
		cmocka_unit_test(an_index_is_good_that_lags_for_a_moment),
		cmocka_unit_test(without_a_file_the_daemon_is_unreachable),
		cmocka_unit_test_teardown(
		    what_is_no_page_is_corrupt, remove_page),
		cmocka_unit_test_teardown(
		    a_symlink_is_not_followed, remove_page),
		cmocka_unit_test_teardown(
		    a_new_daemon_goes_on_counting_pages, remove_page),
		cmocka_unit_test_teardown(
		    a_replaced_file_is_opened_again, remove_page),
		cmocka_unit_test_teardown(
		    a_watcher_hears_of_creation_writes_and_replacement,
		    remove_page),
		cmocka_unit_test_teardown(
		    a_reader_never_sees_half_a_write, remove_page),
		cmocka_unit_test(only_a_recent_heartbeat_is_fresh),
		cmocka_unit_test_teardown(
		    a_writer_that_is_killed_is_gone_at_once, remove_page),
		cmocka_unit_test_teardown(
		    a_reader_s_lock_changes_nothing, remove_page),
		cmocka_unit_test_teardown(
		    the_daemon_makes_a_page_anew_that_was_taken_away,
		    remove_page),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
