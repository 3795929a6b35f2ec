#include "collectors/kruxosd/host.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/disk.h"
#include "base/memory.h"
#include "base/number.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>

/* The heads of /proc/stat and /proc/meminfo; what we need stands in front. */
enum { PROC_BYTES = 4096 };

/* proc(5): user nice system idle iowait irq softirq steal; what guests use is
 * in user already. */
enum { CPU_FIELDS = 8, CPU_IDLE = 3, CPU_IOWAIT = 4 };

struct cpu {
	uint64_t busy;
	uint64_t total;
};

struct host {
	int dir;
	bool has_cpu;
	struct cpu cpu; /* of the look before */
};

static int
read_proc(const char *path, struct buf *ret_text, struct error *err)
{
	cleanup(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	buf_reserve(ret_text, PROC_BYTES);
	if (fd == -1)
		return error_set_errno(err, "%s", path);
	got = disk_read_all(&disk_system, fd, ret_text->data, PROC_BYTES, 0);
	if (got == -1)
		return error_set_errno(err, "%s", path);
	buf_set_len(ret_text, (size_t)got);
	return 0;
}

/* The number at the front of `text`, behind white space; takes it away. */
static int
take_number(struct slice *text, uint64_t *ret)
{
	size_t digits = 0;

	while (text->len > 0 && *text->data == ' ') {
		text->data++;
		text->len--;
	}
	while (digits < text->len && text->data[digits] >= '0' &&
	       text->data[digits] <= '9')
		digits++;
	if (number_parse_u64(
		(struct slice){ text->data, digits }, 0, UINT64_MAX, ret) == -1)
		return -1;
	text->data += digits;
	text->len -= digits;
	return 0;
}

static int
read_cpu(struct cpu *ret_cpu, struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct cpu cpu = { 0 };
	struct slice rest;

	if (read_proc("/proc/stat", &text, err) == -1)
		return -1;
	if (!slice_starts_with(buf_slice(&text), SLICE_LITERAL("cpu ")))
		return error_set(err, ERROR_CORRUPT, "/proc/stat: no cpu line");
	rest = (struct slice){ text.data + 4, text.len - 4 };
	for (int field = 0; field < CPU_FIELDS; field++) {
		uint64_t ticks;

		if (take_number(&rest, &ticks) == -1)
			return error_set(
			    err, ERROR_CORRUPT, "/proc/stat: no number");
		cpu.total += ticks;
		if (field != CPU_IDLE && field != CPU_IOWAIT)
			cpu.busy += ticks;
	}
	*ret_cpu = cpu;
	return 0;
}

/* "MemTotal:       2048 kB" */
static int
find_memory(const struct buf *text, const char *key, uint64_t *ret_bytes,
    struct error *err)
{
	const char *found = strstr(text->data, key);
	struct slice rest;
	uint64_t kib;

	if (found == NULL)
		return error_set(
		    err, ERROR_CORRUPT, "/proc/meminfo: no %s", key);
	rest = slice_of(found + strlen(key));
	if (take_number(&rest, &kib) == -1 ||
	    __builtin_mul_overflow(kib, 1024, ret_bytes))
		return error_set(
		    err, ERROR_CORRUPT, "/proc/meminfo: %s no number", key);
	return 0;
}

static int
read_memory(struct host_sample *sample, struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	uint64_t available;

	if (read_proc("/proc/meminfo", &text, err) == -1 ||
	    find_memory(&text, "MemTotal:", &sample->memory_total_bytes, err) ==
		-1 ||
	    find_memory(&text, "MemAvailable:", &available, err) == -1)
		return -1;
	sample->memory_used_bytes = available < sample->memory_total_bytes
					? sample->memory_total_bytes - available
					: 0;
	return 0;
}

/* df's "Use%": of what there is for everyone; root's reserve counts neither
 * as used nor as free. */
static int
read_disk(int dir, struct host_sample *sample, struct error *err)
{
	struct statvfs fs;
	uint64_t used, usable;

	if (fstatvfs(dir, &fs) == -1)
		return error_set_errno(err, "statvfs of the audit folder");
	used = fs.f_blocks - fs.f_bfree;
	usable = used + fs.f_bavail;
	sample->disk_used_percent =
	    usable == 0 ? 0 : 100.0 * (double)used / (double)usable;
	sample->disk_free_bytes = fs.f_bavail * fs.f_frsize;
	sample->disk_total_bytes = fs.f_blocks * fs.f_frsize;
	return 0;
}

struct host *
host_new(int dir)
{
	struct host *host = memory_new(sizeof(*host));
	struct error ignored; /* host_read() meets it again */

	host->dir = dir;
	host->has_cpu = read_cpu(&host->cpu, &ignored) == 0;
	return host;
}

void
host_free(struct host *host)
{
	free(host);
}

int
host_read(struct host *host, struct host_sample *ret_sample, struct error *err)
{
	struct host_sample sample = { 0 };
	struct cpu before = host->cpu;
	struct cpu now;
	bool is_first = !host->has_cpu;

	if (read_cpu(&now, err) == -1 || read_memory(&sample, err) == -1 ||
	    read_disk(host->dir, &sample, err) == -1)
		return -1;
	host->cpu = now;
	host->has_cpu = true;
	/* idle and iowait may step back a little, says proc(5). */
	if (is_first || now.total <= before.total || now.busy < before.busy)
		return 0;
	sample.cpu_percent = 100.0 * (double)(now.busy - before.busy) /
			     (double)(now.total - before.total);
	if (sample.cpu_percent > 100.0)
		sample.cpu_percent = 100.0;
	*ret_sample = sample;
	return 1;
}
