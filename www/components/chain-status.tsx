// Is the chain whole, says who looked at it last, and through which entry; and
// a way to have all of it looked at now.

import { useEffect, useRef, useState } from 'preact/hooks';

import { verifyChain } from '../api/audit';
import { mayExport, session } from '../api/session';
import type { AuditPage } from '../api/types';
import { entryAddress } from '../entry';
import { formatNumber } from '../format';
import { useStore } from '../store';
import { audit } from '../words/audit';
import { shell } from '../words/shell';
import { StatusText, type Status } from './status';
import { Since } from './time';

const words = audit.chain;

export const CHAIN_EVERY_MS = 10_000;
export const CHECKING_EVERY_MS = 500;

/** A short log is verified between two looks at it; and the first one may have
 * been asked for before the daemon had been. */
const LOOKS = 2;

const dots: Record<AuditPage['integrity']['status'], Status> = {
	verified: 'healthy', checking: 'pending', damaged: 'unhealthy', unknown: 'unknown',
};

export type Verifying = 'not' | 'asking' | 'asked' | 'done' | { error: string };

/** From the click until the daemon has looked at all of it. `page` is the newest
 * answer: each is a look. */
export function useVerifying(page: AuditPage | undefined): { state: Verifying; verify: () => void } {
	const [state, setState] = useState<Verifying>('not');
	const looks = useRef(0);

	useEffect(() => {
		if (page !== undefined && state === 'asked' && page.integrity.status !== 'checking' && ++looks.current >= LOOKS)
			setState('done');
	}, [page]);

	function verify() {
		looks.current = 0;
		setState('asking');
		verifyChain().then(() => setState('asked'), (error: Error) => setState({ error: error.message }));
	}
	return { state, verify };
}

export function isVerifying(state: Verifying): boolean {
	return state === 'asking' || state === 'asked';
}

function Through({ integrity }: Pick<AuditPage, 'integrity'>) {
	if (integrity.through_seq === 0)
		return null;
	return <span class="chain-through">
		{integrity.status === 'damaged' ? words.damagedAfter : words.through}
		<a href={entryAddress(integrity.through_seq)} class="number">{formatNumber(integrity.through_seq)}</a>
		{integrity.verified_at !== null && <>, <Since value={integrity.verified_at} /></>}
	</span>;
}

function Progress({ page }: { page: AuditPage }) {
	const done = page.integrity.through_seq;
	const all = Math.max(page.head_seq ?? 0, done);

	return <span class="chain-progress">
		<progress max={all} value={done} aria-label={words.verifying} />{' '}
		<span class="number">{words.progress(done, all)}</span>
	</span>;
}

export function ChainStatus({ page, state, onVerify }: { page: AuditPage | undefined; state: Verifying; onVerify: () => void }) {
	const may = mayExport(useStore(session));

	if (page === undefined)
		return null;
	const { integrity } = page;
	const isBusy = isVerifying(state) || integrity.status === 'checking';
	return <div class="chain" role="group" aria-label={words[integrity.status]}>
		<span aria-live="polite"><StatusText status={dots[integrity.status]} label={words[integrity.status]} /></span>
		{isBusy ? <Progress page={page} /> : <Through integrity={integrity} />}
		{integrity.status === 'damaged' && <code>{words.command}</code>}
		<button type="button" class="small" disabled={isBusy || !may} title={may ? undefined : words.refused} onClick={onVerify}>
			{isVerifying(state) ? words.verifying : words.verify}
		</button>
		<span class="chain-said" aria-live="polite">
			{state === 'done' && integrity.status === 'verified' && words.done}
			{typeof state === 'object' && <span class="form-error">{shell.failed(state.error)}</span>}
		</span>
	</div>;
}
