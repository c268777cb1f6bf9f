// Viewers who share no network are shown nothing of each other's own: they link by the addresses that the STUN responder sees. The
// namespace is given an address of the Internet for it, and browsers hide their own behind mDNS names, as they do for everybody.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { run } from '../harness/process.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const PUBLIC = '203.0.113.1';

/** Runs in the page: keeps what it is told of its peers. */
function listen() {
  window.told = [];
  const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
    window.told.push(candidate.candidate);
    return addIceCandidate.call(this, candidate);
  };
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    window.told.push(...description.sdp.split('\r\n').filter((line) => /^(a=candidate|[co]=)/.test(line)));
    return setRemoteDescription.call(this, description);
  };
}

test('viewers of two networks link, and learn no more than a public address of each other', { timeout: 60_000 }, async (t) => {
  const ip = async (what) => {
    const { code, output } = await run('ip', 'ip', ['address', what, `${PUBLIC}/24`, 'dev', 'veth0']);
    assert.equal(code, 0, output);
  };
  await ip('add');
  atEnd(t, () => ip('delete'));
  const shoal = await up(t, { args: ['-share-network', ''] });
  await shoal.live('demo');
  const browser = await launch(t, { mdns: true });
  const viewers = [];
  for (let i = 0; i < 2; i++) {
    viewers.push(await browser.open(`http://${PUBLIC}:${shoal.ports.http}/watch/demo`, { before: (page) => page.addInitScript(listen) }));
    await viewers[i].moving();
  }
  await until('both to be linked', async () => (await Promise.all(viewers.map((v) => v.stats()))).every((s) => s.p2p === 'on' && s.peers === 1), { seconds: 20 });
  const told = (await Promise.all(viewers.map((v) => v.page.evaluate(() => window.told)))).flat();
  t.diagnostic(`told: ${told.join(' | ')}`);
  const addresses = told.filter((line) => line.includes('candidate:'));
  assert.ok(addresses.length >= 1, 'no candidates were told'); // with one of them both may have found each other
  for (const line of addresses) assert.match(line, /^(a=)?candidate:\S+ 1 udp \d+ 203\.0\.113\.1 \d+ typ srflx raddr 0\.0\.0\.0 rport \d+ /);
  for (const line of told) assert.doesNotMatch(line, /\.local|10\.77\./);
});
