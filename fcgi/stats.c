#include "fcgi/stats.h"

#include "fcgi/program.h"
#include "fcgi/query.h"
#include "fcgi/reach.h"

enum {
	SUMS_SHOWN = 100,
	BUCKETS_WANTED = 200, /* at most, when no step was given */
};

#define SPAN_DEFAULT USEC_PER_DAY

const struct param stats_params[] = {
	QUERY_FILTERS,
	QUERY_RANGE,
	PARAM_DURATION(
	    struct query, last, "last", USEC_PER_SEC, 400 * USEC_PER_DAY),
	PARAM_END,
};

const struct param histogram_params[] = {
	QUERY_FILTERS,
	QUERY_RANGE,
	PARAM_DURATION(
	    struct query, last, "last", USEC_PER_SEC, 400 * USEC_PER_DAY),
	PARAM_DURATION(
	    struct query, step, "step", USEC_PER_SEC, 30 * USEC_PER_DAY),
	PARAM_END,
};

void
stats_write_by_status(
    struct json_writer *json, const uint64_t by_status[ENTRY_STATUSES])
{
	json_writer_key(json, "by_status");
	json_writer_object(json);
	for (int status = 0; status < ENTRY_STATUSES; status++)
		json_writer_pair_u64(json,
		    entry_status_name((enum entry_status)status),
		    by_status[status]);
	json_writer_end_object(json);
}

static void
write_by_tier(struct json_writer *json, const uint64_t by_tier[ENTRY_TIERS])
{
	json_writer_key(json, "by_policy_tier");
	json_writer_object(json);
	for (int tier = ENTRY_NO_TIER + 1; tier < ENTRY_TIERS; tier++)
		json_writer_pair_u64(json,
		    entry_tier_name((enum entry_tier)tier), by_tier[tier]);
	json_writer_pair_u64(json, "none", by_tier[ENTRY_NO_TIER]);
	json_writer_end_object(json);
}

/* An actor's row of the sums; those of the three kinds are merged by size. */
static void
write_actor(struct json_writer *json, enum entry_actor actor, struct slice name,
    uint64_t total)
{
	json_writer_object(json);
	json_writer_pair(json, "actor_type", entry_actor_name(actor));
	if (actor != ENTRY_SYSTEM)
		json_writer_pair_slice(json,
		    actor == ENTRY_AGENT ? "agent_name" : "user_name", name);
	json_writer_pair_u64(json, "total", total);
	json_writer_end_object(json);
}

static void
write_by_actor(struct json_writer *json, const struct search_stats *stats)
{
	struct search_sum system_sum = { SLICE_LITERAL(""),
		stats->by_actor_type[ENTRY_SYSTEM] };
	struct {
		enum entry_actor actor;
		const struct search_sum *next, *end;
	} kinds[] = {
		{ ENTRY_AGENT, stats->agents.sums,
		    stats->agents.sums + stats->agents.count },
		{ ENTRY_SYSTEM, &system_sum,
		    &system_sum + (system_sum.count > 0) },
		{ ENTRY_USER, stats->users.sums,
		    stats->users.sums + stats->users.count },
	};

	json_writer_key(json, "by_actor");
	json_writer_array(json);
	for (int shown = 0; shown < SUMS_SHOWN; shown++) {
		int best = -1;

		for (int i = 0; i < 3; i++)
			if (kinds[i].next < kinds[i].end &&
			    (best == -1 ||
				kinds[i].next->count > kinds[best].next->count))
				best = i;
		if (best == -1)
			break;
		write_actor(json, kinds[best].actor, kinds[best].next->name,
		    kinds[best].next->count);
		kinds[best].next++;
	}
	json_writer_end_array(json);
}

