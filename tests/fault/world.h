/* A run of the daemon's core, made of one seed: five producers, midnights,
 * retention, erasures; and what everybody was told meanwhile.
 *
 * Time is handed in, so that a day is a turn. The text of each entry holds its
 * mark, "mark-17-", by which it is found again wherever it is.
 */
#ifndef TESTS_FAULT_WORLD_H
#define TESTS_FAULT_WORLD_H

#include "tests/fault/fault.h"
#include "tests/unit/daemon_core.h"

enum {
	WORLD_PRODUCERS = 5,
	WORLD_DAYS = 2, /* retention */
	WORLD_NO_NUMBER = -1,
};

/* An entry that is durable: by its seq, from 1. */
struct world_entry {
	unsigned char hash[SHA256_BYTES];
	long number; /* of the producers' entries, or WORLD_NO_NUMBER */
	usec_t recorded_at;
	bool is_named; /* by an erasure that was asked for */
};

/* How much of what happens how often. */
struct world_shape {
	unsigned entries; /* of a world_run() */
	bool is_whole;	  /* it ends with them, however long it takes */
	unsigned entries_a_day;
	unsigned entries_a_turn; /* of a producer, at most */
	unsigned erasure_in;	 /* one in so many turns */
};

struct world {
	struct fault *fault;
	struct world_shape shape;
	uint64_t chance;
	struct core live;
	char state_dir[64];
	struct state *spare; /* a state.db that knows nothing */
	struct sha256 *sha256;
	struct json_reader reader;
	struct command_caller caller;
	unsigned erasures; /* that were done */

	struct world_entry *entries; /* [seq] */
	size_t capacity;
	struct recovery_known *heads; /* after each batch */
	size_t head_count, head_capacity;
	uint64_t durable;	      /* the last seq */
	uint64_t next_day;	      /* when so many have been added */
	char file[LOGFILE_NAME_SIZE]; /* read so far: … */
	uint64_t offset;	      /* … up to here */
};

/* --- what is durable ----------------------------------------------------- */

static inline long
world_number(const struct entry *entry)
{
	if (!slice_starts_with(entry->call_id, SLICE_LITERAL("call-")))
		return WORLD_NO_NUMBER;
	return strtol(entry->call_id.data + 5, NULL, 10);
}

static inline void
world_learn_line(struct world *world, struct slice line)
{
	struct entry entry;
	struct error err;
	struct world_entry *known;

	if (entry_parse(line, &entry, &err) == -1)
		fault_fail(
		    world->fault, "a line that was written: %s", err.sentence);
	world->entries = memory_grow(world->entries, &world->capacity,
	    (size_t)entry.seq + 1, sizeof(world->entries[0]));
	known = &world->entries[entry.seq];
	*known = (struct world_entry){
		.number = world_number(&entry),
		.recorded_at = entry.recorded_at,
	};
	memcpy(known->hash, entry.entry_hash, SHA256_BYTES);
	if (entry.seq != world->durable + 1)
		fault_fail(world->fault, "seq %llu is followed by %llu",
		    (unsigned long long)world->durable,
		    (unsigned long long)entry.seq);
	world->durable = entry.seq;
}

/* The lines that stand in the file and are new. */
static inline void
world_on_durable(void *context, const struct commit_head *head)
{
	struct world *world = context;
	const struct rig *rig = &world->live.rig;
	const char *name = log_writer_name(rig->writer);
	const struct medium_file *file = medium_find(&rig->model.medium, name);
	uint64_t end = log_writer_bytes(rig->writer);
	struct recovery_known *known;

	if (strcmp(name, world->file) != 0)
		world->offset = 0;
	snprintf(world->file, sizeof(world->file), "%s", name);
	while (world->offset < end) {
		const char *from = file->now.data + world->offset;
		const char *newline =
		    memchr(from, '\n', (size_t)(end - world->offset));

		assert(newline != NULL);
		world_learn_line(
		    world, (struct slice){ from, (size_t)(newline - from) });
		world->offset += (uint64_t)(newline - from) + 1;
	}
	if (world->durable != head->seq)
		fault_fail(world->fault, "the head is %llu, the last line %llu",
		    (unsigned long long)head->seq,
		    (unsigned long long)world->durable);
	world->heads = memory_grow(world->heads, &world->head_capacity,
	    world->head_count + 1, sizeof(world->heads[0]));
	known = &world->heads[world->head_count++];
	known->seq = head->seq;
	memcpy(known->hash, head->hash, SHA256_BYTES);
}

