// attach gives hls.js loaders that take what they can from a session of the swarm, in a mode that the viewer agrees to. swarm.ts is its door
// for pages. Only the types of hls.js are used here.

import type Hls from 'hls.js';
import type { Events } from 'hls.js';
import { Adaptation } from './adaptation.ts';
import type { Mode } from './consent.ts';
import { Descent } from './descent.ts';
import { Forgotten } from './forgotten.ts';
import { HoldBack } from './holdback.ts';
import { mediaLoader } from './loader.ts';
import type { SwarmOptions } from './options.ts';
import { hindered, OBSTACLES } from './obstacle.ts';
import { Pace } from './pace.ts';
import { Pass } from './pass.ts';
import type { Delay } from './pending.ts';
import { playlistLoader } from './playlist.ts';
import { Prospect } from './prospect.ts';
import { Session } from './session.ts';
import { readLimit } from './terms.ts';
import { Beacons, NO_TRAFFIC, offload, type Stats, together, Viewing } from './stats.ts';

// With so much in its buffer, playback is steady enough for the swarm to be joined.
const STEADY_SECONDS = 0.7;

// That much of how far behind live is played, in its buffer, is plenty.
const PLENTY = 0.6;
const USUAL_TARGET = 1.5; // seconds

const ANSWER_MILLIS = 5000; // a server that says nothing for so long does not answer

// What hls.js was given.
export interface Attached {
  readonly stats: Stats;
  readonly pace: Pace; // at which it is played
  readonly prospect: Prospect; // of who is asked
  readonly delay: Delay; // in joining
  readonly relayless: boolean; // the tracker names no relays, as it told last
  share(mode: Mode): void; // begins to share with others, or ends that
  lend(): void; // there is another limit to what is lent
  expect(more: boolean): void; // more media is to come, or not
  lose(): void; // the server does not give what it has
  close(): void;
}

