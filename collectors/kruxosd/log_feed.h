/* The log as the index reads it: entry after entry, up to what is durable.
 *
 * What is damaged is passed over: the verifier speaks of it, and the index
 * holds what can be read. Of one thread.
 */
#ifndef KRUXOSD_LOG_FEED_H
#define KRUXOSD_LOG_FEED_H

#include "log/cursor.h"
#include "log/entry.h"

struct log_feed;

/* `audit_dir` is copied. Never NULL. */
struct log_feed *log_feed_new(const char *audit_dir);
void log_feed_free(struct log_feed *feed);

/* Stand behind entry `last_seq` (0: at the beginning), whose entry_hash was
 * `last_hash`. *ret_is_ours is false where the log has another entry there, or
 * ends before it though it is `durable`: it is another log. ERROR_SYSTEM,
 * ERROR_CORRUPT; then, and before the first time, it stands nowhere. */
int log_feed_stand(struct log_feed *feed, uint64_t last_seq,
    const unsigned char last_hash[static SHA256_BYTES], uint64_t durable,
    bool *ret_is_ours, struct error *err);
bool log_feed_stands(const struct log_feed *feed);
void log_feed_leave(struct log_feed *feed);

/* The first entry of the log; 0: its line cannot be read. */
int
log_feed_first_seq(struct log_feed *feed, uint64_t *ret_seq, struct error *err);

/* The next entry behind `last_seq`, at most `durable`: 1; 0: there is none; -1:
 * ERROR_SYSTEM. The line and the entry are good until the next call. */
int log_feed_next(struct log_feed *feed, uint64_t last_seq, uint64_t durable,
    struct cursor_line *ret_line, struct entry *ret_entry, struct error *err);

#endif
