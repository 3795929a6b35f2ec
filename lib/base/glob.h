/* Patterns in which each '*' stands for any run of bytes. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/slice.h"

/* Does `text` fit `glob`? At worst as many steps as the product of both
 * lengths. */
bool glob_fits(struct slice glob, struct slice text);

#endif
