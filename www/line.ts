// A line of the log, as docs/log-format.md has it: what its two hashes are made
// of, and how anybody checks them.

/** Names hold no quotes: the first one is always the one that is meant. */
const MARK = ',"entry_hash":"';
const HASH_LENGTH = 64;

export interface LineParts {
	/** Its SHA-256 is `entry_hash`. */
	head: string;
	/** Its SHA-256 is `payload_hash`, unless it was erased. */
	payload: string;
}

/** undefined: it is no line of a log. */
export function partsOf(line: string): LineParts | undefined {
	const at = line.indexOf(MARK);
	const payload = at + MARK.length + HASH_LENGTH + '",'.length;
	const end = line.endsWith('\n') ? line.length - 1 : line.length;

	if (at === -1 || line.slice(payload - 2, payload) !== '",' || line[end - 1] !== '}' || end - 1 < payload)
		return undefined;
	return { head: line.slice(0, at), payload: line.slice(payload, end - 1) };
}

/** In hex; undefined where the browser has none for this page (plain http). */
export async function sha256(text: string): Promise<string | undefined> {
	if (globalThis.crypto?.subtle === undefined)
		return undefined;
	const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
	return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

/** Of the entry before the first. */
export const NO_HASH = '0'.repeat(HASH_LENGTH);

export interface HandChecks {
	/** Puts the entry into the file `line`. */
	line: string;
	head: string;
	payload: string;
	/** Prints the entry_hash of the one before; the first has none. */
	chain: string | undefined;
}

/** Commands for a shell in the folder of the log. */
export function handChecks(seq: string, file: string, fileBefore: string | undefined): HandChecks {
	return {
		line: `grep '^{"seq":${seq},' ${file} >line`,
		head: `sed 's/,"entry_hash":.*//' line | tr -d '\\n' | sha256sum`,
		payload: `sed 's/,"entry_hash":"[0-9a-f]*",/\\n/; s/^[^\\n]*\\n//; s/}$//' line | tr -d '\\n' | sha256sum`,
		chain: fileBefore && `grep '^{"seq":${neighbour(seq, -1)},' ${fileBefore} | jq -r .entry_hash`,
	};
}

/** The seq before, or after; seqs may be larger than numbers are exact. */
export function neighbour(seq: string, by: 1 | -1): string {
	return String(BigInt(seq) + BigInt(by));
}
