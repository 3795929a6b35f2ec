/* gateway.fcgi: the agents' door to the network.
 *
 *	/rpc		POST: JSON-RPC 2.0 (methods.c)
 *	/mcp		POST, DELETE: Model Context Protocol (mcp.c)
 *	/healthz	GET: does this program answer?
 *
 * Agents come with their tokens. What they ask for is relayed to kruxosd, which
 * decides whose a token is and what its agent may, and records it; what only
 * reads, is read here (readings.c).
 */
#include "fcgi/link.h"
#include "fcgi/mcp.h"
#include "fcgi/methods.h"
#include "fcgi/program.h"
#include "fcgi/readings.h"

enum { BODY_BYTES = 1 << 20 };

static struct gateway gateway = { .answers = JSON_READER_INIT };
static struct mcp *mcp;

/* POST /rpc */
static int
rpc_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog;
	return methods_post(&gateway, req, rep, err);
}

/* POST /mcp */
static int
message_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)err;
	return mcp_post(mcp, req, rep);
}

/* DELETE /mcp */
static int
message_delete(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)err;
	return mcp_delete(mcp, req, rep);
}

/* GET /healthz: this program answers. */
static int
healthz_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)req, (void)err;
	reply_kept(rep, SLICE_LITERAL("{\"status\":\"ok\"}\n"));
	return 200;
}

static const struct route routes[] = {
	{ METHOD_POST, "/rpc", rpc_post, NULL, ROUTE_ANY_BODY },
	{ METHOD_POST, "/mcp", message_post, NULL, ROUTE_ANY_BODY },
	{ METHOD_DELETE, "/mcp", message_delete, NULL, ROUTE_ANY_BODY },
	{ METHOD_GET, "/healthz", healthz_get, NULL, 0 },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	gateway.program = prog;
	gateway.readings = readings_new(prog, err);
	if (gateway.readings == NULL)
		return -1;
	gateway.link = link_new(prog->loop, prog->ingest_path);
	mcp = mcp_new(&gateway);
	return 0;
}

static void
on_close(struct program *prog)
{
	(void)prog;
	mcp_free(mcp);
	link_free(gateway.link);
	readings_free(gateway.readings);
	json_reader_free(&gateway.answers);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "gateway",
		.summary = "answers agents",
		.routes = routes,
		.body_bytes = BODY_BYTES,
		.on_open = on_open,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
