/* Subscribers of the live stream by the thousand, some of whom do not read.
 *
 *	build/load/subscribers SOCKET NAME COUNT PATH [NAME COUNT PATH]...
 *
 * Each group has so many subscribers of PATH; the group "stalled" takes the
 * headers and then nothing more. Who loses the connection comes back with
 * Last-Event-ID. It is told what to do by lines on stdin, and answers each by
 * one JSON object on stdout, as it does when all have come:
 *
 *	report	what each group has seen
 *	resume	the stalled ones read again
 *	leave	all go at once
 *
 * Of what one has seen there is the number of its events and the sum of their
 * ids: the least and the most of a group are the same if all have seen all.
 */
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	LINE_BYTES = 32, /* of a line's beginning: an id, "retry: " */
	GROUPS_MAX = 4,
	COMING_MAX = 500, /* on their way in at once */
	STDIN = UINT32_MAX,
};

struct group {
	const char *name, *path;
	uint64_t size;
	bool is_stalled;
	uint64_t refused, reconnects, gaps, disorder;
};

struct subscriber {
	struct group *group;
	int fd;	       /* -1: not connected */
	bool has_head; /* of this connection */
	char line[LINE_BYTES];
	size_t line_len; /* of the line so far, or LINE_BYTES */
	uint64_t pending_id;
	uint64_t last_id, events, sum;
};

static struct {
	const char *path;
	int epoll;
	struct group groups[GROUPS_MAX];
	size_t group_count;
	struct subscriber *all;
	size_t count;
	size_t started, coming; /* of those: without a head yet */
	bool was_said;		/* that all have come */
	bool has_left;
} scene;

static void
end(const char *what)
{
	fprintf(stderr, "subscribers: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- coming and going ----------------------------------------------------- */

static void
watch(struct subscriber *sub, int operation, uint32_t events)
{
	struct epoll_event event = {
		.events = events,
		.data.u32 = (uint32_t)(sub - scene.all),
	};

	if (epoll_ctl(scene.epoll, operation, sub->fd, &event) == -1)
		end("epoll_ctl");
}

static void
ask(struct subscriber *sub)
{
	cleanup(buf_free) struct buf request = BUF_INIT;

	/* HTTP/1.0: the body comes as it is. */
	buf_addf(&request, "GET %s HTTP/1.0\r\n", sub->group->path);
	if (sub->last_id > 0)
		buf_addf(&request, "Last-Event-ID: %llu\r\n",
		    (unsigned long long)sub->last_id);
	buf_add_str(&request, "\r\n");
	if (send(sub->fd, request.data, request.len, MSG_NOSIGNAL) !=
	    (ssize_t)request.len)
		end("send");
}

static void
come(struct subscriber *sub)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, scene.path, strlen(scene.path) + 1);
	sub->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sub->fd == -1 ||
	    connect(sub->fd, (struct sockaddr *)&address, sizeof(address)) ==
		-1 ||
	    fcntl(sub->fd, F_SETFL, O_NONBLOCK) == -1)
		end(scene.path);
	ask(sub);
	sub->has_head = false;
	sub->line_len = 0;
	scene.coming++;
	watch(sub, EPOLL_CTL_ADD, EPOLLIN);
}

static void
leave(struct subscriber *sub)
{
	if (!sub->has_head)
		scene.coming--;
	close(sub->fd);
	sub->fd = -1;
}

static void
come_some(void)
{
	while (scene.started < scene.count && scene.coming < COMING_MAX)
		come(&scene.all[scene.started++]);
}

/* --- reading -------------------------------------------------------------- */

static void
take_event(struct subscriber *sub)
{
	if (sub->pending_id == 0)
		return;
	if (sub->pending_id <= sub->last_id)
		sub->group->disorder++;
	sub->last_id = sub->pending_id;
	sub->pending_id = 0;
	sub->events++;
	sub->sum += sub->last_id;
}

static void
take_head(struct subscriber *sub)
{
	if (sub->has_head)
		return;
	sub->has_head = true;
	scene.coming--;
	if (sub->group->is_stalled)
		watch(sub, EPOLL_CTL_DEL, 0);
}

static bool
begins_with(const struct subscriber *sub, const char *word)
{
	return sub->line_len >= strlen(word) &&
	       memcmp(sub->line, word, strlen(word)) == 0;
}

static void
take_line(struct subscriber *sub)
{
	struct slice id = { sub->line + 4, sub->line_len - 4 };

	if (sub->line_len == 0)
		take_event(sub);
	else if (begins_with(sub, "HTTP/1.1 ") &&
		 !begins_with(sub, "HTTP/1.1 200"))
		sub->group->refused++;
	else if (begins_with(sub, "retry: "))
		take_head(sub);
	else if (begins_with(sub, "event: gap"))
		sub->group->gaps++;
	else if (begins_with(sub, "id: ") &&
		 number_parse_u64(id, 1, UINT64_MAX, &sub->pending_id) == -1)
		end("an id");
}

static void
take_bytes(struct subscriber *sub, const char *bytes, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t piece =
		    newline == NULL ? len : (size_t)(newline - bytes);
		size_t room = LINE_BYTES - sub->line_len;
		size_t kept = piece < room ? piece : room;

		memcpy(sub->line + sub->line_len, bytes, kept);
		sub->line_len += kept;
		if (newline == NULL)
			return;
		take_line(sub);
		sub->line_len = 0;
		bytes += piece + 1;
		len -= piece + 1;
	}
}

