/* The daemon's core over a disk of the tests: recovery, commits, erasure and
 * retention, started as the daemon starts them. The databases are SQLite's own
 * business: one that is there is handed in.
 */
#ifndef TESTS_UNIT_DAEMON_CORE_H
#define TESTS_UNIT_DAEMON_CORE_H

#include "collectors/kruxosd/erasure.h"
#include "collectors/kruxosd/redo.h"
#include "collectors/kruxosd/retention.h"
#include "tests/unit/daemon_rig.h"

struct core {
	struct rig rig;
	struct state *state; /* the caller's */
	struct erasure *erasure;
	struct retention *retention;
	unsigned removals;		 /* by retention */
	struct commit_listener listener; /* as the caller likes */
};

static inline void
core_on_removed(void *context, uint64_t first_seq)
{
	struct core *core = context;

	(void)first_seq;
	core->removals++;
}

static inline void
core_make_keepers(struct core *core)
{
	struct rig *rig = &core->rig;
	struct retention_parts parts = {
		.disk = &rig->model.disk,
		.dir = rig->model.dir,
		.audit_dir = rig->model.path,
		.clock = &rig->clock.clock,
		.commit = rig->commit,
		.state = core->state,
		.on_removed = core_on_removed,
		.context = core,
	};

	core->erasure = erasure_new(&rig->model.disk, rig->model.dir,
	    rig->model.path, rig->commit, core->state);
	core->retention = retention_new(&parts);
}

/* What startup_open() and startup_finish() do, and the first tick. */
static inline int
core_start(struct core *core, struct error *err)
{
	struct rig *rig = &core->rig;

	if (rig_recover(rig, err) == -1)
		return -1;
	if (core->listener.context != NULL)
		commit_set_listener(rig->commit, &core->listener);
	core_make_keepers(core);
	if (redo_last_batch(rig->model.path, &rig->recovery, core->erasure,
		core->retention, err) == -1)
		return -1;
	if (rig_say(rig, err) == -1)
		return -1;
	commit_open_log(rig->commit);
	commit_flush(rig->commit);
	erasure_retry(core->erasure);
	return 0;
}

/* The process is gone; its files are as it left them. */
static inline void
core_stop(struct core *core)
{
	retention_free(core->retention);
	core->retention = NULL;
	erasure_free(core->erasure);
	core->erasure = NULL;
	rig_stop(&core->rig);
}

#endif
