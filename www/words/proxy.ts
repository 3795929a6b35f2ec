import { formatNumber } from '../format';
import { GAP } from './shell';

export const proxy = {
	title: 'Service Proxy',
	reported: `Reported ${GAP} ago`,
	stale: `Nobody has reported for ${GAP}. What follows was so then.`,
	strip: {
		label: 'Overview',
		total_services: 'Total services', synced: 'Synced', with_errors: 'With errors',
		buffered_ops: 'Buffered ops', dead_letters: 'Dead letters',
	},
	statuses: { synced: 'Synced', syncing: 'Syncing', error: 'Error', paused: 'Paused', unknown: 'Unknown' },
	facts: {
		started: 'Last started', completed: 'Last completed', failures: 'Consecutive failures',
		items: 'Items synced', buffered: 'Buffered writes', dead: 'Dead letters', error: 'Last error',
	},
	never: 'never',
	notTold: 'not told',
	log: 'What was decided, in the audit log',
	writes: {
		buffered: 'Pending writes', dead: 'Dead letters',
		by: (name: string) => `by ${name}`,
		created: 'asked for ',
		sends: (span: string) => `goes out in ${span}`,
		now: 'goes out now',
		unknown: 'goes out when the proxy can',
		attempts: (count: number) => count === 1 ? 'tried once' : `tried ${formatNumber(count)} times`,
		more: (count: number) => `Show ${formatNumber(count)} more`,
	},
	errors: { title: 'Error history', write: 'write ' },
	actions: { cancel: 'Cancel', retry: 'Retry', discard: 'Discard' },
	pending: { cancel: 'Cancelling…', retry: 'Retrying…', discard: 'Discarding…' },
	decidedBy: (name: string) => `decided by ${name}`,
	label: (action: string, summary: string) => `${action}: ${summary}`,
	ask: {
		cancel: {
			title: 'Cancel this write?', action: 'Cancel the write', dismiss: 'Keep it',
			text: 'It will not be sent, if the proxy hears of it in time. It is recorded, in your name.',
		},
		retry: {
			title: 'Try this write again?', action: 'Retry', dismiss: 'Leave it',
			text: 'The proxy sends it once more, as it stands. It is recorded, in your name.',
		},
		discard: {
			title: 'Discard this write?', action: 'Discard the write', dismiss: 'Keep it',
			text: 'It is given up, and nothing brings it back. It is recorded, in your name.',
		},
	},
	empty: {
		title: 'Nobody has reported yet what a service proxy does.',
		text: 'Whatever runs one says so, again and again, with all that it does:',
		command: 'kruxos proxy report state.json',
	},
	noServices: 'The service proxy reports that it has no services.',
};
