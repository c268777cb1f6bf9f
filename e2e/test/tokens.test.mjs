// A tracker that wants tokens, an edge that does, and several trackers: who may not join plays on from the edge and asks no more; who may not
// watch is told so in a viewer's words; who may is linked; when Redis goes nobody loses a link, and when a tracker goes, its viewers are at another within ten seconds.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { long } from '../harness/long.mjs';
import { run } from '../harness/process.mjs';
import { edge, folder, origin, port, program, redis, tracker, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

async function token(...args) {
  const { code, output } = await run('token', program, ['token', ...args]);
  assert.equal(code, 0, output);
  return output.trim();
}

test('viewer tokens', { timeout: 120_000, skip: long }, async (t) => {
  const keys = join(folder('keys'), 'keys.json');
  await token('key', '-key', keys);
  const make = (...args) => token('make', '-key', keys, ...args);
  const shoal = await up(t, { args: ['-token-keys', keys] });
  await shoal.live('demo');
  const browser = await launch(t);
  const watch = (text, status) => browser.open(`${shoal.base}/watch/demo${text ? `#token=${text}` : ''}`,
    status ? { expected: [new RegExp(`response code: ${status}|status of ${status}`), /HTTP Authentication failed/] } : {});
  const refusals = async () => (await shoal.metrics()).sum('shoal_tracker_refusals_total', { reason: 'token' });

  const strangers = {
    none: await watch('', 401),
    'other stream': await watch(await make('-stream', 'other'), 403),
    garbage: await watch('a.b.c', 403),
  };
  for (const [name, viewer] of Object.entries(strangers)) {
    await viewer.moving();
    await until(`${name} to be refused`, async () => (await viewer.stats()).p2p === 'refused', { seconds: 20 });
  }
  const asked = await refusals();
  t.diagnostic(`${Object.keys(strangers).length} viewers were refused with ${asked} requests`);
  assert.equal(asked, 2 * Object.keys(strangers).length, 'a handshake and a question each');

  const viewers = [await watch(await make('-stream', 'demo')), await watch(await make('-stream', '*', '-no-upload'))];
  for (const viewer of viewers) await viewer.moving();
  await until('those with tokens to be linked', async () => {
    const stats = await Promise.all(viewers.map((v) => v.stats()));
    return stats.every((s) => s.p2p === 'on' && s.peers === 1);
  }, { seconds: 20 });
  await until('something to be given', async () => (await viewers[0].stats()).bytesToPeers > 0, { seconds: 15 });
  await pass(8); // a token that all have refused is asked for once more after 5 to 7.5 s, and then no more
  assert.equal(await refusals(), asked, 'who was refused came back');
  assert.equal((await shoal.metrics()).sum('shoal_tracker_viewers', { stream: 'demo' }), 2);
  const [first, second] = await Promise.all(viewers.map((v) => v.stats()));
  t.diagnostic(`sent to peers: ${first.bytesToPeers} with upload, ${second.bytesToPeers} without`);
  assert.equal(second.bytesToPeers, 0, 'a viewer that may not upload did');
  await noStalls(t, [...viewers, ...Object.values(strangers)], 'with and without a token');
});

test('an edge that wants viewer tokens', { timeout: 180_000 }, async (t) => {
  const site = join(folder('keys'), 'site.json');
  const keys = join(folder('keys'), 'public.json');
  await token('key', '-key', site);
  writeFileSync(keys, await token('public', '-key', site));
  const make = (...args) => token('make', '-key', site, ...args);
  const locked = ['-viewer-key', keys];
  const source = await origin(t, { stream: 'demo' });
  const at = { http: port(), admin: port() };
  const swarm = await tracker(t, { pages: `http://127.0.0.1:${at.http}`, args: [...locked, '-token-viewers', '2'] });
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${swarm.ports.http}/tracker`, ports: at, args: locked });
  const other = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${swarm.ports.http}/tracker`, args: locked });
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('demo');

  const browser = await launch(t);
  const barred = /status of 40[13]/;
  const watch = (mark, ...expected) => browser.open(`${copies.base}/watch/demo${mark}`, { expected });
  const word = (viewer) => viewer.page.locator('shoal-player .word b').textContent();
  const state = (viewer) => viewer.page.evaluate(() => document.querySelector('shoal-player').state);
  const badge = (viewer) => viewer.page.locator('#state').evaluate(({ textContent, className }) => `${textContent}, ${className}`);
  const give = (viewer, text) => viewer.page.evaluate((text) => document.querySelector('shoal-player').setAttribute('token', text), text);

  // Those who may not.
  const strangers = [
    [await watch('', barred), 'uninvited', 'This stream is for invited viewers'],
    [await watch(`#token=${await make('-stream', 'other')}`, barred), 'refused', 'Your link does not open this stream'],
    [await watch('#token=a.b.c', barred), 'refused', 'Your link does not open this stream'],
  ];
  for (const [viewer, want, says] of strangers) {
    await until(`${viewer.name} to be told`, async () => (await state(viewer)) === want, { seconds: 10 });
    assert.equal(await word(viewer), says);
    await until('the badge not to call it live', async () => (await badge(viewer)) === 'Invited viewers only, badge');
    assert.equal(await viewer.page.locator('#copy').isVisible(), false, 'a link that opens for nobody is offered');
    const stats = await viewer.stats();
    assert.deepEqual([stats.bytesFromEdge, stats.bytesFromPeers, stats.startupMillis], [0, 0, 0], 'media came without a token');
  }
  assert.equal((await copies.metrics()).sum('shoal_edge_sent_bytes_total', { kind: 'media' }), 0);
  await Promise.all(strangers.slice(1).map(([viewer]) => viewer.close()));

  // Those who may: by a link of either form, whose token stays out of the address that is sent and copied. The page keeps none in its query.
  const viewers = [await watch(`?token=${await make('-stream', 'demo')}`), await watch(`#token=${await make('-stream', '*')}`)];
  for (const viewer of viewers) await viewer.moving();
  await until('those with tokens to be linked', async () => {
    const stats = await Promise.all(viewers.map((v) => v.stats()));
    return stats.every((s) => s.p2p === 'on' && s.peers === 1 && s.bytesFromPeers > 0);
  }, { seconds: 25 });
  assert.equal(await viewers[0].page.evaluate(() => location.search), '');
  assert.equal(await badge(viewers[0]), 'Live, badge live');

  // A browser that has a playlist by one link is refused at once with another: what it has it does not show to that.
  const another = await make('-stream', 'other');
  viewers[0].expect(barred);
  const statuses = await viewers[0].page.evaluate(async (tokens) => {
    const got = [];
    for (const text of tokens) got.push((await fetch('/live/demo/index.m3u8', { headers: { Authorization: `Bearer ${text}` } })).status);
    return got;
  }, [await make('-stream', 'demo'), another]);
  assert.deepEqual(statuses, [200, 403], 'a token for another stream met a playlist in the browser\'s cache');
  const second = await viewers[0].context.newPage();
  const opened = performance.now();
  await second.goto(`${copies.base}/watch/demo#token=${another}`);
  await until('the second link to be refused', () => second.evaluate(() => document.querySelector('shoal-player').state === 'refused'), { seconds: 5, every: 20 });
  t.diagnostic(`beside one that plays, a link for another stream is refused after ${Math.round(performance.now() - opened)} ms`);
  await second.close();

  // A stranger who is given one comes in without loading the page anew.
  await give(strangers[0][0], await make('-stream', 'demo'));
  await strangers[0][0].moving();
  await strangers[0][0].close();

  // One whose token ends is told so, and comes back with another.
  const brief = await watch(`#token=${await make('-stream', 'demo', '-for', '6s')}`, barred);
  await brief.moving();
  const { loaded } = await brief.playback();
  await until('it to end', async () => (await state(brief)) === 'refused', { seconds: 40 });
  await give(brief, await make('-stream', 'demo'));
  await until('it to play again', async () => (await state(brief)) === 'playing', { seconds: 15 });
  assert.equal((await brief.playback()).loaded, loaded, 'the page was loaded anew');
  await noStalls(t, viewers, 'with tokens at the edge, one of which ended in the swarm');
  await Promise.all([...viewers, brief].map((viewer) => viewer.close()));

  // A page (any without scripts of its own) with a stream of another origin sends it in the query, and asks for no leave before each part.
  const asked = [];
  const guest = await browser.open(`${copies.base}/healthz`, { before: (page) => page.on('request', (request) => asked.push(request)) });
  await guest.page.evaluate(async ([src, text, tracker]) => {
    await import('/assets/shoal-player.js');
    const player = document.createElement('shoal-player');
    for (const [name, value] of Object.entries({ src, token: text, tracker, autoplay: '', muted: '' })) player.setAttribute(name, value);
    document.body.replaceChildren(player);
  }, [`${other.base}/live/demo/index.m3u8`, await make('-stream', 'demo'), `ws://127.0.0.1:${swarm.ports.http}/tracker`]);
  await until('the guest to play', async () => (await state(guest)) === 'playing' && (await guest.stats()).bytesFromEdge > 0, { seconds: 15 });
  const media = asked.filter((request) => request.url().startsWith(`${other.base}/live/`));
  assert.ok(media.length > 3 && media.every((request) => request.method() === 'GET' && /[?&]token=/.test(request.url())), 'a request without its token, or a question for leave');

  await guest.close();

  // Players of other makes are given a URL with it, and go on by a cookie.
  const url = `${copies.base}/live/demo/index.m3u8`;
  const read = (...args) => run('reader', 'ffmpeg', ['-nostdin', '-v', 'error', '-i', ...args, '-t', '3', '-f', 'null', '-']);
  const [letIn, turnedAway] = [await read(`${url}?token=${await make('-stream', 'demo')}`), await read(url)];
  assert.deepEqual([letIn.code, letIn.output.trim()], [0, '']);
  assert.ok(turnedAway.code !== 0 && /401 Unauthorized/.test(turnedAway.output), turnedAway.output);

  // Native viewers.
  const shoal = (...args) => run('watch', program, ['watch', '-seconds', '3', '-json', ...args]);
  const native = await shoal('-n', '2', `${copies.base}/watch/demo#token=${await make('-stream', 'demo')}`);
  assert.equal(native.code, 0, native.output);
  assert.equal(JSON.parse(native.output.trim().split('\n').at(-1)).failed, 0);
  const refused = await shoal(`${copies.base}/watch/demo`);
  assert.ok(refused.code === 1 && /open the link/.test(refused.output) && /-token TOKEN/.test(refused.output), refused.output);

  const counts = await copies.metrics();
  t.diagnostic(`${counts.sum('shoal_edge_token_checks_total')} signatures checked, ${counts.sum('shoal_edge_token_refusals_total')} requests refused, ` +
    `${counts.sum('shoal_edge_requests_total', { stream: 'demo' })} answered`);
});

