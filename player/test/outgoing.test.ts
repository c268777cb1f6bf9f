// What a broadcast sends: always a picture and a sound are offered, and no picture is larger than was said.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Outgoing } from '../src/studio/outgoing.ts';
import { scaleOf } from '../src/studio/shape.ts';

class Track {
  readonly kind: string;
  readonly size: { width?: number; height?: number };
  readyState = 'live';
  constructor(kind: string, width?: number, height?: number) {
    this.kind = kind;
    this.size = width ? { width, height } : {};
  }
  getSettings = (): object => this.size;
  stop(): void {
    this.readyState = 'ended';
  }
}

interface Sender {
  track: Track | null;
  encodings: { maxBitrate?: number; scaleResolutionDownBy?: number }[];
  log: string[]; // of tracks and scales, as they were set
  refuses: string; // 'scale' or 'track'; '': nothing
}

const most = { width: 640, height: 360, bits: 900_000 };

function stand(t: TestContext, source = [0, 0]): { outgoing: Outgoing; senders: Record<string, Sender>; made: Track[]; refused: string[]; connection: { signalingState: string } } {
  const senders: Record<string, Sender> = {};
  const made: Track[] = [];
  const give = (kind: string, width?: number, height?: number): { getAudioTracks(): Track[]; getVideoTracks(): Track[] } => {
    const track = new Track(kind, width, height);
    made.push(track);
    return { getAudioTracks: () => [track], getVideoTracks: () => [track] };
  };
  const refused: string[] = [];
  const connection = {
    signalingState: 'stable',
    addTransceiver(of: Track | string, { direction, sendEncodings }: { direction: string; sendEncodings: Sender['encodings'] }) {
      assert.equal(direction, 'sendonly');
      const kind = typeof of === 'string' ? of : of.kind;
      const own: Sender = { track: typeof of === 'string' ? null : of, encodings: sendEncodings, log: [], refuses: '' };
      senders[kind] = own;
      return {
        sender: {
          get track() { return own.track; },
          getParameters: () => ({ encodings: own.encodings.map((one) => ({ ...one })) }),
          setParameters: async ({ encodings }: Sender) => {
            if (own.refuses === 'scale') throw new DOMException('no', 'InvalidModificationError');
            if (encodings[0]?.scaleResolutionDownBy !== own.encodings[0]?.scaleResolutionDownBy) own.log.push(`scale ${encodings[0]?.scaleResolutionDownBy}`);
            own.encodings = encodings;
          },
          replaceTrack: async (track: Track | null) => {
            if (own.refuses === 'track') throw new DOMException('no', 'InvalidModificationError');
            own.track = track;
            own.log.push(track ? `${track.size.width ?? kind}` : 'nothing');
          },
          getStats: async () => new Map([['s', { type: 'media-source', width: source[0], height: source[1] }]]),
        },
      };
    },
  };
  class Audio {
    createConstantSource = (): object => ({ offset: { value: 1 }, connect: () => undefined, start: () => undefined });
    createMediaStreamDestination = (): object => ({ stream: give('audio') });
    resume = async (): Promise<void> => undefined;
    close = async (): Promise<void> => undefined;
  }
  const canvas = { width: 0, height: 0, getContext: () => new Proxy({}, { get: () => () => undefined, set: () => true }), captureStream: () => give('video', canvas.width, canvas.height) };
  for (const [name, value] of Object.entries({ AudioContext: Audio, document: { createElement: () => canvas }, RTCRtpSender: {} })) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name)));
  }
  return { outgoing: new Outgoing(connection as unknown as RTCPeerConnection, most, (what) => refused.push(what)), senders, made, refused, connection };
}

const stream = (...tracks: Track[]): MediaStream => ({
  getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'), getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
} as unknown as MediaStream);
const track = (of: Track): MediaStreamTrack => of as unknown as MediaStreamTrack;

test('a silent screen sends silence, and the sound of what comes after it', async (t) => {
  const { outgoing, senders, made } = stand(t);
  await outgoing.offer(stream(new Track('video', 640, 360)));
  assert.equal(senders['audio']?.track, made[0], 'no sound is offered');
  const voice = new Track('audio');
  await outgoing.replace('audio', track(voice));
  assert.deepEqual([senders['audio']?.track, made[0]?.readyState], [voice, 'ended']);
  await outgoing.replace('audio', null);
  assert.deepEqual([senders['audio']?.track, made.length], [made[1], 2], 'viewers would wait for the sound that was announced');
  outgoing.close();
  assert.equal(made[1]?.readyState, 'ended');
});

