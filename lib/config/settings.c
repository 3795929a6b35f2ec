#include "config/settings.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "config/config.h"

#include <arpa/inet.h>

#include <errno.h>
#include <stdarg.h>

enum {
	ACCOUNT_BYTES = 32, /* of a user's or group's name: useradd(8) */
	HOST_BYTES = 253,   /* of a host name: RFC 1035 §2.3.4, as text */
	MAIL_BYTES = 254,   /* of an address: RFC 5321 §4.5.3.1.3 */
};

static const char *const audit_failures[] = { "deny", "allow", NULL };
static const char *const service_kinds[] = { "none", "http", "tcp", "unix",
	"systemd", "heartbeat", NULL };

const char *const config_notify_kinds[] = {
	[CONFIG_NOTIFY_ALERTMANAGER] = "alertmanager",
	[CONFIG_NOTIFY_WEBHOOK] = "webhook",
	[CONFIG_NOTIFY_SMTP] = "smtp",
	NULL,
};

const char *const config_labels[CONFIG_LABELS + 1] = {
	[CONFIG_LABEL_ALERTNAME] = "alertname",
	[CONFIG_LABEL_RULE] = "rule",
	[CONFIG_LABEL_SEVERITY] = "severity",
	[CONFIG_LABEL_SERVICE] = "service",
	[CONFIG_LABEL_AGENT_NAME] = "agent_name",
	[CONFIG_LABEL_SOURCE] = "source",
	[CONFIG_LABEL_INSTANCE] = "instance",
};

#define IN_CONFIG(field)  offsetof(struct config, field)
#define IN_SERVICE(field) offsetof(struct config_service, field)
#define IN_ALERT(field)	  offsetof(struct config_alert, field)
#define IN_NOTIFY(field)  offsetof(struct config_notify, field)
#define IN_RULE(field)	  offsetof(struct policy_rule, field)
#define IN_LIMIT(field)	  offsetof(struct policy_limit, field)

