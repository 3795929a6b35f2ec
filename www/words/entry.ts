// The words of an entry, wherever one is shown.

import { formatNumber } from '../format';

export const entry = {
	system: 'system',
	result: 'Result',
	noResult: 'Nothing was reported.',
	pending: 'No answer yet.',
	request: 'Request',
	noRequest: 'The request is empty.',
	erased: ['Its payload (summary and request) was erased by ', ': the chain still holds.'] as const,
	seq: (seq: number) => `#${seq}`,
	why: 'Why it could run, or not',
	decided: {
		policy: 'The policy decided.',
		user: 'A person decided.',
		hook: 'A hook decided.',
		mode: 'The agent’s mode decided.',
		none: 'Nobody was asked.',
	},
	undecided: 'Who decided was not reported.',
	tiers: {
		autonomous: 'runs without asking',
		notify: 'runs, and people are told',
		approval_required: 'waits for a person’s word',
		blocked: 'never runs',
	},
	noTier: 'It came without a policy tier.',
	about: 'About it',
	facts: {
		entry: 'Entry', session: 'Session', call: 'Call', parent: 'Called by', trace: 'Trace', time: 'Time',
		claimed: 'Time it claimed', recorded: 'Recorded', source: 'Came by', uid: 'Written by uid',
	},
	hash: 'entry_hash',
	file: 'log_file',
	open: 'Open the entry',
	session: 'Open its session',
	emptyText: '(empty)',
	emptyList: '(none)',
	inexact: 'The entry’s own page has all digits.',
	more: (count: number) => `… show ${formatNumber(count)} more`,
};
