// Faults of calls: subjects, their sites, and the cases made of them.
//
// A subject is a program in a scene. It has
//	name		'kruxosd/usual'
//	program		'kruxosd': its sites are counted once, whatever the scene
//	together	how many cases may share one folder
//	record(file)	runs it without a fault; its sites go into `file`
//	run(cases)	runs it once for each list of faults, and throws when
//			something does not hold; returns for each whether its
//			faults have happened
//
// Every site of the first program fails once; those of the others as far as
// there is time. A case is its own description, so that it needs no number:
// FAULT_CASE='SUBJECT=CALL:SITE:OCCURRENCE:WHAT[,…]'; those of one folder stand
// behind each other, with spaces between.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { random } from '../../api/harness/random.js';
import { failures } from './errnos.js';
import { faultText, parseFault, readSites } from './sites.js';

const AT_ONCE = 10; // cases wait for timers more than for the processor
const OCCURRENCES = [1, 2, 5]; // in a soak
const LIMIT = 10; // budgets, on a slow machine: each site counts
const TRIES = 3; // a site may not be reached in each run …
const MORE_TRIES = 10; // … on a busy machine less often
const ALLOWED = 0.05; // … nor in any: threads meet by chance
const MARGIN = 1.5; // … so more are needed than the floors say
const inMemory = '/dev/shm';

const caseText = ({ subject, faults }) => `${subject.name}=${faults.map(faultText).join(',')}`;

/** Cases that share a folder. */
function together(cases) {
	const groups = [];
	const open = new Map();
	for (const one of cases) {
		const { subject } = one;
		const list = [...open.get(subject) ?? [], one];
		if (list.length < subject.together) {
			open.set(subject, list);
		} else {
			groups.push(list);
			open.delete(subject);
		}
	}
	return [...groups, ...open.values()];
}
const alone = cases => cases.map(one => [one]);

export class Family {
	#failures = [];
	#room;
	#done = new Map(); // program -> cases
	#left = []; // of the first program: sites that were never reached again

	/**
	 * `number`, `what`, `file`, `seconds`: as in README.md; `wanted` says which
	 * calls fail; `floors`: how many cases of the programs behind the first;
	 * `pairs`: how many random pairs of faults a soak does.
	 */
	constructor(family) {
		Object.assign(this, family);
		this.isSoak = process.env.FAULT_MODE === 'soak';
		this.seed = Number(process.env.FAULT_SEED || Math.floor(Math.random() * 2 ** 32));
		this.budget = Number(process.env.FAULT_SECONDS || (this.isSoak ? Infinity : this.seconds));
		this.chance = random(this.seed);
		this.begun = performance.now();
	}

	/** A folder for files of cases, in memory where there is that. */
	makeRoom() {
		this.#room ??= mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'kruxos-fault-'));
		return this.#room;
	}

