// What lies over the picture, from the smallest embed to a desktop and in every language: nothing of it lies over something else, and the middle
// of the picture is free to be tapped.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { long } from '../harness/long.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const touch = { isMobile: true, hasTouch: true };
const screens = {
  'a phone of 320': ['/watch/demo', { viewport: { width: 320, height: 640 }, ...touch }],
  'a phone of 390': ['/watch/demo', { viewport: { width: 390, height: 844 }, ...touch }],
  'an embed of 320': ['/embed/demo', { viewport: { width: 320, height: 180 } }],
  'an embed of 480': ['/embed/demo', { viewport: { width: 480, height: 270 } }],
  'an embed of 700': ['/embed/demo', { viewport: { width: 700, height: 394 } }],
  'a desktop': ['/watch/demo', { viewport: { width: 1280, height: 800 } }],
};
const languages = ['en', 'pt', 'zh'];

// In the page: where all is, and what of it lies over something else.
function look() {
  const root = document.querySelector('shoal-player').shadowRoot;
  const get = (selector) => root.querySelector(selector);
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 1;
  const box = (element) => element.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
  const name = (element) => element.className?.baseVal ?? (element.className || element.textContent);
  const all = [...root.querySelectorAll('.ask, .panel, .sound, .bar button, .bar select, .bar input.seek')].filter(seen);
  const rows = [...get('.panel').querySelectorAll('h2, p, .meter, .flow, dt, dd, .share, .terms label')].filter(seen);
  const pairs = (some) => some.flatMap((one, i) => some.slice(i + 1).filter((other) => meet(box(one), box(other))).map((other) => `${name(one)} and ${name(other)}`));
  const [frame, ask] = [box(get('.frame')), box(get('.ask'))];
  const [x, y] = [frame.left + frame.width / 2, frame.top + frame.height / 2];
  return {
    asked: seen(get('.ask')),
    part: (ask.width * ask.height) / (frame.width * frame.height),
    middle: [[0, 0], [-22, -22], [22, -22], [-22, 22], [22, 22]].map(([dx, dy]) => root.elementFromPoint(x + dx, y + dy)).filter((element) => element.closest('.ask')).map((element) => element.className),
    outside: all.filter((element) => { const { top, left, right, bottom } = box(element); return top < frame.top || left < frame.left || right > frame.right + 0.5 || bottom > frame.bottom; }).map(name),
    over: pairs(all),
    rows: pairs(rows),
    spilt: [...rows, ...root.querySelectorAll('.ask, .ask *, .bar .live')].filter((element) => seen(element) && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1).map(name),
    chosen: (() => { // what the menu of qualities shows of what is chosen
      const select = get('.quality');
      const context = document.createElement('canvas').getContext('2d');
      const { fontWeight, fontSize, fontFamily, paddingLeft } = getComputedStyle(select);
      context.font = `${fontWeight} ${fontSize} ${fontFamily}`;
      return context.measureText(select.selectedOptions[0]?.text ?? '').width - (select.clientWidth - 2 * parseFloat(paddingLeft));
    })(),
    live: get('.live').innerText.trim(),
    more: (() => { // whether there is more of the panel below, and whether that is to be seen
      const { scrollHeight, scrollTop, clientHeight, classList } = get('.panel');
      return [scrollHeight - scrollTop - clientHeight > 2, classList.contains('below')];
    })(),
    toggle: seen(get('.share')) ? get('.share').textContent : '',
  };
}

// A stream of two qualities, without a machine that makes the other one: the list names the one twice.
const twice = (page) => page.route(/\/live\/demo\/index\.m3u8/, async (route) => {
  const list = await (await route.fetch()).text();
  const own = list.slice(list.indexOf('#EXT-X-STREAM-INF'));
  await route.fulfill({ body: `${list}\n${own.replace(/([^-]BANDWIDTH)=\d+/, '$1=90000').replace(/RESOLUTION=\d+x\d+/, 'RESOLUTION=426x240')}`, contentType: 'application/vnd.apple.mpegurl' });
});

