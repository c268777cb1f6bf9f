// Screen and camera in one picture, and the sound of the screen with that of a microphone. Camera and microphone may be exchanged for others while it
// is broadcast; the screen stays, for whoever shows it would be asked for it again.

import { type Ask, type Device, DEVICES, Held, type Lack, type Streams, stop } from './held.ts';
import { type Corner, Inset } from './inset.ts';
import { Mix } from './mix.ts';

export class Both {
  readonly stream: MediaStream;
  readonly sources: MediaStreamTrack[];
  readonly uses = DEVICES;
  readonly inset: Inset;
  readonly #screen: MediaStream;
  readonly #mix: Mix;
  readonly #held: Held;

  // Both owns the streams from here on. The screen has to have a picture; a camera or a microphone may be missing.
  constructor(screen: MediaStream, streams: Streams, lacks: readonly Lack[], width: number, height: number, corner: Corner) {
    const [shown] = screen.getVideoTracks();
    if (!shown) throw new Error('The screen has no picture.');
    this.#screen = screen;
    this.sources = [shown];
    this.inset = new Inset(shown, eye(streams.camera), width, height, corner);
    this.#mix = new Mix(screen);
    this.#mix.voice = streams.microphone;
    this.#held = new Held(streams, lacks, (device, next) => {
      if (device === 'camera') this.inset.camera = eye(next);
      else this.#mix.voice = next;
      this.#sound();
    });
    this.stream = new MediaStream([this.inset.track]);
    this.#sound();
  }

  get lacks(): readonly Lack[] {
    return this.#held.lacks;
  }

  get devices(): MediaStreamTrack[] {
    return this.#held.tracks;
  }

  exchange(device: Device, ask: Ask): Promise<void> {
    return this.#held.exchange(device, ask);
  }

  size(width: number, height: number): void {
    this.inset.size(width, height);
  }

  close(): void {
    this.inset.close();
    this.#mix.close();
    stop(this.#screen);
    this.#held.close();
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
