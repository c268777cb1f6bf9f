// What goes out by a connection: a picture and a sound, whose tracks may become others at any time.
//
// Both are always offered, as nothing can be offered later. While there is no sound, silence is sent; a picture that never was is not, and the broadcast
// is one of sound alone. No picture is larger than the shape says, as far as the browser has it so: what it refuses is told in words.

import { Slate, Silence } from './nothing.ts';
import { alike, scaleOf, type Shape } from './shape.ts';

export type Kind = 'audio' | 'video';

const SOUND_BITS = 128_000;

const UNSENT = 'This browser refused to send what was chosen. Choose it again, or end the stream and go live anew.';
const UNFIT = 'This browser refused the resolution and the bitrate that were chosen. The picture goes out by those before.';

export class Outgoing {
  readonly #connection: RTCPeerConnection;
  readonly #refused: (what: string) => void;
  readonly #senders = new Map<Kind, RTCRtpSender>();
  #shape: Shape;
  #silence: Silence | null = null;
  #slate: Slate | null = null;
  #unfit = false; // the shape was refused last
  #changing: Promise<void> = Promise.resolve(); // one change at a time: no track goes by what was made out for another

  // Refused takes the words for what the browser refuses.
  constructor(connection: RTCPeerConnection, shape: Shape, refused: (what: string) => void) {
    this.#connection = connection;
    this.#shape = shape;
    this.#refused = refused;
  }

  // offer has the connection send the stream's tracks, from its first description on.
  async offer(stream: MediaStream): Promise<void> {
    await this.#offer('audio', stream.getAudioTracks()[0] ?? null, stream);
    await this.#offer('video', stream.getVideoTracks()[0] ?? null, stream);
  }

  // replace sends another track of a kind from now on, or none.
  replace(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    return this.#queue(() => this.#send(kind, track));
  }

  // fit keeps what is sent as it should be from now on: what is captured becomes another size when a phone is turned, or a window is drawn larger.
  fit(shape: Shape): Promise<void> {
    this.#shape = shape;
    return this.#queue(async () => {
      const video = this.#senders.get('video');
      if (video?.track) await this.#limit(video, await this.#scale(video, video.track));
    });
  }

  // close lets go of what was sent for want of something.
  close(): void {
    this.#silence = close(this.#silence);
    this.#slate = close(this.#slate);
  }

  #queue(change: () => Promise<void>): Promise<void> {
    this.#changing = this.#changing.then(change).catch(() => this.#tell(UNSENT));
    return this.#changing;
  }

  #tell(what: string): void {
    if (this.#connection.signalingState !== 'closed') this.#refused(what);
  }

  async #offer(kind: Kind, track: MediaStreamTrack | null, stream: MediaStream): Promise<void> {
    const video = kind === 'video';
    const transceiver = this.#connection.addTransceiver(track ?? (video ? kind : this.#quiet()), {
      direction: 'sendonly',
      streams: [stream],
      sendEncodings: [video ? { maxBitrate: this.#shape.bits, scaleResolutionDownBy: scaleBy(track, this.#shape) } : { maxBitrate: SOUND_BITS }],
    });
    this.#senders.set(kind, transceiver.sender);
    if (!video) return;
    preferH264(transceiver);
    await keepSize(transceiver.sender);
  }

  async #send(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    const sender = this.#senders.get(kind);
    if (!sender || (track && track === sender.track) || (!track && !sender.track)) return;
    const next = track ?? (kind === 'audio' ? this.#quiet() : this.#still(sender));
    if (kind === 'video' && !alike(scaleBy(next, this.#shape), scaled(sender))) {
      await sender.replaceTrack(null); // no picture of one size goes by the scale of another
      await this.#limit(sender, scaleBy(next, this.#shape));
    }
    await sender.replaceTrack(next);
    if (kind === 'audio' && track) this.#silence = close(this.#silence);
    if (kind === 'video' && track) this.#slate = close(this.#slate);
  }

  #quiet(): MediaStreamTrack {
    return (this.#silence ??= new Silence()).track;
  }

  // still is a slate of the size of what was sent before.
  #still(sender: RTCRtpSender): MediaStreamTrack {
    const { width = this.#shape.width, height = this.#shape.height } = sender.track?.getSettings() ?? {};
    const scale = scaled(sender);
    return (this.#slate ??= new Slate(Math.round(width / scale), Math.round(height / scale))).track;
  }

  // scale asks the connection where the track does not tell its size, as that of a file.
  async #scale(sender: RTCRtpSender, track: MediaStreamTrack): Promise<number> {
    if (track.getSettings().width) return scaleBy(track, this.#shape);
    let [width, height] = [0, 0];
    (await sender.getStats()).forEach((s: Record<string, unknown>) => {
      if (s['type'] === 'media-source') [width, height] = [Number(s['width'] ?? 0), Number(s['height'] ?? 0)];
    });
    return width > 0 ? scaleOf(width, height, this.#shape) : scaled(sender);
  }

  // limit has the picture go by the shape. Where that is refused it goes on all the same, and is told once; the next fit tries again.
  async #limit(sender: RTCRtpSender, scale: number): Promise<void> {
    try {
      await this.#set(sender, scale);
      this.#unfit = false;
    } catch {
      if (!this.#unfit) this.#tell(UNFIT);
      this.#unfit = true;
    }
  }

  async #set(sender: RTCRtpSender, scale: number): Promise<void> {
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings;
    const { bits } = this.#shape;
    if (!encoding || (encoding.maxBitrate === bits && alike(encoding.scaleResolutionDownBy ?? 1, scale))) return;
    Object.assign(encoding, { maxBitrate: bits, scaleResolutionDownBy: scale });
    await sender.setParameters(parameters);
  }
}

function scaleBy(track: MediaStreamTrack | null, shape: Shape): number {
  const { width = 0, height = 0 } = track?.getSettings() ?? {};
  return scaleOf(width, height, shape);
}

function scaled(sender: RTCRtpSender): number {
  return sender.getParameters().encodings[0]?.scaleResolutionDownBy ?? 1;
}

function close(nothing: Silence | Slate | null): null {
  nothing?.close();
  return null;
}

// preferH264 puts H.264 first: it is what HLS carries to every viewer without another encoding.
function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs ?? [];
  const rank = (codec: { mimeType: string; sdpFmtpLine?: string }): number => {
    if (codec.mimeType.toLowerCase() !== 'video/h264') return 2;
    return /packetization-mode=1/.test(codec.sdpFmtpLine ?? '') ? 0 : 1;
  };
  const sorted = codecs.map((codec, i) => ({ codec, i })).sort((a, b) => rank(a.codec) - rank(b.codec) || a.i - b.i);
  if (sorted.length > 0) transceiver.setCodecPreferences?.(sorted.map(({ codec }) => codec));
}

// keepSize has the browser lower the frame rate and not the size when it runs short: each new size is a
// discontinuity for all viewers.
async function keepSize(sender: RTCRtpSender): Promise<void> {
  try {
    await sender.setParameters({ ...sender.getParameters(), degradationPreference: 'maintain-resolution' } as RTCRtpSendParameters);
  } catch {
    // a browser that does not know it
  }
}
