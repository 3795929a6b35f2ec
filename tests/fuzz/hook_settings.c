/* Any bytes as an agent's settings: hooks that were put in are all there, and
 * are not put in again; what was put in can be taken out. */
#include "cli/hook_settings.h"

#include "base/cleanup.h"

#include <assert.h>
#include <stdint.h>

static void
check(struct slice text, const struct hook_agent *agent)
{
	cleanup(buf_free) struct buf command = BUF_INIT;
	cleanup(buf_free) struct buf with = BUF_INIT;
	cleanup(buf_free) struct buf again = BUF_INIT;
	cleanup(buf_free) struct buf without = BUF_INIT;
	cleanup(buf_free) struct buf nothing = BUF_INIT;
	cleanup(buf_free) struct buf changes = BUF_INIT;
	struct hook_settings_found found = { .command = BUF_INIT };
	struct error err = { 0 };
	size_t events = 0;

	buf_addf(&command, "/usr/bin/kruxos-hook %s", agent->name);
	if (hook_settings_install(text, agent, buf_slice(&command), &with,
		&changes, &err) == -1) {
		assert(with.len == 0);
		return;
	}
	while (agent->events[events].name != NULL)
		events++;
	assert(hook_settings_look(buf_slice(&with), agent, &found, &err) == 0);
	assert(found.events == events);
	assert(slice_equal(buf_slice(&found.command), buf_slice(&command)));
	buf_free(&found.command);

	buf_reset(&changes);
	assert(hook_settings_install(buf_slice(&with), agent,
		   buf_slice(&command), &again, &changes, &err) == 0);
	assert(changes.len == 0);
	assert(slice_equal(buf_slice(&again), buf_slice(&with)));

	assert(hook_settings_uninstall(
		   buf_slice(&with), agent, &without, &changes, &err) == 0);
	assert(changes.len > 0);
	buf_reset(&changes);
	assert(hook_settings_uninstall(
		   buf_slice(&without), agent, &nothing, &changes, &err) == 0);
	assert(changes.len == 0);
	assert(slice_equal(buf_slice(&nothing), buf_slice(&without)));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	check(text, hook_agent_find("codex"));
	check(text, hook_agent_find("cursor"));
	return 0;
}
