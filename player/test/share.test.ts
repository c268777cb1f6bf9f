import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WATCH } from '../src/pages/words/watch.ts';
import { words } from '../src/words.ts';
import { describe, inSwarm, Share } from '../src/pages/share.ts';
import { NO_TRAFFIC, type Stats } from '../src/stats.ts';

const stats = (more: Partial<Stats>): Stats => ({ ...NO_TRAFFIC, offload: 0, latencySeconds: 0, bufferSeconds: 0, startupMillis: 0, stalls: 0, stalledSeconds: 0, slowedSeconds: 0, droppedFrames: 0, ...more });

test('the share is that of the last half minute', () => {
  const share = new Share();
  assert.equal(share.lately, 0);
  let [peers, edge] = [0, 0];
  const seconds = (from: number, to: number, fromPeers: number, fromEdge: number, links = 1): void => {
    for (let at = from; at < to; at++) share.note(at * 1000, stats({ peers: links, bytesFromPeers: (peers += fromPeers), bytesFromEdge: (edge += fromEdge) }));
  };
  seconds(0, 100, 75, 25);
  assert.equal(share.lately, 0.75);
  seconds(100, 115, 0, 100); // turned off
  assert.equal(share.lately, 0.375);
  seconds(115, 130, 0, 100);
  assert.equal(share.lately, 0);
  [peers, edge] = [0, 0]; // another viewing
  seconds(130, 132, 50, 50);
  assert.equal(share.lately, 0.5);
  seconds(132, 133, 0, 50, 0);
  assert.equal(share.lately, 0, 'the last peer has left');
  seconds(133, 134, 0, 50);
  assert.equal(share.lately, 0.25, 'and is back');
});

test('there is a share only in the swarm', () => {
  assert.deepEqual((['off', 'joining', 'on', 'resting', 'away', 'refused'] as const).map((p2p) => inSwarm(stats({ p2p }))), [false, true, true, false, false, false]);
});

test('whom nobody is linked to the panel and the page tell so in the same words', () => {
  for (const language of ['en', 'pt', 'zh'] as const) {
    assert.ok(WATCH[language].unlinked.slice(1).startsWith(words(language).peers(0).slice(1)), language);
  }
});

test('nobody is said to be alone who is not known to be, nor the first who may not be', () => {
  const on = (more: Partial<Stats>): Stats => stats({ p2p: 'on', ...more });
  for (const [what, got, viewers, begins] of [
    ['alone, or with others who rest', on({}), 1, 'Nobody else is in the swarm now'],
    ['the tracker does not tell', on({}), undefined, 'No link to another viewer is open yet'],
    ['others are there', on({}), 3, 'No link to another viewer is open yet'],
    ['links failed, and the tracker does not tell', on({ linksNoRoute: 2 }), undefined, 'No link'],
    ['links failed, of viewers that are at another tracker', on({ linksNoRoute: 2 }), 1, 'No link'],
    ['the others have left', on({ linksOpened: 2, linksNoRoute: 1 }), 1, 'Nobody else is in the swarm now'],
    ['gone back', stats({ p2p: 'away' }), 1, 'You are too far behind live'],
    ['one peer', on({ peers: 1, linksNoRoute: 1 }), 3, 'of the picture came from one other viewer in'],
    ['two peers', on({ peers: 2 }), 3, 'of the picture came from 2 other viewers in'],
    ['refused', stats({ p2p: 'refused', refusal: '429: another viewer is here' }), 3, 'Too many come from where you are, or by your link'],
    ['refused, for the page', stats({ p2p: 'refused', refusal: '403: pages of this origin may not join; whoever runs this tracker allows them with -allow-origin' }), 3, 'Viewers of this page may not'],
    ['refused, for the token', stats({ p2p: 'refused', refusal: '403: the token is for another stream' }), 3, 'Your link does not let you'],
    ['off', stats({ p2p: 'off' }), 3, 'The swarm is off:'],
    ['off, by the operator', stats({ p2p: 'off', refusal: 'turned off by the operator' }), 3, 'The swarm is off (turned off by the operator):'],
    ['joining, and there is no key', stats({ p2p: 'joining', refusal: 'the server tells no key of this stream' }), 3, 'The swarm is off (the stream has no key):'],
    ['off, for the key', stats({ p2p: 'off', refusal: 'wrong key' }), 3, 'The swarm is off (wrong key):'],
  ] as const) assert.ok(describe(got, viewers).startsWith(begins), `${what}: ${describe(got, viewers)}`);
});
