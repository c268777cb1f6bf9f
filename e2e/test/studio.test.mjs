// Going live from the browser: camera and microphone in the studio, by WHIP, to the watch page.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { long } from '../harness/long.mjs';
import { Process } from '../harness/process.mjs';
import { edge, origin, port, removeKeys, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

test('the studio goes live, and is seen and heard on the watch page', { timeout: 90_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t, { args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
  const studio = await browser.open(shoal.printed('Browser'), { viewport: { width: 1280, height: 800 }, permissions: ['camera', 'microphone'] });
  const { page } = studio;

  await page.click('[data-source="camera"]');
  await until('the preview', () => page.evaluate(() => document.querySelector('#preview').videoWidth > 0));
  await until('the meter to move', () => page.evaluate(() => Number(document.querySelector('#loudness').getAttribute('aria-valuenow')) > 30));
  await page.selectOption('#resolution', '360');
  await page.fill('#key', 'not-the-key');
  await page.click('#go');
  studio.expect(/Failed to load resource: the server responded with a status of 40[13]/);
  await until('words about the wrong key', async () => /key/i.test(await page.textContent('#trouble')));
  t.diagnostic(`a wrong key: "${await page.textContent('#trouble')}"`);

  await page.fill('#key', shoal.key);
  const began = Date.now();
  await page.click('#go');
  await until('the studio to be live', async () => (await page.textContent('#state')) === 'Live');
  const live = Date.now() - began;
  const stream = await shoal.live('show');
  t.diagnostic(`live ${live} ms after the click, playable after ${Date.now() - began} ms: ${stream.protocol}, ${stream.renditions[0].codecs}, ${stream.tracks.join(' + ')}`);
  assert.equal(stream.protocol, 'whip');

  const viewer = await browser.open(shoal.printed('Watch'));
  t.diagnostic(`moving ${await viewer.moving()} ms after opening`);
  const before = await viewer.playback();
  await until('the picture to advance by 3 s', async () => (await viewer.playback()).time > before.time + 3, { seconds: 8 });
  const after = await viewer.playback();
  const loudness = await viewer.loudness();
  const { latencySeconds, stalls } = await viewer.stats();
  t.diagnostic(`${after.size.join('x')}, ${after.frames - before.frames} frames in ${(after.time - before.time).toFixed(2)} s, ` +
    `sound ${after.audioBytes} bytes, loudest ${loudness.toFixed(3)}; ${latencySeconds.toFixed(2)} s behind live, ${stalls} stalls`);
  assert.ok(after.frames > before.frames + 30, 'frames do not advance');
  assert.ok(after.audioBytes > before.audioBytes, 'no sound is decoded');
  assert.ok(loudness > 0.02, `the loudest sample is ${loudness}`);

  await until('the studio to tell who watches, and what is lost', async () => /Lost\d+\.\d %Viewers1(?!\d)/.test(await page.textContent('#numbers')), { seconds: 15 });
  await page.click('.obs summary');
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => void (window.copied ??= []).push(text) } }));
  for (const what of ['server', 'key']) await page.click(`[data-copy="${what}"]`);
  assert.deepEqual(await page.evaluate(() => window.copied), [shoal.rtmp.replace('127.0.0.1', 'localhost'), shoal.key]);
  assert.ok(!(await page.evaluate(() => document.body.innerText + location.href)).includes(shoal.key), 'the key is to be seen');
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/studio.png`, fullPage: true });

  // who watches is told that it is over, and comes back with the broadcaster
  const said = (watching = viewer) => watching.page.evaluate(() => document.querySelector('shoal-player').state);
  viewer.expect(/Failed to load resource: .* status of (50[34]|404 .*\.m4s\))/);
  const ending = Date.now();
  await page.click('#go');
  await until('the studio to be off air', async () => (await page.textContent('#state')) === 'Off air');
  await until('the viewer to be told', async () => (await said()) === 'ended', { seconds: 10, every: 50 });
  const told = Date.now() - ending;
  assert.equal((await shoal.stream('show')).state, 'ended');

  // who comes now is told so, and sees nothing again and again
  const late = await browser.open(shoal.printed('Watch'), { expected: [/Failed to load resource: .* status of 50[34]/] });
  await until('the late viewer to be told', async () => (await said(late)) === 'ended', { seconds: 10 });
  const at = (await late.playback()).time;
  await pass(8);
  assert.deepEqual([await said(late), (await late.playback()).time], ['ended', at]);
  // (a stall right before the end may be taken for its beginning, and taken back)
  const ended = [(await viewer.stats()).stalls, (await late.stats()).stalls];
  assert.ok(ended[0] <= stalls && ended[1] === 0, `the end is a stall: ${ended} of ${stalls} and 0`);

  const again = Date.now();
  await page.click('#go');
  await until('the viewer to be back', async () => (await said()) === 'playing', { seconds: 15, every: 50 });
  const back = Date.now() - again;
  await until('the late viewer to see it too', async () => (await said(late)) === 'playing');
  const { time } = await viewer.playback();
  await until('the picture to advance by 2 s', async () => (await viewer.playback()).time > time + 2, { seconds: 8 });
  t.diagnostic(`told ${told} ms after "End stream" that it is over; playing again ${back} ms after "Go live"`);
});

test('a studio says that few frames go out, and that none do', { timeout: 90_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t)]);
  const studio = await browser.open(shoal.printed('Browser'), { viewport: { width: 320, height: 800 }, isMobile: true, hasTouch: true,
    before: (page) => page.addInitScript(() => {
      window.told = {}; // in place of what the browser tells of the picture
      const stats = RTCPeerConnection.prototype.getStats;
      RTCPeerConnection.prototype.getStats = async function (...of) {
        const report = await stats.apply(this, of);
        return new Map([...report].map(([id, s]) => [id, s.type === 'outbound-rtp' && s.kind === 'video' ? { ...s, ...window.told } : s]));
      };
    }) });
  const { page } = studio;
  const said = () => page.evaluate(() => { const place = document.querySelector('#faltering'); return place.hidden ? '' : place.textContent; });
  await page.click('[data-source="pattern"]');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', shoal.key);
  await page.evaluate(() => (window.told = { framesPerSecond: 30 }));
  await page.click('#go');
  await until('it to be live', async () => (await page.textContent('#state')) === 'Live');
  await until('frames with their unit', async () => /30\u00a0fps/.test(await page.textContent('#numbers')));
  await pass(6);
  assert.equal(await said(), '');
  await page.evaluate(() => (window.told = { framesPerSecond: 5, qualityLimitationReason: 'cpu' }));
  await until('words of a device that is too slow', async () => /^Few frames go out: this device is too slow/.test(await said()), { seconds: 20 });
  assert.ok(await page.evaluate(() => document.scrollingElement.scrollWidth) <= 320);
  await page.evaluate(() => (window.told = { framesPerSecond: 30 }));
  await until('the words to go', async () => (await said()) === '', { seconds: 10 });
  await page.evaluate(() => (window.told = { framesPerSecond: 0, framesEncoded: 0 }));
  await until('words of a picture that is not sent', async () => /^The browser cannot send this picture/.test(await said()), { seconds: 20 });
  await page.click('#go');
  await until('the words to go with the broadcast', async () => (await said()) === '');
});

test('a file goes live, over and over, with its sound', { timeout: 90_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t)]);
  const { page } = await browser.open(shoal.printed('Browser'), { viewport: { width: 320, height: 800 }, isMobile: true, hasTouch: true });
  await page.setInputFiles('#file', { name: 'words.txt', mimeType: 'text/plain', buffer: Buffer.from('no video') });
  await until('words about what cannot be played', async () => /cannot play “words\.txt”/.test(await page.textContent('#trouble')));
  await page.setInputFiles('#file', demoClip);
  await until('the preview', () => page.evaluate(() => document.querySelector('#preview').videoWidth === 640));
  await until('the meter to move', () => page.evaluate(() => Number(document.querySelector('#loudness').getAttribute('aria-valuenow')) > 30));
  assert.equal(await page.getAttribute('[data-source="file"]', 'aria-pressed'), 'true');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', shoal.key);
  await page.click('#go');
  const stream = await shoal.live('show');
  assert.ok(stream.tracks.length === 2, `it has ${stream.tracks}`);
  const viewer = await browser.open(shoal.printed('Watch'));
  await viewer.moving();
  const one = await viewer.counter();
  await until('the picture to go on', async () => (await viewer.counter()).number !== one.number);
  await until('sound', async () => (await viewer.loudness()) > 0.02);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/studio-file.png` });
  viewer.expect(/Failed to load resource: .* status of (50[34]|404 .*\.m4s\))/);
});

