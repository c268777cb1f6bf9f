// The WebSocket to one of the trackers. It carries bytes and knows nothing of them; it comes back by itself, as retry.ts
// says.
//
// A page is not told why a handshake failed. So a tracker that did not take the socket is asked once, by a POST to the
// same URL with the token in its body: it answers as it did to the handshake. 400, 401 and 403 are refusals; 429 and 503 say
// when to come back; whatever else is said comes from a proxy, and the tracker is away.
//
// One tracker that refuses says nothing of the others: it may not have a new key yet. When all have refused in a row, the
// token is asked for once more, for it may just have ended; if it is the same, or all refuse that too, it is for good. A
// tracker that refuses costs two requests for each token. A URL or a token with which no socket can be made is as good as refused.

import { Retry } from './retry.ts';

export interface TrackerEvents {
  up(): void;
  message(bytes: Uint8Array): void;
  down(): void; // after an up
  denied(why: string): void; // for now: another is asked, or the same again
  refused(why: string): void; // for good; nothing follows
}

// Where and as whom.
export interface TrackerDoor {
  urls: readonly string[]; // of the trackers, absolute
  stream: string;
  token(): string | Promise<string>; // asked for each socket; '' for none
}

const MAX_MESSAGE = 20 << 10; // wire.MaxMessage; what is longer is dropped
const TOKEN_TIMEOUT = 10000;
const OPEN_TIMEOUT = 5000;
const ASK_TIMEOUT = 5000;
const RENEWAL = 5000; // and up to half of it more: time for a page to get a new token when all have refused the old one
const REFUSALS = [400, 401, 403];
const NOT_NOW = [429, 503];
const MOST_WORDS = 200; // of an answer: it may come from a proxy

export class Tracker {
  readonly #door: TrackerDoor;
  readonly #events: TrackerEvents;
  readonly #retry: Retry;
  readonly #chance: () => number;
  #attempt: Attempt | null = null; // that is under way
  #timer: ReturnType<typeof setTimeout> | undefined; // to the next one
  #vain: { token: string; why: string } | null = null; // all trackers have refused this token
  #silent = false; // a socket was asked for, and no tracker has said anything since
  #closed = false;

  constructor(door: TrackerDoor, events: TrackerEvents, random: () => number = Math.random) {
    this.#door = door;
    this.#events = events;
    this.#chance = random;
    this.#retry = new Retry(door.urls, random);
  }

