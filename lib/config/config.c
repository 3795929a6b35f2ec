#include "config/config.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/defaults.h"
#include "config/files.h"
#include "config/parser.h"
#include "config/reader.h"
#include "config/settings.h"
#include "config/whole.h"

#include <sys/stat.h>

/* OBSERVED_SILENCE_MAX of store/observed.h, which is not below us. */
#define THREE_REPORTS (15 * USEC_PER_SEC)

/* The files, line by line. */

/* Has the present section a name that one of its kind may have? */
static bool
may_be_named(struct parser *parser, const char *what)
{
	if (settings_is_name(parser->here.name, SETTINGS_NAME_BYTES, "-_."))
		return true;
	parser_problem(parser, &parser->here,
	    "%s needs a name: 1 to %d letters, digits, '-', '_' and '.'", what,
	    SETTINGS_NAME_BYTES);
	return false;
}

static struct config_service *
find_service(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;

	if (!may_be_named(parser, "a service"))
		return NULL;
	for (size_t i = 0; i < config->service_count; i++)
		if (slice_is(name, config->services[i].name))
			return config->services + i;
	if (config->service_count == CONFIG_SERVICES) {
		parser_problem(parser, &parser->here,
		    "there are more than %d services", CONFIG_SERVICES);
		return NULL;
	}
	return defaults_add_service(parser, name);
}

static struct config_alert *
find_alert(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;

	if (!may_be_named(parser, "an alert"))
		return NULL;
	for (size_t i = 0; i < config->alert_count; i++)
		if (slice_is(name, config->alerts[i].name))
			return config->alerts + i;
	if (config->alert_count == CONFIG_ALERTS) {
		parser_problem(parser, &parser->here,
		    "there are more than %d alerts", CONFIG_ALERTS);
		return NULL;
	}
	return defaults_add_alert(parser, name);
}

static struct config_notify *
find_notify(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;

	if (!may_be_named(parser, "a channel"))
		return NULL;
	for (size_t i = 0; i < config->notify_count; i++)
		if (slice_is(parser->here.name, config->notifies[i].name))
			return config->notifies + i;
	if (config->notify_count == CONFIG_NOTIFIES) {
		parser_problem(parser, &parser->here,
		    "there are more than %d channels", CONFIG_NOTIFIES);
		return NULL;
	}
	return defaults_add_notify(parser, name);
}

/* Of [policy agent NAME]; NULL: it is called something else. */
static const char *
read_agent(struct parser *parser)
{
	static const char word[] = "agent ";
	struct slice name = parser->here.name;

	if (!slice_starts_with(name, slice_of(word)))
		return NULL;
	name.data += strlen(word);
	name.len -= strlen(word);
	return entry_is_name(name)
		   ? arena_slice(&parser->config->arena, name).data
		   : NULL;
}

/* The present section as it stands in an earlier place, or NULL. */
static struct place *
find_earlier(struct parser *parser)
{
	const struct place *here = &parser->here;

	for (size_t i = 0; i < parser->section_count; i++)
		if (slice_equal(parser->sections[i].section, here->section) &&
		    slice_equal(parser->sections[i].name, here->name))
			return parser->sections + i;
	return NULL;
}

/* [policy], or [policy agent NAME]. */
static struct policy *
find_policy(struct parser *parser)
{
	parser->agent = NULL;
	if (parser->here.name.data == NULL)
		return &parser->config->policy;
	parser->agent = read_agent(parser);
	if (parser->agent == NULL) {
		parser_problem(parser, &parser->here,
		    "this section is called [policy] or [policy agent NAME]");
		return NULL;
	}
	if (find_earlier(parser) != NULL)
		return &parser->config->policy;
	if (parser->agent_count == POLICY_AGENTS) {
		parser_problem(parser, &parser->here,
		    "more than %d agents have a policy of their own",
		    POLICY_AGENTS);
		return NULL;
	}
	parser->agent_count++;
	return &parser->config->policy;
}

/* The struct that the present section's values go into, or NULL. */
static void *
object_of_section(struct parser *parser)
{
	const struct place *here = &parser->here;
	const struct place *earlier = find_earlier(parser);

	if (!settings_has_section(here->section)) {
		parser_problem(parser, here, "there is no such section");
		return NULL;
	}
	if (earlier != NULL && earlier->file == here->file) {
		parser_problem(
		    parser, here, "stands in line %u already", earlier->line);
		return NULL;
	}
	if (slice_is(here->section, "service"))
		return find_service(parser, here->name);
	if (slice_is(here->section, "alert"))
		return find_alert(parser, here->name);
	if (slice_is(here->section, "notify"))
		return find_notify(parser, here->name);
	if (slice_is(here->section, "policy"))
		return find_policy(parser);
	if (here->name.data != NULL) {
		parser_problem(parser, here, "this section takes no name");
		return NULL;
	}
	return parser->config;
}

