#include "collectors/kruxosd/fairness.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"

enum { REPORTED_UIDS = 16 };

struct fair_uid {
	struct message_peer peer;
	char user_name[ENTRY_NAME_BYTES + 1]; /* "": not known yet */
	unsigned connections;
	LIST_ENTRY(fair_uid) all;

	struct fair_row ready;
	struct fair_row parked; /* would be ready, but see favoured */
	size_t left;		/* bytes of its turn */
	TAILQ_ENTRY(fair_uid) in_ring;
	bool is_in_ring;
	uint64_t last_turn; /* of its ring's turns */
	uint64_t read_in;   /* which fairness_begin() */

	size_t held_bytes;
	/* The only one that is read while too much is held; NULL: none yet. */
	struct fair_member *favoured;
	usec_t favoured_at;

	usec_t slowed_since; /* 0: it is not */
	usec_t slowed;	     /* since the last report */
	uint64_t read_bytes;
};

/* Uids that are ready, in the order of their turns. */
struct ring {
	TAILQ_HEAD(, fair_uid) uids;
	uint64_t count;
	uint64_t turns; /* that were given */
};

struct fairness {
	unsigned a_uid, in_all;
	unsigned connections;
	LIST_HEAD(uid_list, fair_uid) uids;
	struct ring rings[2]; /* [is_system] */
	bool system_next;
	size_t held_bytes; /* without the system's */
	usec_t now;
	uint64_t begun;	 /* how often fairness_begin() was called */
	bool is_awaited; /* somebody who was read since has nothing more */
};

struct fairness *
fairness_new(unsigned a_uid, unsigned in_all)
{
	struct fairness *fairness = memory_new(sizeof(*fairness));

	LIST_INIT(&fairness->uids);
	TAILQ_INIT(&fairness->rings[0].uids);
	TAILQ_INIT(&fairness->rings[1].uids);
	fairness_set_limits(fairness, a_uid, in_all);
	return fairness;
}

void
fairness_set_limits(struct fairness *fairness, unsigned a_uid, unsigned in_all)
{
	fairness->a_uid = a_uid;
	fairness->in_all = in_all;
}

void
fairness_free(struct fairness *fairness)
{
	if (fairness == NULL)
		return;
	while (!LIST_EMPTY(&fairness->uids)) {
		struct fair_uid *uid = LIST_FIRST(&fairness->uids);

		LIST_REMOVE(uid, all);
		free(uid);
	}
	free(fairness);
}

static bool
is_system(const struct fair_uid *uid)
{
	return (uid->peer.classes & MESSAGE_OWNER) != 0;
}

/* --- rows and rings ------------------------------------------------------- */

static void
row_add(struct fair_row *row, struct fair_member *member, bool is_first)
{
	if (is_first)
		TAILQ_INSERT_HEAD(row, member, in_row);
	else
		TAILQ_INSERT_TAIL(row, member, in_row);
	member->row = row;
}

static void
row_remove(struct fair_member *member)
{
	TAILQ_REMOVE(member->row, member, in_row);
	member->row = NULL;
}

static struct ring *
ring_of(struct fairness *fairness, const struct fair_uid *uid)
{
	return &fairness->rings[is_system(uid)];
}

/* Behind the others, unless each of them has had a turn since its last one. */
static void
join_ring(struct fairness *fairness, struct fair_uid *uid)
{
	struct ring *ring = ring_of(fairness, uid);

	if (ring->turns - uid->last_turn > ring->count)
		TAILQ_INSERT_HEAD(&ring->uids, uid, in_ring);
	else
		TAILQ_INSERT_TAIL(&ring->uids, uid, in_ring);
	ring->count++;
	uid->is_in_ring = true;
}

/* --- uids ----------------------------------------------------------------- */

static struct fair_uid *
uid_new(struct fairness *fairness, uint32_t uid, unsigned classes)
{
	struct fair_uid *made = memory_new(sizeof(*made));

	made->peer = (struct message_peer){ .uid = uid, .classes = classes };
	TAILQ_INIT(&made->ready);
	TAILQ_INIT(&made->parked);
	LIST_INSERT_HEAD(&fairness->uids, made, all);
	return made;
}

