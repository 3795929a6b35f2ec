/* Capabilities as the Model Context Protocol has them: tools.
 *
 * A tool's name has "__" where the capability has a dot: not every client takes
 * a dot. Its result comes twice, as JSON and as text that is the same JSON:
 * what agents have written is in neither part of a sentence of ours.
 */
#ifndef FCGI_MCP_TOOL_H
#define FCGI_MCP_TOOL_H

#include "fcgi/capability.h"

/* The capability that a tool's name stands for, be there one or not. */
struct slice mcp_tool_capability(struct slice tool, struct arena *arena);

/* "tools": all of them, always in the same order. */
void mcp_tool_write_list(struct json_writer *json);

/* "content" and "structuredContent": `result`, an object as JSON. */
void mcp_tool_write_result(struct json_writer *json, struct slice result);

/* The same of what came of a call that was not done, with "isError":
 * {"error":"denied","message":…}, and what belongs to it: "approval_id",
 * "retry_after" in seconds. */
void mcp_tool_write_error(struct json_writer *json, const struct error *err);

#endif
