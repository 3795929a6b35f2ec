// What was decided, as a row that opens to what had been asked for.

import { askerOf, fateOf, fateStatuses } from '../approval';
import type { Approval } from '../api/types';
import { entryAddress } from '../entry';
import { formatSpan } from '../format';
import { approvals as words } from '../words/approvals';
import { ApprovalLinks, ApprovalRequest } from './approval-card';
import { StatusText } from './status';
import { Since } from './time';
import { Untrusted } from './untrusted';

const REASON_LENGTH = 2000;
/** A row is no clock. */
const EVERY_MS = 10_000;

function By({ approval }: { approval: Approval }) {
	if (approval.decided_by !== null)
		return <Untrusted text={words.decidedBy(approval.decided_by)} />;
	return <>{approval.state === 'expired' && words.nobody}</>;
}

/** In a list: `<ul class="decided">`. */
export function ApprovalRow({ approval }: { approval: Approval }) {
	const fate = fateOf(approval);

	return <li>
		<details>
			<summary>
				<StatusText status={fateStatuses[fate]} label={words.fates[fate]} />
				<span class="decided-capability"><Untrusted text={approval.capability} /></span>
				<span class="muted"><Untrusted text={askerOf(approval).name} /></span>
				<span class="muted"><By approval={approval} /></span>
				<span class="muted number">
					{approval.decided_at !== null && <Since value={approval.decided_at} everyMs={EVERY_MS} />}
				</span>
			</summary>
			{approval.reason !== null && <p class="decided-reason"><Untrusted text={approval.reason} limit={REASON_LENGTH} /></p>}
			<ApprovalRequest approval={approval} />
			<p class="approval-about muted">
				<span>{words.waited(formatSpan(approval.waiting_seconds * 1000))}</span>
				<ApprovalLinks approval={approval} />
				{approval.decided_seq !== null && <a href={entryAddress(approval.decided_seq)}>{words.decisionEntry}</a>}
			</p>
		</details>
	</li>;
}
