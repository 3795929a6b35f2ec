#include "log/entry.h"

#include <assert.h>

static const struct slice actor_names[ENTRY_ACTORS] = {
	[ENTRY_AGENT] = SLICE_LITERAL("agent"),
	[ENTRY_USER] = SLICE_LITERAL("user"),
	[ENTRY_SYSTEM] = SLICE_LITERAL("system"),
};

static const struct slice source_names[ENTRY_SOURCES] = {
	[ENTRY_GATEWAY] = SLICE_LITERAL("gateway"),
	[ENTRY_HOOK] = SLICE_LITERAL("hook"),
	[ENTRY_OTLP] = SLICE_LITERAL("otlp"),
	[ENTRY_SDK] = SLICE_LITERAL("sdk"),
	[ENTRY_CLI] = SLICE_LITERAL("cli"),
	[ENTRY_DASHBOARD] = SLICE_LITERAL("dashboard"),
	[ENTRY_DAEMON] = SLICE_LITERAL("daemon"),
	[ENTRY_IMPORT] = SLICE_LITERAL("import"),
};

static const struct slice tier_names[ENTRY_TIERS] = {
	[ENTRY_AUTONOMOUS] = SLICE_LITERAL("autonomous"),
	[ENTRY_NOTIFY] = SLICE_LITERAL("notify"),
	[ENTRY_APPROVAL_REQUIRED] = SLICE_LITERAL("approval_required"),
	[ENTRY_BLOCKED] = SLICE_LITERAL("blocked"),
};

static const struct slice decider_names[ENTRY_DECIDERS] = {
	[ENTRY_BY_POLICY] = SLICE_LITERAL("policy"),
	[ENTRY_BY_USER] = SLICE_LITERAL("user"),
	[ENTRY_BY_HOOK] = SLICE_LITERAL("hook"),
	[ENTRY_BY_MODE] = SLICE_LITERAL("mode"),
	[ENTRY_BY_NONE] = SLICE_LITERAL("none"),
};

static const struct slice status_names[ENTRY_STATUSES] = {
	[ENTRY_SUCCESS] = SLICE_LITERAL("success"),
	[ENTRY_ERROR] = SLICE_LITERAL("error"),
	[ENTRY_DENIED] = SLICE_LITERAL("denied"),
	[ENTRY_PENDING] = SLICE_LITERAL("pending"),
};

const char *
entry_actor_name(enum entry_actor actor)
{
	return actor_names[actor].data;
}

const char *
entry_source_name(enum entry_source source)
{
	return source_names[source].data;
}

const char *
entry_tier_name(enum entry_tier tier)
{
	return tier_names[tier].data;
}

const char *
entry_status_name(enum entry_status status)
{
	return status_names[status].data;
}

static int
name_index(const struct slice *names, int count, struct slice name)
{
	for (int i = 0; i < count; i++)
		if (names[i].data != NULL && slice_equal(name, names[i]))
			return i;
	return -1;
}

int
entry_actor_of(struct slice name)
{
	return name_index(actor_names, ENTRY_ACTORS, name);
}

int
entry_source_of(struct slice name)
{
	return name_index(source_names, ENTRY_SOURCES, name);
}

int
entry_tier_of(struct slice name)
{
	return name_index(tier_names, ENTRY_TIERS, name);
}

int
entry_decider_of(struct slice name)
{
	return name_index(decider_names, ENTRY_DECIDERS, name);
}

int
entry_status_of(struct slice name)
{
	return name_index(status_names, ENTRY_STATUSES, name);
}

/* [A-Za-z0-9._:@/+-] */
static const bool name_characters[256] = {
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	['0' ... '9'] = true,
	['.'] = true,
	['_'] = true,
	[':'] = true,
	['@'] = true,
	['/'] = true,
	['+'] = true,
	['-'] = true,
};

bool
entry_is_name(struct slice text)
{
	if (text.len < 1 || text.len > ENTRY_NAME_BYTES || text.data[0] == '-')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!name_characters[(unsigned char)text.data[i]])
			return false;
	return true;
}

bool
entry_is_capability(struct slice text)
{
	return entry_is_name(text) && memchr(text.data, '.', text.len) != NULL;
}

bool
entry_is_reserved(struct slice capability)
{
	static const char *const families[] = {
		"log.",
		"audit.",
		"approval.",
		"alerts.",
		"rate_limit.",
		"policy.",
		"proxy.",
		"ingest.",
		"account.",
		"token.",
	};
	static const char *const names[] = {
		"session.start",
		"session.end",
		"agent.create",
		"agent.rotate",
		"agent.revoke",
	};

	if (slice_is(capability, "alerts.send"))
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (slice_starts_with(capability, slice_of(families[i])))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_is(capability, names[i]))
			return true;
	return false;
}

bool
entry_is_permanent(struct slice capability)
{
	return slice_starts_with(capability, SLICE_LITERAL("audit.")) ||
	       slice_starts_with(capability, SLICE_LITERAL("log."));
}

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
	add_string(out, ",\"source\":\"", source_names[entry->source]);
	add_string(out, ",\"actor_type\":\"", actor_names[entry->actor]);
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
	add_string(out, ",\"policy_tier\":\"", tier_names[entry->tier]);
	add_string(out, ",\"decided_by\":\"", decider_names[entry->decider]);
	add_string(out, ",\"status\":\"", status_names[entry->status]);
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
