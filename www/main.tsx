import { render } from 'preact';

import { UNREACHABLE, ApiError } from './api/client';
import { retryDelay } from './api/polled';
import { loadSession } from './api/session';
import { App } from './app';
import { followLinks } from './url';
import { shell } from './words/shell';

const RETRY_MS = 15_000;
const root = document.getElementById('app') as HTMLElement;

/** Until it is known who is signed in there is nothing to show. */
async function begin(failures = 0): Promise<void> {
	try {
		await loadSession();
		render(<App />, root);
	} catch (error) {
		const problem = error instanceof ApiError ? error : new ApiError(UNREACHABLE, String(error));
		const delay = retryDelay(failures + 1, RETRY_MS, problem);
		let timer = 0;
		const again = () => {
			clearTimeout(timer);
			void begin(failures + 1);
		};
		timer = setTimeout(again, delay);
		render(<div class="empty" role="alert">
			<h1>{shell.product}</h1>
			<p>{shell.unreachable(problem.message, Math.ceil(delay / 1000))}</p>
			<button type="button" onClick={again}>{shell.retry}</button>
		</div>, root);
	}
}

followLinks(root);
void begin();
