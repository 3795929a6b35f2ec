#include "collectors/kruxosd/index_row.h"

#include "base/number.h"
#include "store/segment.h"

/* The first four bytes, as SQLite keeps them in four. */
static int32_t
payload_prefix(const struct entry *entry)
{
	const unsigned char *hash = entry->payload_hash;

	return (int32_t)((uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
			 (uint32_t)hash[2] << 8 | hash[3]);
}

void
index_row_make(
    const struct entry *entry, uint64_t offset, struct index_row *ret_row)
{
	double milliseconds = 0;

	*ret_row = (struct index_row){
		.seq = entry->seq,
		.time = entry->time,
		.offset = offset,
		.payload = payload_prefix(entry),
		.status = entry->status,
		.kind = segment_kind(entry->actor, entry->tier, entry->source),
		.is_timed = entry->duration_ms.data != NULL &&
			    number_parse_double(entry->duration_ms, 0, 1e15,
				&milliseconds) == 0,
	};
	if (ret_row->is_timed)
		ret_row->duration =
		    (int64_t)(milliseconds * (double)USEC_PER_MSEC + 0.5);
}
