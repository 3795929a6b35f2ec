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

static void
a_log_open_that_is_none_is_told_by_its_field(void **state)
{
#define WHOLE "{\"format\":1,\"host\":\"h\",\"version\":\"0\""
#define HASH  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *request, *field;
	} cases[] = {
		{ "{}", "format" },
		{ "{\"format\":\"1\"}", "format" },
		{ "{\"format\":-1}", "format" },
		{ "{\"format\":4294967296}", "format" },
		{ "{\"format\":1}", "host" },
		{ "{\"format\":1,\"host\":7}", "host" },
		{ WHOLE ",\"previous\":1}", "previous" },
		{ WHOLE ",\"previous\":\"x\"}", "previous_seq" },
		{ WHOLE ",\"previous\":\"x\",\"previous_seq\":1}",
		    "previous_hash" },
		{ WHOLE ",\"previous\":\"x\",\"previous_seq\":1,"
			"\"previous_hash\":\"0g\",\"previous_bytes\":1}",
		    "previous_hash" },
		{ WHOLE ",\"previous\":\"x\",\"previous_seq\":1,"
			"\"previous_hash\":\"" HASH "\"}",
		    "previous_bytes" },
		{ "[", "" },
		{ WHOLE "}", NULL },
		{ WHOLE ",\"previous\":\"x\",\"previous_seq\":1,"
			"\"previous_bytes\":1,\"previous_hash\":\"" HASH "\"}",
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		struct logfile_open open;
		struct error err = { 0 };
		int result = logfile_parse_open(
		    slice_of(cases[i].request), &arena, &open, &err);

		assert_int_equal(result, cases[i].field == NULL ? 0 : -1);
		if (cases[i].field != NULL &&
		    strcmp(err.field, cases[i].field) != 0)
			fail_msg("%s: %s", cases[i].request, err.sentence);
	}
}

/* Under the name of a day file stands something else. */
static void
what_is_no_file_of_the_log_is_said_or_keeps_its_place(void **state)
{
	static const char names[3][LOGFILE_NAME_SIZE] = { "2026-11-23.jsonl",
		"2026-11-23_02.jsonl", "2026-11-23_03.jsonl" };
	struct maker maker;
	struct logfile_list list;
	struct error err = { 0 };
	cleanup(cleanup_close) int dir = -1;
	cleanup(buf_free) struct buf rubbish = BUF_INIT;
	cleanup(buf_free) struct buf request = BUF_INIT;

	(void)state;
	assert_int_equal(logfile_list_read(-1, &list, &err), -1);
	maker_init(&maker);
	dir = open(maker.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkfifoat(dir, names[0], 0600), 0);
	assert_int_equal(logfile_list_read(dir, &list, &err), -1);
	assert_string_equal(
	    err.sentence, "2026-11-23.jsonl: not a regular file");
	assert_int_equal(unlinkat(dir, names[0], 0), 0);

	/* A first line that has no end within reason; an opening that names
	 * what can be no file; one that is none. */
	buf_add_chars(&rubbish, 'x', 5 * ENTRY_LINE_BYTES);
	maker_begin(&maker, MAKER_DAY, 1);
	maker_patch(&maker, maker.file, 0, rubbish.data, rubbish.len);
	maker_begin(&maker, MAKER_DAY, 2);
	buf_addf(&request,
	    ",\"request\":{\"format\":1,\"host\":\"h\",\"version\":\"0\","
	    "\"previous\":\"%040d\",\"previous_seq\":1,"
	    "\"previous_bytes\":1,\"previous_hash\":\"%064d\"}",
	    0, 0);
	maker_add(&maker, maker_system("log.open"), request.data);
	maker_begin(&maker, MAKER_DAY, 3);
	maker.seq--; /* the same seq again: then the name decides */
	maker_add(&maker, maker_system("log.clock"), "");
	assert_int_equal(logfile_list_read(dir, &list, &err), 0);
	assert_int_equal(list.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(list.files[i].name, names[i]);
		assert_int_equal(list.files[i].first_seq, i == 0 ? 0 : 1);
		assert_int_equal(list.files[i].length, list.files[i].size);
	}
	logfile_list_free(&list);
	maker_free(&maker);
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
		cmocka_unit_test(a_log_open_that_is_none_is_told_by_its_field),
		cmocka_unit_test(
		    what_is_no_file_of_the_log_is_said_or_keeps_its_place),
	};

	return cmocka_run_group_tests_name("log/logfile", tests, NULL, NULL);
}
