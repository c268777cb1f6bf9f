import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Narrows } from '../src/narrows.ts';

interface World {
  narrows: Narrows;
  rate: number; // bytes a millisecond
  let: string[]; // by, in this order
  give: AbortController;
  enter(name: string, first?: () => boolean): Promise<void>;
  pass(millis: number): Promise<void>;
}

// world has a link of 100 bytes a millisecond, by which parts of 20 kB are asked for: one takes 200 ms.
function world(t: TestContext): World {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const w: World = {
    rate: 100, let: [], give: new AbortController(),
    narrows: new Narrows(() => w.rate),
    enter: async (name, first = () => false) => {
      void Promise.resolve(w.narrows.enter(20_000, first, w.give.signal)).then(() => w.let.push(name));
      await settle();
    },
    pass: async (millis) => {
      t.mock.timers.tick(millis);
      await settle();
    },
  };
  return w;
}

for (const [what, rate] of [['wide', 10_000], ['not known', 0]] as const) {
  test(`by a link that is ${what} all go at once`, async (t) => {
    const w = world(t);
    w.rate = rate;
    for (const name of ['a', 'b', 'c']) await w.enter(name);
    assert.deepEqual(w.let, ['a', 'b', 'c']);
  });
}

test('by a narrow one they take turns, what is waited for first', async (t) => {
  const w = world(t);
  let wanted = false;
  await w.enter('a');
  await w.enter('b');
  await w.enter('c', () => wanted);
  assert.deepEqual(w.let, ['a']);
  wanted = true;
  w.narrows.leave(20_000);
  await w.pass(0);
  assert.deepEqual(w.let, ['a', 'c']);
  w.narrows.leave(20_000);
  await w.pass(0);
  assert.deepEqual(w.let, ['a', 'c', 'b']);
});

test('as many go as it carries in 300 ms', async (t) => {
  const w = world(t);
  w.rate = 200;
  for (const name of ['a', 'b', 'c', 'd']) await w.enter(name);
  assert.deepEqual(w.let, ['a', 'b', 'c']);
});

test('an answer that hangs keeps nobody for longer than twice what the link should take', async (t) => {
  const w = world(t);
  for (const name of ['a', 'b', 'c']) await w.enter(name);
  await w.pass(399);
  assert.deepEqual(w.let, ['a']);
  await w.pass(1);
  assert.deepEqual(w.let, ['a', 'b']);
  await w.pass(400);
  assert.deepEqual(w.let, ['a', 'b', 'c']);
  for (let i = 0; i < 3; i++) w.narrows.leave(20_000);
  w.rate = 1;
  for (const name of ['d', 'e']) await w.enter(name);
  await w.pass(1500);
  assert.deepEqual(w.let.slice(3), ['d', 'e'], 'nor for long');
});

test('who is given up waits no more', async (t) => {
  const w = world(t);
  for (const name of ['a', 'b']) await w.enter(name);
  w.give.abort();
  await w.pass(0);
  assert.deepEqual(w.let, ['a', 'b']);
  await w.enter('c');
  assert.deepEqual(w.let, ['a', 'b', 'c']);
});

test('it is full where there is no room for as much again, and while somebody waits', async (t) => {
  const w = world(t);
  assert.equal(w.narrows.full, false);
  await w.enter('a'); // 200 of 300 ms
  assert.equal(w.narrows.full, true);
  w.rate = 200;
  assert.equal(w.narrows.full, false);
  await w.enter('b');
  await w.enter('c');
  assert.equal(w.narrows.full, true);
});
