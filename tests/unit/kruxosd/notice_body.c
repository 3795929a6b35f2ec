#include "collectors/kruxosd/notice_body.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TIME (20000 * USEC_PER_DAY)

static const unsigned char hash[SHA256_BYTES] = { 0xab, 0xcd };

static const struct notice_origin origin = {
	.instance = "host",
	.external_url = "https://host:7800",
	.head_seq = 42,
	.head_hash = hash,
};

static const struct config_notify channel = {
	.name = "ops",
	.kind = CONFIG_NOTIFY_WEBHOOK,
	.group_by = 1U << CONFIG_LABEL_RULE | 1U << CONFIG_LABEL_SERVICE,
};

static struct alert
rule_alert(const char *title)
{
	return (struct alert){ .fingerprint = 0x1234,
		.state = ALERT_FIRING,
		.severity = RULE_CRITICAL,
		.rule = slice_of("disk-space"),
		.title = slice_of(title),
		.message = slice_of("95 %"),
		.first_seen = TIME };
}

static struct alert
agent_alert(const char *title, const char *message)
{
	return (struct alert){ .fingerprint = 0x5678,
		.state = ALERT_FIRING,
		.severity = RULE_WARNING,
		.agent_name = slice_of("deployer"),
		.title = slice_of(title),
		.message = slice_of(message),
		.first_seen = TIME,
		.seq = 7 };
}

static void
write_one(const struct alert *alert, struct buf *out)
{
	const struct alert *alerts[] = { alert };
	struct notice notice = { &channel, slice_of("key"), alerts, 1, false };

	notice_body_write(&notice, &origin, out);
}

static void
has(const struct buf *body, const char *text)
{
	if (strstr(body->data, text) == NULL)
		fail_msg("%s\nis not in\n%s", text, body->data);
}

static void
lacks(const struct buf *body, const char *text)
{
	if (strstr(body->data, text) != NULL)
		fail_msg("%s\nis in\n%s", text, body->data);
}

static void
a_body_is_that_of_a_webhook_of_alertmanagers(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct alert alert = rule_alert("Disk space");

	(void)state;
	write_one(&alert, &body);
	assert_string_equal(body.data,
	    "{\"version\":\"4\",\"groupKey\":\"key\",\"truncatedAlerts\":0,"
	    "\"status\":\"firing\",\"receiver\":\"ops\",\"groupLabels\":{"
	    "\"rule\":\"disk-space\"},\"commonLabels\":{\"alertname\":"
	    "\"Disk space\",\"rule\":\"disk-space\",\"severity\":\"critical\","
	    "\"source\":\"rule\",\"instance\":\"host\"},\"commonAnnotations\":"
	    "{\"summary\":\"Disk space\",\"description\":\"95 %\"},"
	    "\"externalURL\":\"https://host:7800\",\"audit_head\":\"42:abcd"
	    "000000000000000000000000000000000000000000000000000000000000\","
	    "\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":"
	    "\"Disk space\",\"rule\":\"disk-space\",\"severity\":\"critical\","
	    "\"source\":\"rule\",\"instance\":\"host\"},\"annotations\":{"
	    "\"summary\":\"Disk space\",\"description\":\"95 %\"},"
	    "\"startsAt\":\"2024-10-04T00:00:00.000000Z\",\"endsAt\":"
	    "\"0001-01-01T00:00:00Z\",\"generatorURL\":"
	    "\"https://host:7800/health\",\"fingerprint\":"
	    "\"0000000000001234\"}]}");
}

