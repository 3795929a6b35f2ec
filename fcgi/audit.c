/* audit.fcgi: questions to the log.
 *
 *	/api/audit		the entries that match, and how many there are
 *	/api/audit/<seq>	one of them; …/line: its bytes; …/erase: POST
 *	/api/audit/verify	POST: is the chain whole?
 *	/api/audit/export	all that match (export.c)
 *	/api/audit/stats	sums, and …/histogram (stats.c)
 *	/api/sessions/<id>	an agent's session
 *	/api/agents		who has been seen
 *
 * docs/openapi.yaml has the shape of every answer.
 */
#include "fcgi/action.h"
#include "fcgi/export.h"
#include "fcgi/page_cache.h"
#include "fcgi/program.h"
#include "fcgi/query.h"
#include "fcgi/reach.h"
#include "fcgi/stats.h"

#include "base/cleanup.h"
#include "config/config.h"
#include "door/password.h"
#include "http/body.h"
#include "store/agents.h"
#include "store/coverage.h"
#include "store/sessions.h"

enum {
	PAGE_DEFAULT = 50,
	PAGE_MAX = 200,
	REASON_BYTES = 1024, /* as for kruxosd */
};

#define RANGE_DEFAULT	(7 * USEC_PER_DAY)
#define Q_TIME_LIMIT	(2 * USEC_PER_SEC)
#define AGENT_IS_ACTIVE (5 * USEC_PER_MIN)

static const struct param audit_params[] = {
	QUERY_FILTERS,
	QUERY_RANGE,
	QUERY_THROUGH,
	PARAM_TEXT(struct query, q, "q", FILTER_QUERY_BYTES),
	PARAM_U64(struct query, limit, "limit", 1, PAGE_MAX),
	PARAM_U64(struct query, offset, "offset", 0, QUERY_SEQ_MAX),
	PARAM_END,
};

static struct page_cache *pages;
static struct coverage_reader *coverages;

/* The status page as the loop's thread has read it in this turn. */
static struct {
	usec_t turn; /* 0: not yet */
	struct status status;
} seen;

/* --- /api/audit ----------------------------------------------------------- */

static void
write_integrity(struct json_writer *json, const struct status *status)
{
	json_writer_key(json, "integrity");
	json_writer_object(json);
	json_writer_pair(
	    json, "status", status_integrity_name(status->integrity));
	json_writer_pair_u64(json, "through_seq", status->verified_seq);
	json_writer_pair_time_or_null(json, "verified_at", status->verified_at);
	json_writer_end_object(json);
}

static int
write_page(struct json_writer *json, struct store *store,
    const struct query *query, const struct search *search,
    const struct search_page *page, const struct status *status,
    struct error *err)
{
	json_writer_object(json);
	if (query_write_entries(json, store, &search->filter, page, err) == -1)
		return -1;
	json_writer_pair_u64(json, "total", page->total);
	if (!page->is_exact) {
		json_writer_pair(json, "total_relation", "gte");
		json_writer_pair_u64(json, "next", page->next_seq - 1);
	}
	json_writer_pair_u64(json, "limit", query->limit);
	json_writer_pair_u64(json, "offset", query->offset);
	json_writer_pair_time(json, "from", search->filter.from);
	if (query->to != QUERY_UNSET)
		json_writer_pair_time(json, "to", search->filter.to);
	else
		json_writer_pair(json, "to", NULL);
	json_writer_pair_u64(json, "through_seq", page->through_seq);
	reach_write(json, status, page->through_seq);
	write_integrity(json, status);
	json_writer_end_object(json);
	return 0;
}

/* What the daemon says. Whoever is answered in a turn of the loop had asked
 * before it began: one look in a turn is late enough for all of them. */
static int
read_status(struct program *prog, const struct request *req,
    struct status *ret_status, struct error *err)
{
	if (req->worker != 0)
		return program_status(prog, ret_status, err);
	if (seen.turn != loop_now(prog->loop)) {
		if (program_status(prog, &seen.status, err) == -1)
			return -1;
		seen.turn = loop_now(prog->loop);
	}
	*ret_status = seen.status;
	return 0;
}

