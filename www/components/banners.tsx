// What fires and nobody has acknowledged, on top of every page. The only way to
// be rid of a banner is to say that it was seen.

import { useState } from 'preact/hooks';

import { sourcesOf } from '../alert';
import { alerts, unseen } from '../api/alerts';
import { mayOperate, session } from '../api/session';
import type { Alert } from '../api/types';
import { useStore } from '../store';
import { shell } from '../words/shell';
import { AcknowledgeDialog } from './acknowledge';
import { SeverityChip } from './chip';
import { Ago } from './time';
import { Untrusted } from './untrusted';

/** More would push the page away. */
const SHOWN = 3;

const tones = { critical: 'bad', warning: 'warn', info: 'info' } as const;

/** Of what, how often, for how long; a clock is not read out. */
function More({ alert }: { alert: Alert }) {
	const source = sourcesOf(alert).findLast(({ kind }) => kind !== 'rule');

	return <span class="banner-more" aria-live="off">
		{source !== undefined && <><Untrusted text={source.name} /> · </>}
		{alert.count > 1 && <>{shell.banners.count(alert.count)} · </>}<Ago value={alert.first_seen} everyMs={10_000} />
	</span>;
}

export function Banners() {
	const known = useStore(alerts);
	const who = useStore(session);
	const [asking, setAsking] = useState<Alert>();
	const list = unseen(known?.alerts ?? []);

	return <section class="banners" aria-label={shell.banners.label} aria-live="polite">
		{list.slice(0, SHOWN).map(alert => <div key={alert.id} class={`notice notice-${tones[alert.severity]} banner`}>
			<SeverityChip severity={alert.severity} />
			<p>
				<a href={`/alerts?id=${alert.id}`}><Untrusted text={alert.title} limit={200} /></a>{' '}
				<More alert={alert} />
			</p>
			{mayOperate(who) && <button type="button" class="small" onClick={() => setAsking(alert)}>
				{shell.banners.acknowledge}
			</button>}
		</div>)}
		{list.length > SHOWN && <p class="banners-rest">
			<a href="/alerts">{shell.banners.more(list.length - SHOWN)}</a>
		</p>}
		{asking !== undefined && <AcknowledgeDialog alert={asking} onClose={() => setAsking(undefined)} />}
	</section>;
}
