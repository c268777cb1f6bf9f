// Going over to another rendition in the middle of a segment. It begins where that segment does, since there is the key frame, so it loads again what
// is buffered of the one before; and the first part of it that is given to the element takes all that is buffered after it away. So these parts are all
// fetched first, while what is there is played, and given when the last of them has come: then nothing is missed. One after the other: who goes over has a
// narrow link, in whose queue there is no room for two.
//
// Only from the edge: where the swarm brings what is played, it brings this too.

import type Hls from 'hls.js';
import type { Taken, Wanted } from './loader.ts';

export interface CrossingEvents {
  buffered(): number; // seconds of media before the playhead
  bring(url: string, signal: AbortSignal): Promise<Taken> | null;
}

const DRY = 0.03; // seconds of buffer, with which there is nothing more to lose
const LOOK = 50; // milliseconds
const SLACK = 0.05; // seconds

export class Crossing {
  readonly #hls: Hls;
  readonly #events: CrossingEvents;
  #coming = new Map<string, Promise<Taken>>(); // that hls.js will ask for
  #over = new AbortController();
  #room: Promise<unknown> | null = null; // once all that overlaps has come, or there is nothing left to play meanwhile

  constructor(hls: Hls, events: CrossingEvents) {
    this.#hls = hls;
    this.#events = events;
  }

  // past rejects once there is room, for who is to ask the edge then: until it has, nothing else is to take the link's room. null: at once.
  past(): Promise<never> | null {
    return this.#room?.then(() => Promise.reject(new Error('crossing: ask the edge'))) ?? null;
  }

  // take returns null for what does not overlap what is buffered.
  take({ url, start, signal }: Wanted): Promise<Taken> | null {
    const coming = this.#coming.get(url);
    this.#coming.delete(url);
    if (coming) {
      signal.addEventListener('abort', () => this.close(), { signal: this.#over.signal });
      return coming;
    }
    if (start !== null) this.close(); // hls.js has gone elsewhere
    const urls = start === null ? [] : this.#overlapping(url);
    if (urls.length < 2) return null;
    const { signal: over } = (this.#over = new AbortController());
    const first = this.#events.bring(url, over);
    if (!first) return null;
    signal.addEventListener('abort', () => this.close(), { signal: over });
    const all = [first];
    urls.slice(1).reduce((before, next) => {
      const coming = before.catch(() => undefined).then(() => this.#bring(next, over));
      this.#coming.set(next, coming);
      all.push(coming);
      return coming;
    }, first);
    for (const each of all) each.catch(() => undefined); // told to who takes it
    const enough = Promise.allSettled(all);
    const room = (this.#room = Promise.race([enough, this.#dry(enough)]).finally(() => this.#room === room && (this.#room = null)));
    return room.then(() => first);
  }

  close(): void {
    this.#over.abort();
    this.#coming.clear();
    this.#room = null;
  }

  async #bring(url: string, over: AbortSignal): Promise<Taken> {
    over.throwIfAborted();
    const coming = this.#events.bring(url, over);
    if (!coming) throw new Error('crossing: nobody brings it');
    return coming;
  }

  // overlapping returns a part and those after it in its segment that begin within what is buffered.
  #overlapping(url: string): string[] {
    const { media, levels } = this.#hls;
    const list = levels.map(({ details }) => details?.partList).find((list) => list?.some((part) => part.url === url));
    const part = list?.find((part) => part.url === url);
    if (!media || !list || !part) return [];
    const end = media.currentTime + this.#events.buffered();
    return list.filter(({ fragment, index, start }) => fragment.sn === part.fragment.sn && index >= part.index && start < end - SLACK).map(({ url }) => url);
  }

  // dry settles when there is next to nothing in the buffer, or nothing more to wait for.
  #dry(enough: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearInterval(timer);
        resolve();
      };
      const timer = setInterval(() => this.#events.buffered() < DRY && end(), LOOK);
      enough.then(end, end);
    });
  }
}
