// What is broadcast: of the camera, the screen, both, a file, or a test pattern.

import { Both, type Device, stop } from './both.ts';
import { Clip } from './clip.ts';
import type { Corner, Inset } from './inset.ts';
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
  devices: MediaStreamTrack[]; // of camera and microphone
  inset: Inset | null;
  lacks: 'camera' | null; // it was wished for, and is not to be had
  exchange: ((device: Device, ask: () => Promise<MediaStream>) => Promise<void>) | null; // for another device; null: capture anew
  close(): void;
}

// capture asks the viewer for what is wished; what is refused is an error.
export async function capture(wish: Wish): Promise<Capture> {
  const { source, file, width, height } = wish;
  if (source === 'pattern') return whole(new Pattern(width, height));
  if (source === 'file' && file) return whole(await Clip.open(file));
  if (source === 'camera') return devices(await navigator.mediaDevices.getUserMedia({ video: cameraOf(wish), audio: soundOf(wish) }));
  const screen = await navigator.mediaDevices.getDisplayMedia({ video: sizeOf(wish), audio: true });
  const held: Record<Device, MediaStream | null> = { camera: null, microphone: null };
  try {
    if (source === 'both') held.camera = await ask('camera', wish).catch(() => null); // one that is not to be had leaves the screen
    if (source === 'both' || screen.getAudioTracks().length === 0) held.microphone = await ask('microphone', wish).catch(() => null);
    if (source === 'both') return new Both(screen, held, width, height, wish.corner);
    for (const track of held.microphone?.getAudioTracks() ?? []) screen.addTrack(track);
    return devices(screen);
  } catch (error) {
    for (const stream of [screen, held.camera, held.microphone]) if (stream) stop(stream);
    throw error;
  }
}

// ask asks the viewer for a device.
export function ask(device: Device, wish: Wish): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(device === 'camera' ? { video: cameraOf(wish) } : { audio: soundOf(wish) });
}

function whole(of: { stream: MediaStream; close(): void }): Capture {
  return { stream: of.stream, sources: of.stream.getTracks(), devices: [], inset: null, lacks: null, exchange: null, close: () => of.close() };
}

function devices(stream: MediaStream): Capture {
  return { stream, sources: stream.getTracks(), devices: stream.getTracks(), inset: null, lacks: null, exchange: null, close: () => stop(stream) };
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
