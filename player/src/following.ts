// Whether the viewer follows the live edge, or has gone back from it to stay there, and what hls.js is to do for that. Who follows, and
// has fallen back by more than playing faster makes up for, belongs at the edge again; who went back is left there, at normal speed.

import type Hls from 'hls.js';
import { LIVE } from './lowlatency.ts';
import { Rewound } from './rewound.ts';

const BEHIND_SECONDS = 3; // further behind its target than this, playing faster takes too long: a viewer who follows
const BEHIND_MILLIS = 4000; // live is taken there, if it stays so for this long

export class Following {
  // wanted: the viewer wants to be at the live edge, and has not paused or gone back.
  wanted = true;
  readonly #video: HTMLVideoElement;
  readonly #hls: () => Hls | null;
  readonly #rewound = new Rewound();
  #kept = false; // hls.js is kept from playing faster
  #nearAt = 0; // when the viewer last was near the live edge

  constructor(video: HTMLVideoElement, hls: () => Hls | null) {
    this.#video = video;
    this.#hls = hls;
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
    this.#pace();
  }

  // seek: somebody takes the playhead elsewhere.
  seek(): void {
    const { currentTime: time } = this.#video;
    if (!this.#hls()?.targetLatency) return;
    const back = this.#rewound.seek(time, this.isNear(time));
    if (back) this.wanted = false;
    else if (back === false) this.begin();
    this.#pace();
  }

  // lose: what was played is taken away.
  lose(): void {
    this.#rewound.lose();
  }

  // begin follows the live edge again, from where the playhead is.
  begin(): void {
    const hls = this.#hls();
    this.wanted = true;
    this.#rewound.end();
    if (this.#kept && hls) hls.config.maxLiveSyncPlaybackRate = LIVE.maxLiveSyncPlaybackRate ?? 1;
    this.#kept = false;
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

  // pace keeps hls.js from catching up with the live edge that the viewer has left.
  #pace(): void {
    const hls = this.#hls();
    if (!hls || !this.back || hls.config.maxLiveSyncPlaybackRate === 1) return;
    this.#kept = true;
    hls.config.maxLiveSyncPlaybackRate = 1;
    this.#video.playbackRate = 1;
  }
}
