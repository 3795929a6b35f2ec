// All that is known of an entry: what came back, what was asked for, why it
// could run, and by what it is found again.

import type { Entry } from '../api/types';
import { entryAddress, sessionAddress } from '../entry';
import { entry as words } from '../words/entry';
import { TierChip } from './chip';
import { CopyButton } from './copy-button';
import { Fact } from './fact';
import { StatusText } from './status';
import { Time } from './time';
import { Untrusted } from './untrusted';
import { ValueGrid } from './value-grid';

const SUMMARY_LENGTH = 2000;

function EntryLink({ seq }: { seq: number }) {
	return <a href={entryAddress(seq)}>{words.seq(seq)}</a>;
}

function Payload({ entry }: { entry: Entry }) {
	const [before, after] = words.erased;

	if (entry.erased_by !== undefined)
		return <p>{before}<EntryLink seq={entry.erased_by} />{after}</p>;
	return <>
		<section>
			<h2>{words.result} <StatusText status={entry.status} /></h2>
			{entry.summary
				? <pre tabIndex={0}><Untrusted text={entry.summary} limit={SUMMARY_LENGTH} /></pre>
				: <p class="muted">{entry.status === 'pending' ? words.pending : words.noResult}</p>}
		</section>
		<section>
			<h2>{words.request}</h2>
			{Object.keys(entry.request ?? {}).length === 0
				? <p class="muted">{words.noRequest}</p> : <ValueGrid of={entry.request ?? {}} />}
		</section>
	</>;
}

function Why({ entry }: { entry: Entry }) {
	return <section>
		<h2>{words.why}</h2>
		<p>
			{entry.decided_by === undefined ? words.undecided : words.decided[entry.decided_by]}{' '}
			{entry.policy_tier === undefined ? words.noTier
				: <><TierChip tier={entry.policy_tier} /> {words.tiers[entry.policy_tier]}</>}
		</p>
	</section>;
}

function Copied({ name, text }: { name: string; text: string }) {
	return <Fact name={name}><code>{text}</code> <CopyButton text={text} label={name} /></Fact>;
}

function About({ entry }: { entry: Entry }) {
	const { facts } = words;
	const ids = [[facts.call, entry.call_id], [facts.parent, entry.parent_call_id], [facts.trace, entry.trace_id]] as const;

	return <section>
		<h2>{words.about}</h2>
		<dl class="values">
			<Fact name={facts.entry}><EntryLink seq={entry.seq} /></Fact>
			{entry.session_id !== undefined && <Fact name={facts.session}>
				<a href={sessionAddress(entry.session_id, entry.seq)}><Untrusted text={entry.session_id} /></a>
			</Fact>}
			{ids.map(([name, id]) => id !== undefined && <Fact key={name} name={name}><code><Untrusted text={id} /></code></Fact>)}
			<Fact name={facts.time}><Time value={entry.time} milliseconds /></Fact>
			{entry.time_clamped !== undefined &&
				<Fact name={facts.claimed}><Time value={entry.time_clamped} milliseconds /></Fact>}
			<Fact name={facts.recorded}><Time value={entry.recorded_at} milliseconds /></Fact>
			<Fact name={facts.source}>{entry.source}</Fact>
			<Fact name={facts.uid}>{entry.uid}</Fact>
			<Copied name={words.hash} text={entry.entry_hash} />
			<Copied name={words.file} text={entry.log_file} />
		</dl>
	</section>;
}

/** `isOwnPage`: it is shown where its link goes. */
export function EntryDetails({ entry, isOwnPage = false }: { entry: Entry; isOwnPage?: boolean }) {
	return <div class="entry-details">
		<div><Payload entry={entry} /></div>
		<div>
			<Why entry={entry} />
			<About entry={entry} />
			<p class="entry-links">
				{!isOwnPage && <a class="button" href={entryAddress(entry.seq)}>{words.open}</a>}
				{entry.session_id !== undefined &&
					<a class="button" href={sessionAddress(entry.session_id, entry.seq)}>{words.session}</a>}
			</p>
		</div>
	</div>;
}
