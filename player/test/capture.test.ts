// What is there is used, and what is not is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture } from '../src/studio/capture.ts';
import { STUDIO } from '../src/pages/words/studio.ts';
import { lacking, refusal } from '../src/pages/words/lacking.ts';
import { type Track, world } from './devices.ts';

const ids = (of: Capture): string[] => of.stream.getTracks().map((track) => (track as unknown as Track).deviceId);

for (const [name, device, error, states, asked, has, lacks] of [
  ['no microphone', 'microphone', 'NotFoundError', {}, ['camera1', 'microphone1', 'camera1', 'microphone1'], ['camera1'], ['microphone missing']],
  ['no camera', 'camera', 'NotFoundError', {}, ['camera1', 'camera1', 'microphone1'], ['microphone1'], ['camera missing']],
  ['a camera that is in use', 'camera', 'NotReadableError', {}, ['camera1', 'camera1', 'microphone1'], ['microphone1'], ['camera busy']],
  ['a microphone that is denied', 'microphone', 'NotAllowedError', { microphone: 'denied', camera: 'prompt' }, ['camera1', 'microphone1', 'camera1'], ['camera1'], ['microphone denied']],
  ['a microphone that the system denies', 'microphone', 'NotAllowedError', {}, ['camera1', 'microphone1', 'camera1', 'microphone1'], ['camera1'], ['microphone denied']],
  ['a microphone of which the viewer was just asked', 'microphone', 'NotAllowedError', { microphone: 'prompt' }, ['camera1', 'microphone1', 'camera1'], ['camera1'], ['microphone denied']],
  ['a browser that does not tell', 'microphone', 'NotAllowedError', null, ['camera1', 'microphone1', 'camera1', 'microphone1'], ['camera1'], ['microphone denied']],
] as const) {
  test(`${name} leaves what is there`, async (t) => {
    const w = world(t);
    w.lacking.set(device, error);
    w.states = states;
    const camera = await w.open('camera');
    assert.deepEqual([w.asked, ids(camera), camera.lacks.map((lack) => `${lack.device} ${lack.why}`)], [asked, has, lacks]);
    assert.deepEqual(camera.sources.map((track) => (track as unknown as Track).deviceId), has, 'it ends with what is there');
  });
}

test('who closes the question is not asked once more', async (t) => {
  const w = world(t);
  w.lacking.set('camera', 'NotAllowedError');
  w.states = { camera: 'prompt', microphone: 'prompt' };
  await assert.rejects(w.open('camera'), { name: 'NotAllowedError' });
  assert.deepEqual(w.asked, ['camera1']);
});

test('with neither camera nor microphone it is an error, which says so', async (t) => {
  const w = world(t);
  for (const device of ['camera', 'microphone'] as const) w.lacking.set(device, 'NotFoundError');
  const error = await w.open('camera').catch((error: unknown) => error);
  assert.match(refusal(STUDIO.en, error, 'camera'), /^There is no camera or microphone here/);
  assert.equal(refusal(STUDIO.en, new DOMException('', 'OverconstrainedError'), 'microphone'), 'There is no microphone.');
});

test('what is missing is said, and what goes all the same', () => {
  assert.equal(lacking(STUDIO.en, [{ device: 'microphone', why: 'missing' }], 'camera'), 'There is no microphone: the picture goes without its sound.');
  assert.deepEqual([STUDIO.en, STUDIO.pt, STUDIO.zh].map((words) => lacking(words, [{ device: 'microphone', why: 'busy' }], 'microphone')),
    ['The microphone is in use by another program: no sound goes any more.', 'O microfone está em uso por outro programa: já não vai som nenhum.', '麦克风正被其他程序使用：不再播出声音。']);
  assert.equal(lacking(STUDIO.en, [{ device: 'camera', why: 'denied' }], 'camera'), 'The browser may not use the camera: the sound goes alone.');
  assert.equal(lacking(STUDIO.pt, [{ device: 'camera', why: 'busy' }, { device: 'microphone', why: 'missing' }], 'both'), 'A câmera está em uso por outro programa: a tela vai sem ela. Não há microfone: a imagem vai sem o som dele.');
});

