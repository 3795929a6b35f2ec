/* `kruxos proxy …`: what the service proxy does, and what is to become of its
 * writes. */
#ifndef CLI_PROXY_H
#define CLI_PROXY_H

#include "cli/command.h"

extern const struct command_form proxy_status_form;
extern const struct command_form proxy_cancel_form;
extern const struct command_form proxy_retry_form;
extern const struct command_form proxy_discard_form;
extern const struct command_form proxy_report_form;

#endif
