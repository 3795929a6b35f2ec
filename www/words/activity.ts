import { formatNumber } from '../format';

export const activity = {
	title: 'Activity',
	list: 'Entries, the newest first',
	states: { connecting: 'Connecting', live: 'Live', paused: 'Paused', disconnected: 'Disconnected' },
	/** What a click on the state does. */
	does: { connecting: 'pause', live: 'pause', paused: 'resume', disconnected: 'connect again' },
	dropped: 'The live stream has dropped. What happens meanwhile is recorded, and is shown when it is back. Connecting again …',
	connect: 'Connect now',
	filters: 'Filters',
	substring: 'Text',
	substringHint: 'narrows what is shown',
	agent: 'Agent',
	allAgents: 'All agents',
	status: 'Status',
	allStatuses: 'All statuses',
	capability: 'Capability',
	capabilityExample: 'shell.exec',
	clear: 'Clear filters',
	news: (count: number) => `${formatNumber(count)} new`,
	gap: (skipped: number | null) => skipped === null ? 'Some entries are not shown here'
		: skipped === 1 ? '1 entry is not shown here' : `${formatNumber(skipped)} entries are not shown here`,
	gapRange: (from: number, to: number) => ` (#${from} to #${to}): there were too many to catch up. `,
	gapLink: 'Look in Audit',
	empty: 'Nothing has happened yet',
	emptyText: 'What agents do appears here as they do it. Record a first entry:',
	emptyCommand: 'echo \'{"actor_type":"agent","agent_name":"me","capability":"shell.exec","status":"success"}\' | kruxos ingest',
	noMatch: 'Nothing matches these filters',
	noMatchText: 'What matches appears here as it happens.',
	noneShown: (count: number) => `None of the ${formatNumber(count)} entries shown has this text`,
	searchAll: 'Search the whole log',
};
