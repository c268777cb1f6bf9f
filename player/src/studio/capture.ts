// What is broadcast: of the camera, the screen, both, a file, or a test pattern.

import { Clip } from './clip.ts';
import { type Corner, Inset } from './inset.ts';
import { Mix } from './mix.ts';
import { Pattern } from './pattern.ts';

export type Source = 'camera' | 'screen' | 'both' | 'file' | 'pattern';

export interface Wish {
  source: Source;
  width: number;
  height: number;
  camera: string; // the device's id; '': any
  microphone: string;
  corner: Corner; // in which the camera stands, of both
  file: File | undefined;
}

export interface Capture {
  stream: MediaStream;
  sources: MediaStreamTrack[]; // when one of them ends, so does what is captured
  inset: Inset | null;
  lacks: 'camera' | null; // it was wished for, and is not to be had
  close(): void;
}

// capture asks the viewer for what is wished; what is refused is an error.
export async function capture(wish: Wish): Promise<Capture> {
  const { source, file, width, height } = wish;
  if (source === 'pattern') return whole(new Pattern(width, height));
  if (source === 'file' && file) return whole(await Clip.open(file));
  if (source === 'camera') return devices(await navigator.mediaDevices.getUserMedia({ video: cameraOf(wish), audio: soundOf(wish) }));
  const screen = await navigator.mediaDevices.getDisplayMedia({ video: sizeOf(wish), audio: true });
  try {
    if (source === 'both') return await both(screen, wish);
    if (screen.getAudioTracks().length === 0) {
      for (const track of (await voice(wish))?.getAudioTracks() ?? []) screen.addTrack(track);
    }
    return devices(screen);
  } catch (error) {
    stop(screen);
    throw error;
  }
}

// both puts the camera into a corner of the screen, and mixes their sounds. A camera that is not to be had leaves the screen.
async function both(screen: MediaStream, wish: Wish): Promise<Capture> {
  const camera = await navigator.mediaDevices.getUserMedia({ video: cameraOf(wish) }).catch(() => null);
  const sound = await voice(wish);
  const [shown] = screen.getVideoTracks();
  if (!shown) throw new Error('The screen has no picture.');
  const inset = new Inset(shown, camera?.getVideoTracks()[0] ?? null, wish.width, wish.height, wish.corner);
  const mix = new Mix(sound ? [screen, sound] : [screen]);
  return {
    stream: new MediaStream(mix.track ? [inset.track, mix.track] : [inset.track]),
    sources: [shown],
    inset,
    lacks: camera ? null : 'camera',
    close() {
      inset.close();
      mix.close();
      for (const stream of [screen, camera, sound]) if (stream) stop(stream);
    },
  };
}

// voice is the microphone's; null where it is not to be had.
function voice(wish: Wish): Promise<MediaStream | null> {
  return navigator.mediaDevices.getUserMedia({ audio: soundOf(wish) }).catch(() => null);
}

function whole(of: { stream: MediaStream; close(): void }): Capture {
  return { stream: of.stream, sources: of.stream.getTracks(), inset: null, lacks: null, close: () => of.close() };
}

function devices(stream: MediaStream): Capture {
  return { stream, sources: stream.getTracks(), inset: null, lacks: null, close: () => stop(stream) };
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function sizeOf({ width, height }: Wish): MediaTrackConstraints {
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
}

function cameraOf(wish: Wish): MediaTrackConstraints {
  return { ...sizeOf(wish), ...(wish.camera ? { deviceId: { exact: wish.camera } } : {}) };
}

function soundOf({ microphone }: Wish): MediaTrackConstraints {
  return { echoCancellation: true, noiseSuppression: true, ...(microphone ? { deviceId: { exact: microphone } } : {}) };
}