/* Does the question need the lines themselves, or most of the index? */
static bool
takes_long(struct store *store, const struct filter *filter)
{
	return filter->needle.data != NULL ||
	       filter_has(filter, FILTER_CALL_ID) ||
	       search_has_long_globs(store, filter);
}

/* GET /api/audit: the entries that match, newest first, and how many. */
static int
audit_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = QUERY_INIT;
	struct search search = {
		.time_limit = Q_TIME_LIMIT,
		.is_gone = query_is_gone,
		.context = req,
	};
	struct search_page page;
	struct status status;
	struct store *store = program_store(prog, req->worker);

	query.limit = PAGE_DEFAULT;
	if (read_status(prog, req, &status, err) == -1)
		return 503;
	if (req->worker == 0 &&
	    page_cache_answer(pages, req, status.commits, rep))
		return 200;
	if (query_read(req, &query, &search.filter, err) == -1 ||
	    query_range(&query, clock_realtime(&clock_system), RANGE_DEFAULT,
		&search.filter, err) == -1)
		return 400;
	if (req->worker == 0 && takes_long(store, &search.filter))
		return HANDLER_SLOW;
	search.limit = query.limit;
	search.offset = query.offset;
	if (query.through != QUERY_UNSET)
		search.before_seq = query.through + 1;
	if (search_page(store, &search, req->arena, &page, err) == -1 ||
	    write_page(
		rep->json, store, &query, &search, &page, &status, err) == -1)
		return 503;
	if (req->worker == 0)
		page_cache_keep(pages, req, status.commits, rep);
	return 200;
}

/* --- one entry ------------------------------------------------------------ */

/* The line of entry req->number into the arena. Returns a status. */
static int
find_line(struct program *prog, struct request *req, struct buf *line,
    struct store_place *ret_place, struct error *err)
{
	struct store *store = program_store(prog, req->worker);
	struct store_place place = { .seq = req->number };
	struct entry entry;

	/* Without an index the log itself is searched. */
	if (req->number == 0 || req->number > QUERY_SEQ_MAX ||
	    (store_find(store, req->number, &place, err) == -1 &&
		err->code == ERROR_SYSTEM)) {
		error_set(err, ERROR_NOT_FOUND, "there is no entry %llu",
		    (unsigned long long)req->number);
		return 404;
	}
	if (store_read(store, &place, line, &entry, ret_place, err) == 0)
		return 200;
	if (err->code != ERROR_NOT_FOUND)
		return 503;
	error_set(err, ERROR_NOT_FOUND, "there is no entry %llu",
	    (unsigned long long)req->number);
	return 404;
}

/* GET /api/audit/<seq>: one entry. */
static int
entry_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct store_place place;
	int status = find_line(prog, req, &line, &place, err);

	if (status == 200)
		query_add_entry(&rep->body, buf_slice(&line), place.file);
	return status;
}

/* GET /api/audit/<seq>/line: its bytes as they stand. */
static int
line_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct store_place place;
	int status = find_line(prog, req, &rep->body, &place, err);

	if (status == 200)
		buf_add_char(&rep->body, '\n');
	return status;
}

/* --- what is done to the log ---------------------------------------------- */

struct erasing {
	struct slice reason, password;
};

static const struct param erase_body[] = {
	PARAM_TEXT_REQUIRED(struct erasing, reason, "reason", REASON_BYTES),
	PARAM_TEXT_REQUIRED(
	    struct erasing, password, "password", PASSWORD_BYTES),
	PARAM_END,
};

/* POST /api/audit/<seq>/erase: take its payload out, and say why. */
static int
erase_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct erasing erasing = { { NULL, 0 } };
	struct action action;

	if (body_read(req, &erasing, err) == -1)
		return 400;
	action_begin(&action, "audit.erase");
	json_writer_key(&action.args, "seqs");
	json_writer_array(&action.args);
	json_writer_u64(&action.args, req->number);
	json_writer_end_array(&action.args);
	json_writer_pair_slice(&action.args, "reason", erasing.reason);
	json_writer_pair_slice(&action.args, "password", erasing.password);
	return action_run(&action, prog, req, rep, err);
}

