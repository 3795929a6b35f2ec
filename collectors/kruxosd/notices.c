#include "collectors/kruxosd/notices.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "collectors/kruxosd/notice_body.h"
#include "collectors/kruxosd/outbox_writer.h"

#include <sys/queue.h>
#include <sys/random.h>

#include <inttypes.h>
#include <limits.h>

enum {
	TESTS = 16,	 /* at once */
	UNERASED = 1024, /* entries */
};

/* What is old is looked for. */
#define EXPIRE_EACH USEC_PER_MIN

/* For the observer to find a test, and to tell of it. */
#define TEST_PATIENCE (15 * USEC_PER_SEC)

/* A channel, and how it goes. */
struct channel {
	bool is_failing, is_said; /* by an entry */
	char why[OUTBOX_ERROR_BYTES + 1];
};

/* Somebody waits to hear what comes of a test. */
struct test {
	uint64_t id;
	struct command_call *call;
	usec_t ends_at; /* CLOCK_BOOTTIME */
	LIST_ENTRY(test) of_notices;
};

struct notices {
	struct clock *clock;
	struct commit *commit;
	struct alerts *alerts;
	struct notice_groups *groups;
	struct outbox_writer *writer; /* NULL: there is no database */
	bool is_loaded;
	bool has_failed; /* to keep one, and that was said */
	struct json_reader reader;

	struct arena arena; /* of what follows */
	struct config_notify *configs;
	struct channel channels[CONFIG_NOTIFIES];
	size_t count;
	char *external_url;
	char instance[HOST_NAME_MAX + 1];

	LIST_HEAD(test_list, test) tests;
	unsigned test_count;
	usec_t expire_due;
	uint64_t dropped; /* since it was last said */

	/* Entries whose words the outbox may still hold: it was busy. */
	uint64_t unerased[UNERASED];
	size_t unerased_count;
};

static struct alert_time
time_now(const struct notices *notices)
{
	return (struct alert_time){
		.realtime = clock_realtime(notices->clock),
		.boottime = clock_boottime(notices->clock),
	};
}

static size_t
find_channel(const struct notices *notices, struct slice name)
{
	size_t i = 0;

	while (i < notices->count && !slice_is(name, notices->configs[i].name))
		i++;
	return i;
}

/* --- into the database ---------------------------------------------------- */

static void
say_kept(struct notices *notices, int result, const struct error *err)
{
	if (result == -1 && !notices->has_failed)
		diag(DIAG_ERROR,
		    "telemetry.db: %s; notices wait until it takes them",
		    err->sentence);
	notices->has_failed = result == -1;
}

static void
write_body(
    const struct notices *notices, const struct notice *notice, struct buf *out)
{
	const struct commit_head *head = commit_head(notices->commit);
	struct notice_origin origin = {
		.instance = notices->instance,
		.external_url = notices->external_url,
		.head_seq = head->seq,
		.head_hash = head->hash,
	};

	notice_body_write(notice, &origin, out);
}

static int
put(struct notices *notices, const struct notice *notice, bool is_test,
    usec_t now, uint64_t *ret_id, struct error *err)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct outbox_notice put = {
		.channel = slice_of(notice->channel->name),
		.group_key = notice->group_key,
		.created_at = now,
		.is_repeat = notice->is_repeat,
		.is_test = is_test,
		.supersedes_any =
		    notice->channel->kind == CONFIG_NOTIFY_ALERTMANAGER,
	};

	write_body(notices, notice, &body);
	put.body = buf_slice(&body);
	return outbox_writer_put(
	    notices->writer, &put, ret_id, &notices->dropped, err);
}

static int
note_told(struct notices *notices, const struct notice *notice, usec_t now,
    struct error *err)
{
	struct slice channel = slice_of(notice->channel->name);
	int result = 0;

	for (size_t i = 0; i < notice->count && result == 0; i++) {
		const struct alert *alert = notice->alerts[i];

		result = alert->state == ALERT_RESOLVED
			     ? outbox_writer_forget(
				   notices->writer, channel, alert->id, err)
			     : outbox_writer_tell(notices->writer, channel,
				   alert->id, now, err);
	}
	return result;
}

