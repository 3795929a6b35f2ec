#include "collectors/kruxosd/policy_keeper.h"

#include "collectors/kruxosd/rate_limit.h"

#include "base/json_writer.h"
#include "base/memory.h"

const struct command_arg policy_ask_args[] = {
	{ "agent_name", COMMAND_STRING, "which agent" },
	{ "capability", COMMAND_STRING, "what it is about to do" },
	{ 0 },
};

struct policy_keeper {
	struct clock *clock;
	struct arena arena; /* of the policy */
	struct policy policy;
	struct rate_limit *limits;
};

struct policy_keeper *
policy_keeper_new(struct clock *clock)
{
	struct policy_keeper *keeper = memory_new(sizeof(*keeper));

	keeper->clock = clock;
	keeper->limits = rate_limit_new();
	return keeper;
}

void
policy_keeper_free(struct policy_keeper *keeper)
{
	if (keeper == NULL)
		return;
	rate_limit_free(keeper->limits);
	arena_free(&keeper->arena);
	free(keeper);
}

void
policy_keeper_configure(
    struct policy_keeper *keeper, const struct config *config)
{
	arena_reset(&keeper->arena);
	policy_copy(&config->policy, &keeper->arena, &keeper->policy);
}

void
policy_keeper_decide(const struct policy_keeper *keeper, struct slice agent,
    struct slice capability, struct policy_decision *ret)
{
	policy_decide(&keeper->policy, agent, capability, ret);
}

void
policy_keeper_add_line(const struct policy_keeper *keeper,
    const struct policy_decision *decision, struct buf *out)
{
	if (decision->rule != NULL)
		policy_add_rule_line(&keeper->policy, decision->rule, out);
}

int
policy_keeper_take(struct policy_keeper *keeper, struct slice agent,
    struct slice capability, struct error *err)
{
	const struct policy_limit *limit =
	    policy_find_limit(&keeper->policy, capability);
	usec_t wait = rate_limit_take(
	    keeper->limits, limit, agent, clock_boottime(keeper->clock));
	cleanup(buf_free) struct buf line = BUF_INIT;

	if (wait == 0)
		return 0;
	policy_add_limit_line(&keeper->policy, limit, &line);
	return error_set_wait(err,
	    (unsigned)((wait + USEC_PER_SEC - 1) / USEC_PER_SEC),
	    "more than the limit allows (%s)", line.data);
}

/* --- policy.ask ----------------------------------------------------------- */

static int
read_question(const struct command_call *call, struct slice *ret_agent,
    struct slice *ret_capability, struct error *err)
{
	*ret_agent = command_text(call, "agent_name");
	*ret_capability = command_text(call, "capability");
	if (!entry_is_name(*ret_agent))
		return error_set_field(err, ERROR_OUT_OF_RANGE, "agent_name",
		    "agent_name is no name");
	if (!entry_is_capability(*ret_capability))
		return error_set_field(err, ERROR_OUT_OF_RANGE, "capability",
		    "capability is no capability");
	return 0;
}

static void
write_decision(const struct policy_keeper *keeper,
    const struct policy_decision *decision, struct buf *out)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct json_writer json;

	policy_keeper_add_line(keeper, decision, &line);
	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "policy_tier", entry_tier_name(decision->tier));
	json_writer_key(&json, "line");
	if (decision->rule == NULL)
		json_writer_null(&json);
	else
		json_writer_string(&json, buf_slice(&line));
	json_writer_pair_bool(&json, "explicit", decision->rule != NULL);
	json_writer_end_object(&json);
}

void
policy_ask_command(struct policy_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct policy_decision decision;
	struct slice agent, capability;
	struct error err;

	if (read_question(call, &agent, &capability, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	policy_keeper_decide(keeper, agent, capability, &decision);
	write_decision(keeper, &decision, &answer);
	command_ok(call, buf_slice(&answer));
}
