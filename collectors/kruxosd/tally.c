#include "collectors/kruxosd/tally.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "store/agents.h"
#include "store/approvals.h"
#include "store/coverage.h"
#include "store/search.h"

#include <sys/stat.h>

#include <math.h>

enum { DATABASES = 3 };

struct tally {
	char *audit_dir;
	char *databases[DATABASES]; /* the index first */
	struct store *store;
	struct coverage_reader *coverage;
};

static char *
copy(const char *text)
{
	struct buf buf = BUF_INIT;

	buf_add_str(&buf, text);
	return buf_detach(&buf);
}

struct tally *
tally_new(const struct tally_paths *paths)
{
	struct tally *tally = memory_new(sizeof(*tally));

	tally->audit_dir = copy(paths->audit_dir);
	tally->databases[0] = copy(paths->index_file);
	tally->databases[1] = copy(paths->state_file);
	tally->databases[2] = copy(paths->telemetry_file);
	tally->store = store_open(paths->index_file, paths->audit_dir);
	tally->coverage = coverage_open(paths->telemetry_file);
	return tally;
}

void
tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	store_close(tally->store);
	coverage_close(tally->coverage);
	for (int i = 0; i < DATABASES; i++)
		free(tally->databases[i]);
	free(tally->audit_dir);
	free(tally);
}

/* --- from the index ------------------------------------------------------- */

static int
count_agents(struct store *store, const struct state_removed *removed,
    usec_t now, double *figures, struct error *err)
{
	struct agent_metrics metrics;
	uint64_t ended;

	if (agents_metrics(store, now, &metrics, err) == -1)
		return -1;
	ended = metrics.succeeded + metrics.failed;
	figures[FIGURE_ACTIVE_AGENTS] = (double)metrics.active;
	figures[FIGURE_TOTAL_SESSIONS] =
	    (double)(metrics.sessions + removed->sessions);
	figures[FIGURE_INVOCATIONS_PER_MINUTE] = (double)metrics.invocations;
	figures[FIGURE_ERROR_RATE] =
	    ended == 0 ? 0 : (double)metrics.failed / (double)ended;
	return 0;
}

static int
count_entries(struct store *store, enum filter_name name,
    struct filter_value *values, size_t value_count, uint64_t *ret,
    struct error *err)
{
	struct search search = { .filter = FILTER_INIT };
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search_page page;

	search.filter.lists[name] = (struct filter_list){ values, value_count };
	if (search_page(store, &search, &arena, &page, err) == -1)
		return -1;
	*ret = page.total;
	return 0;
}

static int
count_decisions(struct store *store, const struct state_removed *removed,
    double *figures, struct error *err)
{
	struct filter_value denied = { .choice = ENTRY_DENIED };
	struct filter_value tiers[ENTRY_TIERS - 1] = { 0 };
	uint64_t count;

	for (int i = 0; i < ENTRY_TIERS - 1; i++)
		tiers[i].choice = ENTRY_NO_TIER + 1 + i;
	if (count_entries(store, FILTER_POLICY_TIER, tiers, ENTRY_TIERS - 1,
		&count, err) == -1)
		return -1;
	figures[FIGURE_EVALUATIONS_TOTAL] =
	    (double)(count + removed->evaluations);
	if (count_entries(store, FILTER_STATUS, &denied, 1, &count, err) == -1)
		return -1;
	figures[FIGURE_DENIED_TOTAL] = (double)(count + removed->denied);
	return 0;
}

static int
count_approvals(
    struct store *store, usec_t now, double *figures, struct error *err)
{
	uint64_t count;
	usec_t asked_at;

	if (approvals_pending(store, &count, &asked_at, err) == -1)
		return -1;
	figures[FIGURE_APPROVALS_PENDING] = (double)count;
	figures[FIGURE_APPROVAL_WAITING_SECONDS] =
	    count == 0 || asked_at > now
		? 0
		: (double)(now - asked_at) / (double)USEC_PER_SEC;
	return 0;
}

/* Of one state of the index, or none of it: while it is built or cannot be
 * read, the status page says so. */
static void
count_index(struct tally *tally, const struct state_removed *removed,
    usec_t now, double *figures)
{
	double counted[FIGURE_COUNT];
	struct error ignored;

	if (store_begin(tally->store, &ignored) == -1)
		return;
	figure_clear(counted);
	if (count_agents(tally->store, removed, now, counted, &ignored) == 0 &&
	    count_decisions(tally->store, removed, counted, &ignored) == 0 &&
	    count_approvals(tally->store, now, counted, &ignored) == 0)
		memcpy(figures + FIGURE_ACTIVE_AGENTS,
		    counted + FIGURE_ACTIVE_AGENTS,
		    (FIGURE_ENTRIES_TOTAL - FIGURE_ACTIVE_AGENTS) *
			sizeof(double));
	store_end(tally->store);
}

/* --- from the folders ----------------------------------------------------- */

static double
measure_log(const char *path)
{
	cleanup(cleanup_close) int dir =
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct logfile_list list;
	struct error ignored;
	double bytes = 0;

	if (dir == -1 || logfile_list_read(dir, &list, &ignored) == -1)
		return (double)NAN;
	for (size_t i = 0; i < list.count; i++)
		bytes += (double)list.files[i].size;
	logfile_list_free(&list);
	return bytes;
}

static double
measure_database(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	double bytes = 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		cleanup(buf_free) struct buf name = BUF_INIT;
		struct stat found;

		buf_addf(&name, "%s%s", path, suffixes[i]);
		if (lstat(name.data, &found) == 0)
			bytes += (double)found.st_size;
	}
	return bytes;
}

/* --- from telemetry.db ---------------------------------------------------- */

/* How long sessions count in which nothing happens any more. */
#define COVERAGE_SPAN USEC_PER_HOUR

static void
count_coverage(struct tally *tally, usec_t now, double *figures)
{
	struct coverage_sum sum;
	struct error ignored;

	if (coverage_sum_since(
		tally->coverage, now - COVERAGE_SPAN, &sum, &ignored) == -1)
		return;
	if (sum.all > 0)
		figures[FIGURE_COVERAGE_PERCENT] =
		    100.0 * (double)sum.both / (double)sum.all;
	figures[FIGURE_UNRECORDED_CALLS] =
	    (double)(sum.unrecorded + sum.missing);
}

void
tally_count(struct tally *tally, const struct state_removed *removed,
    usec_t now, double figures[static FIGURE_COUNT])
{
	for (int i = FIGURE_ACTIVE_AGENTS; i < FIGURE_COUNT; i++)
		figures[i] = (double)NAN;
	count_index(tally, removed, now, figures);
	count_coverage(tally, now, figures);
	figures[FIGURE_LOG_BYTES] = measure_log(tally->audit_dir);
	figures[FIGURE_DATABASE_BYTES] = 0;
	for (int i = 0; i < DATABASES; i++)
		figures[FIGURE_DATABASE_BYTES] +=
		    measure_database(tally->databases[i]);
}
