#include "lib/store/search.c"

#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Sizes that end within rows alone, within small blocks, and behind large
 * ones. */
static const size_t sizes[] = { 1, 3000, 20000, 150000 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static struct corpus corpora[SIZES];
static struct store *stores[SIZES];

static int
make_corpora(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZES; i++) {
		corpus_make(&corpora[i], sizes[i], i + 1);
		corpus_index_by(&corpora[i], i == 1 ? 7 : 4000);
		stores[i] =
		    store_open(corpora[i].database, corpora[i].maker.dir);
	}
	return 0;
}

static int
free_corpora(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZES; i++) {
		store_close(stores[i]);
		corpus_free(&corpora[i]);
	}
	return 0;
}

/* --- the oracle --------------------------------------------------------- */

static bool
is_meant(const struct corpus *corpus, const struct search *search, size_t index)
{
	const struct entry *entry = &corpus->entries[index];

	return entry->seq > search->after_seq &&
	       (search->before_seq == 0 || entry->seq < search->before_seq) &&
	       (search->through_seq == 0 ||
		   entry->seq <= search->through_seq) &&
	       filter_matches(&search->filter, entry, corpus->lines[index]);
}

/* A page whose lines come by. */
struct reading {
	const struct corpus *corpus;
	const struct search_page *page;
	size_t at;
};

static void
check_line(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	struct reading *reading = context;
	const struct store_place *wanted = &reading->page->places[reading->at];

	assert_in_range(reading->at, 0, reading->page->count - 1);
	assert_int_equal(place->seq, wanted->seq);
	assert_int_equal(place->offset, wanted->offset);
	assert_int_equal(entry->seq, wanted->seq);
	assert_true(slice_equal(line, reading->corpus->lines[wanted->seq - 1]));
	reading->at++;
}

static void
check_places(const struct corpus *corpus, struct store *store,
    const struct search_page *page)
{
	struct reading reading = { corpus, page, 0 };
	struct error err = { 0 };

	assert_int_equal(store_read_all(store, page->places, page->count,
			     check_line, &reading, &err),
	    0);
	assert_int_equal(reading.at, page->count);
}

static void
check_page(const struct corpus *corpus, struct store *store,
    const struct search *search, const char *what)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search_page page;
	struct error err = { 0 };
	size_t total = 0, taken = 0;

	if (search_page(store, search, &arena, &page, &err) == -1)
		fail_msg("%s: %s", what, err.sentence);
	for (size_t i = corpus->count; i-- > 0;) {
		if (!is_meant(corpus, search, i))
			continue;
		total++;
		if (total <= search->offset || taken == search->limit)
			continue;
		if (taken >= page.count ||
		    page.places[taken].seq != corpus->entries[i].seq)
			fail_msg("%s: place %zu of %zu is not seq %zu", what,
			    taken, page.count, i + 1);
		taken++;
	}
	if (page.total != total || page.count != taken || !page.is_exact)
		fail_msg("%s: total %llu, not %zu; %zu places, not %zu", what,
		    (unsigned long long)page.total, total, page.count, taken);
	check_places(corpus, store, &page);
}

/* The same by pages without a total: nothing lost, nothing twice. */
static void
check_walk(const struct corpus *corpus, struct store *store,
    struct search search, const char *what)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search_page page;
	struct error err = { 0 };
	size_t index = corpus->count;

	search.without_total = true;
	search.offset = 0;
	do {
		if (search_page(store, &search, &arena, &page, &err) == -1)
			fail_msg("%s: %s", what, err.sentence);
		for (size_t i = 0; i < page.count; i++) {
			while (
			    index > 0 && !is_meant(corpus, &search, index - 1))
				index--;
			assert_int_not_equal(index, 0);
			assert_int_equal(
			    page.places[i].seq, corpus->entries[--index].seq);
		}
		search.before_seq = page.next_seq;
	} while (page.next_seq != 0);
	search.before_seq = 0;
	while (index > 0)
		if (is_meant(corpus, &search, --index))
			fail_msg("%s: seq %zu is missing", what, index + 1);
}

/* --- questions ---------------------------------------------------------- */

