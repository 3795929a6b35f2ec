#include "collectors/observer/letter.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2024-10-04 00:00 */
#define TIME (20000 * USEC_PER_DAY)

static const char notice[] =
    "{\"status\":\"firing\",\"externalURL\":\"https://host:7800\","
    "\"audit_head\":\"42:abcd\",\"alerts\":["
    "{\"status\":\"firing\",\"labels\":{\"severity\":\"warning\",\"rule\":"
    "\"cpu\"},\"annotations\":{\"summary\":\"High CPU\",\"description\":"
    "\"it is 95\"},\"startsAt\":\"S\",\"endsAt\":\"0001-01-01T00:00:00Z\","
    "\"generatorURL\":\"G\",\"fingerprint\":\"f\"},"
    "{\"status\":\"resolved\",\"labels\":{\"severity\":\"critical\","
    "\"agent_name\":\"a\"},\"annotations\":{\"summary\":\"agent a says: x\","
    "\"audit_seq\":\"7\"},\"startsAt\":\"S\",\"endsAt\":\"E\","
    "\"generatorURL\":\"G\"}]}";

static const char *const to[] = { "alice@example.org", "bob@example.org",
	NULL };

static struct config_notify
mail_channel(void)
{
	return (struct config_notify){ .name = "mail",
		.from = "kruxos@example.org",
		.to = { (const char **)to, 2 } };
}

static void
an_alertmanager_gets_alerts_that_end_by_themselves(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_reader reader = JSON_READER_INIT;
	struct error err;

	(void)state;
	assert_int_equal(
	    letter_add_alerts(&reader, slice_of(notice), TIME, &out, &err), 0);
	assert_string_equal(out.data,
	    "[{\"labels\":{\"severity\":\"warning\",\"rule\":\"cpu\"},"
	    "\"annotations\":{\"summary\":\"High CPU\",\"description\":"
	    "\"it is 95\"},\"startsAt\":\"S\",\"endsAt\":"
	    "\"2024-10-04T00:05:00.000000Z\",\"generatorURL\":\"G\"},"
	    "{\"labels\":{\"severity\":\"critical\",\"agent_name\":\"a\"},"
	    "\"annotations\":{\"summary\":\"agent a says: x\",\"audit_seq\":"
	    "\"7\"},\"startsAt\":\"S\",\"endsAt\":\"E\",\"generatorURL\":"
	    "\"G\"}]");
	json_reader_free(&reader);
}

static void
what_is_no_notice_is_refused(void **state)
{
	static const char *const bodies[] = { "", "{", "[]", "7", "{}",
		"{\"alerts\":7}", "{\"alerts\":[7]}" };
	const struct config_notify channel = mail_channel();

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		struct json_reader reader = JSON_READER_INIT;
		struct error err;

		assert_int_equal(letter_add_alerts(&reader, slice_of(bodies[i]),
				     TIME, &out, &err),
		    -1);
		assert_int_equal(letter_add_mail(&reader, slice_of(bodies[i]),
				     &channel, 1, TIME, TIME, &out, &err),
		    -1);
		assert_int_equal(out.len, 0);
		json_reader_free(&reader);
	}
}

/* Half a notice makes a poor letter, and no crash. */
static void
what_a_notice_lacks_is_left_out(void **state)
{
	static const char *const bodies[] = { "{\"alerts\":[]}",
		"{\"alerts\":[{}]}",
		"{\"alerts\":[{\"labels\":7,\"annotations\":[]}]}" };
	const struct config_notify channel = mail_channel();

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		struct json_reader reader = JSON_READER_INIT;
		struct error err;

		assert_int_equal(letter_add_mail(&reader, slice_of(bodies[i]),
				     &channel, 1, TIME, TIME, &out, &err),
		    0);
		assert_int_equal(letter_add_alerts(&reader, slice_of(bodies[i]),
				     TIME, &out, &err),
		    0);
		json_reader_free(&reader);
	}
}

