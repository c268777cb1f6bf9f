// What the server says of a stream of which nothing is to be seen: why that is, and whether there is something to load. It
// is asked once, or again and again, gently, until there is. That something plays ends no asking: it may be the last of what was
// loaded.
//
// Of several askings only the newest loads anything. Whoever loads the stream stops it.

import { answered, describeLive, type LiveStream, streamName, Unable } from './attach.ts';
import type { Pass } from './pass.ts';

// connecting: the stream is on, or nobody tells; unknown: no such stream was ever on; away: the broadcaster is; ended: the stream is over.
export type Reason = 'connecting' | 'unknown' | 'away' | 'ended';

export interface InquiryEvents {
  told(stream: LiveStream): void; // what the server knows of it
  because(reason: Reason): void; // nothing is to be seen
  slow(): void; // the server takes long to answer
  fails(answers: boolean): void; // it does not tell: it is not reached, or answers that it cannot
  load(): void; // the stream is there, or nobody tells; nothing more is asked
  loads(): boolean; // the stream is to be loaded; else it is only said what there is
  keeps(): boolean; // there is a picture that loading would take away
}

const POLL_MILLIS = 2500;
const SLOW_MILLIS = 1500; // a server that takes longer to say what it knows of the stream is slow, or lost

export class Inquiry {
  readonly #src: string;
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #events: InquiryEvents;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0; // times; only the newest counts
  #lost = false;
  readonly #pass: Pass | undefined;

  // The pass goes along, where there is one.
  constructor(src: string, signal: AbortSignal, events: InquiryEvents, pass?: Pass) {
    this.#pass = pass;
    this.#src = src;
    this.#name = streamName(src);
    this.#signal = signal;
    this.#events = events;
  }

  // lost tells whether the server did not answer when it was asked last, or takes long to.
  get lost(): boolean {
    return this.#lost;
  }

  // reached tells whether there is a server where the playlist should be. While there is none, the last picture is better than none.
  reached(): Promise<boolean> {
    return answered(this.#signal, async (signal) => (await this.#get(signal)).status < 500).catch(() => false);
  }

  // ask asks now, and again until there is something to load.
  async ask(): Promise<void> {
    const asked = ++this.#asked;
    const live = await this.explain();
    if (this.#signal.aborted || asked !== this.#asked) return;
    if (live === false || !this.#events.loads()) {
      this.later();
      return;
    }
    const vain = live === null && this.#events.keeps() && !(await this.reached());
    if (this.#signal.aborted || asked !== this.#asked) return;
    if (vain) this.later();
    else this.#events.load();
  }

  // later asks likewise, but not at once.
  later(): void {
    this.stop();
    if (this.#signal.aborted) return;
    this.#timer = setTimeout(() => void this.ask(), POLL_MILLIS * (0.6 + 0.8 * Math.random()));
  }

  // stop ends the asking, and takes no answer to what was asked.
  stop(): void {
    clearTimeout(this.#timer);
    this.#asked++;
  }

  // explain finds out whether the stream is live, null if nobody tells, and says why nothing is to be seen.
  async explain(): Promise<boolean | null> {
    if (this.#signal.aborted) return null;
    if (this.#name === '') {
      this.#events.because('connecting');
      return null;
    }
    const slow = setTimeout(() => {
      this.#lost = true;
      this.#events.slow();
    }, SLOW_MILLIS);
    try {
      const stream = await describeLive(this.#src, this.#name, this.#signal, this.#pass);
      this.#lost = false;
      if (stream) this.#events.told(stream);
      if (stream?.state === 'live') {
        this.#events.because('connecting');
        return true;
      }
      if (!stream && !this.#events.loads() && (await this.#served())) {
        this.#events.because('connecting');
        return null;
      }
      this.#events.because(!stream ? 'unknown' : stream.state === 'ended' ? 'ended' : 'away');
      return false;
    } catch (error) {
      this.#lost = true;
      if (!this.#signal.aborted) this.#events.fails(error instanceof Unable);
      this.#events.because('connecting');
      return null;
    } finally {
      clearTimeout(slow);
    }
  }

  // served tells whether the playlist is there: not every server of media tells of its streams.
  #served(): Promise<boolean> {
    return answered(this.#signal, async (signal) => (await this.#get(signal)).ok);
  }

  // get asks the server itself: what the browser has kept says nothing of whether there is one.
  #get(signal: AbortSignal): Promise<Response> {
    const init: RequestInit = { signal, cache: 'no-store' };
    return this.#pass ? this.#pass.fetch(this.#src, init) : fetch(this.#src, init);
  }
}
