// The packages that `make deb` has made, as files: what Debian's own checker
// says of them, and what becomes of their sources elsewhere.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { build, root, run } from '../api/harness/stack.js';

const made = join(build, 'deb');
const patience = 900_000; // everything is compiled once more

/** What a program says, and that it ends well. */
async function done(program, args, options) {
	const { code, stdout, stderr } = await run(program, args, options);
	assert.equal(code, 0, `${program} ${args.join(' ')}\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
	return stdout;
}

/** The one file of a folder whose name ends so. */
function only(folder, ending) {
	const names = readdirSync(folder).filter(name => name.endsWith(ending));
	assert.equal(names.length, 1, `${folder}: *${ending}`);
	return join(folder, names[0]);
}

/** Of all that a build leaves but for the record of where it ran. */
function digests(folder) {
	return Object.fromEntries(readdirSync(folder)
		.filter(name => /\.(?:deb|dsc|tar\.xz)$/.test(name)).sort()
		.map(name => [name, createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')]));
}

test('lintian has nothing to say', async () => {
	const said = await done('lintian', [
		'--allow-root', '--pedantic', '--fail-on', 'error,warning,pedantic', only(made, '.changes'),
	], { timeout: patience });
	assert.equal(said, '');
});

test('the version is the same wherever it is said', () => {
	const said = (path, pattern) => readFileSync(join(root, path), 'utf8').match(pattern)?.[1];
	const version = said('Makefile', /^VERSION := (.+)$/m);
	assert.match(version, /^\d+\.\d+\.\d+$/);
	assert.deepEqual({
		package: said('packaging/deb/changelog', /^kruxos-monitor \((.+?)\)/),
		changes: said('CHANGELOG.md', /^## (\S+)/m),
		sdk: said('sdk/python/pyproject.toml', /^version = "(.+)"$/m),
		module: said('sdk/python/kruxos/version.py', /^__version__ = "(.+)"$/m),
	}, { package: version, changes: version, sdk: version, module: version });
});

describe('the source package', () => {
	let folder;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'kruxos-source-'));
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	test('makes the same bytes elsewhere, without a network', async () => {
		await done('sh', ['-c', 'umask 022 && exec dpkg-source --extract "$0"', only(made, '.dsc')], { cwd: folder });
		const tree = join(folder, readdirSync(folder)[0]);
		await done('unshare', [
			...(process.getuid() === 0 ? [] : ['--map-root-user']), '--net',
			'sh', '-c', 'umask 027 && exec dpkg-buildpackage --no-sign --build=full',
		], {
			cwd: tree, timeout: patience,
			env: {
				PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent', TZ: 'Pacific/Kiritimati',
				LC_ALL: 'C', MAKEFLAGS: '', DEB_BUILD_OPTIONS: 'nocheck parallel=3',
			},
		});
		assert.deepEqual(digests(folder), digests(made));
	});
});
