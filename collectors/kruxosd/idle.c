#include "collectors/kruxosd/idle.h"

#include <sys/syscall.h>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* ioprio_set(2), which has no wrapper: this thread, idle. */
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_IDLE = 3 << 13 };

void
idle_become(void)
{
	struct sched_param param = { 0 };

	(void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &param);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}
