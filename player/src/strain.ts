// When a viewer's link has become too narrow for what is played with the swarm. Peers go on sending at the pace of the media then; what comes of it is late, is
// asked of the edge as well, by the same link, and so comes later still: it does not end by itself.
//
// Five signs together tell it apart from all else. What hls.js waits for is late, and the buffer runs low; a stream that is not made is not waited
// for. All that came lately, from peers and the edge, is less than what is played takes: where peers are slow and the edge is not, that makes up for
// it. What the peers send waits on its way, that of most of them: a slow edge, or one peer's uplink, keeps nothing of theirs waiting. And so does what the
// edge says: it is asked for a word, which comes at once where the link has room. And timers are on time: on a machine that is too busy all of that is late.

import type Hls from 'hls.js';
import type { Events, FragLoadedData, FragLoadingData, Fragment, Part } from 'hls.js';

// What hls.js waits for.
export interface Loading {
  frag: Fragment;
  part: Part | null;
}

export interface StrainEvents {
  buffered(): number; // seconds of media before the playhead
  target(): number; // seconds behind live at which it plays
  arriving(): number; // bits of media a second that came lately, from peers and the edge
  calm(): boolean; // timers are on time: else all is late for the machine
  hears(url: string): Promise<boolean>; // whether the edge's answer to a question comes at once
  waiting(): number; // milliseconds that what peers send waits on its way; 0 while there is no peer
  narrow(loading: Loading, bits: number): void; // the link carries no more than that, a second
}

const LOOK = 100; // milliseconds
const LATE = 400; // milliseconds that hls.js waits for a part
const FALLING = 0.65; // of how far behind live is played, in the buffer: less than there is where parts come in time
const SHORT = 0.9; // of what is played
const FULL = 100; // milliseconds that what peers send waits. At uplinks that are full it is more, and the edge is heard all the same
const PAUSE = 3000; // milliseconds: what comes so soon after it was told says nothing more
const AGAIN = 300; // milliseconds after which the edge, which answered at once, is asked again
const TIMES = 2; // in a row that it does not: one moment of a machine that has much to do is no narrow link

export class Strain {
  readonly #hls: Hls;
  readonly #events: StrainEvents;
  readonly #timer: ReturnType<typeof setInterval>;
  #loading: Loading | null = null;
  #since = 0; // it is loaded
  #told = -Infinity;
  #asked = -Infinity;
  #asking = false;
  #unheard = 0; // times in a row
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

  constructor(hls: Hls, events: StrainEvents) {
    this.#hls = hls;
    this.#events = events;
    hls.on('hlsFragLoading' as Events.FRAG_LOADING, this.#loads);
    hls.on('hlsFragLoaded' as Events.FRAG_LOADED, this.#loaded);
    hls.on('hlsError' as Events.ERROR, this.#ended);
    hls.on('hlsFragLoadEmergencyAborted' as Events.FRAG_LOAD_EMERGENCY_ABORTED, this.#ended);
    this.#timer = setInterval(() => void this.#look(), LOOK);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#hls.off('hlsFragLoading' as Events.FRAG_LOADING, this.#loads);
    this.#hls.off('hlsFragLoaded' as Events.FRAG_LOADED, this.#loaded);
    this.#hls.off('hlsError' as Events.ERROR, this.#ended);
    this.#hls.off('hlsFragLoadEmergencyAborted' as Events.FRAG_LOAD_EMERGENCY_ABORTED, this.#ended);
  }

  async #look(): Promise<void> {
    const now = performance.now();
    if (this.#asking || now - this.#told < PAUSE || now - this.#asked < AGAIN) return;
    const loading = this.#short(now);
    if (!loading) {
      this.#unheard = 0;
      return;
    }
    this.#asking = true;
    const hears = await this.#events.hears((loading.part ?? loading.frag).url);
    this.#asking = false;
    this.#unheard = hears ? 0 : this.#unheard + 1;
    if (hears) this.#asked = now;
    if (this.#unheard < TIMES || this.#loading !== loading) return;
    this.#unheard = 0;
    this.#told = now;
    this.#loading = null;
    this.#events.narrow(loading, this.#arriving(loading));
  }

  // arriving is in bits a second, with what hls.js itself is loading, of which nobody else knows before all of it is there.
  #arriving({ frag, part }: Loading): number {
    const { loaded, loading } = (part ?? frag).stats;
    const own = loaded > 0 && loading.first > 0 ? (8000 * loaded) / Math.max(1000, performance.now() - loading.first) : 0;
    return this.#events.arriving() + own;
  }

  // short returns what is late, if it is so for the link, as far as can be seen from here.
  #short(now: number): Loading | null {
    const loading = this.#loading;
    if (!loading || now - this.#since < LATE || this.#events.buffered() >= FALLING * this.#events.target()) return null;
    const level = this.#hls.levels[loading.frag.level];
    if (!level || this.#arriving(loading) >= SHORT * (level.averageBitrate || level.maxBitrate)) return null;
    return this.#events.waiting() >= FULL && this.#events.calm() ? loading : null;
  }
}
