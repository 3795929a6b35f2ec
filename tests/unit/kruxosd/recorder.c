#include "collectors/kruxosd/recorder.c"

#include "base/buf.h"
#include "tests/unit/test_clock.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN (1000 * USEC_PER_DAY)

/* A recorder without its thread: turns are the test's. */
struct scene {
	char folder[64];
	struct config *config;
	struct recorder *recorder;
	struct recorder_input input;
	struct arena arena;
};

static int
setup(void **state)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct scene *scene = calloc(1, sizeof(*scene));

	snprintf(scene->folder, sizeof(scene->folder),
	    "/tmp/kruxos-recorder-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	buf_addf(&text, "[paths]\ndata_dir = %s\n", scene->folder);
	assert_int_equal(config_parse("/x/kruxos.conf", buf_slice(&text),
			     &scene->config, &problems),
	    0);
	test_now = BEGIN;
	scene->recorder = recorder_new(scene->config, &test_clock);
	figure_clear(scene->input.figures);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf command = BUF_INIT;

	recorder_free(scene->recorder);
	config_free(scene->config);
	arena_free(&scene->arena);
	buf_addf(&command, "rm -r '%s'", scene->folder);
	assert_int_equal(system(command.data), 0);
	free(scene);
	return 0;
}

static void
step(struct scene *scene, double cpu)
{
	scene->input.figures[FIGURE_CPU_PERCENT] = cpu;
	recorder_put(scene->recorder, &scene->input);
	turn(scene->recorder);
	test_now += RECORD_EVERY;
}

static struct history *
open_reader(struct scene *scene)
{
	struct error err;
	struct history *history =
	    history_open(scene->config->telemetry_file, &err);

	if (history == NULL)
		fail_msg("%s", err.sentence);
	return history;
}

static struct history_point
point(struct scene *scene, usec_t from, usec_t step)
{
	cleanup(history_closep) struct history *history = open_reader(scene);
	struct history_point found;
	struct error err;

	assert_int_equal(history_points(history, FIGURE_CPU_PERCENT, from, step,
			     1, &found, &err),
	    0);
	return found;
}

static struct history_span_list
spans(struct scene *scene, const char *service)
{
	cleanup(history_closep) struct history *history = open_reader(scene);
	struct history_span_list found;
	struct error err;

	assert_int_equal(
	    history_spans(history, service, 0, &scene->arena, &found, &err), 0);
	return found;
}

static struct history_writer_span
span(const char *service, enum observed_status status, usec_t since,
    usec_t until)
{
	struct history_writer_span span = {
		.status = status, .since = since, .until = until
	};

	snprintf(span.service, sizeof(span.service), "%s", service);
	snprintf(span.details, sizeof(span.details), "because");
	return span;
}

static void
samples_become_minutes(void **state)
{
	struct scene *scene = *state;
	struct history_point minute;

	for (int i = 0; i < 12; i++)
		step(scene, i);
	assert_true(
	    point(scene, BEGIN + 3 * RECORD_EVERY, RECORD_EVERY).average == 3);
	/* It is not over yet. */
	assert_true(isnan(point(scene, BEGIN, USEC_PER_MIN).average));
	step(scene, 100);
	minute = point(scene, BEGIN, USEC_PER_MIN);
	assert_true(minute.average == 5.5);
	assert_true(minute.minimum == 0 && minute.maximum == 11);
}

/* Woken late, a sample stands where it belongs. */
static void
samples_stand_at_whole_steps(void **state)
{
	struct scene *scene = *state;

	test_now += 1234567;
	step(scene, 7);
	assert_true(point(scene, BEGIN, RECORD_EVERY).average == 7);
}

static void
what_is_not_known_is_a_gap(void **state)
{
	struct scene *scene = *state;

	step(scene, 1);
	step(scene, NAN);
	assert_true(
	    isnan(point(scene, BEGIN + RECORD_EVERY, RECORD_EVERY).average));
}

static void
a_minute_is_whole_after_a_restart(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 6; i++)
		step(scene, i);
	recorder_free(scene->recorder);
	scene->recorder = recorder_new(scene->config, &test_clock);
	for (int i = 6; i < 13; i++)
		step(scene, i);
	assert_true(point(scene, BEGIN, USEC_PER_MIN).average == 5.5);
}

static void
old_samples_go(void **state)
{
	struct scene *scene = *state;

	step(scene, 1);
	test_now += HISTORY_SAMPLES_KEPT + USEC_PER_MIN;
	step(scene, 2);
	assert_true(isnan(point(scene, BEGIN, RECORD_EVERY).average));
	assert_true(point(scene, BEGIN, USEC_PER_MIN).average == 1);
	test_now += HISTORY_MINUTES_KEPT;
	step(scene, 3);
	assert_true(isnan(point(scene, BEGIN, USEC_PER_MIN).average));
}

