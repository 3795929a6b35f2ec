// How to check an entry with a shell alone, and what has to come out.

import type { Entry } from '../api/types';
import { handChecks } from '../line';
import { entryPage } from '../words/entry-page';
import { CopyButton } from './copy-button';

const words = entryPage.byHand;

function Step({ title, command, expected, note }: { title: string; command: string; expected?: string; note?: string | undefined }) {
	return <li>
		<h3>{title}</h3>
		<div class="hand-command"><code>{command}</code> <CopyButton text={command} label={title} /></div>
		{expected !== undefined && <p class="hand-expected"><code>{expected}</code></p>}
		{note !== undefined && <p class="muted">{note}</p>}
	</li>;
}

export function HandChecks({ entry, fileBefore }: { entry: Entry; fileBefore: string | undefined }) {
	const checks = handChecks(String(entry.seq), entry.log_file, fileBefore);

	return <section class="card">
		<h2>{words.title}</h2>
		<p class="muted">{words.where(entry.log_file)}</p>
		<ol class="hand-checks">
			<Step title={words.line} command={checks.line} />
			<Step title={words.head} command={checks.head} expected={entry.entry_hash} />
			<Step title={words.payload} command={checks.payload} expected={entry.payload_hash}
				note={entry.erased_by === undefined ? undefined : words.erased} />
			{checks.chain !== undefined && <Step title={words.chain} command={checks.chain} expected={entry.prev_hash} />}
			<Step title={words.whole} command={words.wholeCommand} />
		</ol>
	</section>;
}
