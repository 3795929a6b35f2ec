#include "cli/run/setup.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>

/* --- ports -------------------------------------------------------------- */

static int
try_port(const char *address, unsigned port)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
	};
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	cleanup(cleanup_close) int fd = -1;
	int yes = 1;

	if (!is_v4)
		inet_pton(AF_INET6, address, &v6.sin6_addr);
	fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	return is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
		     : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
}

/* `is_new`: there is no file yet that could be changed. */
static int
check_ports(const struct config *config, bool is_new, struct error *err)
{
	const struct {
		const char *variable, *key;
		unsigned port;
	} ports[] = {
		{ "HEALTH_PORT", "health_port", config->health_port },
		{ "DASH_PORT", "dashboard_port", config->dashboard_port },
		{ "GATEWAY_PORT", "gateway_port", config->gateway_port },
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (try_port(config->bind, ports[i].port) == 0)
			continue;
		if (errno != EADDRINUSE)
			return error_set_errno(err, "%s, port %u (%s)",
			    config->bind, ports[i].port, ports[i].variable);
		if (is_new)
			return error_set(err, ERROR_BUSY,
			    "port %u (%s) is in use; stop what uses it, or set "
			    "%s",
			    ports[i].port, ports[i].variable,
			    ports[i].variable);
		return error_set(err, ERROR_BUSY,
		    "port %u (%s) is in use; stop what uses it, or change %s "
		    "in %s",
		    ports[i].port, ports[i].variable, ports[i].key,
		    config->path);
	}
	return 0;
}

/* --- configuration ------------------------------------------------------ */

static unsigned
given_or(uint64_t given, unsigned standard)
{
	return given > 0 ? (unsigned)given : standard;
}

/* By which name what listens on `bind` is asked from here. */
static const char *
checked_host(const char *bind, struct arena *arena)
{
	if (strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, "::") == 0)
		return "localhost";
	if (strchr(bind, ':') != NULL)
		return arena_printf(arena, "[%s]", bind);
	return bind;
}

/* What is wrong, or a port that is another's, is never written: it would be
 * kept. */
static int
write_config(const struct rundir *dir, const struct setup_wanted *wanted,
    const char *path, struct arena *arena, struct error *err)
{
	cleanup(config_freep) struct config *config = NULL;
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf problems = BUF_INIT;
	const char *bind = wanted->bind != NULL ? wanted->bind : "127.0.0.1";
	unsigned gateway_port = given_or(wanted->gateway_port, 7700);

	buf_addf(&text,
	    "# kruxos.conf(5). Written once by kruxos-run; yours from now on.\n"
	    "[http]\n"
	    "bind = %s\n"
	    "health_port = %u\n"
	    "dashboard_port = %u\n"
	    "gateway_port = %u\n"
	    "\n"
	    "[service gateway]\n"
	    "kind = http\n"
	    "target = http://%s:%u/healthz\n",
	    bind, given_or(wanted->health_port, 7701),
	    given_or(wanted->dash_port, 7800), gateway_port,
	    checked_host(bind, arena), gateway_port);
	if (config_parse(path, buf_slice(&text), &config, &problems) == -1)
		return error_set(err, ERROR_INVALID, "%.*s",
		    (int)strcspn(problems.data, "\n"), problems.data);
	if (check_ports(config, true, err) == -1)
		return -1;
	return rundir_write(dir, "kruxos.conf", buf_slice(&text), err);
}

/* The file is kept, so what is asked for otherwise must agree with it. */
static int
check_config(const struct config *config, const struct setup_wanted *wanted,
    struct error *err)
{
	const struct {
		const char *variable, *key;
		uint64_t given, configured;
	} ports[] = {
		{ "HEALTH_PORT", "health_port", wanted->health_port,
		    config->health_port },
		{ "DASH_PORT", "dashboard_port", wanted->dash_port,
		    config->dashboard_port },
		{ "GATEWAY_PORT", "gateway_port", wanted->gateway_port,
		    config->gateway_port },
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (ports[i].given == 0 ||
		    ports[i].given == ports[i].configured)
			continue;
		return error_set(err, ERROR_INVALID,
		    "%s is %u, but %s says %s = %u: change the one or the "
		    "other, or choose another RUNDIR",
		    ports[i].variable, (unsigned)ports[i].given, config->path,
		    ports[i].key, (unsigned)ports[i].configured);
	}
	if (wanted->bind != NULL && strcmp(wanted->bind, config->bind) != 0)
		return error_set(err, ERROR_INVALID,
		    "BIND is %s, but %s says bind = %s: change the one or the "
		    "other, or choose another RUNDIR",
		    wanted->bind, config->path, config->bind);
	return 0;
}

int
setup_config(const struct rundir *dir, const struct setup_wanted *wanted,
    struct arena *arena, struct config **ret_config, struct error *err)
{
	cleanup(config_freep) struct config *config = NULL;
	const char *path = rundir_file(dir, "kruxos.conf", arena);
	bool is_new =
	    faccessat(dir->fd, "kruxos.conf", F_OK, AT_SYMLINK_NOFOLLOW) == -1;

	if (is_new && write_config(dir, wanted, path, arena, err) == -1)
		return -1;
	if (config_load(path, &config, err) == -1 ||
	    check_config(config, wanted, err) == -1)
		return -1;
	if (!is_new && check_ports(config, false, err) == -1)
		return -1;
	*ret_config = config;
	config = NULL;
	return 0;
}
