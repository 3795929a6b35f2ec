#include "collectors/observer/host.h"

#include "collectors/observer/cgroup.h"
#include "collectors/observer/proc.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"

#include <sys/statvfs.h>

#include <math.h>

#define MIB 1048576.0

/* proc(5): user nice system idle iowait irq softirq steal; what guests use is
 * in user already. */
enum { CPU_FIELDS = 8, CPU_IDLE = 3, CPU_IOWAIT = 4 };

/* /proc/diskstats counts sectors of 512 bytes, whatever the disk's are
 * (Documentation/admin-guide/iostats.rst). */
enum { SECTOR_BYTES = 512 };

/* What is read, each on its own; said[] knows which of them cannot be. */
enum source {
	SOURCE_STAT,
	SOURCE_MEMINFO,
	SOURCE_LOADAVG,
	SOURCE_NETWORK,
	SOURCE_DISKSTATS,
	SOURCE_AUDIT_DISK,
	SOURCE_COUNT,
};

struct cpu {
	uint64_t busy;
	uint64_t total;
	unsigned count; /* of CPUs */
};

/* The look before, from which CPU counts. */
struct before {
	bool has_cpu;
	struct cpu cpu;
	bool has_usage;
	uint64_t usage_usec; /* of the group */
	usec_t at;	     /* CLOCK_MONOTONIC */
};

struct host {
	struct host_roots roots;
	struct clock *clock;
	struct cgroup_limits limits;
	struct before before;
	bool said[SOURCE_COUNT];
	struct buf text; /* the file being read */
};

/* --- CPU ----------------------------------------------------------------- */

static int
parse_cpu(struct slice text, struct cpu *ret_cpu, struct error *err)
{
	struct cpu cpu = { 0 };
	struct slice line = { NULL, 0 };

	if (!slice_take_line(&text, &line) ||
	    !slice_is(proc_take_word(&line), "cpu"))
		return error_set(err, ERROR_CORRUPT, "no cpu line");
	for (int field = 0; field < CPU_FIELDS; field++) {
		uint64_t ticks;

		if (proc_take_u64(&line, &ticks) == -1)
			return error_set(err, ERROR_CORRUPT, "no number");
		cpu.total += ticks;
		if (field != CPU_IDLE && field != CPU_IOWAIT)
			cpu.busy += ticks;
	}
	while (slice_take_line(&text, &line) &&
	       slice_starts_with(line, SLICE_LITERAL("cpu")))
		cpu.count++;
	*ret_cpu = cpu;
	return 0;
}

/* Of the machine, since the look before; idle and iowait may step back a
 * little, says proc(5). */
static double
share_of_machine(const struct cpu *before, const struct cpu *now)
{
	if (now->total <= before->total || now->busy < before->busy)
		return (double)NAN;
	return 100.0 * (double)(now->busy - before->busy) /
	       (double)(now->total - before->total);
}

/* Of what the group may use. */
static double
share_of_group(const struct host *host, usec_t now)
{
	const struct before *before = &host->before;

	if (!before->has_usage || now <= before->at ||
	    host->limits.usage_usec < before->usage_usec)
		return (double)NAN;
	return 100.0 * (double)(host->limits.usage_usec - before->usage_usec) /
	       ((double)(now - before->at) * host->limits.cpus);
}

static int
read_cpu(struct host *host, double *figures, struct error *err)
{
	usec_t now = clock_monotonic(host->clock);
	struct cpu cpu;
	double percent = (double)NAN;
	bool is_limited;

	if (parse_cpu(buf_slice(&host->text), &cpu, err) == -1)
		return -1;
	is_limited = host->limits.has_cpu &&
		     (cpu.count == 0 || host->limits.cpus < cpu.count);
	if (is_limited)
		percent = share_of_group(host, now);
	else if (host->before.has_cpu)
		percent = share_of_machine(&host->before.cpu, &cpu);
	host->before = (struct before){ true, cpu, is_limited,
		host->limits.usage_usec, now };
	figures[FIGURE_CPU_PERCENT] = percent > 100 ? 100 : percent;
	return 0;
}

/* --- memory, load -------------------------------------------------------- */

