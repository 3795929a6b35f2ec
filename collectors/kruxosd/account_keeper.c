#include "collectors/kruxosd/account_keeper_internal.h"

#include "base/diag.h"
#include "base/memory.h"

enum {
	ENDED_AT_ONCE = 64,
	DENIALS_A_MINUTE = 10, /* of one name, that become entries */
};

struct account_keeper *
account_keeper_new(
    struct state_changer *changer, const char *state_file, struct error *err)
{
	struct hasher *hasher = hasher_new(err);
	struct account_keeper *keeper;

	if (hasher == NULL)
		return NULL;
	keeper = memory_new(sizeof(*keeper));
	keeper->clock = changer->clock;
	keeper->commit = changer->commit;
	keeper->changer = changer;
	keeper->writer = changer->writer;
	keeper->hasher = hasher;
	keeper->reader = accounts_open(state_file);
	keeper->by_address = throttle_new(1);
	keeper->by_account = throttle_new(1);
	keeper->denials = throttle_new(DENIALS_A_MINUTE);
	return keeper;
}

void
account_keeper_stop(struct account_keeper *keeper)
{
	if (keeper == NULL)
		return;
	hasher_free(keeper->hasher);
	keeper->hasher = NULL;
}

void
account_keeper_free(struct account_keeper *keeper)
{
	if (keeper == NULL)
		return;
	account_keeper_stop(keeper);
	throttle_free(keeper->denials);
	throttle_free(keeper->by_account);
	throttle_free(keeper->by_address);
	accounts_close(keeper->reader);
	free(keeper);
}

void
account_keeper_configure(
    struct account_keeper *keeper, const struct config *config)
{
	keeper->idle_timeout = config->idle_timeout;
	keeper->absolute_timeout = config->absolute_timeout;
	keeper->link_timeout = config->link_timeout;
	throttle_set(keeper->by_address, config->attempts_per_minute);
	throttle_set(keeper->by_account, config->attempts_per_minute);
}

int
account_keeper_fd(const struct account_keeper *keeper)
{
	return hasher_fd(keeper->hasher);
}

void
account_keeper_take(struct account_keeper *keeper)
{
	hasher_take(keeper->hasher);
}

/* Who asks learns whether he is known, and nothing of the database. */
int
account_keeper_identify(struct account_keeper *keeper, struct slice credential,
    struct accounts_caller *ret_signed_in, struct error *err)
{
	int result = accounts_find(keeper->reader, credential,
	    clock_realtime(keeper->clock), ret_signed_in, err);
	bool is_known = result == 0 || err->code == ERROR_UNAUTHENTICATED;

	if (!is_known && !keeper->is_blind)
		diag(DIAG_ERROR, "whose credentials are: %s", err->sentence);
	keeper->is_blind = !is_known;
	if (is_known)
		return result;
	return error_set(
	    err, ERROR_BUSY, "it cannot be known now whose the credential is");
}

/* --- how often ------------------------------------------------------------ */

int
account_throttle(struct account_keeper *keeper, struct slice address,
    struct slice name, struct error *err)
{
	usec_t now = clock_boottime(keeper->clock);
	struct throttle_place room;
	usec_t wait = 0;

	address = throttle_place(address, &room);
	if (address.len > 0)
		wait = throttle_try(keeper->by_address, address, now);
	if (wait == 0 && name.len > 0) {
		wait = throttle_try(keeper->by_account, name, now);
		if (wait != 0 && address.len > 0)
			throttle_forgive(keeper->by_address, address, now);
	}
	if (wait == 0)
		return 0;
	keeper->throttled++;
	return error_set_wait(err,
	    (unsigned)((wait + USEC_PER_SEC - 1) / USEC_PER_SEC),
	    "too many sign-ins have failed; wait before the next");
}

void
account_forgive(
    struct account_keeper *keeper, struct slice address, struct slice name)
{
	usec_t now = clock_boottime(keeper->clock);
	struct throttle_place room;

