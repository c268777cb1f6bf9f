// Whether the viewer follows the live edge, or has gone back from it to stay there, and what hls.js is to do for that. Who follows, and
// has fallen back by more than playing faster makes up for, belongs at the edge again; who went back is left there, at normal speed.

import type Hls from 'hls.js';
import type { Pace } from './pace.ts';
import { Rewound } from './rewound.ts';

const BEHIND_SECONDS = 3; // further behind its target than this, playing faster takes too long: a viewer who follows
const BEHIND_MILLIS = 4000; // live is taken there, if it stays so for this long

export class Following {
  // wanted: the viewer wants to be at the live edge, and has not paused or gone back.
  wanted = true;
  readonly #video: HTMLVideoElement;
  readonly #hls: () => Hls | null;
  readonly #pace: () => Pace | null;
  readonly #rewound = new Rewound();
  #nearAt = 0; // when the viewer last was near the live edge

  // hls and its pace may be others later.
  constructor(video: HTMLVideoElement, hls: () => Hls | null, pace: () => Pace | null) {
    this.#video = video;
    this.#hls = hls;
    this.#pace = pace;
  }

  // back: the viewer has gone back from the live edge, and stays there.
  get back(): boolean {
    return this.#rewound.back;
  }

  // isNear tells whether a place is so near the live edge that it is reached by playing faster.
  isNear(time: number): boolean {
    const hls = this.#hls();
    return (hls?.latestLevelDetails?.edge ?? 0) - time < (hls?.targetLatency ?? 0) + BEHIND_SECONDS;
  }

  // see looks where the playhead is.
  see(): void {
    if (!this.#video.seeking) this.#rewound.see(this.#video.currentTime);
    this.#stay();
  }

  // seek: somebody takes the playhead elsewhere.
  seek(): void {
    const { currentTime: time } = this.#video;
    if (!this.#hls()?.targetLatency) return;
    const back = this.#rewound.seek(time, this.isNear(time));
    if (back) this.wanted = false;
    else if (back === false) this.begin();
    this.#stay();
  }

  // lose: what was played is taken away.
  lose(): void {
    this.#rewound.lose();
  }

  // begin follows the live edge again, from where the playhead is.
  begin(): void {
    this.wanted = true;
    this.#rewound.end();
    this.#pace()?.give(this);
  }

  // jump takes the playhead to where hls.js would have it.
  jump(): void {
    const position = this.#hls()?.liveSyncPosition;
    if (position !== null && position !== undefined) this.#video.currentTime = position;
  }

  // fallen tells, once, that a viewer who follows has been too far behind for too long.
  fallen(now: number, behind: number): boolean {
    const target = this.#hls()?.targetLatency;
    if (!this.wanted || !target || behind < target + BEHIND_SECONDS) this.#nearAt = now;
    if (now - this.#nearAt <= BEHIND_MILLIS) return false;
    this.#nearAt = now;
    return true;
  }

  // stay keeps hls.js from catching up with the live edge that the viewer has left.
  #stay(): void {
    if (this.back) this.#pace()?.steady(this);
  }
}