static int
read_memory(struct host *host, double *figures, struct error *err)
{
	const struct cgroup_limits *limits = &host->limits;
	struct slice text = buf_slice(&host->text);
	uint64_t total_kib, available_kib;
	double total, used;

	if (proc_find_u64(text, "MemTotal:", &total_kib) == -1)
		return error_set(err, ERROR_CORRUPT, "no MemTotal:");
	total = (double)total_kib * 1024;
	if (limits->has_memory && (double)limits->memory_max_bytes < total) {
		total = (double)limits->memory_max_bytes;
		used = (double)limits->memory_used_bytes;
	} else if (proc_find_u64(text, "MemAvailable:", &available_kib) == 0)
		used = total - (double)available_kib * 1024;
	else {
		figures[FIGURE_MEMORY_TOTAL_MB] = total / MIB;
		return error_set(err, ERROR_CORRUPT, "no MemAvailable:");
	}
	if (used < 0)
		used = 0;
	figures[FIGURE_MEMORY_TOTAL_MB] = total / MIB;
	figures[FIGURE_MEMORY_USED_MB] = used / MIB;
	if (total > 0)
		figures[FIGURE_MEMORY_PERCENT] = 100.0 * used / total;
	return 0;
}

static int
read_load(struct host *host, double *figures, struct error *err)
{
	static const enum figure loads[] = { FIGURE_LOAD_1M, FIGURE_LOAD_5M,
		FIGURE_LOAD_15M };
	struct slice text = buf_slice(&host->text);

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (proc_take_double(&text, &figures[loads[i]]) == -1)
			return error_set(err, ERROR_CORRUPT, "no number");
	return 0;
}

/* --- network, disks ------------------------------------------------------ */

/* "  eth0: BYTES packets errs drop fifo frame compressed multicast BYTES …",
 * behind two lines of titles. The number may follow the colon at once. */
static int
add_interface(struct slice line, double *received, double *sent)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct slice name;
	uint64_t in, out;

	if (colon == NULL)
		return -1;
	name = (struct slice){ line.data, (size_t)(colon - line.data) };
	line.len -= name.len + 1;
	line.data = colon + 1;
	if (slice_is(proc_take_word(&name), "lo"))
		return 0;
	if (proc_take_u64(&line, &in) == -1)
		return -1;
	proc_skip(&line, 7);
	if (proc_take_u64(&line, &out) == -1)
		return -1;
	*received += (double)in;
	*sent += (double)out;
	return 0;
}

static int
read_network(struct host *host, double *figures, struct error *err)
{
	struct slice text = buf_slice(&host->text), line;
	double received = 0, sent = 0;

	for (int number = 1; slice_take_line(&text, &line); number++)
		if (number > 2 && add_interface(line, &received, &sent) == -1)
			return error_set(
			    err, ERROR_CORRUPT, "line %d: no bytes", number);
	figures[FIGURE_NETWORK_RECEIVED_BYTES] = received;
	figures[FIGURE_NETWORK_SENT_BYTES] = sent;
	return 0;
}

