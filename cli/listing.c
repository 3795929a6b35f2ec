#include "cli/listing.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/order.h"

static void
listing_print(
    struct cli *cli, const struct listing *listing, struct json_object *list)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	size_t count = json_length(list);
	struct table table;

	table_init(
	    &table, listing->columns, listing->column_count, &cli->arena);
	for (size_t i = 0; i < count; i++)
		listing->add_row(&table, json_object_array_get_idx(list, i));
	if (count == 0)
		buf_add_str(&out, listing->nothing);
	else
		table_print(&table, &cli->out, &out);
	cli_print(&out);
}

static enum command_exit
listing_show(struct cli *cli, const struct listing *listing, struct buf *answer,
    bool as_json)
{
	cleanup(json_putp) struct json_object *json = NULL;
	struct error err = { 0 };

	json = json_parse(buf_slice(answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (as_json)
		cli_print_json(cli, answer);
	else
		listing_print(cli, listing, json_member(json, listing->member));
	return COMMAND_DONE;
}

enum command_exit
listing_get(struct cli *cli, const struct listing *listing, const char *target,
    bool as_json)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct error err = { 0 };
	const struct config *config = cli_config(cli, &err);

	if (config == NULL ||
	    api_get(config->api_socket, target, &answer, &err) == -1)
		return cli_fail(&err);
	return listing_show(cli, listing, &answer, as_json);
}

enum command_exit
listing_order(struct cli *cli, const struct listing *listing, const char *verb,
    struct slice args, bool as_json)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct error err = { 0 };

	if (order_run(cli, verb, args, listing->member, &answer, &err) == -1)
		return cli_fail(&err);
	return listing_show(cli, listing, &answer, as_json);
}