const struct setting settings[] = {
	{ "paths", "data_dir", SETTING_PATH, IN_CONFIG(data_dir), ".",
	    "Where kruxos.db and telemetry.db lie; by default the folder of "
	    "this file." },
	{ "paths", "state_dir", SETTING_PATH, IN_CONFIG(state_dir), ".",
	    "Where state.db lies, which holds accounts and digests of tokens; "
	    "by default `data_dir`." },
	{ "paths", "audit_dir", SETTING_PATH, IN_CONFIG(audit_dir), "audit",
	    "Where the audit log lies; by default `audit` in `data_dir`." },
	{ "paths", "runtime_dir", SETTING_PATH, IN_CONFIG(runtime_dir), ".",
	    "Where the sockets and the status page lie; by default "
	    "`data_dir`. At most 90 bytes long: paths of sockets have 107." },
	{ "paths", "api_socket", SETTING_PATH, IN_CONFIG(api_socket),
	    "api.sock",
	    "The socket that answers whoever may open it, without a sign-in; "
	    "by default `api.sock` in `runtime_dir`." },
	{ "paths", "log_dir", SETTING_PATH, IN_CONFIG(log_dir), "log",
	    "Where nginx writes its access log, which kruxos-observer(8) "
	    "reads; by default `log` in `data_dir`." },
	{ "paths", "pid_dir", SETTING_PATH, IN_CONFIG(pid_dir), "pid",
	    "Where the programs' numbers lie, in `NAME.pid`; by default `pid` "
	    "in `data_dir`." },
	{ "paths", "spool_dir", SETTING_PATH, IN_CONFIG(spool_dir), "spool",
	    "Where kruxos-hook(1) leaves what it could not hand in, until "
	    "kruxosd(8) takes it; by default `spool` in `data_dir`. kruxosd(8) "
	    "makes it for its own user alone; where agents run as others, it "
	    "is made theirs to write to and not to read, with files of the "
	    "daemon's group (mode 3733), as the package does." },

	{ "audit", "retention_days", SETTING_NUMBER, IN_CONFIG(retention_days),
	    "400",
	    "So many days of the audit log are kept, counted in days that it "
	    "has files of: one without an entry has none. 0 keeps all. The "
	    "last two files always stay, and at most two are removed in 24 "
	    "hours.",
	    .max = 36500, .unit = "days" },
	{ "audit", "on_audit_failure", SETTING_CHOICE,
	    IN_CONFIG(on_audit_failure), "deny",
	    "What the gateway does with a tool call that cannot be recorded: "
	    "`allow` shows what only reads, without a record.",
	    .choices = audit_failures },

	{ "hook", "on_audit_failure", SETTING_CHOICE,
	    IN_CONFIG(hook_on_audit_failure), "allow",
	    "What kruxos-hook(1) does with a tool call that cannot be "
	    "recorded: `allow` lets it run, and it is recorded later; `deny` "
	    "refuses it.",
	    .choices = audit_failures },

	{ "door", "connections", SETTING_NUMBER, IN_CONFIG(connections),
	    "10240", "Connections that `ingest.sock` takes at once.", .min = 16,
	    .max = 100000 },
	{ "door", "connections_per_uid", SETTING_NUMBER,
	    IN_CONFIG(connections_per_uid), "64",
	    "Of these, how many one user may have.", .min = 1, .max = 100000 },
	{ "door", "web_users", SETTING_ACCOUNTS, IN_CONFIG(web_users),
	    "kruxos-web kruxos-session kruxos-gateway",
	    "The users of the FastCGI programs, which relay actions of others "
	    "and, whatever their groups, have no right of their own." },
	{ "door", "observer_user", SETTING_ACCOUNT, IN_CONFIG(observer_user),
	    "kruxos-observer",
	    "The user that reports on the host and on services." },
	{ "door", "operator_group", SETTING_ACCOUNT, IN_CONFIG(operator_group),
	    "kruxos", "Its members read, acknowledge and silence." },
	{ "door", "ingest_group", SETTING_ACCOUNT, IN_CONFIG(ingest_group),
	    "kruxos-ingest", "Its members hand in what agents did." },

	{ "http", "bind", SETTING_ADDRESS, IN_CONFIG(bind), "127.0.0.1",
	    "The address that the ports below are opened on." },
	{ "http", "health_port", SETTING_NUMBER, IN_CONFIG(health_port), "7701",
	    "The port of `/health` and `/metrics`.", .min = 1, .max = 65535 },
	{ "http", "dashboard_port", SETTING_NUMBER, IN_CONFIG(dashboard_port),
	    "7800", "The port of the dashboard and its API.", .min = 1,
	    .max = 65535 },
	{ "http", "gateway_port", SETTING_NUMBER, IN_CONFIG(gateway_port),
	    "7700", "The port that agents call.", .min = 1, .max = 65535 },
	{ "http", "names", SETTING_HOSTS, IN_CONFIG(names), "",
	    "Names of this host beside its own, its addresses and localhost. "
	    "A request for any other name is refused." },
	{ "http", "health_connections", SETTING_NUMBER,
	    IN_CONFIG(health_connections), "1024",
	    "Connections that the health port takes at once.", .min = 1,
	    .max = 16384 },
	{ "http", "api_connections", SETTING_NUMBER, IN_CONFIG(api_connections),
	    "256", "Connections that `api.sock` takes at once.", .min = 1,
	    .max = 16384 },
	{ "http", "connections_per_address", SETTING_NUMBER,
	    IN_CONFIG(connections_per_address), "64",
	    "Connections from one address, to the three ports together. "
	    "Loopback is not counted by address.",
	    .min = 1, .max = 16384 },
	{ "http", "streams_per_address", SETTING_NUMBER,
	    IN_CONFIG(streams_per_address), "16",
	    "Of these, how many may be live streams.", .min = 1, .max = 16384 },
	{ "http", "slow_answers", SETTING_NUMBER, IN_CONFIG(slow_answers), "4",
	    "Searches and exports that a program works on at once.", .min = 1,
	    .max = 64 },

	{ "sign_in", "idle_timeout", SETTING_DURATION, IN_CONFIG(idle_timeout),
	    "30m",
	    "A sign-in session that is not used for so long ends. Pages that "
	    "refresh themselves, and live streams, do not count as use.",
	    .min = USEC_PER_MIN, .max = 30 * USEC_PER_DAY },
	{ "sign_in", "absolute_timeout", SETTING_DURATION,
	    IN_CONFIG(absolute_timeout), "12h",
	    "A sign-in session ends after so long, used or not.",
	    .min = USEC_PER_MIN, .max = 30 * USEC_PER_DAY },
	{ "sign_in", "link_timeout", SETTING_DURATION, IN_CONFIG(link_timeout),
	    "5m",
	    "For so long a link of `kruxos login-link` is good, for one "
	    "sign-in.",
	    .min = USEC_PER_SEC, .max = USEC_PER_DAY },
	{ "sign_in", "attempts_per_minute", SETTING_NUMBER,
	    IN_CONFIG(attempts_per_minute), "10",
	    "Sign-ins that may fail from one address, and to one account.",
	    .min = 1, .max = 10000 },

	{ "gateway", "attempts_per_minute", SETTING_NUMBER,
	    IN_CONFIG(gateway_attempts), "60",
	    "Calls with a token that is nobody's, from one address.", .min = 1,
	    .max = 10000 },
	{ "gateway", "approval_timeout", SETTING_DURATION,
	    IN_CONFIG(approval_timeout), "24h",
	    "A request that nobody has decided for so long has expired.",
	    .min = USEC_PER_MIN, .max = 30 * USEC_PER_DAY },
	{ "gateway", "approval_valid", SETTING_DURATION,
	    IN_CONFIG(approval_valid), "1h",
	    "For so long the call that was accepted may be made, once.",
	    .min = USEC_PER_SEC, .max = 30 * USEC_PER_DAY },

	{ "policy", "CAPABILITY", SETTING_TIER, IN_RULE(tier), "autonomous",
	    "What agents may do of a capability, or of those that a glob "
	    "such as `shell.*` stands for. `autonomous`: it is done; `notify`: "
	    "it is done, and marked; `approval_required`: a person is asked "
	    "first; `blocked`: it is denied.",
	    .choices = policy_tiers, .is_free = true },

	{ "limit", "CAPABILITY", SETTING_RATE, IN_LIMIT(rate), "none",
	    "How often each agent may use it: so many times at once, and as "
	    "many again in the time behind the `/`, 1s to 1d. `none`: as often "
	    "as it likes.",
	    .is_free = true },

	{ "observer", "check_interval_seconds", SETTING_SEC,
	    IN_CONFIG(check_interval), "15",
	    "How often each service is checked; no check takes longer. A "
	    "service that was not checked for three intervals is unknown, one "
	    "that did not send its heartbeat is down; neither before 15 "
	    "seconds have passed.",
	    .min = 1, .max = 3600, .unit = "seconds" },

	{ "proxy", "report_interval_seconds", SETTING_SEC,
	    IN_CONFIG(proxy_interval), "30",
	    "How often whoever runs the service proxy reports, at least; after "
	    "three times that without a report what is known is stale.",
	    .min = 1, .max = 3600, .unit = "seconds" },

	{ "service", "kind", SETTING_CHOICE, IN_SERVICE(kind), "none",
	    "How the service is checked (kruxos-observer(8) says what is good "
	    "enough); `none`: not at all, its state is unknown.",
	    .choices = service_kinds },
	{ "service", "target", SETTING_TEXT, IN_SERVICE(target), "",
	    "What is checked: for `http` a URL with http or https, for `tcp` "
	    "host:port, for `unix` a socket's whole path, for `systemd` a "
	    "unit." },
	{ "service", "timeout_ms", SETTING_MSEC, IN_SERVICE(timeout), "2000",
	    "A check that takes longer has failed; at most "
	    "`check_interval_seconds`.",
	    .min = 10, .max = 15000, .unit = "ms" },
	{ "service", "critical", SETTING_YES_NO, IN_SERVICE(critical), "no",
	    "Whether the whole is unhealthy when this service is; by default "
	    "`yes` for audit and state." },
	{ "service", "uid", SETTING_ACCOUNT, IN_SERVICE(user), "",
	    "The user that may send its heartbeat; of proxy, its reports." },
	{ "service", "depends_on", SETTING_NAMES, IN_SERVICE(depends_on), "",
	    "Services without which it cannot work: while one of them is down, "
	    "its own alert waits; it waits for as long as they may take to be "
	    "found so, an interval and the longest of their time-outs, too." },
	{ "service", "match", SETTING_TEXT, IN_SERVICE(match), "",
	    "What the body of an HTTP answer must contain, in its first "
	    "64 KiB." },

	{ "alert", "when", SETTING_RULE, IN_ALERT(when), "",
	    "What raises the alert: a figure, `>`, `>=`, `<` or `<=`, a "
	    "number; or `audit_write_failure`, `log_damaged`, "
	    "`database_failure`, `observer_silent`, `token_guessing`, "
	    "`service_down` or `rate_limit_hit`; then, if it is not to be "
	    "raised at once, `for` and how long it must have been so, such as "
	    "`30s`, a day at most." },
	{ "alert", "severity", SETTING_CHOICE, IN_ALERT(severity), "warning",
	    "How bad it is.", .choices = rule_severities },
	{ "alert", "title", SETTING_TEXT, IN_ALERT(title), "",
	    "What the alert is called; by default the section's name." },
	{ "alert", "enabled", SETTING_YES_NO, IN_ALERT(enabled), "yes",
	    "Whether it is raised at all." },

	{ "notify", "kind", SETTING_CHOICE, IN_NOTIFY(kind), "",
	    "How notices are sent; it has to be said.",
	    .choices = config_notify_kinds },
	{ "notify", "url", SETTING_TEXT, IN_NOTIFY(url), "",
	    "Where they are sent: `http://` or `https://`, of an Alertmanager "
	    "the address of its pages; for mail `smtp://host:port` or "
	    "`smtps://host:port`. It has to be said." },
	{ "notify", "severity", SETTING_SET, IN_NOTIFY(severities),
	    "critical warning info", "Of which alerts.",
	    .choices = rule_severities },
	{ "notify", "group_by", SETTING_SET, IN_NOTIFY(group_by), "rule",
	    "Alerts for which these labels are the same share a notice.",
	    .choices = config_labels },
	{ "notify", "group_wait", SETTING_DURATION, IN_NOTIFY(group_wait),
	    "30s", "How long the first alert of a group waits for others.",
	    .max = USEC_PER_HOUR },
	{ "notify", "group_interval", SETTING_DURATION,
	    IN_NOTIFY(group_interval), "5m",
	    "How long a group that has changed waits after its last notice.",
	    .min = USEC_PER_SEC, .max = USEC_PER_DAY },
	{ "notify", "repeat_interval", SETTING_DURATION,
	    IN_NOTIFY(repeat_interval), "4h",
	    "When a group that has not changed is told of again.",
	    .min = USEC_PER_SEC, .max = 30 * USEC_PER_DAY },
	{ "notify", "send_resolved", SETTING_YES_NO, IN_NOTIFY(send_resolved),
	    "yes", "Whether it is told that an alert is over." },
	{ "notify", "secret_file", SETTING_PATH, IN_NOTIFY(secret_file), "",
	    "The key with which a webhook's body is signed: the first line of "
	    "the file, which kruxos-observer(8) alone has to be able to read. "
	    "It, and the password, are read for each notice." },
	{ "notify", "from", SETTING_MAIL, IN_NOTIFY(from), "",
	    "Who mail comes from; mail has to have it." },
	{ "notify", "to", SETTING_MAILS, IN_NOTIFY(to), "",
	    "Who gets the mail; at least one." },
	{ "notify", "user", SETTING_TEXT, IN_NOTIFY(user), "",
	    "As whom to sign in at the other end; for mail, over TLS only." },
	{ "notify", "password_file", SETTING_PATH, IN_NOTIFY(password_file), "",
	    "The password for that: the first line of the file." },
	{ "notify", "timeout_ms", SETTING_MSEC, IN_NOTIFY(timeout), "10000",
	    "A notice that takes longer has failed, and is sent again.",
	    .min = 100, .max = 30000, .unit = "ms" },
	{ "notify", "verify_tls", SETTING_YES_NO, IN_NOTIFY(verify_tls), "yes",
	    "Whether the certificate of the other end must be good." },
	{ "notify", "ca_file", SETTING_PATH, IN_NOTIFY(ca_file), "",
	    "Whose certificates are trusted, instead of those that the system "
	    "trusts." },
	{ NULL },
};

