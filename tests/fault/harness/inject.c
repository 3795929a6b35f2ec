/* Preloaded into a program, it counts the places where the program asks for
 * memory or calls the system, and makes one of them fail.
 *
 * A site is a call and the chain of return addresses that led to it, as deep
 * as INJECT_DEPTH (8), each relative to its module: the same in every run.
 *
 *	INJECT_PROGRAM=NAME	only in this program; else in every one
 *	INJECT_RECORD=FILE	append each new site: CALL SITE FRAME...
 *	INJECT_FAULT=CALL:SITE:OCCURRENCE:WHAT,...
 *				at that occurrence, once, fail with the errno
 *				WHAT; or with WHAT `half` or `byte` transfer
 *				no more than that
 *	INJECT_MARK=FILE	FILE.0, FILE.1, … appear as the faults happen;
 *				one that is there does not happen again, in a
 *				program that was restarted either
 *	INJECT_CLOCK=SECONDS	added to CLOCK_REALTIME
 *
 * What goes through no symbol of libc's is not seen: system calls that libc
 * makes by itself are covered by the function that the program calls.
 */
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
	DEPTH_DEFAULT = 8,
	DEPTH_MOST = 64,
	OWN_FRAMES = 8, /* of this library, before the caller's */
	SITES = 1 << 16,
	FAULTS = 4,
	FDS = 1 << 16,
	LINE_BYTES = 8192,
};

enum { SHORT_NOT, SHORT_HALF, SHORT_BYTE };

struct fault {
	char call[32];
	uint64_t site;
	unsigned occurrence;
	int errnum; /* 0: a short transfer */
	int cut;
	unsigned seen;
	bool is_over;
};

static struct fault faults[FAULTS];
static unsigned fault_count;
static int depth = DEPTH_DEFAULT;
static long clock_offset;
static int record = -1;
static const char *mark;
static bool is_on;
static uint64_t sites[SITES]; /* those recorded, by their own value */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* What this library does is no call of the program's. */
static __thread bool is_busy __attribute__((tls_model("initial-exec")));

/* --- sites ---------------------------------------------------------------- */

static const char *
module_of(void *address, uintptr_t *ret_offset)
{
	struct dl_find_object found;
	const char *name, *slash;

	if (_dl_find_object(address, &found) != 0)
		return NULL;
	*ret_offset = (uintptr_t)address - found.dlfo_link_map->l_addr;
	name = found.dlfo_link_map->l_name;
	if (name == NULL || name[0] == '\0')
		return program_invocation_short_name;
	slash = strrchr(name, '/');
	return slash == NULL ? name : slash + 1;
}

struct chain {
	void *frames[DEPTH_MOST + OWN_FRAMES];
	int first, end;
	uint64_t site;
};

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3; /* FNV-1a */
	return hash;
}

static void
find_chain(const char *call, struct chain *chain)
{
	uint64_t hash = mix(0xcbf29ce484222325, call, strlen(call));
	int count = backtrace(chain->frames, depth + OWN_FRAMES);
	int i = 0;

	/* Our own frames, and a sanitizer's, are in front. */
	for (int j = 0; j < count && j < OWN_FRAMES; j++) {
		uintptr_t offset;
		const char *name = module_of(chain->frames[j], &offset);

		if (name != NULL && strcmp(name, "inject.so") == 0)
			i = j + 1;
	}
	chain->first = i;
	chain->end = i + depth < count ? i + depth : count;
	for (; i < chain->end; i++) {
		uintptr_t offset = 0;
		const char *name = module_of(chain->frames[i], &offset);

		if (name != NULL)
			hash = mix(hash, name, strlen(name));
		hash = mix(hash, &offset, sizeof(offset));
	}
	chain->site = hash == 0 ? 1 : hash;
}

/* Whether it is new. */
static bool
remember(uint64_t site)
{
	for (size_t i = site % SITES, n = 0; n < SITES; i++, n++) {
		uint64_t *slot = &sites[i % SITES];

		if (*slot == site)
			return false;
		if (*slot == 0) {
			*slot = site;
			return true;
		}
	}
	return false;
}

