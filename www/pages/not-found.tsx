import { Empty } from '../components/empty';
import { useTitle } from '../title';
import { shell } from '../words/shell';

export default function NotFound() {
	useTitle(shell.notFound.title);
	return <Empty title={shell.notFound.title}>
		<p>{shell.notFound.text}</p>
		<a class="button" href="/health">{shell.notFound.back}</a>
	</Empty>;
}
