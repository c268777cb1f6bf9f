// Screen and camera in one picture, from the studio to the watch page.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// In the page: the mean colours of the picture's quarters, of the middles where the camera stands or does not.
function quarters(video) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [160, 90];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0, 160, 90);
  const places = { 'top-left': [6, 6], 'top-right': [124, 6], 'bottom-left': [6, 62], 'bottom-right': [124, 62] };
  return Object.fromEntries(Object.entries(places).map(([name, [x, y]]) => {
    const { data } = context.getImageData(x, y, 30, 20);
    const mean = (channel) => data.filter((_, i) => i % 4 === channel).reduce((sum, value) => sum + value, 0) / 600;
    return [name, [0, 1, 2].map((channel) => Math.round(mean(channel)))];
  }));
}

// In the page: keeps what it was given by the browser to capture.
function keepGiven() {
  window.given = [];
  for (const name of ['getDisplayMedia', 'getUserMedia']) {
    const ask = navigator.mediaDevices[name].bind(navigator.mediaDevices);
    navigator.mediaDevices[name] = async (wish) => {
      const stream = await ask(wish);
      window.given.push(...stream.getTracks().map((track) => ({ name, track })));
      return stream;
    };
  }
}

// exchange chooses another camera or microphone than the one that is chosen, and waits until the one is taken and the other let go.
async function exchange(page, device) {
  const kind = device === 'camera' ? 'video' : 'audio';
  const given = () => page.evaluate((kind) => window.given.filter(({ name, track }) => name === 'getUserMedia' && track.kind === kind)
    .map(({ track }) => [track.getSettings().deviceId, track.readyState]), kind);
  const chosen = await page.inputValue(`#${device}`);
  assert.deepEqual((await given()).filter(([, state]) => state === 'live').map(([id]) => id), [chosen], `the ${device} that is shown as chosen is not the one that is taken`);
  const next = await page.$$eval(`#${device} option`, (options, chosen) => options.map(({ value }) => value).find((value) => value !== chosen), chosen);
  await page.selectOption(`#${device}`, next);
  await until(`another ${device}`, async () => JSON.stringify((await given()).filter(([, state]) => state === 'live')) === JSON.stringify([[next, 'live']]));
}

test('screen and camera go live in one picture, the camera in the corner that was chosen, and other devices come into it', { timeout: 180_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t, { args: ['--use-fake-device-for-media-stream=device-count=2', '--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen'] });
  const ways = {
    'by frames': { before: (page) => page.addInitScript(keepGiven) },
    'by a clock': { before: async (page) => {
      await page.addInitScript(keepGiven);
      await page.addInitScript(() => delete window.MediaStreamTrackGenerator);
    } },
    'without a camera': { before: (page) => page.addInitScript(() => {
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (wish) => (wish.video ? Promise.reject(new DOMException('none', 'NotFoundError')) : ask(wish));
    }) },
  };
  for (const [way, options] of Object.entries(ways)) {
    const studio = await browser.open(shoal.printed('Browser'), { viewport: { width: 1280, height: 800 }, permissions: ['camera', 'microphone'], ...options });
    const { page } = studio;
    await page.selectOption('#resolution', '360');
    await page.click('[data-source="screen"]');
    await until('the screen', () => page.evaluate(() => document.querySelector('#preview').videoWidth > 0));
    const seen = () => page.evaluate(`(${quarters})(document.querySelector('#preview'))`);
    // the camera's corner is the one that is another when it moves away
    const differs = (a, b) => Object.keys(a).filter((corner) => a[corner].some((value, i) => Math.abs(value - b[corner][i]) > 24)).sort();
    const moves = () => until(`the camera to go from one corner to the other, ${way}`, async () => {
      await page.selectOption('#corner', 'bottom-right');
      await pass(0.4);
      const one = await seen();
      await page.selectOption('#corner', 'top-left');
      await pass(0.4);
      const two = await seen();
      t.diagnostic(`${way}: ${JSON.stringify([one, two])}`);
      return JSON.stringify(differs(one, two)) === '["bottom-right","top-left"]';
    }, { seconds: 15 });
    await page.click('[data-source="both"]');
    await until('the picture of both', () => page.evaluate(() => document.querySelector('#preview').videoWidth === 640 && document.querySelector('[data-source="both"]').getAttribute('aria-pressed') === 'true'));
    assert.ok(await page.isVisible('#corner'));
    if (way === 'without a camera') {
      assert.match(await page.textContent('#trouble'), /no camera/);
      t.diagnostic(`${way}: ${JSON.stringify(await seen())}`);
    } else {
      await moves();
      if (way === 'by a clock') {
        await exchange(page, 'camera');
        await moves();
      }
    }
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/both-${way.replaceAll(' ', '-')}.png`, fullPage: true });
    if (way !== 'by frames') {
      await studio.close();
      continue;
    }
    await page.fill('#key', shoal.key);
    await page.click('#go');
    const stream = await shoal.live('show');
    assert.equal(stream.tracks.length, 2, `it has ${stream.tracks}`);
    const viewer = await browser.open(shoal.printed('Watch'));
    viewer.expect(/status of (404|503|504)/);
    await until('the picture to play', async () => (await viewer.playback()).time > 0 && (await viewer.playback()).size[0] === 640, { seconds: 15 });
    let published = 0; // anew
    page.on('request', (request) => published += request.url().includes('/whip/') ? 1 : 0);
    for (const device of ['camera', 'microphone']) await exchange(page, device);
    await moves();
    const asked = await page.evaluate(() => window.given.filter(({ name, track }) => name === 'getDisplayMedia' && track.kind === 'video').map(({ track }) => track.readyState));
    assert.deepEqual(asked, ['ended', 'live'], 'the screen was asked for again, or is gone'); // once alone, and once with the camera
    const { time, frames } = await viewer.playback();
    await until('the picture to go on', async () => (await viewer.playback()).time > time + 2 && (await viewer.playback()).frames > frames + 20, { seconds: 8 });
    await until('the sound to go on', async () => (await viewer.loudness()) > 0.02, { seconds: 8 });
    assert.deepEqual([published, (await shoal.stream('show')).state], [0, 'live']);
    await viewer.close();
    await page.click('#go');
    await until('it to be off air', async () => (await page.textContent('#state')) === 'Off air');
    await studio.close();
  }
});
