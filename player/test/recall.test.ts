import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recall } from '../src/recall.ts';

function setup(chance = 0.5): { world: { linked: boolean; told: boolean; answer: () => Promise<boolean> }; count: { asked: number; recalled: number }; pass: (seconds: number) => Promise<void> } {
  const world = { linked: true, told: false, answer: async () => false };
  const count = { asked: 0, recalled: 0 };
  const recall = new Recall({ linked: () => world.linked, told: () => world.told, off: () => (count.asked++, world.answer()), chance: () => chance }, () => count.recalled++);
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      recall.second();
      await new Promise((turn) => setImmediate(turn));
    }
  };
  return { world, count, pass };
}

test('it is asked every ten seconds or so, each at moments of its own', async () => {
  for (const [chance, asked] of [[0, 8], [0.5, 6], [0.999, 4]] as const) {
    const { count, pass } = setup(chance);
    await pass(66);
    assert.equal(count.asked, asked, String(chance));
  }
});

test('only where something is shared and no tracker tells', async () => {
  const { world, count, pass } = setup();
  world.told = true;
  await pass(60);
  Object.assign(world, { told: false, linked: false });
  await pass(60);
  assert.equal(count.asked, 0);
  world.linked = true;
  await pass(8);
  world.told = true;
  await pass(1);
  world.told = false;
  await pass(9);
  assert.equal(count.asked, 0, 'it begins anew');
});

test('a server that does not answer leaves all as it is, and is not asked twice at once', async () => {
  const { world, count, pass } = setup();
  world.answer = () => Promise.reject(new Error('away'));
  await pass(30);
  assert.deepEqual(count, { asked: 2, recalled: 0 });
  world.answer = () => new Promise(() => undefined);
  await pass(60);
  assert.deepEqual(count, { asked: 3, recalled: 0 });
});

test('an answer that a tracker overtakes is none', async () => {
  const { world, count, pass } = setup();
  let answer = (_: boolean): void => undefined;
  world.answer = () => new Promise((settle) => (answer = settle));
  await pass(11);
  world.told = true;
  answer(true);
  await pass(2);
  world.told = false;
  await pass(11);
  answer(true);
  await pass(1);
  assert.deepEqual(count, { asked: 2, recalled: 1 });
});
