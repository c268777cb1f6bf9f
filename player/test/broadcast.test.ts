// When a broadcast is published again, and when it is given up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WhipError } from '../src/studio/whip.ts';
import { type Asked, setup } from './publications.ts';

test('who ends and begins anew while it waits to try again publishes once', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const first = await live();
  first.state('failed');
  await pass();
  await pass(900);
  await broadcast.end();
  void broadcast.begin();
  const second = await live();
  await pass(60000);
  assert.deepEqual([asked.length, first.closed, second.closed, broadcast.linked], [2, 1, 0, true]);
});

test('who ends and begins anew while the server is asked has one publication, the newer', async (t) => {
  const { broadcast, asked, pass } = setup(t);
  void broadcast.begin();
  await broadcast.end();
  void broadcast.begin();
  const [first, second] = asked as [Asked, Asked];
  second.answer();
  await pass();
  first.answer();
  await pass();
  first.state('connected');
  assert.deepEqual([broadcast.publication === second, first.closed, second.closed, broadcast.linked], [true, 1, 0, false]);
  first.state('failed');
  await pass(60000);
  assert.equal(asked.length, 2, 'nobody heeds what becomes of the older');
});

test('a connection that is lost while the server is still asked is tried again, once', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  await pass();
  asked[0]?.state('failed');
  asked[0]?.answer();
  await pass(1000);
  const second = await live();
  assert.deepEqual([asked.length, asked[0]?.closed, broadcast.publication === second], [2, 1, true]);
});

test('what was lost is tried again, ever more seldom, and given up', async (t) => {
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  (await live()).state('failed');
  await pass();
  assert.deepEqual([broadcast.wanted, broadcast.linked, said.at(-1)], [true, false, 'The connection was lost. Trying again…']);
  for (const [tries, wait] of [1000, 2000, 4000, 8000, ...Array.from({ length: 40 }, () => 15000)].entries()) {
    await pass(wait - 1);
    assert.equal(asked.length, tries + 1);
    await pass(1);
    assert.equal(asked.length, tries + 2);
    asked.at(-1)?.refuse(new WhipError('The server cannot be reached.'));
    await pass();
  }
  assert.deepEqual([broadcast.wanted, broadcast.since, said.at(-1)], [false, 0, 'The connection was lost and did not come back.']);
});

test('who lost the stream to somebody else is told so within a quarter of a minute, and tries no more', async (t) => {
  const taken = (): WhipError => new WhipError('Somebody else is publishing this stream.', false, 409);
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  (await live()).state('failed');
  for (const [tries, wait] of [1000, 2000, 4000, 8000, 15000, 15000].entries()) {
    await pass();
    await pass(wait);
    assert.equal(asked.length, tries + 2);
    asked.at(-1)?.refuse(new WhipError('The server answered 503.', false, 503)); // it is away
  }
  await pass();
  await pass(15000);
  for (const wait of [1000, 2000, 4000, 8000]) {
    asked.at(-1)?.refuse(taken());
    await pass();
    assert.deepEqual([broadcast.wanted, said.at(-1)], [true, 'The connection was lost. Trying again…'], 'it may be what is left of the own session');
    const before = asked.length;
    await pass(wait);
    assert.equal(asked.length, before + 1);
  }
  asked.at(-1)?.refuse(taken());
  await pass();
  const tried = asked.length;
  await pass(600_000);
  assert.deepEqual([broadcast.wanted, said.at(-1), asked.length], [false, 'Somebody else is publishing this stream.', tried]);
});

test('refusals are counted in a row, until the server takes it', async (t) => {
  const taken = (): WhipError => new WhipError('Somebody else is publishing this stream.', false, 409);
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  for (let times = 0; times < 3; times++) {
    (await live()).state('failed');
    await pass(); // mended in vain: the server knows the session no more
    for (const wait of [1000, 1000, 2000]) {
      await pass(wait);
      if (wait !== 2000) asked.at(-1)?.refuse(taken());
      await pass();
    }
  }
  await live();
  assert.deepEqual([broadcast.wanted, broadcast.linked], [true, true]);
});

test('when the server is back, what was lost is tried at once; what is not lost is left alone', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  broadcast.found();
  void broadcast.begin();
  broadcast.found();
  const first = await live();
  broadcast.found();
  await pass();
  assert.equal(asked.length, 1);
  first.state('closed');
  for (const wait of [1000, 2000, 4000]) {
    await pass();
    await pass(wait);
    asked.at(-1)?.refuse(new WhipError('The server cannot be reached.'));
    await pass();
  }
  broadcast.found();
  broadcast.found();
  assert.equal(asked.length, 5);
  const since = broadcast.since;
  await live();
  await pass(60_000);
  assert.deepEqual([asked.length, broadcast.linked, broadcast.since], [5, true, since]);
  await broadcast.end();
  broadcast.found();
  assert.equal(asked.length, 5);
});

test('a wrong key ends the trying, and so does a first refusal', async (t) => {
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  asked.at(-1)?.refuse(new WhipError('Somebody else is publishing this stream.'));
  await pass();
  assert.deepEqual([broadcast.wanted, said.at(-1)], [false, 'Somebody else is publishing this stream.']);
  void broadcast.begin();
  (await live()).state('failed');
  await pass();
  await pass(1000);
  asked.at(-1)?.refuse(new WhipError('Wrong key.', true));
  await pass(60000);
  assert.deepEqual([broadcast.wanted, said.at(-1), asked.length], [false, 'Wrong key. (key)', 3]);
});

test('what a publication that was given up says later counts no more', async (t) => {
  const { broadcast, asked, pass } = setup(t);
  void broadcast.begin();
  const only = asked[0] as Asked;
  only.refuse(new WhipError('no'));
  await pass();
  assert.equal(broadcast.wanted, false);
  only.state('failed');
  await pass(60_000);
  assert.equal(asked.length, 1);
});
