#include "collectors/observer/letter.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"

#include <openssl/evp.h>

#include <inttypes.h>

enum {
	/* A header's line has at most 78 characters (RFC 5322 §2.1.1), one with
	 * an encoded word 76 (RFC 2047 §2): so much text makes a word that
	 * leaves room for the header's name. */
	LINE_COLUMNS = 78,
	WORD_BYTES = 39,
	/* 76 characters of base64 (RFC 2045 §6.8). */
	BASE64_LINE_BYTES = 57,
	SUBJECT_BYTES = 160,
};

/* --- reading the body ----------------------------------------------------- */

static struct slice
text_of(const struct json_reader *reader, const struct json_node *object,
    const char *key)
{
	const struct json_node *node =
	    object == NULL ? NULL : json_reader_member(reader, object, key);

	return node == NULL || node->type != JSON_STRING
		   ? (struct slice){ NULL, 0 }
		   : node->text;
}

static const struct json_node *
object_of(const struct json_reader *reader, const struct json_node *object,
    const char *key)
{
	const struct json_node *node = json_reader_member(reader, object, key);

	return node == NULL || node->type != JSON_OBJECT ? NULL : node;
}

/* The array of alerts, each an object. */
static const struct json_node *
read_alerts(struct json_reader *reader, struct slice body, struct error *err)
{
	const struct json_node *alerts = NULL, *alert;

	if (json_reader_read(reader, body, err) == -1)
		return NULL;
	if (reader->nodes->type == JSON_OBJECT)
		alerts = json_reader_member(reader, reader->nodes, "alerts");
	if (alerts == NULL || alerts->type != JSON_ARRAY)
		goto fail;
	for (alert = json_reader_first(reader, alerts); alert != NULL;
	     alert = json_reader_next(reader, alerts, alert))
		if (alert->type != JSON_OBJECT)
			goto fail;
	return alerts;
fail:
	error_set(err, ERROR_CORRUPT, "the notice has no alerts");
	return NULL;
}

static bool
is_firing(const struct json_reader *reader, const struct json_node *alert)
{
	return slice_is(text_of(reader, alert, "status"), "firing");
}

/* --- for an Alertmanager -------------------------------------------------- */

static void
copy_member(const struct json_reader *reader, const struct json_node *alert,
    const char *key, struct json_writer *json)
{
	const struct json_node *node = json_reader_member(reader, alert, key);

	if (node == NULL)
		return;
	json_writer_key(json, key);
	if (node->type == JSON_STRING)
		json_writer_string(json, node->text);
	else
		json_writer_raw(json, node->text);
}

static void
write_alert(const struct json_reader *reader, const struct json_node *alert,
    usec_t now, struct json_writer *json)
{
	json_writer_object(json);
	copy_member(reader, alert, "labels", json);
	copy_member(reader, alert, "annotations", json);
	copy_member(reader, alert, "startsAt", json);
	if (is_firing(reader, alert))
		json_writer_pair_time(json, "endsAt", now + LETTER_FIRES_FOR);
	else
		copy_member(reader, alert, "endsAt", json);
	copy_member(reader, alert, "generatorURL", json);
	json_writer_end_object(json);
}

int
letter_add_alerts(struct json_reader *reader, struct slice body, usec_t now,
    struct buf *out, struct error *err)
{
	const struct json_node *alerts = read_alerts(reader, body, err), *alert;
	struct json_writer json;

	if (alerts == NULL)
		return -1;
	json_writer_init(&json, out);
	json_writer_array(&json);
	for (alert = json_reader_first(reader, alerts); alert != NULL;
	     alert = json_reader_next(reader, alerts, alert))
		write_alert(reader, alert, now, &json);
	json_writer_end_array(&json);
	return 0;
}

/* --- headers -------------------------------------------------------------- */

static void
add_base64(struct buf *out, struct slice bytes)
{
	unsigned char text[4 * (BASE64_LINE_BYTES + 2) / 3 + 1];
	int len = EVP_EncodeBlock(
	    text, (const unsigned char *)bytes.data, (int)bytes.len);

	buf_add(out, text, (size_t)len);
}

static bool
is_plain(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] > '~')
			return false;
	/* Or it could pass for an encoded word. */
	return memmem(value.data, value.len, "=?", 2) == NULL;
}

void
letter_add_header(struct buf *out, const char *name, struct slice value)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	const char *before = " ";
	struct slice rest;

	text_add_visible(&shown, value, TEXT_ONE_LINE);
	rest = buf_slice(&shown);
	buf_addf(out, "%s:", name);
	if (is_plain(rest) && strlen(name) + 2 + rest.len <= LINE_COLUMNS) {
		buf_addf(out, " %.*s\r\n", SLICE_ARG(rest));
		return;
	}
	while (rest.len > 0) {
		size_t len = text_cut(rest, WORD_BYTES);

		buf_addf(out, "%s=?UTF-8?B?", before);
		add_base64(out, (struct slice){ rest.data, len });
		buf_add_str(out, "?=");
		rest.data += len;
		rest.len -= len;
		before = "\r\n ";
	}
	buf_add_str(out, "\r\n");
}

static void
add_date(struct buf *out, usec_t now)
{
	time_t seconds = (time_t)(now / USEC_PER_SEC);
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_addf(out, "Date: %s\r\n", text);
}

/* --- a mail --------------------------------------------------------------- */

/* What a mail says of all alerts. */
struct summary {
	unsigned firing, resolved;
	int severity; /* the worst, -1: none is known */
	struct buf names;
};

static void
add_name(struct summary *summary, struct slice name)
{
	if (summary->names.len > SUBJECT_BYTES ||
	    memmem(summary->names.data, summary->names.len, name.data,
		name.len) != NULL)
		return;
	if (summary->names.len > 0)
		buf_add_str(&summary->names, ", ");
	text_add_visible(&summary->names, name, TEXT_ONE_LINE);
}

