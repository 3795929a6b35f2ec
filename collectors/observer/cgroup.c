#include "collectors/observer/cgroup.h"

#include "collectors/observer/proc.h"

#include "base/cleanup.h"

/* "0::/system.slice/kruxos.service": the path of the one hierarchy. A group
 * outside of the namespace ("/../…") cannot be seen: the root then. */
static int
find_own(const char *proc, struct buf *ret_path)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct slice rest, line;
	struct error ignored;

	if (proc_read(proc, "self/cgroup", &text, &ignored) == -1)
		return -1;
	rest = buf_slice(&text);
	while (slice_take_line(&rest, &line)) {
		if (!slice_starts_with(line, SLICE_LITERAL("0::/")))
			continue;
		line.data += 3;
		line.len -= 3;
		buf_reset(ret_path);
		if (!slice_starts_with(line, SLICE_LITERAL("/..")))
			buf_add_slice(ret_path, line);
		return 0;
	}
	return -1;
}

/* A file of the group in the folder `group`. */
static int
read_file(const char *group, const char *name, struct buf *ret_text)
{
	struct error ignored;

	return proc_read(group, name, ret_text, &ignored);
}

/* A limit is a number, or "max". */
static int
read_number(const char *group, const char *name, uint64_t *ret)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct slice rest;

	if (read_file(group, name, &text) == -1)
		return -1;
	rest = buf_slice(&text);
	return proc_take_u64(&rest, ret);
}

static void
look_at_memory(const char *group, struct cgroup_limits *limits)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	uint64_t max, used, inactive;

	if (read_number(group, "memory.max", &max) == -1 ||
	    (limits->has_memory && max >= limits->memory_max_bytes) ||
	    read_number(group, "memory.current", &used) == -1)
		return;
	if (read_file(group, "memory.stat", &text) == 0 &&
	    proc_find_u64(buf_slice(&text), "inactive_file", &inactive) == 0)
		used = used > inactive ? used - inactive : 0;
	limits->has_memory = true;
	limits->memory_max_bytes = max;
	limits->memory_used_bytes = used;
}

/* "150000 100000": quota and period, in µs; "max 100000": none. */
static int
read_cpus(const char *group, double *ret)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	uint64_t quota, period;
	struct slice rest;

	if (read_file(group, "cpu.max", &text) == -1)
		return -1;
	rest = buf_slice(&text);
	if (proc_take_u64(&rest, &quota) == -1 ||
	    proc_take_u64(&rest, &period) == -1 || quota == 0 || period == 0)
		return -1;
	*ret = (double)quota / (double)period;
	return 0;
}

static void
look_at_cpu(const char *group, struct cgroup_limits *limits)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	uint64_t usage;
	double cpus;

	if (read_cpus(group, &cpus) == -1 ||
	    (limits->has_cpu && cpus >= limits->cpus) ||
	    read_file(group, "cpu.stat", &text) == -1 ||
	    proc_find_u64(buf_slice(&text), "usage_usec", &usage) == -1)
		return;
	limits->has_cpu = true;
	limits->cpus = cpus;
	limits->usage_usec = usage;
}

void
cgroup_read(
    const char *proc, const char *cgroup, struct cgroup_limits *ret_limits)
{
	cleanup(buf_free) struct buf own = BUF_INIT;

	*ret_limits = (struct cgroup_limits){ 0 };
	if (find_own(proc, &own) == -1)
		return;
	for (;;) {
		cleanup(buf_free) struct buf group = BUF_INIT;
		const char *slash;

		buf_addf(&group, "%s%s", cgroup, own.data);
		look_at_memory(group.data, ret_limits);
		look_at_cpu(group.data, ret_limits);
		slash = strrchr(own.data, '/');
		if (slash == NULL)
			return;
		buf_set_len(&own, (size_t)(slash - own.data));
	}
}

int
cgroup_find_slice(const char *proc, const char *cgroup, const char *name,
    struct buf *ret_folder)
{
	cleanup(buf_free) struct buf own = BUF_INIT;
	const char *slash, *slice;

	if (find_own(proc, &own) == -1 || own.len == 0)
		return -1;
	slash = strrchr(own.data, '/');
	buf_set_len(&own, (size_t)(slash - own.data));
	slice = strrchr(own.data, '/');
	if (slice == NULL || strcmp(slice + 1, name) != 0)
		return -1;
	buf_reset(ret_folder);
	buf_addf(ret_folder, "%s%s", cgroup, own.data);
	return 0;
}
