#include "config/config.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/reader.h"
#include "config/settings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* OBSERVED_SILENCE_MAX of store/observed.h, which is not below us. */
#define THREE_REPORTS (15 * USEC_PER_SEC)

enum {
	SETTINGS = 128, /* room for the rows of the table */
	/* and for a file's sections */
	SECTIONS = CONFIG_SERVICES + CONFIG_ALERTS + CONFIG_NOTIFIES + 8,
};

/* Services that are there without being configured. */
static const struct {
	const char *name;
	bool critical;
} own_services[] = {
	{ "gateway", false },
	{ "vault", false },
	{ "proxy", false },
	{ "audit", true },
	{ "state", true },
};

/* Alerts that are there without being configured. */
static const struct {
	const char *name;
	const char *when;
	const char *severity;
	const char *title;
} own_alerts[] = {
	{ "high-cpu", "cpu_percent > 90 for 5m", "warning", "High CPU" },
	{ "high-memory", "memory_percent > 85", "warning", "High memory" },
	{ "disk-space", "disk_used_percent > 90", "critical", "Disk space" },
	{ "audit-write-failure", "audit_write_failure", "critical",
	    "Audit write failure" },
	{ "log-damaged", "log_damaged", "critical", "Audit log damaged" },
	{ "database-failure", "database_failure", "critical",
	    "Database failure" },
	{ "observer-silent", "observer_silent", "warning", "Observer silent" },
	{ "service-down", "service_down", "critical", "Service down" },
	{ "approval-waiting", "approval_waiting_seconds > 1800", "info",
	    "Approval waiting" },
	{ "rate-limit", "rate_limit_hit", "warning", "Rate limit exceeded" },
};

/* Where something stands in the file. */
struct place {
	unsigned line; /* 0: nowhere */
	struct slice section;
	struct slice name; /* {NULL, 0}: none */
	struct slice key;  /* {NULL, 0}: none */
};

/* One call of config_parse(). */
struct parser {
	struct config *config;
	const char *path; /* as it was given */
	const char *folder;
	struct buf *problems;

	struct place sections[SECTIONS]; /* of the file, so far */
	size_t section_count;
	struct place here;	  /* the present section */
	void *object;		  /* its struct; NULL: the section is wrong */
	unsigned lines[SETTINGS]; /* of its settings; 0: not yet */
};

/* PATH:LINE: [SECTION NAME] KEY: SENTENCE */
static void __attribute__((format(printf, 3, 4))) add_problem(
    struct parser *parser, const struct place *place, const char *format, ...)
{
	struct buf *out = parser->problems;
	va_list arguments;

	text_add_visible(out, slice_of(parser->path), TEXT_ONE_LINE);
	if (place->line > 0)
		buf_addf(out, ":%u", place->line);
	buf_add_str(out, ": ");
	if (place->section.data != NULL) {
		buf_add_char(out, '[');
		text_add_visible(out, place->section, TEXT_ONE_LINE);
		if (place->name.data != NULL)
			buf_add_char(out, ' ');
		text_add_visible(out, place->name, TEXT_ONE_LINE);
		buf_add_char(out, ']');
		if (place->key.data != NULL)
			buf_add_char(out, ' ');
		text_add_visible(out, place->key, TEXT_ONE_LINE);
		buf_add_str(out, ": ");
	}
	va_start(arguments, format);
	buf_addv(out, format, arguments);
	va_end(arguments);
	buf_add_char(out, '\n');
}

/* Defaults. */

static bool
is_of(const struct setting *row, const char *section)
{
	return strcmp(row->section, section) == 0;
}

static void
store_default(const struct setting *row, struct parser *parser, void *object)
{
	const char *folder = parser->config->data_dir;
	struct error err;

	if (settings_store(row, slice_of(row->standard),
		folder == NULL ? parser->folder : folder,
		&parser->config->arena, object, &err) == -1)
		assert(!"a default is no value of its setting");
}

/* The defaults of a section that has a name. */
static void
store_section(struct parser *parser, const char *section, void *object)
{
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (is_of(row, section))
			store_default(row, parser, object);
}

static struct config_service *
add_service(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;
	struct config_service *service =
	    config->services + config->service_count++;

	service->name = arena_slice(&config->arena, name).data;
	store_section(parser, "service", service);
	return service;
}

static struct config_alert *
add_alert(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;
	struct config_alert *alert = config->alerts + config->alert_count++;

	alert->name = arena_slice(&config->arena, name).data;
	store_section(parser, "alert", alert);
	return alert;
}

