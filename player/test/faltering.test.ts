// A studio says when few frames go out, or none, and why, but not of what stands still.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faltering } from '../src/pages/words/faltering.ts';
import { STUDIO } from '../src/pages/words/studio.ts';
import type { Source } from '../src/studio/capture.ts';
import { type Falter, Faltering } from '../src/studio/faltering.ts';
import type { Sent } from '../src/studio/whip.ts';

const sent = (framesPerSecond: number, framesOffered: number, limitedBy: string, framesEncoded: number): Sent =>
  ({ bitsPerSecond: 0, width: 0, height: 0, codec: '', roundTripMillis: 0, lost: 0, framesPerSecond, framesOffered, limitedBy, framesEncoded });
const track = (more: object = {}): MediaStreamTrack => ({ id: 'a', readyState: 'live', muted: false, enabled: true, ...more }) as MediaStreamTrack;

// said is what is amiss, second by second; of each second what was sent.
function said(seconds: number, of: (second: number) => Sent, source: Source = 'camera', what: (second: number) => MediaStreamTrack | null = () => track(), faltering = new Faltering()): Falter[] {
  return Array.from({ length: seconds }, (_, i) => faltering.note(of(i), what(i), source, 1000 * i));
}

test('few frames are told of, with their reason, once they have been for seconds', () => {
  const slow = said(20, (i) => sent(6, 30, 'cpu', 6 * i + 6));
  assert.deepEqual([slow.indexOf('device'), new Set(slow.slice(0, 12)), new Set(slow.slice(12))], [12, new Set(['']), new Set(['device'])]);
  for (const [frames, offered, by, source, want] of [
    [30, 30, 'cpu', 'camera', ''], [10, 30, 'none', 'camera', ''], [9, 30, 'none', 'camera', 'device'], [9, 30, 'bandwidth', 'camera', 'connection'], [7, 7, 'none', 'camera', 'source'], [7, 7, 'cpu', 'camera', 'device'],
    [4, -1, '', 'camera', 'device'], [1, 0, 'none', 'screen', ''], [1, 1, 'bandwidth', 'screen', ''], [3, 30, 'cpu', 'screen', 'device'], [1, -1, '', 'screen', ''], [5, 5, 'none', 'file', ''], [5, 25, 'cpu', 'file', 'device'],
    [3, 3, 'none', 'both', 'device'], [3, 3, 'none', 'pattern', 'device'],
  ] as const) assert.equal(said(20, (i) => sent(frames, offered, by, 100 + i), source).at(-1), want, JSON.stringify([frames, offered, by, source]));
});

test('neither the first seconds nor a moment count, and a moment that is better ends nothing', () => {
  assert.deepEqual(new Set(said(40, (i) => sent(i < 8 || i === 15 || i === 16 ? 2 : 30, 30, 'cpu', i + 1))), new Set(['']));
  const seen = said(40, (i) => sent(i < 30 && i !== 20 ? 2 : 30, 30, 'cpu', i + 1));
  assert.deepEqual([seen[20], seen[33], seen[34]], ['device', 'device', '']);
});

test('a picture of which nothing is encoded is told of, unless it has nothing to give', () => {
  const none = said(10, () => sent(0, 0, 'none', 0));
  assert.deepEqual([none.indexOf('none'), none.at(-1)], [5, 'none']);
  for (const what of [track({ muted: true }), track({ enabled: false }), track({ readyState: 'ended' }), null]) assert.deepEqual(new Set(said(20, () => sent(0, 0, '', 0), 'camera', () => what)), new Set(['']));
  assert.deepEqual(new Set(said(20, () => sent(0, 0, '', -1), 'screen')), new Set(['']), 'the browser does not tell');
  assert.deepEqual(new Set(said(20, () => sent(0, 0, 'none', 1), 'screen')), new Set(['']), 'a screen that stands still');
});

test('another camera is another picture', () => {
  const of = (second: number): MediaStreamTrack => track({ id: second < 10 ? 'a' : 'b' });
  const seen = said(20, (i) => sent(i < 10 ? 30 : 0, 30, 'none', 30 * Math.min(i + 1, 10)), 'camera', of);
  assert.equal(seen.indexOf('none'), 15);
  assert.deepEqual(new Set(said(20, (i) => sent(30, 30, 'none', 30 * i + 1), 'camera', of)), new Set(['']));
  assert.deepEqual(new Set(said(20, () => sent(0, 0, 'none', 2), 'screen', of)), new Set(['']), 'another screen, whose frame was sent at once');
  const faltering = new Faltering();
  assert.equal(said(10, () => sent(0, 0, 'none', 0), 'camera', () => track(), faltering).at(-1), 'none');
  faltering.reset();
  assert.equal(faltering.note(sent(0, 0, 'none', 0), track(), 'camera', 11_000), '', 'on air anew');
});

test('it is told with what to do', () => {
  assert.match(faltering(STUDIO.en, 'device', 'camera'), /too slow for the picture\. Lower the bitrate, .* lower resolution\.$/);
  assert.match(faltering(STUDIO.en, 'connection', 'file'), /Lower the bitrate\.$/);
  assert.match(faltering(STUDIO.en, 'none', 'camera'), /Choose another camera\.$/);
  assert.match(faltering(STUDIO.en, 'none', 'pattern'), /Choose another source\.$/);
  assert.equal(faltering(STUDIO.en, '', 'camera'), '');
  assert.match(STUDIO.en.whence('show'), /^Ask whoever runs the server for the key of this stream\. .*“shoal key add show” .*\(with the -data of the server, where it was given one\)\.$/);
});
