// The WebSocket to the tracker. It carries bytes and knows nothing of them; it comes back by itself, with a backoff of
// 1 s doubling to 12 s and jitter, and a tracker that is refused or away costs one attempt per backoff, no more.

export interface TrackerEvents {
  up(): void;
  message(bytes: Uint8Array): void;
  down(): void; // after an up
}

const MAX_MESSAGE = 20 << 10; // wire.MaxMessage; what is longer is dropped
const FIRST = 1000;
const LAST = 12000;
const OPEN_TIMEOUT = 10000;
const STEADY = 5000; // a socket that lived this long has earned a fresh backoff

export class Tracker {
  readonly #url: string;
  readonly #events: TrackerEvents;
  readonly #random: () => number;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #openedAt = 0;
  #closed = false;

  constructor(url: string, events: TrackerEvents, random: () => number = Math.random) {
    this.#url = url;
    this.#events = events;
    this.#random = random;
  }

  open(): void {
    if (this.#closed || this.#socket) return;
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url);
    } catch {
      this.#closed = true; // not a URL, or forbidden by the page's policy: it will not get better
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let up = false;
    const timeout = setTimeout(() => socket.close(), OPEN_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(timeout);
      up = true;
      this.#openedAt = performance.now();
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
      if (up && performance.now() - this.#openedAt > STEADY) this.#attempts = 0;
      if (up) this.#events.down();
      this.#again();
    };
  }

  get isUp(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // send drops the message when there is no open socket.
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.isUp) this.#socket?.send(bytes);
  }

  // refused closes the socket; the tracker is asked again after so many seconds, 0 for never.
  refused(seconds: number): void {
    this.#detach();
    if (seconds === 0) {
      this.#closed = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), seconds * 1000 * (1 + this.#random() / 2));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#detach();
  }

  #again(): void {
    if (this.#closed) return;
    const most = Math.min(LAST, FIRST * 2 ** this.#attempts++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), most / 2 + (this.#random() * most) / 2);
  }

  #detach(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
