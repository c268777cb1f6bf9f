// When a viewer's link has become too narrow for what is played with the swarm. Peers go on sending at the pace of the media then; what comes of it is late, is
// asked of the edge as well, by the same link, and so comes later still: it does not end by itself.
//
// Five signs together tell it apart from all else. What hls.js waits for is late, and the buffer runs low; a stream that is not made is not waited
// for. All that came lately, from peers and the edge, is less than what is played takes: where peers are slow and the edge is not, that makes up for
// it. What the peers send waits on its way, that of most of them, or comes to nothing whole: a slow edge, or one peer's uplink, keeps nothing of theirs
// waiting. And so does what the edge says: it is asked for a word, which comes at once where the link has room. And timers are on time: on a machine that is
// too busy all of that is late. The edge is asked while the others are still looked at, since there is about a second for all.

import type Hls from 'hls.js';
import type { Awaited, Loading } from './awaited.ts';
import { type Carried, standing } from './carried.ts';

export interface StrainEvents {
  buffered(): number; // seconds of media before the playhead
  target(): number; // seconds behind live at which it plays
  arriving(millis: number): number; // bits of media a second that came in so many, from peers and the edge
  calm(): boolean; // timers are on time: else all is late for the machine
  hears(url: string): Promise<boolean>; // whether the edge's answer to a question comes at once
  comes(): void; // something of what hls.js loads by itself: a sign of life of the edge
  hangs(): boolean; // the edge gives no sign of life: then it is no sign of the link that it is not heard
  carried(): Promise<ReadonlyMap<number, Carried>>; // by peers, so far
  linked(): boolean; // to a peer
  waiting(): number; // milliseconds that what peers send waits on its way; 0 while there is no peer
  doubts(loading: Loading, bits: number): void; // it may be that the link carries no more than that, a second
  narrow(loading: Loading, bits: number): void; // it carries no more than that
}

const LOOK = 100; // milliseconds
const LATE = 200; // milliseconds that hls.js waits for a part
const LATER = 400; // the same, after which less of what came before counts: that may have been a key frame
const LATELY = 1000; // milliseconds, in which what came counts
const JUST = 500; // the same, later
const FALLING = 0.75; // of how far behind live is played, in the buffer: less than there is where parts come in time
const LOW = 0.65; // the same, when it is told
const SHORT = 0.9; // of what is played
const STILL = 0.25; // of what is played: less comes by no link that is in use
const FULL = 100; // milliseconds that what peers send waits. At uplinks that are full it is more, and the edge is heard all the same
const PAUSE = 3000; // milliseconds: what comes so soon after it was told says nothing more
const AGAIN = 150; // milliseconds after which the edge, which answered at once, is asked again; then after twice as long, and so on
const LEAST_OFTEN = 1200; // milliseconds
const KEPT = 1000; // milliseconds for which it counts that the edge did not answer at once
const TIMES = 2; // in a row that it does not: one moment of a machine that has much to do is no narrow link

export class Strain {
  readonly #hls: Hls;
  readonly #awaited: Awaited;
  readonly #events: StrainEvents;
  readonly #timer: ReturnType<typeof setInterval>;
  #told = -Infinity;
  #asked = -Infinity;
  #asking = false;
  #closed = false;
  #heard = 0; // times in a row
  #loaded = 0; // bytes of what hls.js loads, at the last look
  #unheard = 0; // times in a row
  #unheardAt = -Infinity;
  #then: { at: number; carried: ReadonlyMap<number, Carried> } | null = null; // when the edge was not heard for the first time

  constructor(hls: Hls, awaited: Awaited, events: StrainEvents) {
    this.#hls = hls;
    this.#awaited = awaited;
    this.#events = events;
    this.#timer = setInterval(() => void this.#look(), LOOK);
  }

