#include "lib/log/entry.c"
#include "lib/log/entry_parse.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct entry
full_entry(void)
{
	struct error err;
	struct entry entry = {
		.seq = 42,
		.is_clamped = true,
		.uid = 1001,
		.source = ENTRY_HOOK,
		.actor = ENTRY_AGENT,
		.actor_name = SLICE_LITERAL("research-agent"),
		.session_id = SLICE_LITERAL("sess-a1"),
		.call_id = SLICE_LITERAL("toolu_01"),
		.parent_call_id = SLICE_LITERAL("toolu_00"),
		.trace_id = SLICE_LITERAL("4bf92f3577b34da6a3ce929d0e0e4736"),
		.capability = SLICE_LITERAL("shell.exec"),
		.tier = ENTRY_NOTIFY,
		.decider = ENTRY_BY_POLICY,
		.status = ENTRY_SUCCESS,
		.duration_ms = SLICE_LITERAL("12.30"),
	};

	assert_int_equal(
	    clock_parse(SLICE_LITERAL("2026-11-23T20:15:08.123456Z"),
		&entry.recorded_at, &err),
	    0);
	entry.time = entry.recorded_at - 500;
	entry.time_clamped = entry.recorded_at - 3 * USEC_PER_DAY;
	memset(entry.prev_hash, 0xab, SHA256_BYTES);
	return entry;
}

#define SALT "\"salt\":\"000102030405060708090a0b0c0d0e0f\""

static struct buf
line_of(struct entry *entry, const char *payload)
{
	struct sha256 *sha256 = sha256_new();
	struct buf line = BUF_INIT;

	entry_compose(sha256, entry, slice_of(payload), &line);
	sha256_free(sha256);
	return line;
}

static void
a_line_is_written_in_the_order_of_the_format(void **state)
{
	struct entry entry = full_entry();
	cleanup(buf_free) struct buf line = line_of(&entry,
	    SALT ",\"summary\":\"exit 0\",\"request\":{\"command\":\"ls\"}");
	static const char head[] =
	    "{\"seq\":42,\"recorded_at\":\"2026-11-23T20:15:08.123456Z\","
	    "\"time\":\"2026-11-23T20:15:08.122956Z\","
	    "\"time_clamped\":\"2026-11-20T20:15:08.123456Z\",\"uid\":1001,"
	    "\"source\":\"hook\",\"actor_type\":\"agent\","
	    "\"agent_name\":\"research-agent\",\"session_id\":\"sess-a1\","
	    "\"call_id\":\"toolu_01\",\"parent_call_id\":\"toolu_00\","
	    "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
	    "\"capability\":\"shell.exec\",\"policy_tier\":\"notify\","
	    "\"decided_by\":\"policy\",\"status\":\"success\","
	    "\"duration_ms\":12.30,\"payload_hash\":\"";
	static const char tail[] =
	    "\"," SALT
	    ",\"summary\":\"exit 0\",\"request\":{\"command\":\"ls\"}}\n";

	(void)state;
	assert_true(slice_starts_with(buf_slice(&line), slice_of(head)));
	assert_true(slice_ends_with(buf_slice(&line), slice_of(tail)));
}

/* The hashes as an outsider would make them: openssl dgst -sha256 over the
 * bytes cut out by hand. */
static void
both_hashes_are_of_the_lines_own_bytes(void **state)
{
	struct entry entry = full_entry();
	cleanup(buf_free) struct buf line = line_of(&entry, SALT);
	struct sha256 *sha256 = sha256_new();
	unsigned char digest[SHA256_BYTES];
	const char *cut = strstr(line.data, ",\"entry_hash\":");
	cleanup(buf_free) struct buf hex = BUF_INIT;

	(void)state;
	sha256_digest(sha256,
	    (struct slice){ line.data, (size_t)(cut - line.data) }, digest);
	buf_add_hex(&hex, digest, SHA256_BYTES);
	assert_memory_equal(cut + strlen(",\"entry_hash\":\""), hex.data, 64);
	sha256_digest(sha256, SLICE_LITERAL(SALT), digest);
	buf_reset(&hex);
	buf_add_hex(&hex, digest, SHA256_BYTES);
	assert_memory_equal(
	    strstr(line.data, "\"payload_hash\":\"") + 16, hex.data, 64);
	sha256_free(sha256);
}

