#include "collectors/kruxosd/notice_groups.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"

#include <inttypes.h>
#include <sys/queue.h>

/* An alert that some channel is or was to be told of. */
struct item {
	/* As it was heard of last, but without its context; first_seen is when
	 * it has fired this time. */
	struct alert alert;
	struct arena arena;
	size_t members; /* of channels */
	TAILQ_ENTRY(item) of_groups;
};

/* An alert in a channel. */
struct member {
	struct item *item;
	struct group *group;
	usec_t told_at; /* as firing, CLOCK_REALTIME; 0: it was not */
	TAILQ_ENTRY(member) of_channel;
};

struct group {
	struct buf key;
	/* CLOCK_BOOTTIME: when it is looked at, and when it is told again
	 * though nothing has changed. */
	usec_t due, repeat_due;
	TAILQ_ENTRY(group) of_channel;
};

TAILQ_HEAD(item_list, item);
TAILQ_HEAD(member_list, member);
TAILQ_HEAD(group_list, group);

struct channel {
	const struct config_notify *config;
	char *name; /* the configuration of before may be gone */
	struct member_list members;
	struct group_list groups;
};

struct notice_groups {
	struct notice_listener listener;
	struct channel channels[CONFIG_NOTIFIES];
	size_t count;
	struct item_list items;
};

/* --- making it ------------------------------------------------------------ */

struct notice_groups *
notice_groups_new(const struct notice_listener *listener)
{
	struct notice_groups *groups = memory_new(sizeof(*groups));

	groups->listener = *listener;
	TAILQ_INIT(&groups->items);
	return groups;
}

static void
drop_member(struct channel *channel, struct member *member)
{
	TAILQ_REMOVE(&channel->members, member, of_channel);
	member->item->members--;
	free(member);
}

static void
drop_group(struct channel *channel, struct group *group)
{
	TAILQ_REMOVE(&channel->groups, group, of_channel);
	buf_free(&group->key);
	free(group);
}

static void
empty_channel(struct channel *channel)
{
	struct member *member, *next_member;
	struct group *group, *next_group;

	for (member = TAILQ_FIRST(&channel->members); member != NULL;
	     member = next_member) {
		next_member = TAILQ_NEXT(member, of_channel);
		drop_member(channel, member);
	}
	for (group = TAILQ_FIRST(&channel->groups); group != NULL;
	     group = next_group) {
		next_group = TAILQ_NEXT(group, of_channel);
		drop_group(channel, group);
	}
	free(channel->name);
}

static void
drop_item(struct notice_groups *groups, struct item *item)
{
	TAILQ_REMOVE(&groups->items, item, of_groups);
	arena_free(&item->arena);
	free(item);
}

void
notice_groups_free(struct notice_groups *groups)
{
	struct item *item, *next;

	if (groups == NULL)
		return;
	for (size_t i = 0; i < groups->count; i++)
		empty_channel(groups->channels + i);
	for (item = TAILQ_FIRST(&groups->items); item != NULL; item = next) {
		next = TAILQ_NEXT(item, of_groups);
		drop_item(groups, item);
	}
	free(groups);
}

/* --- what is held --------------------------------------------------------- */

static struct item *
find_item(const struct notice_groups *groups, uint64_t id)
{
	struct item *item;

	TAILQ_FOREACH(item, &groups->items, of_groups)
		if (item->alert.id == id)
			return item;
	return NULL;
}

static void
copy_alert(struct item *item, const struct alert *alert)
{
	struct alert *copy = &item->alert;
	struct slice *const texts[] = { &copy->rule, &copy->service,
		&copy->agent_name, &copy->title, &copy->message,
		&copy->acknowledged_by, &copy->note };

	arena_reset(&item->arena);
	*copy = *alert;
	copy->context = (struct slice){ NULL, 0 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i]->data != NULL)
			*texts[i] = arena_slice(&item->arena, *texts[i]);
}

static struct item *
hold_item(struct notice_groups *groups, const struct alert *alert)
{
	struct item *item = memory_new(sizeof(*item));

	copy_alert(item, alert);
	TAILQ_INSERT_TAIL(&groups->items, item, of_groups);
	return item;
}

static struct member *
find_member(const struct channel *channel, uint64_t id)
{
	struct member *member;

	TAILQ_FOREACH(member, &channel->members, of_channel)
		if (member->item->alert.id == id)
			return member;
	return NULL;
}

/* What is over and told to all is forgotten. What fires is not, even where
 * nobody is to be told: another configuration may say otherwise. */
static void
sweep_items(struct notice_groups *groups)
{
	struct item *item, *next;

	for (item = TAILQ_FIRST(&groups->items); item != NULL; item = next) {
		next = TAILQ_NEXT(item, of_groups);
		if (item->members == 0 && item->alert.state == ALERT_RESOLVED)
			drop_item(groups, item);
	}
}

