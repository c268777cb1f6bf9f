import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Kind } from '../src/action.ts';
import { readActions, Scheduler } from '../src/scheduler.ts';
import { MAY_UPLOAD } from '../src/self.ts';
import { makeChunk } from './make.ts';

const WASM = 'dist/shoal.wasm';
const skip = existsSync(WASM) ? false : 'player/dist/shoal.wasm is not built';

function encode(...actions: [number, number, number, number, number, number[]][]): Uint8Array {
  const out: number[] = [];
  for (const [kind, peer, chunk, first, count, bytes] of actions) {
    for (const v of [kind, peer, chunk, first, count, bytes.length]) out.push(v & 255, (v >> 8) & 255, (v >> 16) & 255, (v >> 24) & 255);
    out.push(...bytes);
    while (out.length % 4) out.push(0);
  }
  return Uint8Array.from(out);
}

test('actions are read with their padding', () => {
  const got = readActions(encode([Kind.Send, 7, 0, 0, 0, [1, 2, 3, 4, 5]], [Kind.SendPieces, 70000, 9, 3, 2, []], [Kind.Drop, 0, 1, 0, 0, [8]]));
  assert.deepEqual(got.map((a) => [a.kind, a.peer, a.chunk, a.first, a.count, [...a.bytes]]), [
    [Kind.Send, 7, 0, 0, 0, [1, 2, 3, 4, 5]],
    [Kind.SendPieces, 70000, 9, 3, 2, []],
    [Kind.Drop, 0, 1, 0, 0, [8]],
  ]);
  assert.deepEqual(readActions(new Uint8Array(0)), []);
});

test('an action that is cut short is an error', () => {
  assert.throws(() => readActions(encode([Kind.Send, 1, 0, 0, 0, [1, 2, 3, 4, 5]]).subarray(0, 26)));
});

async function started(): Promise<Scheduler> {
  const scheduler = await Scheduler.from(readFileSync(WASM));
  scheduler.start(new Uint8Array(16).fill(9), { flags: MAY_UPLOAD, rendition: 0, most: 0 }, 'demo');
  return scheduler;
}

test('the real scheduler joins', { skip }, async () => {
  const s = await started();
  const [join, ...rest] = s.trackerUp(10);
  assert.equal(rest.length, 0);
  assert.equal(join?.kind, Kind.SendTracker);
  assert.equal(join?.bytes[0], 1);
  assert.ok(Buffer.from(join?.bytes ?? []).includes('demo'));
  assert.equal(s.roster, 0);
  assert.equal(s.links, 0);
  assert.equal(s.beaconSeconds, 0);
  // welcomed as viewer 5, beacons each 10 s, relay-only, one ICE server
  const url = Buffer.from('stun:edge:3478');
  const welcome = Buffer.concat([Buffer.from([0x41, 3, 0, 0, 0, 0, 0, 0, 0, 5, 10, 1, 1, url.length]), url, Buffer.from([0, 0])]);
  const ice = s.trackerMessage(20, welcome).find((a) => a.kind === Kind.ICEServers);
  assert.equal(Buffer.from(ice?.bytes ?? []).toString(), 'stun:edge:3478\0\0\n');
  assert.equal(ice?.count, 1);
  assert.equal(s.beaconSeconds, 10);
  const [beacon] = s.beacon(30, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  assert.equal(beacon?.kind, Kind.SendTracker);
  assert.equal(Buffer.from(beacon?.bytes ?? []).readUInt32BE(1 + 15 * 4), 16);
  assert.ok(Number.isFinite(s.next));
});

test('the real scheduler is turned off by the tracker, and on again by a roster', { skip }, async () => {
  const s = await started();
  s.trackerUp(10);
  s.trackerMessage(20, Buffer.from([0x41, 3, 0, 0, 0, 0, 0, 0, 0, 5, 10, 0, 0]));
  const member = (id: number): number[] => [0, 0, 0, 0, 0, 0, 0, id, 1, 0, 0, 200];
  const roster = Buffer.from([0x42, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 2, ...member(5), ...member(7)]);
  const link = s.trackerMessage(30, roster).find((a) => a.kind === Kind.Connect)?.peer ?? 0;
  s.linkUp(40, link);
  assert.deepEqual([s.off, s.roster, s.links], [false, 2, 1]);
  const off = s.trackerMessage(50, Buffer.from([0x47, 1, 0, 0]));
  assert.deepEqual(off.filter((a) => a.kind === Kind.Disconnect).map((a) => a.peer), [link]);
  assert.deepEqual([s.off, s.roster, s.links], [true, 0, 0]);
  s.trackerMessage(60, roster);
  assert.deepEqual([s.off, s.roster], [false, 2]);
});

test('the real scheduler learns, fetches what is needed when it is alone, and is told', { skip }, async () => {
  const s = await started();
  const made = makeChunk(5000);
  const { chunk } = s.learn(100, made.record, 0);
  assert.ok(chunk > 0);
  assert.equal(s.learn(101, made.record, 300).chunk, chunk);
  assert.equal(s.learn(102, new Uint8Array(128), 0).chunk, 0);
  const fetch = s.need(110, chunk, 1500).find((a) => a.kind === Kind.Fetch);
  assert.deepEqual([fetch?.chunk, fetch?.first, fetch?.count], [chunk, 0, 5]);
  assert.ok(s.fetched(120, chunk, 0, 5, true).some((a) => a.kind === Kind.Complete && a.chunk === chunk));
  assert.ok(s.need(130, chunk, 1500).some((a) => a.kind === Kind.Complete));
  s.tick(40_000); // long after, it is forgotten
});

test('a signal that is too long for the tracker is dropped, and breaks nothing', { skip }, async () => {
  const s = await started();
  assert.deepEqual(s.outSignal(10, 1, 1, 'x'.repeat(16 << 10)), []);
  assert.deepEqual(s.outSignal(11, 1, 1, 'x'.repeat(200 << 10)), []);
  assert.ok(s.trackerUp(12).length > 0);
});

test('garbage from peers and tracker does no harm', { skip }, async () => {
  const s = await started();
  for (let i = 0; i < 200; i++) {
    const junk = Uint8Array.from({ length: (i * 37) % 300 }, (_, k) => (k * i + 11) & 255);
    s.trackerMessage(i, junk);
    s.frame(i, i, junk, i * 1000);
  }
  assert.ok(s.trackerUp(300).length > 0);
});
