/* What does not hold in a chain, in words: for chain.c and chain_verify.c. */
#ifndef LOG_CHAIN_FAULT_H
#define LOG_CHAIN_FAULT_H

#include "log/chain.h"

/* Fill what was expected and what was found (made visible); the place is the
 * caller's. `what` has static storage. All return -1. */
int chain_fault_set(struct chain_fault *fault, const char *what,
    const char *expected, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int chain_fault_set_hash(struct chain_fault *fault, const char *what,
    const unsigned char expected[static SHA256_BYTES],
    const unsigned char found[static SHA256_BYTES]);
int chain_fault_set_u64(struct chain_fault *fault, const char *what,
    uint64_t expected, uint64_t found);

#endif
