// An authority that issues certificates, made for one test.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './stack.js';

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-batch'];

async function openssl(...args) {
	const { code, stderr } = await run('openssl', args);
	assert.equal(code, 0, stderr);
}

export class Authority {
	/** In `folder`, which is there. */
	static async make(folder) {
		const authority = new Authority();
		authority.certificate = join(folder, 'authority.pem');
		authority.folder = folder;
		authority.key = join(folder, 'authority-key.pem');
		await openssl('req', '-x509', ...curve, '-subj', '/CN=An authority', '-days', '30',
			'-keyout', authority.key, '-out', authority.certificate);
		return authority;
	}

	/** A certificate for localhost and its key, at the paths given. */
	async issue(certificate, key) {
		const request = join(this.folder, 'request.pem');
		const extensions = join(this.folder, 'extensions');
		writeFileSync(extensions, [
			'subjectAltName=DNS:localhost,IP:127.0.0.1', 'basicConstraints=critical,CA:FALSE',
			'keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth',
			'crlDistributionPoints=URI:http://authority.example/list.crl', '',
		].join('\n'));
		await openssl('req', ...curve, '-subj', '/CN=localhost', '-keyout', key, '-out', request);
		await openssl('x509', '-req', '-in', request, '-CA', this.certificate, '-CAkey', this.key,
			'-days', '90', '-extfile', extensions, '-out', certificate);
	}
}

/** A certificate that `key` has signed itself, as kruxos-run makes them; good for `days`. */
export function signItself(certificate, key, days) {
	return openssl('req', '-x509', '-key', key, '-subj', '/CN=kruxos', '-days', String(days),
		'-addext', 'subjectAltName=DNS:localhost', '-out', certificate);
}
