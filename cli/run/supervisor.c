#include "cli/run/supervisor.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/run/certificate.h"
#include "cli/run/say.h"
#include "cli/run/site.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum {
	POLL_MS = 50,	/* between two looks at what must come true */
	EARLY_ENDS = 3, /* of a part that will never come up */
	RENEWAL_MS =
	    24 * 60 * 60 * 1000, /* between two looks at a certificate */
};

#define START_SAID    (5 * USEC_PER_SEC) /* then one is told why it lasts */
#define START_TIMEOUT (60 * USEC_PER_SEC)
#define STOP_TIMEOUT  (30 * USEC_PER_SEC) /* of parts that stop together */
#define ASK_TIMEOUT   USEC_PER_SEC

/* --- signals ------------------------------------------------------------ */

int
supervisor_open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
supervisor_next_signal(int signal_fd, int timeout_ms)
{
	struct pollfd wanted = { .fd = signal_fd, .events = POLLIN };
	struct signalfd_siginfo signal;

	if (poll(&wanted, 1, timeout_ms) < 1 ||
	    read(signal_fd, &signal, sizeof(signal)) != sizeof(signal))
		return 0;
	return (int)signal.ssi_signo;
}

/* Orphans come to us, too; they need only be reaped. */
static void
reap(struct supervisor *supervisor, bool is_stopping)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < supervisor->count; i++) {
			if (supervisor->parts[i].pid == pid)
				part_ended(&supervisor->parts[i],
				    &supervisor->dir, status, is_stopping);
		}
	}
}

/* --- the list of parts -------------------------------------------------- */

static struct part *
add_part(struct supervisor *supervisor, const char *name, char *const *argv,
    size_t count)
{
	struct part *part = &supervisor->parts[supervisor->count++];

	part_init(part, name, argv, count, &supervisor->arena);
	return part;
}

static int
is_fcgi(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       slice_ends_with(slice_of(entry->d_name), SLICE_LITERAL(".fcgi"));
}

static int
add_fcgi(struct supervisor *supervisor, const char *file, char *config,
    struct error *err)
{
	struct arena *arena = &supervisor->arena;
	char *name = arena_copy(arena, file, strlen(file) - strlen(".fcgi"));
	char *path = arena_printf(
	    arena, "%s/%s", supervisor->programs.fcgi_folder, file);
	char *socket = arena_printf(
	    arena, "%s/%s.sock", supervisor->config->runtime_dir, name);
	struct part *part = add_part(
	    supervisor, name, (char *const[]){ path, "-c", config }, 3);

	return listener_bind(socket, &part->listener, err);
}

