import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { Inquiry } from '../src/inquiry.ts';

interface World {
  inquiry: Inquiry;
  log: string[];
  server: { answer: (url: string) => Response | Promise<Response>; asked: string[] };
  loads: { now: boolean };
  keeps: { now: boolean };
  over: AbortController;
  pass(millis: number): Promise<void>;
}

const known = (state: string): (() => Response) => () => Response.json({ state, publicKey: '', lastMsn: 7 });

function setup(t: TestContext, src = 'http://edge/live/demo/index.m3u8'): World {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  t.mock.method(Math, 'random', () => 0.5);
  Object.assign(globalThis, { document: { baseURI: 'http://edge/' } });
  const log: string[] = [];
  const server: World['server'] = { answer: known('live'), asked: [] };
  t.mock.method(globalThis, 'fetch', async (url: URL | string, { signal }: { signal: AbortSignal }) => {
    server.asked.push(new URL(url).pathname);
    const gone = new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    return Promise.race([server.answer(String(url)), gone]);
  });
  const loads = { now: true };
  const keeps = { now: false };
  const over = new AbortController();
  const inquiry = new Inquiry(src, over.signal, {
    told: ({ state, lastMsn }) => log.push(`told ${state} ${lastMsn}`),
    because: (reason) => log.push(reason),
    slow: () => log.push('slow'),
    fails: (answers) => log.push(answers ? 'cannot' : 'not reached'),
    load: () => log.push('load'),
    loads: () => loads.now,
    keeps: () => keeps.now,
  });
  const pass = async (millis: number): Promise<void> => {
    mock.timers.tick(millis);
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  };
  return { inquiry, log, server, loads, keeps, over, pass };
}

const cases: [string, (url: string) => Response | Promise<Response>, boolean, boolean | null, string[]][] = [
  ['live', known('live'), true, true, ['told live 7', 'connecting']],
  ['away', known('interrupted'), true, false, ['told interrupted 7', 'away']],
  ['ended', known('ended'), true, false, ['told ended 7', 'ended']],
  ['unknown', () => new Response('', { status: 404 }), true, false, ['unknown']],
  ['a server that cannot tell', () => new Response('', { status: 502 }), true, null, ['cannot', 'connecting']],
  ['no server', () => Promise.reject<Response>(new TypeError('fetch failed')), true, null, ['not reached', 'connecting']],
  ['unknown, nothing being loaded', () => new Response('', { status: 404 }), false, false, ['unknown']],
  ['a server that tells of no streams, nothing being loaded', (url) => new Response('', { status: url.endsWith('m3u8') ? 200 : 404 }), false, null, ['connecting']],
];

for (const [what, answer, loading, live, log] of cases) {
  test(`why nothing is to be seen: ${what}`, async (t) => {
    const w = setup(t);
    w.server.answer = answer;
    w.loads.now = loading;
    assert.equal(await w.inquiry.explain(), live);
    assert.deepEqual(w.log, log);
  });
}

test('it asks until there is something to load, and then no more', async (t) => {
  const { inquiry, log, server, pass } = setup(t);
  server.answer = known('ended');
  inquiry.later();
  assert.equal(server.asked.length, 0);
  await pass(2500);
  await pass(2500);
  assert.deepEqual([server.asked.length, log], [2, ['told ended 7', 'ended', 'told ended 7', 'ended']]);
  server.answer = known('live');
  await pass(2500);
  await pass(60000);
  assert.deepEqual([server.asked.length, log.slice(4)], [3, ['told live 7', 'connecting', 'load']]);
});

test('where nothing is loaded yet it goes on asking what there is', async (t) => {
  const { inquiry, log, server, loads, pass } = setup(t);
  loads.now = false;
  await inquiry.ask();
  await pass(2500);
  assert.deepEqual([server.asked.length, log.includes('load')], [2, false]);
});

