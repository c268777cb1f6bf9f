import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats, PlaylistLoaderContext } from 'hls.js';
import { MEMBER } from '../src/headcount.ts';
import { mediaLoader, type MediaSource, type Taken, type Wanted } from '../src/loader.ts';
import { type Followed, playlistLoader, type PlaylistSource } from '../src/playlist.ts';

const EDGE = Uint8Array.of(9, 9, 9);

// The loader beneath: hls.js's own, in the tests a fake that answers when it is told to.
class Beneath implements Loader<LoaderContext> {
  static made: Beneath[] = [];
  context: LoaderContext | null = null;
  stats = { aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0, loading: { start: 0, first: 0, end: 0 }, parsing: { start: 0, end: 0 }, buffering: { start: 0, first: 0, end: 0 } } as LoaderStats;
  callbacks: LoaderCallbacks<LoaderContext> | null = null;
  aborted = false;
  destroyed = false;
  constructor() {
    Beneath.made.push(this);
  }
  load(context: LoaderContext, _config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
    assert.equal(this.stats.loading.start, 0, 'hls.js lets a loader be used once');
    this.stats.loading.start = 100;
    this.context = context;
    this.callbacks = callbacks;
  }
  succeed(data: string | ArrayBuffer): void {
    [this.stats.loading.first, this.stats.loading.end] = [125, 130];
    assert.ok(this.context);
    this.callbacks?.onSuccess({ url: this.context.url, data, code: 200 }, this.stats, this.context, null);
  }
  fail(code: number): void {
    assert.ok(this.context);
    this.callbacks?.onError({ code, text: '' }, this.context, null, this.stats);
  }
  abort(): void {
    this.aborted = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

const made: Loader<FragmentLoaderContext>[] = [];
afterEach(() => made.splice(0).forEach((loader) => loader.destroy())); // they look now and then whether the edge hangs

interface World {
  loader: Loader<FragmentLoaderContext>;
  beneath: Beneath;
  log: string[];
  context: FragmentLoaderContext;
  data: () => ArrayBuffer | null;
  load(): void;
}

function world(source: Partial<MediaSource>, context: Partial<FragmentLoaderContext> = {}): World {
  const log: string[] = [];
  let data: ArrayBuffer | null = null;
  const all: MediaSource = {
    take: () => null,
    requested: () => undefined,
    fetched: (url, bytes, { start, first, end }) => (log.push(`fetched ${url} ${bytes.length} ${start} ${first} ${end}`), null),
    ...source,
  };
  const MediaLoader = mediaLoader(all);
  const loader = new MediaLoader({ loader: Beneath } as unknown as HlsConfig);
  made.push(loader);
  const full = { url: 'http://edge/s1.0.m4s', responseType: 'arraybuffer', frag: { sn: 1, start: 4 }, part: { start: 4.5 }, rangeStart: 0, rangeEnd: 0, ...context } as unknown as FragmentLoaderContext;
  const callbacks: LoaderCallbacks<FragmentLoaderContext> = {
    onSuccess: (response) => {
      data = response.data as ArrayBuffer;
      log.push(`success ${response.code}`);
    },
    onError: (error) => void log.push(`error ${error.code}`),
    onTimeout: () => void log.push('timeout'),
    onAbort: () => void log.push('abort'),
  };
  return { loader, beneath: Beneath.made.at(-1) as Beneath, log, context: full, data: () => data, load: () => loader.load(full, { loadPolicy: {} } as unknown as LoaderConfiguration, callbacks) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what the source has is delivered, with honest times', async () => {
  let wanted: Wanted | null = null;
  const w = world({ take: (x) => ((wanted = x), Promise.resolve<Taken>({ bytes: Uint8Array.of(1, 2, 3, 4), millis: 40, wait: 15 })) });
  w.load();
  await settle();
  assert.deepEqual(w.log, ['success 200']);
  assert.deepEqual(new Uint8Array(w.data() ?? new ArrayBuffer(0)), Uint8Array.of(1, 2, 3, 4));
  const { loading, loaded, total } = w.loader.stats;
  assert.deepEqual([loading.end - loading.first, loading.first - loading.start].map(Math.round), [40, 15], 'not how long it was awaited');
  assert.deepEqual([loaded, total], [4, 4]);
  assert.equal((wanted as Wanted | null)?.start, 4.5);
  assert.equal(w.beneath.callbacks, null, 'the edge was not asked');
});

test('what the source does not know is loaded plainly, and told', () => {
  const w = world({});
  w.load();
  w.beneath.succeed(EDGE.slice().buffer);
  assert.deepEqual(w.log, ['fetched http://edge/s1.0.m4s 3 100 125 130', 'success 200']);
});

test('of what was waited for longer than usual hls.js is told no more than that', () => {
  for (const [wait, start] of [[10, 115], [60, 100], [0, 100]] as const) {
    const w = world({ wait });
    w.load();
    w.beneath.succeed(EDGE.slice().buffer);
    assert.equal(w.beneath.stats.loading.start, start);
  }
});

test('a source that fails, now or later, costs nothing but the swarm', async () => {
  for (const take of [() => { throw new Error('broken'); }, () => Promise.reject(new Error('late'))]) {
    const w = world({ take, fetched: () => { throw new Error('broken too'); } });
    w.load();
    await settle();
    w.beneath.succeed(EDGE.slice().buffer);
    assert.deepEqual(w.log, ['success 200']);
  }
});

test('bytes of the edge wait for the verdict of the source, where it has one', async () => {
  const w = world({ fetched: async () => true });
  w.load();
  w.beneath.succeed(EDGE.slice().buffer);
  assert.deepEqual(w.log, []);
  await settle();
  assert.deepEqual(w.log, ['success 200']);
});

test('false bytes of the edge are an error that hls.js tries again after, and are not seen', async () => {
  const w = world({ fetched: async () => false, appended: () => assert.fail() });
  w.load();
  w.beneath.succeed(EDGE.slice().buffer);
  await settle();
  assert.deepEqual(w.log, ['error 502']);
});

test('a verdict that fails costs nothing; one that comes after the end is not told', async () => {
  const failing = world({ fetched: () => Promise.reject(new Error('broken')) });
  failing.load();
  failing.beneath.succeed(EDGE.slice().buffer);
  await settle();
  assert.deepEqual(failing.log, ['success 200']);
  for (const truth of [true, false]) {
    for (const end of ['abort', 'destroy'] as const) {
      const w = world({ fetched: async () => truth });
      w.load();
      w.beneath.succeed(EDGE.slice().buffer);
      w.loader[end]();
      await settle();
      assert.deepEqual(w.log, [], `${end} ${truth}`);
    }
  }
});

test('errors and timeouts of the edge are those of hls.js', () => {
  const w = world({});
  w.load();
  const { callbacks, context } = w.beneath;
  assert.ok(callbacks && context);
  callbacks.onError({ code: 404, text: 'gone' }, context, null, w.beneath.stats);
  callbacks.onTimeout(w.beneath.stats, context, null);
  assert.deepEqual(w.log, ['error 404', 'timeout']);
});

test('after an edge that is not there it is the turn of peers, for as long as there are any', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    for (const [code, turns] of [[0, 9], [503, 4], [404, 0]] as const) {
      const patience: (number | undefined)[] = [];
      let peers = true;
      const w = world({ take: (wanted) => (patience.push(wanted.patience), Promise.reject(new Error('late'))), hopes: () => peers });
      w.load();
      await settle();
      for (let i = 0; i < 9 && w.log.length === 0; i++) {
        w.beneath.fail(code);
        await settle();
        mock.timers.tick(2000);
      }
      assert.deepEqual(patience, [0, 500, 1000, 2000, 2000, 2000, 2000, 2000, 2000, 2000].slice(0, turns + 1));
      peers = false;
      if (code === 0) w.beneath.fail(code);
      assert.deepEqual(w.log, [`error ${code}`]);
    }
  } finally {
    mock.timers.reset();
  }
});

