#include "log/chain_fault.h"

#include "base/cleanup.h"
#include "base/text.h"

int
chain_fault_set(struct chain_fault *fault, const char *what,
    const char *expected, const char *format, ...)
{
	cleanup(buf_free) struct buf found = BUF_INIT;
	cleanup(buf_free) struct buf visible = BUF_INIT;
	va_list arguments;

	va_start(arguments, format);
	buf_addv(&found, format, arguments);
	va_end(arguments);
	text_add_visible(&visible, buf_slice(&found), TEXT_ONE_LINE);
	fault->what = what;
	snprintf(fault->expected, sizeof(fault->expected), "%s", expected);
	snprintf(fault->found, sizeof(fault->found), "%s", visible.data);
	return -1;
}

int
chain_fault_set_hash(struct chain_fault *fault, const char *what,
    const unsigned char expected[static SHA256_BYTES],
    const unsigned char found[static SHA256_BYTES])
{
	cleanup(buf_free) struct buf left = BUF_INIT;
	cleanup(buf_free) struct buf right = BUF_INIT;

	buf_add_hex(&left, expected, SHA256_BYTES);
	buf_add_hex(&right, found, SHA256_BYTES);
	return chain_fault_set(fault, what, left.data, "%s", right.data);
}

int
chain_fault_set_u64(struct chain_fault *fault, const char *what,
    uint64_t expected, uint64_t found)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)expected);
	return chain_fault_set(
	    fault, what, text, "%llu", (unsigned long long)found);
}
