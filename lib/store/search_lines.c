#include "store/search_lines.h"

#include "base/memory.h"
#include "log/scan.h"
#include "sql/search.h"
#include "store/calls.h"

#include <assert.h>
#include <unistd.h>

enum {
	/* One of so many neighbours is worth scanning all of them: to read a
	 * line by its place takes as long as scanning these. */
	SPARSE = 16,
};

struct search_lines {
	struct store *store;
	const struct filter *filter;
	bool reads_heads; /* call_id: the index does not know it */
	struct buf line;
	char file[LOGFILE_NAME_SIZE];
	int fd; /* of that file; -1: none */
};

struct search_lines *
search_lines_new(struct store *store, const struct filter *filter)
{
	struct search_lines *lines = memory_new(sizeof(*lines));

	lines->store = store;
	lines->filter = filter;
	lines->reads_heads = filter_has(filter, FILTER_CALL_ID);
	buf_init(&lines->line);
	lines->fd = -1;
	return lines;
}

void
search_lines_free(struct search_lines *lines)
{
	if (lines == NULL)
		return;
	if (lines->fd != -1)
		close(lines->fd);
	buf_free(&lines->line);
	free(lines);
}

/* --- one by one --------------------------------------------------------- */

/* What has gone or is damaged is no failure of the search. */
static bool
is_missing(const struct error *err)
{
	return err->code == ERROR_NOT_FOUND || err->code == ERROR_CORRUPT;
}

int
search_lines_match(struct search_lines *lines, uint64_t seq, bool *ret_matches,
    struct error *err)
{
	struct store_place place;
	struct entry entry;

	*ret_matches = false;
	buf_reset(&lines->line);
	if (store_find(lines->store, seq, &place, err) == -1 ||
	    store_read(
		lines->store, &place, &lines->line, &entry, &place, err) == -1)
		return is_missing(err) ? 0 : -1;
	*ret_matches =
	    filter_matches(lines->filter, &entry, buf_slice(&lines->line));
	return 0;
}

static int
sift_one_by_one(struct search_lines *lines, uint64_t *seqs, size_t count,
    size_t *ret_kept, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		bool matches;

		if (search_lines_match(lines, seqs[i], &matches, err) == -1)
			return -1;
		if (matches)
			seqs[kept++] = seqs[i];
	}
	*ret_kept = kept;
	return 0;
}

/* --- a stretch of a file ------------------------------------------------ */

/* Seqs that are asked about, while lines that match come by in rising order. */
struct sifting {
	const struct search_lines *lines;
	uint64_t *seqs;
	size_t at, count;
	size_t kept;
};

static bool
on_match(void *context, struct slice line, uint64_t offset)
{
	struct sifting *sifting = context;
	struct error ignored;
	struct entry entry;
	uint64_t seq;
	usec_t recorded_at;

	(void)offset;
	if (entry_parse_front(line, &seq, &recorded_at, &ignored) == -1)
		return true;
	while (sifting->at < sifting->count && sifting->seqs[sifting->at] < seq)
		sifting->at++;
	if (sifting->at == sifting->count)
		return false;
	if (sifting->seqs[sifting->at] != seq)
		return true;
	sifting->at++;
	if (sifting->lines->reads_heads &&
	    (entry_parse(line, &entry, &ignored) == -1 ||
		!filter_matches_head(sifting->lines->filter, &entry)))
		return true;
	sifting->seqs[sifting->kept++] = seq;
	return true;
}

static int
hold_file(struct search_lines *lines, const char *name, struct error *err)
{
	if (lines->fd != -1 && strcmp(lines->file, name) == 0)
		return 0;
	if (lines->fd != -1)
		close(lines->fd);
	lines->fd = store_open_file(lines->store, name, err);
	if (lines->fd == -1)
		return -1;
	memccpy(lines->file, name, '\0', sizeof(lines->file));
	return 0;
}

/* The bytes from the first of `seqs` to the end of the last, all of them in
 * one file. -1 and ERROR_NOT_FOUND or ERROR_CORRUPT: not that simple. */
