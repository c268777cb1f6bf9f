// The WebSocket to one of the trackers. It carries bytes and knows nothing of them; it comes back by itself, as retry.ts
// says.
//
// A page is not told why a handshake failed. So a tracker that did not take the socket is asked once, by a POST to the
// same URL with the token in its body: it answers as it did to the handshake. 401, 403 and their like end it for good; 429
// and 503 say when to come back. A tracker that is away costs two requests per attempt, one that refuses costs two in all.

import { Retry } from './retry.ts';

export interface TrackerEvents {
  up(): void;
  message(bytes: Uint8Array): void;
  down(): void; // after an up
  refused(why: string): void; // for good; nothing follows
}

// Where and as whom.
export interface TrackerDoor {
  urls: readonly string[]; // of the trackers, absolute
  stream: string;
  token(): string | Promise<string>; // asked for each socket; '' for none
}

const MAX_MESSAGE = 20 << 10; // wire.MaxMessage; what is longer is dropped
const OPEN_TIMEOUT = 5000;
const ASK_TIMEOUT = 5000;

export class Tracker {
  readonly #door: TrackerDoor;
  readonly #events: TrackerEvents;
  readonly #retry: Retry;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;
  #closed = false;

  constructor(door: TrackerDoor, events: TrackerEvents, random: () => number = Math.random) {
    this.#door = door;
    this.#events = events;
    this.#retry = new Retry(door.urls, random);
  }

  open(): void {
    if (this.#closed || this.#socket) return;
    const token = this.#door.token();
    if (typeof token === 'string') this.#connect(token);
    else token.then((text) => this.#connect(text), () => this.#again(this.#retry.lost(0)));
  }

  get isUp(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // send drops the message when there is no open socket.
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.isUp) this.#socket?.send(bytes);
  }

  // refused closes the socket; a tracker is asked again after so many seconds, 0 for never. Busy: another may be asked sooner.
  refused(seconds: number, busy: boolean): void {
    this.#detach();
    if (seconds === 0) this.close();
    else this.#again(busy ? this.#retry.busy(seconds * 1000) : this.#retry.stay(seconds * 1000));
  }

  // move closes the socket; another tracker is asked, or the only one again, at a moment within so many seconds.
  move(seconds: number): void {
    this.#detach();
    this.#again(this.#retry.moved(seconds * 1000));
  }

  // rest closes the socket until open is called.
  rest(): void {
    clearTimeout(this.#timer);
    this.#detach();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#detach();
  }

  #connect(token: string): void {
    if (this.#closed || this.#socket) return;
    let url: URL;
    let socket: WebSocket;
    try {
      url = new URL(this.#retry.url);
      url.searchParams.set('stream', this.#door.stream);
      socket = new WebSocket(url.href, token === '' ? ['shoal'] : ['shoal', `shoal.token.${token}`]);
    } catch {
      this.close(); // not a URL, not a token, or forbidden by the page's policy: it will not get better
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let openedAt = 0; // it was open
    let slow = false;
    const timeout = setTimeout(() => {
      slow = true;
      socket.close();
    }, OPEN_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(timeout);
      openedAt = performance.now();
      this.#events.up();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      const { data } = event;
      if (data instanceof ArrayBuffer && data.byteLength <= MAX_MESSAGE) this.#events.message(new Uint8Array(data));
    };
    socket.onclose = () => {
      clearTimeout(timeout);
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (openedAt > 0) this.#events.down();
      if (openedAt > 0 || slow) this.#again(this.#retry.lost(openedAt > 0 ? performance.now() - openedAt : 0));
      else void this.#ask(url, token);
    };
  }

  // ask learns why a tracker did not take the socket, and what to do.
  async #ask(url: URL, token: string): Promise<void> {
    let pause: number | null;
    let why = '';
    const asking = new AbortController();
    const timeout = setTimeout(() => asking.abort(), ASK_TIMEOUT);
    this.#asking = asking;
    try {
      const address = url.href.replace(/^ws/, 'http');
      const answer = await fetch(address, { method: 'POST', body: token, cache: 'no-store', credentials: 'omit', signal: asking.signal });
      pause = this.#judge(answer.status, Number(answer.headers.get('retry-after')) * 1000);
      if (pause === null) why = `${answer.status}: ${(await answer.text()).trim()}`;
    } catch {
      pause = this.#retry.lost(0); // away
    }
    clearTimeout(timeout);
    this.#asking = null;
    if (this.#closed) return;
    if (pause !== null) {
      this.#again(pause);
      return;
    }
    this.close();
    this.#events.refused(why);
  }

  // judge returns how long to wait, null for ever.
  #judge(status: number, wait: number): number | null {
    if (status === 503 && wait > 0) return this.#retry.busy(wait);
    if (status === 429 && wait > 0) return this.#retry.stay(wait);
    return status >= 400 && status < 500 && status !== 429 ? null : this.#retry.lost(0);
  }

  #again(pause: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), pause);
  }

  #detach(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