/* "agent_name=a&from=3&q=x": from and to are minutes of the corpus. */
static void
read_question(struct search *search, struct arena *arena, const char *question)
{
	char *rest = arena_copy(arena, question, strlen(question)), *pair;
	struct error err = { 0 };

	*search = (struct search){ .filter = FILTER_INIT, .limit = 50 };
	while ((pair = strsep(&rest, "&")) != NULL) {
		char *value = strchr(pair, '=');
		usec_t minutes;

		if (value == NULL)
			continue;
		*value++ = '\0';
		minutes = MAKER_DAY + strtoul(value, NULL, 10) * USEC_PER_MIN;
		if (strcmp(pair, "from") == 0)
			search->filter.from = minutes;
		else if (strcmp(pair, "to") == 0)
			search->filter.to = minutes;
		else if (strcmp(pair, "limit") == 0)
			search->limit = strtoul(value, NULL, 10);
		else if (strcmp(pair, "offset") == 0)
			search->offset = strtoul(value, NULL, 10);
		else if (strcmp(pair, "after") == 0)
			search->after_seq = strtoul(value, NULL, 10);
		else if (strcmp(pair, "before") == 0)
			search->before_seq = strtoul(value, NULL, 10);
		else if (strcmp(pair, "through") == 0)
			search->through_seq = strtoul(value, NULL, 10);
		else if (strcmp(pair, "q") == 0)
			assert_int_equal(filter_set_q(&search->filter, arena,
					     slice_of(value), &err),
			    0);
		else
			assert_int_equal(filter_add(&search->filter, arena,
					     pair, slice_of(value), &err),
			    0);
	}
}

/* Of one of the corpora. */
static void
ask_page(size_t i, const char *question)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search;

	read_question(&search, &arena, question);
	check_page(&corpora[i], stores[i], &search, question);
}

static void
pages_and_totals_are_those_of_the_filter(void **state)
{
	static const char *const questions[] = {
		"",
		"limit=0",
		"limit=1",
		"limit=10000",
		"offset=2500&limit=100",
		"offset=149990&limit=100",
		"offset=4096&limit=1",
		"offset=70000&limit=3",
		"offset=999999",
		"actor_type=user",
		"actor_type=-agent&limit=7",
		"agent_name=agent-0",
		"agent_name=agent-8&offset=3",
		"agent_name=agent-1&agent_name=agent-2",
		"agent_name=nobody",
		"agent_name=-nobody",
		"agent_name=-agent-0",
		"user_name=user-1",
		"user_name=-user-0&user_name=-user-1",
		"agent_name=agent-0&user_name=user-0",
		"agent_name=agent-0&agent_name=-agent-0",
		"capability=shell.exec",
		"capability=filesystem.*&limit=200",
		"capability=mcp.*.read",
		"capability=*",
		"capability=-*",
		"capability=-filesystem.*&capability=-mcp.*",
		"capability=mcp.*&capability=-*.write",
		"capability=log.open",
		"capability=no.such",
		"status=denied",
		"status=success&status=error",
		"status=-success",
		"policy_tier=blocked",
		"policy_tier=-blocked&policy_tier=-notify",
		"session_id=s-3",
		"session_id=s-1000",
		"session_id=s-3&session_id=s-2500",
		"session_id=-s-3",
		"session_id=no-such",
		"source=daemon",
		"source=-daemon&source=-import",
		"agent_name=agent-0&status=error&capability=filesystem.*",
		"actor_type=agent&policy_tier=notify&source=hook",
		"agent_name=agent-1&status=-success&policy_tier=-notify"
		"&capability=-git.*&source=-otlp&limit=200",
		"from=1000",
		"to=1440",
		"from=1440&to=1441",
		"from=1400&to=1500&status=error",
		"from=2000&to=1000",
		"from=100000",
		"from=1441&to=4400&agent_name=agent-3",
		"after=100",
		"after=4095&limit=200",
		"after=65535",
		"after=70000&before=70010",
		"after=999999",
		"before=1",
		"before=4096",
		"before=4097",
		"before=65536",
		"before=65537&status=denied",
		"before=131072&after=65536&agent_name=agent-0",
		"through=1",
		"through=4096",
		"through=65535",
		"through=65536&limit=1",
		"through=149999&agent_name=agent-2",
		"call_id=c-17",
		"call_id=c-17&call_id=c-2000",
		"call_id=no-such",
		"call_id=-c-17&limit=20&session_id=s-1",
		"call_id=c-17&status=success",
	};

	(void)state;
	for (size_t i = 0; i < SIZES; i++)
		for (size_t q = 0; q < sizeof(questions) / sizeof(*questions);
		     q++)
			ask_page(i, questions[q]);
}

