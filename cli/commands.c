#include "cli/commands.h"

#include "cli/account.h"
#include "cli/agent.h"
#include "cli/alerts.h"
#include "cli/approve.h"
#include "cli/backup.h"
#include "cli/completions.h"
#include "cli/config.h"
#include "cli/export.h"
#include "cli/head.h"
#include "cli/health.h"
#include "cli/help.h"
#include "cli/hook_doctor.h"
#include "cli/hook_install.h"
#include "cli/ingest.h"
#include "cli/login_link.h"
#include "cli/metrics.h"
#include "cli/nearest.h"
#include "cli/notify.h"
#include "cli/order.h"
#include "cli/passwd.h"
#include "cli/policy.h"
#include "cli/proxy.h"
#include "cli/query.h"
#include "cli/replay.h"
#include "cli/restore.h"
#include "cli/show.h"
#include "cli/silence.h"
#include "cli/stats.h"
#include "cli/token.h"
#include "cli/verify.h"
#include "cli/watch.h"

/* Every command, in the order of the help; those of a group together. */
const struct command commands[] = {
	{
	    .name = "health",
	    .alias = "status",
	    .operands = "",
	    .form = &health_form,
	    .summary = "Is the machine healthy?",
	    .about = "Exits with 0 when healthy, 1 when degraded, 2 when "
		     "unhealthy, 3 when nobody knows. When nginx is down the "
		     "daemon's own figures are shown, and that is said.",
	    .examples = "  kruxos health\n"
			"  kruxos health --json | jq .resources",
	},
	{
	    .name = "metrics",
	    .operands = "[CATEGORY]",
	    .words = METRICS_CATEGORIES,
	    .most = 1,
	    .form = &metrics_form,
	    .summary = "Show what is measured",
	    .about = "CATEGORY is system, agents, policy or http; without it "
		     "all of them are shown. What nobody has measured of late "
		     "is unknown.",
	    .examples = "  kruxos metrics\n"
			"  kruxos metrics http\n"
			"  kruxos metrics agents --json | jq .active_count",
	},
	{
	    .name = "alerts ack",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &alerts_ack_form,
	    .summary = "Say that an alert has been seen",
	    .about = "It counts as seen until it is resolved; when it comes "
		     "back it has not been.",
	    .examples = "  kruxos alerts ack 7\n"
			"  kruxos alerts ack 7 8 --note 'the disk is ordered'",
	},
	{
	    .name = "alerts",
	    .operands = "",
	    .form = &alerts_form,
	    .summary = "Show health and what is wrong now",
	    .about = "What is wrong stands grouped by how bad it is. --last "
		     "and --all show what is resolved, too.",
	    .examples = "  kruxos alerts\n"
			"  kruxos alerts --severity critical --last 24h\n"
			"  kruxos alerts --json | jq '.alerts[].title'",
	},
	{
	    .name = "silence add",
	    .operands = "NAME=VALUE...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &silence_add_form,
	    .summary = "Mute the alerts that match",
	    .about = "NAME is severity, source, agent_name, title, rule or "
		     "service; in VALUE a * stands for anything; all must "
		     "match. Alerts go on and are recorded. What could mean a "
		     "critical alert is for root and the daemon's own user.",
	    .examples =
		"  kruxos silence add rule=high-cpu severity=warning --for 2h "
		"-r 'the build'\n"
		"  kruxos silence add service=search --until-resolved "
		"-r 'being moved'",
	},
	{
	    .name = "silence list",
	    .operands = "",
	    .form = &silence_list_form,
	    .summary = "Show what is silenced, by whom and why",
	    .examples = "  kruxos silence list\n"
			"  kruxos silence list --json | jq .silences",
	},
	{
	    .name = "silence remove",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &silence_remove_form,
	    .summary = "End a silence before its time",
	    .examples = "  kruxos silence remove 3",
	},
	{
	    .name = "notify list",
	    .operands = "",
	    .form = &notify_list_form,
	    .summary = "Show who is told of alerts, and how that goes",
	    .examples = "  kruxos notify list\n"
			"  kruxos notify list --json | jq '.channels[] | "
			"select(.waiting > 0)'",
	},
	{
	    .name = "notify test",
	    .operands = "NAME",
	    .least = 1,
	    .most = 1,
	    .form = &notify_test_form,
	    .summary = "Send a test notice, and say what came of it",
	    .about = "NAME is that of a [notify NAME] in kruxos.conf. Exits "
		     "with 0 when the notice was delivered, with 1 and the "
		     "reason when it was not; it is not tried again.",
	    .examples = "  kruxos notify test ops",
	},
	{
	    .name = "proxy status",
	    .operands = "",
	    .form = &proxy_status_form,
	    .summary = "Show what the service proxy does, and what waits",
	    .about = "As whoever runs it has reported it last. Exits with 3 "
		     "when nobody has, or not of late.",
	    .examples = "  kruxos proxy status\n"
			"  kruxos proxy status --json | jq .dead_letters",
	},
	{
	    .name = "proxy cancel",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &proxy_cancel_form,
	    .summary = "Say that a buffered write is not to be sent",
	    .about = "It is recorded, and told to whoever runs the service "
		     "proxy with its next report.",
	    .examples = "  kruxos proxy cancel w-17",
	},
	{
	    .name = "proxy retry",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &proxy_retry_form,
	    .summary = "Say that a dead letter is to be tried again",
	    .examples = "  kruxos proxy retry w-9",
	},
	{
	    .name = "proxy discard",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &proxy_discard_form,
	    .summary = "Say that a dead letter is to be given up",
	    .examples = "  kruxos proxy discard w-9 w-12 --yes",
	},
	{
	    .name = "proxy report",
	    .operands = "[FILE]",
	    .most = 1,
	    .form = &proxy_report_form,
	    .summary = "Tell what the service proxy does",
	    .about = "From FILE or standard input: an object with all services "
		     "and writes (docs/door.md). Prints what is to be done, as "
		     "JSON. For root, the daemon's own user and the user of "
		     "[service proxy].",
	    .examples = "  kruxos proxy report state.json | jq -r "
			"'.actions[] | \"\\(.action) \\(.id)\"'",
	},
	{
	    .name = "approve list",
	    .operands = "",
	    .form = &approve_list_form,
	    .summary = "Show what agents ask a person for",
	    .about = "The oldest first.",
	    .examples = "  kruxos approve list\n"
			"  kruxos approve list --json | jq '.approvals[].id'",
	},
	{
	    .name = "approve show",
	    .operands = "ID",
	    .least = 1,
	    .most = 1,
	    .form = &approve_show_form,
	    .summary = "Show one request, all of it",
	    .examples = "  kruxos approve show call-9f86d081884c7d65",
	},
	{
	    .name = "approve accept",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &approve_accept_form,
	    .summary = "Let the call happen, once",
	    .about = "The call with these very arguments, while [gateway] "
		     "approval_valid lasts. A person decides: root and the "
		     "daemon's own user, or whoever has the password of an "
		     "operator's account, which is asked for on the terminal.",
	    .examples =
		"  kruxos approve accept call-9f86d081884c7d65\n"
		"  kruxos approve accept call-9f86d081884c7d65 --account alice",
	},
	{
	    .name = "approve reject",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &approve_reject_form,
	    .summary = "Deny the call, and say why",
	    .about = "The agent is told; the same call then asks anew. Who "
		     "may, is as for `approve accept`.",
	    .examples = "  kruxos approve reject call-9f86d081884c7d65 "
			"-r 'not on a Friday'",
	},
	{
	    .name = "policy explain",
	    .operands = "AGENT CAPABILITY",
	    .least = 2,
	    .most = 2,
	    .form = &policy_explain_form,
	    .summary = "Name the line that decides what an agent may",
	    .about = "By kruxos.conf alone, as it stands there: no daemon is "
		     "asked. Of [policy] and [policy agent NAME] the most "
		     "specific line decides; of [limit] one says how often.",
	    .examples = "  kruxos policy explain research-agent shell.exec\n"
			"  kruxos policy explain ci mcp.github.merge --json | "
			"jq -r .policy_tier",
	},
	{
	    .name = "audit query",
	    .operands = "",
	    .form = &query_form,
	    .summary = "Find entries, newest first",
	    .about = "A filter given more than once matches any of its values; "
		     "a value with a leading '-' matches none of it. Without "
		     "--from, --to and --last the last 7 days are searched; "
		     "with --dir, all files.",
	    .examples =
		"  kruxos audit query --agent-name research-agent --last 24h\n"
		"  kruxos audit query -C 'filesystem.*' -s error -s denied\n"
		"  kruxos audit query --status=-success --from 2026-11-01 "
		"--json\n"
		"  kruxos audit query -q 'rm -rf' --exit-code && echo found",
	},
	{
	    .name = "audit show",
	    .operands = "SEQ",
	    .least = 1,
	    .most = 1,
	    .form = &show_form,
	    .summary = "Show one entry, all of it",
	    .examples = "  kruxos audit show 42\n"
			"  kruxos audit show 42 --json | jq .request",
	},
	{
	    .name = "audit head",
	    .operands = "",
	    .form = &head_form,
	    .summary = "Print the last entry's SEQ:HASH",
	    .about = "Keep it elsewhere: `audit verify --expect` then "
		     "proves that nothing up to there was rewritten or "
		     "cut.",
	    .examples = "  kruxos audit head >> /media/usb/heads",
	},
	{
	    .name = "audit verify",
	    .operands = "",
	    .form = &verify_form,
	    .summary = "Verify the chain of the log, by its files alone",
	    .about = "Exits with 2 when the log is not what was written, and "
		     "names the file, line and seq of the first entry that "
		     "does not hold, with what was expected and found.",
	    .examples = "  kruxos audit verify\n"
			"  kruxos audit verify --dir /media/backup/audit\n"
			"  kruxos audit verify --expect \"$(tail -1 "
			"/media/usb/heads)\"",
	},
	{
	    .name = "audit stats",
	    .operands = "",
	    .form = &stats_form,
	    .summary = "Sums by status, tier, actor and capability",
	    .about = "Of the last 24 hours, unless --last, --from or --to "
		     "say otherwise.",
	    .examples = "  kruxos audit stats --last 24h\n"
			"  kruxos audit stats --agent-name fixer --json",
	},
	{
	    .name = "audit export",
	    .operands = "",
	    .form = &export_form,
	    .summary = "Write every entry that matches, oldest first",
	    .about = "Without --from, --to and --last these are the last 7 "
		     "days'; --from 1970-01-01 is all. An export is itself an "
		     "entry, recorded before its first byte.",
	    .examples =
		"  kruxos audit export --format csv --last 7d -o week.csv\n"
		"  kruxos audit export -f ndjson --from 2026-11-01 | gzip "
		"> november.ndjson.gz",
	},
	{
	    .name = "audit import",
	    .operands = "[FILE]",
	    .most = 1,
	    .form = &ingest_import_form,
	    .summary = "Record entries of the past, or of another log",
	    .about = "Reads NDJSON of `kruxos ingest` or of `audit export -f "
		     "ndjson`. Times of the past are kept, the source becomes "
		     "\"import\". For root and the daemon's own user.",
	    .examples =
		"  kruxos audit import other-host.ndjson\n"
		"  kruxos audit import --ending-now demo/sessions.ndjson",
	},
	{
	    .name = "audit erase",
	    .operands = "SEQ...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &order_erase_form,
	    .summary = "Take payloads out of the log for ever",
	    .about = "Summary and request of the entries go; who did what and "
		     "when, and the chain, stay. The erasure is itself an "
		     "entry. Backups and exports are yours to look after.",
	    .examples = "  kruxos audit erase 42 43 --reason 'a password "
			"in the command line'",
	},
	{
	    .name = "watch",
	    .operands = "",
	    .form = &watch_form,
	    .summary = "Follow what happens, as it happens",
	    .about = "Goes on by itself after a restart of the server, "
		     "with nothing lost or doubled. Ctrl-C ends it.",
	    .examples = "  kruxos watch\n"
			"  kruxos watch -a research-agent -s denied -s error\n"
			"  kruxos watch --json -n 0 | jq .capability",
	},
	{
	    .name = "ingest",
	    .operands = "[FILE]",
	    .most = 1,
	    .form = &ingest_form,
	    .summary = "Record entries: JSON, one on each line",
	    .about = "From FILE or standard input. Ends when all of them are "
		     "durable; a line that is refused is named on stderr, and "
		     "the exit code is 1.",
	    .examples =
		"  kruxos ingest entries.ndjson\n"
		"  echo '{\"actor_type\":\"agent\",\"agent_name\":\"a\","
		"\"capability\":\"shell.exec\",\n"
		"      \"status\":\"success\"}' | kruxos ingest",
	},
	{
	    .name = "replay",
	    .operands = "FILE",
	    .least = 1,
	    .most = 1,
	    .form = &replay_form,
	    .summary = "Let recorded sessions happen again, now",
	    .about =
		"At their own pace; each run under session ids of its own, "
		"with the source \"import\". For root and the daemon's "
		"own user.",
	    .examples =
		"  kruxos replay demo/sessions.ndjson --speed 10\n"
		"  kruxos replay demo/sessions.ndjson --session sess-001 "
		"--loop",
	},
	{
	    .name = "hook install",
	    .operands = "AGENT",
	    .words = HOOK_AGENT_NAMES,
	    .least = 1,
	    .most = 1,
	    .form = &hook_install_form,
	    .summary = "Record what a coding agent does",
	    .about = "AGENT is claude-code, codex, gemini, cursor or opencode. "
		     "Hooks that run kruxos-hook are put into the agent's own "
		     "settings; what else stands there stays as it is, and the "
		     "file as it was beside it as FILE.before-kruxos. OpenCode "
		     "gets a plug-in. Codex runs only hooks that were "
		     "approved, so it is told that these are.",
	    .examples = "  kruxos hook install claude-code --user\n"
			"  kruxos hook install gemini --project --dry-run\n"
			"  sudo kruxos hook install codex --system "
			"--fail-closed",
	},
	{
	    .name = "hook uninstall",
	    .operands = "AGENT",
	    .words = HOOK_AGENT_NAMES,
	    .least = 1,
	    .most = 1,
	    .form = &hook_uninstall_form,
	    .summary = "Take the hooks out of an agent's settings",
	    .examples = "  kruxos hook uninstall claude-code --user",
	},
	{
	    .name = "hook doctor",
	    .operands = "[AGENT...]",
	    .words = HOOK_AGENT_NAMES,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &hook_doctor_form,
	    .summary = "Do the calls of coding agents arrive?",
	    .about = "Of each agent that is installed here: its version, where "
		     "its hooks are registered, whether it runs them, and when "
		     "the last entry came of one. Exits with 2 and says what "
		     "is to be done when one is not recorded, with 3 when the "
		     "daemon does not answer.",
	    .examples = "  kruxos hook doctor\n"
			"  kruxos hook doctor codex --json | jq "
			"'.agents[].trusted'",
	},
	{
	    .name = "login-link",
	    .operands = "",
	    .form = &login_link_form,
	    .summary = "Print a link that signs in at the dashboard, once",
	    .about = "Good for 5 minutes, unless kruxos.conf says otherwise; "
		     "no password is asked for. An account that is not there "
		     "is made. For root and the daemon's own user.",
	    .examples = "  kruxos login-link\n"
			"  kruxos login-link --account alice --role viewer",
	},
	{
	    .name = "passwd",
	    .operands = "[NAME]",
	    .most = 1,
	    .form = &passwd_form,
	    .summary = "Set a password of the dashboard, or make an account",
	    .about =
		"NAME is who signs in; without it, you. Asks twice for the "
		"password, of 12 characters at least. An account that is not "
		"there is made, as an operator unless --role says otherwise. A "
		"viewer reads; an operator acts, too; an auditor reads all and "
		"exports. A new password ends the account's sessions. For "
		"root and the daemon's own user.",
	    .examples = "  kruxos passwd\n"
			"  kruxos passwd alice --role viewer\n"
			"  pwgen -s 20 1 | tee /dev/tty | kruxos passwd alice "
			"--stdin",
	},
	{
	    .name = "account list",
	    .operands = "",
	    .form = &account_list_form,
	    .summary = "Show who may sign in, and who has",
	    .examples = "  kruxos account list\n"
			"  kruxos account list --json | jq -r "
			"'.accounts[].name'",
	},
	{
	    .name = "account role",
	    .operands = "NAME ROLE",
	    .words = ACCOUNT_ROLES,
	    .least = 2,
	    .most = 2,
	    .form = &account_role_form,
	    .summary = "Say what an account may",
	    .about = "A viewer reads; an operator acts, too; an auditor reads "
		     "all and exports. An account that is not there is made, "
		     "without a password.",
	    .examples = "  kruxos account role alice operator",
	},
	{
	    .name = "account remove",
	    .operands = "NAME...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &account_remove_form,
	    .summary = "Take accounts away, with sessions and tokens",
	    .about = "What was done in their names stays in the log.",
	    .examples = "  kruxos account remove alice",
	},
	{
	    .name = "token create",
	    .operands = "LABEL",
	    .least = 1,
	    .most = 1,
	    .form = &token_create_form,
	    .summary = "Make a token for programs, and print it",
	    .about = "It may what its account may, and with the scope read "
		     "only what changes nothing. It is shown this once: the "
		     "daemon keeps its hash alone. LABEL is for you.",
	    .examples = "  umask 077; kruxos token create nightly --scope read "
			"> nightly.token\n"
			"  kruxos token create ci --scope operate --account "
			"alice --expires 90d",
	},
	{
	    .name = "token list",
	    .operands = "",
	    .form = &token_list_form,
	    .summary = "Show the tokens, whose they are, when they were used",
	    .examples = "  kruxos token list --account alice\n"
			"  kruxos token list --json | jq '.tokens | length'",
	},
	{
	    .name = "token revoke",
	    .operands = "ID...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &token_revoke_form,
	    .summary = "End tokens, at once",
	    .examples = "  kruxos token revoke 9f86d081884c7d65",
	},
	{
	    .name = "agent create",
	    .operands = "NAME",
	    .least = 1,
	    .most = 1,
	    .form = &agent_create_form,
	    .summary = "Let an agent speak to the gateway, and print its token",
	    .about = "The token names the agent: no call with it can speak for "
		     "another. It is shown this once: the daemon keeps its "
		     "hash alone. For root and the daemon's own user.",
	    .examples = "  umask 077; kruxos agent create research-agent "
			"--purpose 'reads papers' > research.token\n"
			"  kruxos agent create builder -p 'builds the site' "
			"--json",
	},
	{
	    .name = "agent list",
	    .operands = "",
	    .form = &agent_list_form,
	    .summary = "Show the agents, what for, and when they last spoke",
	    .examples = "  kruxos agent list\n"
			"  kruxos agent list --json | jq '.agents | length'",
	},
	{
	    .name = "agent show",
	    .operands = "NAME",
	    .least = 1,
	    .most = 1,
	    .form = &agent_show_form,
	    .summary = "Show one agent",
	    .examples = "  kruxos agent show research-agent",
	},
	{
	    .name = "agent rotate",
	    .operands = "NAME",
	    .least = 1,
	    .most = 1,
	    .form = &agent_rotate_form,
	    .summary = "Give an agent another token, and print it",
	    .about = "The old one is good for nothing from then on.",
	    .examples = "  umask 077; kruxos agent rotate research-agent > "
			"research.token",
	},
	{
	    .name = "agent revoke",
	    .operands = "NAME...",
	    .least = 1,
	    .most = COMMAND_ANY_NUMBER,
	    .form = &agent_revoke_form,
	    .summary = "End the tokens of agents, at once",
	    .about = "What they did stays in the log. The name can be given "
		     "again by `kruxos agent create`.",
	    .examples = "  kruxos agent revoke research-agent",
	},
	{
	    .name = "reindex",
	    .operands = "",
	    .form = &order_reindex_form,
	    .summary = "Make the index anew from the log",
	    .examples = "  kruxos reindex",
	},
	{
	    .name = "backup",
	    .operands = "FILE",
	    .least = 1,
	    .most = 1,
	    .form = &backup_form,
	    .summary = "Copy log, databases and configuration to a file",
	    .about = "While everything runs; FILE is for you alone (0600), or "
		     "- for standard output. Prints the SEQ:HASH of the last "
		     "entry in it: kept elsewhere, it proves what is restored. "
		     "For root and the daemon's own user.",
	    .examples = "  kruxos backup /media/backup/monday.kruxos >> "
			"/media/usb/heads\n"
			"  kruxos backup - | ssh vault 'umask 077; cat > "
			"monday.kruxos'",
	},
	{
	    .name = "restore",
	    .operands = "FILE",
	    .least = 1,
	    .most = 1,
	    .form = &restore_form,
	    .summary = "Put a backup in the place of what is here",
	    .about = "FILE, or - for standard input, is read whole and its log "
		     "verified before anything is replaced; what was here is "
		     "kept beside it. Not while kruxosd runs. Exits with 2 "
		     "when the backup is damaged. For root and the daemon's "
		     "own user.",
	    .examples = "  kruxos restore --check /media/backup/monday.kruxos\n"
			"  kruxos restore /media/backup/monday.kruxos --expect "
			"\"$(tail -1 /media/usb/heads)\"",
	},
	{
	    .name = "config check",
	    .operands = "[FILE]",
	    .most = 1,
	    .form = &config_check_form,
	    .summary = "Name everything that is wrong in kruxos.conf and "
		       "conf.d",
	    .examples = "  kruxos config check\n"
			"  kruxos config check /etc/kruxos/kruxos.conf",
	},
	{
	    .name = "config show",
	    .operands = "",
	    .form = &config_show_form,
	    .summary = "Show what is in force, and which file says so",
	    .about = "Above each line that a file says stands its place; the "
		     "others are defaults. What is shown could be written into "
		     "a file.",
	    .examples = "  kruxos config show\n"
			"  kruxos config show --said",
	},
	{
	    .name = "completions",
	    .operands = "SHELL",
	    .least = 1,
	    .most = 1,
	    .form = &completions_form,
	    .summary = "Print completions for a shell: bash",
	    .examples = "  source <(kruxos completions bash)",
	},
	{
	    .name = "help",
	    .operands = "[COMMAND]",
	    .most = 2,
	    .form = &help_form,
	    .summary = "Show options and examples of a command",
	    .examples = "  kruxos help audit query",
	},
	{
	    .name = "version",
	    .operands = "",
	    .form = &help_version_form,
	    .summary = "Print the version",
	    .examples = "  kruxos version",
	},
};

