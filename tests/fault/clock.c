/* Family 10: a clock that steps, stands before the last entry or far behind
 * the present, crosses midnights, leap seconds and 2038; a machine that
 * sleeps; starts in between.
 *
 * Whatever it shows: seq and recorded_at go on, each write's later than the
 * one before and as the clock says where that is possible; each step back is
 * an entry, once; each line stands in the file of its day; retention takes at
 * most two files in 24 hours that really passed; the log verifies. */
#include "tests/fault/world.h"

#include "door/message.h"

static const struct fault_family family = {
	.number = 10,
	.what = "clocks that step, and days that are no days",
	.seconds = 20,
	.floor = 200,
	.aim = 200,
	.soak = 2000,
};

enum {
	TURNS = 60,
	DAYS = 2, /* retention */
	REMOVALS_A_DAY = 2,
};

static const struct world_shape shape = {
	.entries_a_day = 1U << 30, /* days pass here by the clock alone */
	.entries_a_turn = 2,
	.erasure_in = 15,
};

struct scene {
	struct world world;
	usec_t clock_was;   /* what it showed at the write before */
	usec_t last;	    /* recorded_at of that */
	uint64_t first_seq; /* the log began there */
	usec_t removed_at[REMOVALS_A_DAY]; /* by the time that passed */
};

/* In all cases. */
static struct {
	uint64_t steps_back, removals, starts;
} seen;

/* How long the machine has slept: CLOCK_BOOTTIME counts it, CLOCK_MONOTONIC
 * does not. */
static usec_t asleep;

static usec_t
boottime(struct clock *clock)
{
	return ((struct rig_clock *)clock)->running + asleep;
}

/* --- what a write must be ----------------------------------------------- */

static void
check_lines(struct scene *scene, const char *file, uint64_t offset, usec_t now)
{
	struct world *world = &scene->world;
	struct rig *rig = &world->live.rig;
	const struct buf *bytes = &medium_find(&rig->model.medium, file)->now;
	usec_t expected = now > scene->last ? now : scene->last + 1;
	uint64_t clocks = 0;
	char date[CLOCK_DATE_SIZE];

	clock_format_date(expected, date);
	if (strncmp(file, date, CLOCK_DATE_SIZE - 1) != 0)
		fault_fail(world->fault, "%s holds entries of %s", file, date);
	while (offset < log_writer_bytes(rig->writer)) {
		const char *from = bytes->data + offset;
		const char *end = memchr(from, '\n', bytes->len - offset);
		struct slice line = { from, (size_t)(end - from) };
		struct entry entry;
		struct error err;

		if (entry_parse(line, &entry, &err) == -1)
			fault_fail(world->fault, "%s", err.sentence);
		if (entry.recorded_at != expected)
			fault_fail(world->fault,
			    "seq %llu: recorded_at %llu at %llu, behind %llu",
			    (unsigned long long)entry.seq,
			    (unsigned long long)entry.recorded_at,
			    (unsigned long long)now,
			    (unsigned long long)scene->last);
		clocks += slice_is(entry.capability, "log.clock");
		offset += line.len + 1;
	}
	if (clocks != (now < scene->clock_was))
		fault_fail(world->fault,
		    "%llu times log.clock for %s step back",
		    (unsigned long long)clocks,
		    now < scene->clock_was ? "a" : "no");
	seen.steps_back += clocks;
	scene->last = expected;
	scene->clock_was = now;
}

static void
on_durable(void *context, const struct commit_head *head)
{
	struct scene *scene = context;
	struct world *world = &scene->world;
	const char *file = log_writer_name(world->live.rig.writer);
	uint64_t offset = strcmp(file, world->file) == 0 ? world->offset : 0;

	world_on_durable(world, head);
	check_lines(scene, file, offset, world->live.rig.clock.realtime);
}

/* --- what retention may ------------------------------------------------- */