static int
on_due(void *context, const struct notice *notice, usec_t now)
{
	struct notices *notices = context;
	struct error err;
	int result;

	if (notices->writer == NULL)
		return -1;
	result = outbox_writer_begin(notices->writer, &err);
	if (result == 0) {
		result = put(notices, notice, false, now, NULL, &err);
		if (result == 0)
			result = note_told(notices, notice, now, &err);
		result = outbox_writer_commit(notices->writer, result, &err);
	}
	say_kept(notices, result, &err);
	return result;
}

/* What is not forgotten now is at the next start. */
static void
on_left(void *context, const char *channel, uint64_t alert)
{
	struct notices *notices = context;
	struct error ignored;

	if (notices->writer != NULL)
		(void)outbox_writer_forget(
		    notices->writer, slice_of(channel), alert, &ignored);
}

static bool
is_silenced(void *context, const struct alert *alert)
{
	struct notices *notices = context;

	return alerts_is_silenced(notices->alerts, alert);
}

static void
on_event(void *context, const struct alert *alert, enum alert_event event,
    usec_t realtime)
{
	struct notices *notices = context;

	(void)realtime;
	notice_groups_hear(notices->groups, alert, event, time_now(notices));
}

/* --- making it ------------------------------------------------------------ */

struct notices *
notices_new(struct clock *clock, struct commit *commit, struct alerts *alerts)
{
	struct notices *notices = memory_new(sizeof(*notices));
	struct notice_listener listener = { is_silenced, on_due, on_left,
		notices };

	notices->clock = clock;
	notices->commit = commit;
	notices->alerts = alerts;
	notices->groups = notice_groups_new(&listener);
	notices->reader = (struct json_reader)JSON_READER_INIT;
	notices->external_url = "";
	LIST_INIT(&notices->tests);
	if (gethostname(notices->instance, sizeof(notices->instance) - 1) == -1)
		notices->instance[0] = '\0';
	alerts_set_listener(alerts, on_event, notices);
	return notices;
}

static void
end_test(struct notices *notices, struct test *test, bool is_delivered,
    struct slice detail)
{
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &result);
	json_writer_object(&json);
	json_writer_pair_bool(&json, "delivered", is_delivered);
	json_writer_pair_slice(&json, "detail", detail);
	json_writer_end_object(&json);
	command_ok(test->call, buf_slice(&result));
	LIST_REMOVE(test, of_notices);
	notices->test_count--;
	free(test);
}

void
notices_free(struct notices *notices)
{
	struct test *test, *next;

	if (notices == NULL)
		return;
	alerts_set_listener(notices->alerts, NULL, NULL);
	for (test = LIST_FIRST(&notices->tests); test != NULL; test = next) {
		next = LIST_NEXT(test, of_notices);
		end_test(
		    notices, test, false, SLICE_LITERAL("the daemon ends"));
	}
	outbox_writer_free(notices->writer);
	notice_groups_free(notices->groups);
	json_reader_free(&notices->reader);
	arena_free(&notices->arena);
	free(notices);
}

/* --- channels ------------------------------------------------------------- */

/* By the first name that the host is given, else by its own. */
static char *
make_url(const struct notices *notices, const struct config *config,
    struct arena *arena)
{
	const char *host = config->names.count > 0 ? config->names.words[0]
						   : notices->instance;

	return arena_printf(
	    arena, "https://%s:%u", host, config->dashboard_port);
}

/* What is looked at here; the rest is the observer's. */
static struct config_notify *
copy_channels(const struct config *config, struct arena *arena)
{
	struct config_notify *copies =
	    arena_array(arena, CONFIG_NOTIFIES, sizeof(copies[0]));

	for (size_t i = 0; i < config->notify_count; i++) {
		const struct config_notify *notify = config->notifies + i;

		copies[i] = (struct config_notify){
			.name = arena_slice(arena, slice_of(notify->name)).data,
			.kind = notify->kind,
			.severities = notify->severities,
			.group_by = notify->group_by,
			.group_wait = notify->group_wait,
			.group_interval = notify->group_interval,
			.repeat_interval = notify->repeat_interval,
			.send_resolved = notify->send_resolved,
			.timeout = notify->timeout,
		};
	}
	return copies;
}

static bool
is_channel(void *context, struct slice name)
{
	struct notices *notices = context;

	return find_channel(notices, name) < notices->count;
}