	address = throttle_place(address, &room);
	if (address.len > 0)
		throttle_forgive(keeper->by_address, address, now);
	if (name.len > 0)
		throttle_forgive(keeper->by_account, name, now);
}

/* At most one entry a minute, the first one at once. */
static void
say_throttled(struct account_keeper *keeper)
{
	usec_t now = clock_boottime(keeper->clock);
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct error refused;

	if (keeper->throttled == 0 || now < keeper->throttled_due)
		return;
	buf_addf(&request, "{\"throttled\":%llu}",
	    (unsigned long long)keeper->throttled);
	if (commit_add_system(keeper->commit, "account.sign_in", ENTRY_DENIED,
		NULL, buf_slice(&request), NULL, &refused) == -1)
		return; /* later, then */
	keeper->throttled = 0;
	keeper->throttled_due = now + USEC_PER_MIN;
}

/* --- what somebody may not ----------------------------------------------- */

static void
write_denial(struct account_keeper *keeper, const struct command_call *call,
    struct buf *out)
{
	const struct accounts_caller *signed_in = &call->signed_in;
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "command", call->verb);
	if ((call->peer.classes & MESSAGE_SIGNED) != 0) {
		json_writer_pair(&json, "by",
		    signed_in->via == CREDENTIAL_SESSION ? "session" : "token");
		json_writer_pair(&json, "id", signed_in->id);
	}
	if (keeper->unsaid > 0)
		json_writer_pair_u64(&json, "unsaid", keeper->unsaid);
	json_writer_end_object(&json);
}

void
account_keeper_note_denied(
    struct account_keeper *keeper, const struct command_call *call)
{
	usec_t now = clock_boottime(keeper->clock);
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct entry entry = command_entry(call);
	struct error refused;

	entry.capability = SLICE_LITERAL("account.deny");
	entry.status = ENTRY_DENIED;
	write_denial(keeper, call, &request);
	if (throttle_try(keeper->denials, call->peer.user_name, now) == 0 &&
	    commit_add_json(keeper->commit, &entry, NULL, buf_slice(&request),
		NULL, NULL, &refused) == 0)
		keeper->unsaid = 0;
	else
		keeper->unsaid++;
}

int
account_keeper_need_operator(
    struct account_keeper *keeper, struct slice name, struct error *err)
{
	struct account_row row;
	int found = account_writer_find(keeper->writer, name, &row, err);
	bool is_operator = found == 1 && row.role == ACCOUNT_OPERATOR;

	explicit_bzero(&row, sizeof(row));
	if (found == -1 || is_operator)
		return found == -1 ? -1 : 0;
	return error_set_field(err, ERROR_NOT_ALLOWED, "account",
	    "%.*s is no operator", SLICE_ARG(name));
}

/* --- sessions whose time is over ------------------------------------------ */

static int
end_one(struct account_keeper *keeper, const struct account_over *over,
    struct error *err)
{
	struct state_change change;
	int result;

	if (state_change_begin(keeper->changer, &change, err) == -1)
		return -1;
	result = account_change_end_sessions(&change, state_change_own_entry(),
	    slice_of(over->account), slice_of(over->id),
	    over->was_used ? "expired" : "idle", NULL, err);
	return state_change_end(&change, result, NULL, NULL, err);
}

static void
end_over(struct account_keeper *keeper)
{
	struct account_over over;
	struct error err;
	int found = 1;

	for (int i = 0; i < ENDED_AT_ONCE && found == 1; i++) {
		found = account_writer_find_over(
		    keeper->writer, clock_realtime(keeper->clock), &over, &err);
		if (found == 1 && end_one(keeper, &over, &err) == -1)
			found = -1;
	}
	if (found == -1 && !keeper->has_failed)
		diag(DIAG_ERROR, "sessions that are over: %s", err.sentence);
	keeper->has_failed = found == -1;
}

void
account_keeper_tick(struct account_keeper *keeper)
{
	end_over(keeper);
	say_throttled(keeper);
}