static void
read_section(struct parser *parser)
{
	struct place *earlier;

	parser->object = object_of_section(parser);
	if (parser->object == NULL)
		return;
	earlier = find_earlier(parser);
	/* Those with names have bounds, others are those of the table. */
	if (earlier == NULL)
		earlier = parser->sections + parser->section_count++;
	*earlier = parser->here;
}

/* The struct for a key that the operator chose. */
static void *
object_of_free_key(
    struct parser *parser, const struct place *place, struct error *err)
{
	struct config *config = parser->config;
	const char *path = config->files[place->file];
	struct policy_limit *limit;
	struct policy_rule *rule;

	if (slice_is(place->section, "limit")) {
		limit = policy_add_limit(
		    &config->policy, &config->arena, place->key, err);
		if (limit == NULL)
			return NULL;
		limit->path = path;
		limit->line = place->line;
		return limit;
	}
	rule = policy_add_rule(
	    &config->policy, &config->arena, parser->agent, place->key, err);
	if (rule == NULL)
		return NULL;
	rule->path = path;
	rule->line = place->line;
	return rule;
}

/* The struct that the value goes into, if its key has not come before in this
 * file. */
static void *
object_of_key(struct parser *parser, const struct setting *row,
    const struct place *place, struct error *err)
{
	struct config *config = parser->config;
	struct origin here = { place->section, place->name, place->key,
		place->file, place->line };
	struct origin *origin = origins_find(
	    &config->origins, place->section, place->name, place->key);
	void *object = parser->object;

	if (origin != NULL && origin->file == place->file) {
		error_set(err, ERROR_INVALID, "stands in line %u already",
		    origin->line);
		return NULL;
	}
	if (row->is_free)
		object = object_of_free_key(parser, place, err);
	if (object == NULL)
		return NULL;
	if (origin == NULL)
		origin = origins_add(&config->origins, &config->arena, &here);
	origin->file = place->file;
	origin->line = place->line;
	return object;
}

static void
read_pair(struct parser *parser, const struct place *place, struct slice value)
{
	const struct setting *row = settings_find(place->section, place->key);
	struct error err;
	void *object;

	if (row == NULL) {
		parser_problem(parser, place, "there is no such setting");
		return;
	}
	object = object_of_key(parser, row, place, &err);
	if (object == NULL || settings_store(row, value, parser->folder,
				  &parser->config->arena, object, &err) == -1)
		parser_problem(parser, place, "%s", err.sentence);
}

/* The name with one space where there are several blanks: what is the same to
 * people is the same to us. */
static struct slice
single_spaced(struct parser *parser, struct slice name)
{
	char *text;
	size_t len = 0;

	if (name.data == NULL)
		return name;
	text = arena_copy(&parser->config->arena, name.data, name.len);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i] == '\t' ? ' ' : name.data[i];

		if (c != ' ' || text[len - 1] != ' ')
			text[len++] = c;
	}
	return (struct slice){ text, len };
}

static void
read_lines(struct parser *parser, struct slice text)
{
	struct reader reader;
	struct reader_item item;
	struct error err;

	reader_init(&reader, text);
	for (;;) {
		struct place place = parser->here;

		switch (reader_next(&reader, &item, &err)) {
		case READER_END:
			return;
		case READER_BAD:
			place = (struct place){ .file = parser->file,
				.line = reader.line };
			parser_problem(parser, &place, "%s", err.sentence);
			break;
		case READER_SECTION:
			parser->here = (struct place){ .file = parser->file,
				.line = reader.line,
				.section = item.section,
				.name = single_spaced(parser, item.name) };
			read_section(parser);
			break;
		case READER_PAIR:
			place.file = parser->file;
			place.line = reader.line;
			place.key = item.key;
			if (parser->object != NULL)
				read_pair(parser, &place, item.value);
			else if (place.section.data == NULL)
				parser_problem(parser, &place,
				    "a setting stands before the first "
				    "[section]");
			break;
		}
	}
}

static void
read_files(struct parser *parser)
{
	const struct files *files = parser->files;

	for (unsigned i = 0; i < files->count; i++) {
		parser->file = i;
		parser->here = (struct place){ .file = i };
		parser->object = NULL;
		read_lines(parser, files->files[i].text);
	}
}

