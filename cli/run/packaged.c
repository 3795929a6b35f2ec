#include "cli/run/packaged.h"

#include "base/cleanup.h"
#include "cli/run/certificate.h"
#include "cli/run/say.h"
#include "cli/run/site.h"
#include "http/listener.h"

#include <sys/stat.h>

static int
clear_socket(const char *path, struct error *err)
{
	struct listener listener = LISTENER_INIT;

	if (listener_bind(path, &listener, err) == -1)
		return err->code == ERROR_BUSY ? 0 : -1;
	listener_close(&listener);
	return 0;
}

static int
write_nginx(const char *path, struct arena *arena, struct error *err)
{
	cleanup(config_freep) struct config *config = NULL;
	struct site site = { .dir = RUNDIR_INIT };
	struct programs programs;
	int written = -1;

	if (config_load(config_find_path(path), &config, err) == -1 ||
	    programs_find(&programs, arena, err) == -1 ||
	    clear_socket(config->api_socket, err) == -1)
		return -1;
	if (site_of_package(&site, config, arena, err) == 0)
		written = site_write(&site, config, &programs, err);
	rundir_close(&site.dir);
	return written;
}

static int
keep_certificate(const char *path, struct arena *arena, struct error *err)
{
	cleanup(config_freep) struct config *config = NULL;
	const char *folder, *words;
	int made;

	if (config_load(config_find_path(path), &config, err) == -1)
		return -1;
	folder = site_beside(config, "tls", arena);
	made = certificate_keep(
	    folder, config, clock_realtime(&clock_system), err);
	if (made == -1)
		return -1;
	words = certificate_describe(folder, arena, err);
	if (words == NULL)
		return -1;
	printf(
	    "%s/cert.pem %s: %s\n", folder, made ? "is made" : "stays", words);
	return 0;
}

static int
finish(int result, const struct error *err)
{
	if (result == 0)
		return EXIT_SUCCESS;
	say("%s", err->sentence);
	return EXIT_FAILURE;
}

int
packaged_nginx(const char *config)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct error err = { 0 };

	umask(077);
	return finish(write_nginx(config, &arena, &err), &err);
}

int
packaged_certificate(const char *config)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct error err = { 0 };

	return finish(keep_certificate(config, &arena, &err), &err);
}
