// What is sent where there is nothing to send: silence, or a slate, which is the drawing of a microphone. Viewers of a broadcast whose
// sound or picture just stops come to stand still, as players wait for all that was announced; and what comes later than the beginning would begin
// anew for them.

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

const SLATE_FPS = 10;

// Slate is the picture where there is none: a microphone, so that viewers see that there is sound, in whatever player.
export class Slate {
  readonly track: MediaStreamTrack;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(width: number, height: number) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', { alpha: false });
    const draw = (): void => {
      if (context) microphone(context, width, height);
    };
    draw();
    this.#timer = setInterval(draw, 1000 / SLATE_FPS);
    const [track] = canvas.captureStream(SLATE_FPS).getVideoTracks();
    if (!track) throw new Error('This browser cannot broadcast a canvas.');
    this.track = track;
  }

  close(): void {
    clearInterval(this.#timer);
    this.track.stop();
  }
}

const GROUND = '#04080f'; // as around the picture of the player
const LINES = '#7b899c';
const PART = 4; // of the smaller side is how large it is drawn, which is 24 as the icons are

function microphone(c: CanvasRenderingContext2D, width: number, height: number): void {
  const unit = Math.min(width, height) / PART / 24;
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.fillStyle = GROUND;
  c.fillRect(0, 0, width, height);
  c.setTransform(unit, 0, 0, unit, width / 2, height / 2);
  Object.assign(c, { strokeStyle: LINES, lineWidth: 1.9, lineCap: 'round' });
  c.beginPath();
  c.arc(0, -6, 3.5, Math.PI, 0);
  c.arc(0, -1, 3.5, 0, Math.PI);
  c.closePath();
  c.moveTo(-7, -1);
  c.arc(0, -1, 7, Math.PI, 0, true);
  c.moveTo(0, 6);
  c.lineTo(0, 10);
  c.moveTo(-4, 10);
  c.lineTo(4, 10);
  c.stroke();
}