test('an edge that hangs is left to peers after two seconds, and one that has begun to answer never is', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const pass = async (millis: number): Promise<void> => {
    for (const end = now + millis; now < end;) {
      now += 50;
      t.mock.timers.tick(50);
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    }
  };
  const source = { peers: true, brings: false, wait: 0, asked: 0 };
  const make = (): World => world({
    wait: source.wait,
    take: ({ patience }) => {
      if (!patience) return null; // at first it is the edge that is asked
      source.asked++;
      return source.brings ? Promise.resolve({ bytes: EDGE, millis: 1, wait: 0 }) : Promise.reject(new Error('none'));
    },
    hopes: () => source.peers,
  });
  const hung = make();
  hung.load();
  await pass(1900);
  assert.equal(source.asked, 0);
  await pass(200);
  assert.deepEqual([source.asked, hung.beneath.aborted, hung.log], [1, true, []], 'hls.js is told nothing of that');
  await pass(2300);
  assert.equal(source.asked, 1, 'they had their turn, and the edge was asked again');
  source.brings = true;
  await pass(600);
  assert.deepEqual([source.asked, hung.log], [2, ['success 200']]);

  const slow = make();
  slow.load();
  slow.beneath.stats.loading.first = now;
  await pass(9000);
  assert.deepEqual([source.asked, slow.beneath.aborted], [2, false], 'it comes');
  source.wait = 1000;
  const far = make();
  far.load();
  await pass(3900);
  assert.equal(source.asked, 2, 'it usually takes long');
  far.loader.abort();
  source.wait = 0;
  source.peers = false;
  make().load();
  await pass(9000);
  assert.equal(source.asked, 2, 'there is nobody');
});

