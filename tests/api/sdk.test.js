// The agent's client in Python: against a gateway of a few lines, which does what
// none should, and against a real one.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { root, run } from './harness/stack.js';

const sdk = join(root, 'sdk/python');

/** Run python3's unittest; what it says counts as the reason of a failure. */
async function unittest(args, env = {}) {
	const done = await run('python3', ['-m', 'unittest', ...args], {
		cwd: sdk, env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
	});
	assert.equal(done.code, 0, done.stderr);
	const [, count] = done.stderr.match(/^Ran (\d+) tests? in/m);
	assert.ok(count > 0 && !done.stderr.includes('ResourceWarning'), done.stderr);
	return done.stdout;
}

test('it does what it says, whatever a gateway does', () =>
	unittest(['discover', '-t', '.', '-s', 'tests']));
