/* Which alerts are told to which channel, and when: a pure function of what
 * becomes of alerts and of time, with the words of Alertmanager.
 *
 * An alert that fires enters, for each channel that wants its severity, the
 * group of those with the same labels. A new group is told of after group_wait,
 * one that has changed with the next group_interval, one that has not after
 * repeat_interval. What is over is told once, if it was told of at all, and
 * leaves. What is silenced is looked at when a notice is due, and not told; nor
 * is what somebody has acknowledged. That it is over is told all the same, to
 * who was told before: nobody shall go on waiting for it.
 *
 * To an Alertmanager each alert is told by itself, at once, and again each
 * minute for as long as it fires: it does all of the above, and takes for over
 * what it hears no more of. So it is told of what is acknowledged, too.
 *
 * Nothing here reads a clock or a file.
 */
#ifndef KRUXOSD_NOTICE_GROUPS_H
#define KRUXOSD_NOTICE_GROUPS_H

#include "collectors/kruxosd/alert_engine.h"

enum { NOTICE_ALERTS = 64 }; /* in one notice; more are more notices */

#define NOTICE_SEND_AGAIN USEC_PER_MIN /* to an Alertmanager */

struct notice_groups;

/* One that is due. */
struct notice {
	const struct config_notify *channel;
	struct slice group_key;
	const struct alert *const *alerts; /* firing or resolved */
	size_t count;
	bool is_repeat; /* it says nothing that was not said */
};

struct notice_listener {
	bool (*is_silenced)(void *context, const struct alert *alert);
	/* Keep it. -1: nothing can be kept now; it comes again with the next
	 * tick, and so do all behind it. */
	int (*on_due)(void *context, const struct notice *notice, usec_t now);
	/* An alert that the channel was told of is over, and it is not to be
	 * told that. */
	void (*on_left)(void *context, const char *channel, uint64_t alert);
	void *context;
};

struct notice_groups *notice_groups_new(const struct notice_listener *listener);
void notice_groups_free(struct notice_groups *groups);

/* The channels, which must live until the next call: `count` of them, at most
 * CONFIG_NOTIFIES. What those of the same name were told is kept. */
void notice_groups_configure(struct notice_groups *groups,
    const struct config_notify *channels, size_t count, struct alert_time now);

/* What became of an alert. */
void notice_groups_hear(struct notice_groups *groups, const struct alert *alert,
    enum alert_event event, struct alert_time now);

/* From before the start: an alert, and that `channel` was told of it as firing
 * at `told_at` (0, or a channel of NULL: it was not). It is firing, or over and
 * that is not yet told. */
void
notice_groups_restore(struct notice_groups *groups, const struct alert *alert,
    const char *channel, usec_t told_at, struct alert_time now);

/* Once a second. */
void notice_groups_tick(struct notice_groups *groups, struct alert_time now);

/* The words of the entry `seq` are erased from what is held. */
void notice_groups_erase(struct notice_groups *groups, uint64_t seq);

/* A label's value, as it stands in notices; {NULL, 0}: the alert has none.
 * Title of a rule, name of the machine: `instance`. */
struct slice notice_label(
    const struct alert *alert, enum config_label label, const char *instance);

/* What an agent's alert is called: its own title could be that of a rule. */
#define NOTICE_OF_AGENT "Alert of an agent"

#endif
