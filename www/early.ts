// Before the first paint: the theme that was chosen, so that no page flashes.

import { applyTheme } from './theme';

applyTheme();
