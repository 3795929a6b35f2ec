#include "collectors/kruxosd/proxy.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/proxy_report.h"
#include "collectors/kruxosd/proxy_state.h"
#include "collectors/kruxosd/proxy_writer.h"

#include <sys/queue.h>

/* Reports are written no more often than this, however many come. */
#define SAVE_EVERY USEC_PER_SEC

/* For a database that takes nothing at present, before a decision is answered.
 */
#define PATIENCE (5 * USEC_PER_SEC)

/* A decision whose entry is on its way; made when that is durable, and answered
 * when it is kept, too. */
struct request {
	struct proxy *proxy;
	struct command_call *call;
	enum proxy_action action;
	struct arena arena;
	struct slice id, user_name; /* in the arena */
	usec_t due;		    /* CLOCK_BOOTTIME; 0: not made yet */
	LIST_ENTRY(request) of_proxy;
};

struct proxy {
	struct proxy_parts parts;
	struct proxy_state *state;
	struct proxy_writer *writer; /* NULL: there is no database */
	bool is_loaded;
	bool has_failed; /* to be kept, and that was said */
	bool is_damaged; /* the database */
	bool is_unsaved;
	unsigned unsaved; /* beside it: enum proxy_state_change */
	usec_t save_due;  /* CLOCK_BOOTTIME */
	LIST_HEAD(requests, request) requests;
};

struct proxy *
proxy_new(const struct proxy_parts *parts)
{
	struct proxy *proxy = memory_new(sizeof(*proxy));

	proxy->parts = *parts;
	proxy->state = proxy_state_new();
	LIST_INIT(&proxy->requests);
	return proxy;
}

static void
free_request(struct request *request)
{
	LIST_REMOVE(request, of_proxy);
	arena_free(&request->arena);
	free(request);
}

void
proxy_free(struct proxy *proxy)
{
	struct error err;

	if (proxy == NULL)
		return;
	error_set(&err, ERROR_BUSY, "the daemon ends");
	while (!LIST_EMPTY(&proxy->requests)) {
		command_fail(LIST_FIRST(&proxy->requests)->call, &err);
		free_request(LIST_FIRST(&proxy->requests));
	}
	proxy_writer_free(proxy->writer);
	proxy_state_free(proxy->state);
	free(proxy);
}

/* --- answers ------------------------------------------------------------- */

static void
answer(struct request *request)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", request->id);
	json_writer_pair(&json, "action", proxy_action_name(request->action));
	json_writer_end_object(&json);
	command_ok(request->call, buf_slice(&text));
	free_request(request);
}

/* Without a database there is nothing to wait for. */
static void
answer_kept(struct proxy *proxy)
{
	bool is_kept = !proxy->is_unsaved || proxy->writer == NULL;
	usec_t now = clock_boottime(proxy->parts.clock);
	struct request *request, *next;
	struct error err;

	for (request = LIST_FIRST(&proxy->requests); request != NULL;
	     request = next) {
		next = LIST_NEXT(request, of_proxy);
		if (request->due == 0 || (!is_kept && now < request->due))
			continue;
		if (is_kept) {
			answer(request);
			continue;
		}
		error_set(&err, ERROR_BUSY,
		    "it is decided, but telemetry.db does not take it now: a "
		    "restart would forget it");
		command_fail(request->call, &err);
		free_request(request);
	}
}

/* --- the database --------------------------------------------------------- */

static void
mark_unsaved(struct proxy *proxy, unsigned changed)
{
	proxy->is_unsaved = true;
	proxy->unsaved |= changed;
}

