// A write that waits, or that could not be sent, and what may be decided of it.

import { useState } from 'preact/hooks';

import { decide, type Decision } from '../api/proxy';
import { mayOperate, session } from '../api/session';
import type { ProxyWrite } from '../api/types';
import { formatCountdown } from '../format';
import { useStore } from '../store';
import { visible } from '../visible';
import { proxy as words } from '../words/proxy';
import { Confirm } from './dialog';
import { Since, useNow } from './time';
import { Untrusted } from './untrusted';

const SUMMARY_LENGTH = 300;
/** A name that is read out, of a button. */
const LABEL_LENGTH = 80;

const decisions: Record<ProxyWrite['state'], readonly Decision[]> = {
	buffered: ['cancel'],
	dead: ['retry', 'discard'],
};

function Countdown({ to, clockAhead }: { to: string; clockAhead: number }) {
	const left = new Date(to).getTime() - (useNow() + clockAhead);

	return <time dateTime={to} class="number">
		{left > 0 ? words.writes.sends(formatCountdown(left)) : words.writes.now}
	</time>;
}

function About({ write, clockAhead }: { write: ProxyWrite; clockAhead: number }) {
	return <p class="write-about muted">
		{write.state === 'buffered' && <span class="write-when">
			{write.sends_at === null ? words.writes.unknown : <Countdown to={write.sends_at} clockAhead={clockAhead} />}
		</span>}
		{write.agent_name !== null && <span><Untrusted text={words.writes.by(write.agent_name)} /></span>}
		<span>{words.writes.created}<Since value={write.created_at} everyMs={10_000} /></span>
		{write.attempts > 0 && <span>{words.writes.attempts(write.attempts)}</span>}
	</p>;
}

function DecisionDialog({ write, decision, onDecided, onClose }:
	{ write: ProxyWrite; decision: Decision; onDecided: () => void; onClose: () => void }) {
	const { title, action, dismiss, text } = words.ask[decision];

	async function confirm() {
		await decide(write, decision);
		onDecided();
	}
	return <Confirm title={title} action={action} dismiss={dismiss} isDangerous={decision !== 'retry'}
		onConfirm={confirm} onClose={onClose}>
		<p><Untrusted text={write.summary} limit={SUMMARY_LENGTH} /></p>
		<p class="muted">{text}</p>
	</Confirm>;
}

interface Properties {
	write: ProxyWrite;
	/** By how much the server's clock is ahead of this one. */
	clockAhead: number;
	onDecided: () => void;
}

export function ProxyWriteRow({ write, clockAhead, onDecided }: Properties) {
	const isOperator = mayOperate(useStore(session));
	const [asking, setAsking] = useState<Decision>();
	const summary = visible(write.summary.slice(0, LABEL_LENGTH));

	return <li class="write">
		<div class="write-text">
			<p><Untrusted text={write.summary} limit={SUMMARY_LENGTH} /></p>
			<About write={write} clockAhead={clockAhead} />
			{write.last_error !== null && <p class="write-error"><code><Untrusted text={write.last_error} limit={SUMMARY_LENGTH} /></code></p>}
		</div>
		<p class="write-actions">
			{write.pending_action !== null
				? <span role="status" title={write.decided_by === null ? undefined : words.decidedBy(write.decided_by)}>
					{words.pending[write.pending_action]}
				</span>
				: isOperator && decisions[write.state].map(decision => <button key={decision} type="button" class="small"
					aria-label={words.label(words.actions[decision], summary)} onClick={() => setAsking(decision)}>
					{words.actions[decision]}
				</button>)}
		</p>
		{asking !== undefined && <DecisionDialog write={write} decision={asking} onDecided={onDecided}
			onClose={() => setAsking(undefined)} />}
	</li>;
}
