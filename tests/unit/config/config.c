#include "lib/config/config.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define PATH  "/etc/kruxos/kruxos.conf"
#define LATER "/etc/kruxos/conf.d/site.conf"

static struct config *
parse(const char *text)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;

	if (config_parse(PATH, slice_of(text), &config, &problems) == -1)
		fail_msg("%s", problems.data);
	return config;
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	cleanup(config_freep) struct config *config = parse("");

	(void)state;
	assert_string_equal(config->path, PATH);
	assert_string_equal(config->data_dir, "/etc/kruxos");
	assert_string_equal(config->audit_dir, "/etc/kruxos/audit");
	assert_string_equal(config->runtime_dir, "/etc/kruxos");
	assert_string_equal(config->index_file, "/etc/kruxos/kruxos.db");
	assert_string_equal(config->state_file, "/etc/kruxos/state.db");
	assert_string_equal(config->status_file, "/etc/kruxos/kruxosd.status");
	assert_string_equal(config->ingest_socket, "/etc/kruxos/ingest.sock");
	assert_string_equal(config->api_socket, "/etc/kruxos/api.sock");
	assert_int_equal(config->retention_days, 400);
	assert_int_equal(config->on_audit_failure, CONFIG_DENY);
	assert_int_equal(config->connections, 10240);
	assert_int_equal(config->connections_per_uid, 64);
	assert_int_equal(config->idle_timeout, 30 * USEC_PER_MIN);
	assert_int_equal(config->absolute_timeout, 12 * USEC_PER_HOUR);
	assert_int_equal(config->link_timeout, 5 * USEC_PER_MIN);
	assert_int_equal(config->attempts_per_minute, 10);
	assert_int_equal(config->web_users.count, 3);
	assert_string_equal(config->web_users.words[0], "kruxos-web");
	assert_string_equal(config->web_users.words[2], "kruxos-gateway");
	assert_string_equal(config->observer_user, "kruxos-observer");
	assert_string_equal(config->operator_group, "kruxos");
	assert_string_equal(config->ingest_group, "kruxos-ingest");
	assert_string_equal(config->bind, "127.0.0.1");
	assert_int_equal(config->health_port, 7701);
	assert_int_equal(config->dashboard_port, 7800);
	assert_int_equal(config->gateway_port, 7700);
	assert_int_equal(config->names.count, 0);
	assert_int_equal(config->health_connections, 1024);
	assert_int_equal(config->api_connections, 256);
	assert_int_equal(config->connections_per_address, 64);
	assert_int_equal(config->streams_per_address, 16);
	assert_int_equal(config->slow_answers, 4);
}

static void
five_services_are_there_without_being_configured(void **state)
{
	static const char *const names[] = { "gateway", "vault", "proxy",
		"audit", "state" };
	cleanup(config_freep) struct config *config = parse("");

	(void)state;
	assert_int_equal(config->service_count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct config_service *service = config->services + i;

		assert_string_equal(service->name, names[i]);
		assert_int_equal(service->kind, CONFIG_SERVICE_UNCHECKED);
		assert_null(service->target);
		assert_int_equal(service->timeout, 2 * USEC_PER_SEC);
		assert_int_equal(config->check_interval, 15 * USEC_PER_SEC);
		assert_int_equal(config->proxy_interval, 30 * USEC_PER_SEC);
		assert_int_equal(service->critical, i >= 3);
		assert_null(service->user);
	}
}

static void
ten_alerts_are_there_without_being_configured(void **state)
{
	static const struct {
		const char *name, *when, *title;
		enum rule_severity severity;
	} alerts[] = {
		{ "high-cpu", "cpu_percent > 90 for 5m", "High CPU",
		    RULE_WARNING },
		{ "high-memory", "memory_percent > 85", "High memory",
		    RULE_WARNING },
		{ "disk-space", "disk_used_percent > 90", "Disk space",
		    RULE_CRITICAL },
		{ "audit-write-failure", "audit_write_failure",
		    "Audit write failure", RULE_CRITICAL },
		{ "log-damaged", "log_damaged", "Audit log damaged",
		    RULE_CRITICAL },
		{ "database-failure", "database_failure", "Database failure",
		    RULE_CRITICAL },
		{ "observer-silent", "observer_silent", "Observer silent",
		    RULE_WARNING },
		{ "service-down", "service_down", "Service down",
		    RULE_CRITICAL },
		{ "approval-waiting", "approval_waiting_seconds > 1800",
		    "Approval waiting", RULE_INFO },
		{ "rate-limit", "rate_limit_hit", "Rate limit exceeded",
		    RULE_WARNING },
		{ "token-guessing", "token_guessing", "Token guessing",
		    RULE_WARNING },
		{ "unrecorded-activity", "unrecorded_calls > 0 for 1m",
		    "Unrecorded activity", RULE_WARNING },
	};
	cleanup(config_freep) struct config *config = parse("");

	(void)state;
	assert_int_equal(config->alert_count, COUNT(alerts));
	for (size_t i = 0; i < COUNT(alerts); i++) {
		const struct config_alert *alert = config->alerts + i;
		cleanup(buf_free) struct buf when = BUF_INIT;

		rule_describe(&alert->when, &when);
		assert_string_equal(alert->name, alerts[i].name);
		assert_string_equal(when.data, alerts[i].when);
		assert_string_equal(alert->title, alerts[i].title);
		assert_int_equal(alert->severity, alerts[i].severity);
		assert_true(alert->enabled);
	}
}

