#include "collectors/kruxosd/entrance.h"

#include "collectors/kruxosd/agent_session.h"
#include "collectors/kruxosd/export.h"
#include "collectors/kruxosd/proxy_report.h"
#include "collectors/kruxosd/report.h"
#include "collectors/kruxosd/telemetry_report.h"

#include "base/diag.h"

#include <sys/resource.h>

enum { OWN_DESCRIPTORS = 256 };

static void
run_erase(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	erasure_command(kruxosd->erasure, call);
}

static void
run_export(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	export_command(kruxosd->commit, call);
}

static void
run_backup(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	backup_command(kruxosd->backup, call);
}

static void
run_reindex(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	reindex_command(kruxosd->reindex, call);
}

static void
run_acknowledge(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	alerts_acknowledge_command(kruxosd->alerts, call);
}

static void
run_silence(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	silences_add_command(kruxosd->alerts, call);
}

static void
run_unsilence(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	silences_remove_command(kruxosd->alerts, call);
}

static void
run_report(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	telemetry_report_command(kruxosd->telemetry, call);
}

static void
run_heartbeat(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	telemetry_heartbeat_command(kruxosd->telemetry, call);
}

static void
run_notice_result(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	notices_result_command(kruxosd->notices, call);
}

static void
run_notice_test(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	notices_test_command(kruxosd->notices, call);
}

static void
run_proxy_report(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	proxy_report_command(kruxosd->proxy, call);
}

static void
run_proxy_cancel(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	proxy_cancel_command(kruxosd->proxy, call);
}

static void
run_proxy_retry(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	proxy_retry_command(kruxosd->proxy, call);
}

static void
run_proxy_discard(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	proxy_discard_command(kruxosd->proxy, call);
}

static void
run_account_set(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_set_command(kruxosd->accounts, call);
}

static void
run_account_remove(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_remove_command(kruxosd->accounts, call);
}

static void
run_account_list(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_list_command(kruxosd->accounts, call);
}

static void
run_account_link(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_link_command(kruxosd->accounts, call);
}

static void
run_account_sign_in(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_sign_in_command(kruxosd->accounts, call);
}

static void
run_account_renew(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_renew_command(kruxosd->accounts, call);
}

static void
run_account_sign_out(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	account_sign_out_command(kruxosd->accounts, call);
}

static void
run_token_create(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	token_create_command(kruxosd->accounts, call);
}

static void
run_token_list(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	token_list_command(kruxosd->accounts, call);
}

static void
run_token_revoke(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	token_revoke_command(kruxosd->accounts, call);
}

static void
run_approval_list(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	approval_list_command(kruxosd->approvals, call);
}

static void
run_approval_accept(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	approval_accept_command(kruxosd->approvals, call);
}

static void
run_approval_reject(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	approval_reject_command(kruxosd->approvals, call);
}

static void
run_policy_ask(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	policy_ask_command(kruxosd->policy, call);
}

static void
run_agent_create(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	agent_create_command(kruxosd->agents, call);
}

static void
run_agent_list(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	agent_list_command(kruxosd->agents, call);
}

static void
run_agent_rotate(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	agent_rotate_command(kruxosd->agents, call);
}

static void
run_agent_revoke(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	agent_revoke_command(kruxosd->agents, call);
}

static void
run_invoke(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	invocation_command(&kruxosd->invocation, call);
}

static void
run_agent_self(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	agent_session_self_command(&kruxosd->invocation, call);
}

static void
run_session(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	agent_session_command(&kruxosd->invocation, call);
}

static void
run_otlp_record(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	otlp_record_command(kruxosd->otlp_recorder, call);
}

static void
run_verify(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	verifier_ask(kruxosd->verifier);
	report_write(kruxosd);
	command_ok(call, SLICE_LITERAL("{\"started\":true}"));
}

