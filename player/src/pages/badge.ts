// The badge of the watch page: how the stream is, as the server tells, and what the viewer sees of it. A picture that stands is not called live.

import { condition, type Stream } from './api.ts';
import { WATCH } from './words/watch.ts';

const START_MILLIS = 4000; // a first picture takes no longer where all is well

// What the player shows.
export interface Seen {
  state: string;
  paused: boolean; // also while it waits for a tap
}

export class Badge {
  #since = Infinity; // it tries to begin
  #began = false; // there was a picture

  // of says how a stream is; undefined where the server does not answer.
  of(at: number, stream: Stream | null | undefined, { state, paused }: Seen, words = WATCH.en): { text: string; live: boolean } {
    this.#since = state === 'connecting' && !paused ? Math.min(this.#since, at) : Infinity;
    this.#began ||= state === 'playing';
    if (state === 'uninvited' || state === 'refused') return { text: words.invited, live: false }; // what is live is so for others
    if (stream === undefined) return { text: words.reconnecting, live: false };
    if (stream?.state !== 'live' || !(state === 'connecting' || state === 'buffering')) return condition(stream);
    if (state === 'buffering') return { text: words.buffering, live: false };
    return this.#began || at - this.#since >= START_MILLIS ? { text: words.reconnecting, live: false } : condition(stream);
  }
}
