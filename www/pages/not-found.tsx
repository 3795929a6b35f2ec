import { useTitle } from '../title';
import { shell } from '../words/shell';

export default function NotFound() {
	useTitle(shell.notFound.title);
	return <div class="empty">
		<h1>{shell.notFound.title}</h1>
		<p>{shell.notFound.text}</p>
		<a class="button" href="/health">{shell.notFound.back}</a>
	</div>;
}
