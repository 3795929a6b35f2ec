/* What is the caller's own: alerts, entries, approvals. From databases, so all
 * of it runs in the pool. */
#include "fcgi/readings.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "fcgi/query.h"
#include "http/request.h"
#include "store/alerts.h"
#include "store/approvals.h"
#include "store/search.h"

enum { LIST_DEFAULT = 20, APPROVAL_PAGES = 10 };

#define RANGE_DEFAULT (7 * USEC_PER_DAY)
#define TIME_LIMIT    (2 * USEC_PER_SEC)
/* An index that lags further than this is shown as it is. */
#define INDEX_PATIENCE USEC_PER_SEC

/* Until the index holds all that is durable now: whoever asks finds what he was
 * told of just before. */
static void
await_index(struct status_page *page)
{
	usec_t now = clock_monotonic(&clock_system);
	usec_t until = now + INDEX_PATIENCE;
	struct status status;
	struct error ignored;
	uint64_t durable;

	/* The watch is there before the first look: no write is missed. */
	if (status_watch(page, &ignored) == -1 ||
	    status_read(page, &status, &ignored) == -1)
		return;
	durable = status.head_seq;
	while (status.index_seq < durable && now < until &&
	       status_wait(page, until - now, &ignored) == 1 &&
	       status_read(page, &status, &ignored) == 0)
		now = clock_monotonic(&clock_system);
}

static struct store *
own_store(struct readings *readings, const struct capability_call *call)
{
	struct program *prog = readings_program(readings);
	struct error ignored;
	cleanup(status_closep) struct status_page *page =
	    status_open(prog->config->status_file, &ignored);

	if (page != NULL)
		await_index(page);
	return program_store(prog, call->request->worker);
}

/* --- text of agents ------------------------------------------------------- */

/* The first characters of it, and "…" if there are more. */
static void
write_text(struct json_writer *json, struct slice text)
{
	cleanup(buf_free) struct buf cut = BUF_INIT;
	struct slice rest = text;
	uint32_t character;

	for (size_t i = 0; i < READINGS_TEXT && rest.len > 0; i++) {
		size_t bytes = text_decode(rest, &character);

		rest.data += bytes;
		rest.len -= bytes;
	}
	buf_add(&cut, text.data, text.len - rest.len);
	if (rest.len > 0)
		buf_add_str(&cut, "…");
	json_writer_string(json, buf_slice(&cut));
}

static void
write_text_pair(struct json_writer *json, const char *key, struct slice text)
{
	json_writer_key(json, key);
	if (text.data == NULL)
		json_writer_null(json);
	else
		write_text(json, text);
}

/* As it is, if it is short; what is longer becomes the beginning of its text.
 */
static void
write_value(struct json_writer *json, const struct json_node *node)
{
	if (node->type == JSON_STRING || node->text.len > READINGS_TEXT)
		write_text(json, node->text);
	else if (node->type == JSON_NUMBER || node->children > 0)
		json_writer_raw(json, node->text);
	else if (node->type == JSON_ARRAY)
		json_writer_raw(json, SLICE_LITERAL("[]"));
	else if (node->type == JSON_OBJECT)
		json_writer_raw(json, SLICE_LITERAL("{}"));
	else if (node->type == JSON_NULL)
		json_writer_null(json);
	else
		json_writer_bool(json, node->type == JSON_TRUE);
}

/* The members of an object, each cut for itself; null for what is none. */
static void
write_object(struct json_writer *json, const struct json_reader *reader,
    const struct json_node *object)
{
	size_t shown = 0;

	if (object == NULL || object->type != JSON_OBJECT) {
		json_writer_null(json);
		return;
	}
	json_writer_object(json);
	for (const struct json_node *node = json_reader_first(reader, object);
	     node != NULL && shown < READINGS_MEMBERS;
	     node = json_reader_next(reader, object, node), shown++) {
		json_writer_key_slice(
		    json, (struct slice){ node->key.data,
			      text_cut(node->key, ENTRY_NAME_BYTES) });
		write_value(json, node);
	}
	json_writer_end_object(json);
}

/* --- alerts --------------------------------------------------------------- */

static void
write_alert(struct json_writer *json, struct json_reader *reader,
    const struct alert *alert)
{
	struct error ignored;
	bool has_context =
	    alert->context.data != NULL &&
	    json_reader_read(reader, alert->context, &ignored) == 0;

	json_writer_object(json);
	json_writer_pair_u64(json, "id", alert->id);
	json_writer_pair(json, "severity", rule_severities[alert->severity]);
	json_writer_pair(json, "state", alert_state_name(alert->state));
	json_writer_pair_u64(json, "count", alert->count);
	json_writer_pair_time(json, "first_seen", alert->first_seen);
	json_writer_pair_time(json, "last_seen", alert->last_seen);
	json_writer_pair_time_or_null(json, "resolved_at",
	    alert->state == ALERT_RESOLVED ? alert->resolved_at : 0);
	json_writer_pair_slice(json, "acknowledged_by", alert->acknowledged_by);
	json_writer_pair_time_or_null(
	    json, "acknowledged_at", alert->acknowledged_at);
	json_writer_key(json, "untrusted");
	json_writer_object(json);
	write_text_pair(json, "title", alert->title);
	write_text_pair(json, "message", alert->message);
	json_writer_key(json, "context");
	write_object(json, reader, has_context ? reader->nodes : NULL);
	json_writer_end_object(json);
	json_writer_end_object(json);
}

