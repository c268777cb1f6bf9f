// The operator page of the admin listener, with two viewers: it draws them, its switch turns P2P off within two seconds once that was confirmed, and
// its charts keep their past over a reload. The public page has none of it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { long } from '../harness/long.mjs';
import { Process } from '../harness/process.mjs';
import { edge, origin, program, tracker, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const phone = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };
const desktop = { viewport: { width: 1280, height: 800 } };
const large = { viewport: { width: 3840, height: 2160 } };
const screens = { 'phone-light': { ...phone, colorScheme: 'light' }, 'phone-dark': { ...phone, colorScheme: 'dark' }, 'desktop-light': { ...desktop, colorScheme: 'light' },
  'desktop-dark': { ...desktop, colorScheme: 'dark' }, '4K-dark': { ...large, colorScheme: 'dark' } };

/** What axe finds serious on a page, past its content policy, and what is wider than its place. */
async function look(viewer, width) {
  await viewer.page.evaluate(axe);
  const { violations } = await viewer.page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.flat().join(' ')}: ${failureSummary.replace(/\s+/g, ' ')}`));
  const wide = await viewer.page.evaluate((most) => ({
    page: document.scrollingElement.scrollWidth,
    over: [...document.querySelectorAll('.sheet, .tile, .chart')].filter((e) => e.offsetWidth > 0 && e.scrollWidth > e.clientWidth + 1).map((e) => e.id || e.className),
    most,
  }), width);
  return { serious, wide };
}

// Clause: operator-page
test('an operator sees and steers a swarm', { timeout: 240_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const admin = `http://127.0.0.1:${shoal.ports.admin}`;
  assert.equal(shoal.printed('Operate'), `${admin}/ops`, 'the banner leads elsewhere');
  const browser = await launch(t);
  const viewers = [await browser.open(`${shoal.base}/watch/demo`), await browser.open(`${shoal.base}/watch/demo`)];
  await Promise.all(viewers.map((v) => v.moving()));
  for (const v of viewers) await until('it to be in the swarm', async () => (await v.stats()).peers === 1);
  const ops = await browser.open(`${admin}/ops`, { viewport: { width: 1280, height: 800 }, expected: [] });
  const { page } = ops;
  const crowd = async () => `${await page.textContent('#viewers')}, ${await page.textContent('#inside')}`;

  // What needs nothing of the viewers' first reports, and of the charts' first points, comes before what does.
  await t.test('it says how all is, and leads to viewers’ pages', async () => {
    await page.waitForSelector(`#rows a[href="${shoal.base}/watch/demo"]`);
    await until('it to be ready', async () => (await page.textContent('#health')) === 'Ready');
    await until('the viewers', async () => /This process.*Ready.*origin, edge, tracker.*1 stream coming in.*2 known viewers/.test(await page.textContent('#services tr')), { seconds: 30 });
  });

  await t.test('the public page and listener have no switches', async () => {
    for (const path of ['/api/v1/ops', '/api/v1/ops/history', '/api/v1/ops/cells/demo', '/api/v1/cells/demo', '/api/v1/service']) {
      assert.notEqual((await fetch(shoal.base + path)).status, 200, `${path} is public`);
    }
    const answer = await fetch(`${shoal.base}/api/v1/ops/control/demo`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: '{"p2p":false}' });
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    const open = await browser.open(`${shoal.base}/ops`);
    await open.page.waitForSelector('#rows a[href$="/watch/demo"]');
    await pass(3);
    for (const part of ['#switches', '#charts', '#cells', '#services', '#choice']) assert.equal(await open.page.isVisible(part), false, part);
    assert.deepEqual(open.errors, []);
  });

  await t.test('another page changes nothing', async () => {
    const evil = await browser.open(`${shoal.base}/`, { expected: [/CORS|ERR_FAILED|Failed to load resource|403/] });
    const got = await evil.page.evaluate(async (url) => {
      const outcomes = [];
      for (const [method, mode, type] of [['PATCH', 'cors', 'application/json'], ['PUT', 'cors', 'application/json'], ['GET', 'cors', 'application/json']]) {
        outcomes.push(await fetch(url, { method, mode, ...(method === 'GET' ? {} : { body: '{"p2p":false}', headers: { 'Content-Type': type } }) }).then((r) => r.type, () => 'failed'));
      }
      return outcomes;
    }, `${admin}/api/v1/ops/control/demo`);
    assert.deepEqual(got, ['failed', 'failed', 'failed']);
    assert.equal((await (await fetch(`${admin}/api/v1/control/demo`)).json()).p2p, true);
  });

  await t.test('two viewers are drawn, with what they told, and by no name', async (t) => {
    await until('both to have told what they got', () => page.evaluate(() => document.querySelectorAll('#cells .viewer:not(.silent)').length === 2), { seconds: 30 });
    const drawn = await page.evaluate(() => ({
      cells: document.querySelectorAll('#cells .mesh').length,
      links: document.querySelectorAll('#cells .mesh line').length,
      fetches: document.querySelectorAll('#cells .fetch').length,
      caption: document.querySelector('#cells-caption').textContent,
      words: [...document.querySelectorAll('#cells-words li')].map((li) => li.textContent),
    }));
    t.diagnostic(JSON.stringify(drawn));
    assert.deepEqual([drawn.cells, drawn.links, drawn.fetches], [1, 1, 1]);
    assert.equal(await crowd(), '2, 2 in the swarm');
    assert.match(drawn.caption, /^demo: 2 viewers in 1 cell\.$/);
    assert.equal(drawn.words.length, 2);
    for (const words of drawn.words) assert.match(words, /^Viewer \d: \S+ [kM]bit\/s from peers, .* from the edge/);
    const api = await (await fetch(`${admin}/api/v1/ops/cells/demo`)).text();
    assert.doesNotMatch(api, /\d+\.\d+\.\d+\.\d+|10\.77|"id":\s*\d{6,}/, 'an address or an ID of a viewer');
  });

  // Who has just come is seen by the edge before a tracker knows of it.
  await t.test('how many watch is one number wherever it stands, and so is how many trackers know', async () => {
    const third = await browser.open(`${shoal.base}/watch/demo`);
    const { differ, seen } = await page.evaluate(async () => {
      const text = (selector) => document.querySelector(selector).textContent;
      const [found, most] = [[], new Set()];
      for (let i = 0; i < 200 && !most.has('3'); i++) {
        const watch = [text('#viewers'), text('#rows td:nth-child(6)')];
        const known = [text('.chart figcaption strong'), text('#swarms td:nth-child(3)'), /(\d+) known viewer/.exec(text('#services'))[1]];
        if (Number(watch[0]) > 3 || new Set(watch).size !== 1 || new Set(known).size !== 1 || Number(watch[0]) < Number(known[0])) found.push([watch, known]);
        most.add(known[0]);
        await new Promise((passed) => setTimeout(passed, 100));
      }
      return { differ: found, seen: [...most] };
    });
    await third.close();
    await until('two again', async () => (await page.textContent('#viewers')) === '2', { seconds: 30 });
    assert.deepEqual([differ, seen], [[], ['2', '3']]);
  });

  await t.test('money saved by a price that is remembered', async () => {
    await page.fill('#price', '50');
    await until('it to save something', () => page.evaluate(() => /^saves \$\d/.test(document.querySelector('#saved').textContent)));
  });

  await t.test('the switch asks first, then gives the stream to the edge, and back', async (t) => {
    const toggle = page.locator('#p2p');
    const both = () => until('both to be in the swarm', async () => (await crowd()) === '2, 2 in the swarm', { seconds: 30 }); // where nobody is there, nothing is asked
    await both();
    await toggle.click();
    await page.locator('#sure[open]').waitFor();
    await page.emulateMedia({ reducedMotion: 'reduce' }); // nothing is seen half faded in
    assert.deepEqual((await look(ops, 1280)).serious, [], 'the question');
    assert.match(await page.textContent('#sure-why'), /All 2 viewers in the swarm leave it/);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'sure-no', 'the button that does nothing has not the focus');
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ops-sure.png` });
    await page.keyboard.press('Escape');
    await pass(0.5);
    assert.equal((await (await fetch(`${admin}/api/v1/control/demo`)).json()).p2p, true, 'it was not confirmed, and done');

    const control = `${admin}/api/v1/ops/control/demo`;
    let release;
    const looked = new Promise((resolve) => (release = resolve));
    await page.route(control, (route) => looked.then(() => route.continue()));
    await both();
    await toggle.click();
    await page.click('#sure-yes');
    await page.locator('#switches[aria-busy]').waitFor();
    assert.deepEqual((await look(ops, 1280)).serious, [], 'the switches, while it is done');
    release();
    await page.locator('#p2p[aria-checked="false"]').waitFor({ timeout: 5000 });
    await page.unroute(control);
    await until('both to be out of the swarm, and to watch', async () => (await crowd()) === '2, 0 in the swarm');
    await pass(2);
    const peers = async () => (await Promise.all(viewers.map((v) => v.stats()))).map((s) => s.bytesFromPeers);
    const before = await peers();
    await pass(2);
    assert.deepEqual(await peers(), before, 'bytes came from peers two seconds after P2P was turned off');
    assert.match(await page.textContent('#steered-state'), /^demo, .*: P2P is off/);
    await until('the drawing to say so', async () => /P2P is off/.test(await page.textContent('#cells')));
    assert.match(await page.textContent('#cells-caption'), /2 in no cell/);

    await toggle.click();
    await page.locator('#p2p[aria-checked="true"]').waitFor({ timeout: 5000 });
    await until('both to share again', async () => (await peers()).every((bytes, i) => bytes > before[i]), { seconds: 30 });
    t.diagnostic(`from peers ${before.join(' and ')} bytes when it was off, then ${(await peers()).join(' and ')}`);

    await both();
    await page.fill('#control-share', '200');
    await page.click('#apply');
    assert.equal(await page.evaluate(() => document.querySelector('#switches').checkValidity()), false);
    await page.fill('#control-share', '100');
    await page.fill('#control-maxUploadKbps', '20000');
    await page.click('#apply');
    await page.click('#sure-yes');
    await until('the bound', async () => (await (await fetch(`${admin}/api/v1/control/demo`)).json()).maxUploadKbps === 20000);
    await page.locator('#defaults:enabled').click();
    await until('the default', async () => (await (await fetch(`${admin}/api/v1/control/demo`)).json()).maxUploadKbps === 0);
  });

  await t.test('charts keep their past over a reload', async (t) => {
    const past = () => page.evaluate(() => [...document.querySelectorAll('.chart')].map((chart) => [chart.querySelector('figcaption span').textContent, chart.querySelector('.line').getAttribute('d').split('L').length]));
    await until('some points', async () => (await past()).some(([title, points]) => title === 'Known viewers' && points >= 3), { seconds: 60 });
    const before = await past();
    await page.reload();
    await page.waitForSelector('.chart');
    const after = await past();
    t.diagnostic(`${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
    assert.deepEqual(after.map(([title]) => title), ['Known viewers', 'Media to viewers', 'Offload', 'Copies of each chunk', 'Behind live', 'Stalled', 'Edges send']);
    for (const [i, [title, points]] of before.entries()) assert.ok(after[i][1] >= points, `${title} had ${points} points and has ${after[i][1]}`);
    await page.focus('.chart svg');
    await page.keyboard.press('ArrowLeft');
    assert.match(await page.textContent('.chart .reading'), /: \d+$/, 'the arrow keys read nothing');
    await page.selectOption('#choice', 'demo');
    await until('the charts of one stream', async () => (await past()).length === 6);
    await page.reload();
    await until('the stream to be the same after a reload', async () => (await page.inputValue('#choice').catch(() => '')) === 'demo' && (await past()).length === 6);
  });
  assert.deepEqual(ops.errors, []);
});

