/* Functions that have a safer name here: using one does not compile.
 *
 * Included by the compiler's command line before every source of ours (see
 * the Makefile), so that no file can forget it. The headers that declare the
 * banned functions are read first: a poisoned name may not even be declared.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* buf_add() and friends know their length. */
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
/* strtok() and localtime() keep hidden state. */
#pragma GCC poison strtok localtime gmtime ctime asctime
/* number_parse_u64() has bounds and says what is wrong. */
#pragma GCC poison atoi atol atoll atof

#endif
