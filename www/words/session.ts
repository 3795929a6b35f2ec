import type { AgentSession } from '../api/types';
import { formatDuration, formatNumber } from '../format';

type Ways = NonNullable<AgentSession['coverage']>;

/** "1 h 30 min", "2 min", "0.5 s": what of a duration is not nothing. */
function span(ms: number): string {
	const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms % 3_600_000 / 60_000)];

	if (hours > 0)
		return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
	return formatDuration(ms).replace(/ 0 s$/, '').replace(/\.0 /, ' ');
}

export const session = {
	title: (id: string) => `Session ${id}`,
	heading: 'Session',
	badId: 'That is no session’s id',
	missing: 'There is no such session',
	missingText: 'No entry in the index has this id. A session appears with its first entry; the files may go back further:',
	missingCommand: (id: string) => `kruxos audit query --dir /var/lib/kruxos/audit --session-id ${id}`,
	agent: 'Agent',
	others: 'With it',
	moreOthers: (count: number) => ` and ${formatNumber(count)} more`,
	started: 'Started',
	firstSeen: 'First entry',
	ended: 'Ended',
	lasted: (ms: number) => `after ${span(ms)}`,
	endMissing: 'its end was never reported; last seen ',
	open: 'it goes on, or its end was not reported; last seen ',
	entries: 'Entries',
	count: (count: number) => formatNumber(count),
	audit: 'All its entries in Audit',
	told: 'Told by',
	ways: ({ by_hook, by_telemetry, both, percent }: Ways) => {
		if (by_telemetry === 0)
			return `hooks: ${formatNumber(by_hook)}`;
		if (by_hook === 0)
			return `telemetry: ${formatNumber(by_telemetry)}`;
		return `hooks: ${formatNumber(by_hook)}, telemetry: ${formatNumber(by_telemetry)}, both: ${formatNumber(both)}` +
			(percent === null ? '' : ` (${percent} %)`);
	},
	unrecorded: (count: number) => `${formatNumber(count)} ${count === 1 ? 'call' : 'calls'} that no hook told of`,
	lost: (count: number) => `${formatNumber(count)} ${count === 1 ? 'record' : 'records'} of telemetry never came`,
	calls: 'Calls',
	onlyNewest: (shown: number, of: number) =>
		`The newest ${formatNumber(shown)} of its ${formatNumber(of)} entries are shown. `,
	time: 'Time since it began',
	tick: (ms: number) => ms === 0 ? '0' : `+${span(ms)}`,
	pause: (ms: number) => `${span(ms)} in which nothing happened, cut short`,
	begins: (ms: number) => `begins ${span(ms)} in`,
	took: span,
	runs: 'no answer yet',
	never: 'did not run',
	gate: {
		open: 'waits for a person’s word',
		accepted: (who: string, waited: number) => `let through by ${who} after ${span(waited)}`,
		rejected: (who: string, waited: number) => `stopped by ${who} after ${span(waited)}`,
	},
	deciders: {
		policy: 'the policy', user: 'a person', hook: 'a hook', mode: 'the agent’s mode', none: 'nobody', system: 'the system',
	},
	legend: { run: 'ran', wait: 'waited for a word', open: 'no answer yet', pause: 'pause, cut short' },
};
