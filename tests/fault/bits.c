/* Family 8: one flipped bit, anywhere.
 *
 * In the log: the verifier finds it, in the line where it is; without knowing
 * how far the log reached it may take one in the last write for a torn tail,
 * never for nothing. In the status page: it is no page. In kruxos.db: nothing
 * crashes, and no line is shown that is not of the log, under its own seq, and
 * asked for; a writer goes on or says what is wrong. A total may be wrong, or a
 * line missing; then the daemon, which holds the index against the log once a
 * day, finds it. In state.db: it opens, or is kept aside; every function
 * answers, and keeps what it is told from then on. */
#include "tests/fault/base_log.h"
#include "tests/fault/fault.h"
#include "tests/unit/corpus.h"

#include "base/diag.h"
#include "collectors/kruxosd/scrub_pass.h"
#include "collectors/kruxosd/state.h"
#include "log/chain.h"
#include "store/agents.h"
#include "store/approvals.h"
#include "store/search.h"
#include "store/sessions.h"
#include "store/status_text.h"

static const struct fault_family family = {
	.number = 8,
	.what = "one flipped bit in log, status page or databases",
	.seconds = 30,
	.floor = 1000,
	.aim = 10000,
	.soak = 1000000,
};

enum {
	LOGS = 16,
	SMALL = 9000,  /* entries of an index with two recent blocks … */
	LARGE = 70000, /* … and of one with a sealed block */
	DATABASE_BYTES = 16 << 20,
};

static const char *const questions[][2] = {
	{ "agent_name", "agent-0" },
	{ "status", "-success" },
	{ "capability", "mcp.*" },
	{ "session_id", "s-90" },
	{ "call_id", "c-17" },
	{ "policy_tier", "notify" },
};
enum { QUESTIONS = sizeof(questions) / sizeof(*questions) };

/* What was answered, in numbers that differ when the answers do; 0: an error,
 * or not asked. */
struct answers {
	uint64_t page, stats, histogram;
};

struct lists {
	uint64_t agents, sessions;
};

/* An index, what stands in its one file, and what it answers undamaged. */
struct index {
	struct corpus corpus;
	struct buf whole;
	struct answers answers[QUESTIONS];
	struct lists lists;
};

struct bench {
	struct fault fault;
	struct image logs[LOGS];
	struct image log;
	char dir[64];
	struct index small, large;
	char state_dir[64];
	struct buf state; /* state.db, undamaged */
	uint64_t wrong;	  /* answers that the scrub had to find */
};

static size_t
below(struct bench *bench, size_t limit)
{
	return (size_t)fault_random(&bench->fault, limit);
}

/* --- the log ------------------------------------------------------------ */

/* The last seq that somebody was told: the index and the status page know it.
 */
static uint64_t
last_seq(struct bench *bench)
{
	static const struct chain_options options = { 0 };
	struct chain_result result;
	struct error err;

	if (chain_verify(bench->dir, &options, &result, &err) == -1 ||
	    !result.is_whole || result.is_torn)
		fault_fail(&bench->fault, "the log is not whole before");
	return result.last_seq;
}

static struct chain_result
verify(struct bench *bench, uint64_t synced_seq)
{
	const struct chain_options options = { .synced_seq = synced_seq };
	struct chain_result result;
	struct error err;

	if (chain_verify(bench->dir, &options, &result, &err) == -1)
		fault_fail(&bench->fault, "verify: %s", err.sentence);
	return result;
}

/* Bytes that count: behind what the next file says, there are none. */
static size_t
counted_bytes(const struct image_file *file)
{
	size_t lines = image_count_lines(file);
	struct image_line last = image_line(file, lines - 1);

	return last.at + last.len;
}