static void
on_told(void *context, const struct alert *alert, const char *channel,
    usec_t told_at)
{
	struct notices *notices = context;

	notice_groups_restore(
	    notices->groups, alert, channel, told_at, time_now(notices));
}

static void
drop_others(struct notices *notices)
{
	struct outbox_reader reader = { is_channel, NULL, notices };
	struct error err;

	if (notices->writer != NULL && notices->is_loaded)
		say_kept(notices,
		    outbox_writer_drop_others(notices->writer, &reader, &err),
		    &err);
}

void
notices_configure(struct notices *notices, const struct config *config)
{
	struct arena before = notices->arena;
	struct channel channels[CONFIG_NOTIFIES] = { 0 };
	struct arena arena = ARENA_INIT;
	struct config_notify *configs = copy_channels(config, &arena);

	for (size_t i = 0; i < config->notify_count; i++) {
		size_t old = find_channel(notices, slice_of(configs[i].name));

		if (old < notices->count)
			channels[i] = notices->channels[old];
	}
	notice_groups_configure(
	    notices->groups, configs, config->notify_count, time_now(notices));
	notices->arena = arena;
	notices->configs = configs;
	notices->count = config->notify_count;
	memcpy(notices->channels, channels, sizeof(channels));
	notices->external_url = make_url(notices, config, &notices->arena);
	arena_free(&before);
	drop_others(notices);
}

/* --- the database --------------------------------------------------------- */

static int
load_channels(struct notices *notices, struct error *err)
{
	for (size_t i = 0; i < notices->count; i++) {
		struct channel *channel = notices->channels + i;

		if (outbox_writer_is_failing(notices->writer,
			slice_of(notices->configs[i].name),
			&channel->is_failing, err) == -1)
			return -1;
		channel->is_said = channel->is_failing;
	}
	return 0;
}

static int
load(struct notices *notices, struct error *err)
{
	struct outbox_reader reader = { is_channel, on_told, notices };
	const struct alert *alert;

	if (notices->is_loaded)
		return 0;
	if (outbox_writer_load(notices->writer, &reader, err) == -1 ||
	    load_channels(notices, err) == -1)
		return -1;
	for (size_t i = 0; (alert = alerts_at(notices->alerts, i)) != NULL; i++)
		if (alert->state == ALERT_FIRING)
			notice_groups_restore(
			    notices->groups, alert, NULL, 0, time_now(notices));
	notices->is_loaded = true;
	return 0;
}

int
notices_set_database(
    struct notices *notices, struct database *database, struct error *err)
{
	outbox_writer_free(notices->writer);
	notices->writer = NULL;
	if (database == NULL)
		return 0;
	notices->writer = outbox_writer_new(database, err);
	return notices->writer == NULL ? -1 : load(notices, err);
}

/* As far as the database takes it. */
static void
erase_words(struct notices *notices)
{
	struct error err;
	int result = 0;

	while (result == 0 && notices->writer != NULL &&
	       notices->unerased_count > 0) {
		result = outbox_writer_erase(notices->writer, &notices->reader,
		    notices->unerased[notices->unerased_count - 1], &err);
		say_kept(notices, result, &err);
		notices->unerased_count -= result == 0;
	}
}

void
notices_erase(struct notices *notices, uint64_t seq)
{
	notice_groups_erase(notices->groups, seq);
	if (notices->unerased_count < UNERASED)
		notices->unerased[notices->unerased_count++] = seq;
	else
		diag(DIAG_ERROR,
		    "telemetry.db: notices may still tell the words of entry "
		    "%" PRIu64,
		    seq);
	erase_words(notices);
}

/* --- a channel that fails ------------------------------------------------- */

/* Refused by the log, it is said again. */
static void
on_said(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct notices *notices = context;

	(void)seq;
	if (err != NULL && tag < notices->count)
		notices->channels[tag].is_said =
		    !notices->channels[tag].is_said;
}

static void
say_channel(struct notices *notices, size_t place)
{
	struct channel *channel = notices->channels + place;
	struct commit_waiter waiter = { on_said, notices, place };
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;
	struct error refused;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "channel", notices->configs[place].name);
	if (channel->is_failing)
		json_writer_pair(&json, "detail", channel->why);
	json_writer_end_object(&json);
	if (commit_add_system(notices->commit,
		channel->is_failing ? "alerts.notice_failed"
				    : "alerts.notice_recovered",
		channel->is_failing ? ENTRY_ERROR : ENTRY_SUCCESS, NULL,
		buf_slice(&request), &waiter, &refused) == 0)
		channel->is_said = channel->is_failing;
}