/* One for each *.fcgi, with a socket of its name. */
static int
add_all_fcgi(struct supervisor *supervisor, char *config, struct error *err)
{
	struct dirent **entries = NULL;
	int count, result = 0;

	count = scandir(
	    supervisor->programs.fcgi_folder, &entries, is_fcgi, alphasort);
	if (count == -1)
		return error_set_errno(
		    err, "%s", supervisor->programs.fcgi_folder);
	for (int i = 0; i < count; i++) {
		if (result == 0 && supervisor->count < SUPERVISOR_PARTS - 2)
			result = add_fcgi(
			    supervisor, entries[i]->d_name, config, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

int
supervisor_add_parts(struct supervisor *supervisor, struct error *err)
{
	const struct rundir *dir = &supervisor->dir;
	struct arena *arena = &supervisor->arena;
	char *config = rundir_file(dir, "kruxos.conf", arena);
	char *const daemon[] = { supervisor->programs.daemon, "-c", config };
	char *const observer[] = { supervisor->programs.observer, "-c",
		config };
	/* It frees a megabyte or two when it has read its configuration, which
	 * malloc(3) keeps for each of its processes if it is not told otherwise
	 * (mallopt(3)): as kruxos-nginx.service has it. */
	char *const nginx[] = {
		"/usr/bin/env",
		"MALLOC_MMAP_THRESHOLD_=131072",
		"MALLOC_TRIM_THRESHOLD_=262144",
		arena_printf(arena, "%s", supervisor->programs.nginx),
		"-p",
		arena_printf(arena, "%s", dir->path),
		"-c",
		rundir_file(dir, "nginx.conf", arena),
		"-e",
		rundir_file(dir, "log/nginx-error.log", arena),
	};
	struct part *part;

	add_part(supervisor, "kruxosd", daemon, 3);
	if (add_all_fcgi(supervisor, config, err) == -1)
		return -1;
	part = add_part(supervisor, "nginx", nginx, 10);
	part->socket = supervisor->config->api_socket;
	/* It asks the others whether they are there. */
	add_part(supervisor, "observer", observer, 3);
	return part_clear_socket(part, err);
}

int
supervisor_write_site(const struct supervisor *supervisor,
    const struct config *config, struct error *err)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct site site;

	site_of_rundir(&site, &supervisor->dir, config, &arena);
	if (certificate_keep(site.tls_folder, config,
		clock_realtime(&clock_system), err) == -1)
		return -1;
	return site_write(&site, config, &supervisor->programs, err);
}

/* --- starting ----------------------------------------------------------- */

/* Start it; what keeps it from being started is said once. */
static void
start_part(struct part *part, const struct rundir *dir)
{
	struct error err = { 0 };

	if (part_start(part, dir, &err) == 0)
		part->refusals = 0;
	else if (part->refusals++ == 0)
		say("%s: %s", part->name, err.sentence);
}

/* Start what is due; returns the milliseconds until something else is, or -1.
 */
static int
start_due(struct supervisor *supervisor)
{
	usec_t now = clock_monotonic(&clock_system);
	usec_t next = 0;

	for (size_t i = 0; i < supervisor->count; i++) {
		struct part *part = &supervisor->parts[i];

		if (part->pid == 0 && part->due_at <= now)
			start_part(part, &supervisor->dir);
		if (part->pid == 0 && (next == 0 || part->due_at < next))
			next = part->due_at;
	}
	if (next == 0)
		return -1;
	return next > now ? (int)((next - now) / USEC_PER_MSEC) + 1 : 0;
}

static int
ask(const struct supervisor *supervisor, const char *target, struct error *err)
{
	cleanup(api_closep) struct api *api = NULL;

	api = api_open(supervisor->config->api_socket, target,
	    (struct slice){ NULL, 0 }, ASK_TIMEOUT, err);
	if (api == NULL)
		return -1;
	if (api_status(api) == 200)
		return 0;
	api_refused(api, err);
	return error_prefix(err, "%s", target);
}

/* Entries are accepted, and each program answers through nginx. */
static int
ask_everything(const struct supervisor *supervisor, struct error *err)
{
	if (ask(supervisor, "/health/ready", err) == -1 ||
	    ask(supervisor, "/api/audit?limit=1", err) == -1)
		return -1;
	return ask(supervisor, "/api/activity?limit=1", err);
}

static int
check_early_ends(const struct supervisor *supervisor, struct error *err)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		const struct part *part = &supervisor->parts[i];

		if (part->ends < EARLY_ENDS && part->refusals == 0)
			continue;
		if (part->refusals == 0)
			part_show_log(part, &supervisor->dir);
		return error_set(
		    err, ERROR_SYSTEM, "%s cannot be started", part->name);
	}
	return 0;
}

int
supervisor_start(struct supervisor *supervisor, struct error *err)
{
	usec_t began = clock_monotonic(&clock_system);
	bool is_said = false;

	for (;;) {
		usec_t waited = clock_monotonic(&clock_system) - began;
		struct error why = { 0 };
		int signal;

		start_due(supervisor);
		if (ask_everything(supervisor, &why) == 0)
			return 1;
		signal = supervisor_next_signal(supervisor->signal_fd, POLL_MS);
		if (signal == SIGINT || signal == SIGTERM)
			return 0;
		reap(supervisor, false);
		if (check_early_ends(supervisor, err) == -1)
			return -1;
		if (waited > START_TIMEOUT)
			return error_set(err, ERROR_BUSY,
			    "not everything answers after %d seconds; see "
			    "%s/log",
			    (int)(START_TIMEOUT / USEC_PER_SEC),
			    supervisor->dir.path);
		if (waited > START_SAID && !is_said)
			say("waiting, for: %s", why.sentence);
		is_said = waited > START_SAID;
	}
}

