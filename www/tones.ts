// From which figure on a value is shown as one to look at.

export type Tone = 'ok' | 'warn' | 'bad' | 'unknown';

/** Percent of what there is, used. */
const LOAD_WARN = 60;
const LOAD_BAD = 80;

/** Milliseconds: a person feels 100 at once, and loses the thread at 1,000
 * (Nielsen, Usability Engineering, 1993, chapter 5). */
const LATENCY_WARN = 100;
const LATENCY_BAD = 1000;

function toneOf(value: number | null, warn: number, bad: number): Tone {
	if (value === null)
		return 'unknown';
	return value >= bad ? 'bad' : value >= warn ? 'warn' : 'ok';
}

export function toneOfLoad(percent: number | null): Tone {
	return toneOf(percent, LOAD_WARN, LOAD_BAD);
}

export function toneOfLatency(ms: number | null): Tone {
	return toneOf(ms, LATENCY_WARN, LATENCY_BAD);
}
