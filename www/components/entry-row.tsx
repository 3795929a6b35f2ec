// An entry as a row, in Activity, in Audit and in a session: its head is a button
// that opens what is known of it. Rows are drawn again only when they change.

import type { Entry } from '../api/types';
import { actorOf, previewOf } from '../entry';
import { formatDuration } from '../format';
import type { Keys } from '../keys';
import { moveFocus } from '../keys';
import { memo } from '../memo';
import { entry as words } from '../words/entry';
import { TierChip } from './chip';
import { EntryDetails } from './entry-details';
import { StatusDot } from './status';
import { Time } from './time';
import { Untrusted } from './untrusted';

interface Properties {
	entry: Entry;
	isOpen: boolean;
	/** Called with the entry's seq; one function for all rows. */
	onToggle: (seq: number) => void;
	/** The clock with milliseconds alone, where the day goes without saying. */
	clockOnly?: boolean;
}

/** `j` and `k` in a list of rows; Enter is the button's own. */
export const entryKeys: Keys = {
	j: () => moveFocus('.entry-head', 1),
	k: () => moveFocus('.entry-head', -1),
};

export function ActorName({ entry }: { entry: Entry }) {
	const { type, name } = actorOf(entry);

	return <span class={`actor actor-${type}`}>{name === undefined ? words.system : <Untrusted text={name} />}</span>;
}

/** In a list: `<ol class="entries">`. */
export const EntryRow = memo(function EntryRow({ entry, isOpen, onToggle, clockOnly = false }: Properties) {
	const id = `entry-${entry.seq}`;

	return <li class={`entry entry-${entry.status}`}>
		<button type="button" class="entry-head" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined}
			onClick={() => onToggle(entry.seq)}>
			<StatusDot status={entry.status} />
			<span class="entry-time number"><Time value={entry.time} clockOnly={clockOnly} milliseconds={clockOnly} /></span>
			<ActorName entry={entry} />
			<span class="entry-capability"><Untrusted text={entry.capability} /></span>
			<span class="entry-preview"><Untrusted text={previewOf(entry)} /></span>
			<span class="entry-tier">{entry.policy_tier !== undefined && <TierChip tier={entry.policy_tier} />}</span>
			<span class="entry-duration number">
				{entry.duration_ms !== undefined && formatDuration(entry.duration_ms)}
			</span>
			<svg class="chevron" viewBox="0 0 12 12" aria-hidden="true"><path d="M3 4.5 6 7.5 9 4.5" /></svg>
		</button>
		{isOpen && <div class="entry-more" id={id}><EntryDetails entry={entry} /></div>}
	</li>;
});
