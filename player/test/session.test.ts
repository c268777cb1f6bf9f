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
const TIMES = { start: 0, first: 5, end: 20 };

interface World {
  session: Session;
  log: string[];
  warned: Promise<void>; // the session has given the swarm up
  parts: Made[];
  edge: { answer: (made: Made, range: string | null) => Response | Promise<Response> };
  tracker: { answer: () => Response }; // why it did not take a socket
  page: { most: number; off: boolean }; // what is lent of the uplink, kbit/s, and whether the server tells that the operator has turned the swarm off
  list(count: number): void;
  take(uri: string, start: number | null): Promise<Uint8Array> | null;
  settle(done: () => boolean): Promise<void>;
}

class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  constructor() {
    Socket.made.push(this);
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(...bytes: number[]): void {
    this.onmessage?.({ data: Uint8Array.from(bytes).buffer });
  }
  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }
  readonly sent: Uint8Array[] = [];
  send(bytes: Uint8Array): void {
    this.sent.push(bytes.slice());
  }
}

// A peer that is there as soon as the test says.
class Peer {
  static made: Peer[] = [];
  readonly channel = { readyState: 'connecting', bufferedAmount: 0, onopen: null as (() => void) | null, onclose: null as (() => void) | null,
    onmessage: null as ((event: { data: ArrayBuffer }) => void) | null, send: () => undefined, close: () => this.go() };
  constructor() {
    Peer.made.push(this);
  }
  createDataChannel(): Peer['channel'] {
    return this.channel;
  }
  open(): void {
    this.channel.readyState = 'open';
    this.channel.onopen?.();
  }
  go(): void {
    if (this.channel.readyState === 'closed') return;
    this.channel.readyState = 'closed';
    this.channel.onclose?.();
  }
  async setLocalDescription(): Promise<void> {}
  close(): void {}
}

