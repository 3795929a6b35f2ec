#include "collectors/kruxosd/batch.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/chain.h"
#include "tests/unit/maker.h"

struct scene {
	struct redactor *redactor;
	struct batch batch;
	struct commit_head head;
	struct error err;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->redactor = redact_new();
	batch_init(&scene->batch, scene->redactor);
	scene->head = (struct commit_head){ 7, MAKER_DAY, { 1, 2, 3 } };
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	batch_free(&scene->batch);
	redact_free(scene->redactor);
	free(scene);
	return 0;
}

static void
add(struct scene *scene, const char *summary)
{
	struct entry entry = maker_entry();

	assert_int_equal(batch_add_text(&scene->batch, &entry, summary,
			     slice_of("{\"n\":1}"), &scene->err),
	    0);
}

/* Every line holds in its place behind the head; returns how many. */
static unsigned
count_chained(struct scene *scene)
{
	struct chain *chain = chain_new(scene->head.seq + 1, scene->head.hash);
	struct slice rest = buf_slice(&scene->batch.lines);
	unsigned count = 0;

	while (rest.len > 0) {
		const char *newline = memchr(rest.data, '\n', rest.len);
		struct chain_fault fault = { 0 };
		size_t len = (size_t)(newline - rest.data);

		if (chain_add(
			chain, (struct slice){ rest.data, len }, &fault) == -1)
			fail_msg("line %u: %s: expected %s, found %s",
			    count + 1, fault.what, fault.expected, fault.found);
		rest.data += len + 1;
		rest.len -= len + 1;
		count++;
	}
	chain_free(chain);
	return count;
}

static void
lines_go_on_behind_the_head(void **state)
{
	struct scene *scene = *state;

	batch_begin(&scene->batch, &scene->head, MAKER_DAY + 5);
	add(scene, "one");
	add(scene, "two");
	assert_int_equal(count_chained(scene), 2);
	assert_int_equal(scene->batch.first_seq, 8);
	assert_int_equal(scene->batch.end.seq, 9);
	assert_int_equal(scene->batch.recorded_at, MAKER_DAY + 5);
}

static void
no_two_salts_are_the_same(void **state)
{
	struct scene *scene = *state;
	const char *first, *second;

	batch_begin(&scene->batch, &scene->head, MAKER_DAY + 5);
	add(scene, "one");
	add(scene, "one");
	first = strstr(scene->batch.lines.data, "\"salt\":");
	second = strstr(first + 1, "\"salt\":");
	assert_memory_not_equal(first, second, 40);
}

static void
a_time_that_the_producer_did_not_give_is_the_batch_s(void **state)
{
	struct scene *scene = *state;

	batch_begin(&scene->batch, &scene->head, MAKER_DAY + 5);
	add(scene, "one");
	assert_non_null(strstr(scene->batch.lines.data,
	    "\"recorded_at\":\"2026-11-23T00:00:00.000005Z\","
	    "\"time\":\"2026-11-23T00:00:00.000005Z\""));
}

static void
a_batch_reopened_says_the_same_behind_a_log_open(void **state)
{
	struct scene *scene = *state;
	usec_t recorded_at;

	batch_begin(&scene->batch, &scene->head, MAKER_DAY - 5);
	batch_add_clock(&scene->batch, MAKER_DAY - 5, &scene->head);
	add(scene, "one");
	add(scene, "two");
	assert_int_equal(count_chained(scene), 3);
	assert_int_equal(scene->batch.first_seq, 9);
	recorded_at = scene->batch.recorded_at;

	batch_reopen(&scene->batch, &scene->head, "2026-11-22.jsonl", 4711);
	assert_int_equal(count_chained(scene), 4);
	assert_true(scene->batch.opens_file);
	assert_int_equal(scene->batch.first_seq, 10);
	assert_int_equal(scene->batch.end.seq, 11);
	assert_int_equal(scene->batch.lines_added, 2);
	assert_int_equal(scene->batch.recorded_at, recorded_at);
	assert_int_equal(scene->batch.end.recorded_at, recorded_at);
	assert_non_null(strstr(scene->batch.lines.data,
	    "\"previous\":\"2026-11-22.jsonl\",\"previous_seq\":7"));
	assert_non_null(
	    strstr(scene->batch.lines.data, "\"previous_bytes\":4711"));
	assert_non_null(strstr(scene->batch.lines.data, "\"summary\":\"two\""));
}

static void
what_the_daemon_says_is_redacted_as_well(void **state)
{
	struct scene *scene = *state;
	struct entry entry = batch_system_entry("audit.erase", ENTRY_SUCCESS);

	batch_begin(&scene->batch, &scene->head, MAKER_DAY + 5);
	assert_int_equal(
	    batch_add_text(&scene->batch, &entry, NULL,
		slice_of("{\"reason\":\"AKIAIOSFODNN7EXAMPLE leaked\"}"),
		&scene->err),
	    0);
	assert_null(strstr(scene->batch.lines.data, "AKIAIOSFODNN7EXAMPLE"));
	assert_non_null(strstr(scene->batch.lines.data, "[REDACTED] leaked"));
}

static void
text_that_is_no_json_adds_nothing(void **state)
{
	struct scene *scene = *state;
	struct entry entry = maker_entry();

	batch_begin(&scene->batch, &scene->head, MAKER_DAY + 5);
	assert_int_equal(batch_add_text(&scene->batch, &entry, NULL,
			     slice_of("{\"a\":}"), &scene->err),
	    -1);
	assert_int_equal(scene->batch.lines.len, 0);
	assert_int_equal(scene->batch.end.seq, 7);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines_go_on_behind_the_head),
		TEST(no_two_salts_are_the_same),
		TEST(a_time_that_the_producer_did_not_give_is_the_batch_s),
		TEST(a_batch_reopened_says_the_same_behind_a_log_open),
		TEST(what_the_daemon_says_is_redacted_as_well),
		TEST(text_that_is_no_json_adds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
