#include "store/coverage.h"

#include "base/memory.h"
#include "sql/coverage.h"
#include "sql/schema_telemetry.h"
#include "store/database_reader.h"

#include <math.h>
#include <stdlib.h>

struct coverage_reader {
	struct database_reader database;
};

static uint64_t
less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

uint64_t
coverage_both(const struct coverage *coverage)
{
	uint64_t left = less(coverage->by_hook, coverage->both);

	return coverage->both +
	       (coverage->unnamed < left ? coverage->unnamed : left);
}

uint64_t
coverage_unrecorded(const struct coverage *coverage)
{
	return coverage->by_hook == 0
		   ? 0
		   : less(coverage->by_telemetry, coverage_both(coverage));
}

/* Calls, each once, less those that telemetry need not know of. */
static uint64_t
count_calls(const struct coverage *coverage)
{
	return less(coverage->by_hook + coverage->by_telemetry,
	    coverage_both(coverage) + coverage->denied);
}

static bool
is_comparable(const struct coverage *coverage)
{
	return coverage->by_hook > 0 && coverage->by_telemetry > 0 &&
	       count_calls(coverage) > 0;
}

double
coverage_percent(const struct coverage *coverage)
{
	if (!is_comparable(coverage))
		return (double)NAN;
	return 100.0 * (double)coverage_both(coverage) /
	       (double)count_calls(coverage);
}

void
coverage_add(struct coverage_sum *sum, const struct coverage *coverage)
{
	if (is_comparable(coverage)) {
		sum->both += coverage_both(coverage);
		sum->all += count_calls(coverage);
	}
	sum->unrecorded += coverage_unrecorded(coverage);
	sum->missing += coverage->missing;
}

/* --- reading ------------------------------------------------------------- */

struct coverage_reader *
coverage_open(const char *path)
{
	struct coverage_reader *reader = memory_new(sizeof(*reader));

	database_reader_init(&reader->database, path, &schema_telemetry,
	    coverage_statements, COVERAGE_STATEMENTS);
	return reader;
}

void
coverage_close(struct coverage_reader *reader)
{
	if (reader == NULL)
		return;
	database_reader_done(&reader->database);
	free(reader);
}

static void
read_row(struct statement *row, struct coverage *ret)
{
	*ret = (struct coverage){
		.by_hook = statement_u64(row, 0),
		.by_telemetry = statement_u64(row, 1),
		.both = statement_u64(row, 2),
		.unnamed = statement_u64(row, 3),
		.denied = statement_u64(row, 4),
		.missing = statement_u64(row, 5),
		.seen_at = statement_u64(row, 6),
	};
}

int
coverage_find(struct coverage_reader *reader, struct slice session,
    struct coverage *ret, struct error *err)
{
	struct coverage found = { 0 };
	struct statement row;
	bool is_there;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	row = statement_start(reader->database.statements, COVERAGE_OF_SESSION);
	statement_bind_text(&row, 1, session);
	is_there = statement_next(&row);
	if (is_there)
		read_row(&row, &found);
	if (database_reader_end(&reader->database, &row, err) == -1)
		return -1;
	if (is_there)
		*ret = found;
	return is_there;
}

int
coverage_sum_since(struct coverage_reader *reader, usec_t since,
    struct coverage_sum *ret, struct error *err)
{
	struct coverage_sum sum = { 0 };
	struct statement rows;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	rows = statement_start(reader->database.statements, COVERAGE_SINCE);
	statement_bind_u64(&rows, 1, since);
	while (statement_next(&rows)) {
		struct coverage coverage;

		read_row(&rows, &coverage);
		coverage_add(&sum, &coverage);
	}
	if (database_reader_end(&reader->database, &rows, err) == -1)
		return -1;
	*ret = sum;
	return 0;
}
