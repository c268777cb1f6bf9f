// What another rendition takes before its first part: its playlist, and its init segment. Where it looks as if the link had become too narrow for what is
// played they are asked for while that is still found out, so that they are there when hls.js goes over.
//
// By a link that is full they may be long in coming. Once it carries again (rests settles) nobody waits for them any more.

import type { Taken } from './loader.ts';
import type { Followed } from './playlist.ts';
import { withoutDirectives } from './playlists.ts';

export interface BeforehandEvents {
  playlist(url: string, signal: AbortSignal): Promise<string>; // from the edge
  bring(url: string, signal: AbortSignal): Promise<Taken>; // the same, of an init segment
  read(url: string, text: string): void; // the playlist, when it is taken
}

interface Coming<T> {
  url: string;
  what: Promise<T>;
  come: boolean;
}

const STANDS = 2000; // milliseconds from when it was asked for: hls.js goes on from a playlist that old by one more request

export class Beforehand {
  readonly #events: BeforehandEvents;
  #give = new AbortController();
  #at = -Infinity;
  #playlist: Coming<Followed> | null = null;
  #init: Coming<Taken> | null = null;

  constructor(events: BeforehandEvents) {
    this.#events = events;
  }

  // get asks for what the rendition with this playlist takes, unless that was just done.
  get(uri: string): void {
    const url = withoutDirectives(uri);
    if (this.#playlist?.url === url && this.#fresh) return;
    this.close();
    const { signal } = (this.#give = new AbortController());
    this.#at = performance.now();
    const text = this.#events.playlist(uri, signal);
    this.#playlist = coming(url, text.then((text) => ({ text, at: performance.now() })));
    text.then((text) => {
      const map = [...text.matchAll(/^#EXT-X-MAP:(?:.*,)?URI="([^"]+)"/gm)].at(-1)?.[1];
      if (map === undefined || signal.aborted) return;
      const init = new URL(map, uri).href;
      this.#init = coming(init, this.#events.bring(init, signal));
    }, () => undefined);
  }

  // take returns null for what is not on its way. What comes late rejects: then the edge is asked anew.
  take(url: string, rests: Promise<void> | null): Promise<Followed> | null {
    const list = this.#playlist;
    if (!list || !this.#fresh || list.url !== withoutDirectives(url)) return null;
    this.#playlist = null;
    return inTime(list, rests)?.then((followed) => {
      this.#events.read(url, followed.text);
      return followed;
    }) ?? null;
  }

  takeInit(url: string, rests: Promise<void> | null): Promise<Taken> | null {
    const init = this.#init;
    if (!init || init.url !== url) return null;
    this.#init = null;
    return inTime(init, rests);
  }

  close(): void {
    this.#give.abort();
    this.#playlist = this.#init = null;
  }

  get #fresh(): boolean {
    return performance.now() - this.#at < STANDS;
  }
}

function coming<T>(url: string, what: Promise<T>): Coming<T> {
  const coming = { url, what, come: false };
  what.then(() => (coming.come = true), () => undefined);
  return coming;
}

// inTime is what comes before the link carries again; null where it does, and it has not.
function inTime<T>({ what, come }: Coming<T>, rests: Promise<void> | null): Promise<T> | null {
  if (come) return what;
  return rests && Promise.race([what, rests.then(() => Promise.reject(new Error('beforehand: late')))]);
}
