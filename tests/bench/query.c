/* How long the index takes to answer: each question of the table many times,
 * without HTTP. One JSON object a question on stdout.
 *
 *	build/bench/query DATABASE AUDIT_DIR [RUNS]
 *
 * What is asked for is taken from the log itself, so any log will do: its
 * busiest agents, capabilities and sessions.
 */
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"
#include "store/agents.h"
#include "store/search.h"
#include "store/sessions.h"

struct question {
	const char *name;
	const char *filter[4][2]; /* parameter, value; "@agent" and the like */
	const char *q;
	usec_t range; /* before the newest entry; 0: all time */
	enum { PAGE, HISTOGRAM } kind;
};

/* The later half of the log: its range begins within a block, as the default
 * range does in a log older than a week. */
#define HALF 1

static const struct question questions[] = {
	{ "default range", { { NULL } }, NULL, 7 * USEC_PER_DAY },
	{ "later half", { { NULL } }, NULL, HALF, PAGE },
	{ "one agent, later half", { { "agent_name", "@agent" } }, NULL, HALF,
	    PAGE },
	{ "histogram of a week", { { NULL } }, NULL, 7 * USEC_PER_DAY,
	    HISTOGRAM },
	{ "one agent, 7 days", { { "agent_name", "@agent" } }, NULL,
	    7 * USEC_PER_DAY },
	{ "one agent, all time", { { "agent_name", "@agent" } }, NULL, 0 },
	{ "denied, all time", { { "status", "denied" } }, NULL, 0 },
	{ "agent and capability, all time",
	    { { "agent_name", "@agent" }, { "capability", "@capability" } },
	    NULL, 0 },
	{ "agent and a glob, all time",
	    { { "agent_name", "@agent" }, { "capability", "f*" } }, NULL, 0 },
	{ "agent, status and tier, all time",
	    { { "agent_name", "@agent" }, { "status", "success" },
		{ "policy_tier", "notify" } },
	    NULL, 0 },
	{ "agent, any capability and status, all time",
	    { { "agent_name", "@agent" }, { "capability", "*" },
		{ "status", "success" } },
	    NULL, 0 },
	{ "not one agent, all time", { { "agent_name", "-@agent" } }, NULL, 0 },
	{ "session, all time", { { "session_id", "@session" } }, NULL, 0 },
	{ "rare substring, all time", { { NULL } }, "no entry has these words",
	    0 },
};

/* The values behind "@agent", "@capability", "@session". */
struct known {
	struct slice agent, capability, session;
	usec_t oldest, newest;
};

static void
end(const struct error *err)
{
	fprintf(stderr, "query: %s\n", err->sentence);
	exit(1);
}

static struct known
look(struct store *store, struct arena *arena)
{
	struct known known = { 0 };
	struct search search = { .filter = FILTER_INIT };
	struct search_stats stats;
	struct session_list sessions;
	struct agent_list agents;
	struct error err;

	if (search_stats(store, &search, arena, &stats, &err) == -1 ||
	    agents_list(store, ENTRY_AGENT, 0, 1, arena, &agents, &err) == -1 ||
	    sessions_list(store, (struct slice){ NULL, 0 }, 0, 1, arena,
		&sessions, &err) == -1)
		end(&err);
	if (agents.count == 0 || sessions.count == 0 ||
	    stats.capabilities.count == 0) {
		error_set(
		    &err, ERROR_INVALID, "there is too little in the log");
		end(&err);
	}
	known.agent = stats.agents.sums[0].name;
	known.capability = stats.capabilities.sums[0].name;
	known.session = sessions.sessions[0].id;
	known.oldest = agents.agents[0].first_seen;
	known.newest = agents.agents[0].last_seen;
	return known;
}

static struct slice
value_of(const char *value, const struct known *known, struct arena *arena)
{
	bool is_negative = value[0] == '-';
	const char *name = value + is_negative;
	struct slice found = strcmp(name, "@agent") == 0 ? known->agent
			     : strcmp(name, "@capability") == 0
				 ? known->capability
			     : strcmp(name, "@session") == 0 ? known->session
							     : slice_of(name);

	return slice_of(arena_printf(
	    arena, "%s%.*s", is_negative ? "-" : "", SLICE_ARG(found)));
}

static struct search
search_of(const struct question *question, const struct known *known,
    struct arena *arena)
{
	struct search search = { .filter = FILTER_INIT, .limit = 50 };
	struct error err;