/* --- groups --------------------------------------------------------------- */

static bool
is_alertmanager(const struct channel *channel)
{
	return channel->config->kind == CONFIG_NOTIFY_ALERTMANAGER;
}

static usec_t
wait_of(const struct channel *channel)
{
	return is_alertmanager(channel) ? 0 : channel->config->group_wait;
}

static usec_t
interval_of(const struct channel *channel)
{
	return is_alertmanager(channel) ? NOTICE_SEND_AGAIN
					: channel->config->group_interval;
}

static usec_t
repeat_of(const struct channel *channel)
{
	return is_alertmanager(channel) ? NOTICE_SEND_AGAIN
					: channel->config->repeat_interval;
}

struct slice
notice_label(
    const struct alert *alert, enum config_label label, const char *instance)
{
	switch (label) {
	case CONFIG_LABEL_ALERTNAME:
		return alert->rule.data != NULL
			   ? alert->title
			   : SLICE_LITERAL(NOTICE_OF_AGENT);
	case CONFIG_LABEL_RULE:
		return alert->rule;
	case CONFIG_LABEL_SEVERITY:
		return slice_of(rule_severities[alert->severity]);
	case CONFIG_LABEL_SERVICE:
		return alert->service;
	case CONFIG_LABEL_AGENT_NAME:
		return alert->agent_name;
	case CONFIG_LABEL_SOURCE:
		return alert_source(alert);
	case CONFIG_LABEL_INSTANCE:
		return slice_of(instance);
	case CONFIG_LABELS:
		break;
	}
	return (struct slice){ NULL, 0 };
}

/* As Alertmanager writes it: {}:{rule="high-cpu"}. All alerts are of one
 * instance, whose name is not needed to tell groups apart. */
static void
write_key(
    const struct channel *channel, const struct alert *alert, struct buf *out)
{
	const char *comma = "";

	if (is_alertmanager(channel)) {
		buf_addf(out, "%016" PRIx64, alert->fingerprint);
		return;
	}
	buf_add_str(out, "{}:{");
	for (int i = 0; i < CONFIG_LABELS; i++) {
		struct slice value =
		    notice_label(alert, (enum config_label)i, NULL);

		if ((channel->config->group_by >> i & 1) == 0 ||
		    value.data == NULL)
			continue;
		buf_addf(out, "%s%s=\"", comma, config_labels[i]);
		json_writer_escape(out, value);
		buf_add_char(out, '"');
		comma = ", ";
	}
	buf_add_char(out, '}');
}

static struct group *
find_or_add_group(
    struct channel *channel, const struct alert *alert, struct alert_time now)
{
	cleanup(buf_free) struct buf key = BUF_INIT;
	struct group *group;

	write_key(channel, alert, &key);
	TAILQ_FOREACH(group, &channel->groups, of_channel)
		if (slice_equal(buf_slice(&group->key), buf_slice(&key)))
			return group;
	group = memory_new(sizeof(*group));
	group->key = key;
	group->due = now.boottime + wait_of(channel);
	TAILQ_INSERT_TAIL(&channel->groups, group, of_channel);
	buf_init(&key);
	return group;
}

/* What is left of `duration` when so much of it is over. */
static usec_t
left_of(usec_t duration, usec_t age)
{
	return duration > age ? duration - age : 0;
}

/* The group was told of something, by the clock of before the start. */
static void
set_told(const struct channel *channel, struct group *group, usec_t told_at,
    struct alert_time now)
{
	usec_t age = now.realtime > told_at ? now.realtime - told_at : 0;
	usec_t repeat_due = now.boottime + left_of(repeat_of(channel), age);

	if (repeat_due <= group->repeat_due)
		return;
	group->repeat_due = repeat_due;
	group->due = now.boottime + left_of(interval_of(channel), age);
}

static bool
is_wanted(const struct channel *channel, const struct alert *alert)
{
	return (channel->config->severities >> alert->severity & 1) != 0;
}

static struct member *
enter(struct channel *channel, struct item *item, usec_t told_at,
    struct alert_time now)
{
	struct member *member = memory_new(sizeof(*member));

	member->item = item;
	item->members++;
	member->told_at = told_at;
	member->group = find_or_add_group(channel, &item->alert, now);
	if (told_at != 0)
		set_told(channel, member->group, told_at, now);
	TAILQ_INSERT_TAIL(&channel->members, member, of_channel);
	return member;
}

static bool
is_over(const struct member *member)
{
	return member->item->alert.state == ALERT_RESOLVED;
}

/* What was told to nobody, and is over, is nothing. */
static void
enter_held(struct channel *channel, struct item *item, usec_t told_at,
    struct alert_time now)
{
	struct member *member;