test('only the newest asking loads anything, and none that was stopped', async (t) => {
  const { inquiry, log, server, pass } = setup(t);
  const answers: ((answer: Response) => void)[] = [];
  server.answer = () => new Promise((resolve) => answers.push(resolve));
  void inquiry.ask();
  void inquiry.ask();
  for (const answer of answers) answer(known('live')());
  await pass(0);
  assert.deepEqual(log.filter((word) => word === 'load'), ['load']);
  void inquiry.ask();
  inquiry.stop();
  answers.at(-1)?.(known('live')());
  inquiry.later();
  inquiry.stop();
  await pass(60000);
  assert.deepEqual([log.filter((word) => word === 'load'), server.asked.length], [['load'], 3]);
});

test('a server that takes long is slow; one that answers at last is heard', async (t) => {
  const { inquiry, log, server, pass } = setup(t);
  let answer: (answer: Response) => void = () => undefined;
  server.answer = () => new Promise((resolve) => (answer = resolve));
  void inquiry.explain();
  await pass(1400);
  assert.deepEqual(log, []);
  await pass(200);
  answer(known('interrupted')());
  await pass(0);
  assert.deepEqual(log, ['slow', 'told interrupted 7', 'away']);
});

test('a playlist that does not come keeps nobody from asking again', async (t) => {
  const { inquiry, log, server, loads, pass } = setup(t);
  loads.now = false;
  server.answer = (url) => (url.endsWith('m3u8') ? new Promise(() => undefined) : new Response('', { status: 404 }));
  void inquiry.ask();
  await pass(0);
  await pass(4900);
  assert.deepEqual(log, ['slow']);
  await pass(100);
  assert.deepEqual(log, ['slow', 'not reached', 'connecting']);
  await pass(2500);
  assert.deepEqual(server.asked, ['/api/v1/streams/demo', '/live/demo/index.m3u8', '/api/v1/streams/demo', '/live/demo/index.m3u8']);
});

test('while there is no server nothing is loaded in the place of the last picture', async (t) => {
  const { inquiry, log, server, keeps, pass } = setup(t);
  server.answer = () => Promise.reject(new TypeError('Failed to fetch'));
  keeps.now = true;
  await inquiry.ask();
  await pass(2500);
  const vain = ['not reached', 'connecting'];
  assert.deepEqual([log, server.asked.length], [[...vain, ...vain], 4]);
  server.answer = (url) => (url.endsWith('m3u8') ? new Response('') : Promise.reject(new TypeError('not for this page'))); // media is there, what tells of it not
  await pass(2500);
  assert.deepEqual(log, [...vain, ...vain, ...vain, 'load']);
  keeps.now = false;
  server.answer = () => Promise.reject(new TypeError('Failed to fetch'));
  await inquiry.ask();
  assert.deepEqual(log.slice(7), [...vain, 'load']);
});

test('a URL of another form is loaded without asking', async (t) => {
  const { inquiry, log, server } = setup(t, 'http://edge/other.m3u8');
  await inquiry.ask();
  assert.deepEqual([server.asked, log], [[], ['connecting', 'load']]);
});

test('the end ends all', async (t) => {
  const { inquiry, log, server, over, pass } = setup(t);
  server.answer = () => new Promise(() => undefined);
  void inquiry.ask();
  inquiry.later();
  over.abort();
  inquiry.stop();
  inquiry.later();
  await pass(60000);
  assert.equal(await inquiry.explain(), null);
  assert.deepEqual([server.asked.length, log.includes('load')], [1, false]);
});

test('a server that does not answer, or takes long to, is lost until it does', async (t) => {
  const { inquiry, server, pass } = setup(t);
  assert.equal(inquiry.lost, false);
  for (const [what, answer, lost] of [
    ['nobody', () => Promise.reject(new TypeError('Failed to fetch')), true],
    ['somebody', known('live'), false],
    ['an edge without its origin', () => new Response('', { status: 502 }), true],
    ['somebody again', known('live'), false],
  ] as const) {
    server.answer = answer;
    await inquiry.explain();
    assert.equal(inquiry.lost, lost, what);
  }
  server.answer = () => new Promise(() => undefined);
  void inquiry.explain();
  await pass(1400);
  assert.equal(inquiry.lost, false, 'not yet');
  await pass(200);
  assert.equal(inquiry.lost, true, 'silence');
});
