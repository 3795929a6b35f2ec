import { formatNumber } from '../format';

const alerts = (count: number) => count === 1 ? '1 alert' : `${formatNumber(count)} alerts`;

export const alertsWords = {
	title: 'Alerts',
	tabs: {
		label: 'Which alerts',
		firing: 'Firing', acknowledged: 'Acknowledged', silenced: 'Silenced', history: 'History',
	},
	last: { label: 'Resolved within the last', '24h': '24 h', '7d': '7 d', '30d': '30 d' },
	list: {
		firing: 'Alerts that fire', pending: 'Wrong, but not for long enough yet to be an alert', acknowledged: 'Acknowledged alerts', silenced: 'Silenced alerts',
		history: 'Resolved alerts', found: 'The alert of this address',
	},
	more: (count: number) => `Show ${formatNumber(count)} more`,
	times: (count: number) => `${formatNumber(count)} ×`,
	by: {
		acknowledged: (name: string) => `by ${name}`,
		silence: (id: number) => `silence ${id}`,
		resolved: 'resolved ',
	},
	kinds: { agent: 'agent', service: 'service', rule: 'rule' },
	elsewhere: {
		firing: 'This alert fires:', pending: 'This alert does not fire yet:', acknowledged: 'This alert is acknowledged:',
		silenced: 'This alert is silenced:', history: 'This alert is resolved:',
	},
	unknown: (id: string) => `There is no alert ${id}, or no longer: resolved ones are kept for 90 days.`,

	details: {
		message: 'Message',
		noMessage: 'It came without a message.',
		context: 'Context',
		noContext: 'It came without a context.',
		about: 'About it',
		source: 'Source', severity: 'Severity', seen: 'Seen', since: 'Since',
		resolved: 'Resolved', acknowledged: 'Acknowledged', note: 'Note', silenced: 'Silenced by', entry: 'Entry',
		fingerprint: 'Fingerprint',
		once: 'once',
		range: (count: number) => `${formatNumber(count)} times from `,
		to: ' to ',
		history: 'History',
		noHistory: 'Nothing has happened to it yet.',
		entries: 'Its entries in the audit log',
		acknowledge: 'Acknowledge',
		silence: 'Silence',
	},
	events: {
		fire: 'fired', resolve: 'resolved', acknowledge: 'acknowledged', silence: 'silenced', unsilence: 'silence ended',
	},
	byUser: (name: string) => ` by ${name}`,

	silences: {
		title: 'Silences',
		add: 'New silence',
		none: 'No silence stands.',
		matchers: 'Means', reason: 'Reason', author: 'By', age: 'Age', ends: 'Ends',
		in: (span: string) => `in ${span}`,
		untilResolved: 'or when nothing that it means is wrong',
		end: 'End',
		endLabel: (id: number) => `End silence ${id}`,
		ask: {
			title: 'End the silence?',
			text: 'What it has muted is shown and told again. It is recorded, in your name.',
			action: 'End the silence',
		},
	},
	silence: {
		title: 'Silence alerts',
		lead: 'Alerts that match all of these go on and are recorded; nobody is told, and no banner shows them.',
		fields: {
			severity: 'Severity', source: 'Source', rule: 'Rule', service: 'Service', agent_name: 'Agent', title: 'Title',
		},
		any: 'any',
		star: '* stands for anything',
		sources: { rule: 'rule', agent: 'agent' },
		duration: 'For',
		durations: {
			'30m': '30 minutes', '1h': '1 hour', '2h': '2 hours', '4h': '4 hours', '8h': '8 hours', '1d': '1 day',
			'3d': '3 days', '7d': '7 days', '30d': '30 days',
		},
		untilResolved: 'End it sooner, as soon as nothing that it means is wrong',
		reason: 'Reason',
		critical: 'It could mute critical alerts.',
		tooWide: 'Say at least one thing that the alerts must have.',
		action: 'Silence',
		preview: {
			title: 'In the last 24 hours it would have muted',
			none: 'In the last 24 hours it would have muted nothing.',
			count: alerts,
			more: (count: number) => `and ${formatNumber(count)} more`,
		},
	},

	empty: {
		firing: { title: 'Nothing is wrong that anybody would have to look at.', command: 'kruxos alerts --last 24h' },
		acknowledged: {
			title: 'No alert is acknowledged. To say that somebody has seen one:',
			command: "kruxos alerts ack ID --note 'I am on it'",
		},
		silenced: {
			title: 'No alert is muted. To mute what is known and being worked on:',
			command: "kruxos silence add rule=high-cpu --for 2h -r 'the nightly build'",
		},
		history: {
			title: (last: string) => `No alert was resolved in the last ${last}. All that is known:`,
			command: 'kruxos alerts --all',
		},
	},
};