static const struct command commands[] = {
	{ "account.link", MESSAGE_OWNER, run_account_link, account_link_args },
	{ "account.list", MESSAGE_OWNER, run_account_list, NULL },
	{ "account.remove", MESSAGE_OWNER, run_account_remove,
	    account_name_args },
	{ "account.renew", MESSAGE_SIGNED, run_account_renew, NULL },
	{ "account.set", MESSAGE_OWNER, run_account_set, account_set_args },
	{ "account.sign_in", MESSAGE_OWNER | MESSAGE_WEB, run_account_sign_in,
	    account_sign_in_args },
	{ "account.sign_out", MESSAGE_SESSION, run_account_sign_out,
	    account_sign_out_args },
	{ "agent.create", MESSAGE_OWNER, run_agent_create, agent_create_args },
	{ "agent.list", MESSAGE_OWNER | MESSAGE_OPERATOR, run_agent_list,
	    NULL },
	{ "agent.revoke", MESSAGE_OWNER, run_agent_revoke, agent_name_args },
	{ "agent.rotate", MESSAGE_OWNER, run_agent_rotate, agent_name_args },
	{ "agent.self", MESSAGE_AGENT, run_agent_self,
	    agent_session_self_args },
	{ "alerts.acknowledge",
	    MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR, run_acknowledge,
	    alerts_acknowledge_args },
	{ "approval.accept", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_approval_accept, approval_decide_args },
	{ "approval.list",
	    MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_WEB | MESSAGE_SIGNED,
	    run_approval_list, approval_list_args },
	{ "approval.reject", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_approval_reject, approval_decide_args },
	{ "audit.backup", MESSAGE_OWNER, run_backup, NULL },
	{ "audit.erase", MESSAGE_OWNER | MESSAGE_ACTOR, run_erase,
	    erasure_args },
	{ "audit.export",
	    MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_WEB | MESSAGE_EXPORTER,
	    run_export, export_args },
	{ "audit.reindex", MESSAGE_OWNER, run_reindex, NULL },
	{ "audit.verify", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_EXPORTER,
	    run_verify, NULL },
	{ "capability.invoke", MESSAGE_AGENT, run_invoke, invocation_args },
	{ "notices.result", MESSAGE_OWNER | MESSAGE_OBSERVER, run_notice_result,
	    notices_result_args },
	{ "notices.test", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_notice_test, notices_test_args },
	{ "policy.ask", MESSAGE_OWNER | MESSAGE_PRODUCER, run_policy_ask,
	    policy_ask_args },
	{ "otlp.record", MESSAGE_AGENT, run_otlp_record, otlp_record_args },
	{ "proxy.cancel", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_proxy_cancel, proxy_decide_args },
	{ "proxy.discard", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_proxy_discard, proxy_decide_args },
	{ "proxy.report", MESSAGE_OWNER | MESSAGE_SERVICE, run_proxy_report,
	    proxy_report_args },
	{ "proxy.retry", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_proxy_retry, proxy_decide_args },
	{ "service.heartbeat", MESSAGE_ANYONE, run_heartbeat,
	    telemetry_heartbeat_args },
	{ "session.end", MESSAGE_AGENT, run_session, agent_session_end_args },
	{ "session.start", MESSAGE_AGENT, run_session,
	    agent_session_start_args },
	{ "silences.add", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_silence, silences_add_args },
	{ "silences.remove", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR,
	    run_unsilence, silences_remove_args },
	{ "telemetry.report", MESSAGE_OWNER | MESSAGE_OBSERVER, run_report,
	    telemetry_report_args },
	{ "token.create", MESSAGE_OWNER | MESSAGE_SESSION, run_token_create,
	    token_create_args },
	{ "token.list", MESSAGE_OWNER | MESSAGE_SESSION, run_token_list,
	    token_list_args },
	{ "token.revoke", MESSAGE_OWNER | MESSAGE_SESSION, run_token_revoke,
	    token_revoke_args },
	{ 0 },
};

static int
identify(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err)
{
	struct kruxosd *kruxosd = context;

	if (agent_keeper_is_asked(call, credential))
		return agent_keeper_identify(
		    kruxosd->agents, call, credential, ret_signed_in, err);
	return account_keeper_identify(
	    kruxosd->accounts, credential, ret_signed_in, err);
}

static void
on_denied(void *context, const struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	if ((call->peer.classes & MESSAGE_AGENT) != 0)
		agent_keeper_note_denied(kruxosd->agents, call);
	else
		account_keeper_note_denied(kruxosd->accounts, call);
}

static struct ingest_settings
ingest_settings(const struct config *config)
{
	return (struct ingest_settings){
		.path = config->ingest_socket,
		.names = {
			.operators = config->operator_group,
			.producers = config->ingest_group,
			.web = &config->web_users,
			.observer = config->observer_user,
			.services = config->services,
			.service_count = config->service_count,
		},
		.connections_a_uid = config->connections_per_uid,
		.connections = config->connections,
	};
}

/* Descriptors for all connections, and for our own files. Where the system
 * allows fewer, ingest waits until one is free. */
static void
raise_limit(const struct config *config)
{
	struct rlimit limit;
	rlim_t wanted = config->connections + (rlim_t)OWN_DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		diag(DIAG_WARNING, "setrlimit: %m");
}

