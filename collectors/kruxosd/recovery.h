/* What the last start left: a whole log, a torn tail, or damage.
 *
 * Only the tail of the last file is read. An unfinished write can have torn
 * the last batch alone (commit.h says why), so a bad line there is either that
 * or damage; chain_is_torn() decides, as it does for `verify`.
 *
 * A torn tail is cut from its first bad byte on, after its bytes were kept
 * under torn/; where the disk refuses that, the next file says how much of
 * this one counts. Damage is never cut and never repaired: the log goes on in
 * a new file, behind the last whole line, or behind the last entry that index
 * or status page know as durable if that is later: a seq that somebody was
 * told is never given to another entry. An entry says either.
 *
 * What is whole may still be nowhere but in the page cache: a daemon that was
 * killed had not synced its last batch, or could not. So that batch is written
 * again, as it stands, and synced, before anyone hears of it.
 *
 * A payload in the tail that is half erased is neither: the `audit.erase`
 * entry that names it is durable, and erasure.h does the rest.
 */
#ifndef KRUXOSD_RECOVERY_H
#define KRUXOSD_RECOVERY_H

#include "collectors/kruxosd/commit.h"

/* The last entry that index or status page know as durable; seq 0: nothing is
 * known. */
struct recovery_known {
	uint64_t seq;
	unsigned char hash[SHA256_BYTES];
};

enum recovery_verdict {
	RECOVERY_WHOLE,
	RECOVERY_TORN,
	RECOVERY_DAMAGED,
};

struct recovery {
	enum recovery_verdict verdict;
	struct commit_head head; /* behind which the log goes on */
	uint64_t last_batch_seq; /* first entry of the last batch; 0: none */
	char file[LOGFILE_NAME_SIZE];	    /* what is torn or damaged … */
	uint64_t offset;		    /* … from this byte on */
	uint64_t bytes;			    /* to the end of the file */
	char kept[48];			    /* torn bytes: their copy, or "" */
	char sentence[ERROR_SENTENCE_SIZE]; /* for people; "" if all is whole */
};

/* Read the log in `dir`, called `path` in sentences, and make `writer` ready
 * to go on. -1: ERROR_SYSTEM. */
int recovery_run(struct disk *disk, int dir, const char *path,
    const struct recovery_known *known, struct log_writer *writer,
    struct recovery *ret_recovery, struct error *err);

/* The entry that says so, `log.recovered` or `log.damaged`; `waiter` hears of
 * it. Not for a log that is whole. */
int recovery_record(const struct recovery *recovery, struct commit *commit,
    const struct commit_waiter *waiter, struct error *err);

#endif
