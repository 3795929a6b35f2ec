// The shapes of what the API answers, made from docs/openapi.yaml.

import type { components } from '#api';

type Schemas = components['schemas'];

/** What a request holds: any JSON. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

// The generator leaves out what stands beside a `$ref`.
export type Entry = Omit<Schemas['Fields'], 'request'> &
	{ log_file: string; request?: { [key: string]: Value } };
export type AuditPage = Omit<Schemas['AuditPage'], 'entries'> & { entries: Entry[] };
export type Stats = Schemas['Stats'];
export type Histogram = Schemas['Histogram'];
export type HealthPage = Schemas['HealthPage'];
export type MetricsHistory = Schemas['MetricsHistory'];
export type AgentSession = Schemas['Session'];
export type Agent = Schemas['Agent'];
export type Alert = Schemas['Alert'];
export type AlertWithHistory = Schemas['AlertWithHistory'];
export type Silence = Schemas['Silence'];
export type Approval = Schemas['Approval'];
export type ProxyStatus = Schemas['ProxyStatus'];
export type ProxyError = Schemas['ProxyError'];
export type ProxyService = Schemas['ProxyService'];
export type ProxyWrite = Schemas['ProxyWrite'];
export type SignedIn = Schemas['SignedIn'];
export type Integrity = Schemas['Integrity'];
export type Problem = Schemas['Problem'];
