#include "collectors/kruxosd/proxy_state.h"

#include "base/memory.h"
#include "collectors/kruxosd/proxy_report.h"

struct proxy_state {
	struct arena arena; /* of the report, and of who decided */
	struct proxy_report report;
};

/* Of which writes an action is, and what they are then. */
static const struct {
	enum proxy_write_state of;
	const char *done;
} actions[PROXY_ACTIONS] = {
	[PROXY_CANCEL] = { PROXY_BUFFERED, "cancelled" },
	[PROXY_RETRY] = { PROXY_DEAD, "retried" },
	[PROXY_DISCARD] = { PROXY_DEAD, "discarded" },
};

struct proxy_state *
proxy_state_new(void)
{
	return memory_new(sizeof(struct proxy_state));
}

void
proxy_state_free(struct proxy_state *state)
{
	if (state == NULL)
		return;
	arena_free(&state->arena);
	free(state);
}

const struct proxy_report *
proxy_state_report(const struct proxy_state *state)
{
	return &state->report;
}

/* --- reports -------------------------------------------------------------- */

static bool
is_done(
    const struct proxy_decision *decision, const struct proxy_write *reported)
{
	return reported->state != actions[decision->action].of ||
	       (decision->action == PROXY_RETRY &&
		   reported->attempts != decision->attempts);
}

/* What was decided of the writes of `from`, and is not yet done. */
static void
keep_decisions(struct proxy_report *report, const struct proxy_report *from,
    struct arena *arena)
{
	for (size_t i = 0; i < from->write_count; i++) {
		const struct proxy_decision *decision =
		    &from->writes[i].decision;
		struct proxy_write *write;

		if (decision->action == PROXY_NONE)
			continue;
		write = proxy_report_write(report, from->writes[i].id);
		if (write == NULL || write->decision.action != PROXY_NONE ||
		    is_done(decision, write))
			continue;
		write->decision = *decision;
		write->decision.user_name =
		    arena_slice(arena, decision->user_name);
	}
}

static bool
is_same_decision(
    const struct proxy_decision *one, const struct proxy_decision *other)
{
	return one->action == other->action && one->at == other->at &&
	       one->attempts == other->attempts &&
	       slice_equal(one->user_name, other->user_name);
}

static bool
is_same_write(const struct proxy_write *one, const struct proxy_write *other)
{
	return slice_equal(one->id, other->id) &&
	       slice_equal(one->service, other->service) &&
	       slice_equal(one->summary, other->summary) &&
	       slice_equal(one->agent_name, other->agent_name) &&
	       one->state == other->state &&
	       one->created_at == other->created_at &&
	       one->sends_at == other->sends_at &&
	       one->attempts == other->attempts &&
	       slice_equal(one->last_error, other->last_error) &&
	       is_same_decision(&one->decision, &other->decision);
}

static bool
are_same_writes(
    const struct proxy_report *one, const struct proxy_report *other)
{
	if (one->write_count != other->write_count)
		return false;
	for (size_t i = 0; i < one->write_count; i++)
		if (!is_same_write(one->writes + i, other->writes + i))
			return false;
	return true;
}

/* --- errors --------------------------------------------------------------- */

static void
add_error(struct proxy_report *report, struct slice service,
    struct slice write_id, struct slice error)
{
	if (report->error_count < PROXY_ERRORS)
		report->errors[report->error_count++] =
		    (struct proxy_error){ report->reported_at, service,
			    write_id, error };
}

/* One more failure, or another one. */
static bool
is_new_error(struct slice error, uint64_t count, struct slice old_error,
    uint64_t old_count)
{
	return error.data != NULL &&
	       (count > old_count || !slice_equal(error, old_error));
}

static void
add_new_errors(struct proxy_report *report, const struct proxy_report *old)
{
	static const struct proxy_service no_service;
	static const struct proxy_write no_write;
	const struct slice none = { NULL, 0 };

	for (size_t i = 0; i < report->service_count; i++) {
		const struct proxy_service *now = report->services + i;
		const struct proxy_service *was =
		    proxy_report_service(old, now->name);

		if (was == NULL)
			was = &no_service;
		if (is_new_error(now->last_error, now->consecutive_failures,
			was->last_error, was->consecutive_failures))
			add_error(report, now->name, none, now->last_error);
	}
	for (size_t i = 0; i < report->write_count; i++) {
		const struct proxy_write *now = report->writes + i;
		const struct proxy_write *was;

		if (now->last_error.data == NULL)
			continue;
		was = proxy_report_write(old, now->id);
		if (was == NULL)
			was = &no_write;
		if (is_new_error(now->last_error, now->attempts,
			was->last_error, was->attempts))
			add_error(
			    report, now->service, now->id, now->last_error);
	}
}

