#include "collectors/kruxosd/fairness.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "collectors/kruxosd/peer.h"

enum { REPORTED_UIDS = 16 };

struct fair_row {
	struct fair_member *first;
	struct fair_member **end; /* where the next one goes */
};

struct fair_uid {
	struct message_peer peer;
	char user_name[ENTRY_NAME_BYTES + 1];
	unsigned connections;
	struct fair_uid *next_uid; /* of all */

	struct fair_row ready;
	struct fair_row parked; /* would be ready, but see favoured */
	size_t left;		/* bytes of its turn */
	struct fair_uid *next;	/* in its ring */
	bool is_in_ring;

	size_t held_bytes;
	/* The only one that is read while too much is held; NULL: none yet. */
	struct fair_member *favoured;
	usec_t favoured_at;

	usec_t slowed_since; /* 0: it is not */
	usec_t slowed;	     /* since the last report */
	uint64_t read_bytes;
};

/* Uids that are ready; the first one's turn is on. */
struct ring {
	struct fair_uid *first, *last;
};

struct fairness {
	unsigned a_uid, in_all;
	unsigned connections;
	struct fair_uid *uids;
	struct ring rings[2]; /* [is_system] */
	bool system_next;
	size_t held_bytes; /* without the system's */
	usec_t now;
};

