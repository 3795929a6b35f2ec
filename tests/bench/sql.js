// Our questions as SQL, for whoever keeps the entries in the table of
// table_load.c.

const quoted = text => `'${text.replaceAll("'", "''")}'`;

/** A pattern for LIKE around `text`, whose own signs mean themselves. */
function like(column, before, text, after) {
	const plain = text.replaceAll(/[\\%_]/g, '\\$&');
	return `${column} LIKE ${quoted(before + plain + after)}${plain === text ? '' : " ESCAPE '\\'"}`;
}

/** One parameter of a filter; names may have a `*` behind or a `-` before. */
function conditionOf(column, value) {
	if (value.startsWith('-'))
		return `${column} IS DISTINCT FROM ${quoted(value.slice(1))}`;
	if (value.endsWith('*'))
		return like(column, '', value.slice(0, -1), '%');
	return `${column} = ${quoted(value)}`;
}

function whereOf(question) {
	const conditions = Object.entries(question.filter).map(([column, value]) =>
		conditionOf(column, value));
	if (question.from_us !== undefined)
		conditions.push(`time >= ${question.from_us}`);
	if (question.q !== undefined)
		conditions.push(`(${like('summary', '%', question.q, '%')} OR ${like('request', '%', question.q, '%')})`);
	return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

/** The counts of each hour, or the page and the total. The total comes last. */
export function statementsOf(question) {
	const where = whereOf(question);
	if (question.by_hour)
		return [`SELECT sum(count) FROM (SELECT count(*) AS count FROM entry ${where} GROUP BY time / 3600000000, status) AS hour`];
	return [
		`SELECT * FROM entry ${where} ORDER BY seq DESC LIMIT 50`,
		`SELECT count(*) FROM entry ${where}`,
	];
}
