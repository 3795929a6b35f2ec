// A new silence: which alerts it means, for how long and why; and, while that is
// being said, what it would have muted.

import { useEffect, useState } from 'preact/hooks';

import { usePolled } from '../api/polled';
import { addSilence, previewPath, type SilencePreview } from '../api/silences';
import { MATCHERS, matcherTexts, mayMeanCritical, type Matcher, type Matchers } from '../silence';
import { alertsWords } from '../words/alerts';
import { shell } from '../words/shell';
import { SeverityChip } from './chip';
import { Confirm } from './dialog';
import { Since } from './time';
import { Untrusted } from './untrusted';

const words = alertsWords.silence;

/** What the daemon takes. */
const VALUE_LENGTH = 256;
const REASON_LENGTH = 1024;

/** Typing is not asking. */
const TYPING_MS = 250;
const PREVIEW_EVERY_MS = 60_000;
const SHOWN = 5;

function useSettled<T>(value: T, ms: number): T {
	const [settled, setSettled] = useState(value);

	useEffect(() => {
		const timer = setTimeout(() => setSettled(value), ms);
		return () => clearTimeout(timer);
	}, [value, ms]);
	return settled;
}

const choices: Partial<Record<Matcher, Record<string, string>>> = {
	severity: shell.severities,
	source: words.sources,
};

function Field({ name, value, onValue }: { name: Matcher; value: string; onValue: (value: string) => void }) {
	const fixed = choices[name];

	return <label class="field">{words.fields[name]}
		{fixed === undefined
			? <input value={value} maxLength={VALUE_LENGTH} placeholder={words.any} spellcheck={false} autocomplete="off"
				onInput={event => onValue(event.currentTarget.value)} />
			: <select value={value} onChange={event => onValue(event.currentTarget.value)}>
				<option value="">{words.any}</option>
				{Object.entries(fixed).map(([key, label]) => <option key={key} value={key}>{label}</option>)}
			</select>}
	</label>;
}

function Preview({ matchers }: { matchers: Matchers }) {
	const path = useSettled(previewPath(matcherTexts(matchers)), TYPING_MS);
	const { value, error } = usePolled<SilencePreview>(path, PREVIEW_EVERY_MS);

	if (path === null)
		return <p class="form-error">{words.tooWide}</p>;
	if (error !== undefined)
		return <p class="form-error">{shell.failed(error.message)}</p>;
	if (value === undefined)
		return <p class="muted" aria-busy="true">{shell.loading}</p>;
	if (value.alerts.length === 0)
		return <p>{words.preview.none}</p>;
	return <>
		<p>{words.preview.title} <strong>{words.preview.count(value.alerts.length)}</strong>:</p>
		<ul>
			{value.alerts.slice(0, SHOWN).map(alert => <li key={alert.id}>
				<SeverityChip severity={alert.severity} />
				<span class="preview-title"><Untrusted text={alert.title} /></span>
				<span class="muted number"><Since value={alert.last_seen} everyMs={60_000} /></span>
			</li>)}
		</ul>
		{value.alerts.length > SHOWN && <p class="muted">{words.preview.more(value.alerts.length - SHOWN)}</p>}
	</>;
}

export function SilenceDialog({ matchers: first, onClose }: { matchers: Matchers; onClose: () => void }) {
	const [matchers, setMatchers] = useState(first);

	async function add(form: FormData) {
		if (matcherTexts(matchers).length === 0)
			throw new Error(words.tooWide);
		await addSilence({
			matchers: matcherTexts(matchers), reason: String(form.get('reason')), duration: String(form.get('duration')),
			...(form.has('until') ? { until: 'resolved' } : {}),
		});
	}
	return <Confirm title={words.title} action={words.action} onConfirm={add} onClose={onClose}>
		<p class="muted">{words.lead}</p>
		<div class="matchers">
			{MATCHERS.map(name => <Field key={name} name={name} value={matchers[name]}
				onValue={value => setMatchers(before => ({ ...before, [name]: value }))} />)}
		</div>
		<p class="muted silence-hint">{words.star}{mayMeanCritical(matchers) && <> · <strong>{words.critical}</strong></>}</p>
		<div class="silence-preview" aria-live="polite"><Preview matchers={matchers} /></div>
		<label>{words.reason}<input name="reason" required maxLength={REASON_LENGTH} autocomplete="off" /></label>
		<label>{words.duration}
			<select name="duration">
				{Object.entries(words.durations).map(([key, label]) => <option key={key} value={key} selected={key === '1h'}>{label}</option>)}
			</select>
		</label>
		<label class="check"><input type="checkbox" name="until" /> {words.untilResolved}</label>
	</Confirm>;
}
