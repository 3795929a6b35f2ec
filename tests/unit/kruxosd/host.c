#include "collectors/kruxosd/host.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#include <errno.h>
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

static const char *said_stat, *said_meminfo; /* NULL: it cannot be read */
static ssize_t (*true_pread)(
    struct disk *disk, int fd, void *bytes, size_t len, off_t offset);

/* What /proc says, by the test's word. */
static ssize_t
said_pread(struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	char link[64], path[64] = "";
	const char *said;
	size_t size;

	(void)disk;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	said = strcmp(path, "/proc/stat") == 0 ? said_stat : said_meminfo;
	if (said == NULL) {
		errno = EIO;
		return -1;
	}
	size = strlen(said);
	if ((size_t)offset >= size)
		return 0;
	size -= (size_t)offset;
	memcpy(bytes, said + offset, size < len ? size : len);
	return (ssize_t)(size < len ? size : len);
}

#define A_STAT	  "cpu  100 0 0 100 0 0 0 0\n"
#define A_MEMINFO "MemTotal:  2048 kB\nMemAvailable:  1024 kB\n"

static void
what_the_system_says_wrongly_is_no_sample(void **state)
{
	static const struct {
		const char *stat, *meminfo, *sentence;
	} cases[] = {
		{ NULL, A_MEMINFO, "/proc/stat: Input/output error" },
		{ "", A_MEMINFO, "/proc/stat: no cpu line" },
		{ "cpu0 1 2", A_MEMINFO, "/proc/stat: no cpu line" },
		{ "cpu  100 0\n", A_MEMINFO, "/proc/stat: no number" },
		{ A_STAT, NULL, "/proc/meminfo: Input/output error" },
		{ A_STAT, "", "/proc/meminfo: no MemTotal:" },
		{ A_STAT, "MemTotal: x kB\n",
		    "/proc/meminfo: MemTotal: no number" },
		{ A_STAT, "MemTotal: 18446744073709551615 kB\n",
		    "/proc/meminfo: MemTotal: no number" },
		{ A_STAT, "MemTotal: 2048 kB\n",
		    "/proc/meminfo: no MemAvailable:" },
	};
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct host *host = host_new(dir);
	struct host_sample sample = { 0 };
	struct error err = { 0 };

	(void)state;
	true_pread = disk_system.pread;
	disk_system.pread = said_pread;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		said_stat = cases[i].stat;
		said_meminfo = cases[i].meminfo;
		assert_int_equal(host_read(host, &sample, &err), -1);
		assert_string_equal(err.sentence, cases[i].sentence);
	}
	/* The first good look has no ticks before it to compare with. */
	said_stat = A_STAT;
	said_meminfo = A_MEMINFO;
	assert_int_equal(host_read(host, &sample, &err), 0);
	said_stat = "cpu  175 0 0 125 0 0 0 0\n";
	said_meminfo = "MemTotal: 2048 kB\nMemAvailable: 4096 kB\n";
	assert_int_equal(host_read(host, &sample, &err), 1);
	assert_true(sample.cpu_percent > 74.9 && sample.cpu_percent < 75.1);
	assert_int_equal(sample.memory_total_bytes, 2048 * 1024);
	assert_int_equal(sample.memory_used_bytes, 0);
	disk_system.pread = true_pread;
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
		cmocka_unit_test(what_the_system_says_wrongly_is_no_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
