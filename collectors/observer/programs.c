#include "collectors/observer/programs.h"

#include "collectors/observer/cgroup.h"
#include "collectors/observer/proc.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"

#include <math.h>

/* comm: at most 15 bytes (proc(5)), which is as long as our longest name. */
enum { PROCESS_NAME_BYTES = 15, PID_MAX = 1 << 22 };

static const struct {
	const char *name; /* as it is told, and of its file */
	const char *process;
} known[] = {
	{ "kruxosd", "kruxosd" },
	{ "observer", "kruxos-observer" },
	{ "health", "health.fcgi" },
	{ "audit", "audit.fcgi" },
	{ "activity", "activity.fcgi" },
	{ "metrics", "metrics.fcgi" },
	{ "alerts", "alerts.fcgi" },
	{ "approvals", "approvals.fcgi" },
	{ "proxy", "proxy.fcgi" },
	{ "session", "session.fcgi" },
	{ "gateway", "gateway.fcgi" },
	{ "otlp", "otlp.fcgi" },
	{ "nginx", "nginx" },
};

/* What holds all units of the package. */
#define OWN_SLICE "kruxos.slice"

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

_Static_assert(
    (int)KNOWN <= (int)OBSERVED_PROGRAMS, "no room for all programs");

/* What one or more processes have used. */
struct usage {
	uint64_t resident_bytes;
	uint64_t ticks;
	uint64_t identity; /* differs when other processes are meant */
	unsigned count;
};

struct programs {
	const struct host_roots *roots;
	char *pid_dir;
	struct clock *clock;
	usec_t read_at; /* the look before; CLOCK_MONOTONIC */
	struct usage before[KNOWN];
	struct buf text;
};

struct process {
	char name[PROCESS_NAME_BYTES + 1];
	uint64_t ticks, started_at, pages;
};

struct programs *
programs_new(
    const struct host_roots *roots, const char *pid_dir, struct clock *clock)
{
	struct programs *programs = memory_new(sizeof(*programs));

	programs->roots = roots;
	programs->pid_dir = strdup(pid_dir);
	if (programs->pid_dir == NULL)
		memory_end(strlen(pid_dir));
	programs->clock = clock;
	buf_init(&programs->text);
	return programs;
}

void
programs_free(struct programs *programs)
{
	if (programs == NULL)
		return;
	buf_free(&programs->text);
	free(programs->pid_dir);
	free(programs);
}

/* --- a process ----------------------------------------------------------- */

/* "42 (name) S …", where a name may hold blanks and brackets: so the last
 * bracket is its end. Fields 14 and 15 are CPU, 22 the start, 24 pages. */
static int
parse_process(struct slice text, struct process *ret)
{
	const char *open = memchr(text.data, '(', text.len);
	const char *end = memrchr(text.data, ')', text.len);
	struct slice rest;
	uint64_t user, system;
	size_t len;

	if (open == NULL || end == NULL || end < open)
		return -1;
	len = (size_t)(end - open) - 1;
	if (len > PROCESS_NAME_BYTES)
		len = PROCESS_NAME_BYTES;
	memcpy(ret->name, open + 1, len);
	ret->name[len] = '\0';
	rest =
	    (struct slice){ end + 1, text.len - (size_t)(end + 1 - text.data) };
	proc_skip(&rest, 11);
	if (proc_take_u64(&rest, &user) == -1 ||
	    proc_take_u64(&rest, &system) == -1)
		return -1;
	proc_skip(&rest, 6);
	if (proc_take_u64(&rest, &ret->started_at) == -1)
		return -1;
	proc_skip(&rest, 1);
	ret->ticks = user + system;
	return proc_take_u64(&rest, &ret->pages);
}

static int
read_process(struct programs *programs, uint64_t pid, struct process *ret)
{
	char name[64];
	struct error ignored;

	snprintf(name, sizeof(name), "%llu/stat", (unsigned long long)pid);
	if (proc_read(programs->roots->proc, name, &programs->text, &ignored) ==
	    -1)
		return -1;
	return parse_process(buf_slice(&programs->text), ret);
}

static void
add(struct usage *usage, uint64_t pid, const struct process *process)
{
	usage->count++;
	usage->ticks += process->ticks;
	usage->resident_bytes +=
	    process->pages * (uint64_t)sysconf(_SC_PAGESIZE);
	/* Of a sum, the order does not matter. */
	usage->identity +=
	    (process->started_at * PID_MAX + pid) * 0x9e3779b97f4a7c15;
}

/* --- finding them -------------------------------------------------------- */

static int
read_pid(struct programs *programs, const char *name, uint64_t *ret)
{
	cleanup(buf_free) struct buf file = BUF_INIT;
	struct slice rest, line;
	struct error ignored;

	buf_addf(&file, "%s.pid", name);
	if (proc_read(
		programs->pid_dir, file.data, &programs->text, &ignored) == -1)
		return -1;
	rest = buf_slice(&programs->text);
	if (!slice_take_line(&rest, &line))
		return -1;
	return number_parse_u64(line, 1, PID_MAX, ret);
}

