/* How the machine is: CPU, memory, and the disk of the audit folder.
 *
 * From /proc and statvfs(); a sample every 5 s. A figure that cannot be read
 * keeps the whole sample from being taken: nothing is made up.
 */
#ifndef KRUXOSD_HOST_H
#define KRUXOSD_HOST_H

#include "base/error.h"

#include <stdint.h>

struct host;

struct host_sample {
	double cpu_percent; /* over all cores, since the look before; 0–100 */
	uint64_t memory_used_bytes; /* total less what is available */
	uint64_t memory_total_bytes;
	double disk_used_percent; /* as df */
	uint64_t disk_free_bytes; /* for who is not root */
	uint64_t disk_total_bytes;
};

/* `dir`, a descriptor of the audit folder, stays the caller's. Takes the first
 * look, from which the first sample's CPU counts. Never NULL. */
struct host *host_new(int dir);
void host_free(struct host *host);

/* 1: `ret_sample` is filled; 0: no tick has passed since the look before, so
 * there is no CPU figure; -1: ERROR_SYSTEM, ERROR_CORRUPT. */
int
host_read(struct host *host, struct host_sample *ret_sample, struct error *err);

#endif