  // pressed: it looks as if the link had become too narrow, or has just turned out to have.
  get pressed(): boolean {
    const now = performance.now();
    return (this.#unheard > 0 && now - this.#unheardAt < KEPT) || now - this.#told < PAUSE;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closed = true;
  }

  async #look(): Promise<void> {
    const now = performance.now();
    this.#hear();
    if (this.#asking || now - this.#told < PAUSE || now - this.#asked < Math.min(LEAST_OFTEN, AGAIN * 2 ** Math.max(0, this.#heard - 1))) return;
    if (now - this.#unheardAt > KEPT) this.#unheard = 0;
    const late = this.#short();
    if (!late) return;
    this.#asking = true;
    const held = await this.#ask((late.part ?? late.frag).url).catch(() => false);
    this.#asking = false;
    if (this.#closed) return;
    if (this.#unheard > 0 && this.#unheard < TIMES) {
      this.#events.doubts(late, this.#arriving(late));
      void this.#look();
    }
    if (!held) return;
    const { loading } = this.#awaited;
    if (this.#unheard < TIMES || !loading || !this.#events.calm() || this.#hung(loading) || this.#events.buffered() >= LOW * this.#events.target()) return;
    this.#unheard = 0;
    this.#told = performance.now();
    this.#events.narrow(loading, this.#arriving(loading));
  }

  // hear notes that something of what hls.js loads by itself is coming.
  #hear(): void {
    const { loading } = this.#awaited;
    const stats = loading && (loading.part ?? loading.frag).stats;
    const loaded = stats && stats.loading.end === 0 ? stats.loaded : 0;
    if (loaded > this.#loaded) this.#events.comes();
    this.#loaded = loaded;
  }

  // hung tells whether the edge gives no sign of life, and next to nothing comes of peers either: a narrow link is full.
  #hung(loading: Loading): boolean {
    return this.#events.hangs() && this.#arriving(loading) < STILL * this.#played(loading);
  }

  // ask asks the edge, and tells whether what peers send waits as well.
  async #ask(url: string): Promise<boolean> {
    const hears = await this.#events.hears(url);
    this.#unheard = hears ? 0 : this.#unheard + 1;
    this.#heard = hears ? this.#heard + 1 : 0;
    if (hears) this.#asked = performance.now();
    else this.#unheardAt = performance.now();
    return this.#held();
  }

  // held tells whether what peers send waits on its way. Where it comes to nothing whole for long, that is seen by what comes of it since the edge
  // was not heard for the first time.
  async #held(): Promise<boolean> {
    if (this.#unheard <= 1) this.#then = null;
    if (this.#unheard === 0) return false;
    if (this.#events.waiting() >= FULL) return true;
    const then = this.#then;
    const now = { at: performance.now(), carried: await this.#events.carried() };
    this.#then = then ?? now;
    return then !== null && standing(then.carried, now.carried, now.at - then.at);
  }

  // arriving is in bits a second, with what hls.js itself is loading, of which nobody else knows before all of it is there.
  #arriving({ frag, part }: Loading): number {
    const { loaded, loading } = (part ?? frag).stats;
    const own = loaded > 0 && loading.first > 0 ? (8000 * loaded) / Math.max(1000, performance.now() - loading.first) : 0;
    return this.#events.arriving(this.#awaited.millis < LATER ? LATELY : JUST) + own;
  }

  // played is in bits a second; 0 where that is not known.
  #played({ frag }: Loading): number {
    const level = this.#hls.levels[frag.level];
    return level ? level.averageBitrate || level.maxBitrate : 0;
  }

  // short returns what is late, if too little comes, to a viewer in a swarm: without one hls.js sees all that comes by itself. Where the edge was not heard a moment ago, something that has come meanwhile changes nothing.
  #short(): Loading | null {
    const { loading, millis } = this.#awaited;
    if (!loading || (millis < LATE && this.#unheard === 0)) {
      this.#heard = 0;
      return null;
    }
    if (!this.#events.linked() || this.#events.buffered() >= FALLING * this.#events.target()) return null;
    if (this.#arriving(loading) >= SHORT * this.#played(loading)) return null;
    return this.#events.calm() ? loading : null;
  }
}
