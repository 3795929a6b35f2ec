// The shapes of what the API answers, made from docs/openapi.yaml.

import type { components } from '#api';

type Schemas = components['schemas'];

export type Entry = Schemas['Entry'];
export type AuditPage = Schemas['AuditPage'];
export type Stats = Schemas['Stats'];
export type Histogram = Schemas['Histogram'];
export type HealthPage = Schemas['HealthPage'];
export type MetricsHistory = Schemas['MetricsHistory'];
export type AgentSession = Schemas['Session'];
export type Agent = Schemas['Agent'];
export type Alert = Schemas['Alert'];
export type Silence = Schemas['Silence'];
export type Integrity = Schemas['Integrity'];
export type Problem = Schemas['Problem'];
