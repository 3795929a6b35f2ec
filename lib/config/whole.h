/* What no line of the file alone can tell: what is missing, what contradicts
 * something else, what would go in a circle. */
#ifndef CONFIG_WHOLE_H
#define CONFIG_WHOLE_H

#include "config/parser.h"

/* Fill in what follows from several settings, and add a problem for everything
 * that is wrong. */
void whole_check(struct parser *parser);

#endif
