// Figures in cells: those of the agents, and what the product itself takes.

import type { ComponentChildren } from 'preact';

import type { HealthPage } from '../api/types';
import { Hint } from '../components/hint';
import { Known } from '../components/known';
import { StatusText, type Status } from '../components/status';
import { Since } from '../components/time';
import { formatBytes, formatNumber, formatSpan } from '../format';
import { health } from '../words/health';

const words = health.agents, own = health.footprint;

type FootprintOf = HealthPage['footprint'];

function Figure({ name, hint, children }: { name: string; hint: string; children: ComponentChildren }) {
	return <div class="figure"><Hint label={words.what(name)} text={hint}>
		<dl><dt>{name}</dt><dd class="number">{children}</dd></dl>
	</Hint></div>;
}

export function AgentFigures({ agents }: { agents: HealthPage['agents'] | undefined }) {
	return <section class="card" aria-labelledby="agents">
		<h2 id="agents">{words.title}</h2>
		<div class="figures">
			<Figure name={words.active} hint={words.activeHint}>
				<Known value={agents?.active_count} why={health.notKnown}>{formatNumber}</Known>
			</Figure>
			<Figure name={words.total} hint={words.totalHint}>
				<Known value={agents?.total_sessions} why={health.notKnown}>{formatNumber}</Known>
			</Figure>
			<Figure name={words.invocations} hint={words.invocationsHint}>
				<Known value={agents?.invocations_per_minute} why={health.notKnown}>{formatNumber}</Known>
			</Figure>
			<Figure name={words.errors} hint={words.errorsHint}>
				<Known value={agents?.error_rate} why={words.noErrors}>{words.percent}</Known>
			</Figure>
		</div>
	</section>;
}

// --- the product's own footprint ----------------------------------------------

const chainDots: Readonly<Record<FootprintOf['integrity']['status'], Status>> = {
	verified: 'healthy', checking: 'pending', damaged: 'unhealthy', unknown: 'unknown',
};

function Chain({ of }: { of: FootprintOf['integrity'] }) {
	return <>
		<StatusText status={chainDots[of.status]} label={own.chainStates[of.status]} />
		{of.verified_at !== null && <span class="muted">
			{' '}{own.through(of.through_seq)}, <Since value={of.verified_at} />
		</span>}
	</>;
}

function Programs({ programs }: { programs: FootprintOf['programs'] }) {
	const { columns } = own;

	return <table class="programs number">
		<thead><tr>{Object.values(columns).map(name => <th key={name} scope="col">{name}</th>)}</tr></thead>
		<tbody>{programs.map(program => <tr key={program.name}>
			<th scope="row">{program.name}</th>
			<td>{formatBytes(program.resident_bytes)}</td>
			<td><Known value={program.cpu_percent} why={health.notKnown}>{own.percent}</Known></td>
			<td><Known value={program.cpu_seconds} why={health.notKnown}>{own.seconds}</Known></td>
		</tr>)}</tbody>
	</table>;
}

export function Footprint({ page }: { page: HealthPage | undefined }) {
	const of = page?.footprint;
	const why = health.notKnown;

	return <section class="card" aria-labelledby="footprint">
		<h2 id="footprint">{own.title}</h2>
		<div class="footprint">
			<dl class="footprint-facts number">
				<div><dt>{own.log}</dt><dd><Known value={of?.log_bytes} why={why}>{formatBytes}</Known></dd></div>
				<div><dt>{own.database}</dt><dd><Known value={of?.database_bytes} why={why}>{formatBytes}</Known></dd></div>
				<div><dt>{own.entries}</dt><dd><Known value={of?.entries_total} why={why}>{formatNumber}</Known></dd></div>
				<div><dt>{own.refused}</dt><dd><Known value={of?.entries_refused_total} why={why}>{formatNumber}</Known></dd></div>
				<div><dt>{own.lag}</dt><dd><Known value={of?.index_lag_entries} why={why}>{own.lagOf}</Known></dd></div>
				<div><dt>{own.version}</dt><dd><Known value={page?.version} why={why}>{text => text}</Known></dd></div>
				<div><dt>{own.uptime}</dt><dd><Known value={page?.uptime_seconds} why={why}>
					{seconds => formatSpan(seconds * 1000)}
				</Known></dd></div>
				<div class="footprint-chain"><dt>{own.unrecorded}</dt><dd><Known value={of?.on_audit_failure} why={why}>
					{what => <StatusText status={what === 'deny' ? 'healthy' : 'degraded'} label={own.unrecordedStates[what]} />}
				</Known></dd></div>
				<div class="footprint-chain"><dt>{own.chain}</dt><dd><Known value={of?.integrity} why={why}>
					{integrity => <Chain of={integrity} />}
				</Known></dd></div>
			</dl>
			<div>
				<h3 class="visually-hidden">{own.programs}</h3>
				{of === undefined || of.programs.length === 0
					? <p class="muted">{of === undefined ? health.notKnown : own.noPrograms}</p>
					: <Programs programs={of.programs} />}
			</div>
		</div>
	</section>;
}
