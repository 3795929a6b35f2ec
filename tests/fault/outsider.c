/* Family 11: logs that were changed, by chance or by a forger, before our
 * verifier and before an outsider's (tests/outsider/verify.py). Both say the
 * same: whole, torn, or which line of which file does not hold first.
 *
 * Ours looks ahead with some threads or with none, through blocks that a log of
 * a few lines has many of, and says the same either way.
 *
 * The outsider's runs once and is handed one folder after another; some go to
 * the one made of sed, sha256sum and jq (verify.sh), too. */
#include "tests/fault/base_log.h"
#include "tests/fault/fault.h"
#include "tests/fault/forged_words.h"
#include "tests/fault/verdict.h"

#include "log/chain.h"

#include <sys/wait.h>

static const struct fault_family family = {
	.number = 11,
	.what = "ours and an outsider's verifier on changed logs",
	.seconds = 30,
	.floor = 1000,
	.aim = 10000,
	.soak = 1000000,
};

enum {
	BASES = 16,
	BASES_LAST = 2000, /* cases with the same ones */
	SHELL_EVERY = 200, /* it starts a program for each hash */
};

struct bench {
	struct fault fault;
	struct image bases[BASES];
	uint64_t made; /* bases of this generation, from 1; 0: none yet */
	struct image log;
	char dir[64];
	pid_t pid; /* the outsider */
	FILE *questions, *answers;
	const struct image *base; /* of the case under way */
	bool is_plain;		  /* nothing was forged, no file moved */
	uint64_t whole, torn, damaged, asked_shell;
};

static size_t
below(struct bench *bench, size_t limit)
{
	return (size_t)fault_random(&bench->fault, limit);
}

/* The bases that this case chooses from: they change now and then. */
static void
make_bases(struct bench *bench)
{
	uint64_t generation = bench->fault.number / BASES_LAST + 1;

	if (bench->made == generation)
		return;
	for (unsigned i = 0; i < BASES; i++)
		base_log_make(
		    &bench->bases[i], (unsigned)generation * BASES + i);
	bench->made = generation;
}

/* --- changes ------------------------------------------------------------ */

static struct image_file *
some_file(struct bench *bench)
{
	return &bench->log.files[below(bench, bench->log.count)];
}

/* A line of some file; false: that one has none. */
static bool
some_line(struct bench *bench, struct image_file **ret_file, size_t *ret_number)
{
	struct image_file *file = some_file(bench);
	size_t lines = image_count_lines(file);

	if (lines == 0)
		return false;
	*ret_file = file;
	*ret_number = below(bench, lines);
	return true;
}

/* Change some bytes of `bytes` between `at` and `at` + `len` (> 0). */
static void
change_bytes(struct bench *bench, struct buf *bytes, size_t at, size_t len)
{
	static const char letters[] =
	    "\0\n\r \t\"\\{}[],:0195-.eEZzT\x7f\x80\xff";
	size_t place = at + below(bench, len);
	size_t some = 1 + below(bench, 8);
	char letter = letters[below(bench, sizeof(letters) - 1)];

	if (some > at + len - place)
		some = at + len - place;
	switch (below(bench, 5)) {
	case 0:
		bytes->data[place] ^= (char)(1 << below(bench, 8));
		break;
	case 1:
		bytes->data[place] = letter;
		break;
	case 2:
		image_splice(bytes, place, some, SLICE_LITERAL(""));
		break;
	case 3:
		image_splice(bytes, place, 0, (struct slice){ &letter, 1 });
		break;
	default: {
		struct buf twice = BUF_INIT;

		buf_add(&twice, bytes->data + place, some);
		image_splice(bytes, place, 0, buf_slice(&twice));
		buf_free(&twice);
	}
	}
}

static void
flip_a_bit(struct bench *bench)
{
	struct image_file *file = some_file(bench);

	if (file->bytes.len > 0)
		file->bytes.data[below(bench, file->bytes.len)] ^=
		    (char)(1 << below(bench, 8));
}

static void
change_some_bytes(struct bench *bench)
{
	struct image_file *file = some_file(bench);

	if (file->bytes.len > 0)
		change_bytes(bench, &file->bytes, 0, file->bytes.len);
}

