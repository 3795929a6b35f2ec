// What went wrong with a service of the proxy of late, with its syncs and its
// writes.

import type { ProxyError } from '../api/types';
import { formatNumber } from '../format';
import { proxy as words } from '../words/proxy';
import { Since } from './time';
import { Untrusted } from './untrusted';

const ERROR_LENGTH = 300;
const SHOWN = 20;

export function ProxyErrors({ errors }: { errors: ProxyError[] }) {
	if (errors.length === 0)
		return null;
	return <details class="proxy-errors">
		<summary>{words.errors.title} <span class="muted number">{formatNumber(errors.length)}</span></summary>
		<ol>
			{errors.slice(0, SHOWN).map(({ at, write_id, error }, place) => <li key={`${at} ${place}`}>
				<span class="muted"><Since value={at} everyMs={10_000} />
					{write_id !== null && <>, {words.errors.write}<Untrusted text={write_id} /></>}</span>
				<code><Untrusted text={error} limit={ERROR_LENGTH} /></code>
			</li>)}
		</ol>
	</details>;
}
