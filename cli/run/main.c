/* kruxos-run: a whole stack under one folder.
 *
 *	kruxos-run		in the foreground, until Ctrl-C
 *	kruxos-run start	detached; returns when everything answers
 *	kruxos-run stop
 *	kruxos-run status
 *
 * It is one process, with no rights but its user's. What is found under RUNDIR
 * is kept. A packaged system has systemd for this, and of us no more than
 *
 *	kruxos-run nginx	nginx's configuration
 *	kruxos-run certificate
 */
#include "base/cleanup.h"
#include "base/number.h"
#include "cli/address.h"
#include "cli/options.h"
#include "cli/run/packaged.h"
#include "cli/run/say.h"
#include "cli/run/setup.h"
#include "cli/run/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	EXIT_NOT_RUNNING = 3,
	EXIT_USAGE = 64, /* EX_USAGE of sysexits.h */
};

/* Of a stop: longer than its three steps take at the worst. */
#define STOP_PATIENCE (2 * USEC_PER_MIN)

struct values {
	const char *rundir;
	const char *config;
	struct setup_wanted wanted;
	bool detach, help, version;
};

static const struct option_row options[] = {
	OPTION_FLAG(struct values, detach, 'd', "detach",
	    "run in the background, like `start`"),
	OPTION_TEXT(struct values, rundir, 'r', "rundir", "DIR",
	    "the folder of everything; else $RUNDIR, else run"),
	OPTION_U64(struct values, wanted.health_port, 0, "health-port", "PORT",
	    1, 65535, NULL, "of /health; else $HEALTH_PORT, else 7701"),
	OPTION_U64(struct values, wanted.dash_port, 0, "dash-port", "PORT", 1,
	    65535, NULL, "of the dashboard; else $DASH_PORT, else 7800"),
	OPTION_U64(struct values, wanted.gateway_port, 0, "gateway-port",
	    "PORT", 1, 65535, NULL,
	    "of the gateway; else $GATEWAY_PORT, else 7700"),
	OPTION_TEXT(struct values, wanted.bind, 'b', "bind", "ADDRESS",
	    "of the ports; else $BIND, else 127.0.0.1"),
	OPTION_TEXT(struct values, config, 'c', "config", "FILE",
	    "of nginx and certificate; else $KRUXOS_CONFIG, else "
	    "run/kruxos.conf, else /etc/kruxos/kruxos.conf"),
	OPTION_FLAG(struct values, help, 'h', "help", "show this help"),
	OPTION_FLAG(
	    struct values, version, 'V', "version", "print the version"),
	OPTION_END
};

/* --- running ------------------------------------------------------------ */

static void
print_urls(const struct config *config, const char *state)
{
	const char *host = config->bind;
	const char *open = "", *close = "";
	cleanup(buf_free) struct buf dashboard = BUF_INIT;

	address_add_dashboard(&dashboard, config);
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		host = "localhost";
	if (strchr(host, ':') != NULL) {
		open = "[";
		close = "]";
	}
	printf(
	    "%s\n"
	    "  health     http://%s%s%s:%u/health\n"
	    "  dashboard  %s/\n"
	    "  agents     http://%s%s%s:%u/mcp, /rpc, /v1\n"
	    "  sign in    kruxos -c %s login-link\n"
	    "  API        curl --unix-socket %s http://localhost/api/audit\n",
	    state, open, host, close, config->health_port, dashboard.data, open,
	    host, close, config->gateway_port, config->path,
	    config->api_socket);
	fflush(stdout);
}

static int
prepare(struct supervisor *supervisor, const struct values *values,
    struct error *err)
{
	struct arena *arena = &supervisor->arena;
	struct rundir *dir = &supervisor->dir;

	umask(077);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (rundir_open(dir, values->rundir, arena, err) == -1 ||
	    rundir_lock(dir, err) == -1 ||
	    setup_config(
		dir, &values->wanted, arena, &supervisor->config, err) == -1 ||
	    programs_find(&supervisor->programs, arena, err) == -1 ||
	    supervisor_write_site(supervisor, supervisor->config, err) == -1)
		return -1;
	return supervisor_add_parts(supervisor, err);
}

