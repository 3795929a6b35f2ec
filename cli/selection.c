#include "cli/selection.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/api.h"

/* "--agent-name: …" of "agent_name: …" */
static int
selection_refuse(const char *name, const char *value, struct error *err)
{
	cleanup(buf_free) struct buf option = BUF_INIT;
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	buf_add_str(&option, name);
	for (size_t i = 0; i < option.len; i++)
		if (option.data[i] == '_')
			option.data[i] = '-';
	text_add_quoted(&quoted, slice_of(value));
	if (err->code == ERROR_TOO_LONG)
		return error_set(
		    err, ERROR_INVALID, "--%s: too much of it", option.data);
	return error_set(err, ERROR_INVALID, "--%s: no entry can have %s",
	    option.data, quoted.data);
}

static int
selection_add_list(const struct selection *selection, enum filter_name name,
    struct arena *arena, struct filter *filter, struct error *err)
{
	const struct option_list *list = &selection->lists[name];

	for (size_t i = 0; i < list->count; i++) {
		if (filter_add(filter, arena, filter_name(name),
			slice_of(list->values[i]), err) == -1)
			return selection_refuse(
			    filter_name(name), list->values[i], err);
	}
	return 0;
}

static int
selection_settle_times(
    struct selection *selection, usec_t now, struct error *err)
{
	if (selection->last > 0 && selection->from.is_given)
		return error_set(
		    err, ERROR_INVALID, "--last and --from exclude each other");
	if (selection->last > 0)
		selection->from = (struct option_time){
			now > selection->last ? now - selection->last : 0, true
		};
	if (selection->to.is_given && selection->to.at <= selection->from.at)
		return error_set(
		    err, ERROR_INVALID, "--to is not after --from");
	return 0;
}

int
selection_settle(struct selection *selection, usec_t now, struct arena *arena,
    struct filter *ret_filter, struct error *err)
{
	struct filter filter = FILTER_INIT;

	if (selection_settle_times(selection, now, err) == -1)
		return -1;
	for (int name = 0; name < FILTER_NAMES; name++) {
		if (selection_add_list(selection, (enum filter_name)name, arena,
			&filter, err) == -1)
			return -1;
	}
	if (selection->q != NULL &&
	    filter_set_q(&filter, arena, slice_of(selection->q), err) == -1)
		return error_prefix(err, "--q");
	filter.from = selection->from.at;
	if (selection->to.is_given)
		filter.to = selection->to.at;
	*ret_filter = filter;
	return 0;
}

static void
selection_add_pair(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=", name);
	api_escape(out, slice_of(value));
	buf_add_char(out, '&');
}

static void
selection_add_time(
    struct buf *out, const char *name, const struct option_time *time)
{
	char text[CLOCK_TEXT_SIZE];

	if (!time->is_given)
		return;
	clock_format(time->at, text);
	selection_add_pair(out, name, text);
}

void
selection_add_query(const struct selection *selection, struct buf *out)
{
	for (int name = 0; name < FILTER_NAMES; name++) {
		const struct option_list *list = &selection->lists[name];

		for (size_t i = 0; i < list->count; i++)
			selection_add_pair(out,
			    filter_name((enum filter_name)name),
			    list->values[i]);
	}
	if (selection->q != NULL)
		selection_add_pair(out, "q", selection->q);
	selection_add_time(out, "from", &selection->from);
	selection_add_time(out, "to", &selection->to);
}

void
selection_write(const struct selection *selection, struct json_writer *json)
{
	for (int name = 0; name < FILTER_NAMES; name++) {
		const struct option_list *list = &selection->lists[name];

		if (list->count == 0)
			continue;
		json_writer_key(json, filter_name((enum filter_name)name));
		json_writer_array(json);
		for (size_t i = 0; i < list->count; i++)
			json_writer_text(json, list->values[i]);
		json_writer_end_array(json);
	}
	if (selection->q != NULL)
		json_writer_pair(json, "q", selection->q);
	if (selection->from.is_given)
		json_writer_pair_time(json, "from", selection->from.at);
	if (selection->to.is_given)
		json_writer_pair_time(json, "to", selection->to.at);
}