static void
what_alerts_have_in_common_is_said_of_all(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct alert first = rule_alert("Disk space");
	struct alert second = rule_alert("Disk space");
	const struct alert *alerts[] = { &first, &second };
	struct notice notice = { &channel, slice_of("key"), alerts, 2, false };

	(void)state;
	first.service = slice_of("gateway");
	second.message = slice_of("96 %");
	second.state = ALERT_RESOLVED;
	second.resolved_at = TIME + USEC_PER_SEC;
	notice_body_write(&notice, &origin, &body);
	has(&body, "\"status\":\"firing\",\"receiver\"");
	has(&body, "\"commonAnnotations\":{\"summary\":\"Disk space\"},");
	has(&body, "\"source\":\"rule\",\"instance\":\"host\"},\"common");
	has(&body, "\"endsAt\":\"2024-10-04T00:00:01.000000Z\"");
	notice.alerts++;
	notice.count = 1;
	buf_reset(&body);
	notice_body_write(&notice, &origin, &body);
	has(&body, "\"status\":\"resolved\",\"receiver\"");
}

static void
an_agent_cannot_pass_for_a_rule(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct alert alert = agent_alert("Disk space", "all is lost");

	(void)state;
	write_one(&alert, &body);
	has(&body, "\"alertname\":\"" NOTICE_OF_AGENT "\"");
	has(&body, "\"source\":\"agent\"");
	has(&body, "\"title\":\"Disk space\"");
	has(&body, "\"summary\":\"agent deployer says: Disk space\"");
	has(&body, "\"description\":\"agent deployer says: all is lost\"");
	has(&body, "\"audit_seq\":\"7\"");
	lacks(&body, "\"rule\"");
}

static void
hostile_text_is_visible_on_one_line_and_cut(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	cleanup(buf_free) struct buf message = BUF_INIT;
	struct alert alert;

	(void)state;
	buf_add_str(&message, "\n\"}],\x1b[31m\u202e");
	buf_add_chars(&message, 'x', 2000);
	alert = agent_alert("a\r\nb\tc\x7f", message.data);
	write_one(&alert, &body);
	has(&body, "\"title\":\"a\\\\r\\\\nb\\\\tc\\\\x7f\"");
	has(&body, "says: \\\\n\\\"}],\\\\e[31m\\\\u{202e}xxx");
	has(&body, "xxx…\"");
	assert_true(body.len < 3000);
	for (size_t i = 0; i < body.len; i++)
		assert_true((unsigned char)body.data[i] >= ' ');
}

static void
erased_words_are_gone_and_the_rest_stays(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	cleanup(buf_free) struct buf erased = BUF_INIT;
	cleanup(buf_free) struct buf mark = BUF_INIT;
	struct json_reader reader = JSON_READER_INIT;
	struct alert alert = agent_alert("hunter2", "hunter2");
	struct error err;

	(void)state;
	write_one(&alert, &body);
	notice_body_add_mark(&mark, 7);
	has(&body, mark.data);
	assert_int_equal(
	    notice_body_erase(&reader, buf_slice(&body), &erased, &err), 0);
	lacks(&erased, "hunter2");
	has(&erased, "\"title\":\"(erased)\"");
	has(&erased, "\"truncatedAlerts\":0,\"status\":\"firing\"");
	has(&erased, mark.data);
	assert_int_equal(
	    notice_body_erase(&reader, slice_of("{"), &erased, &err), -1);
	json_reader_free(&reader);
}

static void
an_empty_log_has_no_head(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct notice_origin early = origin;
	struct alert alert = rule_alert("x");
	const struct alert *alerts[] = { &alert };
	struct notice notice = { &channel, slice_of("key"), alerts, 1, false };

	(void)state;
	early.head_seq = 0;
	notice_body_write(&notice, &early, &body);
	has(&body, "\"audit_head\":null");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_that_of_a_webhook_of_alertmanagers),
		cmocka_unit_test(what_alerts_have_in_common_is_said_of_all),
		cmocka_unit_test(an_agent_cannot_pass_for_a_rule),
		cmocka_unit_test(hostile_text_is_visible_on_one_line_and_cut),
		cmocka_unit_test(erased_words_are_gone_and_the_rest_stays),
		cmocka_unit_test(an_empty_log_has_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
