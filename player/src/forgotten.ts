// Parts that hls.js has forgotten. When it lets go of what was played (backBufferLength) while it is loading a part, it
// takes the whole segment of that part out of its books: parts of it that are buffered count as not loaded. Where the
// segment then ends, in its sums, a rounding error after the end of the buffer, it looks for the next part in this segment,
// which it thinks buffered as a whole, and asks for nothing at all until the playlist lists the parts no more: for up to six
// seconds.
//
// A part that is buffered but counts as not loaded is marked as a gap, which hls.js passes over. Where the quality has changed, what is buffered
// of the one before is none of the parts of the other: were these passed over, nothing could be loaded up to the next key frame.

import type Hls from 'hls.js';
import type { Events, FragBufferedData } from 'hls.js';

const SLACK = 0.05; // seconds by which a part may be shorter in the buffer than the playlist says

export class Forgotten {
  readonly #hls: Hls;
  #level = -1; // that was buffered last
  #since = -Infinity; // where the first segment of it began
  readonly #look = (): void => this.look();
  readonly #buffered = (_: string, { frag }: FragBufferedData): void => {
    if (frag.type !== 'main') return;
    if (this.#level >= 0 && frag.level !== this.#level) this.#since = frag.start;
    this.#level = frag.level;
    this.look();
  };

  readonly #begin = (): void => {
    this.#level = -1;
    this.#since = -Infinity;
  };

  constructor(hls: Hls) {
    this.#hls = hls;
    hls.on('hlsManifestLoading' as Events.MANIFEST_LOADING, this.#begin); // its times begin anew
    hls.on('hlsBufferFlushed' as Events.BUFFER_FLUSHED, this.#look);
    hls.on('hlsFragBuffered' as Events.FRAG_BUFFERED, this.#buffered); // it has asked for more already, if it could
  }

  look(): void {
    const { media, latestLevelDetails } = this.#hls;
    for (const part of latestLevelDetails?.partList ?? []) {
      if (this.#level >= 0 && (part.fragment.level !== this.#level || part.start < this.#since)) continue;
      if (!part.loaded && !part.gap && media && holds(media.buffered, part.start, part.end)) part.gap = true;
    }
  }

  close(): void {
    this.#hls.off('hlsManifestLoading' as Events.MANIFEST_LOADING, this.#begin);
    this.#hls.off('hlsBufferFlushed' as Events.BUFFER_FLUSHED, this.#look);
    this.#hls.off('hlsFragBuffered' as Events.FRAG_BUFFERED, this.#buffered);
  }
}

function holds(ranges: TimeRanges, start: number, end: number): boolean {
  for (let i = 0; i < ranges.length; i++) if (ranges.start(i) <= start + SLACK && ranges.end(i) >= end - SLACK) return true;
  return false;
}
