// What went wrong, where it went wrong, with the way to try again.

import type { ApiError } from '../api/client';
import { shell } from '../words/shell';

interface Properties {
	error: ApiError;
	/** In place of the plain sentence. */
	sentence?: string;
	onRetry: () => void;
	action?: string;
}

export function Failure({ error, sentence, onRetry, action = shell.retry }: Properties) {
	return <div class="notice notice-bad" role="alert">
		<p>{sentence ?? shell.failed(error.message)}</p>
		<button type="button" onClick={onRetry}>{action}</button>
	</div>;
}
