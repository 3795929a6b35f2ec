// What the query box offers for what stands at its caret.

import { CHOICES } from './filter';
import { queryValue, readTerms, SHORT_NAMES, type ShortName } from './query';

/** What is known of what entries have. */
export interface Known {
	agent_name: readonly string[];
	user_name: readonly string[];
	capability: readonly string[];
	/** "2026-11-28", in UTC as bare dates are. */
	today: string;
}

export interface Completion {
	/** What is replaced: from here, to there. */
	start: number;
	end: number;
	options: readonly string[];
}

const SHOWN = 10;
const DAY_MS = 86_400_000;

/** Families of capabilities, too: "shell.*". */
function capabilities(known: Known): string[] {
	const families = new Set(known.capability.map(name => `${name.replace(/\.[^.]*$/, '')}.*`));
	return [...families, ...known.capability];
}

function days(today: string): string[] {
	return [0, 1, 7, 30].map(ago => new Date(Date.parse(today) - ago * DAY_MS).toISOString().slice(0, 10));
}

function valuesOf(name: ShortName, known: Known): readonly string[] {
	const field = SHORT_NAMES[name];

	switch (field) {
	case 'agent_name': case 'user_name': return known[field];
	case 'capability': return capabilities(known);
	case 'actor_type': case 'status': case 'policy_tier': case 'source': return CHOICES[field];
	case 'from': case 'to': return days(known.today);
	default: return [];
	}
}

/** Those that begin so, then those that hold it. */
function fitting(values: readonly string[], typed: string): string[] {
	const wanted = typed.toLowerCase();
	const rank = (value: string) => {
		const at = value.toLowerCase().indexOf(wanted);
		return at === 0 ? 0 : at > 0 ? 1 : 2;
	};
	return values.filter(value => rank(value) < 2).sort((one, other) => rank(one) - rank(other)).slice(0, SHOWN);
}

export function complete(text: string, caret: number, known: Known): Completion {
	const term = readTerms(text).find(each => each.start <= caret && caret <= each.end);
	const none = { start: caret, end: caret, options: [] };

	if (term === undefined)
		return { ...none, options: Object.keys(SHORT_NAMES).map(name => `${name}:`) };
	if (term.isQuoted)
		return none;
	const typed = text.slice(term.start, caret);
	const sign = typed.startsWith('-') ? '-' : '';
	const colon = typed.indexOf(':');
	const place = { start: term.start, end: term.end };
	if (colon === -1)
		return {
			...place,
			options: Object.keys(SHORT_NAMES)
				.filter(name => name.startsWith(typed.slice(sign.length).toLowerCase()) &&
					!(sign === '-' && (name === 'from' || name === 'to')))
				.map(name => `${sign}${name}:`),
		};
	const name = typed.slice(sign.length, colon).toLowerCase();
	if (!(name in SHORT_NAMES))
		return none;
	return {
		...place,
		options: fitting(valuesOf(name as ShortName, known), typed.slice(colon + 1))
			.map(value => `${sign}${name}:${queryValue(value)} `),
	};
}

/** The text with the option in its place, and where the caret is then. */
export function accept(text: string, { start, end }: Completion, option: string): { text: string; caret: number } {
	const rest = option.endsWith(' ') ? text.slice(end).replace(/^\s+/, '') : text.slice(end);
	return { text: text.slice(0, start) + option + rest, caret: start + option.length };
}
