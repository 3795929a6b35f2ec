// An observed page, written as kruxosd would (lib/store/observed_text.c).

import { readFileSync, writeFileSync } from 'node:fs';

const BYTES = 64 << 10;

const table = Array.from({ length: 256 }, (_, byte) => {
	for (let bit = 0; bit < 8; bit++)
		byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
	return byte >>> 0;
});

function crc32c(bytes) {
	let crc = ~0;
	for (const byte of bytes)
		crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
	return (~crc >>> 0).toString(16).padStart(8, '0');
}

/** CLOCK_BOOTTIME, in microseconds. */
export const boottime = () => Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);

const word = value => value === null || value === undefined ? '-' : String(value);

/**
 * Write the page of `observed` ({ figures, services, routes, programs }) to
 * `path`, as one that was reported just now.
 */
export function writeObserved(path, { figures = {}, services = [], routes = [], programs = [] }) {
	const now = boottime();
	const checked = Date.now() * 1000;
	const lines = [
		'kruxosd.observed 1', 'page 1', `observer_at ${now}`,
		...Object.entries(figures).map(([name, value]) => `figure ${name} ${value}`),
		...services.map(service => ['service', service.name, service.status, word(service.latency_ms),
			checked, now, service.since ?? checked, service.details ?? ''].join(' ')),
		...routes.map(route => ['route', route.name, route.requests, route.errors,
			word(route.p50_ms), word(route.p99_ms)].join(' ')),
		...programs.map(program => ['program', program.name, program.resident_bytes,
			word(program.cpu_seconds), word(program.cpu_percent)].join(' ')),
	];
	const front = `${lines.join('\n')}\n`;
	const text = Buffer.from(`${front}crc32c ${crc32c(Buffer.from(front))}\npage 1\n`);
	const page = Buffer.alloc(BYTES, ' ');
	text.copy(page);
	page.write('\n', BYTES - 1);
	writeFileSync(path, page);
}