	if (!is_wanted(channel, &item->alert) ||
	    (told_at == 0 && item->alert.state == ALERT_RESOLVED))
		return;
	member = enter(channel, item, told_at, now);
	if (is_alertmanager(channel) && is_over(member))
		member->group->due = now.boottime;
}

/* --- what is given to it -------------------------------------------------- */

/* When the channel of this name was told of the alert. */
static usec_t
told_before(
    const struct channel *channels, size_t count, const char *name, uint64_t id)
{
	for (size_t i = 0; i < count; i++) {
		const struct member *member;

		if (strcmp(channels[i].name, name) != 0)
			continue;
		member = find_member(channels + i, id);
		return member == NULL ? 0 : member->told_at;
	}
	return 0;
}

static void
make_channel(struct channel *channel, const struct config_notify *config)
{
	channel->config = config;
	channel->name = strdup(config->name);
	if (channel->name == NULL)
		memory_end(strlen(config->name));
	TAILQ_INIT(&channel->members);
	TAILQ_INIT(&channel->groups);
}

void
notice_groups_configure(struct notice_groups *groups,
    const struct config_notify *channels, size_t count, struct alert_time now)
{
	struct notice_groups before = *groups;
	struct item *item;

	/* The heads of lists stay where they are until they are empty. */
	for (size_t i = 0; i < before.count; i++) {
		TAILQ_INIT(&before.channels[i].members);
		TAILQ_INIT(&before.channels[i].groups);
		TAILQ_CONCAT(&before.channels[i].members,
		    &groups->channels[i].members, of_channel);
		TAILQ_CONCAT(&before.channels[i].groups,
		    &groups->channels[i].groups, of_channel);
	}
	groups->count = count;
	for (size_t i = 0; i < groups->count; i++) {
		struct channel *channel = groups->channels + i;

		make_channel(channel, channels + i);
		TAILQ_FOREACH(item, &groups->items, of_groups)
			enter_held(channel, item,
			    told_before(before.channels, before.count,
				channel->name, item->alert.id),
			    now);
	}
	for (size_t i = 0; i < before.count; i++)
		empty_channel(before.channels + i);
	sweep_items(groups);
}

static void
hear_in_channel(struct channel *channel, struct item *item,
    enum alert_event event, struct alert_time now)
{
	struct member *member = find_member(channel, item->alert.id);

	if (member == NULL && item->alert.state == ALERT_FIRING &&
	    is_wanted(channel, &item->alert))
		member = enter(channel, item, 0, now);
	/* It is an Alertmanager that waits, and not we. */
	if (member != NULL && is_alertmanager(channel) &&
	    (event == ALERT_RESOLVE || member->told_at == 0))
		member->group->due = now.boottime;
}

void
notice_groups_hear(struct notice_groups *groups, const struct alert *alert,
    enum alert_event event, struct alert_time now)
{
	struct item *item = find_item(groups, alert->id);
	usec_t since = event == ALERT_FIRE || item == NULL
			   ? now.realtime
			   : item->alert.first_seen;

	if ((event != ALERT_FIRE && event != ALERT_RESOLVE &&
		event != ALERT_REPEAT && event != ALERT_ACKNOWLEDGE) ||
	    alert->state == ALERT_PENDING)
		return;
	if (item == NULL)
		item = hold_item(groups, alert);
	else
		copy_alert(item, alert);
	item->alert.first_seen = since;
	for (size_t i = 0; i < groups->count; i++)
		hear_in_channel(groups->channels + i, item, event, now);
	if (event == ALERT_RESOLVE)
		sweep_items(groups);
}

void
notice_groups_restore(struct notice_groups *groups, const struct alert *alert,
    const char *channel, usec_t told_at, struct alert_time now)
{
	struct item *item = find_item(groups, alert->id);

	if (item == NULL)
		item = hold_item(groups, alert);
	for (size_t i = 0; i < groups->count; i++) {
		struct channel *here = groups->channels + i;
		bool is_told =
		    channel != NULL && strcmp(channel, here->name) == 0;

		if (find_member(here, alert->id) == NULL &&
		    (channel == NULL || is_told))
			enter_held(here, item, is_told ? told_at : 0, now);
	}
}

void
notice_groups_erase(struct notice_groups *groups, uint64_t seq)
{
	struct item *item;

	TAILQ_FOREACH(item, &groups->items, of_groups)
		if (seq != 0 && item->alert.seq == seq) {
			item->alert.title = SLICE_LITERAL("(erased)");
			item->alert.message = (struct slice){ NULL, 0 };
		}
}

/* --- what is due ---------------------------------------------------------- */

/* What a channel has to be told of a group. */
struct outlook {
	const struct alert **alerts;
	struct member **members;
	size_t count, capacity;
	size_t firing;
	bool has_news;
};

