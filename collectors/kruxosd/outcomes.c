#include "collectors/kruxosd/outcomes.h"

#include "base/memory.h"

struct outcomes {
	struct recent *told;
	struct unnamed_calls *unnamed;
	outcomes_on_seen on_seen; /* NULL: nobody hears */
	void *context;
};

static void
say_end(const struct entry *entry, struct buf *out)
{
	buf_add_char(out, (char)('0' + entry->source));
	buf_add_slice(out, entry->session_id);
	buf_add_char(out, '\0'); /* in no name */
	buf_add_slice(out, entry->call_id);
}

struct outcomes *
outcomes_new(const struct recent *elder, recent_find find, void *find_context)
{
	struct outcomes *outcomes = memory_new(sizeof(*outcomes));

	outcomes->told = recent_new_by(say_end, elder, find, find_context);
	outcomes->unnamed = unnamed_calls_new();
	return outcomes;
}

void
outcomes_free(struct outcomes *outcomes)
{
	if (outcomes == NULL)
		return;
	recent_free(outcomes->told);
	unnamed_calls_free(outcomes->unnamed);
	free(outcomes);
}

struct unnamed_calls *
outcomes_unnamed(struct outcomes *outcomes)
{
	return outcomes->unnamed;
}

bool
outcomes_is_one(const struct entry *entry)
{
	return entry->actor == ENTRY_AGENT &&
	       (entry->source == ENTRY_HOOK || entry->source == ENTRY_OTLP) &&
	       entry->status != ENTRY_PENDING && entry->call_id.data != NULL;
}

void
outcomes_set_listener(
    struct outcomes *outcomes, outcomes_on_seen on_seen, void *context)
{
	outcomes->on_seen = on_seen;
	outcomes->context = context;
}

static bool
look_by(struct outcomes *outcomes, const struct entry *entry,
    enum entry_source source, struct slice session_id, usec_t now,
    struct recent_match *ret)
{
	struct entry probe = *entry;

	probe.source = source;
	probe.session_id = session_id;
	return recent_look(outcomes->told, &probe, now, ret);
}

/* Telemetry is sent again by itself when it had no answer; hooks are not. */
static bool
is_told(struct outcomes *outcomes, const struct entry *entry,
    struct slice thread, usec_t now, struct recent_match *ret)
{
	struct slice session = entry->session_id;

	if (entry->source == ENTRY_OTLP)
		return look_by(
			   outcomes, entry, ENTRY_HOOK, session, now, ret) ||
		       look_by(outcomes, entry, ENTRY_OTLP, session, now, ret);
	return look_by(outcomes, entry, ENTRY_OTLP, session, now, ret) ||
	       (thread.data != NULL &&
		   look_by(outcomes, entry, ENTRY_OTLP, thread, now, ret));
}

bool
outcomes_look(struct outcomes *outcomes, const struct entry *entry,
    struct slice thread, usec_t now, struct recent_match *ret)
{
	bool is_known = is_told(outcomes, entry, thread, now, ret);

	if (outcomes->on_seen != NULL)
		outcomes->on_seen(outcomes->context, entry, thread, is_known);
	return is_known;
}

unsigned
outcomes_names(const struct entry *entry, struct slice thread)
{
	return entry->source == ENTRY_HOOK && thread.data != NULL ? 2 : 1;
}

void
outcomes_begin(struct outcomes *outcomes, const struct entry *entry,
    struct slice thread, usec_t now, uint64_t ticket)
{
	struct recent_match ignored;

	if (entry->source == ENTRY_HOOK)
		look_by(outcomes, entry, ENTRY_HOOK, entry->session_id, now,
		    &ignored);
	recent_begin(outcomes->told, ticket);
	if (outcomes_names(entry, thread) == 1)
		return;
	look_by(outcomes, entry, ENTRY_HOOK, thread, now, &ignored);
	recent_begin(outcomes->told, ticket);
}

void
outcomes_end(struct outcomes *outcomes, unsigned names, uint64_t seq, usec_t at)
{
	while (names-- > 0)
		recent_end(outcomes->told, seq, at);
}

void
outcomes_add(struct outcomes *outcomes, const struct entry *entry)
{
	if (outcomes_is_one(entry))
		recent_add(outcomes->told, entry);
}

void
outcomes_set_indexed(struct outcomes *outcomes, uint64_t seq)
{
	recent_set_indexed(outcomes->told, seq);
}

void
outcomes_trim(struct outcomes *outcomes)
{
	recent_trim(outcomes->told);
}
