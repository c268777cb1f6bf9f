// The face of the player: the elements that the controls fill, and their style.

import css from './controls.css';
import { icon } from './icons.ts';

const FACE = `
<div class="frame" tabindex="0" role="region">
  <video playsinline></video>
  <div class="word" role="status" aria-live="polite"><div class="spin"></div><b></b><small></small></div>
  <button class="big">${icon('play')}</button>
  <div class="level" role="status" aria-live="polite"></div>
  <aside class="panel" tabindex="0" hidden><h2></h2><p></p><button class="share" hidden></button><div class="meter"><i></i></div><svg class="flow" viewBox="0 0 120 32" preserveAspectRatio="none" aria-hidden="true"><path class="edge"/><path class="peers"/></svg><dl></dl></aside>
  <div class="asks">
    <div class="ask" role="group" aria-labelledby="ask" hidden><b id="ask"></b><p class="more"></p><p class="brief"></p><button class="yes"></button><button class="no"></button></div>
    <button class="sound">${icon('mute')}<span></span></button>
  </div>
  <aside class="keys" tabindex="0" hidden></aside>
  <div class="bar">
    <div class="peek" aria-hidden="true" hidden><canvas hidden></canvas><span></span></div>
    <input class="seek" type="range" step="any" hidden>
    <button class="play"></button>
    <button class="live"><i></i><b></b><span></span></button>
    <span class="time" hidden></span>
    <div class="space"></div>
    <div class="volume"><input type="range" min="0" max="1" step="0.02"><button class="mute"></button></div>
    <button class="captions" hidden>${icon('captions')}</button>
    <select class="quality" hidden></select>
    <button class="stats">${icon('stats')}</button>
    <button class="pip" hidden>${icon('picture')}</button>
    <button class="full">${icon('full')}</button>
  </div>
</div>`;

// face puts them into the root of an element.
export function face(root: ShadowRoot): void {
  style(root);
  const template = document.createElement('template');
  template.innerHTML = FACE;
  root.append(template.content);
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
