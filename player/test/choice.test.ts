// A choice by hand, with hls.js itself: what it does after an error, and what comes of it.

import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import Hls, { type Loader, type LoaderCallbacks, type LoaderConfiguration, type LoaderContext } from 'hls.js';
import { Choice } from '../src/choice.ts';
import { AUTO } from '../src/quality.ts';

// The page that hls.js is in.
Object.defineProperty(globalThis, 'self', { value: Object.assign(Object.create(globalThis) as object, { location: { href: 'http://edge/' } }) });

const STREAM = ['#EXTM3U', ...[[180, 4e5], [360, 1e6], [720, 3e6]].flatMap(([height, bitrate]) => [
  `#EXT-X-STREAM-INF:BANDWIDTH=${bitrate},RESOLUTION=${(Number(height) * 16) / 9}x${height}`, `v${height}/index.m3u8`,
]), ''].join('\n');

// A loader that knows the stream, and nothing in it.
class Stream implements Loader<LoaderContext> {
  context: LoaderContext | null = null;
  stats = { aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0, loading: { start: 0, first: 0, end: 0 }, parsing: { start: 0, end: 0 }, buffering: { start: 0, first: 0, end: 0 } };
  load(context: LoaderContext, _: LoaderConfiguration, { onSuccess }: LoaderCallbacks<LoaderContext>): void {
    if (context.url === 'http://edge/index.m3u8') queueMicrotask(() => onSuccess({ url: context.url, data: STREAM, code: 200 }, this.stats, context, null));
  }
  abort(): void {}
  destroy(): void {}
}

// playing returns hls.js with a stream of three renditions, once it is opened.
function playing(t: TestContext): { hls: Hls; err(): void; open(): Promise<void> } {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const hls = new Hls({ loader: Stream as never, autoStartLoad: false });
  t.after(() => {
    hls.destroy();
    mock.timers.reset();
  });
  const open = async (): Promise<void> => {
    hls.loadSource('http://edge/index.m3u8');
    await Promise.resolve();
  };
  const err = (): void => void hls.trigger(Hls.Events.ERROR, {
    type: Hls.ErrorTypes.NETWORK_ERROR, details: Hls.ErrorDetails.LEVEL_PARSING_ERROR, fatal: false, level: hls.loadLevel, parent: 'main', error: new Error('it does not follow'),
  } as never);
  return { hls, err, open };
}

const levelOf = (hls: Hls): number => (hls.autoLevelEnabled ? AUTO : hls.loadLevel);

test('hls.js drops a choice after an error', async (t) => {
  const { hls, err, open } = playing(t);
  await open();
  assert.equal(hls.levels.length, 3);
  hls.nextLevel = 1;
  assert.equal(levelOf(hls), 1);
  err();
  assert.equal(levelOf(hls), AUTO, 'it does so no longer: then choice.ts has less to do');
});

test('a choice stands after an error, and after several, with a pause', async (t) => {
  const { hls, err, open } = playing(t);
  const choice = new Choice();
  choice.serve(hls);
  await open();
  err();
  assert.equal(levelOf(hls), AUTO, 'nobody has chosen');
  choice.index = 1;
  assert.deepEqual([choice.index, levelOf(hls)], [1, 1]);
  err();
  assert.equal(levelOf(hls), 1, 'at once');
  for (const seconds of [2, 4, 8]) {
    err();
    mock.timers.tick(1000 * seconds - 1);
    assert.equal(levelOf(hls), AUTO, `there is something to see for ${seconds} s`);
    mock.timers.tick(1);
    assert.equal(levelOf(hls), 1);
  }
  err();
  choice.index = AUTO;
  mock.timers.tick(60_000);
  assert.equal(levelOf(hls), AUTO, 'the viewer chooses none');
});

test('a choice goes along to a stream that is loaded anew, and to another hls.js', async (t) => {
  const first = playing(t);
  const choice = new Choice();
  choice.serve(first.hls);
  await first.open();
  choice.index = 2;
  await first.open();
  assert.equal(levelOf(first.hls), 2);
  choice.serve(null);
  assert.deepEqual([choice.index, choice.all], [AUTO, []]);
  const second = playing(t);
  choice.serve(second.hls);
  await second.open();
  assert.equal(levelOf(second.hls), 2);
});
