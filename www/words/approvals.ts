import { formatNumber } from '../format';
import { GAP } from './shell';

export const approvals = {
	title: 'Approvals',
	open: 'Waiting',
	decided: 'Decided',
	more: (count: number) => `and ${formatNumber(count)} more, which have not waited as long`,
	by: { agent: 'agent ', user: 'user ' },
	asked: `asked ${GAP} ago`,
	session: 'Session',
	entry: 'Entry',
	request: 'What is asked for',
	noRequest: 'The request is empty, or was erased.',
	inexact: 'Numbers in it are too large for a browser; the entry has all their digits.',
	elsewhere: {
		title: 'Waiting elsewhere',
		text: 'These are decided where they were asked for: by the agent’s own user, or at another gateway.',
	},
	unknown: 'The daemon does not answer, so nothing can be decided now.',
	actions: { accept: 'Accept', reject: 'Reject' },
	label: (action: string, capability: string, name: string) => `${action}: ${capability}, asked by ${name}`,
	ask: {
		accept: {
			title: 'Accept this call?', action: 'Accept the call', dismiss: 'Leave it open', reason: 'Reason (optional)',
			text: 'The agent may do exactly this, once, when it makes the call again. It is recorded, in your name.',
		},
		reject: {
			title: 'Reject this call?', action: 'Reject the call', dismiss: 'Leave it open', reason: 'Reason',
			text: 'It is not done, and the agent is told why. It is recorded, in your name.',
		},
	},
	fates: {
		accepted: 'Accepted', unused: 'Accepted, not done yet', rejected: 'Rejected', expired: 'Expired',
		ended: 'Decided elsewhere',
	},
	decidedBy: (name: string) => `by ${name}`,
	nobody: 'by nobody',
	waited: (span: string) => `waited ${span}`,
	decisionEntry: 'Decision',
	showMore: 'Show more',
	all: 'All decisions in the audit log',
	empty: {
		title: 'Nothing waits for a person’s word.',
		text: '[policy] in kruxos.conf says what has to; and this, why a call would:',
		command: 'kruxos policy explain AGENT CAPABILITY',
	},
	noneDecided: 'Nothing was decided yet.',
};
