// An entry's hashes, and whether its bytes have them: the browser looks itself.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { Entry } from '../api/types';
import { entryAddress } from '../entry';
import { NO_HASH, partsOf, sha256 } from '../line';
import { entryPage } from '../words/entry-page';
import { CopyButton } from './copy-button';
import { StatusText, type Status } from './status';

const words = entryPage.chain;

type Verdict = 'holds' | 'fails' | 'erased' | 'unknown' | 'asking';

interface Properties {
	entry: Entry;
	/** Its bytes, as soon as they are there. */
	line: string | undefined;
	/** The entry before it; null: there is none any more. */
	before: Entry | null | undefined;
}

const dots: Record<Verdict, Status> = {
	holds: 'healthy', fails: 'unhealthy', erased: 'unknown', unknown: 'unknown', asking: 'pending',
};

async function verdictOf(text: string | undefined, hash: string): Promise<Verdict> {
	const found = text === undefined ? '' : await sha256(text);
	return found === undefined ? 'unknown' : found === hash ? 'holds' : 'fails';
}

function useVerdicts(entry: Entry, line: string | undefined): { head: Verdict; payload: Verdict } {
	const [verdicts, setVerdicts] = useState<{ head: Verdict; payload: Verdict }>({ head: 'asking', payload: 'asking' });

	useEffect(() => {
		if (line === undefined)
			return;
		let isWanted = true;
		const parts = partsOf(line);
		Promise.all([verdictOf(parts?.head, entry.entry_hash),
			entry.erased_by !== undefined ? 'erased' as const : verdictOf(parts?.payload, entry.payload_hash)])
			.then(([head, payload]) => isWanted && setVerdicts({ head, payload }), () => {});
		return () => {
			isWanted = false;
		};
	}, [entry, line]);
	return verdicts;
}

function chainVerdict(entry: Entry, before: Entry | null | undefined): Verdict {
	if (entry.seq === 1)
		return entry.prev_hash === NO_HASH ? 'holds' : 'fails';
	if (before === undefined)
		return 'asking';
	return before === null ? 'unknown' : before.entry_hash === entry.prev_hash ? 'holds' : 'fails';
}

function HashRow({ name, hash, verdict, children }: { name: string; hash: string; verdict: Verdict; children: ComponentChildren }) {
	return <div>
		<dt>{name} <span class="muted">{children}</span></dt>
		<dd>
			<code>{hash}</code>{' '}
			<span class="entry-verdict"><StatusText status={dots[verdict]} label={words[verdict]} /> <CopyButton text={hash} label={name} /></span>
		</dd>
	</div>;
}

export function EntryChain({ entry, line, before }: Properties) {
	const { head, payload } = useVerdicts(entry, line);

	return <section class="card">
		<h2>{words.title}</h2>
		<dl class="entry-hashes">
			<HashRow name={words.payload} hash={entry.payload_hash} verdict={payload}>{words.ofPayload}</HashRow>
			<HashRow name={words.previous} hash={entry.prev_hash} verdict={chainVerdict(entry, before)}>
				{entry.seq === 1 ? words.ofNone
					: <>{words.ofPrevious}<a href={entryAddress(entry.seq - 1)}>{entry.seq - 1}</a></>}
			</HashRow>
			<HashRow name={words.entry} hash={entry.entry_hash} verdict={head}>{words.ofEntry}</HashRow>
		</dl>
		<p class="muted">{head === 'unknown' ? words.noWay : words.how} {before === null && words.gone}</p>
	</section>;
}
