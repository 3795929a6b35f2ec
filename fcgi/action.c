#include "fcgi/action.h"

#include "base/cleanup.h"
#include "door/door.h"

static const struct {
	enum error_code code;
	int status;
} statuses[] = {
	{ ERROR_UNAUTHENTICATED, 401 },
	{ ERROR_NOT_ALLOWED, 403 },
	{ ERROR_NOT_FOUND, 404 },
	{ ERROR_CONFLICT, 409 },
	{ ERROR_TOO_MANY, 429 },
	{ ERROR_SYSTEM, 503 },
	{ ERROR_CORRUPT, 503 },
	{ ERROR_BUSY, 503 },
	{ ERROR_UNREACHABLE, 503 },
	{ ERROR_AUDIT_UNAVAILABLE, 503 },
};

/* For what kruxosd answered, with Retry-After where it says how long. */
static int
status_for(struct reply *rep, const struct error *err)
{
	if (err->wait_seconds != 0)
		reply_header(rep, "Retry-After", "%u", err->wait_seconds);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].code == err->code)
			return statuses[i].status;
	return 400; /* all others are about what was asked */
}

void
action_begin(struct action *action, const char *verb)
{
	action->verb = verb;
	buf_init(&action->text);
	json_writer_init(&action->args, &action->text);
	json_writer_object(&action->args);
}

int
action_call(struct action *action, struct program *prog,
    struct slice credential, struct reply *rep, struct buf *ret_result,
    struct error *err)
{
	struct door *door =
	    door_open(prog->ingest_path, PROGRAM_DOOR_TIMEOUT, NULL, NULL, err);
	int status = 200;

	if (door == NULL) {
		buf_wipe(&action->text);
		return 503;
	}
	json_writer_end_object(&action->args);
	if (door_command(door, action->verb, buf_slice(&action->text),
		credential, NULL, NULL, ret_result, err) == -1)
		status = status_for(rep, err);
	door_close(door);
	buf_wipe(&action->text);
	return status;
}

int
action_relay(struct action *action, struct program *prog,
    const struct request *req, struct reply *rep, struct buf *ret_result,
    struct error *err)
{
	struct caller caller = caller_of(req);

	/* Without one it would be done with the program's own rights. */
	if (caller.via == CALLER_UNKNOWN) {
		buf_wipe(&action->text);
		error_set(err, ERROR_UNAUTHENTICATED, "this needs a sign-in");
		return 401;
	}
	return action_call(
	    action, prog, caller.credential, rep, ret_result, err);
}

int
action_run(struct action *action, struct program *prog,
    const struct request *req, struct reply *rep, struct error *err)
{
	return action_relay(action, prog, req, rep, &rep->body, err);
}