/* The files' paths, made absolute, and the folder of the first. */
static int
name_files(struct parser *parser)
{
	const struct files *files = parser->files;
	struct config *config = parser->config;
	cleanup(cleanup_free) char *working = get_current_dir_name();
	const struct place nowhere = { 0 };
	size_t len;

	config->files =
	    arena_array(&config->arena, files->count, sizeof(config->files[0]));
	config->file_count = files->count;
	for (size_t i = 0; i < files->count; i++) {
		const char *path = files->files[i].path;

		if (path[0] != '/' && working == NULL) {
			parser_problem(parser, &nowhere,
			    "the working directory is not known: %m");
			return -1;
		}
		config->files[i] =
		    path[0] == '/'
			? arena_printf(&config->arena, "%s", path)
			: arena_printf(&config->arena, "%s/%s", working,
			      strncmp(path, "./", 2) == 0 ? path + 2 : path);
	}
	config->path = config->files[0];
	len = (size_t)(strrchr(config->path, '/') - config->path);
	parser->folder =
	    len == 0 ? "/" : arena_copy(&config->arena, config->path, len);
	return 0;
}

int
config_parse_files(
    const struct files *files, struct config **ret, struct buf *problems)
{
	cleanup(config_freep) struct config *config =
	    memory_new(sizeof(*config));
	size_t problems_before = problems->len;
	struct parser parser = {
		.config = config,
		.files = files,
		.problems = problems,
	};

	if (name_files(&parser) == -1)
		return -1;
	defaults_store(&parser);
	read_files(&parser);
	defaults_store_paths(&parser);
	whole_check(&parser);
	if (problems->len > problems_before)
		return -1;
	*ret = config;
	config = NULL;
	return 0;
}

int
config_parse(const char *path, struct slice text, struct config **ret,
    struct buf *problems)
{
	struct files_file file = { path, text };
	struct files files = { .files = &file, .count = 1 };

	return config_parse_files(&files, ret, problems);
}

/* The first line of `problems`, and how many more there are. */
static int
fail_with(const struct buf *problems, struct error *err)
{
	size_t first = strcspn(problems->data, "\n");
	size_t more = 0;

	for (const char *at = problems->data + first + 1; *at != '\0'; at++)
		more += *at == '\n';
	if (more > 0)
		return error_set(err, ERROR_INVALID, "%.*s (and %zu more)",
		    (int)first, problems->data, more);
	return error_set(
	    err, ERROR_INVALID, "%.*s", (int)first, problems->data);
}

int
config_load(const char *path, struct config **ret, struct error *err)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(files_free) struct files files = { 0 };

	if (files_read(path, &files, err) == -1)
		return -1;
	if (config_parse_files(&files, ret, &problems) == -1)
		return fail_with(&problems, err);
	return 0;
}

int
config_check(const char *path, struct config **ret, struct buf *problems)
{
	cleanup(files_free) struct files files = { 0 };
	struct error err;

	if (files_read(path, &files, &err) == -1) {
		text_add_visible(
		    problems, slice_of(err.sentence), TEXT_ONE_LINE);
		buf_add_char(problems, '\n');
		return -1;
	}
	return config_parse_files(&files, ret, problems);
}

/* In a folder that anybody may write to, another may have made one for us to
 * find; conf.d beside it belongs to whom the folder does. */
static bool
is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

const char *
config_find_path(const char *option)
{
	const char *variable = getenv("KRUXOS_CONFIG");

	if (option != NULL)
		return option;
	if (variable != NULL && variable[0] != '\0')
		return variable;
	if (is_ours("run") && is_ours("run/kruxos.conf"))
		return "run/kruxos.conf";
	return "/etc/kruxos/kruxos.conf";
}

usec_t
config_check_silence(const struct config *config)
{
	usec_t silence = 3 * config->check_interval;

	return silence > THREE_REPORTS ? silence : THREE_REPORTS;
}

const struct config_service *
config_service(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (slice_is(name, config->services[i].name))
			return config->services + i;
	return NULL;
}

const struct config_notify *
config_notify(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->notify_count; i++)
		if (slice_is(name, config->notifies[i].name))
			return config->notifies + i;
	return NULL;
}

bool
config_moves(const struct config *before, const struct config *after)
{
	const char *const places[][2] = {
		{ before->data_dir, after->data_dir },
		{ before->state_dir, after->state_dir },
		{ before->audit_dir, after->audit_dir },
		{ before->log_dir, after->log_dir },
		{ before->runtime_dir, after->runtime_dir },
		{ before->spool_dir, after->spool_dir },
		{ before->api_socket, after->api_socket },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i][0], places[i][1]) != 0)
			return true;
	return false;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	arena_free(&config->arena);
	free(config);
}
