import { acknowledge } from '../api/alerts';
import type { Alert } from '../api/types';
import { shell } from '../words/shell';
import { Confirm } from './dialog';
import { Untrusted } from './untrusted';

/** The daemon keeps no longer one. */
const NOTE_LENGTH = 1024;

export function AcknowledgeDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
	return <Confirm title={shell.acknowledge.title} action={shell.acknowledge.done} onClose={onClose}
		onConfirm={form => acknowledge(alert.id, String(form.get('note')))}>
		<p><Untrusted text={alert.title} limit={500} /></p>
		<label>{shell.acknowledge.note}<textarea name="note" rows={3} maxLength={NOTE_LENGTH} /></label>
		<p class="muted">{shell.acknowledge.hint}</p>
	</Confirm>;
}
