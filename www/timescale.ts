// From times to places on an axis of length 1. Hours in which nothing happened
// would leave no room for what did: long pauses are cut short, and marked.

import { flat, type Call } from './calls';

export interface Pause {
	/** Where it is, as all places from 0 to 1. */
	at: number;
	/** How long it was. */
	ms: number;
}

export interface Tick {
	at: number;
	/** Since the beginning. */
	ms: number;
}

export interface Timescale {
	from: number;
	to: number;
	at: (time: number) => number;
	pauses: readonly Pause[];
	ticks: readonly Tick[];
}

/** Pauses up to this long, or up to this part of the axis, are not cut. */
const PAUSE_MS = 60_000;
const PAUSE_PART = 0.1;
/** To wait longer than this for somebody's word is a pause like others. */
const WAIT_MS = 600_000;

const TICKS = 6;
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
const STEPS = [
	1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
	MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
	HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR,
];

/** When something happened, without overlaps, in order. */
function busySpans(calls: readonly Call[], end: number): [number, number][] {
	const spans = flat(calls).flatMap((call): [number, number][] => [
		...call.entries.map((entry): [number, number] => [Date.parse(entry.time), Date.parse(entry.time)]),
		...call.run === undefined ? [] : [[call.run.from, call.run.to ?? call.run.from] as [number, number]],
		...call.gates.filter(gate => (gate.to ?? end) - gate.from <= WAIT_MS)
			.map((gate): [number, number] => [gate.from, gate.to ?? end]),
	]).sort(([one], [other]) => one - other);
	const busy: [number, number][] = [];

	for (const [from, to] of spans) {
		const last = busy.at(-1);
		if (last !== undefined && from <= last[1])
			last[1] = Math.max(last[1], to);
		else
			busy.push([from, to]);
	}
	return busy;
}

/** What a pause may take: a part of what is left when all are cut to that. */
function longestPause(busy: number, pauses: readonly number[]): number {
	let longest = Infinity;

	for (let round = 0; round < 20; round++) {
		const total = busy + pauses.reduce((sum, pause) => sum + Math.min(pause, longest), 0);
		longest = Math.max(PAUSE_MS, total * PAUSE_PART);
	}
	return longest;
}

function ticksOf(pieces: readonly Piece[], length: number, at: (time: number) => number): Tick[] {
	const from = pieces[0]?.from ?? 0, to = pieces.at(-1)?.to ?? 0;
	const step = STEPS.find(one => one * TICKS >= length) ?? Math.ceil(length / TICKS / (24 * HOUR)) * 24 * HOUR;
	const ticks: Tick[] = [{ at: 0, ms: 0 }];

	for (const piece of pieces.filter(one => !one.isCut))
		for (let ms = Math.ceil((piece.from - from) / step) * step; from + ms <= Math.min(piece.to, to); ms += step) {
			const place = at(from + ms);
			if (place - ticks.at(-1)!.at >= 0.6 / TICKS)
				ticks.push({ at: place, ms });
		}
	return ticks;
}

interface Piece {
	from: number;
	to: number;
	/** What it takes of the axis, in milliseconds. */
	length: number;
	isCut: boolean;
}

/** Busy spans and the pauses between them, as they follow each other. */
function piecesOf(busy: readonly [number, number][]): Piece[] {
	const pauses = busy.slice(1).map(([from], index) => from - busy[index]![1]);
	const longest = longestPause(busy.reduce((sum, [from, to]) => sum + to - from, 0), pauses);

	return busy.flatMap(([from, to], index) => {
		const pause = pauses[index - 1];
		const own = { from, to, length: to - from, isCut: false };
		return pause === undefined ? [own]
			: [{ from: from - pause, to: from, length: Math.min(pause, longest), isCut: pause > longest }, own];
	});
}

export function timescaleOf(calls: readonly Call[]): Timescale {
	const times = flat(calls).flatMap(call => [call.from, call.to ?? call.from, Date.parse(call.entries.at(-1)!.time)]);
	const to = times.reduce((one, other) => Math.max(one, other), -Infinity);
	const pieces = piecesOf(busySpans(calls, to));
	const length = pieces.reduce((sum, piece) => sum + piece.length, 0) || 1;
	const starts: number[] = [];

	pieces.reduce((sum, piece) => (starts.push(sum), sum + piece.length), 0);
	function at(time: number): number {
		const index = Math.max(0, pieces.findLastIndex(piece => piece.from <= time));
		const piece = pieces[index];
		if (piece === undefined)
			return 0;
		const part = piece.to === piece.from ? 0 : Math.min(1, Math.max(0, (time - piece.from) / (piece.to - piece.from)));
		return (starts[index]! + part * piece.length) / length;
	}
	return {
		from: pieces[0]?.from ?? 0, to, at,
		pauses: pieces.flatMap((piece, index) => piece.isCut
			? [{ at: (starts[index]! + piece.length / 2) / length, ms: piece.to - piece.from }] : []),
		ticks: ticksOf(pieces, length, at),
	};
}
