// The playlist that is being read, and who waits for more of it. What comes from the edge begins it anew; the records
// that come through the cell carry it on; a request for a part that is not known yet waits for either. A wait that is
// not answered in time, or that cannot be, rejects: then the edge is asked, as if there were no cell.

import { LiveList } from './livelist.ts';
import type { ChunkRecord } from './record.ts';

export interface Answer {
  text: string;
  at: number; // when its newest part came to be known
}

interface Waiting {
  url: string; // without delivery directives
  msn: number;
  part: number | null; // null: the whole segment
  delta: boolean; // will do
  last: boolean; // nobody else is to be asked
  until: number;
  answer(): void;
  give(): void; // up
}

const PATIENCE = 1500; // milliseconds that a request waits at most, and never longer than
const PATIENT_PARTS = 2; // parts: hls.js takes what it knows to be out of date after four and a half, and has four buffered
const REST = 5000; // milliseconds for which nobody waits, once one has waited in vain; twice as long each further time
const MOST_VAIN = 3;
const ASLEEP = 300; // milliseconds: a wait that ends so much too late says nothing of the cell
const TORN_PATIENCE = 300; // milliseconds that what is missing between what is known may still come, from whoever reloads

export class Playlists {
  answered = 0; // without the edge
  readonly #tell: (text: string, url: string) => void;
  readonly #waiting = new Set<Waiting>();
  #url = ''; // without delivery directives
  #list: LiveList | null = null;
  #texts = { whole: '', delta: '' }; // of the list; '' while it is not written
  #told = 0; // MSN of the segment that was open when the list was last told of
  #at = 0;
  #restUntil = 0;
  #vain = 0; // how many waited in vain, one after the other
  #tornSince = 0; // 0: it is not
  #timer: ReturnType<typeof setTimeout> | undefined;

  // tell is told of each segment that is complete in a playlist that is written here, before that is given away. The
  // parts were known before.
  constructor(tell: (text: string, url: string) => void) {
    this.#tell = tell;
  }

