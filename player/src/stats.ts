// What a viewer got, and how well it plays: the numbers of the `stats` property, and the sums a beacon is made of.

// off: no swarm: not wanted, not possible here, or turned off by the operator, for now. joining: the tracker has not told us of a cell yet. on: joined, that
// is the cell's roster is known, be we alone in it or linked to others; `peers` tells that. refused: the tracker will
// not have us, for now or for good. resting: the machine is too busy for the swarm, for now. narrow: its link
// carries less than is played, so the swarm was left for now. away: the viewer is so far behind live that
// the swarm has nothing for it.
export type P2P = 'off' | 'joining' | 'on' | 'resting' | 'narrow' | 'away' | 'refused';

export interface Stats {
  bytesFromPeers: number;
  bytesFromEdge: number; // media bytes, init segments included
  bytesToPeers: number;
  chunksFromPeers: number;
  chunksFromEdge: number;
  duplicateBytes: number; // that came, from peers or for the scheduler from the edge, though they were here already
  edgeRequests: number; // for media and playlists
  playlistsFromCell: number; // that hls.js asked for, and needed nobody to ask the edge
  rescues: number; // chunks that were late and fetched from the edge without asking the scheduler
  badPieces: number;
  recordsRefused: number; // of peers: not signed by the stream's key
  badFetches: number; // of the edge: not what a true record says, and not played
  droppedSends: number; // to peers, because too much waited to be sent
  peers: number;
  linksOpened: number; // to peers, so far; and of those that were tried:
  linksNoAnswer: number; // no answer to our offer came through the tracker
  linksNoRoute: number; // the descriptions were exchanged, and no connection came of them
  linksLost: number; // were up, and broke
  rests: number; // how often the swarm was left because the machine was too busy, or its link too narrow
  offload: number;
  latencySeconds: number;
  bufferSeconds: number;
  startupMillis: number; // 0 until the first frame
  stalls: number;
  stalledSeconds: number;
  slowedSeconds: number; // played more slowly, as what comes next was late
  droppedFrames: number;
  p2p: P2P;
  refusal: string; // why there is no swarm, where that is known: while refused in the tracker's words, else in those of obstacle.ts
}

// Traffic is what the session counts.
export interface Traffic {
  bytesFromPeers: number;
  bytesFromEdge: number;
  bytesToPeers: number;
  chunksFromPeers: number;
  chunksFromEdge: number;
  duplicateBytes: number;
  edgeRequests: number; // for media and playlists
  playlistsFromCell: number; // that hls.js asked for, and needed nobody to ask the edge
  rescues: number;
  badPieces: number;
  recordsRefused: number; // of peers: not signed by the stream's key
  badFetches: number; // of the edge: not what a true record says, and not played
  droppedSends: number; // to peers, because too much waited to be sent
  peers: number;
  linksOpened: number;
  linksNoAnswer: number;
  linksNoRoute: number;
  linksLost: number;
  rests: number;
  p2p: P2P;
  refusal: string; // why there is no swarm, where that is known
}

export const NO_TRAFFIC: Traffic = {
  bytesFromPeers: 0,
  bytesFromEdge: 0,
  bytesToPeers: 0,
  chunksFromPeers: 0,
  chunksFromEdge: 0,
  duplicateBytes: 0,
  edgeRequests: 0,
  playlistsFromCell: 0,
  rescues: 0,
  badPieces: 0,
  recordsRefused: 0,
  badFetches: 0,
  droppedSends: 0,
  peers: 0,
  linksOpened: 0,
  linksNoAnswer: 0,
  linksNoRoute: 0,
  linksLost: 0,
  rests: 0,
  p2p: 'off',
  refusal: '',
};

export const NO_STATS: Stats = {
  ...NO_TRAFFIC,
  offload: 0,
  latencySeconds: 0,
  bufferSeconds: 0,
  startupMillis: 0,
  stalls: 0,
  stalledSeconds: 0,
  slowedSeconds: 0,
  droppedFrames: 0,
};

// together adds what was counted before to what is counted now; how things stand is as now.
export function together(before: Traffic, now: Traffic): Traffic {
  const sum = { ...now };
  for (const [name, value] of Object.entries(before) as [keyof Traffic, number | string][]) {
    if (typeof value === 'number' && name !== 'peers') (sum as Record<string, unknown>)[name] = value + (now[name] as number);
  }
  return sum;
}

export function offload(bytesFromPeers: number, bytesFromEdge: number): number {
  const all = bytesFromPeers + bytesFromEdge;
  return all === 0 ? 0 : bytesFromPeers / all;
}

// Beacons turns running counts into the differences that a beacon carries, in the order of wire.Beacon.
export class Beacons {
  #last: number[] = [];