test('what peers bring in their turn is delivered; an abort ends it', async () => {
  for (const end of [false, true]) {
    let bring = (_: Taken): void => undefined;
    const w = world({ take: ({ patience }) => (patience ? new Promise((resolve) => (bring = resolve)) : Promise.reject(new Error('late'))), hopes: () => true });
    w.load();
    await settle();
    w.beneath.callbacks?.onTimeout(w.beneath.stats, w.context, null);
    if (end) w.loader.abort();
    bring({ bytes: Uint8Array.of(1, 2), millis: 40, wait: 15 });
    await settle();
    assert.deepEqual(w.log, [end ? 'abort' : 'success 200']);
    assert.equal(w.loader.stats.aborted, end);
  }
});

test('an abort while the source is asked ends there', async () => {
  let signal: AbortSignal | null = null;
  const w = world({ take: (x) => ((signal = x.signal), new Promise((_, reject) => x.signal.addEventListener('abort', () => reject(new Error('aborted'))))) });
  w.load();
  w.loader.abort();
  w.loader.destroy();
  await settle();
  assert.deepEqual(w.log, ['abort']);
  assert.equal((signal as AbortSignal | null)?.aborted, true);
  assert.equal(w.loader.stats.aborted, true);
  assert.equal(w.beneath.callbacks, null);
  assert.equal(w.beneath.destroyed, true);
});

test('an abort while the edge is asked is passed on', () => {
  const w = world({});
  w.load();
  w.loader.abort();
  assert.equal(w.beneath.aborted, true);
});

test('init segments have no place in the timeline; byte ranges are not asked of the source', () => {
  const starts: (number | null)[] = [];
  const take = (x: Wanted): null => (starts.push(x.start), null);
  world({ take }, { frag: { sn: 'initSegment', start: 0 } as unknown as FragmentLoaderContext['frag'], part: null }).load();
  world({ take }, { part: null }).load();
  world({ take }, { rangeStart: 10, rangeEnd: 20 }).load();
  assert.deepEqual(starts, [null, 4]);
});

test('the observer sees copies of all that hls.js is given', async () => {
  const seen: number[][] = [];
  const appended = (_url: string, bytes: Uint8Array<ArrayBuffer>): void => {
    seen.push([...bytes]);
    bytes.fill(0);
  };
  const one = world({ appended, take: () => Promise.resolve({ bytes: Uint8Array.of(5, 6), millis: 1, wait: 0 }) });
  one.load();
  await settle();
  const two = world({ appended });
  two.load();
  two.beneath.succeed(EDGE.slice().buffer);
  assert.deepEqual(seen, [[5, 6], [9, 9, 9]]);
  assert.deepEqual([...new Uint8Array(one.data() as ArrayBuffer)], [5, 6]);
  assert.deepEqual([...new Uint8Array(two.data() as ArrayBuffer)], [9, 9, 9]);
});

test('playlists are shown to the session before hls.js gets them, whatever it makes of them', () => {
  const log: string[] = [];
  for (const fails of [false, true]) {
    const PlaylistLoader = playlistLoader({
      playlist: (url, text) => {
        log.push(`${url} ${text}`);
        if (fails) throw new Error('broken');
      },
      follow: () => assert.fail('no reload that is held'),
      followed: () => assert.fail(),
      requested: () => undefined,
    });
    const loader = new PlaylistLoader({ loader: Beneath } as unknown as HlsConfig);
    const beneath = Beneath.made.at(-1) as Beneath;
    type Args = Parameters<typeof loader.load>;
    loader.load({ url: 'u', responseType: 'text' } as unknown as Args[0], {} as Args[1], { onSuccess: () => void log.push('success'), onError: () => undefined, onTimeout: () => undefined } as unknown as Args[2]);
    beneath.succeed('#EXTM3U');
  }
  assert.deepEqual(log, ['u #EXTM3U', 'success', 'u #EXTM3U', 'success']);
});

