/* Family 6: a sync fails and drops what it should have written, as Linux does:
 * the page cache shows it, the disk has some of it, and the next sync succeeds
 * without it. Later the power goes. */
#include "tests/fault/restart.h"

static const struct fault_family family = {
	.number = 6,
	.what = "a sync that fails and drops its pages, then a power cut",
	.seconds = 25,
	.floor = 1000,
	.aim = 10000,
	.soak = 10000,
};

static const struct world_shape shape = {
	.entries_a_day = 10,
	.entries_a_turn = 4,
	.erasure_in = 3,
};

enum { HOURS = 3 };

/* Some turns, one of whose syncs fails, or some in a row; then some more until
 * the power goes. */
static void
live(struct world *world)
{
	struct fault *fault = world->fault;
	struct model *model = &world->live.rig.model;
	unsigned turns = 2 + (unsigned)fault_random(fault, 14);

	world_start(world);
	model->chance = chance_draw(&fault->chance);
	model_fail(model, fault_one_in(fault, 3) ? "fsync" : "fdatasync",
	    1 + fault_random(fault, 2 * turns), 1 + fault_random(fault, 6),
	    EIO);
	for (unsigned i = 0; i < turns; i++) {
		world_turn(world);
		if (fault_one_in(fault, 4))
			erasure_retry(world->live.erasure);
	}
	model_fail(model, NULL, 0, 0, 0);
}

/* What could not be done at once is done after a while: the daemon's ticks. */
static void
pass_hours(struct restart *restart)
{
	struct core *core = &restart->core;

	retention_set_days(core->retention, WORLD_DAYS);
	for (unsigned i = 0; i < HOURS * 60; i++) {
		rig_advance(&core->rig, USEC_PER_MIN);
		retention_tick(core->retention);
		commit_flush(core->rig.commit);
	}
	erasure_retry(core->erasure);
}

static void
one_case(struct fault *fault)
{
	struct world world;
	struct restart restart;
	struct medium after;

	world_init(&world, fault, &shape, chance_draw(&fault->chance));
	live(&world);
	restart_init(&restart, &world);
	restart_know(&restart, fault_random(fault, 3), &fault->chance);
	/* state.db is SQLite's business, and has what was committed to it. */
	restart.core.state = world.live.state;
	medium_cut(&world.live.rig.model.medium,
	    fault_one_in(fault, 4) ? NULL : &fault->chance, &after);
	model_become(&restart.core.rig.model, &after);
	restart.disk_fails = true;
	restart_start(&restart);
	restart_check(&restart);
	restart_again(&restart);
	restart.disk_fails = false;
	pass_hours(&restart);
	restart_check(&restart);
	restart_free(&restart);
	world_free(&world);
}

int
main(void)
{
	struct fault fault;

	fault_begin(&fault, &family);
	while (fault_goes_on(&fault))
		if (fault_next_case(&fault))
			one_case(&fault);
	return fault_end(&fault);
}