static void
keep_errors(struct proxy_report *report, const struct proxy_report *from,
    struct arena *arena)
{
	for (size_t i = 0;
	     i < from->error_count && report->error_count < PROXY_ERRORS; i++) {
		const struct proxy_error *error = from->errors + i;

		report->errors[report->error_count++] = (struct proxy_error){
			error->at,
			arena_slice(arena, error->service),
			error->write_id.data == NULL
			    ? error->write_id
			    : arena_slice(arena, error->write_id),
			arena_slice(arena, error->error),
		};
	}
}

/* --- taking one ----------------------------------------------------------- */

static void
replace(struct proxy_state *state, struct arena *arena,
    const struct proxy_report *report)
{
	arena_free(&state->arena);
	state->arena = *arena;
	state->report = *report;
	*arena = (struct arena)ARENA_INIT;
}

unsigned
proxy_state_take(struct proxy_state *state, struct arena *arena,
    const struct proxy_report *report)
{
	struct proxy_report taken = *report;
	unsigned changed = 0;

	keep_decisions(&taken, &state->report, arena);
	if (!are_same_writes(&taken, &state->report))
		changed |= PROXY_STATE_WRITES;
	taken.errors =
	    arena_array(arena, PROXY_ERRORS, sizeof(taken.errors[0]));
	add_new_errors(&taken, &state->report);
	if (taken.error_count > 0)
		changed |= PROXY_STATE_ERRORS;
	keep_errors(&taken, &state->report, arena);
	replace(state, arena, &taken);
	return changed;
}

void
proxy_state_restore(struct proxy_state *state, struct arena *arena,
    const struct proxy_report *kept)
{
	if (state->report.reported_at == 0) {
		replace(state, arena, kept);
		return;
	}
	keep_decisions(&state->report, kept, &state->arena);
	keep_errors(&state->report, kept, &state->arena);
	arena_free(arena);
}

/* --- decisions ------------------------------------------------------------ */

static int
check(const struct proxy_write *write, enum proxy_action action,
    struct error *err)
{
	const struct proxy_decision *decision = &write->decision;

	if (decision->action != PROXY_NONE)
		return error_set_field(err, ERROR_CONFLICT, "id",
		    "%.*s is to be %s already: %.*s has decided so",
		    SLICE_ARG(write->id), actions[decision->action].done,
		    SLICE_ARG(decision->user_name));
	if (write->state != actions[action].of)
		return error_set_field(err, ERROR_CONFLICT, "id",
		    "%.*s is %s, and only %s can be %s", SLICE_ARG(write->id),
		    write->state == PROXY_DEAD ? "a dead letter" : "buffered",
		    write->state == PROXY_DEAD ? "what is buffered"
					       : "a dead letter",
		    actions[action].done);
	return 0;
}

static struct proxy_write *
find(const struct proxy_state *state, struct slice id, enum proxy_action action,
    struct error *err)
{
	struct proxy_write *write = proxy_report_write(&state->report, id);

	if (write == NULL)
		error_set_field(err, ERROR_NOT_FOUND, "id",
		    "the service proxy has no write of this id");
	else if (check(write, action, err) == 0)
		return write;
	return NULL;
}

const struct proxy_write *
proxy_state_find(const struct proxy_state *state, struct slice id,
    enum proxy_action action, struct error *err)
{
	return find(state, id, action, err);
}

int
proxy_state_decide(struct proxy_state *state, struct slice id,
    enum proxy_action action, struct slice user_name, usec_t now,
    struct error *err)
{
	struct proxy_write *write = find(state, id, action, err);

	if (write == NULL)
		return -1;
	write->decision = (struct proxy_decision){
		.action = action,
		.user_name = arena_slice(&state->arena, user_name),
		.at = now,
		.attempts = write->attempts,
	};
	return 0;
}

void
proxy_state_write_actions(const struct proxy_state *state, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_key(&json, "actions");
	json_writer_array(&json);
	for (size_t i = 0; i < state->report.write_count; i++) {
		const struct proxy_write *write = state->report.writes + i;

		if (write->decision.action == PROXY_NONE)
			continue;
		json_writer_object(&json);
		json_writer_pair_slice(&json, "id", write->id);
		json_writer_pair(
		    &json, "action", proxy_action_name(write->decision.action));
		json_writer_end_object(&json);
	}
	json_writer_end_array(&json);
	json_writer_end_object(&json);
}
