/* kruxosd: the one process that writes the audit log and the databases. */
#include "collectors/kruxosd/kruxosd.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "config/config.h"

#include <getopt.h>
#include <sys/stat.h>
#include <sysexits.h>

DEFINE_CLEANUP(struct kruxosd *, kruxosd_free);

static const char help[] =
    "Usage: kruxosd [-c FILE] [-v]\n"
    "Write the audit log, its index and its state; runs in the foreground.\n"
    "\n"
    "  -c, --config FILE  configuration; by default $KRUXOS_CONFIG, else\n"
    "                     ./run/kruxos.conf, else /etc/kruxos/kruxos.conf\n"
    "  -v, --verbose      say more on stderr\n"
    "  -h, --help         print this, and exit\n"
    "  -V, --version      print the version, and exit\n"
    "\n"
    "SIGTERM answers what was taken and stops; SIGHUP reads the\n"
    "configuration again, whole or not at all.\n"
    "\n"
    "Examples:\n"
    "  kruxosd -c run/kruxos.conf\n"
    "  systemctl reload kruxosd      after a change of kruxos.conf\n";

struct options {
	const char *config;
	enum diag_level level;
};

/* -1: go on; else the exit code. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:vhV", names, NULL)) != -1)
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'v':
			options->level = DIAG_DEBUG;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("kruxosd " KRUXOS_VERSION);
			return 0;
		default:
			fputs("Try 'kruxosd --help'.\n", stderr);
			return EX_USAGE;
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "kruxosd: no argument is expected: %s\n", argv[optind]);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	struct options options = { NULL, DIAG_INFO };
	cleanup(kruxosd_freep) struct kruxosd *kruxosd = NULL;
	struct error err = { 0 };
	int code = read_options(argc, argv, &options);

	if (code != -1)
		return code;
	diag_init("kruxosd", options.level);
	umask(0027);
	memory_return();
	kruxosd = kruxosd_new(config_find_path(options.config), &err);
	if (kruxosd == NULL || kruxosd_run(kruxosd, &err) == -1) {
		diag(DIAG_CRITICAL, "%s", err.sentence);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
