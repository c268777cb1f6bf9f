// The connection to one peer: an RTCPeerConnection with one ordered data channel, negotiated beforehand. It carries
// bytes and knows nothing of them. What is sent is bounded: with more than 1 MiB waiting, a message is dropped.

import type { Carried } from './carried.ts';
import type { Route } from './route.ts';

export const OFFER = 1;
export const ANSWER = 2;
export const CANDIDATE = 3;

export interface PeerEvents {
  signal(kind: number, text: string): void; // to be carried to the peer
  up(): void;
  message(bytes: Uint8Array<ArrayBuffer>): void;
  drained(buffered: number): void; // what waited to be sent has become little
  down(broke: boolean): void; // closed or failed by itself, once; broke: it failed, and the peer did not close it
}

// The browser's own name for an address that it hides; only the own network resolves it.
function isLocal(candidate: RTCIceCandidate): boolean {
  return candidate.type === 'host' && candidate.address?.endsWith('.local') === true;
}

const MAX_BUFFERED = 1 << 20;
const LOW_BUFFERED = 64 << 10;
const OPEN_TIMEOUT = 15000;
const LOST_TIMEOUT = 6000; // ICE may find its way back meanwhile

export class PeerLink {
  readonly #events: PeerEvents;
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  #early: RTCIceCandidateInit[] | null = []; // candidates that came before the description
  #timer: ReturnType<typeof setTimeout> | undefined;
  #work: Promise<void> = Promise.resolve(); // signals are taken one after the other
  #over = false;

  constructor(route: Route, initiator: boolean, events: PeerEvents) {
    this.#events = events;
    const { iceServers } = route;
    const iceTransportPolicy = route.relayOnly ? 'relay' : 'all';
    const connection = (this.#connection = new RTCPeerConnection({ iceServers, iceTransportPolicy, bundlePolicy: 'max-bundle' }));
    const channel = (this.#channel = connection.createDataChannel('shoal', { negotiated: true, id: 0, ordered: true }));
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_BUFFERED;
    channel.onopen = () => {
      clearTimeout(this.#timer);
      if (!this.#over) events.up();
    };
    channel.onmessage = (event: MessageEvent<unknown>) => {
      if (!this.#over && event.data instanceof ArrayBuffer) events.message(new Uint8Array(event.data));
    };
    channel.onbufferedamountlow = () => {
      if (!this.#over) events.drained(channel.bufferedAmount);
    };
    channel.onclose = () => this.#fail(false);
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate || this.#over || (route.hideHost && isLocal(candidate))) return;
      events.signal(CANDIDATE, JSON.stringify(candidate.toJSON()));
    };
    connection.onconnectionstatechange = () => this.#state();
    this.#timer = setTimeout(() => this.#fail(), OPEN_TIMEOUT);
    if (initiator) this.#then(() => this.#offer());
  }

  // Whether the peer's description has come.
  get answered(): boolean {
    return this.#early === null;
  }

  // Bytes that wait to be sent.
  get buffered(): number {
    return this.#channel.bufferedAmount;
  }

  // carried tells what the peer's packets brought so far, and how much of it is whole messages.
  async carried(): Promise<Carried> {
    const told = { bytes: 0, whole: 0 };
    (await this.#connection.getStats()).forEach((report: { type: string; bytesReceived?: number }) => {
      if (report.type === 'transport') told.bytes += report.bytesReceived ?? 0;
      if (report.type === 'data-channel') told.whole += report.bytesReceived ?? 0;
    });
    return told;
  }

  // signal takes what the peer sent through the tracker.
  signal(kind: number, text: string): void {
    if (kind === OFFER || kind === ANSWER) this.#then(() => this.#describe(kind, text));
    else if (kind === CANDIDATE) this.#then(() => this.#candidate(text));
  }

  // send tells whether the message was taken.
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#channel.readyState !== 'open' || this.#channel.bufferedAmount > MAX_BUFFERED) return false;
    try {
      this.#channel.send(bytes);
      return true;
    } catch {
      return false; // too long for the peer, or the queue of the browser is full
    }
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#channel.close();
    this.#connection.close();
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#over) await step();
    }).catch(() => this.#fail());
  }

  async #offer(): Promise<void> {
    await this.#connection.setLocalDescription();
    this.#events.signal(OFFER, this.#connection.localDescription?.sdp ?? '');
  }

  async #describe(kind: number, sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: kind === OFFER ? 'offer' : 'answer', sdp });
    for (const candidate of this.#early ?? []) await this.#connection.addIceCandidate(candidate);
    this.#early = null;
    if (kind === OFFER) {
      await this.#connection.setLocalDescription();
      this.#events.signal(ANSWER, this.#connection.localDescription?.sdp ?? '');
    }
  }

  async #candidate(text: string): Promise<void> {
    let candidate: RTCIceCandidateInit;
    try {
      candidate = JSON.parse(text) as RTCIceCandidateInit;
    } catch {
      return;
    }
    if (!this.#early) {
      await this.#connection.addIceCandidate(candidate).catch(() => undefined); // one that makes no sense is no loss
    } else if (this.#early.length < 64) {
      this.#early.push(candidate);
    }
  }

  #state(): void {
    const state = this.#connection.connectionState;
    if (state === 'failed' || state === 'closed') this.#fail(state === 'failed');
    if (this.#channel.readyState !== 'open') return;
    clearTimeout(this.#timer);
    if (state === 'disconnected') this.#timer = setTimeout(() => this.#fail(), LOST_TIMEOUT);
  }

  #fail(broke = true): void {
    if (this.#over) return;
    this.close();
    this.#events.down(broke);
  }
}
