#include "lib/store/history.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

#include <stdio.h>
#include <unistd.h>

#define FROM (1000 * USEC_PER_MIN)

static char folder[] = "/tmp/kruxos-history-XXXXXX";
static char path[64];
static struct arena arena = ARENA_INIT;

static void
run(struct database *database, const char *format, ...)
{
	struct buf sql = BUF_INIT;
	struct error err = { 0 };
	va_list arguments;

	va_start(arguments, format);
	buf_addv(&sql, format, arguments);
	va_end(arguments);
	if (database_run(database, sql.data, &err) == -1)
		fail_msg("%s", err.sentence);
	buf_free(&sql);
}

/* A sample each 5 s of two minutes but one, and the minutes; a service that
 * was down for a minute. */
static void
fill(struct database *database)
{
	for (unsigned i = 0; i < 24; i++)
		if (i != 3)
			run(database,
			    "INSERT INTO samples VALUES (%d, %llu, %u)",
			    FIGURE_CPU_PERCENT,
			    (unsigned long long)(FROM + i * 5 * USEC_PER_SEC),
			    i);
	for (unsigned i = 0; i < 4; i++)
		run(database,
		    "INSERT INTO minutes VALUES (%d, %llu, %u, %u, %u)",
		    FIGURE_CPU_PERCENT,
		    (unsigned long long)(FROM + i * USEC_PER_MIN), 10 * i, i,
		    20 * i);
	for (unsigned i = 0; i < 3; i++)
		run(database,
		    "INSERT INTO spans VALUES ('mail', %d, %llu, %llu, 'no %u')",
		    i == 1 ? OBSERVED_UNHEALTHY : OBSERVED_HEALTHY,
		    (unsigned long long)(FROM + i * USEC_PER_MIN),
		    (unsigned long long)(FROM + (i + 1) * USEC_PER_MIN), i);
	run(database, "INSERT INTO spans VALUES ('web', 99, 1, 2, '')");
}

static int
setup(void **state)
{
	struct error err = { 0 };
	struct database *database;

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/telemetry.db", folder);
	assert_null(history_open(path, &err));
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	database = database_open(path, DATABASE_WRITE, &err);
	assert_non_null(database);
	assert_int_equal(
	    database_migrate(database, &schema_telemetry, &err), 0);
	fill(database);
	database_close(database);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[80];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	arena_free(&arena);
	return rmdir(folder);
}

static struct history *
open_history(void)
{
	struct error err = { 0 };
	struct history *history = history_open(path, &err);

	if (history == NULL)
		fail_msg("%s", err.sentence);
	return history;
}

static void
buckets_are_made_of_samples(void **state)
{
	struct history *history = open_history();
	struct history_point points[5];
	struct error err = { 0 };

	(void)state;
	/* 5-second buckets: one sample each, the fourth is missing. */
	assert_int_equal(history_points(history, FIGURE_CPU_PERCENT, FROM,
			     5 * USEC_PER_SEC, 5, points, &err),
	    0);
	assert_true(points[0].average == 0);
	assert_true(points[2].minimum == 2 && points[2].maximum == 2);
	assert_true(isnan(points[3].average));
	assert_true(isnan(points[3].minimum) && isnan(points[3].maximum));
	assert_true(points[4].average == 4);
	/* 30-second buckets: 0…5 without 3, and 6…11. */
	assert_int_equal(history_points(history, FIGURE_CPU_PERCENT, FROM,
			     30 * USEC_PER_SEC, 2, points, &err),
	    0);
	assert_true(points[0].average == 12.0 / 5);
	assert_true(points[1].average == 8.5);
	assert_true(points[1].minimum == 6 && points[1].maximum == 11);
	history_close(history);
}

static void
wide_buckets_are_made_of_minutes(void **state)
{
	struct history *history = open_history();
	struct history_point points[3];
	struct error err = { 0 };

	(void)state;
	assert_int_equal(history_points(history, FIGURE_CPU_PERCENT, FROM,
			     2 * USEC_PER_MIN, 3, points, &err),
	    0);
	assert_true(points[0].average == 5);
	assert_true(points[1].average == 25);
	assert_true(points[1].minimum == 2 && points[1].maximum == 60);
	assert_true(isnan(points[2].average));
	/* Another figure was never measured. */
	assert_int_equal(history_points(history, FIGURE_LOAD_1M, FROM,
			     USEC_PER_MIN, 1, points, &err),
	    0);
	assert_true(isnan(points[0].average));
	history_close(history);
}

static void
spans_come_newest_first(void **state)
{
	struct history *history = open_history();
	struct history_span_list list;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    history_spans(history, "mail", 0, &arena, &list, &err), 0);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.spans[0].status, OBSERVED_HEALTHY);
	assert_int_equal(list.spans[1].status, OBSERVED_UNHEALTHY);
	assert_true(slice_is(list.spans[1].details, "no 1"));
	assert_true(list.spans[1].until == FROM + 2 * USEC_PER_MIN);
	/* What ended before is not asked for. */
	assert_int_equal(history_spans(history, "mail", FROM + USEC_PER_MIN + 1,
			     &arena, &list, &err),
	    0);
	assert_int_equal(list.count, 2);
	/* A status that there is not is passed over. */
	assert_int_equal(
	    history_spans(history, "web", 0, &arena, &list, &err), 0);
	assert_int_equal(list.count, 0);
	history_close(history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_made_of_samples),
		cmocka_unit_test(wide_buckets_are_made_of_minutes),
		cmocka_unit_test(spans_come_newest_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
