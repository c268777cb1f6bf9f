// The switches of remote control of one stream. What would hurt viewers is asked about before it is done, and what came of it is said after.

import { bits, type Control, find, make, type Swarm } from '../pages/api.ts';
import { harms } from './consequences.ts';
import { steer } from './desk.ts';

const NUMBERS = ['share', 'cellSize', 'roots', 'maxUploadKbps'] as const;

// shown is a control's number as it stands in its field.
const shown = (c: Control, name: (typeof NUMBERS)[number]): string => String(name === 'share' ? Math.round(1000 * c.share) / 10 : c[name]);

export class Switches {
  readonly #form = find<HTMLFormElement>('#switches');
  readonly #toggle = find<HTMLButtonElement>('#p2p');
  readonly #state = find('#steered-state');
  readonly #sure = find<HTMLDialogElement>('#sure');
  readonly #changed: () => Promise<void>; // something was: look anew
  #swarm: Swarm | null = null;
  #defaults: Control | null = null;
  #touched = false; // a field was, and not sent yet
  #busy = false;

  constructor(changed: () => Promise<void>) {
    this.#changed = changed;
    this.#form.addEventListener('input', () => this.#touch(true));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const from = this.#swarm?.control;
      if (from) void this.#change('PATCH', { ...from, ...this.#fields() });
    });
    this.#toggle.addEventListener('click', () => {
      const from = this.#swarm?.control;
      if (from) void this.#change('PATCH', { ...from, p2p: !from.p2p });
    });
    find('#defaults').addEventListener('click', () => {
      if (this.#defaults) void this.#change('PUT', this.#defaults);
    });
    find('#undo').addEventListener('click', () => {
      this.#touch(false);
      this.#write();
    });
  }

  // show takes a stream as it is now. Fields that the operator is at are left to him, unless it is another stream.
  show(swarm: Swarm, defaults: Control | null): void {
    if (swarm.name !== this.#swarm?.name) {
      this.#touch(false);
      this.#state.textContent = '';
    }
    this.#swarm = swarm;
    this.#defaults = defaults;
    find('#steered-name').textContent = swarm.name;
    this.#write();
  }

  #write(): void {
    const c = this.#swarm?.control;
    if (!c) return;
    this.#toggle.setAttribute('aria-checked', String(c.p2p));
    this.#toggle.querySelector('span')?.replaceChildren(c.p2p ? 'On' : 'Off');
    if (!this.#touched) for (const name of NUMBERS) this.#field(name).value = shown(c, name);
    const d = this.#defaults;
    find<HTMLButtonElement>('#defaults').disabled = !d || (c.p2p === d.p2p && NUMBERS.every((name) => c[name] === d[name]));
  }

  #field(name: string): HTMLInputElement {
    return find<HTMLInputElement>(`#control-${name}`);
  }

  #fields(): Partial<Control> {
    const number = (name: string): number => Number(this.#field(name).value);
    return { share: number('share') / 100, cellSize: number('cellSize'), roots: number('roots'), maxUploadKbps: number('maxUploadKbps') };
  }

  #touch(touched: boolean): void {
    this.#touched = touched;
    find<HTMLButtonElement>('#apply').disabled = !touched;
    find('#undo').hidden = !touched;
  }

  async #change(method: 'PATCH' | 'PUT', to: Control): Promise<void> {
    const swarm = this.#swarm;
    if (!swarm || this.#busy) return;
    const { name, control: from } = swarm;
    const changes: Partial<Control> = Object.fromEntries((['p2p', ...NUMBERS] as const).filter((key) => to[key] !== from[key]).map((key) => [key, to[key]]));
    const amiss = harms(from, to, swarm);
    if (amiss.length > 0 && !(await this.#agreed(name, from, to, amiss))) return;
    this.#busy = true;
    this.#form.setAttribute('aria-busy', 'true');
    this.#state.textContent = 'Telling the trackers…';
    const failed = await steer(name, method, method === 'PUT' ? {} : changes);
    this.#busy = false;
    this.#form.removeAttribute('aria-busy');
    if (!failed.startsWith('Refused')) this.#touch(false);
    await this.#changed();
    const now = this.#swarm?.control;
    const at = new Date().toLocaleTimeString();
    this.#state.textContent = failed || !now ? failed : `${name}, ${at}: P2P is ${now.p2p ? `on${now.share < 1 ? ` for ${Math.round(now.share * 100)} %` : ''}` : 'off'}; ` +
      `cells of ${now.cellSize}, ${now.roots} of them from the edge; ${now.maxUploadKbps > 0 ? `at most ${bits(1000 * now.maxUploadKbps)} from each viewer` : 'no bound of upload'}.`;
    this.#state.classList.toggle('alert', failed !== '');
  }

  // agreed asks whether it shall be done. The button that does nothing has the focus.
  async #agreed(name: string, from: Control, to: Control, amiss: string[]): Promise<boolean> {
    const off = from.p2p && !to.p2p;
    find('#sure-title').textContent = off ? `Turn P2P off for ${name}?` : `Change the swarm of ${name}?`;
    find('#sure-why').replaceChildren(...amiss.map((text) => make('li', {}, text)));
    const yes = find<HTMLButtonElement>('#sure-yes');
    yes.textContent = off ? 'Turn P2P off' : 'Change it';
    this.#sure.returnValue = '';
    this.#sure.showModal();
    find('#sure-no').focus();
    await new Promise((closed) => this.#sure.addEventListener('close', closed, { once: true }));
    return this.#sure.returnValue === 'yes';
  }
}
