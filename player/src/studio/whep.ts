// Watching by WHEP: one POST with the offer, one DELETE at the end. Candidates are gathered before the POST, so that no PATCH
// is needed.
//
// How late a picture is: the origin stamps what it sends with its time of day, and says what time it is when asked. Where the browser
// does not tell of the stamps, as Chromium does not of pictures without sound, it is the way here and what was waited here.

import { explain, gathered, WhipError } from './whip.ts';

export interface Received {
  bitsPerSecond: number;
  framesPerSecond: number;
  width: number;
  height: number;
  delayMillis: number | null; // from the origin to the screen; null: not known yet
}

const ANSWER_MILLIS = 10000;
const GOODBYE_MILLIS = 2000;
const ASKS = 3; // what time it is: the quickest answer counts
const NTP_TO_UNIX_MILLIS = 2208988800000;

export class Whep {
  readonly stream = new MediaStream();
  readonly #connection: RTCPeerConnection;
  readonly #key: string;
  #resource: string | null = null;
  #silence = '';
  #ahead: number | null = null; // milliseconds that the origin's clock is ahead of ours
  #emitted = { count: 0, seconds: 0 };
  #lastBytes = 0;
  #lastAt = 0;

  private constructor(connection: RTCPeerConnection, key: string) {
    this.#connection = connection;
    this.#key = key;
  }

  // play asks the endpoint for its stream; it resolves once the server has answered.
  static async play(endpoint: string, key: string, state: (now: RTCPeerConnectionState) => void): Promise<Whep> {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const whep = new Whep(connection, key);
    connection.ontrack = ({ track }) => whep.stream.addTrack(track);
    connection.onconnectionstatechange = () => state(connection.connectionState);
    try {
      connection.addTransceiver('video', { direction: 'recvonly' });
      connection.addTransceiver('audio', { direction: 'recvonly' });
      const offer = await connection.createOffer();
      await connection.setLocalDescription({ type: 'offer', sdp: inStereo(offer.sdp ?? '') });
      await gathered(connection);
      await whep.#post(endpoint);
      whep.#askTime(endpoint).catch(() => undefined); // then it is not known how late a picture is
      return whep;
    } catch (error) {
      await whep.close(); // the session too, where there is one
      throw error;
    }
  }

  // Why there is no sound; '': there is.
  get silence(): string {
    return this.#silence;
  }

  async received(): Promise<Received> {
    const got: Received = { bitsPerSecond: 0, framesPerSecond: 0, width: 0, height: 0, delayMillis: null };
    let bytes = 0;
    const report = await this.#connection.getStats();
    report.forEach((s: Record<string, unknown>) => {
      if (s['type'] !== 'inbound-rtp') return;
      bytes += Number(s['bytesReceived'] ?? 0);
      if (s['kind'] !== 'video') return;
      got.framesPerSecond = Number(s['framesPerSecond'] ?? 0);
      got.width = Number(s['frameWidth'] ?? 0);
      got.height = Number(s['frameHeight'] ?? 0);
      const shown = Number(s['estimatedPlayoutTimestamp'] ?? 0);
      if (shown > 0 && this.#ahead !== null) got.delayMillis = Date.now() + this.#ahead - unix(shown);
      else got.delayMillis = this.#waited(s, report);
    });
    const now = performance.now();
    if (this.#lastAt > 0 && now > this.#lastAt) got.bitsPerSecond = Math.max(0, ((bytes - this.#lastBytes) * 8000) / (now - this.#lastAt));
    this.#lastBytes = bytes;
    this.#lastAt = now;
    return got;
  }

  // waited returns how long pictures since the last time were on their way and waited to be shown; null: there were none.
  #waited(video: Record<string, unknown>, report: RTCStatsReport): number | null {
    const count = Number(video['jitterBufferEmittedCount'] ?? 0);
    const seconds = Number(video['jitterBufferDelay'] ?? 0);
    const before = this.#emitted;
    this.#emitted = { count, seconds };
    let way = 0;
    report.forEach((s: Record<string, unknown>) => {
      if (s['type'] === 'candidate-pair' && s['nominated'] === true) way = Number(s['currentRoundTripTime'] ?? 0) / 2;
    });
    return count > before.count ? 1000 * (way + (seconds - before.seconds) / (count - before.count)) : null;
  }

  // close ends it. It is safe while the page is being left.
  async close(): Promise<void> {
    this.#connection.onconnectionstatechange = null;
    const resource = this.#resource;
    this.#resource = null;
    const told = resource && fetch(resource, { method: 'DELETE', headers: this.#headers(), keepalive: true, signal: AbortSignal.timeout(GOODBYE_MILLIS) });
    await Promise.resolve(told).catch(() => undefined); // it times out there
    this.#connection.close();
  }

  async #post(endpoint: string): Promise<void> {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { ...this.#headers(), 'Content-Type': 'application/sdp' },
      body: this.#connection.localDescription?.sdp ?? '',
      signal: AbortSignal.timeout(ANSWER_MILLIS),
    }).catch((error: unknown) => {
      throw new WhipError(error instanceof DOMException && error.name === 'TimeoutError' ? 'The server did not answer in time.' : 'The server cannot be reached.');
    });
    const body = await response.text();
    if (response.status !== 201) throw new WhipError(explain(response.status, body), response.status === 401 || response.status === 403);
    const location = response.headers.get('Location');
    this.#resource = location && new URL(location, response.url).href;
    this.#silence = response.headers.get('Shoal-No-Sound') ?? '';
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: body });
  }

  // askTime learns by how much the origin's clock is ahead.
  async #askTime(endpoint: string): Promise<void> {
    let quickest = Infinity;
    for (let i = 0; i < ASKS; i++) {
      const began = Date.now();
      const response = await fetch(endpoint, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MILLIS) });
      const { now } = response.ok ? ((await response.json()) as { now?: string }) : { now: undefined };
      const took = Date.now() - began;
      if (!now || took >= quickest) continue;
      quickest = took;
      this.#ahead = Date.parse(now) + took / 2 - Date.now();
    }
  }

  #headers(): Record<string, string> {
    return this.#key ? { Authorization: `Bearer ${this.#key}` } : {};
  }
}

// unix takes a time since 1900 or since 1970: browsers differ.
function unix(millis: number): number {
  return millis > NTP_TO_UNIX_MILLIS ? millis - NTP_TO_UNIX_MILLIS : millis;
}

// inStereo has the browser decode both channels of Opus, which it does only if its own offer says so.
function inStereo(sdp: string): string {
  return sdp.replace(/^(a=fmtp:\d+ minptime=\d+;useinbandfec=1)\r?$/m, '$1;stereo=1\r');
}
