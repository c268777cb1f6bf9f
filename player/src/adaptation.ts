// Tells hls.js which rendition to load next, where nobody has chosen one: what Rungs says. With every part that it has loaded it is told anew. What
// hls.js does when there is no time to lose, it does by itself as ever, and so it does while nothing is known of the edge.

import type Hls from 'hls.js';
import type { Events, FragLoadedData } from 'hls.js';
import type { Loading } from './awaited.ts';
import { type Rung, Rungs } from './rungs.ts';

export interface AdaptationEvents {
  edge(): number; // bits a second that it gives, 0 while that is not known
  least(): number; // that it gave last, if that was less
  buffered(): number; // seconds of media before the playhead
  watching(rendition: number): number; // members of the cell that are linked
  traffic(): { bytesFromPeers: number; bytesFromEdge: number; rescues: number };
}

const LATELY = 5000; // milliseconds
const LOW = 0.5; // seconds of buffer, with which there is no time

interface Moment {
  at: number;
  peers: number; // bytes
  edge: number;
  rescues: number;
}

export class Adaptation {
  readonly #hls: Hls;
  readonly #events: AdaptationEvents;
  readonly #rungs = new Rungs();
  #moments: Moment[] = [];
  readonly #begin = (): void => this.#rungs.begin();
  readonly #loaded = (_: string, { frag }: FragLoadedData): void => {
    if (frag.type === 'main' && frag.sn !== 'initSegment' && !frag.bitrateTest) this.#tell(frag.level);
  };

  constructor(hls: Hls, events: AdaptationEvents) {
    this.#hls = hls;
    this.#events = events;
    hls.on('hlsManifestLoading' as Events.MANIFEST_LOADING, this.#begin);
    hls.on('hlsFragLoaded' as Events.FRAG_LOADED, this.#loaded);
  }

  close(): void {
    this.#hls.off('hlsManifestLoading' as Events.MANIFEST_LOADING, this.#begin);
    this.#hls.off('hlsFragLoaded' as Events.FRAG_LOADED, this.#loaded);
  }

  // below tells whether there is anything to go down to from what is loaded, where hls.js chooses.
  below({ frag }: Loading): boolean {
    return this.#hls.autoLevelEnabled && frag.level > this.#hls.minAutoLevel;
  }

  // lower is the playlist of what is gone down to where the link carries so many bits a second and no more.
  lower({ frag }: Loading, link: number): string {
    return this.#hls.levels[this.#lower(frag.level, link)]?.uri ?? '';
  }

  // fall goes there at once.
  fall({ frag, part }: Loading, link: number): void {
    const hls = this.#hls;
    hls.nextLoadLevel = this.#lower(frag.level, link);
    frag.abortRequests();
    hls.trigger('hlsFragLoadEmergencyAborted' as Events.FRAG_LOAD_EMERGENCY_ABORTED, { frag, part, stats: (part ?? frag).stats });
  }

  #lower(level: number, link: number): number {
    return Math.max(this.#hls.minAutoLevel, this.#rungs.fall(this.#all, level, link));
  }

  #tell(playing: number): void {
    const hls = this.#hls;
    const now = performance.now();
    const low = this.#events.buffered() < LOW;
    const carried = this.#carried(now) && !low;
    const edge = low ? this.#events.least() : this.#events.edge();
    if (!hls.autoLevelEnabled || hls.levels.length < 2 || edge === 0) return;
    hls.nextAutoLevel = Math.max(hls.minAutoLevel, this.#rungs.choose(this.#all, playing, { now, edge, carried }));
  }

  // Those that may be loaded, the lowest first.
  get #all(): Rung[] {
    const hls = this.#hls;
    return hls.levels.slice(0, hls.maxAutoLevel + 1).map(({ height, frameRate, maxBitrate, averageBitrate, uri }): Rung => ({
      height, frameRate, bitrate: maxBitrate, usual: averageBitrate || maxBitrate, held: this.#events.watching(renditionOf(uri)) > 0,
    }));
  }

  // carried tells whether peers gave most of what came lately, and nothing had to be fetched in their place.
  #carried(now: number): boolean {
    const { bytesFromPeers: peers, bytesFromEdge: edge, rescues } = this.#events.traffic();
    this.#moments = [...this.#moments.filter(({ at }) => now - at < LATELY), { at: now, peers, edge, rescues }];
    const first = this.#moments[0];
    return first !== undefined && rescues === first.rescues && peers - first.peers > edge - first.edge;
  }
}

// renditionOf reads the number of a rendition out of its playlist's URL; NaN if it is not there.
export function renditionOf(url: string): number {
  return Number(/\/v(\d+)\/[^/?#]*(?:[?#].*)?$/.exec(url)?.[1] ?? NaN);
}
