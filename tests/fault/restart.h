/* Another daemon starts over a disk as a power cut has left it, and what must
 * hold then is looked for:
 *
 *  - what was acknowledged stands at its seq, with its hash;
 *  - the chain verifies, and nothing is called damaged that is not;
 *  - damage is called damage, by its place, and stays as it is;
 *  - what an audit.erase in the log names is nowhere on the disk any more, and
 *    what a log.retention names has gone;
 *  - no entry is in the log twice, none that nobody sent;
 *  - starting again changes nothing.
 */
#ifndef TESTS_FAULT_RESTART_H
#define TESTS_FAULT_RESTART_H

#include "base/number.h"
#include "tests/fault/world.h"

/* What was done to the disk besides, if `name` is not empty. */
struct damage {
	char name[MEDIUM_NAME_SIZE];
	uint64_t line;	 /* offset of the first line that it is in … */
	uint64_t offset; /* … of its first byte … */
	size_t len;	 /* … and how many there are */
	uint64_t seq;	 /* of that line */
	bool is_certain; /* it must be found */
};

struct restart {
	struct world *world;
	struct core core;
	struct damage damage;
	bool disk_fails;	     /* in this run: promises may wait */
	bool *is_there;		     /* [seq] an entry that was acknowledged */
	bool *was_sent;		     /* [number] stands in the log */
	bool *is_erased;	     /* [number] … without its payload */
	struct medium_name *removed; /* by retention, says the log */
	size_t removed_count, removed_capacity;
	bool has_started;
	uint64_t resumed; /* the log went on behind this seq */
};

static inline void
restart_init(struct restart *restart, struct world *world)
{
	const struct rig *live = &world->live.rig;
	struct rig *rig = &restart->core.rig;

	*restart = (struct restart){ .world = world };
	model_init(&rig->model);
	rig->clock = live->clock;
	rig->redactor = live->redactor;
	rig_advance(rig, USEC_PER_MIN);
	restart->is_there = memory_new(world->durable + 1);
	restart->was_sent = memory_new(live->added + 1);
	restart->is_erased = memory_new(live->added + 1);
}

static inline void
restart_free(struct restart *restart)
{
	core_stop(&restart->core);
	model_free(&restart->core.rig.model);
	free(restart->is_there);
	free(restart->was_sent);
	free(restart->removed);
	free(restart->is_erased);
}

/* --- the log ------------------------------------------------------------- */

static inline void
restart_see_line(struct restart *restart, const struct entry *entry)
{
	const struct world *world = restart->world;
	long number = world_number(entry);

	if (entry->seq <= world->durable && entry->seq <= restart->resumed) {
		if (memcmp(world->entries[entry->seq].hash, entry->entry_hash,
			SHA256_BYTES) != 0)
			fault_fail(world->fault, "entry %llu is another one",
			    (unsigned long long)entry->seq);
		restart->is_there[entry->seq] = true;
	}
	if (restart->damage.name[0] == '\0' &&
	    slice_is(entry->capability, "log.damaged"))
		fault_fail(world->fault, "entry %llu calls damaged: %.*s",
		    (unsigned long long)entry->seq, SLICE_ARG(entry->summary));
	if (number == WORLD_NO_NUMBER)
		return;
	if ((uint64_t)number >= world->live.rig.added)
		fault_fail(world->fault, "call-%ld was never sent", number);
	if (restart->was_sent[number])
		fault_fail(
		    world->fault, "call-%ld is in the log twice", number);
	restart->was_sent[number] = true;
	restart->is_erased[number] = entry->erased_by != 0;
}

/* Where the disk gives a file back it leaves the log again, and counts once in
 * the totals. */
static inline void
restart_see_removal(struct restart *restart, const char *name, int files)
{
	struct medium_name *removed;

	for (size_t i = 0; i < restart->removed_count; i++)
		if (strcmp(restart->removed[i].name, name) == 0 &&
		    restart->removed[i].file != files)
			fault_fail(restart->world->fault,
			    "%s counts twice as a file that left", name);
	restart->removed =
	    memory_grow(restart->removed, &restart->removed_capacity,
		restart->removed_count + 1, sizeof(restart->removed[0]));
	removed = &restart->removed[restart->removed_count++];
	removed->file = files;
	snprintf(removed->name, MEDIUM_NAME_SIZE, "%s", name);
}

