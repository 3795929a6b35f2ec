// What testssl.sh has to say of the dashboard's port: nothing above LOW, with a
// certificate that an authority has issued, as an administrator would put it
// there; and, of what depends on it, with our own.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Authority } from '../api/harness/authority.js';
import { Stack, run } from '../api/harness/stack.js';

const patience = 600_000; // it takes one minute where nothing else runs

let folder;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'kruxos-testssl-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/**
 * testssl's findings, { id, severity, finding }, of the stack's dashboard, by
 * what it is told to test; `ids` must be among them, or it has not tested.
 */
async function findings(stack, trusted, tests, ids) {
	const file = join(folder, `${tests.join('')}.json`);
	const { stdout, stderr } = await run('testssl', [
		'--quiet', '--color', '0', '--warnings', 'off', '--ip', 'one', '--add-ca', trusted,
		'--jsonfile', file, ...tests, `https://localhost:${stack.dashPort}/`,
	], { env: { TERM: 'dumb' }, cwd: folder, timeout: patience });
	try {
		const found = JSON.parse(readFileSync(file, 'utf8'));
		const tested = new Set(found.map(({ id }) => id));
		assert.deepEqual(['scanTime', ...ids].filter(id => !tested.has(id)), []);
		return found;
	} catch (error) {
		error.message += `\n${stdout}${stderr}`;
		throw error;
	}
}

// WARN is what it could not find out.
const aboveLow = found => found
	.filter(({ severity }) => ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL'].includes(severity))
	.map(({ severity, id, finding }) => `${severity} ${id}: ${finding}`);

describe('testssl.sh', { concurrency: true }, () => {
	test('finds nothing in our own certificate but that nobody can revoke it', async () => {
		const stack = await Stack.start();
		try {
			const found = await findings(stack, join(stack.rundir, 'tls/cert.pem'), ['-S'],
				['cert_chain_of_trust', 'cert_trust', 'cert_notAfter']);
			assert.deepEqual(aboveLow(found), ['HIGH cert_revocation: Neither CRL nor OCSP URI provided']);
		} finally {
			await stack.stop();
		}
	});

	test('finds nothing in protocols, ciphers, headers, and no vulnerability', async () => {
		const authority = await Authority.make(folder);
		const stack = await Stack.start();
		try {
			await stack.halt();
			await authority.issue(join(stack.rundir, 'tls/cert.pem'), join(stack.rundir, 'tls/key.pem'));
			await stack.resume();
			const found = await findings(stack, authority.certificate, ['-p', '-s', '-f', '-P', '-S', '-h', '-U'], [
				'TLS1', 'TLS1_2', 'TLS1_3', 'cipherlist_STRONG', 'PFS', 'cipher_order', 'cert_chain_of_trust',
				'HSTS_time', 'heartbleed', 'secure_client_renego', 'BREACH', 'LUCKY13', 'RC4',
			]);
			assert.deepEqual(aboveLow(found), []);
		} finally {
			await stack.stop();
		}
	});
});
