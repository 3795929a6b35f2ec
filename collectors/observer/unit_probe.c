#include "collectors/observer/unit_probe.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <systemd/sd-bus.h>

struct unit_probes {
	sd_event *event;
	sd_bus *bus; /* NULL: not connected */
};

static void
end(struct check *check, enum observed_status status, const char *details)
{
	check_end(check, &(struct verdict){ status, details });
}

/* systemd's own word for the state (org.freedesktop.systemd1(5)). */
static enum observed_status
status_of(const char *state)
{
	if (strcmp(state, "active") == 0)
		return OBSERVED_HEALTHY;
	if (strcmp(state, "reloading") == 0 || strcmp(state, "activating") == 0)
		return OBSERVED_DEGRADED;
	return OBSERVED_UNHEALTHY;
}

static int
on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct check *check = userdata;
	const sd_bus_error *refusal = sd_bus_message_get_error(reply);
	const char *state;

	(void)error;
	*check_state(check) = sd_bus_slot_unref(*check_state(check));
	if (refusal != NULL)
		end(check, OBSERVED_UNHEALTHY,
		    refusal->message == NULL ? refusal->name
					     : refusal->message);
	else if (sd_bus_message_read(reply, "v", "s", &state) < 0)
		end(check, OBSERVED_UNHEALTHY,
		    "systemd's answer is not understood");
	else
		end(check, status_of(state), state);
	return 0;
}

static int
connect_bus(struct unit_probes *probes)
{
	int r;

	if (probes->bus != NULL && sd_bus_is_open(probes->bus) > 0)
		return 0;
	probes->bus = sd_bus_close_unref(probes->bus);
	r = sd_bus_open_system(&probes->bus);
	if (r >= 0)
		r = sd_bus_attach_event(
		    probes->bus, probes->event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		probes->bus = sd_bus_unref(probes->bus);
	return r;
}

static int
ask(struct unit_probes *probes, struct check *check)
{
	cleanup(cleanup_free) char *path = NULL;
	sd_bus_slot *slot = NULL;
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit",
	    check_service(check)->target, &path);

	if (r < 0)
		return r;
	r = sd_bus_call_method_async(probes->bus, &slot,
	    "org.freedesktop.systemd1", path, "org.freedesktop.DBus.Properties",
	    "Get", on_reply, check, "ss", "org.freedesktop.systemd1.Unit",
	    "ActiveState");
	*check_state(check) = slot;
	return r;
}

static void
begin(void *context, struct check *check)
{
	struct unit_probes *probes = context;
	cleanup(buf_free) struct buf details = BUF_INIT;
	int r = connect_bus(probes);

	if (r >= 0)
		r = ask(probes, check);
	if (r >= 0)
		return;
	buf_addf(&details, "there is no system bus to ask: %s", strerror(-r));
	end(check, OBSERVED_UNHEALTHY, details.data);
}

static void
cancel(void *context, struct check *check)
{
	(void)context;
	*check_state(check) = sd_bus_slot_unref(*check_state(check));
}

const struct probe_kind unit_probe = { begin, cancel };

struct unit_probes *
unit_probes_new(sd_event *event)
{
	struct unit_probes *probes = memory_new(sizeof(*probes));

	probes->event = sd_event_ref(event);
	return probes;
}

void
unit_probes_free(struct unit_probes *probes)
{
	if (probes == NULL)
		return;
	sd_bus_close_unref(probes->bus);
	sd_event_unref(probes->event);
	free(probes);
}
