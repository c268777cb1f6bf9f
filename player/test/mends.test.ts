// When the connection of a broadcast is mended, in the session that is there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WhipError } from '../src/studio/whip.ts';
import { setup } from './publications.ts';

test('a network that changed is mended in the same session, by ICE begun anew', async (t) => {
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  const only = await live();
  only.restarted = async () => undefined;
  only.state('disconnected');
  await pass(999);
  assert.equal(only.restarts, 0, 'it may be back by itself');
  await pass(1);
  assert.deepEqual([only.restarts, said.at(-1)], [1, 'The connection was lost. Trying again…']);
  only.state('connected');
  await pass(60_000);
  assert.deepEqual([only.restarts, only.closed, asked.length, broadcast.linked, said.at(-1)], [1, 0, 1, true, '']);
});

test('a connection that comes back by itself is left alone', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const only = await live();
  only.state('disconnected');
  await pass(500);
  only.state('connected');
  await pass(60_000);
  assert.deepEqual([only.restarts, only.closed, asked.length], [0, 0, 1]);
});

test('a network that is said to be another one is mended before the connection is lost', async (t) => {
  const { broadcast, said, pass, live } = setup(t);
  broadcast.moved();
  void broadcast.begin();
  const only = await live();
  only.restarted = async () => undefined;
  for (let moves = 1; moves <= 6; moves++) {
    broadcast.moved();
    await pass();
    await pass(10_000);
    assert.deepEqual([only.restarts, only.closed, broadcast.linked, said.at(-1)], [moves, 0, true, '']);
  }
});

test('while the server cannot be reached it is mended again, and then there is another session', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const first = await live();
  first.restarted = async () => {
    throw new WhipError('The server cannot be reached.');
  };
  first.state('failed');
  await pass();
  for (let mends = 1; mends <= 4; mends++) {
    assert.deepEqual([first.restarts, first.closed], [mends, 0]);
    await pass(3000);
  }
  assert.deepEqual([first.restarts, first.closed], [4, 1]);
  await pass(1000);
  const second = await live();
  assert.deepEqual([asked.length, broadcast.publication === second], [2, true]);
});

test('what does not help is tried again, and a server that knows the session no more is not asked twice', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const first = await live();
  first.restarted = async () => undefined;
  first.state('failed');
  await pass();
  await pass(3000);
  assert.equal(first.restarts, 2);
  first.restarted = async () => {
    throw new WhipError('No such session.', false, 404);
  };
  await pass(3000);
  await pass(1000);
  assert.deepEqual([first.restarts, first.closed, asked.length], [3, 1, 2]);
});

test('nobody mends what was ended', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const only = await live();
  only.state('disconnected');
  await broadcast.end();
  await pass(60_000);
  assert.deepEqual([only.restarts, only.closed, asked.length], [0, 1, 1]);
});
