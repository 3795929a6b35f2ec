#include "cli/run/programs.h"

#include "base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* Where the package puts us. What lies beside it is somebody else's. */
static const char installed[] = "/usr/bin";

/* The first of `folders` in which `file` is to be had by `mode` (access(2)), or
 * NULL. Relative ones begin at `self`, unless that is where we are installed.
 */
static char *
find_folder(const char *self, const char *const *folders, const char *file,
    int mode, struct arena *arena)
{
	for (; *folders != NULL; folders++) {
		if (**folders != '/' && strcmp(self, installed) == 0)
			continue;
		char *folder =
		    **folders == '/'
			? arena_printf(arena, "%s", *folders)
			: arena_printf(arena, "%s/%s", self, *folders);

		if (access(arena_printf(arena, "%s/%s", folder, file), mode) ==
		    0)
			return folder;
	}
	return NULL;
}

int
programs_find(struct programs *programs, struct arena *arena, struct error *err)
{
	/* build/bin, or build/KIND/bin of a build with sanitizers. */
	static const char *const daemons[] = { ".", "/usr/lib/kruxos", NULL };
	static const char *const fcgis[] = { "../fcgi", "/usr/lib/kruxos/fcgi",
		NULL };
	static const char *const nginxes[] = { "../../nginx", "../../../nginx",
		"/usr/share/kruxos/nginx", NULL };
	static const char *const servers[] = { "/usr/sbin", "/usr/local/sbin",
		"/usr/bin", NULL };
	static const char *const pages[] = { "../www", "../../www",
		"/usr/share/kruxos/www", NULL };
	cleanup(cleanup_free) char *self = realpath("/proc/self/exe", NULL);
	char *daemon, *server;

	if (self == NULL)
		return error_set_errno(err, "/proc/self/exe");
	*strrchr(self, '/') = '\0';
	daemon = find_folder(self, daemons, "kruxosd", X_OK, arena);
	programs->fcgi_folder =
	    find_folder(self, fcgis, "health.fcgi", X_OK, arena);
	programs->nginx_folder =
	    find_folder(self, nginxes, "instantiate", X_OK, arena);
	programs->www_folder =
	    find_folder(self, pages, "index.html", R_OK, arena);
	if (programs->www_folder == NULL) /* they may come yet */
		programs->www_folder =
		    arena_printf(arena, "%s/%s", self, pages[0]);
	server = find_folder(self, servers, "nginx", X_OK, arena);
	if (server == NULL)
		return error_set(err, ERROR_NOT_FOUND,
		    "nginx is not installed; in Debian: apt install nginx");
	if (daemon == NULL || programs->fcgi_folder == NULL ||
	    programs->nginx_folder == NULL)
		return error_set(err, ERROR_NOT_FOUND,
		    "%s is neither beside %s nor in /usr",
		    daemon == NULL		    ? "kruxosd"
		    : programs->fcgi_folder == NULL ? "health.fcgi"
						    : "nginx/instantiate",
		    self);
	programs->daemon = arena_printf(arena, "%s/kruxosd", daemon);
	programs->observer = arena_printf(arena, "%s/kruxos-observer", daemon);
	programs->nginx = arena_printf(arena, "%s/nginx", server);
	return 0;
}

void
programs_restore_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

int
programs_run(char *const *argv, int output, int errors, struct error *err)
{
	pid_t pid = fork();
	int status;

	if (pid == -1)
		return error_set_errno(err, "fork");
	if (pid == 0) {
		programs_restore_signals();
		dup2(output, STDOUT_FILENO);
		dup2(errors, STDERR_FILENO);
		execvp(argv[0], argv);
		dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return error_set_errno(err, "%s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
