#include "fcgi/program.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "config/config.h"
#include "http/cgi.h"
#include "http/server.h"

#include <sys/epoll.h>

#include <getopt.h>

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 64,      /* sysexits.h: EX_USAGE */
	WAITING_FOR_EACH = 4, /* slow answers in the queue, for each thread */
};

static const usec_t PATIENCE = 10 * USEC_PER_SEC;

/* A configuration that a thread may still read. */
struct program_config {
	struct config *config;
	struct program_config *before;
};

struct options {
	const char *config, *socket;
};

/* --- options -------------------------------------------------------------- */

static void
print_help(const struct program_settings *settings)
{
	printf(
	    "Usage: %s.fcgi [-c FILE] [-s SOCKET]\n"
	    "%s\n"
	    "\n"
	    "  -c, --config FILE    the configuration instead of "
	    "$KRUXOS_CONFIG,\n"
	    "                       run/kruxos.conf or "
	    "/etc/kruxos/kruxos.conf\n"
	    "  -s, --socket SOCKET  listen here instead of on %s.sock in the\n"
	    "                       runtime folder, or on the socket that "
	    "was passed\n"
	    "                       by systemd or as standard input\n"
	    "  -h, --help           print this, and exit\n"
	    "  -V, --version        print the version, and exit\n"
	    "\n"
	    "With REQUEST_METHOD, PATH_INFO and QUERY_STRING in the "
	    "environment it answers\n"
	    "once on standard output, as CGI:\n"
	    "\n"
	    "  REQUEST_METHOD=GET PATH_INFO=%s %s.fcgi\n",
	    settings->name, settings->summary, settings->name,
	    settings->routes[0].path, settings->name);
}

