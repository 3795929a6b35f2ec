// Where a program asks for memory or calls the system, and what makes one of
// these places fail: inject.so, told by its environment.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from '../../api/harness/stack.js';
import { failures } from './errnos.js';

const library = join(build, 'fault/harness/inject.so');

export const isSanitized = build.includes('sanitize');

/* The sanitizers want to come first, but need not. */
export const preloading = {
	LD_PRELOAD: library,
	...isSanitized && { ASAN_OPTIONS: `verify_asan_link_order=0:${process.env.ASAN_OPTIONS ?? ''}` },
};

/** The environment in which `program` writes its sites into `file`. */
export function recording(program, file, depth) {
	return {
		...preloading, INJECT_PROGRAM: program, INJECT_RECORD: file,
		INJECT_DEPTH: String(depth),
	};
}

/** The sites in `file`: [{ call, site, frames }], in the order they came. */
export function readSites(file) {
	return readFileSync(file, 'utf8').split('\n').filter(line => line !== '').map(line => {
		const [call, site, ...frames] = line.split(' ');
		return { call, site, frames };
	});
}

/**
 * The environment in which `program` has the faults [{ call, site, occurrence,
 * what }]; FILE.0, FILE.1, … appear as they happen.
 */
export function injecting(program, faults, file, depth) {
	return {
		...preloading, INJECT_PROGRAM: program, INJECT_MARK: file,
		INJECT_DEPTH: String(depth),
		INJECT_FAULT: faults.map(({ call, site, occurrence, what }) =>
			`${call}:${site}:${occurrence}:${what}`).join(','),
	};
}

/** Whether all of `count` faults have happened. */
export function happened(file, count) {
	return Array.from({ length: count }, (_, i) => existsSync(`${file}.${i}`)).every(Boolean);
}

/** A fault as text and back: for the command that does it again. */
export const faultText = ({ call, site, occurrence, what }) => `${call}:${site}:${occurrence}:${what}`;
export function parseFault(text) {
	const [call, site, occurrence, what] = text.split(':');
	if (!failures(call).some(failure => String(failure.what) === what))
		throw new Error(`${text}: ${call} does not fail like that`);
	return { call, site, occurrence: Number(occurrence), what };
}
