/* Any bytes as kruxos.conf: either a whole configuration with every field
 * filled in, or words about what is wrong, a line each. */
#include "config/config.h"
#include "base/text.h"
#include "config/settings.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A line decides of itself, or one that is as specific and as strict does. */
static void
check_policy(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = policy->rules + i;
		struct policy_decision decision;

		assert(rule->line > 0 && rule->tier != ENTRY_NO_TIER);
		policy_decide(policy, slice_of(rule->agent),
		    slice_of(rule->pattern), &decision);
		assert(decision.rule != NULL &&
		       slice_is(slice_of(rule->agent), decision.rule->agent));
		assert(policy_compare(slice_of(decision.rule->pattern),
			   slice_of(rule->pattern)) >= 0);
	}
	assert(policy->limit_count >= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(config_freep) struct config *config = NULL;
	struct slice text = { (const char *)bytes, len };

	if (config_parse("/etc/kruxos/kruxos.conf", text, &config, &problems) ==
	    -1) {
		assert(config == NULL && problems.len > 0);
		assert(problems.data[problems.len - 1] == '\n');
		assert(strlen(problems.data) == problems.len);
		assert(text_valid_bytes(buf_slice(&problems)) == problems.len);
		return 0;
	}
	assert(problems.len == 0);
	assert(config->data_dir[0] == '/' && config->audit_dir[0] == '/');
	assert(strlen(config->runtime_dir) <= CONFIG_RUNTIME_BYTES);
	assert(config->health_port >= 1 && config->health_port <= 65535);
	assert(config->service_count >= 5);
	for (size_t i = 0; i < config->service_count; i++)
		assert(config_service(
			   config, slice_of(config->services[i].name)) ==
		       config->services + i);
	check_policy(&config->policy);
	return 0;
}
