// What is sent where there is nothing to send. Viewers of a broadcast whose sound or picture just stops come to stand still, as players wait for all
// that was announced; and what comes later than the beginning would begin anew for them.

export class Silence {
  readonly track: MediaStreamTrack;
  readonly #audio = new AudioContext();
  readonly #source = this.#audio.createConstantSource();

  constructor() {
    const output = this.#audio.createMediaStreamDestination();
    this.#source.offset.value = 0;
    this.#source.connect(output);
    this.#source.start();
    void this.#audio.resume();
    const [track] = output.stream.getAudioTracks();
    if (!track) throw new Error('This browser makes no sound to be sent.');
    this.track = track;
  }

  close(): void {
    this.track.stop();
    void this.#audio.close();
  }
}

const DARK_FPS = 10;

export class Dark {
  readonly track: MediaStreamTrack;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(width: number, height: number) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', { alpha: false });
    const draw = (): void => context?.fillRect(0, 0, width, height);
    draw();
    this.#timer = setInterval(draw, 1000 / DARK_FPS);
    const [track] = canvas.captureStream(DARK_FPS).getVideoTracks();
    if (!track) throw new Error('This browser cannot broadcast a canvas.');
    this.track = track;
  }

  close(): void {
    clearInterval(this.#timer);
    this.track.stop();
  }
}
