import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fragmentOf, renew } from '../src/studio/fragment.ts';

const OFFER = [
  'v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=extmap-allow-mixed', 'a=ice-options:trickle',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host', 'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuv', 'a=fingerprint:sha-256 00', 'a=mid:0', 'a=sendonly',
  'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv', 'a=mid:1', '',
].join('\r\n');

test('of an offer only what is of ICE goes into a fragment', () => {
  assert.equal(fragmentOf(OFFER), [
    'a=ice-options:trickle', 'a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv',
    'a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host', '',
  ].join('\r\n'));
});

test('an answer gets the credentials and candidates of a fragment, and keeps all else', () => {
  const answer = renew(OFFER, 'm=audio 9 X 0\na=mid:0\na=ice-ufrag:efgh\na=ice-pwd:vutsrqponmlkjihgfedcba\na=candidate:2 1 udp 1 192.0.2.2 8189 typ host\na=end-of-candidates\n');
  assert.equal(answer, OFFER.replaceAll('a=ice-ufrag:abcd', 'a=ice-ufrag:efgh').replaceAll('abcdefghijklmnopqrstuv', 'vutsrqponmlkjihgfedcba')
    .replace('a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n', '')
    .replace('a=sendonly\r\n', 'a=sendonly\r\na=candidate:2 1 udp 1 192.0.2.2 8189 typ host\r\na=end-of-candidates\r\n'));
});

test('a fragment without credentials changes nothing', () => {
  for (const text of ['', 'whip: no such session', 'a=ice-ufrag:efgh\r\n']) assert.equal(renew(OFFER, text), null);
});
