// Publishing to a WHIP endpoint (RFC 9725): one POST with the offer, one DELETE at the end, and a PATCH where ICE has to begin anew since
// the network is another one. Candidates are gathered before the POST, so that there is no PATCH for them.

import { fragmentOf, renew } from './fragment.ts';
import { type Kind, Outgoing } from './outgoing.ts';
import type { Shape } from './shape.ts';

export interface WhipEvents {
  state(state: RTCPeerConnectionState): void;
  refused(what: string): void; // by the browser, in words
}

export interface Sent {
  bitsPerSecond: number;
  framesPerSecond: number;
  framesOffered: number; // each second, by what is captured; -1: not known
  framesEncoded: number; // so far; -1: not known
  limitedBy: string; // as the browser tells: 'cpu', 'bandwidth', 'other', 'none'; '': it does not
  width: number;
  height: number;
  codec: string;
  roundTripMillis: number;
  lost: number; // share of the packets lately, of picture and sound, as the server tells
}

const GATHER_MILLIS = 1500;
const ANSWER_MILLIS = 10000;
const RESTART_MILLIS = 5000;
const GOODBYE_MILLIS = 2000;

// What is said while the server does not answer, which is no news once it does.
const LATE = 'The server did not answer in time.';
const UNREACHED = 'The server cannot be reached.';
export const AWAY: readonly string[] = [LATE, UNREACHED, 'The edge cannot reach its origin; try again soon.'];

// A WhipError carries words for the broadcaster.
export class WhipError extends Error {
  readonly wrongKey: boolean; // to try again with it is in vain
  readonly status: number; // that was answered; 0: nothing was

  constructor(words: string, wrongKey = false, status = 0) {
    super(words);
    this.wrongKey = wrongKey;
    this.status = status;
  }
}

export class Whip {
  readonly #connection: RTCPeerConnection;
  readonly #key: string;
  readonly #outgoing: Outgoing;
  #resource: string | null = null;
  #answer = '';
  #restarts = 0;
  #lastBytes = 0;
  #lastAt = 0;

  private constructor(connection: RTCPeerConnection, key: string, shape: Shape, refused: WhipEvents['refused']) {
    this.#connection = connection;
    this.#key = key;
    this.#outgoing = new Outgoing(connection, shape, refused);
  }

  // publish sends the stream's tracks to the endpoint; it resolves once the server has answered.
  static async publish(endpoint: string, key: string, stream: MediaStream, shape: Shape, events: WhipEvents): Promise<Whip> {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const whip = new Whip(connection, key, shape, events.refused);
    connection.onconnectionstatechange = () => events.state(connection.connectionState);
    try {
      await whip.#outgoing.offer(stream);
      await connection.setLocalDescription();
      await gathered(connection);
      await whip.#post(endpoint, shape.bits);
      // What the server has ended is closed at once; ICE would notice seconds later.
      const transport = connection.getSenders()[0]?.transport;
      transport?.addEventListener('statechange', () => {
        if (transport.state === 'closed' && connection.signalingState !== 'closed') events.state('failed');
      });
      return whip;
    } catch (error) {
      await whip.close(); // the session too, where there is one: while it lives, whoever tries again is told that somebody broadcasts
      throw error;
    }
  }

  replace(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    return this.#outgoing.replace(kind, track);
  }

  fit(shape: Shape): Promise<void> {
    return this.#outgoing.fit(shape);
  }