test('several trackers', { timeout: 150_000, skip: long }, async (t) => {
  const source = await origin(t, { stream: 'demo' });
  const ports = [0, 1].map(() => ({ http: port(), admin: port(), stun: port() }));
  const copies = await edge(t, { origin: source, tracker: ports.map((p) => `ws://127.0.0.1:${p.http}/tracker`).join() });
  const store = await redis(t);
  const args = ['-redis', store.url];
  const trackers = await Promise.all(ports.map((p) => tracker(t, { pages: copies.base, ports: p, args })));
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('demo');
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 4; i++) {
    viewers.push(await browser.open(`${copies.base}/watch/demo`, { expected: [/ERR_CONNECTION_REFUSED/] }));
    await viewers[i].moving();
  }
  const at = async (service) => (await service.metrics()).sum('shoal_tracker_viewers', { stream: 'demo' });
  await until('all to be at a tracker', async () => (await at(trackers[0])) + (await at(trackers[1])) === 4, { seconds: 20 });
  const linked = () => Promise.all(viewers.map(async (v) => (await v.stats()).peers === 3)).then((all) => all.every((one) => one));
  await until('all to be linked, be they at one tracker or two', linked, { seconds: 20 });
  const [here, there] = [await at(trackers[0]), await at(trackers[1])];
  t.diagnostic(`by chance ${here} viewers are at one tracker, ${there} at the other`);

  await store.kill();
  await pass(8);
  await store.start(); // with nothing in it
  await pass(4);
  assert.ok(await linked(), 'a link was lost because Redis died');
  const faults = (await Promise.all(trackers.map((one) => one.metrics()))).map((m) => m.sum('shoal_tracker_store_failures_total'));
  assert.ok(faults.every((n) => n > 0), 'nobody missed Redis: no fault was injected');
  await noStalls(t, viewers, `while Redis was dead for 8 s and came back empty (${faults.join(' and ')} failures)`);

  const left = here >= there ? 0 : 1;
  const stays = trackers[1 - left];

  await trackers[left].kill();
  let began = Date.now();
  await until('all to be at the other', async () => (await at(stays)) === 4, { seconds: 10, every: 50 });
  t.diagnostic(`${Math.max(here, there)} viewers of a tracker that was killed: at the other after ${Date.now() - began} ms`);

  const again = await tracker(t, { pages: copies.base, ports: ports[left], args });
  began = Date.now();
  await stays.stop();
  t.diagnostic(`a tracker with 4 viewers ended in order within ${Date.now() - began} ms`);
  stays.killed = true;
  await until('all to have moved', async () => (await at(again)) === 4, { seconds: 10, every: 50 });
  t.diagnostic(`4 viewers of a tracker that ended in order: at the other after ${Date.now() - began} ms`);
  await until('all to be linked', linked, { seconds: 20 });
  await noStalls(t, viewers, 'through a killed tracker and one that ended');
});
