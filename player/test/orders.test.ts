import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, Kind } from '../src/action.ts';
import type { Chunk } from '../src/chunks.ts';
import type { Frame } from '../src/links.ts';
import { Orders, type Parties } from '../src/orders.ts';

const CHUNK = { handle: 7, entry: { record: { id: 'c7' } } } as unknown as Chunk;
const FRAME: Frame = { peer: 3, bytes: new Uint8Array(100), at: 55 };
const [HASHES, PIECES] = [new Uint8Array(32), new Uint8Array(1000)];

// world has parties that write down what they are told. Of chunks there is one, 7.
function world({ relayOnly = false, tracker = true, stored = true, sent = true, gone = false } = {}): { orders: Orders; log: string[]; carry: (action: Partial<Action>, frame?: Frame | null) => string[] } {
  const log: string[] = [];
  const note = (what: string, ...with_: unknown[]): void => void log.push([what, ...with_].join(' '));
  const size = (bytes: Uint8Array): string => `${bytes.length} B`;
  const parties: Parties = {
    tracker: () => (tracker ? { send: (bytes) => note('tracker', size(bytes)) } : null),
    membership: { refusal: (code, seconds, why) => note('refusal', code, seconds, why) },
    links: {
      connect: (peer, initiator) => note('connect', peer, initiator),
      signal: (peer, bytes) => note('signal', peer, size(bytes)),
      disconnect: (peer, slow) => note('disconnect', peer, slow),
      send: (peer, bytes) => note('send', peer, size(bytes)),
      sendWith: (peer, bytes, media) => (note('sendWith', peer, size(bytes), size(media)), sent),
      park: (frame) => note('park', frame.peer),
    },
    chunks: { get: (handle) => (handle === 7 ? CHUNK : undefined) },
    store: { hashes: () => (stored ? HASHES : null), pieces: () => (stored ? PIECES : null) },
    fetches: { full: false, fetch: async (chunk, first, count) => note('fetch', chunk.handle, first, count) },
    gathering: { lack: (chunk) => note('lack', chunk.handle) },
    gifts: { takeHashes: async (chunk, frame) => note('hashes', chunk.handle, frame.peer), takePieces: async (chunk, first, count, frame) => note('pieces', chunk.handle, first, count, frame.peer) },
    stock: {
      fetched: (chunk, first, count, ok) => note('fetched', chunk.handle, first, count, ok),
      complete: (chunk) => note('complete', chunk.handle),
      forget: (chunk) => note('forget', chunk.handle),
    },
    watch: { book: { gone: () => gone }, reload: async (blocking) => note('reload', blocking), take: async (peer, bytes) => note('record', peer, size(bytes)) },
    gave: (bytes) => note('gave', bytes),
    beside: (bytes, at) => note('beside', bytes, at),
    relayless: () => note('relayless'),
  };
  const orders = new Orders(parties, relayOnly);
  const carry = (action: Partial<Action>, frame: Frame | null = null): string[] => {
    log.length = 0;
    orders.carry({ kind: 0, peer: 0, chunk: 0, first: 0, count: 0, bytes: new Uint8Array(0), ...action } as Action, frame);
    return [...log];
  };
  return { orders, log, carry };
}