/* Take a line out; put it, or not, somewhere else, once or twice. */
static void
move_a_line(struct bench *bench)
{
	struct image_file *from, *to;
	size_t number, target;
	struct buf text = BUF_INIT;
	struct image_line line;

	if (!some_line(bench, &from, &number))
		return;
	line = image_line(from, number);
	buf_add(&text, from->bytes.data + line.at, line.len);
	if (below(bench, 2) == 0)
		image_splice(
		    &from->bytes, line.at, line.len, SLICE_LITERAL(""));
	if (below(bench, 2) == 0 && some_line(bench, &to, &target))
		image_splice(
		    &to->bytes, image_line(to, target).at, 0, buf_slice(&text));
	buf_free(&text);
}

static void
swap_lines(struct bench *bench)
{
	struct image_file *file;
	size_t number;
	struct image_line line, next;
	struct buf text = BUF_INIT;

	if (!some_line(bench, &file, &number) ||
	    number + 1 >= image_count_lines(file))
		return;
	line = image_line(file, number);
	next = image_line(file, number + 1);
	buf_add(&text, file->bytes.data + next.at, next.len);
	buf_add(&text, file->bytes.data + line.at, line.len);
	image_splice(
	    &file->bytes, line.at, line.len + next.len, buf_slice(&text));
	buf_free(&text);
}

/* Cut a file, most often the last; zeros may stand for what is missing. */
static void
cut_a_file(struct bench *bench)
{
	struct image_file *file = below(bench, 3) == 0
				      ? some_file(bench)
				      : &bench->log.files[bench->log.count - 1];
	size_t zeros = below(bench, 2) * below(bench, 600);
	size_t at;

	if (file->bytes.len == 0)
		return;
	at = below(bench, 2) == 0
		 ? below(bench, file->bytes.len)
		 : file->bytes.len - 1 -
		       below(bench,
			   file->bytes.len < 900 ? file->bytes.len : 900);
	if (below(bench, 3) > 0) {
		buf_set_len(&file->bytes, at);
		zeros = below(bench, 2) == 0 ? 0 : zeros;
	} else if (zeros > file->bytes.len - at) {
		zeros = file->bytes.len - at;
	}
	if (at + zeros > file->bytes.len) {
		buf_reserve(&file->bytes, zeros);
		buf_set_len(&file->bytes, at + zeros);
	}
	memset(file->bytes.data + at, 0, zeros);
}

static void
change_files(struct bench *bench)
{
	static const char *const names[] = { "2026-11-22.jsonl",
		"2026-11-23_03.jsonl", "2026-11-23_2.jsonl",
		"2026-11-23_9999.jsonl", "2026-11-25.jsonl", "2026-13-01.jsonl",
		"2026-11-24_02.jsonl", "torn.jsonl" };
	struct image *log = &bench->log;
	size_t index = below(bench, log->count);
	const char *name = names[below(bench, sizeof(names) / sizeof(*names))];
	struct image_file *added;
	char kept[IMAGE_NAME];

	bench->is_plain = false;
	for (size_t i = 0; i < log->count; i++)
		if (strcmp(log->files[i].name, name) == 0)
			return;
	switch (below(bench, 5)) {
	case 0:
		if (log->count > 1)
			image_remove(log, index);
		break;
	case 1:
		snprintf(log->files[index].name, IMAGE_NAME, "%s", name);
		break;
	case 2:
		buf_reset(&log->files[index].bytes);
		break;
	case 3:
		added = image_add(log, name);
		if (below(bench, 2) == 0)
			buf_add_slice(
			    &added->bytes, buf_slice(&log->files[index].bytes));
		break;
	default: /* two of them change their names */
		added = some_file(bench);
		memcpy(kept, added->name, sizeof(kept));
		memmove(added->name, log->files[index].name, sizeof(kept));
		memcpy(log->files[index].name, kept, sizeof(kept));
	}
}

/* Lines that would be whole, were they of this log, or of no log at all. */
static void
append_lines(struct bench *bench)
{
	struct image_file *file = some_file(bench);
	const struct image *other = &bench->bases[below(bench, BASES)];
	const struct image_file *from =
	    &other->files[below(bench, other->count)];
	size_t count = image_count_lines(from);

	bench->is_plain = false;
	if (below(bench, 3) == 0)
		buf_add_str(&file->bytes, "{\"seq\":12,\"reco");
	for (size_t i = 1 + below(bench, 3); i > 0 && count > 0; i--) {
		struct image_line line = image_line(from, below(bench, count));

		buf_add(&file->bytes, from->bytes.data + line.at, line.len);
	}
}

