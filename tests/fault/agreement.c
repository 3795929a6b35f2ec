/* Do the interface (base/disk.h) and the system calls say the same? The other
 * families are worth what this one shows: that whatever the daemon does to the
 * files of the log goes through the interface.
 *
 * The whole daemon runs in a process of its own, with its threads and its
 * databases. There the interface is recorded; and so are the calls of the C
 * library that change files, whoever makes them (SQLite too): they are defined
 * here, which the linker and the loader prefer. Both records must be equal,
 * call by call: what, which file, where, how much, which bytes.
 */
#include "collectors/kruxosd/kruxosd.h"
#include "tests/fault/fault.h"

#include "base/crc32c.h"
#include "base/diag.h"
#include "door/door.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct fault_family family = {
	.number = 0,
	.what = "the disk's interface and the system calls agree",
	.seconds = 30,
	.floor = 100,
	.aim = 100,
	.soak = 1000,
};

enum { CALLS = 65536, NAME = 48, ROUNDS = 10, PATIENCE = 20 };

/* A call that changes a file, or makes it durable. */
struct call {
	char what[12];
	char name[NAME]; /* below audit/ */
	int64_t at;
	uint64_t len;
	uint32_t crc; /* of the bytes */
};

struct record {
	_Atomic unsigned count;
	struct call calls[CALLS];
};

/* Shared with the daemon's process, which may be killed. */
static struct records {
	struct record interface, system;
} * records;
static char audit_dir[64];

static void
note(struct record *record, const char *what, const char *path, int64_t at,
    const void *bytes, uint64_t len)
{
	size_t folder = strlen(audit_dir);
	struct call *call;
	unsigned index;

	if (records == NULL || folder == 0 ||
	    strncmp(path, audit_dir, folder) != 0 ||
	    (path[folder] != '/' && path[folder] != '\0'))
		return;
	/* The folder itself and its lock are made before there is a log. */
	if ((strcmp(what, "mkdir") == 0 && path[folder] == '\0') ||
	    strcmp(path + folder, "/.lock") == 0)
		return;
	index = record->count++;
	if (index >= CALLS)
		abort();
	call = &record->calls[index];
	snprintf(call->what, sizeof(call->what), "%s", what);
	snprintf(
	    call->name, sizeof(call->name), "%.*s", NAME - 1, path + folder);
	call->at = at;
	call->len = len;
	call->crc =
	    bytes == NULL ? 0 : crc32c(0, (struct slice){ bytes, (size_t)len });
}

/* What the descriptor is of, or the folder and a path in it. */
static void
path_of(int fd, const char *path, char ret[static PATH_MAX])
{
	char link[32];
	ssize_t len = 0;

	if (path != NULL && path[0] == '/') {
		snprintf(ret, PATH_MAX, "%s", path);
		return;
	}
	ret[0] = '\0';
	if (fd != AT_FDCWD) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, ret, PATH_MAX - NAME - 1);
	}
	if (len < 0)
		len = 0;
	ret[len] = '\0';
	if (path != NULL)
		snprintf(ret + len, PATH_MAX - (size_t)len, "%s%.60s",
		    len > 0 ? "/" : "", path);
}

static void
note_at(struct record *record, const char *what, int fd, const char *path,
    int64_t at, const void *bytes, uint64_t len)
{
	char whole[PATH_MAX];

	path_of(fd, path, whole);
	note(record, what, whole, at, bytes, len);
}

/* --- system calls -------------------------------------------------------- */

static void
note_open(int dir, const char *path, int flags)
{
	if (records != NULL && (flags & (O_CREAT | O_TRUNC)) != 0)
		note_at(&records->system, "create", dir, path, 0, NULL, 0);
}

