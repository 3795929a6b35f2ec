/* What an agent calls a tool, and what the log calls it.
 *
 * Agents name the same thing differently (`Bash`, `run_shell_command`,
 * `exec_command`), so what was done is compared and given rights by one name:
 * `shell.exec`. Their hooks and their telemetry are read by the one table of
 * tool.c.
 */
#ifndef DOOR_TOOL_H
#define DOOR_TOOL_H

#include "base/buf.h"

/* Append the capability of the tool `name`, any bytes: always one that an entry
 * may have (entry_is_capability()), and never a reserved one. A tool of an MCP
 * server is mcp.<server>.<tool>; one that is not known here tool.<name>, with
 * `_` for what a name may not hold. */
void tool_add_capability(struct buf *out, struct slice name);

/* Append mcp.<server>.<tool>, made valid likewise. */
void tool_add_mcp_capability(
    struct buf *out, struct slice server, struct slice tool);

/* Is this mcp__<server>__<tool>, as MCP clients spell it? Its parts lie in
 * `name`. */
bool tool_is_mcp(
    struct slice name, struct slice *ret_server, struct slice *ret_tool);

#endif
