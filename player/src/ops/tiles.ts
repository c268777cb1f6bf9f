// The tiles at the top of the operator's page. One that has no value says why, in the place of what it says of a value.

import { find } from '../pages/api.ts';
import type { Crowd } from '../pages/crowd.ts';
import { figures } from '../pages/words/figures.ts';
import type { View } from './desk.ts';

// tile shows a value; '': there is none, and why.
export function tile(selector: string, value: string, why: string): void {
  const strong = find(selector);
  strong.textContent = value || '–';
  for (const line of strong.parentElement?.querySelectorAll<HTMLElement>('p:not([id])') ?? []) {
    const reason = line.classList.contains('why');
    if (reason) line.textContent = value ? '' : why;
    line.hidden = reason ? line.textContent === '' : value === '';
  }
}

// whyNot is why there is no figure of those in a swarm; here is who watches at all, null where that is not known.
export function whyNot(view: Pick<View, 'partly' | 'swarms'>, here: Crowd | null): string {
  const words = figures();
  if (view.partly) return words.silentTracker;
  if ([...view.swarms.values()].some(({ viewers }) => viewers > 0)) return words.notTold;
  if (!here || here.inside > 0) return words.nobodyTells; // who is in a swarm is there though its figures are not told here, as on a public address
  return here.all === 0 ? words.nobodyWatches : words.nobodyShares;
}