static int
open_really(int dir, const char *path, int flags, va_list arguments)
{
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0
			  ? va_arg(arguments, mode_t)
			  : 0;

	note_open(dir, path, flags);
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

#define DEFINE_OPEN(name)                                           \
	int name(const char *path, int flags, ...);                 \
	int name(const char *path, int flags, ...)                  \
	{                                                           \
		va_list arguments;                                  \
		int fd;                                             \
                                                                    \
		va_start(arguments, flags);                         \
		fd = open_really(AT_FDCWD, path, flags, arguments); \
		va_end(arguments);                                  \
		return fd;                                          \
	}
#define DEFINE_OPENAT(name)                                    \
	int name(int dir, const char *path, int flags, ...);   \
	int name(int dir, const char *path, int flags, ...)    \
	{                                                      \
		va_list arguments;                             \
		int fd;                                        \
                                                               \
		va_start(arguments, flags);                    \
		fd = open_really(dir, path, flags, arguments); \
		va_end(arguments);                             \
		return fd;                                     \
	}
#define DEFINE_PWRITE(name)                                              \
	ssize_t name(int fd, const void *bytes, size_t len, off_t at);   \
	ssize_t name(int fd, const void *bytes, size_t len, off_t at)    \
	{                                                                \
		if (records != NULL)                                     \
			note_at(&records->system, "write", fd, NULL, at, \
			    bytes, len);                                 \
		return syscall(SYS_pwrite64, fd, bytes, len, at);        \
	}
#define DEFINE_FTRUNCATE(name)                                                \
	int name(int fd, off_t len);                                          \
	int name(int fd, off_t len)                                           \
	{                                                                     \
		if (records != NULL)                                          \
			note_at(                                              \
			    &records->system, "cut", fd, NULL, len, NULL, 0); \
		return (int)syscall(SYS_ftruncate, fd, len);                  \
	}
#define DEFINE_SYNC(name, number)                                           \
	int name(int fd);                                                   \
	int name(int fd)                                                    \
	{                                                                   \
		if (records != NULL)                                        \
			note_at(                                            \
			    &records->system, #name, fd, NULL, 0, NULL, 0); \
		return (int)syscall(number, fd);                            \
	}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)
DEFINE_FTRUNCATE(ftruncate)
DEFINE_FTRUNCATE(ftruncate64)
DEFINE_SYNC(fsync, SYS_fsync)
DEFINE_SYNC(fdatasync, SYS_fdatasync)
#pragma GCC diagnostic pop

int __open_2(const char *path, int flags);
int
__open_2(const char *path, int flags)
{
	note_open(AT_FDCWD, path, flags);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

int __openat_2(int dir, const char *path, int flags);
int
__openat_2(int dir, const char *path, int flags)
{
	note_open(dir, path, flags);
	return (int)syscall(SYS_openat, dir, path, flags, 0);
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	if (records != NULL)
		note_at(&records->system, "append", fd, NULL, 0, bytes, len);
	return syscall(SYS_write, fd, bytes, len);
}

int
unlinkat(int dir, const char *path, int flags)
{
	if (records != NULL)
		note_at(&records->system, "unlink", dir, path, 0, NULL, 0);
	return (int)syscall(SYS_unlinkat, dir, path, flags);
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	if (records != NULL)
		note_at(&records->system, "mkdir", dir, path, 0, NULL, 0);
	return (int)syscall(SYS_mkdirat, dir, path, mode);
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (records != NULL) {
		note_at(&records->system, "from", from_dir, from, 0, NULL, 0);
		note_at(&records->system, "to", to_dir, to, 0, NULL, 0);
	}
	return (int)syscall(SYS_renameat, from_dir, from, to_dir, to);
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* --- the interface ------------------------------------------------------- */

static struct disk real;

static int
seen_openat(
    struct disk *disk, int dir, const char *path, int flags, mode_t mode)
{
	if ((flags & (O_CREAT | O_TRUNC)) != 0)
		note_at(&records->interface, "create", dir, path, 0, NULL, 0);
	return real.openat(disk, dir, path, flags, mode);
}

static ssize_t
seen_pwrite(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	note_at(&records->interface, "write", fd, NULL, offset, bytes, len);
	return real.pwrite(disk, fd, bytes, len, offset);
}

static int
seen_ftruncate(struct disk *disk, int fd, off_t length)
{
	note_at(&records->interface, "cut", fd, NULL, length, NULL, 0);
	return real.ftruncate(disk, fd, length);
}

static int
seen_fsync(struct disk *disk, int fd)
{
	note_at(&records->interface, "fsync", fd, NULL, 0, NULL, 0);
	return real.fsync(disk, fd);
}

static int
seen_fdatasync(struct disk *disk, int fd)
{
	note_at(&records->interface, "fdatasync", fd, NULL, 0, NULL, 0);
	return real.fdatasync(disk, fd);
}

static int
seen_unlinkat(struct disk *disk, int dir, const char *path)
{
	note_at(&records->interface, "unlink", dir, path, 0, NULL, 0);
	return real.unlinkat(disk, dir, path);
}

static int
seen_mkdirat(struct disk *disk, int dir, const char *path, mode_t mode)
{
	note_at(&records->interface, "mkdir", dir, path, 0, NULL, 0);
	return real.mkdirat(disk, dir, path, mode);
}

static void
see_interface(void)
{
	real = disk_system;
	disk_system.openat = seen_openat;
	disk_system.pwrite = seen_pwrite;
	disk_system.ftruncate = seen_ftruncate;
	disk_system.fsync = seen_fsync;
	disk_system.fdatasync = seen_fdatasync;
	disk_system.unlinkat = seen_unlinkat;
	disk_system.mkdirat = seen_mkdirat;
}

/* --- the daemon ---------------------------------------------------------- */

struct site {
	char folder[32];
	char config[64], socket[64];
	uint64_t calls; /* call_ids that were used */
	uint64_t last_seq;
};

static void
be_daemon(const struct site *site)
{
	struct kruxosd *kruxosd;
	struct error err;

	diag_init("", (enum diag_level)0);
	see_interface();
	kruxosd = kruxosd_new(site->config, &err);
	if (kruxosd == NULL || kruxosd_run(kruxosd, &err) == -1) {
		fprintf(stderr, "%s\n", err.sentence);
		_exit(1);
	}
	kruxosd_free(kruxosd);
	_exit(0);
}

static void
on_outcome(void *context, const struct door_outcome *outcome)
{
	struct site *site = context;

	if (outcome->error == NULL)
		site->last_seq = outcome->seq;
}

static struct door *
open_door(struct fault *fault, struct site *site)
{
	usec_t until = fault_now() + PATIENCE * USEC_PER_SEC;
	struct error err;

	for (;;) {
		struct door *door = door_open(site->socket,
		    PATIENCE * USEC_PER_SEC, on_outcome, site, &err);

		if (door != NULL)
			return door;
		if (fault_now() > until)
			fault_fail(fault, "no daemon: %s", err.sentence);
		usleep(1000);
	}
}

static void
send_entries(struct fault *fault, struct site *site, struct door *door)
{
	struct error err;

	for (uint64_t left = 1 + fault_random(fault, 40); left > 0; left--) {
		struct buf line = BUF_INIT;

		buf_addf(&line,
		    "{\"actor_type\":\"agent\",\"agent_name\":\"a\","
		    "\"capability\":\"shell.exec\",\"status\":\"success\","
		    "\"call_id\":\"call-%llu\",\"summary\":\"",
		    (unsigned long long)site->calls++);
		buf_add_chars(&line, 'x', fault_random(fault, 3000));
		buf_add_str(&line, "\"}");
		if (door_send(door, buf_slice(&line), &err) == -1)
			fault_fail(fault, "send: %s", err.sentence);
		buf_free(&line);
		if (fault_one_in(fault, 8) && door_flush(door, &err) == -1)
			fault_fail(fault, "flush: %s", err.sentence);
	}
}

/* Some entries, and perhaps an erasure. */
static void
use_daemon(struct fault *fault, struct site *site)
{
	cleanup(door_closep) struct door *door = open_door(fault, site);
	struct error err;
	char args[80];

	send_entries(fault, site, door);
	if (door_flush(door, &err) == -1)
		fault_fail(fault, "flush: %s", err.sentence);
	if (!fault_one_in(fault, 2))
		return;
	snprintf(args, sizeof(args), "{\"seqs\":[%llu],\"reason\":\"r\"}",
	    (unsigned long long)site->last_seq);
	if (door_command(door, "audit.erase", slice_of(args),
		(struct slice){ NULL, 0 }, NULL, NULL, NULL, &err) == -1)
		fault_fail(fault, "audit.erase: %s", err.sentence);
	send_entries(fault, site, door);
	/* Not waited for: it may be killed while it writes them. */
}

/* --- what was recorded --------------------------------------------------- */

/* A process that was killed may have noted a call in the first record only. */
static void
compare(struct fault *fault, bool was_killed)
{
	const struct record *one = &records->interface;
	const struct record *other = &records->system;
	unsigned count = other->count;

	if (count == 0)
		fault_fail(fault, "nothing was recorded");
	for (unsigned i = 0; i < count; i++) {
		const struct call *a = &one->calls[i], *b = &other->calls[i];

		if (memcmp(a, b, sizeof(*a)) != 0)
			fault_fail(fault,
			    "call %u: the interface has %s of %s at %lld, %llu "
			    "bytes; the system %s of %s at %lld, %llu bytes",
			    i, a->what, a->name, (long long)a->at,
			    (unsigned long long)a->len, b->what, b->name,
			    (long long)b->at, (unsigned long long)b->len);
	}
	if (one->count != count && !(was_killed && one->count == count + 1))
		fault_fail(fault, "%u calls of the interface, %u of the system",
		    one->count, count);
}

/* What a power cut would have left: the beginning of a line. */
static void
tear_log(const struct site *site)
{
	cleanup(cleanup_closedir) DIR *dir = opendir(audit_dir);
	struct dirent *entry;

	(void)site;
	while ((entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, ".jsonl") != NULL) {
			int fd = openat(dirfd(dir), entry->d_name,
			    O_WRONLY | O_APPEND | O_CLOEXEC);

			if (fd == -1 || write(fd, "{\"seq\":7", 8) != 8)
				abort();
			close(fd);
		}
}

static void
one_case(struct fault *fault, struct site *site)
{
	bool kill_it = fault_one_in(fault, 3);
	int status;
	pid_t pid;

	memset(records, 0, sizeof(*records));
	fflush(stdout);
	pid = fork();
	if (pid == -1)
		abort();
	if (pid == 0)
		be_daemon(site);
	use_daemon(fault, site);
	kill(pid, kill_it ? SIGKILL : SIGTERM);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (!kill_it && status != 0)
		fault_fail(fault, "the daemon ended with %d", status);
	compare(fault, kill_it);
}

/* --- a place for it ------------------------------------------------------ */

static void
make_site(struct site *site)
{
	int fd;

	*site = (struct site){ .folder = "/tmp/kruxos-agree-XXXXXX" };
	if (mkdtemp(site->folder) == NULL)
		abort();
	snprintf(
	    site->config, sizeof(site->config), "%s/kruxos.conf", site->folder);
	snprintf(
	    site->socket, sizeof(site->socket), "%s/ingest.sock", site->folder);
	snprintf(audit_dir, sizeof(audit_dir), "%s/audit", site->folder);
	fd = open(site->config, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		abort();
	close(fd);
}

static void
empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

static void
remove_site(struct site *site)
{
	char torn[80];

	snprintf(torn, sizeof(torn), "%s/torn", audit_dir);
	empty(torn);
	empty(audit_dir);
	audit_dir[0] = '\0';
	empty(site->folder);
}

int
main(void)
{
	struct fault fault;

	fault_begin(&fault, &family);
	records = mmap(NULL, sizeof(*records), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (records == MAP_FAILED)
		abort();
	while (fault_goes_on(&fault)) {
		struct site site;

		make_site(&site);
		for (int i = 0; i < ROUNDS && fault_goes_on(&fault); i++)
			if (fault_next_case(&fault)) {
				if (i > 0 && fault_one_in(&fault, 3))
					tear_log(&site);
				one_case(&fault, &site);
			}
		remove_site(&site);
	}
	return fault_end(&fault);
}
