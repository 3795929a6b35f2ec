/** One of few: all are seen, one is pressed. */
export function Segments<T extends string>({ label, choices, chosen, onChoose }:
	{ label: string; choices: Readonly<Record<T, string>>; chosen: T; onChoose: (choice: T) => void }) {
	return <div class="segments" role="group" aria-label={label}>
		{(Object.keys(choices) as T[]).map(choice => <button type="button" key={choice}
			aria-pressed={choice === chosen} onClick={() => onChoose(choice)}>{choices[choice]}</button>)}
	</div>;
}
