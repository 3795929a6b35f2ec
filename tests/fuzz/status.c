/* Any bytes as a status page: read whole or not at all; what is read, written
 * again, reads the same. The checksum is made right first, if the first byte
 * says so; the rest is a page, cut or filled up to its size. */
#include "base/crc32c.h"
#include "store/status_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* In the line behind the last field. */
static void
make_right(struct buf *page)
{
	static const char key[] = "\ncrc32c ";
	char *found = memmem(page->data, page->len, key, sizeof(key) - 1);
	char digits[9];

	if (found == NULL || found + sizeof(key) + 7 > page->data + page->len)
		return;
	snprintf(digits, sizeof(digits), "%08x",
	    crc32c(0, (struct slice){
			  page->data, (size_t)(found + 1 - page->data) }));
	memcpy(found + sizeof(key) - 1, digits, 8);
}

static void
check_status(const struct status *status)
{
	assert(strlen(status->reason) < sizeof(status->reason));
	assert(strlen(status->head_file) < sizeof(status->head_file));
	assert(status_text_name(STATUS_TEXT_REFUSAL, status->refusal) != NULL);
	assert(
	    status_text_name(STATUS_TEXT_INTEGRITY, status->integrity) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup(buf_free) struct buf page = BUF_INIT;
	cleanup(buf_free) struct buf written = BUF_INIT;
	cleanup(buf_free) struct buf again = BUF_INIT;
	struct status status, same;
	uint64_t sequence;

	if (len == 0)
		return 0;
	buf_add(
	    &page, bytes + 1, len - 1 < STATUS_BYTES ? len - 1 : STATUS_BYTES);
	if (bytes[0] % 2 == 1) {
		if (page.len < STATUS_BYTES) {
			buf_add_chars(&page, ' ', STATUS_BYTES - page.len);
			page.data[STATUS_BYTES - 1] = '\n';
		}
		make_right(&page);
	}
	if (status_text_parse(buf_slice(&page), &status, &sequence) == -1)
		return 0;
	check_status(&status);
	status_text_compose(&status, sequence, &written);
	assert(written.len == STATUS_BYTES);
	assert(status_text_parse(buf_slice(&written), &same, &sequence) == 0);
	status_text_compose(&same, sequence, &again);
	assert(slice_equal(buf_slice(&written), buf_slice(&again)));
	return 0;
}
