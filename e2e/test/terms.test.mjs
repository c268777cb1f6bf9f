// On what terms a viewer shares: the limit to what is lent holds as soon as it is set, by the page, by the viewer and by the link, and rubbish is no leave to
// lend all; relays alone are wished for by a link or in the panel, outlive the yes, and where there are none the panel says so.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { port, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const QUIET = 3; // seconds that nothing is given

/** Runs in a page before its own scripts: keeps what its connections may use. */
function note() {
  window.policies = [];
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(config) {
      super(config);
      window.policies.push(config?.iceTransportPolicy ?? 'all');
    }
  };
}

const before = (page) => page.addInitScript(note);
const player = ({ page }) => page.locator('shoal-player');
const row = (viewer) => player(viewer).evaluate((element) => element.shadowRoot.querySelector('.panel dd').textContent);
const choose = (viewer, menu, value) => player(viewer).locator(`.terms .${menu}`).selectOption(value);
const limit = (viewer, value) => player(viewer).evaluate((element, value) => (value === null ? element.removeAttribute('max-upload-kbps') : element.setAttribute('max-upload-kbps', value)), value);

/** Opens the panel by its button, as a finger does. */
async function panel(viewer) {
  await player(viewer).evaluate((element) => element.shadowRoot.querySelector('.stats').click());
  await player(viewer).locator('.panel').waitFor();
}

test('what a viewer lends at most holds at once, whoever says it', { timeout: 180_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { p2p: 'on' }), launch(t)]);
  await shoal.live('demo');
  const open = async (query = '', options = {}) => {
    const viewer = await browser.open(`${shoal.base}/watch/demo${query}`, { before, ...options });
    await viewer.moving(40);
    return viewer;
  };
  const [one, other] = [await open('', phone), await open()];
  const given = async (viewer) => (await viewer.stats()).bytesToPeers;
  const gives = async (viewer) => {
    const from = await given(viewer);
    await until('it to give', async () => (await given(viewer)) > from + 30_000, { seconds: 30 });
  };
  const keeps = async (viewer, what) => {
    await pass(1.5); // what is on its way
    const from = await given(viewer);
    await pass(QUIET);
    assert.equal(await given(viewer), from, `it gave after ${what}`);
  };
  const told = [];
  one.page.on('console', (message) => message.type() === 'warning' && told.push(message.text()));

  await gives(one);
  await limit(one, '0');
  await keeps(one, 'the page had set 0');
  await limit(one, null);
  await gives(one);
  for (const rubbish of ['500k', '-1']) {
    await limit(one, rubbish);
    await keeps(one, rubbish);
    assert.match(told.join('\n'), new RegExp(`max-upload-kbps="${rubbish}" is no number`));
  }
  await limit(one, null);
  await gives(one);

  await panel(one);
  await choose(one, 'most', '0');
  await keeps(one, 'the viewer had chosen nothing');
  await choose(one, 'most', 'Infinity');
  await gives(one);
  await choose(one, 'most', '0');
  await one.page.reload();
  await until('the picture, and the swarm', async () => (await one.stats()).peers > 0, { seconds: 40 });
  await keeps(one, 'a reload');
  await panel(one);
  assert.equal(await player(one).locator('.terms .most').inputValue(), '0');
  assert.ok((await given(one)) === 0 && (await one.stats()).bytesFromPeers > 0, 'it is given to all the same');

  const linked = await open('?max-upload-kbps=0');
  await until('it to be linked', async () => (await linked.stats()).bytesFromPeers > 0, { seconds: 40 });
  assert.equal(await given(linked), 0, 'a link was not heeded');
  await gives(other);
});

test('who wants relays alone has nothing else after a yes', { timeout: 180_000 }, async (t) => {
  const [shoal, bare, browser] = await Promise.all([up(t, { p2p: 'ask', args: ['-turn', `:${port()}`, '-turn-ports', '15000-15999'] }), up(t, { p2p: 'ask' }), launch(t)]);
  await Promise.all([shoal, bare].map((service) => service.live('demo')));
  const open = async (service, query, options = {}) => {
    const viewer = await browser.open(`${service.base}/watch/demo${query}`, { before, ...options });
    await player(viewer).locator('.ask .yes').waitFor({ timeout: 40_000 });
    return viewer;
  };
  const policies = ({ page }) => page.evaluate(() => window.policies);

  const linked = await open(shoal, '?p2p=relay-only', phone);
  const chosen = await open(shoal, '', phone);
  await player(chosen).locator('.ask .how').tap();
  await player(chosen).locator('.panel .terms').waitFor();
  if (process.env.SHOTS) await chosen.page.screenshot({ path: `${process.env.SHOTS}/terms-phone.png` });
  await choose(chosen, 'way', 'relayed');
  assert.deepEqual(await policies(chosen), [], 'to say by which way is no yes');
  await player(linked).locator('.ask .yes').tap();
  await player(chosen).locator('.panel .share').tap();
  for (const viewer of [linked, chosen]) {
    await until('a link by relays', async () => (await viewer.stats()).peers > 0, { seconds: 40 });
    const used = await policies(viewer);
    assert.ok(used.length > 0 && used.every((policy) => policy === 'relay'), `policies: ${used}`);
  }
  await choose(chosen, 'way', 'direct');
  await until('a link by any way', async () => (await policies(chosen)).at(-1) !== 'relay', { seconds: 40 });

  const vain = await open(bare, '?p2p=relay-only');
  await player(vain).locator('.ask .yes').click();
  await panel(vain);
  await until('it to be said', async () => (await row(vain)) === 'off: there are no relays here', { seconds: 30 });
  assert.deepEqual(await policies(vain), []);
  const relays = () => player(vain).locator('.terms .way option').nth(1).evaluate((option) => [option.disabled, option.textContent]);
  assert.deepEqual(await relays(), [true, 'by a relay (there is none here)']);
});
