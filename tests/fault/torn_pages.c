/* Family 2: the power goes after a call of the run, and of what was not synced
 * any part is on the disk: pages, sectors of them, lengths, names
 * (disk_medium.h says which). In one of eight cases something is damaged
 * besides, which must be found. */
#include "tests/fault/damage.h"

static const struct fault_family family = {
	.number = 2,
	.what = "a power cut with any part of what was not synced on the disk",
	.seconds = 35,
	.floor = 1000,
	.aim = 10000,
	.soak = 1000000,
};

static const struct world_shape shape = {
	.entries = 3000,
	.entries_a_day = 50,
	.entries_a_turn = 5,
	.erasure_in = 6,
};

static void
one_case(struct world *world)
{
	struct fault *fault = world->fault;
	struct restart restart;
	struct medium after;

	restart_init(&restart, world);
	restart_know(&restart, fault_random(fault, 3), &fault->chance);
	medium_cut(&world->live.rig.model.medium, &fault->chance, &after);
	if (fault_one_in(fault, 8))
		damage_do(&restart, &after, &fault->chance);
	model_become(&restart.core.rig.model, &after);
	restart_start(&restart);
	restart_check(&restart);
	restart_again(&restart);
	if (fault_one_in(fault, 8)) {
		restart_goes_on(&restart);
		restart_check(&restart);
	}
	restart_free(&restart);
}

/* A case a call: many runs are better than many cuts in one. */
static void
on_call(void *context, const char *call)
{
	struct world *world = context;

	(void)call;
	if (fault_goes_on(world->fault) && fault_next_case(world->fault))
		one_case(world);
}

int
main(void)
{
	struct fault fault;

	fault_begin(&fault, &family);
	for (unsigned run = 0; fault_goes_on(&fault); run++)
		world_run(&fault, &shape, run, on_call);
	return fault_end(&fault);
}
