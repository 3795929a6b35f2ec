import { shell } from '../words/shell';

export type Tier = keyof typeof shell.tiers;
export type Severity = keyof typeof shell.severities;

/** The policy tier under which a call ran. */
export function TierChip({ tier }: { tier: Tier }) {
	return <span class={`chip tier-${tier}`}>{shell.tiers[tier]}</span>;
}

export function SeverityChip({ severity }: { severity: Severity }) {
	return <span class={`chip severity-${severity}`}>{shell.severities[severity]}</span>;
}