/* POST /api/audit/verify: begin to look at all of it again; `integrity` tells
 * how far it has come. */
static int
verify_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct action action;

	action_begin(&action, "audit.verify");
	int status = action_run(&action, prog, req, rep, err);
	return status == 200 ? 202 : status;
}

/* --- who, and when -------------------------------------------------------- */

static uint64_t
sum_of(const uint64_t by_status[ENTRY_STATUSES])
{
	uint64_t sum = 0;

	for (int status = 0; status < ENTRY_STATUSES; status++)
		sum += by_status[status];
	return sum;
}

/* What a session and an agent have in common. */
static void
write_sums(struct json_writer *json, usec_t first_seen, usec_t last_seen,
    uint64_t last_seq, struct slice last_capability,
    const uint64_t by_status[ENTRY_STATUSES])
{
	json_writer_pair_time(json, "first_seen", first_seen);
	json_writer_pair_time(json, "last_seen", last_seen);
	json_writer_pair_u64(json, "last_seq", last_seq);
	json_writer_pair_slice(json, "last_capability", last_capability);
	json_writer_pair_u64(json, "entries", sum_of(by_status));
	stats_write_by_status(json, by_status);
}

/* What is known of it; false: nothing. Without the database the rest of the
 * answer is as good. */
static bool
find_coverage(struct slice session, struct coverage *ret)
{
	struct error ignored;

	return coverage_find(coverages, session, ret, &ignored) == 1;
}

/* Which ways told of the session's calls; null: none that could be compared. */
static void
write_coverage(struct json_writer *json, const struct coverage *coverage)
{
	json_writer_key(json, "coverage");
	if (coverage == NULL) {
		json_writer_null(json);
		return;
	}
	json_writer_object(json);
	json_writer_key(json, "percent");
	json_writer_fixed(json, coverage_percent(coverage), 1);
	json_writer_pair_u64(json, "by_hook", coverage->by_hook);
	json_writer_pair_u64(json, "by_telemetry", coverage->by_telemetry);
	json_writer_pair_u64(json, "both", coverage_both(coverage));
	json_writer_pair_u64(json, "unrecorded", coverage_unrecorded(coverage));
	json_writer_pair_u64(json, "missing_sequence", coverage->missing);
	json_writer_end_object(json);
}

/* How long a session may be silent before its end counts as missing. */
#define SESSION_SILENCE USEC_PER_HOUR

/* Was it told how it ended? An agent that is killed tells nothing. */
static const char *
end_of(const struct session *session, usec_t now)
{
	if (session->ended_at != 0)
		return "seen";
	return now > session->last_seen + SESSION_SILENCE ? "missing" : "open";
}

static void
write_session(struct json_writer *json, const struct session *session,
    const struct coverage *coverage, usec_t now)
{
	json_writer_object(json);
	json_writer_pair_slice(json, "session_id", session->id);
	json_writer_pair(json, "actor_type", entry_actor_name(session->actor));
	if (session->actor != ENTRY_SYSTEM)
		json_writer_pair_slice(json,
		    session->actor == ENTRY_AGENT ? "agent_name" : "user_name",
		    session->actor_name);
	json_writer_pair_time_or_null(json, "started_at", session->started_at);
	json_writer_pair_time_or_null(json, "ended_at", session->ended_at);
	json_writer_pair(json, "end", end_of(session, now));
	json_writer_pair_u64(json, "first_seq", session->first_seq);
	write_sums(json, session->first_seen, session->last_seen,
	    session->last_seq, session->last_capability, session->by_status);
	write_coverage(json, coverage);
	json_writer_end_object(json);
}