/* Returns -1 to go on, or the status to end with. */
static int
read_options(int argc, char **argv, const struct program_settings *settings,
    struct options *ret)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int option;

	while (
	    (option = getopt_long(argc, argv, "c:s:hV", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret->config = optarg;
			break;
		case 's':
			ret->socket = optarg;
			break;
		case 'h':
			print_help(settings);
			return EXIT_SUCCESS;
		case 'V':
			printf("%s.fcgi %s\n", settings->name, KRUXOS_VERSION);
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s.fcgi: no argument is wanted: %s\n",
		    settings->name, argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/* --- configuration -------------------------------------------------------- */

static void
use_config(struct program *prog, struct config *config)
{
	struct program_config *now = memory_new(sizeof(*now));

	*now = (struct program_config){ config, prog->configs };
	prog->configs = now;
	__atomic_store_n(&prog->config, config, __ATOMIC_RELEASE);
}

/* SIGHUP: take the new configuration if nothing is wrong with it. Where files
 * and sockets lie is decided at the start. */
static void
on_hangup(struct program *prog)
{
	struct config *config;
	struct error err = { 0 };

	if (config_load(prog->config->path, &config, &err) == -1) {
		diag(DIAG_ERROR, "the configuration stays as it was: %s",
		    err.sentence);
		return;
	}
	use_config(prog, config);
	diag(DIAG_NOTICE, "%s has been read again", config->path);
}

/* --- what is open --------------------------------------------------------- */

/* A worker's. */
struct kept_store {
	struct store *store; /* NULL: not open */
	bool was_used;	     /* since the last rest */
};

struct store *
program_store(struct program *prog, unsigned worker)
{
	struct kept_store *own = &prog->stores[worker];

	if (own->store == NULL)
		own->store = store_open(prog->index_path, prog->audit_dir);
	own->was_used = true;
	return own->store;
}

/* Whoever comes often keeps what takes long to make: the statements. */
static void
on_rest(struct program *prog, unsigned first, unsigned count)
{
	for (unsigned worker = first; worker < first + count; worker++) {
		struct kept_store *own = &prog->stores[worker];

		if (own->was_used) {
			store_shrink(own->store);
		} else {
			store_close(own->store);
			own->store = NULL;
		}
		own->was_used = false;
	}
	if (first == 0 && prog->settings->on_rest != NULL)
		prog->settings->on_rest(prog);
}

int
program_status(
    struct program *prog, struct status *ret_status, struct error *err)
{
	pthread_mutex_lock(&prog->status_lock);
	int result = status_read(prog->status, ret_status, err);
	pthread_mutex_unlock(&prog->status_lock);
	return result;
}

static void
on_status_ready(void *context, uint32_t events)
{
	struct program *prog = context;

	(void)events;
	pthread_mutex_lock(&prog->status_lock);
	status_drain(prog->status);
	pthread_mutex_unlock(&prog->status_lock);
	prog->settings->on_status(prog);
}

static int
watch_status(struct program *prog, struct error *err)
{
	int fd;

	if (prog->settings->on_status == NULL)
		return 0;
	fd = status_watch(prog->status, err);
	if (fd == -1)
		return -1;
	prog->status_watch = (struct loop_watch){ on_status_ready, prog };
	if (loop_add(prog->loop, fd, &prog->status_watch, EPOLLIN) == -1)
		return error_set_errno(err, "watching the status page");
	return 0;
}

static int
open_program(struct program *prog, const char *config_path, struct error *err)
{
	struct config *config;

	if (config_load(config_find_path(config_path), &config, err) == -1)
		return -1;
	use_config(prog, config);
	prog->audit_dir = config->audit_dir;
	prog->ingest_path = config->ingest_socket;
	prog->index_path = config->index_file;
	prog->threads = config->slow_answers;
	prog->workers = 1 + 2 * prog->threads;
	prog->stores =
	    memory_new(memory_product(prog->workers, sizeof(*prog->stores)));
	prog->loop = loop_new(&clock_system, err);
	if (prog->loop == NULL)
		return -1;
	prog->status = status_open(config->status_file, err);
	if (prog->status == NULL || watch_status(prog, err) == -1)
		return -1;
	if (prog->settings->on_open != NULL)
		return prog->settings->on_open(prog, err);
	return 0;
}

static void
close_program(struct program *prog)
{
	if (prog->settings->on_close != NULL && prog->status != NULL)
		prog->settings->on_close(prog);
	for (unsigned worker = 0; worker < prog->workers; worker++)
		store_close(prog->stores[worker].store);
	free(prog->stores);
	if (prog->status != NULL)
		status_close(prog->status);
	loop_free(prog->loop);
	for (struct program_config *now = prog->configs, *before; now != NULL;
	     now = before) {
		before = now->before;
		config_free(now->config);
		free(now);
	}
	pthread_mutex_destroy(&prog->status_lock);
}

/* --- the life of a program ------------------------------------------------ */

static int
open_listener(struct program *prog, const char *path,
    struct listener *ret_listener, struct error *err)
{
	cleanup(buf_free) struct buf standard = BUF_INIT;
	struct error none = { 0 };

	if (path != NULL)
		return listener_bind(path, ret_listener, err);
	if (listener_inherit(ret_listener, &none) == 0)
		return 0;
	if (none.code != ERROR_NOT_FOUND) {
		*err = none;
		return -1;
	}
	buf_addf(
	    &standard, "%s/%s.sock", prog->config->runtime_dir, prog->name);
	return listener_bind(standard.data, ret_listener, err);
}

static int
serve(struct program *prog, const char *socket_path, struct error *err)
{
	const struct server_settings settings = {
		.routes = prog->settings->routes,
		.program = prog,
		.body_bytes = prog->settings->body_bytes,
		.slow_threads = prog->threads,
		.slow_waiting = WAITING_FOR_EACH * prog->threads,
		.download_threads = prog->threads,
		.patience = PATIENCE,
		.on_hangup = on_hangup,
		.on_rest = on_rest,
		.on_stop = prog->settings->on_stop,
	};
	struct listener listener;
	struct server *server;

	if (open_listener(prog, socket_path, &listener, err) == -1)
		return -1;
	server = server_new(prog->loop, &listener, &settings, err);
	if (server == NULL)
		return -1;
	diag(DIAG_INFO, "version %s serves", KRUXOS_VERSION);
	int result = server_run(server, err);
	if (!server_free(server))
		_exit(EXIT_FAILED);
	return result;
}

int
program_main(int argc, char **argv, const struct program_settings *settings)
{
	struct program prog = {
		.name = settings->name,
		.settings = settings,
		.status_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct options options = { 0 };
	struct error err = { 0 };
	int result = read_options(argc, argv, settings, &options);

	if (result != -1)
		return result;
	diag_init(settings->name, DIAG_INFO);
	memory_share();
	result = open_program(&prog, options.config, &err);
	if (result == 0 && options.socket == NULL && cgi_is_wanted())
		result = cgi_run(
		    settings->routes, &prog, settings->body_bytes, &err);
	else if (result == 0)
		result = serve(&prog, options.socket, &err);
	if (result == -1)
		diag(DIAG_ERROR, "%s", err.sentence);
	close_program(&prog);
	return result == -1 ? EXIT_FAILED : EXIT_SUCCESS;
}