const struct setting *
settings_find(struct slice section, struct slice key)
{
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (slice_is(section, row->section) &&
		    (row->is_free || slice_is(key, row->key)))
			return row;
	return NULL;
}

bool
settings_has_section(struct slice section)
{
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (slice_is(section, row->section))
			return true;
	return false;
}

bool
settings_is_named(const struct setting *setting)
{
	static const char *const named[] = { "service", "alert", "notify" };

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(setting->section, named[i]) == 0)
			return true;
	return false;
}

bool
settings_is_name(struct slice text, size_t most, const char *others)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!letter && (c < '0' || c > '9') &&
		    (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return text.len > 0 && text.len <= most && text.data[0] != '-';
}

/* How a value is read, a function a type. */

struct value {
	const struct setting *setting;
	struct slice text;
	const char *folder;
	struct arena *arena;
};

typedef int
store_function(const struct value *value, void *field, struct error *err);

static int fail(struct error *err, struct slice text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct error *err, struct slice text, const char *format, ...)
{
	cleanup(buf_free) struct buf sentence = BUF_INIT;
	va_list arguments;

	text_add_quoted(&sentence, text);
	buf_add_char(&sentence, ' ');
	va_start(arguments, format);
	buf_addv(&sentence, format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_INVALID, "%s", sentence.data);
}

