// What the studio captures on machines that lack something, and on phones, and what viewers get of it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process, scratch } from '../harness/process.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// Of Chromium's fake cameras the second is one of depth (Y16), which a preview shows and WebRTC never sends, and the picture of the third (MJPEG) stands still.
// So the first and the fourth are used.
const UNFIT = ['fake_device_1', 'fake_device_2'];
const FAKES = ['--use-fake-device-for-media-stream=device-count=4', '--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen'];

// In the page: unfit devices are not listed, devices are missing while their kind is in window.missing, and one camera is open at a time if that is said.
function machine({ missing, single, silent, phone, unfit }) {
  const { mediaDevices } = navigator;
  window.missing = missing ?? [];
  window.locks = [];
  const open = new Set();
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wish) => {
    for (const kind of ['video', 'audio']) if (wish[kind] && window.missing.includes(kind)) throw new DOMException('Requested device not found', 'NotFoundError');
    if (single && wish.video && [...open].some((track) => track.readyState === 'live')) throw new DOMException('Could not start video source', 'NotReadableError');
    const stream = await ask(wish);
    for (const track of stream.getVideoTracks()) open.add(track);
    return stream;
  };
  const list = mediaDevices.enumerateDevices.bind(mediaDevices);
  mediaDevices.enumerateDevices = async () => (await list()).filter(({ kind, label }) => !unfit.includes(label) && !window.missing.includes(kind.replace('input', '')));
  window.plug = () => {
    window.missing = [];
    mediaDevices.dispatchEvent(new Event('devicechange'));
  };
  if (silent) {
    const show = mediaDevices.getDisplayMedia.bind(mediaDevices);
    mediaDevices.getDisplayMedia = ({ video }) => show({ video });
  }
  if (phone) delete Object.getPrototypeOf(mediaDevices).getDisplayMedia;
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...all) {
      super(...all);
      window.connection = this;
    }
  };
  Object.defineProperty(navigator, 'wakeLock', { value: {
    async request(kind) {
      const lock = { kind, released: false, release: async () => void (lock.released = true) };
      window.locks.push(lock);
      return lock;
    },
  } });
}

async function open(t, { of = {}, permissions = ['camera', 'microphone'], ...context } = {}) {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t, { args: FAKES })]);
  const studio = await browser.open(shoal.printed('Browser'), {
    viewport: { width: 1280, height: 900 }, permissions, before: (page) => page.addInitScript(machine, { unfit: UNFIT, ...of }), ...context,
  });
  const { page } = studio;
  const text = (selector) => page.textContent(selector);
  return {
    shoal, browser, page, text,
    number: async (what) => new RegExp(`${what}([^A-Z]*)`).exec(await text('#numbers'))?.[1] ?? '',
    meter: () => until('the meter to move', async () => Number(await page.getAttribute('#loudness', 'aria-valuenow')) > 30),
    async choose(source) {
      await page.click(`[data-source="${source}"]`);
      await until(`${source} to be captured`, async () => (await page.getAttribute(`[data-source="${source}"]`, 'aria-pressed')) === 'true');
    },
    async live() {
      await page.selectOption('#resolution', '360');
      await page.fill('#key', shoal.key);
      await page.click('#go');
      await until('the studio to be live', async () => (await text('#state')) === 'Live');
      return shoal.live('show');
    },
    // others are the cameras that may be chosen instead.
    others: () => page.$eval('#camera', ({ options, value }) => [...options].map((one) => one.value).filter((one) => one !== value)),
    // exchange takes another camera, and returns once pictures of it are sent.
    async exchange(id) {
      const before = await page.evaluate(sent);
      const began = Date.now();
      await page.selectOption('#camera', id);
      const taken = await until('the other camera to be sent', async () => {
        const now = await page.evaluate(sent);
        return now.id === id && now.live && now;
      });
      const first = await until('its first picture', async () => {
        const { frames } = await page.evaluate(sent);
        return frames > taken.frames && Date.now() - began;
      }, { every: 20 });
      await until('its pictures', async () => (await page.evaluate(sent)).frames > taken.frames + 30);
      assert.equal(await page.evaluate(() => document.querySelector('#preview').srcObject.getVideoTracks().map((track) => track.getSettings().deviceId).join()), id);
      assert.deepEqual([await page.inputValue('#camera'), await page.isVisible('#trouble')], [id, false]);
      t.diagnostic(`${before.frames} pictures before, the first of the other camera ${first} ms after it was chosen`);
    },
    async watch() {
      const viewer = await browser.open(shoal.printed('Watch'));
      viewer.expect(/Failed to load resource: .* status of (50[34]|404 .*\.m4s\))/);
      return viewer;
    },
    async over() {
      await page.click('#go');
      await until('it to be off air', async () => (await text('#state')) === 'Off air');
    },
  };
}

