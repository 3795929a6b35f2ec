// A moment, in the zone that was chosen; its title has it whole, zone and all.

import { useEffect, useState } from 'preact/hooks';

import { formatClock, formatSpan, formatTime } from '../format';
import { zone, zoneName } from '../preferences';
import { useStore } from '../store';
import { shell } from '../words/shell';
import { Sentence } from './sentence';

interface Properties {
	value: string;
	/** Only the clock, where the day goes without saying. */
	clockOnly?: boolean;
	milliseconds?: boolean;
}

export function Time({ value, clockOnly = false, milliseconds = false }: Properties) {
	const chosen = useStore(zone);
	const time = new Date(value);

	if (Number.isNaN(time.getTime()))
		return <time>{value}</time>;
	return <time dateTime={value} title={`${formatTime(time, chosen, { milliseconds: true })} ${zoneName(chosen)}`}>
		{clockOnly ? formatClock(time, chosen, { milliseconds }) : formatTime(time, chosen, { milliseconds })}
	</time>;
}

/** This clock's now, and again every `everyMs`. */
export function useNow(everyMs = 1000): number {
	const [now, setNow] = useState(Date.now());

	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), everyMs);
		return () => clearInterval(timer);
	}, [everyMs]);
	return now;
}

/** How long ago: "12 s"; words around it are the page's. */
export function Ago({ value, everyMs = 1000 }: { value: string; everyMs?: number }) {
	const now = useNow(everyMs);
	const chosen = useStore(zone);
	const time = new Date(value);

	return <time dateTime={value} title={`${formatTime(time, chosen)} ${zoneName(chosen)}`}>
		{formatSpan(now - time.getTime())}
	</time>;
}

/** "12 s ago". */
export function Since({ value, everyMs = 1000 }: { value: string; everyMs?: number }) {
	return <Sentence text={shell.ago}><Ago value={value} everyMs={everyMs} /></Sentence>;
}
