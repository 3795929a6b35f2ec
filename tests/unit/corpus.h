/* A log of random entries, every one of them in memory too, and the index made
 * of it: what the tests of the store are held to.
 *
 *	struct corpus corpus;
 *	corpus_make(&corpus, 10000, 1);         entries, seed
 *	corpus_index(&corpus);                  kruxos.db beside the log
 *	store = store_open(corpus.database, corpus.maker.dir);
 *	corpus_free(&corpus);
 */
#ifndef TESTS_UNIT_CORPUS_H
#define TESTS_UNIT_CORPUS_H

#include "tests/unit/chance.h"
#include "tests/unit/maker.h"

#include "base/arena.h"
#include "base/memory.h"
#include "collectors/kruxosd/index_writer.h"
#include "log/cursor.h"
#include "log/filter.h"

struct corpus {
	struct maker maker;
	char database[sizeof(((struct maker *)NULL)->dir) + 16];
	uint64_t chance;
	struct arena arena;
	struct slice *lines; /* without '\n', in the arena */
	struct entry *entries;
	size_t count, capacity, capacity_lines;
};

static inline uint64_t
corpus_random(struct corpus *corpus, uint64_t below)
{
	return chance_below(&corpus->chance, below);
}

/* A number below `below`, small ones far more often than large. */
static inline uint64_t
corpus_skewed(struct corpus *corpus, uint64_t below)
{
	return corpus_random(corpus, corpus_random(corpus, below) + 1);
}

static const char *const corpus_capabilities[] = { "shell.exec",
	"filesystem.read", "filesystem.write", "filesystem.search",
	"session.start", "session.end", "network.fetch", "mcp.github.read",
	"mcp.github.write", "mcp.mail.read", "git.commit", "git.push" };
enum {
	CORPUS_CAPABILITIES =
	    sizeof(corpus_capabilities) / sizeof(corpus_capabilities[0]),
	CORPUS_AGENTS = 9,
	CORPUS_USERS = 3,
	CORPUS_WORDS = 40,
};

static inline struct slice
corpus_name(struct corpus *corpus, const char *prefix, uint64_t number)
{
	return slice_of(arena_printf(
	    &corpus->arena, "%s-%llu", prefix, (unsigned long long)number));
}

static inline struct entry
corpus_entry(struct corpus *corpus)
{
	uint64_t seq = corpus->maker.seq + 1;
	struct entry entry = {
		.uid = 1000,
		.source =
		    (enum entry_source)corpus_random(corpus, ENTRY_SOURCES),
		.actor = (enum entry_actor)corpus_skewed(corpus, ENTRY_ACTORS),
		.capability = slice_of(corpus_capabilities[corpus_skewed(
		    corpus, CORPUS_CAPABILITIES)]),
		.tier = (enum entry_tier)corpus_random(corpus, ENTRY_TIERS),
		.status =
		    (enum entry_status)corpus_skewed(corpus, ENTRY_STATUSES),
	};

	if (entry.actor == ENTRY_AGENT)
		entry.actor_name = corpus_name(
		    corpus, "agent", corpus_skewed(corpus, CORPUS_AGENTS));
	if (entry.actor == ENTRY_USER)
		entry.actor_name = corpus_name(
		    corpus, "user", corpus_skewed(corpus, CORPUS_USERS));
	if (corpus_random(corpus, 4) != 0)
		entry.session_id = corpus_name(
		    corpus, "s", seq / 50 + corpus_random(corpus, 5));
	if (corpus_random(corpus, 3) != 0)
		entry.call_id =
		    corpus_name(corpus, "c", corpus_random(corpus, seq));
	if (corpus_random(corpus, 2) != 0)
		entry.duration_ms = SLICE_LITERAL("12.345");
	/* An import lies anywhere in the past; else time goes on. */
	entry.time = corpus->maker.now + 1000;
	if (corpus_random(corpus, 50) == 0)
		entry.time -= corpus_random(corpus, 1000) * USEC_PER_MIN;
	return entry;
}

/* Remember the line that the maker wrote last. */
static inline void
corpus_keep(struct corpus *corpus)
{
	struct slice line = { corpus->maker.line.data,
		corpus->maker.line.len - 1 };
	struct error err = { 0 };

	corpus->lines = memory_grow(corpus->lines, &corpus->capacity_lines,
	    corpus->count + 1, sizeof(*corpus->lines));
	corpus->entries = memory_grow(corpus->entries, &corpus->capacity,
	    corpus->count + 1, sizeof(*corpus->entries));
	corpus->lines[corpus->count] = arena_slice(&corpus->arena, line);
	if (entry_parse(corpus->lines[corpus->count],
		&corpus->entries[corpus->count], &err) == -1)
		abort();
	corpus->count++;
}

static inline void
corpus_add(struct corpus *corpus, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char rest[96];

		snprintf(rest, sizeof(rest),
		    ",\"summary\":\"word%u\",\"request\":{\"x\":\"y%u\"}",
		    (unsigned)corpus_random(corpus, CORPUS_WORDS),
		    (unsigned)corpus_skewed(corpus, CORPUS_WORDS));
		maker_add(&corpus->maker, corpus_entry(corpus), rest);
		corpus_keep(corpus);
	}
}

/* Four files of as many entries, `count` in all. */
static inline void
corpus_make(struct corpus *corpus, size_t count, uint64_t seed)
{
	*corpus = (struct corpus){ .chance = seed, .arena = ARENA_INIT };
	maker_init(&corpus->maker);
	snprintf(corpus->database, sizeof(corpus->database), "%.63s/kruxos.db",
	    corpus->maker.dir);
	for (size_t file = 0; file < 4; file++) {
		size_t share = count / 4 + (file < count % 4 ? 1 : 0);

		maker_open(&corpus->maker, MAKER_DAY + file * USEC_PER_DAY, 1);
		corpus_keep(corpus);
		corpus_add(corpus, share > 0 ? share - 1 : 0);
	}
}

/* Bring the index up to the log, in batches of `batch`. */
static inline void
corpus_index_by(struct corpus *corpus, size_t batch)
{
	struct error err = { 0 };
	struct index_writer *writer = index_writer_open(corpus->database, &err);
	struct cursor *cursor = cursor_open(corpus->maker.dir, &err);
	struct cursor_line line;
	struct entry entry;
	size_t added = 0;
	bool is_good =
	    writer != NULL && cursor != NULL &&
	    cursor_seek(
		cursor, index_writer_extent(writer)->last_seq + 1, &err) == 0 &&
	    index_writer_begin(writer, &err) == 0;

	while (is_good && cursor_next(cursor, UINT64_MAX, &line, &err) == 1) {
		is_good = entry_parse(line.line, &entry, &err) == 0 &&
			  index_writer_add(writer, &entry, slice_of(line.file),
			      line.offset, &err) == 0;
		if (is_good && ++added % batch == 0)
			is_good = index_writer_commit(writer, &err) == 0 &&
				  index_writer_begin(writer, &err) == 0;
	}
	if (!is_good || index_writer_commit(writer, &err) == -1) {
		fprintf(stderr, "corpus_index: %s\n", err.sentence);
		abort();
	}
	index_writer_close(writer);
	cursor_free(cursor);
}

static inline void
corpus_index(struct corpus *corpus)
{
	corpus_index_by(corpus, 4000);
}

static inline void
corpus_free(struct corpus *corpus)
{
	maker_free(&corpus->maker);
	arena_free(&corpus->arena);
	free(corpus->lines);
	free(corpus->entries);
}

#endif