/* A uid whose groups have changed since is another until its last connection
 * of before has gone: rights are those of connect time. */
static struct fair_uid *
uid_find(struct fairness *fairness, uint32_t uid, unsigned classes)
{
	struct fair_uid *i;

	LIST_FOREACH(i, &fairness->uids, all)
		if (i->peer.uid == uid && i->peer.classes == classes)
			return i;
	return uid_new(fairness, uid, classes);
}

void
fairness_set_name(struct fairness *fairness, uint32_t uid, const char *name)
{
	struct fair_uid *i;

	LIST_FOREACH(i, &fairness->uids, all) {
		if (i->peer.uid != uid || i->user_name[0] != '\0')
			continue;
		snprintf(i->user_name, sizeof(i->user_name), "%s", name);
		i->peer.user_name = slice_of(i->user_name);
	}
}

static void
free_unused_uids(struct fairness *fairness)
{
	struct fair_uid *next;

	for (struct fair_uid *uid = LIST_FIRST(&fairness->uids); uid != NULL;
	     uid = next) {
		next = LIST_NEXT(uid, all);
		if (uid->connections > 0)
			continue;
		LIST_REMOVE(uid, all);
		free(uid);
	}
}

static unsigned
connections_of(const struct fairness *fairness, uint32_t uid)
{
	const struct fair_uid *i;
	unsigned connections = 0;

	LIST_FOREACH(i, &fairness->uids, all)
		if (i->peer.uid == uid)
			connections += i->connections;
	return connections;
}

int
fairness_join(struct fairness *fairness, struct fair_member *member,
    uint32_t uid, unsigned classes, struct error *err)
{
	unsigned reserve = (classes & MESSAGE_OWNER) != 0 ? 0 : FAIR_RESERVE;

	if (fairness->connections + reserve >= fairness->in_all)
		return error_set(err, ERROR_BUSY,
		    "there are %u connections already, at most %u are allowed",
		    fairness->connections, fairness->in_all);
	if (connections_of(fairness, uid) >= fairness->a_uid)
		return error_set(err, ERROR_BUSY,
		    "uid %u has %u connections already, which is all it may "
		    "have",
		    uid, fairness->a_uid);
	*member =
	    (struct fair_member){ .uid = uid_find(fairness, uid, classes) };
	member->uid->connections++;
	fairness->connections++;
	return 0;
}

const struct message_peer *
fairness_peer(const struct fair_member *member)
{
	return &member->uid->peer;
}

/* --- what is held --------------------------------------------------------- */

static bool
holds_too_much(const struct fairness *fairness, const struct fair_uid *uid)
{
	if (uid->held_bytes > FAIR_HELD_UID_BYTES)
		return true;
	return !is_system(uid) && fairness->held_bytes > FAIR_HELD_BYTES &&
	       uid->held_bytes > FAIR_READ_BYTES;
}

/* How many bytes may be read of it now. While its uid holds too much, one at a
 * time may begin or go on with a long line. */
static size_t
allowed_bytes(struct fairness *fairness, struct fair_member *member)
{
	struct fair_uid *uid = member->uid;

	if (!holds_too_much(fairness, uid) || uid->favoured == member)
		return FAIR_READ_BYTES;
	if (member->held_bytes < FAIR_SMALL_BYTES)
		return FAIR_SMALL_BYTES - member->held_bytes;
	if (uid->favoured != NULL)
		return 0;
	uid->favoured = member;
	uid->favoured_at = fairness->now;
	return FAIR_READ_BYTES;
}

static void
list(struct fairness *fairness, struct fair_member *member, bool is_first)
{
	struct fair_uid *uid = member->uid;

	row_add(&uid->ready, member, is_first);
	if (!uid->is_in_ring)
		join_ring(fairness, uid);
}

/* Nobody is favoured any more, for now: all may try again. */
static void
unpark(struct fairness *fairness, struct fair_uid *uid)
{
	uid->favoured = NULL;
	while (!TAILQ_EMPTY(&uid->parked)) {
		struct fair_member *member = TAILQ_FIRST(&uid->parked);

		row_remove(member);
		list(fairness, member, false);
	}
}

