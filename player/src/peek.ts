// A look at another moment, before one goes there: the first picture of its segment, decoded alone from the first bytes of it.
//
// It is never to cost what is played anything: one request at a time, of the least priority, after the pointer has rested; none while the picture
// waits for media, nor where the viewer saves data. Where the browser has no WebCodecs, as outside of secure contexts, there are no pictures.

import { joined } from './bytes.ts';
import { findPicture, readTrack, type Track } from './keyframe.ts';

// What is at a URL, or stands there from a byte on.
export interface File {
  url: string;
  at: number;
}

export interface Scene {
  segment: File;
  init: File;
  codec: string; // of its video, by the playlist
}

export interface Sight {
  sceneAt(time: number): Scene | null;
  fetch(url: string, init: RequestInit): Promise<Response>;
  may(): boolean; // something may be asked of the server now
  draw(picture: ImageBitmap | null): void; // of the moment that was looked for last; null: there is none, or not yet
}

const REST_MILLIS = 100;
const HEAD = 64 << 10; // bytes of a segment that are asked for first
const MOST = 2 << 20; // bytes that a picture may have
const WIDTH = 240; // pixels of a picture: half as many again as are shown
const KEPT = 60; // pictures
const FETCH_MILLIS = 8000;
const AGAIN_MILLIS = 1000; // after what did not come in time

export class Peek {
  readonly #sight: Sight;
  readonly #pictures = new Map<string, ImageBitmap | null>(); // by segment, the newest last; null: it has none that can be seen
  readonly #tracks = new Map<string, Track | null>(); // by init segment
  #wanted: Scene | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy: AbortController | null = null;

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  // look for a moment; null: at none any more.
  look(time: number | null): void {
    const scene = time === null ? null : this.#sight.sceneAt(time);
    if (key(scene?.segment) === key(this.#wanted?.segment)) return;
    this.#wanted = scene;
    clearTimeout(this.#timer);
    if (time === null) this.#busy?.abort();
    this.#sight.draw(this.#pictures.get(key(scene?.segment)) ?? null);
    this.#timer = scene && !this.#pictures.has(key(scene.segment)) && typeof VideoDecoder === 'function' ? setTimeout(() => void this.#get(), REST_MILLIS) : undefined;
  }

  close(): void {
    this.look(null);
    for (const picture of this.#pictures.values()) picture?.close();
    this.#pictures.clear();
    this.#tracks.clear();
  }

  async #get(): Promise<void> {
    const scene = this.#wanted;
    if (this.#busy || !scene || this.#pictures.has(key(scene.segment))) return;
    if (!this.#sight.may()) {
      this.#timer = setTimeout(() => void this.#get(), REST_MILLIS);
      return;
    }
    const busy = (this.#busy = new AbortController());
    const timeout = setTimeout(() => busy.abort(), FETCH_MILLIS);
    try {
      this.#keep(scene, await this.#picture(scene, busy.signal));
    } catch {
      if (!busy.signal.aborted) this.#keep(scene, null); // not there any more, or not decodable
    } finally {
      clearTimeout(timeout);
      this.#busy = null;
    }
    if (key(this.#wanted?.segment) !== key(scene.segment)) void this.#get();
    else if (this.#pictures.has(key(scene.segment))) this.#sight.draw(this.#pictures.get(key(scene.segment)) ?? null);
    else this.#timer = setTimeout(() => void this.#get(), AGAIN_MILLIS);
  }

  #keep({ segment }: Scene, picture: ImageBitmap | null): void {
    this.#pictures.set(key(segment), picture);
    const [oldest] = this.#pictures.keys();
    if (this.#pictures.size <= KEPT || oldest === undefined) return;
    this.#pictures.get(oldest)?.close();
    this.#pictures.delete(oldest);
  }

  async #picture({ segment, init, codec }: Scene, signal: AbortSignal): Promise<ImageBitmap | null> {
    let track = this.#tracks.get(key(init));
    if (track === undefined) {
      track = readTrack(await this.#bytes(init, 0, HEAD, signal));
      this.#tracks.set(key(init), track);
    }
    if (!track) return null;
    const head = await this.#bytes(segment, 0, HEAD, signal);
    const place = findPicture(head, track);
    if (!place || place.to > MOST) return null;
    const rest = place.to > head.length ? await this.#bytes(segment, head.length, place.to, signal) : new Uint8Array();
    return decoded(joined([head, rest]).subarray(place.from, place.to), track.codec || codec, track.description);
  }

  // bytes gets a range of a file, or less where that ends before.
  async #bytes({ url, at }: File, from: number, to: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.#sight.fetch(url, { signal, priority: 'low', credentials: 'same-origin', headers: { Range: `bytes=${at + from}-${at + to - 1}` } });
    if (response.status !== 206) throw new Error(`peek: ${response.status} for ${url}`); // all of it would be too much
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > to - from) throw new Error(`peek: ${bytes.length} bytes of ${url}`);
    return bytes;
  }
}

function key(file: File | undefined): string {
  return file ? `${file.url} ${file.at}` : '';
}

async function decoded(bytes: Uint8Array<ArrayBuffer>, codec: string, description: Uint8Array<ArrayBuffer> | null): Promise<ImageBitmap | null> {
  let picture: Promise<ImageBitmap> | null = null;
  const decoder = new VideoDecoder({
    output(frame) {
      picture = createImageBitmap(frame, { resizeWidth: Math.min(WIDTH, frame.displayWidth), resizeQuality: 'medium' }).finally(() => frame.close());
    },
    error: () => undefined, // flush tells
  });
  try {
    decoder.configure({ codec, ...(description ? { description } : {}) });
    decoder.decode(new EncodedVideoChunk({ type: 'key', timestamp: 0, data: bytes }));
    await decoder.flush();
    return await (picture as Promise<ImageBitmap> | null);
  } finally {
    if (decoder.state !== 'closed') decoder.close();
  }
}
