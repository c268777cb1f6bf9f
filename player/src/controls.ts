// What lies over the picture: the bar with its buttons, the words that say what is going on, and the panel of numbers.
// It shows what it is told and tells what is pressed.

import { Clicks } from './clicks.ts';
import { behind, clock } from './clock.ts';
import { face } from './face.ts';
import { type Icon, icon } from './icons.ts';
import { KeyList } from './keylist.ts';
import { type Act, actOf, louder, placeOf } from './keys.ts';
import { Notice, veils } from './notice.ts';
import { Panel } from './panel.ts';
import { Picker } from './quality.ts';
import { SeekBar } from './seekbar.ts';
import type { Pressed, Shown } from './shown.ts';
import { TermsMenus } from './termsmenus.ts';
import { type Words, words } from './words.ts';

const LEAST_LATENCY = 0.05; // seconds: less is written as nothing
const NARROW = 430; // pixels, as in the style sheet
const QUIET_MILLIS = 2800;
const LEVEL_MILLIS = 1200; // for which it is said how loud it is

export class Controls {
  readonly video: HTMLVideoElement;
  readonly #root: ShadowRoot;
  readonly #frame: HTMLElement;
  readonly #pressed: Pressed;
  readonly #notice: Notice;
  readonly #panel: Panel;
  readonly #terms: TermsMenus;
  readonly #picker: Picker;
  readonly #seek: SeekBar;
  readonly #keys: KeyList;
  readonly #clicks: Clicks;
  #words = words();
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #leveled: ReturnType<typeof setTimeout> | undefined;
  #shown: Shown | null = null;
  #narrow = false; // as it was laid out last: to ask it in between would lay the page out then and there
  #drawn: Record<string, string> = {}; // what stands in an element, to write only what changes

  constructor(root: ShadowRoot, pressed: Pressed) {
    this.#root = root;
    this.#pressed = pressed;
    face(root);
    this.video = this.#get<HTMLVideoElement>('video');
    this.#frame = this.#get('.frame');
    this.#notice = new Notice(this.#get('.word'));
    this.#panel = new Panel(this.#get('.panel'));
    this.#terms = new TermsMenus(this.#get('.terms'), pressed.agree);
    this.#picker = new Picker(this.#get('.quality'), (index) => pressed.quality(index), () => this.#return());
    this.#keys = new KeyList(this.#get('.keys'), () => this.#return());
    this.#clicks = new Clicks({ once: () => !veils(this.#shown ?? { state: 'connecting', vod: false }) && pressed.play(), twice: pressed.fullscreen });
    this.#get('.pip').hidden = document.pictureInPictureEnabled !== true;
    this.speak(this.#words);

    const press = (selector: string, react: () => void): void => this.#get(selector).addEventListener('click', (event) => {
      event.stopPropagation();
      react();
    });
    press('.play', pressed.play);
    press('.big', pressed.play);
    press('.live', pressed.live);
    press('.mute', pressed.mute);
    press('.sound', pressed.mute);
    press('.ask .yes', () => pressed.share('yes'));
    press('.ask .no', () => pressed.share('no'));
    press('.share', () => pressed.share(this.#shown?.sharing.mode === 'off' || this.#shown?.sharing.mode === 'ask' ? 'yes' : 'no'));
    press('.ask .how', () => this.#consider());
    press('.stats', pressed.stats);
    press('.pip', pressed.picture);
    press('.captions', pressed.captions);
    press('.full', pressed.fullscreen);
    const slider = this.#get<HTMLInputElement>('.volume input');
    slider.addEventListener('input', () => pressed.volume(Number(slider.value)));
    this.#seek = new SeekBar(this.#get('.seek'), this.#get('.peek'), { seek: pressed.seek, peek: pressed.peek, held: () => {
      this.#place();
      this.#stir();
    } });

