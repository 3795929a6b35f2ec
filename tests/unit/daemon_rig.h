/* The core of the daemon over a disk that can fail (disk_model.h) and a clock
 * that stands still: start, add, flush, cut the power, start again.
 *
 * It keeps what a producer would: which entry was acknowledged under which
 * seq, and who was refused.
 */
#ifndef TESTS_UNIT_DAEMON_RIG_H
#define TESTS_UNIT_DAEMON_RIG_H

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/log_writer.h"
#include "collectors/kruxosd/recovery.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "log/chain.h"
#include "log/cursor.h"
#include "tests/unit/disk_model.h"
#include "tests/unit/maker.h"

enum { RIG_ENTRIES = 4096 };

struct rig_clock {
	struct clock clock;
	usec_t realtime;
	usec_t running; /* monotonic and boottime */
};

struct rig {
	struct model model;
	struct rig_clock clock;
	struct redactor *redactor;
	struct log_writer *writer;
	struct commit *commit;
	struct recovery recovery;
	struct recovery_known known;
	uint64_t added;		      /* entries, since the beginning */
	uint64_t seq_of[RIG_ENTRIES]; /* by number, from 0; 0: none */
	bool was_refused[RIG_ENTRIES];
	uint64_t last_told; /* tag of the last waiter called */
	unsigned told;
};

static inline usec_t
rig_realtime(struct clock *clock)
{
	return ((struct rig_clock *)clock)->realtime;
}

static inline usec_t
rig_running(struct clock *clock)
{
	return ((struct rig_clock *)clock)->running;
}

static inline void
rig_advance(struct rig *rig, usec_t duration)
{
	rig->clock.realtime += duration;
	rig->clock.running += duration;
}

/* Recover. */
static inline int
rig_recover(struct rig *rig, struct error *err)
{
	rig->writer = log_writer_new(&rig->model.disk, rig->model.dir, "audit");
	if (recovery_run(&rig->model.disk, rig->model.dir, "audit", &rig->known,
		rig->writer, &rig->recovery, err) == -1)
		return -1;
	rig->commit = commit_new(
	    &rig->clock.clock, rig->writer, rig->redactor, &rig->recovery.head);
	return 0;
}

/* Say what was found. */
static inline int
rig_say(struct rig *rig, struct error *err)
{
	if (rig->recovery.verdict != RECOVERY_WHOLE &&
	    recovery_record(&rig->recovery, rig->commit, NULL, err) == -1)
		return -1;
	commit_flush(rig->commit);
	return 0;
}

/* Both: be ready to commit. */
static inline int
rig_start(struct rig *rig, struct error *err)
{
	return rig_recover(rig, err) == -1 ? -1 : rig_say(rig, err);
}

static inline void
rig_stop(struct rig *rig)
{
	commit_free(rig->commit);
	rig->commit = NULL;
	log_writer_free(rig->writer);
	rig->writer = NULL;
}

static inline void
rig_init(struct rig *rig)
{
	*rig = (struct rig){ 0 };
	diag_init("", (enum diag_level)0); /* failures are what is tested */
	model_init(&rig->model);
	rig->clock.clock = (struct clock){
		.realtime = rig_realtime,
		.monotonic = rig_running,
		.boottime = rig_running,
	};
	rig->clock.realtime = MAKER_DAY + USEC_PER_HOUR;
	rig->clock.running = USEC_PER_DAY;
	rig->redactor = redact_new();
}

static inline void
rig_free(struct rig *rig)
{
	rig_stop(rig);
	redact_free(rig->redactor);
	model_free(&rig->model);
}

static inline void
rig_on_commit(
    void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct rig *rig = context;

	assert(rig->told == 0 || tag > rig->last_told);
	assert((seq == 0) == (err != NULL));
	rig->told++;
	rig->last_told = tag;
	if (err == NULL)
		rig->seq_of[tag] = seq;
	else
		rig->was_refused[tag] = true;
}

/* Add entry number rig->added, whose call_id is "call-N". */
static inline int
rig_add(struct rig *rig, struct error *err)
{
	struct entry entry = maker_entry();
	struct commit_waiter waiter = { rig_on_commit, rig, rig->added };
	char call[32];

	assert(rig->added < RIG_ENTRIES);
	snprintf(
	    call, sizeof(call), "call-%llu", (unsigned long long)rig->added++);
	entry.call_id = slice_of(call);
	return commit_add_json(rig->commit, &entry, "exit 0",
	    slice_of("{\"command\":\"make test\"}"), &waiter, NULL, err);
}

/* A batch of `count`, a second after the one before. */
static inline void
rig_commit(struct rig *rig, unsigned count)
{
	struct error err;

	rig_advance(rig, USEC_PER_SEC);
	for (unsigned i = 0; i < count; i++)
		if (rig_add(rig, &err) == -1)
			rig->was_refused[rig->added - 1] = true;
	commit_flush(rig->commit);
}

/* The verdict on what stands in the folder. */
static inline struct chain_result
rig_verify(struct rig *rig)
{
	struct chain_options options = { 0 };
	struct chain_result result;
	struct error err;

	if (chain_verify(rig->model.path, &options, &result, &err) == -1) {
		fprintf(stderr, "%s\n", err.sentence);
		abort();
	}
	return result;
}

/* The call_id of entry `seq` in the log: its number, or -1. */
static inline long
rig_number_at(struct rig *rig, uint64_t seq)
{
	struct error err;
	struct cursor *cursor = cursor_open(rig->model.path, &err);
	struct cursor_line line;
	struct entry entry;
	unsigned long number;
	long found = -1;

	assert(cursor != NULL);
	if (cursor_seek(cursor, seq, &err) == 0 &&
	    cursor_next(cursor, UINT64_MAX, &line, &err) == 1 &&
	    line.seq == seq && entry_parse(line.line, &entry, &err) == 0 &&
	    entry.call_id.len > 5) {
		char call[32];

		snprintf(call, sizeof(call), "%.*s", (int)entry.call_id.len,
		    entry.call_id.data);
		number = strtoul(call + 5, NULL, 10);
		found = (long)number;
	}
	cursor_free(cursor);
	return found;
}

/* How many entries have this capability; what cannot be read is passed over. */
static inline unsigned
rig_count(struct rig *rig, const char *capability)
{
	struct error err;
	struct cursor *cursor = cursor_open(rig->model.path, &err);
	struct cursor_line line;
	struct entry entry;
	unsigned count = 0;
	int more;

	assert(cursor != NULL);
	while ((more = cursor_next(cursor, UINT64_MAX, &line, &err)) == 1 ||
	       (more == -1 && err.code == ERROR_CORRUPT))
		if (more == 1 && entry_parse(line.line, &entry, &err) == 0 &&
		    slice_is(entry.capability, capability))
			count++;
	cursor_free(cursor);
	return count;
}

/* Every acknowledged entry stands where its seq says. */
static inline bool
rig_holds_all(struct rig *rig)
{
	for (uint64_t i = 0; i < rig->added; i++)
		if (rig->seq_of[i] != 0 &&
		    rig_number_at(rig, rig->seq_of[i]) != (long)i)
			return false;
	return true;
}

#endif
