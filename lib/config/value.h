/* A setting's value in words, as one would write it into kruxos.conf. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"
#include "config/settings.h"

/* Append what the field of `object` holds; nothing, where it is empty. What
 * settings_store() makes of that is the same again. */
void
value_write(const struct setting *setting, const void *object, struct buf *out);

#endif
