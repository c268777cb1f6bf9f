// What the pages say while they are not told which streams there are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amiss, streams } from '../src/pages/api.ts';
import { LIVE } from '../src/pages/words/live.ts';

test('a server that answers is not told to be out of reach', async () => {
  const said: string[] = [];
  for (const answer of [() => new Response('the edge cannot reach its origin', { status: 502, headers: { 'Cache-Status': 'shoal; fwd=miss' } }), () => new Response('bad gateway', { status: 502 }), () => new Response('', { status: 503, headers: { 'Cache-Status': 'cdn.example; fwd=miss' } }), () => new Response('', { status: 500 }), () => new Response('{"streams":'), () => { throw new TypeError('fetch failed'); }]) {
    globalThis.fetch = () => new Promise((resolve) => resolve(answer()));
    await streams().then(() => said.push('nothing'), (error: unknown) => said.push(LIVE.en.again(amiss(error))));
  }
  assert.deepEqual(said, ['The server has lost the source of the streams. Trying again…', 'Something answers in the server’s place, and does not reach it. Trying again…', 'Something answers in the server’s place, and does not reach it. Trying again…', 'The server answered 500. Trying again…', 'The server does not answer. Trying again…', 'The server does not answer. Trying again…']);
});
