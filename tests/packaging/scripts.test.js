// The package's scripts, which dpkg may run again whenever something else has
// failed: what is there stays as it is, and what is not is made.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { cannotBoot, Container } from './harness/container.js';
import { install, untilReady } from './harness/installed.js';

describe("the package's scripts", { skip: cannotBoot, concurrency: 1 }, () => {
	let box;
	before(async () => {
		box = await Container.booted();
		await install(box);
		await untilReady(box);
	});
	after(() => box?.remove());

	/** One of them, as dpkg runs it; what it says. */
	const script = (name, ...args) => box.sh(
		`export DPKG_MAINTSCRIPT_PACKAGE=kruxos-monitor DPKG_MAINTSCRIPT_NAME=${name}
		"/var/lib/dpkg/info/kruxos-monitor.${name}" "$@"`, ...args);

	/** Whose everything is, who there is, and the certificate. */
	const everything = () => box.sh(`
		find /etc/kruxos /var/lib/kruxos /var/log/kruxos /var/spool/kruxos /run/kruxos/* \
			! -path '/run/kruxos/nginx/*' -printf '%y %m %u:%g %p\\n' | LC_ALL=C sort
		cat /etc/passwd /etc/group
		sha256sum /etc/kruxos/tls/* /etc/kruxos/kruxos.conf
		ls /etc/systemd/system/multi-user.target.wants`);

	for (const args of [
		['configure', ''], ['configure', '0.1.0'], ['abort-upgrade', '0.1.0'], ['abort-remove'],
		['abort-deconfigure', 'in-favour', 'other', '1.0'], ['triggered', '/usr/sbin/nginx'],
	])
		test(`postinst ${args.join(' ')}, done twice, changes nothing`, async () => {
			const found = await everything();
			await script('postinst', ...args);
			await script('postinst', ...args);
			await untilReady(box);
			assert.equal(await everything(), found);
		});

	test('what somebody has taken away is made again', async () => {
		const found = await box.sh("stat -c '%A %U:%G %n' /var/spool/kruxos /etc/kruxos/tls /etc/kruxos/tls/*");
		await box.sh('rm -r /var/spool/kruxos /etc/kruxos/tls');
		await script('postinst', 'configure', '0.1.0');
		await untilReady(box);
		assert.equal(await box.sh("stat -c '%A %U:%G %n' /var/spool/kruxos /etc/kruxos/tls /etc/kruxos/tls/*"), found);
	});

	test("a certificate of the administrator's stays, and his folder as he has it", async () => {
		const about = () => box.sh("sha256sum /etc/kruxos/tls/*; stat -c '%a %U:%G %n' /etc/kruxos/tls /etc/kruxos/tls/*");
		await box.sh(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
			-subj /CN=monitor.example.org -keyout /etc/kruxos/tls/key.pem -out /etc/kruxos/tls/cert.pem
			chmod 640 /etc/kruxos/tls/key.pem && chgrp kruxos-nginx /etc/kruxos/tls/key.pem
			chmod 751 /etc/kruxos/tls`);
		const found = await about();
		await script('postinst', 'configure', '0.1.0');
		assert.equal(await about(), found);
	});

	test('a new version is taken into use, and the sockets stay', async () => {
		const sockets = () => box.sh('stat -c "%i %n" /run/kruxos/ingest.sock /run/kruxos/fcgi/*');
		const services = () => box.sh(`for unit in kruxosd kruxos-observer kruxos-nginx kruxos-fcgi@health; do
			systemctl show --property MainPID --value $unit; done`);
		await untilReady(box);
		const [found, ran] = [await sockets(), (await services()).split('\n')];
		assert.ok(ran.every(pid => Number(pid) > 0), ran.join());
		await script('prerm', 'upgrade', '0.1.1');
		await script('postinst', 'configure', '0.1.0');
		await untilReady(box);
		assert.equal(await sockets(), found);
		assert.deepEqual((await services()).split('\n').filter(pid => ran.includes(pid)), []);
	});

	test("an upgrade of Debian's nginx restarts ours, and nothing else", async () => {
		const pid = unit => box.sh('systemctl show --property MainPID --value "$1"', unit);
		const [nginx, daemon] = [await pid('kruxos-nginx'), await pid('kruxosd')];
		await box.sh('dpkg-trigger --by-package=nginx /usr/sbin/nginx && dpkg --configure --pending');
		await untilReady(box);
		assert.notEqual(await pid('kruxos-nginx'), nginx);
		assert.equal(await pid('kruxosd'), daemon);
	});

	test('what was stopped by hand is not started by an upgrade of nginx', async () => {
		await box.sh('systemctl stop kruxos-nginx.service');
		await script('postinst', 'triggered', '/usr/sbin/nginx');
		assert.equal((await box.run('systemctl', 'is-active', 'kruxos-nginx')).stdout, 'inactive\n');
		await box.sh('systemctl start kruxos-nginx.service');
	});

	test('removed and purged twice, it is gone, and the second time says nothing', async () => {
		for (const [name, step] of [['prerm', 'remove'], ['prerm', 'remove'], ['postrm', 'remove'], ['postrm', 'remove']])
			await script(name, step);
		await box.sh('test -s /var/lib/kruxos/state/state.db && test ! -e /run/kruxos');
		assert.match(await script('postrm', 'purge'), /removing \/var\/log\/kruxos .*audit log/);
		assert.equal(await script('postrm', 'purge'), '');
		assert.equal(await box.sh('ls -d /etc/kruxos /var/*/kruxos /run/kruxos 2>/dev/null || :'), '');
	});
});
