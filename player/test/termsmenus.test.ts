// The menus of the terms, over elements that keep what is put into them.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Terms } from '../src/terms.ts';
import { TermsMenus } from '../src/termsmenus.ts';
import { words } from '../src/words.ts';

class Piece extends EventTarget {
  attributes: Record<string, string> = {};
  within: Piece[] = [];
  text = '';
  value = '';

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }

  append(...within: (Piece | string)[]): void {
    this.text = within.filter((one) => typeof one === 'string').join('');
  }

  replaceChildren(...within: (Piece | string)[]): void {
    this.within = within.filter((one) => one instanceof Piece);
  }
}

function world(t: TestContext): { most: Piece; way: Piece; agreed: Partial<Terms>[]; show(terms: Terms, relayless: boolean, language?: string, bound?: number): string[] } {
  Object.assign(globalThis, { document: { createElement: () => new Piece() } });
  t.after(() => Reflect.deleteProperty(globalThis, 'document'));
  const [most, way, agreed] = [new Piece(), new Piece(), [] as Partial<Terms>[]];
  const of = { querySelector: (selector: string) => (selector === '.most' ? most : way), querySelectorAll: () => [] };
  const menus = new TermsMenus(of as unknown as HTMLElement, (terms) => agreed.push(terms));
  return {
    most, way, agreed,
    show(terms, relayless, language = 'en', bound = Infinity) {
      menus.show(terms, bound, relayless, words(language));
      return way.within.map(({ text, attributes }) => `${text}${'disabled' in attributes ? ' (disabled)' : ''}`);
    },
  };
}

test('relays are offered until it is known that there are none, and who has chosen them can choose otherwise', (t) => {
  const { way, agreed, show } = world(t);
  const terms = { most: Infinity, relayed: false };
  assert.deepEqual(show(terms, false), ['directly', 'by a relay, which hides your address']);
  assert.deepEqual(show(terms, true), ['directly', 'by a relay (there is none here) (disabled)']);
  assert.deepEqual([show({ ...terms, relayed: true }, true), way.value], [['directly', 'by a relay (there is none here)'], 'relayed']);
  way.value = 'direct';
  way.dispatchEvent(new Event('change'));
  assert.deepEqual(agreed, [{ relayed: false }], 'and that alone');
  assert.deepEqual([show(terms, true), way.value], [['directly', 'by a relay (there is none here) (disabled)'], 'direct']);
  for (const language of ['pt', 'zh']) assert.notEqual(show(terms, true, language)[1], show(terms, false, language)[1], language);
});

test('no more is offered than the page allows, and a choice is of one menu alone', (t) => {
  const { most, agreed, show } = world(t);
  show({ most: 400, relayed: true }, false, 'en', 400);
  assert.deepEqual([most.within.map(({ attributes }) => attributes.value), most.value], [['Infinity', '250', '0'], 'Infinity'], 'the page’s own is that of who sets none');
  most.value = '250';
  most.dispatchEvent(new Event('change'));
  assert.deepEqual(agreed, [{ most: 250 }]);
  show({ most: 250, relayed: true }, false);
  assert.equal(most.within.length, 7);
});
