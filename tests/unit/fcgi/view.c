#include "fcgi/view.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fcgi/made_view.h"

#include <stdlib.h>
#include <unistd.h>

/* The daemon's status page, as a test has it. */

static struct config config = { .check_interval = 15 * USEC_PER_SEC };
static struct program prog = { .config = &config };
static struct status the_page;
static bool page_is_there;

int
program_status(
    struct program *asked, struct status *ret_status, struct error *err)
{
	assert_ptr_equal(asked, &prog);
	if (!page_is_there)
		return error_set(err, ERROR_UNREACHABLE, "no page");
	*ret_status = the_page;
	return 0;
}

static char folder[] = "/tmp/kruxos-view-XXXXXX";
static char path[64];
static struct observed_page *writer, *reader;

static int
open_pages(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/kruxosd.observed", folder);
	reader = observed_open(path, &err);
	return reader == NULL ? -1 : 0;
}

static int
close_pages(void **state)
{
	(void)state;
	observed_close(reader);
	observed_close(writer);
	unlink(path);
	return rmdir(folder);
}

static void
write_page(usec_t observer_at)
{
	struct observed observed = { .observer_at = observer_at };
	struct error err = { 0 };

	if (writer == NULL)
		writer = observed_create(path, &err);
	assert_non_null(writer);
	figure_clear(observed.figures);
	observed.figures[FIGURE_LOAD_1M] = 0.5;
	observed.figures[FIGURE_TOTAL_SESSIONS] = 7;
	assert_int_equal(observed_write(writer, &observed, &err), 0);
}

static void
be_alive(void)
{
	page_is_there = true;
	the_page = good_view().status;
	the_page.heartbeat = clock_boottime(&clock_system);
	the_page.has_writer = true;
}

/* Before there is any observed page. */
static void
an_old_page_is_no_report(void **state)
{
	struct view view;

	(void)state;
	be_alive();
	view_look(&prog, reader, &view);
	assert_true(view.is_there);
	assert_false(view.has_page);
	assert_false(view_is_observed(&view));
	/* Killed a moment ago. */
	the_page.has_writer = false;
	view_look(&prog, reader, &view);
	assert_false(view.is_there);
	the_page.has_writer = true;
	/* Of a boot that is longer ago, or of none. */
	the_page.heartbeat = 0;
	view_look(&prog, reader, &view);
	assert_false(view.is_there);
	page_is_there = false;
	view_look(&prog, reader, &view);
	assert_false(view.is_there);
	assert_true(isnan(view.figures[FIGURE_ENTRIES_TOTAL]));
}

static void
the_status_page_knows_some_figures(void **state)
{
	struct view view;

	(void)state;
	be_alive();
	the_page.sampled_at = the_page.heartbeat;
	the_page.head_seq = 10;
	the_page.index_seq = 8;
	the_page.entries_refused = 3;
	view_look(&prog, reader, &view);
	assert_true(view.figures[FIGURE_CPU_PERCENT] == 12.54);
	assert_true(view.figures[FIGURE_MEMORY_TOTAL_MB] == 2048);
	assert_true(view.figures[FIGURE_ENTRIES_TOTAL] == 10);
	assert_true(view.figures[FIGURE_INDEX_LAG_ENTRIES] == 2);
	assert_true(view.figures[FIGURE_ENTRIES_REFUSED_TOTAL] == 3);
	assert_true(isnan(view.figures[FIGURE_LOAD_1M]));
	/* A sample of long ago is none. */
	the_page.sampled_at = 1;
	view_look(&prog, reader, &view);
	assert_true(isnan(view.figures[FIGURE_CPU_PERCENT]));
}

static void
no_figure_outlives_who_reports_it(void **state)
{
	usec_t now = clock_boottime(&clock_system);
	struct view view;

	(void)state;
	be_alive();
	write_page(now);
	view_look(&prog, reader, &view);
	assert_true(view_is_observed(&view));
	assert_true(view.figures[FIGURE_LOAD_1M] == 0.5);
	assert_true(view.figures[FIGURE_TOTAL_SESSIONS] == 7);
	/* The observer is silent, the daemon is not. */
	write_page(1);
	view_look(&prog, reader, &view);
	assert_false(view_is_observed(&view));
	assert_true(isnan(view.figures[FIGURE_LOAD_1M]));
	assert_true(view.figures[FIGURE_TOTAL_SESSIONS] == 7);
	/* Both are. */
	write_page(now);
	page_is_there = false;
	view_look(&prog, reader, &view);
	assert_true(isnan(view.figures[FIGURE_LOAD_1M]));
	assert_true(isnan(view.figures[FIGURE_TOTAL_SESSIONS]));
}

static void
a_service_is_known_while_it_is_checked(void **state)
{
	struct view view = good_view();

	(void)state;
	assert_null(view_service(&view, "mail"));
	add_seen(&view, "mail", OBSERVED_HEALTHY, 45);
	add_seen(&view, "web", OBSERVED_HEALTHY, 46);
	assert_string_equal(view_service(&view, "mail")->name, "mail");
	assert_null(view_service(&view, "web"));
	view.is_there = false;
	assert_null(view_service(&view, "mail"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_page_is_no_report),
		cmocka_unit_test(the_status_page_knows_some_figures),
		cmocka_unit_test(no_figure_outlives_who_reports_it),
		cmocka_unit_test(a_service_is_known_while_it_is_checked),
	};

	return cmocka_run_group_tests(tests, open_pages, close_pages);
}