static void
look_on(struct outlook *outlook, struct member *member)
{
	size_t capacity = outlook->capacity;

	outlook->members = memory_grow(outlook->members, &capacity,
	    outlook->count + 1, sizeof(outlook->members[0]));
	capacity = outlook->capacity;
	outlook->alerts = memory_grow(outlook->alerts, &capacity,
	    outlook->count + 1, sizeof(outlook->alerts[0]));
	outlook->capacity = capacity;
	outlook->members[outlook->count] = member;
	outlook->alerts[outlook->count++] = &member->item->alert;
}

static bool
is_muted(const struct notice_groups *groups, const struct channel *channel,
    const struct alert *alert)
{
	return (alert->acknowledged_by.data != NULL &&
		   !is_alertmanager(channel)) ||
	       groups->listener.is_silenced(groups->listener.context, alert);
}

/* What is over comes first. */
static void
look_at(const struct notice_groups *groups, struct channel *channel,
    const struct group *group, struct outlook *outlook)
{
	struct member *member;

	TAILQ_FOREACH(member, &channel->members, of_channel) {
		if (member->group != group || !is_over(member) ||
		    member->told_at == 0 || !channel->config->send_resolved)
			continue;
		look_on(outlook, member);
		outlook->has_news = true;
	}
	TAILQ_FOREACH(member, &channel->members, of_channel) {
		if (member->group != group || is_over(member) ||
		    is_muted(groups, channel, &member->item->alert))
			continue;
		look_on(outlook, member);
		outlook->firing++;
		outlook->has_news |= member->told_at == 0;
	}
}

static void
note_told(struct outlook *outlook, size_t first, size_t count, usec_t now)
{
	for (size_t i = first; i < first + count; i++)
		outlook->members[i]->told_at =
		    is_over(outlook->members[i]) ? 0 : now;
}

/* -1: something of it could not be kept, and stays news. */
static int
tell(struct notice_groups *groups, struct channel *channel, struct group *group,
    struct outlook *outlook, struct alert_time now)
{
	for (size_t first = 0; first < outlook->count; first += NOTICE_ALERTS) {
		size_t left = outlook->count - first;
		struct notice notice = {
			.channel = channel->config,
			.group_key = buf_slice(&group->key),
			.alerts = outlook->alerts + first,
			.count = left < NOTICE_ALERTS ? left : NOTICE_ALERTS,
			.is_repeat = !outlook->has_news,
		};

		if (groups->listener.on_due(
			groups->listener.context, &notice, now.realtime) == -1)
			return -1;
		note_told(outlook, first, notice.count, now.realtime);
	}
	group->repeat_due = now.boottime + repeat_of(channel);
	return 0;
}

/* What is over has been told, or never will be. */
static void
leave(
    struct notice_groups *groups, struct channel *channel, struct group *group)
{
	struct member *member, *next;
	bool is_empty = true;

	for (member = TAILQ_FIRST(&channel->members); member != NULL;
	     member = next) {
		next = TAILQ_NEXT(member, of_channel);
		if (member->group != group)
			continue;
		if (!is_over(member)) {
			is_empty = false;
			continue;
		}
		if (member->told_at != 0)
			groups->listener.on_left(groups->listener.context,
			    channel->name, member->item->alert.id);
		drop_member(channel, member);
	}
	if (is_empty)
		drop_group(channel, group);
}

/* -1: it is due still. */
static int
flush(struct notice_groups *groups, struct channel *channel,
    struct group *group, struct alert_time now)
{
	struct outlook outlook = { NULL };
	bool is_due, is_kept = true;

	look_at(groups, channel, group, &outlook);
	is_due = outlook.has_news ||
		 (outlook.firing > 0 && now.boottime >= group->repeat_due);
	if (is_due)
		is_kept = tell(groups, channel, group, &outlook, now) == 0;
	free(outlook.alerts);
	free(outlook.members);
	if (!is_kept)
		return -1;
	group->due = now.boottime + interval_of(channel);
	leave(groups, channel, group);
	return 0;
}

/* Returns how many were due. -1: nothing can be kept now, and all wait. */
static int
flush_due(struct notice_groups *groups, struct channel *channel,
    struct alert_time now)
{
	struct group *group, *next;
	int count = 0;

	for (group = TAILQ_FIRST(&channel->groups); group != NULL;
	     group = next) {
		next = TAILQ_NEXT(group, of_channel);
		if (now.boottime < group->due)
			continue;
		if (flush(groups, channel, group, now) == -1)
			return -1;
		count++;
	}
	return count;
}

void
notice_groups_tick(struct notice_groups *groups, struct alert_time now)
{
	int due = 0, count = 0;

	for (size_t i = 0; i < groups->count && count != -1; i++) {
		count = flush_due(groups, groups->channels + i, now);
		due += count != 0;
	}
	if (due > 0)
		sweep_items(groups);
}
