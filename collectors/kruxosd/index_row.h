/* The numbers of an entry's row in kruxos.db: made of its line alone, by what
 * writes rows (index_writer.h) and by what compares them (scrub_block.h). */
#ifndef KRUXOSD_INDEX_ROW_H
#define KRUXOSD_INDEX_ROW_H

#include "log/entry.h"

struct index_row {
	uint64_t seq;
	usec_t time;
	uint64_t offset; /* of the line in its file */
	int32_t payload; /* payload_hash's first four bytes */
	unsigned status;
	unsigned kind;	  /* segment_kind() */
	bool is_timed;	  /* it has a … */
	int64_t duration; /* microseconds */
};

void index_row_make(
    const struct entry *entry, uint64_t offset, struct index_row *ret_row);

#endif