static int
store_path(const struct value *value, void *field, struct error *err)
{
	struct slice path = value->text;
	const char **ret = field;

	(void)err;
	while (path.len > 1 && path.data[path.len - 1] == '/')
		path.len--;
	if (path.data[0] == '/')
		*ret = arena_slice(value->arena, path).data;
	else if (slice_is(path, "."))
		*ret = arena_printf(value->arena, "%s", value->folder);
	else
		*ret = arena_printf(value->arena, "%s/%.*s",
		    slice_is(slice_of(value->folder), "/") ? "" : value->folder,
		    SLICE_ARG(path));
	return 0;
}

static int
store_text(const struct value *value, void *field, struct error *err)
{
	(void)err;
	*(const char **)field = arena_slice(value->arena, value->text).data;
	return 0;
}

static int
store_address(const struct value *value, void *field, struct error *err)
{
	const char *text = arena_slice(value->arena, value->text).data;
	struct in6_addr address;

	if (inet_pton(AF_INET, text, &address) != 1 &&
	    inet_pton(AF_INET6, text, &address) != 1)
		return fail(err, value->text, "is not an IP address");
	*(const char **)field = text;
	return 0;
}

/* The next word of `rest`, which shrinks; false when there is none. */
static bool
take_word(struct slice *rest, struct slice *ret)
{
	size_t start = 0, end;

	while (start < rest->len && rest->data[start] == ' ')
		start++;
	end = start;
	while (end < rest->len && rest->data[end] != ' ')
		end++;
	*ret = (struct slice){ rest->data + start, end - start };
	*rest = (struct slice){ rest->data + end, rest->len - end };
	return end > start;
}

