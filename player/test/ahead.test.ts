// Requests for what is not there yet, at an edge that answers when the test says so.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Edge } from '../src/edge.ts';

const URL_OF_PART = 'http://edge/s1.3.m4s';

interface World {
  edge: Edge;
  asked: string[];
  answer(status: number, text: string): Promise<void>; // the oldest request
  given: string[]; // requests that were given up
  pass(millis: number): void;
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

function world(t: TestContext): World {
  const waiting: ((response: Response) => void)[] = [];
  const asked: string[] = [];
  const given: string[] = [];
  let past = 0;
  const began = performance.now();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => began + past);
  t.mock.method(globalThis, 'fetch', (url: string, init: RequestInit = {}) => {
    asked.push(url.slice('http://edge/'.length));
    return new Promise<Response>((resolve, reject) => {
      waiting.push(resolve);
      init.signal?.addEventListener('abort', () => {
        given.push(url.slice('http://edge/'.length));
        reject(new Error('aborted'));
      });
    });
  });
  return {
    edge: new Edge(), asked, given,
    pass: (millis) => (past += millis),
    answer: async (status, text) => {
      await settle();
      waiting.shift()?.(new Response(text, { status, headers: { 'content-length': String(text.length) } }));
      await settle();
    },
  };
}

const over = new AbortController();
const ask = ({ edge }: World, url = URL_OF_PART): void => edge.ahead(url, over.signal);
const fetched = async ({ edge }: World, url = URL_OF_PART): Promise<string> => new TextDecoder().decode((await edge.fetch(url, 99, null, over.signal)).bytes);

test('who fetches what was asked for ahead has that answer, be it there or not', async (t) => {
  for (const early of [true, false]) {
    const w = world(t);
    ask(w);
    ask(w);
    const fetching = early ? fetched(w) : null;
    await w.answer(200, 'media');
    assert.equal(await (fetching ?? fetched(w)), 'media');
    assert.deepEqual([w.asked, w.edge.requests, w.edge.bytes, w.edge.millis], [['s1.3.m4s'], 1, 5, 0]);
    t.mock.timers.reset();
    t.mock.restoreAll();
  }
});

test('another chunk, a range, and what stood for too long are asked for by themselves', async (t) => {
  const w = world(t);
  ask(w);
  await w.answer(200, 'media');
  const range = w.edge.fetch(URL_OF_PART, 99, { from: 1, to: 3 }, over.signal);
  await w.answer(206, 'ed');
  await range;
  const other = fetched(w, 'http://edge/s1.2.m4s');
  await w.answer(200, 'other');
  assert.equal(await other, 'other');
  t.mock.timers.tick(1000);
  const late = fetched(w);
  await w.answer(200, 'later');
  assert.equal(await late, 'later');
  assert.deepEqual(w.asked, ['s1.3.m4s', 's1.3.m4s', 's1.2.m4s', 's1.3.m4s']);
  assert.equal(w.edge.bytes, 5 + 2 + 5 + 5, 'what nobody fetched has left the edge all the same');
});

test('an answer that stood before it was read says nothing of how fast the edge gives', async (t) => {
  const w = world(t);
  for (const [stood, part] of [[200, 1], [200, 2], [200, 3]] as const) {
    const url = `http://edge/s2.${part}.m4s`;
    ask(w, url);
    await w.answer(200, 'x'.repeat(20_000));
    w.pass(stood);
    await w.edge.fetch(url, 99_999, null, over.signal);
  }
  assert.deepEqual([w.edge.bandwidth.rate, w.edge.bandwidth.least, w.edge.bandwidth.wait || 0], [0, 0, 0]);
});

test('what comes next takes the place of what nobody fetched', async (t) => {
  const w = world(t);
  ask(w);
  ask(w, 'http://edge/s1.4.m4s');
  assert.deepEqual(w.given, ['s1.3.m4s']);
  over.signal.dispatchEvent(new Event('abort'));
  assert.deepEqual(w.given, ['s1.3.m4s', 's1.4.m4s']);
});

test('who gives up a fetch gives up what was asked for ahead for it, be it there or not', async (t) => {
  for (const there of [true, false]) {
    const w = world(t);
    const give = new AbortController();
    ask(w);
    if (there) await w.answer(200, 'media');
    const fetching = w.edge.fetch(URL_OF_PART, 99, null, give.signal).catch(() => 'given up');
    assert.deepEqual(w.given, []);
    give.abort();
    assert.deepEqual(w.given, ['s1.3.m4s']);
    await settle();
    assert.deepEqual(w.asked, ['s1.3.m4s'], 'and asks for nothing more');
    assert.equal(await fetching, 'given up');
    t.mock.timers.reset();
    t.mock.restoreAll();
  }
});

test('what nobody has fetched is given up', async (t) => {
  const w = world(t);
  w.edge.giveUp();
  ask(w);
  w.edge.giveUp();
  assert.deepEqual(w.given, ['s1.3.m4s']);
  ask(w);
  assert.deepEqual(w.asked, ['s1.3.m4s', 's1.3.m4s'], 'and may be asked for again');
});

test('an edge that does not hold such requests is not asked again for a minute', async (t) => {
  const w = world(t);
  ask(w);
  const fetching = fetched(w);
  await w.answer(404, '');
  await w.answer(200, 'media');
  assert.equal(await fetching, 'media');
  ask(w, 'http://edge/s1.4.m4s');
  assert.deepEqual(w.asked, ['s1.3.m4s', 's1.3.m4s']);
  w.pass(60_000);
  ask(w, 'http://edge/s2.4.m4s');
  assert.deepEqual(w.asked.slice(2), ['s2.4.m4s']);
});

test('a question that takes next to nothing tells whether the edge answers at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let end: ((outcome: Response | Error) => void) | null = null;
  t.mock.method(globalThis, 'fetch', (_: string, { method, signal }: RequestInit) => {
    assert.equal(method, 'HEAD');
    return new Promise<Response>((resolve, reject) => {
      end = (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  });
  const edge = new Edge();
  const hears = async (then: () => void): Promise<boolean> => {
    const answer = edge.hears(URL_OF_PART, new AbortController().signal);
    then();
    return answer;
  };
  assert.equal(await hears(() => end?.(new Response())), true);
  assert.equal(await hears(() => (t.mock.timers.tick(119), end?.(new Response(null, { status: 503 })))), true, 'that is an answer');
  assert.equal(await hears(() => end?.(new TypeError('connection refused'))), true, 'and so is that nobody is there');
  assert.equal(await hears(() => t.mock.timers.tick(120)), false);
  assert.equal(edge.requests, 4);
});

test('a late answer is not given up, and tells when the edge rests', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let end: (() => void) | undefined;
  let gave = false;
  t.mock.method(globalThis, 'fetch', (_: string, { signal }: RequestInit) => new Promise((resolve) => {
    end = () => resolve(new Response());
    signal?.addEventListener('abort', () => (gave = true));
  }));
  const edge = new Edge();
  const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const rests = async (): Promise<() => boolean> => {
    const hears = edge.hears(URL_OF_PART, new AbortController().signal);
    t.mock.timers.tick(200);
    assert.deepEqual([await hears, gave], [false, false]);
    let over = false;
    void edge.rests().then(() => (over = true));
    await settled();
    return () => over;
  };
  const first = await rests();
  assert.equal(first(), false);
  end?.();
  await settled();
  assert.equal(first(), true);
  const second = await rests();
  t.mock.timers.tick(250);
  await settled();
  assert.equal(second(), true, 'what was on its way has come by then');
  t.mock.timers.tick(4000);
  assert.equal(gave, true, 'it is not waited for for ever');
});
