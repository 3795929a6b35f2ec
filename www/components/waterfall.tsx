// Calls over time, a row each; below a call those that it called. The list says
// everything in words, too: the bars are for those who see them.

import { useMemo } from 'preact/hooks';

import type { Entry } from '../api/types';
import type { Call, Gate } from '../calls';
import { previewOf } from '../entry';
import { memo } from '../memo';
import type { Timescale } from '../timescale';
import { session as words } from '../words/session';
import { CallEntries } from './call-entries';
import { StatusDot } from './status';
import { Untrusted } from './untrusted';

interface Shared {
	scale: Timescale;
	/** Calls of this agent need not name it. */
	agent: string | undefined;
	/** Called with the call's key. */
	onToggle: (key: string) => void;
}

const percent = (part: number) => `${(part * 100).toFixed(3)}%`;

function place(scale: Timescale, from: number, to: number) {
	const start = scale.at(from);
	return { left: percent(start), width: percent(scale.at(to) - start) };
}

function Track({ call, scale }: { call: Call; scale: Timescale }) {
	return <span class="track" aria-hidden="true">
		{call.run !== undefined && <span style={place(scale, call.run.from, call.run.to ?? scale.to)}
			class={`bar bar-${call.run.to === undefined && call.status === 'pending' ? 'open' : call.status}`} />}
		{call.gates.map(gate => <span key={gate.asked.seq} class={`gate gate-${gate.verdict}`}
			style={place(scale, gate.from, gate.to ?? scale.to)} />)}
	</span>;
}

/** Who or what decided. */
function decider({ decided }: Gate): string {
	if (decided?.user_name !== undefined)
		return decided.user_name;
	return words.deciders[decided?.decided_by ?? 'system'];
}

function GateText({ gate }: { gate: Gate }) {
	const says = decider(gate);

	return <span class={`gate-text gate-text-${gate.verdict}`}>
		{gate.verdict === 'open' || gate.to === undefined ? words.gate.open
			: <Untrusted text={words.gate[gate.verdict](says, gate.to - gate.from)} />}
	</span>;
}

function lengthOf({ run, from, to, status }: Call): string {
	if (run === undefined)
		return status === 'pending' ? words.runs : words.never;
	if (run.to === undefined)
		return to === undefined ? words.runs : words.took(to - from);
	return words.took(run.to - run.from);
}

/** The last that is of the call itself, and not of who let it through. */
function mainEntry({ entries, capability }: Call): Entry {
	return entries.findLast(entry => entry.capability === capability) ?? entries[0] as Entry;
}

const CallRow = memo(function CallRow({ call, isOpen, scale, agent, onToggle }: Shared & { call: Call; isOpen: boolean }) {
	return <>
		<button type="button" class={`call-head call-${call.status}`} aria-expanded={isOpen} data-call={call.key}
			onClick={() => onToggle(call.key)}>
			<span class="call-name">
				<span class="call-line">
					<StatusDot status={call.status} />
					<span class="call-capability"><Untrusted text={call.capability} /></span>
					{call.agent !== undefined && call.agent !== agent &&
						<span class="call-agent"><Untrusted text={call.agent} /></span>}
					<span class="call-preview"><Untrusted text={previewOf(mainEntry(call))} /></span>
				</span>
				{call.gates.map(gate => <GateText key={gate.asked.seq} gate={gate} />)}
			</span>
			<span class="visually-hidden">{words.begins(call.from - scale.from)}, </span>
			<Track call={call} scale={scale} />
			<span class="call-length number">{lengthOf(call)}</span>
		</button>
		{isOpen && <CallEntries entries={call.entries} />}
	</>;
});

function CallList({ calls, open, ...shared }: Shared & { calls: readonly Call[]; open: ReadonlySet<string> }) {
	return <ol class="calls">
		{calls.map(call => <li key={call.key} class="call">
			<CallRow call={call} isOpen={open.has(call.key)} {...shared} />
			{call.children.length > 0 && <CallList calls={call.children} open={open} {...shared} />}
		</li>)}
	</ol>;
}

function Axis({ scale }: { scale: Timescale }) {
	return <div class="axis">
		<span class="axis-name">{words.time}</span>
		<div class="track" aria-hidden="true">
			{scale.ticks.map(tick => <span key={tick.ms} class="tick" style={{ left: percent(tick.at) }}>{words.tick(tick.ms)}</span>)}
			{scale.pauses.map(pause => <span key={pause.at} class="pause" title={words.pause(pause.ms)}
				style={{ left: percent(pause.at) }} />)}
		</div>
		<span class="call-length" />
	</div>;
}

export function Waterfall({ calls, open, ...shared }: Shared & { calls: readonly Call[]; open: ReadonlySet<string> }) {
	const list = useMemo(() => <CallList calls={calls} open={open} {...shared} />,
		[calls, open, shared.scale, shared.agent, shared.onToggle]);

	return <div class="waterfall"><Axis scale={shared.scale} />{list}</div>;
}