static void
what_is_written_is_read_back(void **state)
{
	struct entry entry = full_entry(), found;
	cleanup(buf_free) struct buf line = line_of(&entry,
	    SALT ",\"summary\":\"say \\\"hi\\\\\",\"request\":{\"a\":{}}");
	struct error err = { 0 };

	(void)state;
	assert_int_equal(entry_parse((struct slice){ line.data, line.len - 1 },
			     &found, &err),
	    0);
	assert_int_equal(found.seq, 42);
	assert_int_equal(found.recorded_at, entry.recorded_at);
	assert_int_equal(found.time, entry.time);
	assert_true(found.is_clamped);
	assert_int_equal(found.time_clamped, entry.time_clamped);
	assert_int_equal(found.uid, 1001);
	assert_int_equal(found.source, ENTRY_HOOK);
	assert_int_equal(found.actor, ENTRY_AGENT);
	assert_true(slice_is(found.actor_name, "research-agent"));
	assert_true(slice_is(found.session_id, "sess-a1"));
	assert_true(slice_is(found.call_id, "toolu_01"));
	assert_true(slice_is(found.parent_call_id, "toolu_00"));
	assert_true(slice_is(found.capability, "shell.exec"));
	assert_int_equal(found.tier, ENTRY_NOTIFY);
	assert_int_equal(found.decider, ENTRY_BY_POLICY);
	assert_int_equal(found.status, ENTRY_SUCCESS);
	assert_true(slice_is(found.duration_ms, "12.30"));
	assert_memory_equal(found.entry_hash, entry.entry_hash, SHA256_BYTES);
	assert_true(slice_is(found.summary, "say \\\"hi\\\\"));
	assert_true(slice_is(found.request, "{\"a\":{}}"));
	assert_int_equal(found.erased_by, 0);
}

static void
what_does_not_apply_is_left_out(void **state)
{
	struct entry entry = { .seq = 1,
		.actor = ENTRY_SYSTEM,
		.source = ENTRY_DAEMON,
		.capability = SLICE_LITERAL("log.open") };
	cleanup(buf_free) struct buf line = line_of(&entry, SALT);
	struct entry found;
	struct error err = { 0 };

	(void)state;
	assert_null(strstr(line.data, "_name"));
	assert_null(strstr(line.data, "policy_tier"));
	assert_null(strstr(line.data, "duration"));
	assert_int_equal(entry_parse((struct slice){ line.data, line.len - 1 },
			     &found, &err),
	    0);
	assert_null(found.session_id.data);
	assert_null(found.summary.data);
	assert_null(found.request.data);
	assert_int_equal(found.tier, ENTRY_NO_TIER);
	assert_int_equal(found.decider, ENTRY_UNDECIDED);
}

static void
no_changed_byte_of_a_line_passes(void **state)
{
	struct entry entry = full_entry(), found;
	cleanup(buf_free) struct buf line = line_of(
	    &entry, SALT ",\"summary\":\"exit 0\",\"request\":{\"a\":1}");
	struct sha256 *sha256 = sha256_new();
	struct slice bytes = { line.data, line.len - 1 };

	(void)state;
	for (size_t i = 0; i < bytes.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct error err = { 0 };

			line.data[i] = (char)(line.data[i] ^ (1 << bit));
			assert_true(entry_parse(bytes, &found, &err) == -1 ||
				    entry_check(sha256, &found, &err) == -1);
			line.data[i] = (char)(line.data[i] ^ (1 << bit));
		}
	sha256_free(sha256);
}

