#include "lib/store/observed_text.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
fill(struct observed *observed)
{
	*observed = (struct observed){
		.observer_at = 77,
		.service_count = 2,
		.services = {
			{ .name = "gateway", .status = OBSERVED_HEALTHY,
			    .latency_ms = 1.25, .details = "HTTP 200, of two",
			    .checked_at = 5, .reported_at = 6, .since = 7 },
			{ .name = "vault", .status = OBSERVED_UNKNOWN,
			    .latency_ms = (double)NAN },
		},
		.route_count = 1,
		.routes = { { .name = "/api/audit", .requests = 10,
		    .errors = 1, .p50_ms = 0.1, .p99_ms = (double)NAN } },
		.program_count = 1,
		.programs = { { .name = "kruxosd", .resident_bytes = 9437184,
		    .cpu_seconds = 0.3, .cpu_percent = 0.5 } },
	};
	figure_clear(observed->figures);
	observed->figures[FIGURE_CPU_PERCENT] = 12.5;
	observed->figures[FIGURE_LOAD_1M] = 0.1;
	observed->figures[FIGURE_DISK_READ_BYTES] = 1e15 + 1;
}

static void
what_is_observed_reads_back_as_it_was(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT, again = BUF_INIT;
	struct observed observed, got;
	uint64_t sequence;

	(void)state;
	fill(&observed);
	observed_text_compose(&observed, 42, &page);
	assert_int_equal(page.len, OBSERVED_BYTES);
	assert_int_equal(
	    observed_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_int_equal(sequence, 42);
	assert_int_equal(got.observer_at, 77);
	assert_true(got.figures[FIGURE_LOAD_1M] == 0.1);
	assert_true(isnan(got.figures[FIGURE_LOAD_5M]));
	assert_int_equal(got.service_count, 2);
	assert_string_equal(got.services[0].details, "HTTP 200, of two");
	assert_true(isnan(got.services[1].latency_ms));
	assert_string_equal(got.routes[0].name, "/api/audit");
	assert_int_equal(got.programs[0].resident_bytes, 9437184);
	observed_text_compose(&got, 42, &again);
	assert_string_equal(again.data, page.data);
}

static void
any_changed_byte_is_seen(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct observed observed, got = { .observer_at = 1 };
	uint64_t sequence = 3;

	(void)state;
	fill(&observed);
	observed_text_compose(&observed, 42, &page);
	for (size_t i = 0; i < page.len; i += i < 1024 ? 1 : 61) {
		page.data[i] ^= 1;
		assert_int_equal(
		    observed_text_parse(buf_slice(&page), &got, &sequence), -1);
		page.data[i] ^= 1;
	}
	assert_int_equal(got.observer_at, 1);
	assert_int_equal(sequence, 3);
}

static void
half_of_one_write_and_half_of_another_is_no_page(void **state)
{
	cleanup(buf_free) struct buf old = BUF_INIT, new = BUF_INIT;
	struct observed observed, got;
	uint64_t sequence;
	size_t last;

	(void)state;
	fill(&observed);
	observed_text_compose(&observed, 42, &old);
	observed.figures[FIGURE_CPU_PERCENT] = 99;
	observed_text_compose(&observed, 43, &new);
	/* Behind the last byte in which they differ it would be the new one. */
	last = OBSERVED_BYTES - 1;
	while (old.data[last] == new.data[last])
		last--;
	assert_true(last > 26);
	for (size_t cut = 26; cut <= last; cut++) {
		char kept[OBSERVED_BYTES];

		memcpy(kept, new.data, cut);
		memcpy(kept + cut, old.data + cut, OBSERVED_BYTES - cut);
		assert_int_equal(
		    observed_text_parse(
			(struct slice){ kept, sizeof(kept) }, &got, &sequence),
		    -1);
	}
}

static void
texts_of_outsiders_stay_on_their_line(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct observed observed, got;
	uint64_t sequence;

	(void)state;
	fill(&observed);
	snprintf(observed.services[0].details,
	    sizeof(observed.services[0].details),
	    "a\nservice x healthy\x1b[2J");
	snprintf(observed.routes[0].name, sizeof(observed.routes[0].name),
	    "/a b\n\xff");
	observed_text_compose(&observed, 1, &page);
	assert_int_equal(
	    observed_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_int_equal(got.service_count, 2);
	assert_string_equal(
	    got.services[0].details, "a\\nservice x healthy\\e[2J");
	assert_string_equal(got.routes[0].name, "/a_b\\n\\xff");
}

static void
a_page_has_room_for_all_that_there_may_be(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct observed observed = { .observer_at = UINT64_MAX,
		.service_count = OBSERVED_SERVICES,
		.route_count = OBSERVED_ROUTES,
		.program_count = OBSERVED_PROGRAMS };
	struct observed got;
	uint64_t sequence;

	(void)state;
	for (int i = 0; i < FIGURE_COUNT; i++)
		observed.figures[i] = -1.2345678901234567e-300;
	for (size_t i = 0; i < OBSERVED_SERVICES; i++) {
		struct observed_service *service = &observed.services[i];

		memset(service->name, 1, OBSERVED_NAME_BYTES);
		memset(service->details, 1, OBSERVED_DETAILS_BYTES);
		service->status = OBSERVED_UNHEALTHY;
		service->latency_ms = -1.2345678901234567e-300;
		service->checked_at = service->reported_at = service->since =
		    UINT64_MAX;
	}
	for (size_t i = 0; i < OBSERVED_ROUTES; i++)
		memset(observed.routes[i].name, 1, OBSERVED_NAME_BYTES);
	for (size_t i = 0; i < OBSERVED_PROGRAMS; i++)
		memset(observed.programs[i].name, 1, OBSERVED_NAME_BYTES);
	observed_text_compose(&observed, UINT64_MAX, &page);
	assert_int_equal(page.len, OBSERVED_BYTES);
	assert_int_equal(
	    observed_text_parse(buf_slice(&page), &got, &sequence), 0);
	assert_int_equal(got.service_count, OBSERVED_SERVICES);
	assert_int_equal(got.program_count, OBSERVED_PROGRAMS);
}

/* A page that counts and sums as it should, of these made. */
static void
frame(struct buf *out, const char *made)
{
	buf_reset(out);
	buf_addf(out, FORMAT_LINE "page 1\nobserver_at 0\n%s", made);
	buf_addf(out, "crc32c %08x\npage 1\n", crc32c(0, buf_slice(out)));
	buf_add_chars(out, ' ', OBSERVED_BYTES - 1 - out->len);
	buf_add_char(out, '\n');
}

static void
records_that_are_not_ours_are_refused(void **state)
{
	static const struct {
		const char *made;
		int parsed;
	} cases[] = {
		{ "", 0 },
		{ "figure cpu_percent 1\n", 0 },
		{ "figure of_a_later_version 1\n", 0 },
		{ "figure cpu_percent nan\n", -1 },
		{ "figure cpu_percent 1e999\n", -1 },
		{ "figure cpu_percent 1 2\n", -1 },
		{ "figure cpu_percent\n", -1 },
		{ "service a healthy - 0 0 0 \n", 0 },
		{ "service a fine - 0 0 0 \n", -1 },
		{ "service a healthy - -1 0 0 \n", -1 },
		{ "service a healthy - 0 0\n", -1 },
		{ "route /a 1 2 - -\n", 0 },
		{ "route /a 1 2 -\n", -1 },
		{ "program p 1 0.5 -\n", 0 },
		{ "program p 18446744073709551616 0.5 -\n", -1 },
		{ "surprise 1\n", -1 },
		{ "\n", -1 },
	};
	cleanup(buf_free) struct buf page = BUF_INIT;
	struct observed got;
	uint64_t sequence;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		frame(&page, cases[i].made);
		assert_int_equal(
		    observed_text_parse(buf_slice(&page), &got, &sequence),
		    cases[i].parsed);
	}
}

static void
more_records_than_there_may_be_are_refused(void **state)
{
	cleanup(buf_free) struct buf page = BUF_INIT, made = BUF_INIT;
	struct observed got;
	uint64_t sequence;

	(void)state;
	for (int i = 0; i <= OBSERVED_SERVICES; i++)
		buf_add_str(&made, "service a healthy - 0 0 0 \n");
	frame(&page, made.data);
	assert_int_equal(
	    observed_text_parse(buf_slice(&page), &got, &sequence), -1);
}

static void
a_status_has_a_name_and_is_found_by_it(void **state)
{
	enum observed_status status;
	struct error err = { 0 };

	(void)state;
	for (unsigned i = 0; i < STATUS_COUNT; i++) {
		const char *name = observed_status_name(i);

		assert_int_equal(
		    observed_status_parse(slice_of(name), &status, &err), 0);
		assert_int_equal(status, i);
	}
	assert_int_equal(
	    observed_status_parse(slice_of("fine"), &status, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_observed_reads_back_as_it_was),
		cmocka_unit_test(any_changed_byte_is_seen),
		cmocka_unit_test(
		    half_of_one_write_and_half_of_another_is_no_page),
		cmocka_unit_test(texts_of_outsiders_stay_on_their_line),
		cmocka_unit_test(a_page_has_room_for_all_that_there_may_be),
		cmocka_unit_test(records_that_are_not_ours_are_refused),
		cmocka_unit_test(more_records_than_there_may_be_are_refused),
		cmocka_unit_test(a_status_has_a_name_and_is_found_by_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
