// What /api/audit should find, worked out slowly and plainly from the entries
// of the log.

const fields = [
	'actor_type', 'agent_name', 'user_name', 'capability', 'status', 'policy_tier',
	'session_id', 'call_id', 'source',
];

function isLike(value, wanted) {
	if (value === undefined)
		return false;
	const pattern = wanted.split('*')
		.map(part => part.replace(/[.+/]/g, '\\$&')).join('.*');
	return new RegExp(`^${pattern}$`).test(value);
}

/** `query`: pairs [name, value], as in a URL. */
export function matches(entry, query) {
	for (const field of fields) {
		const values = query.filter(([name]) => name === field).map(([, value]) => value);
		const wanted = values.filter(value => !value.startsWith('-'));
		const unwanted = values.filter(value => value.startsWith('-')).map(value => value.slice(1));
		const is = field === 'capability' ? isLike : (value, other) => value === other;
		if (wanted.length > 0 && !wanted.some(value => is(entry[field], value)))
			return false;
		if (unwanted.some(value => is(entry[field], value)))
			return false;
	}
	for (const [name, value] of query) {
		if (name === 'from' && entry.time < value)
			return false;
		if (name === 'to' && entry.time >= value)
			return false;
		if (name === 'through' && entry.seq > Number(value))
			return false;
		if (name === 'q' && !holds(entry, value))
			return false;
	}
	return true;
}

/** As the log writes the inside of a string. */
function written(text) {
	return JSON.stringify(text).slice(1, -1).replaceAll('\x7f', '\\u007f');
}

/** The strings of a value, keys included. */
function* strings(value) {
	if (typeof value === 'string')
		yield value;
	else if (value !== null && typeof value === 'object')
		for (const [key, member] of Object.entries(value)) {
			if (!Array.isArray(value))
				yield key;
			yield* strings(member);
		}
}

/** Does a string of the payload, as it is written in the log, hold `q`? */
function holds(entry, q) {
	for (const text of [...strings(entry.summary), ...strings(entry.request)])
		if (written(text).includes(written(q)))
			return true;
	return false;
}

export function queryString(query) {
	return query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}
