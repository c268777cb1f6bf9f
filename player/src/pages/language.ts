// The language of a page: what its link asks for, ?lang=pt, else the first of the viewer's that is known, else English. <html lang> says which it
// is, also to the player.
//
// What stands in a page is written in English, and marked where it has words in others: data-say for what an element says, data-say-label for
// what it is called, data-say-placeholder and data-say-title.

import { decimal } from '../decimal.ts';

export const LANGUAGES = ['en', 'pt', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Catalog<Words> = Record<Language, Words>;

// known returns the first of some languages that is known: "pt-BR" is "pt".
export function known(tags: readonly (string | null)[]): Language {
  for (const tag of tags) {
    const own = (tag ?? '').toLowerCase().split('-')[0];
    const found = LANGUAGES.find((language) => language === own);
    if (found) return found;
  }
  return 'en';
}

// spoken is the language that the page is in.
export function spoken(): Language {
  return known([globalThis.document?.documentElement.lang ?? '']);
}

// figure writes a number as the page's language does.
export function figure(value: number, digits: number): string {
  return decimal(value, digits, spoken());
}

// tag is how the viewer calls that language, for dates: "pt-BR", where the page is in "pt".
export function tag(): string | undefined {
  const language = spoken();
  return navigator.languages.find((one) => known([one]) === language && one.toLowerCase().startsWith(language)) ?? language;
}

const asked = (): string | null => new URLSearchParams(location.search).get('lang');

// choose sets the language of the page.
export function choose(): Language {
  const language = known([asked(), ...navigator.languages]);
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : language;
  return language;
}

// speak has the page say what it does in its language, and returns the words.
export function speak<Words extends object>(catalog: Catalog<Words>): Words {
  const words = catalog[choose()];
  const texts = new Map(Object.entries(words).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  const write = (attribute: string, put: (element: Element, text: string) => void): void => {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      const text = texts.get(element.getAttribute(attribute) ?? '');
      if (text !== undefined) put(element, text);
    }
  };
  write('data-say', (element, text) => (element.textContent = text));
  for (const name of ['aria-label', 'placeholder', 'title']) {
    write(`data-say-${name.replace('aria-', '')}`, (element, text) => element.setAttribute(name, text));
  }
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="/"]')) link.setAttribute('href', to(link.getAttribute('href') ?? '/'));
  return words;
}

// to is a page of ours; where a link asked for a language, so does it.
export function to(path: string): string {
  const language = asked();
  if (language === null) return path;
  const url = new URL(path, location.origin);
  url.searchParams.set('lang', language);
  return url.pathname + url.search + url.hash;
}
