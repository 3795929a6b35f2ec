#include "collectors/observer/host.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/observer/made_tree.h"
#include "tests/unit/test_clock.h"

static double figures[FIGURE_COUNT];

static struct host *
open_host(void)
{
	struct host_roots roots = { strdup(tree_path("proc")),
		strdup(tree_path("cgroup")) };

	test_now = USEC_PER_HOUR;
	return host_new(&roots, &test_clock);
}

static void
close_host(struct host *host)
{
	free((char *)host->roots.proc);
	free((char *)host->roots.cgroup);
	host_free(host);
}

static void
write_machine(const char *stat)
{
	tree_write("proc/stat", stat);
	tree_write("proc/meminfo", "MemTotal:        4096 kB\nMemFree: 1 kB\n"
				   "MemAvailable:    1024 kB\n");
	tree_write("proc/loadavg", "0.25 1.50 2.00 1/99 1234\n");
	tree_write("proc/net/dev",
	    "Inter-|   Receive\n face |bytes\n"
	    "    lo: 7 0 0 0 0 0 0 0 7 0 0 0 0 0 0 0\n"
	    "  eth0: 1000 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\n"
	    " wlan0:2000 1 0 0 0 0 0 0 70 1 0 0 0 0 0 0\n");
	tree_write("proc/diskstats",
	    "   7       0 loop0 1 0 100 0 0 0 100 0 0 0 0\n"
	    "   8       0 sda 1 0 10 0 1 0 20 0 0 0 0\n"
	    "   8       1 sda1 1 0 10 0 1 0 20 0 0 0 0\n"
	    " 259       0 nvme0n1 1 0 1 0 1 0 2 0 0 0 0\n"
	    " 259       1 nvme0n1p1 1 0 1 0 1 0 2 0 0 0 0\n"
	    " 253       0 dm-0 1 0 11 0 1 0 22 0 0 0 0\n");
}

#define STAT_BEFORE "cpu  100 0 0 100 0 0 0 0\ncpu0 1\ncpu1 1\n"
#define STAT_AFTER  "cpu  175 0 0 125 0 0 0 0\ncpu0 1\ncpu1 1\n"

/* Look, let a second pass, and look again. */
static void
look_twice(struct host *host)
{
	write_machine(STAT_AFTER);
	test_now += USEC_PER_SEC;
	host_read(host, tree_root, figures);
}

static void
assert_figure(enum figure figure, double wanted)
{
	if (fabs(figures[figure] - wanted) > 1e-6)
		fail_msg("%s is %f, not %f", figure_rows[figure].name,
		    figures[figure], wanted);
}

static void
figures_are_what_the_files_say(void **state)
{
	struct host *host;

	(void)state;
	write_machine(STAT_BEFORE);
	host = open_host();
	look_twice(host);
	assert_figure(FIGURE_CPU_PERCENT, 75);
	assert_figure(FIGURE_MEMORY_TOTAL_MB, 4);
	assert_figure(FIGURE_MEMORY_USED_MB, 3);
	assert_figure(FIGURE_MEMORY_PERCENT, 75);
	assert_figure(FIGURE_LOAD_1M, 0.25);
	assert_figure(FIGURE_LOAD_5M, 1.5);
	assert_figure(FIGURE_LOAD_15M, 2);
	assert_figure(FIGURE_NETWORK_RECEIVED_BYTES, 3000);
	assert_figure(FIGURE_NETWORK_SENT_BYTES, 120);
	assert_figure(FIGURE_DISK_READ_BYTES, 11 * 512);
	assert_figure(FIGURE_DISK_WRITTEN_BYTES, 22 * 512);
	assert_true(figures[FIGURE_DISK_USED_PERCENT] > 0);
	assert_true(figures[FIGURE_DISK_FREE_MB] > 0);
	assert_true(
	    figures[FIGURE_DISK_TOTAL_MB] >= figures[FIGURE_DISK_FREE_MB]);
	close_host(host);
}

