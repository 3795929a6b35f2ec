// Of Codex what an installer of hooks needs: `codex --version`, and an
// app-server that lists the hooks of $CODEX_HOME/hooks.json and keeps in
// config.json, a stand-in for config.toml, what is approved.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const home = process.env.CODEX_HOME || join(process.env.HOME, '.codex');
const sourcePath = join(home, 'hooks.json');
const state = join(home, 'config.json');
const approved = () => existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')) : {};

function hooks() {
	if (!existsSync(sourcePath))
		return [];
	const { hooks: events } = JSON.parse(readFileSync(sourcePath, 'utf8'));
	const states = approved();
	return Object.entries(events).flatMap(([event, groups]) => groups.flatMap((group, i) =>
		group.hooks.map((hook, j) => {
			const key = `${sourcePath}:${event}:${i}:${j}`;
			const currentHash = createHash('sha256').update(JSON.stringify(hook)).digest('hex');
			return { key, sourcePath, command: hook.command, currentHash, enabled: true,
				trustStatus: states[key] === currentHash ? 'trusted' : 'untrusted' };
		})));
}

function write(edits) {
	const states = approved();
	for (const { keyPath, value } of edits) {
		const key = keyPath.match(/^hooks\.state\."(.+)"$/)[1];
		if (value === null)
			delete states[key];
		else
			states[key] = value.trusted_hash;
	}
	writeFileSync(state, JSON.stringify(states));
}

const methods = {
	initialize: () => ({ codexHome: home }),
	'hooks/list': ({ cwds }) => ({ data: [{ cwd: cwds[0], hooks: hooks(), warnings: [], errors: [] }] }),
	'config/batchWrite': ({ edits }) => { write(edits); return { status: 'ok' }; },
};

if (process.argv[2] === '--version') {
	console.log('codex-cli 0.171.0');
} else {
	for await (const line of createInterface({ input: process.stdin })) {
		const { id, method, params } = JSON.parse(line);
		if (id === undefined)
			continue;
		console.log(JSON.stringify({ method: 'configWarning', params: { summary: 'none' } }));
		console.log(JSON.stringify(process.env.CODEX_IS_BROKEN
			? { id, error: { code: -1, message: 'it is broken' } }
			: { id, result: methods[method](params) }));
	}
}