/* No disk, or made of disks that are counted themselves. */
static bool
is_layered(struct slice name)
{
	static const char *const prefixes[] = { "loop", "ram", "zram", "dm-",
		"md", "sr", "fd" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (slice_starts_with(name, slice_of(prefixes[i])))
			return true;
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A disk stands before its partitions: sda, sda1; nvme0n1, nvme0n1p1. */
static bool
is_partition(struct slice name, struct slice disk)
{
	size_t at = disk.len;

	if (disk.len == 0 || !slice_starts_with(name, disk))
		return false;
	if (is_digit(disk.data[disk.len - 1])) {
		if (at == name.len || name.data[at] != 'p')
			return false;
		at++;
	}
	if (at == name.len)
		return false;
	while (at < name.len && is_digit(name.data[at]))
		at++;
	return at == name.len;
}

/* "8 0 sda reads merged SECTORS ms writes merged SECTORS ms …" */
static int
add_disk(struct slice line, struct slice *disk, double *sectors)
{
	struct slice name;
	uint64_t in, out;

	proc_skip(&line, 2);
	name = proc_take_word(&line);
	if (is_layered(name) || is_partition(name, *disk))
		return 0;
	proc_skip(&line, 2);
	if (proc_take_u64(&line, &in) == -1)
		return -1;
	proc_skip(&line, 3);
	if (proc_take_u64(&line, &out) == -1)
		return -1;
	*disk = name;
	sectors[0] += (double)in;
	sectors[1] += (double)out;
	return 0;
}

static int
read_disks(struct host *host, double *figures, struct error *err)
{
	struct slice text = buf_slice(&host->text), line;
	struct slice disk = { NULL, 0 };
	double sectors[2] = { 0, 0 };

	for (int number = 1; slice_take_line(&text, &line); number++)
		if (add_disk(line, &disk, sectors) == -1)
			return error_set(
			    err, ERROR_CORRUPT, "line %d: no sectors", number);
	figures[FIGURE_DISK_READ_BYTES] = sectors[0] * SECTOR_BYTES;
	figures[FIGURE_DISK_WRITTEN_BYTES] = sectors[1] * SECTOR_BYTES;
	return 0;
}

/* df's "Use%": of what there is for everyone; root's reserve counts neither
 * as used nor as free. */
static int
read_audit_disk(const char *dir, double *figures, struct error *err)
{
	struct statvfs fs;
	double used, usable, block;

	if (statvfs(dir, &fs) == -1)
		return error_set_errno(err, "%s: statvfs", dir);
	block = (double)fs.f_frsize;
	used = (double)(fs.f_blocks - fs.f_bfree);
	usable = used + (double)fs.f_bavail;
	if (usable > 0)
		figures[FIGURE_DISK_USED_PERCENT] = 100.0 * used / usable;
	figures[FIGURE_DISK_FREE_MB] = (double)fs.f_bavail * block / MIB;
	figures[FIGURE_DISK_TOTAL_MB] = (double)fs.f_blocks * block / MIB;
	return 0;
}

/* --- all of it ----------------------------------------------------------- */

static const struct {
	const char *file;
	int (*read)(struct host *host, double *figures, struct error *err);
} sources[] = {
	[SOURCE_STAT] = { "stat", read_cpu },
	[SOURCE_MEMINFO] = { "meminfo", read_memory },
	[SOURCE_LOADAVG] = { "loadavg", read_load },
	[SOURCE_NETWORK] = { "net/dev", read_network },
	[SOURCE_DISKSTATS] = { "diskstats", read_disks },
};

static void
say_once(struct host *host, enum source source, const struct error *err)
{
	if (!host->said[source])
		diag(DIAG_WARNING, "%s; what it says is not known",
		    err->sentence);
	host->said[source] = true;
}

static int
read_source(
    struct host *host, enum source source, double *figures, struct error *err)
{
	const char *file = sources[source].file;

	if (proc_read(host->roots.proc, file, &host->text, err) == -1)
		return -1;
	if (sources[source].read(host, figures, err) == -1)
		return error_prefix(err, "%s/%s", host->roots.proc, file);
	return 0;
}

struct host *
host_new(const struct host_roots *roots, struct clock *clock)
{
	struct host *host = memory_new(sizeof(*host));
	double figures[FIGURE_COUNT];
	struct error ignored; /* host_read() meets it again */

	host->roots = *roots;
	host->clock = clock;
	buf_init(&host->text);
	cgroup_read(roots->proc, roots->cgroup, &host->limits);
	read_source(host, SOURCE_STAT, figures, &ignored);
	return host;
}

void
host_free(struct host *host)
{
	if (host == NULL)
		return;
	buf_free(&host->text);
	free(host);
}

void
host_read(struct host *host, const char *audit_dir,
    double figures[static FIGURE_COUNT])
{
	struct error err;

	for (int i = FIGURE_CPU_PERCENT; i <= FIGURE_DISK_WRITTEN_BYTES; i++)
		figures[i] = (double)NAN;
	cgroup_read(host->roots.proc, host->roots.cgroup, &host->limits);
	for (int i = 0; i < SOURCE_AUDIT_DISK; i++)
		if (read_source(host, (enum source)i, figures, &err) == -1)
			say_once(host, (enum source)i, &err);
		else
			host->said[i] = false;
	if (read_audit_disk(audit_dir, figures, &err) == -1)
		say_once(host, SOURCE_AUDIT_DISK, &err);
	else
		host->said[SOURCE_AUDIT_DISK] = false;
}
