/* The day files: their names, their order, what of them belongs to the log.
 *
 * audit/2026-11-23.jsonl, then 2026-11-23_02.jsonl, _03 … (a new file after
 * a failure); the date is the UTC date of recorded_at. `LC_ALL=C ls` gives the
 * order for a person; the order that counts is that of the seqs of the
 * `log.open` entries at their heads. `log.open` names the file before it, its
 * last seq and hash and its length: bytes behind that length are a cut that
 * the disk refused, and no part of the log.
 */
#ifndef LOG_LOGFILE_H
#define LOG_LOGFILE_H

#include "base/arena.h"
#include "log/entry.h"

#include <fcntl.h>

enum {
	LOGFILE_NAME_SIZE = sizeof("2026-11-23_9999.jsonl"),
	LOGFILE_PART_MAX = 9999,
};

/* How a day file is opened for reading: what is planted under its name must
 * neither lead elsewhere nor block (a FIFO). */
#define LOGFILE_READ (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

/* "2026-11-23.jsonl" for part 1, "2026-11-23_02.jsonl" for part 2. */
void logfile_name(
    usec_t day, unsigned part, char ret_name[static LOGFILE_NAME_SIZE]);

/* Is this the name of a day file? Fills date and part if so. */
bool logfile_parse_name(struct slice name, usec_t *ret_day, unsigned *ret_part);

/* What `log.open` says about itself and the file before it (request). */
struct logfile_open {
	unsigned format;
	struct slice host;
	struct slice version;  /* of the product */
	struct slice previous; /* name of the file before; empty: none */
	uint64_t previous_seq; /* its last */
	unsigned char previous_hash[SHA256_BYTES];
	uint64_t previous_bytes; /* its length */
};

/* Append the request of a `log.open` entry (a JSON object), and read it. */
void logfile_compose_open(const struct logfile_open *open, struct buf *out);
int logfile_parse_open(struct slice request, struct arena *arena,
    struct logfile_open *ret_open, struct error *err);

/* A file of the log as a listing finds it. */
struct logfile {
	char name[LOGFILE_NAME_SIZE];
	uint64_t
	    first_seq;	 /* of its log.open; 0: the first line is unreadable */
	uint64_t length; /* bytes that belong to the log: the file's size, or
			    what the file behind it says */
	uint64_t size;	 /* bytes in the file */
};

struct logfile_list {
	struct logfile *files; /* in the order of the log */
	size_t count;
};

/* List the day files in the folder open as `dir`. Files whose first line
 * cannot be read keep their place by name, with first_seq 0. ERROR_SYSTEM. */
int
logfile_list_read(int dir, struct logfile_list *ret_list, struct error *err);
void logfile_list_free(struct logfile_list *list);

/* Index of the file in which `seq` lies (the last whose first_seq <= seq);
 * -1: before all of them. */
ptrdiff_t logfile_list_find(const struct logfile_list *list, uint64_t seq);

#endif
