// What a page is told by events of the element: shoal:state, shoal:peer, shoal:fallback when something changes, shoal:stats each second.
// They bubble, so that one listener serves all players of a page.

import type { Stats } from './stats.ts';

const STATS_MILLIS = 1000;

export class Tidings {
  readonly #target: EventTarget;
  #state = '';
  #peers = 0;
  #p2p: Stats['p2p'] = 'off';
  #statsAt = -Infinity;

  constructor(target: EventTarget) {
    this.#target = target;
  }

  // note looks at how things are now.
  note(now: number, state: string, stats: Stats): void {
    if (state !== this.#state) this.#tell('state', { state });
    this.#state = state;
    const { peers, p2p, refusal } = stats;
    if (peers !== this.#peers) this.#tell('peer', { peers });
    if (this.#p2p === 'on' && p2p !== 'on') this.#tell('fallback', { p2p, refusal });
    this.#peers = peers;
    this.#p2p = p2p;
    if (now - this.#statsAt < STATS_MILLIS) return;
    this.#statsAt = now;
    this.#tell('stats', stats);
  }

  #tell(name: string, detail: object): void {
    this.#target.dispatchEvent(new CustomEvent(`shoal:${name}`, { detail, bubbles: true, composed: true }));
  }
}