static void
flip_in_log(struct bench *bench)
{
	struct image_file *file;
	struct chain_result result;
	size_t bit, lines = 0;
	uint64_t seq;

	image_copy(&bench->log, &bench->logs[below(bench, LOGS)]);
	image_write(&bench->log, bench->dir);
	seq = last_seq(bench);
	file = &bench->log.files[below(bench, bench->log.count)];
	bit = below(bench, counted_bytes(file) * 8);
	for (size_t i = 0; i < bit / 8; i++)
		lines += file->bytes.data[i] == '\n';
	file->bytes.data[bit / 8] ^= (char)(1 << bit % 8);
	image_write(&bench->log, bench->dir);

	result = verify(bench, 0);
	if (result.is_whole && !result.is_torn)
		fault_fail(&bench->fault, "%s: bit %zu: called whole",
		    file->name, bit);
	result = verify(bench, seq);
	if (result.is_whole)
		fault_fail(&bench->fault, "%s: bit %zu: called %s", file->name,
		    bit, result.is_torn ? "torn" : "whole");
	/* The first line also says where the file before it ends, and which
	 * place is this one's. */
	if (lines > 0 && (strcmp(result.fault.file, file->name) != 0 ||
			     result.fault.line != lines + 1))
		fault_fail(&bench->fault,
		    "%s: bit %zu, in line %zu: found in %s:%llu", file->name,
		    bit, lines + 1, result.fault.file,
		    (unsigned long long)result.fault.line);
}

/* --- the status page ---------------------------------------------------- */

static void
flip_in_status(struct bench *bench)
{
	struct status status = {
		.pid = 1 + (uint32_t)below(bench, 99999),
		.started_at = MAKER_DAY + below(bench, 1 << 30),
		.head_seq = below(bench, 1 << 30),
		.head_file = "2026-11-23.jsonl",
		.reason = "audit/2026-11-23.jsonl: No space left on device",
		.cpu_percent = (double)below(bench, 1000) / 10,
	};
	cleanup(buf_free) struct buf page = BUF_INIT;
	uint64_t sequence = 1 + below(bench, 1 << 20);
	size_t bit = below(bench, STATUS_BYTES * 8);

	status_text_compose(&status, sequence, &page);
	if (status_text_parse(buf_slice(&page), &status, &sequence) == -1)
		fault_fail(&bench->fault, "the page does not read before");
	page.data[bit / 8] ^= (char)(1 << bit % 8);
	if (status_text_parse(buf_slice(&page), &status, &sequence) == 0)
		fault_fail(&bench->fault, "status page: bit %zu", bit);
}

/* --- the index ---------------------------------------------------------- */

static void
put_byte(const struct index *index, size_t at, char byte)
{
	int fd = open(index->corpus.database, O_WRONLY | O_CLOEXEC);

	if (pwrite(fd, &byte, 1, (off_t)at) != 1)
		abort();
	close(fd);
}

/* What is under way, for check_line(). */
struct question {
	struct bench *bench;
	const struct index *index;
	const struct filter *filter;
	size_t bit;
};

static void
check_line(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	const struct question *question = context;
	const struct corpus *corpus = &question->index->corpus;

	if (entry->seq != place->seq || entry->seq < 1 ||
	    entry->seq > corpus->count ||
	    !slice_equal(line, corpus->lines[entry->seq - 1]) ||
	    !filter_matches(question->filter, entry, line))
		fault_fail(&question->bench->fault,
		    "kruxos.db: bit %zu: seq %llu is shown as %llu",
		    question->bit, (unsigned long long)entry->seq,
		    (unsigned long long)place->seq);
}

static void
mix(uint64_t *digest, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		*digest = (*digest ^ at[i]) * 0x100000001b3;
}

#define MIX(digest, value) mix(digest, &(value), sizeof(value))

static uint64_t
digest_page(const struct search_page *page)
{
	uint64_t digest = 1;

	MIX(&digest, page->total);
	for (size_t i = 0; i < page->count; i++)
		MIX(&digest, page->places[i].seq);
	return digest;
}

static uint64_t
digest_stats(const struct search_stats *stats)
{
	uint64_t digest = 1;

	MIX(&digest, stats->total);
	MIX(&digest, stats->by_actor_type);
	MIX(&digest, stats->by_status);
	MIX(&digest, stats->by_tier);
	MIX(&digest, stats->by_source);
	return digest;
}

static uint64_t
digest_histogram(const struct search_histogram *histogram)
{
	uint64_t digest = 1;

	for (size_t i = 0; i < histogram->count; i++)
		MIX(&digest, histogram->buckets[i].by_status);
	return digest;
}

