// What the studio captures: it is chosen by the buttons and the menus, shown in the preview, and broadcast. When it ends by itself, that is said. It
// lives as long as the page.

import type { Publication } from '../studio/broadcast.ts';
import { ask, capture as captured, type Capture, offered, type Source, type Wish } from '../studio/capture.ts';
import type { Device } from '../studio/held.ts';
import type { Corner } from '../studio/inset.ts';
import type { Shape } from '../studio/shape.ts';
import { find } from './api.ts';
import { Choosing } from './choosing.ts';
import { lacking, refusal } from './words/lacking.ts';
import { told, type Words } from './words/studio.ts';

export interface Surroundings {
  shape(): Shape; // that is wanted
  publication(): Publication | null; // that sends what is captured
  say(what: string): void; // what is wrong; '': nothing
  changed(stream: MediaStream | null): void;
}

export class Capturing {
  readonly #said: Words;
  readonly #page: Surroundings;
  readonly #choosing: Choosing;
  readonly #preview = find<HTMLVideoElement>('#preview');
  readonly #veil = find('#veil');
  readonly #corner = find<HTMLSelectElement>('#corner');
  readonly #file = find<HTMLInputElement>('#file');
  readonly #buttons = [...document.querySelectorAll<HTMLButtonElement>('[data-source]')];
  #source: Source | null = null;
  #capture: Capture | null = null;
  #attended = new Set<EventTarget | null>(); // the tracks whose end is to be noticed
  #opened = 0; // counts captures, so that only the newest counts
  #exchanging = 0; // exchanges under way in what is captured
  readonly #asked = { camera: 0, microphone: 0 }; // how often another was chosen
  #lacking = ''; // what was said last to be missing: it is said anew when that changes, and else leaves what is said besides

  constructor(said: Words, page: Surroundings) {
    this.#said = said;
    this.#page = page;
    this.#choosing = new Choosing(said, (device) => void this.#exchange(device));
    for (const button of this.#buttons) {
      const own = button.dataset['source'] as Source;
      button.hidden = !offered(own);
      button.addEventListener('click', () => (own === 'file' ? this.#file.click() : void this.#open(own)));
    }
    this.#file.addEventListener('change', () => {
      if (this.#file.files?.length) void this.#open('file');
    });
    this.#corner.addEventListener('change', () => {
      if (this.#capture?.inset) this.#capture.inset.corner = this.#corner.value as Corner;
    });
  }

  get source(): Source | null {
    return this.#source;
  }

  get stream(): MediaStream | null {
    return this.#capture?.stream ?? null;
  }

  // size has the picture made in another size, where it is made here.
  size({ width, height }: Shape): void {
    this.#capture?.size(width, height);
  }

  // carry has a publication send what is captured.
  async carry(by: Publication): Promise<void> {
    const { stream } = this;
    await Promise.all([by.replace('audio', stream?.getAudioTracks()[0] ?? null), by.replace('video', stream?.getVideoTracks()[0] ?? null)]);
  }

  async #open(chosen: Source): Promise<void> {
    const turn = ++this.#opened;
    this.#page.say('');
    try {
      const next = await captured(this.#wish(chosen));
      if (turn !== this.#opened) {
        next.close();
        return;
      }
      const before = this.#capture;
      this.#capture = next;
      this.#source = chosen;
      [this.#lacking, this.#exchanging] = ['', 0];
      await this.#changed();
      before?.close();
    } catch (error) {
      if (turn === this.#opened) this.#refused(error, chosen); // else another was chosen meanwhile, and is shown
    }
  }

  // exchange takes another camera or microphone, in the picture that is there.
  async #exchange(device: Device): Promise<void> {
    const now = this.#capture;
    if (!now || !this.#source) return;
    const wished = this.#wish(this.#source);
    this.#page.say('');
    const turn = ++this.#asked[device];
    this.#exchanging++;
    const failed = await now.exchange(device, (id = wished[device]) => ask(device, { ...wished, [device]: id })).then(() => null, (error: unknown) => ({ error }));
    if (now !== this.#capture) return;
    this.#exchanging--;
    const why = failed && turn === this.#asked[device] ? this.#refused(failed.error, device) : ''; // of one that was overtaken nothing is said
    if (!failed) this.#lacking = '';
    await (this.#exchanging > 0 ? this.#changed() : this.#remain(why)); // the menus show the one that is taken
  }

  // refused says why, and returns it.
  #refused(error: unknown, what: Source | Device): string {
    const why = refusal(this.#said, error, what) || told(this.#said, error instanceof Error ? error.message : String(error));
    this.#page.say(why);
    return why;
  }

  // changed shows what is captured, and has it broadcast.
  async #changed(): Promise<void> {
    const now = this.#capture;
    this.#preview.srcObject = this.stream;
    this.#preview.classList.toggle('mirror', this.#source === 'camera');
    this.#veil.hidden = (now?.stream.getVideoTracks().length ?? 0) > 0;
    find('#veil p').textContent = now ? this.#said.soundOnly : this.#said.what;
    for (const button of this.#buttons) button.setAttribute('aria-pressed', String(button.dataset['source'] === this.#source));
    find('#corners').hidden = !now?.inset;
    this.#attended = new Set([...(now?.sources ?? []), ...(now?.devices ?? [])]);
    for (const track of this.#attended) track?.addEventListener('ended', this.#over);
    const missing = now && this.#source ? lacking(this.#said, now.lacks, this.#source) : '';
    if (missing !== '' && missing !== this.#lacking) this.#page.say(missing);
    this.#lacking = missing;
    this.#page.changed(this.stream);
    const publication = this.#page.publication();
    if (publication) await this.carry(publication);
    await this.#choosing.show(now);
  }

  #wish(source: Source): Wish {
    const { width, height } = this.#page.shape();
    const [camera, microphone] = [this.#choosing.of('camera'), this.#choosing.of('microphone')];
    return { source, width, height, camera, microphone, corner: this.#corner.value as Corner, file: this.#file.files?.[0] };
  }

  readonly #over = ({ target }: Event): void => {
    if (this.#attended.has(target)) void this.#remain();
  };

  // remain goes on with what is left, when a device or a source has ended by itself, as it was pulled out, or the screen is shown no more, or was let go
  // for another that is not to be had. If that is nothing, the capture is over.
  async #remain(refused = ''): Promise<void> {
    if (this.#capture?.sources.some(({ readyState }) => readyState === 'live')) {
      await this.#changed();
      return;
    }
    const why = this.#source === 'microphone' ? lacking(this.#said, this.#capture?.lacks ?? [], 'microphone') : refused;
    this.#capture?.close();
    [this.#capture, this.#source] = [null, null];
    this.#page.say([why, this.#said.sourceEnded].filter((text) => text !== '').join(' '));
    await this.#changed();
  }
}