// In the page: whose pictures go out, and how many have.
async function sent() {
  const sender = window.connection.getSenders().find(({ track }) => track?.kind === 'video');
  const out = [...(await sender.getStats()).values()].find(({ type }) => type === 'outbound-rtp');
  return { id: sender.track.getSettings().deviceId, live: sender.track.readyState === 'live', frames: out.framesSent };
}

const plays = (viewer, seconds = 15) => until('the picture to go on', async () => {
  const { time, frames } = await viewer.playback();
  await pass(0.5);
  const now = await viewer.playback();
  return now.time > time + 0.3 && now.frames > frames + 5;
}, { seconds });
const heard = (viewer) => until('sound', async () => (await viewer.loudness()) > 0.02, { seconds: 15 });

test('a camera without a microphone goes live, which is said; one that is plugged in later is heard', { timeout: 120_000 }, async (t) => {
  const studio = await open(t, { of: { missing: ['audio'] } });
  await studio.choose('camera');
  assert.equal(await studio.text('#trouble'), 'There is no microphone: the picture goes without its sound.');
  assert.equal(await studio.text('#loudness span'), 'No sound');
  const stream = await studio.live();
  t.diagnostic(stream.tracks.join(' + '));
  const viewer = await studio.watch();
  await plays(viewer);
  const { discontinuities } = await lists(studio.shoal);
  assert.ok((await viewer.loudness()) < 0.001);

  await studio.page.evaluate(() => window.plug());
  const first = await until('it to be listed', () => studio.page.$eval('#microphone', ({ options }) => [...options].map(({ value }) => value).find((value) => value !== '')));
  await studio.page.selectOption('#microphone', first);
  await studio.meter();
  await heard(viewer);
  await plays(viewer);
  assert.deepEqual([(await lists(studio.shoal)).discontinuities, await studio.page.inputValue('#microphone')], [discontinuities, first]);
  await studio.over();
});

async function lists(shoal) {
  const playlist = await (await fetch(`${shoal.base}/live/show/v0/index.m3u8`)).text();
  return { discontinuities: playlist.match(/^#EXT-X-DISCONTINUITY$/gm)?.length ?? 0 };
}

test('a machine whose microphone is denied broadcasts its camera', { timeout: 60_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t, { args: ['--use-fake-device-for-media-stream'] })]);
  const { page } = await browser.open(shoal.printed('Browser'), { permissions: ['camera'] });
  await page.click('[data-source="camera"]');
  await until('the preview', () => page.evaluate(() => document.querySelector('#preview').videoWidth > 0));
  assert.equal(await page.textContent('#trouble'), 'The browser may not use the microphone: the picture goes without its sound.');
});

test('a microphone alone is heard, and a camera that comes after it seen', { timeout: 120_000 }, async (t) => {
  const studio = await open(t);
  await studio.choose('microphone');
  await studio.meter();
  assert.deepEqual([await studio.page.isVisible('#microphone'), await studio.page.isVisible('#camera'), await studio.text('#veil')], [true, false, 'Sound only']);
  const began = Date.now();
  const stream = await studio.live();
  t.diagnostic(`${stream.tracks.join(' + ')}, playable ${Date.now() - began} ms after it went live`);
  assert.deepEqual(stream.tracks, ['Opus']);
  const viewer = await studio.watch();
  await heard(viewer);
  const word = () => viewer.page.evaluate(() => {
    const element = document.querySelector('shoal-player').shadowRoot.querySelector('.word');
    return element.hidden ? '' : element.querySelector('b').textContent;
  });
  await until('words for it', async () => (await word()) === 'Sound only');
  await until('a number', async () => /\d/.test(await studio.number('Sending')));
  t.diagnostic(await studio.text('#numbers'));

  await studio.choose('camera');
  await plays(viewer, 25);
  await heard(viewer);
  assert.deepEqual((await studio.shoal.stream('show')).tracks, ['H264', 'Opus']);
  await studio.choose('microphone');
  await pass(3); // what was sent before is played
  await plays(viewer);
  assert.equal(await word(), '');
  const middle = await viewer.page.evaluate(() => { // of the picture, which is dark all around
    const context = Object.assign(document.createElement('canvas'), { width: 64, height: 36 }).getContext('2d');
    context.drawImage(document.querySelector('shoal-player').video, 0, 0, 64, 36);
    const light = (x, y, width, height) => Math.max(...context.getImageData(x, y, width, height).data.filter((_, i) => i % 4 !== 3));
    return [light(26, 12, 12, 12), light(0, 0, 16, 36)];
  });
  assert.ok(middle[0] > 60 && middle[1] < 40, `a microphone is to be seen, and it is ${middle} light`);
  await heard(viewer);
  await studio.over();
});

