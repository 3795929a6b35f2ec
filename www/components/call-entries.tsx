// What the log has of a call: its entries, the last of them open.

import { useState } from 'preact/hooks';

import type { Entry } from '../api/types';
import { EntryRow } from './entry-row';

export function CallEntries({ entries }: { entries: readonly Entry[] }) {
	const [open, setOpen] = useState(entries.at(-1)?.seq);

	return <ol class="entries call-entries">
		{entries.map(entry => <EntryRow key={entry.seq} entry={entry} isOpen={open === entry.seq}
			onToggle={seq => setOpen(known => known === seq ? undefined : seq)} />)}
	</ol>;
}