/* The text behind the headers, decoded. */
static void
decode(const struct buf *mail, struct buf *out)
{
	const char *at = strstr(mail->data, "\r\n\r\n");

	assert_non_null(at);
	for (at += 4; *at != '\0'; at += strcspn(at, "\r") + 2) {
		unsigned char bytes[BASE64_LINE_BYTES + 3];
		size_t len = strcspn(at, "\r");
		int got =
		    EVP_DecodeBlock(bytes, (const unsigned char *)at, (int)len);

		assert_true(len <= 76 && got > 0);
		while (len > 0 && at[--len] == '=')
			got--;
		buf_add(out, bytes, (size_t)got);
	}
}

static void
a_mail_has_headers_and_a_text(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	const struct config_notify channel = mail_channel();
	struct json_reader reader = JSON_READER_INIT;
	struct error err;

	(void)state;
	assert_int_equal(letter_add_mail(&reader, slice_of(notice), &channel,
			     17, TIME, TIME + USEC_PER_HOUR, &out, &err),
	    0);
	assert_true(slice_starts_with(buf_slice(&out),
	    slice_of(
		"From: <kruxos@example.org>\r\n"
		"To: <alice@example.org>,\r\n <bob@example.org>\r\n"
		"Date: Fri, 04 Oct 2024 01:00:00 +0000\r\n"
		"Message-ID: <notice.17.1728000000000000@example.org>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Subject: [FIRING:1] critical: High CPU, agent a says: x\r\n"
		"\r\n")));
	decode(&out, &text);
	assert_string_equal(text.data,
	    "FIRING warning: High CPU\r\n"
	    "    it is 95\r\n"
	    "    rule: cpu\r\n"
	    "    since: S\r\n"
	    "\r\n"
	    "RESOLVED critical: agent a says: x\r\n"
	    "    agent: a\r\n"
	    "    since: S\r\n"
	    "    until: E\r\n"
	    "    the agent's entry: 7\r\n"
	    "\r\n"
	    "https://host:7800\r\n"
	    "\r\n"
	    "The audit log ended here; that it was not changed since, proves"
	    "\r\n"
	    "kruxos audit verify --expect 42:abcd\r\n");
	json_reader_free(&reader);
}

static void
a_header_stays_one_header(void **state)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
		{ "plain", "Subject: plain\r\n" },
		{ "", "Subject: \r\n" },
		{ "a\r\nBcc: eve@example.org",
		    "Subject: a\\r\\nBcc: eve@example.org\r\n" },
		{ "=?utf-8?q?x?=", "Subject: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?="
				   "\r\n" },
		{ "ünd", "Subject: =?UTF-8?B?w7xuZA==?=\r\n" },
		{ "a\u202eb", "Subject: a\\u{202e}b\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;

		letter_add_header(&out, "Subject", slice_of(cases[i].value));
		assert_string_equal(out.data, cases[i].written);
	}
}

static void
a_long_header_is_folded_between_characters(void **state)
{
	cleanup(buf_free) struct buf value = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct slice rest, line;

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_add_str(&value, "x€");
	letter_add_header(&out, "Subject", buf_slice(&value));
	rest = buf_slice(&out);
	while (slice_take_line(&rest, &line)) {
		unsigned char bytes[BASE64_LINE_BYTES];
		const char *word = memmem(line.data, line.len, "?B?", 3);
		int got;

		assert_true(line.len <= 77); /* its \r among them */
		assert_non_null(word);
		got = EVP_DecodeBlock(bytes, (const unsigned char *)word + 3,
		    (int)(line.data + line.len - 3 - (word + 3)));
		while (got > 0 && bytes[got - 1] == '\0')
			got--;
		assert_int_equal(text_valid_bytes((struct slice){
				     (const char *)bytes, (size_t)got }),
		    got);
	}
	assert_int_equal(rest.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_alertmanager_gets_alerts_that_end_by_themselves),
		cmocka_unit_test(what_is_no_notice_is_refused),
		cmocka_unit_test(what_a_notice_lacks_is_left_out),
		cmocka_unit_test(a_mail_has_headers_and_a_text),
		cmocka_unit_test(a_header_stays_one_header),
		cmocka_unit_test(a_long_header_is_folded_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