static struct config_notify *
add_notify(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;
	struct config_notify *notify =
	    config->notifies + config->notify_count++;

	notify->name = arena_slice(&config->arena, name).data;
	notify->kind = -1;
	store_section(parser, "notify", notify);
	return notify;
}

static void
add_own_alerts(struct parser *parser)
{
	struct error err;

	for (size_t i = 0; i < sizeof(own_alerts) / sizeof(own_alerts[0]);
	     i++) {
		struct config_alert *alert =
		    add_alert(parser, slice_of(own_alerts[i].name));

		if (rule_parse(
			slice_of(own_alerts[i].when), &alert->when, &err) == -1)
			assert(!"a rule of our own is none");
		alert->severity =
		    rule_severity_of(slice_of(own_alerts[i].severity));
		alert->title = own_alerts[i].title;
	}
}

static void
store_defaults(struct parser *parser)
{
	struct config *config = parser->config;

	config->services = arena_array(
	    &config->arena, CONFIG_SERVICES, sizeof(config->services[0]));
	for (size_t i = 0; i < sizeof(own_services) / sizeof(own_services[0]);
	     i++)
		add_service(parser, slice_of(own_services[i].name))->critical =
		    own_services[i].critical;
	config->alerts = arena_array(
	    &config->arena, CONFIG_ALERTS, sizeof(config->alerts[0]));
	add_own_alerts(parser);
	config->notifies = arena_array(
	    &config->arena, CONFIG_NOTIFIES, sizeof(config->notifies[0]));
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (!settings_is_named(row) && row->type != SETTING_PATH)
			store_default(row, parser, config);
}

/* Paths that the file leaves out lie in data_dir, wherever it said that is;
 * data_dir itself, the table's first, in the folder of the file. */
static void
store_default_paths(struct parser *parser)
{
	struct config *config = parser->config;
	struct arena *arena = &config->arena;

	for (const struct setting *row = settings; row->section != NULL; row++)
		if (row->type == SETTING_PATH && !settings_is_named(row) &&
		    *(const char **)((char *)config + row->offset) == NULL)
			store_default(row, parser, config);
	config->index_file =
	    arena_printf(arena, "%s/kruxos.db", config->data_dir);
	config->state_file =
	    arena_printf(arena, "%s/state.db", config->data_dir);
	config->telemetry_file =
	    arena_printf(arena, "%s/telemetry.db", config->data_dir);
	config->status_file =
	    arena_printf(arena, "%s/kruxosd.status", config->runtime_dir);
	config->observed_file =
	    arena_printf(arena, "%s/kruxosd.observed", config->runtime_dir);
	config->ingest_socket =
	    arena_printf(arena, "%s/ingest.sock", config->runtime_dir);
	config->api_socket =
	    arena_printf(arena, "%s/api.sock", config->runtime_dir);
	config->access_log =
	    arena_printf(arena, "%s/access.log", config->log_dir);
	config->nginx_pid =
	    arena_printf(arena, "%s/nginx.pid", config->pid_dir);
}

/* The file, line by line. */

/* Has the present section a name that one of its kind may have? */
static bool
may_be_named(struct parser *parser, const char *what)
{
	if (settings_is_name(parser->here.name, SETTINGS_NAME_BYTES, "-_."))
		return true;
	add_problem(parser, &parser->here,
	    "%s needs a name: 1 to %d letters, digits, '-', '_' and '.'", what,
	    SETTINGS_NAME_BYTES);
	return false;
}

static struct config_service *
find_service(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;

	if (!may_be_named(parser, "a service"))
		return NULL;
	for (size_t i = 0; i < config->service_count; i++)
		if (slice_is(name, config->services[i].name))
			return config->services + i;
	if (config->service_count == CONFIG_SERVICES) {
		add_problem(parser, &parser->here,
		    "there are more than %d services", CONFIG_SERVICES);
		return NULL;
	}
	return add_service(parser, name);
}

static struct config_alert *
find_alert(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;

	if (!may_be_named(parser, "an alert"))
		return NULL;
	for (size_t i = 0; i < config->alert_count; i++)
		if (slice_is(name, config->alerts[i].name))
			return config->alerts + i;
	if (config->alert_count == CONFIG_ALERTS) {
		add_problem(parser, &parser->here,
		    "there are more than %d alerts", CONFIG_ALERTS);
		return NULL;
	}
	return add_alert(parser, name);
}

