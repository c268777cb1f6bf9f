// A file of this machine as what is shown, over and over.

type Playing = HTMLVideoElement & { captureStream?: () => MediaStream; mozCaptureStream?: () => MediaStream };

export class Clip {
  readonly stream: MediaStream;
  readonly uses = [];
  readonly devices = [];
  readonly lacks = [];
  readonly inset = null;
  readonly #video: HTMLVideoElement;

  private constructor(video: HTMLVideoElement, stream: MediaStream) {
    this.#video = video;
    this.stream = stream;
  }

  // possible tells whether this browser can broadcast what it plays.
  static possible(): boolean {
    const { prototype } = HTMLVideoElement;
    return 'captureStream' in prototype || 'mozCaptureStream' in prototype;
  }

  // open plays a file. It is an error if the browser cannot, or cannot broadcast what it plays.
  static async open(file: File): Promise<Clip> {
    const video = document.createElement('video') as Playing;
    const capture = video.captureStream ?? video.mozCaptureStream;
    if (!capture) throw new Error('This browser cannot broadcast a file. Chrome, Edge and Firefox can.');
    video.src = URL.createObjectURL(file);
    video.loop = true;
    video.muted = true; // here; what is captured has its sound
    try {
      await video.play();
    } catch {
      URL.revokeObjectURL(video.src);
      throw new Error(`This browser cannot play “${file.name}”. An MP4 with H.264 and AAC will do.`);
    }
    return new Clip(video, capture.call(video));
  }

  get sources(): MediaStreamTrack[] {
    return this.stream.getTracks();
  }

  async exchange(): Promise<void> {}

  size(): void {} // it has its own

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    this.#video.pause();
    URL.revokeObjectURL(this.#video.src);
    this.#video.removeAttribute('src');
  }
}