test('a studio whose server came back with another key says so, and tries no more', { timeout: 90_000, skip: long }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t);
  const studio = await browser.open(shoal.printed('Browser'), { expected: [/ERR_CONNECTION_REFUSED|status of 401/] });
  const { page } = studio;
  await page.click('[data-source="pattern"]');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', shoal.key);
  await page.click('#go');
  const said = () => page.evaluate(() => ['#state', '#words', '#trouble'].map((selector) => document.querySelector(selector).textContent));
  await until('the studio to be on air', async () => (await said())[1].startsWith('On air'));

  let asked = 0;
  await page.route('**/whip/**', (route) => {
    if (route.request().method() === 'POST') asked++;
    return route.fulfill({ status: 401, body: 'whip: wrong publish key' });
  });
  await shoal.kill();
  const killed = Date.now();
  await until('words about the key', async () => {
    const [badge, words, trouble] = await said();
    assert.equal(badge === 'Live', words.startsWith('On air'), `${badge} beside ${words}`);
    return badge === 'Off air' && /^Wrong publish key\. Ask whoever runs the server for the key of this stream\. .*shoal key add show.* \(with the -data of the server,/.test(trouble);
  }, { seconds: 60 });
  t.diagnostic(`told ${Date.now() - killed} ms after the server was killed: "${(await said())[2]}"`);
  const publishes = asked;
  await pass(3);
  assert.deepEqual([publishes, asked], [1, 1], 'the studio went on trying');
});

