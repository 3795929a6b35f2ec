/* approvals.fcgi: what waits for a person's word, and what was decided.
 *
 *	/api/approvals			those that wait, or are decided
 *	/api/approvals/<id>/accept	POST: the call may run, once
 *	/api/approvals/<id>/reject	POST: it may not
 */
#include "fcgi/action.h"
#include "fcgi/approval_view.h"
#include "fcgi/program.h"
#include "fcgi/reach.h"

#include "http/body.h"
#include "http/params.h"
#include "http/reply.h"

enum {
	LIMIT_DEFAULT = 50,
	LIMIT_MAX = 200,
	REASON_BYTES = 1024, /* as for kruxosd */
};

/* --- what is answered ----------------------------------------------------- */

enum wanted { WANTED_OPEN, WANTED_DECIDED };

static const char *const wanted_names[] = { "open", "decided", NULL };

struct question {
	int state;
	uint64_t before, limit; /* before: 0 not given */
};

static const struct param approvals_params[] = {
	PARAM_CHOICE(struct question, state, "state", wanted_names),
	PARAM_U64(struct question, before, "before", 1, INT64_MAX),
	PARAM_U64(struct question, limit, "limit", 1, LIMIT_MAX),
	PARAM_END,
};

/* The daemon rejects, in nobody's name, what nobody has decided in time. */
static const char *
state_name(const struct approval *approval)
{
	static const char *const names[] = {
		[APPROVAL_PENDING] = "open",
		[APPROVAL_ACCEPTED] = "accepted",
		[APPROVAL_REJECTED] = "rejected",
		[APPROVAL_ENDED] = "ended",
	};

	if (approval->state == APPROVAL_REJECTED &&
	    approval->decided_by.data == NULL)
		return "expired";
	return names[approval->state];
}

static void
write_held(struct json_writer *json, enum approval_held held)
{
	json_writer_key(json, "held");
	if (held == APPROVAL_HELD_UNKNOWN)
		json_writer_null(json);
	else
		json_writer_bool(json, held == APPROVAL_HELD);
}

static void
write_request(struct json_writer *json, struct slice request)
{
	json_writer_key(json, "request");
	if (request.data == NULL)
		json_writer_null(json);
	else
		json_writer_raw(json, request);
}

static void
pair_seq(struct json_writer *json, const char *key, uint64_t seq)
{
	json_writer_key(json, key);
	if (seq == 0)
		json_writer_null(json);
	else
		json_writer_u64(json, seq);
}

static void
write_approval(
    struct json_writer *json, const struct approval_view *view, usec_t now)
{
	const struct approval *approval = &view->approval;
	usec_t until = approval->decided_at == 0 ? now : approval->decided_at;
	bool is_agent = approval->actor == ENTRY_AGENT;
	struct slice nobody = { NULL, 0 };

	json_writer_object(json);
	json_writer_pair_slice(json, "id", approval->call_id);
	json_writer_pair_slice(json, "call_id", approval->call_id);
	pair_seq(json, "seq", approval->seq);
	json_writer_pair(json, "state", state_name(approval));
	write_held(json, view->held);
	json_writer_pair_slice(
	    json, "agent_name", is_agent ? approval->actor_name : nobody);
	json_writer_pair_slice(
	    json, "user_name", is_agent ? nobody : approval->actor_name);
	json_writer_pair_slice(json, "capability", approval->capability);
	json_writer_pair_slice(json, "session_id", approval->session_id);
	json_writer_pair_time(json, "asked_at", approval->asked_at);
	json_writer_pair_u64(json, "waiting_seconds",
	    until > approval->asked_at
		? (until - approval->asked_at) / USEC_PER_SEC
		: 0);
	write_request(json, view->request);
	pair_seq(json, "decided_seq", approval->decided_seq);
	json_writer_pair_time_or_null(json, "decided_at", approval->decided_at);
	json_writer_pair_slice(json, "decided_by", approval->decided_by);
	json_writer_pair_slice(json, "reason", view->reason);
	json_writer_end_object(json);
}

static int
read_views(struct program *prog, struct request *req,
    const struct question *asked, struct approval_views *ret_views,
    struct error *err)
{
	return asked->state == WANTED_OPEN
		   ? approval_view_open(prog, req, asked->limit, ret_views, err)
		   : approval_view_decided(prog, req, asked->before,
			 asked->limit, ret_views, err);
}

/* Where the page behind this one begins; what is open has one page. */
static uint64_t
next_before(const struct question *asked, const struct approval_views *views)
{
	return asked->state == WANTED_DECIDED && views->has_more
		   ? views->views[views->count - 1].approval.seq
		   : 0;
}

/* GET /api/approvals: what waits, the longest first; or what was decided. */
static int
approvals_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct question asked = { WANTED_OPEN, 0, LIMIT_DEFAULT };
	usec_t now = clock_realtime(&clock_system);
	struct json_writer *json = rep->json;
	struct approval_views views;

	if (params_read(req, &asked, err) == -1)
		return 400;
	if (asked.state == WANTED_OPEN && asked.before != 0) {
		error_set_field(err, ERROR_OUT_OF_RANGE, "before",
		    "before: of what is decided alone");
		return 400;
	}
	if (read_views(prog, req, &asked, &views, err) == -1)
		return 503;
	json_writer_object(json);
	json_writer_key(json, "approvals");
	json_writer_array(json);
	for (size_t i = 0; i < views.count; i++)
		write_approval(json, views.views + i, now);
	json_writer_end_array(json);
	json_writer_pair_u64(json, "total", views.total);
	pair_seq(json, "next", next_before(&asked, &views));
	json_writer_pair_time(json, "generated_at", now);
	json_writer_pair_u64(json, "through_seq", views.through_seq);
	reach_write_now(json, prog, views.through_seq);
	json_writer_end_object(json);
	return 200;
}

/* --- what is decided ------------------------------------------------------ */

struct decision {
	struct slice reason;
};

static const struct param accept_body[] = {
	PARAM_TEXT(struct decision, reason, "reason", REASON_BYTES),
	PARAM_END,
};

static const struct param reject_body[] = {
	PARAM_TEXT_REQUIRED(struct decision, reason, "reason", REASON_BYTES),
	PARAM_END,
};

static int
decide(const char *verb, struct program *prog, struct request *req,
    struct reply *rep, struct error *err)
{
	struct decision decision = { { NULL, 0 } };
	struct action action;

	if (body_read(req, &decision, err) == -1)
		return 400;
	action_begin(&action, verb);
	json_writer_pair_slice(&action.args, "id", req->word);
	if (decision.reason.data != NULL)
		json_writer_pair_slice(&action.args, "reason", decision.reason);
	return action_run(&action, prog, req, rep, err);
}

/* POST /api/approvals/<id>/accept: what is asked for may be done, once … */
static int
accept_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return decide("approval.accept", prog, req, rep, err);
}

/* POST /api/approvals/<id>/reject: … or not; the agent is told why. */
static int
reject_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return decide("approval.reject", prog, req, rep, err);
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/approvals", approvals_get, approvals_params,
	    ROUTE_SLOW },
	{ METHOD_POST, "/api/approvals/<word>/accept", accept_post, NULL,
	    ROUTE_SLOW, accept_body },
	{ METHOD_POST, "/api/approvals/<word>/reject", reject_post, NULL,
	    ROUTE_SLOW, reject_body },
	ROUTE_END,
};

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "approvals",
		.summary = "answers what waits for a person's word, and takes "
			   "it",
		.routes = routes,
	};

	return program_main(argc, argv, &settings);
}