static int
store_words(const struct value *value, bool (*is_good)(struct slice word),
    const char *what, void *field, struct error *err)
{
	const char **words =
	    arena_array(value->arena, CONFIG_WORDS + 1, sizeof(words[0]));
	struct slice rest = value->text, word;
	size_t count = 0;

	while (take_word(&rest, &word)) {
		if (!is_good(word))
			return fail(err, word, "is not %s", what);
		if (count == CONFIG_WORDS)
			return fail(err, value->text, "has more than %d names",
			    CONFIG_WORDS);
		words[count++] = arena_slice(value->arena, word).data;
	}
	*(struct config_words *)field = (struct config_words){ words, count };
	return 0;
}

static bool
is_account(struct slice word)
{
	return settings_is_name(word, ACCOUNT_BYTES, "._-");
}

static int
store_account(const struct value *value, void *field, struct error *err)
{
	if (!is_account(value->text))
		return fail(err, value->text, "is not the name of an account");
	return store_text(value, field, err);
}

static int
store_accounts(const struct value *value, void *field, struct error *err)
{
	return store_words(
	    value, is_account, "the name of an account", field, err);
}

static bool
is_host(struct slice word)
{
	return settings_is_name(word, HOST_BYTES, ".-") && word.data[0] != '.';
}

static int
store_hosts(const struct value *value, void *field, struct error *err)
{
	return store_words(value, is_host, "a host name", field, err);
}

static bool
is_section_name(struct slice word)
{
	return settings_is_name(word, SETTINGS_NAME_BYTES, "-_.");
}

static int
store_names(const struct value *value, void *field, struct error *err)
{
	return store_words(value, is_section_name, "a name", field, err);
}