static void
say_channels(struct notices *notices)
{
	if (commit_retry_due(notices->commit) != 0)
		return;
	for (size_t i = 0; i < notices->count; i++)
		if (notices->channels[i].is_failing !=
		    notices->channels[i].is_said)
			say_channel(notices, i);
}

static void
set_failing(struct notices *notices, const char *name, bool is_failing,
    const struct buf *why)
{
	size_t place = find_channel(notices, slice_of(name));
	struct channel *channel = notices->channels + place;

	if (place == notices->count || channel->is_failing == is_failing)
		return;
	channel->is_failing = is_failing;
	snprintf(channel->why, sizeof(channel->why), "%.*s",
	    (int)text_cut(buf_slice(why), OUTBOX_ERROR_BYTES), why->data);
	if (is_failing)
		diag(DIAG_WARNING, "[notify %s] fails: %s", name, channel->why);
	else
		diag(DIAG_INFO, "[notify %s] has taken everything again", name);
	say_channels(notices);
}

/* --- once a second -------------------------------------------------------- */

static void
say_dropped(struct notices *notices, uint64_t given_up)
{
	if (notices->dropped > 0)
		diag(DIAG_WARNING,
		    "%" PRIu64 " notices were dropped, the oldest repeats "
		    "first: there are more than %d",
		    notices->dropped, OUTBOX_NOTICES);
	if (given_up > 0)
		diag(DIAG_WARNING,
		    "%" PRIu64 " notices were given up after a week", given_up);
	notices->dropped = 0;
}

static void
expire(struct notices *notices, struct alert_time now)
{
	uint64_t given_up = 0;
	struct error err;
	int result;

	if (notices->writer == NULL || now.boottime < notices->expire_due)
		return;
	notices->expire_due = now.boottime + EXPIRE_EACH;
	result = outbox_writer_expire(
	    notices->writer, now.realtime, &given_up, &err);
	say_kept(notices, result, &err);
	say_dropped(notices, given_up);
}

static void
end_tests(struct notices *notices, struct alert_time now)
{
	struct test *test, *next;
	struct error ignored;

	for (test = LIST_FIRST(&notices->tests); test != NULL; test = next) {
		next = LIST_NEXT(test, of_notices);
		if (now.boottime < test->ends_at)
			continue;
		if (notices->writer != NULL)
			(void)outbox_writer_remove(
			    notices->writer, test->id, &ignored);
		end_test(notices, test, false,
		    SLICE_LITERAL("nobody has sent it: does kruxos-observer "
				  "run?"));
	}
}

void
notices_tick(struct notices *notices)
{
	struct alert_time now = time_now(notices);

	erase_words(notices);
	notice_groups_tick(notices->groups, now);
	say_channels(notices);
	end_tests(notices, now);
	expire(notices, now);
}

/* --- commands ------------------------------------------------------------- */

