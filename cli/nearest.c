#include "cli/nearest.h"

#include "base/slice.h"

enum {
	NEAREST_SLIPS = 2,  /* that are still "near" */
	NEAREST_BYTES = 40, /* longer words are not compared */
};

/* Edits (a letter more, less, other, or two swapped) from `a` to `b`. */
static size_t
distance_between(struct slice a, struct slice b)
{
	size_t rows[3][NEAREST_BYTES + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *free_row = before;

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.data[i - 1] == b.data[j - 1];
			size_t best = last[j - 1] + (same ? 0 : 1);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = last;
		last = row;
		row = free_row;
	}
	return last[b.len];
}

const char *
nearest_word(const char *word, const char *const *names)
{
	struct slice given = slice_of(word);
	const char *nearest = NULL;
	size_t best = NEAREST_SLIPS + 1;

	if (given.len > NEAREST_BYTES)
		return NULL;
	for (; *names != NULL; names++) {
		struct slice name = slice_of(*names);
		size_t distance;

		/* Of a word of three letters, two wrong are another word. */
		if (name.len > NEAREST_BYTES)
			continue;
		distance = distance_between(given, name);
		if (distance < best && distance * 2 < name.len) {
			best = distance;
			nearest = *names;
		}
	}
	return nearest;
}
