/* Notices that wait to be sent, as they are kept in telemetry.db; and what each
 * channel was told.
 *
 * At least once: a notice stays until its channel has taken it, and is tried
 * again after longer and longer pauses for a week. There are never more than
 * OUTBOX_NOTICES; then the oldest that only repeat something go first.
 *
 * Each of the functions is a transaction of its own, or a part of the caller's
 * between outbox_writer_begin() and outbox_writer_commit().
 */
#ifndef KRUXOSD_OUTBOX_WRITER_H
#define KRUXOSD_OUTBOX_WRITER_H

#include "base/json_reader.h"
#include "store/alert.h"
#include "store/database.h"

enum {
	OUTBOX_NOTICES = 10000,
	OUTBOX_ERROR_BYTES = 512,
	OUTBOX_CHANNEL_BYTES = 64,
};

#define OUTBOX_PAUSE_SHORTEST (5 * USEC_PER_SEC)
#define OUTBOX_PAUSE_LONGEST  (5 * USEC_PER_MIN)
/* What could not be delivered for so long is given up; what was delivered is
 * kept for a while. */
#define OUTBOX_PATIENCE (7 * USEC_PER_DAY)
#define OUTBOX_KEEP	USEC_PER_DAY

struct outbox_writer;

struct outbox_writer *
outbox_writer_new(struct database *database, struct error *err);
void outbox_writer_free(struct outbox_writer *writer);

int outbox_writer_begin(struct outbox_writer *writer, struct error *err);
/* `result`: of what came between; -1 takes it back, and `err` stays. */
int outbox_writer_commit(
    struct outbox_writer *writer, int result, struct error *err);

/* --- notices -------------------------------------------------------------- */

struct outbox_notice {
	struct slice channel;
	struct slice group_key;
	struct slice body;
	usec_t created_at;
	bool is_repeat;
	bool is_test;
	/* Takes the place of the last one of its group that waits: of any, and
	 * not of one that is a repeat itself. */
	bool supersedes_any;
};

/* A repeat takes the place of one that waits, as far as it may. `ret_id` is 0
 * then; it may be NULL. `ret_dropped` is raised by how many others had to go.
 */
int outbox_writer_put(struct outbox_writer *writer,
    const struct outbox_notice *notice, uint64_t *ret_id, uint64_t *ret_dropped,
    struct error *err);

/* One that waits. ERROR_NOT_FOUND: it does not. */
struct outbox_waiting {
	char channel[OUTBOX_CHANNEL_BYTES + 1];
	uint64_t attempts;
	bool is_repeat, is_test;
};
int outbox_writer_find(struct outbox_writer *writer, uint64_t id,
    struct outbox_waiting *ret_waiting, struct error *err);

/* It was delivered: so is, soon, what failed before. */
int outbox_writer_deliver(struct outbox_writer *writer, uint64_t id,
    const struct outbox_waiting *waiting, usec_t now, struct error *err);

/* It was not, and is due again after a pause, which `chance` (any number)
 * varies. */
int outbox_writer_fail(struct outbox_writer *writer, uint64_t id,
    const struct outbox_waiting *waiting, struct slice why, usec_t now,
    uint64_t chance, struct error *err);

/* The pause before the next try, when `attempts` have failed: twice as long
 * each time, a quarter shorter or longer by chance. */
usec_t outbox_writer_pause(uint64_t attempts, uint64_t chance);

/* Away with it. */
int outbox_writer_remove(
    struct outbox_writer *writer, uint64_t id, struct error *err);

/* Does the channel fail: is there anything that it did not take? */
int outbox_writer_is_failing(struct outbox_writer *writer, struct slice channel,
    bool *ret_is_failing, struct error *err);

/* What is old goes; `ret_given_up`: how many of those were never delivered. */
int outbox_writer_expire(struct outbox_writer *writer, usec_t now,
    uint64_t *ret_given_up, struct error *err);

/* The words of the entry `seq`. */
int outbox_writer_erase(struct outbox_writer *writer,
    struct json_reader *reader, uint64_t seq, struct error *err);

/* --- what was told -------------------------------------------------------- */

int outbox_writer_tell(struct outbox_writer *writer, struct slice channel,
    uint64_t alert, usec_t at, struct error *err);
int outbox_writer_forget(struct outbox_writer *writer, struct slice channel,
    uint64_t alert, struct error *err);

/* --- at the start --------------------------------------------------------- */

struct outbox_reader {
	/* Is there such a channel? All that is kept of others goes. */
	bool (*is_channel)(void *context, struct slice name);
	/* The channel was told of the alert as firing at `told_at`. */
	void (*on_told)(void *context, const struct alert *alert,
	    const char *channel, usec_t told_at);
	void *context;
};
int outbox_writer_load(struct outbox_writer *writer,
    const struct outbox_reader *reader, struct error *err);

/* The same of what belongs to no channel any more, and nothing else. */
int outbox_writer_drop_others(struct outbox_writer *writer,
    const struct outbox_reader *reader, struct error *err);

#endif
