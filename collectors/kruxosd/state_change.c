#include "collectors/kruxosd/state_change.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <assert.h>
#include <unistd.h>

/* --- what they are made with ---------------------------------------------- */

struct state_changer *
state_changer_new(struct clock *clock, struct commit *commit,
    struct state *state, const char *path)
{
	struct state_changer *changer = memory_new(sizeof(*changer));

	changer->clock = clock;
	changer->commit = commit;
	changer->state = state;
	changer->writer = state_writer_new(path);
	changer->owed = owed_entries_new(changer->writer, commit);
	return changer;
}

void
state_changer_free(struct state_changer *changer)
{
	if (changer == NULL)
		return;
	owed_entries_free(changer->owed);
	state_writer_free(changer->writer);
	free(changer);
}

void
state_changer_tick(struct state_changer *changer)
{
	struct error damage;

	owed_entries_tick(changer->owed);
	if (state_writer_take_damage(changer->writer, &damage))
		state_tell(changer->state, &damage);
}

/* --- one change ----------------------------------------------------------- */

int
state_change_begin(struct state_changer *changer, struct state_change *change,
    struct error *err)
{
	*change = (struct state_change){ .changer = changer,
		.writer = changer->writer,
		.now = clock_realtime(changer->clock) };
	if (commit_retry_due(changer->commit) != 0)
		return error_set(err, ERROR_AUDIT_UNAVAILABLE, "%s",
		    commit_reason(changer->commit));
	return state_writer_begin(changer->writer, err);
}

int
state_change_owe(struct state_change *change, struct entry entry,
    const char *capability, struct slice request, struct error *err)
{
	assert(change->count < sizeof(change->owed) / sizeof(change->owed[0]));
	entry.time = change->now;
	entry.capability = slice_of(capability);
	if (state_writer_owe(change->writer, &entry, request,
		&change->owed[change->count], err) == -1)
		return -1;
	change->count++;
	return 0;
}

/* The last one tells: all of a batch are durable at once. */
int
state_change_end_then(struct state_change *change, int result,
    owed_on_recorded on_recorded, void *context, struct error *err)
{
	struct owed_entries *owed = change->changer->owed;

	if (state_writer_commit(change->writer, result, err) == -1)
		return -1;
	for (size_t i = 0; i < change->count; i++) {
		bool is_last = i + 1 == change->count;

		owed_entries_post(owed, change->owed[i],
		    is_last ? on_recorded : NULL, context);
	}
	if (change->count == 0 && on_recorded != NULL)
		on_recorded(context, NULL);
	return 0;
}

/* A call that is answered when its entry is durable. */
struct waiting {
	struct command_call *call;
	struct buf answer;
};

static void
free_waiting(struct waiting *waiting)
{
	buf_wipe(&waiting->answer);
	free(waiting);
}

static void
on_answered(void *context, const struct error *err)
{
	struct waiting *waiting = context;

	if (err == NULL)
		command_ok(waiting->call, buf_slice(&waiting->answer));
	else
		command_fail(waiting->call, err);
	free_waiting(waiting);
}

int
state_change_end(struct state_change *change, int result,
    struct command_call *call, struct buf *answer, struct error *err)
{
	struct waiting *waiting;

	if (call == NULL)
		return state_change_end_then(change, result, NULL, NULL, err);
	waiting = memory_new(sizeof(*waiting));
	waiting->call = call;
	waiting->answer = *answer;
	buf_init(answer);
	if (state_change_end_then(change, result, on_answered, waiting, err) ==
	    0)
		return 0;
	free_waiting(waiting);
	return -1;
}

struct entry
state_change_own_entry(void)
{
	return (struct entry){
		.uid = (uint32_t)getuid(),
		.source = ENTRY_DAEMON,
		.actor = ENTRY_SYSTEM,
		.status = ENTRY_SUCCESS,
	};
}
