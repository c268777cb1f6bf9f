// What the browser plays by itself, where scripts can feed it no media: there is neither MSE nor ManagedMediaSource, as on iPhones before
// iOS 17.1. It is plain LL-HLS then, and there is no swarm, for no script sees the media. Less is known of it as well: the browser chooses
// the quality, and does not tell how far behind live it is. LIVE leads to the end of what it can seek in.

import { OBSTACLES } from './obstacle.ts';
import { NO_STATS, type Stats, Viewing } from './stats.ts';

const NEAR_SECONDS = 12; // from the end: browsers hold plain HLS back by three segments and more, and know no target to compare with

export class Native {
  readonly #video: HTMLVideoElement;
  readonly #viewing: Viewing;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
    this.#viewing = new Viewing(video, performance.now());
  }

  get stats(): Stats {
    const { startupMillis, bufferSeconds, stalls, stalledSeconds, droppedFrames } = this.#viewing;
    return { ...NO_STATS, startupMillis, bufferSeconds, stalls, stalledSeconds, droppedFrames, refusal: OBSTACLES.native };
  }

  // atLive: the playhead is near the end, as far as is known.
  get atLive(): boolean {
    const { edge } = this;
    return edge === null || edge - this.#video.currentTime < NEAR_SECONDS;
  }

  // edge is the end of what can be seeked in; null where none is told.
  get edge(): number | null {
    const { seekable } = this.#video;
    const end = seekable?.length ? seekable.end(seekable.length - 1) : Infinity;
    return Number.isFinite(end) ? end : null;
  }

  // jump takes the playhead to the live edge.
  jump(): void {
    const { edge } = this;
    if (edge !== null) this.#video.currentTime = edge;
  }

  // expect tells whether more media is to come: if not, to stand still is no stall.
  expect(more: boolean): void {
    this.#viewing.expect(more);
  }

  // lose tells that the server does not give what it has: to stand still then is one.
  lose(): void {
    this.#viewing.lose();
  }

  close(): void {
    this.#viewing.close();
  }
}