/* What the entry promises must be done. */
static inline void
restart_see_promise(struct restart *restart, const struct entry *entry)
{
	const struct world *world = restart->world;
	struct json_reader *reader = &restart->world->reader;
	const struct json_node *node;
	struct error err;

	if (entry->actor == ENTRY_AGENT ||
	    json_reader_read(reader, entry->request, &err) == -1)
		return;
	if (slice_is(entry->capability, "log.retention")) {
		char name[MEDIUM_NAME_SIZE];

		node = json_reader_member(reader, reader->nodes, "file");
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(node->text));
		node = json_reader_member(reader, reader->nodes, "removed");
		node = json_reader_member(reader, node, "files");
		restart_see_removal(
		    restart, name, (int)strtol(node->text.data, NULL, 10));
		if (!restart->disk_fails &&
		    medium_find(&restart->core.rig.model.medium, name) != NULL)
			fault_fail(world->fault,
			    "%s has left the log and is there", name);
	}
	if (restart->disk_fails || !slice_is(entry->capability, "audit.erase"))
		return;
	node = json_reader_member(reader, reader->nodes, "seqs");
	for (const struct json_node *seq = json_reader_first(reader, node);
	     seq != NULL; seq = json_reader_next(reader, node, seq)) {
		uint64_t value;
		long number;

		if (number_parse_u64(seq->text, 1, world->durable, &value) ==
		    -1)
			abort();
		number = world->entries[value].number;
		if (restart->was_sent[number] && !restart->is_erased[number])
			fault_fail(world->fault,
			    "%llu names %llu, which is not erased",
			    (unsigned long long)entry->seq,
			    (unsigned long long)value);
	}
}

static inline void
restart_read_file(struct restart *restart, const struct logfile *file)
{
	const struct medium_file *found =
	    medium_find(&restart->core.rig.model.medium, file->name);
	struct slice rest = { found->now.data, (size_t)file->length };
	const char *newline;

	/* What does not end in a newline is no line, were it all there: a write
	 * behind which nothing was promised. */
	while ((newline = memchr(rest.data, '\n', rest.len)) != NULL) {
		size_t len = (size_t)(newline - rest.data);
		struct entry entry;
		struct error ignored;

		if (entry_parse((struct slice){ rest.data, len }, &entry,
			&ignored) == 0 &&
		    (restart->damage.name[0] == '\0' ||
			entry_check(restart->world->sha256, &entry, &ignored) ==
			    0)) {
			restart_see_line(restart, &entry);
			restart_see_promise(restart, &entry);
		}
		rest.data += len + 1;
		rest.len -= len + 1;
	}
}

/* What was acknowledged is there, from where the log begins; of a damaged one
 * without the lines that are damaged. */
static inline void
restart_check_entries(struct restart *restart, uint64_t first_seq)
{
	const struct world *world = restart->world;
	const struct damage *damage = &restart->damage;
	uint64_t missing = 0;

	/* Where the first line is damaged nobody knows where the log begins. */
	while (damage->name[0] != '\0' && first_seq <= world->durable &&
	       !restart->is_there[first_seq])
		first_seq++;
	for (uint64_t seq = first_seq; seq <= world->durable; seq++) {
		if (restart->is_there[seq])
			continue;
		if (damage->name[0] == '\0' || seq < damage->seq)
			fault_fail(world->fault,
			    "the acknowledged entry %llu is gone",
			    (unsigned long long)seq);
		missing++;
	}
	/* A line is 400 bytes at least. */
	if (missing > 1 + damage->len / 400 + 1)
		fault_fail(world->fault,
		    "%zu bytes were damaged, and %llu entries are gone",
		    damage->len, (unsigned long long)missing);
}

