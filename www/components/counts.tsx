// Counts of what matches, by one thing: a click asks for that alone, with Alt (or
// by the button beside it) for all but that.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { excludes, includes, toggleExcluded, toggleIncluded, type Filter, type ListName } from '../filter';
import { formatNumber } from '../format';
import { visible } from '../visible';
import { audit } from '../words/audit';
import { Untrusted } from './untrusted';

const words = audit.overview;

export interface Count {
	name: ListName;
	value: string;
	total: number;
	/** As a word of ours; an agent's own name otherwise. */
	label?: string;
	mark?: ComponentChildren;
}

interface Properties {
	title: string;
	/** The filters that are meant by it. */
	names: readonly ListName[];
	counts: readonly Count[];
	filter: Filter;
	onFilter: (filter: Filter) => void;
}

const SHOWN = 6;

function Row({ count, most, filter, onFilter }: { count: Count; most: number } & Pick<Properties, 'filter' | 'onFilter'>) {
	const { name, value, total, label, mark } = count;
	const exclude = () => onFilter(toggleExcluded(filter, name, value));
	const said = label ?? visible(value);

	return <li class={excludes(filter, name, value) ? 'count is-excluded' : 'count'}>
		<button type="button" class="count-include" aria-pressed={includes(filter, name, value)} title={words.include(said)}
			onClick={event => event.altKey ? exclude() : onFilter(toggleIncluded(filter, name, value))}
			style={{ '--share': `${Math.round(total / Math.max(1, most) * 100)}%` }}>
			{mark}
			<span class="count-name">{label ?? <Untrusted text={value} />}</span>
			<span class="number">{formatNumber(total)}</span>
		</button>
		<button type="button" class="count-exclude plain small" aria-pressed={excludes(filter, name, value)}
			aria-label={words.exclude(said)} title={words.exclude(said)} onClick={exclude}>−</button>
	</li>;
}

/** What the filter names, and nothing that matches has: to be taken back. */
function named({ names, counts, filter }: Properties): Count[] {
	const isThere = (name: ListName, value: string) => counts.some(count => count.name === name && count.value === value);

	return names.flatMap(name => [...new Set(filter[name].map(value => value.replace(/^-/, '')))]
		.filter(value => value !== '' && !isThere(name, value))
		.map(value => ({ name, value, total: 0 })));
}

export function Counts(properties: Properties) {
	const { title, counts, filter, onFilter } = properties;
	const [isWhole, setWhole] = useState(false);
	const most = Math.max(...counts.map(count => count.total));
	const rest = counts.length - SHOWN;
	const shown = [...(isWhole ? counts : counts.slice(0, SHOWN)), ...named(properties)];

	return <section class="counts">
		<h3>{title}</h3>
		<ul>
			{shown.map(count => <Row key={`${count.name}:${count.value}`}
				count={count} most={most} filter={filter} onFilter={onFilter} />)}
		</ul>
		{rest > 0 && <button type="button" class="link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
			{isWhole ? words.fewer : words.more(rest)}
		</button>}
		{isWhole && counts.length >= 100 && <p class="muted">{words.most}</p>}
	</section>;
}
