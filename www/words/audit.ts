import { formatNumber } from '../format';
import type { QueryErrorCode } from '../query';
import { shell } from './shell';

const entries = (count: number) => count === 1 ? '1 entry' : `${formatNumber(count)} entries`;

const queryErrors: Record<QueryErrorCode, string> = {
	unknown_name: 'There is no such filter. To search for it as text, put it in quotes.',
	no_value: 'A value is missing behind the colon.',
	open_quote: 'The closing quote is missing.',
	second_text: 'Only one text can be searched for. Put words that belong together in quotes.',
	negative_text: 'A text cannot be excluded.',
	negative_time: 'A time cannot be excluded.',
	twice: 'A range has one beginning and one end.',
	bad_escape: 'There is no such character.',
};

export const audit = {
	title: 'Audit',

	box: {
		label: 'Query',
		placeholder: 'agent:ctf-web status:denied capability:shell.* from:2026-11-20 "curl"',
		submit: 'Search',
		options: 'Suggestions',
		count: (count: number) => count === 1 ? '1 suggestion' : `${formatNumber(count)} suggestions`,
		help: 'How to write a query',
		syntax: [
			['agent:NAME', 'of an agent; user:, actor:, status:, capability:, tier:, session:, call: and source: likewise'],
			['capability:shell.*', '* stands for any text'],
			['-status:success', 'none of that'],
			['status:error status:denied', 'any of them'],
			['from:2026-11-20 to:2026-11-21T08:00:00Z', 'a date is a whole day of UTC'],
			['"rm -rf"', 'only with this text, letter by letter, in what was asked or answered'],
		] as const,
		error: (code: QueryErrorCode) => queryErrors[code],
	},

	filters: {
		summary: 'Filters',
		actor: 'Actor',
		everyone: 'Everyone',
		user: 'User',
		system: 'System',
		allAgents: 'All agents',
		agents: 'Agents',
		agent: (name: string) => `Agent: ${name}`,
		oneUser: (name: string) => `User: ${name}`,
		moreAgents: (count: number) => `… and ${formatNumber(count)} more: name them in the query`,
		asInQuery: 'As in the query',
		capability: 'Capability',
		capabilityHint: 'shell.exec or shell.*',
		status: 'Status',
		anyStatus: 'Any',
		not: (name: string) => `Not ${name}`,
		from: (zone: string) => `From (${zone})`,
		to: (zone: string) => `To (${zone})`,
		text: 'Text',
		textHint: 'in request or result',
		range: 'Range',
		ranges: { day: '24 h', week: '7 days', month: '30 days', all: 'All' },
		clear: 'Clear filters',
		given: 'It is',
	},

	range: {
		week: 'the last 7 days',
		weekBefore: 'the 7 days before ',
		since: 'since ',
		until: 'until ',
		between: ['from ', ' to '] as const,
	},

	unknown: (names: string) => `This address has parameters that are not known, and that were not looked at: ${names}`,
	wrong: (parameter: string) => `The address cannot be answered: ${parameter} is wrong.`,
	leaveOut: (parameter: string) => `Leave ${parameter} out`,
	unreachable: (sentence: string) => `Can't reach the audit log: ${sentence}. Retrying …`,
	behind: (count: number) => `The index is catching up: the newest ${entries(count)} may be missing here.`,
	indexes: {
		rebuilding: 'The index is being rebuilt: entries may be missing here until it is whole. An export has all of them.',
		failing: 'The index does not move: new entries are missing here. An export has all of them.',
		unknown: 'The daemon (kruxosd) does not say how far its log goes: new entries may be missing here.',
	},

	showing: (first: number, last: number, total: number, isExact: boolean) =>
		`Showing ${formatNumber(first)}–${formatNumber(last)} of ${isExact ? '' : 'at least '}${formatNumber(total)}`,
	showingNone: (isExact: boolean) => isExact ? 'Showing 0 of 0' : 'Nothing so far',
	searchEnded: 'A search for a text stops after 2 s. It has come down to entry ',
	searchOn: 'Search on from there',
	pageSize: 'Page size',
	newer: 'Newer',
	older: 'Older',
	pages: 'Pages of the audit log',
	fresh: (count: number) => count === 1 ? '1 new entry' : `${formatNumber(count)} new entries`,
	unsearched: (count: number) => `${formatNumber(count)} new, not searched yet`,
	refresh: 'Show',
	entries: 'Entries',

	exports: {
		label: 'Export all that matches',
		json: 'Export JSON',
		ndjson: 'NDJSON',
		csv: 'CSV',
		title: (total: string) => `All ${total} entries that match, not only this page`,
		refused: 'Operators and auditors may export; you are a viewer.',
	},

	chain: {
		verified: 'Chain verified',
		checking: 'Chain being verified',
		damaged: 'Chain damaged',
		unknown: 'Chain not verified yet',
		through: 'through entry ',
		damagedAfter: 'The first entry that does not hold comes after ',
		progress: (done: number, all: number) => `${formatNumber(done)} of ${formatNumber(all)}`,
		verify: 'Verify now',
		verifying: 'Verifying …',
		done: 'The whole chain was verified again: it holds.',
		refused: 'Operators and auditors may have the chain verified.',
		command: 'kruxos audit verify',
	},

	overview: {
		summary: 'Over time, and by whom',
		label: 'Matches over time, by status',
		summaryOf: (total: number, parts: string, range: string) => `${entries(total)} ${range}: ${parts}`,
		bucket: (time: string, parts: string) => `${time}: ${parts}`,
		none: 'none',
		parts: (counts: readonly (readonly [keyof typeof shell.statuses, number])[]) =>
			counts.filter(([, count]) => count > 0)
				.map(([status, count]) => `${formatNumber(count)} ${shell.statuses[status].toLowerCase()}`).join(', '),
		start: 'Beginning of the stretch',
		end: 'End of the stretch',
		hint: 'Drag over the bars, or move the two handles, to set From and To.',
		set: 'Set From and To',
		reset: 'Cancel',
		withoutText: 'Counted without the text: a text is searched for in the entries themselves.',
		empty: 'No entries in this range',
		statuses: 'By status',
		actors: 'By actor',
		capabilities: 'By capability',
		include: (name: string) => `Only ${name}; with Alt: without`,
		exclude: (name: string) => `Without ${name}`,
		more: (count: number) => `${formatNumber(count)} more`,
		fewer: 'Fewer',
		most: 'The 100 with the most entries are counted.',
	},

	nothing: {
		title: 'No entry matches',
		text: 'Nothing of that kind was recorded in this range. The same question at the command line:',
		fresh: 'The audit log has no entries of the last 7 days',
		freshText: 'Look at all of it, or send in an event:',
		beyond: 'There is nothing on this page: the matches end before it.',
		first: 'Go to the first page',
		soFar: 'Nothing was found in what was searched so far.',
		all: 'Look at everything',
		command: `echo '{"actor_type":"agent","agent_name":"demo","capability":"shell.exec","status":"success"}' | kruxos ingest`,
	},

	printed: (time: string, zone: string) => `Printed ${time} (${zone}) from`,
};
