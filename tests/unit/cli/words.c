#include "cli/words.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
ages_are_told_in_one_unit(void **state)
{
	static const struct {
		usec_t age;
		const char *words;
	} cases[] = {
		{ 0, "just now" },
		{ USEC_PER_SEC - 1, "just now" },
		{ USEC_PER_SEC, "1s ago" },
		{ 59 * USEC_PER_SEC, "59s ago" },
		{ 119 * USEC_PER_SEC, "1m ago" },
		{ 2 * USEC_PER_MIN, "2m ago" },
		{ 3 * USEC_PER_HOUR + 59 * USEC_PER_MIN, "3h ago" },
		{ 12 * USEC_PER_DAY, "12d ago" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		words_add_ago(&out, cases[i].age);
		assert_string_equal(out.data, cases[i].words);
		buf_free(&out);
	}
}

static void
a_moment_is_told_to_the_second(void **state)
{
	static const struct {
		const char *time, *words;
	} cases[] = {
		{ "2026-11-28T11:56:18.646002Z", "2026-11-28 11:56:18Z" },
		{ "2026-11-28T00:30:00+01:00", "2026-11-27 23:30:00Z" },
		{ "soon", "soon" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		words_add_moment(&out, slice_of(cases[i].time));
		assert_string_equal(out.data, cases[i].words);
		buf_free(&out);
	}
}

static void
durations_never_round_into_the_next_unit(void **state)
{
	static const struct {
		double milliseconds;
		const char *words;
	} cases[] = {
		{ 0, "0.0 ms" },
		{ 0.26, "0.3 ms" },
		{ 9.94, "9.9 ms" },
		{ 9.96, "10 ms" },
		{ 281.413, "281 ms" },
		{ 999.4, "999 ms" },
		{ 999.6, "1.0 s" },
		{ 12345, "12.3 s" },
		{ 59940, "59.9 s" },
		{ 59960, "1m 0s" },
		{ 250000, "4m 10s" },
		{ 3599600, "1h 0m" },
		{ 7500000, "2h 5m" },
		{ 1e30, "1e+27 s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		words_add_duration(&out, cases[i].milliseconds);
		assert_string_equal(out.data, cases[i].words);
		buf_free(&out);
	}
}

static void
sizes_and_counts_are_readable(void **state)
{
	static const struct {
		uint64_t value;
		const char *bytes, *count;
	} cases[] = {
		{ 0, "0 B", "0" },
		{ 1, "1 B", "1" },
		{ 999, "999 B", "999" },
		{ 1000, "1000 B", "1,000" },
		{ 1024, "1.0 KiB", "1,024" },
		{ 1536, "1.5 KiB", "1,536" },
		{ 1048575, "1.0 MiB", "1,048,575" },
		{ 12 << 20, "12.0 MiB", "12,582,912" },
		{ UINT64_MAX, "16384.0 PiB", "18,446,744,073,709,551,615" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf bytes = BUF_INIT, count = BUF_INIT;

		words_add_bytes(&bytes, cases[i].value);
		words_add_count(&count, cases[i].value);
		assert_string_equal(bytes.data, cases[i].bytes);
		assert_string_equal(count.data, cases[i].count);
		buf_free(&bytes);
		buf_free(&count);
	}
}

static void
one_is_not_many(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	words_add_counted(&out, 1, "entry", "entries");
	buf_add_str(&out, ", ");
	words_add_counted(&out, 0, "entry", "entries");
	assert_string_equal(out.data, "1 entry, 0 entries");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_are_told_in_one_unit),
		cmocka_unit_test(a_moment_is_told_to_the_second),
		cmocka_unit_test(durations_never_round_into_the_next_unit),
		cmocka_unit_test(sizes_and_counts_are_readable),
		cmocka_unit_test(one_is_not_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