static void
sum_up(const struct json_reader *reader, const struct json_node *alerts,
    struct summary *summary)
{
	const struct json_node *alert;

	for (alert = json_reader_first(reader, alerts); alert != NULL;
	     alert = json_reader_next(reader, alerts, alert)) {
		const struct json_node *labels =
		    object_of(reader, alert, "labels");
		struct slice name = text_of(
		    reader, object_of(reader, alert, "annotations"), "summary");
		int severity =
		    rule_severity_of(text_of(reader, labels, "severity"));

		if (is_firing(reader, alert))
			summary->firing++;
		else
			summary->resolved++;
		if (severity != -1 &&
		    (summary->severity == -1 || severity < summary->severity))
			summary->severity = severity;
		if (name.len > 0)
			add_name(summary, name);
	}
}

/* [FIRING:2] critical: Disk space, High CPU */
static void
add_subject(const struct summary *summary, struct buf *out)
{
	cleanup(buf_free) struct buf subject = BUF_INIT;
	size_t len = text_cut(buf_slice(&summary->names), SUBJECT_BYTES);

	if (summary->firing > 0)
		buf_addf(&subject, "[FIRING:%u] ", summary->firing);
	else
		buf_addf(&subject, "[RESOLVED:%u] ", summary->resolved);
	if (summary->severity != -1)
		buf_addf(&subject, "%s: ", rule_severities[summary->severity]);
	buf_add(&subject, summary->names.data, len);
	if (len < summary->names.len)
		buf_add_str(&subject, "…");
	letter_add_header(out, "Subject", buf_slice(&subject));
}

static void
add_headers(const struct config_notify *channel, uint64_t id, usec_t created_at,
    usec_t now, struct buf *out)
{
	const char *host = strrchr(channel->from, '@') + 1;

	/* Addresses are checked when the configuration is read. */
	buf_addf(out, "From: <%s>\r\n", channel->from);
	for (size_t i = 0; i < channel->to.count; i++)
		buf_addf(out, "%s<%s>%s\r\n", i == 0 ? "To: " : " ",
		    channel->to.words[i], i + 1 < channel->to.count ? "," : "");
	add_date(out, now);
	buf_addf(out,
	    "Message-ID: <notice.%" PRIu64 ".%" PRIu64 "@%s>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n",
	    id, created_at, host);
}

static void
add_line(struct buf *out, const char *before, struct slice text)
{
	if (text.len == 0)
		return;
	buf_add_str(out, before);
	text_add_visible(out, text, TEXT_ONE_LINE);
	buf_add_str(out, "\r\n");
}

static void
add_alert(const struct json_reader *reader, const struct json_node *alert,
    struct buf *out)
{
	const struct json_node *labels = object_of(reader, alert, "labels");
	const struct json_node *annotations =
	    object_of(reader, alert, "annotations");
	bool fires = is_firing(reader, alert);

	buf_addf(out, "%s ", fires ? "FIRING" : "RESOLVED");
	text_add_visible(
	    out, text_of(reader, labels, "severity"), TEXT_ONE_LINE);
	add_line(out, ": ", text_of(reader, annotations, "summary"));
	add_line(out, "    ", text_of(reader, annotations, "description"));
	add_line(out, "    service: ", text_of(reader, labels, "service"));
	add_line(out, "    agent: ", text_of(reader, labels, "agent_name"));
	add_line(out, "    rule: ", text_of(reader, labels, "rule"));
	add_line(out, "    since: ", text_of(reader, alert, "startsAt"));
	if (!fires)
		add_line(out, "    until: ", text_of(reader, alert, "endsAt"));
	add_line(out, "    the agent's entry: ",
	    text_of(reader, annotations, "audit_seq"));
	add_line(out,
	    "    seen by: ", text_of(reader, annotations, "acknowledged_by"));
	buf_add_str(out, "\r\n");
}

static void
add_text(const struct json_reader *reader, const struct json_node *alerts,
    struct buf *out)
{
	const struct json_node *notice = reader->nodes, *alert;
	struct slice head = text_of(reader, notice, "audit_head");

	for (alert = json_reader_first(reader, alerts); alert != NULL;
	     alert = json_reader_next(reader, alerts, alert))
		add_alert(reader, alert, out);
	add_line(out, "", text_of(reader, notice, "externalURL"));
	if (head.len == 0)
		return;
	buf_add_str(out, "\r\nThe audit log ended here; that it was not "
			 "changed since, proves\r\n");
	add_line(out, "kruxos audit verify --expect ", head);
}

int
letter_add_mail(struct json_reader *reader, struct slice body,
    const struct config_notify *channel, uint64_t id, usec_t created_at,
    usec_t now, struct buf *out, struct error *err)
{
	const struct json_node *alerts = read_alerts(reader, body, err);
	struct summary summary = { .severity = -1, .names = BUF_INIT };
	cleanup(buf_free) struct buf text = BUF_INIT;

	if (alerts == NULL)
		return -1;
	sum_up(reader, alerts, &summary);
	add_headers(channel, id, created_at, now, out);
	add_subject(&summary, out);
	buf_add_str(out, "\r\n");
	add_text(reader, alerts, &text);
	for (size_t i = 0; i < text.len; i += BASE64_LINE_BYTES) {
		size_t left = text.len - i;

		add_base64(out,
		    (struct slice){ text.data + i,
			left < BASE64_LINE_BYTES ? left : BASE64_LINE_BYTES });
		buf_add_str(out, "\r\n");
	}
	buf_free(&summary.names);
	return 0;
}