/* Nobody touches this log from outside. */
static inline void
world_on_damaged(void *context, const struct error *err)
{
	struct world *world = context;

	fault_fail(world->fault, "called damaged: %s", err->sentence);
}

/* --- beginning and end --------------------------------------------------- */

static inline void
world_on_answer(struct command_caller *caller, struct slice line)
{
	struct world *world =
	    (struct world *)((char *)caller - offsetof(struct world, caller));

	world->erasures +=
	    memmem(line.data, line.len, "\"erased\":", 9) != NULL;
}

static inline struct state *
world_open_state(struct world *world, const char *name)
{
	char path[96];
	struct error err;
	struct state *state;

	snprintf(path, sizeof(path), "%s/%s", world->state_dir, name);
	state = state_open(path, &world->live.rig.clock.clock, &err);
	if (state == NULL)
		fault_fail(world->fault, "state.db: %s", err.sentence);
	return state;
}

/* For who starts with a state.db of which nothing is left. */
static inline struct state *
world_spare(struct world *world)
{
	if (world->spare == NULL)
		world->spare = world_open_state(world, "spare.db");
	return world->spare;
}

static inline void
world_init(struct world *world, struct fault *fault,
    const struct world_shape *shape, uint64_t chance)
{
	*world = (struct world){
		.fault = fault,
		.shape = *shape,
		.chance = chance,
		.sha256 = sha256_new(),
		.reader = JSON_READER_INIT,
		.caller = { .on_answer = world_on_answer },
		.next_day = shape->entries_a_day,
	};
	rig_init(&world->live.rig);
	snprintf(world->state_dir, sizeof(world->state_dir),
	    "%s/kruxos-state-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(world->state_dir) == NULL)
		abort();
	world->live.state = world_open_state(world, "state.db");
	world->live.listener = (struct commit_listener){
		.on_durable = world_on_durable,
		.on_damaged = world_on_damaged,
		.context = world,
	};
}

static inline void
world_start(struct world *world)
{
	struct error err;

	if (core_start(&world->live, &err) == -1)
		fault_fail(world->fault, "the start fails: %s", err.sentence);
	retention_set_days(world->live.retention, WORLD_DAYS);
}

/* A whole run in which nothing was erased and nothing removed shows nothing. */
static inline void
world_check_run(const struct world *world)
{
	if (world->erasures == 0 || world->live.removals == 0)
		fault_fail(world->fault, "%u erasures, %u removals",
		    world->erasures, world->live.removals);
}

static inline void
world_free(struct world *world)
{
	command_abandon(&world->caller);
	core_stop(&world->live);
	rig_free(&world->live.rig);
	state_close(world->live.state);
	state_close(world->spare);
	model_remove_folder(world->state_dir);
	sha256_free(world->sha256);
	json_reader_free(&world->reader);
	free(world->entries);
	free(world->heads);
}

/* --- what happens -------------------------------------------------------- */

static inline size_t
world_random(struct world *world, size_t below)
{
	return chance_below(&world->chance, below);
}

/* Mostly short, sometimes of several pages. */
static inline size_t
world_text_bytes(struct world *world)
{
	if (chance_one_in(&world->chance, 40))
		return world_random(world, 12000);
	return world_random(world, 400);
}

static inline void
world_send(struct world *world, unsigned producer)
{
	struct rig *rig = &world->live.rig;
	struct commit_waiter waiter = { rig_on_commit, rig, rig->added };
	struct entry entry = maker_entry();
	struct buf request = BUF_INIT;
	unsigned long long number = rig->added++;
	char call[32], agent[32];
	struct error err;

	assert(number < RIG_ENTRIES);
	snprintf(call, sizeof(call), "call-%llu", number);
	snprintf(agent, sizeof(agent), "agent-%u", producer);
	entry.uid = 1001 + producer;
	entry.call_id = slice_of(call);
	entry.actor_name = slice_of(agent);
	buf_addf(&request, "{\"command\":\"mark-%llu- ", number);
	buf_add_chars(&request, 'x', world_text_bytes(world));
	buf_add_str(&request, "\"}");
	if (commit_add_json(rig->commit, &entry, "exit 0", buf_slice(&request),
		&waiter, NULL, &err) == -1)
		rig->was_refused[number] = true;
	buf_free(&request);
}

static inline void
world_run_erase(void *context, struct command_call *call)
{
	struct world *world = context;

	erasure_command(world->live.erasure, call);
}

/* Some of what was recorded today and yesterday is to be erased. */
static inline void
world_erase(struct world *world)
{
	static const struct command commands[] = {
		{ "audit.erase", MESSAGE_OWNER, world_run_erase, erasure_args },
		{ 0 },
	};
	struct message_peer peer = { .uid = 0,
		.classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	const struct command_table table = { commands, NULL, world, NULL };
	struct message message = { .kind = MESSAGE_COMMAND,
		.reader = &world->reader,
		.verb = SLICE_LITERAL("audit.erase"),
		.id = SLICE_LITERAL("r1") };
	struct buf args = BUF_INIT;
	struct error err;
	unsigned wanted = 1 + (unsigned)world_random(world, 4);

	buf_add_str(&args, "{\"reason\":\"a secret\",\"seqs\":[");
	for (unsigned i = 0, found = 0; i < 40 && found < wanted; i++) {
		size_t back =
		    world_random(world, 2 * (size_t)world->shape.entries_a_day);
		struct world_entry *entry;

		if (back >= world->durable)
			continue;
		entry = &world->entries[world->durable - back];
		if (entry->number == WORLD_NO_NUMBER)
			continue;
		entry->is_named = true;
		buf_addf(&args, "%s%llu", found++ == 0 ? "" : ",",
		    (unsigned long long)(world->durable - back));
	}
	buf_add_str(&args, "]}");
	if (json_reader_read(&world->reader, buf_slice(&args), &err) == -1)
		abort();
	message.args = world->reader.nodes;
	command_start(&table, &message, &peer, &world->caller);
	buf_free(&args);
}

/* One turn of the loop: what has arrived is committed, and the hour is
 * looked at. */
static inline void
world_turn(struct world *world)
{
	struct rig *rig = &world->live.rig;
	usec_t due;

	rig_advance(rig, USEC_PER_MSEC + world_random(world, USEC_PER_MIN));
	if (rig->added >= world->next_day) {
		rig_advance(rig, USEC_PER_DAY);
		world->next_day += world->shape.entries_a_day;
	}
	for (unsigned i = 0; i < WORLD_PRODUCERS; i++)
		for (size_t n =
			 world_random(world, world->shape.entries_a_turn + 1);
		     n > 0; n--)
			world_send(world, i);
	if (chance_one_in(&world->chance, world->shape.erasure_in))
		world_erase(world);
	commit_flush(rig->commit);
	retention_tick(world->live.retention);
	commit_flush(rig->commit);
	due = commit_retry_due(rig->commit);
	if (due != 0 && due <= rig->clock.running)
		commit_retry(rig->commit);
}

/* A run: after each call to the disk `on_call` does its cases. */
static inline void
world_run(struct fault *fault, const struct world_shape *shape, unsigned run,
    void (*on_call)(void *world, const char *call))
{
	struct world world;

	world_init(&world, fault, shape, fault_chance(fault, run));
	world.live.rig.model.on_call = on_call;
	world.live.rig.model.context = &world;
	world_start(&world);
	while (world.live.rig.added < shape->entries &&
	       ((shape->is_whole && fault->only == 0) || fault_goes_on(fault)))
		world_turn(&world);
	if (world.live.rig.added >= shape->entries)
		world_check_run(&world);
	world_free(&world);
}

#endif
