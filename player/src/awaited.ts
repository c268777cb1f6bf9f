// What hls.js waits for: a part or segment that is listed, so there is one, and since when.

import type Hls from 'hls.js';
import type { Events, FragLoadedData, FragLoadingData, Fragment, Part } from 'hls.js';

export interface Loading {
  frag: Fragment;
  part: Part | null;
}

export class Awaited {
  readonly #hls: Hls;
  #loading: Loading | null = null;
  #since = 0; // it is loaded
  readonly #loads = (_: string, { frag, part }: Pick<FragLoadingData, 'frag' | 'part'>): void => {
    if (frag.type === 'main' && frag.sn !== 'initSegment') [this.#loading, this.#since] = [{ frag, part: part ?? null }, performance.now()];
  };
  readonly #loaded = (_: string, { frag, part }: Pick<FragLoadedData, 'frag' | 'part'>): void => {
    if (frag.type !== 'main' || frag.sn === 'initSegment') return;
    const next = part && this.#hls.levels[frag.level]?.details?.partList?.find(({ fragment, index }) => fragment.sn === frag.sn && index === part.index + 1);
    this.#loading = next ? { frag, part: next } : null; // hls.js goes on with it, and says nothing
    this.#since = performance.now();
  };
  readonly #ended = (_: string, { frag }: { frag?: Fragment }): void => {
    if (frag && frag === this.#loading?.frag) this.#loading = null;
  };

  constructor(hls: Hls) {
    this.#hls = hls;
    hls.on('hlsFragLoading' as Events.FRAG_LOADING, this.#loads);
    hls.on('hlsFragLoaded' as Events.FRAG_LOADED, this.#loaded);
    hls.on('hlsError' as Events.ERROR, this.#ended);
    hls.on('hlsFragLoadEmergencyAborted' as Events.FRAG_LOAD_EMERGENCY_ABORTED, this.#ended);
  }

  get loading(): Loading | null {
    return this.#loading;
  }

  // For how many milliseconds it was waited for; 0 where nothing is. What hls.js has given up, as when it seeks, is waited for no more.
  get millis(): number {
    if (!this.#loading || (this.#loading.part ?? this.#loading.frag).stats?.aborted) return 0;
    return performance.now() - this.#since;
  }

  close(): void {
    this.#hls.off('hlsFragLoading' as Events.FRAG_LOADING, this.#loads);
    this.#hls.off('hlsFragLoaded' as Events.FRAG_LOADED, this.#loaded);
    this.#hls.off('hlsError' as Events.ERROR, this.#ended);
    this.#hls.off('hlsFragLoadEmergencyAborted' as Events.FRAG_LOAD_EMERGENCY_ABORTED, this.#ended);
  }
}
