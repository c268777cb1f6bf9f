// The face of the player: the elements that the controls fill, and their style.

import css from './controls.css';
import { icon } from './icons.ts';
import { make } from './make.ts';
import { svg } from './svg.ts';

// face puts them into the root of an element.
export function face(root: ShadowRoot): void {
  style(root);
  root.append(make('div', { class: 'frame', tabindex: '0', role: 'region' },
    make('video', { playsinline: '' }),
    make('div', { class: 'word', role: 'status', 'aria-live': 'polite' }, make('div', { class: 'spin' }), make('b', {}), make('small', {})),
    make('button', { class: 'big' }, icon('play')),
    make('div', { class: 'level', role: 'status', 'aria-live': 'polite' }),
    panel(),
    asks(),
    make('aside', { class: 'keys', tabindex: '0', hidden: '' }),
    bar(),
  ));
}

function panel(): HTMLElement {
  return make('aside', { class: 'panel', tabindex: '0', hidden: '' },
    make('h2', {}), make('p', {}), make('button', { class: 'share', hidden: '' }), make('div', { class: 'meter' }, make('i', {})),
    make('figure', { class: 'flow', role: 'img' },
      svg('svg', { preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('path', { class: 'edge' }), svg('path', { class: 'peers' })),
      make('span', { class: 'scale' }), make('span', { class: 'since' })),
    make('dl', {}),
    make('div', { class: 'terms', hidden: '' },
      make('label', {}, make('span', {}), make('select', { class: 'most' })), make('label', {}, make('span', {}), make('select', { class: 'way' }))),
  );
}

function asks(): HTMLElement {
  return make('div', { class: 'asks' },
    make('div', { class: 'ask', role: 'group', 'aria-labelledby': 'ask', hidden: '' },
      make('b', { id: 'ask' }), make('p', { class: 'more' }), make('p', { class: 'brief' }),
      make('button', { class: 'yes' }), make('button', { class: 'no' }), make('button', { class: 'how' }, icon('terms'))),
    make('button', { class: 'sound' }, icon('mute'), make('span', {})),
  );
}

function bar(): HTMLElement {
  return make('div', { class: 'bar' },
    make('div', { class: 'peek', 'aria-hidden': 'true', hidden: '' }, make('canvas', { hidden: '' }), make('span', {})),
    make('input', { class: 'seek', type: 'range', step: 'any', hidden: '' }),
    make('button', { class: 'play' }),
    make('button', { class: 'live' }, make('i', {}), make('b', {}), make('span', {})),
    make('span', { class: 'time', hidden: '' }),
    make('div', { class: 'space' }),
    make('div', { class: 'volume' }, make('input', { type: 'range', min: '0', max: '1', step: '0.02' }), make('button', { class: 'mute' })),
    make('button', { class: 'captions', hidden: '' }, icon('captions')),
    make('select', { class: 'quality', hidden: '' }),
    make('button', { class: 'stats' }, icon('stats')),
    make('button', { class: 'pip', hidden: '' }, icon('picture')),
    make('button', { class: 'full' }, icon('full')),
  );
}

// style adds the style sheet in the way that a page's content policy does not forbid, where the browser knows it.
function style(root: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const element = document.createElement('style');
    element.textContent = css;
    root.append(element);
  }
}
