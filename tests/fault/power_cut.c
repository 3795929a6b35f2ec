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

enum { SOAK_RUNS = 10 };

static const struct world_shape shape = {
	.entries = 3000,
	.is_whole = true,
	.entries_a_day = 100,
	.entries_a_turn = 5,
	.erasure_in = 8,
};

static void
one_case(struct world *world, bool is_all)
{
	const struct medium *medium = &world->live.rig.model.medium;
	struct fault *fault = world->fault;
	struct restart restart;
	struct medium after;

	if (!fault_next_case(fault))
		return;
	restart_init(&restart, world);
	restart_know(&restart, fault_random(fault, 3), &fault->chance);
	if (is_all) {
		medium_copy(&after, medium);
		medium_sync_all(&after);
	} else {
		medium_cut(medium, NULL, &after);
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

int
main(void)
{
	struct fault fault;

	fault_begin(&fault, &family);
	for (unsigned run = 0; run < (fault.is_soak ? SOAK_RUNS : 1); run++)
		world_run(&fault, &shape, run, on_call);
	return fault_end(&fault);
}