static int
find_stretch(struct search_lines *lines, const uint64_t *seqs, size_t count,
    uint64_t *ret_offset, uint64_t *ret_length, struct error *err)
{
	struct store_place first, last, found;
	struct entry entry;
	uint64_t end;

	buf_reset(&lines->line);
	if (store_find(lines->store, seqs[0], &first, err) == -1 ||
	    store_find(lines->store, seqs[count - 1], &last, err) == -1 ||
	    store_read(
		lines->store, &last, &lines->line, &entry, &found, err) == -1)
		return -1;
	end = found.offset + lines->line.len + 1;
	if (strcmp(first.file, found.file) != 0 || first.offset >= end)
		return error_set(err, ERROR_NOT_FOUND, "not in one file");
	*ret_offset = first.offset;
	*ret_length = end - first.offset;
	return hold_file(lines, found.file, err);
}

static int
sift_stretch(struct search_lines *lines, uint64_t *seqs, size_t count,
    size_t *ret_kept, struct error *err)
{
	struct sifting sifting = { lines, seqs, 0, count, 0 };
	uint64_t offset = 0, length = 0;

	if (find_stretch(lines, seqs, count, &offset, &length, err) == -1 ||
	    scan_range(lines->fd, offset, length, lines->filter->needle,
		on_match, &sifting, err) == -1)
		return -1;
	*ret_kept = sifting.kept;
	return 0;
}

int
search_lines_sift(struct search_lines *lines, uint64_t *seqs, size_t count,
    size_t *ret_kept, struct error *err)
{
	uint64_t span = count == 0 ? 0 : seqs[count - 1] - seqs[0] + 1;
	size_t half = count / 2, kept, more;

	assert(span <= SEARCH_PIECE);
	if (count * SPARSE < span || count < SPARSE ||
	    lines->filter->needle.data == NULL)
		return sift_one_by_one(lines, seqs, count, ret_kept, err);
	if (sift_stretch(lines, seqs, count, ret_kept, err) == 0)
		return 0;
	if (!is_missing(err))
		return -1;
	/* A file ends within, or a line is damaged: somewhere in one half. */
	if (search_lines_sift(lines, seqs, half, &kept, err) == -1 ||
	    search_lines_sift(lines, seqs + half, count - half, &more, err) ==
		-1)
		return -1;
	memmove(seqs + kept, seqs + half, more * sizeof(*seqs));
	*ret_kept = kept + more;
	return 0;
}

/* --- calls -------------------------------------------------------------- */

/* The newest of what comes by. */
struct gathering {
	uint64_t *seqs;
	size_t count, capacity, most;
};

static bool
on_call(void *context, uint64_t seq)
{
	struct gathering *gathering = context;

	gathering->seqs = memory_grow(gathering->seqs, &gathering->capacity,
	    gathering->count + 1, sizeof(*gathering->seqs));
	gathering->seqs[gathering->count++] = seq;
	return --gathering->most > 0;
}

static int
falling(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left < right) - (left > right);
}

int
search_lines_calls(struct search_lines *lines, bool negative, uint64_t first,
    uint64_t last, size_t most, uint64_t **ret_seqs, size_t *ret_count,
    struct error *err)
{
	const struct filter_list *list = &lines->filter->lists[FILTER_CALL_ID];
	struct gathering gathering = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->values[i].is_negative != negative)
			continue;
		gathering.most = most;
		if (calls_find(lines->store, calls_hash(list->values[i].text),
			first, last, on_call, &gathering, err) == -1) {
			free(gathering.seqs);
			return -1;
		}
	}
	if (gathering.count > 0)
		qsort(
		    gathering.seqs, gathering.count, sizeof(uint64_t), falling);
	for (size_t i = 0; i < gathering.count && kept < most; i++)
		if (i == 0 || gathering.seqs[i] != gathering.seqs[i - 1])
			gathering.seqs[kept++] = gathering.seqs[i];
	*ret_seqs = gathering.seqs;
	*ret_count = kept;
	return 0;
}
