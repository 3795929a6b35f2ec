#include "store/dictionary.h"

#include "sql/dictionary.h"

/* The id in the first column of the row, if there is one. */
static int
read_id(struct statement *find, dictionary_id *ret_id, struct error *err)
{
	uint64_t id = statement_next(find) ? statement_u64(find, 0) : 0;

	if (statement_end(find, err) == -1)
		return -1;
	if (id > UINT32_MAX)
		return error_set(
		    err, ERROR_CORRUPT, "an id of the dictionary is damaged");
	*ret_id = (dictionary_id)id;
	return 0;
}

int
dictionary_actor(struct store *store, enum entry_actor type, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	struct statement find =
	    store_start(store, STORE_DICTIONARY, DICTIONARY_ACTOR);

	statement_bind_u64(&find, 1, (uint64_t)type);
	statement_bind_text(&find, 2, name);
	return read_id(&find, ret_id, err);
}

static int
find_name(struct store *store, int statement, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	struct statement find = store_start(store, STORE_DICTIONARY, statement);

	statement_bind_text(&find, 1, name);
	return read_id(&find, ret_id, err);
}

int
dictionary_capability(struct store *store, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	return find_name(store, DICTIONARY_CAPABILITY, name, ret_id, err);
}

int
dictionary_session(struct store *store, struct slice name,
    dictionary_id *ret_id, struct error *err)
{
	return find_name(store, DICTIONARY_SESSION, name, ret_id, err);
}

int
dictionary_capabilities(struct store *store,
    dictionary_on_capability on_capability, void *context, struct error *err)
{
	struct statement all =
	    store_start(store, STORE_DICTIONARY, DICTIONARY_CAPABILITIES);

	while (statement_next(&all))
		if (!on_capability(context,
			(dictionary_id)statement_u64(&all, 0),
			statement_text(&all, 1)))
			break;
	return statement_end(&all, err);
}

int
dictionary_last_capability(
    struct store *store, dictionary_id *ret_id, struct error *err)
{
	struct statement last =
	    store_start(store, STORE_DICTIONARY, DICTIONARY_LAST_CAPABILITY);

	*ret_id =
	    statement_next(&last) ? (dictionary_id)statement_u64(&last, 0) : 0;
	return statement_end(&last, err);
}

int
dictionary_actors(struct store *store, dictionary_on_actor on_actor,
    void *context, struct error *err)
{
	struct statement all =
	    store_start(store, STORE_DICTIONARY, DICTIONARY_ACTORS);

	while (statement_next(&all)) {
		uint64_t type = statement_u64(&all, 1);

		if (type >= ENTRY_ACTORS) /* damaged: nobody's */
			continue;
		if (!on_actor(context, (dictionary_id)statement_u64(&all, 0),
			(enum entry_actor)type, statement_text(&all, 2)))
			break;
	}
	return statement_end(&all, err);
}
