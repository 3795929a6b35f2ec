/* What who restores a backup leaves in the data folder for the daemon. */
#ifndef STORE_RESTORE_MARK_H
#define STORE_RESTORE_MARK_H

/* There from before the first file is replaced until behind the last: what lies
 * here belongs to two histories, and no daemon starts on it. */
#define RESTORE_MARK_BEGUN "restore.begun"

/* A JSON object, what the next daemon records of it: the `request` of
 * `audit.restore`. */
#define RESTORE_MARK_DONE "restore.done"

enum { RESTORE_MARK_BYTES = 4096 };

#endif
