#include "lib/store/status_text.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct status sample = {
	.pid = 4711,
	.started_at = 1700000000000000,
	.heartbeat = 12345678,
	.refusal = STATUS_DISK_FULL,
	.reason = "audit: No space left on device",
	.commits = 99,
	.head_seq = UINT64_MAX,
	.head_hash = { 0xab, 1, 2, [31] = 0xff },
	.head_file = "2026-11-23_02.jsonl",
	.head_bytes = 1 << 30,
	.index_seq = 41,
	.index_generation = 7,
	.index = STATUS_INDEX_REBUILDING,
	.index_behind_since = 12345,
	.state = STATUS_STATE_LOST,
	.integrity = STATUS_VERIFIED,
	.verified_seq = 40,
	.verified_at = 1700000000000001,
	.sampled_at = 5,
	.cpu_percent = 12.5,
	.memory_used_bytes = 256 << 20,
	.memory_total_bytes = 2048u << 20,
	.disk_used_percent = 34.25,
	.entries_accepted = 1,
	.entries_refused = 2,
	.connections = 3,
};

static void
a_page_parses_as_it_was_composed(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct status got;
	uint64_t sequence;

	(void)state;
	status_text_compose(&sample, 3, &page);
	assert_int_equal(
	    status_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_int_equal(sequence, 3);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		assert_memory_equal((char *)&got + fields[i].offset,
		    (const char *)&sample + fields[i].offset, fields[i].size);
}

static void
every_value_of_every_enum_has_its_word(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < sizeof(names) / sizeof(names[0]); kind++)
		for (size_t i = 0; i < names[kind].count; i++) {
			unsigned value = 4711;

			assert_int_equal(
			    read_name((enum status_text_kind)kind,
				slice_of(status_text_name(
				    (enum status_text_kind)kind, (unsigned)i)),
				&value),
			    0);
			assert_int_equal(value, i);
		}
}

static void
a_flipped_bit_anywhere_before_the_padding_is_noticed(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct status got;
	uint64_t sequence;
	size_t used;

	(void)state;
	status_text_compose(&sample, 17, &page);
	assert_int_equal(page.len, STATUS_BYTES);
	assert_int_equal(
	    status_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_int_equal(sequence, 17);
	used = (size_t)(strstr(page.data, "\npage 17\n ") - page.data) + 9;
	for (size_t bit = 0; bit < used * 8; bit++) {
		page.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(
		    status_text_parse(buf_slice(&page), &got, &sequence), -1);
		page.data[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void
the_largest_values_fit_into_the_page(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct status full, got;
	uint64_t sequence;

	(void)state;
	memset(&full, 0xff, sizeof(full));
	full.refusal = STATUS_WRITE_FAILED;
	full.integrity = STATUS_DAMAGED;
	full.index = STATUS_INDEX_CATCHING_UP;
	full.state = STATUS_STATE_FAILING;
	full.cpu_percent = full.disk_used_percent = 1e300;
	memset(full.reason, '\1', sizeof(full.reason));
	memset(full.head_file, 'x', sizeof(full.head_file));
	status_text_compose(&full, UINT64_MAX, &page);
	assert_int_equal(page.len, STATUS_BYTES);
	assert_int_equal(
	    status_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_int_equal(got.connections, UINT64_MAX);
	assert_int_equal(strlen(got.head_file), sizeof(full.head_file) - 1);
}

static void
text_with_line_breaks_cannot_forge_a_line(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct status hostile = { .reason = "x\nhead_seq 1\n" }, got;
	uint64_t sequence;

	(void)state;
	status_text_compose(&hostile, 1, &page);
	assert_int_equal(
	    status_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_string_equal(got.reason, "x\\nhead_seq 1\\n");
	assert_int_equal(got.head_seq, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_parses_as_it_was_composed),
		cmocka_unit_test(every_value_of_every_enum_has_its_word),
		cmocka_unit_test(
		    a_flipped_bit_anywhere_before_the_padding_is_noticed),
		cmocka_unit_test(the_largest_values_fit_into_the_page),
		cmocka_unit_test(text_with_line_breaks_cannot_forge_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
