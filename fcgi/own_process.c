#include "fcgi/own_process.h"

#include "base/cleanup.h"

#include <sys/resource.h>

#include <dirent.h>
#include <math.h>
#include <stdio.h>
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

static void
read_memory(struct own_process *process)
{
	cleanup(cleanup_fclose) FILE *file = fopen("/proc/self/statm", "re");
	double page = (double)sysconf(_SC_PAGESIZE);
	unsigned long size, resident;

	if (file == NULL || fscanf(file, "%lu %lu", &size, &resident) != 2)
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
