/* Follows nginx's access log, and begins a new one when it is large.
 *
 * Who was there before us is not counted: reading begins at the end of the file
 * that is found, and at the start of each that comes later. A turn reads at
 * most ACCESS_LOG_TURN_BYTES. A line that cannot be read is counted, and passed
 * over; so is one that is longer than ACCESS_LOG_LINE_BYTES.
 *
 * At ACCESS_LOG_MOST_BYTES the file becomes access.log.1 (the one before that
 * is gone) and nginx's master is told to open a new one (SIGUSR1). Its workers
 * write into the old one for a moment longer: it is read until nothing has come
 * for ACCESS_LOG_REST while a new one stands at its place. Nothing is renamed
 * where nginx could not be told, so no log ends where nobody looks. A log of
 * another user is that of an nginx which only he may tell: in the package,
 * kruxos-nginx-logs.path sees the new name and does.
 */
#ifndef OBSERVER_ACCESS_LOG_H
#define OBSERVER_ACCESS_LOG_H

#include "collectors/observer/traffic.h"

enum {
	ACCESS_LOG_TURN_BYTES = 1 << 20,
	ACCESS_LOG_LINE_BYTES = 32 << 10,
	ACCESS_LOG_MOST_BYTES = 16 << 20,
};

/* nginx writes what it has at the latest after a second (flush=1s). */
#define ACCESS_LOG_REST (3 * USEC_PER_SEC)

struct access_log;

/* Follow `path`; `pid_file` is nginx's, and may be missing. Both are copied.
 * Never NULL: a file that is not there yet is waited for. */
struct access_log *access_log_new(const char *path, const char *pid_file,
    struct traffic *traffic, struct clock *clock);
void access_log_free(struct access_log *log);
DEFINE_CLEANUP(struct access_log *, access_log_free);

/* Read what is new, once a second. True: there is more; come again soon. */
bool access_log_turn(struct access_log *log);

#endif
