#include "cli/address.h"

#include <sys/utsname.h>

static const char *
address_host(const struct config *config, const struct utsname *host)
{
	const char *bound = config->bind;

	if (strcmp(bound, "127.0.0.1") == 0 || strcmp(bound, "::1") == 0)
		return "localhost";
	if (config->names.count > 0)
		return config->names.words[0];
	if (strcmp(bound, "0.0.0.0") == 0 || strcmp(bound, "::") == 0)
		return host->nodename;
	return bound;
}

void
address_add_dashboard(struct buf *out, const struct config *config)
{
	struct utsname host = { .nodename = "localhost" };
	const char *name;
	bool is_ipv6;

	uname(&host);
	name = address_host(config, &host);
	is_ipv6 = strchr(name, ':') != NULL;
	buf_addf(out, "https://%s%s%s:%u", is_ipv6 ? "[" : "", name,
	    is_ipv6 ? "]" : "", config->dashboard_port);
}
