/* The words of entries, and what may be a name: apart, because programs that
 * must start fast need them and no hashes. */
#include "log/entry.h"

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

const char *
entry_decider_name(enum entry_decider decider)
{
	return decider_names[decider].data;
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

void
entry_add_name(struct buf *out, struct slice text)
{
	size_t start = out->len;

	for (size_t i = 0; i < text.len && out->len - start < ENTRY_NAME_BYTES;
	     i++) {
		struct slice character = { text.data + i, 1 };
		bool is_inner = out->len > start && text.data[i] == '-';

		buf_add_slice(out, is_inner || entry_is_name(character)
				       ? character
				       : SLICE_LITERAL("_"));
	}
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
		"agent.deny",
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
