/* Damage, done to a disk while no daemon runs: one letter of a line becomes
 * another, or a sector becomes zeros.
 *
 * A letter must always be found: an unfinished write leaves gaps, never other
 * letters. Zeros look like one: they must be found where two later batches
 * stand behind them, or where index or status page know the entry.
 */
#ifndef TESTS_FAULT_DAMAGE_H
#define TESTS_FAULT_DAMAGE_H

#include "tests/fault/restart.h"

/* The line at `at` of the file, and whether it is one that may be damaged: it
 * was acknowledged, and nothing that a start does changes it. */
static inline bool
damage_takes(const struct world *world, const struct buf *bytes, size_t at,
    struct slice *ret_line, struct entry *ret_entry)
{
	const char *from = bytes->data + at;
	const char *newline = memchr(from, '\n', bytes->len - at);
	struct error ignored;

	if (newline == NULL)
		return false;
	*ret_line = (struct slice){ from, (size_t)(newline - from) };
	return entry_parse(*ret_line, ret_entry, &ignored) == 0 &&
	       ret_entry->seq <= world->durable &&
	       !world->entries[ret_entry->seq].is_named &&
	       !slice_is(ret_entry->capability, "audit.erase") &&
	       !slice_is(ret_entry->capability, "log.retention");
}

/* Later batches that are durable and stand in the same file. */
static inline unsigned
damage_later_batches(const struct world *world, const struct buf *bytes,
    size_t at, usec_t recorded_at)
{
	unsigned batches = 0;
	const char *newline;

	while ((newline = memchr(bytes->data + at, '\n', bytes->len - at)) !=
	       NULL) {
		struct slice line = { bytes->data + at,
			(size_t)(newline - bytes->data) - at };
		struct entry entry;
		struct error ignored;

		if (entry_parse(line, &entry, &ignored) == 0 &&
		    entry.seq <= world->durable &&
		    entry.recorded_at > recorded_at) {
			recorded_at = entry.recorded_at;
			batches++;
		}
		at += line.len + 1;
	}
	return batches;
}

/* Another letter or digit than the one that is there. */
static inline void
damage_letter(struct damage *damage, struct buf *bytes, struct slice line,
    uint64_t *chance)
{
	size_t at =
	    (size_t)(line.data - bytes->data) + chance_below(chance, line.len);
	char letter = (char)('a' + (char)chance_below(chance, 26));

	if (bytes->data[at] == letter)
		letter = '7';
	bytes->data[at] = letter;
	damage->offset = at;
	damage->len = 1;
	damage->is_certain = true;
}

static inline void
damage_sector(struct damage *damage, const struct restart *restart,
    struct buf *bytes, struct slice line, usec_t recorded_at)
{
	size_t at = (size_t)(line.data - bytes->data);
	uint64_t known = restart->core.rig.known.seq;

	/* A whole sector of lines that may all be damaged. */
	at += MEDIUM_SECTOR - at % MEDIUM_SECTOR;
	if (at + MEDIUM_SECTOR > (size_t)(line.data - bytes->data) + line.len)
		return;
	memset(bytes->data + at, 0, MEDIUM_SECTOR);
	damage->offset = at;
	damage->len = MEDIUM_SECTOR;
	damage->is_certain =
	    known >= damage->seq || damage_later_batches(restart->world, bytes,
					at + MEDIUM_SECTOR, recorded_at) >= 2;
}

/* Damage a line of `medium`, if one is found that may be; restart->damage says
 * which. */
static inline void
damage_do(struct restart *restart, struct medium *medium, uint64_t *chance)
{
	struct damage *damage = &restart->damage;
	const struct medium_name *name;
	struct buf *bytes;
	struct slice line;
	struct entry entry;
	size_t at;

	if (medium->name_count == 0)
		return;
	name = &medium->names[chance_below(chance, medium->name_count)];
	if (name->file < 0 || strchr(name->name, '/') != NULL)
		return;
	bytes = &medium->files[name->file].now;
	if (bytes->len == 0)
		return;
	at = chance_below(chance, bytes->len);
	while (at > 0 && bytes->data[at - 1] != '\n')
		at--;
	if (!damage_takes(restart->world, bytes, at, &line, &entry))
		return;
	damage->line = at;
	damage->seq = entry.seq;
	if (chance_one_in(chance, 2))
		damage_letter(damage, bytes, line, chance);
	else
		damage_sector(damage, restart, bytes, line, entry.recorded_at);
	if (damage->len > 0)
		snprintf(damage->name, sizeof(damage->name), "%s", name->name);
}

#endif
