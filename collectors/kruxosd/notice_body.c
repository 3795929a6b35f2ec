#include "collectors/kruxosd/notice_body.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"

#include <inttypes.h>
#include <limits.h>

/* As Alertmanager writes a time that has not come. */
#define NOT_YET "0001-01-01T00:00:00Z"

#define SEQ_KEY "audit_seq"

enum {
	LABEL_TITLE = CONFIG_LABELS, /* an agent's */
	LABELS,
};

enum {
	ANNOTATION_SUMMARY,
	ANNOTATION_DESCRIPTION,
	ANNOTATION_SEQ,
	ANNOTATION_ACKNOWLEDGED,
	ANNOTATIONS,
};

static const char *const annotation_names[ANNOTATIONS] = {
	[ANNOTATION_SUMMARY] = "summary",
	[ANNOTATION_DESCRIPTION] = "description",
	[ANNOTATION_SEQ] = SEQ_KEY,
	[ANNOTATION_ACKNOWLEDGED] = "acknowledged_by",
};

/* An alert in words; {NULL, 0} where it has none. */
struct words {
	struct slice labels[LABELS];
	struct slice annotations[ANNOTATIONS];
};

static const char *
label_name(int label)
{
	return label == LABEL_TITLE ? "title" : config_labels[label];
}

/* --- words ---------------------------------------------------------------- */

static struct slice
visible(struct arena *arena, const char *before, struct slice text)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	struct slice part = { text.data, text_cut(text, NOTICE_TEXT_BYTES) };

	buf_add_str(&shown, before);
	text_add_visible(&shown, part, TEXT_ONE_LINE);
	if (part.len < text.len)
		buf_add_str(&shown, "…");
	return arena_slice(arena, buf_slice(&shown));
}

static void
find_words(const struct alert *alert, const struct notice_origin *origin,
    struct arena *arena, struct words *words)
{
	const char *says = "";

	*words = (struct words){ 0 };
	for (int i = 0; i < CONFIG_LABELS; i++) {
		struct slice value =
		    notice_label(alert, (enum config_label)i, origin->instance);

		/* An empty label is none. */
		if (value.len > 0)
			words->labels[i] = visible(arena, "", value);
	}
	if (alert->rule.data == NULL)
		words->labels[LABEL_TITLE] = visible(arena, "", alert->title);
	if (alert->rule.data == NULL && alert->agent_name.data != NULL)
		says = arena_printf(
		    arena, "agent %.*s says: ", SLICE_ARG(alert->agent_name));
	words->annotations[ANNOTATION_SUMMARY] =
	    visible(arena, says, alert->title);
	if (alert->message.len > 0)
		words->annotations[ANNOTATION_DESCRIPTION] =
		    visible(arena, says, alert->message);
	if (alert->seq != 0)
		words->annotations[ANNOTATION_SEQ] =
		    slice_of(arena_printf(arena, "%" PRIu64, alert->seq));
	if (alert->acknowledged_by.len > 0)
		words->annotations[ANNOTATION_ACKNOWLEDGED] =
		    visible(arena, "", alert->acknowledged_by);
}

/* Those that all have in common stay in `common`. */
static void
keep_common(struct slice *common, const struct slice *others, int count)
{
	for (int i = 0; i < count; i++)
		if (common[i].data != NULL &&
		    (others[i].data == NULL ||
			!slice_equal(common[i], others[i])))
			common[i] = (struct slice){ NULL, 0 };
}

/* --- JSON ----------------------------------------------------------------- */

static void
write_labels(struct json_writer *json, const char *key,
    const struct slice *labels, unsigned which)
{
	json_writer_key(json, key);
	json_writer_object(json);
	for (int i = 0; i < LABELS; i++)
		if (labels[i].data != NULL && (which >> i & 1) != 0)
			json_writer_pair_slice(json, label_name(i), labels[i]);
	json_writer_end_object(json);
}

static void
write_annotations(
    struct json_writer *json, const char *key, const struct slice *annotations)
{
	json_writer_key(json, key);
	json_writer_object(json);
	for (int i = 0; i < ANNOTATIONS; i++)
		if (annotations[i].data != NULL)
			json_writer_pair_slice(
			    json, annotation_names[i], annotations[i]);
	json_writer_end_object(json);
}

static void
write_url(struct json_writer *json, const char *key,
    const struct notice_origin *origin, const char *page)
{
	cleanup(buf_free) struct buf url = BUF_INIT;

	buf_addf(&url, "%s%s", origin->external_url, page);
	json_writer_pair_slice(json, key, buf_slice(&url));
}

static const char *
status_of(const struct alert *alert)
{
	return alert->state == ALERT_RESOLVED ? "resolved" : "firing";
}

