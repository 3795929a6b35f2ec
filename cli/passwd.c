#include "cli/passwd.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/account.h"
#include "cli/order.h"
#include "door/password.h"

enum { PASSWD_FRAME_BYTES = 128 }; /* of the arguments: keys and a role */

struct passwd_values {
	const char *role;
	bool from_stdin;
};

static const struct option_row passwd_options[] = {
	OPTION_WORD(struct passwd_values, role, 0, "role", "ROLE",
	    ACCOUNT_ROLES, NULL, "what the account may from now on"),
	OPTION_FLAG(struct passwd_values, from_stdin, 0, "stdin",
	    "read the password from standard input, one line"),
	OPTION_END
};

static int
passwd_ask(const char *name, struct buf *password, struct error *err)
{
	cleanup(buf_free) struct buf question = BUF_INIT;
	cleanup(buf_wipe) struct buf again = BUF_INIT;

	buf_addf(&question, "New password of %s: ", name);
	if (terminal_ask_secret(question.data, PASSWORD_BYTES, password, err) ==
		-1 ||
	    password_check(buf_slice(password), slice_of(name), err) == -1 ||
	    terminal_ask_secret(
		"The same again: ", PASSWORD_BYTES, &again, err) == -1)
		return -1;
	if (slice_equal(buf_slice(password), buf_slice(&again)))
		return 0;
	return error_set(err, ERROR_INVALID, "the two are not the same");
}

static int
passwd_read(
    const char *name, bool from_stdin, struct buf *password, struct error *err)
{
	if (!from_stdin) {
		if (passwd_ask(name, password, err) == 0)
			return 0;
		/* No terminal: this is the way without one. */
		return err->code == ERROR_SYSTEM
			   ? error_prefix(err, "without --stdin")
			   : -1;
	}
	if (terminal_read_secret(STDIN_FILENO, PASSWORD_BYTES, password, err) ==
	    -1)
		return -1;
	return password_check(buf_slice(password), slice_of(name), err);
}

/* {"name":"alice","role":"viewer","password":…} */
static void
passwd_args(
    const char *name, const char *role, struct slice password, struct buf *args)
{
	struct json_writer json;

	/* A character becomes six bytes at most; once, for it must not grow. */
	buf_reserve(args, PASSWD_FRAME_BYTES + strlen(name) + 6 * password.len);
	json_writer_init(&json, args);
	json_writer_object(&json);
	json_writer_pair(&json, "name", name);
	if (role != NULL)
		json_writer_pair(&json, "role", role);
	json_writer_pair_slice(&json, "password", password);
	json_writer_end_object(&json);
}

static enum command_exit
passwd_run(struct cli *cli, const void *values, char **operands)
{
	const struct passwd_values *wanted = values;
	cleanup(buf_wipe) struct buf password = BUF_INIT;
	cleanup(buf_wipe) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct error err = { 0 };
	const char *name = operands[0];

	if (name == NULL)
		name = account_caller(&err);
	if (name == NULL ||
	    passwd_read(name, wanted->from_stdin, &password, &err) == -1)
		return cli_fail(&err);
	passwd_args(name, wanted->role, buf_slice(&password), &args);
	if (order_run(cli, "account.set", buf_slice(&args), "passwd", &result,
		&err) == -1)
		return cli_fail(&err);
	return account_say_set(
	    &result, "has a new password; whoever was signed in is no more");
}

const struct command_form passwd_form = {
	passwd_options,
	sizeof(struct passwd_values),
	passwd_run,
};
