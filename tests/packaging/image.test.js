// Where no systemd runs, as while an image is built; then booted, and installed
// where somebody else has a port.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { until } from '../api/harness/poll.js';
import { cannotBoot, Container } from './harness/container.js';
import { install, units, untilReady } from './harness/installed.js';

describe('in an image', { skip: cannotBoot, concurrency: 1 }, () => {
	let box;
	let policy;

	before(() => {
		box = Container.make();
		policy = join(box.root, 'usr/sbin/policy-rc.d');
		writeFileSync(policy, '#!/bin/sh\nexit 101\n');
		chmodSync(policy, 0o755);
	});
	after(() => box?.remove());

	test('it installs where nothing may be started', async () => {
		const said = await install(box);
		assert.doesNotMatch(said, /does not run|[Ff]ailed/);
		for (const user of ['kruxos', 'kruxos-web', 'kruxos-session', 'kruxos-gateway', 'kruxos-observer', 'kruxos-nginx'])
			await box.sh('id "$1"', user);
		assert.equal(statSync(join(box.root, 'etc/kruxos/tls/key.pem')).mode & 0o777, 0o640);
		assert.ok(!existsSync(join(box.root, 'var/lib/kruxos/kruxos.db')));
	});

	test('it can be purged there, and installed again', async () => {
		await box.sh('apt-get -y -q purge kruxos-monitor');
		for (const folder of ['etc', 'var/lib', 'var/log', 'var/spool'])
			assert.ok(!existsSync(join(box.root, folder, 'kruxos')), folder);
		await install(box);
	});

	test('it runs when the image boots', async () => {
		rmSync(policy);
		await box.boot();
		await untilReady(box);
		assert.ok(!Object.values(await units(box)).includes('failed'));
	});

	test('it runs after the next boot, and the log goes on', async () => {
		const head = await box.sh('kruxos audit head');
		await box.halt();
		await box.boot();
		await untilReady(box);
		await box.sh('kruxos audit verify --expect "$1"', head);
		assert.doesNotMatch(await box.journal('-b', '-u', 'kruxosd.service'), /torn|damaged/);
	});

	test('a busy port is said, and stops nothing else', async () => {
		await box.sh(`apt-get -y -q purge kruxos-monitor
			systemd-run --quiet --unit=squatter python3 -m http.server --bind 127.0.0.1 7701`);
		await until('the port is taken', async () =>
			(await box.run('curl', '-s', 'http://127.0.0.1:7701/')).code === 0);
		assert.match(await install(box), /kruxos-nginx does not run/);
		const all = await units(box);
		assert.equal(all['kruxosd.service'], 'active');
		assert.equal(all['kruxos-observer.service'], 'active');
		await box.sh('kruxos login-link 2>/dev/null');
	});

	test('it serves as soon as the port is free', async () => {
		await box.sh('systemctl stop squatter.service');
		await untilReady(box);
	});
});
