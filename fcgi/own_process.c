#include "fcgi/own_process.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "base/number.h"

#include <sys/resource.h>

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

static double
seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void
read_usage(struct own_process *process)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		process->cpu_seconds =
		    seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/* The number at the front of `text`, which shrinks by it and a space. */
static int
take_number(struct slice *text, uint64_t *ret)
{
	const char *space = memchr(text->data, ' ', text->len);
	struct slice word = { text->data,
		space == NULL ? text->len : (size_t)(space - text->data) };
	size_t taken = word.len + (space != NULL);

	text->data += taken;
	text->len -= taken;
	return number_parse_u64(word, 0, UINT64_MAX, ret);
}

static void
read_memory(struct own_process *process)
{
	cleanup(cleanup_close) int fd =
	    open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	double page = (double)sysconf(_SC_PAGESIZE);
	uint64_t size, resident;
	char text[128];
	ssize_t got =
	    fd == -1 ? -1
		     : disk_read_all(&disk_system, fd, text, sizeof(text), 0);
	struct slice rest = { text, got > 0 ? (size_t)got : 0 };

	if (take_number(&rest, &size) == -1 ||
	    take_number(&rest, &resident) == -1)
		return;
	process->virtual_bytes = (double)size * page;
	process->resident_bytes = (double)resident * page;
}

/* "." and ".." are none, nor is the descriptor of the folder itself. */
static void
read_files(struct own_process *process)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned entries = 0;

	if (folder == NULL)
		return;
	while (readdir(folder) != NULL)
		entries++;
	closedir(folder);
	process->open_files = entries - 3;
}

static void
read_limit(struct own_process *process)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		process->files_max = (double)limit.rlim_cur;
}

void
own_process_read(struct own_process *ret)
{
	*ret = (struct own_process){ NAN, NAN, NAN, NAN, NAN };
	read_usage(ret);
	read_memory(ret);
	read_files(ret);
	read_limit(ret);
}
