#include "collectors/kruxosd/dictionary_writer.h"

#include "base/crc32c.h"
#include "base/memory.h"
#include "sql/dictionary_writer.h"

#include <assert.h>

/* Names live in sets of a few slots. Whoever makes up names that fall into one
 * set drives out each other's and costs us a look into the database, no more.
 */
enum {
	SETS = 2048, /* a power of two */
	SLOTS = 4,   /* in a set */
};

/* What a name is the name of; actors of each type have a space of their own. */
enum kind {
	KIND_NONE,
	KIND_FILE,
	KIND_CAPABILITY,
	KIND_SESSION,
	KIND_ACTOR, /* + enum entry_actor */
};

struct slot {
	uint8_t kind;
	uint8_t len;
	char name[ENTRY_NAME_BYTES];
	dictionary_id id;
};

struct set {
	struct slot slots[SLOTS];
	unsigned next; /* to be driven out */
};

struct dictionary_writer {
	struct statement_set *statements;
	struct set *sets;
};

struct dictionary_writer *
dictionary_writer_new(struct database *database, struct error *err)
{
	struct dictionary_writer *writer;
	struct statement_set *statements = statement_set_new(database,
	    dictionary_writer_statements, DICTIONARY_WRITER_STATEMENTS, err);

	if (statements == NULL)
		return NULL;
	writer = memory_new(sizeof(*writer));
	writer->statements = statements;
	writer->sets = memory_new(SETS * sizeof(*writer->sets));
	return writer;
}

void
dictionary_writer_free(struct dictionary_writer *writer)
{
	if (writer == NULL)
		return;
	statement_set_free(writer->statements);
	free(writer->sets);
	free(writer);
}

void
dictionary_writer_reset(struct dictionary_writer *writer)
{
	memset(writer->sets, 0, SETS * sizeof(*writer->sets));
}

/* Run `statement` for a name; 0 where it has no row. */
static int
run(struct dictionary_writer *writer, int statement, unsigned kind,
    struct slice name, dictionary_id *ret_id, struct error *err)
{
	struct statement run = statement_start(writer->statements, statement);
	uint64_t id = 0;

	statement_bind_text(&run, 1, name);
	if (kind >= KIND_ACTOR)
		statement_bind_u64(&run, 2, kind - KIND_ACTOR);
	/* To the end: with RETURNING the row is in only then. */
	while (statement_next(&run))
		id = statement_u64(&run, 0);
	if (statement_end(&run, err) == -1)
		return -1;
	if (id > UINT32_MAX)
		return error_set(
		    err, ERROR_CORRUPT, "an id of the dictionary is damaged");
	*ret_id = (dictionary_id)id;
	return 0;
}

static int
find_or_add(struct dictionary_writer *writer, unsigned kind, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	static const struct {
		int find, add;
	} statements[] = {
		[KIND_FILE] = { DICTIONARY_WRITER_FIND_FILE,
		    DICTIONARY_WRITER_ADD_FILE },
		[KIND_CAPABILITY] = { DICTIONARY_WRITER_FIND_CAPABILITY,
		    DICTIONARY_WRITER_ADD_CAPABILITY },
		[KIND_SESSION] = { DICTIONARY_WRITER_FIND_SESSION,
		    DICTIONARY_WRITER_ADD_SESSION },
		[KIND_ACTOR] = { DICTIONARY_WRITER_FIND_ACTOR,
		    DICTIONARY_WRITER_ADD_ACTOR },
	};
	unsigned row = kind > KIND_ACTOR ? KIND_ACTOR : kind;

	if (run(writer, statements[row].find, kind, name, ret_id, err) == -1)
		return -1;
	if (*ret_id != 0)
		return 0;
	return run(writer, statements[row].add, kind, name, ret_id, err);
}

static int
look_up(struct dictionary_writer *writer, unsigned kind, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	uint32_t hash = crc32c(kind, name);
	struct set *set = &writer->sets[hash & (SETS - 1)];
	struct slot *slot;

	assert(name.len <= ENTRY_NAME_BYTES);
	for (slot = set->slots; slot < set->slots + SLOTS; slot++)
		if (slot->kind == kind && slot->len == name.len &&
		    memcmp(slot->name, name.data, name.len) == 0) {
			*ret_id = slot->id;
			return 0;
		}
	if (find_or_add(writer, kind, name, ret_id, err) == -1)
		return -1;
	slot = &set->slots[set->next++ % SLOTS];
	slot->kind = (uint8_t)kind;
	slot->len = (uint8_t)name.len;
	memcpy(slot->name, name.data, name.len);
	slot->id = *ret_id;
	return 0;
}

int
dictionary_writer_file(struct dictionary_writer *writer, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	return look_up(writer, KIND_FILE, name, ret_id, err);
}

int
dictionary_writer_capability(struct dictionary_writer *writer,
    struct slice name, dictionary_id *ret_id, struct error *err)
{
	return look_up(writer, KIND_CAPABILITY, name, ret_id, err);
}

int
dictionary_writer_session(struct dictionary_writer *writer, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	return look_up(writer, KIND_SESSION, name, ret_id, err);
}

int
dictionary_writer_actor(struct dictionary_writer *writer, enum entry_actor type,
    struct slice name, dictionary_id *ret_id, struct error *err)
{
	/* The system has no name, but a row. */
	struct slice text = name.data == NULL ? SLICE_LITERAL("") : name;

	return look_up(writer, KIND_ACTOR + (unsigned)type, text, ret_id, err);
}