	for (int i = 0; i < 4 && question->filter[i][0] != NULL; i++)
		if (filter_add(&search.filter, arena, question->filter[i][0],
			value_of(question->filter[i][1], known, arena),
			&err) == -1)
			end(&err);
	if (question->q != NULL && filter_set_q(&search.filter, arena,
				       slice_of(question->q), &err) == -1)
		end(&err);
	if (question->range == HALF)
		search.filter.from =
		    known->oldest + (known->newest - known->oldest) / 2;
	else if (question->range != 0)
		search.filter.from = known->newest - question->range;
	/* Others may have been recorded behind this agent's last. */
	if (question->kind == HISTOGRAM)
		search.filter.to = known->newest + USEC_PER_HOUR;
	return search;
}

static int
by_value(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static void
add_line(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	(void)place, (void)entry;
	buf_add_slice(context, line);
}

/* Search, and read the page's lines: what a request costs without HTTP. */
static usec_t
ask(struct store *store, const struct search *search, uint64_t *ret_total)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	cleanup(buf_free) struct buf lines = BUF_INIT;
	usec_t begin = clock_monotonic(&clock_system);
	struct search_page page;
	struct error err;

	if (search_page(store, search, &arena, &page, &err) == -1 ||
	    store_read_all(
		store, page.places, page.count, add_line, &lines, &err) == -1)
		end(&err);
	*ret_total = page.total;
	return clock_monotonic(&clock_system) - begin;
}

/* What is asked for, so that somebody else can be asked the same. */
static void
write_filter(struct json_writer *json, const struct question *question,
    const struct known *known, const struct search *search)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;

	json_writer_key(json, "filter");
	json_writer_object(json);
	for (int i = 0; i < 4 && question->filter[i][0] != NULL; i++)
		json_writer_pair_slice(json, question->filter[i][0],
		    value_of(question->filter[i][1], known, &arena));
	json_writer_end_object(json);
	if (question->q != NULL)
		json_writer_pair(json, "q", question->q);
	if (question->range != 0)
		json_writer_pair_u64(json, "from_us", search->filter.from);
	json_writer_pair_bool(json, "by_hour", question->kind == HISTOGRAM);
}

/* By the hour. */
static usec_t
count(struct store *store, const struct search *search, uint64_t *ret_total)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	usec_t begin = clock_monotonic(&clock_system);
	struct search_histogram histogram;
	struct error err;

	if (search_histogram(
		store, search, USEC_PER_HOUR, &arena, &histogram, &err) == -1)
		end(&err);
	*ret_total = 0;
	for (size_t i = 0; i < histogram.count; i++)
		for (int status = 0; status < ENTRY_STATUSES; status++)
			*ret_total += histogram.buckets[i].by_status[status];
	return clock_monotonic(&clock_system) - begin;
}

static void
measure(struct store *store, const struct question *question,
    const struct known *known, size_t runs)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(cleanup_free) usec_t *took =
	    memory_new(memory_product(runs, sizeof(*took)));
	struct search search = search_of(question, known, &arena);
	struct json_writer json;
	uint64_t total = 0;

	if (question->q != NULL)
		runs = runs < 5 ? runs : 5; /* seconds each, perhaps */
	for (size_t i = 0; i < runs; i++)
		took[i] = question->kind == HISTOGRAM
			      ? count(store, &search, &total)
			      : ask(store, &search, &total);
	qsort(took, runs, sizeof(*took), by_value);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair(&json, "question", question->name);
	write_filter(&json, question, known, &search);
	json_writer_pair_u64(&json, "total", total);
	json_writer_pair_u64(&json, "runs", runs);
	json_writer_pair_u64(&json, "p50_us", took[runs / 2]);
	json_writer_pair_u64(&json, "p99_us", took[runs * 99 / 100]);
	json_writer_end_object(&json);
	puts(out.data);
}

int
main(int argc, char **argv)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct store *store;
	struct known known;
	uint64_t runs = 200;

	if (argc < 3 || argc > 4 ||
	    (argc == 4 &&
		number_parse_u64(slice_of(argv[3]), 1, 100000, &runs) == -1)) {
		fprintf(stderr, "usage: query DATABASE AUDIT_DIR [RUNS]\n");
		return 64;
	}
	store = store_open(argv[1], argv[2]);
	known = look(store, &arena);
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		measure(store, &questions[i], &known, runs);
	store_close(store);
	return 0;
}
