// What an agent waits for at each of its tool calls: kruxos-hook as a whole
// process, its entry durable, beside a process that does nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from '../api/harness/stack.js';
import { ROUNDS, atMost, chapter, median, must, progress, report } from './table.js';

const RUNS = 500;

const event = (name, more) => JSON.stringify({
	session_id: 'bench-hook', transcript_path: '/home/dev/.claude/projects/bench.jsonl', cwd: '/home/dev/project',
	permission_mode: 'default', hook_event_name: name, tool_name: 'Bash',
	tool_input: { command: 'make test', description: 'Run the tests' }, tool_use_id: 'toolu_@', ...more,
});

export function benchHook(stack) {
	chapter('hooks');
	progress(`${RUNS} tool calls of an agent, ${ROUNDS} times`);
	const runtime = mkdtempSync(join(tmpdir(), 'kruxos-bench-'));
	/** Of each of `inputs`, in turn: [median, 99th percentile] in µs. */
	const rounds = (program, args, inputs) => {
		const took = Array.from({ length: ROUNDS }, (_, round) => must(join(build, 'bench/hooks'),
			[String(RUNS), program, ...args], {
				input: inputs.map(input => `${input.replace('bench-hook', `bench-hook-${round}`)}\n`).join(''),
				env: { KRUXOS_CONFIG: join(stack.rundir, 'kruxos.conf'), XDG_RUNTIME_DIR: runtime },
			}).trim().split('\n').map(line => line.split(' ').map(Number)));
		return inputs.map((_, i) => [0, 1].map(which => median(took.map(round => round[i][which]))));
	};
	try {
		const hook = join(build, 'bin/kruxos-hook');
		const [[nothing]] = rounds('/bin/true', [], ['']);
		const [[before, beforeLast], [after, afterLast], [ignored]] = rounds(hook, ['claude-code'], [
			event('PreToolUse'),
			event('PostToolUse', { tool_response: { stdout: 'ok' }, duration_ms: 12 }),
			event('MessageDisplay'),
		]);
		const peer = { name: '/bin/true', value: nothing };
		report('kruxos-hook before a tool', before, 'us', { peer, target: atMost(5000) });
		report('kruxos-hook before a tool, p99', beforeLast, 'us');
		report('kruxos-hook behind a tool', after, 'us', { peer, target: atMost(5000) });
		report('kruxos-hook behind a tool, p99', afterLast, 'us');
		report('kruxos-hook, an event that is not recorded', ignored, 'us', { peer, target: atMost(5000) });
	} finally {
		rmSync(runtime, { recursive: true, force: true });
	}
}
