// Health: how everything is, how it has been, and what is wrong.

import { refreshAlerts } from '../api/alerts';
import { HEALTH_EVERY_MS, HEALTH_PATH, rangeOf } from '../api/health';
import { usePolled } from '../api/polled';
import type { HealthPage } from '../api/types';
import { Sentence } from '../components/sentence';
import { Ago } from '../components/time';
import { useTitle } from '../title';
import type { Place } from '../url';
import { health as words } from '../words/health';
import { ActiveAlerts } from './health-alerts';
import { Banner, Stale, Unreachable } from './health-banner';
import { AgentFigures, Footprint } from './health-figures';
import { Resources } from './health-resources';
import { Services } from './health-services';

/** What its check says, when the gateway is what fails. */
function gatewayTrouble(page: HealthPage | undefined): string | undefined {
	const gateway = page?.services.find(service => service.name === 'gateway');

	return gateway?.status === 'unhealthy' ? gateway.details ?? words.noDetails : undefined;
}

export default function Health({ place }: { place: Place }) {
	const { value, error, at, retryAt, isAsking, again } = usePolled<HealthPage>(HEALTH_PATH, HEALTH_EVERY_MS);
	const trouble = error?.message ?? gatewayTrouble(value);
	const seen = at === undefined ? undefined : new Date(at).toISOString();
	const retry = () => {
		again();
		refreshAlerts.get()();
	};

	useTitle(words.title);
	return <>
		<header class="page-head">
			<h1>{words.title}</h1>
			<span class="muted number">
				{seen === undefined ? words.notYet : <Sentence text={words.refresh}><Ago value={seen} /></Sentence>}
			</span>
		</header>
		{trouble !== undefined && <Unreachable why={trouble} onRetry={retry} />}
		{error !== undefined && <Stale seen={seen} retryAt={retryAt} isAsking={isAsking} />}
		<Banner page={value} isStale={error !== undefined} />
		<div class={error === undefined ? undefined : 'stale'}>
			<Services page={value} isLoading={value === undefined && error === undefined} />
			<Resources page={value} range={rangeOf(place.query.get('range'))} isReachable={error === undefined} />
			<AgentFigures agents={value?.agents} />
			<Footprint page={value} />
			<ActiveAlerts isReachable={error === undefined} />
		</div>
	</>;
}