  open(): void {
    if (this.#closed || this.#attempt) return;
    clearTimeout(this.#timer);
    const over = new AbortController();
    const attempt: Attempt = { over, token: '', socket: null, openedAt: 0 };
    this.#attempt = attempt;
    const failed = (error: unknown): void => {
      if (over.signal.aborted) return;
      console.warn('shoal: no token for the tracker:', error);
      this.#again(this.#retry.lost(0));
    };
    const came = (token: string): void => {
      clearTimeout(timeout);
      if (!over.signal.aborted) this.#connect(attempt, token.trim());
    };
    const timeout = setTimeout(failed, TOKEN_TIMEOUT, `none came within ${TOKEN_TIMEOUT / 1000} s`);
    over.signal.addEventListener('abort', () => clearTimeout(timeout));
    try {
      const token = this.#door.token();
      if (typeof token === 'string') came(token);
      else token.then(came).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  get isUp(): boolean {
    return this.#attempt?.socket?.readyState === WebSocket.OPEN;
  }

  // silent: no tracker has taken the socket, or said why not, or said anything since it did.
  get silent(): boolean {
    return this.#silent;
  }

  // send drops the message when there is no open socket.
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.isUp) this.#attempt?.socket?.send(bytes);
  }

  // refused closes the socket; a tracker is asked again after so many seconds, 0 if this one never shall. Busy: another may be
  // asked sooner.
  refused(seconds: number, busy: boolean, why: string): void {
    if (seconds === 0) this.#denied(why);
    else this.#again(busy ? this.#retry.busy(seconds * 1000) : this.#retry.stay(seconds * 1000));
  }

  // move closes the socket; another tracker is asked, or the only one again, at a moment within so many seconds.
  move(seconds: number): void {
    this.#again(this.#retry.moved(seconds * 1000));
  }

  // rest closes the socket until open is called.
  rest(): void {
    this.#silent = false;
    this.#stop();
  }

  close(): void {
    this.#closed = true;
    this.rest();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#leave();
  }

  #connect(attempt: Attempt, token: string): void {
    attempt.token = token;
    if (this.#vain?.token === token) {
      this.#refuse(this.#vain.why);
      return;
    }
    this.#vain = null;
    let url: URL;
    let socket: WebSocket;
    try {
      url = new URL(this.#retry.url);
      url.searchParams.set('stream', this.#door.stream);
      socket = new WebSocket(url.href, token === '' ? ['shoal'] : ['shoal', `shoal.token.${token}`]);
    } catch {
      this.#denied(`no socket can be made to ${this.#retry.url}: look at the URL (of a page that came by https, only wss:// is let through) and at the token`);
      return;
    }
    attempt.socket = socket;
    this.#silent = true;
    socket.binaryType = 'arraybuffer';
    let slow = false;
    const timeout = setTimeout(() => {
      slow = true;
      socket.close();
    }, OPEN_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(timeout);
      attempt.openedAt = performance.now();
      this.#events.up();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      const { data } = event;
      this.#silent = false;
      if (data instanceof ArrayBuffer && data.byteLength <= MAX_MESSAGE) this.#events.message(new Uint8Array(data));
    };
    socket.onclose = () => {
      clearTimeout(timeout);
      if (this.#attempt !== attempt) return;
      const lived = this.#lived;
      attempt.socket = null;
      if (attempt.openedAt > 0) this.#events.down();
      if (attempt.openedAt > 0 || slow) this.#again(this.#retry.lost(lived));
      else void this.#ask(attempt, url);
    };
  }

  // ask learns why a tracker did not take the socket, and what to do.
  async #ask({ over, token }: Attempt, url: URL): Promise<void> {
    const asking = new AbortController();
    const stop = (): void => asking.abort();
    const timeout = setTimeout(stop, ASK_TIMEOUT);
    over.signal.addEventListener('abort', stop);
    let status = 0; // away
    let wait = 0;
    let why = '';
    try {
      const address = url.href.replace(/^ws/, 'http');
      const answer = await fetch(address, { method: 'POST', body: token, cache: 'no-store', credentials: 'omit', signal: asking.signal });
      wait = Number(answer.headers.get('retry-after')) * 1000;
      if ([...REFUSALS, ...NOT_NOW].includes(answer.status)) why = `${answer.status}: ${(await answer.text()).trim().slice(0, MOST_WORDS)}`;
      status = answer.status;
    } catch {
      // it is away, or its answer was cut short
    }
    clearTimeout(timeout);
    if (over.signal.aborted) return;
    this.#silent &&= why === '';
    if (REFUSALS.includes(status)) {
      this.#denied(why);
    } else if (NOT_NOW.includes(status) && wait > 0) {
      this.#events.denied(why);
      this.#again(status === 503 ? this.#retry.busy(wait) : this.#retry.stay(wait));
    } else {
      this.#again(this.#retry.lost(0));
    }
  }

  // denied: the tracker whose turn it is will not have us.
  #denied(why: string): void {
    const token = this.#attempt?.token ?? '';
    const pause = this.#retry.denied(this.#lived);
    if (pause !== null) {
      this.#events.denied(why);
      this.#again(pause);
    } else if (this.#retry.refusedRounds === 1) {
      this.#events.denied(why);
      this.#vain = { token, why };
      this.#again(RENEWAL + (this.#chance() * RENEWAL) / 2);
    } else {
      this.#refuse(why);
    }
  }

  #refuse(why: string): void {
    this.close();
    this.#events.refused(why);
  }

  // Milliseconds for which the socket has been open.
  get #lived(): number {
    const { openedAt = 0 } = this.#attempt ?? {};
    return openedAt > 0 ? performance.now() - openedAt : 0;
  }

  // again ends the attempt; the next comes after a pause.
  #again(pause: number): void {
    if (this.#closed) return;
    this.#stop();
    this.#timer = setTimeout(() => this.open(), pause);
  }

  #leave(): void {
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.over.abort();
    attempt?.socket?.close();
  }
}

// From the question for a token to the end of the socket.
interface Attempt {
  over: AbortController; // ends what is waited for
  token: string;
  socket: WebSocket | null;
  openedAt: number; // 0: not yet
}
