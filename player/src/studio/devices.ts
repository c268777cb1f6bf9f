// Camera and microphone, one of them, or a screen with a microphone, as they are. Either may be exchanged for another while it is broadcast, or come later.

import { type Ask, type Device, Held, type Lack, type Streams, stop } from './held.ts';

export class Devices {
  readonly stream: MediaStream;
  readonly uses: readonly Device[];
  readonly inset = null;
  readonly #screen: MediaStream | null;
  readonly #held: Held;

  // Devices owns the streams from here on. Uses are the devices that may come; a screen shows its own picture.
  constructor(screen: MediaStream | null, uses: readonly Device[], streams: Streams, lacks: readonly Lack[]) {
    this.#screen = screen;
    this.uses = uses;
    this.#held = new Held(streams, lacks, (device, next) => this.#show(device, next));
    this.stream = new MediaStream([...(screen?.getTracks() ?? []), ...this.#held.tracks]);
  }

  // sources are the picture; where there is none, the sound.
  get sources(): MediaStreamTrack[] {
    const pictures = this.stream.getVideoTracks();
    return pictures.length > 0 ? pictures : this.stream.getAudioTracks();
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

  // size asks for pictures of a size, which a device gives as near as it can.
  size(width: number, height: number): void {
    for (const track of this.stream.getVideoTracks()) track.applyConstraints({ ...ideal(width, height), frameRate: { ideal: 30 } }).catch(() => undefined);
  }

  close(): void {
    stop(this.#screen);
    this.#held.close();
  }

  #show(device: Device, next: MediaStream | null): void {
    const kind = device === 'camera' ? 'video' : 'audio';
    for (const track of this.stream.getTracks()) if (track.kind === kind) this.stream.removeTrack(track);
    for (const track of next?.getTracks() ?? []) this.stream.addTrack(track);
  }
}

export function ideal(width: number, height: number): MediaTrackConstraints {
  return { width: { ideal: width }, height: { ideal: height } };
}
