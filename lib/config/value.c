#include "config/value.h"

#include "config/config.h"

typedef void write_function(
    const struct setting *setting, const void *field, struct buf *out);

static void
write_text(const struct setting *setting, const void *field, struct buf *out)
{
	const char *text = *(const char *const *)field;

	(void)setting;
	if (text != NULL)
		buf_add_str(out, text);
}

static void
write_words(const struct setting *setting, const void *field, struct buf *out)
{
	const struct config_words *words = field;

	(void)setting;
	for (size_t i = 0; i < words->count; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", words->words[i]);
}

static void
write_number(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	buf_addf(out, "%u", *(const unsigned *)field);
}

static void
write_msec(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	buf_addf(out, "%llu",
	    (unsigned long long)(*(const usec_t *)field / USEC_PER_MSEC));
}

static void
write_sec(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	buf_addf(out, "%llu",
	    (unsigned long long)(*(const usec_t *)field / USEC_PER_SEC));
}

static void
write_duration(
    const struct setting *setting, const void *field, struct buf *out)
{
	char text[CLOCK_DURATION_SIZE];

	(void)setting;
	clock_format_duration(*(const usec_t *)field, text);
	buf_add_str(out, text);
}

static void
write_yes_no(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	buf_add_str(out, *(const bool *)field ? "yes" : "no");
}

static void
write_rule(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	rule_describe(field, out);
}

static void
write_choice(const struct setting *setting, const void *field, struct buf *out)
{
	int choice = *(const int *)field;

	if (choice != -1)
		buf_add_str(out, setting->choices[choice]);
}

static void
write_set(const struct setting *setting, const void *field, struct buf *out)
{
	unsigned set = *(const unsigned *)field;
	const char *space = "";

	for (size_t i = 0; setting->choices[i] != NULL; i++)
		if ((set >> i & 1) != 0) {
			buf_addf(out, "%s%s", space, setting->choices[i]);
			space = " ";
		}
}

static void
write_tier(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	buf_add_str(out, entry_tier_name(*(const enum entry_tier *)field));
}

static void
write_rate(const struct setting *setting, const void *field, struct buf *out)
{
	(void)setting;
	policy_add_rate(field, out);
}

static write_function *const types[] = {
	[SETTING_PATH] = write_text,
	[SETTING_TEXT] = write_text,
	[SETTING_ACCOUNT] = write_text,
	[SETTING_ACCOUNTS] = write_words,
	[SETTING_ADDRESS] = write_text,
	[SETTING_HOSTS] = write_words,
	[SETTING_NAMES] = write_words,
	[SETTING_NUMBER] = write_number,
	[SETTING_MSEC] = write_msec,
	[SETTING_SEC] = write_sec,
	[SETTING_DURATION] = write_duration,
	[SETTING_YES_NO] = write_yes_no,
	[SETTING_MAIL] = write_text,
	[SETTING_MAILS] = write_words,
	[SETTING_RULE] = write_rule,
	[SETTING_CHOICE] = write_choice,
	[SETTING_SET] = write_set,
	[SETTING_TIER] = write_tier,
	[SETTING_RATE] = write_rate,
};

void
value_write(const struct setting *setting, const void *object, struct buf *out)
{
	types[setting->type](
	    setting, (const char *)object + setting->offset, out);
}