static void
q_looks_at_the_lines_that_the_filters_leave(void **state)
{
	static const char *const questions[] = {
		"q=word7",
		"q=word7&offset=20&limit=5",
		"q=y39",
		"q=word1&agent_name=agent-4",
		"q=word&capability=filesystem.*&status=denied",
		"q=agent-0",
		"q=summary",
		"q=nothing",
		"q=word3&from=1441&to=1445",
		"q=word3&call_id=c-17",
	};

	(void)state;
	for (size_t i = 0; i < SIZES; i++)
		for (size_t q = 0; q < sizeof(questions) / sizeof(*questions);
		     q++)
			ask_page(i, questions[q]);
}

static void
pages_without_a_total_lose_nothing_and_double_nothing(void **state)
{
	static const char *const questions[] = {
		"limit=1000",
		"limit=10000&agent_name=agent-0",
		"limit=1&session_id=s-3",
		"limit=3&agent_name=agent-8&status=denied",
		"limit=4096&actor_type=agent&after=10&before=140001",
		"limit=17&q=word7&status=error",
		"limit=1&call_id=c-17",
		"limit=100&agent_name=nobody",
	};

	(void)state;
	for (size_t i = 0; i < SIZES; i++)
		for (size_t q = 0; q < sizeof(questions) / sizeof(*questions);
		     q++) {
			cleanup(arena_free) struct arena arena = ARENA_INIT;
			struct search search;

			read_question(&search, &arena, questions[q]);
			check_walk(
			    &corpora[i], stores[i], search, questions[q]);
		}
}

/* A question made up: a few names, a few values each. */
static void
make_question(struct corpus *corpus, struct buf *question)
{
	static const char *const values[][8] = {
		{ "actor_type=agent", "actor_type=user", "actor_type=-system",
		    "actor_type=-agent" },
		{ "agent_name=agent-0", "agent_name=agent-3",
		    "agent_name=-agent-1", "agent_name=agent-7",
		    "user_name=user-0", "user_name=-user-0" },
		{ "capability=mcp.*", "capability=-shell.exec",
		    "capability=git.push", "capability=*.write",
		    "capability=filesystem.*", "capability=-*.read",
		    "capability=session.*" },
		{ "status=success", "status=error", "status=denied",
		    "status=pending", "status=-success", "status=-error" },
		{ "policy_tier=notify", "policy_tier=-notify",
		    "policy_tier=blocked" },
		{ "source=hook", "source=-hook", "source=sdk",
		    "source=import" },
		{ "session_id=s-7", "session_id=-s-7", "session_id=s-1400" },
		{ "from=1000", "from=1441", "from=2881", "from=4321" },
		{ "to=1442", "to=2883", "to=4400" },
		{ "limit=1", "limit=200", "offset=100", "offset=5000" },
		{ "after=4096", "after=70000", "before=131072",
		    "through=66666" },
	};

	buf_reset(question);
	for (size_t name = 0; name < sizeof(values) / sizeof(*values); name++)
		while (corpus_random(corpus, 3) == 0) {
			const char *value =
			    values[name][corpus_random(corpus, 8)];

			if (value == NULL)
				continue;
			if (question->len > 0)
				buf_add_char(question, '&');
			buf_add_str(question, value);
		}
}

static void
made_up_questions_are_answered_rightly(void **state)
{
	cleanup(buf_free) struct buf question = BUF_INIT;

	(void)state;
	for (size_t i = 1; i < SIZES; i++)
		for (int round = 0; round < 150; round++) {
			make_question(&corpora[i], &question);
			ask_page(i, question.data);
		}
}

static uint64_t
sum_of(const struct search_sums *sums, struct slice name)
{
	for (size_t i = 0; i < sums->count; i++)
		if (slice_equal(sums->sums[i].name, name))
			return sums->sums[i].count;
	return 0;
}

