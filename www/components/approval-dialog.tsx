// The question before a decision about what an agent asks for.

import { askerOf, requestText } from '../approval';
import { decide, type Decision } from '../api/approvals';
import type { Approval } from '../api/types';
import { approvals as words } from '../words/approvals';
import { Confirm } from './dialog';
import { Untrusted } from './untrusted';

/** The daemon keeps no longer one. */
const REASON_LENGTH = 1024;
const REQUEST_LENGTH = 1000;

export function ApprovalDialog({ approval, decision, onDecided, onClose }:
	{ approval: Approval; decision: Decision; onDecided: () => void; onClose: () => void }) {
	const { title, action, dismiss, reason, text } = words.ask[decision];

	async function confirm(form: FormData) {
		await decide(approval, decision, String(form.get('reason')).trim());
		onDecided();
	}
	return <Confirm title={title} action={action} dismiss={dismiss} isDangerous={decision === 'reject'}
		onConfirm={confirm} onClose={onClose}>
		<p><strong><Untrusted text={approval.capability} /></strong> <Untrusted text={askerOf(approval).name} /></p>
		<pre class="approval-request" tabIndex={0} aria-label={words.request}>
			<Untrusted text={requestText(approval)} limit={REQUEST_LENGTH} />
		</pre>
		<label>{reason}<textarea name="reason" rows={2} maxLength={REASON_LENGTH} required={decision === 'reject'} /></label>
		<p class="muted">{text}</p>
	</Confirm>;
}