/* One question, in every form of its answer. */
static struct answers
ask(struct bench *bench, struct store *store, const struct index *index,
    size_t number, size_t bit)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search = { .filter = FILTER_INIT, .limit = 20 };
	struct question question = { bench, index, &search.filter, bit };
	struct answers answers = { 0 };
	struct search_page page;
	struct search_stats stats;
	struct search_histogram histogram;
	struct error err = { 0 };

	if (filter_add(&search.filter, &arena, questions[number][0],
		slice_of(questions[number][1]), &err) == -1)
		abort();
	if (search_page(store, &search, &arena, &page, &err) == 0) {
		answers.page = digest_page(&page);
		if (search_read(store, &search.filter, &page, check_line,
			&question, &err) == -1)
			fault_fail(&bench->fault, "%s", err.sentence);
	}
	search.filter.from = MAKER_DAY;
	search.filter.to = MAKER_DAY + 5 * USEC_PER_DAY;
	if (search_stats(store, &search, &arena, &stats, &err) == 0)
		answers.stats = digest_stats(&stats);
	if (search_histogram(
		store, &search, USEC_PER_HOUR, &arena, &histogram, &err) == 0)
		answers.histogram = digest_histogram(&histogram);
	return answers;
}

static struct lists
ask_for_lists(struct store *store)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct lists lists = { 0 };
	struct agent_list agents;
	struct session_list sessions;
	struct approval_list approvals;
	struct error err = { 0 };

	if (agents_list(store, ENTRY_AGENT, 0, 50, &arena, &agents, &err) ==
	    0) {
		lists.agents = 1;
		for (size_t i = 0; i < agents.count; i++) {
			MIX(&lists.agents, agents.agents[i].last_seq);
			MIX(&lists.agents, agents.agents[i].by_status);
		}
	}
	if (sessions_list(store, (struct slice){ NULL, 0 }, 0, 50, &arena,
		&sessions, &err) == 0) {
		lists.sessions = 1;
		for (size_t i = 0; i < sessions.count; i++) {
			MIX(&lists.sessions, sessions.sessions[i].last_seq);
			MIX(&lists.sessions, sessions.sessions[i].by_status);
		}
	}
	(void)approvals_list(store, 0xf, 0, 50, &arena, &approvals, &err);
	return lists;
}

static void
index_make(
    struct bench *bench, struct index *index, size_t entries, uint64_t seed)
{
	struct error err = { 0 };
	struct database *database;
	struct store *store;
	ssize_t got;
	int fd;

	buf_init(&index->whole);
	corpus_make(&index->corpus, entries, seed);
	corpus_index(&index->corpus);
	database =
	    database_open(index->corpus.database, DATABASE_WRITE_LATER, &err);
	if (database == NULL ||
	    database_run(database, "PRAGMA wal_checkpoint(TRUNCATE)", &err) ==
		-1)
		abort();
	database_close(database);
	fd = open(index->corpus.database, O_RDONLY | O_CLOEXEC);
	buf_reserve(&index->whole, DATABASE_BYTES);
	got = read(fd, index->whole.data, DATABASE_BYTES);
	if (got <= 0 || got == DATABASE_BYTES)
		abort();
	buf_set_len(&index->whole, (size_t)got);
	close(fd);
	store = store_open(index->corpus.database, index->corpus.maker.dir);
	for (size_t i = 0; i < QUESTIONS; i++)
		index->answers[i] = ask(bench, store, index, i, 0);
	index->lists = ask_for_lists(store);
	store_close(store);
}

static void
index_free(struct index *index)
{
	corpus_free(&index->corpus);
	buf_free(&index->whole);
}

static void
mend(const struct index *index)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char path[sizeof(index->corpus.database) + 4];
	int fd;

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", index->corpus.database,
		    suffixes[i]);
		unlink(path);
	}
	fd = open(index->corpus.database, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (write(fd, index->whole.data, index->whole.len) !=
	    (ssize_t)index->whole.len)
		abort();
	close(fd);
}

