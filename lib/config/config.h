/* kruxos.conf, and what lies in conf.d beside it, as one struct: read whole or
 * not at all.
 *
 * A program reads them at its start; on SIGHUP it reads them again and takes
 * the new struct only if nothing is wrong with any of them. What may stand in
 * them is the table of settings.h; defaults included, every field is filled in.
 * What a later file says takes the place of what an earlier one has said, key
 * by key; within one file nothing is said twice.
 *
 * Relative paths are relative to the folder of kruxos.conf, wherever they are
 * said; all paths below are absolute. Text is NUL-terminated and lives as long
 * as the struct.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/origin.h"
#include "config/policy.h"
#include "store/rule.h"

enum config_audit_failure {
	CONFIG_DENY, /* no record, no tool call */
	CONFIG_ALLOW,
};

enum config_service_kind {
	CONFIG_SERVICE_UNCHECKED, /* nobody asks it: its state is unknown */
	CONFIG_SERVICE_HTTP,
	CONFIG_SERVICE_TCP,
	CONFIG_SERVICE_UNIX,
	CONFIG_SERVICE_SYSTEMD,
	CONFIG_SERVICE_HEARTBEAT,
};

/* A list of words, NULL behind the last; `words` is NULL when there are none.
 */
struct config_words {
	const char **words;
	size_t count;
};

/* [service NAME] */
struct config_service {
	const char *name;
	int kind;	    /* enum config_service_kind */
	const char *target; /* URL, host:port, path or unit; NULL: none */
	usec_t timeout;	    /* at most config->check_interval */
	bool critical;	    /* when it fails, the whole is unhealthy */
	const char *user;   /* who may send its heartbeat; NULL: nobody */
	const char *match;  /* what an HTTP body must contain; NULL: nothing */
	struct config_words depends_on;
	uint64_t parents; /* the same, a bit for each place in `services` */
};

/* [alert NAME] */
struct config_alert {
	const char *name;
	struct rule when;
	int severity;	   /* enum rule_severity */
	const char *title; /* NULL: the name */
	bool enabled;
};

enum config_notify_kind {
	CONFIG_NOTIFY_ALERTMANAGER,
	CONFIG_NOTIFY_WEBHOOK,
	CONFIG_NOTIFY_SMTP,
};

/* What alerts can be grouped by. None of it is free text of an agent's. */
enum config_label {
	CONFIG_LABEL_ALERTNAME,
	CONFIG_LABEL_RULE,
	CONFIG_LABEL_SEVERITY,
	CONFIG_LABEL_SERVICE,
	CONFIG_LABEL_AGENT_NAME,
	CONFIG_LABEL_SOURCE,
	CONFIG_LABEL_INSTANCE,
	CONFIG_LABELS
};

/* [notify NAME]: where notices of alerts go. Secrets are read from their files
 * by the program that sends. */
struct config_notify {
	const char *name;
	int kind; /* enum config_notify_kind */
	const char *url;
	unsigned severities; /* a bit for each enum rule_severity */
	unsigned group_by;   /* a bit for each enum config_label */
	usec_t group_wait;
	usec_t group_interval;
	usec_t repeat_interval;
	bool send_resolved;
	const char *secret_file; /* of the signature; NULL: none */
	const char *from;
	struct config_words to;
	const char *user;	   /* NULL: nobody signs in */
	const char *password_file; /* NULL: none */
	usec_t timeout;
	bool verify_tls;
	const char *ca_file; /* NULL: the system's */
};

struct config {
	const char *path; /* of kruxos.conf */

	/* All files that were read, in their order; the first is `path`. */
	const char **files;
	size_t file_count;
	struct origins origins; /* of what they say */

	/* [paths] */
	const char *data_dir;
	const char *state_dir;
	const char *audit_dir;
	const char *runtime_dir;
	const char *api_socket;
	const char *log_dir; /* nginx's, not the audit log */
	const char *pid_dir;
	const char *spool_dir;
	/* and what lies there */
	const char *index_file;	    /* data_dir/kruxos.db */
	const char *state_file;	    /* state_dir/state.db */
	const char *telemetry_file; /* data_dir/telemetry.db */
	const char *status_file;    /* runtime_dir/kruxosd.status */
	const char *observed_file;  /* runtime_dir/kruxosd.observed */
	const char *ingest_socket;  /* runtime_dir/ingest.sock */
	const char *access_log;	    /* log_dir/access.log */
	const char *nginx_pid;	    /* pid_dir/nginx.pid */

