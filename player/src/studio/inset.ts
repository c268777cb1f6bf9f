// Screen and camera in one picture: the camera stands in a corner of the screen. Without a camera, or when it is gone, the screen is alone.
//
// Where the browser hands out frames as they come (MediaStreamTrackProcessor and MediaStreamTrackGenerator), each of the camera's makes a picture,
// and so it goes on while another page is looked at, as it is by whoever shows one. Elsewhere a canvas is drawn by the clock of a worker, which
// browsers do not slow down in pages that nobody sees. The camera may become another meanwhile; its pictures are counted by the clock of the page, since
// each camera has a time of its own.

export const CORNERS = ['bottom-right', 'bottom-left', 'top-right', 'top-left'] as const;
export type Corner = (typeof CORNERS)[number];

interface Processor {
  readable: ReadableStream<VideoFrame>;
}

interface Frames {
  MediaStreamTrackProcessor?: new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => Processor;
  MediaStreamTrackGenerator?: new (init: { kind: 'video' }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
}

const FPS = 30;
const SHARE = 0.26; // of the picture's width
const MARGIN = 0.025;

type Canvas = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
type Seen = { image: CanvasImageSource; width: number; height: number } | null;

export class Inset {
  readonly track: MediaStreamTrack;
  corner: Corner;
  readonly #screen: MediaStreamTrack;
  #camera: MediaStreamTrack | null = null;
  #see: (camera: MediaStreamTrack | null) => void = () => undefined; // takes its pictures from there on
  #width: number;
  #height: number;
  readonly #ends: (() => void)[] = [];

  constructor(screen: MediaStreamTrack, camera: MediaStreamTrack | null, width: number, height: number, corner: Corner) {
    this.#screen = screen;
    this.#width = width;
    this.#height = height;
    this.corner = corner;
    const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = globalThis as Frames;
    this.track = MediaStreamTrackProcessor && MediaStreamTrackGenerator
      ? this.#byFrames(MediaStreamTrackProcessor, new MediaStreamTrackGenerator({ kind: 'video' }))
      : this.#byClock();
    this.camera = camera;
  }

  set camera(track: MediaStreamTrack | null) {
    this.#camera = track;
    this.#see(track);
  }

  // size makes pictures of another size from the next on.
  size(width: number, height: number): void {
    [this.#width, this.#height] = [width, height];
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
    this.track.stop();
  }

  // byFrames makes a picture of each frame of the camera; where there is none, of each of the screen.
  #byFrames(Frames: NonNullable<Frames['MediaStreamTrackProcessor']>, made: MediaStreamTrack & { writable: WritableStream<VideoFrame> }): MediaStreamTrack {
    const canvas = new OffscreenCanvas(this.#width, this.#height);
    const context = canvas.getContext('2d', { alpha: false });
    const writer = made.writable.getWriter();
    let last: VideoFrame | null = null; // of the screen, which sends none while nothing moves on it
    const make = (camera: VideoFrame | null): void => {
      if (!context || (writer.desiredSize ?? 0) <= 0) return; // it is not taken so fast
      this.#draw(context, seenFrame(last), seenFrame(camera));
      writer.write(new VideoFrame(canvas, { timestamp: Math.round(1000 * performance.now()) })).catch(() => undefined); // it was closed
    };
    const open = (track: MediaStreamTrack): ReadableStreamDefaultReader<VideoFrame> => new Frames({ track, maxBufferSize: 1 }).readable.getReader();
    const end = (reader: ReadableStreamDefaultReader<VideoFrame> | null): void => void reader?.cancel().catch(() => undefined);
    const read = async (reader: ReadableStreamDefaultReader<VideoFrame>, take: (frame: VideoFrame) => void): Promise<void> => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
      }
    };
    const screen = open(this.#screen);
    void read(screen, (frame) => {
      last?.close();
      last = frame;
      if (this.#camera?.readyState !== 'live') make(null);
    }).catch(() => undefined).finally(() => {
      last?.close();
      last = null;
    });
    let seen: ReadableStreamDefaultReader<VideoFrame> | null = null;
    this.#see = (camera) => {
      end(seen);
      seen = camera && open(camera);
      if (!seen) return;
      void read(seen, (frame) => {
        try {
          make(frame);
        } finally {
          frame.close();
        }
      }).catch(() => undefined);
    };
    this.#ends.push(() => end(screen), () => end(seen));
    this.#ends.push(() => void writer.close().catch(() => undefined));
    return made;
  }

  #byClock(): MediaStreamTrack {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [this.#width, this.#height];
    const context = canvas.getContext('2d', { alpha: false });
    const [screen, camera] = [this.#video(), this.#video()];
    play(screen, this.#screen);
    this.#see = (track) => play(camera, track);
    const beat = URL.createObjectURL(new Blob([`setInterval(() => postMessage(0), ${1000 / FPS})`], { type: 'text/javascript' }));
    const clock = new Worker(beat);
    clock.onmessage = () => context && this.#draw(context, seenVideo(screen), this.#camera?.readyState === 'live' ? seenVideo(camera) : null);
    this.#ends.push(() => {
      clock.terminate();
      URL.revokeObjectURL(beat);
    });
    const [track] = canvas.captureStream(FPS).getVideoTracks();
    if (!track) throw new Error('This browser cannot broadcast a canvas.');
    return track;
  }

  #video(): HTMLVideoElement {
    const video = document.createElement('video');
    video.muted = video.playsInline = true;
    this.#ends.push(() => (video.srcObject = null));
    return video;
  }

  #draw(c: Canvas, screen: Seen, camera: Seen): void {
    const [w, h] = [this.#width, this.#height];
    if (c.canvas.width !== w || c.canvas.height !== h) [c.canvas.width, c.canvas.height] = [w, h];
    c.fillStyle = '#060d14';
    c.fillRect(0, 0, w, h);
    if (screen) {
      const scale = Math.min(w / screen.width, h / screen.height);
      const [width, height] = [screen.width * scale, screen.height * scale];
      c.drawImage(screen.image, (w - width) / 2, (h - height) / 2, width, height);
    }
    if (!camera) return;
    const width = SHARE * w;
    const height = (width * camera.height) / camera.width;
    const [x, y] = cornered(this.corner, w, h, width, height);
    c.save();
    c.beginPath();
    c.roundRect(x, y, width, height, width / 16);
    c.clip();
    c.drawImage(camera.image, x, y, width, height);
    c.restore();
    c.lineWidth = w / 400;
    c.strokeStyle = 'rgb(255 255 255 / .85)';
    c.stroke();
  }
}

// cornered returns where something of a size begins in a corner.
export function cornered(corner: Corner, w: number, h: number, width: number, height: number): [x: number, y: number] {
  const margin = MARGIN * w;
  return [corner.endsWith('left') ? margin : w - width - margin, corner.startsWith('top') ? margin : h - height - margin];
}

function play(video: HTMLVideoElement, track: MediaStreamTrack | null): void {
  video.srcObject = track && new MediaStream([track]);
  if (track) void video.play().catch(() => undefined); // it was closed
}

function seenFrame(frame: VideoFrame | null): Seen {
  return frame && { image: frame, width: frame.displayWidth, height: frame.displayHeight };
}

function seenVideo(video: HTMLVideoElement): Seen {
  return video.readyState >= 2 && video.videoWidth > 0 ? { image: video, width: video.videoWidth, height: video.videoHeight } : null;
}