/* Index as much again behind what is there, which seals blocks. */
static int
index_more(const struct index *index, struct error *err)
{
	struct index_writer *writer =
	    index_writer_open(index->corpus.database, err);
	int result = writer == NULL ? -1 : index_writer_begin(writer, err);

	for (size_t i = 0; i < index->corpus.count && result == 0; i++) {
		struct entry entry = index->corpus.entries[i];

		entry.seq = index_writer_extent(writer)->last_seq + 1;
		result = index_writer_add(
		    writer, &entry, SLICE_LITERAL("2026-11-26.jsonl"), i, err);
	}
	if (result == 0)
		result = index_writer_commit(writer, err);
	index_writer_close(writer);
	return result;
}

static void
flip_under_a_writer(struct bench *bench, const struct index *index, size_t bit)
{
	struct error err = { 0 };

	put_byte(
	    index, bit / 8, (char)(index->whole.data[bit / 8] ^ 1 << bit % 8));
	if (index_more(index, &err) == -1 && err.code == ERROR_NONE)
		fault_fail(&bench->fault,
		    "kruxos.db: bit %zu: a failure without a word", bit);
	mend(index);
}

/* Another answer than the undamaged index gives; an error is none. */
static bool
differs(uint64_t answer, uint64_t right)
{
	return answer != 0 && answer != right;
}

static bool
ask_something(struct bench *bench, struct store *store,
    const struct index *index, size_t bit)
{
	size_t number = below(bench, QUESTIONS);
	const struct answers *right = &index->answers[number];
	struct answers answers = ask(bench, store, index, number, bit);
	struct lists lists = { 0 };

	if (below(bench, 4) == 0)
		lists = ask_for_lists(store);
	return differs(answers.page, right->page) ||
	       differs(answers.stats, right->stats) ||
	       differs(answers.histogram, right->histogram) ||
	       differs(lists.agents, index->lists.agents) ||
	       differs(lists.sessions, index->lists.sessions);
}

static bool
never(void *context)
{
	(void)context;
	return false;
}

/* What was answered wrong is found by the daemon. */
static void
scrub(struct bench *bench, const struct index *index, size_t bit)
{
	uint64_t generation;
	struct error err = { 0 };

	if (scrub_pass(index->corpus.database, index->corpus.maker.dir, never,
		NULL, &generation, &err) == 0 ||
	    err.code != ERROR_CORRUPT)
		fault_fail(&bench->fault,
		    "kruxos.db: bit %zu: a wrong answer is not found (%s)", bit,
		    err.sentence);
	bench->wrong++;
}

static void
flip_under_readers(struct bench *bench, const struct index *index, size_t bit)
{
	struct store *store;
	bool is_wrong;

	put_byte(
	    index, bit / 8, (char)(index->whole.data[bit / 8] ^ 1 << bit % 8));
	store = store_open(index->corpus.database, index->corpus.maker.dir);
	is_wrong = ask_something(bench, store, index, bit);
	if (ask_something(bench, store, index, bit))
		is_wrong = true;
	store_close(store);
	if (is_wrong)
		scrub(bench, index, bit);
	put_byte(index, bit / 8, index->whole.data[bit / 8]);
}

static void
flip_in_index(struct bench *bench)
{
	const struct index *index =
	    below(bench, 100) == 0 ? &bench->large : &bench->small;
	size_t bit = below(bench, index->whole.len * 8);

	/* Every fourth in the first pages: schema and roots. */
	if (below(bench, 4) == 0)
		bit %= 16 * 4096 * 8;
	if (below(bench, 100) == 0)
		flip_under_a_writer(bench, index, bit);
	else
		flip_under_readers(bench, index, bit);
}

/* --- state.db ----------------------------------------------------------- */

static void
state_path(const struct bench *bench, char ret_path[static 80])
{
	snprintf(ret_path, 80, "%s/state.db", bench->state_dir);
}

static void
make_state(struct bench *bench)
{
	struct state_removed removed = { 7, 1, 4096, 7, 5, 1, 2, 1, 1 };
	struct state_verification verification = {
		.seq = 40, .whole_at = MAKER_DAY, .damage = "a fault"
	};
	struct error err;
	struct state *state;
	struct stat st;
	char path[80];
	int fd;

	state_path(bench, path);
	state = state_open(path, &clock_system, &err);
	if (state == NULL ||
	    state_set_removed(state, &removed, USEC_PER_DAY, &err) == -1 ||
	    state_add_erasure(state, 9, &err) == -1 ||
	    state_set_verification(state, &verification, &err) == -1)
		abort();
	state_close(state);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		abort();
	buf_init(&bench->state);
	buf_reserve(&bench->state, (size_t)st.st_size);
	if (read(fd, bench->state.data, (size_t)st.st_size) != st.st_size)
		abort();
	buf_set_len(&bench->state, (size_t)st.st_size);
	close(fd);
}