/* --- running ------------------------------------------------------------ */

/* SIGHUP: everyone reads the configuration again. */
static void
reload(struct supervisor *supervisor)
{
	cleanup(config_freep) struct config *config = NULL;
	struct error err = { 0 };

	if (config_load(supervisor->config->path, &config, &err) == -1) {
		say("the configuration stays as it was: %s", err.sentence);
		return;
	}
	if (config_moves(supervisor->config, config)) {
		say("the configuration stays as it was: folders move at a "
		    "restart only");
		return;
	}
	if (supervisor_write_site(supervisor, config, &err) == -1)
		say("%s", err.sentence);
	for (size_t i = 0; i < supervisor->count; i++) {
		if (supervisor->parts[i].pid != 0)
			kill(supervisor->parts[i].pid, SIGHUP);
	}
}

/* nginx reads a certificate that has been made anew. */
static void
renew_certificate(struct supervisor *supervisor)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct error err = { 0 };
	int made =
	    certificate_keep(site_beside(supervisor->config, "tls", &arena),
		supervisor->config, clock_realtime(&clock_system), &err);

	if (made == -1)
		say("%s", err.sentence);
	for (size_t i = 0; made == 1 && i < supervisor->count; i++) {
		const struct part *part = &supervisor->parts[i];

		if (part->pid != 0 && strcmp(part->name, "nginx") == 0)
			kill(part->pid, SIGHUP);
	}
}

void
supervisor_run(struct supervisor *supervisor)
{
	usec_t looked_at = clock_monotonic(&clock_system);

	for (;;) {
		int due_ms = start_due(supervisor);
		int signal = supervisor_next_signal(
		    supervisor->signal_fd, due_ms == -1 ? RENEWAL_MS : due_ms);
		usec_t now = clock_monotonic(&clock_system);

		if (signal == SIGINT || signal == SIGTERM)
			return;
		if (signal == SIGHUP)
			reload(supervisor);
		reap(supervisor, false);
		if (now - looked_at >= RENEWAL_MS * USEC_PER_MSEC) {
			renew_certificate(supervisor);
			looked_at = now;
		}
	}
}

/* --- stopping ----------------------------------------------------------- */

/* Returns whether one of the parts from..to runs; `signal` 0: only that. */
static bool
signal_parts(struct supervisor *supervisor, size_t from, size_t to, int signal)
{
	bool any = false;

	for (size_t i = from; i < to; i++) {
		if (supervisor->parts[i].pid == 0)
			continue;
		if (signal != 0)
			kill(supervisor->parts[i].pid, signal);
		any = true;
	}
	return any;
}

static void
stop_parts(struct supervisor *supervisor, size_t from, size_t to)
{
	usec_t deadline = clock_monotonic(&clock_system) + STOP_TIMEOUT;

	signal_parts(supervisor, from, to, SIGTERM);
	while (signal_parts(supervisor, from, to, 0)) {
		int signal =
		    supervisor_next_signal(supervisor->signal_fd, POLL_MS);

		reap(supervisor, true);
		if (signal != SIGINT && signal != SIGTERM &&
		    clock_monotonic(&clock_system) < deadline)
			continue;
		signal_parts(supervisor, from, to, SIGKILL);
	}
}

/* Against the order of starting, so that nobody asks one who has gone. */
void
supervisor_stop(struct supervisor *supervisor)
{
	size_t count = supervisor->count;

	if (count == 0)
		return;
	reap(supervisor, true);
	stop_parts(supervisor, count - 1, count);     /* observer */
	stop_parts(supervisor, count - 2, count - 1); /* nginx */
	stop_parts(supervisor, 1, count - 2);	      /* FastCGI */
	stop_parts(supervisor, 0, 1);		      /* kruxosd */
	for (size_t i = 0; i < count; i++)
		listener_close(&supervisor->parts[i].listener);
}
