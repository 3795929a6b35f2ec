/* Apart from what computes digests: most programs only read them, and one that
 * loads OpenSSL for nothing has half a megabyte more of its own. */
#include "base/sha256.h"

#include <errno.h>

/* Loops without a branch a digit, which the compiler turns into a few vector
 * instructions: a verifier reads 192 digits a line. */
int
sha256_parse_hex(
    struct slice hex, unsigned char ret_digest[static SHA256_BYTES])
{
	unsigned char values[SHA256_HEX];
	unsigned char wrong = 0;

	if (hex.len != SHA256_HEX) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < SHA256_HEX; i++) {
		unsigned char number = (unsigned char)(hex.data[i] - '0');
		unsigned char letter = (unsigned char)(hex.data[i] - 'a');

		values[i] = number < 10 ? number : (unsigned char)(letter + 10);
		wrong |= number < 10 || letter < 6 ? 0 : 1;
	}
	if (wrong != 0) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < SHA256_BYTES; i++)
		ret_digest[i] =
		    (unsigned char)(values[2 * i] << 4 | values[2 * i + 1]);
	return 0;
}