static void
write_by_capability(struct json_writer *json, const struct search_sums *sums)
{
	json_writer_key(json, "by_capability");
	json_writer_array(json);
	for (size_t i = 0; i < sums->count && i < SUMS_SHOWN; i++) {
		json_writer_object(json);
		json_writer_pair_slice(json, "capability", sums->sums[i].name);
		json_writer_pair_u64(json, "total", sums->sums[i].count);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

/* `last`, or `from` and `to`: a closed range. */
static int
read_span(const struct query *query, struct filter *filter, struct error *err)
{
	usec_t now = clock_realtime(&clock_system);

	if (query->last != QUERY_UNSET &&
	    (query->from != QUERY_UNSET || query->to != QUERY_UNSET))
		return error_set_field(err, ERROR_INVALID, "last",
		    "last cannot stand beside from or to");
	if (query_range(query, now,
		query->last == QUERY_UNSET ? SPAN_DEFAULT : query->last, filter,
		err) == -1)
		return -1;
	if (query->to == QUERY_UNSET)
		filter->to = now;
	if (filter->from >= filter->to)
		return error_set_field(
		    err, ERROR_INVALID, "from", "from lies in the future");
	return 0;
}

/* GET /api/audit/stats: sums by status, tier, actor, capability. */
int
stats_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = QUERY_INIT;
	struct search search = { .is_gone = query_is_gone, .context = req };
	struct search_stats stats;
	struct json_writer *json = rep->json;

	if (query_read(req, &query, &search.filter, err) == -1 ||
	    read_span(&query, &search.filter, err) == -1)
		return 400;
	if (search_stats(program_store(prog, req->worker), &search, req->arena,
		&stats, err) == -1)
		return 503;
	json_writer_object(json);
	json_writer_pair_time(json, "from", search.filter.from);
	json_writer_pair_time(json, "to", search.filter.to);
	json_writer_pair_u64(json, "total", stats.total);
	stats_write_by_status(json, stats.by_status);
	write_by_tier(json, stats.by_tier);
	write_by_actor(json, &stats);
	write_by_capability(json, &stats.capabilities);
	json_writer_pair_u64(json, "through_seq", stats.through_seq);
	reach_write_now(json, prog, stats.through_seq);
	json_writer_end_object(json);
	return 200;
}

/* The step: as given, or the smallest usual one that makes few buckets. */
static int
choose_step(const struct query *query, const struct filter *filter,
    usec_t *ret_step, struct error *err)
{
	static const unsigned usual[] = { 1, 5, 15, 60, 300, 900, 3600, 10800,
		21600, 43200, 86400, 604800, 2592000 };
	enum { USUAL = sizeof(usual) / sizeof(*usual) };
	usec_t span = filter->to - filter->from;
	usec_t step = query->step;

	if (step == QUERY_UNSET) {
		size_t i = 0;

		while (i + 1 < USUAL &&
		       span / (usual[i] * USEC_PER_SEC) >= BUCKETS_WANTED)
			i++;
		step = usual[i] * USEC_PER_SEC;
	}
	if (step % USEC_PER_SEC != 0)
		return error_set_field(err, ERROR_INVALID, "step",
		    "step is not a number of whole seconds");
	if (span / step > SEARCH_BUCKETS - 2)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "step",
		    "step makes more than %d buckets of this range",
		    SEARCH_BUCKETS);
	*ret_step = step;
	return 0;
}

static void
write_buckets(
    struct json_writer *json, const struct search_histogram *histogram)
{
	json_writer_key(json, "buckets");
	json_writer_array(json);
	for (size_t i = 0; i < histogram->count; i++) {
		const struct search_bucket *bucket = &histogram->buckets[i];

		json_writer_object(json);
		json_writer_pair_time(json, "time", bucket->from);
		for (int status = 0; status < ENTRY_STATUSES; status++)
			json_writer_pair_u64(json,
			    entry_status_name((enum entry_status)status),
			    bucket->by_status[status]);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

/* GET /api/audit/histogram: counts over time, by status. */
int
histogram_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = QUERY_INIT;
	struct search search = { .is_gone = query_is_gone, .context = req };
	struct search_histogram histogram;
	struct json_writer *json = rep->json;
	usec_t step = 0;

	if (query_read(req, &query, &search.filter, err) == -1 ||
	    read_span(&query, &search.filter, err) == -1 ||
	    choose_step(&query, &search.filter, &step, err) == -1)
		return 400;
	if (search_histogram(program_store(prog, req->worker), &search, step,
		req->arena, &histogram, err) == -1)
		return 503;
	json_writer_object(json);
	json_writer_pair_time(json, "from", search.filter.from);
	json_writer_pair_time(json, "to", search.filter.to);
	json_writer_pair_u64(json, "step_seconds", step / USEC_PER_SEC);
	write_buckets(json, &histogram);
	json_writer_pair_u64(json, "through_seq", histogram.through_seq);
	reach_write_now(json, prog, histogram.through_seq);
	json_writer_end_object(json);
	return 200;
}
