// Errors of media, from which playback goes on: hls.js begins its decoders anew, or its buffers, where the broadcaster is back with other tracks.

import Hls, { type ErrorData } from 'hls.js';

const MOST = 2; // within
const WHILE_MILLIS = 10000;

export class Mending {
  readonly #video: HTMLVideoElement;
  readonly #hls: () => Hls | null;
  readonly #rewound: () => boolean;
  #mended: number[] = []; // when that was

  constructor(video: HTMLVideoElement, hls: () => Hls | null, rewound: () => boolean) {
    this.#video = video;
    this.#hls = hls;
    this.#rewound = rewound;
  }

  // mend goes on from a media error; false for a third within ten seconds: the stream is to begin anew.
  mend({ details, frag }: ErrorData): boolean {
    const now = performance.now();
    this.#mended = [...this.#mended.filter((at) => now - at < WHILE_MILLIS), now];
    if (this.#mended.length > MOST) return false;
    if (details === Hls.ErrorDetails.BUFFER_APPEND_ERROR && frag) this.#rebuild(frag.cc);
    else this.#hls()?.recoverMediaError();
    return true;
  }

  forget(): void {
    this.#mended = [];
  }

  // rebuild plays on from where media begins that did not fit into the buffers: the broadcaster is back with other tracks.
  // What is before it would not fit into the buffers that it needs. If that is long ago, live is where to play on.
  #rebuild(cc: number): void {
    const hls = this.#hls();
    const details = hls?.latestLevelDetails;
    const first = [...(details?.fragments ?? []), details?.fragmentHint].find((frag) => frag?.cc === cc);
    const from = this.#rewound() && first ? first.start : Math.max(first?.start ?? -1, hls?.liveSyncPosition ?? -1);
    hls?.detachMedia();
    hls?.attachMedia(this.#video);
    hls?.startLoad(from);
  }
}
