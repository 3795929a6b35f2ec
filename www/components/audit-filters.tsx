// The controls of the audit log's filters: each shows what the address says, and
// changes it. A value that the API refused is named at its control.

import type { ComponentChildren, TargetedEvent, TargetedInputEvent, TargetedKeyboardEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Agents } from '../api/audit';
import { actorOfFilter, CHOICES, listText, readList, withActor, type Filter } from '../filter';
import { fromInput, toInput, writeMoment } from '../moment';
import { zone, zoneName, type Zone } from '../preferences';
import { useStore } from '../store';
import { visible } from '../visible';
import { audit } from '../words/audit';
import { shell } from '../words/shell';
import { Untrusted } from './untrusted';

const words = audit.filters;

/** What the API says of a parameter. */
export interface Wrong {
	parameter: string;
	sentence: string;
}

/** The parameters that have a control here. */
export const CONTROLLED: readonly string[] =
	['actor_type', 'agent_name', 'user_name', 'capability', 'status', 'q', 'from', 'to'];

interface Properties {
	filter: Filter;
	agents: Agents | undefined;
	wrong: Wrong | undefined;
	onFilter: (filter: Filter) => void;
	onClear: () => void;
}

type Part = Pick<Properties, 'filter' | 'wrong' | 'onFilter'>;

function isWrong(wrong: Wrong | undefined, names: readonly string[]): wrong is Wrong {
	return wrong !== undefined && names.includes(wrong.parameter);
}

/** What a control says of itself when its parameter is wrong. */
function marks(wrong: Wrong | undefined, ...names: string[]) {
	return isWrong(wrong, names) ? { 'aria-invalid': true, 'aria-describedby': `wrong-${wrong.parameter}` } : {};
}

function Field({ label, names, filter, wrong, children }:
	{ label: string; names: readonly (keyof Filter)[]; filter: Filter; wrong: Wrong | undefined; children: ComponentChildren }) {
	return <div class="audit-field">
		<label class="field">{label}{children}</label>
		{isWrong(wrong, names) && <p class="form-error" id={`wrong-${wrong.parameter}`} role="alert">
			{wrong.sentence}. {words.given}: <Untrusted text={[filter[wrong.parameter as keyof Filter]].flat().join(', ')} limit={60} />
		</p>}
	</div>;
}

/** Of a field that is read when its user is done: at Enter, or when he leaves. */
function useDraft(value: string, onDone: (value: string) => void) {
	const [draft, setDraft] = useState(value);
	const isTyping = useRef(false);

	useEffect(() => setDraft(value), [value]);
	function done(text: string) {
		isTyping.current = false;
		if (text !== value)
			onDone(text);
	}
	return {
		value: draft,
		onInput: (event: TargetedInputEvent<HTMLInputElement>) => setDraft(event.currentTarget.value),
		onKeyDown(event: TargetedKeyboardEvent<HTMLInputElement>) {
			isTyping.current = true;
			if (event.key === 'Enter')
				done(event.currentTarget.value);
		},
		// A date that is typed changes with every digit; one that was picked is done.
		onChange: (event: TargetedEvent<HTMLInputElement>) => !isTyping.current && done(event.currentTarget.value),
		onBlur: (event: TargetedEvent<HTMLInputElement>) => done(event.currentTarget.value),
	};
}

function choiceName(choice: string): string {
	const name = visible(choice.replace(/^[^:]*:/, ''));
	if (choice.startsWith('agent:'))
		return words.agent(name);
	return choice.startsWith('user:') ? words.oneUser(name) : words.asInQuery;
}

const OTHER = 'other';

function Actor({ filter, wrong, onFilter, agents }: Part & Pick<Properties, 'agents'>) {
	const chosen = actorOfFilter(filter);
	const names = agents?.agents.map(agent => agent.agent_name).sort() ?? [];
	const isListed = chosen !== undefined &&
		(['', ...CHOICES.actor_type].includes(chosen) || names.some(name => chosen === `agent:${name}`));
	const rest = (agents?.total ?? 0) - names.length;

	return <Field label={words.actor} names={['actor_type', 'agent_name', 'user_name']} filter={filter} wrong={wrong}>
		<select {...marks(wrong, 'actor_type', 'agent_name', 'user_name')} value={chosen ?? OTHER}
			onChange={event => event.currentTarget.value !== OTHER && onFilter(withActor(filter, event.currentTarget.value))}>
			<option value="">{words.everyone}</option>
			<option value="user">{words.user}</option>
			<option value="system">{words.system}</option>
			<option value="agent">{words.allAgents}</option>
			{!isListed && <option value={chosen ?? OTHER}>{choiceName(chosen ?? OTHER)}</option>}
			{names.length > 0 && <optgroup label={words.agents}>
				{names.map(name => <option key={name} value={`agent:${name}`}>{visible(name)}</option>)}
				{rest > 0 && <option disabled>{words.moreAgents(rest)}</option>}
			</optgroup>}
		</select>
	</Field>;
}