/* Say something else in a line. */
static void
change_words(struct bench *bench, struct image_file *file, size_t number)
{
	enum { WORDS = sizeof(forged_words) / sizeof(*forged_words) };
	struct image_line line = image_line(file, number);
	size_t fitting[WORDS], count = 0, chosen;
	char *found;

	for (size_t i = 0; i < WORDS; i++)
		if (image_find(file, line, forged_words[i][0]) != NULL)
			fitting[count++] = i;
	if (count == 0)
		return;
	chosen = fitting[below(bench, count)];
	found = image_find(file, line, forged_words[chosen][0]);
	image_splice(&file->bytes, (size_t)(found - file->bytes.data),
	    strlen(forged_words[chosen][0]), slice_of(forged_words[chosen][1]));
}

/* A payload gives way to "erased_by": of an entry that is there, or is not. */
static void
erase_payload(struct bench *bench, struct image_file *file, size_t number)
{
	struct image_line line = image_line(file, number);
	char *salt = image_find(file, line, "\"salt\":");
	char *end = file->bytes.data + line.at + line.len - 2;
	char text[40];
	int len;

	if (salt == NULL)
		return;
	len =
	    snprintf(text, sizeof(text), "\"erased_by\":%zu", below(bench, 25));
	if (len > end - salt)
		return;
	memset(salt, ' ', (size_t)(end - salt));
	memcpy(salt, text, (size_t)len);
}

static void
forge(struct bench *bench)
{
	struct image_file *file;
	struct image_line line;
	size_t number;
	size_t what = below(bench, 8);

	bench->is_plain = false;
	if (!some_line(bench, &file, &number))
		return;
	line = image_line(file, number);
	if (what == 0)
		erase_payload(bench, file, number);
	else if (what <= 2)
		change_bytes(bench, &file->bytes, line.at, line.len);
	else
		change_words(bench, file, number);
	/* Right hashes: of none, of this line, or of all from there on. */
	if (below(bench, 8) > 0 && number < image_count_lines(file))
		image_forge(&bench->log, (size_t)(file - bench->log.files),
		    number, below(bench, 3) > 0);
}

static void
leave_it(struct bench *bench)
{
	(void)bench;
}

/* What a case does, as often as it stands here. */
static void (*const changes[])(struct bench *) = { leave_it, flip_a_bit,
	flip_a_bit, change_some_bytes, change_some_bytes, move_a_line,
	swap_lines, cut_a_file, cut_a_file, cut_a_file, change_files,
	append_lines, forge, forge, forge, forge, forge, forge };

static void
change(struct bench *bench)
{
	enum { CHANGES = sizeof(changes) / sizeof(*changes) };
	size_t count = 1 + below(bench, 4) / 3;

	bench->is_plain = true;
	bench->base = &bench->bases[below(bench, BASES)];
	image_copy(&bench->log, bench->base);
	for (size_t i = 0; i < count; i++)
		changes[below(bench, CHANGES)](bench);
}

/* --- the two verdicts --------------------------------------------------- */

/* "ok 12 1 12:HASH", "torn 11 1 11:HASH" (entries, erased, head), or
 * "2026-11-23.jsonl:3". */
static void
ask_ours(struct bench *bench, struct buf *out)
{
	struct chain_options options = { 0 };
	struct chain_result result;
	struct error err;

	options.threads = (unsigned)below(bench, 4);
	options.block_bytes = below(bench, 4000);
	if (chain_verify(bench->dir, &options, &result, &err) == -1)
		fault_fail(&bench->fault, "ours: %s", err.sentence);
	if (options.threads > 0 && !verdict_stands(bench->dir, &options))
		fault_fail(&bench->fault, "%s: threads change the verdict",
		    bench->dir);
	if (!result.is_whole) {
		/* Behind it a torn tail may lie, which is none to the shell. */
		if (result.torn_bytes > 0)
			bench->is_plain = false;
		buf_addf(out, "%s:%llu", result.fault.file,
		    (unsigned long long)result.fault.line);
		bench->damaged++;
		return;
	}
	buf_addf(out, "%s %llu %llu ", result.is_torn ? "torn" : "ok",
	    (unsigned long long)result.entries,
	    (unsigned long long)result.erased);
	if (result.entries == 0) {
		buf_add_str(out, "none");
	} else {
		buf_addf(out, "%llu:", (unsigned long long)result.last_seq);
		buf_add_hex(out, result.last_hash, SHA256_BYTES);
	}
	if (result.is_torn)
		bench->torn++;
	else
		bench->whole++;
}

