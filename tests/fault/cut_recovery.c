/* Family 3: the power goes, or the daemon is killed, and again in the midst of
 * the start that follows, and of the next: three deep. */
#include "tests/fault/restart.h"

static const struct fault_family family = {
	.number = 3,
	.what = "a cut during recovery, three deep",
	.seconds = 25,
	.floor = 1000,
	.aim = 4000,
	.soak = 50000,
};

enum {
	DEEP = 3,
	EVERY = 2,  /* calls of the run, a case */
	CALLS = 24, /* of a start, about */
};

static const struct world_shape shape = {
	.entries = 1000,
	.entries_a_day = 40,
	.entries_a_turn = 5,
	.erasure_in = 4,
};

/* A start in the midst of which it ends. */
struct stage {
	struct restart restart;
	unsigned depth;
	size_t calls; /* left before that; 0: it has been */
};

static void
begin_stage(struct world *world, const struct medium *before, unsigned depth);

/* What is left: of the process everything that was seen, of the machine what
 * is on the disk. */
static void
end_life(struct fault *fault, const struct medium *medium, struct medium *ret)
{
	switch (fault_random(fault, 4)) {
	case 0:
		medium_copy(ret, medium);
		break;
	case 1:
		medium_cut(medium, NULL, ret);
		break;
	default:
		medium_cut(medium, &fault->chance, ret);
	}
}

static void
go_deeper(struct stage *stage)
{
	stage->calls = 0;
	begin_stage(stage->restart.world, &stage->restart.core.rig.model.medium,
	    stage->depth + 1);
}

static void
on_call_of_start(void *context, const char *call)
{
	struct stage *stage = context;

	(void)call;
	if (stage->calls > 0 && --stage->calls == 0)
		go_deeper(stage);
}

/* The start goes on to its own end when those within it have: it must be as
 * good as they are. */
static void
begin_stage(struct world *world, const struct medium *before, unsigned depth)
{
	struct fault *fault = world->fault;
	struct stage stage = { .depth = depth };
	struct restart *restart = &stage.restart;
	struct model *model = &restart->core.rig.model;
	struct medium after;

	end_life(fault, before, &after);
	restart_init(restart, world);
	restart_know(restart, fault_random(fault, 3), &fault->chance);
	model_become(model, &after);
	if (depth < DEEP) {
		stage.calls = 1 + fault_random(fault, CALLS);
		model->on_call = on_call_of_start;
		model->context = &stage;
	}
	restart_start(restart);
	if (stage.calls > 0)
		go_deeper(&stage);
	restart_check(restart);
	if (depth == DEEP)
		restart_again(restart);
	restart_free(restart);
}

static void
on_call(void *context, const char *call)
{
	struct world *world = context;

	(void)call;
	if (chance_one_in(&world->chance, EVERY) &&
	    fault_goes_on(world->fault) && fault_next_case(world->fault))
		begin_stage(world, &world->live.rig.model.medium, 0);
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
