#include "config/whole.h"

#include "base/number.h"
#include "config/settings.h"

/* `key` of the section, where it is said; else the section itself. */
static struct place
place_of(const struct parser *parser, const char *section, const char *name,
    const char *key)
{
	const struct origin *origin = origins_find(&parser->config->origins,
	    slice_of(section), slice_of(name), slice_of(key));
	struct place place = { 0 };

	for (size_t i = 0; i < parser->section_count; i++)
		if (slice_is(parser->sections[i].section, section) &&
		    slice_is(parser->sections[i].name, name))
			place = parser->sections[i];
	if (origin != NULL) {
		place.file = origin->file;
		place.line = origin->line;
	}
	place.key = slice_of(key);
	return place;
}

static void
check_alert(struct parser *parser, const struct config_alert *alert)
{
	struct place place = place_of(parser, "alert", alert->name, "when");

	if (alert->when.subject == RULE_NOTHING)
		parser_problem(parser, &place, "nothing says when to raise it");
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
			parser_problem(
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

/* What follows one of two schemes, or NULL. */
static const char *
skip_scheme(const char *url, const char *const schemes[2])
{
	for (int i = 0; i < 2; i++)
		if (slice_starts_with(slice_of(url), slice_of(schemes[i])))
			return url + strlen(schemes[i]);
	return NULL;
}

static const char *
check_web_target(const char *target)
{
	static const char *const schemes[2] = { "http://", "https://" };
	const char *host = skip_scheme(target, schemes);

	if (host == NULL)
		return "does not begin with http:// or https://";
	return strcspn(host, "/?#") == 0 ? "names no host" : NULL;
}

static const char *
check_tcp_target(const char *target)
{
	const char *colon = strrchr(target, ':');
	uint64_t port;

	if (colon == NULL || colon == target ||
	    strcspn(target, "/?#@") != strlen(target) ||
	    number_parse_u64(slice_of(colon + 1), 1, UINT16_MAX, &port) == -1)
		return "is not host:port";
	return NULL;
}

/* What is wrong with the target of the service, or NULL. */
static const char *
check_target(const struct config_service *service)
{
	bool is_asked = service->kind != CONFIG_SERVICE_UNCHECKED &&
			service->kind != CONFIG_SERVICE_HEARTBEAT;

	if (is_asked && service->target == NULL)
		return "nothing says what is to be checked";
	switch (service->kind) {
	case CONFIG_SERVICE_HTTP:
		return check_web_target(service->target);
	case CONFIG_SERVICE_TCP:
		return check_tcp_target(service->target);
	case CONFIG_SERVICE_UNIX:
		return service->target[0] == '/'
			   ? NULL
			   : "is not the whole path of a socket";
	default:
		return NULL;
	}
}

static void
check_service(struct parser *parser, const struct config_service *service)
{
	const struct config *config = parser->config;
	struct place depends =
	    place_of(parser, "service", service->name, "depends_on");
	struct place target =
	    place_of(parser, "service", service->name, "target");
	const char *problem = check_target(service);

	if (is_in_circle(config, (size_t)(service - config->services)))
		parser_problem(parser, &depends, "it would depend on itself");
	if (problem != NULL)
		parser_problem(parser, &target, "%s", problem);
}

static void
check_services(struct parser *parser)
{
	const struct config *config = parser->config;

	for (size_t i = 0; i < config->service_count; i++)
		find_parents(parser, config->services + i);
	for (size_t i = 0; i < config->service_count; i++)
		check_service(parser, config->services + i);
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
	const char *host;

	if (notify->url == NULL)
		return "nothing says where notices go";
	host = skip_scheme(notify->url, schemes[notify->kind]);
	if (host == NULL)
		return notify->kind == CONFIG_NOTIFY_SMTP
			   ? "does not begin with smtp:// or smtps://"
			   : "does not begin with http:// or https://";
	if (strcspn(host, "/?#") == 0)
		return "names no host";
	if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
		return "holds a user; `user` and `password_file` are for that";
	return NULL;
}

static void
notify_problem(struct parser *parser, const struct config_notify *notify,
    const char *key, const char *what)
{
	struct place place = place_of(parser, "notify", notify->name, key);

	parser_problem(parser, &place, "%s", what);
}

static void
check_notify(struct parser *parser, const struct config_notify *notify)
{
	const char *problem;

	if (notify->kind == -1) {
		notify_problem(
		    parser, notify, "kind", "nothing says how to send notices");
		return;
	}
	problem = check_url(notify);
	if (problem != NULL)
		notify_problem(parser, notify, "url", problem);
	if (notify->kind != CONFIG_NOTIFY_SMTP)
		return;
	if (notify->from == NULL)
		notify_problem(parser, notify, "from", "mail needs a sender");
	if (notify->to.count == 0)
		notify_problem(parser, notify, "to", "nobody gets the mail");
}

static void
check_paths(struct parser *parser)
{
	const struct config *config = parser->config;
	struct place place = { .section = SLICE_LITERAL("paths") };

	if (strlen(config->runtime_dir) > CONFIG_RUNTIME_BYTES)
		parser_problem(parser, &place,
		    "runtime_dir has more than %d bytes, too long for the "
		    "sockets in it",
		    CONFIG_RUNTIME_BYTES);
	else if (strlen(config->api_socket) > CONFIG_SOCKET_BYTES)
		parser_problem(parser, &place,
		    "api_socket has more than %d bytes, too long for a socket",
		    CONFIG_SOCKET_BYTES);
}

void
whole_check(struct parser *parser)
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
		parser_problem(parser, &place,
		    "health_port, dashboard_port and gateway_port are not "
		    "three ports");
	}
	check_paths(parser);
}