static struct config_notify *
find_notify(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;

	if (!may_be_named(parser, "a channel"))
		return NULL;
	if (config->notify_count == CONFIG_NOTIFIES) {
		add_problem(parser, &parser->here,
		    "there are more than %d channels", CONFIG_NOTIFIES);
		return NULL;
	}
	return add_notify(parser, name);
}

/* The struct that the present section's values go into, or NULL. */
static void *
object_of_section(struct parser *parser)
{
	const struct place *here = &parser->here;

	if (!settings_has_section(here->section)) {
		add_problem(parser, here, "there is no such section");
		return NULL;
	}
	for (size_t i = 0; i < parser->section_count; i++) {
		const struct place *earlier = parser->sections + i;

		if (slice_equal(earlier->section, here->section) &&
		    slice_equal(earlier->name, here->name)) {
			add_problem(parser, here, "stands in line %u already",
			    earlier->line);
			return NULL;
		}
	}
	if (slice_is(here->section, "service"))
		return find_service(parser, here->name);
	if (slice_is(here->section, "alert"))
		return find_alert(parser, here->name);
	if (slice_is(here->section, "notify"))
		return find_notify(parser, here->name);
	if (here->name.data != NULL) {
		add_problem(parser, here, "this section takes no name");
		return NULL;
	}
	return parser->config;
}

static void
read_section(struct parser *parser)
{
	memset(parser->lines, 0, sizeof(parser->lines));
	parser->object = object_of_section(parser);
	/* Services have a bound, other sections are those of the table. */
	if (parser->object != NULL)
		parser->sections[parser->section_count++] = parser->here;
}

static void
read_pair(struct parser *parser, const struct place *place, struct slice value)
{
	const struct setting *row = settings_find(place->section, place->key);
	struct error err;
	unsigned *line;

	if (row == NULL) {
		add_problem(parser, place, "there is no such setting");
		return;
	}
	line = parser->lines + (row - settings);
	if (*line != 0) {
		add_problem(parser, place, "stands in line %u already", *line);
		return;
	}
	*line = place->line;
	if (settings_store(row, value, parser->folder, &parser->config->arena,
		parser->object, &err) == -1)
		add_problem(parser, place, "%s", err.sentence);
}

static void
read_lines(struct parser *parser, struct slice text)
{
	struct reader reader;
	struct reader_item item;
	struct error err;

	reader_init(&reader, text);
	for (;;) {
		struct place place = parser->here;

		switch (reader_next(&reader, &item, &err)) {
		case READER_END:
			return;
		case READER_BAD:
			place = (struct place){ .line = reader.line };
			add_problem(parser, &place, "%s", err.sentence);
			break;
		case READER_SECTION:
			parser->here = (struct place){ reader.line,
				item.section, item.name, { NULL, 0 } };
			read_section(parser);
			break;
		case READER_PAIR:
			place.line = reader.line;
			place.key = item.key;
			if (parser->object != NULL)
				read_pair(parser, &place, item.value);
			else if (place.section.data == NULL)
				add_problem(parser, &place,
				    "a setting stands before the first "
				    "[section]");
			break;
		}
	}
}

/* `key` of the section; its line is that of the section. */
static struct place
place_of(const struct parser *parser, const char *section, const char *name,
    const char *key)
{
	struct place place = { 0 };

	for (size_t i = 0; i < parser->section_count; i++)
		if (slice_is(parser->sections[i].section, section) &&
		    slice_is(parser->sections[i].name, name))
			place = parser->sections[i];
	place.key = slice_of(key);
	return place;
}

static void
check_alert(struct parser *parser, const struct config_alert *alert)
{
	struct place place = place_of(parser, "alert", alert->name, "when");

	if (alert->when.subject == RULE_NOTHING)
		add_problem(parser, &place, "nothing says when to raise it");
}

static void
find_parents(struct parser *parser, struct config_service *service)
{
	const struct config *config = parser->config;
	struct place place =
	    place_of(parser, "service", service->name, "depends_on");

	for (size_t i = 0; i < service->depends_on.count; i++) {
		const char *name = service->depends_on.words[i];
		const struct config_service *parent =
		    config_service(config, slice_of(name));

		if (parent == NULL)
			add_problem(
			    parser, &place, "there is no service \"%s\"", name);
		else
			service->parents |= (uint64_t)1
					    << (parent - config->services);
	}
}

