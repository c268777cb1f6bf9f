// The page that is shown where there is none: what is wrong with the address, and the way to what is live.

import { speak } from './language.ts';
import { MISSING } from './words/missing.ts';

document.title = `${speak(MISSING).title} · Shoal`;