test('a screen without any sound goes live, and the camera after it is heard', { timeout: 120_000 }, async (t) => {
  const studio = await open(t, { of: { missing: ['audio'], silent: true } });
  await studio.choose('screen');
  assert.equal(await studio.text('#trouble'), 'There is no microphone: the picture goes without its sound.');
  assert.deepEqual([await studio.page.isVisible('#microphone'), await studio.page.isVisible('#camera')], [true, false]);
  await studio.live();
  const viewer = await studio.watch();
  await until('the picture', async () => (await viewer.playback()).time > 0, { seconds: 15 });
  await until('its size', async () => /\d/.test(await studio.number('Picture')));
  const [width, height] = (await studio.number('Picture')).split('×').map(Number);
  t.diagnostic(`the screen goes as ${width} × ${height}`);
  assert.ok(width <= 640 && height <= 360, `${width} × ${height} are sent as 360p`);

  await studio.page.evaluate(() => window.plug());
  await studio.choose('camera');
  await studio.meter();
  await heard(viewer);
  await plays(viewer);
  const asked = await studio.page.evaluate(() => document.querySelector('#preview').srcObject.getVideoTracks()[0].getSettings().width);
  const sent = await until('the size of the camera', async () => /(\d+) × (\d+)/.exec(await studio.number('Picture')));
  t.diagnostic(`the camera of ${asked} goes as ${sent[0]}`);
  assert.ok(Number(sent[1]) <= 640);
  await studio.over();
});

test('a file goes as large as was said, from its first picture on', { timeout: 60_000 }, async (t) => {
  const studio = await open(t);
  const large = join(scratch, 'large.mp4');
  const made = new Process('ffmpeg', 'ffmpeg', ['-nostdin', '-v', 'warning', '-f', 'lavfi', '-i', 'testsrc=s=1280x720:r=25:d=4', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', large]);
  atEnd(t, () => made.end('SIGKILL'));
  await made.ended;
  await studio.page.setInputFiles('#file', large);
  await until('the preview', () => studio.page.evaluate(() => document.querySelector('#preview').videoWidth === 1280));
  const [{ width, height }] = (await studio.live()).renditions;
  assert.deepEqual([width, height], [640, 360]);
  await pass(3);
  assert.deepEqual(await lists(studio.shoal), { discontinuities: 0 });
});

test('on a phone: no screen is offered, the other camera is sent while it is live, and back, and the screen stays awake', { timeout: 120_000 }, async (t) => {
  const studio = await open(t, { of: { single: true, phone: true }, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  const { page } = studio;
  assert.deepEqual(await page.$$eval('[data-source]', (all) => all.filter((one) => one.offsetParent).map(({ dataset }) => dataset.source)), ['camera', 'microphone', 'file', 'pattern']);
  await page.tap('[data-source="camera"]');
  await until('the preview', () => page.evaluate(() => document.querySelector('#preview').videoWidth > 0));
  await page.selectOption('#resolution', '360');
  assert.equal(await page.inputValue('#bitrate'), '900000');
  await page.selectOption('#bitrate', '500000');
  await page.fill('#key', studio.shoal.key);
  await page.tap('#go');
  await until('the studio to be live', async () => (await studio.text('#state')) === 'Live');
  await studio.shoal.live('show');
  const viewer = await studio.watch();
  await plays(viewer);
  assert.deepEqual(await page.evaluate(() => window.locks.map(({ kind, released }) => [kind, released])), [['screen', false]]);

  const chosen = await page.inputValue('#camera');
  const [next] = await studio.others();
  await studio.exchange(next);
  await plays(viewer);
  await heard(viewer);
  await until('its health', async () => /Sending[\d.]+ [Mk]bit\/s.*Round trip\d+ ms.*Lost[\d.]+ %Viewers1(?!\d)/.test(await studio.text('#numbers')), { seconds: 15 });

  const late = await studio.watch(); // what it sees was sent after the exchange
  await late.moving();
  await plays(late);
  await studio.exchange(chosen);
  await plays(late);
  assert.deepEqual(await lists(studio.shoal), { discontinuities: 0 });

  const { width, wide, go } = await page.evaluate(() => ({ width: innerWidth, wide: document.documentElement.scrollWidth, go: document.querySelector('#go').getBoundingClientRect().height }));
  assert.ok(wide <= width && go >= 44, `${wide} of ${width} wide, a button of ${go}`);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/studio-phone.png`, fullPage: true });
  await page.tap('#go');
  await until('it to be off air', async () => (await studio.text('#state')) === 'Off air');
  await until('the screen to be let go', () => page.evaluate(() => window.locks.every(({ released }) => released)));
  await page.reload();
  assert.deepEqual([await page.inputValue('#resolution'), await page.inputValue('#bitrate')], ['360', '500000'], 'what was chosen is forgotten');
});

test('where cameras may be open together, another takes the place of one while it is live', { timeout: 120_000 }, async (t) => {
  const studio = await open(t);
  await studio.choose('camera');
  await studio.live();
  const viewer = await studio.watch();
  await plays(viewer);
  const [next] = await studio.others();
  await studio.exchange(next);
  await plays(viewer);
  await heard(viewer);
  const late = await studio.watch();
  await late.moving();
  await plays(late);
  assert.deepEqual(await lists(studio.shoal), { discontinuities: 0 });
  await studio.over();
});