/* Does the service depend on itself, by whatever way? */
static bool
is_in_circle(const struct config *config, size_t place)
{
	uint64_t reached = config->services[place].parents, before;

	do {
		before = reached;
		for (size_t i = 0; i < config->service_count; i++)
			if ((before >> i & 1) != 0)
				reached |= config->services[i].parents;
	} while (reached != before);
	return (reached >> place & 1) != 0;
}

/* The next check begins when the one before is over. */
static void
limit_timeouts(struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (config->services[i].timeout > config->check_interval)
			config->services[i].timeout = config->check_interval;
}

static void
check_services(struct parser *parser)
{
	const struct config *config = parser->config;

	for (size_t i = 0; i < config->service_count; i++)
		find_parents(parser, config->services + i);
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = config->services + i;
		struct place place =
		    place_of(parser, "service", service->name, "depends_on");

		if (is_in_circle(config, i))
			add_problem(
			    parser, &place, "it would depend on itself");
		place.key = SLICE_LITERAL("target");
		if (service->kind != CONFIG_SERVICE_UNCHECKED &&
		    service->kind != CONFIG_SERVICE_HEARTBEAT &&
		    service->target == NULL)
			add_problem(parser, &place,
			    "nothing says what is to be checked");
	}
}

/* What is wrong with `url`, or NULL. A password has its own file. */
static const char *
check_url(const struct config_notify *notify)
{
	static const char *const schemes[][2] = {
		[CONFIG_NOTIFY_ALERTMANAGER] = { "http://", "https://" },
		[CONFIG_NOTIFY_WEBHOOK] = { "http://", "https://" },
		[CONFIG_NOTIFY_SMTP] = { "smtp://", "smtps://" },
	};
	struct slice url = slice_of(notify->url), host;

	if (url.data == NULL)
		return "nothing says where notices go";
	host = url;
	for (int i = 0; i < 2; i++) {
		struct slice scheme = slice_of(schemes[notify->kind][i]);

		if (slice_starts_with(url, scheme))
			host = (struct slice){ url.data + scheme.len,
				url.len - scheme.len };
	}
	if (host.len == url.len)
		return notify->kind == CONFIG_NOTIFY_SMTP
			   ? "does not begin with smtp:// or smtps://"
			   : "does not begin with http:// or https://";
	if (strcspn(host.data, "/?#") == 0)
		return "names no host";
	if (memchr(host.data, '@', strcspn(host.data, "/?#")) != NULL)
		return "holds a user; `user` and `password_file` are for that";
	return NULL;
}

static void
check_notify(struct parser *parser, const struct config_notify *notify)
{
	struct place place = place_of(parser, "notify", notify->name, "kind");
	const char *problem;

	if (notify->kind == -1) {
		add_problem(parser, &place, "nothing says how to send notices");
		return;
	}
	problem = check_url(notify);
	place.key = SLICE_LITERAL("url");
	if (problem != NULL)
		add_problem(parser, &place, "%s", problem);
	if (notify->kind != CONFIG_NOTIFY_SMTP)
		return;
	place.key = SLICE_LITERAL("from");
	if (notify->from == NULL)
		add_problem(parser, &place, "mail needs a sender");
	place.key = SLICE_LITERAL("to");
	if (notify->to.count == 0)
		add_problem(parser, &place, "nobody gets the mail");
}

/* What no line alone can tell. */
static void
check_whole(struct parser *parser)
{
	const struct config *config = parser->config;
	struct place place = { 0 };

	for (size_t i = 0; i < config->alert_count; i++)
		check_alert(parser, config->alerts + i);
	check_services(parser);
	limit_timeouts(parser->config);
	for (size_t i = 0; i < config->notify_count; i++)
		check_notify(parser, config->notifies + i);
	if (config->health_port == config->dashboard_port ||
	    config->health_port == config->gateway_port ||
	    config->dashboard_port == config->gateway_port) {
		place.section = SLICE_LITERAL("http");
		add_problem(parser, &place,
		    "health_port, dashboard_port and gateway_port are not "
		    "three ports");
	}
	if (strlen(config->runtime_dir) > CONFIG_RUNTIME_BYTES) {
		place.section = SLICE_LITERAL("paths");
		add_problem(parser, &place,
		    "runtime_dir has more than %d bytes, too long for the "
		    "sockets in it",
		    CONFIG_RUNTIME_BYTES);
	}
}