test('a studio says that the server is gone, before it is live and while it is, and goes on when it is back', { timeout: 120_000, skip: long }, async (t) => {
  let source = await origin(t, { stream: 'show' });
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${port()}/tracker` });
  const browser = await launch(t);
  const { page } = await browser.open(`${copies.base}/studio/show`, { expected: [/ERR_CONNECTION_REFUSED|status of 50[234]/] });
  const said = () => page.evaluate(() => Object.fromEntries(['state', 'words', 'trouble', 'away'].map((id) => [id, document.getElementById(id).hidden ? '' : document.getElementById(id).textContent])));
  const restart = async () => (source = await origin(t, { stream: 'other', data: source.data, ports: source.ports }));
  await page.click('[data-source="pattern"]');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', source.key);
  const key = source.key;
  await pass(3);
  assert.equal((await said()).away, '', 'it is there');

  await source.kill();
  await until('words, though nobody went live', async () => /^The server has lost the source of the streams\. Stay here/.test((await said()).away), { seconds: 15 });
  await page.click('#go');
  await until('to go live to be refused', async () => { const { state, trouble } = await said(); return state === 'Off air' && /cannot reach its origin/.test(trouble); });
  t.diagnostic(`before: ${JSON.stringify(await said())}`);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/studio-away.png`, fullPage: true });
  await restart();
  await until('the words to go', async () => { const { away, trouble } = await said(); return away === '' && trouble === ''; }, { seconds: 15 });

  await page.fill('#key', key);
  await page.click('#go');
  await until('the studio to be live', async () => (await said()).state === 'Live');
  const first = Date.now();
  await source.kill();
  await until('words while it is live', async () => /^The server has lost the source of the streams\. (Viewers|Stay here)/.test((await said()).away), { seconds: 15 });
  await until('it to find that it is off the air', async () => { const { state, away } = await said(); return state === 'Connecting' && /keeps trying for ten minutes, and you are on air again by yourself/.test(away); }, { seconds: 40 });
  t.diagnostic(`while live: ${JSON.stringify(await said())}`);
  await restart();
  const back = Date.now();
  await until('the studio to be live again by itself', async () => { const { state, away, trouble } = await said(); return state === 'Live' && away === '' && trouble === ''; }, { seconds: 20 });
  t.diagnostic(`live again ${Date.now() - back} ms after the origin was`);
  const [words, count, unit] = await until('it to say for how long', async () => /On air for (\d+)\s(s|min)/.exec((await said()).words));
  assert.ok(unit === 'min' || Number(count) >= Math.floor((back - first) / 1000), `“${words}”, though it began ${Date.now() - first} ms ago`);
});

// Clause: rtmp-gop
test('the studio shows what a broadcaster elsewhere had better set', { timeout: 60_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t)]);
  const ffmpeg = new Process('ffmpeg', 'ffmpeg', [
    '-nostdin', '-v', 'warning', '-readrate', '4', '-f', 'lavfi', '-i', 'testsrc=s=160x90:r=10', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p',
    '-g', '80', '-sc_threshold', '0', '-f', 'flv', `${shoal.rtmp}/${shoal.key}`,
  ]);
  atEnd(t, () => ffmpeg.end('SIGKILL'));
  const { page } = await browser.open(shoal.printed('Browser'));
  await until('advice', () => page.isVisible('#advice'), { seconds: 15 });
  assert.match(await page.textContent('#advice'), /^Keyframes come every 8\.0 s\. Set the keyframe interval to 2 s, or 1 s for the lowest latency \(OBS: /);
  const { page: other } = await browser.open(`${shoal.printed('Browser')}?lang=pt`);
  await until('advice in Portuguese', async () => /^Os quadros-chave vêm a cada 8,0 s\. Defina o intervalo de quadros-chave em 2 s/.test(await other.textContent('#advice')), { seconds: 15 });
});

test('a studio whose key is removed is off air at once, and says why', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t);
  const studio = await browser.open(shoal.printed('Browser'), { expected: [/status of 40[14]/] });
  const { page } = studio;
  await page.click('[data-source="pattern"]');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', shoal.key);
  await page.click('#go');
  await shoal.live('show');
  const { code } = await removeKeys(shoal.data, 'show');
  assert.equal(code, 0);
  const removed = Date.now();
  await until('the studio to be off air', async () => (await page.textContent('#state')) === 'Off air', { seconds: 6, every: 50 });
  t.diagnostic(`off air after ${Date.now() - removed} ms: "${await page.textContent('#trouble')}"`);
  assert.match(await page.textContent('#trouble'), /key/);
});