static void
services_depend_on_others(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("[service web]\ndepends_on = gateway db\n[service db]\n");
	const struct config_service *web =
	    config_service(config, SLICE_LITERAL("web"));

	(void)state;
	assert_int_equal(web->depends_on.count, 2);
	assert_string_equal(web->depends_on.words[1], "db");
	/* gateway is the first of all, db follows web. */
	assert_int_equal(
	    web->parents, 1 | (uint64_t)2 << (web - config->services));
}

static void
alerts_are_amended_and_added(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("[alert high-cpu]\n"
		  "when = cpu_percent > 50 for 1m\n"
		  "[alert rate-limit]\n"
		  "enabled = no\n"
		  "[alert slow-http]\n"
		  "when = http_p99_ms > 500 for 5m\n");
	const struct config_alert *slow = config->alerts + 12;

	(void)state;
	assert_int_equal(config->alert_count, 13);
	assert_int_equal(config->alerts[0].when.hold, USEC_PER_MIN);
	assert_int_equal(config->alerts[0].severity, RULE_WARNING);
	assert_string_equal(config->alerts[0].title, "High CPU");
	assert_false(config->alerts[9].enabled);
	assert_string_equal(slow->name, "slow-http");
	assert_int_equal(slow->when.figure, FIGURE_HTTP_P99_MS);
	assert_int_equal(slow->severity, RULE_WARNING);
	assert_null(slow->title);
}

static void
the_file_s_values_replace_the_defaults(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("# all of them\n"
		  "[paths]\n"
		  "runtime_dir = /run/kruxos\n"
		  "data_dir = /var/lib/kruxos/\n"
		  "[audit]\n"
		  "retention_days = 0\n"
		  "on_audit_failure = allow\n"
		  "[door]\n"
		  "web_users = www-data other\n"
		  "[http]\n"
		  "names = a.example b.example\n"
		  "dashboard_port = 443\n");

	(void)state;
	assert_string_equal(config->data_dir, "/var/lib/kruxos");
	assert_string_equal(config->audit_dir, "/var/lib/kruxos/audit");
	assert_string_equal(config->index_file, "/var/lib/kruxos/kruxos.db");
	assert_string_equal(config->status_file, "/run/kruxos/kruxosd.status");
	assert_int_equal(config->retention_days, 0);
	assert_int_equal(config->on_audit_failure, CONFIG_ALLOW);
	assert_string_equal(config->state_dir, "/var/lib/kruxos");
	assert_string_equal(config->api_socket, "/run/kruxos/api.sock");
	assert_int_equal(config->web_users.count, 2);
	assert_string_equal(config->web_users.words[0], "www-data");
	assert_string_equal(config->web_users.words[1], "other");
	assert_int_equal(config->names.count, 2);
	assert_int_equal(config->dashboard_port, 443);
	assert_int_equal(config->health_port, 7701);
}

static void
state_and_api_socket_may_lie_elsewhere(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("[paths]\n"
		  "data_dir = /var/lib/kruxos\n"
		  "state_dir = state\n"
		  "api_socket = /run/kruxos/api/api.sock\n");

	(void)state;
	assert_string_equal(config->index_file, "/var/lib/kruxos/kruxos.db");
	assert_string_equal(config->state_file, "/etc/kruxos/state/state.db");
	assert_string_equal(
	    config->ingest_socket, "/var/lib/kruxos/ingest.sock");
	assert_string_equal(config->api_socket, "/run/kruxos/api/api.sock");
}