  // restart begins ICE anew, for the same session and the same tracks. It resolves once the server has answered; the connection's
  // state tells when media go again.
  async restart(): Promise<void> {
    const connection = this.#connection;
    const resource = this.#resource;
    if (!resource) throw new WhipError('There is no session.', false, 404);
    const turn = ++this.#restarts;
    if (connection.signalingState !== 'stable') await connection.setLocalDescription({ type: 'rollback' });
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    try {
      await gathered(connection);
      const response = await ask(resource, {
        method: 'PATCH',
        headers: { ...this.#headers(), 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
        body: fragmentOf(connection.localDescription?.sdp ?? ''),
        signal: AbortSignal.timeout(RESTART_MILLIS),
      });
      const fragment = await response.text();
      if (turn !== this.#restarts) return; // only the answer to the newest counts
      const answer = response.status === 200 ? renew(this.#answer, fragment) : null;
      if (!answer) throw new WhipError(explain(response.status, fragment), false, response.status);
      await connection.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch (error) {
      if (turn === this.#restarts && connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' });
      throw error;
    }
  }

  async sent(): Promise<Sent> {
    const sent: Sent = { bitsPerSecond: 0, framesPerSecond: 0, framesOffered: -1, framesEncoded: -1, limitedBy: '', width: 0, height: 0, codec: '', roundTripMillis: 0, lost: 0 };
    let bytes = 0;
    const report = await this.#connection.getStats();
    report.forEach((s: Record<string, unknown>) => {
      if (s['type'] === 'outbound-rtp') bytes += Number(s['bytesSent'] ?? 0);
      if (s['type'] === 'outbound-rtp' && s['kind'] === 'video') {
        sent.framesPerSecond = Number(s['framesPerSecond'] ?? 0);
        sent.framesEncoded = Number(s['framesEncoded'] ?? -1);
        sent.limitedBy = String(s['qualityLimitationReason'] ?? '');
        sent.width = Number(s['frameWidth'] ?? 0);
        sent.height = Number(s['frameHeight'] ?? 0);
        const codec = report.get(String(s['codecId'])) as { mimeType?: string } | undefined;
        sent.codec = codec?.mimeType?.replace('video/', '') ?? '';
      }
      if (s['type'] === 'media-source' && s['kind'] === 'video') sent.framesOffered = Number(s['framesPerSecond'] ?? -1);
      if (s['type'] === 'remote-inbound-rtp') sent.lost = Math.max(sent.lost, Number(s['fractionLost'] ?? 0));
      if (s['type'] === 'remote-inbound-rtp') sent.roundTripMillis = Math.max(sent.roundTripMillis, 1000 * Number(s['roundTripTime'] ?? 0));
    });
    const now = performance.now();
    if (this.#lastAt > 0 && now > this.#lastAt) sent.bitsPerSecond = Math.max(0, ((bytes - this.#lastBytes) * 8000) / (now - this.#lastAt));
    this.#lastBytes = bytes;
    this.#lastAt = now;
    return sent;
  }

  // close ends the publication. It is safe while the page is being left.
  async close(): Promise<void> {
    this.#connection.onconnectionstatechange = null;
    const resource = this.#resource;
    this.#resource = null;
    this.#restarts++;
    // the DELETE goes first: the server ends a session whose connection it sees closed, and then knows it no more
    const told = resource && fetch(resource, { method: 'DELETE', headers: this.#headers(), keepalive: true, signal: AbortSignal.timeout(GOODBYE_MILLIS) });
    await Promise.resolve(told).catch(() => undefined); // it times out there
    this.#connection.close();
    this.#outgoing.close();
  }

  async #post(endpoint: string, bitsPerSecond: number): Promise<void> {
    const response = await ask(endpoint, {
      method: 'POST',
      headers: { ...this.#headers(), 'Content-Type': 'application/sdp' },
      body: this.#connection.localDescription?.sdp ?? '',
      signal: AbortSignal.timeout(ANSWER_MILLIS),
    });
    const body = await response.text();
    const { status } = response;
    if (status !== 201) throw new WhipError(explain(status, body), status === 401 || status === 403, status);
    const location = response.headers.get('Location');
    this.#resource = location && new URL(location, response.url).href;
    this.#answer = startAt(body, bitsPerSecond / 2);
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: this.#answer });
  }

  #headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.#key}` };
  }
}

export function ask(url: string, request: RequestInit): Promise<Response> {
  return fetch(url, request).catch((error: unknown) => {
    throw new WhipError(error instanceof DOMException && error.name === 'TimeoutError' ? LATE : UNREACHED);
  });
}

export function explain(status: number, body: string): string {
  const said = sentence(body.trim().slice(0, 300));
  if (status === 401 || status === 403) return said || 'The publish key is not right for this stream.';
  if (status === 404) return said || 'The server has no such stream.';
  if (status === 409) return said || 'Somebody else is publishing this stream.';
  return said || `The server answered ${status}.`;
}

// sentence makes one of what a server says: "whip: wrong key" -> "Wrong key."
function sentence(text: string): string {
  const words = text.replace(/^[a-z]+: /, '');
  return words && words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');
}

// startAt tells Chromium, in the answer, at which bitrate to begin; else it begins at 300 kbit/s and climbs slowly.
function startAt(sdp: string, bitsPerSecond: number): string {
  const kilobits = Math.round(bitsPerSecond / 1000);
  let video = false;
  return sdp.split('\r\n').map((line) => {
    if (line.startsWith('m=')) video = line.startsWith('m=video');
    return video && line.startsWith('a=fmtp:') && line.includes('packetization-mode') ? `${line};x-google-start-bitrate=${kilobits}` : line;
  }).join('\r\n');
}

export function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MILLIS);
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    });
  });
}
