/* What the disk, or somebody at it, has done to the log: kept from the moment
 * it shows until an entry says so.
 *
 * A failure of the disk is one `log.write_failure`, however often it was tried
 * in the meantime; a file that was not as it was left is one `log.damaged`.
 */
#ifndef KRUXOSD_TROUBLE_H
#define KRUXOSD_TROUBLE_H

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/log_writer.h"

/* A failure of the disk, from the first that failed until it is recorded. */
struct trouble_failure {
	bool is_on;
	usec_t since;	  /* CLOCK_REALTIME */
	uint64_t refused; /* entries */
	const char *answer;
	char file[LOGFILE_NAME_SIZE];
	uint64_t offset;
	struct error err; /* the first one */
};

/* A file that was not as it was left. */
struct trouble_damage {
	bool is_due; /* the entry is still to be made */
	struct log_damage what;
	struct error err;
};

/* It begins, with `err`; said aloud. Once it is on, nothing changes. */
void trouble_begin_failure(struct trouble_failure *failure, usec_t now,
    const struct log_writer *writer, const struct error *err);

/* The entry about it into the batch. -1: refused. */
int trouble_record_failure(const struct trouble_failure *failure,
    struct commit *commit, struct error *err);

/* The file that `writer` speaks of, with `err`; said aloud. */
void trouble_begin_damage(struct trouble_damage *damage,
    const struct log_writer *writer, const struct error *err);

/* The entry about it into the batch; where that is refused, now or at the sync,
 * it stays due. `damage` outlives the batch. */
void
trouble_record_damage(struct trouble_damage *damage, struct commit *commit);

#endif
