/* nginx's configuration, made anew of the template and kruxos.conf whenever
 * nginx starts or is to read it again.
 *
 * Beside kruxos.conf lie tls/, with the certificate, and nginx.d/, with what an
 * administrator adds. All else has one place under RUNDIR, and another one in a
 * packaged system, where several users share it.
 */
#ifndef RUN_SITE_H
#define RUN_SITE_H

#include "cli/run/programs.h"
#include "cli/run/rundir.h"
#include "config/config.h"

struct site {
	struct rundir dir;	/* where nginx.conf is written */
	const char *user;	/* of nginx's workers; "": who starts it */
	const char *pid_folder; /* nginx.pid */
	const char *temp_folder;
	const char *error_log;	   /* a file, or "stderr" */
	const char *socket_folder; /* NAME.sock of each FastCGI program */
	const char *tls_folder;
	const char *include_folder;
};

/* "FOLDER OF kruxos.conf/NAME" */
char *
site_beside(const struct config *config, const char *name, struct arena *arena);

/* Everything in RUNDIR. `dir` stays the caller's. */
void site_of_rundir(struct site *site, const struct rundir *dir,
    const struct config *config, struct arena *arena);

/* RUNTIME_DIR/nginx, which is there already, and RUNTIME_DIR/fcgi. Its `dir` is
 * to be closed. */
int site_of_package(struct site *site, const struct config *config,
    struct arena *arena, struct error *err);

/* Put nginx.conf in its place. HSTS is in it only if the certificate is issued
 * by somebody: with one signed by itself it would lock people out. */
int site_write(const struct site *site, const struct config *config,
    const struct programs *programs, struct error *err);

#endif
