// Stretching what is buffered where what comes next is late: played more slowly, in steps, it lasts until that is there, or until something smaller is.
// Sound keeps its pitch. It is undone as soon as there is enough again, and hls.js then comes near live again by playing a little faster.
//
// It does so for nothing else, and live only. What is waited for is listed, so a stream that ends is played to its end at its own speed; and a buffer that was
// never filled, as at the beginning, is no matter.

import type Hls from 'hls.js';
import type { Pace } from './pace.ts';

export interface StretchEvents {
  buffered(): number; // seconds of media before the playhead
  target(): number; // seconds behind live at which it plays
  late(): number; // milliseconds for which hls.js waits for what it loads; 0: for nothing
  pressed(): boolean; // the link is too narrow, or seems to be
}

const LOOK = 50; // milliseconds
const LATE = 250; // milliseconds
const STEPS = [ // in terms of how far behind live is played, in the buffer
  { below: 0.05, rate: 0.1 }, // once it stands still it does so for a second or more
  { below: 0.12, rate: 0.25 },
  { below: 0.25, rate: 0.5 },
  { below: 0.4, rate: 0.75 },
];
const ENOUGH = 0.55;
const PRESSED = 0.55; // what is buffered counts for so much less then
const MOST_TARGET = 2; // seconds: who plays far behind live has time
const NOTHING = 500; // milliseconds for which nothing is waited for: there is nothing to stretch for

export class Stretch {
  readonly #hls: Hls;
  readonly #pace: Pace;
  readonly #events: StretchEvents;
  readonly #timer: ReturnType<typeof setInterval>;
  #filled = false; // there was enough, since it last ran out
  #rate = 1;
  #awaitedAt = 0;
  #looked = 0;
  #slowed = 0; // milliseconds

  constructor(hls: Hls, pace: Pace, events: StretchEvents) {
    this.#hls = hls;
    this.#pace = pace;
    this.#events = events;
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  // Seconds that were played more slowly.
  get slowedSeconds(): number {
    return this.#slowed / 1000;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#end();
  }

  #look(): void {
    const { media, latestLevelDetails } = this.#hls;
    if (!media) {
      this.#end();
      return;
    }
    const now = performance.now();
    if (media.playbackRate < 1 && this.#rate < 1 && this.#events.buffered() > 0) this.#slowed += now - this.#looked; // else it stands still
    this.#looked = now;
    const late = this.#events.late();
    const pressed = this.#events.pressed();
    const level = ((pressed ? PRESSED : 1) * this.#events.buffered()) / Math.min(MOST_TARGET, this.#events.target());
    if (late > 0) this.#awaitedAt = now;
    if (level >= ENOUGH) this.#filled = true;
    else if (level === 0) this.#filled = false;
    if (level >= ENOUGH || now - this.#awaitedAt > NOTHING || media.paused || media.seeking || latestLevelDetails?.live === false) {
      this.#end();
      return;
    }
    if (!this.#filled || (this.#rate === 1 && late < LATE && !pressed)) return;
    const rate = STEPS.find(({ below }) => level < below)?.rate ?? this.#rate;
    if (rate === this.#rate) return;
    if (this.#pace.ask(this, rate)) this.#rate = rate;
  }

  #end(): void {
    this.#rate = 1;
    this.#pace.give(this);
  }
}
