#include "collectors/observer/programs.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/observer/made_tree.h"
#include "tests/unit/test_clock.h"

static struct host_roots roots;
static struct observed_program found[OBSERVED_PROGRAMS];

static void
write_process(int pid, const char *name, int user, int system, int started)
{
	char file[64], text[256];

	snprintf(file, sizeof(file), "proc/%d/stat", pid);
	snprintf(text, sizeof(text),
	    "%d (%s) S 1 1 1 0 -1 0 0 0 0 0 %d %d 0 0 20 0 1 0 %d 4096 3 0\n",
	    pid, name, user, system, started);
	tree_write(file, text);
}

static struct programs *
open_programs(void)
{
	test_now = USEC_PER_HOUR;
	roots.proc = strdup(tree_path("proc"));
	roots.cgroup = strdup(tree_path("cgroup"));
	return programs_new(&roots, tree_path("pid"), &test_clock);
}

static void
close_programs(struct programs *programs)
{
	free((char *)roots.proc);
	free((char *)roots.cgroup);
	programs_free(programs);
}

static void
they_are_found_by_their_files(void **state)
{
	struct programs *programs = open_programs();
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);

	(void)state;
	tree_write("pid/kruxosd.pid", "10\n");
	tree_write("pid/health.pid", "11\n"); /* another's number by now */
	tree_write("pid/audit.pid", "12\n");  /* nobody's */
	write_process(10, "kruxosd", 3, 4, 1);
	write_process(11, "sleep", 3, 4, 1);
	write_process(13, "audit.fcgi", 3, 4, 1); /* of another stack */
	assert_int_equal(programs_read(programs, found), 1);
	assert_string_equal(found[0].name, "kruxosd");
	assert_int_equal(found[0].resident_bytes, 3 * sysconf(_SC_PAGESIZE));
	assert_true(fabs(found[0].cpu_seconds - 7 * tick) < 1e-9);
	assert_true(isnan(found[0].cpu_percent));
	write_process(10, "kruxosd", 3, 9, 1);
	test_now += USEC_PER_SEC;
	assert_int_equal(programs_read(programs, found), 1);
	assert_true(fabs(found[0].cpu_percent - 100 * 5 * tick) < 1e-6);
	close_programs(programs);
}

static void
all_of_nginx_is_one(void **state)
{
	struct programs *programs = open_programs();

	(void)state;
	tree_write("pid/kruxosd.pid", "9\n");
	tree_write("pid/nginx.pid", "10\n");
	tree_write("proc/10/task/10/children", "11 12 13 ");
	write_process(10, "nginx", 1, 0, 1);
	write_process(11, "nginx", 2, 0, 1);
	write_process(12, "nginx", 3, 0, 1);
	write_process(13, "else", 50, 0, 1);
	assert_int_equal(programs_read(programs, found), 1);
	assert_string_equal(found[0].name, "nginx");
	assert_int_equal(found[0].resident_bytes, 9 * sysconf(_SC_PAGESIZE));
	close_programs(programs);
}

static void
one_that_was_started_again_has_no_percent(void **state)
{
	struct programs *programs = open_programs();

	(void)state;
	tree_write("pid/kruxosd.pid", "10\n");
	write_process(10, "kruxosd", 1, 0, 1);
	programs_read(programs, found);
	write_process(10, "kruxosd", 5, 0, 77);
	test_now += USEC_PER_SEC;
	assert_int_equal(programs_read(programs, found), 1);
	assert_true(isnan(found[0].cpu_percent));
	close_programs(programs);
}

static void
without_files_they_are_found_by_name(void **state)
{
	struct programs *programs = open_programs();

	(void)state;
	write_process(10, "kruxos-observer", 1, 0, 1);
	write_process(11, "a (b) kruxosd", 1, 0, 1);
	write_process(12, "nginx", 1, 0, 1);
	write_process(13, "nginx", 1, 0, 1);
	tree_write("proc/14/stat", "14 junk");
	tree_write("proc/self/stat", "10 (kruxosd) S");
	assert_int_equal(programs_read(programs, found), 2);
	assert_string_equal(found[0].name, "observer");
	assert_string_equal(found[1].name, "nginx");
	assert_int_equal(found[1].resident_bytes, 6 * sysconf(_SC_PAGESIZE));
	close_programs(programs);
}

static void
in_our_slice_nobody_elses_are_found(void **state)
{
	struct programs *programs = open_programs();

	(void)state;
	tree_write("proc/self/cgroup",
	    "0::/a.slice/kruxos.slice/kruxos-observer.service\n");
	tree_write("cgroup/a.slice/kruxos.slice/cgroup.procs", "14\n");
	tree_write(
	    "cgroup/a.slice/kruxos.slice/kruxosd.service/cgroup.procs", "10\n");
	tree_write(
	    "cgroup/a.slice/kruxos.slice/kruxos-nginx.service/cgroup.procs",
	    "11\n12\n99\n");
	write_process(10, "kruxosd", 1, 0, 1);
	write_process(11, "nginx", 1, 0, 1);
	write_process(12, "nginx", 1, 0, 1);
	write_process(13, "nginx", 1, 0, 1); /* the administrator's */
	write_process(14, "audit.fcgi", 1, 0, 1);
	assert_int_equal(programs_read(programs, found), 2);
	assert_string_equal(found[0].name, "kruxosd");
	assert_string_equal(found[1].name, "nginx");
	assert_int_equal(found[1].resident_bytes, 6 * sysconf(_SC_PAGESIZE));
	close_programs(programs);
}

static void
anothers_slice_is_not_ours(void **state)
{
	static const char *const groups[] = { "0::/\n", "0::/init.scope\n",
		"0::/system.slice/kruxos-observer.service\n", "junk\n",
		/* it is said, but not there */
		"0::/kruxos.slice/kruxos-observer.service\n" };
	struct programs *programs = open_programs();

	(void)state;
	write_process(10, "kruxosd", 1, 0, 1);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		tree_write("proc/self/cgroup", groups[i]);
		assert_int_equal(programs_read(programs, found), 1);
	}
	close_programs(programs);
}

#define in_a_tree(test) \
	cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_tree(they_are_found_by_their_files),
		in_a_tree(all_of_nginx_is_one),
		in_a_tree(one_that_was_started_again_has_no_percent),
		in_a_tree(without_files_they_are_found_by_name),
		in_a_tree(in_our_slice_nobody_elses_are_found),
		in_a_tree(anothers_slice_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