test('each order is given to whom it is for', () => {
  const { carry } = world();
  const bytes = new Uint8Array(9);
  for (const [action, frame, done] of [
    [{ kind: Kind.SendTracker, bytes }, null, ['tracker 9 B']],
    [{ kind: Kind.Refused, first: 4, count: 30, bytes: new TextEncoder().encode('full') }, null, ['refusal 4 30 full']],
    [{ kind: Kind.Connect, peer: 3, count: 1 }, null, ['connect 3 true']],
    [{ kind: Kind.Connect, peer: 3 }, null, ['connect 3 false']],
    [{ kind: Kind.Signal, peer: 3, bytes }, null, ['signal 3 9 B']],
    [{ kind: Kind.Disconnect, peer: 3, count: 2 }, null, ['disconnect 3 true']],
    [{ kind: Kind.Disconnect, peer: 3, count: 1 }, null, ['disconnect 3 false']],
    [{ kind: Kind.Send, peer: 3, bytes }, null, ['send 3 9 B']],
    [{ kind: Kind.SendHashes, peer: 3, chunk: 7, bytes }, null, ['sendWith 3 9 B 32 B']],
    [{ kind: Kind.SendPieces, peer: 3, chunk: 7, bytes }, null, ['sendWith 3 9 B 1000 B', 'gave 1000']],
    [{ kind: Kind.Fetch, chunk: 7, first: 2, count: 5 }, null, ['fetch 7 2 5']],
    [{ kind: Kind.TakeHashes, chunk: 7 }, FRAME, ['hashes 7 3']],
    [{ kind: Kind.TakePieces, chunk: 7, first: 1, count: 2 }, FRAME, ['beside 100 55', 'pieces 7 1 2 3']],
    [{ kind: Kind.Park }, FRAME, ['park 3']],
    [{ kind: Kind.Complete, chunk: 7 }, null, ['complete 7']],
    [{ kind: Kind.Drop, chunk: 7 }, null, ['forget 7']],
    [{ kind: Kind.Reload, count: 1 }, null, ['reload true']],
    [{ kind: Kind.TakeRecord, peer: 3, bytes }, null, ['record 3 9 B']],
  ] as const) assert.deepEqual(carry(action, frame), done);
});

test('what is of a chunk that was forgotten meanwhile, or of a kind that is not known, is left undone', () => {
  const { carry } = world();
  for (const kind of [Kind.SendHashes, Kind.SendPieces, Kind.Fetch, Kind.TakeHashes, Kind.Complete, Kind.Drop, 99]) assert.deepEqual(carry({ kind, chunk: 8 }, FRAME), [], String(kind));
  assert.deepEqual(carry({ kind: Kind.TakePieces, chunk: 8 }, FRAME), ['beside 100 55'], 'but it did come');
});

test('what is not there is not sent, and what was not sent is not given', () => {
  assert.deepEqual(world({ stored: false }).carry({ kind: Kind.SendPieces, peer: 3, chunk: 7 }), []);
  assert.deepEqual(world({ sent: false }).carry({ kind: Kind.SendPieces, peer: 3, chunk: 7 }), ['sendWith 3 0 B 1000 B']);
  assert.deepEqual(world({ tracker: false }).carry({ kind: Kind.SendTracker }), []);
});

test('a part that the server has no more is not fetched, and those who wait for it are told', () => {
  assert.deepEqual(world({ gone: true }).carry({ kind: Kind.Fetch, chunk: 7, first: 2, count: 5 }), ['lack 7', 'fetched 7 2 5 false']);
});

test('who wants relays alone gets no other way, whatever the tracker says', () => {
  for (const relayOnly of [false, true]) {
    const { orders, carry } = world({ relayOnly });
    carry({ kind: Kind.ICEServers, count: 0, bytes: new TextEncoder().encode('stun:edge:3478\0\0') });
    assert.equal(orders.route.relayOnly, relayOnly);
  }
});

test('that the tracker names no relays is known once it has told how to connect', () => {
  const { orders, carry } = world();
  assert.equal(orders.relayless, undefined);
  for (const [url, relayless] of [['stun:edge:3478', true], ['turn:edge:3479?transport=udp', false], ['turns:edge:443', false]] as const) {
    carry({ kind: Kind.ICEServers, bytes: new TextEncoder().encode(`${url}\0user\0secret`) });
    assert.equal(orders.relayless, relayless, url);
  }
});

test('where only relays will do and the tracker names none, that is told', () => {
  const ice = (urls: string): Partial<Action> => ({ kind: Kind.ICEServers, bytes: new TextEncoder().encode(`${urls}\0\0`) });
  assert.deepEqual(world({ relayOnly: true }).carry(ice('stun:edge:3478')), ['relayless']);
  assert.deepEqual(world({ relayOnly: true }).carry(ice('turn:edge:3479?transport=udp\0user\0secret')), []);
  assert.deepEqual(world().carry(ice('stun:edge:3478')), []);
});
