// A Debian 12 of its own, where the package is tried: first as a folder to
// chroot into, as in an image that is being built; then, if wanted, booted with
// systemd in a container that has a loopback and no other network.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { build, root, run } from '../../api/harness/stack.js';
import { Hopeless, until } from '../../api/harness/poll.js';

/** Why it cannot be done here; false when it can. */
export const cannotBoot = process.getuid() !== 0 && 'a container is made by root';

const environment = [
	'-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8', 'TERM=dumb',
	'DEBIAN_FRONTEND=noninteractive',
];

/** The packages that `make deb` has made, a path each. */
export function packages() {
	const folder = join(build, 'deb');
	const names = existsSync(folder) ? readdirSync(folder).filter(name =>
		name.endsWith('.deb') && !name.includes('-dbgsym_')) : [];
	assert.ok(names.length > 0, `no package in ${folder}: make deb`);
	return names.map(name => join(folder, name));
}

/** The Debian that all are copies of; made, or there from before. */
function pristine() {
	return execFileSync(join(root, 'tests/packaging/harness/make-root'),
		[join(build, 'packaging'), ...packages()], { encoding: 'utf8' }).trim();
}

// Where a systemd inside finds cgroups that are not another's. A host that has
// systemd itself sees to it.
function cgroups(name) {
	if (existsSync('/run/systemd/system'))
		return [];
	return ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']
		.filter(folder => existsSync(join(folder, 'cgroup.procs')))
		.map(folder => join(folder, name));
}

function removeCgroup(folder) {
	if (!existsSync(folder))
		return;
	for (const entry of readdirSync(folder, { withFileTypes: true }))
		if (entry.isDirectory())
			removeCgroup(join(folder, entry.name));
	rmdirSync(folder);
}

const alive = new Set();

// A test that is ended in its middle leaves nothing behind either.
process.on('exit', () => alive.forEach(container => container.abandon()));
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15]])
	process.on(signal, () => process.exit(128 + number));

export class Container {
	#folder;
	#nspawn;
	#leader;
	#cgroups = [];

	/** A fresh one, in which nothing runs; our packages are in /root. */
	static make() {
		const container = new Container();
		const lower = pristine();
		container.#folder = mkdtempSync(join(tmpdir(), 'kruxos-container-'));
		for (const name of ['upper', 'work', 'root'])
			mkdirSync(join(container.#folder, name));
		alive.add(container);
		execFileSync('mount', ['-t', 'overlay', 'overlay', '-o',
			`lowerdir=${lower},upperdir=${container.#folder}/upper,workdir=${container.#folder}/work`,
			container.root]);
		for (const path of packages())
			container.put(path, '/root/');
		return container;
	}

	/** A fresh one that has been booted. */
	static async booted() {
		const container = Container.make();
		await container.boot();
		return container;
	}

	/** Its root, seen from outside. */
	get root() {
		return join(this.#folder, 'root');
	}

	/** Copy a file of ours into it; `path` ends in a slash if it is a folder. */
	put(file, path) {
		copyFileSync(file, join(this.root, path, path.endsWith('/') ? basename(file) : ''));
	}

	/** Boot it, and wait until all that it starts has started. */
	async boot() {
		const name = basename(this.#folder);
		this.#cgroups = cgroups(name);
		this.#cgroups.forEach(folder => mkdirSync(folder, { recursive: true }));
		this.#nspawn = spawn('sh', ['-c', `
			for folder in ${this.#cgroups.join(' ')}; do
				echo $$ >"$folder/cgroup.procs"
			done
			exec systemd-nspawn --quiet --boot --private-network --register=no \
				--machine=${name} --console=pipe \
				${this.#cgroups.length ? '--keep-unit' : ''} -D '${this.root}'`],
		{ stdio: ['ignore', 'ignore', 'pipe'], detached: true });
		let said = '';
		this.#nspawn.stderr.setEncoding('utf8').on('data', text => said += text);
		await until('the container has booted', async () => {
			if (this.#nspawn.exitCode !== null)
				throw new Hopeless(`systemd-nspawn has ended: ${said}`);
			const { pid } = this.#nspawn;
			const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
			if (child === '')
				return false;
			this.#leader = child.split(' ')[0];
			const { stdout } = await this.run('systemctl', 'is-system-running');
			return /^(running|degraded)/.test(stdout);
		}, 120_000);
	}

	/** Shut it down as a machine is, and wait for the end; the files stay. */
	async halt() {
		const ended = new Promise(done => this.#nspawn.once('exit', done));
		await this.run('systemctl', '--no-block', 'poweroff');
		await ended;
		this.#leader = undefined;
		this.#cgroups.forEach(removeCgroup);
	}

	#into() {
		return this.#leader === undefined
			? ['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc', `--root=${this.root}`]
			: ['nsenter', '-t', this.#leader, '-m', '-u', '-i', '-n', '-p', '-r', '-w'];
	}

	/** Run a program in it, as root: { code, stdout, stderr }. */
	run(...words) {
		const [program, ...args] = [...this.#into(), 'env', ...environment, ...words];
		return run(program, args);
	}

	/** What a script of the shell prints that must not fail. */
	async sh(script, ...args) {
		const { code, stdout, stderr } = await this.run('sh', '-euc', script, 'sh', ...args);
		assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
		return stdout.trimEnd();
	}

	/** The same as a user, with the groups he has. */
	as(user, ...words) {
		return this.run('setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', ...words);
	}

	/** What its journal says, of our units unless told otherwise. */
	async journal(...matches) {
		return (await this.run('journalctl', '--no-pager', '-o', 'cat',
			...(matches.length ? matches : ['-u', 'kruxos*']))).stdout;
	}

	/** End it at once, and leave nothing behind. */
	async remove() {
		if (this.#leader !== undefined) {
			const ended = new Promise(done => this.#nspawn.once('exit', done));
			process.kill(this.#leader, 'SIGKILL');
			await ended;
		}
		this.#clean();
	}

	/** The same, with no time to wait. */
	abandon() {
		try {
			if (this.#leader !== undefined)
				process.kill(this.#leader, 'SIGKILL');
			this.#clean();
		} catch {
			// What is left is in a folder for temporary files.
		}
	}

	#clean() {
		alive.delete(this);
		execFileSync('umount', ['--lazy', this.root]);
		rmSync(this.#folder, { recursive: true, force: true });
		this.#cgroups.forEach(removeCgroup);
	}
}
