/* Any bytes as kruxos.conf, and as two files one behind the other: either a
 * whole configuration with every field filled in, which is read the same from
 * its own listing, or words about what is wrong, a line each. */
#include "config/config.h"
#include "base/text.h"
#include "config/files.h"
#include "config/listing.h"
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

/* Without places it is the listing of what it is read as. */
static void
check_listing(struct config *config)
{
	cleanup(buf_free) struct buf first = BUF_INIT;
	cleanup(buf_free) struct buf second = BUF_INIT;
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(config_freep) struct config *again = NULL;

	config->origins.count = 0;
	listing_write(config, false, &first);
	assert(config_parse("/etc/kruxos/kruxos.conf", buf_slice(&first),
		   &again, &problems) == 0);
	again->origins.count = 0;
	listing_write(again, false, &second);
	assert(slice_equal(buf_slice(&first), buf_slice(&second)));
}

static void
check_files(struct files_file *texts, size_t count)
{
	struct files files = { .files = texts, .count = count };
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(config_freep) struct config *config = NULL;

	if (config_parse_files(&files, &config, &problems) == -1) {
		assert(config == NULL && problems.len > 0);
		assert(problems.data[problems.len - 1] == '\n');
		assert(strlen(problems.data) == problems.len);
		assert(text_valid_bytes(buf_slice(&problems)) == problems.len);
		return;
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
	check_listing(config);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	size_t half = len / 2;
	struct files_file whole[] = { { "/etc/kruxos/kruxos.conf",
	    { text, len } } };
	struct files_file halves[] = {
		{ "/etc/kruxos/kruxos.conf", { text, half } },
		{ "/etc/kruxos/conf.d/a.conf", { text + half, len - half } },
	};
	struct files_file twice[] = { whole[0], whole[0] };

	twice[1].path = halves[1].path;
	check_files(whole, 1);
	check_files(halves, 2);
	check_files(twice, 2);
	return 0;
}
