#include "cli/recast.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "log/entry.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Keys of a log's line that are the daemon's to write. */
static const char *const recast_daemon_keys[] = {
	"seq", "recorded_at", "time_clamped", "uid", "payload_hash",
	"prev_hash", "entry_hash", "salt", "erased_by",
	"log_file", /* of the API */
};

/* What a log says about itself. */
static const char *const recast_own_capabilities[] = {
	"log.",
	"audit.",
	"ingest.",
};

static bool
recast_is_daemon_key(struct slice key)
{
	for (size_t i = 0; i < COUNT(recast_daemon_keys); i++) {
		if (slice_is(key, recast_daemon_keys[i]))
			return true;
	}
	return false;
}

static struct slice
recast_member(const struct json_reader *reader, const char *key)
{
	const struct json_node *node =
	    json_reader_member(reader, reader->nodes, key);

	if (node == NULL || node->type != JSON_STRING)
		return (struct slice){ NULL, 0 };
	return node->text;
}

/* Only a line out of a log has a seq. */
static bool
recast_is_own(const struct json_reader *reader)
{
	struct slice capability = recast_member(reader, "capability");

	if (json_reader_member(reader, reader->nodes, "seq") == NULL)
		return false;
	for (size_t i = 0; i < COUNT(recast_own_capabilities); i++) {
		if (slice_starts_with(
			capability, slice_of(recast_own_capabilities[i])))
			return true;
	}
	return false;
}

static int
recast_read(struct json_reader *reader, struct slice line, struct error *err)
{
	if (json_reader_read(reader, line, err) == -1)
		return -1;
	if (reader->nodes[0].type != JSON_OBJECT)
		return error_set(err, ERROR_WRONG_TYPE, "not an object");
	return 0;
}

/* The reader has read the line. */
static int
recast_own_time(
    const struct json_reader *reader, usec_t *ret_time, struct error *err)
{
	struct slice text = recast_member(reader, "time");

	*ret_time = 0;
	if (text.data == NULL)
		return 0;
	if (clock_parse(text, ret_time, err) == -1)
		return error_prefix(err, "time");
	return 0;
}

static usec_t
recast_moved(const struct recast *recast, usec_t time)
{
	if (recast->now > 0)
		return recast->now;
	if (time + recast->later > CLOCK_MAX)
		return CLOCK_MAX;
	time += recast->later;
	return time > recast->earlier ? time - recast->earlier : 0;
}

/* A value as it was. */
static void
recast_copy(const struct json_node *node, struct json_writer *json)
{
	json_writer_key_slice(json, node->key);
	switch (node->type) {
	case JSON_STRING:
		json_writer_string(json, node->text);
		break;
	case JSON_NULL:
		json_writer_null(json);
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		json_writer_bool(json, node->type == JSON_TRUE);
		break;
	case JSON_NUMBER:
	case JSON_ARRAY:
	case JSON_OBJECT:
		json_writer_raw(json, node->text);
		break;
	}
}

/* Room for the suffix within the bounds of an id. */
static void
recast_session_id(
    struct slice id, struct slice suffix, struct json_writer *json)
{
	cleanup(buf_free) struct buf renamed = BUF_INIT;

	if (id.len + suffix.len > ENTRY_NAME_BYTES &&
	    id.len <= ENTRY_NAME_BYTES && suffix.len < ENTRY_NAME_BYTES)
		id.len = ENTRY_NAME_BYTES - suffix.len;
	buf_add_slice(&renamed, id);
	buf_add_slice(&renamed, suffix);
	json_writer_key(json, "session_id");
	json_writer_string(json, buf_slice(&renamed));
}

int
recast_line(struct json_reader *reader, struct slice line,
    const struct recast *recast, struct buf *out, struct error *err)
{
	const struct json_node *top, *node;
	struct json_writer json;
	usec_t time;

	if (recast_read(reader, line, err) == -1 ||
	    recast_own_time(reader, &time, err) == -1)
		return -1;
	if (recast_is_own(reader))
		return 0;
	top = reader->nodes;
	json_writer_init(&json, out);
	json_writer_object(&json);
	time = time > 0 || recast->now > 0 ? recast_moved(recast, time) : 0;
	if (time > 0)
		json_writer_pair_time(&json, "time", time);
	json_writer_pair(&json, "source", "import");
	for (node = json_reader_first(reader, top); node != NULL;
	     node = json_reader_next(reader, top, node)) {
		if (recast_is_daemon_key(node->key) ||
		    slice_is(node->key, "source") ||
		    (slice_is(node->key, "time") && time > 0))
			continue;
		if (slice_is(node->key, "session_id") &&
		    node->type == JSON_STRING)
			recast_session_id(
			    node->text, recast->session_suffix, &json);
		else
			recast_copy(node, &json);
	}
	json_writer_end_object(&json);
	return 1;
}

int
recast_time(struct json_reader *reader, struct slice line, usec_t *ret_time,
    struct error *err)
{
	if (recast_read(reader, line, err) == -1)
		return -1;
	return recast_own_time(reader, ret_time, err);
}

struct slice
recast_session(const struct json_reader *reader)
{
	struct slice session = recast_member(reader, "session_id");

	return session.data == NULL ? (struct slice){ "", 0 } : session;
}
