/* Actors, capabilities and sessions by their small ids. For lib/store alone;
 * all of it within a snapshot (store.h). */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

#include "store/store.h"

/* Ids begin at 1; 0 means none. */
typedef uint32_t dictionary_id;

/* The id of a name; 0: no entry has it. */
int dictionary_actor(struct store *store, enum entry_actor type,
    struct slice name, dictionary_id *ret_id, struct error *err);
int dictionary_capability(struct store *store, struct slice name,
    dictionary_id *ret_id, struct error *err);
int dictionary_session(struct store *store, struct slice name,
    dictionary_id *ret_id, struct error *err);

/* Every capability, and every actor; the slice is good during the call.
 * Returning false ends it. */
typedef bool (*dictionary_on_capability)(
    void *context, dictionary_id id, struct slice name);
int dictionary_capabilities(struct store *store,
    dictionary_on_capability on_capability, void *context, struct error *err);

/* The greatest id that a capability has: there are not more of them. */
int dictionary_last_capability(
    struct store *store, dictionary_id *ret_id, struct error *err);

typedef bool (*dictionary_on_actor)(
    void *context, dictionary_id id, enum entry_actor type, struct slice name);
int dictionary_actors(struct store *store, dictionary_on_actor on_actor,
    void *context, struct error *err);

#endif
