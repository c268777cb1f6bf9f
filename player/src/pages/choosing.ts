// The menus of cameras and microphones: of what is captured, those that it may use, as they come and go. They live as
// long as the page, as the listener for that does.

import type { Capture } from '../studio/capture.ts';
import { type Device, DEVICES } from '../studio/held.ts';
import { make } from '../make.ts';
import { find } from './api.ts';

const KINDS = { camera: { of: 'videoinput', track: 'video' }, microphone: { of: 'audioinput', track: 'audio' } } as const;

export class Choosing {
  readonly #menus = { camera: find<HTMLSelectElement>('#camera'), microphone: find<HTMLSelectElement>('#microphone') };
  readonly #words: Record<Device, string>;
  #capture: Capture | null = null;
  #turn = 0; // counts listings, so that only the newest counts

  constructor(words: Record<Device, string>, chosen: (device: Device) => void) {
    this.#words = words;
    for (const device of DEVICES) this.#menus[device].addEventListener('change', () => chosen(device));
    navigator.mediaDevices?.addEventListener?.('devicechange', () => void this.show(this.#capture));
  }

  // of is the id of the device that is chosen; '': any.
  of(device: Device): string {
    return this.#menus[device].value;
  }

  // show lists what may be chosen for what is captured, and which of it is held.
  async show(capture: Capture | null): Promise<void> {
    this.#capture = capture;
    const turn = ++this.#turn;
    const uses = capture?.uses ?? [];
    find('#devices').hidden = uses.length === 0 && !capture?.inset;
    for (const device of DEVICES) (this.#menus[device].parentElement as HTMLElement).hidden = !uses.includes(device);
    if (!capture) for (const device of DEVICES) this.#menus[device].replaceChildren(); // what is captured next may be any that is there
    if (uses.length === 0) return;
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    if (turn !== this.#turn || !capture) return;
    for (const device of uses) {
      const { of, track } = KINDS[device];
      const held = capture.devices.find(({ kind, readyState }) => kind === track && readyState === 'live')?.getSettings().deviceId;
      const options = all.filter(({ kind, deviceId }) => kind === of && deviceId !== '').map(({ deviceId, label }, i) => make('option', { value: deviceId }, label || `${this.#words[device]} ${i + 1}`));
      if (held === undefined) options.unshift(make('option', { value: '' }, '–')); // so that one that is there can be chosen
      this.#menus[device].replaceChildren(...options);
      this.#menus[device].value = held ?? '';
    }
  }
}