	/* [audit] */
	unsigned retention_days; /* 0: entries are kept for ever */
	int on_audit_failure;	 /* enum config_audit_failure */

	/* [hook] */
	int hook_on_audit_failure; /* enum config_audit_failure */

	/* [door] */
	unsigned connections;
	unsigned connections_per_uid;
	struct config_words web_users;
	const char *observer_user;
	const char *operator_group;
	const char *ingest_group;

	/* [http] */
	const char *bind; /* an IPv4 or IPv6 address */
	unsigned health_port;
	unsigned dashboard_port;
	unsigned gateway_port;
	struct config_words names; /* host names that are ours, too */
	unsigned health_connections;
	unsigned api_connections;
	unsigned connections_per_address;
	unsigned streams_per_address;
	unsigned slow_answers; /* threads for searches and exports */

	/* [sign_in] */
	usec_t idle_timeout;
	usec_t absolute_timeout;
	usec_t link_timeout;
	unsigned attempts_per_minute;

	/* [gateway] */
	unsigned gateway_attempts; /* a minute, of an address */
	usec_t approval_timeout;
	usec_t approval_valid;

	/* [policy], [policy agent NAME], [limit]; in it the one limit that is
	 * there without being configured. */
	struct policy policy;

	/* [observer] */
	usec_t check_interval;

	/* [proxy] */
	usec_t proxy_interval; /* between two reports */

	/* [service NAME]: first gateway, vault, proxy, audit and state, which
	 * are there without being configured; then others, as in the file. */
	struct config_service *services;
	size_t service_count;

	/* [alert NAME]: first the ten that are there without being
	 * configured; then others, as in the file. */
	struct config_alert *alerts;
	size_t alert_count;

	/* [notify NAME], as in the file */
	struct config_notify *notifies;
	size_t notify_count;

	struct arena arena; /* holds all of the above */
};

enum {
	CONFIG_WORDS = 32,	   /* at most, in a list */
	CONFIG_SERVICES = 64,	   /* at most, the five among them */
	CONFIG_ALERTS = 256,	   /* at most, the ten among them */
	CONFIG_NOTIFIES = 16,	   /* at most */
	CONFIG_SOCKET_BYTES = 107, /* a socket's path: unix(7) */
	CONFIG_RUNTIME_BYTES = 90, /* and of the folder of several */
};

/* The file to read: `option` (of -c FILE) if it is not NULL; else
 * $KRUXOS_CONFIG; else run/kruxos.conf if it exists and is, as its folder, the
 * caller's own; else /etc/kruxos/kruxos.conf. Static storage, or `option`, or
 * the environment's.
 */
const char *config_find_path(const char *option);

/* Read the files. -1 with the first thing that is wrong:
 * `kruxos.conf:12: [audit] retention_days: "abc" is not a number`, and how many
 * more there are. */
int config_load(const char *path, struct config **ret, struct error *err);

/* Whether folders or `api.sock` lie elsewhere in `after` than in `before`: they
 * move at a restart alone. */
bool config_moves(const struct config *before, const struct config *after);

/* The same as config_load(), and every thing that is wrong, a line each, in
 * `problems`. */
int config_check(const char *path, struct config **ret, struct buf *problems);

/* The same of files that are read already. */
struct files;
int config_parse_files(
    const struct files *files, struct config **ret, struct buf *problems);

/* The same of one text alone; `path` names it and its folder. */
int config_parse(const char *path, struct slice text, struct config **ret,
    struct buf *problems);

void config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free);

/* Three intervals without a check or a heartbeat of a service, but no less than
 * three of the observer's reports: who should tell of it is silent. */
usec_t config_check_silence(const struct config *config);

/* The service of that name, or NULL. */
const struct config_service *
config_service(const struct config *config, struct slice name);

/* The [notify NAME] of that name, or NULL. */
const struct config_notify *
config_notify(const struct config *config, struct slice name);

/* "alertmanager", "webhook", "smtp"; and "alertname", …; NULL ends each. */
extern const char *const config_notify_kinds[];
extern const char *const config_labels[CONFIG_LABELS + 1];

#endif
