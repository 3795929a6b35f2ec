#include "fcgi/export.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
a_cell_is_quoted_where_it_must_be_and_is_never_a_formula(void **state)
{
	static const struct {
		struct slice text;
		const char *cell;
		size_t len;
	} cases[] = {
#define CASE(text, cell) { SLICE_LITERAL(text), cell, sizeof(cell) - 1 }
		CASE("", ""),
		CASE("plain", "plain"),
		CASE("with space", "with space"),
		CASE("a,b", "\"a,b\""),
		CASE("say \"hi\"", "\"say \"\"hi\"\"\""),
		CASE("two\nlines", "\"two\nlines\""),
		CASE("two\r\nlines", "\"two\r\nlines\""),
		CASE("=1+1", "\"'=1+1\""),
		CASE("+1", "\"'+1\""),
		CASE("-1", "\"'-1\""),
		CASE("@SUM(A1)", "\"'@SUM(A1)\""),
		CASE("\tx", "\"'\tx\""),
		CASE("\rx", "\"'\rx\""),
		CASE("\0x", "\"'\0x\""),
		CASE("\n=1", "\"'\n=1\""),
		CASE("＝1+1", "\"'＝1+1\""),
		CASE("＋1", "\"'＋1\""),
		CASE("－1", "\"'－1\""),
		CASE("＠x", "\"'＠x\""),
		CASE("a=1", "a=1"),
		CASE("12.5", "12.5"),
		CASE("größe", "größe"),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;

		export_add_cell(&out, cases[i].text);
		assert_int_equal(out.len, cases[i].len);
		assert_memory_equal(out.data, cases[i].cell, out.len);
	}
}

static void
a_row_has_a_cell_for_each_column(void **state)
{
	struct export export = {
		.piece = BUF_INIT,
		.line = BUF_INIT,
		.reader = JSON_READER_INIT,
	};
	struct error err = { 0 };

	(void)state;
	buf_add_str(&export.line,
	    "{\"seq\":7,\"recorded_at\":\"R\",\"time\":\"T\",\"uid\":0,"
	    "\"source\":\"cli\",\"actor_type\":\"user\",\"user_name\":\"bob\","
	    "\"capability\":\"a.b\",\"status\":\"success\","
	    "\"payload_hash\":\"p\",\"prev_hash\":\"q\",\"entry_hash\":\"e\","
	    "\"salt\":\"s\",\"summary\":\"=\\\"x\\\"\","
	    "\"request\":{\"a\":[1,2]}}");
	assert_int_equal(add_csv_row(&export, buf_slice(&export.line),
			     "2026-11-23.jsonl", &err),
	    0);
	assert_string_equal(export.piece.data,
	    "7,R,T,,0,cli,user,,bob,,,,,a.b,,,success,,\"'=\"\"x\"\"\","
	    "\"{\"\"a\"\":[1,2]}\",,p,q,e,2026-11-23.jsonl\r\n");
	buf_free(&export.piece);
	buf_free(&export.line);
	json_reader_free(&export.reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_cell_is_quoted_where_it_must_be_and_is_never_a_formula),
		cmocka_unit_test(a_row_has_a_cell_for_each_column),
	};

	return cmocka_run_group_tests_name("fcgi/export", tests, NULL, NULL);
}
