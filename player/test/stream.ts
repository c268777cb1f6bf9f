// hls.js itself, with a stream of three renditions of which nothing comes, for the tests.

import { mock, type TestContext } from 'node:test';
import Hls, { type Loader, type LoaderCallbacks, type LoaderConfiguration, type LoaderContext } from 'hls.js';

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
export function playing(t: TestContext): { hls: Hls; err(): void; open(): Promise<void> } {
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
