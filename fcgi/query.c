#include "fcgi/query.h"

int
query_fill(const struct query *query, struct arena *arena,
    struct filter *filter, struct error *err)
{
	for (size_t name = 0; name < FILTER_NAMES; name++) {
		const struct param_list *list = &query->lists[name];

		for (size_t i = 0; i < list->count; i++)
			if (filter_add(filter, arena,
				filter_name((enum filter_name)name),
				list->values[i].text, err) == -1)
				return -1;
	}
	return 0;
}

int
query_read(struct request *req, struct query *query, struct filter *ret_filter,
    struct error *err)
{
	struct filter filter = FILTER_INIT;

	if (params_read(req, query, err) == -1 ||
	    query_fill(query, req->arena, &filter, err) == -1)
		return -1;
	if (query->q.data != NULL &&
	    filter_set_q(&filter, req->arena, query->q, err) == -1)
		return -1;
	*ret_filter = filter;
	return 0;
}

int
query_range(const struct query *query, usec_t now, usec_t span,
    struct filter *filter, struct error *err)
{
	usec_t end = query->to == QUERY_UNSET ? now : query->to;

	filter->from = query->from;
	if (query->from == QUERY_UNSET)
		filter->from = end > span ? end - span : 0;
	if (query->to != QUERY_UNSET)
		filter->to = query->to;
	if (filter->from >= filter->to)
		return error_set_field(
		    err, ERROR_INVALID, "to", "to is not later than from");
	return 0;
}

void
query_add_entry(struct buf *out, struct slice line, const char *file)
{
	/* Without the closing brace. */
	buf_add(out, line.data, line.len - 1);
	buf_add_str(out, ",\"log_file\":\"");
	buf_add_str(out, file);
	buf_add_str(out, "\"}");
}

static void
write_entry(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	struct json_writer *json = context;

	(void)entry;
	/* Begun, and finished by hand: what is written by thousands is not
	 * copied twice. */
	json_writer_raw(json, (struct slice){ NULL, 0 });
	query_add_entry(json->out, line, place->file);
}

int
query_write_entries(struct json_writer *json, struct store *store,
    const struct filter *filter, const struct search_page *page,
    struct error *err)
{
	json_writer_key(json, "entries");
	json_writer_array(json);
	if (search_read(store, filter, page, write_entry, json, err) == -1)
		return -1;
	json_writer_end_array(json);
	return 0;
}

bool
query_is_gone(void *request)
{
	return request_gone(request);
}
