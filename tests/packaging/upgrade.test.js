// From the version before: this one with a lower number, and with databases of
// earlier schemas.

import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { root } from '../api/harness/stack.js';
import { cannotBoot, Container, packages } from './harness/container.js';
import { ask, install, signIn, untilReady } from './harness/installed.js';

// The last migration of each is undone; all of them only add tables.
const older = `
import sqlite3, sys
for path, table in (("/var/lib/kruxos/state/state.db", "approval"), ("/var/lib/kruxos/telemetry.db", "coverage")):
    database = sqlite3.connect(path)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.execute(f"DROP TABLE {table}")
    database.execute(f"PRAGMA user_version = {version - 1}")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(version)
`;

describe('an upgrade', { skip: cannotBoot, concurrency: 1 }, () => {
	let box;
	let deb;

	before(async () => {
		deb = packages().find(path => /\/kruxos-monitor_/.test(path));
		box = await Container.booted();
		await box.sh(`mkdir /root/new; mv /root/kruxos-monitor_* /root/new
			dpkg-deb -R /root/new/*.deb /root/tree
			sed -i 's/^Version: .*/Version: 0.0.1/' /root/tree/DEBIAN/control
			dpkg-deb -Znone -b /root/tree /root/kruxos-monitor_0.0.1.deb`);
		await install(box);
		await untilReady(box);
	});
	after(() => box?.remove());

	const upgrade = () => box.sh(`apt-get -y -q install /root/new/${basename(deb)}`);

	test('takes nothing away that the administrator or the log has', async () => {
		appendFileSync(join(box.root, 'etc/kruxos/kruxos.conf'), '\n# the site is in conf.d\n');
		writeFileSync(join(box.root, 'etc/kruxos/conf.d/site.conf'), '[http]\nslow_answers = 5\n');
		writeFileSync(join(box.root, 'etc/kruxos/nginx.d/site.conf'), '# nothing yet\n');
		const signedIn = await signIn(box);
		await box.sh(`kruxos token create nightly --scope read >/root/nightly.token
			kruxos silence add service=wiki --for 2h --reason moved`);
		const settings = () => box.sh('cd /etc/kruxos && cat kruxos.conf conf.d/* nginx.d/* tls/*');
		const before = await settings();
		const head = await box.sh('kruxos audit head');

		await box.sh('systemctl stop kruxosd.socket kruxosd.service');
		const versions = (await box.as('kruxos', 'python3', '-c', older)).stdout.trim().split('\n').map(Number);
		assert.equal(versions.length, 2);
		await upgrade();
		await untilReady(box);

		assert.equal(await settings(), before);
		await box.sh('kruxos audit verify --expect "$1"', head);
		for (const [path, version] of [['state/state.db', versions[0]], ['telemetry.db', versions[1]]]) {
			const kept = `/var/lib/kruxos/${path}.schema-${version - 1}`;
			assert.deepEqual((await box.as('kruxos', 'python3', '-c', `
import sqlite3
for path in ("/var/lib/kruxos/${path}", "${kept}"):
    print(sqlite3.connect(path).execute("PRAGMA user_version").fetchone()[0])`)).stdout, `${version}\n${version - 1}\n`);
		}
		assert.match(await box.sh('kruxos silence list'), /wiki/);
		assert.equal((await ask(box, 'https://localhost:7800/api/session', ...signedIn)).status, 200);
		const token = await box.sh('cat /root/nightly.token');
		assert.equal((await ask(box, 'https://localhost:7800/api/audit', '--oauth2-bearer', token)).status, 200);
	});

	test('loses nothing that is recorded meanwhile', async () => {
		await box.sh('apt-get -y -q --allow-downgrades install /root/kruxos-monitor_0.0.1.deb');
		await untilReady(box);
		// Each that is answered is counted; who is not answered tries again.
		const recorder = box.sh(`until [ -e /root/enough ]; do
			echo '{"actor_type":"agent","agent_name":"steady","capability":"shell.exec","status":"success"}' |
				kruxos ingest 2>/dev/null && echo recorded || :
		done`);
		await upgrade();
		await untilReady(box);
		await box.sh('touch /root/enough');
		const recorded = (await recorder).split('\n').length;
		const kept = Number(await box.sh('cat /var/log/kruxos/audit/*.jsonl | grep -c \'"agent_name":"steady"\''));
		assert.ok(recorded > 0 && kept >= recorded, `${kept} of ${recorded}`);
		await box.sh('kruxos audit verify');
	});

	for (const name of ['upgrade', 'purge'])
		test(`autopkgtest: ${name}`, async () => {
			await box.sh('mkdir -p /root/tests');
			for (const file of ['until', name])
				box.put(join(root, 'packaging/deb/tests', file), '/root/tests/');
			const { code, stdout, stderr } = await box.run('sh', `/root/tests/${name}`, `/root/new/${basename(deb)}`);
			assert.equal(code, 0, stdout + stderr);
		});
});