static void
services_are_amended_and_added(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("[service vault]\n"
		  "kind = unix\n"
		  "target = /run/vault.sock\n"
		  "critical = yes\n"
		  "[service audit]\n"
		  "timeout_ms = 500\n"
		  "[service My.queue_2]\n"
		  "kind = heartbeat\n"
		  "uid = queue\n");
	const struct config_service *vault =
	    config_service(config, slice_of("vault"));
	const struct config_service *queue =
	    config_service(config, slice_of("My.queue_2"));

	(void)state;
	assert_int_equal(config->service_count, 6);
	assert_ptr_equal(vault, config->services + 1);
	assert_int_equal(vault->kind, CONFIG_SERVICE_UNIX);
	assert_string_equal(vault->target, "/run/vault.sock");
	assert_true(vault->critical);
	assert_true(config->services[3].critical);
	assert_int_equal(config->services[3].timeout, 500 * USEC_PER_MSEC);
	assert_ptr_equal(queue, config->services + 5);
	assert_string_equal(queue->user, "queue");
	assert_false(queue->critical);
	assert_null(config_service(config, slice_of("none")));
}

static void
channels_of_notices_have_alertmanagers_defaults(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse("[notify ops]\n"
		  "kind = webhook\n"
		  "url = https://hooks.example.org/x?y=a@b\n"
		  "secret_file = ops.secret\n"
		  "[notify mail]\n"
		  "kind = smtp\n"
		  "url = smtp://localhost:25\n"
		  "severity = critical info\n"
		  "group_by = severity source\n"
		  "group_wait = 1m\n"
		  "from = k+x@example.org\n"
		  "to = a@example.org  b@c.example\n");
	const struct config_notify *ops = config->notifies;
	const struct config_notify *mail =
	    config_notify(config, slice_of("mail"));

	(void)state;
	assert_int_equal(config->notify_count, 2);
	assert_string_equal(ops->name, "ops");
	assert_int_equal(ops->kind, CONFIG_NOTIFY_WEBHOOK);
	assert_int_equal(ops->severities, (1U << RULE_SEVERITIES) - 1);
	assert_int_equal(ops->group_by, 1U << CONFIG_LABEL_RULE);
	assert_int_equal(ops->group_wait, 30 * USEC_PER_SEC);
	assert_int_equal(ops->group_interval, 5 * USEC_PER_MIN);
	assert_int_equal(ops->repeat_interval, 4 * USEC_PER_HOUR);
	assert_int_equal(ops->timeout, 10 * USEC_PER_SEC);
	assert_true(ops->send_resolved && ops->verify_tls);
	assert_string_equal(ops->secret_file, "/etc/kruxos/ops.secret");
	assert_null(ops->password_file);
	assert_null(ops->user);
	assert_ptr_equal(mail, config->notifies + 1);
	assert_int_equal(
	    mail->severities, 1U << RULE_CRITICAL | 1U << RULE_INFO);
	assert_int_equal(mail->group_by,
	    1U << CONFIG_LABEL_SEVERITY | 1U << CONFIG_LABEL_SOURCE);
	assert_int_equal(mail->group_wait, USEC_PER_MIN);
	assert_int_equal(mail->to.count, 2);
	assert_string_equal(mail->to.words[1], "b@c.example");
	assert_null(config_notify(config, slice_of("none")));
}

