// What an operator asks for by flags is what the origin does.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { origin } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// An offer of one picture and one sound, by somebody who will never come.
const media = (kind, mid, codec) => [
  `m=${kind} 9 UDP/TLS/RTP/SAVPF 96`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, 'a=sendonly', 'a=rtcp-mux', `a=rtpmap:96 ${codec}`, 'a=setup:actpass',
  'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
];
const offer = [
  'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1',
  ...media('audio', 0, 'opus/48000/2'), ...media('video', 1, 'H264/90000'), 'a=fmtp:96 packetization-mode=1;profile-level-id=42e01f', '',
].join('\r\n');

// Clause: hls-plain, whip-public-ip
test('playlists are plain, and broadcasters are told another address', { timeout: 60_000 }, async (t) => {
  const shoal = await origin(t, { stream: 'show', args: ['-plain', '-public-ip', '203.0.113.7,2001:db8::7'] });
  for (const address of [`203.0.113.7:${shoal.ports.webrtc}`, `[2001:db8::7]:${shoal.ports.webrtc}`]) {
    assert.ok(shoal.process.output.includes(address), `the log does not say that ${address} is told: ${shoal.process.output}`);
  }
  const answer = await fetch(`${shoal.base}/whip/show`, {
    method: 'POST', headers: { Authorization: `Bearer ${shoal.key}`, 'Content-Type': 'application/sdp' }, body: offer,
  });
  const sdp = await answer.text();
  assert.equal(answer.status, 201, sdp);
  for (const [protocol, rest] of [['udp', ''], ['tcp', ' tcptype passive']]) {
    assert.match(sdp, new RegExp(`^a=candidate:.* ${protocol} \\d+ 203\\.0\\.113\\.7 ${shoal.ports.webrtc} typ host${rest} `, 'mi'));
  }
  const end = await fetch(new URL(answer.headers.get('Location'), shoal.base), { method: 'DELETE', headers: { Authorization: `Bearer ${shoal.key}` } });
  assert.equal(end.status, 200);

  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip);
  await shoal.live('show');
  const list = await until('a playlist', async () => {
    const playlist = await fetch(`${shoal.base}/live/show/v0/index.m3u8`);
    return playlist.ok && playlist.text();
  }, { seconds: 10, every: 50 });
  assert.match(list, /#EXTINF:/);
  assert.doesNotMatch(list, /#EXT-X-(PART|PRELOAD-HINT)|PART-HOLD-BACK/);
});
