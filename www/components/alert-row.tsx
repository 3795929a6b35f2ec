// An alert as a row: its head is a button that opens all that is known of it.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { placeOf, sourcesOf } from '../alert';
import type { Alert } from '../api/types';
import type { Keys } from '../keys';
import { moveFocus } from '../keys';
import { alertsWords as words } from '../words/alerts';
import { AlertDetails } from './alert-details';
import { SeverityChip } from './chip';
import { Since } from './time';
import { Untrusted } from './untrusted';

const TITLE_LENGTH = 300;
const MESSAGE_LENGTH = 160;
/** A row is no clock. */
const EVERY_MS = 10_000;

interface Properties {
	alert: Alert;
	isOpen: boolean;
	onToggle: (id: number) => void;
}

/** `j` and `k` in a list of rows; Enter is the button's own. */
export const alertKeys: Keys = {
	j: () => moveFocus('.alert-head', 1),
	k: () => moveFocus('.alert-head', -1),
};

function previewOf(message: string): string {
	return message.slice(0, MESSAGE_LENGTH).replaceAll(/[\t\n\r ]+/g, ' ');
}

/** What has become of it, in a few words; while it fires, what it says. */
function Fate({ alert }: { alert: Alert }): ComponentChildren {
	switch (placeOf(alert)) {
	case 'history':
		return <>{words.by.resolved}{alert.resolved_at !== null && <Since value={alert.resolved_at} everyMs={EVERY_MS} />}</>;
	case 'silenced':
		return words.by.silence(alert.silenced_by ?? 0);
	case 'acknowledged':
		return <>
			{words.by.acknowledged(alert.acknowledged_by ?? '')}
			{alert.note !== null && alert.note !== '' && <>: <Untrusted text={alert.note} /></>}
		</>;
	case 'pending':
	case 'firing':
		return alert.message !== null && <Untrusted text={previewOf(alert.message)} />;
	}
}

function Sources({ alert }: { alert: Alert }) {
	const shown = sourcesOf(alert).at(-1);

	return <span class="alert-source">
		{shown !== undefined && <><span class="muted">{words.kinds[shown.kind]}</span> <Untrusted text={shown.name} /></>}
	</span>;
}

/** In a list: `<ul class="alerts">`. */
export function AlertRow({ alert, isOpen, onToggle }: Properties) {
	const row = useRef<HTMLLIElement>(null);
	const id = `alert-${alert.id}`;

	useEffect(() => {
		if (isOpen)
			row.current?.scrollIntoView({ block: 'nearest' });
	}, [isOpen]);
	return <li class={`alert alert-${alert.severity}`} ref={row}>
		<button type="button" class="alert-head" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined}
			onClick={() => onToggle(alert.id)}>
			<span class="alert-severity"><SeverityChip severity={alert.severity} /></span>
			<span class="alert-title"><Untrusted text={alert.title.slice(0, TITLE_LENGTH)} /></span>
			<Sources alert={alert} />
			<span class="alert-fate"><Fate alert={alert} /></span>
			<span class="alert-count number">{alert.count > 1 && words.times(alert.count)}</span>
			<span class="alert-seen number"><Since value={alert.last_seen} everyMs={EVERY_MS} /></span>
			<svg class="chevron" viewBox="0 0 12 12" aria-hidden="true"><path d="M3 4.5 6 7.5 9 4.5" /></svg>
		</button>
		{isOpen && <div class="alert-more" id={id}><AlertDetails alert={alert} /></div>}
	</li>;
}
