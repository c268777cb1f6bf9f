// Whether frames go out: none of what is captured, as of a camera whose pictures the browser cannot encode, or too few. It is looked at each second. What is
// amiss counts once it has been for some seconds, and so does that nothing is any more.
//
// A screen that stands still has few frames, and a file may: of these few are amiss only where more were there to be sent.

import type { Source } from './capture.ts';
import type { Sent } from './whip.ts';

export type Falter = 'none' | 'device' | 'connection' | 'source' | '';

const FEW = 10; // frames a second: fewer are a slide show
const SETTLED_MILLIS = 8000; // from when something is sent, before few frames count: encoders begin slowly
const NONE_MILLIS = 5000; // before none do
const LASTS_MILLIS = 4000;

export class Faltering {
  #track = ''; // that is sent
  #since = 0; // when that was first seen
  #encoded = 0; // of those before it
  #now: Falter = '';
  #next: Falter = '';
  #nextAt = 0;

  // reset forgets what was sent: another connection is coming.
  reset(): void {
    [this.#track, this.#now, this.#next] = ['', '', ''];
  }

  // note tells what is amiss with the picture of a source.
  note(sent: Sent, track: MediaStreamTrack | null, source: Source, now: number): Falter {
    if (!track || track.readyState !== 'live' || track.muted || !track.enabled) { // it has no frames to give
      this.reset();
      return '';
    }
    if (track.id !== this.#track) {
      const first = this.#track === '' || source === 'screen'; // one frame of a screen may have been all, and went before this look
      this.reset();
      [this.#track, this.#since, this.#encoded] = [track.id, now, first ? 0 : Math.max(0, sent.framesEncoded)];
    }
    const seen = this.#of(sent, source, now - this.#since);
    if (seen !== this.#next) [this.#next, this.#nextAt] = [seen, now];
    if (seen === 'none' || now - this.#nextAt >= LASTS_MILLIS) this.#now = seen;
    return this.#now;
  }

  #of(sent: Sent, source: Source, millis: number): Falter {
    if (sent.framesEncoded >= 0 && sent.framesEncoded <= this.#encoded) return millis >= NONE_MILLIS ? 'none' : '';
    if (millis < SETTLED_MILLIS || sent.framesPerSecond >= FEW) return '';
    const plenty = sent.framesOffered >= FEW;
    if (!plenty && (source === 'screen' || (source === 'file' && sent.framesOffered >= 0))) return '';
    if (sent.limitedBy === 'bandwidth') return 'connection';
    return source === 'camera' && sent.framesOffered >= 0 && !plenty && sent.limitedBy !== 'cpu' ? 'source' : 'device';
  }
}