void
fairness_hold(
    struct fairness *fairness, struct fair_member *member, size_t bytes)
{
	struct fair_uid *uid = member->uid;

	if (!is_system(uid))
		fairness->held_bytes += bytes - member->held_bytes;
	uid->held_bytes += bytes - member->held_bytes;
	member->held_bytes = bytes;
	/* Its line is whole: the next one's turn. */
	if ((uid->favoured == member && bytes == 0) ||
	    (uid->favoured != NULL && !holds_too_much(fairness, uid)))
		unpark(fairness, uid);
}

struct fair_member *
fairness_overdue(struct fairness *fairness, usec_t now)
{
	struct fair_uid *uid;

	LIST_FOREACH(uid, &fairness->uids, all) {
		if (uid->favoured == NULL)
			continue;
		if (!holds_too_much(fairness, uid))
			unpark(fairness, uid);
		else if (uid->favoured_at + FAIR_LINE_TIME < now)
			return uid->favoured;
	}
	return NULL;
}

/* --- turns ---------------------------------------------------------------- */

void
fairness_ready(struct fairness *fairness, struct fair_member *member)
{
	if (member->row == NULL)
		list(fairness, member, false);
}

static void
end_slowness(struct fairness *fairness, struct fair_uid *uid)
{
	if (uid->slowed_since != 0)
		uid->slowed += fairness->now - uid->slowed_since;
	uid->slowed_since = 0;
}

/* Its turn is over: it had it, or has nothing more. */
static void
leave_ring(struct fairness *fairness, struct fair_uid *uid)
{
	struct ring *ring = ring_of(fairness, uid);

	if (uid->is_in_ring) {
		TAILQ_REMOVE(&ring->uids, uid, in_ring);
		ring->count--;
	}
	uid->is_in_ring = false;
	uid->left = 0;
	if (TAILQ_EMPTY(&uid->ready))
		end_slowness(fairness, uid);
}

/* Whose turn it is: the system's and an ordinary one's alternate. */
static struct fair_uid *
next_uid(const struct fairness *fairness)
{
	const struct ring *wanted = &fairness->rings[fairness->system_next];
	const struct ring *other = &fairness->rings[!fairness->system_next];

	return TAILQ_EMPTY(&wanted->uids) ? TAILQ_FIRST(&other->uids)
					  : TAILQ_FIRST(&wanted->uids);
}

struct fair_member *
fairness_next(struct fairness *fairness, size_t *ret_bytes)
{
	struct fair_uid *uid;

	while ((uid = next_uid(fairness)) != NULL) {
		struct fair_member *member = TAILQ_FIRST(&uid->ready);
		size_t allowed;

		if (member == NULL) {
			leave_ring(fairness, uid);
			continue;
		}
		row_remove(member);
		allowed = allowed_bytes(fairness, member);
		if (allowed == 0) {
			row_add(&uid->parked, member, false);
			continue;
		}
		if (uid->left == 0)
			uid->left = FAIR_UID_BYTES;
		*ret_bytes = uid->left < allowed ? uid->left : allowed;
		return member;
	}
	return NULL;
}

void
fairness_done(struct fairness *fairness, struct fair_member *member,
    size_t used, enum fair_state state)
{
	struct fair_uid *uid = member->uid;

	uid->read_bytes += used;
	uid->read_in = fairness->begun;
	uid->left -= used < uid->left ? used : uid->left;
	if (state != FAIR_IDLE)
		list(fairness, member, state == FAIR_INTERRUPTED);
	if (!TAILQ_EMPTY(&uid->ready) && uid->left > 0)
		return;
	leave_ring(fairness, uid);
	uid->last_turn = ++ring_of(fairness, uid)->turns;
	if (TAILQ_EMPTY(&uid->ready))
		fairness->is_awaited = true;
	else
		join_ring(fairness, uid);
	fairness->system_next = !is_system(uid);
}