test('a microphone alone sends no picture, until there is one; then there always is', async (t) => {
  const { outgoing, senders, made } = stand(t);
  await outgoing.offer(stream(new Track('audio')));
  await outgoing.replace('video', null);
  assert.deepEqual([senders['video']?.track, made.length], [null, 0]);
  const camera = new Track('video', 1280, 720);
  await outgoing.replace('video', track(camera));
  await outgoing.replace('video', null);
  assert.deepEqual([senders['video']?.track, made[0]?.size], [made[0], { width: 640, height: 360 }]);
  outgoing.close();
  assert.equal(made[0]?.readyState, 'ended');
});

test('what is sent is as large as was said, whatever is captured, and no picture goes by the scale of another', async (t) => {
  const { outgoing, senders } = stand(t);
  await outgoing.offer(stream(new Track('video', 3840, 2160), new Track('audio')));
  const video = senders['video']!;
  assert.deepEqual(video.encodings, [{ maxBitrate: 900_000, scaleResolutionDownBy: 6 }]);
  await outgoing.replace('video', track(new Track('video', 640, 360)));
  await outgoing.replace('video', track(new Track('video', 640, 361)));
  assert.deepEqual(video.log, ['nothing', 'scale 1', '640', '640']);
  const turned = new Track('video', 1280, 720);
  await outgoing.replace('video', track(turned));
  Object.assign(turned.size, { width: 720, height: 1280 });
  await outgoing.fit({ ...most, bits: 500_000 });
  assert.deepEqual(video.encodings, [{ maxBitrate: 500_000, scaleResolutionDownBy: 2 }]);
  Object.assign(turned.size, { width: 360, height: 640 });
  await outgoing.fit(most);
  assert.deepEqual(video.encodings, [{ maxBitrate: 900_000, scaleResolutionDownBy: 1 }]);
});

test('of a file that does not tell its size the connection does', async (t) => {
  const { outgoing, senders } = stand(t, [1920, 1080]);
  await outgoing.offer(stream(new Track('video'), new Track('audio')));
  await outgoing.fit(most);
  assert.equal(senders['video']?.encodings[0]?.scaleResolutionDownBy, 3);
});

test('what is fitted while another track takes its place is that one, by its own scale', async (t) => {
  const { outgoing, senders } = stand(t, [1920, 1080]);
  await outgoing.offer(stream(new Track('video'), new Track('audio')));
  const video = senders['video']!;
  await Promise.all([outgoing.fit(most), outgoing.replace('video', track(new Track('video', 640, 360)))]);
  assert.deepEqual([video.log, video.encodings], [['scale 3', 'nothing', 'scale 1', '640'], [{ maxBitrate: 900_000, scaleResolutionDownBy: 1 }]]);
  await Promise.all([outgoing.replace('video', track(new Track('video', 1280, 720))), outgoing.fit({ ...most, bits: 500_000 })]);
  assert.deepEqual(video.encodings, [{ maxBitrate: 500_000, scaleResolutionDownBy: 2 }]);
});

test('a scale that the browser refuses costs no picture, and is told once until it is taken', async (t) => {
  const { outgoing, senders, refused } = stand(t);
  await outgoing.offer(stream(new Track('video', 640, 360), new Track('audio')));
  const video = senders['video']!;
  video.refuses = 'scale';
  const large = new Track('video', 1280, 720);
  await outgoing.replace('video', track(large));
  await outgoing.fit(most);
  assert.deepEqual([video.track, refused.length], [large, 1]);
  assert.match(refused[0] ?? '', /refused the resolution and the bitrate/);
  video.refuses = '';
  await outgoing.fit(most);
  assert.deepEqual([video.encodings[0]?.scaleResolutionDownBy, refused.length], [2, 1]);
  video.refuses = 'scale';
  await outgoing.fit({ ...most, bits: 500_000 });
  assert.equal(refused.length, 2);
});

test('a track that the browser refuses is told, unless all is closed', async (t) => {
  const { outgoing, senders, refused, connection } = stand(t);
  await outgoing.offer(stream(new Track('video', 640, 360), new Track('audio')));
  senders['video']!.refuses = 'track';
  await outgoing.replace('video', track(new Track('video', 640, 360)));
  assert.match(refused.join(), /^This browser refused to send what was chosen\./);
  connection.signalingState = 'closed';
  await outgoing.replace('video', track(new Track('video', 640, 360)));
  assert.equal(refused.length, 1);
});

test('a picture fits both ways', () => {
  for (const [width, height, scale] of [[640, 360, 1], [320, 180, 1], [1280, 720, 2], [720, 1280, 2], [640, 480, 480 / 360], [2560, 1080, 4], [0, 0, 1], [642, 361, 1]] as const) {
    assert.equal(scaleOf(width, height, most), scale, `${width} × ${height}`);
  }
});
