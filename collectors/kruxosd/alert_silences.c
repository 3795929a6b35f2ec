#include "collectors/kruxosd/alert_silences.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <assert.h>

struct kept {
	struct silence silence;
	struct arena arena; /* its text */
};

struct alert_silences {
	struct kept *kept[SILENCES];
	size_t count;
	uint64_t next_id;
};

struct alert_silences *
alert_silences_new(void)
{
	struct alert_silences *silences = memory_new(sizeof(*silences));

	silences->next_id = 1;
	return silences;
}

static void
free_kept(struct kept *kept)
{
	arena_free(&kept->arena);
	free(kept);
}

void
alert_silences_free(struct alert_silences *silences)
{
	if (silences == NULL)
		return;
	for (size_t i = 0; i < silences->count; i++)
		free_kept(silences->kept[i]);
	free(silences);
}

void
alert_silences_set_next_id(struct alert_silences *silences, uint64_t id)
{
	if (id > silences->next_id)
		silences->next_id = id;
}

const struct silence *
alert_silences_add(struct alert_silences *silences,
    const struct silence *silence, struct error *err)
{
	cleanup(buf_free) struct buf matchers = BUF_INIT;
	struct kept *kept;
	struct error ignored;

	if (silences->count == SILENCES) {
		error_set(
		    err, ERROR_BUSY, "there are %d silences already", SILENCES);
		return NULL;
	}
	kept = memory_new(sizeof(*kept));
	kept->silence = *silence;
	kept->silence.author = arena_slice(&kept->arena, silence->author);
	kept->silence.reason = arena_slice(&kept->arena, silence->reason);
	silence_write(silence, &matchers);
	if (silence_read(&kept->silence,
		arena_slice(&kept->arena, buf_slice(&matchers)),
		&ignored) == -1)
		assert(!"what was read can be read again");
	if (silence->id == 0)
		kept->silence.id = silences->next_id;
	alert_silences_set_next_id(silences, kept->silence.id + 1);
	silences->kept[silences->count++] = kept;
	return &kept->silence;
}

const struct silence *
alert_silences_find(const struct alert_silences *silences, uint64_t id)
{
	for (size_t i = 0; i < silences->count; i++)
		if (silences->kept[i]->silence.id == id)
			return &silences->kept[i]->silence;
	return NULL;
}

const struct silence *
alert_silences_at(const struct alert_silences *silences, size_t place)
{
	return place < silences->count ? &silences->kept[place]->silence : NULL;
}

const struct silence *
alert_silences_match(
    const struct alert_silences *silences, const struct alert *alert)
{
	for (size_t i = 0; i < silences->count; i++)
		if (silence_matches(&silences->kept[i]->silence, alert))
			return &silences->kept[i]->silence;
	return NULL;
}

static bool
means_any(const struct silence *silence, const struct alert_engine *engine)
{
	const struct alert *alert;

	for (size_t i = 0; (alert = alert_engine_at(engine, i)) != NULL; i++)
		if (alert->state != ALERT_RESOLVED &&
		    silence_matches(silence, alert))
			return true;
	return false;
}

const struct silence *
alert_silences_over(const struct alert_silences *silences,
    const struct alert_engine *engine, usec_t now)
{
	for (size_t i = 0; i < silences->count; i++) {
		const struct silence *silence = &silences->kept[i]->silence;

		if (now >= silence->ends_at ||
		    (silence->until_resolved && !means_any(silence, engine)))
			return silence;
	}
	return NULL;
}

void
alert_silences_remove(struct alert_silences *silences, uint64_t id)
{
	for (size_t i = 0; i < silences->count; i++) {
		if (silences->kept[i]->silence.id != id)
			continue;
		free_kept(silences->kept[i]);
		silences->kept[i] = silences->kept[--silences->count];
		return;
	}
}