struct fairness *
fairness_new(unsigned a_uid, unsigned in_all)
{
	struct fairness *fairness = memory_new(sizeof(*fairness));

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
	while (fairness->uids != NULL) {
		struct fair_uid *uid = fairness->uids;

		fairness->uids = uid->next_uid;
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
row_add(struct fair_row *row, struct fair_member *member)
{
	member->next = NULL;
	member->previous = row->end;
	member->row = row;
	*row->end = member;
	row->end = &member->next;
}

static void
row_add_first(struct fair_row *row, struct fair_member *member)
{
	if (row->first == NULL) {
		row_add(row, member);
		return;
	}
	member->next = row->first;
	member->previous = &row->first;
	member->row = row;
	member->next->previous = &member->next;
	row->first = member;
}

static void
row_remove(struct fair_member *member)
{
	*member->previous = member->next;
	if (member->next != NULL)
		member->next->previous = member->previous;
	else
		member->row->end = member->previous;
	member->row = NULL;
}

static void
ring_add(struct ring *ring, struct fair_uid *uid)
{
	uid->next = NULL;
	uid->is_in_ring = true;
	if (ring->first == NULL)
		ring->first = uid;
	else
		ring->last->next = uid;
	ring->last = uid;
}

static void
ring_shift(struct ring *ring)
{
	struct fair_uid *uid = ring->first;

	ring->first = uid->next;
	uid->is_in_ring = false;
}

static void
ring_remove(struct ring *ring, struct fair_uid *uid)
{
	struct fair_uid *before = NULL;

	if (ring->first == uid) {
		ring_shift(ring);
		return;
	}
	for (before = ring->first; before->next != uid;)
		before = before->next;
	before->next = uid->next;
	if (ring->last == uid)
		ring->last = before;
	uid->is_in_ring = false;
}

static struct ring *
ring_of(struct fairness *fairness, const struct fair_uid *uid)
{
	return &fairness->rings[is_system(uid)];
}

/* --- uids ----------------------------------------------------------------- */

static struct fair_uid *
uid_new(struct fairness *fairness, uint32_t uid, unsigned classes)
{
	struct fair_uid *made = memory_new(sizeof(*made));

	peer_user_name(uid, made->user_name);
	made->peer =
	    (struct message_peer){ uid, classes, slice_of(made->user_name) };
	made->ready.end = &made->ready.first;
	made->parked.end = &made->parked.first;
	made->next_uid = fairness->uids;
	fairness->uids = made;
	return made;
}

/* A uid whose groups have changed since is another until its last connection
 * of before has gone: rights are those of connect time. */
static struct fair_uid *
uid_find(struct fairness *fairness, uint32_t uid, unsigned classes)
{
	for (struct fair_uid *i = fairness->uids; i != NULL; i = i->next_uid)
		if (i->peer.uid == uid && i->peer.classes == classes)
			return i;
	return uid_new(fairness, uid, classes);
}

static void
free_unused_uids(struct fairness *fairness)
{
	struct fair_uid **place = &fairness->uids;

	while (*place != NULL) {
		struct fair_uid *uid = *place;

		if (uid->connections == 0) {
			*place = uid->next_uid;
			free(uid);
		} else {
			place = &uid->next_uid;
		}
	}
}

static unsigned
connections_of(const struct fairness *fairness, uint32_t uid)
{
	unsigned connections = 0;

	for (struct fair_uid *i = fairness->uids; i != NULL; i = i->next_uid)
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

/* May it be read now? While its uid holds too much, one at a time. */
static bool
may_go_on(struct fairness *fairness, struct fair_member *member)
{
	struct fair_uid *uid = member->uid;

	if (!holds_too_much(fairness, uid))
		return true;
	if (uid->favoured == NULL) {
		uid->favoured = member;
		uid->favoured_at = fairness->now;
	}
	return uid->favoured == member;
}

static void
list(struct fairness *fairness, struct fair_member *member, bool is_first)
{
	struct fair_uid *uid = member->uid;

	if (is_first)
		row_add_first(&uid->ready, member);
	else
		row_add(&uid->ready, member);
	if (!uid->is_in_ring)
		ring_add(ring_of(fairness, uid), uid);
}

/* Nobody is favoured any more, for now: all may try again. */
static void
unpark(struct fairness *fairness, struct fair_uid *uid)
{
	uid->favoured = NULL;
	while (uid->parked.first != NULL) {
		struct fair_member *member = uid->parked.first;

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
	for (struct fair_uid *uid = fairness->uids; uid != NULL;
	     uid = uid->next_uid) {
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
	if (uid->is_in_ring)
		ring_remove(ring_of(fairness, uid), uid);
	uid->left = 0;
	if (uid->ready.first == NULL)
		end_slowness(fairness, uid);
}

/* Whose turn it is: the system's and an ordinary one's alternate. */
static struct fair_uid *
next_uid(const struct fairness *fairness)
{
	const struct ring *wanted = &fairness->rings[fairness->system_next];
	const struct ring *other = &fairness->rings[!fairness->system_next];

	return wanted->first != NULL ? wanted->first : other->first;
}

struct fair_member *
fairness_next(struct fairness *fairness, size_t *ret_bytes)
{
	struct fair_uid *uid;

	while ((uid = next_uid(fairness)) != NULL) {
		struct fair_member *member = uid->ready.first;

		if (member == NULL) {
			leave_ring(fairness, uid);
			continue;
		}
		row_remove(member);
		if (!may_go_on(fairness, member)) {
			row_add(&uid->parked, member);
			continue;
		}
		if (uid->left == 0)
			uid->left = FAIR_UID_BYTES;
		*ret_bytes =
		    uid->left < FAIR_READ_BYTES ? uid->left : FAIR_READ_BYTES;
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
	uid->left -= used < uid->left ? used : uid->left;
	if (state != FAIR_IDLE)
		list(fairness, member, state == FAIR_INTERRUPTED);
	if (uid->ready.first != NULL && uid->left > 0)
		return;
	leave_ring(fairness, uid);
	if (uid->ready.first != NULL)
		ring_add(ring_of(fairness, uid), uid);
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
	if (uid->ready.first == NULL)
		leave_ring(fairness, uid);
	uid->connections--;
	fairness->connections--;
	member->uid = NULL;
}

bool
fairness_is_waiting(const struct fairness *fairness)
{
	return fairness->rings[0].first != NULL ||
	       fairness->rings[1].first != NULL;
}

void
fairness_begin(struct fairness *fairness, usec_t now)
{
	fairness->now = now;
}

void
fairness_end(struct fairness *fairness)
{
	for (size_t i = 0; i < 2; i++)
		for (struct fair_uid *uid = fairness->rings[i].first;
		     uid != NULL; uid = uid->next)
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

	for (struct fair_uid *uid = fairness->uids; uid != NULL;
	     uid = uid->next_uid) {
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
	size_t count;

	fairness->now = now;
	for (struct fair_uid *uid = fairness->uids; uid != NULL;
	     uid = uid->next_uid)
		if (uid->slowed_since != 0) {
			uid->slowed += now - uid->slowed_since;
			uid->slowed_since = now;
		}
	count = find_slowed(fairness, &slowed);
	if (count > 0)
		write_report(slowed, count, out);
	for (struct fair_uid *uid = fairness->uids; uid != NULL;
	     uid = uid->next_uid)
		uid->slowed = uid->read_bytes = 0;
	free_unused_uids(fairness);
	return count > 0;
}