static void
write_alert(struct json_writer *json, const struct alert *alert,
    const struct words *words, const struct notice_origin *origin)
{
	char fingerprint[ALERT_FINGERPRINT_SIZE];

	snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64,
	    alert->fingerprint);
	json_writer_object(json);
	json_writer_pair(json, "status", status_of(alert));
	write_labels(json, "labels", words->labels, UINT_MAX);
	write_annotations(json, "annotations", words->annotations);
	json_writer_pair_time(json, "startsAt", alert->first_seen);
	if (alert->state == ALERT_RESOLVED)
		json_writer_pair_time(json, "endsAt", alert->resolved_at);
	else
		json_writer_pair(json, "endsAt", NOT_YET);
	write_url(json, "generatorURL", origin, "/health");
	json_writer_pair(json, "fingerprint", fingerprint);
	json_writer_end_object(json);
}

static void
write_head(struct json_writer *json, const struct notice_origin *origin)
{
	cleanup(buf_free) struct buf head = BUF_INIT;

	json_writer_key(json, "audit_head");
	if (origin->head_seq == 0) {
		json_writer_null(json);
		return;
	}
	buf_addf(&head, "%" PRIu64 ":", origin->head_seq);
	buf_add_hex(&head, origin->head_hash, SHA256_BYTES);
	json_writer_string(json, buf_slice(&head));
}

static const char *
status_of_all(const struct notice *notice)
{
	for (size_t i = 0; i < notice->count; i++)
		if (notice->alerts[i]->state != ALERT_RESOLVED)
			return "firing";
	return "resolved";
}

void
notice_body_write(const struct notice *notice,
    const struct notice_origin *origin, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct words *words =
	    arena_array(&arena, notice->count, sizeof(words[0]));
	struct words common;
	struct json_writer json;

	for (size_t i = 0; i < notice->count; i++)
		find_words(notice->alerts[i], origin, &arena, words + i);
	common = words[0];
	for (size_t i = 1; i < notice->count; i++) {
		keep_common(common.labels, words[i].labels, LABELS);
		keep_common(
		    common.annotations, words[i].annotations, ANNOTATIONS);
	}
	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "version", "4");
	json_writer_pair_slice(&json, "groupKey", notice->group_key);
	json_writer_pair_u64(&json, "truncatedAlerts", 0);
	json_writer_pair(&json, "status", status_of_all(notice));
	json_writer_pair(&json, "receiver", notice->channel->name);
	write_labels(
	    &json, "groupLabels", words[0].labels, notice->channel->group_by);
	write_labels(&json, "commonLabels", common.labels, UINT_MAX);
	write_annotations(&json, "commonAnnotations", common.annotations);
	write_url(&json, "externalURL", origin, "");
	write_head(&json, origin);
	json_writer_key(&json, "alerts");
	json_writer_array(&json);
	for (size_t i = 0; i < notice->count; i++)
		write_alert(&json, notice->alerts[i], words + i, origin);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	arena_free(&arena);
}

/* --- erasing -------------------------------------------------------------- */

void
notice_body_add_mark(struct buf *out, uint64_t seq)
{
	buf_addf(out, "\"" SEQ_KEY "\":\"%" PRIu64 "\"", seq);
}

/* The elements of an array have no key. */
static bool
is_of_words(struct slice key)
{
	if (key.data == NULL)
		return false;
	return slice_is(key, label_name(LABEL_TITLE)) ||
	       slice_is(key, annotation_names[ANNOTATION_SUMMARY]) ||
	       slice_is(key, annotation_names[ANNOTATION_DESCRIPTION]);
}

static void
copy_node(const struct json_reader *reader, const struct json_node *node,
    struct json_writer *json)
{
	const struct json_node *child = NULL;

	if (node->key.data != NULL)
		json_writer_key_slice(json, node->key);
	switch (node->type) {
	case JSON_STRING:
		json_writer_string(json, is_of_words(node->key)
					     ? SLICE_LITERAL("(erased)")
					     : node->text);
		return;
	case JSON_OBJECT:
		json_writer_object(json);
		break;
	case JSON_ARRAY:
		json_writer_array(json);
		break;
	case JSON_NUMBER:
		json_writer_raw(json, node->text);
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		json_writer_bool(json, node->type == JSON_TRUE);
		return;
	case JSON_NULL:
		json_writer_null(json);
		return;
	}
	for (child = json_reader_first(reader, node); child != NULL;
	     child = json_reader_next(reader, node, child))
		copy_node(reader, child, json);
	if (node->type == JSON_OBJECT)
		json_writer_end_object(json);
	else
		json_writer_end_array(json);
}

int
notice_body_erase(struct json_reader *reader, struct slice body,
    struct buf *out, struct error *err)
{
	struct json_writer json;

	if (json_reader_read(reader, body, err) == -1)
		return -1;
	json_writer_init(&json, out);
	copy_node(reader, reader->nodes, &json);
	return 0;
}
