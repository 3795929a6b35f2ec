/* What the FastCGI programs share: options, configuration, the status page,
 * a store for each thread, the loop. It opens and closes; it never answers.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		static const struct program_settings settings = {
 *			.name = "audit", .routes = routes,
 *		};
 *
 *		return program_main(argc, argv, &settings);
 *	}
 *
 * With REQUEST_METHOD in the environment and no FastCGI socket it answers once
 * on standard output (http/cgi.h).
 */
#ifndef FCGI_PROGRAM_H
#define FCGI_PROGRAM_H

#include "http/loop.h"
#include "http/route.h"
#include "store/status.h"
#include "store/store.h"

#include <pthread.h>

struct config;
struct program_config;
struct kept_store;

struct program {
	const char *name;
	const struct config *config; /* another after SIGHUP */
	const char *audit_dir;	     /* the log's folder */
	const char *ingest_path;     /* the door */
	struct loop *loop;
	struct status_page *status;

	/* Private. */
	const struct program_settings *settings;
	struct program_config *configs; /* the newest first */
	const char *index_path;
	struct kept_store *stores; /* by worker */
	unsigned workers, threads;
	pthread_mutex_t status_lock;
	struct loop_watch status_watch;
};

/* How long an action through the door may take. */
#define PROGRAM_DOOR_TIMEOUT (10 * USEC_PER_SEC)

struct program_settings {
	const char *name;	    /* "audit": audit.fcgi, audit.sock */
	const char *summary;	    /* one line for --help */
	const struct route *routes; /* end with ROUTE_END */
	size_t body_bytes;	    /* a body's; 0: REQUEST_BODY_BYTES */

	/* Each may be NULL. Open what is the program's own, before the first
	 * request; -1 ends it with the sentence in err. */
	int (*on_open)(struct program *prog, struct error *err);
	/* The status page was written: something may have been committed. */
	void (*on_status)(struct program *prog);
	/* Every few seconds: give back what is not needed just then. */
	void (*on_rest)(struct program *prog);
	/* The stop begins: end what would last. */
	void (*on_stop)(struct program *prog);
	void (*on_close)(struct program *prog);
};

int
program_main(int argc, char **argv, const struct program_settings *settings);

/* The store of the thread that serves a request (req->worker); it is opened
 * when it is first asked for. */
struct store *program_store(struct program *prog, unsigned worker);

/* What the daemon says now; from any thread. -1: ERROR_UNREACHABLE,
 * ERROR_CORRUPT. */
int program_status(
    struct program *prog, struct status *ret_status, struct error *err);

#endif
