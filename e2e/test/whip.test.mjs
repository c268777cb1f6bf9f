// WHIP as others speak it: a browser whose network changes, a browser that sends layers, and a client that is no browser.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { codecs, complaints, demoClip } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process } from '../harness/process.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const client = fileURLToPath(new URL('../clients/whip.py', import.meta.url));

// Clause: whip-restart, reconnects
test('a studio whose network changed restarts ICE, and viewers notice nothing', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t);
  const { page } = await browser.open(shoal.printed('Browser'), { expected: [/ERR_INTERNET_DISCONNECTED|status of 404/] });
  const patches = [];
  page.on('response', (answer) => {
    if (answer.request().method() !== 'GET' && answer.url().includes('/whip/')) patches.push([answer.request().method(), answer.status(), answer.headers().etag]);
  });
  await page.click('[data-source="pattern"]');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', shoal.key);
  await page.click('#go');
  await until('the studio to be live', async () => (await page.textContent('#state')) === 'Live');
  const before = await shoal.live('show');

  await page.context().setOffline(true);
  await page.context().setOffline(false); // the page is told that it is online again; its media went on by another way meanwhile
  await until('ICE to be restarted', () => patches.some(([method]) => method === 'PATCH'));
  await until('media to go on', async () => (await shoal.stream('show')).lastMsn > before.lastMsn + 1, { seconds: 30 });
  const after = await shoal.stream('show');
  const playlist = await (await fetch(`${shoal.base}/live/show/v0/index.m3u8`)).text();
  t.diagnostic(`${patches.map(([method, status]) => `${method} ${status}`).join(', ')}; MSN ${before.lastMsn}, then ${after.lastMsn}`);
  const [first, ...others] = patches.map(([method, status]) => `${method} ${status}`);
  assert.equal(first, 'POST 201');
  assert.ok(others.length >= 1 && others.every((answer) => answer === 'PATCH 200'), others.join(', ')); // a slow machine mends again after 3 s
  assert.notEqual(patches[0][2], patches[1][2], 'the ETag is the same');
  assert.doesNotMatch(playlist, /^#EXT-X-(DISCONTINUITY|GAP)$/m);
  assert.equal(await page.textContent('#state'), 'Live');
});

// Clause: whip-simulcast
test('the layers of a browser are renditions with equal numbers and keyframes', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t);
  const { page } = await browser.open(shoal.printed('Browser'));
  const answer = await page.evaluate(layers, shoal.key);
  assert.match(answer, /^a=simulcast:recv h;m;l\r$/m);
  let sizes;
  const lists = await until('three renditions with three segments in common', async () => {
    const stream = await shoal.stream('show');
    sizes = stream?.renditions?.map(({ width, height }) => `${width}x${height}`).join(', ');
    if (sizes !== '960x540, 480x270, 240x134') return false;
    const all = await Promise.all([0, 1, 2].map(async (i) => segments(await (await fetch(`${shoal.base}/live/show/v${i}/index.m3u8`)).text())));
    return all.every((list) => shared(all[0], list).length >= 3) && all;
  }, { seconds: 40 });
  t.diagnostic(`${sizes}; segments ${lists.map((list) => [...list.keys()].join(' ')).join(' | ')}`);
  for (const list of lists.slice(1)) {
    for (const msn of shared(lists[0], list)) assert.equal(list.get(msn), lists[0].get(msn), `segment ${msn}`);
  }
  const read = [0, 1, 2].map((i) => complaints(`${shoal.base}/live/show/v${i}/index.m3u8`, 1, { steady: false }));
  assert.deepEqual(await Promise.all(read), ['', '', '']);
});

// Clause: whip-post, whip-delete
test('a client that is no browser publishes H.264 and Opus, and ends', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const broadcaster = new Process('aiortc', '/usr/bin/python3', [client, `${shoal.base}/whip/show`, shoal.key, demoClip]);
  atEnd(t, () => broadcaster.end('SIGKILL'));
  const began = Date.now();
  await broadcaster.line(/^connected$/m, 20);
  const stream = await shoal.live('show');
  t.diagnostic(`playable ${Date.now() - began} ms after it began: ${stream.protocol}, ${stream.tracks.join(' + ')}, ${stream.renditions[0].width}x${stream.renditions[0].height}`);
  const playlist = `${shoal.base}/live/show/v0/index.m3u8`;
  assert.deepEqual(await codecs(playlist), ['h264', 'opus']);
  assert.equal(await complaints(playlist, 2, { steady: false }), '');
  await broadcaster.end('SIGTERM', 5);
  assert.match(broadcaster.output, /^deleted 200$/m);
  await until('the API to say so', async () => (await shoal.stream('show')).state !== 'live', { seconds: 5 }); // edges keep its answers for a second
});

// layers publishes a picture that moves in three sizes, and returns the answer. Of a smaller picture Chromium sends fewer layers.
async function layers(key) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 960, height: 540 });
  const pen = canvas.getContext('2d');
  let n = 0;
  setInterval(() => {
    pen.fillStyle = `hsl(${n % 360} 60% 50%)`;
    pen.fillRect(0, 0, 960, 540);
    pen.fillStyle = 'white';
    pen.fillRect((n * 7) % 960, (n * 3) % 540, 80, 60);
    n++;
  }, 66);
  const connection = new RTCPeerConnection();
  window.kept = connection;
  const [track] = canvas.captureStream(15).getTracks();
  const transceiver = connection.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream([track])], sendEncodings: [
    { rid: 'h', maxBitrate: 600_000 }, { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 250_000 }, { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 100_000 },
  ] });
  transceiver.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(({ mimeType }) => mimeType === 'video/H264'));
  await connection.setLocalDescription();
  await new Promise((resolve) => {
    connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
  });
  const response = await fetch('/whip/show', { method: 'POST', body: connection.localDescription.sdp,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/sdp' } });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(sdp);
  await connection.setRemoteDescription({ type: 'answer', sdp });
  return sdp;
}

// shared returns the numbers of the segments that are in both.
const shared = (source, list) => [...list.keys()].filter((msn) => source.has(msn) && !list.get(msn).includes('GAP'));

// segments returns the duration and date of each complete segment, by its number.
function segments(playlist) {
  const found = new Map();
  let msn = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(playlist)?.[1]);
  let said = [];
  for (const line of playlist.split('\n')) {
    if (/^#EXT(INF|-X-PROGRAM-DATE-TIME|-X-GAP)/.test(line)) said.push(line);
    if (line && !line.startsWith('#')) {
      found.set(msn++, said.join(' '));
      said = [];
    }
  }
  return found;
}
