// What others make of the same entries and questions, beside ours.

import { chapter, ratioAtLeast, ratioAtMost, report } from './table.js';

export function reportIngest(peer, ours, theirs) {
	chapter('peers');
	report(`entries in log and index, beside ${peer}`, ours, '/s', {
		peer: { name: peer, value: theirs }, target: ratioAtLeast(1),
	});
}

export function reportAnswers(peer, question, answer) {
	chapter('peers');
	report(`${question.question}, beside ${peer}`, question.p50_us, 'us', {
		peer: { name: peer, value: answer.p50_us }, target: ratioAtMost(1),
	});
	report(`${question.question}, beside ${peer}: p99`, question.p99_us, 'us', {
		peer: { name: peer, value: answer.p99_us }, target: ratioAtMost(1),
	});
}
