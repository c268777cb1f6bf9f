import assert from 'node:assert/strict';
import { test } from 'node:test';
import { added, condition, described, elsewhere, picture, type Stream, type Swarm, swarms, unheard } from '../src/pages/api.ts';
import { recordings } from '../src/pages/recordings.ts';

const swarm = (part: Partial<Swarm>): Swarm => ({
  name: 'demo', viewers: 0, outside: 0, cells: 0, roots: 0, offload: 0, copies: 0, stallRatio: 0, uploadKbps: 0, introductions: 0,
  linksOpened: 0, linksNoAnswer: 0, linksNoRoute: 0, linksLost: 0, latencySeconds: 0, bytesFromPeers: 0, control: { p2p: true, share: 1, cellSize: 32, roots: 24, maxUploadKbps: 0 }, ...part,
});

test('figures of several trackers: counts add up, ratios are of all viewers', () => {
  const all = added([
    [swarm({ viewers: 30, outside: 1, newcomers: 2, cells: 2, roots: 1, offload: 0.9, copies: 0.5, stallRatio: 0, uploadKbps: 1000, linksOpened: 10, latencySeconds: 1.5, bytesFromPeers: 1e9 })],
    [],
    [swarm({ viewers: 10, outside: 2, offload: 0.5, copies: 1, stallRatio: 0.04, uploadKbps: 200, linksOpened: 5, linksNoRoute: 3, latencySeconds: 3.5, bytesFromPeers: 2e9 }), swarm({ name: 'other', viewers: 7 })],
  ]);
  assert.deepEqual([...all.keys()], ['demo', 'other']);
  assert.equal(all.get('other')?.viewers, 7);
  const { viewers, outside, cells, roots, offload, copies, stallRatio, uploadKbps, linksOpened, linksNoRoute, latencySeconds, bytesFromPeers } = all.get('demo')!;
  assert.equal(all.get('demo')?.newcomers, 2);
  assert.deepEqual([viewers, outside, cells, roots, copies, linksOpened, linksNoRoute], [40, 3, 2, 1, 1.5, 15, 3]);
  assert.deepEqual([offload, stallRatio, uploadKbps, latencySeconds, bytesFromPeers].map((x) => Math.round(x * 1e6) / 1e6), [0.8, 0.01, 800, 2, 3e9]);
  assert.equal(added([[swarm({})], [swarm({})]]).get('demo')?.offload, 0);
});

test('figures are asked of each tracker that the edge names', async (t) => {
  const answers: Record<string, unknown> = {
    '/api/v1/swarm': { streams: [], trackers: ['http://a.test/api/v1/swarm', 'http://b.test/api/v1/swarm', 'http://gone.test/api/v1/swarm'] },
    'http://a.test/api/v1/swarm': { streams: [swarm({ viewers: 3 })] },
    'http://b.test/api/v1/swarm': { streams: [swarm({ viewers: 4 })] },
  };
  t.mock.method(globalThis, 'fetch', async (url: string) => {
    if (!(url in answers)) throw new TypeError('failed to fetch');
    return new Response(JSON.stringify(answers[url]));
  });
  assert.equal((await swarms()).get('demo')?.viewers, 7);
  assert.equal(unheard, 1);
});

test('one tracker that cannot be told from the others tells how many viewers there are at all', async (t) => {
  const streams = [swarm({ viewers: 2, outside: 1, newcomers: 1, swarm: { trackers: 2, viewers: 4 } }), swarm({ name: 'small', viewers: 2, swarm: { trackers: 1, viewers: 1 } })];
  t.mock.method(globalThis, 'fetch', async () => Response.json({ scope: 'tracker', streams }));
  const all = await swarms();
  assert.deepEqual([all.get('demo')?.viewers, all.get('demo')?.newcomers, all.get('small')?.viewers], [5, 3, 2]);
});

test('a broadcaster who was lost has not paused', () => {
  const stream = (state: Stream['state']): Stream => ({ name: 'demo', state, since: '', protocol: 'rtmp', bitrate: 0, gopSeconds: 0, advice: '', tracks: [], renditions: [] });
  assert.deepEqual([stream('live'), stream('interrupted'), stream('ended'), null].map((s) => condition(s).text), ['Live', 'Interrupted', 'Ended', 'Offline']);
});

test('what a stream looks like has its units', () => {
  const stream = (frameRate: number): Stream => ({ name: 'demo', state: 'live', since: '', protocol: 'whip', bitrate: 0, gopSeconds: 0, advice: '', tracks: ['H264', 'Opus'], renditions: [{ index: 0, codecs: '', width: 1280, height: 720, frameRate }] });
  assert.deepEqual([8.2, 0].map((rate) => picture(stream(rate))), ['720p, 8\u00a0fps · H264, Opus', '720p · H264, Opus']);
});

test('a stream that is on air, though not from here, is said to be, and how', () => {
  const stream = (part: Partial<Stream>): Stream => ({ name: 'demo', state: 'live', since: '', protocol: 'rtmp', bitrate: 0, gopSeconds: 0, advice: '', tracks: [], renditions: [], ...part });
  assert.deepEqual([stream({}), stream({ protocol: 'whip' }), stream({ state: 'interrupted' }), stream({ state: 'ended' }), null].map(elsewhere), ['On air by RTMP', 'On air by WHIP', '', '', '']);
});

test('an answer that does not come, or is cut short, is none', async (t) => {
  let answer: () => Response = () => Response.json({ streams: [{ name: 'other' }, { name: 'demo', advice: 'Set the keyframe interval.' }] });
  t.mock.method(globalThis, 'fetch', async () => answer());
  assert.equal((await described('demo')).stream?.advice, 'Set the keyframe interval.');
  for (const [none, amiss] of [
    [() => Response.json({ streams: null }), ''], [() => Response.json({ streams: [{ name: 'other' }] }), ''], [() => new Response('', { status: 404 }), 'The server answered 404.'],
    [() => new Response('{"stre'), 'The server does not answer.'], [() => { throw new TypeError('failed to fetch'); }, 'The server does not answer.'],
  ] as const) {
    answer = none;
    assert.deepEqual(await described('demo'), { stream: null, amiss });
  }
  for (const none of [() => new Response('{"reco'), () => new Response('', { status: 503 })]) {
    answer = none;
    assert.deepEqual(await recordings(), []);
  }
});

test('a server that is away for a moment is asked again soon, and one that has no figures seldom', async (t) => {
  t.mock.method(Math, 'random', () => 1);
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let status = 0; // 0: nobody answers
  let asked: number[] = [];
  t.mock.method(globalThis, 'fetch', async () => {
    asked.push(now / 1000);
    if (status === 0) throw new TypeError('failed to fetch');
    return status === 200 ? Response.json({ streams: [swarm({ viewers: 3 })] }) : new Response('', { status });
  });
  const poll = async (seconds: number): Promise<number[]> => {
    asked = [];
    for (const until = now + 1000 * seconds; now < until; now += 1000) await swarms();
    return asked;
  };
  assert.deepEqual(await poll(18), [0, 2, 6, 10, 14], 'never more than 4 s apart');
  status = 503;
  assert.deepEqual(await poll(8), [18, 22]);
  now = 26_000;
  status = 200;
  assert.deepEqual(await poll(3), [26, 27, 28]);
  status = 404;
  assert.deepEqual(await poll(61), [29, 59, 89]);
  now += 30_000;
  status = 0;
  assert.deepEqual((await poll(3)).length, 2, 'soon again, as at first');
});
