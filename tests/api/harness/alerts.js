// Alerts of a stack, as the API tells of them, and what the log has of them.

import { until } from './poll.js';

const has = (object, wanted) => Object.entries(wanted).every(([key, value]) => object?.[key] === value);

/** All alerts that are held. */
export async function alertsOf(stack) {
	return (await stack.get('/api/alerts?state=all')).alerts;
}

/** Wait until there is an alert with these fields, and return it. */
export function untilAlert(stack, wanted, deadline = 30_000) {
	return until(`there is an alert ${JSON.stringify(wanted)}`, async () =>
		(await alertsOf(stack)).find(alert => has(alert, wanted)), deadline);
}

/** The newest entry of it whose request has this field; undefined: there is none. */
export async function entryOf(stack, capability, key, value) {
	return (await stack.get(`/api/audit?capability=${capability}&q=${encodeURIComponent(value)}&limit=200`)).entries
		.find(({ request }) => request[key] === value);
}

/** Wait until there is one, and return it. */
export function untilEntry(stack, capability, key, value) {
	return until(`${capability} of ${key} ${value} is in the log`, () => entryOf(stack, capability, key, value));
}

/** Say a command, whatever is answered. */
let commands = 0;
export async function ask(door, verb, args) {
	const id = `ask-${++commands}`;
	await door.write(JSON.stringify({ do: verb, id, args }) + '\n');
	const answer = await door.answer();
	delete answer.id;
	return answer;
}
