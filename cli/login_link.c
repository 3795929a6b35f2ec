#include "cli/login_link.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/account.h"
#include "cli/address.h"
#include "cli/json.h"
#include "cli/order.h"
#include "cli/words.h"

struct login_link_values {
	const char *account;
	const char *role;
	bool json;
};

static const struct option_row login_link_options[] = {
	OPTION_TEXT(struct login_link_values, account, 0, "account", "NAME",
	    "who signs in; else your own name"),
	OPTION_WORD(struct login_link_values, role, 0, "role", "ROLE",
	    ACCOUNT_ROLES, NULL,
	    "what an account that is not there yet may; else operator"),
	OPTION_FLAG(struct login_link_values, json, 0, "json",
	    "print URL, account and end as JSON"),
	OPTION_END
};

static void
login_link_args(const struct login_link_values *wanted, struct buf *args)
{
	struct json_writer json;

	json_writer_init(&json, args);
	json_writer_object(&json);
	if (wanted->account != NULL)
		json_writer_pair(&json, "name", wanted->account);
	if (wanted->role != NULL)
		json_writer_pair(&json, "role", wanted->role);
	json_writer_end_object(&json);
}

/* A fragment: it never reaches a server's log. */
static void
login_link_add_url(
    const struct config *config, struct slice secret, struct buf *out)
{
	address_add_dashboard(out, config);
	buf_add_str(out, "/sign-in#");
	buf_add_slice(out, secret);
}

static void
login_link_write(struct json_object *link, struct slice url, struct buf *out)
{
	static const char *const kept[] = { "name", "role", "expires_at" };
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "url", url);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		json_writer_pair_slice(
		    &json, kept[i], json_text(link, kept[i]));
	json_writer_end_object(&json);
}

static void
login_link_say(struct json_object *link)
{
	cleanup(buf_free) struct buf end = BUF_INIT;

	words_add_moment(&end, json_text(link, "expires_at"));
	cli_note("signs in once, as %.*s (%.*s), until %s",
	    SLICE_ARG(json_text(link, "name")),
	    SLICE_ARG(json_text(link, "role")), end.data);
}

/* {"name":…,"role":…,"secret":…,"expires_at":…} */
static enum command_exit
login_link_print(struct cli *cli, const struct buf *result, bool as_json)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_wipe) struct buf url = BUF_INIT;
	cleanup(buf_wipe) struct buf out = BUF_INIT;
	struct error err = { 0 };

	json = json_parse(buf_slice(result), &err);
	if (json == NULL)
		return cli_fail(&err);
	login_link_add_url(cli->config, json_text(json, "secret"), &url);
	if (as_json) {
		login_link_write(json, buf_slice(&url), &out);
		cli_print_json(cli, &out);
		return COMMAND_DONE;
	}
	text_add_visible(&out, buf_slice(&url), TEXT_ONE_LINE);
	buf_add_char(&out, '\n');
	cli_print(&out);
	login_link_say(json);
	return COMMAND_DONE;
}

static enum command_exit
login_link_run(struct cli *cli, const void *values, char **operands)
{
	const struct login_link_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_wipe) struct buf result = BUF_INIT;
	struct error err = { 0 };

	(void)operands;
	login_link_args(wanted, &args);
	if (order_run(cli, "account.link", buf_slice(&args), "login-link",
		&result, &err) == -1)
		return cli_fail(&err);
	return login_link_print(cli, &result, wanted->json);
}

const struct command_form login_link_form = {
	login_link_options,
	sizeof(struct login_link_values),
	login_link_run,
};
