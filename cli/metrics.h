/* `kruxos metrics`: what is measured, by category. */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include "cli/command.h"

/* The categories, as an operand names one. */
#define METRICS_CATEGORIES "system agents policy http"

extern const struct command_form metrics_form;

#endif