test('a microphone alone is a source', async (t) => {
  const w = world(t);
  const alone = await w.open('microphone');
  assert.deepEqual([ids(alone), alone.uses, alone.lacks], [['microphone1'], ['microphone'], []]);
});

test('a silent screen has a microphone, which may be exchanged; one with sound has none', async (t) => {
  const w = world(t);
  const silent = await w.open('screen');
  assert.deepEqual([ids(silent), silent.uses], [['screen', 'microphone1'], ['microphone']]);
  await w.exchange(silent, 'microphone', 'microphone2');
  assert.deepEqual([ids(silent), silent.sources.length], [['screen', 'microphone2'], 1]);
  const loud = await w.open('screen', true);
  assert.deepEqual([ids(loud), loud.uses], [['screen', 'screen'], []]);
});

test('another camera takes the place of one, and the sound is left alone', async (t) => {
  const w = world(t);
  const camera = await w.open('camera');
  const [first, microphone] = camera.devices;
  await w.exchange(camera, 'camera', 'camera2');
  assert.deepEqual([ids(camera), first?.readyState, microphone?.readyState], [['microphone1', 'camera2'], 'ended', 'live']);
});

test('where one camera is open at a time, the one before is let go first', async (t) => {
  const w = world(t);
  w.single = true;
  const camera = await w.open('camera');
  await w.exchange(camera, 'camera', 'camera2');
  assert.deepEqual([ids(camera), camera.lacks, w.asked.slice(2)], [['microphone1', 'camera2'], [], ['camera2', 'camera2']]);
});

test('a camera that cannot be had even so leaves the one before, opened again', async (t) => {
  const w = world(t);
  w.single = true;
  const camera = await w.open('camera');
  const wished = camera.exchange('camera', async (id) => {
    if (id === undefined) throw new DOMException('no', 'NotReadableError');
    return (await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: id } } }));
  });
  await assert.rejects(wished, { name: 'NotReadableError' });
  assert.deepEqual([ids(camera), camera.devices[0]?.readyState, camera.lacks], [['microphone1', 'camera1'], 'live', []]);
});

for (const name of ['before', 'after']) {
  test(`a camera that was let go for another is lost, where a newer choice fails ${name} that other comes`, async (t) => {
    const camera = await world(t).open('camera');
    let give = (_: MediaStream): void => undefined;
    let refuse = (_: Error): void => undefined;
    let asked = 0;
    const older = camera.exchange('camera', async () => {
      if (++asked === 1) throw new DOMException('no', 'NotReadableError');
      return new Promise((resolve) => (give = resolve));
    });
    await new Promise(setImmediate);
    const newer = assert.rejects(camera.exchange('camera', () => new Promise((_, reject) => (refuse = reject))), { name: 'NotFoundError' });
    const came = await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: 'camera2' } } });
    const steps = [() => (refuse(new DOMException('no', 'NotFoundError')), newer), () => (give(came), older)];
    for (const step of name === 'before' ? steps : steps.reverse()) {
      assert.deepEqual(camera.lacks, [], 'one of them may come yet');
      await step();
    }
    assert.deepEqual([asked, ids(camera), camera.lacks, came.getTracks()[0]?.readyState], [2, ['microphone1'], [{ device: 'camera', why: 'busy' }], 'ended']);
  });
}

test('a microphone that is pulled out leaves the picture, and a camera the sound', async (t) => {
  const w = world(t);
  const camera = await w.open('camera');
  const [picture, sound] = camera.devices as unknown as Track[];
  sound?.pull();
  assert.deepEqual([ids(camera), camera.lacks, camera.sources.length], [['camera1'], [{ device: 'microphone', why: 'missing' }], 1]);
  await w.exchange(camera, 'microphone', 'microphone2');
  picture?.pull();
  assert.deepEqual([ids(camera), camera.lacks], [['microphone2'], [{ device: 'camera', why: 'missing' }]]);
});