const size_t commands_count = sizeof(commands) / sizeof(commands[0]);

const struct option_row commands_common_options[] = {
	OPTION_TEXT(struct cli, config_file, 'c', "config", "FILE",
	    "the configuration; else $KRUXOS_CONFIG, ./run/kruxos.conf, "
	    "/etc/kruxos/kruxos.conf"),
	OPTION_FLAG(struct cli, wants_help, 'h', "help", "show this help"),
	OPTION_END
};

struct slice
commands_group(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');

	return (struct slice){ command->name,
		blank == NULL ? 0 : (size_t)(blank - command->name) };
}

bool
commands_is_group(const char *word)
{
	for (size_t i = 0; i < commands_count; i++)
		if (slice_is(commands_group(&commands[i]), word))
			return *word != '\0';
	return false;
}

/* How many of `words` choose this command; 0: they do not. */
static int
commands_match(const struct command *command, char **words)
{
	struct slice group = commands_group(command);

	if (command->alias != NULL && strcmp(words[0], command->alias) == 0)
		return 1;
	if (group.len == 0)
		return strcmp(words[0], command->name) == 0;
	if (slice_is(group, words[0]) && words[1] != NULL &&
	    strcmp(words[1], command->name + group.len + 1) == 0)
		return 2;
	return 0;
}

const struct command *
commands_find(char **words, int *ret_words)
{
	for (size_t i = 0; i < commands_count; i++) {
		int matched = commands_match(&commands[i], words);

		if (matched == 0)
			continue;
		*ret_words = matched;
		return &commands[i];
	}
	return NULL;
}

const char *
commands_nearest(const char *words, struct arena *arena)
{
	const char **names =
	    arena_array(arena, 3 * commands_count + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < commands_count; i++) {
		struct slice group = commands_group(&commands[i]);

		names[count++] = commands[i].name;
		if (commands[i].alias != NULL)
			names[count++] = commands[i].alias;
		if (group.len > 0)
			names[count++] =
			    arena_copy(arena, group.data, group.len);
	}
	return nearest_word(words, names);
}