static void
save(struct proxy *proxy)
{
	struct error err;
	int result;

	if (proxy->writer == NULL || !proxy->is_unsaved)
		return;
	result = proxy_writer_save(proxy->writer,
	    proxy_state_report(proxy->state), proxy->unsaved, &err);
	if (result == -1 && !proxy->has_failed)
		diag(DIAG_ERROR,
		    "telemetry.db: %s; what the service proxy reports is kept "
		    "in memory until it takes it",
		    err.sentence);
	proxy->has_failed = result == -1;
	proxy->is_damaged = result == -1 && err.code == ERROR_CORRUPT;
	if (result == 0) {
		proxy->is_unsaved = false;
		proxy->unsaved = 0;
	}
	proxy->save_due = clock_boottime(proxy->parts.clock) + SAVE_EVERY;
}

static int
load(struct proxy *proxy, struct database *database, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct proxy_report kept;

	if (proxy_read_database(database, &arena, &kept, err) == -1) {
		arena_free(&arena);
		return -1;
	}
	proxy_state_restore(proxy->state, &arena, &kept);
	proxy->is_loaded = true;
	return 0;
}

/* One that has taken the place of another may be empty. */
int
proxy_set_database(
    struct proxy *proxy, struct database *database, struct error *err)
{
	save(proxy);
	proxy_writer_free(proxy->writer);
	proxy->writer = NULL;
	proxy->is_damaged = false;
	if (database == NULL)
		return 0;
	proxy->writer = proxy_writer_new(database, err);
	if (proxy->writer == NULL ||
	    (!proxy->is_loaded && load(proxy, database, err) == -1))
		return -1;
	if (proxy_state_report(proxy->state)->reported_at != 0)
		mark_unsaved(proxy, PROXY_STATE_ALL);
	return 0;
}

bool
proxy_is_damaged(const struct proxy *proxy)
{
	return proxy->is_damaged;
}

void
proxy_tick(struct proxy *proxy)
{
	if (clock_boottime(proxy->parts.clock) < proxy->save_due)
		return;
	save(proxy);
	answer_kept(proxy);
}

/* --- reports -------------------------------------------------------------- */

static const char service_name[] = "proxy";

static int
check_rights(const struct proxy *proxy, const struct command_call *call,
    struct error *err)
{
	if ((call->peer.classes & MESSAGE_OWNER) != 0 ||
	    telemetry_is_user(
		proxy->parts.telemetry, service_name, &call->peer))
		return 0;
	return error_set_field(err, ERROR_NOT_ALLOWED, "do",
	    "proxy.report is for the user of [service proxy]");
}

/* It works as long as one of its services does. */
static void
beat(struct proxy *proxy, const struct proxy_report *report)
{
	char details[OBSERVED_DETAILS_BYTES + 1];
	size_t synced = 0, failing = 0, buffered = 0;

	for (size_t i = 0; i < report->service_count; i++) {
		synced += report->services[i].status == PROXY_SYNCED;
		failing += proxy_has_errors(report->services + i);
	}
	for (size_t i = 0; i < report->write_count; i++)
		buffered += report->writes[i].state == PROXY_BUFFERED;
	snprintf(details, sizeof(details),
	    "synced: %zu of %zu, with errors: %zu, buffered: %zu, "
	    "dead letters: %zu",
	    synced, report->service_count, failing, buffered,
	    report->write_count - buffered);
	telemetry_beat(proxy->parts.telemetry, service_name,
	    failing > 0 && failing == report->service_count ? OBSERVED_DEGRADED
							    : OBSERVED_HEALTHY,
	    details);
}

/* `arena` holds it, and is given away. */
static void
take(struct proxy *proxy, struct arena *arena, struct proxy_report *report)
{
	report->reported_at = clock_realtime(proxy->parts.clock);
	beat(proxy, report);
	mark_unsaved(proxy, proxy_state_take(proxy->state, arena, report));
	proxy_tick(proxy);
}

