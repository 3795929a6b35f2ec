#include "collectors/kruxosd/unnamed_calls.h"

#include "base/memory.h"

#include <stdlib.h>

enum {
	KEY_BYTES = 16, /* of a SHA-256: none are the same by accident */
	BUCKETS = 256,	/* by the first byte of a key */
	CALLS = 64,	/* of a bucket; beyond, the oldest are forgotten */
};

struct call {
	unsigned char key[KEY_BYTES];
	bool is_used;
	unsigned char user[KEY_BYTES]; /* which call of telemetry */
};

struct bucket {
	struct call calls[CALLS]; /* a ring */
	size_t count;		  /* ever */
};

struct unnamed_calls {
	struct sha256 *sha256;
	struct buf said;
	struct bucket buckets[BUCKETS];
};

struct unnamed_calls *
unnamed_calls_new(void)
{
	struct unnamed_calls *calls = memory_new(sizeof(*calls));

	calls->sha256 = sha256_new();
	buf_init(&calls->said);
	return calls;
}

void
unnamed_calls_free(struct unnamed_calls *calls)
{
	if (calls == NULL)
		return;
	sha256_free(calls->sha256);
	buf_free(&calls->said);
	free(calls);
}

bool
unnamed_calls_is_made(struct slice call_id)
{
	return slice_starts_with(call_id, SLICE_LITERAL("otlp-"));
}

/* --- keys ----------------------------------------------------------------- */

/* With its length before it, no two pieces run into each other. */
static void
say(struct buf *said, struct slice piece)
{
	buf_addf(said, "%zu:", piece.len);
	buf_add_slice(said, piece);
}

/* A value and all below it, however it was written. */
static void
say_node(struct buf *said, const struct json_reader *reader,
    const struct json_node *node)
{
	const struct json_node *end = reader->nodes + node->next;

	for (; node < end; node++) {
		bool is_nest =
		    node->type == JSON_ARRAY || node->type == JSON_OBJECT;

		buf_addf(
		    said, "%d,%u", (int)node->type, (unsigned)node->children);
		say(said, node->key);
		say(said, is_nest ? (struct slice){ NULL, 0 } : node->text);
	}
}

/* Without the key under which all of it stands, which is not a part of it. */
static void
say_members(struct buf *said, const struct json_reader *reader,
    const struct json_node *object)
{
	const struct json_node *member = json_reader_first(reader, object);

	for (; member != NULL;
	     member = json_reader_next(reader, object, member))
		say_node(said, reader, member);
}

static void
take_key(struct unnamed_calls *calls, unsigned char ret_key[static KEY_BYTES])
{
	unsigned char digest[SHA256_BYTES];

	sha256_digest(calls->sha256, buf_slice(&calls->said), digest);
	memcpy(ret_key, digest, KEY_BYTES);
	buf_reset(&calls->said);
}

/* What is alike in calls that are. */
static void
make_key(struct unnamed_calls *calls, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *arguments,
    unsigned char ret_key[static KEY_BYTES])
{
	say(&calls->said, entry->session_id);
	say(&calls->said, entry->capability);
	if (arguments != NULL)
		say_members(&calls->said, reader, arguments);
	take_key(calls, ret_key);
}

/* --- calls ---------------------------------------------------------------- */

void
unnamed_calls_add(struct unnamed_calls *calls, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *arguments)
{
	unsigned char key[KEY_BYTES];
	struct bucket *bucket;
	struct call *call;

	make_key(calls, entry, reader, arguments, key);
	bucket = &calls->buckets[key[0]];
	call = &bucket->calls[bucket->count++ % CALLS];
	*call = (struct call){ .is_used = false };
	memcpy(call->key, key, KEY_BYTES);
}

bool
unnamed_calls_take(struct unnamed_calls *calls, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *arguments)
{
	unsigned char key[KEY_BYTES], user[KEY_BYTES];
	struct bucket *bucket;
	struct call *free_one = NULL;

	make_key(calls, entry, reader, arguments, key);
	say(&calls->said, entry->call_id);
	take_key(calls, user);
	bucket = &calls->buckets[key[0]];
	for (size_t i = 0; i < CALLS && i < bucket->count; i++) {
		struct call *call = &bucket->calls[i];

		if (memcmp(call->key, key, KEY_BYTES) != 0)
			continue;
		if (call->is_used && memcmp(call->user, user, KEY_BYTES) == 0)
			return true;
		if (!call->is_used && free_one == NULL)
			free_one = call;
	}
	if (free_one == NULL)
		return false;
	free_one->is_used = true;
	memcpy(free_one->user, user, KEY_BYTES);
	return true;
}