static void
what_is_missing_is_not_known_and_the_rest_is(void **state)
{
	static const struct {
		const char *file, *text; /* NULL: there is none */
		enum figure lost;
	} cases[] = {
		{ "proc/stat", NULL, FIGURE_CPU_PERCENT },
		{ "proc/stat", "", FIGURE_CPU_PERCENT },
		{ "proc/stat", "cpu  1 2\n", FIGURE_CPU_PERCENT },
		{ "proc/meminfo", NULL, FIGURE_MEMORY_TOTAL_MB },
		{ "proc/meminfo", "MemTotal: x kB\n", FIGURE_MEMORY_TOTAL_MB },
		{ "proc/meminfo", "MemTotal: 2 kB\n", FIGURE_MEMORY_USED_MB },
		{ "proc/loadavg", "0.1\n", FIGURE_LOAD_5M },
		{ "proc/net/dev", "\n\neth0 1\n",
		    FIGURE_NETWORK_RECEIVED_BYTES },
		{ "proc/diskstats", "8 0 sda 1\n", FIGURE_DISK_READ_BYTES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct host *host;

		write_machine(STAT_BEFORE);
		host = open_host();
		write_machine(STAT_AFTER);
		if (cases[i].text == NULL)
			tree_unlink(cases[i].file);
		else
			tree_write(cases[i].file, cases[i].text);
		host_read(host, tree_root, figures);
		assert_true(isnan(figures[cases[i].lost]));
		assert_true(figures[FIGURE_DISK_TOTAL_MB] > 0);
		close_host(host);
	}
}

static void
nothing_at_all_is_no_figure_at_all(void **state)
{
	struct host *host = open_host();

	(void)state;
	host_read(host, "/nonexistent", figures);
	for (int i = FIGURE_CPU_PERCENT; i <= FIGURE_DISK_WRITTEN_BYTES; i++)
		assert_true(isnan(figures[i]));
	assert_true(host->said[SOURCE_STAT]);
	assert_true(host->said[SOURCE_AUDIT_DISK]);
	close_host(host);
}

static void
what_can_be_read_again_is_told_again(void **state)
{
	struct host *host = open_host();

	(void)state;
	host_read(host, tree_root, figures);
	assert_true(host->said[SOURCE_LOADAVG]);
	write_machine(STAT_AFTER);
	host_read(host, tree_root, figures);
	assert_figure(FIGURE_LOAD_1M, 0.25);
	assert_false(host->said[SOURCE_LOADAVG]);
	close_host(host);
}

static void
without_a_tick_between_there_is_no_cpu_figure(void **state)
{
	struct host *host;

	(void)state;
	write_machine(STAT_BEFORE);
	host = open_host();
	host_read(host, tree_root, figures);
	assert_true(isnan(figures[FIGURE_CPU_PERCENT]));
	close_host(host);
}

static void
write_group(const char *group, const char *memory, const char *cpu)
{
	char name[128];

	snprintf(name, sizeof(name), "cgroup/%s/memory.max", group);
	tree_write(name, memory);
	snprintf(name, sizeof(name), "cgroup/%s/memory.current", group);
	tree_write(name, "1048576\n");
	snprintf(name, sizeof(name), "cgroup/%s/memory.stat", group);
	tree_write(name, "anon 1\ninactive_file 524288\n");
	snprintf(name, sizeof(name), "cgroup/%s/cpu.max", group);
	tree_write(name, cpu);
	snprintf(name, sizeof(name), "cgroup/%s/cpu.stat", group);
	tree_write(name, "usage_usec 1000000\nuser_usec 1\n");
}

static void
the_tightest_group_counts_where_it_is_tighter_than_the_machine(void **state)
{
	struct host *host;

	(void)state;
	write_machine(STAT_BEFORE);
	tree_write("proc/self/cgroup", "0::/outer/inner\n");
	write_group("outer", "2097152\n", "50000 100000\n");
	write_group("outer/inner", "max\n", "150000 100000\n");
	host = open_host();
	host_read(host, tree_root, figures);
	tree_write("cgroup/outer/cpu.stat", "usage_usec 1250000\n");
	look_twice(host);
	assert_figure(FIGURE_CPU_PERCENT, 50); /* 0.25 s of 0.5 s */
	assert_figure(FIGURE_MEMORY_TOTAL_MB, 2);
	assert_figure(FIGURE_MEMORY_USED_MB, 0.5);
	assert_figure(FIGURE_MEMORY_PERCENT, 25);
	close_host(host);
}

static void
a_group_wider_than_the_machine_does_not_count(void **state)
{
	struct host *host;

	(void)state;
	write_machine(STAT_BEFORE);
	tree_write("proc/self/cgroup", "0::/outer\n");
	write_group("outer", "8388608\n", "300000 100000\n");
	host = open_host();
	look_twice(host);
	assert_figure(FIGURE_CPU_PERCENT, 75);
	assert_figure(FIGURE_MEMORY_TOTAL_MB, 4);
	close_host(host);
}

static void
a_group_out_of_sight_is_the_root(void **state)
{
	struct cgroup_limits limits;

	(void)state;
	tree_write("proc/self/cgroup", "1:name=x:/y\n0::/../../z\n");
	write_group(".", "1024\n", "max 100000\n");
	cgroup_read(tree_path("proc"), tree_path("cgroup"), &limits);
	assert_true(limits.has_memory);
	assert_int_equal(limits.memory_max_bytes, 1024);
	assert_false(limits.has_cpu);
}

static void
partitions_are_told_from_disks_by_their_names(void **state)
{
	static const struct {
		const char *name, *disk;
		bool is_partition;
	} cases[] = {
		{ "sda1", "sda", true },
		{ "sda12", "sda", true },
		{ "sdaa", "sda", false },
		{ "sda", "sda", false },
		{ "sdb", "sda", false },
		{ "nvme0n1p2", "nvme0n1", true },
		{ "nvme0n12", "nvme0n1", false },
		{ "nvme0n1p", "nvme0n1", false },
		{ "mmcblk0p1", "mmcblk0", true },
		{ "mmcblk0boot0", "mmcblk0", false },
		{ "sda1", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(is_partition(slice_of(cases[i].name),
				     slice_of(cases[i].disk)),
		    cases[i].is_partition);
}

#define in_a_tree(test) \
	cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_tree(figures_are_what_the_files_say),
		in_a_tree(what_is_missing_is_not_known_and_the_rest_is),
		in_a_tree(nothing_at_all_is_no_figure_at_all),
		in_a_tree(what_can_be_read_again_is_told_again),
		in_a_tree(without_a_tick_between_there_is_no_cpu_figure),
		in_a_tree(
		    the_tightest_group_counts_where_it_is_tighter_than_the_machine),
		in_a_tree(a_group_wider_than_the_machine_does_not_count),
		in_a_tree(a_group_out_of_sight_is_the_root),
		cmocka_unit_test(partitions_are_told_from_disks_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
