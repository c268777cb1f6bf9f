// How much of what was played is kept. A browser that is told to forget a picture forgets all up to the next keyframe, for without it nothing can be
// decoded: where keyframes are far apart that is what is played now, and all that is loaded. So what is kept reaches behind the last keyframe, by
// how far they were apart lately.

import Hls from 'hls.js';
import { LIVE } from './lowlatency.ts';

const LEAST = LIVE.backBufferLength ?? 0; // seconds
const MOST = 120; // seconds: who sends keyframes still more seldom is not helped
const BESIDE_SEGMENTS = 2; // hls.js forgets by whole segments

// What of a playlist is looked at.
export interface Listing {
  live: boolean;
  edge: number;
  fragmentStart: number;
  targetduration: number;
  partList: readonly { start: number; independent: boolean; index: number; fragment: { sn: number } }[] | null;
}

export class BackBuffer {
  #keyframe: number | null = null; // where the last one is, seconds of the media timeline; or before all that was listed when none had been seen
  #part = ''; // that begins with it: its place on the timeline is not known for good at first
  #apart = 0; // the last two

  // seconds of what was played are to be kept, now that this is listed.
  seconds({ edge, fragmentStart, targetduration, partList }: Listing): number {
    if (!partList) return LEAST;
    if (this.#keyframe === null || this.#keyframe > edge) [this.#keyframe, this.#part, this.#apart] = [fragmentStart, '', 0]; // it begins, or anew
    for (const { start, independent, index, fragment } of partList) {
      const part = `${fragment.sn}.${index}`;
      if (!independent || (part !== this.#part && start <= this.#keyframe)) continue;
      if (part !== this.#part) this.#apart = start - this.#keyframe;
      [this.#keyframe, this.#part] = [start, part];
    }
    return Math.min(MOST, Math.max(LEAST, Math.max(this.#apart, edge - this.#keyframe) + BESIDE_SEGMENTS * targetduration));
  }

  // serve has hls.js keep as much.
  serve(hls: Hls): void {
    hls.on(Hls.Events.MANIFEST_LOADING, () => (this.#keyframe = null));
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, { details }) => {
      if (details.live) hls.config.backBufferLength = this.seconds(details);
    });
  }
}