export function attach(hls: Hls, options: SwarmOptions, mode: Mode, pass: Pass): Attached {
  const began = performance.now();
  const beacons = new Beacons();
  const takeBack = pass.lend(hls.config);
  pass.onbarred ??= () => session?.alone(); // what it is to fetch for others it does not get
  let session: Session | null = null;
  let past = NO_TRAFFIC; // of sessions that are over
  let relayless = false; // as far as they were told
  let viewing: Viewing | null = null;
  let playlistRequests = 0; // that hls.js made itself

  // The session begins with the first playlist: only then is the stream's URL known.
  const playing = (url: string): Session => {
    if (session) return session;
    const address = describeStream(hls.url || url, options, pass);
    session = new Session({
      ...address,
      wasm: options.wasm ?? new URL('./shoal.wasm', import.meta.url).href,
      token: () => {
        const own = typeof options.token === 'function' ? options.token() : options.token ?? '';
        return own === '' ? pass.token() : own; // it may stand in the stream's URL
      },
      pass,
      p2p: mode === 'on' || mode === 'relay-only',
      relayOnly: mode === 'relay-only',
      get maxUploadKbps() {
        return readLimit(options.maxUploadKbps);
      },
      secondsUntil: (start) => viewing?.secondsUntil(start) ?? 0,
      steady: () => (viewing?.startupMillis ?? 0) > 0 && (viewing?.bufferSeconds ?? 0) > STEADY_SECONDS,
      buffered: () => viewing?.bufferSeconds ?? 0,
      off: async () => (await described())?.p2p === false,
      plenty: () => (viewing?.bufferSeconds ?? 0) > PLENTY * (hls.targetLatency || USUAL_TARGET),
      loadsBehind: () => Math.max(0, unplayed(hls) - (viewing?.bufferSeconds ?? 0)),
      beacon: () => beacons.next({ ...stats(), ...viewing?.sure }), // what is taken back later cannot be from the tracker
    });
    return session;
  };

  const described = (): Promise<LiveStream | null> => describeLive(hls.url ?? '', address().name, undefined, pass);
  const address = (): ReturnType<typeof describeStream> => describeStream(hls.url ?? '', options, pass);
  const prospect = new Prospect({
    now: () => performance.now(),
    here: () => hindered(address().trackers),
    key: () => options.key ?? '',
    told: () => describedLately(hls.url ?? '', address().name, pass),
    chance: () => Math.random(),
  });

  const stats = (): Stats => {
    const traffic = together(past, session?.traffic ?? NO_TRAFFIC);
    const obstacle = mode === 'ask' && hls.url ? prospect.known : null;
    return {
      ...traffic,
      refusal: obstacle ? OBSTACLES[obstacle] : traffic.refusal,
      edgeRequests: traffic.edgeRequests + playlistRequests,
      offload: offload(traffic.bytesFromPeers, traffic.bytesFromEdge),
      latencySeconds: hls.latestLevelDetails?.type === 'VOD' ? 0 : hls.latency,
      bufferSeconds: viewing?.bufferSeconds ?? 0,
      startupMillis: viewing?.startupMillis ?? 0,
      stalls: viewing?.stalls ?? 0,
      stalledSeconds: viewing?.stalledSeconds ?? 0,
      slowedSeconds: descent.slowedSeconds,
      droppedFrames: viewing?.droppedFrames ?? 0,
    };
  };

  const watch = (): void => {
    if (!hls.media) return;
    hls.config.startFragPrefetch = false; // when it is attached anew, what comes before would go into buffers that are none yet
    viewing ??= new Viewing(hls.media as HTMLVideoElement, began);
  };
  hls.on('hlsMediaAttached' as Events.MEDIA_ATTACHED, watch);
  watch();

  const forgotten = new Forgotten(hls);
  const pace = new Pace(hls);
  const holdBack = new HoldBack(hls, pace, {
    further: () => session?.holdBack ?? 0,
    buffered: () => viewing?.bufferSeconds ?? 0,
    swarming: () => (session?.traffic.peers ?? 0) > 0,
  });

  const adaptation = new Adaptation(hls, {
    edge: () => 8000 * (session?.downlink.bandwidth.rate ?? 0),
    least: () => 8000 * (session?.downlink.bandwidth.least ?? 0),
    buffered: () => viewing?.bufferSeconds ?? 0,
    watching: (rendition) => session?.watching(rendition) ?? 0,
    traffic: () => together(past, session?.traffic ?? NO_TRAFFIC),
  });

  const descent = new Descent(hls, pace, adaptation, {
    session: () => session,
    buffered: () => viewing?.bufferSeconds ?? 0,
    target: () => hls.targetLatency || USUAL_TARGET,
  });

  hls.config.pLoader = playlistLoader({
    playlist(url, text) {
      const session = playing(url);
      if (/^#EXT-X-PLAYLIST-TYPE:VOD\s*$/m.test(text)) session.alone();
      session.playlist(url, text);
      holdBack.look(text);
    },
    skips: (url) => session?.skips(url) ?? true,
    member: () => session?.member ?? false,
    follow: (url, signal) => descent.follow(url) ?? session?.follow(url, signal) ?? null,
    hope: (url, signal, millis) => session?.hope(url, signal, millis) ?? null,
    followed: (text) => holdBack.look(text),
    requested: () => playlistRequests++,
    plain: (url) => pass.plain(url),
    renew: () => pass.renew(),
  });
  hls.config.fLoader = mediaLoader({
    take: (wanted) => session?.take(wanted) ?? descent.take(wanted),
    requested: (url) => session?.requested(url),
    fetched: (url, bytes, times) => session?.fetched(url, bytes, times) ?? null,
    get wait() {
      return session?.downlink.bandwidth.wait ?? 0;
    },
    renew: () => pass.renew(),
    hopes: () => session?.hopes() ?? false,
    get appended() {
      return options.appended;
    },
  });

  return {
    get stats() {
      return stats();
    },
    pace,
    prospect,
    get delay() {
      return session?.delay ?? null;
    },
    get relayless() {
      return (relayless = session?.relayless ?? relayless);
    },
    share(next) {
      if (next === mode) return;
      mode = next;
      relayless = session?.relayless ?? relayless;
      session?.close();
      past = together(past, session?.traffic ?? NO_TRAFFIC);
      session = null; // the next playlist begins another
    },
    lend: () => session?.lend(),
    expect: (more) => viewing?.expect(more),
    lose: () => viewing?.lose(),
    close() {
      hls.off('hlsMediaAttached' as Events.MEDIA_ATTACHED, watch);
      hls.config.pLoader = undefined;
      hls.config.fLoader = undefined;
      takeBack();
      forgotten.close();
      holdBack.close();
      adaptation.close();
      descent.close();
      pace.close();
      viewing?.close();
      prospect.close();
      session?.close();
    },
  };
}

// unplayed returns how many seconds of media there are between the playhead and the newest that is listed; 0 while that is not known.
function unplayed({ media, latestLevelDetails: details }: Hls): number {
  return media && media.currentTime > 0 && details && details.type !== 'VOD' ? details.edge - media.currentTime : 0;
}

// passOf makes what goes along to the server of a stream out of the options.
export function passOf(options: SwarmOptions, home: () => string): Pass {
  return new Pass(() => (typeof options.token === 'function' ? options.token() : options.token ?? ''), home);
}

// describeStream fills in what the options leave open, from the stream's URL.
export function describeStream(url: string, options: SwarmOptions, pass?: Pass): { name: string; key: string | (() => Promise<string>); trackers: string[] } {
  const base = new URL(url, document.baseURI);
  const name = options.name || streamName(base.href);
  const trackers = (options.tracker || '/tracker').split(',').filter((text) => text.trim() !== '').map((text) => trackerURL(text.trim(), base));
  const key = options.key || (async () => (await (pass ? describedLately(base.href, name, pass) : describeLive(base.href, name)))?.publicKey ?? '');
  return { name, key, trackers: name === '' ? [] : trackers };
}

// trackerURL makes a tracker's URL absolute. What is none stays as it is: to say so is the tracker's part.
function trackerURL(text: string, base: URL): string {
  try {
    const tracker = new URL(text, base);
    tracker.protocol = tracker.protocol.replace(/^http/, 'ws');
    return tracker.href;
  } catch {
    return text;
  }
}

// streamName reads the stream's name out of its URL; '' if it has another form, as that of a recording: it is not the stream.
export function streamName(url: string): string {
  return /\/live\/([A-Za-z0-9_-]{1,64})\/(?!recordings\/)/.exec(new URL(url, document.baseURI).pathname)?.[1] ?? '';
}

// What /api/v1/streams/NAME says, as far as a player needs it.
export interface LiveStream {
  state: 'live' | 'interrupted' | 'ended';
  publicKey: string;
  p2p?: boolean | null; // false: the operator has turned its swarm off
  lastMsn: number; // of the newest segment
  renditions?: unknown[]; // none: it cannot be played yet
}

// Unable is a server that answers, and cannot tell: what it needs for that is away, or it is itself, and something in front of it answers.
export class Unable extends Error {}

// describeLive asks the server of a stream's URL what it knows of it; null if nothing. A server that cannot tell now, or does not answer, is an error.
export async function describeLive(url: string, name: string, signal?: AbortSignal, pass?: Pass): Promise<LiveStream | null> {
  if (name === '') return null;
  const at = new URL(`/api/v1/streams/${name}`, url);
  const ask = (): Promise<LiveStream | null> => answered(signal, async (signal) => {
    const response = await (pass ? pass.fetch(at, { signal }) : fetch(at, { signal }));
    if (response.status >= 500) throw new Unable(`the server answered ${response.status}`);
    return response.ok ? ((await response.json()) as LiveStream) : null;
  });
  return pass ? (pass.recent.anew(at.href, performance.now(), ask) as Promise<LiveStream | null>) : ask();
}

// describedLately is the same for whom what was said a moment ago will do, to whoever asked with that pass: a player's parts ask at its beginning.
async function describedLately(url: string, name: string, pass: Pass): Promise<LiveStream | null> {
  if (name === '') return null;
  return pass.recent.of(new URL(`/api/v1/streams/${name}`, url).href, performance.now(), () => describeLive(url, name, undefined, pass)) as Promise<LiveStream | null>;
}

// answered gives a question a signal that aborts when the other one does, when the answer is there, or when none came in time.
export async function answered<T>(signal: AbortSignal | undefined, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const asking = new AbortController();
  const stop = (): void => asking.abort();
  const timeout = setTimeout(stop, ANSWER_MILLIS);
  signal?.addEventListener('abort', stop, { signal: asking.signal });
  if (signal?.aborted) stop();
  try {
    return await ask(asking.signal);
  } finally {
    clearTimeout(timeout);
    stop();
  }
}
