#include "cli/child.h"

#include "base/cleanup.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* In the child: become `argv`, or end. */
static void
become(char *const *argv, int input, int output)
{
	int nowhere = open("/dev/null", O_WRONLY);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(input, STDIN_FILENO) != -1 &&
	    dup2(output, STDOUT_FILENO) != -1 &&
	    dup2(nowhere, STDERR_FILENO) != -1)
		execv(argv[0], argv);
	_exit(127);
}

int
child_start(
    struct child *child, char *const *argv, usec_t timeout, struct error *err)
{
	int to[2], from[2];

	*child = (struct child){ .name = argv[0],
		.input = -1,
		.output = -1,
		.until = clock_monotonic(&clock_system) + timeout,
		.text = BUF_INIT };
	if (pipe2(to, O_CLOEXEC) == -1)
		return error_set_errno(err, "a pipe");
	if (pipe2(from, O_CLOEXEC) == -1) {
		error_set_errno(err, "a pipe");
		close(to[0]);
		close(to[1]);
		return -1;
	}
	child->pid = fork();
	if (child->pid == 0)
		become(argv, to[0], from[1]);
	if (child->pid == -1)
		error_set_errno(err, "%s", argv[0]);
	close(to[0]);
	close(from[1]);
	child->input = to[1];
	child->output = from[0];
	signal(SIGPIPE, SIG_IGN);
	return child->pid == -1 ? -1 : 0;
}

void
child_end(struct child *child)
{
	if (child->input >= 0)
		close(child->input);
	if (child->output >= 0)
		close(child->output);
	if (child->pid > 0) {
		kill(-child->pid, SIGKILL);
		kill(child->pid, SIGKILL); /* it may lead no group yet */
		waitpid(child->pid, NULL, 0);
	}
	buf_free(&child->text);
}

/* Wait until the descriptor is ready; -1: not in time. */
static int
await(const struct child *child, int fd, short events, struct error *err)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	usec_t now = clock_monotonic(&clock_system);
	int ready = 0;

	while (now < child->until && ready <= 0) {
		ready = poll(&wanted, 1,
		    (int)((child->until - now) / USEC_PER_MSEC) + 1);
		if (ready == -1 && errno != EINTR)
			return error_set_errno(err, "%s", child->name);
		now = clock_monotonic(&clock_system);
	}
	if (ready > 0)
		return 0;
	return error_set(
	    err, ERROR_UNREACHABLE, "%s does not answer in time", child->name);
}

int
child_say(struct child *child, struct slice text, struct error *err)
{
	while (text.len > 0) {
		ssize_t written;

		if (await(child, child->input, POLLOUT, err) == -1)
			return -1;
		written = write(child->input, text.data, text.len);
		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return error_set(err, ERROR_UNREACHABLE,
			    "%s has ended without an answer", child->name);
		text.data += written;
		text.len -= (size_t)written;
	}
	return 0;
}

/* Some more of its output. 1; 0 at its end; -1. */
static int
read_more(struct child *child, struct error *err)
{
	ssize_t len;

	if (child->text.len >= CHILD_OUTPUT_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "%s says more than is read: 4 MiB", child->name);
	if (await(child, child->output, POLLIN, err) == -1)
		return -1;
	buf_reserve(&child->text, 65536);
	do
		len = read(
		    child->output, child->text.data + child->text.len, 65536);
	while (len == -1 && errno == EINTR);
	if (len == -1)
		return error_set_errno(err, "%s", child->name);
	buf_set_len(&child->text, child->text.len + (size_t)len);
	return len > 0;
}

int
child_line(struct child *child, struct slice *ret, struct error *err)
{
	struct slice rest;
	int more = 1;

	buf_consume(&child->text, child->taken);
	child->taken = 0;
	for (;;) {
		rest = buf_slice(&child->text);
		if (slice_take_line(&rest, ret))
			break;
		if (more == 0) { /* the last one */
			*ret = rest;
			rest.len = 0;
			break;
		}
		more = read_more(child, err);
		if (more == -1)
			return -1;
	}
	child->taken = child->text.len - rest.len;
	return more == 1 || ret->len > 0;
}
