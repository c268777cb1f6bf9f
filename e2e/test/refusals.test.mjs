// Bad input at every door, while somebody watches: each is refused in words, and the live stream is unaffected.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

test('bad input', { timeout: 150_000, concurrency: 2 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const viewer = await browser.open(`${shoal.base}/watch/demo`);
  await viewer.moving();
  const before = await shoal.stream('demo');

  const garbage = t.test('garbage on the RTMP port', async (t) => {
    const version = Buffer.from([3]);
    const cases = {
      'random bytes': randomBytes(100_000),
      'half a handshake': Buffer.concat([version, randomBytes(700)]),
      'a handshake, then random bytes': Buffer.concat([version, Buffer.alloc(8), randomBytes(1528), randomBytes(1536), randomBytes(60_000)]),
      'a handshake, then a chunk of 16 MB that never comes': Buffer.concat([
        version, Buffer.alloc(8), randomBytes(1528), randomBytes(1536), Buffer.from([3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0]), randomBytes(200)]),
      'HTTP': Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      'nothing': Buffer.alloc(0),
    };
    const ends = await Promise.all(Object.entries(cases).map(async ([name, bytes]) => [name, await closed(shoal.ports.rtmp, bytes)]));
    t.diagnostic(`closed after: ${ends.map(([name, millis]) => `${name} ${millis} ms`).join(', ')}`);
    for (const [name, millis] of ends) assert.ok(millis < 15_000, `${name}: still open after ${millis} ms`);
    assert.ok(shoal.process.running);
  });

  // Clause: rtmp-errors
  await t.test('a wrong publish key', async (t) => {
    const ffmpeg = push(t, `${shoal.rtmp}/wrong-key-0123456789abcdef`, demoClip);
    const { code } = await refused(ffmpeg);
    t.diagnostic(`ffmpeg ended with ${code} and said: ${words(ffmpeg)}`);
    assert.notEqual(code, 0);
    assert.match(ffmpeg.output, /wrong publish key/i);
  });

  // Clause: rtmp-second-publisher
  await t.test('a second publisher', async (t) => {
    const first = push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
    const { lastMsn } = await shoal.live('mystream');
    const second = push(t, `${shoal.rtmp}/${shoal.key}`, demoClip);
    const { code } = await refused(second);
    t.diagnostic(`ffmpeg ended with ${code} and said: ${words(second)}`);
    assert.notEqual(code, 0);
    assert.match(second.output, /already/i);
    await until('the first to go on', async () => (await shoal.stream('mystream')).lastMsn > lastMsn + 1, { seconds: 10 });
    assert.ok(first.running, first.output);
    assert.equal((await shoal.stream('mystream')).state, 'live');
  });

  await t.test('broken WHIP offers', async (t) => {
    const sdp = 'application/sdp';
    const cases = [
      ['no key', { type: sdp, key: null, body: 'v=0' }, [401]],
      ['a wrong key', { type: sdp, key: 'wrong', body: 'v=0' }, [401, 403]],
      ['not SDP by its type', { type: 'text/plain', body: 'v=0' }, [415]],
      ['not SDP by its bytes', { type: sdp, body: randomBytes(400) }, [400, 422]],
      ['nothing', { type: sdp, body: '' }, [400, 422]],
      ['no media', { type: sdp, body: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n' }, [400, 406, 422]],
      ['a megabyte', { type: sdp, body: `v=0\r\n${'a=x\r\n'.repeat(200_000)}` }, [400, 413]],
      ['another stream', { name: 'nosuch', type: sdp, body: 'v=0' }, [401, 403, 404]],
      ['a session that is not there', { method: 'DELETE', name: 'mystream/nosuch', type: sdp }, [404]],
    ];
    for (const [what, { method = 'POST', name = 'mystream', type, key = shoal.key, body }, expected] of cases) {
      const answer = await fetch(`${shoal.base}/whip/${name}`, {
        method, body, headers: { 'Content-Type': type, ...(key ? { Authorization: `Bearer ${key}` } : {}) },
      });
      const said = (await answer.text()).trim();
      t.diagnostic(`${what}: ${answer.status} ${said}`);
      assert.ok(expected.includes(answer.status), `${what}: ${answer.status} ${said}`);
      assert.ok(said.length > 10, `${what}: no words`);
    }
  });

  await t.test('unknown names', async (t) => {
    for (const path of ['/live/nosuch/index.m3u8', '/live/nosuch/v0/index.m3u8', '/live/demo/v7/index.m3u8', '/live/demo/v0/1/s1.m4s', '/api/v1/streams/nosuch',
      '/live/..%2f..%2fetc%2fpasswd/index.m3u8', `/live/${'x'.repeat(65)}/index.m3u8`, '/watch/a%20b', '/nosuch']) {
      const answer = await fetch(shoal.base + path);
      const said = (await answer.text()).trim();
      t.diagnostic(`${path}: ${answer.status} ${said.slice(0, 100)}`);
      assert.equal(answer.status, 404, path);
      assert.ok(said.length > 10, `${path}: no words`);
    }
    const lost = await browser.open(`${shoal.base}/watch/nosuch`, { expected: [/status of 404/] });
    const shown = await until('words on the page of an unknown stream', async () => {
      const text = await lost.page.evaluate(() => {
        const player = window.shoalTest.player();
        return `${document.querySelector('#state')?.textContent} ${player?.shadowRoot?.textContent ?? ''}`;
      });
      return /offline|not live|nobody|no such/i.test(text) && text.replace(/\s+/g, ' ').trim();
    }, { seconds: 8 });
    t.diagnostic(`the watch page of an unknown stream: ${lost.answer.status()}, "${shown.slice(0, 120)}"`);
    await lost.close();
  });

  await garbage; // it takes as long as it takes the origin to lose patience
  const after = await shoal.stream('demo');
  assert.ok(after.lastMsn > before.lastMsn && after.state === 'live', 'the demo does not go on');
  assert.ok(shoal.process.running);
  assert.doesNotMatch(shoal.process.output, /panic|broke the parser/);
  await noStalls(t, [viewer], 'through all of it');
});

const words = (process) => process.output.trim().split('\n').slice(0, 4).join(' / ');

// refused waits until a broadcaster that was refused has given up by itself.
async function refused(broadcaster) {
  const timer = setTimeout(() => void broadcaster.end('SIGKILL'), 15_000);
  const exit = await broadcaster.ended;
  clearTimeout(timer);
  assert.equal(exit.signal, null, `ffmpeg went on for 15 s: ${broadcaster.output}`);
  return exit;
}

// closed sends bytes to a port and returns after how many milliseconds the other side has closed the connection.
function closed(port, bytes) {
  return new Promise((resolve) => {
    const began = Date.now();
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Date.now() - began);
    };
    const timer = setTimeout(done, 16_000);
    socket.on('error', done).on('close', done).resume();
  });
}
