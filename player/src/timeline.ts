// What is known of the media: where it begins and ends, what of it may be seeked in, how far behind it the playhead is, and whether more is to come.

import type Hls from 'hls.js';
import type { File, Scene } from './peek.ts';

// What may be seeked in, seconds of the media timeline.
export interface Span {
  from: number;
  to: number;
  live: boolean; // it ends at the live edge; else it is all of a recording
}

const RECORDING = /\/live\/[^/]+\/recordings\//; // so it is called, before its playlist is there to tell
const LEAST_SPAN = 60; // seconds: a live stream that lists less is not seeked in

export class Timeline {
  readonly recording: boolean; // by its address
  end: number | null = null; // of the media, seconds, where nothing more is to come of it, as far as is known
  readonly #video: HTMLVideoElement;
  readonly #hls: () => Hls | null;

  constructor(video: HTMLVideoElement, src: string, hls: () => Hls | null) {
    this.#video = video;
    this.recording = RECORDING.test(src);
    this.#hls = hls;
  }

  // vod: it is a recording, from its beginning to its end. There is no live edge, and nothing more comes.
  get vod(): boolean {
    const details = this.#details;
    return details ? details.type === 'VOD' : this.recording;
  }

  // Seconds behind the newest media, 0 while that is not known.
  get latency(): number {
    return this.#video.readyState > 1 && !this.vod ? this.#hls()?.latency ?? 0 : 0;
  }

  // behind is how far the playhead is from where media ends, or from the newest.
  get behind(): number {
    return this.end === null ? this.latency : this.end - this.#video.currentTime;
  }

  // span is what may be seeked in; null if that is not worth it.
  get span(): Span | null {
    const { seekable } = this.#video;
    const details = this.#details;
    const from = details ? details.fragmentStart : seekable?.length ? seekable.start(0) : 0;
    const to = details ? details.edge : seekable?.length ? seekable.end(seekable.length - 1) : 0;
    const live = !this.vod;
    return to - from > (live ? LEAST_SPAN : 0) ? { from, to, live } : null;
  }

  // edge is the end of the newest media that is listed, seconds.
  get edge(): number {
    return this.#details?.edge ?? 0;
  }

  // complete: what lists it says that no more will be.
  get complete(): boolean {
    return this.#details?.live === false;
  }

  // atEnd tells whether nothing more is to come than is listed. Of what the browser plays by itself that is not known.
  get atEnd(): boolean {
    return this.#hls() !== null && (this.complete || (this.end !== null && this.edge <= this.end));
  }

  // more tells whether more media is to come than is listed.
  more(more: boolean): void {
    this.end = more ? null : this.complete ? this.edge : this.end ?? this.edge;
  }

  // sceneAt is the segment in which a moment is; null where hls.js knows of none.
  sceneAt(time: number): Scene | null {
    const segment = this.#details?.fragments.find(({ start, end, gap }) => !gap && start <= time && time < end);
    const init = segment?.initSegment;
    const file = (of: { url: string; byteRangeStartOffset?: number }): File => ({ url: of.url, at: of.byteRangeStartOffset ?? 0 });
    return segment && init ? { segment: file(segment), init: file(init), codec: this.#hls()?.levels[segment.level]?.videoCodec ?? '' } : null;
  }

  get #details(): Hls['latestLevelDetails'] | undefined {
    return this.#hls()?.latestLevelDetails;
  }
}
