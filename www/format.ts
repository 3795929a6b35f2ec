// Numbers, times and durations as people read them.

import type { Zone } from './preferences';

const two = (number: number) => String(number).padStart(2, '0');

/** "2026-11-28 11:20:05", or with `milliseconds` "….123". */
export function formatTime(time: Date, zone: Zone, { milliseconds = false } = {}): string {
	return `${formatDate(time, zone)} ${formatClock(time, zone, { milliseconds })}`;
}

export function formatDate(time: Date, zone: Zone): string {
	return zone === 'utc'
		? `${time.getUTCFullYear()}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`
		: `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

export function formatClock(time: Date, zone: Zone, { milliseconds = false } = {}): string {
	const clock = zone === 'utc'
		? [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()]
		: [time.getHours(), time.getMinutes(), time.getSeconds()];
	const fraction = milliseconds ? `.${String(time.getUTCMilliseconds()).padStart(3, '0')}` : '';
	return clock.map(two).join(':') + fraction;
}

/** "just now", "12 s", "4 min", "3 h", "5 d": how long ago, or how long. */
export function formatSpan(ms: number): string {
	const seconds = Math.max(0, Math.round(ms / 1000));
	if (seconds < 60)
		return `${seconds} s`;
	if (seconds < 3600)
		return `${Math.floor(seconds / 60)} min`;
	if (seconds < 48 * 3600)
		return `${Math.floor(seconds / 3600)} h`;
	return `${Math.floor(seconds / 86400)} d`;
}

/** "0.4 ms", "12 ms", "1.2 s", "3 min 20 s". */
export function formatDuration(ms: number): string {
	// A unit ends where rounding would make the next one of it.
	if (ms < 9.95)
		return `${ms.toFixed(1)} ms`;
	if (ms < 999.5)
		return `${Math.round(ms)} ms`;
	if (ms < 59_950)
		return `${(ms / 1000).toFixed(1)} s`;
	const seconds = Math.round(ms / 1000);
	return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "1:05", "2:00:00": what is left, by the second. */
export function formatCountdown(ms: number): string {
	const seconds = Math.max(0, Math.ceil(ms / 1000));
	const minutes = Math.floor(seconds / 60);
	return minutes < 60 ? `${minutes}:${two(seconds % 60)}`
		: `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

const numbers = new Intl.NumberFormat('en');

/** "1,422". */
export function formatNumber(number: number): string {
	return numbers.format(number);
}

/** Bytes by powers of 1024: "1.2 MiB". */
export function formatBytes(bytes: number): string {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let unit = 0;
	for (; bytes >= 1024 && unit < units.length - 1; unit++)
		bytes /= 1024;
	return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}