/* Read all, in whatever state it is; then what is written reads back. */
static void
use_state(struct bench *bench, struct state *state, size_t bit)
{
	struct state_removed removed, again;
	struct state_verification verification;
	uint64_t seqs[STATE_ERASURES], count;
	size_t erasures;
	struct error err = { 0 };

	(void)state_count_removals(state, 0, &count, &err);
	if (state_read_verification(state, &verification, &err) == 0 &&
	    memchr(verification.damage, '\0', sizeof(verification.damage)) ==
		NULL)
		fault_fail(&bench->fault, "state.db: bit %zu: damage", bit);
	if (state_read_erasures(state, seqs, &erasures, &err) == 0 &&
	    erasures > STATE_ERASURES)
		fault_fail(&bench->fault, "state.db: bit %zu: erasures", bit);
	if (state_read_removed(state, &removed, &err) == -1)
		return;
	removed.files++;
	if (state_set_removed(state, &removed, USEC_PER_DAY, &err) == 0 &&
	    (state_read_removed(state, &again, &err) == -1 ||
		memcmp(&again, &removed, sizeof(again)) != 0))
		fault_fail(&bench->fault,
		    "state.db: bit %zu: what was written is not read", bit);
}

static void
flip_in_state(struct bench *bench)
{
	size_t bit = below(bench, bench->state.len * 8);
	struct error err = { 0 };
	struct state *state;
	char path[80];
	int fd;

	image_clear_folder(bench->state_dir);
	state_path(bench, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bench->state.data[bit / 8] ^= (char)(1 << bit % 8);
	if (write(fd, bench->state.data, bench->state.len) !=
	    (ssize_t)bench->state.len)
		abort();
	bench->state.data[bit / 8] ^= (char)(1 << bit % 8);
	close(fd);
	state = state_open(path, &clock_system, &err);
	if (state == NULL && err.code != ERROR_INVALID)
		fault_fail(
		    &bench->fault, "state.db: bit %zu: %s", bit, err.sentence);
	if (state != NULL)
		use_state(bench, state, bit);
	state_close(state);
}

static void
one_case(struct bench *bench)
{
	size_t where = below(bench, 20);

	if (where < 8)
		flip_in_log(bench);
	else if (where < 10)
		flip_in_status(bench);
	else if (where < 11)
		flip_in_state(bench);
	else
		flip_in_index(bench);
}

int
main(void)
{
	static struct bench bench = { .dir = "/tmp/kruxos-bits-XXXXXX",
		.state_dir = "/tmp/kruxos-bits-state-XXXXXX" };

	diag_init("", (enum diag_level)0); /* what it says is not looked at */
	fault_begin(&bench.fault, &family);
	for (unsigned i = 0; i < LOGS; i++) {
		image_init(&bench.logs[i]);
		base_log_make(&bench.logs[i], i);
	}
	image_init(&bench.log);
	if (mkdtemp(bench.dir) == NULL || mkdtemp(bench.state_dir) == NULL)
		abort();
	make_state(&bench);
	index_make(&bench, &bench.small, SMALL, 11);
	index_make(&bench, &bench.large, LARGE, 12);
	while (fault_goes_on(&bench.fault))
		if (fault_next_case(&bench.fault))
			one_case(&bench);
	image_clear_folder(bench.dir);
	rmdir(bench.dir);
	image_clear_folder(bench.state_dir);
	rmdir(bench.state_dir);
	buf_free(&bench.state);
	for (size_t i = 0; i < LOGS; i++)
		image_free(&bench.logs[i]);
	image_free(&bench.log);
	index_free(&bench.small);
	index_free(&bench.large);
	printf("# %llu wrong answers of the index, each found\n",
	    (unsigned long long)bench.wrong);
	return fault_end(&bench.fault);
}
