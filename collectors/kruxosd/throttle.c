#include "collectors/kruxosd/throttle.h"

#include "base/memory.h"
#include "base/sha256.h"

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

/* What was taken out is counted as the time in which it comes back. Its key is
 * kept as a digest: it may be a password, typed where a name belongs. */
struct bucket {
	unsigned char key[SHA256_BYTES];
	usec_t full_at; /* 0: there is no such bucket */
};

struct throttle {
	struct sha256 *sha256;
	usec_t each; /* for one to come back */
	struct bucket buckets[THROTTLE_KEYS];
};

struct throttle *
throttle_new(unsigned a_minute)
{
	struct throttle *throttle = memory_new(sizeof(*throttle));

	throttle->sha256 = sha256_new();
	throttle_set(throttle, a_minute);
	return throttle;
}

void
throttle_free(struct throttle *throttle)
{
	if (throttle == NULL)
		return;
	sha256_free(throttle->sha256);
	free(throttle);
}

void
throttle_set(struct throttle *throttle, unsigned a_minute)
{
	throttle->each = USEC_PER_MIN / a_minute;
}

static struct bucket *
find(struct throttle *throttle, struct slice key,
    unsigned char ret_digest[static SHA256_BYTES])
{
	sha256_digest(throttle->sha256, key, ret_digest);
	for (size_t i = 0; i < THROTTLE_KEYS; i++) {
		struct bucket *bucket = &throttle->buckets[i];

		if (bucket->full_at != 0 &&
		    memcmp(bucket->key, ret_digest, SHA256_BYTES) == 0)
			return bucket;
	}
	return NULL;
}

/* One that is not used, or gives way. */
static struct bucket *
make_room(
    struct throttle *throttle, const unsigned char digest[static SHA256_BYTES])
{
	struct bucket *fullest = throttle->buckets;

	for (size_t i = 1; i < THROTTLE_KEYS; i++)
		if (throttle->buckets[i].full_at < fullest->full_at)
			fullest = &throttle->buckets[i];
	memcpy(fullest->key, digest, SHA256_BYTES);
	fullest->full_at = 0;
	return fullest;
}

usec_t
throttle_try(struct throttle *throttle, struct slice key, usec_t now)
{
	unsigned char digest[SHA256_BYTES];
	struct bucket *bucket = find(throttle, key, digest);
	usec_t full_at = now, allowed = now + USEC_PER_MIN;

	if (bucket != NULL && bucket->full_at > now)
		full_at = bucket->full_at;
	if (full_at + throttle->each > allowed)
		return full_at + throttle->each - allowed;
	if (bucket == NULL)
		bucket = make_room(throttle, digest);
	bucket->full_at = full_at + throttle->each;
	return 0;
}

void
throttle_forgive(struct throttle *throttle, struct slice key, usec_t now)
{
	unsigned char digest[SHA256_BYTES];
	struct bucket *bucket = find(throttle, key, digest);

	if (bucket != NULL && bucket->full_at >= now + throttle->each)
		bucket->full_at -= throttle->each;
}

struct slice
throttle_place(struct slice address, struct throttle_place *room)
{
	struct in6_addr *ipv6 = &room->address;
	char text[INET6_ADDRSTRLEN];

	if (address.len >= sizeof(text))
		return address;
	if (slice_starts_with(address, SLICE_LITERAL("127.")))
		return SLICE_LITERAL("127.0.0.1");
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(address));
	if (inet_pton(AF_INET6, text, ipv6) != 1 || IN6_IS_ADDR_V4MAPPED(ipv6))
		return address;
	return (struct slice){ (const char *)ipv6, sizeof(*ipv6) / 2 };
}