static size_t
count_days(const struct logfile_list *list)
{
	size_t days = 0;

	for (size_t i = 0; i < list->count; i++)
		days += i == 0 ||
			memcmp(list->files[i].name, list->files[i - 1].name,
			    CLOCK_DATE_SIZE - 1) != 0;
	return days;
}

/* After each tick, which removes one file at most. */
static void
check_files(struct scene *scene)
{
	struct rig *rig = &scene->world.live.rig;
	struct fault *fault = scene->world.fault;
	cleanup(logfile_list_free) struct logfile_list list = { 0 };
	usec_t now = boottime(&rig->clock.clock);
	struct error err;

	if (logfile_list_read(rig->model.dir, &list, &err) == -1)
		fault_fail(fault, "%s", err.sentence);
	if (scene->first_seq != 0 &&
	    list.files[0].first_seq != scene->first_seq) { /* one has gone */
		if (scene->removed_at[0] != 0 &&
		    now - scene->removed_at[0] < USEC_PER_DAY)
			fault_fail(fault,
			    "a third file has gone within %.1f hours",
			    (double)(now - scene->removed_at[0]) /
				(double)USEC_PER_HOUR);
		seen.removals++;
		scene->removed_at[0] = scene->removed_at[1];
		scene->removed_at[1] = now;
		if (count_days(&list) < DAYS)
			fault_fail(
			    fault, "%zu days are left", count_days(&list));
	}
	scene->first_seq = list.files[0].first_seq;
}

/* --- what a producer's time becomes ------------------------------------- */

static void
check_clamping(struct scene *scene)
{
	static struct message_parser parser = MESSAGE_PARSER_INIT;
	static const struct message_peer peer = { 1001, MESSAGE_PRODUCER,
		SLICE_LITERAL("ann") };
	struct fault *fault = scene->world.fault;
	usec_t now = scene->world.live.rig.clock.realtime;
	usec_t earliest =
	    now > MESSAGE_MAX_BEHIND ? now - MESSAGE_MAX_BEHIND : 1;
	usec_t latest = now + MESSAGE_MAX_AHEAD;
	usec_t given[] = { 0, 1, earliest - 1, earliest, earliest + 1, now,
		latest, latest + 1, CLOCK_MAX };

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		bool is_near = given[i] >= earliest && given[i] <= latest;
		char time[CLOCK_TEXT_SIZE], line[256];
		struct message message;
		struct error err;

		clock_format(given[i], time);
		snprintf(line, sizeof(line),
		    "{\"actor_type\":\"agent\",\"agent_name\":\"a\",\"capability\":"
		    "\"shell.exec\",\"status\":\"success\",\"time\":\"%s\"}",
		    time);
		if (message_parse(&parser, &peer, now, slice_of(line), &message,
			&err) == -1)
			fault_fail(fault, "%s: %s", time, err.sentence);
		if (message.entry.is_clamped == is_near ||
		    message.entry.time < earliest ||
		    message.entry.time > latest ||
		    (is_near && message.entry.time != given[i]) ||
		    (!is_near && message.entry.time_clamped != given[i]))
			fault_fail(fault, "%s at %llu becomes %llu", time,
			    (unsigned long long)now,
			    (unsigned long long)message.entry.time);
	}
}

/* --- what happens ------------------------------------------------------- */

/* 2038-01-19T03:14:08Z, and 2106-02-07T06:28:16Z: where 32 bits end. */
#define END_OF_31_BITS (((usec_t)1 << 31) * USEC_PER_SEC)
#define END_OF_32_BITS (((usec_t)1 << 32) * USEC_PER_SEC)

static void
step_by(struct rig_clock *clock, bool is_back, usec_t by)
{
	if (!is_back)
		clock->realtime += by;
	else
		clock->realtime =
		    clock->realtime > by ? clock->realtime - by : 0;
}

static usec_t
next_midnight(const struct rig_clock *clock)
{
	return (clock->realtime / USEC_PER_DAY + 1) * USEC_PER_DAY;
}