static void
check_stats(const struct corpus *corpus, struct store *store,
    const struct search *search, const char *what)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search_stats expected = { 0 }, stats;
	uint64_t agents[CORPUS_AGENTS] = { 0 };
	uint64_t capabilities[CORPUS_CAPABILITIES] = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < corpus->count; i++) {
		const struct entry *entry = &corpus->entries[i];

		if (!is_meant(corpus, search, i))
			continue;
		expected.total++;
		expected.by_actor_type[entry->actor]++;
		expected.by_status[entry->status]++;
		expected.by_tier[entry->tier]++;
		expected.by_source[entry->source]++;
		if (entry->actor == ENTRY_AGENT)
			agents[entry->actor_name.data[6] - '0']++;
		for (size_t c = 0; c < CORPUS_CAPABILITIES; c++)
			capabilities[c] +=
			    slice_is(entry->capability, corpus_capabilities[c]);
	}
	if (search_stats(store, search, &arena, &stats, &err) == -1)
		fail_msg("%s: %s", what, err.sentence);
	if (stats.total != expected.total)
		fail_msg("%s: total %llu, not %llu", what,
		    (unsigned long long)stats.total,
		    (unsigned long long)expected.total);
	assert_memory_equal(stats.by_actor_type, expected.by_actor_type,
	    sizeof(stats.by_actor_type));
	assert_memory_equal(
	    stats.by_status, expected.by_status, sizeof(stats.by_status));
	assert_memory_equal(
	    stats.by_tier, expected.by_tier, sizeof(stats.by_tier));
	assert_memory_equal(
	    stats.by_source, expected.by_source, sizeof(stats.by_source));
	for (unsigned i = 0; i < CORPUS_AGENTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "agent-%u", i);
		assert_int_equal(
		    sum_of(&stats.agents, slice_of(name)), agents[i]);
	}
	for (size_t c = 0; c < CORPUS_CAPABILITIES; c++)
		assert_int_equal(sum_of(&stats.capabilities,
				     slice_of(corpus_capabilities[c])),
		    capabilities[c]);
	for (size_t i = 1; i < stats.agents.count; i++)
		assert_true(stats.agents.sums[i - 1].count >=
			    stats.agents.sums[i].count);
}

static void
check_histogram(const struct corpus *corpus, struct store *store,
    const struct search *search, usec_t width, const char *what)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search_histogram histogram;
	struct error err = { 0 };
	uint64_t expected[SEARCH_BUCKETS][ENTRY_STATUSES] = { 0 };
	usec_t from = search->filter.from - search->filter.from % width;

	for (size_t i = 0; i < corpus->count; i++)
		if (is_meant(corpus, search, i))
			expected[(corpus->entries[i].time - from) / width]
				[corpus->entries[i].status]++;
	if (search_histogram(store, search, width, &arena, &histogram, &err) ==
	    -1)
		fail_msg("%s: %s", what, err.sentence);
	assert_int_equal(histogram.width, width);
	for (size_t i = 0; i < histogram.count; i++) {
		assert_int_equal(histogram.buckets[i].from, from + i * width);
		if (memcmp(histogram.buckets[i].by_status, expected[i],
			sizeof(expected[i])) != 0)
			fail_msg("%s: width %llu: bucket %zu", what,
			    (unsigned long long)width, i);
	}
}

static void
sums_and_histograms_are_those_of_the_filter(void **state)
{
	static const char *const questions[] = {
		"from=0&to=10000",
		"from=1440&to=1450",
		"from=1441&to=1442&status=error",
		"from=0&to=6000&status=-success",
		"from=0&to=6000&status=error&status=denied&agent_name=agent-0",
		"from=0&to=6000&agent_name=agent-0",
		"from=0&to=6000&agent_name=-agent-0&capability=-mcp.*",
		"from=0&to=6000&session_id=s-3",
		"from=0&to=6000&user_name=user-1&policy_tier=notify",
		"from=0&to=6000&after=4000&before=5000",
		"from=0&to=6000&through=66000&source=hook",
		"from=0&to=6000&agent_name=nobody",
		"from=5000&to=5001",
	};
	static const usec_t widths[] = { 7 * USEC_PER_MIN, USEC_PER_DAY,
		USEC_PER_HOUR + USEC_PER_MSEC };

	(void)state;
	for (size_t i = 0; i < SIZES; i++)
		for (size_t q = 0; q < sizeof(questions) / sizeof(*questions);
		     q++) {
			cleanup(arena_free) struct arena arena = ARENA_INIT;
			struct search search;

			read_question(&search, &arena, questions[q]);
			check_stats(
			    &corpora[i], stores[i], &search, questions[q]);
			for (size_t w = 0; w < 3; w++)
				check_histogram(&corpora[i], stores[i], &search,
				    widths[w], questions[q]);
		}
}