void
fairness_leave(struct fairness *fairness, struct fair_member *member)
{
	struct fair_uid *uid = member->uid;

	fairness_hold(fairness, member, 0);
	if (uid->favoured == member)
		unpark(fairness, uid);
	if (member->row != NULL)
		row_remove(member);
	if (TAILQ_EMPTY(&uid->ready))
		leave_ring(fairness, uid);
	uid->connections--;
	fairness->connections--;
	member->uid = NULL;
}

bool
fairness_is_waiting(const struct fairness *fairness)
{
	return fairness->rings[0].count + fairness->rings[1].count > 0;
}

void
fairness_begin(struct fairness *fairness, usec_t now)
{
	fairness->now = now;
	fairness->begun++;
	fairness->is_awaited = false;
}

bool
fairness_is_round_over(const struct fairness *fairness)
{
	const struct fair_uid *uid;

	for (size_t i = 0; i < 2 && fairness->is_awaited; i++)
		TAILQ_FOREACH(uid, &fairness->rings[i].uids, in_ring)
			if (uid->read_in != fairness->begun)
				return false;
	return fairness->is_awaited;
}

void
fairness_end(struct fairness *fairness)
{
	struct fair_uid *uid;

	for (size_t i = 0; i < 2; i++)
		TAILQ_FOREACH(uid, &fairness->rings[i].uids, in_ring)
			if (uid->slowed_since == 0)
				uid->slowed_since = fairness->now;
}

/* --- the report ----------------------------------------------------------- */

static int
compare_slowed(const void *a, const void *b)
{
	const struct fair_uid *const *left = a, *const *right = b;

	return ((*left)->slowed < (*right)->slowed) -
	       ((*left)->slowed > (*right)->slowed);
}

/* Those who were slowed for long enough, worst first. */
static size_t
find_slowed(const struct fairness *fairness, struct fair_uid ***ret_uids)
{
	size_t count = 0, capacity = 0;
	struct fair_uid *uid;

	LIST_FOREACH(uid, &fairness->uids, all) {
		if (uid->slowed < FAIR_SLOWED_TIME)
			continue;
		*ret_uids = memory_grow(
		    *ret_uids, &capacity, count + 1, sizeof(**ret_uids));
		(*ret_uids)[count++] = uid;
	}
	if (count > 0)
		qsort(*ret_uids, count, sizeof(**ret_uids), compare_slowed);
	return count;
}

static void
write_slowed(struct json_writer *json, const struct fair_uid *uid)
{
	json_writer_object(json);
	json_writer_pair_u64(json, "uid", uid->peer.uid);
	if (uid->user_name[0] != '\0')
		json_writer_pair(json, "user_name", uid->user_name);
	json_writer_pair_u64(json, "slowed_ms", uid->slowed / USEC_PER_MSEC);
	json_writer_pair_u64(json, "read_bytes", uid->read_bytes);
	json_writer_pair_u64(json, "connections", uid->connections);
	json_writer_end_object(json);
}

static void
write_report(struct fair_uid *const *uids, size_t count, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_key(&json, "slowed");
	json_writer_array(&json);
	for (size_t i = 0; i < count && i < REPORTED_UIDS; i++)
		write_slowed(&json, uids[i]);
	json_writer_end_array(&json);
	if (count > REPORTED_UIDS)
		json_writer_pair_u64(
		    &json, "further_uids", count - REPORTED_UIDS);
	json_writer_end_object(&json);
}

bool
fairness_report(struct fairness *fairness, usec_t now, struct buf *out)
{
	cleanup(cleanup_free) struct fair_uid **slowed = NULL;
	struct fair_uid *uid;
	size_t count;

	fairness->now = now;
	LIST_FOREACH(uid, &fairness->uids, all)
		if (uid->slowed_since != 0) {
			uid->slowed += now - uid->slowed_since;
			uid->slowed_since = now;
		}
	count = find_slowed(fairness, &slowed);
	if (count > 0)
		write_report(slowed, count, out);
	LIST_FOREACH(uid, &fairness->uids, all)
		uid->slowed = uid->read_bytes = 0;
	free_unused_uids(fairness);
	return count > 0;
}
