// Screen and camera together: other devices are taken while it is broadcast, and the screen is not asked for again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Capture } from '../src/studio/capture.ts';
import { type Track, wish, world } from './devices.ts';

const ids = (of: Capture): string[] => of.devices.map((track) => (track as unknown as Track).deviceId);

test('another camera is drawn, and another microphone heard, in the picture and the sound that are there', async (t) => {
  const w = world(t);
  const both = await w.open('both', true);
  const tracks = both.stream.getTracks();
  const [camera, microphone] = both.devices;
  assert.deepEqual([w.asked, w.drawn, [...w.heard], tracks.length], [['screen', 'camera1', 'microphone1'], ['camera1'], ['screen', 'microphone1'], 2]);
  await w.exchange(both, 'camera', 'camera2');
  assert.deepEqual([w.asked.slice(3), w.drawn, ids(both), camera?.readyState, microphone?.readyState], [['camera2'], ['camera2'], ['camera2', 'microphone1'], 'ended', 'live']);
  await w.exchange(both, 'microphone', 'microphone2');
  assert.deepEqual([w.asked.slice(4), [...w.heard], ids(both), microphone?.readyState], [['microphone2'], ['screen', 'microphone2'], ['camera2', 'microphone2'], 'ended']);
  assert.deepEqual(both.stream.getTracks(), tracks, 'what is broadcast are the same tracks');
  assert.equal(both.sources[0]?.readyState, 'live', 'the screen is still shown');
  const all = [...both.devices, ...both.sources];
  both.close();
  assert.deepEqual(all.map(({ readyState }) => readyState), ['ended', 'ended', 'ended']);
});

test('a device that is refused leaves the one before', async (t) => {
  const w = world(t);
  const both = await w.open();
  w.hold.add('camera2');
  const asking = w.exchange(both, 'camera', 'camera2');
  w.answer('camera2', false);
  await assert.rejects(asking, { name: 'NotFoundError' });
  assert.deepEqual([w.drawn, ids(both), both.devices[0]?.readyState], [['camera1'], ['camera1', 'microphone1'], 'live']);
});

test('of two devices that are chosen one after the other the second counts, whichever comes first', async (t) => {
  const w = world(t);
  const both = await w.open();
  w.hold.add('camera2');
  const first = w.exchange(both, 'camera', 'camera2');
  await w.exchange(both, 'microphone', 'microphone2'); // which is another matter
  await w.exchange(both, 'camera', 'camera3');
  w.answer('camera2', true);
  await first;
  assert.deepEqual([w.drawn, ids(both), [...w.heard]], [['camera3'], ['camera3', 'microphone2'], ['microphone2']]);
});

test('a device that comes when all is over is let go', async (t) => {
  const w = world(t);
  const both = await w.open();
  w.hold.add('microphone2');
  let came: MediaStream | undefined;
  const asking = both.exchange('microphone', async () => (came = await ask('microphone', wish({ microphone: 'microphone2' }))));
  both.close();
  w.answer('microphone2', true);
  await asking;
  assert.deepEqual([came?.getTracks()[0]?.readyState, w.heard.has('microphone2')], ['ended', false]);
});

test('where there was neither camera nor sound, those that are chosen later come into the picture', async (t) => {
  const w = world(t);
  for (const device of ['camera', 'microphone'] as const) w.lacking.set(device, 'NotFoundError');
  const both = await w.open();
  w.lacking.clear();
  assert.deepEqual([both.lacks.map(({ device }) => device), both.stream.getTracks().length, ids(both)], [['camera', 'microphone'], 1, []]);
  await w.exchange(both, 'camera', 'camera1');
  await w.exchange(both, 'microphone', 'microphone1');
  assert.deepEqual([both.lacks, both.stream.getTracks().length, w.drawn, [...w.heard]], [[], 2, ['camera1'], ['microphone1']]);
});
