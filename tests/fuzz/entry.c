/* Any bytes as a line of the log: nothing crashes, and a line that parses and
 * whose hashes hold is, composed again, the same to the byte. Most inputs fail
 * at their hashes, so those are made right first. */
#include "log/entry.h"
#include "base/cleanup.h"
#include "log/scan.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct sha256 *sha256;
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct slice bytes = { (const char *)data, size };
	struct error err = { 0 };
	struct entry entry;

	if (sha256 == NULL)
		sha256 = sha256_new();
	scan_line(bytes, SLICE_LITERAL("e"));
	if (entry_parse(bytes, &entry, &err) == -1)
		return 0;
	entry_compose(sha256, &entry, entry.payload, &line);
	buf_set_len(&line, line.len - 1); /* '\n' */
	if (entry_parse(bytes, &entry, &err) == 0 &&
	    entry_check(sha256, &entry, &err) == 0 && entry.erased_by == 0)
		assert(slice_equal(buf_slice(&line), bytes));
	/* What was composed is of the format, whatever it was made of. */
	assert(entry_parse(buf_slice(&line), &entry, &err) == 0);
	assert(entry_check(sha256, &entry, &err) == 0);
	return 0;
}