static void
what_cannot_be_summed_is_refused_by_name(void **state)
{
	static const struct {
		const char *question, *field;
		usec_t width;
	} cases[] = {
		{ "from=0&to=10&q=x", "q", 1000 },
		{ "from=0&to=10&call_id=x", "call_id", 1000 },
		{ "from=0&to=10", "width", 0 },
		{ "from=0&to=10", "width", 1000 },
		{ "from=0&to=10", "width", USEC_PER_MIN + 1 },
		{ "from=10&to=10", "width", 1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		struct search_histogram histogram;
		struct search_stats stats;
		struct search search;
		struct error err = { 0 };

		read_question(&search, &arena, cases[i].question);
		assert_int_equal(search_histogram(stores[0], &search,
				     cases[i].width, &arena, &histogram, &err),
		    -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.field, cases[i].field);
		if (strcmp(cases[i].field, "width") == 0)
			continue;
		assert_int_equal(
		    search_stats(stores[0], &search, &arena, &stats, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.field, cases[i].field);
	}
}

static void
a_search_whose_time_is_over_says_where_to_go_on(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search;
	struct search_page page;
	struct error err = { 0 };
	uint64_t total = 0;

	(void)state;
	read_question(&search, &arena, "q=word7&limit=1");
	search.time_limit = 1; /* a microsecond */
	assert_int_equal(
	    search_page(stores[2], &search, &arena, &page, &err), 0);
	assert_false(page.is_exact);
	assert_int_not_equal(page.next_seq, 0);
	total += page.total;
	search.before_seq = page.next_seq;
	search.time_limit = 0;
	assert_int_equal(
	    search_page(stores[2], &search, &arena, &page, &err), 0);
	assert_true(page.is_exact);
	total += page.total;
	search.before_seq = 0;
	assert_int_equal(
	    search_page(stores[2], &search, &arena, &page, &err), 0);
	assert_int_equal(page.total, total);
}

static bool
has_gone(void *context)
{
	(void)context;
	return true;
}

static void
a_search_ends_when_its_client_has_gone(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search = { .filter = FILTER_INIT, .is_gone = has_gone };
	struct search_page page;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    search_page(stores[1], &search, &arena, &page, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
}

static void
globs_over_a_large_dictionary_take_long(void **state)
{
	static struct filter_value globs[20001];
	struct filter filter = FILTER_INIT;
	struct filter_list *list = &filter.lists[FILTER_CAPABILITY];
	struct error err = { 0 };
	dictionary_id last;

	(void)state;
	assert_int_equal(store_begin(stores[1], &err), 0);
	assert_int_equal(dictionary_last_capability(stores[1], &last, &err), 0);
	store_end(stores[1]);
	assert_in_range(last, 1, 20000);

	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		globs[i].text = slice_of("shell.*");
	list->values = globs;
	list->count = 20000 / last;
	assert_false(search_has_long_globs(stores[1], &filter));
	list->count++;
	assert_true(search_has_long_globs(stores[1], &filter));
	globs[0].text = slice_of("shell.exec");
	assert_false(search_has_long_globs(stores[1], &filter));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_and_totals_are_those_of_the_filter),
		cmocka_unit_test(made_up_questions_are_answered_rightly),
		cmocka_unit_test(q_looks_at_the_lines_that_the_filters_leave),
		cmocka_unit_test(
		    pages_without_a_total_lose_nothing_and_double_nothing),
		cmocka_unit_test(sums_and_histograms_are_those_of_the_filter),
		cmocka_unit_test(what_cannot_be_summed_is_refused_by_name),
		cmocka_unit_test(
		    a_search_whose_time_is_over_says_where_to_go_on),
		cmocka_unit_test(a_search_ends_when_its_client_has_gone),
		cmocka_unit_test(globs_over_a_large_dictionary_take_long),
	};

	return cmocka_run_group_tests(tests, make_corpora, free_corpora);
}
