// The words of what surrounds every page. `www/words` is the catalogue: all that
// is read in the dashboard stands there, a file a page, so that it can be
// translated without reading code.

import { formatNumber } from '../format';

/** Where the page puts a value of its own into a sentence (`Sentence`). */
export const GAP = '\0';

export const shell = {
	product: 'kruxos-monitor',
	skip: 'Skip to the content',
	navigation: 'Pages',
	pages: {
		health: 'Health', activity: 'Activity', audit: 'Audit', alerts: 'Alerts', approvals: 'Approvals',
		proxy: 'Service Proxy',
	},
	badges: {
		alerts: (count: number) => `${formatNumber(count)} not acknowledged`,
		approvals: (count: number) => `${formatNumber(count)} to decide`,
	},
	menu: 'Menu',
	loading: 'Loading…',
	ago: `${GAP} ago`,
	retry: 'Retry',
	cancel: 'Cancel',
	close: 'Close',
	copy: 'Copy',
	copied: 'Copied',
	notCopied: 'The browser did not copy it',
	notFound: {
		title: 'There is no such page',
		text: 'Nothing stands at this address.',
		back: 'Go to Health',
	},
	broken: {
		title: 'This page cannot be shown',
		text: 'A part of the dashboard could not be loaded, or failed.',
		reload: 'Load it again',
	},
	failed: (sentence: string) => `That did not work: ${sentence}`,
	unreachable: (sentence: string, seconds: number) =>
		`Can't reach the server: ${sentence}. Retrying in ${seconds} s …`,

	banners: {
		label: 'Alerts',
		acknowledge: 'Acknowledge',
		more: (count: number) => `and ${formatNumber(count)} more`,
		count: (count: number) => `${formatNumber(count)} ×`,
	},
	acknowledge: {
		title: 'Acknowledge the alert',
		note: 'Note (optional)',
		hint: 'It says that somebody has seen it, in your name, in the audit log. The alert stays until it clears.',
		done: 'Acknowledge',
	},
	silencesLabel: 'Silences',
	silences: (count: number) =>
		count === 1 ? `1 silence mutes alerts, set ${GAP} ago`
			: `${formatNumber(count)} silences mute alerts, the oldest set ${GAP} ago`,

	theme: { label: 'Theme', system: 'System', light: 'Light', dark: 'Dark' },
	zone: { label: 'Times', utc: 'UTC', local: 'Local', said: (name: string) => `Times are in ${name}` },
	account: {
		label: 'Account',
		roles: { viewer: 'viewer', operator: 'operator', auditor: 'auditor' },
		sessions: 'Open sign-ins',
		current: 'this one',
		nowhere: 'unknown address',
		end: 'End',
		signOut: 'Sign out',
	},
	help: {
		open: 'Keyboard',
		title: 'Keyboard',
		keys: [
			['g h', 'Health'], ['g a', 'Activity'], ['g u', 'Audit'], ['g l', 'Alerts'],
			['g r', 'Approvals'], ['g p', 'Service Proxy'],
			['/', 'To the filter'], ['j', 'Next in the list'], ['k', 'The one before'],
			['Enter', 'Open or close it'], ['?', 'This help'], ['Esc', 'Close'],
		] as const,
	},
	statuses: {
		success: 'Success', error: 'Error', denied: 'Denied', pending: 'Pending',
		healthy: 'Healthy', degraded: 'Degraded', unhealthy: 'Unhealthy', unknown: 'Unknown',
	},
	severities: { critical: 'Critical', warning: 'Warning', info: 'Info' },
	tiers: { autonomous: 'autonomous', notify: 'notify', approval_required: 'approval required', blocked: 'blocked' },
	actors: { agent: 'agent', user: 'user', system: 'system' },
	showAll: (characters: string) => `… show all ${characters} characters`,
	control: (code: string) => `invisible character ${code}`,
};
