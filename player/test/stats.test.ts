import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Beacons, NO_TRAFFIC, offload, type Stats } from '../src/stats.ts';

test('offload is the share of bytes from peers', () => {
  assert.equal(offload(0, 0), 0);
  assert.equal(offload(30, 10), 0.75);
});

test('beacons carry differences, but for latency and links', () => {
  const stats = (more: Partial<Stats>): Stats => ({ ...NO_TRAFFIC, offload: 0, latencySeconds: 1.5, bufferSeconds: 0, startupMillis: 0, stalls: 0, stalledSeconds: 0, droppedFrames: 0, peers: 3, ...more });
  const beacons = new Beacons();
  assert.deepEqual(beacons.next(stats({ bytesFromPeers: 10, bytesFromEdge: 20, stalls: 1, stalledSeconds: 0.25 })), [10, 20, 0, 0, 0, 0, 0, 0, 1, 250, 1500, 3, 0, 0, 0, 0]);
  assert.deepEqual(beacons.next(stats({ bytesFromPeers: 15, bytesFromEdge: 20, stalls: 1, stalledSeconds: 0.25, chunksFromPeers: 2, linksOpened: 4, linksLost: 1 })), [5, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1500, 3, 4, 0, 0, 1]);
  beacons.next(stats({ stalls: 3, stalledSeconds: 3.25 }));
  beacons.next(stats({ stalls: 1, stalledSeconds: 0.25 })); // the rest was taken back
  assert.deepEqual(beacons.next(stats({ stalls: 4, stalledSeconds: 4 })).slice(8, 10), [1, 750], 'what was told is not told again');
});
