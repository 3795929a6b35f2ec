/* What was left for later: by hooks, while the daemon was not there.
 *
 * In the folder ([paths] spool_dir) lie files `TIME-….ndjson` of lines as the
 * door takes them. They are taken in, in the order of their names, as if their
 * owner had come by the door: as a producer, as fairly, answered when they
 * are durable. A file is removed when all of it has its answer; a daemon that
 * ends before takes it in again, and what was recorded is known by its call_id.
 * Their times count from when the file was made. Entries `ingest.spooled` say
 * how many of whom.
 *
 * Others may write to the folder: a link, a FIFO, a second name of a file, a
 * file that is too large or a stranger's is removed and not opened. However
 * many they are, and whatever else lies there, a turn of the loop does a little
 * of the work, and a look at the folder ends after so many names; the next one
 * goes on behind them.
 *
 * Who cannot be let in now (he has all the connections that he may have), or
 * has not got all his answers, is passed over with all that is his until the
 * next look, so that his entries keep their order; the others' go on.
 */
#ifndef KRUXOSD_SPOOL_H
#define KRUXOSD_SPOOL_H

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/ingest.h"

struct spool;

/* What it works with; all of it stays the caller's and outlives it. */
struct spool_parts {
	sd_event *event;
	struct clock *clock;
	struct ingest *ingest;
	struct commit *commit;
	const char *folder; /* made for the daemon's user if it is not there */
};

/* Never NULL. */
struct spool *spool_new(const struct spool_parts *parts);

/* Before ingest_stop(): what is not answered yet is taken in the next time. */
void spool_free(struct spool *spool);

/* Once a second: is there anything? */
void spool_tick(struct spool *spool);

#endif