/* Ids of calls that otlp.fcgi made begin so: the agent gave them none. */
static bool
has_made_id(struct slice call_id)
{
	return slice_starts_with(call_id, SLICE_LITERAL("otlp-")) ||
	       slice_starts_with(call_id, SLICE_LITERAL("span-"));
}

static void
on_outcome(void *context, const struct entry *entry, struct slice thread,
    bool is_known)
{
	const struct coverage_call told = {
		.session_id = entry->session_id,
		.call_id = entry->call_id,
		.capability = entry->capability,
		.has_made_id = has_made_id(entry->call_id),
		.is_known = is_known,
	};

	if (entry->source == ENTRY_OTLP)
		coverage_keeper_tell(context, &told);
	else
		coverage_keeper_take(context, entry, thread);
}

static void
on_sequence(void *context, struct slice agent_name, struct slice session_id,
    uint64_t first, uint64_t last)
{
	(void)agent_name;
	coverage_keeper_count(context, session_id, first, last);
}

static void
make_otlp_recorder(struct kruxosd *kruxosd)
{
	const struct otlp_recorder_parts parts = {
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.outcomes = kruxosd->outcomes,
	};

	kruxosd->otlp_recorder = otlp_recorder_new(&parts);
	otlp_recorder_set_listener(
	    kruxosd->otlp_recorder, on_sequence, kruxosd->coverage);
	outcomes_set_listener(kruxosd->outcomes, on_outcome, kruxosd->coverage);
}

static void
make_spool(struct kruxosd *kruxosd)
{
	struct spool_parts parts = {
		.event = kruxosd->event,
		.clock = kruxosd->clock,
		.ingest = kruxosd->ingest,
		.commit = kruxosd->commit,
		.folder = kruxosd->config->spool_dir,
	};

	kruxosd->spool = spool_new(&parts);
}

int
entrance_make(struct kruxosd *kruxosd, struct error *err)
{
	struct ingest_settings settings = ingest_settings(kruxosd->config);
	struct ingest_parts parts = {
		.event = kruxosd->event,
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.commands = { commands, identify, kruxosd, on_denied },
	};

	raise_limit(kruxosd->config);
	kruxosd->reindex = reindex_new(kruxosd->indexer);
	kruxosd->recent = recent_new(
	    call_finder_hash, call_finder_find, kruxosd->call_finder);
	kruxosd->outcomes = outcomes_new(
	    kruxosd->recent, call_finder_find_outcome, kruxosd->call_finder);
	make_otlp_recorder(kruxosd);
	parts.recent = kruxosd->recent;
	parts.coverage = kruxosd->coverage;
	kruxosd->invocation = (struct invocation_parts){
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.recent = kruxosd->recent,
		.policy = kruxosd->policy,
		.approvals = kruxosd->approvals,
		.alerts = kruxosd->alerts,
	};
	parts.outcomes = kruxosd->outcomes;
	kruxosd->ingest = ingest_new(&settings, &parts, err);
	if (kruxosd->ingest == NULL)
		return -1;
	make_spool(kruxosd);
	return 0;
}

void
entrance_reload(struct kruxosd *kruxosd)
{
	cleanup(config_freep) struct config *config = NULL;
	struct ingest_settings settings;
	struct error err;

	if (config_load(kruxosd->config_path, &config, &err) == -1) {
		diag(DIAG_ERROR, "%s; all stays as it was", err.sentence);
		return;
	}
	if (config_moves(kruxosd->config, config)) {
		diag(DIAG_ERROR,
		    "%s: folders move at a restart only; all stays as it was",
		    kruxosd->config_path);
		return;
	}
	settings = ingest_settings(config);
	if (ingest_reconfigure(kruxosd->ingest, &settings, &err) == -1) {
		diag(DIAG_ERROR, "%s; all stays as it was", err.sentence);
		return;
	}
	raise_limit(config);
	account_keeper_configure(kruxosd->accounts, config);
	agent_keeper_configure(kruxosd->agents, config->gateway_attempts);
	policy_keeper_configure(kruxosd->policy, config);
	approval_keeper_configure(kruxosd->approvals, config);
	retention_set_days(kruxosd->retention, config->retention_days);
	telemetry_configure(kruxosd->telemetry, config);
	alerts_configure(kruxosd->alerts, config);
	notices_configure(kruxosd->notices, config);
	diag(DIAG_INFO, "%s was read again", kruxosd->config_path);
}
