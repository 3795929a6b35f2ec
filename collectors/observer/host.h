/* How the machine is: CPU, memory, load, network, disks, and the disk of the
 * audit folder. From /proc, cgroup v2 and statvfs().
 *
 * A figure that cannot be read is NAN, the others are told all the same, and
 * why is said once, until it can be read again.
 *
 * Where this process is in a control group (a container) that may use less than
 * the machine has, CPU and memory are the group's: the tightest limit of its
 * own group and of those above it. What a group uses of its memory is, as for
 * the machine, without what the kernel could give back: inactive file pages.
 */
#ifndef OBSERVER_HOST_H
#define OBSERVER_HOST_H

#include "base/clock.h"
#include "store/figure.h"

/* Where to read: "/proc" and "/sys/fs/cgroup", or what a test has made. They
 * and the path below stay the caller's. */
struct host_roots {
	const char *proc;
	const char *cgroup;
};

struct host;

/* Never NULL. Takes the first look, from which the first sample's CPU counts.
 */
struct host *host_new(const struct host_roots *roots, struct clock *clock);
void host_free(struct host *host);

/* Fill in the figures of the host, FIGURE_CPU_PERCENT to
 * FIGURE_DISK_WRITTEN_BYTES; the others stay as they are. */
void host_read(struct host *host, const char *audit_dir,
    double figures[static FIGURE_COUNT]);

#endif