static bool
is_wanted(const struct capability_call *call, const struct alert *alert)
{
	struct slice state = readings_text(call, "state");
	bool is_resolved = alert->state == ALERT_RESOLVED;

	if (!slice_equal(alert->agent_name, call->agent))
		return false;
	if (slice_is(state, "all"))
		return true;
	return is_resolved == slice_is(state, "resolved");
}

int
readings_alerts(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct alerts_reader *alerts =
	    alerts_open(readings_program(readings)->config->telemetry_file);
	uint64_t left = readings_number(call, "limit", LIST_DEFAULT);
	struct alert_list list = { NULL, 0 };
	int failed = alerts_list(alerts, 0, call->request->arena, &list, err);

	alerts_close(alerts);
	if (failed == -1)
		return -1;
	json_writer_object(result);
	json_writer_key(result, "alerts");
	json_writer_array(result);
	for (size_t i = 0; i < list.count && left > 0; i++) {
		if (!is_wanted(call, &list.alerts[i]))
			continue;
		write_alert(result, &reader, &list.alerts[i]);
		left--;
	}
	json_writer_end_array(result);
	json_writer_end_object(result);
	return 0;
}

/* --- entries -------------------------------------------------------------- */

/* The payload's members, as one object; of an erased one nothing is left. */
static void
write_payload(struct json_writer *json, struct json_reader *reader,
    const struct entry *entry)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	const struct json_node *summary = NULL, *request = NULL;
	struct error ignored;

	buf_add_char(&text, '{');
	buf_add_slice(&text, entry->payload);
	buf_add_char(&text, '}');
	if (entry->erased_by == 0 &&
	    json_reader_read(reader, buf_slice(&text), &ignored) == 0) {
		summary = json_reader_member(reader, reader->nodes, "summary");
		request = json_reader_member(reader, reader->nodes, "request");
	}
	json_writer_key(json, "untrusted");
	json_writer_object(json);
	write_text_pair(json, "summary",
	    summary == NULL ? (struct slice){ NULL, 0 } : summary->text);
	json_writer_key(json, "request");
	write_object(json, reader, request);
	json_writer_end_object(json);
}

struct listing {
	struct json_writer *json;
	struct json_reader reader;
};

static void
write_raw_pair(struct json_writer *json, const char *key, struct slice digits)
{
	json_writer_key(json, key);
	if (digits.data == NULL)
		json_writer_null(json);
	else
		json_writer_raw(json, digits);
}

static void
write_entry(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	struct listing *listing = context;
	struct json_writer *json = listing->json;

	(void)place, (void)line;
	json_writer_object(json);
	json_writer_pair_u64(json, "seq", entry->seq);
	json_writer_pair_time(json, "time", entry->time);
	json_writer_pair_time(json, "recorded_at", entry->recorded_at);
	json_writer_pair(json, "source", entry_source_name(entry->source));
	json_writer_pair_slice(json, "agent_name", entry->actor_name);
	json_writer_pair_slice(json, "session_id", entry->session_id);
	json_writer_pair_slice(json, "call_id", entry->call_id);
	json_writer_pair_slice(json, "parent_call_id", entry->parent_call_id);
	json_writer_pair_slice(json, "trace_id", entry->trace_id);
	json_writer_pair_slice(json, "capability", entry->capability);
	json_writer_pair(json, "policy_tier", entry_tier_name(entry->tier));
	json_writer_pair(
	    json, "decided_by", entry_decider_name(entry->decider));
	json_writer_pair(json, "status", entry_status_name(entry->status));
	write_raw_pair(json, "duration_ms", entry->duration_ms);
	json_writer_key(json, "entry_hash");
	json_writer_hex(json, entry->entry_hash, sizeof(entry->entry_hash));
	write_payload(json, &listing->reader, entry);
	json_writer_end_object(json);
}

static int
read_time(const struct capability_call *call, const char *key, usec_t *ret,
    struct error *err)
{
	struct slice text = readings_text(call, key);
	struct error why;

	if (text.data == NULL || clock_parse(text, ret, &why) == 0)
		return 0;
	return error_set_field(
	    err, ERROR_OUT_OF_RANGE, key, "%s: %s", key, why.sentence);
}