/* nginx's workers are its master's children. */
static void
add_children(struct programs *programs, uint64_t parent, const char *name,
    struct usage *usage)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct process process;
	struct slice rest;
	struct error ignored;
	char file[96];
	uint64_t pid;

	snprintf(file, sizeof(file), "%llu/task/%llu/children",
	    (unsigned long long)parent, (unsigned long long)parent);
	if (proc_read(programs->roots->proc, file, &text, &ignored) == -1)
		return;
	rest = buf_slice(&text);
	while (proc_take_u64(&rest, &pid) == 0)
		if (read_process(programs, pid, &process) == 0 &&
		    strcmp(process.name, name) == 0)
			add(usage, pid, &process);
}

/* Returns whether there is a file; the process it names may be gone, or be
 * another by now. */
static bool
find_by_file(struct programs *programs, size_t i, struct usage *usage)
{
	struct process process;
	uint64_t pid;

	if (read_pid(programs, known[i].name, &pid) == -1)
		return false;
	if (read_process(programs, pid, &process) == -1 ||
	    strcmp(process.name, known[i].process) != 0)
		return true;
	add(&usage[i], pid, &process);
	add_children(programs, pid, known[i].process, &usage[i]);
	return true;
}

/* One process; that it has gone by now is nothing. */
static void
count(struct programs *programs, uint64_t pid, const bool *wanted,
    struct usage *usage)
{
	struct process process;

	if (read_process(programs, pid, &process) == -1)
		return;
	for (size_t i = 0; i < KNOWN; i++)
		if (wanted[i] && strcmp(process.name, known[i].process) == 0)
			add(&usage[i], pid, &process);
}

static void
count_group(struct programs *programs, const char *folder, const bool *wanted,
    struct usage *usage)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct slice rest, line;
	struct error ignored;
	uint64_t pid;

	if (proc_read(folder, "cgroup.procs", &text, &ignored) == -1)
		return;
	rest = buf_slice(&text);
	while (slice_take_line(&rest, &line))
		if (number_parse_u64(line, 1, PID_MAX, &pid) == 0)
			count(programs, pid, wanted, usage);
}

/* In the groups right below our slice: each is a unit's. False: the slice's
 * folder is not where it should be (two kinds of hierarchies side by side). */
static bool
find_in_slice(struct programs *programs, const char *slice, const bool *wanted,
    struct usage *usage)
{
	cleanup(cleanup_closedir) DIR *listing = opendir(slice);
	const struct dirent *entry;

	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		cleanup(buf_free) struct buf group = BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		buf_addf(&group, "%s/%s", slice, entry->d_name);
		count_group(programs, group.data, wanted, usage);
	}
	return listing != NULL;
}

static void
find_anywhere(
    struct programs *programs, const bool *wanted, struct usage *usage)
{
	cleanup(cleanup_closedir) DIR *listing = opendir(programs->roots->proc);
	const struct dirent *entry;
	uint64_t pid;

	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (number_parse_u64(
			slice_of(entry->d_name), 1, PID_MAX, &pid) == 0)
			count(programs, pid, wanted, usage);
}

static void
find_by_name(struct programs *programs, const bool *wanted, struct usage *usage)
{
	cleanup(buf_free) struct buf slice = BUF_INIT;

	if (cgroup_find_slice(programs->roots->proc, programs->roots->cgroup,
		OWN_SLICE, &slice) == -1 ||
	    !find_in_slice(programs, slice.data, wanted, usage))
		find_anywhere(programs, wanted, usage);
}

/* Where nothing has left a file, nobody else does. */
static void
find(struct programs *programs, struct usage *usage)
{
	bool wanted[KNOWN];
	bool is_kept_here = false;

	for (size_t i = 0; i < KNOWN; i++) {
		wanted[i] = !find_by_file(programs, i, usage);
		/* nginx writes its own, in the package, too. */
		if (!wanted[i] && strcmp(known[i].name, "nginx") != 0)
			is_kept_here = true;
	}
	if (!is_kept_here)
		find_by_name(programs, wanted, usage);
}

/* --- telling ------------------------------------------------------------- */

static void
tell(const char *name, const struct usage *before, const struct usage *now,
    usec_t span, struct observed_program *ret)
{
	double second = (double)sysconf(_SC_CLK_TCK);

	*ret = (struct observed_program){
		.resident_bytes = now->resident_bytes,
		.cpu_seconds = (double)now->ticks / second,
		.cpu_percent = (double)NAN,
	};
	memcpy(ret->name, name, strlen(name));
	if (span > 0 && before->count > 0 &&
	    before->identity == now->identity && now->ticks >= before->ticks)
		ret->cpu_percent = 100.0 *
				   (double)(now->ticks - before->ticks) /
				   second / ((double)span / USEC_PER_SEC);
}

size_t
programs_read(struct programs *programs,
    struct observed_program ret_programs[static OBSERVED_PROGRAMS])
{
	usec_t now = clock_monotonic(programs->clock);
	struct usage usage[KNOWN] = { 0 };
	size_t count = 0;

	find(programs, usage);
	for (size_t i = 0; i < KNOWN; i++)
		if (usage[i].count > 0)
			tell(known[i].name, &programs->before[i], &usage[i],
			    now - programs->read_at, &ret_programs[count++]);
	memcpy(programs->before, usage, sizeof(usage));
	programs->read_at = now;
	return count;
}