  next(s: Stats): number[] {
    const sums = [
      s.bytesFromPeers, s.bytesFromEdge, s.bytesToPeers, s.chunksFromPeers, s.chunksFromEdge,
      s.duplicateBytes, s.badPieces, s.edgeRequests, s.stalls, Math.round(s.stalledSeconds * 1000),
      s.linksOpened, s.linksNoAnswer, s.linksNoRoute, s.linksLost,
    ];
    const differences = sums.map((sum, i) => Math.max(0, sum - (this.#last[i] ?? 0)));
    this.#last = sums.map((sum, i) => Math.max(sum, this.#last[i] ?? 0)); // what was taken back was told
    const now = [Math.max(0, Math.round(s.latencySeconds * 1000)), s.peers];
    return [...differences.slice(0, 10), ...now, ...differences.slice(10)];
  }
}

// Standing still for less than this is not seen.
const LEAST_STALL = 50; // milliseconds

// Stalls so near each other in the media are of one end of it.
const ONE_END = 1; // seconds

// What stands for longer than this is told of all the same: by then it is known of an end that it is one.
const DOUBT = 20_000; // milliseconds

// A Viewing watches a video element: when its first frame came, and when it stood still once it had begun to move. Where
// the broadcaster sends nothing it stands as it should, from where all was played until something plays again.
export class Viewing {
  readonly #video: HTMLVideoElement;
  readonly #began: number;
  readonly #off = new AbortController();
  #plays: boolean; // it was told to, and not to pause since
  #startup = 0;
  #from = -1; // where the playhead first was seen
  #moved = false; // since then
  #expects = true; // more media
  #stalls = 0; // that are over
  #stalled = 0; // milliseconds, of these
  #stalledSince = 0;
  #stalledAt = 0; // of the media, seconds
  #outage = false; // the stall that is on is one for whatever is told later
  #latest: { at: number; millis: number }[] = []; // stalls of these, near the playhead

  constructor(video: HTMLVideoElement, began: number) {
    this.#video = video;
    this.#began = began;
    this.#plays = !video.paused;
    const on = (name: string, react: () => void): void => video.addEventListener(name, react, { signal: this.#off.signal });
    const first = (): void => {
      if (this.#startup === 0 && !this.#off.signal.aborted) this.#startup = Math.round(performance.now() - this.#began);
    };
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(first);
    on('timeupdate', () => {
      if (video.paused || video.seeking || video.readyState < 3) return;
      if (this.#from < 0) this.#from = video.currentTime;
      this.#moved ||= video.currentTime > this.#from;
      if (this.#moved && !('requestVideoFrameCallback' in video && video.videoWidth > 0)) first(); // sound alone
    });
    on('waiting', () => {
      if (!video.seeking && !video.paused && !video.ended) this.#stands();
    });
    on('play', () => (this.#plays = true));
    on('pause', () => (this.#plays = false));
    on('emptied', () => { // for other media: it is paused until it is told to play again, which is for nobody to see
      if (this.#plays) this.#stands();
    });
    for (const name of ['playing', 'pause', 'ended']) on(name, () => this.#moves());
  }

  get startupMillis(): number {
    return this.#startup;
  }

  get stalls(): number {
    return this.#stalls + (this.#stall() > 0 ? 1 : 0);
  }

  get stalledSeconds(): number {
    return (this.#stalled + this.#stall()) / 1000;
  }

  // sure are the stalls of which nothing will be taken back, for who is told of them: media came after them, so they are no end.
  get sure(): { stalls: number; stalledSeconds: number } {
    const doubted = this.#latest.filter((stall) => this.#near(stall.at));
    const now = this.#outage || this.#stall() >= DOUBT ? this.#stall() : 0;
    return {
      stalls: this.#stalls - doubted.length + (now > 0 ? 1 : 0),
      stalledSeconds: (this.#stalled - doubted.reduce((sum, stall) => sum + stall.millis, 0) + now) / 1000,
    };
  }

  get bufferSeconds(): number {
    const { buffered, currentTime } = this.#video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  get droppedFrames(): number {
    return this.#video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0;
  }

  // secondsUntil returns in how many seconds the playhead gets to a place of the media timeline: 0 if it is there, or
  // if nothing is buffered. Who plays slowly, to fall back, will not for long.
  secondsUntil(start: number): number {
    if (this.bufferSeconds === 0) return 0;
    return Math.max(0, start - this.#video.currentTime) / Math.max(1, this.#video.playbackRate);
  }

  // expect tells whether more media is to come, as far as is known. If not, what was counted of the wait for it is taken back: who stands at the end of
  // what there is misses nothing. What the viewer stood while the server was away stays.
  expect(more: boolean): void {
    if (!more) this.#takeBack();
    if (more === this.#expects) return;
    this.#expects = more;
    this.#from = -1;
    this.#moved = false;
  }

  // lose tells that the server does not give what it has. To stand still then is a stall, also if it is told later that the broadcaster has gone meanwhile.
  lose(): void {
    if (this.#stalledSince > 0) this.#outage = true;
  }

  close(): void {
    this.#moves();
    this.#off.abort();
  }

  // stall returns how long the stall that is on has lasted, 0 if there is none.
  #stall(): number {
    const millis = this.#stalledSince > 0 ? performance.now() - this.#stalledSince : 0;
    return millis < LEAST_STALL ? 0 : millis;
  }

  #stands(): void {
    if (!this.#expects || !this.#moved || this.#stalledSince !== 0) return;
    this.#stalledSince = performance.now();
    this.#stalledAt = this.#video.currentTime;
  }

  #moves(): void {
    const millis = this.#stall();
    const outage = this.#outage;
    this.#stalledSince = 0;
    this.#outage = false;
    if (millis === 0) return;
    this.#stalls++;
    this.#stalled += millis;
    if (outage) return;
    this.#latest = [...this.#latest.filter((stall) => this.#near(stall.at)), { at: this.#stalledAt, millis }];
  }

  #near(at: number): boolean {
    return Math.abs(this.#video.currentTime - at) < ONE_END;
  }

  #takeBack(): void {
    if (this.#outage) this.#moves(); // it lasted until now; what follows is the broadcaster's
    this.#stalledSince = 0;
    for (const { at, millis } of this.#latest) {
      if (!this.#near(at)) continue;
      this.#stalls--;
      this.#stalled -= millis;
    }
    this.#latest = [];
  }
}