/* What of the call is a filter. The agent's own name comes of the token. */
static int
fill_filter(const struct capability_call *call, struct filter *filter,
    struct error *err)
{
	static const char *const names[] = { "capability", "status",
		"session_id", "call_id" };
	struct arena *arena = call->request->arena;
	usec_t now = clock_realtime(&clock_system);
	struct slice q = readings_text(call, "q");

	if (filter_add(filter, arena, "actor_type", SLICE_LITERAL("agent"),
		err) == -1 ||
	    filter_add(filter, arena, "agent_name", call->agent, err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice value = readings_text(call, names[i]);

		if (value.data != NULL &&
		    filter_add(filter, arena, names[i], value, err) == -1)
			return -1;
	}
	if (q.data != NULL && filter_set_q(filter, arena, q, err) == -1)
		return -1;
	filter->from = now > RANGE_DEFAULT ? now - RANGE_DEFAULT : 0;
	return read_time(call, "from", &filter->from, err) == -1 ||
		       read_time(call, "to", &filter->to, err) == -1
		   ? -1
		   : 0;
}

/* Where the next page begins; 0: nowhere. */
static uint64_t
next_seq(const struct search_page *page)
{
	if (page->next_seq != 0 || page->count == 0 ||
	    page->total <= page->count)
		return page->next_seq;
	return page->places[page->count - 1].seq;
}

int
readings_audit(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err)
{
	struct store *store = own_store(readings, call);
	struct search search = {
		.filter = FILTER_INIT,
		.before_seq = readings_number(call, "before_seq", 0),
		.limit = readings_number(call, "limit", LIST_DEFAULT),
		.time_limit = TIME_LIMIT,
		.is_gone = query_is_gone,
		.context = call->request,
	};
	struct listing listing = { result, JSON_READER_INIT };
	struct search_page page;
	int failed;

	if (fill_filter(call, &search.filter, err) == -1 ||
	    search_page(store, &search, call->request->arena, &page, err) == -1)
		return -1;
	json_writer_object(result);
	json_writer_key(result, "entries");
	json_writer_array(result);
	failed = search_read(
	    store, &search.filter, &page, write_entry, &listing, err);
	json_reader_free(&listing.reader);
	if (failed == -1)
		return -1;
	json_writer_end_array(result);
	json_writer_pair_u64(result, "total", page.total);
	json_writer_pair_bool(result, "total_is_exact", page.is_exact);
	json_writer_key(result, "next_seq");
	if (next_seq(&page) != 0)
		json_writer_u64(result, next_seq(&page));
	else
		json_writer_null(result);
	json_writer_pair_u64(result, "through_seq", page.through_seq);
	json_writer_end_object(result);
	return 0;
}

/* --- approvals ------------------------------------------------------------ */

/* The newest of this id; it goes by its call's. */
static int
find_approval(struct store *store, const struct capability_call *call,
    struct slice id, struct approval *ret, struct error *err)
{
	const unsigned all = (1U << APPROVAL_STATES) - 1;
	uint64_t before = 0;

	for (int page = 0; page < APPROVAL_PAGES; page++) {
		struct approval_list list;

		if (approvals_list(store, all, before, APPROVALS_LIMIT,
			call->request->arena, &list, err) == -1)
			return -1;
		for (size_t i = 0; i < list.count; i++) {
			*ret = list.approvals[i];
			if (slice_equal(ret->call_id, id) &&
			    ret->actor == ENTRY_AGENT &&
			    slice_equal(ret->actor_name, call->agent))
				return 0;
		}
		if (list.count < APPROVALS_LIMIT)
			break;
		before = list.approvals[list.count - 1].seq;
	}
	return error_set_field(err, ERROR_NOT_FOUND, "approval_id",
	    "there is no such approval of yours");
}

int
readings_approval(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err)
{
	static const char *const states[APPROVAL_STATES] = {
		[APPROVAL_PENDING] = "pending",
		[APPROVAL_ACCEPTED] = "accepted",
		[APPROVAL_REJECTED] = "rejected",
		[APPROVAL_ENDED] = "ended",
	};
	struct store *store = own_store(readings, call);
	struct slice id = readings_text(call, "approval_id");
	struct approval approval = { 0 };

	if (find_approval(store, call, id, &approval, err) == -1)
		return -1;
	json_writer_object(result);
	json_writer_pair_slice(result, "approval_id", id);
	json_writer_pair(result, "state", states[approval.state]);
	json_writer_pair_slice(result, "capability", approval.capability);
	json_writer_pair_slice(result, "session_id", approval.session_id);
	json_writer_pair_time(result, "asked_at", approval.asked_at);
	json_writer_pair_time_or_null(
	    result, "decided_at", approval.decided_at);
	json_writer_pair_slice(result, "decided_by", approval.decided_by);
	json_writer_end_object(result);
	return 0;
}
