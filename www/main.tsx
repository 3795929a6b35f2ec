import { render, type VNode } from 'preact';

import { UNREACHABLE, ApiError } from './api/client';
import { retryDelay } from './api/polled';
import { loadSession } from './api/session';
import { App } from './app';
import { followLinks } from './url';
import { shell } from './words/shell';

const RETRY_MS = 15_000;
const root = document.getElementById('app') as HTMLElement;

/** In place of what index.html shows until a script runs. */
function show(page: VNode): void {
	root.querySelector('.begin')?.remove();
	render(page, root);
}

/** Until it is known who is signed in there is nothing to show. */
async function begin(failures = 0): Promise<void> {
	try {
		await loadSession();
		show(<App />);
	} catch (error) {
		const problem = error instanceof ApiError ? error : new ApiError(UNREACHABLE, String(error));
		const delay = retryDelay(failures + 1, RETRY_MS, problem);
		let timer = 0;
		const again = () => {
			clearTimeout(timer);
			void begin(failures + 1);
		};
		timer = setTimeout(again, delay);
		show(<div class="empty" role="alert">
			<h1>{shell.product}</h1>
			<p>{shell.unreachable(problem.message, Math.ceil(delay / 1000))}</p>
			<button type="button" onClick={again}>{shell.retry}</button>
		</div>);
	}
}

followLinks(root);
void begin();
