// A test picture and a beep each second: for trying a stream without a camera. The beep sounds when the bar flashes,
// so that picture and sound can be compared by eye and ear. The strip at the top is the number of the picture for machines, by which one
// can measure how late it is shown: 16 squares, the lowest bit first, between a white one and a black one.

const FPS = 30;
const BEEP_SECONDS = 0.08;
const BARS = ['#c9ced6', '#d8c94a', '#3fc5c7', '#45b85a', '#b955b5', '#cf4a4a', '#3f55c9'];

export class Pattern {
  readonly stream: MediaStream;
  readonly uses = [];
  readonly devices = [];
  readonly lacks = [];
  readonly inset = null;
  readonly #audio = new AudioContext();
  readonly #canvas = document.createElement('canvas');
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #began = performance.now();
  #beeped = -1;
  #frame = 0;

  constructor(width: number, height: number) {
    this.size(width, height);
    const output = this.#audio.createMediaStreamDestination();
    const quiet = this.#audio.createGain();
    quiet.connect(output);
    this.#draw(quiet);
    this.#timer = setInterval(() => this.#draw(quiet), 1000 / FPS);
    this.stream = new MediaStream([...this.#canvas.captureStream(FPS).getVideoTracks(), ...output.stream.getAudioTracks()]);
    void this.#audio.resume();
  }

  get sources(): MediaStreamTrack[] {
    return this.stream.getTracks();
  }

  async exchange(): Promise<void> {}

  size(width: number, height: number): void {
    [this.#canvas.width, this.#canvas.height] = [width, height];
  }

  close(): void {
    clearInterval(this.#timer);
    for (const track of this.stream.getTracks()) track.stop();
    void this.#audio.close();
  }

  #draw(output: AudioNode): void {
    const c = this.#canvas.getContext('2d');
    if (!c) return;
    const { width: w, height: h } = this.#canvas;
    const seconds = (performance.now() - this.#began) / 1000;
    const second = Math.floor(seconds);
    const since = seconds - second;
    if (second !== this.#beeped) {
      this.#beeped = second;
      this.#beep(output, second % 10 === 0 ? 1320 : 880);
    }

    BARS.forEach((colour, i) => {
      c.fillStyle = colour;
      c.fillRect(Math.floor((i * w) / BARS.length), 0, Math.ceil(w / BARS.length), h);
    });
    const shade = c.createLinearGradient(0, 0, 0, h);
    shade.addColorStop(0, 'rgb(5 14 26 / .25)');
    shade.addColorStop(1, 'rgb(5 14 26 / .92)');
    c.fillStyle = shade;
    c.fillRect(0, 0, w, h);

    // a hand that goes round once a second
    const [x, y, r] = [w / 2, h * 0.44, h * 0.27];
    c.lineWidth = h * 0.012;
    c.strokeStyle = 'rgb(255 255 255 / .3)';
    c.beginPath();
    c.arc(x, y, r, 0, 2 * Math.PI);
    c.stroke();
    c.strokeStyle = since < BEEP_SECONDS ? '#fff' : '#2fd6b5';
    c.lineWidth = h * 0.022;
    c.lineCap = 'round';
    c.beginPath();
    c.arc(x, y, r, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * since);
    c.stroke();

    c.fillStyle = '#fff';
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    c.font = `700 ${Math.round(h * 0.17)}px system-ui, sans-serif`;
    c.fillText(String(this.#frame++), x, y);
    c.font = `600 ${Math.round(h * 0.05)}px ui-monospace, monospace`;
    c.fillText(new Date().toISOString().slice(11, 23), x, h * 0.84);
    if (since < BEEP_SECONDS) c.fillRect(0, h * 0.95, w, h * 0.05);
    this.#strip(c, w / 36, (this.#frame - 1) & 0xffff);
  }

  #strip(c: CanvasRenderingContext2D, side: number, number: number): void {
    for (let i = 0; i < 18; i++) {
      c.fillStyle = i === 0 || (i < 17 && (number >> (i - 1)) & 1) ? '#fff' : '#000';
      c.fillRect((9 + i) * side, side, side, side);
    }
  }

  #beep(output: AudioNode, hertz: number): void {
    const now = this.#audio.currentTime;
    const tone = this.#audio.createOscillator();
    const shape = this.#audio.createGain();
    tone.frequency.value = hertz;
    shape.gain.setValueAtTime(0, now);
    shape.gain.linearRampToValueAtTime(0.35, now + 0.005);
    shape.gain.setValueAtTime(0.35, now + BEEP_SECONDS - 0.01);
    shape.gain.linearRampToValueAtTime(0, now + BEEP_SECONDS);
    tone.connect(shape).connect(output);
    tone.start(now);
    tone.stop(now + BEEP_SECONDS);
  }
}
