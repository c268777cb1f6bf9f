// The quality that a viewer has chosen by hand, and its way into hls.js: as long as it stands, hls.js chooses none.
//
// After an error that it blames on a rendition, be it over at once, hls.js chooses by itself again, and goes on to. So the choice is told
// anew: at once, and where the error comes back, after a pause that grows, in which there is at least a picture.

import Hls, { type ErrorData } from 'hls.js';
import { alike, AUTO, type Quality, ranked } from './quality.ts';

const LATELY = 60_000; // milliseconds, in which errors are counted
const PAUSE = 2000; // after the second of them, and twice as long each further time
const MOST_PAUSES = 5; // that it is doubled

export class Choice {
  #hls: Hls | null = null;
  #chosen: Quality | null = null; // null: hls.js chooses
  #lost: number[] = []; // when hls.js has dropped it
  #timer: ReturnType<typeof setTimeout> | undefined;

  // serve has hls.js heed the choice; null: there is none.
  serve(hls: Hls | null): void {
    clearTimeout(this.#timer);
    this.#hls = hls;
    hls?.on(Hls.Events.MANIFEST_PARSED, () => {
      if (this.#chosen) hls.nextLevel = this.index; // it was loaded anew
    });
    hls?.on(Hls.Events.ERROR, (_, data) => this.#err(hls, data));
  }

  // all that can be chosen, the best first; none where the browser plays by itself.
  get all(): Quality[] {
    return ranked(this.#hls?.levels ?? [], this.#hls?.currentLevel ?? AUTO);
  }

  // index is that of the one that was chosen, or AUTO.
  get index(): number {
    return this.#chosen && this.#hls ? alike(this.#hls.levels, this.#chosen) : AUTO;
  }

  // What is in the buffer plays on; what comes next is of the other quality.
  set index(index: number) {
    clearTimeout(this.#timer);
    this.#lost = [];
    this.#chosen = this.all.find((quality) => quality.index === index) ?? null;
    if (this.#hls) this.#hls.nextLevel = this.index;
  }

  #err(hls: Hls, { fatal }: ErrorData): void {
    if (fatal || !this.#chosen || hls !== this.#hls || !hls.autoLevelEnabled) return;
    const now = performance.now();
    this.#lost = [...this.#lost.filter((at) => now - at < LATELY), now];
    const again = (): void => {
      if (hls === this.#hls && this.#chosen) hls.loadLevel = this.index;
    };
    clearTimeout(this.#timer);
    if (this.#lost.length === 1) again();
    else this.#timer = setTimeout(again, PAUSE * 2 ** Math.min(MOST_PAUSES, this.#lost.length - 2));
  }
}
