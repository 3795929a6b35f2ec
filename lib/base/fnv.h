/* FNV-1a, 64 bits: a quick hash, the same in each process. It has no key: for
 * telling apart what nobody gains by confusing. */
#ifndef BASE_FNV_H
#define BASE_FNV_H

#include "base/slice.h"

#include <stdint.h>

#define FNV_BEGIN 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/* `hash`, FNV_BEGIN or what this returned, with `bytes` and a mark of their
 * end: "ab", "c" differs from "a", "bc". */
static inline uint64_t
fnv_add(uint64_t hash, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.data[i]) * FNV_PRIME;
	return (hash ^ 0xff) * FNV_PRIME;
}

#endif
