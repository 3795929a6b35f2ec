#include "collectors/kruxosd/answers.h"

#include "base/memory.h"
#include "door/answer.h"

void
answers_free(struct answers *answers)
{
	buf_free(&answers->held_text);
	buf_wipe(&answers->output);
	free(answers->held);
}

static void
add_run(struct answers *answers)
{
	if (answers->run.count > 0)
		answer_add_accepted(&answers->output, answers->run.count,
		    answers->run.seq, answers->run.line, false);
	answers->run.count = 0;
}

/* The line is durable. */
static void
add_accepted(struct answers *answers, uint64_t line, uint64_t seq)
{
	if (answers->run.count == 0 || line != answers->run.line + 1 ||
	    seq != answers->run.seq + 1)
		add_run(answers);
	answers->run.count++;
	answers->run.seq = seq;
	answers->run.line = line;
}

/* Those that waited for lines before `line`. */
static void
add_held(struct answers *answers, uint64_t line)
{
	if (answers->held_count == 0)
		return;
	while (answers->held_first < answers->held_count &&
	       answers->held[answers->held_first].line < line) {
		size_t first = answers->held_first++;
		size_t begin = first == 0 ? 0 : answers->held[first - 1].end;
		size_t end = answers->held[first].end;

		add_run(answers);
		buf_add(&answers->output, answers->held_text.data + begin,
		    end - begin);
	}
	if (answers->held_first < answers->held_count)
		return;
	free(answers->held);
	answers->held = NULL;
	answers->held_first = 0;
	answers->held_count = 0;
	answers->held_capacity = 0;
	buf_free(&answers->held_text);
}

/* Where the answer to `line`, known now, is to be written: held back while
 * entries before it wait. end_answer() follows. */
static struct buf *
begin_answer(struct answers *answers)
{
	if (answers->pending > 0)
		return &answers->held_text;
	add_run(answers);
	return &answers->output;
}

static void
end_answer(struct answers *answers, uint64_t line)
{
	if (answers->pending == 0)
		return;
	answers->held = memory_grow(answers->held, &answers->held_capacity,
	    answers->held_count + 1, sizeof(*answers->held));
	answers->held[answers->held_count++] =
	    (struct held_answer){ line, answers->held_text.len };
}

void
answers_error(struct answers *answers, uint64_t line, const struct error *err)
{
	answer_add_error(begin_answer(answers), line, err);
	end_answer(answers, line);
}

void
answers_duplicate(struct answers *answers, uint64_t line, uint64_t seq)
{
	answer_add_accepted(begin_answer(answers), 1, seq, line, true);
	end_answer(answers, line);
}

void
answers_await(struct answers *answers)
{
	answers->pending++;
}

void
answers_settle(struct answers *answers, uint64_t line, uint64_t seq,
    bool is_duplicate, const struct error *err)
{
	answers->pending--;
	add_held(answers, line);
	if (err == NULL && !is_duplicate) {
		add_accepted(answers, line, seq);
	} else {
		add_run(answers);
		if (err != NULL)
			answer_add_error(&answers->output, line, err);
		else
			answer_add_accepted(
			    &answers->output, 1, seq, line, true);
	}
	if (answers->pending > 0)
		return;
	add_held(answers, UINT64_MAX);
	add_run(answers);
}

void
answers_add(struct answers *answers, struct slice line)
{
	buf_add_slice(&answers->output, line);
}

size_t
answers_bytes(const struct answers *answers)
{
	return answers->output.len + answers->held_text.len;
}