/* The same from what an outsider's verifier says in a line. */
static void
read_theirs(struct bench *bench, FILE *answers, struct buf *out)
{
	char answer[1024], word[8], head[128];
	unsigned long long entries, files, erased;

	if (fgets(answer, sizeof(answer), answers) == NULL)
		fault_fail(&bench->fault, "the outsider's verifier has ended");
	if (sscanf(answer,
		"%7[a-z]: %llu entries in %llu files, %llu payloads erased, "
		"head %127s",
		word, &entries, &files, &erased, head) == 5)
		buf_addf(out, "%s %llu %llu %s", word, entries, erased, head);
	else
		buf_add(out, answer, strcspn(answer, " ") - 1);
}

static void
ask_theirs(struct bench *bench, struct buf *out)
{
	fprintf(bench->questions, "%s\n", bench->dir);
	fflush(bench->questions);
	read_theirs(bench, bench->answers, out);
}

/* The shell takes what the first line of a file says for granted. */
static bool
has_its_first_lines(const struct bench *bench)
{
	for (size_t i = 0; i < bench->base->count; i++) {
		const struct image_file *base = &bench->base->files[i];
		size_t len = image_line(base, 0).len;

		if (bench->log.files[i].bytes.len < len ||
		    memcmp(bench->log.files[i].bytes.data, base->bytes.data,
			len) != 0)
			return false;
	}
	return true;
}

/* What sed, sha256sum and jq say, where that is for them, and nothing is torn.
 */
static void
ask_shell(struct bench *bench, const struct buf *ours)
{
	cleanup(buf_free) struct buf theirs = BUF_INIT;
	char command[128];
	FILE *answers;

	if (!bench->is_plain || !has_its_first_lines(bench) ||
	    slice_starts_with(buf_slice(ours), SLICE_LITERAL("torn")))
		return;
	snprintf(command, sizeof(command), "tests/outsider/verify.sh %s",
	    bench->dir);
	answers = popen(command, "r");
	if (answers == NULL)
		abort();
	read_theirs(bench, answers, &theirs);
	pclose(answers);
	if (!slice_equal(buf_slice(ours), buf_slice(&theirs)))
		fault_fail(&bench->fault, "%s: ours says %s, the shell %s",
		    bench->dir, ours->data, theirs.data);
	bench->asked_shell++;
}

static void
one_case(struct bench *bench)
{
	cleanup(buf_free) struct buf ours = BUF_INIT;
	cleanup(buf_free) struct buf theirs = BUF_INIT;

	make_bases(bench);
	change(bench);
	image_write(&bench->log, bench->dir);
	ask_ours(bench, &ours);
	ask_theirs(bench, &theirs);
	if (!slice_equal(buf_slice(&ours), buf_slice(&theirs)))
		fault_fail(&bench->fault, "%s: ours says %s, the outsider %s",
		    bench->dir, ours.data, theirs.data);
	if (bench->fault.number % SHELL_EVERY == 0)
		ask_shell(bench, &ours);
}

static void
start_outsider(struct bench *bench)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		abort();
	bench->pid = fork();
	if (bench->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execlp("tests/outsider/verify.py", "verify.py", "-", NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	bench->questions = fdopen(to[1], "w");
	bench->answers = fdopen(from[0], "r");
	if (bench->pid == -1 || bench->questions == NULL ||
	    bench->answers == NULL)
		abort();
}

int
main(void)
{
	static struct bench bench = { .dir = "/tmp/kruxos-outsider-XXXXXX" };

	fault_begin(&bench.fault, &family);
	for (size_t i = 0; i < BASES; i++)
		image_init(&bench.bases[i]);
	image_init(&bench.log);
	if (mkdtemp(bench.dir) == NULL)
		abort();
	start_outsider(&bench);
	while (fault_goes_on(&bench.fault))
		if (fault_next_case(&bench.fault))
			one_case(&bench);
	fclose(bench.questions);
	fclose(bench.answers);
	waitpid(bench.pid, NULL, 0);
	image_clear_folder(bench.dir);
	rmdir(bench.dir);
	for (size_t i = 0; i < BASES; i++)
		image_free(&bench.bases[i]);
	image_free(&bench.log);
	printf(
	    "# %llu whole, %llu torn, %llu damaged; %llu by the shell, too\n",
	    (unsigned long long)bench.whole, (unsigned long long)bench.torn,
	    (unsigned long long)bench.damaged,
	    (unsigned long long)bench.asked_shell);
	return fault_end(&bench.fault);
}
