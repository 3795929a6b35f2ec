#include "log/entry.h"

#include <assert.h>

/* --- writing -------------------------------------------------------------- */

static void
add_string(struct buf *out, const char *key, struct slice value)
{
	if (value.data == NULL)
		return;
	buf_add_str(out, key);
	buf_add_slice(out, value);
	buf_add_char(out, '"');
}

static void
add_time(struct buf *out, const char *key, usec_t time)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(time, text);
	add_string(out, key, (struct slice){ text, CLOCK_TEXT_SIZE - 1 });
}

static void
add_hash(struct buf *out, const char *key,
    const unsigned char hash[static SHA256_BYTES])
{
	buf_add_str(out, key);
	buf_add_hex(out, hash, SHA256_BYTES);
	buf_add_char(out, '"');
}

void
entry_compose(struct sha256 *sha256, struct entry *entry, struct slice payload,
    struct buf *out)
{
	size_t begin = out->len;
	struct slice head;

	assert(payload.len > 0);
	sha256_digest(sha256, payload, entry->payload_hash);
	buf_reserve(out, payload.len + 1024);
	buf_add_str(out, "{\"seq\":");
	buf_add_u64(out, entry->seq);
	add_time(out, ",\"recorded_at\":\"", entry->recorded_at);
	add_time(out, ",\"time\":\"", entry->time);
	if (entry->is_clamped)
		add_time(out, ",\"time_clamped\":\"", entry->time_clamped);
	buf_add_str(out, ",\"uid\":");
	buf_add_u64(out, entry->uid);
	add_string(
	    out, ",\"source\":\"", slice_of(entry_source_name(entry->source)));
	add_string(out, ",\"actor_type\":\"",
	    slice_of(entry_actor_name(entry->actor)));
	if (entry->actor != ENTRY_SYSTEM)
		add_string(out,
		    entry->actor == ENTRY_AGENT ? ",\"agent_name\":\""
						: ",\"user_name\":\"",
		    entry->actor_name);
	add_string(out, ",\"session_id\":\"", entry->session_id);
	add_string(out, ",\"call_id\":\"", entry->call_id);
	add_string(out, ",\"parent_call_id\":\"", entry->parent_call_id);
	add_string(out, ",\"trace_id\":\"", entry->trace_id);
	add_string(out, ",\"capability\":\"", entry->capability);
	add_string(
	    out, ",\"policy_tier\":\"", slice_of(entry_tier_name(entry->tier)));
	add_string(out, ",\"decided_by\":\"",
	    slice_of(entry_decider_name(entry->decider)));
	add_string(
	    out, ",\"status\":\"", slice_of(entry_status_name(entry->status)));
	if (entry->duration_ms.data != NULL) {
		buf_add_str(out, ",\"duration_ms\":");
		buf_add_slice(out, entry->duration_ms);
	}
	add_hash(out, ",\"payload_hash\":\"", entry->payload_hash);
	add_hash(out, ",\"prev_hash\":\"", entry->prev_hash);

	head = (struct slice){ out->data + begin, out->len - begin };
	sha256_digest(sha256, head, entry->entry_hash);
	add_hash(out, ",\"entry_hash\":\"", entry->entry_hash);
	buf_add_char(out, ',');
	buf_add_slice(out, payload);
	buf_add_str(out, "}\n");
}

/* --- checking ------------------------------------------------------------- */

static int
hash_check(struct sha256 *sha256, struct slice bytes, const char *field,
    const unsigned char expected[static SHA256_BYTES], struct error *err)
{
	unsigned char found[SHA256_BYTES];
	struct buf words = BUF_INIT;

	sha256_digest(sha256, bytes, found);
	if (memcmp(found, expected, SHA256_BYTES) == 0)
		return 0;
	buf_add_hex(&words, expected, SHA256_BYTES);
	buf_add_str(&words, ", its bytes make ");
	buf_add_hex(&words, found, SHA256_BYTES);
	error_set_field(
	    err, ERROR_CORRUPT, field, "%s says %s", field, words.data);
	buf_free(&words);
	return -1;
}

int
entry_check(struct sha256 *sha256, const struct entry *entry, struct error *err)
{
	if (hash_check(sha256, entry->head, "entry_hash", entry->entry_hash,
		err) == -1)
		return -1;
	if (entry->erased_by != 0)
		return 0;
	return hash_check(
	    sha256, entry->payload, "payload_hash", entry->payload_hash, err);
}