static void
no_check_takes_longer_than_the_interval(void **state)
{
	static const struct {
		const char *text;
		usec_t timeout, silence;
	} cases[] = {
		{ "", 2 * USEC_PER_SEC, 45 * USEC_PER_SEC },
		{ "[observer]\ncheck_interval_seconds = 1\n", USEC_PER_SEC,
		    15 * USEC_PER_SEC },
		{ "[observer]\ncheck_interval_seconds = 60\n", 2 * USEC_PER_SEC,
		    180 * USEC_PER_SEC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(config_freep) struct config *config =
		    parse(cases[i].text);

		assert_int_equal(config->services[0].timeout, cases[i].timeout);
		assert_int_equal(
		    config_check_silence(config), cases[i].silence);
	}
}

static void
everything_wrong_is_named_with_its_line(void **state)
{
	static const char *const cases[][2] = {
		{ "[audit]\nretention_days = abc\n",
		    PATH ":2: [audit] retention_days: \"abc\" is not a "
			 "number\n" },
		{ "x = 1\n", PATH ":1: a setting stands before the first "
				  "[section]\n" },
		{ "what\n", PATH ":1: \"what\" is neither [section] nor key = "
				 "value nor a # comment\n" },
		{ "[audit]\nretention = 1\n",
		    PATH ":2: [audit] retention: there is no such setting\n" },
		{ "[Audit]\nretention_days = x\n",
		    PATH ":1: [Audit]: there is no such section\n" },
		{ "[audit x]\nretention_days = x\n",
		    PATH ":1: [audit x]: this section takes no name\n" },
		{ "[audit]\nretention_days = 1\nretention_days = 1\n",
		    PATH ":3: [audit] retention_days: stands in line 2 "
			 "already\n" },
		{ "[audit]\n\n[http]\n[audit]\nx = 1\n",
		    PATH ":4: [audit]: stands in line 1 already\n" },
		{ "[service a]\n[service b]\n[service a]\n",
		    PATH ":3: [service a]: stands in line 1 already\n" },
		{ "[service]\n",
		    PATH ":1: [service]: a service needs a name: 1 to 64 "
			 "letters, digits, '-', '_' and '.'\n" },
		{ "[service a b]\n",
		    PATH ":1: [service a b]: a service needs a name: 1 to 64 "
			 "letters, digits, '-', '_' and '.'\n" },
		{ "[service -a]\n",
		    PATH ":1: [service -a]: a service needs a name: 1 to 64 "
			 "letters, digits, '-', '_' and '.'\n" },
		{ "[service a]\ncritical = 1\nkind = x\n[http]\nbind=\n",
		    PATH ":2: [service a] critical: \"1\" is neither yes nor "
			 "no\n" PATH ":3: [service a] kind: \"x\" is not none, "
			 "http, tcp, unix, systemd or heartbeat\n" PATH
			 ":5: [http] bind: there is no value\n" },
		{ "[alert]\n",
		    PATH ":1: [alert]: an alert needs a name: 1 to 64 "
			 "letters, digits, '-', '_' and '.'\n" },
		{ "\n[alert a]\nseverity = bad\n", PATH
		    ":3: [alert a] severity: \"bad\" is not critical, "
		    "warning or info\n" PATH
		    ":2: [alert a] when: nothing says when to raise it\n" },
		{ "[service a]\ndepends_on = b\n", PATH
		    ":2: [service a] depends_on: there is no service \"b\"\n" },
		{ "[service a]\ndepends_on = b\n[service b]\n"
		  "depends_on = c\n[service c]\ndepends_on = b\n",
		    PATH
		    ":4: [service b] depends_on: it would depend on itself\n" PATH
		    ":6: [service c] depends_on: it would depend on itself\n" },
		{ "[service a]\nkind = tcp\n",
		    PATH ":1: [service a] target: nothing says what is to be "
			 "checked\n" },
		{ "[service a]\nkind = http\ntarget = file:///etc/passwd\n",
		    PATH ":3: [service a] target: does not begin with http:// "
			 "or https://\n" },
		{ "[service a]\nkind = http\ntarget = http:///x\n",
		    PATH ":3: [service a] target: names no host\n" },
		{ "[service a]\nkind = tcp\ntarget = mail\n",
		    PATH ":3: [service a] target: is not host:port\n" },
		{ "[service a]\nkind = tcp\ntarget = mail:99999\n",
		    PATH ":3: [service a] target: is not host:port\n" },
		{ "[service a]\nkind = tcp\ntarget = http://mail:25\n",
		    PATH ":3: [service a] target: is not host:port\n" },
		{ "[service a]\nkind = unix\ntarget = a.sock\n",
		    PATH ":3: [service a] target: is not the whole path of a "
			 "socket\n" },
		{ "[alert a]\nwhen = cpu > 9\n", PATH
		    ":2: [alert a] when: \"cpu\" is not a figure or "
		    "event\n" PATH
		    ":2: [alert a] when: nothing says when to raise it\n" },
		{ "[notify a]\n", PATH
		    ":1: [notify a] kind: nothing says how to send notices\n" },
		{ "[notify a]\nkind = pigeon\n", PATH
		    ":2: [notify a] kind: \"pigeon\" is not alertmanager, "
		    "webhook or smtp\n" PATH
		    ":2: [notify a] kind: nothing says how to send notices\n" },
		{ "[notify a]\nkind = webhook\n", PATH
		    ":1: [notify a] url: nothing says where notices go\n" },
		{ "[notify a]\nkind = webhook\nurl = smtp://x\n",
		    PATH ":3: [notify a] url: does not begin with http:// or "
			 "https://\n" },
		{ "[notify a]\nkind = alertmanager\nurl = http:///x\n",
		    PATH ":3: [notify a] url: names no host\n" },
		{ "[notify a]\nkind = webhook\nurl = http://u:p@x/\n",
		    PATH ":3: [notify a] url: holds a user; `user` and "
			 "`password_file` are for that\n" },
		{ "[notify a]\nkind = smtp\nurl = http://x\n",
		    PATH ":3: [notify a] url: does not begin with smtp:// or "
			 "smtps://\n" PATH
			 ":1: [notify a] from: mail needs a sender\n" PATH
			 ":1: [notify a] to: nobody gets the mail\n" },
		{ "[notify a]\nkind = smtp\nurl = smtp://x\nfrom = x\n"
		  "to = a@b <c@d>\nfrom = a@b\n",
		    PATH
		    ":4: [notify a] from: \"x\" is not a mail address\n" PATH
		    ":5: [notify a] to: \"<c@d>\" is not a mail "
		    "address\n" PATH
		    ":6: [notify a] from: stands in line 4 already\n" PATH
		    ":4: [notify a] from: mail needs a sender\n" PATH
		    ":5: [notify a] to: nobody gets the mail\n" },
		{ "[notify a]\nkind = webhook\nurl = http://x\n"
		  "severity = critical bad\ngroup_by = title\n"
		  "group_wait = soon\ngroup_interval = 0s\n",
		    PATH
		    ":4: [notify a] severity: \"bad\" is not critical, "
		    "warning or info\n" PATH
		    ":5: [notify a] group_by: \"title\" is not alertname, "
		    "rule, severity, service, agent_name, source or "
		    "instance\n" PATH
		    ":6: [notify a] group_wait: \"soon\" is not a duration "
		    "(500ms, 15s, 5m, 24h, 7d, 2w)\n" PATH
		    ":7: [notify a] group_interval: \"0s\" is too short or "
		    "too long\n" },
		{ "[http]\nhealth_port = 7800\n",
		    PATH ": [http]: health_port, dashboard_port and "
			 "gateway_port are not three ports\n" },
		{ "[paths]\nruntime_dir = "
		  "/0123456789/0123456789/0123456789/0123456789/0123456789/"
		  "0123456789/0123456789/0123456789/012\n",
		    PATH ": [paths]: runtime_dir has more than 90 bytes, too "
			 "long for the sockets in it\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf problems = BUF_INIT;
		struct config *config = NULL;

		assert_int_equal(config_parse(PATH, slice_of(cases[i][0]),
				     &config, &problems),
		    -1);
		assert_null(config);
		assert_string_equal(problems.data, cases[i][1]);
	}
}

static void
services_have_a_bound(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;

	(void)state;
	for (int i = 0; i < CONFIG_SERVICES + 10; i++)
		buf_addf(&text, "[service s%d]\n", i);
	assert_int_equal(
	    config_parse(PATH, buf_slice(&text), &config, &problems), -1);
	assert_non_null(strstr(problems.data,
	    PATH ":60: [service s59]: there are more than 64 services\n"));
}

static void
all_sections_at_once_have_room(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(config_freep) struct config *own = parse("");
	cleanup(config_freep) struct config *config = NULL;

	(void)state;
	buf_add_str(&text, "[paths]\n[audit]\n[door]\n[http]\n");
	for (size_t i = 0; i < own->service_count; i++)
		buf_addf(&text, "[service %s]\n", own->services[i].name);
	for (size_t i = own->service_count; i < CONFIG_SERVICES; i++)
		buf_addf(&text, "[service s%zu]\n", i);
	config = parse(text.data);
	assert_int_equal(config->service_count, CONFIG_SERVICES);
}

/* Two texts, as of kruxos.conf and of a file behind it. */
static int
parse_two(const char *first, const char *second, struct config **ret,
    struct buf *problems)
{
	struct files_file both[] = {
		{ PATH, slice_of(first) },
		{ LATER, slice_of(second) },
	};
	struct files files = { .files = both, .count = 2 };

	return config_parse_files(&files, ret, problems);
}

static struct config *
parse_both(const char *first, const char *second)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;

	if (parse_two(first, second, &config, &problems) == -1)
		fail_msg("%s", problems.data);
	return config;
}

static void
a_later_file_replaces_key_by_key(void **state)
{
	cleanup(config_freep) struct config *config = parse_both(
	    "[http]\nhealth_port = 1\nnames = a b\n"
	    "[service web]\nkind = http\ntarget = http://x\ncritical = yes\n"
	    "[notify n]\nkind = webhook\nurl = http://a\n"
	    "[policy]\na.b = blocked\nc.d = notify\n"
	    "[policy agent x]\na.b = notify\n"
	    "[limit]\na.b = 1/1m\n",
	    "[http]\nhealth_port = 2\nnames = c\n"
	    "[service web]\ntarget = http://y\n"
	    "[notify n]\nurl = http://b\nseverity = info\n"
	    "[policy agent  x]\na.b = blocked\n"
	    "[policy]\na.b = autonomous\n"
	    "[limit]\na.b = none\n"
	    "[paths]\naudit_dir = log\n");
	const struct config_service *web =
	    config_service(config, slice_of("web"));

	(void)state;
	assert_int_equal(config->health_port, 2);
	assert_int_equal(config->names.count, 1);
	assert_string_equal(config->names.words[0], "c");
	assert_int_equal(config->service_count, 6);
	assert_int_equal(web->kind, CONFIG_SERVICE_HTTP);
	assert_string_equal(web->target, "http://y");
	assert_true(web->critical);
	assert_int_equal(config->notify_count, 1);
	assert_int_equal(config->notifies[0].kind, CONFIG_NOTIFY_WEBHOOK);
	assert_string_equal(config->notifies[0].url, "http://b");
	assert_int_equal(config->notifies[0].severities, 1U << RULE_INFO);
	assert_int_equal(config->policy.rule_count, 3);
	assert_int_equal(config->policy.rules[0].tier, ENTRY_AUTONOMOUS);
	assert_int_equal(config->policy.rules[2].tier, ENTRY_BLOCKED);
	assert_int_equal(config->policy.limits[1].rate.count, 0);
	/* Wherever it is said: beside kruxos.conf. */
	assert_string_equal(config->audit_dir, "/etc/kruxos/log");
}

static void
a_later_file_takes_back_what_is_empty_by_default(void **state)
{
	cleanup(config_freep) struct config *config =
	    parse_both("[http]\nnames = a\n"
		       "[service a]\nuid = me\nmatch = x\ndepends_on = b\n"
		       "[service b]\n"
		       "[alert high-cpu]\ntitle = Hot\n",
		"[http]\nnames =\n"
		"[service a]\nuid =\nmatch =\ndepends_on =\n"
		"[alert high-cpu]\ntitle =\n");
	const struct config_service *a = config_service(config, slice_of("a"));

	(void)state;
	assert_int_equal(config->names.count, 0);
	assert_null(a->user);
	assert_null(a->match);
	assert_int_equal(a->parents, 0);
	assert_null(config->alerts[0].title);
}

static void
it_is_known_who_said_what(void **state)
{
	static const struct {
		const char *section, *name, *key;
		unsigned file, line;
	} cases[] = {
		{ "http", NULL, "health_port", 1, 3 },
		{ "http", NULL, "bind", 0, 3 },
		{ "service", "web", "uid", 1, 5 },
		{ "policy", "agent x", "a.*", 0, 5 },
	};
	cleanup(config_freep) struct config *config =
	    parse_both("[http]\nhealth_port = 1\nbind = ::1\n"
		       "[policy agent  x]\na.* = blocked\n",
		"\n[http]\nhealth_port = 2\n[service web]\nuid = me\n");

	(void)state;
	assert_int_equal(config->file_count, 2);
	assert_string_equal(config->files[0], PATH);
	assert_string_equal(config->files[1], LATER);
	assert_int_equal(config->origins.count, COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct origin *origin =
		    origins_find(&config->origins, slice_of(cases[i].section),
			slice_of(cases[i].name), slice_of(cases[i].key));

		assert_int_equal(origin->file, cases[i].file);
		assert_int_equal(origin->line, cases[i].line);
	}
	assert_null(origins_find(&config->origins, slice_of("http"),
	    slice_of(NULL), slice_of("names")));
}

static void
what_is_wrong_is_named_in_its_file(void **state)
{
	static const char *const cases[][3] = {
		/* Who replaces something wrong has not made it good. */
		{ "[http]\nbind = x\n", "[http]\nbind = ::1\n",
		    PATH ":2: [http] bind: \"x\" is not an IP address\n" },
		{ "[http]\nbind = ::1\n", "[http]\nbind = x\n",
		    LATER ":2: [http] bind: \"x\" is not an IP address\n" },
		{ "[http]\nbind = ::1\n",
		    "[http]\nbind = ::1\nbind = ::1\n[http]\n",
		    LATER ":3: [http] bind: stands in line 2 already\n" LATER
			  ":4: [http]: stands in line 1 already\n" },
		{ "[http]\n", "bind = ::1\n",
		    LATER ":1: a setting stands before the first [section]\n" },
		{ "[audit]\n", "what\n",
		    LATER ":1: \"what\" is neither [section] nor key = value "
			  "nor a # comment\n" },
		{ "[service a]\nkind = tcp\ntarget = mail:25\n",
		    "[service a]\ntarget = mail\n",
		    LATER ":2: [service a] target: is not host:port\n" },
		{ "[service a]\nkind = tcp\ntarget = mail\n",
		    "[service a]\ncritical = no\n",
		    PATH ":3: [service a] target: is not host:port\n" },
		{ "[alert a]\nwhen = cpu_percent > 1\n",
		    "\n[alert a]\nwhen =\n",
		    LATER ":3: [alert a] when: nothing says when to raise "
			  "it\n" },
		{ "[notify a]\nkind = webhook\nurl = http://x\n",
		    "[notify a]\nkind =\n",
		    LATER ":2: [notify a] kind: nothing says how to send "
			  "notices\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf problems = BUF_INIT;
		struct config *config = NULL;

		assert_int_equal(
		    parse_two(cases[i][0], cases[i][1], &config, &problems),
		    -1);
		assert_null(config);
		assert_string_equal(problems.data, cases[i][2]);
	}
}

/* Of the sections of several files those with the same name are one. */
static void
sections_of_several_files_share_the_room(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(config_freep) struct config *config = NULL;

	(void)state;
	for (size_t i = 5; i < CONFIG_SERVICES; i++)
		buf_addf(&text, "[service s%zu]\n", i);
	for (size_t i = 12; i < CONFIG_ALERTS; i++)
		buf_addf(&text, "[alert a%zu]\nwhen = cpu_percent > 1\n", i);
	for (size_t i = 0; i < POLICY_AGENTS; i++)
		buf_addf(&text, "[policy agent a%zu]\na.b = blocked\n", i);
	config = parse_both(text.data, text.data);
	assert_int_equal(config->service_count, CONFIG_SERVICES);
	assert_int_equal(config->policy.rule_count, POLICY_AGENTS);
}

/* A folder of its own, and in it for as long as a test lasts. */
static char folder[64];

static int
enter_a_folder(void **state)
{
	(void)state;
	unsetenv("KRUXOS_CONFIG");
	snprintf(folder, sizeof(folder), "/tmp/kruxos-config-XXXXXX");
	return mkdtemp(folder) == NULL || chdir(folder) == -1 ? -1 : 0;
}

static int
leave_the_folder(void **state)
{
	(void)state;
	unlink("run/kruxos.conf");
	rmdir("run");
	return chdir("/") == -1 || rmdir(folder) == -1 ? -1 : 0;
}

static void
write_run_kruxos_conf(const char *text)
{
	FILE *file;

	mkdir("run", 0700);
	file = fopen("run/kruxos.conf", "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
paths_are_relative_to_the_file_s_folder(void **state)
{
	static const char *const ways[] = { "run/kruxos.conf",
		"./run/kruxos.conf" };

	(void)state;
	write_run_kruxos_conf("[paths]\naudit_dir = log\n");
	for (size_t i = 0; i < COUNT(ways); i++) {
		cleanup(config_freep) struct config *config = NULL;
		struct error err = { 0 };
		char expected[80];

		assert_int_equal(config_load(ways[i], &config, &err), 0);
		snprintf(expected, sizeof(expected), "%s/run/log", folder);
		assert_string_equal(config->audit_dir, expected);
		snprintf(expected, sizeof(expected), "%s/run", folder);
		assert_string_equal(config->data_dir, expected);
		snprintf(
		    expected, sizeof(expected), "%s/run/kruxos.conf", folder);
		assert_string_equal(config->path, expected);
	}
}

static void
load_says_the_first_problem_and_check_all(void **state)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;
	struct error err = { 0 };

	(void)state;
	write_run_kruxos_conf("[http]\nbind = x\n");
	assert_int_equal(config_load("run/kruxos.conf", &config, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.sentence,
	    "run/kruxos.conf:2: [http] bind: \"x\" is not an IP address");
	write_run_kruxos_conf("[http]\nbind = x\n\n[door]\nx=1\ny=2\n");
	assert_int_equal(config_load("run/kruxos.conf", &config, &err), -1);
	assert_string_equal(err.sentence,
	    "run/kruxos.conf:2: [http] bind: \"x\" is not an IP address "
	    "(and 2 more)");
	assert_int_equal(
	    config_check("run/kruxos.conf", &config, &problems), -1);
	assert_string_equal(problems.data,
	    "run/kruxos.conf:2: [http] bind: \"x\" is not an IP address\n"
	    "run/kruxos.conf:5: [door] x: there is no such setting\n"
	    "run/kruxos.conf:6: [door] y: there is no such setting\n");
	assert_null(config);
}

static void
a_fifo_is_not_waited_for(void **state)
{
	struct config *config = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(mkfifo("fifo.conf", 0600), 0);
	assert_int_equal(config_load("fifo.conf", &config, &err), -1);
	assert_int_equal(unlink("fifo.conf"), 0);
	assert_string_equal(
	    err.sentence, "fifo.conf: a FIFO cannot be read again");
	assert_null(config);
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *config = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(config_load("none.conf", &config, &err), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(err.errnum, ENOENT);
	assert_string_equal(
	    err.sentence, "none.conf: open: No such file or directory");
	assert_int_equal(config_check("/", &config, &problems), -1);
	assert_string_equal(problems.data, "/: read: Is a directory\n");
}

static void
a_file_has_at_most_a_mebibyte(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(config_freep) struct config *config = NULL;
	struct error err = { 0 };

	(void)state;
	buf_add_chars(&text, '\n', FILES_BYTES);
	write_run_kruxos_conf(text.data);
	assert_int_equal(config_load("run/kruxos.conf", &config, &err), 0);
	buf_add_char(&text, '\n');
	write_run_kruxos_conf(text.data);
	assert_int_equal(config_load("run/kruxos.conf", &config, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
}

static void
what_lies_elsewhere_moves(void **state)
{
	static const char *const moves[] = {
		"[paths]\ndata_dir = /srv/a\n",
		"[paths]\nruntime_dir = /srv/a\n",
		"[paths]\nspool_dir = /srv/a\n",
		"[paths]\nlog_dir = /srv/a\n",
		"[paths]\napi_socket = /srv/a/api.sock\n",
	};
	cleanup(config_freep) struct config *before = parse("");
	cleanup(config_freep) struct config *other =
	    parse("[http]\nhealth_port = 7711\n");

	(void)state;
	assert_false(config_moves(before, other));
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		cleanup(config_freep) struct config *after = parse(moves[i]);

		assert_true(config_moves(before, after));
	}
}

static void
the_path_is_found_in_order(void **state)
{
	(void)state;
	assert_string_equal(config_find_path(NULL), "/etc/kruxos/kruxos.conf");
	write_run_kruxos_conf("");
	assert_string_equal(config_find_path(NULL), "run/kruxos.conf");
	setenv("KRUXOS_CONFIG", "", 1);
	assert_string_equal(config_find_path(NULL), "run/kruxos.conf");
	setenv("KRUXOS_CONFIG", "/a", 1);
	assert_string_equal(config_find_path(NULL), "/a");
	assert_string_equal(config_find_path("b"), "b");
}

/* Root looks as root; nobody else can make what is another's. */
static void
what_is_anothers_is_not_found(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_run_kruxos_conf("");
	assert_int_equal(chown("run/kruxos.conf", 1, 1), 0);
	assert_string_equal(config_find_path(NULL), "/etc/kruxos/kruxos.conf");
	assert_int_equal(chown("run/kruxos.conf", 0, 0), 0);
	assert_int_equal(chown("run", 1, 1), 0);
	assert_string_equal(config_find_path(NULL), "/etc/kruxos/kruxos.conf");
	assert_string_equal(
	    config_find_path("run/kruxos.conf"), "run/kruxos.conf");
}

#define IN_A_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, enter_a_folder, leave_the_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_the_defaults),
		cmocka_unit_test(
		    five_services_are_there_without_being_configured),
		cmocka_unit_test(services_depend_on_others),
		cmocka_unit_test(ten_alerts_are_there_without_being_configured),
		cmocka_unit_test(alerts_are_amended_and_added),
		cmocka_unit_test(the_file_s_values_replace_the_defaults),
		cmocka_unit_test(state_and_api_socket_may_lie_elsewhere),
		cmocka_unit_test(services_are_amended_and_added),
		cmocka_unit_test(
		    channels_of_notices_have_alertmanagers_defaults),
		cmocka_unit_test(no_check_takes_longer_than_the_interval),
		cmocka_unit_test(everything_wrong_is_named_with_its_line),
		cmocka_unit_test(services_have_a_bound),
		cmocka_unit_test(all_sections_at_once_have_room),
		cmocka_unit_test(a_later_file_replaces_key_by_key),
		cmocka_unit_test(
		    a_later_file_takes_back_what_is_empty_by_default),
		cmocka_unit_test(it_is_known_who_said_what),
		cmocka_unit_test(what_is_wrong_is_named_in_its_file),
		cmocka_unit_test(sections_of_several_files_share_the_room),
		IN_A_FOLDER(paths_are_relative_to_the_file_s_folder),
		IN_A_FOLDER(load_says_the_first_problem_and_check_all),
		IN_A_FOLDER(a_fifo_is_not_waited_for),
		IN_A_FOLDER(a_file_that_cannot_be_read_is_named),
		IN_A_FOLDER(a_file_has_at_most_a_mebibyte),
		IN_A_FOLDER(what_lies_elsewhere_moves),
		IN_A_FOLDER(the_path_is_found_in_order),
		IN_A_FOLDER(what_is_anothers_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