static void
spans_grow_and_end(void **state)
{
	struct scene *scene = *state;
	struct history_writer_span down =
	    span("mail", OBSERVED_UNHEALTHY, BEGIN + 10, BEGIN + 20);
	struct history_span_list found;

	scene->input.span_count = 1;
	scene->input.spans[0] =
	    span("mail", OBSERVED_HEALTHY, BEGIN, BEGIN + 5);
	step(scene, 0);
	scene->input.spans[0].until = BEGIN + 10;
	step(scene, 0);
	recorder_end_span(scene->recorder, &down);
	scene->input.spans[0] =
	    span("mail", OBSERVED_HEALTHY, BEGIN + 20, BEGIN + 30);
	step(scene, 0);

	found = spans(scene, "mail");
	assert_int_equal(found.count, 3);
	assert_int_equal(found.spans[0].until, BEGIN + 30);
	assert_int_equal(found.spans[1].status, OBSERVED_UNHEALTHY);
	assert_int_equal(found.spans[1].until, BEGIN + 20);
	assert_true(slice_is(found.spans[1].details, "because"));
	assert_int_equal(found.spans[2].until, BEGIN + 10);
}

static void
overwrite(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("no database\n", file);
	fclose(file);
}

static void
of_ended_spans_that_wait_the_oldest_go(void **state)
{
	struct scene *scene = *state;
	struct recorder *recorder = scene->recorder;
	cleanup(buf_free) struct buf folder = BUF_INIT;

	/* There can be no database. */
	buf_addf(&folder, "%s/telemetry.db", scene->folder);
	assert_int_equal(mkdir(folder.data, 0700), 0);
	for (usec_t i = 1; i <= ENDED_SPANS; i++) {
		struct history_writer_span ended =
		    span("mail", OBSERVED_UNHEALTHY, BEGIN + i, BEGIN + i);

		recorder_end_span(recorder, &ended);
		turn(recorder);
	}
	for (usec_t i = ENDED_SPANS + 1; i <= ENDED_SPANS + 2; i++) {
		struct history_writer_span ended =
		    span("mail", OBSERVED_UNHEALTHY, BEGIN + i, BEGIN + i);

		recorder_end_span(recorder, &ended);
	}
	turn(recorder);
	assert_int_equal(recorder->ended_count, ENDED_SPANS);
	for (usec_t i = 0; i < ENDED_SPANS; i++)
		assert_int_equal(recorder->ended[i].since, BEGIN + i + 3);
}

static void
a_damaged_database_is_put_aside(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf log = BUF_INIT;

	step(scene, 1);
	recorder_free(scene->recorder);
	/* The write-ahead log alone could make it whole again. */
	buf_addf(&log, "%s-wal", scene->config->telemetry_file);
	assert_int_equal(truncate(log.data, 0), 0);
	overwrite(scene->config->telemetry_file);
	scene->recorder = recorder_new(scene->config, &test_clock);
	step(scene, 2);
	assert_true(isnan(point(scene, BEGIN, RECORD_EVERY).average));
	assert_true(
	    point(scene, BEGIN + RECORD_EVERY, RECORD_EVERY).average == 2);
}

/* … and one that was deleted is made anew. */
static void
a_deleted_database_is_made_anew(void **state)
{
	struct scene *scene = *state;

	step(scene, 1);
	assert_int_equal(unlink(scene->config->telemetry_file), 0);
	step(scene, 2);
	assert_true(
	    point(scene, BEGIN + RECORD_EVERY, RECORD_EVERY).average == 2);
}

/* There is no index: nothing is made up of it. */
static void
what_cannot_be_counted_is_not_known(void **state)
{
	struct scene *scene = *state;
	double figures[FIGURE_COUNT];

	step(scene, 1); /* makes the database */
	step(scene, 1);
	figure_clear(figures);
	recorder_read(scene->recorder, figures);
	assert_true(isnan(figures[FIGURE_ACTIVE_AGENTS]));
	assert_true(figures[FIGURE_DATABASE_BYTES] > 0);
	test_now += COUNTED_FOR + USEC_PER_SEC;
	recorder_read(scene->recorder, figures);
	assert_true(isnan(figures[FIGURE_DATABASE_BYTES]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(samples_become_minutes),
		TEST(samples_stand_at_whole_steps),
		TEST(what_is_not_known_is_a_gap),
		TEST(a_minute_is_whole_after_a_restart),
		TEST(old_samples_go),
		TEST(spans_grow_and_end),
		TEST(of_ended_spans_that_wait_the_oldest_go),
		TEST(a_damaged_database_is_put_aside),
		TEST(a_deleted_database_is_made_anew),
		TEST(what_cannot_be_counted_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