const stir = (page) => page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.frame').dispatchEvent(new Event('pointermove')));
const shot = async (page, name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/${name.replaceAll(' ', '-')}.png` });

test('what lies over the picture', { timeout: 300_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { p2p: 'ask', args: ['-dvr', '10m'] }), launch(t)]);
  await shoal.live('demo');
  for (const [what, [path, screen]] of Object.entries(screens)) {
    const { page } = await browser.open(shoal.base + path, { ...screen, before: twice });
    const player = page.locator('shoal-player');
    for (const part of ['.ask', '.quality']) await player.locator(part).waitFor({ timeout: 30_000 });
    const say = async (language) => {
      await player.evaluate((element, language) => element.setAttribute('lang', language), language);
      await stir(page);
      return page.evaluate(look);
    };
    for (const language of languages) {
      const seen = await say(language);
      await shot(page, `ask ${what} ${language}`);
      assert.ok(seen.asked, `${what}, ${language}: nobody is asked`);
      assert.deepEqual([seen.middle, seen.outside, seen.over, seen.spilt], [[], [], [], []], `${what}, ${language}: the middle, what is outside, what lies over what, what does not fit`);
      assert.ok(seen.chosen <= 0.5 && seen.live !== '', `${what}, ${language}: the bar says “${seen.live}”, and cuts ${seen.chosen} pixels of the quality`);
      assert.ok(seen.part < 0.45, `${what}, ${language}: the question covers ${Math.round(100 * seen.part)} % of the picture`);
    }
    if (!screen.hasTouch) {
      await player.locator('.ask .yes').focus();
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.querySelector('shoal-player').shadowRoot.activeElement.className), 'no', `${what}: by keys`);
    } else {
      const { x, y, width, height } = await player.boundingBox();
      await page.touchscreen.tap(x + width / 2, y + height / 2);
      assert.ok((await page.evaluate(look)).asked, `${what}: a tap in the middle has answered`);
    }
    await player.press('s');
    await player.locator('.panel').waitFor();
    for (const language of languages) {
      const seen = await say(language);
      await shot(page, `panel ${what} ${language}`);
      assert.ok(seen.toggle !== '', `${what}, ${language}: there is no choice in the panel`);
      assert.deepEqual([seen.outside, seen.over, seen.rows, seen.spilt], [[], [], [], []], `${what}, ${language}: what is outside, what lies over what, in the panel, what does not fit`);
      assert.equal(seen.more[1], seen.more[0], `${what}, ${language}: it does not look as if there was more`);
    }
    await page.context().close();
  }

  // What is shared by nobody is not to be stopped.
  const { page } = await browser.open(`${shoal.base}/watch/demo`);
  const player = page.locator('shoal-player');
  await player.locator('.ask .yes').click({ timeout: 30_000 });
  await until('the swarm', () => player.evaluate((element) => element.stats.p2p === 'on'), { seconds: 30 });
  await player.press('s');
  const toggle = (text) => until(`the choice “${text}”`, async () => (await page.evaluate(look)).toggle === text, { seconds: 30 });
  await toggle('Stop sharing');
  const change = await fetch(`http://127.0.0.1:${shoal.ports.admin}/api/v1/control/demo`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: '{"p2p":false}' });
  assert.equal(change.status, 200);
  await toggle('Do not share');
  assert.equal(await player.locator('.panel dd').first().textContent(), 'off: turned off by the operator');
});

test('what is wrong with an element is said on it and on the console', { timeout: 120_000, skip: long }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { p2p: 'on' }), launch(t)]);
  await shoal.live('demo');
  const { page } = await browser.open(`${shoal.base}/embed/demo`, { expected: [/status of 404/] });
  await page.locator('shoal-player').waitFor();
  const told = [];
  page.on('console', (message) => message.type() === 'warning' && told.push(message.text()));
  const put = (attributes) => page.evaluate((attributes) => {
    const player = document.createElement('shoal-player');
    for (const [name, value] of Object.entries({ autoplay: '', muted: '', ...attributes })) player.setAttribute(name, value);
    document.body.replaceChildren(player);
  }, attributes);
  const state = (wanted) => until(`the state ${wanted}`, () => page.evaluate((wanted) => document.querySelector('shoal-player').state === wanted, wanted), { seconds: 20 });
  const said = () => page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.word').innerText);

  await put({});
  await state('unreadable');
  assert.match(await said(), /^There is no stream at this address/);
  assert.match(told.join(), /has no src/);
  await page.evaluate(() => document.querySelector('shoal-player').setAttribute('src', '/live/demo/index.m3u8'));
  await state('playing');

  told.length = 0;
  await put({ src: '/live/demo/index.m3u9' });
  await state('unreadable');
  assert.match(await said(), /^There is no stream at this address/);
  assert.match(told.join(), /no playlist at .*index\.m3u9/);

  told.length = 0;
  await put({ src: '/live/nobody/index.m3u8' });
  await state('unknown');
  await put({ src: '/live/demo/index.m3u8', p2p: 'yes' });
  await state('playing');
  assert.deepEqual(told, ['shoal: p2p="yes" is no mode, and the viewer is asked; the modes are on, relay-only, ask, ask-relay-only, off']);
});

test('the last picture stays while there is no server', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  const viewer = await browser.open(`${shoal.base}/embed/demo?p2p=off&muted`, { expected: [/ERR_CONNECTION_REFUSED|status of 502/] });
  const { page } = viewer;
  await viewer.moving();
  await pass(3);
  const everything = /\/(live|api)\//;
  await page.route(/\.m4s/, (route) => route.abort('connectionrefused'));
  await until('it to stand', () => page.evaluate(() => document.querySelector('shoal-player').video.readyState < 3), { every: 50 });
  await pass(1); // more is listed than came
  await page.route(everything, (route) => route.abort('connectionrefused'));
  const seen = () => page.evaluate(() => {
    const { state, video, shadowRoot } = document.querySelector('shoal-player');
    return { state, word: shadowRoot.querySelector('.word').innerText.split('\n')[0], time: video.currentTime, picture: video.readyState >= 2 };
  });
  await until('it to be said', async () => (await seen()).word === 'Reconnecting', { seconds: 15 });
  for (let i = 0; i < 15; i++) {
    await pass(1);
    const { picture, word, time } = await seen();
    assert.deepEqual([picture, word, time > 0], [true, 'Reconnecting', true], `after ${i + 1} s`);
  }
  await page.unroute(everything);
  await page.route(everything, (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' }));
  await until('it to be said that the server cannot get it', async () => (await seen()).word === 'The server cannot get the video', { seconds: 15 });
  await pass(5);
  assert.deepEqual([(await seen()).picture, (await seen()).state], [true, 'connecting']);
  const { stalls, stalledSeconds } = await viewer.stats();
  assert.ok(stalls >= 1 && stalledSeconds > 15, `counted: ${stalls}, ${stalledSeconds} s`);
  await page.unroute(everything);
  await page.unroute(/\.m4s/);
  await until('the picture to go on', async () => (await seen()).state === 'playing', { seconds: 30 });
});