	removeRoom() {
		if (this.#room !== undefined)
			rmSync(this.#room, { recursive: true, force: true });
		this.#room = undefined;
	}

	get #spent() {
		return (performance.now() - this.begun) / 1000;
	}

	/** Do it; throws when a case fails, or there were too few. */
	async run(makeSubjects) {
		try {
			const subjects = await makeSubjects(this.makeRoom());
			if (process.env.FAULT_CASE)
				await this.#runGiven(subjects, process.env.FAULT_CASE);
			else
				await this.#runAll(subjects);
		} finally {
			this.removeRoom();
		}
		const count = [...this.#done.values()].reduce((sum, n) => sum + n, 0);
		const each = [...this.#done].map(([program, n]) => `${program} ${n}`).join(', ');
		console.log(`family ${this.number}: ${count} cases, seed ${this.seed} (${this.what}: ${each})`);
		if (this.#failures.length > 0)
			throw new Error(this.#failures.join('\n'));
		if (!process.env.FAULT_CASE)
			this.#checkFloors();
	}

	#checkFloors() {
		const few = Object.entries(this.floors).filter(([program, floor]) =>
			(this.#done.get(program) ?? 0) < floor);
		if (few.length > 0)
			throw new Error(`too few cases: ${few.map(([program, floor]) =>
				`${program} ${this.#done.get(program) ?? 0} of ${floor}`).join(', ')}`);
		if (this.#left.length > this.allowed)
			throw new Error(`${this.#left.length} sites of ${this.#left[0].subject.program} ` +
				`were not done: ${this.#left.slice(0, 5).map(caseText).join(' ')}`);
	}

	/* --- cases ----------------------------------------------------------- */

	/** The sites of each subject that no subject before it has. */
	async #findSites(subjects) {
		const known = new Set();
		const found = [];
		for (const subject of subjects) {
			const file = join(this.#room, 'sites');
			await subject.record(file);
			for (const site of readSites(file)) {
				const name = `${subject.program} ${site.call} ${site.site}`;
				if (this.wanted(site.call) && !known.has(name))
					found.push({ ...site, subject });
				known.add(name);
			}
			rmSync(file);
		}
		return found;
	}

	#shuffle(list) {
		for (let i = list.length - 1; i > 0; i--) {
			const j = this.chance.below(i + 1);
			[list[i], list[j]] = [list[j], list[i]];
		}
		return list;
	}

	/** One case of each site; in a soak, all that can be made of it. */
	#makeCases(sites) {
		const cases = sites.flatMap(({ subject, call, site, frames }) => {
			const whats = failures(call);
			const one = (what, occurrence) =>
				({ subject, faults: [{ call, site, occurrence, what, frames }] });
			return this.isSoak
				? whats.flatMap(({ what }) => OCCURRENCES.map(occurrence => one(what, occurrence)))
				: [one(this.chance.pick(whats).what, 1)];
		});
		return this.#shuffle(cases);
	}

	#makePair(sites) {
		const { subject } = this.chance.pick(sites);
		const ofSubject = sites.filter(site => site.subject === subject);
		return {
			subject, faults: [0, 1].map(() => {
				const { call, site, frames } = this.chance.pick(ofSubject);
				return {
					call, site, frames, what: this.chance.pick(failures(call)).what,
					occurrence: this.chance.pick(OCCURRENCES),
				};
			}),
		};
	}

	/* --- running --------------------------------------------------------- */

	async #runAll(subjects) {
		const sites = await this.#findSites(subjects);
		const [needed, others] = this.#divide(this.#makeCases(sites), subjects[0].program);
		const limit = this.isSoak ? this.budget : LIMIT * this.budget;
		const missed = await this.#runCases(needed, limit);
		this.#left = missed.filter(({ subject }) => subject.program === subjects[0].program);
		/* In a soak nothing says how often a site is reached. */
		this.allowed = ALLOWED * needed.length;
		const isEnough = tries => tries >= MORE_TRIES || (tries >= TRIES && this.#left.length <= this.allowed);
		for (let tries = 1; !isEnough(tries) && !this.isSoak; tries++)
			this.#left = await this.#runCases(this.#left, limit, alone);
		if (this.isSoak)
			this.#left = [];
		await this.#runCases(others, this.budget);
		if (this.isSoak)
			await this.#runCases(Array.from({ length: this.pairs }, () => this.#makePair(sites)), this.budget);
	}

	/** The cases of `first` and as many others as the floors say; the rest. */
	#divide(cases, first) {
		const wanted = new Map(Object.entries(this.floors).map(([name, floor]) => [name, MARGIN * floor]));
		const isNeeded = ({ subject: { program } }) => {
			const left = wanted.get(program) ?? 0;
			wanted.set(program, left - 1);
			return program === first || left > 0;
		};
		const needed = cases.filter(isNeeded);
		return [needed, cases.filter(one => !needed.includes(one))];
	}

	/**
	 * Until all are done, one has failed or the time is over. Returns those
	 * whose faults have not happened.
	 */
	async #runCases(cases, seconds, group = together) {
		const groups = group(cases);
		const missed = [];
		await Promise.all(Array.from({ length: AT_ONCE }, async () => {
			while (this.#failures.length === 0 && groups.length > 0 && this.#spent < seconds)
				missed.push(...await this.#runGroup(groups.shift()));
		}));
		return [...missed, ...groups.flat()];
	}

	async #runGroup(cases) {
		const { subject } = cases[0];
		try {
			const happened = await subject.run(cases.map(({ faults }) => faults));
			const count = happened.filter(Boolean).length;
			this.#done.set(subject.program, (this.#done.get(subject.program) ?? 0) + count);
			return cases.filter((_, i) => !happened[i]);
		} catch (error) {
			await this.#blame(cases, error);
			return [];
		}
	}

	/** Which of the cases that shared a folder was it? */
	async #blame(cases, error) {
		let guilty = cases;
		for (const one of cases.length > 1 ? cases : [])
			try {
				await one.subject.run([one.faults]);
			} catch (alone) {
				guilty = [one];
				error = alone;
				break;
			}
		const places = guilty.flatMap(({ faults }) => faults.map(fault =>
			`${faultText(fault)}: ${(fault.frames ?? []).join(' ')}`));
		this.#failures.push([error.stack, ...places,
			`again: FAULT_CASE='${guilty.map(caseText).join(' ')}' ` +
			`build/node/bin/node --test tests/fault/${this.file}`].join('\n'));
	}

	async #runGiven(subjects, text) {
		const cases = text.split(' ').map(one => {
			const [name, faults] = one.split('=');
			const subject = subjects.find(other => other.name === name);
			if (subject === undefined)
				throw new Error(`there is no subject ${name}`);
			return { subject, faults: faults.split(',').map(parseFault) };
		});
		const missed = await this.#runGroup(cases);
		if (missed.length > 0)
			throw new Error(`not reached: ${missed.map(caseText).join(' ')}`);
	}
}