static void
write_site(const char *call, const struct chain *chain)
{
	char line[LINE_BYTES];
	int len = snprintf(line, sizeof(line), "%s %016llx", call,
	    (unsigned long long)chain->site);

	for (int i = chain->first; i < chain->end && len < LINE_BYTES - 256;
	     i++) {
		uintptr_t offset = 0;
		const char *name = module_of(chain->frames[i], &offset);

		len += snprintf(line + len, sizeof(line) - (size_t)len,
		    " %s+0x%zx", name == NULL ? "?" : name, (size_t)offset);
	}
	line[len++] = '\n';
	syscall(SYS_write, record, line, (size_t)len);
}

/* Whether this fault happens now: nobody else has made its mark. */
static bool
make_mark(const struct fault *fault)
{
	char path[4096];
	long fd;

	if (mark == NULL)
		return true;
	snprintf(path, sizeof(path), "%s.%d", mark, (int)(fault - faults));
	fd = syscall(SYS_openat, AT_FDCWD, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	syscall(SYS_close, fd);
	return true;
}

static const struct fault *
find_fault(const char *call, uint64_t site)
{
	for (unsigned i = 0; i < fault_count; i++) {
		struct fault *fault = &faults[i];

		if (fault->is_over || fault->site != site ||
		    strcmp(fault->call, call) != 0 ||
		    ++fault->seen != fault->occurrence)
			continue;
		fault->is_over = true;
		return make_mark(fault) ? fault : NULL;
	}
	return NULL;
}

static bool
is_wanted(const char *call)
{
	if (record != -1)
		return true;
	for (unsigned i = 0; i < fault_count; i++)
		if (!faults[i].is_over && strcmp(faults[i].call, call) == 0)
			return true;
	return false;
}

static const struct fault *
look(const char *call)
{
	const struct fault *fault = NULL;
	struct chain chain;

	pthread_mutex_lock(&mutex);
	if (is_wanted(call)) {
		find_chain(call, &chain);
		if (record != -1 && remember(chain.site))
			write_site(call, &chain);
		fault = find_fault(call, chain.site);
	}
	pthread_mutex_unlock(&mutex);
	return fault;
}

/* Whether this call is to fail, with errno set. A transfer of `*len` bytes
 * may be made shorter instead. */
static bool
fails(const char *call, size_t *len)
{
	const struct fault *fault;
	int errnum = errno;

	if (!is_on || is_busy)
		return false;
	is_busy = true;
	fault = look(call);
	is_busy = false;
	errno = errnum;
	if (fault == NULL)
		return false;
	if (fault->errnum != 0) {
		errno = fault->errnum;
		return true;
	}
	if (len != NULL && *len > 1)
		*len = fault->cut == SHORT_BYTE ? 1 : *len / 2;
	return false;
}

/* --- what is to be done --------------------------------------------------- */

static void
read_fault(const char *text)
{
	struct fault fault = { 0 };
	char what[16];

	if (fault_count == FAULTS ||
	    sscanf(text, "%31[^:]:%llx:%u:%15[a-z0-9]", fault.call,
		(unsigned long long *)&fault.site, &fault.occurrence,
		what) != 4) {
		fprintf(stderr, "inject: no fault: %s\n", text);
		_exit(64);
	}
	fault.cut = strcmp(what, "half") == 0	? SHORT_HALF
		    : strcmp(what, "byte") == 0 ? SHORT_BYTE
						: SHORT_NOT;
	if (fault.cut == SHORT_NOT)
		fault.errnum = (int)strtol(what, NULL, 10);
	faults[fault_count++] = fault;
}

static void __attribute__((constructor)) begin(void)
{
	const char *program = getenv("INJECT_PROGRAM");
	const char *text;
	void *frames[4];

	if (program != NULL &&
	    strcmp(program, program_invocation_short_name) != 0)
		return;
	if ((text = getenv("INJECT_CLOCK")) != NULL)
		clock_offset = strtol(text, NULL, 10);
	if ((text = getenv("INJECT_DEPTH")) != NULL) {
		depth = (int)strtol(text, NULL, 10);
		if (depth < 1 || depth > DEPTH_MOST)
			depth = DEPTH_DEFAULT;
	}
	mark = getenv("INJECT_MARK");
	for (text = getenv("INJECT_FAULT"); text != NULL;
	     text = strchr(text, ',')) {
		text += *text == ',';
		read_fault(text);
	}
	if ((text = getenv("INJECT_RECORD")) != NULL)
		record = (int)syscall(SYS_openat, AT_FDCWD, text,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	/* Its first call loads libgcc, by malloc(). */
	backtrace(frames, 4);
	is_on = record != -1 || fault_count > 0;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* --- memory ---------------------------------------------------------------
 *
 * Our programs bring their own malloc(), which asks libc by these names
 * (lib/base/memory.c).
 */

static void *
next(void **real, const char *name)
{
	if (*real == NULL) {
		bool was_busy = is_busy;

		is_busy = true;
		*real = dlsym(RTLD_NEXT, name);
		is_busy = was_busy;
		if (*real == NULL)
			abort();
	}
	return *real;
}

void *
__libc_malloc(size_t size)
{
	static void *real;

	if (fails("malloc", NULL))
		return NULL;
	return ((void *(*)(size_t))next(&real, "__libc_malloc"))(size);
}

void *
__libc_calloc(size_t count, size_t size)
{
	static void *real;

	if (fails("malloc", NULL))
		return NULL;
	return ((void *(*)(size_t, size_t))next(&real, "__libc_calloc"))(
	    count, size);
}

void *
__libc_realloc(void *memory, size_t size)
{
	static void *real;

	if (fails("malloc", NULL))
		return NULL;
	return ((void *(*)(void *, size_t))next(&real, "__libc_realloc"))(
	    memory, size);
}

void *
__libc_memalign(size_t alignment, size_t size)
{
	static void *real;

	if (fails("malloc", NULL))
		return NULL;
	return ((void *(*)(size_t, size_t))next(&real, "__libc_memalign"))(
	    alignment, size);
}

/* --- system calls --------------------------------------------------------- */

/* A function `name` that is known to the faults as `call`; what it returns
 * when it fails. Beside libc's declarations it has a name of its own. */
#define WRAP_AS(type, name, call, failed, len, parameters, arguments)     \
	type own_##name parameters __asm__(#name);                        \
	type own_##name parameters                                        \
	{                                                                 \
		static void *real;                                        \
                                                                          \
		if (fails(#call, len))                                    \
			return failed;                                    \
		return ((type(*) parameters)next(&real, #name))arguments; \
	}

#define WRAP(type, name, parameters, arguments) \
	WRAP_AS(type, name, name, (type)-1, NULL, parameters, arguments)
#define WRAP_PAIR(type, name, name64, parameters, arguments) \
	WRAP(type, name, parameters, arguments)              \
	WRAP_AS(type, name64, name, (type)-1, NULL, parameters, arguments)
#define WRAP_POINTER(type, name, parameters, arguments) \
	WRAP_AS(type, name, name, NULL, NULL, parameters, arguments)
/* It returns the errno. */
#define WRAP_NUMBER(name, parameters, arguments) \
	WRAP_AS(int, name, name, errno, NULL, parameters, arguments)
#define WRAP_TRANSFER(name, parameters, arguments) \
	WRAP_AS(ssize_t, name, name, -1, &len, parameters, arguments)

static mode_t
mode_of(int flags, va_list arguments)
{
	bool has_mode =
	    (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;

	return has_mode ? va_arg(arguments, mode_t) : 0;
}

#define WRAP_OPEN(name)                                                       \
	int name(const char *path, int flags, ...)                            \
	{                                                                     \
		static void *real;                                            \
		va_list arguments;                                            \
		mode_t mode;                                                  \
                                                                              \
		if (fails("open", NULL))                                      \
			return -1;                                            \
		va_start(arguments, flags);                                   \
		mode = mode_of(flags, arguments);                             \
		va_end(arguments);                                            \
		return ((int (*)(const char *, int, ...))next(&real, #name))( \
		    path, flags, mode);                                       \
	}
#define WRAP_OPENAT(name)                                           \
	int name(int dir, const char *path, int flags, ...)         \
	{                                                           \
		static void *real;                                  \
		va_list arguments;                                  \
		mode_t mode;                                        \
                                                                    \
		if (fails("openat", NULL))                          \
			return -1;                                  \
		va_start(arguments, flags);                         \
		mode = mode_of(flags, arguments);                   \
		va_end(arguments);                                  \
		return ((int (*)(int, const char *, int, ...))next( \
		    &real, #name))(dir, path, flags, mode);         \
	}
WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)

/* As _FORTIFY_SOURCE calls them. */
WRAP_AS(
    int, __open_2, open, -1, NULL, (const char *path, int flags), (path, flags))
WRAP_AS(int, __open64_2, open, -1, NULL, (const char *path, int flags),
    (path, flags))
WRAP_AS(int, __openat_2, openat, -1, NULL,
    (int dir, const char *path, int flags), (dir, path, flags))
WRAP_AS(int, __openat64_2, openat, -1, NULL,
    (int dir, const char *path, int flags), (dir, path, flags))

static bool is_eventfd[FDS];

/* Linux has closed it, whatever close() says. */
int
close(int fd)
{
	bool has_failed = fails("close", NULL);
	int errnum = errno;
	long result;

	if (fd >= 0 && fd < FDS)
		is_eventfd[fd] = false;
	result = syscall(SYS_close, fd);
	if (!has_failed)
		return (int)result;
	errno = errnum;
	return -1;
}

/* Their third arguments are words. An unlock never fails: of a range that was
 * locked as it is the kernel has nothing to allocate, and SQLite would take it
 * for locked until the process ends. */
static const char *
name_of_fcntl(int command, const void *argument)
{
	if (command != F_SETLK && command != F_SETLKW &&
	    command != F_OFD_SETLK && command != F_OFD_SETLKW)
		return "fcntl";
	return ((const struct flock *)argument)->l_type == F_UNLCK ? NULL
								   : "lock";
}

#define WRAP_WORDS(name, request_type, call)                                  \
	int name(int fd, request_type request, ...)                           \
	{                                                                     \
		static void *real;                                            \
		va_list arguments;                                            \
		void *argument;                                               \
                                                                              \
		va_start(arguments, request);                                 \
		argument = va_arg(arguments, void *);                         \
		va_end(arguments);                                            \
		if (call != NULL && fails(call, NULL))                        \
			return -1;                                            \
		return ((int (*)(int, request_type, ...))next(&real, #name))( \
		    fd, request, argument);                                   \
	}
WRAP_WORDS(fcntl, int, name_of_fcntl(request, argument))
WRAP_WORDS(fcntl64, int, name_of_fcntl(request, argument))
WRAP_WORDS(ioctl, unsigned long, "ioctl")

WRAP_TRANSFER(read, (int fd, void *bytes, size_t len), (fd, bytes, len))
WRAP_TRANSFER(pread, (int fd, void *bytes, size_t len, off_t offset),
    (fd, bytes, len, offset))
WRAP_AS(ssize_t, pread64, pread, -1, &len,
    (int fd, void *bytes, size_t len, off64_t offset), (fd, bytes, len, offset))
/* Of an eventfd it fails only where the counter is full (eventfd(2)), and then
 * its reader knows already. */
ssize_t
write(int fd, const void *bytes, size_t len)
{
	bool wakes = fd >= 0 && fd < FDS && is_eventfd[fd];

	if (!wakes && fails("write", &len))
		return -1;
	return syscall(SYS_write, fd, bytes, len);
}

WRAP_TRANSFER(pwrite, (int fd, const void *bytes, size_t len, off_t offset),
    (fd, bytes, len, offset))
WRAP_AS(ssize_t, pwrite64, pwrite, -1, &len,
    (int fd, const void *bytes, size_t len, off64_t offset),
    (fd, bytes, len, offset))

/* Where the kernel says that a connection is broken, it is. */
static ssize_t
break_off(int fd)
{
	int errnum = errno;

	if (errnum == EPIPE || errnum == ECONNRESET || errnum == ENOTCONN)
		syscall(SYS_shutdown, fd, SHUT_RDWR);
	errno = errnum;
	return -1;
}

#define WRAP_SOCKET(name, len, parameters, arguments) \
	WRAP_AS(ssize_t, name, name, break_off(fd), len, parameters, arguments)
WRAP_SOCKET(recv, &len, (int fd, void *bytes, size_t len, int flags),
    (fd, bytes, len, flags))
WRAP_SOCKET(send, &len, (int fd, const void *bytes, size_t len, int flags),
    (fd, bytes, len, flags))
WRAP_SOCKET(sendmsg, NULL, (int fd, const struct msghdr *message, int flags),
    (fd, message, flags))
WRAP_SOCKET(recvmsg, NULL, (int fd, struct msghdr *message, int flags),
    (fd, message, flags))
WRAP_TRANSFER(
    getrandom, (void *bytes, size_t len, unsigned flags), (bytes, len, flags))
WRAP(ssize_t, writev, (int fd, const struct iovec *parts, int count),
    (fd, parts, count))
WRAP(ssize_t, readv, (int fd, const struct iovec *parts, int count),
    (fd, parts, count))

WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP_PAIR(int, ftruncate, ftruncate64, (int fd, off_t len), (fd, len))
WRAP_PAIR(off_t, lseek, lseek64, (int fd, off_t offset, int whence),
    (fd, offset, whence))
WRAP_NUMBER(
    posix_fallocate, (int fd, off_t offset, off_t len), (fd, offset, len))
WRAP_PAIR(int, stat, stat64, (const char *path, struct stat *ret), (path, ret))
WRAP_PAIR(
    int, lstat, lstat64, (const char *path, struct stat *ret), (path, ret))
WRAP_PAIR(int, fstat, fstat64, (int fd, struct stat *ret), (fd, ret))
WRAP_PAIR(int, fstatat, fstatat64,
    (int dir, const char *path, struct stat *ret, int flags),
    (dir, path, ret, flags))
WRAP_PAIR(int, fstatvfs, fstatvfs64, (int fd, struct statvfs *ret), (fd, ret))
WRAP(int, access, (const char *path, int mode), (path, mode))
WRAP(int, faccessat, (int dir, const char *path, int mode, int flags),
    (dir, path, mode, flags))
WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, renameat,
    (int from_dir, const char *from, int to_dir, const char *to),
    (from_dir, from, to_dir, to))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, flock, (int fd, int operation), (fd, operation))
WRAP_POINTER(
    char *, realpath, (const char *path, char *resolved), (path, resolved))
WRAP(ssize_t, readlink, (const char *path, char *bytes, size_t len),
    (path, bytes, len))
WRAP_POINTER(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WRAP_AS(FILE *, fopen64, fopen, NULL, NULL,
    (const char *path, const char *mode), (path, mode))
WRAP_POINTER(FILE *, fdopen, (int fd, const char *mode), (fd, mode))
WRAP_POINTER(DIR *, opendir, (const char *path), (path))
WRAP_POINTER(DIR *, fdopendir, (int fd), (fd))
WRAP_POINTER(struct dirent *, readdir, (DIR * dir), (dir))
WRAP_AS(struct dirent64 *, readdir64, readdir, NULL, NULL, (DIR * dir), (dir))
WRAP(int, scandir,
    (const char *path, struct dirent ***ret,
	int (*is_wanted_entry)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **)),
    (path, ret, is_wanted_entry, compare))
WRAP_AS(void *, mmap, mmap, MAP_FAILED, NULL,
    (void *at, size_t len, int protection, int flags, int fd, off_t offset),
    (at, len, protection, flags, fd, offset))
WRAP_AS(void *, mmap64, mmap, MAP_FAILED, NULL,
    (void *at, size_t len, int protection, int flags, int fd, off_t offset),
    (at, len, protection, flags, fd, offset))

WRAP(
    int, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, bind, (int fd, const struct sockaddr *address, socklen_t len),
    (fd, address, len))
WRAP(int, listen, (int fd, int backlog), (fd, backlog))
WRAP(
    int, accept, (int fd, struct sockaddr *ret, socklen_t *len), (fd, ret, len))
WRAP(int, accept4, (int fd, struct sockaddr *ret, socklen_t *len, int flags),
    (fd, ret, len, flags))
WRAP(int, connect, (int fd, const struct sockaddr *address, socklen_t len),
    (fd, address, len))
WRAP(int, getsockopt,
    (int fd, int level, int option, void *ret, socklen_t *len),
    (fd, level, option, ret, len))
WRAP(int, setsockopt,
    (int fd, int level, int option, const void *value, socklen_t len),
    (fd, level, option, value, len))
WRAP(int, shutdown, (int fd, int how), (fd, how))

WRAP(int, epoll_create1, (int flags), (flags))
WRAP(int, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event),
    (epoll, what, fd, event))
WRAP(int, epoll_wait,
    (int epoll, struct epoll_event *events, int most, int timeout),
    (epoll, events, most, timeout))
WRAP(int, poll, (struct pollfd * fds, nfds_t count, int timeout),
    (fds, count, timeout))
int
eventfd(unsigned value, int flags)
{
	int fd;

	if (fails("eventfd", NULL))
		return -1;
	fd = (int)syscall(SYS_eventfd2, value, flags);
	if (fd >= 0 && fd < FDS)
		is_eventfd[fd] = true;
	return fd;
}

WRAP(
    int, signalfd, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
WRAP(int, timerfd_create, (clockid_t id, int flags), (id, flags))
WRAP(int, timerfd_settime,
    (int fd, int flags, const struct itimerspec *time, struct itimerspec *old),
    (fd, flags, time, old))
WRAP(int, inotify_init1, (int flags), (flags))
WRAP(int, inotify_add_watch, (int fd, const char *path, uint32_t mask),
    (fd, path, mask))
WRAP_NUMBER(pthread_create,
    (pthread_t * ret, const pthread_attr_t *attributes, void *(*run)(void *),
	void *context),
    (ret, attributes, run, context))
WRAP(pid_t, fork, (void), ())
WRAP(pid_t, waitpid, (pid_t pid, int *ret_status, int options),
    (pid, ret_status, options))
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags))
WRAP(int, dup2, (int from, int to), (from, to))
WRAP(int, kill, (pid_t pid, int number), (pid, number))
WRAP(
    int, getrlimit, (__rlimit_resource_t what, struct rlimit *ret), (what, ret))
WRAP(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit),
    (what, limit))
WRAP(int, gethostname, (char *name, size_t len), (name, len))
WRAP_POINTER(struct passwd *, getpwnam, (const char *name), (name))
WRAP_POINTER(struct passwd *, getpwuid, (uid_t uid), (uid))
WRAP_POINTER(struct group *, getgrnam, (const char *name), (name))

int
clock_gettime(clockid_t id, struct timespec *ret)
{
	static void *real;
	int result = ((int (*)(clockid_t, struct timespec *))next(
	    &real, "clock_gettime"))(id, ret);

	if (result == 0 && id == CLOCK_REALTIME)
		ret->tv_sec += clock_offset;
	return result;
}
