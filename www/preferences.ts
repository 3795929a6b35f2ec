// What a user may choose of how everything looks: the theme, the zone of times.

import { recall, remember } from './recall';
import { Store } from './store';
import { applyTheme, chosenTheme, THEME_KEY, type Theme } from './theme';

export type Zone = 'utc' | 'local';

export const theme = new Store<Theme>(chosenTheme());
export const zone = new Store<Zone>(recall('zone') === 'local' ? 'local' : 'utc');

theme.watch(chosen => {
	remember(THEME_KEY, chosen);
	applyTheme(chosen);
});
zone.watch(chosen => remember('zone', chosen));

/** "UTC", or the browser's own zone: "Europe/Berlin". */
export function zoneName(chosen: Zone): string {
	return chosen === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}
