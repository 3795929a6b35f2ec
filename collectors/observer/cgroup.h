/* The control groups (cgroup v2) that this process is in: what they allow it,
 * the tightest memory.max and cpu.max of its own group and of those above; and
 * who is in there with it. */
#ifndef OBSERVER_CGROUP_H
#define OBSERVER_CGROUP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct cgroup_limits {
	bool has_memory; /* a limit, and how much of it is used, are known */
	uint64_t memory_max_bytes;
	uint64_t memory_used_bytes; /* without inactive file pages */

	bool has_cpu;
	double cpus;	     /* quota / period */
	uint64_t usage_usec; /* CPU time so far, of the group with that limit */
};

/* `proc` and `cgroup` as in host.h. No cgroup v2 and no limit are the same:
 * nothing is limited. */
void cgroup_read(
    const char *proc, const char *cgroup, struct cgroup_limits *ret_limits);

/* The folder of systemd's slice `name` ("kruxos.slice"), if our own group lies
 * right in it; replaces what `ret_folder` held. -1: it does not. */
int cgroup_find_slice(const char *proc, const char *cgroup, const char *name,
    struct buf *ret_folder);

#endif
