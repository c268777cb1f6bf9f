// Screen and camera in one picture, and the sound of the screen with that of a microphone. Camera and microphone may be exchanged for others while it
// is broadcast; the screen stays, for whoever shows it would be asked for it again.

import { type Corner, Inset } from './inset.ts';
import { Mix } from './mix.ts';

export type Device = 'camera' | 'microphone';

export class Both {
  readonly stream: MediaStream;
  readonly sources: MediaStreamTrack[];
  readonly inset: Inset;
  readonly #screen: MediaStream;
  readonly #mix: Mix;
  readonly #held: Record<Device, MediaStream | null>;
  readonly #turns: Record<Device, number> = { camera: 0, microphone: 0 }; // count exchanges, so that only the newest counts
  #closed = false;

  // Both owns the streams from here on. The screen has to have a picture; a camera or a microphone may be missing.
  constructor(screen: MediaStream, held: Record<Device, MediaStream | null>, width: number, height: number, corner: Corner) {
    const [shown] = screen.getVideoTracks();
    if (!shown) throw new Error('The screen has no picture.');
    this.#screen = screen;
    this.#held = held;
    this.sources = [shown];
    this.inset = new Inset(shown, eye(held.camera), width, height, corner);
    this.#mix = new Mix(screen);
    this.#mix.voice = held.microphone;
    this.stream = new MediaStream([this.inset.track]);
    this.#sound();
  }

  get lacks(): 'camera' | null {
    return this.#held.camera ? null : 'camera';
  }

  get devices(): MediaStreamTrack[] {
    return [this.#held.camera, this.#held.microphone].flatMap((stream) => stream?.getTracks() ?? []);
  }

  // exchange takes another device in the place of one. If that is refused, the one before stays.
  async exchange(device: Device, ask: () => Promise<MediaStream>): Promise<void> {
    const turn = ++this.#turns[device];
    const next = await ask();
    if (this.#closed || turn !== this.#turns[device]) {
      stop(next);
      return;
    }
    const before = this.#held[device];
    this.#held[device] = next;
    if (device === 'camera') this.inset.camera = eye(next);
    else this.#mix.voice = next;
    if (before) stop(before);
    this.#sound();
  }

  close(): void {
    this.#closed = true;
    this.inset.close();
    this.#mix.close();
    for (const stream of [this.#screen, this.#held.camera, this.#held.microphone]) if (stream) stop(stream);
  }

  // sound adds the track of the sound, once there is one.
  #sound(): void {
    const { track } = this.#mix;
    if (track) this.stream.addTrack(track); // once: a stream has a track but once
  }
}

function eye(camera: MediaStream | null): MediaStreamTrack | null {
  return camera?.getVideoTracks()[0] ?? null;
}

export function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
