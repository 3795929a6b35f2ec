#include "collectors/kruxosd/agent_keeper_internal.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>

enum {
	GUESSES_A_MINUTE = 60, /* unless configured */
	DENIALS_A_MINUTE = 10, /* of one agent, that become entries */
};

/* When an agent was last seen need not be known to the second. */
#define NOTE_EVERY USEC_PER_MIN

/* Who was throttled this long ago has left off. */
#define GUESSING_FOR USEC_PER_MIN

struct agent_keeper *
agent_keeper_new(struct state_changer *changer)
{
	struct agent_keeper *keeper = memory_new(sizeof(*keeper));

	keeper->clock = changer->clock;
	keeper->commit = changer->commit;
	keeper->changer = changer;
	keeper->guesses = throttle_new(GUESSES_A_MINUTE);
	keeper->denials = throttle_new(DENIALS_A_MINUTE);
	for (int i = 0; i < AGENT_KEEPER_BUCKETS; i++)
		LIST_INIT(&keeper->buckets[i]);
	return keeper;
}

static void
forget_all(struct agent_keeper *keeper)
{
	for (size_t i = 0; i < keeper->count; i++)
		free(keeper->agents[i]);
	keeper->count = 0;
	for (int i = 0; i < AGENT_KEEPER_BUCKETS; i++)
		LIST_INIT(&keeper->buckets[i]);
	keeper->is_loaded = false;
}

void
agent_keeper_free(struct agent_keeper *keeper)
{
	if (keeper == NULL)
		return;
	forget_all(keeper);
	throttle_free(keeper->denials);
	throttle_free(keeper->guesses);
	free(keeper);
}

void
agent_keeper_configure(struct agent_keeper *keeper, unsigned attempts_a_minute)
{
	throttle_set(keeper->guesses, attempts_a_minute);
}

/* --- what is known -------------------------------------------------------- */

struct agent *
agent_keeper_find(struct agent_keeper *keeper, struct slice name)
{
	for (size_t i = 0; i < keeper->count; i++)
		if (slice_is(name, keeper->agents[i]->row.name))
			return keeper->agents[i];
	return NULL;
}

static bool
stands_behind(const struct agent *agent, const struct agent_row *row)
{
	assert(agent != NULL && row != NULL);
	return strcmp(agent->row.name, row->name) > 0;
}

/* In the order of their names. */
static struct agent *
add(struct agent_keeper *keeper, const struct agent_row *row)
{
	struct agent *agent = memory_new(sizeof(*agent));
	size_t at = keeper->count++;

	for (; at > 0 && stands_behind(keeper->agents[at - 1], row); at--)
		keeper->agents[at] = keeper->agents[at - 1];
	keeper->agents[at] = agent;
	return agent;
}

void
agent_keeper_put(struct agent_keeper *keeper, const struct agent_row *row)
{
	struct agent *agent = agent_keeper_find(keeper, slice_of(row->name));

	if (agent == NULL)
		agent = add(keeper, row);
	else
		LIST_REMOVE(agent, of_bucket);
	agent->row = *row;
	LIST_INSERT_HEAD(&keeper->buckets[row->digest[0]], agent, of_bucket);
}

static void
on_row(void *context, const struct agent_row *row)
{
	struct agent_keeper *keeper = context;

	if (keeper->count < AGENT_KEEPER_AGENTS)
		agent_keeper_put(keeper, row);
}

static void
say_if_failed(struct agent_keeper *keeper, int result, const struct error *err)
{
	if (result == -1 && !keeper->has_failed)
		diag(DIAG_ERROR, "agents: %s", err->sentence);
	keeper->has_failed = result == -1;
}

static void
load(struct agent_keeper *keeper)
{
	struct state_writer *writer = keeper->changer->writer;
	struct error err;
	int result;

	forget_all(keeper);
	result = agent_writer_each(writer, on_row, keeper, &err);
	say_if_failed(keeper, result, &err);
	keeper->is_loaded = result == 0;
	keeper->loaded_from = state_writer_opened(writer);
}

int
agent_keeper_need_loaded(struct agent_keeper *keeper, struct error *err)
{
	if (!keeper->is_loaded)
		load(keeper);
	if (keeper->is_loaded)
		return 0;
	return error_set(err, ERROR_BUSY,
	    "state.db cannot be read now: which agents there are is not known");
}

