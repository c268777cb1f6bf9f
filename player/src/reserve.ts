// How far before the playhead is loaded of what is there already, as behind a jump back: little at first, for who jumps may jump again at once, and
// what he does not watch costs whoever serves it. Then half of what was watched since. A link that carries less than half more than the media has
// never so much in its buffer, and is not held up: by reckoning, at r times the rate it has (r - 1) × watched, less than watched / 2 while r < 1.5. At the live
// edge there is less to load in any case.

import Hls from 'hls.js';
import { LIVE } from './lowlatency.ts';

const LEAST = 16; // seconds: by reckoning a picture goes on over 12 of silence, which are these less the 4 of a segment that is still under way
const LEAST_SEGMENTS = 3;
const MOST = LIVE.maxMaxBufferLength ?? 60;
const STEP = 2; // between two looks at the playhead no more is played

export class Reserve {
  #least = LEAST;
  #watched = 0; // seconds, since a jump to where nothing was loaded
  #at = 0;

  // seconds are to be loaded before the playhead.
  get seconds(): number {
    return Math.min(MOST, Math.max(this.#least, this.#watched / 2));
  }

  // listed takes how long a segment may be.
  listed(target: number): void {
    this.#least = Math.max(LEAST, LEAST_SEGMENTS * target);
  }

  // played takes where the playhead is.
  played(at: number): void {
    const step = at - this.#at;
    if (step > 0 && step <= STEP) this.#watched += step;
    this.#at = at;
  }

  // jumped: the playhead was moved, to where something is loaded or not.
  jumped(to: number, loaded: boolean): void {
    this.#at = to;
    if (!loaded) this.#watched = 0;
  }

  // serve has hls.js load as much, of whatever bitrate.
  serve(hls: Hls): void {
    hls.config.maxBufferSize = 0;
    hls.config.maxBufferLength = this.seconds;
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, { details }) => this.listed(details.targetduration));
    let attached = new AbortController();
    hls.on(Hls.Events.MEDIA_ATTACHED, (_event, { media }) => {
      attached.abort();
      attached = new AbortController();
      const { signal } = attached;
      const tell = (): void => void (hls.config.maxBufferLength = this.seconds);
      media.addEventListener('timeupdate', () => {
        if (!media.seeking) this.played(media.currentTime);
        tell();
      }, { signal });
      media.addEventListener('seeking', () => {
        this.jumped(media.currentTime, within(media.buffered, media.currentTime));
        tell();
      }, { signal });
    });
    hls.on(Hls.Events.MEDIA_DETACHING, () => attached.abort());
  }
}

function within(ranges: TimeRanges, time: number): boolean {
  return Array.from({ length: ranges.length }, (_, i) => ranges.start(i) <= time && time < ranges.end(i)).some(Boolean);
}
