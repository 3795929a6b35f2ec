/* CRC-32C (Castagnoli; RFC 3720 appendix B.4): of blobs and pages that may
 * have been damaged by a disk, not by an enemy. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/slice.h"

#include <stdint.h>

/* Of `bytes`, going on from `before`: 0 at the beginning, or the checksum of
 * what stands before. */
uint32_t crc32c(uint32_t before, struct slice bytes);

#endif
