// Light or dark: as the system prefers, or as was chosen here.

import { recall } from './recall';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';

export function chosenTheme(): Theme {
	const theme = recall(KEY);
	return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/** Make the document look as was chosen. */
export function applyTheme(theme = chosenTheme()): void {
	if (theme === 'system')
		delete document.documentElement.dataset['theme'];
	else
		document.documentElement.dataset['theme'] = theme;
}

export const THEME_KEY = KEY;
