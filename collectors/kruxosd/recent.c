#include "collectors/kruxosd/recent.h"

#include "base/memory.h"

#include <assert.h>

/* Half a SHA-256 of what makes two lines the same: no two are by accident, and
 * none by intent. */
enum { KEY_BYTES = 16 };

struct call {
	unsigned char key[KEY_BYTES];
	uint64_t number; /* the ticket while it waits, then the seq */
	usec_t at;	 /* recorded; 0: it waits */
};

#define REFUSED UINT64_MAX /* as a number: it is in no table */

struct recent {
	recent_say say;
	recent_hash hash;
	recent_find find;
	void *find_context;
	struct sha256 *sha256;
	struct buf said; /* what a key is made of */

	/* Of the entry that was looked for last. */
	unsigned char key[KEY_BYTES];
	uint32_t key_hash, call_hash;
	usec_t looked_at;

	/* What was recorded before the start (NULL: unknown), and since. Of the
	 * first the index knows no more than the call_ids, which many sessions
	 * may share ("1", "call_2"); the second goes by whole keys, so that
	 * these do not lead to the index line after line. */
	struct call_filter *before;
	const struct recent *elder; /* NULL, or its `before` counts */
	struct call_filter *since;

	/* A ring: calls[position & mask], from the oldest that the index does
	 * not have, by the oldest that waits for its sync, to the end. */
	struct call *calls;
	size_t mask; /* places - 1 */
	uint64_t first, waiting, end;
	/* By key: their places in the ring, plus 1; 0 is free. Linear probing
	 * among twice as many. */
	uint32_t *table;
};

enum { FIRST_PLACES = 1 << 11 };

static void
add_part(struct buf *said, struct slice part)
{
	buf_add_slice(said, part);
	buf_add_char(said, '\0'); /* in no name */
}

static void
say_all(const struct entry *entry, struct buf *out)
{
	buf_add_char(out, (char)('0' + entry->actor));
	buf_add_char(out, (char)('0' + entry->status));
	add_part(out, entry->actor_name);
	add_part(out, entry->session_id);
	add_part(out, entry->call_id);
	add_part(out, entry->capability);
}

static struct recent *
make(recent_say say, recent_hash hash, recent_find find, void *find_context)
{
	struct recent *recent = memory_new(sizeof(*recent));

	*recent = (struct recent){
		.say = say,
		.hash = hash,
		.find = find,
		.find_context = find_context,
		.sha256 = sha256_new(),
		.said = BUF_INIT,
		.since = call_filter_new(),
		.calls = memory_new(FIRST_PLACES * sizeof(struct call)),
		.mask = FIRST_PLACES - 1,
		.table = memory_new(2 * FIRST_PLACES * sizeof(uint32_t)),
	};
	return recent;
}

struct recent *
recent_new(recent_hash hash, recent_find find, void *find_context)
{
	return make(say_all, hash, find, find_context);
}

struct recent *
recent_new_by(recent_say say, const struct recent *elder, recent_find find,
    void *find_context)
{
	struct recent *recent = make(say, elder->hash, find, find_context);

	recent->elder = elder;
	return recent;
}

void
recent_free(struct recent *recent)
{
	if (recent == NULL)
		return;
	sha256_free(recent->sha256);
	buf_free(&recent->said);
	call_filter_free(recent->before);
	call_filter_free(recent->since);
	free(recent->calls);
	free(recent->table);
	free(recent);
}

void
recent_adopt(struct recent *recent, struct call_filter *filter)
{
	call_filter_free(recent->before);
	recent->before = filter;
}

/* --- the ring and its table ----------------------------------------------- */

static struct call *
call_at(const struct recent *recent, uint64_t position)
{
	return &recent->calls[position & recent->mask];
}

static size_t
table_mask(const struct recent *recent)
{
	return 2 * recent->mask + 1;
}

/* Where `key` would stand if every place were free. */
static size_t
home(const struct recent *recent, const unsigned char key[static KEY_BYTES])
{
	size_t front;

	memcpy(&front, key, sizeof(front));
	return front & table_mask(recent);
}

static const struct call *
call_of_place(const struct recent *recent, size_t place)
{
	return call_at(recent, recent->table[place] - 1);
}

/* The place of `key`, or the free one where it belongs. */
static size_t
table_find(
    const struct recent *recent, const unsigned char key[static KEY_BYTES])
{
	size_t place = home(recent, key);

	while (recent->table[place] != 0 &&
	       memcmp(call_of_place(recent, place)->key, key, KEY_BYTES) != 0)
		place = (place + 1) & table_mask(recent);
	return place;
}

static void
table_add(struct recent *recent, uint64_t position)
{
	size_t place = table_find(recent, call_at(recent, position)->key);

	recent->table[place] = (uint32_t)(position & recent->mask) + 1;
}

/* Take a place out; those behind it that it had pushed on move up. */
static void
table_remove(struct recent *recent, size_t hole)
{
	size_t mask = table_mask(recent);
	size_t place = hole;

	for (;;) {
		size_t wanted;

		recent->table[hole] = 0;
		do {
			place = (place + 1) & mask;
			if (recent->table[place] == 0)
				return;
			wanted =
			    home(recent, call_of_place(recent, place)->key);
			/* It stays if its home lies behind the hole. */
		} while (((place - wanted) & mask) < ((place - hole) & mask));
		recent->table[hole] = recent->table[place];
		hole = place;
	}
}

