import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStream } from '../src/attach.ts';

test('trackers are made absolute, and one that is no URL keeps nobody from the others', () => {
  Object.assign(globalThis, { document: { baseURI: 'https://page/' } });
  const { trackers, name } = describeStream('https://edge/live/demo/index.m3u8', { tracker: '/tracker, http://[, http://other:8080/t,' });
  assert.equal(name, 'demo');
  assert.deepEqual(trackers, ['wss://edge/tracker', 'http://[', 'ws://other:8080/t']);
});