void
proxy_report_command(struct proxy *proxy, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct proxy_report report;
	struct error err;

	if (check_rights(proxy, call, &err) == -1 ||
	    proxy_report_read(call->reader, call->args, proxy->parts.redactor,
		&arena, &report, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	take(proxy, &arena, &report);
	proxy_state_write_actions(proxy->state, &answer);
	command_ok(call, buf_slice(&answer));
}

/* --- decisions ------------------------------------------------------------ */

const struct command_arg proxy_decide_args[] = {
	{ "id", COMMAND_STRING, "which write" },
	{ 0 },
};

/* Another decision of it is on its way into the log. */
static bool
is_being_decided(const struct proxy *proxy, struct slice id)
{
	const struct request *request;

	LIST_FOREACH(request, &proxy->requests, of_proxy)
		if (slice_equal(request->id, id))
			return true;
	return false;
}

static void
write_request(const struct proxy_write *write, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", write->id);
	json_writer_pair_slice(&json, "service", write->service);
	if (write->agent_name.data != NULL)
		json_writer_pair_slice(&json, "agent_name", write->agent_name);
	json_writer_end_object(&json);
}

/* Its entry is durable. A report may have come in between. */
static void
on_logged(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	struct proxy *proxy = request->proxy;
	struct error why;

	(void)tag;
	(void)seq;
	if (err == NULL && proxy_state_decide(proxy->state, request->id,
			       request->action, request->user_name,
			       clock_realtime(proxy->parts.clock), &why) == -1)
		err = &why;
	if (err != NULL) {
		command_fail(request->call, err);
		free_request(request);
		return;
	}
	request->due = clock_boottime(proxy->parts.clock) + PATIENCE;
	mark_unsaved(proxy, PROXY_STATE_WRITES);
	save(proxy);
	answer_kept(proxy);
}

static int
log_decision(
    struct request *request, const struct proxy_write *write, struct error *err)
{
	static const char *const capabilities[PROXY_ACTIONS] = {
		[PROXY_CANCEL] = "proxy.cancel",
		[PROXY_RETRY] = "proxy.retry",
		[PROXY_DISCARD] = "proxy.discard",
	};
	cleanup(buf_free) struct buf summary = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct commit_waiter waiter = { on_logged, request, 0 };
	struct entry entry = command_entry(request->call);

	entry.capability = slice_of(capabilities[request->action]);
	/* A summary ends at U+0000, if it holds one. */
	buf_add_slice(&summary, write->summary);
	write_request(write, &text);
	return commit_add_json(request->proxy->parts.commit, &entry,
	    summary.data, buf_slice(&text), &waiter, NULL, err);
}

static struct request *
new_request(struct proxy *proxy, struct command_call *call,
    enum proxy_action action, struct slice id)
{
	struct request *request = memory_new(sizeof(*request));

	request->proxy = proxy;
	request->call = call;
	request->action = action;
	request->id = arena_slice(&request->arena, id);
	request->user_name = arena_slice(&request->arena, call->peer.user_name);
	LIST_INSERT_HEAD(&proxy->requests, request, of_proxy);
	return request;
}

static void
decide(struct proxy *proxy, struct command_call *call, enum proxy_action action)
{
	struct slice id = command_text(call, "id");
	const struct proxy_write *write;
	struct request *request;
	struct error err;

	write = proxy_state_find(proxy->state, id, action, &err);
	if (write != NULL && is_being_decided(proxy, id)) {
		error_set_field(&err, ERROR_CONFLICT, "id",
		    "%.*s is being decided of", SLICE_ARG(id));
		write = NULL;
	}
	if (write == NULL) {
		command_fail(call, &err);
		return;
	}
	request = new_request(proxy, call, action, id);
	if (log_decision(request, write, &err) == -1) {
		command_fail(call, &err);
		free_request(request);
	}
}

void
proxy_cancel_command(struct proxy *proxy, struct command_call *call)
{
	decide(proxy, call, PROXY_CANCEL);
}

void
proxy_retry_command(struct proxy *proxy, struct command_call *call)
{
	decide(proxy, call, PROXY_RETRY);
}

void
proxy_discard_command(struct proxy *proxy, struct command_call *call)
{
	decide(proxy, call, PROXY_DISCARD);
}
