// What a page is told by events of the element: shoal:state, shoal:peer, shoal:fallback when something changes, shoal:stats each second.
// They bubble, so that one listener serves all players of a page. A swarm without an element tells the same, but for the state.

import type { PlayerEvents } from './events.ts';
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

  // stand tells of another state.
  stand(state: string): void {
    if (state !== this.#state) this.#tell('shoal:state', { state });
    this.#state = state;
  }

  // note looks at how things are now.
  note(now: number, stats: Stats): void {
    const { peers, p2p, refusal } = stats;
    if (peers !== this.#peers) this.#tell('shoal:peer', { peers });
    if (this.#p2p === 'on' && p2p !== 'on') this.#tell('shoal:fallback', { p2p, refusal });
    this.#peers = peers;
    this.#p2p = p2p;
    if (now - this.#statsAt < STATS_MILLIS) return;
    this.#statsAt = now;
    this.#tell('shoal:stats', stats);
  }

  #tell<Name extends keyof PlayerEvents>(name: Name, detail: PlayerEvents[Name]): void {
    this.#target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
