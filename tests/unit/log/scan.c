#include "lib/log/scan.c"

#include "tests/unit/chance.h"
#include "tests/unit/maker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LINE                                                               \
	"{\"seq\":7,\"agent_name\":\"needle-agent\",\"prev_hash\":\"00\"," \
	"\"entry_hash\":\"0123456789012345678901234567890123456789"        \
	"012345678901234567890123\",\"salt\":\"00112233445566778899aabbccddeeff\""

static void
only_strings_behind_the_salt_are_searched(void **state)
{
	static const struct {
		const char *line, *q;
		bool found;
	} cases[] = {
		{ LINE ",\"summary\":\"exit 0\"}", "exit", true },
		{ LINE ",\"summary\":\"exit 0\"}", "Exit", false },
		{ LINE ",\"summary\":\"exit 0\"}", "needle", false },
		{ LINE ",\"summary\":\"exit 0\"}", "00112233", false },
		{ LINE ",\"summary\":\"exit 0\"}", "summary", false },
		{ LINE ",\"summary\":\"a summary\"}", "summary", true },
		{ LINE ",\"summary\":\"exit 0\"}", "\":\"", false },
		{ LINE ",\"request\":{\"command\":\"ls\"}}", "request", false },
		{ LINE ",\"request\":{\"request\":\"ls\"}}", "request", true },
		{ LINE ",\"request\":{\"command\":\"ls\"}}", "comm", true },
		{ LINE ",\"request\":{\"n\":12345}}", "234", false },
		{ LINE ",\"request\":{\"a\":\"x\",\"b\":[\"y,z\"]}}", "y,z",
		    true },
		{ LINE ",\"request\":{\"a\":\"x\",\"b\":1}}", ",", false },
		{ LINE ",\"summary\":\"say \\\"hi\\\" now\"}", "\"hi\"", true },
		{ LINE ",\"summary\":\"a\\\\\",\"request\":{\"k\":\"v\"}}", "v",
		    true },
		{ LINE ",\"summary\":\"a\\nb\"}", "a\nb", true },
		{ LINE ",\"summary\":\"größe\"}", "öß", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_free) struct buf needle = BUF_INIT;

		scan_encode(slice_of(cases[i].q), &needle);
		if (scan_line(slice_of(cases[i].line), buf_slice(&needle)) !=
		    cases[i].found)
			fail_msg("%s in %s", cases[i].q, cases[i].line);
	}
}

static void
an_erased_line_holds_nothing(void **state)
{
	(void)state;
	assert_false(scan_line(
	    SLICE_LITERAL("{\"seq\":7,\"entry_hash\":\"01234567890123456789012"
			  "34567890123456789012345678901234567890123\","
			  "\"erased_by\":9        }"),
	    SLICE_LITERAL("erased")));
}

/* Damage is searched, too: whatever stands there, nothing behind it is. */
static void
a_line_that_ends_too_early_holds_nothing(void **state)
{
	static const char line[] =
	    LINE ",\"summary\":\"x y\",\"request\":{\"x\":\"x\\\\\"}}";
	size_t found = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(line); len++) {
		cleanup(cleanup_free) char *exact = malloc(len + (len == 0));

		memcpy(exact, line, len);
		found +=
		    scan_line((struct slice){ exact, len }, SLICE_LITERAL("x"));
	}
	/* From where the summary has ended. */
	assert_int_equal(found, strlen(strstr(line, ",\"request\"")) + 1);
	assert_false(
	    scan_line(SLICE_LITERAL("{\"entry_hash\":\"x\",\"salt\":\"x\"}"),
		SLICE_LITERAL("x")));
}

struct matches {
	uint64_t offsets[16];
	size_t count, enough;
};

static bool
on_match(void *context, struct slice line, uint64_t offset)
{
	struct matches *matches = context;

	assert_int_equal(line.data[0], '{');
	matches->offsets[matches->count++] = offset;
	return matches->count < matches->enough;
}

static void
a_range_gives_its_matches_in_order(void **state)
{
	struct maker maker;
	uint64_t offsets[3000];
	struct error err = { 0 };
	struct matches matches = { .enough = 16 };

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	for (unsigned i = 2; i < 3000; i++) { /* more than one block */
		offsets[i] = maker.bytes;
		maker_fill(&maker, 1);
	}
	assert_int_equal(
	    scan_range(maker.fd, 0, maker.bytes, SLICE_LITERAL("entry 299"),
		on_match, &matches, &err),
	    0);
	assert_int_equal(matches.count, 11); /* 299 and 2990 to 2999 */
	assert_int_equal(matches.offsets[0], offsets[299]);
	assert_int_equal(matches.offsets[1], offsets[2990]);
	assert_int_equal(matches.offsets[10], offsets[2999]);

	matches = (struct matches){ .enough = 2 };
	scan_range(maker.fd, offsets[2991], maker.bytes - offsets[2991],
	    SLICE_LITERAL("entry 299"), on_match, &matches, &err);
	assert_int_equal(matches.count, 2);
	assert_int_equal(matches.offsets[0], offsets[2991]);
	maker_free(&maker);
}

static void
a_range_that_cannot_be_read_is_an_error_and_a_cut_one_ends(void **state)
{
	struct maker maker;
	struct error err = { 0 };
	struct matches matches = { .enough = 16 };
	cleanup(buf_free) struct buf rubbish = BUF_INIT;
	cleanup(cleanup_close) int dir = -1;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 3);
	/* Shorter than was said. */
	assert_int_equal(
	    scan_range(maker.fd, 0, maker.bytes + 1000,
		SLICE_LITERAL("entry 3"), on_match, &matches, &err),
	    0);
	assert_int_equal(matches.count, 1);
	/* Not a line, however long. */
	buf_add_chars(&rubbish, 'x', 4 * BLOCK_BYTES);
	maker_patch(&maker, maker.file, maker.bytes, rubbish.data, rubbish.len);
	assert_int_equal(scan_range(maker.fd, maker.bytes, rubbish.len,
			     SLICE_LITERAL("x"), on_match, &matches, &err),
	    -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_int_equal(matches.count, 1);
	dir = open(maker.dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(
	    scan_range(dir, 0, 1, SLICE_LITERAL("x"), on_match, &matches, &err),
	    -1);
	assert_int_equal(err.errnum, EISDIR);
	maker_free(&maker);
}

static void
a_needle_is_found_where_memmem_finds_it(void **state)
{
	char text[400];
	uint64_t chance = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct slice hay = { text, 0 }, needle;
		size_t from;

		hay.len = 1 + chance_below(&chance, sizeof(text));
		for (size_t i = 0; i < hay.len; i++)
			text[i] = (char)('a' + chance_below(&chance, 3));
		from = chance_below(&chance, hay.len);
		needle = (struct slice){ text + from,
			1 + chance_below(&chance, hay.len - from) };
		if (needle.len > 12)
			needle.len = 12;
		assert_ptr_equal(find(hay, needle),
		    memmem(hay.data, hay.len, needle.data, needle.len));
		assert_null(find(hay, SLICE_LITERAL("abz")));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_strings_behind_the_salt_are_searched),
		cmocka_unit_test(an_erased_line_holds_nothing),
		cmocka_unit_test(a_range_gives_its_matches_in_order),
		cmocka_unit_test(a_needle_is_found_where_memmem_finds_it),
		cmocka_unit_test(a_line_that_ends_too_early_holds_nothing),
		cmocka_unit_test(
		    a_range_that_cannot_be_read_is_an_error_and_a_cut_one_ends),
	};

	return cmocka_run_group_tests_name("log/scan", tests, NULL, NULL);
}