// Clause: operator-page
test('an operator turns P2P off before anybody comes, and reads why there are no figures', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const admin = `http://127.0.0.1:${shoal.ports.admin}`;
  const browser = await launch(t);
  const ops = await browser.open(`${admin}/ops`, { ...phone, expected: [/status of 404/], reducedMotion: 'reduce', bypassCSP: true });
  const { page } = ops;
  await page.locator('#remote').waitFor();
  const said = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll('#steered-name, #ahead, #p2p span, #p2p-words')].map((e) => [e.id || 'switch', e.hidden ? '' : e.textContent])));
  await until('the switch', async () => (await said()).switch === 'On');
  assert.deepEqual(await said(), { 'steered-name': 'demo', ahead: 'Nobody is in its swarm yet: what is set here holds for who comes.', switch: 'On',
    'p2p-words': 'on: viewers give to each other; turned off, all get all from the edges within two seconds' });
  await until('reasons', () => page.evaluate(() => [...document.querySelectorAll('.tile .why:not([hidden])')].map((e) => e.textContent).join()).then((why) => why === 'nobody watches,nobody watches,nobody watches,nobody watches'), { seconds: 20 });
  await page.selectOption('#choice', 'demo'); // it has no charts yet
  const { serious, wide } = await look(ops, 320);
  assert.deepEqual([serious, wide.page <= 320, wide.over], [[], true, []]);
  await page.click('#p2p');
  await until('it to be off', async () => { const now = await said(); return now.switch === 'Off' && now['p2p-words'] === 'off: all viewers get all from the edges'; });
  assert.match(await page.textContent('#steered-state'), /^demo, .*: P2P is off/);
  assert.equal(await page.inputValue('#choice'), 'demo');
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ops-ahead.png`, fullPage: true });
  const viewer = await browser.open(`${shoal.base}/watch/demo`);
  await viewer.moving();
  await pass(4);
  assert.deepEqual([await viewer.p2p(), (await viewer.stats()).peers], ['off', 0]);
});

test('it fits all screens, by day and night, with cells that feed cells, and axe finds nothing serious', { timeout: 300_000, skip: long }, async (t) => {
  const shoal = await up(t, { args: ['-cell-size', '4', '-roots', '1'] });
  await shoal.live('demo');
  const watching = new Process('watch', program, ['watch', '-n', '9', '-seconds', '600', `${shoal.base}/watch/demo`]);
  atEnd(t, () => watching.end('SIGTERM', 10));
  const admin = `http://127.0.0.1:${shoal.ports.admin}`;
  const cells = await until('cells that feed cells', async () => {
    const all = await (await fetch(`${admin}/api/v1/ops/cells/demo`)).json();
    return all.viewers === 9 && all.cells?.some(({ feeds }) => feeds.some(({ fed }) => fed)) && all;
  }, { seconds: 60 });
  t.diagnostic(`${cells.total} cells of ${cells.cells.map(({ members, depth, feeds }) => `${members.length} at depth ${depth}, fed over ${feeds.length} links`).join('; ')}`);
  const browser = await launch(t);
  for (const [name, screen] of Object.entries(screens)) {
    await t.test(name, async () => {
      const seen = await browser.open(`${admin}/ops`, { ...screen, reducedMotion: 'reduce', bypassCSP: true });
      await seen.page.waitForSelector('#cells .bridge.fed', { state: 'attached' });
      await seen.page.waitForSelector('.chart');
      await seen.page.waitForSelector('#rows a');
      if (process.env.SHOTS) await seen.page.screenshot({ path: `${process.env.SHOTS}/ops-${name}.png`, fullPage: true });
      const { serious, wide } = await look(seen, screen.viewport.width);
      assert.deepEqual(serious, []);
      assert.ok(wide.page <= screen.viewport.width && wide.over.length === 0, JSON.stringify(wide));
      await seen.close();
    });
  }
});

