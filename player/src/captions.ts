// Captions: those that come within the pictures, and those that a page brings along as <track>. All are text tracks of the video element, and at
// most one is shown.
//
// What reads the first is loaded once a stream has some. Pictures do not come in the order in which they are shown: they are put into it
// before they are read.

import type { Cea608, Line } from './cea608.ts';

// What hls.js finds beside the pictures.
export interface Userdata {
  pts: number; // seconds of the media timeline
  bytes?: Uint8Array; // of captions
}

const REORDER_SECONDS = 0.3; // after which no picture comes that is shown before
const GAP_SECONDS = 1; // what comes later than that does not follow what came
const MOST_SECONDS = 16; // that a caption stands of which no end is told (CEA-608 has receivers erase it so)
const PAST_SECONDS = 60; // for which captions are kept
const MOST_WAITING = 900; // pictures, while the reader is loaded
const REMEMBERED = 'shoal-captions';

export class Captions {
  readonly #video: HTMLVideoElement;
  readonly #own = new Map<number, { track: TextTrack; open: VTTCue | null; some: boolean }>(); // by channel
  #reader: Cea608 | null = null;
  #loading = false;
  #waiting: { pts: number; bytes: Uint8Array }[] = []; // in order
  #newest = -Infinity;
  readonly #adopted = new Map<Element, HTMLTrackElement>(); // of the page

  constructor(video: HTMLVideoElement) {
    this.#video = video;
    video.textTracks.addEventListener('addtrack', () => this.#prefer());
  }

  // all are the tracks that have something to show.
  get all(): TextTrack[] {
    const silent = new Set([...this.#own.values()].filter(({ some }) => !some).map(({ track }) => track));
    const broken = new Set([...this.#video.querySelectorAll('track')].filter((element) => element.readyState === HTMLTrackElement.ERROR).map(({ track }) => track));
    return [...this.#video.textTracks].filter((track) => /^(captions|subtitles)$/.test(track.kind) && !silent.has(track) && !broken.has(track));
  }

  get shown(): TextTrack | null {
    return this.all.find(({ mode }) => mode === 'showing') ?? null;
  }

  // next shows the next track; after the last none.
  next(): void {
    const { all, shown } = this;
    this.#show(all[shown ? all.indexOf(shown) + 1 : 0] ?? null);
    try {
      localStorage.setItem(REMEMBERED, this.shown ? 'on' : 'off');
    } catch {
      // it is not remembered then
    }
  }

  // adopt gives the video the <track> elements that are an element's children now, and takes those back that are no more.
  adopt(page: Element): void {
    for (const [original, copy] of this.#adopted) {
      if (original.parentElement === page) continue;
      copy.remove();
      this.#adopted.delete(original);
    }
    for (const original of page.querySelectorAll(':scope > track')) {
      if (this.#adopted.has(original)) continue;
      const copy = original.cloneNode() as HTMLTrackElement;
      this.#adopted.set(original, copy);
      this.#video.append(copy);
    }
  }

  // take sees what came beside some pictures.
  take(samples: readonly Userdata[]): void {
    for (const { pts, bytes } of samples) {
      if (!bytes) continue;
      if (pts < this.#newest - GAP_SECONDS || pts > this.#newest + GAP_SECONDS) this.#begin(pts);
      this.#newest = Math.max(this.#newest, pts);
      let i = this.#waiting.length;
      while (i > 0 && (this.#waiting[i - 1]?.pts ?? 0) > pts) i--;
      this.#waiting.splice(i, 0, { pts, bytes });
    }
    if (this.#waiting.length > MOST_WAITING) this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
    this.#read();
  }

  // clear forgets the captions of a stream.
  clear(): void {
    this.#begin(-Infinity);
    this.#newest = -Infinity;
    for (const own of this.#own.values()) {
      own.some = false;
      own.track.mode = 'hidden';
    }
  }

  // begin anew, where media comes that does not follow: what was read of it before is read once more.
  #begin(from: number): void {
    this.#waiting = [];
    this.#newest = from;
    this.#reader?.reset();
    for (const own of this.#own.values()) {
      if (own.open) own.open.endTime = Math.min(own.open.endTime, Math.max(own.open.startTime, from));
      own.open = null;
      for (const cue of [...(own.track.cues ?? [])]) if (cue.startTime >= from) own.track.removeCue(cue);
    }
  }

  #read(): void {
    if (!this.#reader) {
      if (!this.#loading && this.#waiting.length > 0) void this.#load();
      return;
    }
    const due = this.#waiting.findIndex(({ pts }) => pts > this.#newest - REORDER_SECONDS);
    for (const { pts, bytes } of this.#waiting.splice(0, due < 0 ? this.#waiting.length : due)) this.#reader.take(pts, bytes);
  }

  async #load(): Promise<void> {
    this.#loading = true;
    try {
      const { Cea608 } = await import('./cea608.ts');
      this.#reader = new Cea608((channel, at, lines) => this.#changed(channel, at, lines));
      this.#read();
    } catch (error) {
      console.warn('shoal: captions cannot be read', error); // it is not tried again: the picture is none the worse
    }
  }

  #changed(channel: number, at: number, lines: Line[]): void {
    let own = this.#own.get(channel);
    if (!own) {
      if (lines.length === 0) return;
      own = { track: this.#video.addTextTrack('captions', `CC${channel}`), open: null, some: false };
      own.track.mode = 'hidden';
      this.#own.set(channel, own);
    }
    if (own.open) own.open.endTime = Math.min(own.open.endTime, at);
    own.open = null;
    for (const cue of [...(own.track.cues ?? [])]) if (cue.endTime < this.#video.currentTime - PAST_SECONDS) own.track.removeCue(cue);
    if (lines.length === 0) return;
    own.open = cueOf(at, lines);
    own.track.addCue(own.open);
    if (own.some) return;
    own.some = true;
    this.#prefer();
  }

  // prefer shows captions to whom wanted them the last time.
  #prefer(): void {
    let wanted = '';
    try {
      wanted = localStorage.getItem(REMEMBERED) ?? '';
    } catch {
      return;
    }
    if (wanted === 'on' && !this.shown) this.#show(this.all[0] ?? null);
  }

  #show(chosen: TextTrack | null): void {
    for (const track of this.all) track.mode = track === chosen ? 'showing' : 'hidden';
  }
}

// cueOf places lines where they stand on the screen of CEA-608, which is the inner four fifths of the picture.
function cueOf(at: number, lines: Line[]): VTTCue {
  const cue = new VTTCue(at, at + MOST_SECONDS, lines.map(({ text }) => escaped(text)).join('\n'));
  const column = Math.min(...lines.map(({ column }) => column));
  cue.snapToLines = false;
  cue.line = 10 + (80 * (lines[0]?.row ?? 14)) / 15;
  cue.position = 10 + (80 * column) / 32;
  cue.size = 100 - cue.position;
  cue.align = 'start';
  return cue;
}

// escaped makes WebVTT of plain text.
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
