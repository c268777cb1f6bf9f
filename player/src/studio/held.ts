// The camera and the microphone that are held, each of them or not, and their exchange for others while they are broadcast.
//
// Many phones have one camera open at a time: the other is then called busy. So the one before is let go, and taken again if the other is not to be had
// even so. One that ends by itself, as it was pulled out, is held no more.

export type Device = 'camera' | 'microphone';
export const DEVICES: readonly Device[] = ['camera', 'microphone'];

// Why a device is not held: there is none, the browser may not use it, or another program does.
export type Why = 'missing' | 'denied' | 'busy';

export interface Lack {
  device: Device;
  why: Why;
}

export type Streams = Record<Device, MediaStream | null>;

// Ask asks for a device: for the one that was chosen, or for the one with the id.
export type Ask = (id?: string) => Promise<MediaStream>;

export class Held {
  readonly #streams: Streams;
  readonly #took: (device: Device, stream: MediaStream | null) => void;
  readonly #turns: Record<Device, number> = { camera: 0, microphone: 0 }; // count exchanges, so that only the newest counts
  readonly #pending: Record<Device, number> = { camera: 0, microphone: 0 }; // exchanges under way
  #lacks: readonly Lack[];
  #closed = false;

  // Held owns the streams from here on. It tells what is held instead of what was.
  constructor(streams: Streams, lacks: readonly Lack[], took: (device: Device, stream: MediaStream | null) => void) {
    this.#streams = streams;
    this.#lacks = lacks;
    this.#took = took;
    for (const device of DEVICES) this.#attend(device);
  }

  get tracks(): MediaStreamTrack[] {
    return DEVICES.flatMap((device) => this.#streams[device]?.getTracks() ?? []);
  }

  get lacks(): readonly Lack[] {
    return this.#lacks;
  }

  // exchange takes another device in the place of one. If that is refused, the one before stays, unless it was let go for an exchange that counts no
  // more: then none is held.
  async exchange(device: Device, ask: Ask): Promise<void> {
    this.#pending[device]++;
    try {
      await this.#exchange(device, ask);
    } finally {
      this.#pending[device]--;
      const over = this.#streams[device]?.getTracks().some(({ readyState }) => readyState === 'ended');
      if (over && this.#pending[device] === 0 && !this.#closed) this.#take(device, null);
    }
  }

  close(): void {
    this.#closed = true;
    for (const device of DEVICES) stop(this.#streams[device]);
  }

  async #exchange(device: Device, ask: Ask): Promise<void> {
    const turn = ++this.#turns[device];
    const counts = (): boolean => !this.#closed && turn === this.#turns[device];
    let next: MediaStream;
    try {
      next = await ask();
    } catch (error) {
      const before = this.#streams[device];
      if (whyOf(error) !== 'busy' || !before || !counts()) throw error;
      next = await this.#inTurn(device, before, ask, counts);
    }
    if (counts()) this.#take(device, next);
    else stop(next);
  }

  async #inTurn(device: Device, before: MediaStream, ask: Ask, counts: () => boolean): Promise<MediaStream> {
    const id = before.getTracks()[0]?.getSettings().deviceId ?? '';
    stop(before);
    try {
      return await ask();
    } catch (error) {
      const back = await ask(id).catch(() => null);
      if (counts()) this.#take(device, back);
      else stop(back);
      throw error;
    }
  }

  #take(device: Device, next: MediaStream | null, why: Why = 'busy'): void {
    const before = this.#streams[device];
    this.#streams[device] = next;
    this.#lacks = this.#lacks.filter((lack) => lack.device !== device);
    if (!next) this.#lacks = [...this.#lacks, { device, why }];
    this.#attend(device);
    this.#took(device, next);
    stop(before);
  }

  #attend(device: Device): void {
    const stream = this.#streams[device];
    for (const track of stream?.getTracks() ?? []) {
      track.addEventListener('ended', () => {
        if (stream === this.#streams[device] && !this.#closed) this.#take(device, null, 'missing');
      });
    }
  }
}

export function whyOf(error: unknown): Why {
  const name = error instanceof DOMException ? error.name : '';
  return name === 'NotAllowedError' ? 'denied' : name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}

export function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
