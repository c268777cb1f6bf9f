// Sessions of WHIP and WHEP, as the server is told of them. The browser's part is a stand-in.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { Whep } from '../src/studio/whep.ts';
import { Whip } from '../src/studio/whip.ts';

// stand puts a browser in place whose connections take the server's answer or not, and returns what the server was asked.
function stand(t: TestContext, takes: boolean, time = '{}'): { asked: string[]; closed: () => number } {
  const asked: string[] = [];
  let closed = 0;
  class Connection {
    iceGatheringState = 'complete';
    localDescription = { sdp: 'v=0' };
    addTransceiver(): object {
      return { sender: { setParameters: () => Promise.reject(new Error('not known')), getParameters: () => ({}) } };
    }
    createOffer(): Promise<{ sdp: string }> {
      return Promise.resolve({ sdp: 'v=0' });
    }
    setLocalDescription(): Promise<void> {
      return Promise.resolve();
    }
    setRemoteDescription(): Promise<void> {
      return takes ? Promise.resolve() : Promise.reject(new Error('not this answer'));
    }
    close(): void {
      closed++;
    }
  }
  const put = (name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name)));
  };
  put('RTCPeerConnection', Connection);
  put('MediaStream', class {});
  put('RTCRtpSender', {});
  put('fetch', (url: string, { method = 'GET' }: { method?: string }) => {
    asked.push(`${method} ${url}`);
    if (method === 'GET') return Promise.resolve(new Response(time));
    const answer = new Response('v=0', method === 'POST' ? { status: 201, headers: { Location: '/session' } } : {});
    Object.defineProperty(answer, 'url', { value: 'http://origin/offer' });
    return Promise.resolve(answer);
  });
  return { asked, closed: () => closed };
}

const sounding = { getAudioTracks: () => [{}], getVideoTracks: () => [] } as unknown as MediaStream;

for (const [name, open] of Object.entries({
  WHIP: () => Whip.publish('/offer', 'key', sounding, { width: 640, height: 360, bits: 1e6 }, { state: () => undefined, refused: () => undefined }),
  WHEP: () => Whep.play('/offer', 'key', () => undefined),
})) {
  test(`a session by ${name} whose answer cannot be used is ended at the server too`, async (t) => {
    const { asked, closed } = stand(t, false);
    await assert.rejects(open, /not this answer/);
    assert.deepEqual([asked, closed()], [['POST /offer', 'DELETE http://origin/session'], 1]);
  });
}

test('a server that does not tell the time is watched all the same', async (t) => {
  const { asked } = stand(t, true, 'no JSON');
  await Whep.play('/offer', 'key', () => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, ['POST /offer', 'GET /offer']);
});
