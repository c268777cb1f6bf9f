// The session with the real scheduler and no peers, in a world without a browser: what is needed comes, from wherever
// it must.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { Session } from '../src/session.ts';
import { makeChunk, type Made, publicKey } from './make.ts';

const WASM = 'dist/shoal.wasm';
const skip = existsSync(WASM) ? false : 'player/dist/shoal.wasm is not built';
const BASE = 'http://edge/live/demo/v0/';

interface World {
  session: Session;
  log: string[];
  parts: Made[];
  edge: { answer: (made: Made, range: string | null) => Response | Promise<Response> };
  list(count: number): void;
  take(uri: string, start: number | null): Promise<Uint8Array> | null;
  settle(done: () => boolean): Promise<void>;
}

class Socket {
  static readonly OPEN = 1;
  readyState = 0;
  onclose: (() => void) | null = null;
  close(): void {
    this.onclose?.();
  }
  send(): void {}
}

function world(t: TestContext, { key = publicKey, tracker = 'ws://tracker/', wasm = true, seconds = 1 } = {}): World {
  const log: string[] = [];
  const parts = Array.from({ length: 6 }, (_, part) => makeChunk(9000 + part, { msn: 1, part }));
  const edge: World['edge'] = { answer: (made) => new Response(made.bytes) };
  const before = { ...globalThis };
  Object.assign(globalThis, {
    RTCPeerConnection: class {},
    WebSocket: Socket,
    document: Object.assign(new EventTarget(), { visibilityState: 'visible', baseURI: 'http://edge/' }),
    window: new EventTarget(),
    fetch: async (url: string, init: RequestInit = {}) => {
      if (url === 'http://edge/shoal.wasm') return wasm ? new Response(readFileSync(WASM)) : new Response('', { status: 404 });
      const range = new Headers(init.headers).get('range');
      const part = Number(/s1\.(\d)\.m4s$/.exec(url)?.[1]);
      log.push(`fetch ${part} ${range ?? 'whole'}`);
      const answer = Promise.resolve(edge.answer(parts[part] as Made, range));
      const aborted = new Promise<Response>((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
      return Promise.race([answer, aborted]);
    },
  });
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  const session = new Session({ name: 'demo', key, tracker, wasm: 'http://edge/shoal.wasm', token: '', p2p: true, secondsUntil: () => seconds, steady: () => true, beacon: () => new Array<number>(12).fill(0) });
  t.after(() => {
    session.close();
    Object.assign(globalThis, { fetch: before.fetch });
  });
  const list = (count: number): void => {
    const lines = parts.slice(0, count).flatMap((made, i) => [`#EXT-X-PART:DURATION=0.333,URI="17/s1.${i}.m4s"`, `#EXT-X-SHOAL-RECORD:${made.text}`]);
    if (count === parts.length) lines.push('#EXTINF:2,', '17/s1.m4s');
    session.playlist(`${BASE}index.m3u8`, ['#EXTM3U', '#EXT-X-MEDIA-SEQUENCE:1', ...lines].join('\n'));
  };
  const take = (uri: string, start: number | null): Promise<Uint8Array> | null => {
    const taking = session.take({ url: `${BASE}17/${uri}`, start, signal: new AbortController().signal })?.then(({ bytes }) => bytes) ?? null;
    taking?.catch(() => undefined); // not all are waited for
    return taking;
  };
  const settle = async (done: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(done(), 'it did not come to pass');
  };
  return { session, log, parts, edge, list, take, settle };
}

// ready returns a world whose session has its scheduler.
async function ready(t: TestContext, options = {}): Promise<World> {
  const w = world(t, options);
  w.list(2);
  assert.equal(w.take('s1.0.m4s', 0), null, 'before there is a scheduler, hls.js loads by itself');
  w.session.fetched(`${BASE}17/s1.0.m4s`, (w.parts[0] as Made).bytes.slice(), 20);
  await w.settle(() => w.take('s1.1.m4s', 1) !== null);
  return w;
}

test('what hls.js has fetched is not fetched again', { skip }, async (t) => {
  const w = await ready(t);
  assert.deepEqual(await w.take('s1.0.m4s', 0), (w.parts[0] as Made).bytes);
  assert.ok(!w.log.some((line) => line.startsWith('fetch 0')), w.log.join());
  assert.equal(w.session.traffic.bytesFromEdge >= 9000, true);
});

test('alone, all comes from the edge, once, and a segment is made of its parts', { skip }, async (t) => {
  const w = await ready(t);
  w.list(6);
  await w.settle(() => w.take('s1.m4s', 1) !== null);
  const all = await w.take('s1.m4s', 1);
  assert.deepEqual(all, new Uint8Array(Buffer.concat(w.parts.map((made) => made.bytes))));
  const fetched = w.log.filter((line) => line.startsWith('fetch'));
  assert.equal(new Set(fetched).size, fetched.length, fetched.join());
  assert.equal(w.session.traffic.p2p, 'joining');
  assert.equal(w.session.traffic.rescues, 0);
  assert.equal(w.session.traffic.chunksFromEdge, 6);
});

test('bad bytes of the edge are not taken', { skip }, async (t) => {
  const w = await ready(t, { seconds: 0.5 });
  const made = w.parts[2] as Made;
  w.edge.answer = () => {
    const bent = made.bytes.slice();
    bent[77] = (bent[77] ?? 0) ^ 1;
    return new Response(bent);
  };
  w.list(3);
  await assert.rejects(w.take('s1.2.m4s', 2) as Promise<Uint8Array>);
});

test('an edge that hangs is given back to hls.js, not waited for', { skip }, async (t) => {
  const w = await ready(t, { seconds: 0.5 });
  w.edge.answer = () => new Promise(() => undefined);
  w.list(3);
  const began = performance.now();
  await assert.rejects(w.take('s1.2.m4s', 2) as Promise<Uint8Array>, /late/);
  assert.ok(performance.now() - began < 1500);
  assert.ok(w.session.traffic.rescues > 0);
  // and what hls.js then gets is taken in
  w.session.fetched(`${BASE}17/s1.2.m4s`, (w.parts[2] as Made).bytes.slice(), 20);
  await w.settle(() => w.session.traffic.chunksFromEdge >= 2);
  assert.deepEqual(await w.take('s1.2.m4s', 2), (w.parts[2] as Made).bytes);
});

test('an abort ends the waiting', { skip }, async (t) => {
  const w = await ready(t, { seconds: 5 });
  w.edge.answer = () => new Promise(() => undefined);
  w.list(3);
  const give = new AbortController();
  const taking = w.session.take({ url: `${BASE}17/s1.2.m4s`, start: 2, signal: give.signal });
  await new Promise((resolve) => setTimeout(resolve, 30));
  give.abort();
  await assert.rejects(taking as Promise<unknown>);
});

for (const [name, options] of Object.entries({
  'no key': { key: '' },
  'another key': { key: Buffer.alloc(32, 3).toString('base64') },
  'no tracker': { tracker: '' },
  'no WebAssembly': { wasm: false },
})) {
  test(`${name}: no swarm, and hls.js is left alone`, { skip }, async (t) => {
    const warn = console.warn;
    console.warn = () => undefined;
    t.after(() => (console.warn = warn));
    const w = world(t, options);
    w.list(4);
    w.session.fetched(`${BASE}17/s1.0.m4s`, (w.parts[0] as Made).bytes.slice(), 20);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(w.take('s1.1.m4s', 1), null);
    assert.notEqual(w.session.traffic.p2p, 'on');
    assert.deepEqual(w.log, []);
    assert.equal(w.session.traffic.chunksFromEdge, 1);
  });
}