/* The text of what was erased is nowhere on the disk. */
static inline void
restart_check_marks(const struct restart *restart)
{
	static const char mark[] = "mark-";
	const struct medium *medium = &restart->core.rig.model.medium;

	for (size_t i = 0; i < medium->name_count; i++) {
		const struct buf *bytes;
		const char *at, *end;

		if (medium->names[i].file < 0)
			continue;
		bytes = &medium->files[medium->names[i].file].now;
		at = bytes->data;
		end = bytes->data + bytes->len;
		while ((at = memmem(at, (size_t)(end - at), mark,
			    sizeof(mark) - 1)) != NULL) {
			unsigned long number;

			at += sizeof(mark) - 1;
			number = strtoul(at, NULL, 10);
			if (number < restart->world->live.rig.added &&
			    restart->is_erased[number])
				fault_fail(restart->world->fault,
				    "call-%lu is erased, and its text is in %s",
				    number, medium->names[i].name);
		}
	}
}

static inline void
restart_check_log(struct restart *restart, uint64_t first_seq)
{
	const struct world *world = restart->world;
	struct logfile_list list;
	struct error err;

	restart->removed_count = 0;
	memset(restart->is_there, 0, world->durable + 1);
	memset(restart->was_sent, 0, world->live.rig.added + 1);
	memset(restart->is_erased, 0, world->live.rig.added + 1);
	if (logfile_list_read(restart->core.rig.model.dir, &list, &err) == -1)
		fault_fail(world->fault, "%s", err.sentence);
	for (size_t i = 0; i < list.count; i++)
		restart_read_file(restart, &list.files[i]);
	logfile_list_free(&list);
	restart_check_entries(restart, first_seq);
	if (!restart->disk_fails)
		restart_check_marks(restart);
}

/* --- the verdict --------------------------------------------------------- */

static inline struct chain_result
restart_verify(struct restart *restart)
{
	struct chain_options options = {
		.synced_seq = restart->core.rig.known.seq,
	};
	struct chain_result result;
	struct error err;

	if (chain_verify(
		restart->core.rig.model.path, &options, &result, &err) == -1)
		fault_fail(restart->world->fault, "%s", err.sentence);
	return result;
}

static inline void
restart_check_whole(struct restart *restart)
{
	struct fault *fault = restart->world->fault;
	const struct recovery *recovery = &restart->core.rig.recovery;
	struct chain_result result;

	if (recovery->verdict == RECOVERY_DAMAGED)
		fault_fail(fault, "called damaged: %s", recovery->sentence);
	if (restart->resumed < restart->world->durable)
		fault_fail(fault,
		    "the log goes on behind %llu, and %llu was acknowledged",
		    (unsigned long long)restart->resumed,
		    (unsigned long long)restart->world->durable);
	result = restart_verify(restart);
	if (!result.is_whole || result.is_torn)
		fault_fail(fault,
		    "%s, line %llu, entry %llu: %s: expected %s, found %s",
		    result.fault.file, (unsigned long long)result.fault.line,
		    (unsigned long long)result.fault.seq, result.fault.what,
		    result.fault.expected, result.fault.found);
	restart_check_log(
	    restart, result.first_seq == 0 ? 1 : result.first_seq);
}

/* The log goes on behind the last entry that can be read or is known: a seq
 * that somebody was told is not given again. */
static inline void
restart_check_resumed(const struct restart *restart)
{
	uint64_t least = restart->world->durable;

	if (least == restart->damage.seq && least > restart->core.rig.known.seq)
		least--;
	if (restart->resumed < least)
		fault_fail(restart->world->fault,
		    "the log goes on behind %llu, not behind %llu",
		    (unsigned long long)restart->resumed,
		    (unsigned long long)least);
}

/* It is found, by its place, and is as it was. */
static inline void
restart_check_damaged(struct restart *restart)
{
	struct fault *fault = restart->world->fault;
	const struct damage *damage = &restart->damage;
	struct chain_result result = restart_verify(restart);

	if (!damage->is_certain)
		return;
	restart_check_resumed(restart);
	if (result.is_whole)
		fault_fail(fault, "damage in %s at %llu is not found",
		    damage->name, (unsigned long long)damage->offset);
	if (strcmp(result.fault.file, damage->name) != 0 ||
	    result.fault.offset != damage->line)
		fault_fail(fault,
		    "damage in %s at %llu, line at %llu, is found in %s at "
		    "%llu (%s)",
		    damage->name, (unsigned long long)damage->offset,
		    (unsigned long long)damage->line, result.fault.file,
		    (unsigned long long)result.fault.offset, result.fault.what);
	restart_check_log(restart, result.first_seq);
}