/* GET /api/sessions/<id>: usually one; the newest first. */
static int
session_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct store *store = program_store(prog, req->worker);
	struct session_list list;
	struct coverage coverage;
	uint64_t through_seq;
	int result;
	bool is_known;
	usec_t now = clock_realtime(&clock_system);

	if (store_begin(store, err) == -1)
		return 503;
	through_seq = store_last_seq(store);
	result = sessions_find(store, req->word, req->arena, &list, err);
	store_end(store);
	if (result == -1) {
		if (err->code != ERROR_NOT_FOUND ||
		    reach_is_short(prog, through_seq, err))
			return 503;
		error_set(err, ERROR_NOT_FOUND, "there is no such session");
		return 404;
	}
	is_known = find_coverage(req->word, &coverage);
	json_writer_object(rep->json);
	json_writer_key(rep->json, "sessions");
	json_writer_array(rep->json);
	for (size_t i = 0; i < list.count; i++)
		write_session(rep->json, &list.sessions[i],
		    is_known ? &coverage : NULL, now);
	json_writer_end_array(rep->json);
	json_writer_pair_u64(rep->json, "through_seq", through_seq);
	reach_write_now(rep->json, prog, through_seq);
	json_writer_end_object(rep->json);
	return 200;
}

static const struct param agents_params[] = {
	PARAM_U64(struct query, limit, "limit", 1, PAGE_MAX),
	PARAM_U64(struct query, offset, "offset", 0, QUERY_SEQ_MAX),
	PARAM_END,
};

static void
write_agent(struct json_writer *json, const struct agent *agent, usec_t now)
{
	json_writer_object(json);
	json_writer_pair_slice(json, "agent_name", agent->name);
	json_writer_pair_bool(
	    json, "active", agent->last_seen + AGENT_IS_ACTIVE >= now);
	json_writer_pair_u64(json, "sessions", agent->sessions);
	write_sums(json, agent->first_seen, agent->last_seen, agent->last_seq,
	    agent->last_capability, agent->by_status);
	json_writer_end_object(json);
}

/* GET /api/agents: who has been seen, the one seen last first. */
static int
agents_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = QUERY_INIT;
	struct json_writer *json = rep->json;
	struct store *store = program_store(prog, req->worker);
	struct agent_list list;
	usec_t now = clock_realtime(&clock_system);
	uint64_t through_seq;
	int result;

	query.limit = PAGE_MAX;
	if (params_read(req, &query, err) == -1)
		return 400;
	if (store_begin(store, err) == -1)
		return 503;
	through_seq = store_last_seq(store);
	result = agents_list(store, ENTRY_AGENT, query.offset, query.limit,
	    req->arena, &list, err);
	store_end(store);
	if (result == -1)
		return 503;
	json_writer_object(json);
	json_writer_key(json, "agents");
	json_writer_array(json);
	for (size_t i = 0; i < list.count; i++)
		write_agent(json, &list.agents[i], now);
	json_writer_end_array(json);
	json_writer_pair_u64(json, "total", list.total);
	json_writer_pair_u64(json, "through_seq", through_seq);
	reach_write_now(json, prog, through_seq);
	json_writer_end_object(json);
	return 200;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/audit", audit_get, audit_params, 0 },
	{ METHOD_GET, "/api/audit/<number>", entry_get, NULL, 0 },
	{ METHOD_GET, "/api/audit/<number>/line", line_get, NULL, 0 },
	{ METHOD_GET, "/api/audit/export", export_get, export_params,
	    ROUTE_DOWNLOAD },
	{ METHOD_POST, "/api/audit/<number>/erase", erase_post, NULL,
	    ROUTE_SLOW, erase_body },
	{ METHOD_POST, "/api/audit/verify", verify_post, NULL, ROUTE_SLOW },
	{ METHOD_GET, "/api/audit/stats", stats_get, stats_params, ROUTE_SLOW },
	{ METHOD_GET, "/api/audit/histogram", histogram_get, histogram_params,
	    ROUTE_SLOW },
	{ METHOD_GET, "/api/sessions/<word>", session_get, NULL, 0 },
	{ METHOD_GET, "/api/agents", agents_get, agents_params, 0 },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	(void)err;
	pages = page_cache_new(&clock_system);
	coverages = coverage_open(prog->config->telemetry_file);
	return 0;
}

static void
on_rest(struct program *prog)
{
	(void)prog;
	page_cache_trim(pages);
}

static void
on_close(struct program *prog)
{
	(void)prog;
	coverage_close(coverages);
	page_cache_free(pages);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "audit",
		.summary = "answers questions to the audit log",
		.routes = routes,
		.on_open = on_open,
		.on_rest = on_rest,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
