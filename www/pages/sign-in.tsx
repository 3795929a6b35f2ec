// Who is it? By name and password, or by a one-time link, whose secret stands
// behind the `#`: browsers send that to nobody.

import { useEffect, useRef, useState } from 'preact/hooks';

import { ApiError } from '../api/client';
import { session, signIn } from '../api/session';
import { Empty } from '../components/empty';
import { Mark } from '../components/sidebar';
import { useStore } from '../store';
import { useTitle } from '../title';
import { go, ownAddress, type Place } from '../url';
import { shell } from '../words/shell';
import { signIn as words } from '../words/sign-in';

function sentence(error: unknown): string {
	if (!(error instanceof ApiError))
		return String(error);
	if (error.status === 401)
		return words.wrong;
	if (error.status === 429)
		return words.tooMany(Math.ceil((error.retryAfterMs ?? 60_000) / 1000));
	return words.unreachable(error.message);
}

/** Used once, and taken out of the address and the history at once. */
function useLink(place: Place, next: string): 'none' | 'asking' | 'failed' {
	const [state, setState] = useState<'none' | 'asking' | 'failed'>('none');

	useEffect(() => {
		const link = place.fragment.slice(1);
		if (!link.startsWith('krx_link_'))
			return;
		go(location.pathname + location.search, { replace: true });
		setState('asking');
		signIn({ link }).then(() => go(next, { replace: true }), () => setState('failed'));
	}, [place, next]);
	return state;
}

function Form({ next, wasSignedIn }: { next: string; wasSignedIn: boolean }) {
	const [error, setError] = useState<string>();
	const [isBusy, setBusy] = useState(false);
	const password = useRef<HTMLInputElement>(null);

	async function submit(event: SubmitEvent) {
		event.preventDefault();
		const form = new FormData(event.currentTarget as HTMLFormElement);
		setBusy(true);
		setError(undefined);
		try {
			await signIn({ name: String(form.get('name')), password: String(form.get('password')) });
			go(next, { replace: true });
		} catch (failure) {
			setError(sentence(failure));
			setBusy(false);
			password.current?.select();
		}
	}
	return <form class="card sign-in-form" onSubmit={submit}>
		{wasSignedIn && <p class="muted">{words.again}</p>}
		<label class="field">{words.name}
			<input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
		</label>
		<label class="field">{words.password}
			<input name="password" type="password" autocomplete="current-password" required ref={password} />
		</label>
		<p role="alert" class="form-error">{error}</p>
		<button type="submit" class="primary" disabled={isBusy}>{words.submit}</button>
	</form>;
}

export default function SignIn({ place }: { place: Place }) {
	const next = ownAddress(place.query.get('next'), '/health');
	const link = useLink(place, next);
	const who = useStore(session);

	useTitle(words.title);
	useEffect(() => {
		if (who != null && !place.fragment.startsWith('#krx_link_'))
			go(next, { replace: true });
	}, [who, place, next]);
	return <div class="sign-in">
		<h1 class="brand"><Mark />{shell.product}</h1>
		{link === 'asking' ? <p class="muted" aria-busy="true">{words.byLink}</p> : <>
			<Form next={next} wasSignedIn={place.query.has('next')} />
			<Empty title={link === 'failed' ? words.linkFailed : words.noAccount} command={words.command} />
		</>}
	</div>;
}