/* `path` made absolute, and the folder that it is in. */
static int
find_folder(struct parser *parser, const char *path)
{
	struct config *config = parser->config;
	cleanup(cleanup_free) char *working = NULL;
	const struct place nowhere = { 0 };
	size_t len;

	if (path[0] == '/') {
		config->path = arena_printf(&config->arena, "%s", path);
	} else {
		working = get_current_dir_name();
		if (working == NULL) {
			add_problem(parser, &nowhere,
			    "the working directory is not known: %m");
			return -1;
		}
		config->path = arena_printf(&config->arena, "%s/%s", working,
		    strncmp(path, "./", 2) == 0 ? path + 2 : path);
	}
	len = (size_t)(strrchr(config->path, '/') - config->path);
	parser->folder =
	    len == 0 ? "/" : arena_copy(&config->arena, config->path, len);
	return 0;
}

int
config_parse(const char *path, struct slice text, struct config **ret,
    struct buf *problems)
{
	cleanup(config_freep) struct config *config =
	    memory_new(sizeof(*config));
	size_t problems_before = problems->len;
	struct parser parser = {
		.config = config,
		.path = path,
		.problems = problems,
	};

	if (find_folder(&parser, path) == -1)
		return -1;
	store_defaults(&parser);
	read_lines(&parser, text);
	store_default_paths(&parser);
	check_whole(&parser);
	if (problems->len > problems_before)
		return -1;
	*ret = config;
	config = NULL;
	return 0;
}

/* The file. */

static int
read_file(const char *path, struct buf *out, struct error *err)
{
	/* Without O_NONBLOCK a FIFO would be waited for, in a reload too. */
	cleanup(cleanup_close) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	ssize_t got;

	if (fd == -1)
		return error_set_errno(err, "%s: open", path);
	if (fstat(fd, &status) == -1)
		return error_set_errno(err, "%s: fstat", path);
	if (S_ISFIFO(status.st_mode))
		return error_set(err, ERROR_INVALID,
		    "%s: a FIFO cannot be read again", path);
	do {
		buf_reserve(out, CONFIG_FILE_BYTES + 1 - out->len);
		got = read(
		    fd, out->data + out->len, CONFIG_FILE_BYTES + 1 - out->len);
		if (got == -1 && errno != EINTR)
			return error_set_errno(err, "%s: read", path);
		if (got > 0)
			buf_set_len(out, out->len + (size_t)got);
	} while (got != 0 && out->len <= CONFIG_FILE_BYTES);
	if (out->len > CONFIG_FILE_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "%s: the file has more than %d bytes", path,
		    CONFIG_FILE_BYTES);
	return 0;
}

/* The first line of `problems`, and how many more there are. */
static int
fail_with(const struct buf *problems, struct error *err)
{
	size_t first = strcspn(problems->data, "\n");
	size_t more = 0;

	for (const char *at = problems->data + first + 1; *at != '\0'; at++)
		more += *at == '\n';
	if (more > 0)
		return error_set(err, ERROR_INVALID, "%.*s (and %zu more)",
		    (int)first, problems->data, more);
	return error_set(
	    err, ERROR_INVALID, "%.*s", (int)first, problems->data);
}

int
config_load(const char *path, struct config **ret, struct error *err)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;

	if (read_file(path, &text, err) == -1)
		return -1;
	if (config_parse(path, buf_slice(&text), ret, &problems) == -1)
		return fail_with(&problems, err);
	return 0;
}

int
config_check(const char *path, struct config **ret, struct buf *problems)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct error err;

	if (read_file(path, &text, &err) == -1) {
		text_add_visible(
		    problems, slice_of(err.sentence), TEXT_ONE_LINE);
		buf_add_char(problems, '\n');
		return -1;
	}
	return config_parse(path, buf_slice(&text), ret, problems);
}

const char *
config_find_path(const char *option)
{
	const char *variable = getenv("KRUXOS_CONFIG");

	if (option != NULL)
		return option;
	if (variable != NULL && variable[0] != '\0')
		return variable;
	if (access("run/kruxos.conf", F_OK) == 0)
		return "run/kruxos.conf";
	return "/etc/kruxos/kruxos.conf";
}

usec_t
config_check_silence(const struct config *config)
{
	usec_t silence = 3 * config->check_interval;

	return silence > THREE_REPORTS ? silence : THREE_REPORTS;
}

const struct config_service *
config_service(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (slice_is(name, config->services[i].name))
			return config->services + i;
	return NULL;
}

const struct config_notify *
config_notify(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->notify_count; i++)
		if (slice_is(name, config->notifies[i].name))
			return config->notifies + i;
	return NULL;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	arena_free(&config->arena);
	free(config);
}
