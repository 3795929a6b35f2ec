#include "fcgi/alert_changes.h"

#include "fcgi/action.h"

#include "http/body.h"
#include "store/alerts.h"

struct acknowledgement {
	struct slice note;
};

const struct param acknowledge_body[] = {
	PARAM_TEXT(struct acknowledgement, note, "note", ALERT_NOTE_BYTES),
	PARAM_END,
};

/* The door's ids are texts. */
static void
add_id(struct action *action, const struct request *req)
{
	json_writer_pair(&action->args, "id",
	    arena_printf(req->arena, "%llu", (unsigned long long)req->number));
}

/* POST /api/alerts/<id>/acknowledge: somebody knows of it. */
int
acknowledge_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct acknowledgement given = { { NULL, 0 } };
	struct action action;

	if (body_read(req, &given, err) == -1)
		return 400;
	action_begin(&action, "alerts.acknowledge");
	add_id(&action, req);
	if (given.note.data != NULL)
		json_writer_pair_slice(&action.args, "note", given.note);
	return action_run(&action, prog, req, rep, err);
}

/* kruxosd reads the times: one reading of them is enough. */
struct wish {
	struct param_list matchers;
	struct slice reason, duration, until;
};

const struct param silence_body[] = {
	PARAM_STRINGS(
	    struct wish, matchers, "matchers", SILENCE_VALUE_BYTES + 32),
	PARAM_TEXT_REQUIRED(
	    struct wish, reason, "reason", SILENCE_REASON_BYTES),
	PARAM_TEXT(struct wish, duration, "duration", 32),
	PARAM_TEXT(struct wish, until, "until", 32),
	PARAM_END,
};

/* POST /api/silences: say no more of what the matchers mean. */
int
silence_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct wish wish = { { NULL, 0 } };
	struct action action;

	if (body_read(req, &wish, err) == -1)
		return 400;
	action_begin(&action, "silences.add");
	json_writer_key(&action.args, "matchers");
	json_writer_array(&action.args);
	for (size_t i = 0; i < wish.matchers.count; i++)
		json_writer_string(&action.args, wish.matchers.values[i].text);
	json_writer_end_array(&action.args);
	json_writer_pair_slice(&action.args, "reason", wish.reason);
	if (wish.duration.data != NULL)
		json_writer_pair_slice(&action.args, "duration", wish.duration);
	if (wish.until.data != NULL)
		json_writer_pair_slice(&action.args, "until", wish.until);
	return action_run(&action, prog, req, rep, err);
}

/* POST /api/silences/<id>/end: it is over, before its time. */
int
silence_end_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct action action;

	action_begin(&action, "silences.remove");
	add_id(&action, req);
	return action_run(&action, prog, req, rep, err);
}
