/* Family 6: a sync fails and drops what it should have written, as Linux does:
 * the page cache shows it, the disk has some of it, and the next sync succeeds
 * without it. Later the power goes. */
#include "tests/fault/fault.h"
#include "tests/unit/daemon_rig.h"

static const struct fault_family family = {
	.number = 6,
	.what = "a sync that fails and drops its pages, then a power cut",
	.seconds = 30,
	.floor = 1000,
	.aim = 10000,
	.soak = 10000,
};

static void
must_start(struct fault *fault, struct rig *rig)
{
	struct error err;

	if (rig_start(rig, &err) == -1)
		fault_fail(fault, "the start fails: %s", err.sentence);
}

/* Batches, across midnight perhaps; one of the syncs among them fails, once or
 * some times in a row. */
static void
live(struct fault *fault, struct rig *rig)
{
	unsigned batches = 3 + (unsigned)fault_random(fault, 8);

	rig->model.chance = chance_draw(&fault->chance);
	model_fail(&rig->model, fault_one_in(fault, 4) ? "fsync" : "fdatasync",
	    1 + fault_random(fault, batches), 1 + fault_random(fault, 4), EIO);
	for (unsigned i = 0; i < batches; i++) {
		rig_commit(rig, 1 + (unsigned)fault_random(fault, 20));
		if (fault_one_in(fault, 6))
			rig_advance(rig, USEC_PER_DAY);
		if (fault_one_in(fault, 2)) {
			rig_advance(rig, USEC_PER_MIN);
			commit_retry(rig->commit);
		}
	}
}

static void
one_case(struct fault *fault)
{
	struct rig rig;
	struct chain_result result;

	rig_init(&rig);
	must_start(fault, &rig);
	live(fault, &rig);
	rig_stop(&rig);
	model_power_cut(&rig.model);
	must_start(fault, &rig);
	if (rig.recovery.verdict == RECOVERY_DAMAGED)
		fault_fail(fault, "%s", rig.recovery.sentence);
	if (!rig_holds_all(&rig))
		fault_fail(fault, "an acknowledged entry is gone");
	result = rig_verify(&rig);
	if (!result.is_whole)
		fault_fail(fault, "%s does not verify: %s", result.fault.file,
		    result.fault.what);
	rig_stop(&rig);
	must_start(fault, &rig);
	if (rig.recovery.verdict != RECOVERY_WHOLE)
		fault_fail(fault, "started again: %s", rig.recovery.sentence);
	rig_free(&rig);
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