/* --- starting ------------------------------------------------------------ */

static inline void
restart_start(struct restart *restart)
{
	struct error err;

	if (restart->core.state == NULL)
		restart->core.state = world_spare(restart->world);
	if (core_start(&restart->core, &err) == -1)
		fault_fail(
		    restart->world->fault, "the start fails: %s", err.sentence);
	if (!restart->has_started)
		restart->resumed = restart->core.rig.recovery.head.seq;
	restart->has_started = true;
}

static inline void
restart_check(struct restart *restart)
{
	/* What leaves the log takes its damage with it. */
	if (medium_find(
		&restart->core.rig.model.medium, restart->damage.name) == NULL)
		restart->damage.name[0] = '\0';
	if (restart->damage.name[0] == '\0')
		restart_check_whole(restart);
	else
		restart_check_damaged(restart);
}

/* The same files with the same bytes? */
static inline void
restart_compare(const struct restart *restart, const struct medium *before)
{
	const struct medium *now = &restart->core.rig.model.medium;
	struct fault *fault = restart->world->fault;

	if (now->name_count != before->name_count)
		fault_fail(fault, "started again there are %zu names, not %zu",
		    now->name_count, before->name_count);
	for (size_t i = 0; i < before->name_count; i++) {
		const char *name = before->names[i].name;
		const struct medium_file *was = medium_find(before, name);
		const struct medium_file *is = medium_find(now, name);

		if ((was == NULL) != (is == NULL) ||
		    (was != NULL && (was->now.len != is->now.len ||
					memcmp(was->now.data, is->now.data,
					    is->now.len) != 0)))
			fault_fail(fault, "started again %s is another", name);
	}
}

static inline void
restart_again(struct restart *restart)
{
	struct rig *rig = &restart->core.rig;
	struct medium before;

	core_stop(&restart->core);
	medium_copy(&before, &rig->model.medium);
	rig_advance(rig, USEC_PER_MIN);
	restart_start(restart);
	if (restart->damage.name[0] == '\0') {
		if (rig->recovery.verdict != RECOVERY_WHOLE)
			fault_fail(restart->world->fault, "started again: %s",
			    rig->recovery.sentence);
		restart_compare(restart, &before);
	}
	medium_free(&before);
}

/* It takes an entry, behind all that was told. */
static inline void
restart_goes_on(struct restart *restart)
{
	struct rig *rig = &restart->core.rig;
	struct commit_waiter waiter = { rig_on_commit, rig, 0 };
	struct slice none = { NULL, 0 };
	struct error err;

	rig->told = 0;
	rig->seq_of[0] = 0;
	rig_advance(rig, USEC_PER_SEC);
	if (commit_add_system(rig->commit, "test.entry", ENTRY_SUCCESS, NULL,
		none, &waiter, &err) == -1)
		fault_fail(restart->world->fault, "%s", err.sentence);
	commit_flush(rig->commit);
	if (rig->seq_of[0] <= restart->resumed)
		fault_fail(restart->world->fault,
		    "a new entry has the seq %llu; %llu was told",
		    (unsigned long long)rig->seq_of[0],
		    (unsigned long long)restart->resumed);
}

/* What index and status page know: nothing, what they knew once, or all. */
static inline void
restart_know(struct restart *restart, size_t kind, uint64_t *chance)
{
	const struct world *world = restart->world;
	struct recovery_known *known = &restart->core.rig.known;

	*known = (struct recovery_known){ 0 };
	if (world->head_count == 0)
		return;
	if (kind == 1)
		*known = world->heads[chance_below(chance, world->head_count)];
	else if (kind == 2)
		*known = world->heads[world->head_count - 1];
}

#endif