/* local@host, of letters that need no quotes (RFC 5322 §3.2.3). */
static bool
is_mail(struct slice word)
{
	const char *at = memrchr(word.data, '@', word.len);
	struct slice local, host;

	if (at == NULL || word.len > MAIL_BYTES)
		return false;
	local = (struct slice){ word.data, (size_t)(at - word.data) };
	host = (struct slice){ at + 1, word.len - local.len - 1 };
	return is_host(host) &&
	       settings_is_name(local, MAIL_BYTES, ".!#$%&'*+-/=?^_`{|}~");
}

static int
store_mail(const struct value *value, void *field, struct error *err)
{
	if (!is_mail(value->text))
		return fail(err, value->text, "is not a mail address");
	return store_text(value, field, err);
}

static int
store_mails(const struct value *value, void *field, struct error *err)
{
	return store_words(value, is_mail, "a mail address", field, err);
}

static int
read_number(const struct value *value, uint64_t *ret, struct error *err)
{
	const struct setting *setting = value->setting;

	if (number_parse_u64(value->text, setting->min, setting->max, ret) == 0)
		return 0;
	if (errno == EINVAL)
		return fail(err, value->text, "is not a number");
	return fail(err, value->text, "is not within %llu to %llu",
	    (unsigned long long)setting->min, (unsigned long long)setting->max);
}

static int
store_number(const struct value *value, void *field, struct error *err)
{
	uint64_t number;

	if (read_number(value, &number, err) == -1)
		return -1;
	*(unsigned *)field = (unsigned)number;
	return 0;
}

static int
store_msec(const struct value *value, void *field, struct error *err)
{
	uint64_t number;

	if (read_number(value, &number, err) == -1)
		return -1;
	*(usec_t *)field = number * USEC_PER_MSEC;
	return 0;
}

static int
store_sec(const struct value *value, void *field, struct error *err)
{
	uint64_t number;

	if (read_number(value, &number, err) == -1)
		return -1;
	*(usec_t *)field = number * USEC_PER_SEC;
	return 0;
}

static int
store_duration(const struct value *value, void *field, struct error *err)
{
	const struct setting *setting = value->setting;
	usec_t duration;

	if (clock_parse_duration(value->text, &duration, err) == -1)
		return -1;
	if (duration < setting->min || duration > setting->max)
		return fail(err, value->text, "is too short or too long");
	*(usec_t *)field = duration;
	return 0;
}

static int
store_yes_no(const struct value *value, void *field, struct error *err)
{
	bool yes = slice_is(value->text, "yes");

	if (!yes && !slice_is(value->text, "no"))
		return fail(err, value->text, "is neither yes nor no");
	*(bool *)field = yes;
	return 0;
}

static int
store_rule(const struct value *value, void *field, struct error *err)
{
	return rule_parse(value->text, field, err);
}

static void
add_choices(struct buf *out, const char *const *choices)
{
	for (size_t i = 0; choices[i] != NULL; i++) {
		if (i > 0)
			buf_add_str(
			    out, choices[i + 1] == NULL ? " or " : ", ");
		buf_add_str(out, choices[i]);
	}
}

static int
find_choice(const char *const *choices, struct slice word)
{
	for (int i = 0; choices[i] != NULL; i++)
		if (slice_is(word, choices[i]))
			return i;
	return -1;
}

static int
store_choice(const struct value *value, void *field, struct error *err)
{
	const char *const *choices = value->setting->choices;
	cleanup(buf_free) struct buf words = BUF_INIT;
	int choice = find_choice(choices, value->text);

	add_choices(&words, choices);
	if (choice == -1)
		return fail(err, value->text, "is not %s", words.data);
	*(int *)field = choice;
	return 0;
}

static int
store_set(const struct value *value, void *field, struct error *err)
{
	const char *const *choices = value->setting->choices;
	cleanup(buf_free) struct buf words = BUF_INIT;
	struct slice rest = value->text, word;
	unsigned set = 0;

	add_choices(&words, choices);
	while (take_word(&rest, &word)) {
		int choice = find_choice(choices, word);

		if (choice == -1)
			return fail(err, word, "is not %s", words.data);
		set |= 1U << choice;
	}
	*(unsigned *)field = set;
	return 0;
}

static int
store_tier(const struct value *value, void *field, struct error *err)
{
	int tier = entry_tier_of(value->text);
	cleanup(buf_free) struct buf words = BUF_INIT;

	add_choices(&words, policy_tiers);
	if (tier == -1)
		return fail(err, value->text, "is not %s", words.data);
	*(enum entry_tier *)field = (enum entry_tier)tier;
	return 0;
}

