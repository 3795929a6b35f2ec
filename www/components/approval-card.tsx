// What an agent asks for and waits for: who, since when, the request itself, and
// what may be decided.

import { useState } from 'preact/hooks';

import { askerOf, isRequestInexact, requestText } from '../approval';
import type { Decision } from '../api/approvals';
import { mayOperate, session } from '../api/session';
import type { Approval } from '../api/types';
import { entryAddress, sessionAddress } from '../entry';
import { useStore } from '../store';
import { visible } from '../visible';
import { approvals as words } from '../words/approvals';
import { ApprovalDialog } from './approval-dialog';
import { Sentence } from './sentence';
import { Ago } from './time';
import { Untrusted } from './untrusted';

const REQUEST_LENGTH = 4000;
const DECISIONS: readonly Decision[] = ['accept', 'reject'];

/** Who asks, in which session, and where it stands in the log. */
export function ApprovalLinks({ approval }: { approval: Approval }) {
	const { name, href } = askerOf(approval);

	return <>
		<span>{words.by[approval.agent_name === null ? 'user' : 'agent']}<a href={href}><Untrusted text={name} /></a></span>
		{approval.session_id !== null && <a href={sessionAddress(approval.session_id, approval.seq ?? undefined)}>{words.session}</a>}
		{approval.seq !== null && <a href={entryAddress(approval.seq)}>{words.entry}</a>}
	</>;
}

export function ApprovalRequest({ approval }: { approval: Approval }) {
	const text = requestText(approval);

	if (text === '')
		return <p class="muted">{words.noRequest}</p>;
	return <>
		<pre class="approval-request" tabIndex={0} aria-label={words.request}><Untrusted text={text} limit={REQUEST_LENGTH} /></pre>
		{isRequestInexact(approval) && <p class="muted">{words.inexact}</p>}
	</>;
}

function Actions({ approval, onDecided }: { approval: Approval; onDecided: () => void }) {
	const [asking, setAsking] = useState<Decision>();
	const name = visible(askerOf(approval).name);

	return <p class="approval-actions">
		{DECISIONS.map(decision => <button key={decision} type="button" class={decision === 'accept' ? 'primary' : undefined}
			aria-label={words.label(words.actions[decision], visible(approval.capability), name)}
			onClick={() => setAsking(decision)}>
			{words.actions[decision]}
		</button>)}
		{asking !== undefined && <ApprovalDialog approval={approval} decision={asking} onDecided={onDecided}
			onClose={() => setAsking(undefined)} />}
	</p>;
}

/** In a list: `<ul class="approvals">`. */
export function ApprovalCard({ approval, onDecided }: { approval: Approval; onDecided: () => void }) {
	const isOperator = mayOperate(useStore(session));

	return <li class="card approval">
		<header>
			<h3 tabIndex={-1}><Untrusted text={approval.capability} /></h3>
			<p class="approval-about muted">
				<span class="number"><Sentence text={words.asked}><Ago value={approval.asked_at} /></Sentence></span>
				<ApprovalLinks approval={approval} />
			</p>
		</header>
		<ApprovalRequest approval={approval} />
		{approval.held === null && <p class="muted">{words.unknown}</p>}
		{approval.held === true && isOperator && <Actions approval={approval} onDecided={onDecided} />}
	</li>;
}
