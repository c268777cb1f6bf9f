// The switches of remote control of one stream. What would hurt viewers is asked about before it is done, and what came of it is said after.

import { make } from '../make.ts';
import { bits, type Control, find, type Swarm } from '../pages/api.ts';
import { tag } from '../pages/language.ts';
import { figures } from '../pages/words/figures.ts';
import { steering } from '../pages/words/steering.ts';
import { harms } from './consequences.ts';
import { steer } from './desk.ts';

const NUMBERS = ['share', 'cellSize', 'roots', 'maxUploadKbps'] as const;

// shown is a control's number as it stands in its field.
const shown = (c: Control, name: (typeof NUMBERS)[number]): string => String(name === 'share' ? Math.round(1000 * c.share) / 10 : c[name]);

// Steered is what is told of a stream before it is steered; of one without a swarm nobody is there.
export type Steered = Pick<Swarm, 'name' | 'control' | 'viewers' | 'outside' | 'offload' | 'cells' | 'roots'>;

export class Switches {
  readonly #form = find<HTMLFormElement>('#switches');
  readonly #toggle = find<HTMLButtonElement>('#p2p');
  readonly #state = find('#steered-state');
  readonly #sure = find<HTMLDialogElement>('#sure');
  readonly #changed: () => Promise<void>; // something was: look anew
  #swarm: Steered | null = null;
  #defaults: Control | null = null;
  #touched = false; // a field was, and not sent yet
  #busy = false;
  #resting = false; // nothing is changed now

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
  show(swarm: Steered, defaults: Control | null): void {
    if (swarm.name !== this.#swarm?.name) {
      this.#touch(false);
      this.#state.textContent = '';
    }
    this.#swarm = swarm;
    this.#defaults = defaults;
    find('#steered-name').textContent = swarm.name;
    this.#write();
  }

  // touched: the operator has begun to write something else.
  get touched(): boolean {
    return this.#touched;
  }

  // rest keeps all as it is, and changes nothing by it, while nobody tells how the stream is. Whoever is at a field stays there: one that is disabled would
  // lose the focus.
  rest(resting: boolean): void {
    this.#resting = resting;
    for (const name of NUMBERS) this.#field(name).readOnly = resting;
    for (const button of [this.#toggle, find('#apply'), find('#defaults')]) button.setAttribute('aria-disabled', String(resting));
  }

  #write(): void {
    const c = this.#swarm?.control;
    if (!c) return;
    this.#toggle.setAttribute('aria-checked', String(c.p2p));
    this.#toggle.querySelector('span')?.replaceChildren(c.p2p ? figures().on : figures().off);
    find('#p2p-words').textContent = c.p2p ? steering().sharing : steering().notSharing;
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
    if (!swarm || this.#busy || this.#resting) return;
    const { name, control: from } = swarm;
    const changes: Partial<Control> = Object.fromEntries((['p2p', ...NUMBERS] as const).filter((key) => to[key] !== from[key]).map((key) => [key, to[key]]));
    const amiss = harms(from, to, swarm);
    if (amiss.length > 0 && (!(await this.#agreed(name, from, to, amiss)) || this.#resting)) return;
    this.#busy = true;
    this.#form.setAttribute('aria-busy', 'true');
    const said = steering();
    this.#state.textContent = said.telling;
    const { amiss: failed, refused } = await steer(name, method, method === 'PUT' ? {} : changes);
    this.#busy = false;
    this.#form.removeAttribute('aria-busy');
    if (!refused) this.#touch(false);
    await this.#changed();
    const now = this.#swarm?.control;
    const at = new Date().toLocaleTimeString(tag());
    this.#state.textContent = failed || !now ? failed : this.#resting ? said.unseen : said.changed(name, at, said.p2pIs(now.p2p, now.share < 1 ? Math.round(now.share * 100) : null),
      now.cellSize, now.roots, now.maxUploadKbps > 0 ? said.bound(bits(1000 * now.maxUploadKbps)) : said.noBound);
    this.#state.classList.toggle('alert', failed !== '');
  }

  // agreed asks whether it shall be done. The button that does nothing has the focus.
  async #agreed(name: string, from: Control, to: Control, amiss: string[]): Promise<boolean> {
    const off = from.p2p && !to.p2p;
    const said = steering();
    find('#sure-title').textContent = off ? said.turnOff(name) : said.change(name);
    find('#sure-why').replaceChildren(...amiss.map((text) => make('li', {}, text)));
    const yes = find<HTMLButtonElement>('#sure-yes');
    yes.textContent = off ? said.doOff : said.doChange;
    this.#sure.returnValue = '';
    this.#sure.showModal();
    find('#sure-no').focus();
    await new Promise((closed) => this.#sure.addEventListener('close', closed, { once: true }));
    return this.#sure.returnValue === 'yes';
  }
}