interface Following {
  loader: Loader<PlaylistLoaderContext>;
  beneath: Beneath;
  log: string[];
  response: () => unknown;
  load(directives?: boolean, more?: string): void;
}

function following(source: Partial<PlaylistSource>): Following {
  const log: string[] = [];
  let response: unknown = null;
  const PlaylistLoader = playlistLoader({
    playlist: (url, text) => void log.push(`playlist ${url} ${text}`),
    follow: () => null,
    followed: (text) => void log.push(`followed ${text}`),
    requested: () => void log.push('requested'),
    ...source,
  });
  const loader = new PlaylistLoader({ loader: Beneath } as unknown as HlsConfig);
  const callbacks: LoaderCallbacks<PlaylistLoaderContext> = {
    onSuccess: (r) => {
      response = r;
      log.push('success');
    },
    onError: (error) => void log.push(`error ${error.code}`),
    onTimeout: () => void log.push('timeout'),
    onAbort: () => void log.push('abort'),
  };
  return {
    loader, beneath: Beneath.made.at(-1) as Beneath, log, response: () => response,
    load: (directives = true, more = '') => loader.load({ url: `http://edge/i.m3u8?_HLS_msn=3${more}`, responseType: 'text', deliveryDirectives: directives ? {} : null } as unknown as PlaylistLoaderContext, {} as LoaderConfiguration, callbacks),
  };
}

test('a reload that the source follows is answered by it, with sane times', async () => {
  for (const [known, first] of [[-50, 'start'], [20, 'known'], [9999, 'end']] as const) {
    const asked = performance.now();
    let answer = (_: Followed): void => undefined;
    const w = following({ follow: () => new Promise((resolve) => (answer = resolve)) });
    w.load();
    while (performance.now() < asked + 40) await settle();
    answer({ text: '#EXTM3U', at: asked + known });
    await settle();
    assert.deepEqual(w.log, ['followed #EXTM3U', 'success']);
    assert.deepEqual(w.response(), { url: 'http://edge/i.m3u8?_HLS_msn=3', data: '#EXTM3U', code: 200 });
    const { loading, loaded, total } = w.loader.stats;
    assert.ok(loading.start >= asked && loading.start <= loading.first && loading.first <= loading.end && loading.end <= performance.now());
    assert.equal(loading.first, { start: loading.start, known: asked + known, end: loading.end }[first]);
    assert.deepEqual([loaded, total], [7, 7]);
    assert.equal(w.beneath.callbacks, null, 'the edge was not asked');
  }
});

test('where the source does not know what a delta leaves out, the whole playlist is asked for', () => {
  for (const [skips, want] of [[undefined, '&_HLS_skip=YES'], [() => true, '&_HLS_skip=YES'], [() => false, '']] as const) {
    const w = following(skips ? { skips } : {});
    w.load(true, '&_HLS_skip=YES');
    assert.equal(w.beneath.context?.url, `http://edge/i.m3u8?_HLS_msn=3${want}`);
    assert.equal(w.loader.context?.url, 'http://edge/i.m3u8?_HLS_msn=3&_HLS_skip=YES', 'hls.js finds what it asked for');
  }
});

test('who is in a swarm says so to the edge', () => {
  for (const [member, want] of [[undefined, undefined], [() => false, undefined], [() => true, MEMBER]] as const) {
    const w = following(member ? { member } : {});
    w.load();
    assert.deepEqual(w.beneath.context?.headers, want);
  }
});

test('what the source does not follow, gives up, or fails at comes from the edge', async () => {
  for (const follow of [() => null, () => Promise.reject(new Error('late')), () => { throw new Error('broken'); }]) {
    const w = following({ follow });
    w.load();
    await settle();
    w.beneath.succeed('#EXTM3U');
    assert.deepEqual(w.log, ['requested', 'playlist http://edge/i.m3u8?_HLS_msn=3 #EXTM3U', 'success']);
  }
});