static void
forget(struct recent *recent, uint64_t position)
{
	size_t place = table_find(recent, call_at(recent, position)->key);

	/* A refused call has left the table already, and one like it may have
	 * come since. */
	if (recent->table[place] == (position & recent->mask) + 1)
		table_remove(recent, place);
}

/* Move into a ring of so many places, a power of two that has room for all. */
static void
resize(struct recent *recent, size_t places)
{
	struct call *calls = recent->calls;
	uint32_t *table = recent->table;
	size_t mask = recent->mask;

	recent->mask = places - 1;
	recent->calls = memory_new((recent->mask + 1) * sizeof(struct call));
	recent->table = memory_new((table_mask(recent) + 1) * sizeof(uint32_t));
	for (uint64_t i = recent->first; i < recent->end; i++) {
		*call_at(recent, i) = calls[i & mask];
		if (call_at(recent, i)->number != REFUSED)
			table_add(recent, i);
	}
	free(calls);
	free(table);
}

static void
make_room(struct recent *recent)
{
	if (recent->end - recent->first <= recent->mask)
		return;
	if (recent->mask + 1 < RECENT_TAIL) {
		resize(recent, 2 * (recent->mask + 1));
		return;
	}
	/* The index lags far behind: what it does not have is forgotten. A
	 * batch is much smaller, so none of it is. */
	assert(recent->first < recent->waiting);
	forget(recent, recent->first++);
}

void
recent_trim(struct recent *recent)
{
	size_t places = FIRST_PLACES;

	while (places < 2 * (recent->end - recent->first))
		places *= 2;
	if (places <= recent->mask)
		resize(recent, places);
}

/* --- looking -------------------------------------------------------------- */

static void
make_key(struct recent *recent, const struct entry *entry)
{
	unsigned char digest[SHA256_BYTES];
	struct buf *said = &recent->said;

	buf_reset(said);
	recent->say(entry, said);
	sha256_digest(recent->sha256, buf_slice(said), digest);
	memcpy(recent->key, digest, KEY_BYTES);
	memcpy(&recent->key_hash, digest + KEY_BYTES, sizeof(uint32_t));
	recent->call_hash = recent->hash(entry->call_id);
}

static bool
look_in_index(struct recent *recent, const struct entry *entry, usec_t now,
    struct recent_match *ret)
{
	usec_t since = now > RECENT_SPAN ? now - RECENT_SPAN : 0;
	struct call_filter *before =
	    recent->elder == NULL ? recent->before : recent->elder->before;

	if (recent->find == NULL)
		return false;
	if (before != NULL &&
	    !call_filter_may_have(before, recent->call_hash, now) &&
	    !call_filter_may_have(recent->since, recent->key_hash, now))
		return false;
	ret->seq = recent->find(recent->find_context, entry, since);
	ret->ticket = 0;
	return ret->seq != 0;
}

bool
recent_look(struct recent *recent, const struct entry *entry, usec_t now,
    struct recent_match *ret)
{
	const struct call *call;
	size_t place;

	if (entry->call_id.data == NULL)
		return false;
	make_key(recent, entry);
	recent->looked_at = now;
	place = table_find(recent, recent->key);
	if (recent->table[place] == 0)
		return look_in_index(recent, entry, now, ret);
	call = call_of_place(recent, place);
	if (call->at == 0) {
		ret->seq = 0;
		ret->ticket = call->number;
		return true;
	}
	if (call->at + RECENT_SPAN < now) {
		table_remove(recent, place);
		return false;
	}
	ret->seq = call->number;
	ret->ticket = 0;
	return true;
}

/* The call of the key at hand, behind all others. */
static void
add_call(struct recent *recent, uint64_t number, usec_t at)
{
	struct call *call;

	make_room(recent);
	call = call_at(recent, recent->end);
	memcpy(call->key, recent->key, KEY_BYTES);
	call->number = number;
	call->at = at;
	table_add(recent, recent->end++);
}

void
recent_begin(struct recent *recent, uint64_t ticket)
{
	add_call(recent, ticket, 0);
	call_filter_add(recent->since, recent->key_hash, recent->looked_at);
}

void
recent_add(struct recent *recent, const struct entry *entry)
{
	if (entry->call_id.data == NULL)
		return;
	assert(recent->waiting == recent->end);
	make_key(recent, entry);
	add_call(recent, entry->seq, entry->recorded_at);
	recent->waiting = recent->end;
	call_filter_add(recent->since, recent->key_hash, entry->recorded_at);
}

void
recent_end(struct recent *recent, uint64_t seq, usec_t at)
{
	struct call *call = call_at(recent, recent->waiting);

	assert(recent->waiting < recent->end);
	if (seq == 0)
		forget(recent, recent->waiting);
	call->number = seq == 0 ? REFUSED : seq;
	call->at = at;
	recent->waiting++;
}

void
recent_set_indexed(struct recent *recent, uint64_t seq)
{
	for (; recent->first < recent->waiting; recent->first++) {
		uint64_t number = call_at(recent, recent->first)->number;

		if (number != REFUSED && number > seq)
			return;
		forget(recent, recent->first);
	}
}
