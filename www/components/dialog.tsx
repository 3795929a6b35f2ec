// The browser's own dialog: it keeps the focus, closes by Escape, and gives the
// focus back.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { shell } from '../words/shell';

interface Properties {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: Properties) {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();

	useEffect(() => {
		const element = dialog.current;
		const opener = document.activeElement;
		element?.showModal();
		return () => {
			element?.close();
			// Taken out of the page before it is closed, it gives nothing back.
			if (opener instanceof HTMLElement)
				opener.focus();
		};
	}, []);
	return <dialog ref={dialog} class="dialog" aria-labelledby={id} onClose={onClose}>
		<header>
			<h2 id={id}>{title}</h2>
			<button type="button" class="plain" aria-label={shell.close} onClick={onClose}>✕</button>
		</header>
		{children}
	</dialog>;
}

interface Asking {
	title: string;
	/** What the button that does it says. */
	action: string;
	/** What the one says that does nothing. */
	dismiss?: string;
	isDangerous?: boolean;
	/** Does it; what it rejects with is shown, and the dialog stays. */
	onConfirm: (form: FormData) => Promise<void>;
	onClose: () => void;
	/** What happens then, and the fields that are needed for it. */
	children: ComponentChildren;
}

/** A question before a change; nothing is done without its answer. */
export function Confirm({ title, action, dismiss = shell.cancel, isDangerous, onConfirm, onClose, children }: Asking) {
	const [error, setError] = useState<string>();
	const [isBusy, setBusy] = useState(false);

	async function submit(event: SubmitEvent) {
		event.preventDefault();
		setBusy(true);
		setError(undefined);
		try {
			await onConfirm(new FormData(event.currentTarget as HTMLFormElement));
			onClose();
		} catch (failure) {
			setError(failure instanceof Error ? failure.message : String(failure));
			setBusy(false);
		}
	}
	return <Dialog title={title} onClose={onClose}>
		<form onSubmit={submit}>
			{children}
			<p role="alert" class="form-error">{error !== undefined && shell.failed(error)}</p>
			<footer>
				<button type="button" onClick={onClose}>{dismiss}</button>
				<button type="submit" class={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>{action}</button>
			</footer>
		</form>
	</Dialog>;
}