test('after an edge that is not there it is peers that a playlist is waited for, and then the edge again', async () => {
  const waits: number[] = [];
  const hope = async (_url: string, _signal: AbortSignal, millis: number): Promise<Followed> => {
    waits.push(millis);
    if (waits.length < 3) throw new Error('not told');
    return { text: '#EXTM3U', at: 0 };
  };
  const w = following({ follow: () => null, hope });
  w.load(false);
  for (let i = 0; i < 3; i++) {
    w.beneath.fail(0);
    await settle();
  }
  assert.deepEqual(waits, [500, 1000, 2000]);
  assert.deepEqual(w.log, ['requested', 'requested', 'requested', 'followed #EXTM3U', 'success']);
});

test('what is no blocking reload is not asked of the source', () => {
  const w = following({ follow: () => assert.fail() });
  w.load(false);
  assert.deepEqual(w.log, ['requested']);
});

test('an abort or the end while the source is asked ends there', async () => {
  for (const end of ['abort', 'destroy'] as const) {
    let signal: AbortSignal | null = null;
    const w = following({ follow: (_url, given) => ((signal = given), new Promise((_, reject) => given.addEventListener('abort', () => reject(new Error('aborted'))))) });
    w.load();
    w.loader[end]();
    await settle();
    assert.deepEqual(w.log, end === 'abort' ? ['abort'] : []);
    assert.equal((signal as AbortSignal | null)?.aborted, true);
    assert.equal(w.beneath.callbacks, null);
  }
  const late = following({ follow: () => Promise.resolve({ text: '', at: 0 }) });
  late.load();
  late.loader.destroy();
  await settle();
  assert.deepEqual(late.log, []);
});

for (const [what, code, other, want] of [
  ['there is another token', 401, true, 502],
  ['there is none', 401, false, 401],
  ['for another stream, and there is another token', 403, true, 502],
  ['it is another error', 404, true, 404],
] as const) {
  test(`an edge that does not let this viewer in: ${what}`, async () => {
    let asked = 0;
    const renew = async (): Promise<boolean> => (asked++, other);
    const codes: number[] = [];
    const onError = ({ code }: { code: number }): unknown => codes.push(code);
    const w = world({ renew });
    w.loader.load(w.context, {} as LoaderConfiguration, { onSuccess: () => undefined, onTimeout: () => undefined, onError });
    w.beneath.callbacks?.onError({ code, text: '' }, w.context, null, w.beneath.stats);
    const PlaylistLoader = playlistLoader({ playlist: () => undefined, follow: () => null, followed: () => undefined, requested: () => undefined, renew });
    const lists = new PlaylistLoader({ loader: Beneath } as unknown as HlsConfig);
    lists.load({ url: 'http://edge/a.m3u8' } as PlaylistLoaderContext, {} as LoaderConfiguration, { onSuccess: () => undefined, onTimeout: () => undefined, onError });
    Beneath.made.at(-1)?.callbacks?.onError({ code, text: '' }, {} as LoaderContext, null, w.beneath.stats);
    await new Promise(setImmediate);
    assert.deepEqual(codes, [want, want]);
    assert.equal(asked, code === 404 ? 0 : 2);
  });
}

test('a browser that says it is offline is not believed', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  try {
    for (const [onLine, code, want] of [[false, 0, NaN], [true, 0, 0], [false, 503, 503]] as const) {
      Object.defineProperty(globalThis, 'navigator', { value: { onLine }, configurable: true });
      const codes: number[] = [];
      const onError = ({ code }: { code: number }): unknown => codes.push(code);
      const w = world({});
      w.loader.load(w.context, {} as LoaderConfiguration, { onSuccess: () => undefined, onTimeout: () => undefined, onError });
      w.beneath.callbacks?.onError({ code, text: '' }, w.context, null, w.beneath.stats);
      const lists = new (playlistLoader({ playlist: () => undefined, follow: () => null, followed: () => undefined, requested: () => undefined }))({ loader: Beneath } as unknown as HlsConfig);
      lists.load({ url: 'http://edge/a.m3u8' } as PlaylistLoaderContext, {} as LoaderConfiguration, { onSuccess: () => undefined, onTimeout: () => undefined, onError });
      Beneath.made.at(-1)?.callbacks?.onError({ code, text: '' }, {} as LoaderContext, null, w.beneath.stats);
      assert.deepEqual(codes, [want, want]);
    }
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else delete (globalThis as { navigator?: unknown }).navigator;
  }
});
