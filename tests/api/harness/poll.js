// Waiting for a condition, never for a time.

import assert from 'node:assert/strict';

const POLL_MS = 20;

/** Thrown by a condition that cannot come true any more. */
export class Hopeless extends Error {}

/**
 * Call `condition` again and again until it returns something true, and return
 * that; fail when `deadline` milliseconds have passed. What it throws on the
 * way is kept for the failure.
 */
export async function until(what, condition, deadline = 20_000) {
	const end = performance.now() + deadline;
	let last;
	for (;;) {
		try {
			const value = await condition();
			if (value)
				return value;
			last = undefined;
		} catch (error) {
			if (error instanceof Hopeless)
				throw error;
			last = error;
		}
		if (performance.now() > end)
			assert.fail(`waited ${deadline} ms until ${what}` +
				(last ? `; the last try: ${last.message}` : ''));
		await new Promise(resolve => setTimeout(resolve, POLL_MS));
	}
}
