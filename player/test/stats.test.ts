import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Beacons, NO_TRAFFIC, offload, type Stats, together } from '../src/stats.ts';

test('offload is the share of bytes from peers', () => {
  assert.equal(offload(0, 0), 0);
  assert.equal(offload(30, 10), 0.75);
});

test('beacons carry differences, but for latency and links', () => {
  const stats = (more: Partial<Stats>): Stats => ({ ...NO_TRAFFIC, offload: 0, latencySeconds: 1.5, bufferSeconds: 0, startupMillis: 0, stalls: 0, stalledSeconds: 0, slowedSeconds: 0, droppedFrames: 0, peers: 3, ...more });
  const beacons = new Beacons();
  assert.deepEqual(beacons.next(stats({ bytesFromPeers: 10, bytesFromEdge: 20, stalls: 1, stalledSeconds: 0.25 })), [10, 20, 0, 0, 0, 0, 0, 0, 1, 250, 1500, 3, 0, 0, 0, 0]);
  assert.deepEqual(beacons.next(stats({ bytesFromPeers: 15, bytesFromEdge: 20, stalls: 1, stalledSeconds: 0.25, chunksFromPeers: 2, linksOpened: 4, linksLost: 1 })), [5, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1500, 3, 4, 0, 0, 1]);
  beacons.next(stats({ stalls: 3, stalledSeconds: 3.25 }));
  beacons.next(stats({ stalls: 1, stalledSeconds: 0.25 })); // the rest was taken back
  assert.deepEqual(beacons.next(stats({ stalls: 4, stalledSeconds: 4 })).slice(8, 10), [1, 750], 'what was told is not told again');
});

test('what a session before had counted goes on counting; how things stand is as now', () => {
  const before = { ...NO_TRAFFIC, bytesFromPeers: 10, bytesToPeers: 7, linksLost: 1, peers: 3, p2p: 'on' as const, refusal: 'then' };
  const now = { ...NO_TRAFFIC, bytesFromPeers: 5, peers: 1, p2p: 'joining' as const, refusal: 'now' };
  assert.deepEqual(together(before, now), { ...NO_TRAFFIC, bytesFromPeers: 15, bytesToPeers: 7, linksLost: 1, peers: 1, p2p: 'joining', refusal: 'now' });
  assert.deepEqual([before.bytesFromPeers, now.bytesFromPeers], [10, 5]);
});