static int
store_rate(const struct value *value, void *field, struct error *err)
{
	struct error why;

	if (policy_parse_rate(value->text, field, &why) == 0)
		return 0;
	return fail(err, value->text, "is no limit: %s", why.sentence);
}

static const struct {
	store_function *store;
	const char *words;
	size_t size; /* of the field */
} types[] = {
	[SETTING_PATH] = { store_path, "a path", sizeof(char *) },
	[SETTING_TEXT] = { store_text, "text", sizeof(char *) },
	[SETTING_ACCOUNT] = { store_account,
	    "a user or group, by name or number", sizeof(char *) },
	[SETTING_ACCOUNTS] = { store_accounts,
	    "users, by name or number, with spaces between",
	    sizeof(struct config_words) },
	[SETTING_ADDRESS] = { store_address, "an IP address", sizeof(char *) },
	[SETTING_HOSTS] = { store_hosts, "host names, with spaces between",
	    sizeof(struct config_words) },
	[SETTING_NAMES] = { store_names, "names, with spaces between",
	    sizeof(struct config_words) },
	[SETTING_NUMBER] = { store_number, "a number", sizeof(unsigned) },
	[SETTING_MSEC] = { store_msec, "a number", sizeof(usec_t) },
	[SETTING_SEC] = { store_sec, "a number", sizeof(usec_t) },
	[SETTING_DURATION] = { store_duration, "a duration such as 30s",
	    sizeof(usec_t) },
	[SETTING_YES_NO] = { store_yes_no, "yes or no", sizeof(bool) },
	[SETTING_MAIL] = { store_mail, "a mail address", sizeof(char *) },
	[SETTING_MAILS] = { store_mails, "mail addresses, with spaces between",
	    sizeof(struct config_words) },
	[SETTING_RULE] = { store_rule, "a condition", sizeof(struct rule) },
	[SETTING_CHOICE] = { store_choice, NULL, sizeof(int) },
	[SETTING_SET] = { store_set, NULL, sizeof(unsigned) },
	[SETTING_TIER] = { store_tier, NULL, sizeof(enum entry_tier) },
	[SETTING_RATE] = { store_rate, "a limit such as 30/1m, or none",
	    sizeof(struct policy_rate) },
};

/* Nothing is none of the choices, and of all other types zero. */
static void
empty(const struct setting *setting, void *field)
{
	if (setting->type == SETTING_CHOICE)
		*(int *)field = -1;
	else
		memset(field, 0, types[setting->type].size);
}

int
settings_store(const struct setting *setting, struct slice text,
    const char *folder, struct arena *arena, void *object, struct error *err)
{
	struct value value = { setting, text, folder, arena };
	void *field = (char *)object + setting->offset;

	/* What is empty by default may be made so. */
	if (text.len == 0 && setting->standard[0] != '\0')
		return error_set(err, ERROR_INVALID, "there is no value");
	if (text.len == 0) {
		empty(setting, field);
		return 0;
	}
	return types[setting->type].store(&value, field, err);
}

/* ", 1 to 65535", ", 1m to 30d", ", at most 1h" */
static void
add_bounds(const struct setting *setting, struct buf *out)
{
	char min[CLOCK_DURATION_SIZE], max[CLOCK_DURATION_SIZE];

	if (setting->type != SETTING_DURATION) {
		buf_addf(out, ", %llu to %llu",
		    (unsigned long long)setting->min,
		    (unsigned long long)setting->max);
		return;
	}
	clock_format_duration(setting->min, min);
	clock_format_duration(setting->max, max);
	if (setting->min == 0)
		buf_addf(out, ", at most %s", max);
	else
		buf_addf(out, ", %s to %s", min, max);
}

void
settings_describe(const struct setting *setting, struct buf *out)
{
	if (setting->type == SETTING_SET)
		buf_add_str(out, "any of ");
	if (setting->choices != NULL) {
		add_choices(out, setting->choices);
		return;
	}
	buf_add_str(out, types[setting->type].words);
	if (setting->unit != NULL)
		buf_addf(out, " of %s", setting->unit);
	if (setting->max > 0)
		add_bounds(setting, out);
}
