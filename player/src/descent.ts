// What becomes of a viewer whose link has become too narrow for what is played: that is found out, what is buffered is stretched meanwhile, what something
// smaller takes is got ready, and hls.js goes over to it.

import type Hls from 'hls.js';
import type { Adaptation } from './adaptation.ts';
import { Awaited } from './awaited.ts';
import { Beforehand } from './beforehand.ts';
import { Crossing } from './crossing.ts';
import type { Taken, Wanted } from './loader.ts';
import type { Pace } from './pace.ts';
import type { Followed } from './playlist.ts';
import type { Session } from './session.ts';
import { Strain } from './strain.ts';
import { Stretch } from './stretch.ts';

export interface DescentWorld {
  session(): Session | null;
  buffered(): number; // seconds of media before the playhead
  target(): number; // seconds behind live at which it plays
}

const gone = (): Promise<never> => Promise.reject(new Error('descent: no session'));

export class Descent {
  readonly #session: () => Session | null;
  readonly #awaited: Awaited;
  readonly #strain: Strain;
  readonly #stretch: Stretch;
  readonly #beforehand: Beforehand;
  readonly #crossing: Crossing;

  constructor(hls: Hls, pace: Pace, adaptation: Adaptation, world: DescentWorld) {
    const { session, buffered, target } = world;
    this.#session = session;
    this.#awaited = new Awaited(hls);
    this.#strain = new Strain(hls, this.#awaited, {
      buffered, target,
      arriving: (millis) => 8000 * (session()?.downlink.arriving(millis) ?? 0),
      calm: () => session()?.downlink.calm ?? true,
      hears: async (url) => (await session()?.downlink.hears(url)) ?? true,
      comes: () => session()?.downlink.comes(),
      hangs: () => session()?.downlink.hangs ?? false,
      linked: () => (session()?.traffic.peers ?? 0) > 0,
      waiting: () => session()?.downlink.waiting ?? 0,
      carried: async () => (await session()?.downlink.carried().catch(() => undefined)) ?? new Map(),
      doubts: (loading, bits) => {
        if (adaptation.below(loading)) this.#beforehand.get(adaptation.lower(loading, bits));
      },
      narrow: (loading, bits) => session()?.downlink.narrow(bits / 8000, adaptation.below(loading) ? () => adaptation.fall(loading, bits) : null),
    });
    this.#stretch = new Stretch(hls, pace, { buffered, target, late: () => this.#awaited.millis, pressed: () => this.#strain.pressed });
    this.#beforehand = new Beforehand({
      playlist: (url, signal) => session()?.ask(url, signal) ?? gone(),
      bring: (url, signal) => session()?.bring(url, signal) ?? gone(),
      read: (url, text) => session()?.playlist(url, text),
    });
    this.#crossing = new Crossing(hls, {
      buffered,
      bring: (url, signal) => session()?.downlink.rests?.then(() => session()?.bring(url, signal) ?? gone()) ?? session()?.bring(url, signal) ?? null,
    });
  }

  // Seconds that were played more slowly.
  get slowedSeconds(): number {
    return this.#stretch.slowedSeconds;
  }

  // follow is a playlist that was got ready, or rejects once the link has room for the edge's answer; null: there is room.
  follow(url: string): Promise<Followed> | null {
    return this.#beforehand.take(url, this.#rests) ?? this.#crossing.past();
  }

  // take is the same of media.
  take(wanted: Wanted): Promise<Taken> | null {
    return this.#beforehand.takeInit(wanted.url, this.#rests) ?? this.#crossing.take(wanted) ?? this.#session()?.downlink.carries() ?? null;
  }

  close(): void {
    this.#strain.close();
    this.#stretch.close();
    this.#awaited.close();
    this.#crossing.close();
    this.#beforehand.close();
  }

  get #rests(): Promise<void> | null {
    return this.#session()?.downlink.rests ?? null;
  }
}
