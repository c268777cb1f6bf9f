// Whether this viewer shares with others: of what the page wants, what the viewer has said, and what stands in the way. Who is asked would not be asked in
// vain, and who waits for something is told for what.

import type { Attached } from './attach.ts';
import { type Answer, misread, type Mode, readMode, remember, remembered, settled } from './consent.ts';
import { Pending, type Wait } from './pending.ts';
import type { Stats } from './stats.ts';
import { misreadLimit, readLimit, rememberedTerms, rememberTerms, type Terms } from './terms.ts';

// What the viewer may decide on, and is asked.
export interface Shares {
  may: boolean; // not where the page has decided, or there is nothing to share or nothing to share it by
  mode: Mode;
  asks: boolean; // it is known by now that nothing stands in the way
  terms: Terms; // as they hold: the stricter of the viewer's and the page's
  bound: number; // the page's own limit, kbit/s
  relayed: boolean; // a yes is one to relays alone
}

export interface SharingWorld {
  wish(): string | null; // of the page, if it is well written
  limit(): string | null; // likewise: the most of the uplink, kbit/s
  swarm(): Attached | null; // that is played by
  vod(): boolean; // a recording, of which there is no swarm
}

export class Sharing {
  readonly #world: SharingWorld;
  readonly #pending = new Pending();
  #answer: Answer | null = null;
  #terms: Terms | null = null; // of the viewer, where the browser does not keep them
  #told = ''; // to the swarm, of both

  constructor(world: SharingWorld) {
    this.#world = world;
  }

  // mode is what the page wants and the viewer has said.
  get mode(): Mode {
    return settled(readMode(this.#world.wish()), this.#answer ?? remembered(), this.terms.relayed);
  }

  // terms are those of the viewer.
  get terms(): Terms {
    return this.#terms ?? rememberedTerms();
  }

  // most of the uplink is lent, kbit/s: as little as one of the page and the viewer wants.
  get most(): number {
    return Math.min(readLimit(this.#world.limit()), this.terms.most);
  }

  // wait is what the swarm waits for, where that takes long.
  get wait(): Wait {
    return this.#pending.wait;
  }

  // heed does as the page says now.
  heed(): void {
    for (const what of [misread(this.#world.wish()), misreadLimit(this.#world.limit())]) if (what !== null) console.warn(what);
    this.#world.swarm()?.share(this.mode);
    this.#lend();
  }

  // agree: the viewer has other terms, in what is given. What the page says besides is not made his.
  agree(other: Partial<Terms>): void {
    const terms = { ...this.terms, ...other };
    this.#terms = rememberTerms(terms) ? null : terms;
    this.#lend();
  }

  // answer is what the viewer says.
  answer(answer: Answer): void {
    remember(answer);
    this.hear(answer);
  }

  // hear is what the viewer has said, here or in another page; null: nothing any more.
  hear(answer: Answer | null): void {
    this.#answer = answer;
    this.#world.swarm()?.share(this.mode);
  }

  // look tells how things stand. Nobody is asked before it plays.
  look(now: number, stats: Stats, playing: boolean): Shares {
    this.#lend();
    const shares = this.#shares(playing);
    const { may, mode, asks } = shares;
    this.#pending.note(now, stats.p2p, this.#world.swarm()?.delay ?? null, !may || stats.refusal !== '' ? null : asks ? 'asked' : mode === 'off' ? 'no' : null); // whom nothing can be asked of is told why
    return shares;
  }

  // lend holds the swarm to the terms, wherever they were changed.
  #lend(): void {
    const terms = `${this.most} ${this.terms.relayed}`;
    if (terms === this.#told) return;
    const first = this.#told === '';
    this.#told = terms;
    if (first) return; // it begins with them
    this.#world.swarm()?.lend();
    this.#world.swarm()?.share(this.mode);
  }

  #shares(playing: boolean): Shares {
    const terms = { ...this.terms, most: this.most };
    const wish = readMode(this.#world.wish());
    const said = { terms, bound: readLimit(this.#world.limit()), relayed: settled(wish, 'yes', terms.relayed) === 'relay-only' };
    const prospect = this.#world.swarm()?.prospect;
    if (!prospect || this.#world.vod() || wish === 'off') return { may: false, mode: 'off', asks: false, ...said };
    const { mode } = this;
    const asks = mode === 'ask' && playing && prospect.look() === null;
    const may = prospect.known === null;
    return { may, mode: may ? mode : 'off', asks, ...said };
  }
}