/* --- whose it is ---------------------------------------------------------- */

bool
agent_keeper_is_asked(const struct command_call *call, struct slice credential)
{
	int kind = credential_kind_of(credential);

	return kind == CREDENTIAL_AGENT ||
	       (kind == -1 && (call->may & MESSAGE_AGENT) != 0);
}

/* The bucket tells a byte of what nobody can guess whole; behind it all are
 * compared, in a time that tells nothing. */
static struct agent *
find_digest(struct agent_keeper *keeper,
    const unsigned char digest[static SHA256_BYTES])
{
	struct agent *agent, *found = NULL;

	LIST_FOREACH(agent, &keeper->buckets[digest[0]], of_bucket)
		if (credential_equal(agent->row.digest, digest))
			found = agent;
	return found;
}

/* Where the call comes from, into `room`: who relays for others says it. */
static struct slice
source_of(const struct command_call *call, struct buf *room)
{
	const struct json_node *address = command_argument(call, "address");

	if ((call->peer.classes & (MESSAGE_WEB | MESSAGE_OWNER)) != 0 &&
	    address != NULL && address->type == JSON_STRING &&
	    address->text.len > 0 &&
	    address->text.len <= AGENT_KEEPER_ADDRESS_BYTES)
		return address->text;
	buf_addf(room, "uid %lu", (unsigned long)call->peer.uid);
	return buf_slice(room);
}

static void
note_guess(struct agent_keeper *keeper, struct slice source, usec_t now)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	if (keeper->guessed_at == 0 || now - keeper->guessed_at > GUESSING_FOR)
		keeper->guessed = 0;
	keeper->guessed++;
	keeper->guessed_at = now;
	keeper->throttled++;
	text_add_visible(&shown, source, TEXT_ONE_LINE);
	snprintf(keeper->guesser, sizeof(keeper->guesser), "%s", shown.data);
}

/* A token that is nobody's, or no more: the try counts. */
static int
refuse(struct agent_keeper *keeper, const struct command_call *call,
    const char *sentence, struct error *err)
{
	cleanup(buf_free) struct buf room = BUF_INIT;
	usec_t now = clock_boottime(keeper->clock);
	struct slice source = source_of(call, &room);
	struct throttle_place place;
	usec_t wait =
	    throttle_try(keeper->guesses, throttle_place(source, &place), now);

	if (wait == 0)
		return error_set(err, ERROR_UNAUTHENTICATED, "%s", sentence);
	note_guess(keeper, source, now);
	error_set_wait(err,
	    (unsigned)((wait + USEC_PER_SEC - 1) / USEC_PER_SEC),
	    "too many tokens that are not known; wait before the next");
	/* No limit of an agent's: nobody has asked for anything yet. */
	snprintf(err->field, sizeof(err->field), "credential");
	return -1;
}

/* An entry of the system, as often as one agent may have them. */
static void
note(struct agent_keeper *keeper, const struct entry *entry, struct slice agent,
    struct buf *request)
{
	usec_t now = clock_boottime(keeper->clock);
	struct error refused;

	if (throttle_try(keeper->denials, agent, now) == 0 &&
	    commit_add_json(keeper->commit, entry, NULL, buf_slice(request),
		NULL, NULL, &refused) == 0)
		keeper->unsaid = 0;
	else
		keeper->unsaid++;
}

static void
note_revoked(struct agent_keeper *keeper, const struct command_call *call,
    const struct agent *agent)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct entry entry = state_change_own_entry();
	struct json_writer json;

	entry.uid = call->peer.uid;
	entry.capability = SLICE_LITERAL("agent.deny");
	entry.status = ENTRY_DENIED;
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "agent", agent->row.name);
	json_writer_pair(&json, "reason", "revoked");
	if (call->verb != NULL)
		json_writer_pair(&json, "command", call->verb);
	if (keeper->unsaid > 0)
		json_writer_pair_u64(&json, "unsaid", keeper->unsaid);
	json_writer_end_object(&json);
	note(keeper, &entry, slice_of(agent->row.name), &request);
}

int
agent_keeper_identify(struct agent_keeper *keeper,
    const struct command_call *call, struct slice credential,
    struct accounts_caller *ret_signed_in, struct error *err)
{
	unsigned char digest[SHA256_BYTES];
	enum credential_kind kind;
	struct agent *agent = NULL;