static void
start(struct scene *scene)
{
	struct world *world = &scene->world;

	scene->clock_was = scene->last;
	world_start(world);
	retention_set_days(world->live.retention, DAYS);
	seen.starts++;
}

/* The daemon ends; perhaps the machine does, too, and its clock with it. */
static void
start_again(struct scene *scene)
{
	struct world *world = &scene->world;
	struct rig_clock *clock = &world->live.rig.clock;

	core_stop(&world->live);
	if (world_random(world, 3) == 0) {
		/* What passed on this boot counts from 0. */
		clock->running = USEC_PER_SEC;
		asleep = 0;
		memset(scene->removed_at, 0, sizeof(scene->removed_at));
		if (world_random(world, 3) == 0)
			clock->realtime = 0; /* no battery */
	}
	start(scene);
}

static void
something_happens(struct scene *scene)
{
	struct world *world = &scene->world;
	struct rig_clock *clock = &world->live.rig.clock;
	bool is_back = world_random(world, 2) == 0;
	usec_t sleep;

	switch (world_random(world, 14)) {
	case 0:
		step_by(clock, is_back, USEC_PER_SEC);
		break;
	case 1:
		step_by(clock, is_back, USEC_PER_HOUR);
		break;
	case 2:
		step_by(clock, is_back, USEC_PER_DAY);
		break;
	case 3:
		step_by(clock, is_back, world_random(world, 5));
		break;
	case 4: /* to midnight, or a millisecond off */
		clock->realtime = next_midnight(clock) - USEC_PER_MSEC +
				  world_random(world, 3) * USEC_PER_MSEC;
		break;
	case 5: /* a leap second: the last one of the day comes twice */
		clock->realtime = next_midnight(clock) - USEC_PER_MSEC;
		world_turn(world);
		step_by(clock, true, USEC_PER_SEC);
		break;
	case 6:
		clock->realtime = (is_back ? END_OF_31_BITS : END_OF_32_BITS) -
				  USEC_PER_SEC +
				  world_random(world, 2 * USEC_PER_SEC);
		break;
	case 7: /* back to the present */
		clock->realtime = MAKER_DAY + clock->running;
		break;
	case 8:
		sleep = (1 + world_random(world, 30)) * USEC_PER_HOUR;
		asleep += sleep;
		clock->realtime += sleep;
		break;
	case 9:
		start_again(scene);
		break;
	default:
		rig_advance(
		    &world->live.rig, world_random(world, 9) * USEC_PER_HOUR);
	}
}

static void
one_case(struct fault *fault)
{
	static struct scene scene;
	struct world *world = &scene.world;
	struct chain_result result;

	memset(&scene, 0, sizeof(scene));
	world_init(world, fault, &shape, chance_draw(&fault->chance));
	asleep = 0;
	world->live.rig.clock.clock.boottime = boottime;
	world->live.listener.on_durable = on_durable;
	world->live.listener.context = &scene;
	start(&scene);
	for (int turn = 0; turn < TURNS; turn++) {
		something_happens(&scene);
		check_clamping(&scene);
		world_turn(world);
		for (int tick = 0; tick < 4; tick++) {
			retention_tick(world->live.retention);
			commit_flush(world->live.rig.commit);
			check_files(&scene);
		}
	}
	result = rig_verify(&world->live.rig);
	if (!result.is_whole || result.is_torn ||
	    result.last_seq != world->durable)
		fault_fail(
		    fault, "the log does not verify: %s", result.fault.what);
	world_free(world);
}

int
main(void)
{
	struct fault fault;

	fault_begin(&fault, &family);
	while (fault_goes_on(&fault))
		if (fault_next_case(&fault))
			one_case(&fault);
	printf("# %llu steps back, %llu files removed, %llu starts\n",
	    (unsigned long long)seen.steps_back,
	    (unsigned long long)seen.removals, (unsigned long long)seen.starts);
	return fault_end(&fault);
}
