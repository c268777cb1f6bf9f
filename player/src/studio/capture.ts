// What is broadcast: of the camera, a microphone alone, the screen, screen and camera, a file, or a test pattern.

import { Both } from './both.ts';
import { Clip } from './clip.ts';
import { Devices, ideal } from './devices.ts';
import { type Ask, type Device, DEVICES, type Lack, type Streams, stop, whyOf } from './held.ts';
import type { Corner, Inset } from './inset.ts';
import { Pattern } from './pattern.ts';

export type Source = 'camera' | 'microphone' | 'screen' | 'both' | 'file' | 'pattern';

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
  stream: MediaStream; // of a picture, a sound, or one of each
  sources: MediaStreamTrack[]; // when one of them ends, so does what is captured
  uses: readonly Device[]; // that may be exchanged, or come later
  devices: MediaStreamTrack[]; // of these, what is held
  lacks: readonly Lack[]; // what was wished for, and is not held
  inset: Inset | null;
  exchange(device: Device, ask: Ask): Promise<void>;
  size(width: number, height: number): void; // of the picture from now on, where it can be chosen
  close(): void;
}

// offered tells whether this browser can capture a source at all. Phones cannot show their screens. Where nothing may be captured, as in pages that are not
// secure, it is said when it is tried.
export function offered(source: Source): boolean {
  const { mediaDevices } = navigator;
  if (source === 'screen' || source === 'both') return !mediaDevices || 'getDisplayMedia' in mediaDevices;
  return source !== 'file' || Clip.possible();
}

// capture asks the viewer for what is wished; what is refused is an error, unless something is left to show.
export async function capture(wish: Wish): Promise<Capture> {
  const { source, file, width, height } = wish;
  if (source === 'pattern') return new Pattern(width, height);
  if (source === 'file' && file) return Clip.open(file);
  if (source === 'microphone') return new Devices(null, ['microphone'], { camera: null, microphone: await ask('microphone', wish) }, []);
  if (source === 'camera') return new Devices(null, DEVICES, ...(await obtain(wish)));
  const screen = await navigator.mediaDevices.getDisplayMedia({ video: { ...ideal(width, height), frameRate: { ideal: 30 } }, audio: true });
  const uses: Device[] = source === 'both' ? ['camera', 'microphone'] : screen.getAudioTracks().length === 0 ? ['microphone'] : [];
  const [held, lacks] = await each(uses, wish); // what is not to be had leaves the screen
  if (source === 'screen') return new Devices(screen, uses, held, lacks);
  try {
    return new Both(screen, held, lacks, width, height, wish.corner);
  } catch (error) {
    for (const stream of [screen, held.camera, held.microphone]) stop(stream);
    throw error;
  }
}

// ask asks the viewer for a device.
export function ask(device: Device, wish: Wish): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(device === 'camera' ? { video: cameraOf(wish) } : { audio: soundOf(wish) });
}

// obtain asks for camera and microphone in one question, and where that is refused, for each, so that what is there is used. With neither it is an error.
async function obtain(wish: Wish): Promise<[Streams, Lack[]]> {
  try {
    const found = await navigator.mediaDevices.getUserMedia({ video: cameraOf(wish), audio: soundOf(wish) });
    return [{ camera: new MediaStream(found.getVideoTracks()), microphone: new MediaStream(found.getAudioTracks()) }, []];
  } catch (error) {
    const refused = whyOf(error) === 'denied' ? await refusals() : [];
    const [held, lacks] = await each(DEVICES.filter((device) => !refused.includes(device)), wish);
    if (!held.camera && !held.microphone) throw error;
    return [held, [...refused.map((device): Lack => ({ device, why: 'denied' })), ...lacks]];
  }
}

async function each(devices: readonly Device[], wish: Wish): Promise<[Streams, Lack[]]> {
  const held: Streams = { camera: null, microphone: null };
  const lacks: Lack[] = [];
  for (const device of devices) {
    await ask(device, wish).then((stream) => (held[device] = stream), (error: unknown) => lacks.push({ device, why: whyOf(error) }));
  }
  return [held, lacks];
}

// refusals are the devices that need not be asked for once more: those that are denied, and where none is, those of which the viewer was just asked.
async function refusals(): Promise<Device[]> {
  const states = await Promise.all(DEVICES.map(async (name) => {
    try {
      return (await navigator.permissions.query({ name: name as PermissionName })).state;
    } catch {
      return 'unknown';
    }
  }));
  const no = states.includes('denied') ? 'denied' : 'prompt';
  return DEVICES.filter((_, i) => states[i] === no);
}

function cameraOf({ width, height, camera }: Wish): MediaTrackConstraints {
  return { ...ideal(width, height), frameRate: { ideal: 30 }, ...(camera ? { deviceId: { exact: camera } } : {}) };
}

function soundOf({ microphone }: Wish): MediaTrackConstraints {
  return { echoCancellation: true, noiseSuppression: true, ...(microphone ? { deviceId: { exact: microphone } } : {}) };
}
