/* A family of faults: its cases, its budget, and how to do one again
 * (README.md).
 *
 * Cases have numbers, from 1. Each has chance of its own, made from the seed
 * and its number, so that it can be done again alone.
 */
#ifndef TESTS_FAULT_FAULT_H
#define TESTS_FAULT_FAULT_H

#include "base/clock.h"
#include "tests/unit/chance.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

struct fault_family {
	unsigned number;
	const char *what;
	unsigned seconds; /* the budget of the short mode */
	uint64_t floor;	  /* fewer are a failure */
	uint64_t aim;	  /* in the short mode */
	uint64_t soak;	  /* in the long one, however long it takes */
};

struct fault {
	const struct fault_family *family;
	uint64_t seed;
	uint64_t only; /* this case alone; 0: all */
	uint64_t aim;
	bool is_soak;
	usec_t began, budget;
	uint64_t number; /* of the case under way */
	uint64_t done;
	uint64_t chance; /* of the case under way */
};

/* --- chance -------------------------------------------------------------- */

/* 0 … `below` - 1, by the chance of the case under way. */
static inline uint64_t
fault_random(struct fault *fault, uint64_t below)
{
	return chance_draw(&fault->chance) % below;
}

static inline bool
fault_one_in(struct fault *fault, uint64_t of)
{
	return fault_random(fault, of) == 0;
}

/* --- cases --------------------------------------------------------------- */

static inline usec_t
fault_now(void)
{
	return clock_monotonic(&clock_system);
}

static inline uint64_t
fault_variable(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	uint64_t value;

	if (text == NULL || text[0] == '\0')
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0') {
		fprintf(stderr, "%s: %s is no number\n", name, text);
		exit(64);
	}
	return value;
}

static inline uint64_t
fault_new_seed(void)
{
	uint32_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	return seed;
}

static inline void
fault_begin(struct fault *fault, const struct fault_family *family)
{
	const char *mode = getenv("FAULT_MODE");

	*fault = (struct fault){
		.family = family,
		.seed = fault_variable("FAULT_SEED", fault_new_seed()),
		.only = fault_variable("FAULT_CASE", 0),
		.is_soak = mode != NULL && strcmp(mode, "soak") == 0,
		.began = fault_now(),
	};
	fault->aim = fault->is_soak ? family->soak : family->aim;
	fault->budget = fault_variable("FAULT_SECONDS",
			    fault->is_soak ? 0 : family->seconds) *
			USEC_PER_SEC;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Cases are alike: what one gives back the next one takes. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

/* What this process and its children have computed: on a machine with much else
 * to do less than the time that has passed. */
static inline usec_t
fault_computed(void)
{
	usec_t sum = 0;

	for (int i = 0; i < 2; i++) {
		struct rusage usage;

		getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &usage);
		sum +=
		    (usec_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
			USEC_PER_SEC +
		    (usec_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	}
	return sum;
}

/* Is there time, and something left to do? A soak without FAULT_SECONDS has
 * all the time that it takes. */
static inline bool
fault_goes_on(const struct fault *fault)
{
	usec_t spent = fault_now() - fault->began;

	if (fault->only != 0)
		return fault->number < fault->only;
	if (fault->number >= fault->aim)
		return false;
	if (fault->budget == 0 || spent < fault->budget)
		return true;
	return fault->number < fault->family->floor &&
	       spent < 20 * fault->budget &&
	       fault_computed() < 3 * fault->budget;
}

/* Chance of its own for whatever goes by `number`. */
static inline uint64_t
fault_chance(const struct fault *fault, uint64_t number)
{
	uint64_t chance = fault->seed;

	return chance_draw(&chance) ^ number;
}

/* Turn to the next case; false: it is not the one that was asked for. */
static inline bool
fault_next_case(struct fault *fault)
{
	fault->number++;
	fault->chance = fault_chance(fault, fault->number);
	if (fault->only != 0 && fault->number != fault->only)
		return false;
	fault->done++;
	return true;
}

/* What does not hold in the case under way; the family ends here. */
static inline void __attribute__((format(printf, 2, 3), noreturn))
fault_fail(const struct fault *fault, const char *format, ...)
{
	va_list arguments;

	printf(
	    "not ok %u - %s\n# ", fault->family->number, fault->family->what);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n# again: FAULT_SEED=%llu FAULT_CASE=%llu %s%s\n",
	    (unsigned long long)fault->seed, (unsigned long long)fault->number,
	    fault->is_soak ? "FAULT_MODE=soak " : "", program_invocation_name);
	exit(1);
}

/* The exit code. */
static inline int
fault_end(const struct fault *fault)
{
	const struct fault_family *family = fault->family;
	bool is_enough = fault->only != 0 || fault->done >= family->floor;

	printf("# family %u: %llu cases, seed %llu (%s)\n", family->number,
	    (unsigned long long)fault->done, (unsigned long long)fault->seed,
	    family->what);
	printf("%s %u - %s\n", is_enough ? "ok" : "not ok", family->number,
	    family->what);
	if (!is_enough)
		printf("# fewer than %llu cases\n",
		    (unsigned long long)family->floor);
	return is_enough ? 0 : 1;
}

#endif