static void
receive(struct subscriber *sub)
{
	static char bytes[64 << 10];
	ssize_t got = recv(sub->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		take_bytes(sub, bytes, (size_t)got);
		return;
	}
	leave(sub);
	sub->pending_id = 0;
	if (scene.has_left)
		return;
	sub->group->reconnects++;
	come(sub);
}

/* --- what it is told ------------------------------------------------------ */

static void
write_bounds(struct json_writer *json, const struct group *group)
{
	uint64_t least = UINT64_MAX, most = 0, least_sum = UINT64_MAX,
		 most_sum = 0;

	for (size_t i = 0; i < scene.count; i++) {
		const struct subscriber *sub = &scene.all[i];

		if (sub->group != group)
			continue;
		least = sub->events < least ? sub->events : least;
		most = sub->events > most ? sub->events : most;
		least_sum = sub->sum < least_sum ? sub->sum : least_sum;
		most_sum = sub->sum > most_sum ? sub->sum : most_sum;
	}
	json_writer_pair_u64(json, "least_events", least);
	json_writer_pair_u64(json, "most_events", most);
	json_writer_pair_u64(json, "least_sum", least_sum);
	json_writer_pair_u64(json, "most_sum", most_sum);
}

static void
report(void)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &out);
	json_writer_object(&json);
	for (size_t i = 0; i < scene.group_count; i++) {
		const struct group *group = &scene.groups[i];

		json_writer_key(&json, group->name);
		json_writer_object(&json);
		json_writer_pair_u64(&json, "subscribers", group->size);
		json_writer_pair_u64(&json, "refused", group->refused);
		json_writer_pair_u64(&json, "reconnects", group->reconnects);
		json_writer_pair_u64(&json, "gaps", group->gaps);
		json_writer_pair_u64(&json, "disorder", group->disorder);
		write_bounds(&json, group);
		json_writer_end_object(&json);
	}
	json_writer_end_object(&json);
	puts(out.data);
	fflush(stdout);
}

static void
resume(void)
{
	for (size_t i = 0; i < scene.count; i++)
		if (scene.all[i].group->is_stalled)
			watch(&scene.all[i], EPOLL_CTL_ADD, EPOLLIN);
	for (size_t i = 0; i < scene.group_count; i++)
		scene.groups[i].is_stalled = false;
	puts("{\"resumed\":true}");
	fflush(stdout);
}

static void
leave_all(void)
{
	scene.has_left = true;
	for (size_t i = 0; i < scene.count; i++)
		if (scene.all[i].fd != -1)
			leave(&scene.all[i]);
	puts("{\"left\":true}");
	fflush(stdout);
}

static void
obey(void)
{
	char line[64];
	ssize_t got = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (got <= 0)
		exit(0);
	line[got] = '\0';
	if (strcmp(line, "report\n") == 0)
		report();
	else if (strcmp(line, "resume\n") == 0)
		resume();
	else if (strcmp(line, "leave\n") == 0)
		leave_all();
}

static void
take_turn(void)
{
	struct epoll_event events[256];
	int count;

	come_some();
	if (!scene.was_said && scene.started == scene.count &&
	    scene.coming == 0) {
		scene.was_said = true;
		report();
	}
	count = epoll_wait(scene.epoll, events, 256, -1);
	if (count == -1 && errno != EINTR)
		end("epoll_wait");
	for (int i = 0; i < count; i++)
		if (events[i].data.u32 == STDIN)
			obey();
		else if (scene.all[events[i].data.u32].fd != -1)
			receive(&scene.all[events[i].data.u32]);
}

/* --- begin ---------------------------------------------------------------- */

static bool
read_groups(int argc, char **argv)
{
	if (argc < 5 || (argc - 2) % 3 != 0 || (argc - 2) / 3 > GROUPS_MAX ||
	    strlen(argv[1]) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return false;
	scene.path = argv[1];
	for (int i = 2; i < argc; i += 3) {
		struct group *group = &scene.groups[scene.group_count++];

		group->name = argv[i];
		group->path = argv[i + 2];
		group->is_stalled = strcmp(argv[i], "stalled") == 0;
		if (number_parse_u64(
			slice_of(argv[i + 1]), 0, 100000, &group->size) == -1)
			return false;
		scene.count += group->size;
	}
	return true;
}

/* The groups are mixed: they share whatever happens. */
static void
make_subscribers(void)
{
	uint64_t placed[GROUPS_MAX] = { 0 };

	scene.all = memory_new(memory_product(scene.count, sizeof(*scene.all)));
	for (size_t i = 0; i < scene.count; i++) {
		size_t best = 0;
		double least = 2;

		for (size_t g = 0; g < scene.group_count; g++) {
			double part =
			    (double)placed[g] / (double)scene.groups[g].size;

			if (placed[g] < scene.groups[g].size && part < least) {
				least = part;
				best = g;
			}
		}
		placed[best]++;
		scene.all[i] =
		    (struct subscriber){ .group = &scene.groups[best],
			    .fd = -1 };
	}
}

int
main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = STDIN };

	if (!read_groups(argc, argv)) {
		fprintf(stderr,
		    "usage: subscribers SOCKET NAME COUNT PATH [NAME COUNT "
		    "PATH]...\n");
		return 64;
	}
	scene.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (scene.epoll == -1 ||
	    epoll_ctl(scene.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == -1)
		end("epoll");
	make_subscribers();
	for (;;)
		take_turn();
}