    this.#frame.addEventListener('pointermove', () => this.#stir());
    this.#frame.addEventListener('focusin', () => this.#stir());
    this.#frame.addEventListener('pointerleave', ({ pointerType }) => {
      if (pointerType === 'mouse') this.#rest(); // a finger leaves before what it tapped is clicked, and what rests is not
    });
    this.video.addEventListener('click', () => this.#stir());
    for (const name of ['pointerdown', 'click', 'dblclick'] as const) {
      this.#frame.addEventListener(name, (event) => this.#clicks.note(event, event.target === this.video), { capture: true });
    }
    this.#frame.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(([entry]) => {
      const { width = 0 } = entry?.contentRect ?? {};
      const narrow = width <= NARROW;
      if (width === 0 || narrow === this.#narrow) return; // 0: it is not in the page
      this.#narrow = narrow;
      if (this.#shown) this.show(this.#shown);
    }).observe(this.#frame);
  }

  // speak says all from now on in these words.
  speak(words: Words): void {
    this.#words = words;
    this.#drawn = {};
    const label = (selector: string, text: string, key = ''): void => {
      const element = this.#get(selector);
      element.setAttribute('aria-label', text + key);
      if (key !== '') element.title = text + key;
    };
    label('.big', words.play);
    label('.seek', words.seek);
    label('.volume input', words.volume);
    label('.quality', words.quality);
    label('.ask .how', words.terms.how);
    label('.captions', words.captions);
    label('.panel', words.statistics);
    label('.keys', words.keys.list);
    label('.stats', words.statistics, ' (S)');
    label('.pip', words.picture, ' (P)');
    label('.full', words.fullScreen, ' (F)');
    this.#write('.sound span', words.tapForSound);
    this.#write('.ask b', words.ask.what);
    this.#write('.ask .yes', words.ask.yes);
    this.#write('.ask .no', words.ask.no);
    if (this.#shown) this.show(this.#shown);
  }

  // key acts on a key that was pressed here, or on the page while nothing else has the focus.
  key(event: KeyboardEvent): void {
    const act = actOf(event, placeOf(event.composedPath()[0]));
    if (!act || !this.#act(act)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // act tells whether there was anything to act on.
  #act(act: Act): boolean {
    const { span, vod, captions } = this.#shown ?? { span: null, vod: false, captions: { some: false } };
    if ('press' in act) {
      if (act.press === 'keys') this.#keys.toggle({ vod, span: span !== null, captions: captions.some, picture: !this.#get('.pip').hidden }, this.#words);
      else this.#pressed[act.press]();
    } else if ('volume' in act) {
      const level = louder(this.video.volume, this.video.muted, act.volume);
      if (level !== null) this.#pressed.volume(level);
      this.#level(level ?? 0);
    } else if ('go' in act && act.go === 'end' && !vod) this.#pressed.live();
    else if (!span) return false;
    else if ('step' in act) this.#pressed.seek(this.video.currentTime + act.step);
    else this.#pressed.seek(act.go === 'start' ? span.from : span.to);
    return true;
  }

  // consider opens the panel, where the terms of sharing stand.
  #consider(): void {
    if (this.#get('.panel').hidden) this.#pressed.stats();
    this.#get('.terms .most').focus();
  }

  // level says for a moment how loud it is.
  #level(level: number): void {
    const told = this.#get('.level');
    told.textContent = this.#words.level(Math.round(100 * level));
    clearTimeout(this.#leveled);
    this.#leveled = setTimeout(() => told.replaceChildren(), LEVEL_MILLIS);
  }

  show(shown: Shown): void {
    const { state, paused, muted, atLive, latency, stats } = shown;
    const words = this.#words;
    this.#shown = shown;
    const veiled = veils(shown);
    const idle = (shown.blocked || paused) && !veiled;
    this.#notice.show({ ...shown, idle }, words);
    this.#hide('.big', !idle);
    this.#hide('.sound', !(shown.silenced && muted && !veiled));
    this.#hide('.bar', veiled);

    this.#button('.play', paused ? 'play' : 'pause', `${paused ? words.play : words.pause} (K)`);
    this.#button('.mute', muted ? 'mute' : 'loud', `${muted ? words.unmute : words.mute} (M)`);
    this.#get('.volume').style.setProperty('--level', `${muted ? 0 : shown.volume * 100}%`);
    const slider = this.#get<HTMLInputElement>('.volume input');
    slider.value = String(muted ? 0 : shown.volume);
    this.#place();
    const live = this.#get('.live');
    live.hidden = shown.vod;
    this.#frame.setAttribute('aria-label', shown.vod ? words.recording : words.live);
    live.classList.toggle('on', atLive);
    live.title = atLive ? words.isLive : `${words.toLive} (L)`;
    this.#write('.live b', words.liveButton);
    if (this.#seek.held === null) this.#write('.live span', latency >= LEAST_LATENCY ? behind(latency, words.tag) : '');
    const { may, mode, asks, terms, bound, relayed } = shown.sharing;
    const { more, brief } = relayed ? words.ask.relayed : words.ask;
    this.#write('.ask .more', more);
    this.#write('.ask .brief', brief);
    this.#hide('.ask', !asks || shown.blocked);
    this.#hide('.share', !may);
    this.#hide('.terms', !may);
    this.#write('.share', mode === 'off' || mode === 'ask' ? words.share : shown.taking ? words.unshare : words.withhold);
    this.#picker.show(shown.qualities, shown.quality, words, this.#narrow);
    this.#hide('.captions', !shown.captions.some);
    this.#get('.captions').setAttribute('aria-pressed', String(shown.captions.shown !== null));
    this.#get('.captions').title = `${words.captions}: ${shown.captions.shown ?? words.captionsOff} (C)`;
    this.#get('.stats').setAttribute('aria-pressed', String(stats !== null));
    this.#hide('.panel', stats === null);
    if (stats) {
      this.#terms.show(terms, bound, shown.relayless, words);
      this.#panel.show(stats, shown.moments, shown.vod, shown.wait, words);
    }
    if (paused || state !== 'playing') this.#stir();
  }

  close(): void {
    clearTimeout(this.#quiet);
    clearTimeout(this.#leveled);
    this.#clicks.close();
  }

  // draw a picture of the moment that was last peeked at.
  draw(picture: ImageBitmap | null): void {
    this.#seek.draw(picture);
  }

  // place shows where the playhead is, or while the bar is held where it would go.
  #place(): void {
    const { span = null, time = 0, atLive = false } = this.#shown ?? {};
    this.#seek.show({ span, time, atLive }, this.#words);
    this.#hide('.time', !span || span.live);
    if (!span) return;
    const { from, to, live } = span;
    if (!live) this.#write('.time', `${clock(this.#seek.time - from)} / ${clock(to - from)}`);
    else if (this.#seek.held !== null) this.#write('.live span', behind(to - this.#seek.time, this.#words.tag));
  }

  #stir(): void {
    this.#frame.classList.remove('quiet');
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#rest(), QUIET_MILLIS);
  }

  #rest(): void {
    if (!this.video.paused && !this.#seek.open && !this.#root.querySelector('.bar:focus-within :focus-visible')) this.#frame.classList.add('quiet');
  }

  // return gives the focus back to the player as a whole.
  #return(): void {
    this.#frame.focus({ preventScroll: true });
  }

  #button(selector: string, name: Icon, label: string): void {
    if (this.#drawn[selector] === label) return;
    this.#drawn[selector] = label;
    const button = this.#get(selector);
    button.replaceChildren(icon(name));
    button.title = label;
    button.setAttribute('aria-label', label);
  }

  #write(selector: string, text: string): void {
    if (this.#drawn[selector] === text) return;
    this.#drawn[selector] = text;
    this.#get(selector).textContent = text;
  }

  // hide takes the focus to the player as a whole, where what is hidden had it: its keys go on being for whoever uses it.
  #hide(selector: string, hidden: boolean): void {
    const element = this.#get(selector);
    if (hidden && !element.hidden && element.contains(this.#root.activeElement)) this.#return();
    element.hidden = hidden;
  }

  #get<E extends HTMLElement>(selector: string): E {
    const found = this.#root.querySelector<E>(selector);
    if (!found) throw new Error(`controls: no ${selector}`);
    return found;
  }
}
