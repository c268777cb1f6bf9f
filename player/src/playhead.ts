// Where in a stream its viewer is, and where the playhead is taken: to the live edge, or to a place of the window. hls.js loads what is to be played there.

import type { Feed } from './feed.ts';
import { Following } from './following.ts';
import type { Remains } from './remains.ts';
import type { Timeline } from './timeline.ts';

const NEAR_SECONDS = 2.5; // behind where it should be, that is live
const AHEAD_OF_OLDEST = 3; // seconds: what is listed first is about to go

export class Playhead {
  readonly following: Following;
  readonly #video: HTMLVideoElement;
  readonly #feed: Feed;
  readonly #timeline: Timeline;
  readonly #remains: Remains;

  constructor(video: HTMLVideoElement, feed: Feed, timeline: Timeline, remains: Remains) {
    this.#video = video;
    this.#feed = feed;
    this.#timeline = timeline;
    this.#remains = remains;
    this.following = new Following(video, () => feed.hls, () => feed.swarm?.pace ?? null);
  }

  get atLive(): boolean {
    const { native, hls } = this.#feed;
    if (native) return native.atLive;
    const target = hls?.targetLatency;
    return !target || this.#timeline.latency < target + NEAR_SECONDS;
  }

  // goLive takes it to the live edge, where there is one.
  goLive(): void {
    if (this.#timeline.vod || this.#remains.kept) return;
    this.following.begin();
    this.#jump();
  }

  // seek takes it to a place of the span, or to the live edge if that is near.
  seek(to: number): void {
    const { span } = this.#timeline;
    if (!span) return;
    if (this.#remains.kept) {
      this.review(to);
      return;
    }
    const from = span.from + (span.live ? AHEAD_OF_OLDEST : 0);
    if (!span.live || !this.#feed.hls || !this.following.isNear(to)) this.#video.currentTime = Math.min(span.to, Math.max(from, to));
    else if (!this.atLive) this.goLive();
  }

  // review plays what is left of a stream that was over when the viewer came, from a place on.
  review(from: number): void {
    if (!this.#remains.kept) return;
    this.#remains.play(from);
    this.following.wanted = false; // its end is no live edge
  }

  // stir what stands though there is something to play: where the viewer has gone back it is loaded again, else it is played from the live edge. It
  // returns whether it was taken there.
  stir(): boolean {
    const { hls } = this.#feed;
    const { currentTime: time } = this.#video;
    if (this.following.back && hls?.loadingEnabled && time >= (this.#timeline.span?.from ?? Infinity)) {
      hls.startLoad(time);
      return false;
    }
    this.#jump();
    if (hls?.loadingEnabled === false) hls.startLoad();
    return true;
  }

  #jump(): void {
    if (this.#feed.native) this.#feed.native.jump();
    else this.following.jump();
  }
}
