// A broadcast, from the moment somebody wants to be live until nobody does: it is published, mended when the network changes, published
// again when the connection was lost for good, at once when the server is back, and given up when it is away for long.
//
// To mend is to begin ICE anew for the session that is there, which viewers do not notice. A new session is one for them too.
//
// One publication counts, the newest. What comes of another, ended or lost while the server was still asked, is closed.

import type { Kind } from './outgoing.ts';
import type { Shape } from './shape.ts';
import { type Sent, WhipError } from './whip.ts';

// What this file knows of a publication; a Whip in the browser.
export interface Publication {
  replace(kind: Kind, track: MediaStreamTrack | null): Promise<void>;
  fit(shape: Shape): Promise<void>;
  restart(): Promise<void>; // ICE; a WhipError with a status says that the server will not
  sent(): Promise<Sent>;
  close(): Promise<void>;
}

export interface BroadcastEvents {
  publish(state: (now: RTCPeerConnectionState) => void): Promise<Publication>;
  say(what: string, wrongKey: boolean): void; // what is wrong; '': nothing
  changed(): void;
}

const RETRY_MILLIS = [1000, 2000, 4000, 8000]; // also for a server that refuses: what is left of an own session lives for 10 s
const SELDOM_MILLIS = 15000; // then, for one that is away
const MOST_ATTEMPTS = 44; // ten minutes: who sits at the camera may have left
const LOST = 'The connection was lost. Trying again…';
const MEND_AFTER_MILLIS = 1000; // a connection that is called lost may be back
const MEND_EVERY_MILLIS = 3000;
const MENDS = 4; // the server forgets a session that is silent for 10 s

export class Broadcast {
  readonly #events: BroadcastEvents;
  #wanted = false; // to be live
  #linked = false; // media goes to the server
  #since = 0;
  #attempts = 0;
  #refusals = 0; // in a row: the server answers, and says no
  #turn = 0; // counts publications
  #publication: Publication | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined; // to the next one
  #mends = 0; // since the connection stood
  #mending: ReturnType<typeof setTimeout> | undefined; // to the next mend

  constructor(events: BroadcastEvents) {
    this.#events = events;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  get linked(): boolean {
    return this.#linked;
  }

  // When it first was live, milliseconds of the wall clock; 0: not yet.
  get since(): number {
    return this.#since;
  }

  get publication(): Publication | null {
    return this.#publication;
  }

  async begin(): Promise<void> {
    this.#wanted = true;
    this.#attempts = 0;
    this.#refusals = 0;
    this.#events.say('', false);
    await this.#publish();
  }

  async end(): Promise<void> {
    this.#over();
    const closed = this.#leave();
    this.#events.changed();
    await closed;
  }

  // moved says that the network is another one: it is mended at once, before anybody finds that nothing gets through.
  moved(): void {
    if (!this.#publication) return;
    this.#mends = 0;
    this.#mend(0);
  }

  // found says that the server answers again: what waits to be tried is tried at once.
  found(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    void this.#publish();
  }

  async #publish(): Promise<void> {
    this.#timer = undefined;
    const turn = ++this.#turn;
    const counts = (): boolean => turn === this.#turn;
    this.#events.changed();
    try {
      const made = await this.#events.publish((now) => counts() && this.#connection(now));
      if (counts()) {
        this.#publication = made;
        this.#refusals = 0;
      } else await made.close();
      this.#events.changed();
    } catch (error) {
      if (counts()) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const refused = error instanceof WhipError;
    const wrongKey = refused && error.wrongKey;
    this.#refusals = refused && error.status >= 400 && error.status < 500 ? this.#refusals + 1 : 0;
    const final = wrongKey || (refused && this.#since === 0) || this.#refusals > RETRY_MILLIS.length;
    if (this.#attempts > 0 && !final) {
      this.#again();
      return;
    }
    void this.#leave();
    this.#over();
    this.#events.say(error instanceof Error ? error.message : String(error), wrongKey);
    this.#events.changed();
  }

  #connection(now: RTCPeerConnectionState): void {
    this.#linked = now === 'connected';
    if (this.#linked) {
      this.#attempts = 0;
      this.#mends = 0;
      clearTimeout(this.#mending);
      this.#since ||= Date.now();
      this.#events.say('', false);
    } else if (now === 'disconnected' && this.#publication) {
      this.#mend(MEND_AFTER_MILLIS);
    } else if (now === 'failed' && this.#publication) {
      this.#mend(0);
    } else if (now === 'failed' || now === 'closed') {
      this.#again();
      return;
    }
    this.#events.changed();
  }

  #mend(wait: number): void {
    clearTimeout(this.#mending);
    this.#mending = setTimeout(() => void this.#restart(), wait);
  }

  // restart mends once, and sees to it that it has helped.
  async #restart(): Promise<void> {
    const mended = this.#publication;
    if (!mended) return;
    if (this.#mends++ >= MENDS) {
      this.#again();
      return;
    }
    if (!this.#linked) this.#events.say(LOST, false);
    try {
      await mended.restart();
    } catch (error) {
      if (mended !== this.#publication) return;
      if (error instanceof WhipError && error.status > 0) {
        this.#again(); // the server knows the session no more
        return;
      }
    }
    if (mended !== this.#publication) return;
    clearTimeout(this.#mending);
    this.#mending = setTimeout(() => {
      if (!this.#linked) void this.#restart();
    }, MEND_EVERY_MILLIS);
  }

  // again goes live once more after the connection was lost; the stream goes on where viewers are.
  #again(): void {
    void this.#leave();
    const wait = RETRY_MILLIS[this.#refusals > 0 ? this.#refusals - 1 : this.#attempts] ?? SELDOM_MILLIS;
    if (this.#attempts++ >= MOST_ATTEMPTS) {
      this.#over();
      this.#events.say('The connection was lost and did not come back.', false);
    } else {
      this.#events.say(LOST, false);
      this.#timer = setTimeout(() => void this.#publish(), wait);
    }
    this.#events.changed();
  }

  #over(): void {
    this.#wanted = false;
    this.#since = 0;
  }

  // leave ends the publication, and the wait for the next one.
  async #leave(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#mending);
    this.#mends = 0;
    this.#turn++;
    this.#linked = false;
    const old = this.#publication;
    this.#publication = null;
    await old?.close();
  }
}