/* From here on nobody reads what we print; `ready_fd` is told so. */
static void
detach(const struct rundir *dir, int ready_fd)
{
	struct error ignored = { 0 };
	cleanup(cleanup_close) int nothing =
	    open("/dev/null", O_RDWR | O_CLOEXEC);
	cleanup(cleanup_close) int log =
	    rundir_open_log(dir, "kruxos-run", &ignored);

	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(log >= 0 ? log : nothing, STDERR_FILENO);
	if (write(ready_fd, "", 1) == -1)
		say("nobody has waited for the start");
	close(ready_fd);
}

/* Run until told to stop. `ready_fd` -1: the terminal is ours. */
static int
run(const struct values *values, int signal_fd, int ready_fd)
{
	struct supervisor supervisor = {
		.dir = RUNDIR_INIT,
		.signal_fd = signal_fd,
		.arena = ARENA_INIT,
	};
	struct error err = { 0 };
	int started;

	started = prepare(&supervisor, values, &err);
	if (started == 0)
		started = supervisor_start(&supervisor, &err);
	if (started == 1) {
		print_urls(supervisor.config, "kruxos is ready");
		if (ready_fd >= 0)
			detach(&supervisor.dir, ready_fd);
		supervisor_run(&supervisor);
	}
	supervisor_stop(&supervisor);
	if (started == -1)
		say("%s", err.sentence);
	config_freep(&supervisor.config);
	rundir_close(&supervisor.dir);
	arena_free(&supervisor.arena);
	return started == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run_foreground(const struct values *values, int signal_fd)
{
	return run(values, signal_fd, -1);
}

/* --- from outside ------------------------------------------------------- */

/* Who runs there; 0: nobody. */
static pid_t
find_holder(const struct values *values)
{
	cleanup(rundir_close) struct rundir dir = RUNDIR_INIT;
	cleanup(arena_free) struct arena arena = ARENA_INIT;

	return rundir_look(&dir, values->rundir, &arena);
}

static int
run_status(const struct values *values, int signal_fd)
{
	cleanup(config_freep) struct config *config = NULL;
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	pid_t holder = find_holder(values);
	struct error err = { 0 };

	(void)signal_fd;
	if (holder == 0) {
		say("%s: nothing runs here", values->rundir);
		return EXIT_NOT_RUNNING;
	}
	if (config_load(arena_printf(&arena, "%s/kruxos.conf", values->rundir),
		&config, &err) == -1) {
		say("process %d runs, but: %s", (int)holder, err.sentence);
		return EXIT_FAILURE;
	}
	print_urls(config,
	    arena_printf(&arena, "kruxos runs, as process %d", (int)holder));
	return EXIT_SUCCESS;
}

/* Wait until the child is ready (a byte comes) or has ended. */
static int
wait_for_start(pid_t child, int ready_fd, int signal_fd)
{
	struct pollfd wanted[] = {
		{ .fd = ready_fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int status;
	char byte;

	while (poll(wanted, 2, -1) == -1 || wanted[0].revents == 0) {
		int signal = supervisor_next_signal(signal_fd, 0);

		if (signal == SIGINT || signal == SIGTERM)
			kill(child, SIGTERM);
	}
	if (read(ready_fd, &byte, 1) == 1)
		return EXIT_SUCCESS;
	waitpid(child, &status, 0);
	/* If only because it was told to: nothing has been started. */
	return WIFEXITED(status) && WEXITSTATUS(status) != EXIT_SUCCESS
		   ? WEXITSTATUS(status)
		   : EXIT_FAILURE;
}

static int
run_start(const struct values *values, int signal_fd)
{
	int ready[2];
	pid_t child;

	if (find_holder(values) != 0)
		return run_status(values, signal_fd);
	if (pipe2(ready, O_CLOEXEC) == -1 || (child = fork()) == -1) {
		say("%s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (child == 0) {
		close(ready[0]);
		setsid();
		return run(values, signal_fd, ready[1]);
	}
	close(ready[1]);
	return wait_for_start(child, ready[0], signal_fd);
}

static int
run_stop(const struct values *values, int signal_fd)
{
	pid_t holder = find_holder(values);
	cleanup(cleanup_close) int process = -1;
	struct pollfd end = { .events = POLLIN };

	(void)signal_fd;
	if (holder == 0) {
		say("%s: nothing runs here", values->rundir);
		return EXIT_SUCCESS;
	}
	process = pidfd_open(holder, 0);
	if (process == -1 || find_holder(values) != holder)
		return EXIT_SUCCESS; /* it has just ended by itself */
	if (pidfd_send_signal(process, SIGTERM, NULL, 0) == -1) {
		say("process %d: %s", (int)holder, strerror(errno));
		return EXIT_FAILURE;
	}
	end.fd = process;
	if (poll(&end, 1, (int)(STOP_PATIENCE / USEC_PER_MSEC)) == 1)
		return EXIT_SUCCESS;
	say("process %d does not end", (int)holder);
	return EXIT_FAILURE;
}

/* --- where systemd starts the parts -------------------------------------- */

static int
run_nginx(const struct values *values, int signal_fd)
{
	(void)signal_fd;
	return packaged_nginx(values->config);
}

static int
run_certificate(const struct values *values, int signal_fd)
{
	(void)signal_fd;
	return packaged_certificate(values->config);
}

static const struct {
	const char *name;
	int (*run)(const struct values *values, int signal_fd);
	bool is_packaged; /* it takes -c in place of RUNDIR */
	const char *help;
} commands[] = {
	{ "run", run_foreground, false,
	    "in the foreground, until Ctrl-C (default)" },
	{ "start", run_start, false,
	    "in the background; returns when it is ready" },
	{ "stop", run_stop, false, "stop what runs under RUNDIR" },
	{ "status", run_status, false,
	    "exit with 0 when it runs, with 3 when not" },
	{ "nginx", run_nginx, true,
	    "write the packaged nginx's configuration" },
	{ "certificate", run_certificate, true,
	    "see that a packaged system has a good one" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* --- command line ------------------------------------------------------- */

static void
print_help(void)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	buf_add_str(&out,
	    "Usage: kruxos-run [OPTION...] [COMMAND]\n\n"
	    "Start the parts of kruxos under one folder, keep them running, "
	    "stop them.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		buf_addf(
		    &out, "  %-13s%s\n", commands[i].name, commands[i].help);
	buf_add_str(&out, "\nOptions:\n");
	options_help(options, &out);
	buf_add_str(&out,
	    "\nExamples:\n"
	    "  kruxos-run\n"
	    "  RUNDIR=/tmp/second HEALTH_PORT=7711 DASH_PORT=7810 kruxos-run "
	    "start\n"
	    "  kruxos-run stop\n");
	fputs(out.data, stdout);
}

/* `ret_port` from the environment, unless an option has given it. */
static int
read_port(const char *name, uint64_t *ret_port, struct error *err)
{
	const char *text = getenv(name);

	if (*ret_port != 0 || text == NULL || *text == '\0' ||
	    number_parse_u64(slice_of(text), 1, 65535, ret_port) == 0)
		return 0;
	return error_set(
	    err, ERROR_INVALID, "%s is \"%s\", not a port", name, text);
}

static const char *
read_text(const char *name, const char *given, const char *standard)
{
	const char *text = getenv(name);

	if (given != NULL)
		return given;
	return text != NULL && *text != '\0' ? text : standard;
}

static int
read_environment(struct values *values, struct error *err)
{
	struct setup_wanted *wanted = &values->wanted;

	values->rundir = read_text("RUNDIR", values->rundir, "run");
	wanted->bind = read_text("BIND", wanted->bind, NULL);
	if (read_port("HEALTH_PORT", &wanted->health_port, err) == -1 ||
	    read_port("DASH_PORT", &wanted->dash_port, err) == -1)
		return -1;
	return read_port("GATEWAY_PORT", &wanted->gateway_port, err);
}

static int
misused(const char *sentence)
{
	say("%s; see kruxos-run --help", sentence);
	return EXIT_USAGE;
}

static int
run_command(const struct values *values, const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		if (values->config != NULL && !commands[i].is_packaged)
			return misused("-c is for nginx and certificate alone");
		return commands[i].run(values, supervisor_open_signals());
	}
	return misused("there is no such command");
}

int
main(int argc, char **argv)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct values values = { 0 };
	struct option_set set = { options, &values };
	struct error err = { 0 };
	int first;

	first = options_read(&set, 1, false, argc, argv, &arena, &err);
	if (first == -1 || read_environment(&values, &err) == -1)
		return misused(err.sentence);
	if (values.help) {
		print_help();
		return EXIT_SUCCESS;
	}
	if (values.version) {
		puts("kruxos-run " KRUXOS_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc - first > 1)
		return misused("too many commands");
	if (argc > first)
		return run_command(&values, argv[first]);
	return run_command(&values, values.detach ? "start" : "run");
}
