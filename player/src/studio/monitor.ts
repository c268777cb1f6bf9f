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
}

export class Monitor {
  readonly #events: MonitorEvents;
  #turn = 0; // counts playbacks, so that only the newest counts
  #wanted = false;
  #playback: Playback | null = null;

  constructor(events: MonitorEvents) {
    this.#events = events;
  }

  get wanted(): boolean {
    return this.#wanted;
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
      if (made.silence) this.#events.say(`No sound: ${made.silence}.`);
    } catch (error) {
      if (counts()) await this.close(error instanceof Error ? error.message : String(error));
    }
  }

  async close(why = ''): Promise<void> {
    this.#turn++;
    this.#wanted = false;
    const old = this.#playback;
    this.#playback = null;
    this.#events.picture(null);
    this.#events.say(why);
    await old?.close();
  }

  async received(): Promise<Received | null> {
    return (await this.#playback?.received()) ?? null;
  }
}
