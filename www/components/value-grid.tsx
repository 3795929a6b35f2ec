// A JSON object as keys and values, and what is in them as far down as it goes;
// what is long is cut until the rest is asked for.

import { useState } from 'preact/hooks';

import type { Value } from '../api/types';
import { isInexact } from '../entry';
import { entry as words } from '../words/entry';
import { Untrusted } from './untrusted';

const TEXT_LENGTH = 600;
const SHOWN = 50;

function Scalar({ value }: { value: string | number | boolean | null }) {
	if (value === '')
		return <span class="muted">{words.emptyText}</span>;
	if (typeof value === 'string')
		return <span class="value-text"><Untrusted text={value} limit={TEXT_LENGTH} /></span>;
	return <code title={typeof value === 'number' && isInexact(value) ? words.inexact : undefined}>
		{typeof value === 'number' && isInexact(value) ? `≈ ${value}` : String(value)}
	</code>;
}

function Shown({ value }: { value: Value }) {
	if (typeof value !== 'object' || value === null)
		return <Scalar value={value} />;
	if (Object.keys(value).length === 0)
		return <span class="muted">{words.emptyList}</span>;
	return <ValueGrid of={value} />;
}

export function ValueGrid({ of }: { of: { [key: string]: Value } | Value[] }) {
	const [isWhole, setWhole] = useState(false);
	const members = Object.entries(of);
	const rest = isWhole ? 0 : Math.max(0, members.length - SHOWN);

	return <dl class="values">
		{members.slice(0, members.length - rest).map(([key, value]) => <div key={key}>
			<dt><Untrusted text={key} /></dt>
			<dd><Shown value={value} /></dd>
		</div>)}
		{rest > 0 && <div><dt /><dd>
			<button type="button" class="link" onClick={() => setWhole(true)}>{words.more(rest)}</button>
		</dd></div>}
	</dl>;
}
