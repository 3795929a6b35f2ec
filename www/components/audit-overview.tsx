// What matches, before one looks at single entries: over time, by status, by
// whom, by what was done.

import { useStats, useHistogram } from '../api/audit';
import type { Stats } from '../api/types';
import { CHOICES, type Filter } from '../filter';
import { audit } from '../words/audit';
import { shell } from '../words/shell';
import { Counts, type Count } from './counts';
import { Failure } from './failure';
import { Histogram, StatusPatterns, Swatch } from './histogram';

const words = audit.overview;

interface Properties {
	filter: Filter;
	/** Another one: what is shown has grown. */
	round: number;
	isOpen: boolean;
	onFilter: (filter: Filter) => void;
}

function statusCounts(stats: Stats): Count[] {
	return CHOICES.status.map(status => ({
		name: 'status', value: status, total: stats.by_status[status],
		label: shell.statuses[status], mark: <Swatch status={status} />,
	}));
}

function actorCounts(stats: Stats): Count[] {
	return stats.by_actor.map(({ actor_type, agent_name, user_name, total }) =>
		agent_name !== undefined ? { name: 'agent_name', value: agent_name, total }
			: user_name !== undefined ? { name: 'user_name', value: user_name, total, label: audit.filters.oneUser(user_name) }
				: { name: 'actor_type', value: actor_type, total, label: audit.filters.system });
}

function capabilityCounts(stats: Stats): Count[] {
	return stats.by_capability.map(({ capability, total }) => ({ name: 'capability', value: capability, total }));
}

export function AuditOverview({ filter, round, isOpen, onFilter }: Properties) {
	const histogram = useHistogram(filter, round);
	const stats = useStats(filter, round);
	const shared = { filter, onFilter };
	const error = histogram.error ?? stats.error;

	return <details class="card audit-overview" open={isOpen}>
		<summary><h2>{words.summary}</h2></summary>
		{error !== undefined && <Failure error={error} onRetry={() => { histogram.again(); stats.again(); }} />}
		{filter.q !== '' && <p class="muted">{words.withoutText}</p>}
		<StatusPatterns />
		<div class="audit-overview-parts">
			<div class="audit-overview-time">
				{histogram.value !== undefined && <Histogram data={histogram.value}
					onRange={(from, to) => onFilter({ ...filter, from, to })} />}
				{stats.value !== undefined && <Counts title={words.statuses} names={['status']} counts={statusCounts(stats.value)} {...shared} />}
			</div>
			{stats.value !== undefined && <>
				<Counts title={words.actors} names={['agent_name', 'user_name', 'actor_type']} counts={actorCounts(stats.value)} {...shared} />
				<Counts title={words.capabilities} names={['capability']} counts={capabilityCounts(stats.value)} {...shared} />
			</>}
		</div>
	</details>;
}
