// Which alerts a silence shall mean: pure functions.

import type { Alert } from './api/types';

export const MATCHERS = ['severity', 'source', 'rule', 'service', 'agent_name', 'title'] as const;

export type Matcher = typeof MATCHERS[number];

/** A value for those that count; "" is any. */
export type Matchers = Record<Matcher, string>;

export const ANY: Matchers = { severity: '', source: '', rule: '', service: '', agent_name: '', title: '' };

/** A matcher is one line: what is none becomes a run of anything. */
function oneLine(text: string): string {
	return text.replaceAll(/[\0-\x1f\x7f\u2028\u2029]+/g, '*');
}

/** Those that mean this alert, and of its like as few others as possible: a rule
 * and the thing that it looks at, an agent and its title. */
export function matchersOf(alert: Alert): Matchers {
	const named = {
		...ANY, rule: alert.rule ?? '', service: alert.service ?? '', agent_name: alert.agent_name ?? '',
	};
	return alert.source === 'agent' ? { ...named, source: 'agent', title: oneLine(alert.title) } : named;
}

/** As the API takes them: "rule=high-cpu". */
export function matcherTexts(matchers: Matchers): string[] {
	return MATCHERS.filter(name => matchers[name] !== '').map(name => `${name}=${matchers[name]}`);
}

/** Could it mean one that is critical? The daemon decides; this is a warning. */
export function mayMeanCritical({ severity }: Matchers): boolean {
	return severity === '' || severity === 'critical';
}
