// The same entries in an ordinary SQLite table with four indexes, and the same
// questions.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { build } from '../api/harness/stack.js';
import { reportAnswers, reportIngest } from './peers.js';
import { statementsOf } from './sql.js';
import { ROUNDS, median, must, progress } from './table.js';

function load(stack, through, database) {
	rmSync(database, { force: true });
	const { entries, microseconds } = JSON.parse(
		must(join(build, 'bench/table_load'), [stack.auditDir, String(through), database]));
	return entries / microseconds * 1e6;
}

function ask(database, question) {
	const answer = JSON.parse(must(join(build, 'bench/table_ask'), [database],
		{ input: statementsOf(question).join('\n') }));
	assert.equal(answer.total, question.total, `${question.question}: another total`);
	return answer;
}

/** `indexed`: how many entries a second we take, into log and index; then what
 * we were asked, of the entries up to `through`. */
export function benchSqlite(stack, indexed, { through, questions }) {
	progress('the same entries into SQLite');
	const folder = mkdtempSync(join(stack.rundir, 'sqlite-')); // on the same disk
	const database = join(folder, 'entries.db');
	try {
		const rates = [];
		for (let round = 0; round < ROUNDS; round++)
			rates.push(load(stack, through, database));
		reportIngest('SQLite', indexed, median(rates));
		progress('the same questions to SQLite');
		for (const question of questions)
			reportAnswers('SQLite', question, ask(database, question));
	} finally {
		rmSync(folder, { recursive: true });
	}
}