const struct command_arg notices_result_args[] = {
	{ "notice", COMMAND_NUMBER, "which notice" },
	{ "ok", COMMAND_BOOLEAN, "was it delivered?" },
	{ "detail", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg notices_test_args[] = {
	{ "channel", COMMAND_STRING, "which channel" },
	{ 0 },
};

static struct test *
find_test(struct notices *notices, uint64_t id)
{
	struct test *test;

	LIST_FOREACH(test, &notices->tests, of_notices)
		if (test->id == id)
			return test;
	return NULL;
}

static uint64_t
make_chance(void)
{
	uint64_t chance = 0;

	/* Without it there is no jitter, and that is all. */
	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	return chance;
}

/* In one transaction: what came of it, and how the channel goes then. */
static int
keep_result(struct notices *notices, uint64_t id,
    const struct outbox_waiting *waiting, bool is_delivered,
    const struct buf *why, bool *ret_is_failing, struct error *err)
{
	usec_t now = clock_realtime(notices->clock);
	int result = outbox_writer_begin(notices->writer, err);

	if (result == -1)
		return -1;
	if (is_delivered)
		result = outbox_writer_deliver(
		    notices->writer, id, waiting, now, err);
	else
		result = outbox_writer_fail(notices->writer, id, waiting,
		    buf_slice(why), now, make_chance(), err);
	if (result == 0)
		result = outbox_writer_is_failing(notices->writer,
		    slice_of(waiting->channel), ret_is_failing, err);
	return outbox_writer_commit(notices->writer, result, err);
}

static int
take_result(struct notices *notices, uint64_t id, bool is_delivered,
    const struct buf *why, struct error *err)
{
	struct outbox_waiting waiting;
	struct test *test = find_test(notices, id);
	bool is_failing = false;

	if (notices->writer == NULL)
		return error_set(
		    err, ERROR_BUSY, "telemetry.db cannot be used now");
	if (outbox_writer_find(notices->writer, id, &waiting, err) == -1)
		return -1;
	if (waiting.is_test) {
		if (test != NULL)
			end_test(notices, test, is_delivered, buf_slice(why));
		return outbox_writer_remove(notices->writer, id, err);
	}
	if (keep_result(notices, id, &waiting, is_delivered, why, &is_failing,
		err) == -1)
		return -1;
	set_failing(notices, waiting.channel, is_failing, why);
	return 0;
}

void
notices_result_command(struct notices *notices, struct command_call *call)
{
	const struct json_node *detail = command_argument(call, "detail");
	cleanup(buf_free) struct buf why = BUF_INIT;
	struct error err;
	uint64_t id;

	if (number_parse_u64(command_argument(call, "notice")->text, 1,
		INT64_MAX, &id) == -1) {
		error_set_field(&err, ERROR_OUT_OF_RANGE, "notice",
		    "notice: the number of a notice");
		command_fail(call, &err);
		return;
	}
	if (detail != NULL)
		text_add_visible(&why,
		    (struct slice){ detail->text.data,
			text_cut(detail->text, OUTBOX_ERROR_BYTES) },
		    TEXT_ONE_LINE);
	if (take_result(notices, id,
		command_argument(call, "ok")->type == JSON_TRUE, &why,
		&err) == -1)
		command_fail(call, &err);
	else
		command_ok(call, (struct slice){ NULL, 0 });
}

static int
put_test(struct notices *notices, const struct config_notify *channel,
    struct slice user, uint64_t *ret_id, struct error *err)
{
	usec_t now = clock_realtime(notices->clock);
	cleanup(buf_free) struct buf message = BUF_INIT;
	cleanup(buf_free) struct buf key = BUF_INIT;
	struct alert alert = {
		.state = ALERT_FIRING,
		.severity = RULE_INFO,
		.rule = SLICE_LITERAL("test"),
		.title = SLICE_LITERAL("Test notice"),
		.first_seen = now,
	};
	const struct alert *alerts[] = { &alert };
	struct notice notice = {
		.channel = channel, .alerts = alerts, .count = 1
	};

	buf_addf(&message, "%.*s tests this channel; nothing is wrong",
	    SLICE_ARG(user));
	alert.message = buf_slice(&message);
	/* A group of its own, so that it waits for nothing. */
	buf_addf(&key, "test %016" PRIx64, make_chance());
	notice.group_key = buf_slice(&key);
	return put(notices, &notice, true, now, ret_id, err);
}

/* Who asks is answered when it was sent, or could not be. */
void
notices_test_command(struct notices *notices, struct command_call *call)
{
	struct slice name = command_argument(call, "channel")->text;
	size_t place = find_channel(notices, name);
	struct test *test;
	struct error err;
	uint64_t id;
	int result = -1;

	if (place == notices->count)
		error_set_field(&err, ERROR_NOT_FOUND, "channel",
		    "there is no such channel in kruxos.conf");
	else if (notices->writer == NULL)
		error_set(&err, ERROR_BUSY, "telemetry.db cannot be used now");
	else if (notices->test_count == TESTS)
		error_set(&err, ERROR_BUSY, "%d tests wait already", TESTS);
	else
		result = put_test(notices, notices->configs + place,
		    call->peer.user_name, &id, &err);
	if (result == -1) {
		command_fail(call, &err);
		return;
	}
	test = memory_new(sizeof(*test));
	test->id = id;
	test->call = call;
	test->ends_at = clock_boottime(notices->clock) +
			notices->configs[place].timeout + TEST_PATIENCE;
	LIST_INSERT_HEAD(&notices->tests, test, of_notices);
	notices->test_count++;
}
