/* gateway.fcgi: the agents' door to the network.
 *
 *	/healthz	GET: does this program answer?
 */
#include "fcgi/program.h"

#include "http/reply.h"

enum { BODY_BYTES = 1 << 20 };

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
	{ METHOD_GET, "/healthz", healthz_get, NULL, 0 },
	ROUTE_END,
};

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "gateway",
		.summary = "answers agents",
		.routes = routes,
		.body_bytes = BODY_BYTES,
	};

	return program_main(argc, argv, &settings);
}
