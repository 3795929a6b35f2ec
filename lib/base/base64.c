#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz"
			       "0123456789-_";

void
base64_add_url(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	unsigned bits = 0, group = 0;

	for (size_t i = 0; i < len; i++) {
		group = group << 8 | at[i];
		for (bits += 8; bits >= 6; bits -= 6)
			buf_add_char(out, alphabet[group >> (bits - 6) & 63]);
	}
	if (bits > 0)
		buf_add_char(out, alphabet[group << (6 - bits) & 63]);
}

bool
base64_is_url(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\0' ||
		    strchr(alphabet, text.data[i]) == NULL)
			return false;
	return true;
}
