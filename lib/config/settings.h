/* The settings of kruxos.conf: one table.
 *
 * The reader takes nothing that is not in it, `kruxos config check` says what
 * is wrong in its terms, and the manual's list of settings is made of it.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum setting_type {
	SETTING_PATH,	  /* const char *: absolute */
	SETTING_TEXT,	  /* const char * */
	SETTING_ACCOUNT,  /* const char *: of a user or a group */
	SETTING_ACCOUNTS, /* struct config_words: of users */
	SETTING_ADDRESS,  /* const char *: IPv4 or IPv6 */
	SETTING_HOSTS,	  /* struct config_words: host names */
	SETTING_NAMES,	  /* struct config_words: of sections */
	SETTING_NUMBER,	  /* unsigned, within min..max */
	SETTING_MSEC,	  /* usec_t; milliseconds in the file, min..max too */
	SETTING_SEC,	  /* usec_t; seconds, likewise */
	SETTING_DURATION, /* usec_t; such as 30s or 5m, within min..max */
	SETTING_YES_NO,	  /* bool */
	SETTING_MAIL,	  /* const char *: an address */
	SETTING_MAILS,	  /* struct config_words: addresses */
	SETTING_RULE,	  /* struct rule */
	SETTING_CHOICE,	  /* int: the place of the word in `choices` */
	SETTING_SET,	  /* unsigned: a bit for each word of `choices` */
	SETTING_TIER,	  /* enum entry_tier */
	SETTING_RATE,	  /* struct policy_rate */
};

struct setting {
	const char *section;
	const char *key;
	enum setting_type type;
	size_t offset;		    /* of the field in its struct */
	const char *standard;	    /* the default, as one would write it */
	const char *help;	    /* its words in the manual: below */
	uint64_t min, max;	    /* of numbers; of durations, in µs */
	const char *unit;	    /* "days", "ms"; NULL: none */
	const char *const *choices; /* _CHOICE, _SET, _TIER: NULL at the end */
	bool is_free; /* `key` stands for any, which the operator chooses */
};

/* `help` is of whole sentences. What one would type stands in `backquotes`,
 * another page of the manual as kruxosd(8); docs/source makes pages of it.
 *
 * In the manual's order; `section` is NULL behind the last. Fields are those of
 * struct config, in section "service" those of struct config_service, in
 * section "alert" those of struct config_alert, in section "notify" those of
 * struct config_notify, in section "policy" those of struct policy_rule, in
 * section "limit" those of struct policy_limit. */
extern const struct setting settings[];

/* The row, or NULL. A row whose keys are free is that of any key. */
const struct setting *settings_find(struct slice section, struct slice key);

bool settings_has_section(struct slice section);

/* Are there many of this section, each with a name? */
bool settings_is_named(const struct setting *setting);

/* Of the name of a section: it stands in /health and on pages. */
enum { SETTINGS_NAME_BYTES = 64 };

/* Is `text` a name: 1 to `most` letters, digits and bytes of `others`, the
 * first of them no '-'? */
bool settings_is_name(struct slice text, size_t most, const char *others);

/* Write `value` into the field of `object`, whatever it holds; what it points
 * to comes from `arena`. `folder` is where relative paths begin. -1 with a
 * sentence that says what is wrong with the value: `"abc" is not a number`. */
int settings_store(const struct setting *setting, struct slice value,
    const char *folder, struct arena *arena, void *object, struct error *err);

/* The type in words, for the manual: "a number of days, 0 to 36500". */
void settings_describe(const struct setting *setting, struct buf *out);

#endif
