// The monitor: what the origin really receives, beside what is sent. It is asked for by WHEP, while it is looked at.

import type { Received } from './whep.ts';

// What this file knows of a playback; a Whep in the browser.
export interface Playback {
  readonly stream: MediaStream;
  readonly silence: string; // why there is no sound
  received(): Promise<Received>;
  close(): Promise<void>;
}

export interface MonitorEvents {
  play(state: (now: RTCPeerConnectionState) => void): Promise<Playback>;
  picture(stream: MediaStream | null): void;
  say(what: string): void; // what is wrong, or missing; '': nothing
  still(is: boolean): void; // the picture is an old one: nothing comes any more
}

const QUIET = 3; // looks in a row at which nothing had come
const STILL = 'Nothing comes any more: the broadcast is over, or has paused. If it goes on, so does the picture.';

export class Monitor {
  readonly #events: MonitorEvents;
  #turn = 0; // counts playbacks, so that only the newest counts
  #wanted = false;
  #playback: Playback | null = null;
  #quiet = -1; // looks in a row at which nothing had come; -1: nothing ever did

  constructor(events: MonitorEvents) {
    this.#events = events;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  // still: what is seen is the last that came, and nothing does any more.
  get still(): boolean {
    return this.#quiet >= QUIET;
  }

  async open(): Promise<void> {
    const turn = ++this.#turn;
    const counts = (): boolean => turn === this.#turn;
    this.#wanted = true;
    this.#events.say('');
    try {
      const made = await this.#events.play((now) => {
        if (counts() && (now === 'failed' || now === 'closed')) void this.close('The connection to the server’s picture was lost.');
      });
      if (!counts()) {
        await made.close();
        return;
      }
      this.#playback = made;
      this.#events.picture(made.stream);
      this.#say();
    } catch (error) {
      if (counts()) await this.close(error instanceof Error ? error.message : String(error));
    }
  }

  async close(why = ''): Promise<void> {
    this.#turn++;
    this.#wanted = false;
    const old = this.#playback;
    this.#playback = null;
    this.#count(-1);
    this.#events.picture(null);
    this.#events.say(why);
    await old?.close();
  }

  // received tells what comes, asked twice a second, and says so when nothing does any more.
  async received(): Promise<Received | null> {
    const playback = this.#playback;
    const got = (await playback?.received()) ?? null;
    if (!got || playback !== this.#playback) return null;
    const before = this.still;
    if (got.bitsPerSecond > 0) this.#count(0);
    else if (this.#quiet >= 0) this.#count(this.#quiet + 1);
    if (this.still !== before) this.#say();
    return got;
  }

  #count(quiet: number): void {
    const before = this.still;
    this.#quiet = quiet;
    if (this.still !== before) this.#events.still(this.still);
  }

  #say(): void {
    const silence = this.#playback?.silence;
    this.#events.say(this.still ? STILL : silence ? `No sound: ${silence}.` : '');
  }
}