	if (agent_keeper_need_loaded(keeper, err) == -1)
		return -1;
	if (credential_read(credential, &kind, digest) &&
	    kind == CREDENTIAL_AGENT)
		agent = find_digest(keeper, digest);
	if (agent == NULL)
		return refuse(keeper, call, "this token is not known", err);
	if (agent->row.revoked_at != 0) {
		note_revoked(keeper, call, agent);
		return refuse(keeper, call, "this token was revoked", err);
	}
	agent->row.last_used_at = clock_realtime(keeper->clock);
	agent->is_used = true;
	*ret_signed_in = (struct accounts_caller){ .via = CREDENTIAL_AGENT };
	memcpy(ret_signed_in->name, agent->row.name, sizeof(agent->row.name));
	return 0;
}

void
agent_keeper_note_denied(
    struct agent_keeper *keeper, const struct command_call *call)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct entry entry = command_entry(call);
	struct json_writer json;

	entry.capability = SLICE_LITERAL("agent.deny");
	entry.status = ENTRY_DENIED;
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "command", call->verb);
	if (keeper->unsaid > 0)
		json_writer_pair_u64(&json, "unsaid", keeper->unsaid);
	json_writer_end_object(&json);
	note(keeper, &entry, call->peer.user_name, &request);
}

/* --- once a second -------------------------------------------------------- */

static bool
is_due(const struct agent *agent, usec_t now)
{
	return agent->is_used &&
	       (agent->noted_at == 0 || now - agent->noted_at >= NOTE_EVERY);
}

static int
touch_all(struct agent_keeper *keeper, usec_t now, struct error *err)
{
	struct state_writer *writer = keeper->changer->writer;

	for (size_t i = 0; i < keeper->count; i++) {
		const struct agent *agent = keeper->agents[i];

		if (is_due(agent, now) &&
		    agent_writer_touch(writer, agent->row.name,
			agent->row.last_used_at, err) == -1)
			return -1;
	}
	return 0;
}

/* In one transaction, as each waits for the disk. Those that could not be
 * written are tried again in a minute. */
static void
write_uses(struct agent_keeper *keeper, usec_t now)
{
	struct state_writer *writer = keeper->changer->writer;
	size_t due = 0;
	struct error err;
	int result;

	for (size_t i = 0; i < keeper->count; i++)
		due += is_due(keeper->agents[i], now);
	if (due == 0)
		return;
	result = state_writer_begin(writer, &err);
	if (result == 0)
		result = state_writer_commit(
		    writer, touch_all(keeper, now, &err), &err);
	say_if_failed(keeper, result, &err);
	for (size_t i = 0; i < keeper->count; i++) {
		struct agent *agent = keeper->agents[i];

		if (!is_due(agent, now))
			continue;
		agent->noted_at = now;
		agent->is_used = result == -1;
	}
}

/* At most one entry a minute, the first one at once. */
static void
say_throttled(struct agent_keeper *keeper, usec_t now)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;
	struct error refused;

	if (keeper->throttled == 0 || now < keeper->throttled_due)
		return;
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "reason", "token");
	json_writer_pair(&json, "address", keeper->guesser);
	json_writer_pair_u64(&json, "throttled", keeper->throttled);
	json_writer_end_object(&json);
	if (commit_add_system(keeper->commit, "agent.deny", ENTRY_DENIED, NULL,
		buf_slice(&request), NULL, &refused) == -1)
		return; /* later, then */
	keeper->throttled = 0;
	keeper->throttled_due = now + USEC_PER_MIN;
}

void
agent_keeper_tick(struct agent_keeper *keeper)
{
	usec_t now = clock_boottime(keeper->clock);

	if (!keeper->is_loaded ||
	    keeper->loaded_from != state_writer_opened(keeper->changer->writer))
		load(keeper);
	write_uses(keeper, now);
	say_throttled(keeper, now);
}

const char *
agent_keeper_guessing(struct agent_keeper *keeper)
{
	usec_t now = clock_boottime(keeper->clock);

	if (keeper->guessed_at == 0 || now - keeper->guessed_at > GUESSING_FOR)
		return NULL;
	snprintf(keeper->guessing, sizeof(keeper->guessing),
	    "too many tokens that are not known, last from %s; %llu tries were "
	    "refused unheard",
	    keeper->guesser, (unsigned long long)keeper->guessed);
	return keeper->guessing;
}
