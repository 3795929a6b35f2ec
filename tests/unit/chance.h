/* Chance that a seed repeats: splitmix64, good enough, and all it needs is a
 * number. */
#ifndef TESTS_UNIT_CHANCE_H
#define TESTS_UNIT_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t
chance_draw(uint64_t *chance)
{
	uint64_t mixed = *chance += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	return mixed ^ (mixed >> 31);
}

/* 0 … `below` - 1 */
static inline size_t
chance_below(uint64_t *chance, size_t below)
{
	return (size_t)(chance_draw(chance) % below);
}

static inline bool
chance_one_in(uint64_t *chance, size_t of)
{
	return chance_below(chance, of) == 0;
}

#endif
