/* What an agent says in an entry `alerts.send`: its request, read. */
#ifndef KRUXOSD_ALERT_WORDS_H
#define KRUXOSD_ALERT_WORDS_H

#include "base/json_reader.h"
#include "collectors/kruxosd/alert_engine.h"
#include "log/entry.h"

/* `entry` is one that entry_parse() has read. The words lie in it and in
 * `reader`. What is missing or of another type is left out: a warning without a
 * title is an alert too. */
void alert_words_read(struct json_reader *reader, const struct entry *entry,
    struct alert_words *ret_words);

#endif
