// What of the feed is wanted. It all stands in the address.

import { useRef } from 'preact/hooks';

import { usePolled } from '../api/polled';
import type { Agent } from '../api/types';
import type { Place } from '../url';
import { address, go } from '../url';
import { visible } from '../visible';
import { activity as words } from '../words/activity';
import { shell } from '../words/shell';

const AGENTS_EVERY_MS = 60_000;
/** Typing ends before the server is asked. */
const TYPING_MS = 400;

const statuses = ['success', 'error', 'denied', 'pending'] as const;

/** What the server filters by, as it is asked. */
const SERVER_FILTERS = ['agent_name', 'status', 'capability'] as const;
type Filter = typeof SERVER_FILTERS[number] | 'q';

export function serverFilters(query: URLSearchParams): string {
	return new URLSearchParams([...query].filter(([name, value]) =>
		value !== '' && (SERVER_FILTERS as readonly string[]).includes(name))).toString();
}

export function hasFilters(query: URLSearchParams): boolean {
	return serverFilters(query) !== '' || query.has('q');
}

export function clearFilters(): void {
	go('/activity');
}

/** A value that is not among the choices is one that somebody wrote into the
 * address: it is shown for what it is. */
function Choice({ label, all, choices, value, isWrong, onChoose }: {
	label: string; all: string; choices: readonly (readonly [string, string])[]; value: string;
	isWrong: boolean; onChoose: (value: string) => void;
}) {
	const isKnown = value === '' || choices.some(([choice]) => choice === value);

	return <label class="field">{label}
		<select value={value} aria-invalid={isWrong || undefined} onChange={event => onChoose(event.currentTarget.value)}>
			<option value="">{all}</option>
			{!isKnown && <option value={value}>{visible(value)}</option>}
			{choices.map(([choice, name]) => <option key={choice} value={choice}>{name}</option>)}
		</select>
	</label>;
}

export function ActivityFilters({ place, wrong }: { place: Place; wrong: string | undefined }) {
	const { value: known } = usePolled<{ agents: Agent[] }>('/api/agents', AGENTS_EVERY_MS);
	const timer = useRef<number | undefined>(undefined);
	const of = (name: Filter) => place.query.get(name) ?? '';

	function set(name: Filter, value: string, replace = false) {
		const query = new URLSearchParams(location.search);
		clearTimeout(timer.current);
		if (value === '')
			query.delete(name);
		else
			query.set(name, value);
		go(address('/activity', query), { replace });
	}
	return <form class="feed-filters" role="search" aria-label={words.filters} onSubmit={event => event.preventDefault()}>
		<label class="field filter-text">{words.substring}
			<input type="search" data-filter value={of('q')} placeholder={words.substringHint}
				onInput={event => set('q', event.currentTarget.value, true)} />
		</label>
		<Choice label={words.agent} all={words.allAgents} value={of('agent_name')} isWrong={wrong === 'agent_name'}
			choices={(known?.agents ?? []).map(agent => [agent.agent_name, agent.agent_name] as const)}
			onChoose={value => set('agent_name', value)} />
		<Choice label={words.status} all={words.allStatuses} value={of('status')} isWrong={wrong === 'status'}
			choices={statuses.map(status => [status, shell.statuses[status]] as const)}
			onChoose={value => set('status', value)} />
		<label class="field">{words.capability}
			<input type="text" value={of('capability')} placeholder={words.capabilityExample} spellcheck={false}
				autocapitalize="none" autocomplete="off" aria-invalid={wrong === 'capability' || undefined}
				onInput={event => {
					const { value } = event.currentTarget;
					clearTimeout(timer.current);
					timer.current = setTimeout(() => set('capability', value.trim(), true), TYPING_MS);
				}}
				onChange={event => set('capability', event.currentTarget.value.trim(), true)} />
		</label>
		{hasFilters(place.query) && <button type="button" onClick={clearFilters}>{words.clear}</button>}
	</form>;
}
