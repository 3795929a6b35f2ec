// The same entries in an ordinary SQLite table with four indexes.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { build } from '../api/harness/stack.js';
import { must, number, progress, report } from './table.js';

/** `indexed`: how many entries a second we take, into log and index. */
export function benchSqlite(stack, indexed) {
	progress('the same entries into SQLite');
	const folder = mkdtempSync(join(stack.rundir, 'sqlite-')); // on the same disk
	try {
		const load = JSON.parse(must(join(build, 'bench/table_load'),
			[stack.auditDir, join(folder, 'entries.db')]));
		const theirs = load.entries / load.microseconds * 1e6;
		report('entries in log and index', `${number(indexed)}/s`, {
			peer: `SQLite ${number(theirs)}/s`, ratio: indexed / theirs, target: '>= 1',
		});
	} finally {
		rmSync(folder, { recursive: true });
	}
}