function statusName(value: string): string {
	const name = (word: string) => word in shell.statuses ? shell.statuses[word as keyof typeof shell.statuses] : visible(word);
	return value.startsWith('-') ? words.not(name(value.slice(1))) : name(value);
}

function Status({ filter, wrong, onFilter }: Part) {
	const [first = '', second] = filter.status;
	const chosen = second === undefined ? first : OTHER;
	const isListed = ['', ...CHOICES.status].includes(chosen);

	return <Field label={audit.filters.status} names={['status']} filter={filter} wrong={wrong}>
		<select {...marks(wrong, 'status')} value={chosen} onChange={event => {
			const value = event.currentTarget.value;
			if (value !== OTHER)
				onFilter({ ...filter, status: value === '' ? [] : [value] });
		}}>
			<option value="">{words.anyStatus}</option>
			{CHOICES.status.map(status => <option key={status} value={status}>{shell.statuses[status]}</option>)}
			{!isListed && <option value={chosen}>{filter.status.map(statusName).join(', ')}</option>}
		</select>
	</Field>;
}

function Capability({ filter, wrong, onFilter }: Part) {
	const draft = useDraft(listText(filter.capability), text => onFilter({ ...filter, capability: readList(text) }));

	return <Field label={words.capability} names={['capability']} filter={filter} wrong={wrong}>
		<input {...marks(wrong, 'capability')} {...draft} type="text" class="mono" placeholder={words.capabilityHint}
			autocapitalize="none" spellcheck={false} />
	</Field>;
}

function Moment({ name, filter, wrong, onFilter, chosen }: Part & { name: 'from' | 'to'; chosen: Zone }) {
	const draft = useDraft(toInput(filter[name], chosen, name === 'to'),
		text => onFilter({ ...filter, [name]: fromInput(text, chosen) }));

	return <Field label={words[name](zoneName(chosen))} names={[name]} filter={filter} wrong={wrong}>
		<input {...marks(wrong, name)} {...draft} type="datetime-local" step="1" class="number" />
	</Field>;
}

function Text({ filter, wrong, onFilter }: Part) {
	const draft = useDraft(filter.q, q => onFilter({ ...filter, q }));

	return <Field label={words.text} names={['q']} filter={filter} wrong={wrong}>
		<input {...marks(wrong, 'q')} {...draft} type="search" placeholder={words.textHint} spellcheck={false} />
	</Field>;
}

const DAY_MS = 86_400_000;
const RANGES = {
	day: () => writeMoment(new Date(Date.now() - DAY_MS)),
	week: () => '',
	month: () => writeMoment(new Date(Date.now() - 30 * DAY_MS)),
	all: () => '1970-01-01',
};

/** What is asked for most: a click each. */
function Ranges({ filter, onFilter }: Pick<Properties, 'filter' | 'onFilter'>) {
	const isChosen = { week: filter.from === '', all: filter.from === '1970-01-01', day: false, month: false };

	return <div class="segments" role="group" aria-label={words.range}>
		{(Object.keys(RANGES) as (keyof typeof RANGES)[]).map(range => <button type="button" key={range}
			aria-pressed={isChosen[range] && filter.to === ''}
			onClick={() => onFilter({ ...filter, from: RANGES[range](), to: '' })}>{words.ranges[range]}</button>)}
	</div>;
}

export function AuditFilters({ agents, onClear, ...part }: Properties) {
	const { filter, onFilter } = part;
	const chosen = useStore(zone);

	return <div class="audit-filters">
		<Actor {...part} agents={agents} />
		<Capability {...part} />
		<Status {...part} />
		<Text {...part} />
		<Moment {...part} name="from" chosen={chosen} />
		<Moment {...part} name="to" chosen={chosen} />
		<div class="audit-filters-end">
			<Ranges filter={filter} onFilter={onFilter} />
			<button type="button" onClick={onClear}>{words.clear}</button>
		</div>
	</div>;
}
