/* Family 1: the power goes after every call of a run of 3,000 entries: once
 * with nothing on the disk that was not synced, once with all of it. */
#include "tests/fault/restart.h"

static const struct fault_family family = {
	.number = 1,
	.what = "a power cut after every call of a run of 3,000 entries",
	.seconds = 30,
	.floor = 1000,
	.aim = UINT64_MAX,
	.soak = UINT64_MAX,
};

enum { ENTRIES = 3000, SOAK_RUNS = 10 };

static const struct world_shape shape = {
	.entries_a_day = 100,
	.entries_a_turn = 5,
	.erasure_in = 8,
};

static void
one_case(struct world *world, bool is_all)
{
	struct fault *fault = world->fault;
	struct restart restart;
	struct medium after;

	if (!fault_next_case(fault))
		return;
	restart_init(&restart, world);
	restart_know(&restart, fault_random(fault, 3), &fault->chance);
	medium_copy(&after, &world->live.rig.model.medium);
	if (is_all)
		medium_sync_all(&after);
	else {
		struct medium cut;

		medium_cut(&after, NULL, &cut);
		medium_free(&after);
		after = cut;
	}
	model_become(&restart.core.rig.model, &after);
	restart_start(&restart);
	restart_check(&restart);
	restart_again(&restart);
	if (fault_one_in(fault, 8)) {
		restart_goes_on(&restart);
		if (!restart_verify(&restart).is_whole)
			fault_fail(fault, "it goes on, and does not verify");
	}
	restart_free(&restart);
}

static void
on_call(void *context, const char *call)
{
	struct world *world = context;
	(void)call;
	one_case(world, false);
	one_case(world, true);
}

static void
one_run(struct fault *fault, unsigned run)
{
	struct world world;

	world_init(&world, fault, &shape, fault_chance(fault, run));
	world.live.rig.model.on_call = on_call;
	world.live.rig.model.context = &world;
	world_start(&world);
	while (world.live.rig.added < ENTRIES &&
	       (fault->only == 0 || fault_goes_on(fault)))
		world_turn(&world);
	if (world.live.rig.added >= ENTRIES)
		world_check_run(&world);
	world_free(&world);
}

int
main(void)
{
	struct fault fault;

	fault_begin(&fault, &family);
	for (unsigned run = 0; run < (fault.is_soak ? SOAK_RUNS : 1); run++)
		one_run(&fault, run);
	return fault_end(&fault);
}