  // read takes a playlist that came from the edge.
  read(url: string, text: string): void {
    const plain = withoutDirectives(url);
    const before = plain === this.#url ? this.#list : null;
    const next = before?.next;
    this.#url = plain;
    this.#list = LiveList.read(text, before);
    if (this.#list && !this.#list.extended) this.#told = this.#list.next.msn;
    const now = this.#list?.next;
    if (!next || now?.msn !== next.msn || now.part !== next.part) this.#at = performance.now();
    this.#moved();
  }

  // uri returns the absolute URI of a record's chunk; '' if it is not of this playlist, or not known how it is named.
  uri(record: ChunkRecord): string {
    const uri = this.#list?.uri(record) ?? null;
    return uri === null ? '' : new URL(uri, this.#url).href;
  }

  // add takes a true record.
  add(record: ChunkRecord): void {
    if (!this.#list) return;
    if (this.#list.add(record)) this.#at = performance.now();
    this.#moved();
  }

  // following is the URL of a blocking reload for what is not known; '' if the playlist does not go on here.
  get following(): string {
    const wanted = this.#list?.wanted;
    if (!wanted) return '';
    const url = new URL(this.#url);
    url.searchParams.set('_HLS_msn', String(wanted.msn));
    url.searchParams.set('_HLS_part', String(wanted.part));
    if (this.#list?.deltas) url.searchParams.set('_HLS_skip', 'YES');
    return url.href;
  }

  // hinted is the absolute URI of the part that is not known yet; '' if the playlist does not go on here.
  get hinted(): string {
    return this.#list ? new URL(this.#list.hinted, this.#url).href : '';
  }

  // resting: nobody waits here, since one has waited in vain. hls.js asks the edge.
  get resting(): boolean {
    return performance.now() < this.#restUntil;
  }

  // skips tells whether a delta will do: what it leaves out is known, or the playlist cannot be carried on anyway.
  skips(url: string): boolean {
    return withoutDirectives(url) === this.#url && this.#list?.deltas !== false;
  }

  // ask waits for what a blocking reload asks for. It returns null if that is nothing to be waited for here.
  ask(url: string, signal: AbortSignal): Promise<Answer> | null {
    const asked = new URL(url).searchParams;
    const [msn, part] = [count(asked.get('_HLS_msn')), count(asked.get('_HLS_part'))];
    const plain = withoutDirectives(url);
    if (!this.#list || msn === null || plain !== this.#url) return null;
    if (!this.#list.has(msn, part) && (this.#isTorn() || this.resting)) return null;
    return this.#wait({ msn, part }, url, signal, Math.min(PATIENCE, PATIENT_PARTS * this.#list.partMillis), false);
  }

  // hope waits for so many milliseconds as ask does, though others have waited in vain: the edge failed, and is not what to ask first.
  // What is asked for without a place is what comes next.
  hope(url: string, signal: AbortSignal, millis: number): Promise<Answer> | null {
    if (!this.#list || withoutDirectives(url) !== this.#url) return null;
    this.#restUntil = 0;
    const asked = new URL(url).searchParams;
    const msn = count(asked.get('_HLS_msn'));
    const place = msn === null ? this.#list.next : { msn, part: count(asked.get('_HLS_part')) };
    return this.#wait(place, url, signal, millis, true);
  }

  #wait({ msn, part }: { msn: number; part: number | null }, url: string, signal: AbortSignal, patience: number, last: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', waiting.give);
      };
      const waiting: Waiting = {
        url: withoutDirectives(url), msn, part, last,
        delta: new URL(url).searchParams.has('_HLS_skip'),
        until: performance.now() + patience,
        answer: () => {
          stop();
          resolve(this.#write(waiting.delta));
        },
        give: () => {
          stop();
          reject(new Error('playlists: not answered'));
        },
      };
      const timer = setTimeout(() => this.#late(waiting), patience);
      signal.addEventListener('abort', waiting.give);
      this.#waiting.add(waiting);
      this.#settle(waiting);
    });
  }

  // look gives up what has waited for too long. Timers may be late where a page is hidden: whoever is awake calls this.
  look(): void {
    const torn = this.#isTorn();
    const now = performance.now();
    for (const waiting of [...this.#waiting]) {
      if (torn && !waiting.last) waiting.give();
      else if (now >= waiting.until) this.#late(waiting);
    }
  }

  // release gives all up that wait.
  release(): void {
    for (const waiting of [...this.#waiting]) waiting.give();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#list = null;
    this.release();
  }

  #moved(): void {
    this.#texts = { whole: '', delta: '' };
    if (!this.#list?.torn) {
      this.#tornSince = 0;
    } else if (this.#tornSince === 0) {
      this.#tornSince = performance.now();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.look(), TORN_PATIENCE);
    }
    for (const waiting of [...this.#waiting]) this.#settle(waiting);
  }

  // settle answers one that waits, or gives it up, if that can be told already.
  #settle(waiting: Waiting): void {
    if (!this.#list || waiting.url !== this.#url) {
      waiting.give();
    } else if (this.#list.has(waiting.msn, waiting.part)) {
      this.#vain = 0;
      waiting.answer();
    }
  }

  #late(waiting: Waiting): void {
    const now = performance.now();
    if (!waiting.last && now - waiting.until < ASLEEP) {
      this.#restUntil = now + REST * 2 ** this.#vain;
      this.#vain = Math.min(MOST_VAIN, this.#vain + 1);
    }
    waiting.give();
  }

  #isTorn(): boolean {
    return this.#tornSince > 0 && performance.now() - this.#tornSince >= TORN_PATIENCE;
  }

  #write(delta: boolean): Answer {
    const list = this.#list;
    if (list?.extended) this.answered++;
    const kind = delta ? 'delta' : 'whole';
    if (this.#texts[kind] === '' && list) {
      const text = (this.#texts[kind] = list.text(delta));
      if (list.next.msn !== this.#told) this.#tell(text, this.#url);
      this.#told = list.next.msn;
    }
    return { text: this.#texts[kind], at: this.#at };
  }
}

// whole returns the URL without its wish for a delta.
export function whole(url: string): string {
  const plain = new URL(url);
  plain.searchParams.delete('_HLS_skip');
  return plain.href;
}

export function withoutDirectives(url: string): string {
  const plain = new URL(url);
  for (const name of ['_HLS_msn', '_HLS_part', '_HLS_skip']) plain.searchParams.delete(name);
  return plain.href;
}

function count(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
