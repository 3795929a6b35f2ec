#include "collectors/kruxosd/host.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#include <sys/sysinfo.h>

/* Ticks of the CPU take 10 ms: keep one busy until they move. */
static int
read_until_it_moves(struct host *host, struct host_sample *ret_sample)
{
	usec_t deadline = clock_monotonic(&clock_system) + 10 * USEC_PER_SEC;
	struct error err = { 0 };
	int result;

	do
		result = host_read(host, ret_sample, &err);
	while (result == 0 && clock_monotonic(&clock_system) < deadline);
	return result;
}

static void
what_cannot_be_read_is_not_made_up(void **state)
{
	struct host *host = host_new(-1);
	struct host_sample sample;
	struct error err;

	(void)state;
	assert_int_equal(host_read(host, &sample, &err), -1);
	assert_int_equal(err.errnum, EBADF);
	host_free(host);
}

static void
a_sample_is_what_the_system_says(void **state)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct host *host = host_new(dir);
	struct host_sample sample = { 0 };
	struct sysinfo info;
	struct statvfs fs;

	(void)state;
	assert_int_equal(read_until_it_moves(host, &sample), 1);
	assert_true(sample.cpu_percent >= 0 && sample.cpu_percent <= 100);
	assert_int_equal(sysinfo(&info), 0);
	assert_int_equal(
	    sample.memory_total_bytes, info.totalram * info.mem_unit);
	assert_in_range(
	    sample.memory_used_bytes, 1, sample.memory_total_bytes - 1);
	assert_int_equal(statvfs("/tmp", &fs), 0);
	assert_int_equal(sample.disk_total_bytes, fs.f_blocks * fs.f_frsize);
	assert_true(
	    sample.disk_used_percent > 0 && sample.disk_used_percent <= 100);
	host_free(host);
	close(dir);
}

static void
a_cpu_that_works_shows(void **state)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct host *host = host_new(dir);
	struct host_sample sample = { 0 };
	usec_t until = clock_monotonic(&clock_system) + 100 * USEC_PER_MSEC;

	(void)state;
	while (clock_monotonic(&clock_system) < until)
		;
	assert_int_equal(read_until_it_moves(host, &sample), 1);
	/* One of at most 256 CPUs did nothing else. */
	assert_true(sample.cpu_percent > 100.0 / 512);
	host_free(host);
	close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_read_is_not_made_up),
		cmocka_unit_test(a_sample_is_what_the_system_says),
		cmocka_unit_test(a_cpu_that_works_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