function world(t: TestContext, { key = publicKey, trackers = ['ws://tracker/'], wasm = true, seconds = 1 } = {}): World {
  const log: string[] = [];
  const parts = Array.from({ length: 6 }, (_, part) => makeChunk(9000 + part, { msn: 1, part }));
  const edge: World['edge'] = { answer: (made) => new Response(made.bytes) };
  const tracker: World['tracker'] = { answer: () => { throw new TypeError('failed to fetch'); } };
  const page: World['page'] = { most: Infinity, off: false };
  Socket.made = [];
  Peer.made = [];
  const before = { ...globalThis };
  let gaveUp = (): void => undefined;
  const warned = new Promise<void>((resolve) => (gaveUp = resolve));
  t.mock.method(console, 'warn', () => gaveUp());
  Object.assign(globalThis, {
    RTCPeerConnection: Peer,
    WebSocket: Socket,
    document: Object.assign(new EventTarget(), { visibilityState: 'visible', baseURI: 'http://edge/' }),
    window: new EventTarget(),
    fetch: async (url: string, init: RequestInit = {}) => {
      if (url === 'http://edge/shoal.wasm') return wasm ? new Response(readFileSync(WASM)) : new Response('', { status: 404 });
      if (url.startsWith('http://tracker/')) return tracker.answer();
      const range = new Headers(init.headers).get('range');
      const part = Number(/s1\.(\d)\.m4s$/.exec(url)?.[1]);
      log.push(`fetch ${part} ${range ?? 'whole'}${init.cache === 'reload' ? ' anew' : ''}`);
      const answer = Promise.resolve(edge.answer(parts[part] as Made, range));
      const aborted = new Promise<Response>((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
      return Promise.race([answer, aborted]);
    },
  });
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  const session = new Session({ name: 'demo', key, trackers, wasm: 'http://edge/shoal.wasm', token: () => '', p2p: true, get maxUploadKbps() { return page.most; }, secondsUntil: () => seconds, steady: () => true, buffered: () => 1, off: async () => page.off, plenty: () => true, loadsBehind: () => 0, beacon: () => new Array<number>(16).fill(0) });
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
    for (const until = performance.now() + 10_000; performance.now() < until && !done(); ) await turn();
    assert.ok(done(), 'it did not come to pass');
  };
  return { session, log, warned, parts, edge, tracker, page, list, take, settle };
}

// turn lets all go on that has nothing to wait for.
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// ready returns a world whose session has its scheduler.
async function ready(t: TestContext, options = {}): Promise<World> {
  const w = world(t, options);
  w.list(2);
  assert.equal(w.take('s1.0.m4s', 0), null, 'before there is a scheduler, hls.js loads by itself');
  w.session.fetched(`${BASE}17/s1.0.m4s`, (w.parts[0] as Made).bytes.slice(), TIMES);
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

test('of a recording there is no swarm, whenever it turns out to be one', { skip }, async (t) => {
  const w = world(t);
  w.session.alone();
  w.list(2);
  w.session.fetched(`${BASE}17/s1.0.m4s`, (w.parts[0] as Made).bytes.slice(), TIMES);
  for (let i = 0; i < 20; i++) await turn();
  assert.deepEqual([w.session.traffic.p2p, w.take('s1.0.m4s', 0), Socket.made.length], ['off', null, 0]);
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
  w.session.fetched(`${BASE}17/s1.2.m4s`, (w.parts[2] as Made).bytes.slice(), TIMES);
  await w.settle(() => w.session.traffic.chunksFromEdge >= 2);
  assert.deepEqual(await w.take('s1.2.m4s', 2), (w.parts[2] as Made).bytes);
});

test('an abort ends the waiting', { skip }, async (t) => {
  const w = await ready(t, { seconds: 5 });
  w.edge.answer = () => new Promise(() => undefined);
  w.list(3);
  const give = new AbortController();
  const taking = w.session.take({ url: `${BASE}17/s1.2.m4s`, start: 2, signal: give.signal });
  await w.settle(() => w.log.some((line) => line.startsWith('fetch 2')));
  give.abort();
  await assert.rejects(taking as Promise<unknown>);
});

test('a segment whose last part is late goes back to hls.js in time for its first', { skip }, async (t) => {
  const w = await ready(t, { seconds: 0.6 });
  const last = w.parts.length - 1;
  w.edge.answer = (made) => (made === w.parts[last] ? new Promise(() => undefined) : new Response(made.bytes));
  w.list(6);
  await w.settle(() => w.take('s1.m4s', 1) !== null);
  const began = performance.now();
  await assert.rejects(w.take('s1.m4s', 1) as Promise<Uint8Array>, /late/);
  const waited = performance.now() - began; // its own place is reached 1.67 s later than the segment's
  assert.ok(waited < 1400, `${waited} ms`);
  assert.equal(w.session.traffic.bytesFromEdge >= 5 * 9000, true);
});

test('a segment whose parts are listed no longer, and for long, goes back to hls.js: the edge is not asked for parts', { skip }, async (t) => {
  const w = await ready(t, { seconds: 5 });
  await w.take('s1.1.m4s', 1);
  w.list(6);
  const given = async (newest: number): Promise<boolean> => { // the segment, where the oldest part that is listed is of that one
    const { text } = makeChunk(9000, { msn: newest, part: 0 });
    w.log.length = 0;
    w.session.playlist(`${BASE}index.m3u8`, ['#EXTM3U', `#EXT-X-MEDIA-SEQUENCE:${newest}`, `#EXT-X-PART:DURATION=0.333,URI="17/s${newest}.0.m4s"`, `#EXT-X-SHOAL-RECORD:${text}`].join('\n'));
    return (w.take('s1.m4s', 1) as Promise<Uint8Array>).then(() => true, () => false);
  };
  w.edge.answer = () => new Response('', { status: 404 });
  const began = performance.now();
  assert.equal(await given(4), false);
  assert.ok(!w.log.some((line) => /^fetch \d/.test(line)), w.log.join());
  assert.ok(performance.now() - began < 1000, 'and at once');
  w.edge.answer = (made) => new Response(made.bytes);
  assert.equal(await given(3), true, 'a server has them for a while after');
});

test('bytes that differ from a true record are told, and counted; true ones too; unknown ones are not waited for', { skip }, async (t) => {
  const w = world(t);
  const anew = (): number => w.log.filter((line) => line === 'fetch 0 whole anew').length;
  const bytes = (w.parts[0] as Made).bytes;
  const bent = bytes.slice();
  bent[8000] = (bent[8000] ?? 0) ^ 1;
  assert.equal(w.session.fetched(`${BASE}17/s1.0.m4s`, bent.slice(), TIMES), null, 'no playlist yet');
  w.list(6);
  assert.equal(w.session.fetched(`${BASE}17/s1.0.m4s`, bent.slice(), TIMES), null, 'its record is not verified yet');
  await w.settle(() => w.session.fetched(`${BASE}17/s1.0.m4s`, bytes.slice(), TIMES) !== null);
  assert.equal(await w.session.fetched(`${BASE}17/s1.0.m4s`, bent.slice(), TIMES), false);
  assert.equal(await w.session.fetched(`${BASE}17/s1.0.m4s`, bytes.slice(1), TIMES), false, 'cut short');
  assert.equal(await w.session.fetched(`${BASE}17/s1.0.m4s`, bytes.slice(), TIMES), true);
  const whole = Buffer.concat(w.parts.map((made) => made.bytes));
  assert.equal(await w.session.fetched(`${BASE}17/s1.m4s`, new Uint8Array(whole), TIMES), true, 'a segment, out of its parts');
  assert.equal(await w.session.fetched(`${BASE}17/s1.m4s`, new Uint8Array(Buffer.concat([whole, Buffer.of(1)])), TIMES), false, 'one byte more');
  assert.equal(w.session.traffic.badFetches, 4, 'the one that was not waited for is counted too');
  assert.equal(anew(), 3, 'the browser is not to keep what is false');
});

// linked returns a world whose session is in a cell, with a link to another viewer.
async function linked(t: TestContext): Promise<World> {
  const w = await ready(t);
  await w.settle(() => Socket.made.length === 1);
  const [socket] = Socket.made as [Socket];
  socket.open();
  socket.say(0x41, 3, 0, 0, 0, 0, 0, 0, 0, 5, 10, 0, 0); // Welcome: as viewer 5
  const member = (id: number): number[] => [0, 0, 0, 0, 0, 0, 0, id, 1, 0, 0, 200];
  socket.say(0x42, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 2, ...member(5), ...member(7)); // Roster
  await w.settle(() => Peer.made.length === 1);
  Peer.made[0]?.open();
  assert.deepEqual([w.session.traffic.p2p, w.session.traffic.peers], ['on', 1]);
  return w;
}

test('what a peer sends twice is counted, though nobody looks into it', { skip }, async (t) => {
  const w = await linked(t);
  w.list(3);
  const made = w.parts[2] as Made;
  const say = (type: number, payload: Uint8Array): void => {
    const head = new Uint8Array(28);
    head[0] = type;
    head.set(made.record.subarray(4, 20), 12);
    Peer.made[0]?.channel.onmessage?.({ data: Uint8Array.from([...head, ...payload]).buffer });
  };
  const piece = made.bytes.subarray(0, 1024);
  say(0x80, made.hashes);
  say(0x81, piece);
  await w.settle(() => w.session.traffic.bytesFromPeers === 1024);
  assert.equal(w.session.traffic.duplicateBytes, 0);
  say(0x81, piece);
  say(0x81, piece);
  assert.deepEqual([w.session.traffic.bytesFromPeers, w.session.traffic.duplicateBytes], [1024, 2048]);
});

test('another limit to what is lent is told at once, and so is that there is none', { skip }, async (t) => {
  const w = await linked(t);
  const [socket] = Socket.made as [Socket];
  const told = (most: number): number[] => {
    socket.sent.length = 0;
    w.page.most = most;
    w.session.lend();
    const update = socket.sent.filter((bytes) => bytes[0] === 2).at(-1);
    return update ? [(update[1] ?? 0) & 1, 10 * (((update[3] ?? 0) << 8) | (update[4] ?? 0))] : []; // whether it uploads, and how much
  };
  assert.deepEqual(told(500), [1, 500]);
  assert.deepEqual(told(0), [0, 10]);
  assert.equal(told(Infinity)[0], 1);
});

// rejected lets the tracker's socket end, and lets all trackers refuse whatever is tried then.
async function rejected(t: TestContext, w: World): Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  w.tracker.answer = () => new Response('token expired', { status: 403 });
  Socket.made.at(-1)?.close();
  for (let i = 0; i < 10; i++) {
    for (let sockets = Socket.made.length, millis = 0; millis < 20_000 && sockets === Socket.made.length; millis += 100) t.mock.timers.tick(100);
    const socket = Socket.made.at(-1);
    if (socket?.readyState === 0) socket.close();
    await turn();
    await turn();
  }
}

test('who is refused when he comes back keeps his links while they live', { skip }, async (t) => {
  const w = await linked(t);
  assert.equal(w.session.member, true);
  await rejected(t, w);
  assert.ok(Socket.made.length > 1, 'nothing was tried');
  assert.equal(w.session.member, false, 'no tracker counts this viewer');
  assert.deepEqual([w.session.traffic.p2p, w.session.traffic.peers, w.session.traffic.linksLost], ['on', 1, 0]);
  assert.ok(w.take('s1.1.m4s', 1) !== null, 'the swarm is there');
  const sockets = Socket.made.length;
  Peer.made[0]?.go();
  assert.deepEqual([w.session.traffic.p2p, w.session.traffic.peers], ['refused', 0]);
  t.mock.timers.tick(1e6);
  assert.equal(Socket.made.length, sockets, 'he asks no more');
  assert.equal(w.take('s1.1.m4s', 1), null, 'hls.js is left alone');
});

test('who is refused at once has no swarm', { skip }, async (t) => {
  const w = await ready(t);
  await w.settle(() => Socket.made.length === 1);
  await rejected(t, w);
  assert.equal(w.session.traffic.p2p, 'refused');
  assert.equal(w.take('s1.1.m4s', 1), null, 'hls.js is left alone');
});

for (const [name, options] of Object.entries({
  'no key': { key: '' },
  'another key': { key: Buffer.alloc(32, 3).toString('base64') },
  'what is no key': { key: 'rubbish' },
  'no tracker': { trackers: [] },
  'no WebAssembly': { wasm: false },
})) {
  test(`${name}: no swarm, and hls.js is left alone`, { skip }, async (t) => {
    const w = world(t, options);
    w.list(4);
    assert.equal(w.session.fetched(`${BASE}17/s1.0.m4s`, (w.parts[0] as Made).bytes.slice(), TIMES), null);
    const wrong = 'key' in options && options.key !== '';
    if ('wasm' in options || wrong) await w.warned;
    for (let i = 0; i < 200; i++) await turn();
    assert.equal(w.take('s1.1.m4s', 1), null);
    assert.notEqual(w.session.traffic.p2p, 'on');
    if (wrong) assert.deepEqual([w.session.traffic.p2p, w.session.traffic.refusal, Socket.made.length], ['off', 'wrong key', 0]);
    assert.deepEqual(w.log, []);
    assert.equal(w.session.traffic.chunksFromEdge, 1);
  });
}