test('services of their own are shown together, and one that goes is away, and what it had not known', { timeout: 120_000 }, async (t) => {
  const source = await origin(t);
  const swarm = await tracker(t, { pages: '*' });
  const far = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${swarm.ports.http}/tracker`, args: ['-ops', `127.0.0.1:${source.ports.admin},127.0.0.1:${swarm.ports.admin}`] });
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await source.live('demo');
  const browser = await launch(t);
  const ops = await browser.open(`http://127.0.0.1:${far.ports.admin}/ops`, { expected: [/ERR_CONNECTION_REFUSED|Failed to load resource/] });
  const { page } = ops;
  const health = () => page.evaluate(() => [...document.querySelectorAll('#services tr')].map((line) => [...line.querySelectorAll('td')].slice(0, 3).map((td) => td.textContent)));
  const stream = () => page.evaluate(() => [...document.querySelectorAll('#rows tr:not(.advice) td')].map((td) => td.textContent));
  await until('all three', async () => (await health()).length === 3);
  assert.deepEqual((await health()).map(([, state, is]) => [state, is]), [['Ready', 'edge'], ['Ready', 'origin'], ['Ready', 'tracker']]);
  assert.equal(await page.textContent('#health'), 'All 3 ready');
  await until('the stream', async () => (await stream())[1] === 'Live');
  await page.fill('#control-roots', '5'); // somebody is at a field when nobody tells any more
  const field = () => page.evaluate(() => {
    const { id, value, readOnly } = document.activeElement;
    return [id, value, readOnly];
  });
  assert.deepEqual(await field(), ['control-roots', '5', false]);
  await swarm.kill();
  await until('the tracker to be away', async () => /^Away/.test((await health())[2][1]), { seconds: 10 });
  assert.match(await page.textContent('#why'), /1 of the trackers did not answer/);
  assert.match(await page.textContent('#health'), /^1 of 3 not ready$/);
  assert.deepEqual(await field(), ['control-roots', '5', true]);

  await source.kill();
  await until('the origin to be away', async () => /^Away/.test((await health())[1][1]), { seconds: 10 });
  for (let i = 0; i < 14; i++) { // for as long as the edge may have its list
    const [name, state, , bitrate] = await stream();
    assert.deepEqual([name, bitrate], ['demo', '–']);
    assert.match(state, /^Not knownNo answer any more; last heard of \d+\ss ago, at /);
    await pass(1);
  }
  assert.match(await page.textContent('#live'), /^[0–]$/);

  await far.kill(); // and so does the page's own process
  await until('it to say so', async () => (await page.textContent('#health')) === 'Unreachable', { seconds: 15 });
  assert.match((await stream())[1], /^Not known/);
  assert.deepEqual((await health()).map(([, state]) => /^Not known/.test(state)), [true, true, true]);
  assert.deepEqual(await field(), ['control-roots', '5', true]);
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('.tile strong, .chart figcaption strong')].map((e) => e.textContent).filter((text) => text !== '–')), []);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ops-silent.png`, fullPage: true });
});
