// Whether this viewer shares with others: of what the page wants, what the viewer has said, and what stands in the way. Who is asked would not be asked in
// vain, and who waits for something is told for what.

import type { Attached } from './attach.ts';
import { type Answer, misread, type Mode, readMode, remember, remembered, settled } from './consent.ts';
import { Pending, type Wait } from './pending.ts';
import type { Stats } from './stats.ts';

// What the viewer may decide on, and is asked.
export interface Shares {
  may: boolean; // not where the page has decided, or there is nothing to share or nothing to share it by
  mode: Mode;
  asks: boolean; // it is known by now that nothing stands in the way
}

export interface SharingWorld {
  wish(): string | null; // of the page: a Mode, if it is well written
  swarm(): Attached | null; // that is played by
  vod(): boolean; // a recording, of which there is no swarm
}

export class Sharing {
  readonly #world: SharingWorld;
  readonly #pending = new Pending();
  #answer: Answer | null = null;

  constructor(world: SharingWorld) {
    this.#world = world;
  }

  // mode is what the page wants and the viewer has said.
  get mode(): Mode {
    return settled(readMode(this.#world.wish()), this.#answer ?? remembered());
  }

  // wait is what the swarm waits for, where that takes long.
  get wait(): Wait {
    return this.#pending.wait;
  }

  // heed does as the page says now.
  heed(): void {
    const what = misread(this.#world.wish());
    if (what !== null) console.warn(what);
    this.#world.swarm()?.share(this.mode);
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
    const shares = this.#shares(playing);
    const { may, mode, asks } = shares;
    this.#pending.note(now, stats.p2p, !may || stats.refusal !== '' ? null : asks ? 'asked' : mode === 'off' ? 'no' : null); // whom nothing can be asked of is told why
    return shares;
  }

  #shares(playing: boolean): Shares {
    const prospect = this.#world.swarm()?.prospect;
    if (!prospect || this.#world.vod() || readMode(this.#world.wish()) === 'off') return { may: false, mode: 'off', asks: false };
    const { mode } = this;
    const asks = mode === 'ask' && playing && prospect.look() === null;
    const may = prospect.known === null;
    return { may, mode: may ? mode : 'off', asks };
  }
}
