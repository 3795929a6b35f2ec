import { erase } from '../api/audit';
import { session } from '../api/session';
import type { Entry } from '../api/types';
import { useStore } from '../store';
import { entryPage } from '../words/entry-page';
import { Confirm } from './dialog';

const words = entryPage.erase;

/** The daemon keeps no longer one. */
const REASON_LENGTH = 1024;

export function EraseDialog({ entry, onErased, onClose }: { entry: Entry; onErased: () => void; onClose: () => void }) {
	const who = useStore(session);

	return <Confirm title={words.dialog(entry.seq)} action={words.done} isDangerous onClose={onClose}
		onConfirm={async form => {
			await erase(entry.seq, String(form.get('reason')), String(form.get('password')));
			onErased();
		}}>
		<p>{words.goes}</p>
		<p>{words.stays}</p>
		<p class="muted">{words.copies}</p>
		<label>{words.reason}<textarea name="reason" rows={2} maxLength={REASON_LENGTH} required /></label>
		<input name="name" autocomplete="username" value={who?.name ?? ''} readOnly hidden />
		<label>{words.password}<input name="password" type="password" autocomplete="current-password" required /></label>
	</Confirm>;
}
