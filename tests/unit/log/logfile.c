#include "lib/log/logfile.c"

#include "tests/unit/maker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
names_are_made_and_read(void **state)
{
	static const struct {
		unsigned part;
		const char *name;
	} cases[] = {
		{ 1, "2026-11-23.jsonl" },
		{ 2, "2026-11-23_02.jsonl" },
		{ 99, "2026-11-23_99.jsonl" },
		{ 100, "2026-11-23_100.jsonl" },
		{ 9999, "2026-11-23_9999.jsonl" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[LOGFILE_NAME_SIZE];
		unsigned part;
		usec_t day;

		logfile_name(MAKER_DAY + 5, cases[i].part, name);
		assert_string_equal(name, cases[i].name);
		assert_true(logfile_parse_name(slice_of(name), &day, &part));
		assert_int_equal(day, MAKER_DAY);
		assert_int_equal(part, cases[i].part);
	}
}

static void
other_names_are_not_of_the_log(void **state)
{
	static const char *const names[] = { "", ".", "..", "torn", ".lock",
		"2026-11-23", "2026-11-23.json", "2026-11-23.jsonl.gz",
		"2026-11-23_1.jsonl", "2026-11-23_01.jsonl",
		"2026-11-23_2.jsonl", "2026-11-23_.jsonl",
		"2026-11-23-02.jsonl", "2026-11-23_002.jsonl",
		"2026-11-23_99999.jsonl", "2026-02-30.jsonl",
		"../2026-11-23.jsonl", "x2026-11-23.jsonl" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		unsigned part;
		usec_t day;

		if (logfile_parse_name(slice_of(names[i]), &day, &part))
			fail_msg("%s", names[i]);
	}
}

static void
log_open_is_written_and_read(void **state)
{
	struct logfile_open open = { .format = 1,
		.host = SLICE_LITERAL("h\"ost"),
		.version = SLICE_LITERAL("1.0"),
		.previous = SLICE_LITERAL("2026-11-22.jsonl"),
		.previous_seq = 41,
		.previous_bytes = 1234 };
	struct logfile_open found;
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct error err = { 0 };

	(void)state;
	memset(open.previous_hash, 0x5a, SHA256_BYTES);
	logfile_compose_open(&open, &request);
	assert_int_equal(
	    logfile_parse_open(buf_slice(&request), &arena, &found, &err), 0);
	assert_int_equal(found.format, 1);
	assert_true(slice_is(found.host, "h\"ost"));
	assert_true(slice_is(found.previous, "2026-11-22.jsonl"));
	assert_int_equal(found.previous_seq, 41);
	assert_int_equal(found.previous_bytes, 1234);
	assert_memory_equal(
	    found.previous_hash, open.previous_hash, SHA256_BYTES);
	assert_int_equal(
	    logfile_parse_open(SLICE_LITERAL("{\"format\":1,\"host\":\"h\"}"),
		&arena, &found, &err),
	    -1);
	assert_string_equal(err.field, "version");
}

/* The clock stood in 2027 for a while: names and seqs disagree. */
static void
the_order_is_that_of_the_seqs(void **state)
{
	struct maker maker;
	struct logfile_list list;
	struct error err = { 0 };
	cleanup(cleanup_close) int dir = -1;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY + 365 * USEC_PER_DAY, 1);
	maker_fill(&maker, 2);
	maker.now = MAKER_DAY;
	maker_open(&maker, MAKER_DAY, 1);
	dir = open(maker.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(logfile_list_read(dir, &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.files[0].name, "2027-11-23.jsonl");
	assert_string_equal(list.files[1].name, "2026-11-23.jsonl");
	assert_int_equal(list.files[1].first_seq, 4);
	assert_int_equal(logfile_list_find(&list, 3), 0);
	assert_int_equal(logfile_list_find(&list, 4), 1);
	assert_int_equal(logfile_list_find(&list, 0), -1);
	logfile_list_free(&list);
	maker_free(&maker);
}

static void
bytes_behind_a_refused_cut_are_no_part_of_the_log(void **state)
{
	struct maker maker;
	struct logfile_list list;
	struct error err = { 0 };
	cleanup(cleanup_close) int dir = -1;
	uint64_t length;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	length = maker.bytes;
	maker_patch(&maker, maker.file, length, "rubbish", 7);
	maker_open(&maker, MAKER_DAY, 2);
	dir = open(maker.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(logfile_list_read(dir, &list, &err), 0);
	assert_int_equal(list.files[0].length, length);
	assert_int_equal(list.files[0].size, length + 7);
	logfile_list_free(&list);
	maker_free(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_made_and_read),
		cmocka_unit_test(other_names_are_not_of_the_log),
		cmocka_unit_test(log_open_is_written_and_read),
		cmocka_unit_test(the_order_is_that_of_the_seqs),
		cmocka_unit_test(
		    bytes_behind_a_refused_cut_are_no_part_of_the_log),
	};

	return cmocka_run_group_tests_name("log/logfile", tests, NULL, NULL);
}
