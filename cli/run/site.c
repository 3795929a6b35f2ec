#include "cli/run/site.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/run/certificate.h"

#include <fcntl.h>

char *
site_beside(const struct config *config, const char *name, struct arena *arena)
{
	const char *slash = strrchr(config->path, '/');

	return arena_printf(
	    arena, "%.*s/%s", (int)(slash - config->path), config->path, name);
}

void
site_of_rundir(struct site *site, const struct rundir *dir,
    const struct config *config, struct arena *arena)
{
	*site = (struct site){
		.dir = *dir,
		.user = geteuid() == 0 ? "root" : "",
		.pid_folder = rundir_file(dir, "pid", arena),
		.temp_folder = rundir_file(dir, "tmp", arena),
		.error_log =
		    arena_printf(arena, "%s/nginx-error.log", config->log_dir),
		.socket_folder = config->runtime_dir,
		.tls_folder = site_beside(config, "tls", arena),
		.include_folder = site_beside(config, "nginx.d", arena),
	};
}

int
site_of_package(struct site *site, const struct config *config,
    struct arena *arena, struct error *err)
{
	char *folder = arena_printf(arena, "%s/nginx", config->runtime_dir);
	struct rundir dir = RUNDIR_INIT;

	dir.path = folder;
	dir.fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir.fd == -1)
		return error_set_errno(err, "%s", folder);
	*site = (struct site){
		.dir = dir,
		.user = "",
		.pid_folder = folder,
		.temp_folder = folder,
		/* The journal, which has a bound: strangers can fill it. */
		.error_log = "stderr",
		.socket_folder =
		    arena_printf(arena, "%s/fcgi", config->runtime_dir),
		.tls_folder = site_beside(config, "tls", arena),
		.include_folder = site_beside(config, "nginx.d", arena),
	};
	return 0;
}

int
site_write(const struct site *site, const struct config *config,
    const struct programs *programs, struct error *err)
{
	cleanup(arena_free) struct arena own = ARENA_INIT;
	struct arena *arena = &own;
	cleanup(buf_free) struct buf names = BUF_INIT;
	cleanup(cleanup_close) int out = -1;

	for (size_t i = 0; i < config->names.count; i++)
		buf_addf(
		    &names, "%s%s", i > 0 ? " " : "", config->names.words[i]);
	char *const argv[] = {
		arena_printf(arena, "%s/instantiate", programs->nginx_folder),
		arena_printf(
		    arena, "%s/kruxos.conf.in", programs->nginx_folder),
		arena_printf(arena, "USER=%s", site->user),
		arena_printf(arena, "PID_DIR=%s", site->pid_folder),
		arena_printf(arena, "ERROR_LOG=%s", site->error_log),
		arena_printf(arena, "LOG_DIR=%s", config->log_dir),
		arena_printf(arena, "TEMP_DIR=%s", site->temp_folder),
		arena_printf(arena, "TLS_DIR=%s", site->tls_folder),
		arena_printf(arena, "INCLUDE_DIR=%s", site->include_folder),
		arena_printf(arena, "NGINX_DIR=%s", programs->nginx_folder),
		arena_printf(arena, "WWW_DIR=%s", programs->www_folder),
		arena_printf(arena, "SOCKET_DIR=%s", site->socket_folder),
		arena_printf(arena, "API_SOCKET=%s", config->api_socket),
		arena_printf(arena, "BIND=%s", config->bind),
		arena_printf(arena, "HEALTH_PORT=%u", config->health_port),
		arena_printf(arena, "DASH_PORT=%u", config->dashboard_port),
		arena_printf(arena, "GATEWAY_PORT=%u", config->gateway_port),
		arena_printf(
		    arena, "HEALTH_CONNECTIONS=%u", config->health_connections),
		arena_printf(
		    arena, "API_CONNECTIONS=%u", config->api_connections),
		arena_printf(arena, "CONNECTIONS_PER_ADDRESS=%u",
		    config->connections_per_address),
		arena_printf(arena, "STREAMS_PER_ADDRESS=%u",
		    config->streams_per_address),
		arena_printf(arena, "HSTS=%s",
		    certificate_is_issued(site->tls_folder) ? "max-age=63072000"
							    : ""),
		arena_printf(arena, "NAMES=%s", names.data),
		arena_printf(arena, "VERSION=%s", KRUXOS_VERSION),
		NULL,
	};

	out = rundir_create(&site->dir, "nginx.conf", err);
	if (out == -1)
		return -1;
	if (programs_run(argv, out, STDERR_FILENO, err) != 0)
		return error_set(err, ERROR_INVALID,
		    "%s/nginx.conf cannot be written", site->dir.path);
	return rundir_commit(&site->dir, "nginx.conf", err);
}
