// The pages in the viewer's language, or in that which a link asks for: nothing of them is left in English, and <html lang> says which it is.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';

const pages = { '/': '#streams .card', '/watch/demo': '.share:not([hidden])', '/watch/nobody': '#facts', '/studio/x': '#go', '/studio': '#studio button', '/nosuch': '.empty', '/ops': '#rows a' };

// In the page: all that it says, by where it stands. Numbers, names and what is the same in all languages are none.
function said() {
  const texts = {};
  const say = (where, text) => {
    const words = (text ?? '').replace(/\s+/g, ' ').trim();
    if (/\p{L}{3}/u.test(words)) texts[where] = words;
  };
  const path = (element) => (element === document.body || !element ? '' : `${path(element.parentElement)}>${element.tagName}${element.id && `#${element.id}`}:${[...(element.parentElement?.children ?? [])].indexOf(element)}`);
  for (const element of document.body.querySelectorAll('*')) {
    for (const name of ['aria-label', 'title', 'placeholder']) if (element.hasAttribute(name)) say(`${path(element)}@${name}`, element.getAttribute(name));
    if (!['SCRIPT', 'STYLE'].includes(element.tagName)) say(path(element), [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data).join(' '));
  }
  return texts;
}

const SAME = /^(Shoal|demo|nobody|x|\d+p, .*|rtmp:.*|RTMP|shoal (key add|control) NAME.*|\/ops|-ops HOST:PORT,…|origin, edge, tracker|[\d.,]+ [kM]bit\/s|−?\d+ min|\(devel\).*|.*\(commit [0-9a-f]+.*|\d+p \d+ · (H264|AAC|[\d.,]+ ?[kM]bit\/s|[ ,·\u00a0])*)$/;

test('pages speak English, Portuguese and Chinese', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const look = async (path, locale, base = shoal.base) => {
    const viewer = await browser.open(base + path, { locale, expected: [/status of 404/] });
    await viewer.page.waitForLoadState('domcontentloaded'); // its scripts have run by then: before, <html lang> is that of the file
    await viewer.page.waitForSelector(pages[path.split('?')[0]], { state: 'attached' });
    const lang = await viewer.page.evaluate(() => document.documentElement.lang);
    const texts = await viewer.page.evaluate(said);
    const links = await viewer.page.evaluate(() => [...document.querySelectorAll('a[href^="/"]')].map((a) => a.getAttribute('href')));
    const live = await viewer.page.evaluate(() => document.querySelector('shoal-player')?.shadowRoot?.querySelector('.live b')?.textContent ?? null);
    if (process.env.SHOTS) await viewer.page.screenshot({ path: `${process.env.SHOTS}/language-${lang}${path.replaceAll(/[/?=]/g, '-')}.png` });
    await viewer.close();
    return { lang, texts, links, live };
  };
  const compare = async (path, base) => {
    const [english, ...others] = await Promise.all(['en-GB', 'pt-BR', 'zh-CN'].map((locale) => look(path, locale, base)));
    assert.equal(english.lang, 'en');
    for (const [i, [locale, lang, live]] of [['pt-BR', 'pt', 'AO VIVO'], ['zh-CN', 'zh-Hans', '直播']].entries()) {
      const own = others[i];
      assert.equal(own.lang, lang, `${path} in ${locale}`);
      const left = Object.entries(own.texts).filter(([where, text]) => english.texts[where] === text && !SAME.test(text) && text !== 'Codec');
      assert.deepEqual(left, [], `${path} says in ${locale} what it says in English`);
      if (own.live !== null) assert.equal(own.live, live, 'the player speaks another language than its page');
      t.diagnostic(`${path} ${lang}: ${Object.keys(own.texts).length} texts, such as "${Object.values(own.texts)[3]}"`);
    }
  };
  for (const path of Object.keys(pages)) await compare(path);
  const admin = `http://127.0.0.1:${shoal.ports.admin}`;
  pages['/ops'] = '.chart';
  await compare('/ops', admin);
  const desk = await look('/ops?lang=zh', 'pt-BR', admin);
  assert.equal(desk.lang, 'zh-Hans', 'the operator asks in vain');
  assert.ok(Object.values(desk.texts).includes('谁供给谁'), JSON.stringify(desk.texts));
  const asked = await look('/?lang=pt', 'zh-CN');
  assert.equal(asked.lang, 'pt', 'a link asks in vain');
  assert.ok(asked.links.length > 3 && asked.links.every((href) => href.includes('lang=pt')), `links forget it: ${asked.links}`);
  assert.equal((await look('/', 'fr-FR')).lang, 'en', 'a language that is not known is English');
});