static void
a_cut_line_is_refused_at_every_length(void **state)
{
	struct entry entry = full_entry(), found;
	cleanup(buf_free) struct buf line =
	    line_of(&entry, SALT ",\"summary\":\"a}b\",\"request\":{\"a\":{}}");
	struct sha256 *sha256 = sha256_new();

	(void)state;
	for (size_t len = 0; len < line.len - 1; len++) {
		cleanup(cleanup_free) char *exact = malloc(len + (len == 0));
		struct error err = { 0 };

		memcpy(exact, line.data, len);
		assert_true(entry_parse((struct slice){ exact, len }, &found,
				&err) == -1 ||
			    entry_check(sha256, &found, &err) == -1);
	}
	sha256_free(sha256);
}

/* Whatever is missing, what is there ends as a line does. */
static void
a_line_with_its_middle_cut_out_is_refused(void **state)
{
	static const enum entry_actor actors[] = { ENTRY_AGENT, ENTRY_USER,
		ENTRY_SYSTEM };
	struct sha256 *sha256 = sha256_new();

	(void)state;
	for (size_t i = 0; i < sizeof(actors) / sizeof(*actors); i++) {
		struct entry entry = full_entry(), found;
		cleanup(buf_free) struct buf line = BUF_INIT;
		struct error err = { 0 };

		entry.actor = actors[i];
		line = line_of(
		    &entry, SALT ",\"summary\":\"a\",\"request\":{\"a\":1}");
		assert_int_equal(
		    entry_parse((struct slice){ line.data, line.len - 1 },
			&found, &err),
		    0);
		assert_int_equal(found.actor, actors[i]);
		for (size_t len = 0; len < line.len - 2; len++) {
			cleanup(cleanup_free) char *exact = malloc(len + 1);

			memcpy(exact, line.data, len);
			exact[len] = '}';
			assert_true(
			    entry_parse((struct slice){ exact, len + 1 },
				&found, &err) == -1 ||
			    entry_check(sha256, &found, &err) == -1);
			assert_int_equal(err.code, ERROR_CORRUPT);
		}
	}
	sha256_free(sha256);
}

static void
lines_and_numbers_have_bounds(void **state)
{
	struct entry entry = full_entry(), found;
	cleanup(buf_free) struct buf line = BUF_INIT;
	cleanup(buf_free) struct buf digits = BUF_INIT;
	cleanup(buf_free) struct buf longest = BUF_INIT;
	struct error err = { 0 };

	(void)state;
	buf_add_chars(&digits, '1', ENTRY_NAME_BYTES + 1);
	entry.duration_ms = buf_slice(&digits);
	line = line_of(&entry, SALT);
	assert_int_equal(entry_parse((struct slice){ line.data, line.len - 1 },
			     &found, &err),
	    -1);
	assert_string_equal(err.field, "duration_ms");

	buf_add_chars(&longest, '}', ENTRY_LINE_BYTES + 1);
	assert_int_equal(entry_parse(buf_slice(&longest), &found, &err), -1);
	assert_string_equal(
	    err.sentence, "byte 0: not a whole line of the log");
}

static void
the_front_of_a_line_is_enough_for_its_place(void **state)
{
	struct entry entry = full_entry();
	cleanup(buf_free) struct buf line = line_of(&entry, SALT);
	struct error err = { 0 };
	usec_t recorded_at;
	uint64_t seq;

	(void)state;
	assert_int_equal(entry_parse_front((struct slice){ line.data, 60 },
			     &seq, &recorded_at, &err),
	    0);
	assert_int_equal(seq, 42);
	assert_int_equal(recorded_at, entry.recorded_at);
	for (size_t len = 0; len < 50; len++)
		assert_int_equal(
		    entry_parse_front((struct slice){ line.data, len }, &seq,
			&recorded_at, &err),
		    -1);
}

