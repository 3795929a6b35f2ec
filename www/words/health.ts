import { formatNumber } from '../format';

/** Where the page puts a value of its own into a sentence (`Sentence`). */
const GAP = '\0';

export const health = {
	title: 'Health',
	refresh: `Refreshes every 15 s while it is looked at · last ${GAP} ago`,
	notYet: 'Refreshes every 15 s while it is looked at',
	unreachable: `Can't reach gateway: ${GAP}. Retrying …`,
	retryNow: 'Retry now',
	noDetails: 'its check fails',
	retryIn: (seconds: number) => `Next attempt in ${formatNumber(seconds)} s.`,
	asking: 'Asking now …',
	stale: `Below stands what was known ${GAP} ago.`,
	neverKnown: 'Nothing is known yet.',
	notKnown: 'Not known',

	banner: {
		label: 'Status',
		statuses: { healthy: 'Healthy', degraded: 'Degraded', unhealthy: 'Critical', unknown: 'Unknown' },
		issues: (count: number) =>
			count === 0 ? 'No issues' : count === 1 ? '1 issue' : `${formatNumber(count)} issues`,
		before: (status: string, issues: string) => `${status} when it was last heard of. ${issues}.`,
		unobserved: 'kruxos-observer does not report: what it measures and checks is not known.',
		generated: 'Generated',
		latency: 'Total latency',
		noLatency: 'Not known: no check has been timed',
	},

	services: {
		title: 'Services',
		none: 'No service is configured.',
		columns: {
			service: 'Service', status: 'Status', latency: 'Latency', details: 'Details',
			checked: 'Last checked', history: '90 days',
		},
		kinds: {
			http: 'http', tcp: 'tcp', unix: 'unix socket', systemd: 'systemd unit', heartbeat: 'heartbeat',
			daemon: 'told by kruxosd',
		},
		unchecked: 'nobody checks it',
		critical: 'critical',
		criticalHint: 'When it fails, the whole is Critical',
		since: `for ${GAP}`,
		ago: `${GAP} ago`,
		latency: { ok: '', warn: 'slow', bad: 'very slow', unknown: '' },
		latencyHint: { ok: 'Under 100 ms', warn: '100 ms or more', bad: '1 s or more', unknown: '' },
		noLatency: 'Not known: it is not timed',
		noDetails: 'Not known: nothing was said',
		neverChecked: 'Not known: it was never checked',
	},

	history: {
		whole: (percent: string) => `${percent} % healthy in 90 days`,
		part: (percent: string, known: string) => `${percent} % healthy in the known ${known}`,
		none: 'Nothing known in 90 days',
		unreadable: 'The history cannot be read now',
		day: (date: string, text: string) => `${date}: ${text}`,
		dayNone: 'not known',
		dayPercent: (percent: string) => `${percent} % healthy`,
		dayTrouble: (status: 'degraded' | 'unhealthy', span: string) => `${status} for ${span}`,
		dayPart: (span: string) => `known for ${span}`,
		from: '90 days ago',
		to: 'today',
	},

	resources: {
		title: 'Resources',
		range: 'Charts reach back',
		ranges: { '1h': '1 h', '24h': '24 h', '7d': '7 d', '30d': '30 d' },
		rangeWords: { '1h': 'the last hour', '24h': 'the last 24 hours', '7d': 'the last 7 days', '30d': 'the last 30 days' },
		memory: 'Memory', cpu: 'CPU', disk: 'Disk',
		used: (name: string) => `${name} used`,
		tones: { ok: 'ok', warn: 'elevated', bad: 'high', unknown: 'unknown' },
		toneHint: { ok: 'Under 60 %', warn: '60 % or more', bad: '80 % or more', unknown: 'Not measured' },
		percent: (percent: number) => `${percent.toFixed(1)} %`,
		memoryOf: (used: string, total: string) => `${used} of ${total}`,
		diskOf: (free: string, total: string) => `${free} free of ${total}`,
		load: (one: number, five: number, fifteen: number) =>
			`load ${one.toFixed(2)} · ${five.toFixed(2)} · ${fifteen.toFixed(2)}`,
		loadHint: 'Processes that run or wait, on average of 1, 5 and 15 minutes',
		notMeasured: 'Not measured',
	},

	trend: {
		label: (name: string, range: string, text: string) => `${name} over ${range}: ${text}`,
		summary: (average: number, maximum: number) =>
			`average ${average.toFixed(1)} % · highest ${maximum.toFixed(1)} %`,
		whole: (average: number, minimum: number, maximum: number, known: number) =>
			`average ${average.toFixed(1)} %, lowest ${minimum.toFixed(1)} %, highest ${maximum.toFixed(1)} %` +
			(known < 0.995 ? `, measured for ${Math.max(1, Math.round(known * 100))} % of the time` : ''),
		none: 'nothing was measured',
		point: (time: string, average: number, minimum: number, maximum: number) =>
			`${time}: ${average.toFixed(1)} % (${minimum.toFixed(1)} to ${maximum.toFixed(1)})`,
		pointNone: (time: string) => `${time}: not measured`,
	},

	agents: {
		title: 'Agents',
		active: 'Active agents',
		activeHint: 'Agents with an entry within the last 5 minutes',
		total: 'Total sessions',
		totalHint: 'Lifetime cumulative: every session since the beginning, ended ones too. It never falls.',
		invocations: 'Invocations per minute',
		invocationsHint: 'Entries of agents in the last 60 s, pending ones aside',
		errors: 'Error rate',
		errorsHint: 'Errors of all that succeeded or failed, in the last 5 minutes',
		noErrors: 'Not known: nothing succeeded or failed in the last 5 minutes',
		what: (name: string) => `What ${name} means`,
		percent: (share: number) => `${(share * 100).toFixed(1)} %`,
	},

	footprint: {
		title: 'kruxos-monitor itself',
		log: 'Log',
		database: 'Database',
		entries: 'Entries',
		refused: 'Refused',
		lag: 'Index lag',
		lagOf: (entries: number) => entries === 0 ? 'none' : entries === 1 ? '1 entry' : `${formatNumber(entries)} entries`,
		chain: 'Chain',
		chainStates: { verified: 'Verified', checking: 'Checking', damaged: 'Damaged', unknown: 'Unknown' },
		through: (seq: number) => `through entry ${formatNumber(seq)}`,
		ago: `${GAP} ago`,
		version: 'Version',
		uptime: 'Uptime',
		programs: 'Programs',
		columns: { program: 'Program', memory: 'Memory', cpu: 'CPU', cpuTime: 'CPU time' },
		noPrograms: 'Not known: kruxos-observer does not report.',
		percent: (percent: number) => `${percent.toFixed(1)} %`,
		seconds: (seconds: number) => `${seconds.toFixed(2)} s`,
	},

	alerts: {
		title: 'Active alerts',
		none: 'Nothing is wrong: no alert is active.',
		unknown: 'Not known yet.',
		count: 'Count',
		times: (count: number) => count === 0 ? 'not yet raised' : `${formatNumber(count)} ×`,
		range: 'From – to',
		lasted: (span: string) => `${span} in all`,
		source: 'Source',
		sources: { rule: 'rule', service: 'service', agent: 'agent' },
		pending: 'pending',
		acknowledged: `acknowledged by ${GAP}`,
		silenced: 'silenced',
		note: 'Note',
		context: 'Context',
		acknowledge: 'Acknowledge',
		acknowledgeOf: (title: string) => `Acknowledge: ${title}`,
		open: 'Open in Alerts',
		openOf: (title: string) => `Open in Alerts: ${title}`,
		entry: (seq: number) => `entry ${seq}`,
		more: (count: number) => `and ${formatNumber(count)} more`,
	},
};
