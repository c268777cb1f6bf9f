import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Word } from '../src/word.ts';

interface World {
  word: Word;
  asked: { answer(): void; fail(): void; signal: AbortSignal }[];
  over: AbortController;
  comes(): { said: boolean | null };
  pass(millis: number): Promise<void>;
  strays: number;
}

// world has an edge that usually answers after 30 ms.
function world(t: TestContext): World {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: World['asked'] = [];
  const over = new AbortController();
  const word = new Word((_, signal) => new Promise<void>((resolve, reject) => asked.push({ answer: resolve, fail: () => reject(new Error('no')), signal })), () => ({ prompt: 30, strays: w.strays }));
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const w: World = {
    word, asked, over, strays: Infinity,
    comes: () => {
      const answer: { said: boolean | null } = { said: null };
      void word.comes('v0/s1.m4s', over.signal).then((said) => (answer.said = said));
      return answer;
    },
    pass: async (millis) => {
      await settle();
      t.mock.timers.tick(millis);
      await settle();
    },
  };
  return w;
}

test('an answer comes at once, or does not; an error is one', async (t) => {
  const w = world(t);
  const first = w.comes();
  await w.pass(149);
  assert.equal(first.said, null);
  w.asked[0]?.answer();
  await w.pass(0);
  assert.equal(first.said, true);
  const second = w.comes();
  w.asked[1]?.fail();
  await w.pass(0);
  assert.equal(second.said, true);
  const third = w.comes();
  await w.pass(150);
  assert.deepEqual([third.said, w.asked.length, w.asked[2]?.signal.aborted], [false, 3, false]);
});

test('an answer that comes late is no word that comes at once: the edge is asked once more', async (t) => {
  const w = world(t);
  const first = w.comes();
  await w.pass(150);
  const second = w.comes();
  await w.pass(60);
  w.asked[0]?.answer();
  await w.pass(0);
  assert.deepEqual([first.said, second.said, w.asked.length], [false, null, 2]);
  await w.pass(150);
  assert.equal(second.said, false);
});

for (const [strays, soon] of [[5, 60], [20, 80], [100, 120]] as const) {
  test(`where answers stray by ${strays} ms, one is late ${soon} ms after it usually comes`, async (t) => {
    const w = world(t);
    w.strays = strays;
    const answer = w.comes();
    await w.pass(30 + soon - 1);
    assert.equal(answer.said, null);
    await w.pass(1);
    assert.equal(answer.said, false);
  });
}

test('while it is not answered it is asked for nothing more, until it is given up', async (t) => {
  const w = world(t);
  w.comes();
  await w.pass(150);
  const second = w.comes();
  await w.pass(150);
  assert.deepEqual([second.said, w.asked.length], [false, 1]);
  await w.pass(3700);
  assert.equal(w.asked[0]?.signal.aborted, true);
});

test('one question at a time, however many want to know: its answer is for all of them', async (t) => {
  const w = world(t);
  w.comes();
  await w.pass(150);
  const others = [w.comes(), w.comes()];
  await w.pass(60);
  w.asked[0]?.answer();
  await w.pass(0);
  assert.equal(w.asked.length, 2);
  w.asked[1]?.answer();
  await w.pass(0);
  assert.deepEqual([others.map(({ said }) => said), w.asked.length], [[true, true], 2]);
});

test('nothing is waited for once the answer is there', async (t) => {
  const w = world(t);
  const waits = new Set<unknown>();
  const [set, clear] = [setTimeout, clearTimeout];
  t.mock.method(globalThis, 'setTimeout', (...given: Parameters<typeof setTimeout>) => {
    const timer = set(...given);
    waits.add(timer);
    return timer;
  });
  t.mock.method(globalThis, 'clearTimeout', (timer: Parameters<typeof clearTimeout>[0]) => {
    waits.delete(timer);
    clear(timer);
  });
  w.comes();
  await w.pass(0);
  assert.equal(waits.size, 2, 'for a late answer, and for none');
  w.asked[0]?.answer();
  await w.pass(0);
  assert.equal(waits.size, 0);
});

test('who is gone asks for nothing', async (t) => {
  const w = world(t);
  w.comes();
  w.over.abort();
  assert.equal(w.asked[0]?.signal.aborted, true);
});