static void
an_erased_payload_names_a_later_entry(void **state)
{
	static const struct {
		const char *payload;
		bool is_good;
	} cases[] = {
		{ "\"erased_by\":43", true },
		{ "\"erased_by\":43            ", true },
		{ "\"erased_by\":42", false }, /* itself */
		{ "\"erased_by\":7", false },
		{ "\"erased_by\":43 x", false },
		{ "\"erased_by\":", false },
		{ "\"erased_by\":99999999999999999999999", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct entry entry = full_entry(), found;
		cleanup(buf_free) struct buf line =
		    line_of(&entry, cases[i].payload);
		struct error err = { 0 };
		int result = entry_parse(
		    (struct slice){ line.data, line.len - 1 }, &found, &err);

		assert_int_equal(result, cases[i].is_good ? 0 : -1);
		if (cases[i].is_good)
			assert_int_equal(found.erased_by, 43);
	}
}

static void
a_summary_ends_at_the_first_quote_that_is_not_escaped(void **state)
{
	static const struct {
		const char *payload, *summary; /* NULL: no summary is whole */
	} cases[] = {
		{ "\"\"", "" },
		{ "\"a\"", "a" },
		{ "\"\\\"\"", "\\\"" },
		{ "\"\\\"\\\"\"", "\\\"\\\"" },
		{ "\"\\\\\"", "\\\\" },
		{ "\"a\\\\\\\"b\"", "a\\\\\\\"b" },
		{ "\"", NULL },
		{ "\"a\\\"", NULL },
		{ "\"a\\\\\\\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_free) struct buf payload = BUF_INIT;
		struct entry entry = full_entry(), found;
		struct error err = { 0 };
		struct buf line;
		int result;

		buf_addf(&payload, "%s,\"summary\":%s", SALT, cases[i].payload);
		line = line_of(&entry, payload.data);
		result = entry_parse(
		    (struct slice){ line.data, line.len - 1 }, &found, &err);
		assert_int_equal(result, cases[i].summary == NULL ? -1 : 0);
		if (cases[i].summary == NULL)
			assert_string_equal(err.field, "summary");
		else
			assert_true(slice_is(found.summary, cases[i].summary));
		buf_free(&line);
	}
}

static void
the_first_wrong_field_is_named(void **state)
{
	static const struct {
		const char *from, *to, *field;
	} cases[] = {
		{ "\"seq\":42", "\"seq\":4x", "recorded_at" },
		{ "\"seq\":42", "\"seq\":042", "seq" },
		{ "\"seq\":42", "\"seq\":0", "seq" },
		{ "T20:15:08.123456Z", "T20:15:08+00:00.", "recorded_at" },
		{ "T20:15:08.123456Z", "T23:59:60.123456Z", "recorded_at" },
		{ "\"uid\":1001", "\"uid\":9999999999", "uid" },
		{ "\"hook\"", "\"hock\"", "source" },
		{ "\"agent\"", "\"ogent\"", "actor_type" },
		{ "research-agent", "research agent", "agent_name" },
		{ "\"sess-a1\"", "\"-ess-a1\"", "session_id" },
		{ "shell.exec", "shellexec", "capability" },
		{ "\"notify\"", "\"notice\"", "policy_tier" },
		{ "\"policy\"", "\"police\"", "decided_by" },
		{ "\"success\"", "\"sukzess\"", "status" },
		{ "12.30", "1..30", "duration_ms" },
		{ "12.30", "-2.30", "duration_ms" },
		{ "\"prev_hash\":\"a", "\"prev_hash\":\"A", "prev_hash" },
		{ "\"salt\":\"0", "\"sald\":\"0", "salt" },
		{ "\"salt\":\"0", "\"salt\":\"A", "salt" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct entry entry = full_entry(), found;
		cleanup(buf_free) struct buf line = line_of(&entry, SALT);
		cleanup(buf_free) struct buf changed = BUF_INIT;
		struct error err = { 0 };
		const char *at = strstr(line.data, cases[i].from);

		assert_non_null(at);
		buf_add(&changed, line.data, (size_t)(at - line.data));
		buf_add_str(&changed, cases[i].to);
		buf_add_str(&changed, at + strlen(cases[i].from));
		buf_set_len(&changed, changed.len - 1);
		assert_int_equal(
		    entry_parse(buf_slice(&changed), &found, &err), -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		assert_string_equal(err.field, cases[i].field);
	}
}

static void
names_are_of_their_alphabet_and_length(void **state)
{
	char longest[ENTRY_NAME_BYTES + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_true(entry_is_name(SLICE_LITERAL("a")));
	assert_true(entry_is_name(SLICE_LITERAL("user@host:/srv/x+y_z.1-2")));
	assert_true(entry_is_name((struct slice){ longest, ENTRY_NAME_BYTES }));
	assert_false(
	    entry_is_name((struct slice){ longest, ENTRY_NAME_BYTES + 1 }));
	assert_false(entry_is_name(SLICE_LITERAL("")));
	assert_false(entry_is_name(SLICE_LITERAL("-a")));
	assert_false(entry_is_name(SLICE_LITERAL("a b")));
	assert_false(entry_is_name(SLICE_LITERAL("a\"b")));
	assert_false(entry_is_name(SLICE_LITERAL("a\0b")));
	assert_false(entry_is_name(SLICE_LITERAL("ä")));
	assert_true(entry_is_capability(SLICE_LITERAL("mcp.Server.Tool")));
	assert_false(entry_is_capability(SLICE_LITERAL("shell")));
	assert_false(entry_is_capability(SLICE_LITERAL("shell.*")));
}

static void
assert_name(struct slice text, const char *expected)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	buf_add_str(&out, "x");
	entry_add_name(&out, text);
	assert_string_equal(out.data + 1, expected);
}

static void
ids_are_made_good_ones(void **state)
{
	char text[300];
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	assert_name(SLICE_LITERAL("toolu_01-a"), "toolu_01-a");
	assert_name(SLICE_LITERAL("-rf / *\n"), "_rf_/___");
	assert_name(SLICE_LITERAL("a\0\xff"), "a__");
	assert_name(SLICE_LITERAL(""), "");
	memset(text, 'a', sizeof(text));
	entry_add_name(&out, (struct slice){ text, sizeof(text) });
	assert_int_equal(out.len, ENTRY_NAME_BYTES);
}

static void
reserved_capabilities_are_known(void **state)
{
	static const char *const reserved[] = { "log.open", "audit.erase",
		"approval.request", "alerts.acknowledge", "session.start",
		"session.end", "rate_limit.hit", "policy.change",
		"proxy.cancel", "ingest.throttled", "account.create",
		"token.revoke", "agent.create", "agent.rotate",
		"agent.revoke" };
	static const char *const open[] = { "alerts.send", "agent.submit",
		"session.note", "logs.read", "shell.exec", "auditor.read" };

	(void)state;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		assert_true(entry_is_reserved(slice_of(reserved[i])));
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		assert_false(entry_is_reserved(slice_of(open[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_written_in_the_order_of_the_format),
		cmocka_unit_test(both_hashes_are_of_the_lines_own_bytes),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(what_does_not_apply_is_left_out),
		cmocka_unit_test(no_changed_byte_of_a_line_passes),
		cmocka_unit_test(a_cut_line_is_refused_at_every_length),
		cmocka_unit_test(a_line_with_its_middle_cut_out_is_refused),
		cmocka_unit_test(lines_and_numbers_have_bounds),
		cmocka_unit_test(the_front_of_a_line_is_enough_for_its_place),
		cmocka_unit_test(an_erased_payload_names_a_later_entry),
		cmocka_unit_test(
		    a_summary_ends_at_the_first_quote_that_is_not_escaped),
		cmocka_unit_test(the_first_wrong_field_is_named),
		cmocka_unit_test(ids_are_made_good_ones),
		cmocka_unit_test(names_are_of_their_alphabet_and_length),
		cmocka_unit_test(reserved_capabilities_are_known),
	};

	return cmocka_run_group_tests_name("log/entry", tests, NULL, NULL);
}
