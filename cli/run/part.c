#include "cli/run/part.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/run/programs.h"
#include "cli/run/say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LOG_SHOWN_BYTES = 1024 };

#define PAUSE_SHORTEST (USEC_PER_SEC / 10)
#define PAUSE_LONGEST  (10 * USEC_PER_SEC)
#define LASTED	       (10 * USEC_PER_SEC)

void
part_init(struct part *part, const char *name, char *const *argv, size_t count,
    struct arena *arena)
{
	*part = (struct part){
		.name = name,
		.argv = arena_array(arena, count + 1, sizeof(char *)),
		.listener = LISTENER_INIT,
		.pause = PAUSE_SHORTEST,
	};
	memcpy(part->argv, argv, count * sizeof(char *));
}

/* It is due again after a pause, the next one twice as long. */
static void
rest(struct part *part)
{
	part->due_at = clock_monotonic(&clock_system) + part->pause;
	part->pause *= 2;
	if (part->pause > PAUSE_LONGEST)
		part->pause = PAUSE_LONGEST;
}

/* --- starting ----------------------------------------------------------- */

/* nginx does not remove a socket that one who was killed has left behind. */
int
part_clear_socket(const struct part *part, struct error *err)
{
	struct listener listener = LISTENER_INIT;

	if (part->socket == NULL)
		return 0;
	if (listener_bind(part->socket, &listener, err) == -1)
		return -1;
	listener_close(&listener);
	return 0;
}

/* In the child. It ends with us, however we end. */
static void
become(const struct part *part, pid_t parent, int log)
{
	cleanup(cleanup_close) int nothing =
	    open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	programs_restore_signals();
	dup2(
	    part->listener.fd >= 0 ? part->listener.fd : nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	execvp(part->argv[0], part->argv);
	fprintf(stderr, "%s: %s\n", part->argv[0], strerror(errno));
	_exit(127);
}

static int
write_pid(const struct part *part, const struct rundir *dir, struct error *err)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	cleanup(buf_free) struct buf pid = BUF_INIT;

	buf_addf(&path, "pid/%s.pid", part->name);
	buf_addf(&pid, "%d\n", (int)part->pid);
	return rundir_write(dir, path.data, buf_slice(&pid), err);
}

static int
start(struct part *part, const struct rundir *dir, struct error *err)
{
	cleanup(cleanup_close) int log = rundir_open_log(dir, part->name, err);
	pid_t parent = getpid();

	if (log == -1 || part_clear_socket(part, err) == -1)
		return -1;
	part->pid = fork();
	if (part->pid == -1) {
		part->pid = 0;
		return error_set_errno(err, "fork");
	}
	if (part->pid == 0)
		become(part, parent, log);
	setpgid(part->pid, part->pid); /* whoever of the two comes first */
	part->started_at = clock_monotonic(&clock_system);
	return write_pid(part, dir, err);
}

int
part_start(struct part *part, const struct rundir *dir, struct error *err)
{
	if (start(part, dir, err) == 0)
		return 0;
	rest(part);
	return -1;
}

/* --- ending ------------------------------------------------------------- */

static void
say_end(const struct part *part, int status, bool is_stopping)
{
	const char *then = is_stopping ? "" : "; it is started again";

	if (WIFSIGNALED(status))
		say("%s was ended by signal %d (%s)%s", part->name,
		    WTERMSIG(status), strsignal(WTERMSIG(status)), then);
	else if (WEXITSTATUS(status) != 0 || !is_stopping)
		say("%s has ended with status %d%s", part->name,
		    WEXITSTATUS(status), then);
}

static void
remove_pid(const struct part *part, const struct rundir *dir)
{
	cleanup(buf_free) struct buf path = BUF_INIT;

	buf_addf(&path, "pid/%s.pid", part->name);
	unlinkat(dir->fd, path.data, 0);
}

void
part_ended(
    struct part *part, const struct rundir *dir, int status, bool is_stopping)
{
	usec_t lasted = clock_monotonic(&clock_system) - part->started_at;

	say_end(part, status, is_stopping);
	/* nginx's workers outlive a master that was killed, and its ports with
	 * them. */
	kill(-part->pid, SIGKILL);
	part->pid = 0;
	part->ends++;
	remove_pid(part, dir);
	if (lasted > LASTED)
		part->pause = PAUSE_SHORTEST;
	rest(part);
}

void
part_show_log(const struct part *part, const struct rundir *dir)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	struct error ignored = { 0 };
	cleanup(cleanup_close) int fd =
	    rundir_open_log(dir, part->name, &ignored);
	char text[LOG_SHOWN_BYTES];
	struct stat status;
	ssize_t got;

	if (fd == -1 || fstat(fd, &status) == -1)
		return;
	got = pread(fd, text, sizeof(text),
	    status.st_size > LOG_SHOWN_BYTES ? status.st_size - LOG_SHOWN_BYTES
					     : 0);
	if (got <= 0)
		return;
	text_add_visible(
	    &shown, (struct slice){ text, (size_t)got }, TEXT_MULTI_LINE);
	say("the end of %s/log/%s.log:", dir->path, part->name);
	fwrite(shown.data, 1, shown.len, stderr);
}
