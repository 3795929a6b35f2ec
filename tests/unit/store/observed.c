#include "lib/store/observed.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

static char folder[] = "/tmp/kruxos-observed-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/kruxosd.observed", folder);
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

static void
make_observed(struct observed *observed, double value)
{
	*observed = (struct observed){ .observer_at = 7, .service_count = 1 };
	figure_clear(observed->figures);
	observed->figures[FIGURE_CPU_PERCENT] = value;
	observed->figures[FIGURE_DATABASE_BYTES] = value;
	snprintf(observed->services[0].name, OBSERVED_NAME_BYTES, "gateway");
	observed->services[0].status = OBSERVED_DEGRADED;
}

static void
a_page_reads_back_as_it_was_written(void **state)
{
	struct error err = { 0 };
	struct observed_page *writer = observed_create(path, &err);
	struct observed_page *reader = observed_open(path, &err);
	struct observed observed, got;
	struct stat file;

	(void)state;
	assert_non_null(writer);
	assert_int_equal(observed_read(reader, &got, &err), 0);
	assert_int_equal(got.observer_at, 0);
	assert_int_equal(got.service_count, 0);
	make_observed(&observed, 12.5);
	assert_int_equal(observed_write(writer, &observed, &err), 0);
	assert_int_equal(observed_read(reader, &got, &err), 0);
	assert_int_equal(got.observer_at, 7);
	assert_true(got.figures[FIGURE_CPU_PERCENT] == 12.5);
	assert_int_equal(got.services[0].status, OBSERVED_DEGRADED);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, OBSERVED_BYTES);
	assert_int_equal(file.st_mode & 0777, 0644);
	observed_close(reader);
	observed_close(writer);
}

static void
without_a_file_the_daemon_is_unreachable(void **state)
{
	struct error err = { 0 };
	struct observed_page *reader = observed_open(path, &err);
	struct observed got;

	(void)state;
	assert_non_null(reader);
	assert_int_equal(observed_read(reader, &got, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	observed_close(reader);
}

static void
what_is_no_page_is_corrupt(void **state)
{
	struct error err = { 0 };
	struct observed_page *reader = observed_open(path, &err);
	struct observed got;
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fputs("kruxosd.observed 1\npage 1\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(observed_read(reader, &got, &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	observed_close(reader);
}

static void
a_page_that_was_taken_away_is_made_anew(void **state)
{
	struct error err = { 0 };
	struct observed_page *writer = observed_create(path, &err);
	struct observed_page *reader = observed_open(path, &err);
	struct observed observed, got;

	(void)state;
	make_observed(&observed, 1);
	assert_int_equal(observed_read(reader, &got, &err), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(observed_write(writer, &observed, &err), 0);
	assert_int_equal(observed_read(reader, &got, &err), 0);
	assert_true(got.figures[FIGURE_CPU_PERCENT] == 1);
	observed_close(reader);
	observed_close(writer);
}

static void
a_new_daemon_goes_on_counting_pages(void **state)
{
	struct error err = { 0 };
	struct observed_page *writer = observed_create(path, &err);
	uint64_t sequence = writer->sequence;

	(void)state;
	observed_close(writer);
	writer = observed_create(path, &err);
	assert_int_equal(writer->sequence, sequence + 1);
	observed_close(writer);
}

static atomic_bool is_over;

static void *
write_without_pause(void *writer)
{
	struct observed observed;
	struct error err = { 0 };

	for (double i = 1; !atomic_load(&is_over); i++) {
		make_observed(&observed, i);
		if (observed_write(writer, &observed, &err) == -1)
			return writer;
	}
	return NULL;
}

static void
a_reader_never_sees_half_a_write(void **state)
{
	struct error err = { 0 };
	struct observed_page *writer = observed_create(path, &err);
	struct observed_page *reader = observed_open(path, &err);
	struct observed observed, got;
	pthread_t thread;
	void *failed;

	(void)state;
	make_observed(&observed, 1);
	assert_int_equal(observed_write(writer, &observed, &err), 0);
	assert_int_equal(
	    pthread_create(&thread, NULL, write_without_pause, writer), 0);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(observed_read(reader, &got, &err), 0);
		assert_true(got.figures[FIGURE_CPU_PERCENT] ==
			    got.figures[FIGURE_DATABASE_BYTES]);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, &failed);
	assert_null(failed);
	observed_close(reader);
	observed_close(writer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    a_page_reads_back_as_it_was_written, remove_page),
		cmocka_unit_test(without_a_file_the_daemon_is_unreachable),
		cmocka_unit_test_teardown(
		    what_is_no_page_is_corrupt, remove_page),
		cmocka_unit_test_teardown(
		    a_page_that_was_taken_away_is_made_anew, remove_page),
		cmocka_unit_test_teardown(
		    a_new_daemon_goes_on_counting_pages, remove_page),
		cmocka_unit_test_teardown(
		    a_reader_never_sees_half_a_write, remove_page),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
