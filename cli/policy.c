#include "cli/policy.h"

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "config/policy.h"

struct policy_values {
	bool json;
};

static const struct option_row policy_explain_options[] = {
	OPTION_FLAG(struct policy_values, json, 0, "json", "print it as JSON"),
	OPTION_END
};

/* What is explained. */
struct policy_question {
	const struct policy *policy;
	struct slice agent, capability;
	struct policy_decision decision;
	const struct policy_limit *limit;
	size_t fitting; /* lines of the section that decides, it among them */
	size_t alike;	/* of these, as specific as the one that decides */
};

static void
policy_count(struct policy_question *question)
{
	const struct policy_rule *best = question->decision.rule;

	for (size_t i = 0; best != NULL && i < question->policy->rule_count;
	     i++) {
		const struct policy_rule *rule = question->policy->rules + i;

		if (!slice_is(slice_of(rule->agent), best->agent) ||
		    !glob_fits(slice_of(rule->pattern), question->capability))
			continue;
		question->fitting++;
		question->alike += policy_compare(slice_of(rule->pattern),
				       slice_of(best->pattern)) == 0;
	}
}

static void
policy_add_why(const struct policy_question *question, struct buf *out)
{
	const struct policy_rule *rule = question->decision.rule;

	if (rule == NULL) {
		buf_add_str(out, "no line fits: what is not configured is "
				 "autonomous");
		return;
	}
	if (question->alike > 1)
		buf_addf(out,
		    "it is the strictest of %zu that are as specific as each "
		    "other, of %zu that fit",
		    question->alike, question->fitting);
	else if (question->fitting > 1)
		buf_addf(out, "it is the most specific of %zu that fit",
		    question->fitting);
	else
		buf_add_str(out, "it is the only one that fits");
	if (rule->agent != NULL)
		buf_add_str(
		    out, "; the agent's own section comes before [policy]");
}

/* --- for programs --------------------------------------------------------- */

static void
policy_write_rule(
    struct json_writer *json, const struct policy_question *question)
{
	const struct policy_rule *rule = question->decision.rule;

	json_writer_pair(
	    json, "file", rule == NULL ? question->policy->path : rule->path);
	json_writer_key(json, "line");
	if (rule == NULL)
		json_writer_null(json);
	else
		json_writer_u64(json, rule->line);
	json_writer_key(json, "pattern");
	if (rule == NULL)
		json_writer_null(json);
	else
		json_writer_text(json, rule->pattern);
	json_writer_pair_bool(
	    json, "of_agent", rule != NULL && rule->agent != NULL);
}

static void
policy_write_limit(struct json_writer *json, const struct policy_limit *limit)
{
	json_writer_key(json, "limit");
	if (limit == NULL || limit->rate.count == 0) {
		json_writer_null(json);
		return;
	}
	json_writer_object(json);
	json_writer_key(json, "file");
	if (limit->path == NULL)
		json_writer_null(json);
	else
		json_writer_text(json, limit->path);
	json_writer_key(json, "line");
	if (limit->line == 0)
		json_writer_null(json);
	else
		json_writer_u64(json, limit->line);
	json_writer_pair(json, "pattern", limit->pattern);
	json_writer_pair_u64(json, "count", limit->rate.count);
	json_writer_pair_u64(json, "seconds", limit->rate.span / USEC_PER_SEC);
	json_writer_end_object(json);
}

static void
policy_print_json(struct cli *cli, const struct policy_question *question)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(buf_free) struct buf why = BUF_INIT;
	struct json_writer json;

	policy_add_why(question, &why);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "agent_name", question->agent);
	json_writer_pair_slice(&json, "capability", question->capability);
	json_writer_pair(
	    &json, "policy_tier", entry_tier_name(question->decision.tier));
	policy_write_rule(&json, question);
	json_writer_pair_slice(&json, "why", buf_slice(&why));
	policy_write_limit(&json, question->limit);
	json_writer_end_object(&json);
	cli_print_json(cli, &out);
}

/* --- for people ----------------------------------------------------------- */

/* "FILE:41: shell.* = blocked", the file as it can be opened. */
static void
policy_add_place(const struct policy_question *question, struct buf *out)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	const char *file = question->policy->path;
	const char *slash = strrchr(file, '/');

	policy_add_rule_line(question->policy, question->decision.rule, &line);
	if (slash != NULL)
		text_add_visible(out,
		    (struct slice){ file, (size_t)(slash + 1 - file) },
		    TEXT_ONE_LINE);
	text_add_visible(out, buf_slice(&line), TEXT_ONE_LINE);
	buf_add_char(out, '\n');
}

static void
policy_print(const struct policy_question *question)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	buf_addf(&out, "%.*s is %s for %.*s\n", SLICE_ARG(question->capability),
	    entry_tier_name(question->decision.tier),
	    SLICE_ARG(question->agent));
	if (question->decision.rule != NULL)
		policy_add_place(question, &out);
	policy_add_why(question, &out);
	buf_add_char(&out, '\n');
	if (question->limit != NULL) {
		buf_add_str(&out, "how often: ");
		policy_add_limit_line(question->policy, question->limit, &out);
		buf_add_str(
		    &out, question->limit->line == 0 ? " (built in)\n" : "\n");
	}
	cli_print(&out);
}

static enum command_exit
policy_explain_run(struct cli *cli, const void *values, char **operands)
{
	const struct policy_values *wanted = values;
	struct policy_question question = { .agent = slice_of(operands[0]),
		.capability = slice_of(operands[1]) };
	struct error err = { 0 };
	const struct config *config;

	if (!entry_is_name(question.agent))
		return cli_misused("policy explain: AGENT is no name");
	if (!entry_is_capability(question.capability))
		return cli_misused("policy explain: CAPABILITY is none, such "
				   "as shell.exec");
	config = cli_config(cli, &err);
	if (config == NULL)
		return cli_fail(&err);
	question.policy = &config->policy;
	policy_decide(question.policy, question.agent, question.capability,
	    &question.decision);
	question.limit =
	    policy_find_limit(question.policy, question.capability);
	policy_count(&question);
	if (wanted->json)
		policy_print_json(cli, &question);
	else
		policy_print(&question);
	return COMMAND_DONE;
}

const struct command_form policy_explain_form = {
	policy_explain_options,
	sizeof(struct policy_values),
	policy_explain_run,
};
