#include "config/listing.h"

#include "config/settings.h"
#include "config/value.h"

struct listing {
	const struct config *config;
	bool only_said;
	struct buf *out;

	/* The present section. */
	const char *section;
	const char *name; /* NULL: none */
	bool is_begun;	  /* its head is written */
	/* What the section of an agent is called. */
	char agent[sizeof("agent ") + ENTRY_NAME_BYTES];
};

static void
begin(struct listing *listing, const char *section, const char *name)
{
	listing->section = section;
	listing->name = name;
	listing->is_begun = false;
}

static void
write_head(struct listing *listing)
{
	struct buf *out = listing->out;

	if (listing->is_begun)
		return;
	listing->is_begun = true;
	if (out->len > 0)
		buf_add_char(out, '\n');
	buf_addf(out, "[%s", listing->section);
	if (listing->name != NULL)
		buf_addf(out, " %s", listing->name);
	buf_add_str(out, "]\n");
}

static void
write_line(struct listing *listing, const struct setting *row, const char *key,
    const void *object)
{
	const struct config *config = listing->config;
	struct buf *out = listing->out;
	const struct origin *origin = origins_find(&config->origins,
	    slice_of(listing->section), slice_of(listing->name), slice_of(key));

	if (origin == NULL && listing->only_said)
		return;
	write_head(listing);
	if (origin != NULL)
		buf_addf(out, "# %s:%u\n", config->files[origin->file],
		    origin->line);
	buf_addf(out, "%s = ", key);
	value_write(row, object, out);
	while (out->data[out->len - 1] == ' ')
		buf_set_len(out, out->len - 1);
	buf_add_char(out, '\n');
}

/* All rows of the present section. */
static void
write_rows(struct listing *listing, const void *object)
{
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (strcmp(row->section, listing->section) == 0)
			write_line(listing, row, row->key, object);
}

static void
write_services(struct listing *listing)
{
	const struct config *config = listing->config;

	for (size_t i = 0; i < config->service_count; i++) {
		begin(listing, "service", config->services[i].name);
		write_rows(listing, config->services + i);
	}
}

static void
write_alerts(struct listing *listing)
{
	const struct config *config = listing->config;

	for (size_t i = 0; i < config->alert_count; i++) {
		begin(listing, "alert", config->alerts[i].name);
		write_rows(listing, config->alerts + i);
	}
}

static void
write_notifies(struct listing *listing)
{
	const struct config *config = listing->config;

	for (size_t i = 0; i < config->notify_count; i++) {
		begin(listing, "notify", config->notifies[i].name);
		write_rows(listing, config->notifies + i);
	}
}

/* The rules of the agent whose first rule is at `first`; NULL: of all. */
static void
write_rules_of(struct listing *listing, const char *agent, size_t first)
{
	const struct policy *policy = &listing->config->policy;
	const struct setting *row =
	    settings_find(SLICE_LITERAL("policy"), SLICE_LITERAL("*"));

	for (size_t i = first; i < policy->rule_count; i++)
		if (slice_equal(
			slice_of(policy->rules[i].agent), slice_of(agent)))
			write_line(listing, row, policy->rules[i].pattern,
			    policy->rules + i);
}

static bool
is_first_of_agent(const struct policy *policy, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (slice_equal(slice_of(policy->rules[i].agent),
			slice_of(policy->rules[place].agent)))
			return false;
	return policy->rules[place].agent != NULL;
}

static void
write_policy(struct listing *listing)
{
	const struct policy *policy = &listing->config->policy;

	begin(listing, "policy", NULL);
	write_rules_of(listing, NULL, 0);
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!is_first_of_agent(policy, i))
			continue;
		snprintf(listing->agent, sizeof(listing->agent), "agent %s",
		    policy->rules[i].agent);
		begin(listing, "policy", listing->agent);
		write_rules_of(listing, policy->rules[i].agent, i);
	}
}

static void
write_limits(struct listing *listing)
{
	const struct policy *policy = &listing->config->policy;
	const struct setting *row =
	    settings_find(SLICE_LITERAL("limit"), SLICE_LITERAL("*"));

	begin(listing, "limit", NULL);
	for (size_t i = 0; i < policy->limit_count; i++)
		write_line(listing, row, policy->limits[i].pattern,
		    policy->limits + i);
}

/* Sections that are there once are those of struct config itself. */
static void
write_section(struct listing *listing, const char *section)
{
	static const struct {
		const char *section;
		void (*write)(struct listing *listing);
	} others[] = {
		{ "policy", write_policy },
		{ "limit", write_limits },
		{ "service", write_services },
		{ "alert", write_alerts },
		{ "notify", write_notifies },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(section, others[i].section) == 0) {
			others[i].write(listing);
			return;
		}
	begin(listing, section, NULL);
	write_rows(listing, listing->config);
}

void
listing_write(const struct config *config, bool only_said, struct buf *out)
{
	struct listing listing = {
		.config = config,
		.only_said = only_said,
		.out = out,
	};
	const char *section = "";

	for (const struct setting *row = settings; row->section != NULL; row++)
		if (strcmp(row->section, section) != 0) {
			section = row->section;
			write_section(&listing, section);
		}
}
