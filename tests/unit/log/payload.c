#include "lib/log/payload.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SALT "\"salt\":\"000102030405060708090a0b0c0d0e0f\""

static const unsigned char salt[ENTRY_SALT_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8,
	9, 10, 11, 12, 13, 14, 15 };

/* Compose from a JSON text with the members "summary" and "request". */
static struct buf
composed(struct slice text)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct redactor *redactor = redact_new();
	struct payload *payload = payload_new(redactor);
	struct buf out = BUF_INIT;
	struct error err = { 0 };

	if (json_reader_read(&reader, text, &err) == -1)
		fail_msg("%s", err.sentence);
	payload_compose(payload, &reader, salt,
	    json_reader_member(&reader, reader.nodes, "summary"),
	    json_reader_member(&reader, reader.nodes, "request"), &out);
	payload_free(payload);
	redact_free(redactor);
	return out;
}

static void
strings_take_the_one_form_and_all_else_stays(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "{}", SALT },
		{ "{\"summary\":\"\"}", SALT ",\"summary\":\"\"" },
		{ "{\"summary\":\"\\u0041\\/\\t\\u00e4\\u0000\\u007f\"}",
		    SALT ",\"summary\":\"A/\\tä\\u0000\\u007f\"" },
		{ "{\"request\":{}}", SALT ",\"request\":{}" },
		{ "{ \"request\" : { \"b\" : [ 1.50 , -0 , 1e400 ] , \"a\" : "
		  "{ \"x\" : null } , \"c\" : [ true , false , [ ] ] } }",
		    SALT ",\"request\":{\"b\":[1.50,-0,1e400],\"a\":"
			 "{\"x\":null},\"c\":[true,false,[]]}" },
		{ "{\"request\":{\"n\":123456789012345678901234567890}}", SALT
		    ",\"request\":{\"n\":123456789012345678901234567890}" },
		{ "{\"request\":{\"\\u006b\":\"\\ud83d\\ude00\\ud800\"}}",
		    SALT ",\"request\":{\"k\":\"😀\xef\xbf\xbd\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_free) struct buf out =
		    composed(slice_of(cases[i].from));

		assert_string_equal(out.data, cases[i].to);
	}
}

static void
secrets_are_replaced_wherever_they_stand(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "{\"request\":{\"password\":\"hunter2\",\"user\":\"bob\"}}",
		    SALT ",\"request\":{\"password\":\"[REDACTED]\","
			 "\"user\":\"bob\"}" },
		{ "{\"request\":{\"password\":12345,\"secret\":true}}",
		    SALT ",\"request\":{\"password\":12345,\"secret\":true}" },
		{ "{\"request\":{\"secret\":{\"a\":[\"x\",{\"b\":\"y\"}]}}}",
		    SALT ",\"request\":{\"secret\":{\"a\":[\"[REDACTED]\","
			 "{\"b\":\"[REDACTED]\"}]}}" },
		{ "{\"request\":{\"argv\":[\"mysql\",\"--password\",\"x1y2z3\","
		  "\"db\"]}}",
		    SALT ",\"request\":{\"argv\":[\"mysql\",\"--password\","
			 "\"[REDACTED]\",\"db\"]}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_free) struct buf out =
		    composed(slice_of(cases[i].from));

		assert_string_equal(out.data, cases[i].to);
	}
}

/* Two tokens as keys, and somebody's literal mark: all stay different. */
static void
keys_that_hide_a_secret_stay_different(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	buf_add_str(&text, "{\"request\":{\"ghp_");
	buf_add_chars(&text, 'a', 36);
	buf_add_str(&text, "\":1,\"plain\":2,\"ghp_");
	buf_add_chars(&text, 'b', 36);
	buf_add_str(&text, "\":3,\"[REDACTED]#1\":4}}");
	out = composed(buf_slice(&text));
	assert_string_equal(out.data,
	    SALT ",\"request\":{\"[REDACTED]#1\":1,\"plain\":2,"
		 "\"[REDACTED]#3\":3,\"[REDACTED]#1#4\":4}");
}

static void
add_member(struct buf *text, const char *key, char c, size_t count)
{
	if (text->data[text->len - 1] != '{')
		buf_add_char(text, ',');
	buf_addf(text, "\"%s\":\"", key);
	buf_add_chars(text, c, count);
	buf_add_char(text, '"');
}

static void
a_long_summary_is_cut_within_its_bound(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	const char *mark;

	(void)state;
	buf_add_str(&text, "{\"summary\":\"");
	for (unsigned i = 0; i < 4000; i++)
		buf_add_str(&text, "ä ");
	buf_add_str(&text, "\"}");
	{
		cleanup(buf_free) struct buf out = composed(buf_slice(&text));
		size_t before = strlen(SALT ",\"summary\":\"");

		mark = strstr(out.data, "…[cut ");
		assert_non_null(mark);
		assert_true(out.len - before - 1 <= ENTRY_SUMMARY_BYTES);
		assert_true(out.len - before - 1 > ENTRY_SUMMARY_BYTES - 64);
		assert_int_equal(strtoull(mark + strlen("…[cut "), NULL, 10) +
				     (unsigned long long)(mark - out.data) -
				     before,
		    12000);
		assert_int_equal(text_valid_bytes(buf_slice(&out)), out.len);
	}
}

static void
a_long_request_is_cut_from_the_longest_string_down(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	(void)state;
	buf_add_str(&text, "{\"request\":{");
	add_member(&text, "short", 's', 1000);
	add_member(&text, "long", 'l', 100000);
	add_member(&text, "longer", 'm', 200000);
	buf_add_str(&text, "}}");
	{
		cleanup(buf_free) struct buf out = composed(buf_slice(&text));
		size_t bytes = out.len - strlen(SALT ",\"request\":");
		const char *l = strstr(out.data, "\"long\":\"");
		const char *m = strstr(out.data, "\"longer\":\"");
		size_t kept_l, kept_m;

		assert_true(bytes <= ENTRY_REQUEST_BYTES);
		assert_true(bytes > ENTRY_REQUEST_BYTES - 16);
		kept_l = strspn(l + strlen("\"long\":\""), "l");
		kept_m = strspn(m + strlen("\"longer\":\""), "m");
		assert_int_equal(kept_l, kept_m);
		assert_int_equal(
		    strspn(strstr(out.data, "\"short\":\"") + 9, "s"), 1000);
	}
}

static void
keys_alone_too_much_leave_a_count(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf expected = BUF_INIT;

	(void)state;
	buf_add_str(&text, "{\"request\":{");
	for (unsigned i = 0; i < 10000; i++)
		buf_addf(&text, "%s\"key%06u\":1", i == 0 ? "" : ",", i);
	buf_add_str(&text, "}}");
	buf_addf(&expected, SALT ",\"request\":{\"cut_bytes\":%zu}",
	    text.len - strlen("{\"request\":}"));
	{
		cleanup(buf_free) struct buf out = composed(buf_slice(&text));

		assert_string_equal(out.data, expected.data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_take_the_one_form_and_all_else_stays),
		cmocka_unit_test(secrets_are_replaced_wherever_they_stand),
		cmocka_unit_test(keys_that_hide_a_secret_stay_different),
		cmocka_unit_test(a_long_summary_is_cut_within_its_bound),
		cmocka_unit_test(
		    a_long_request_is_cut_from_the_longest_string_down),
		cmocka_unit_test(keys_alone_too_much_leave_a_count),
	};

	return cmocka_run_group_tests_name("log/payload", tests, NULL, NULL);
}
