// What keeps a viewer out of the swarm, whatever is answered: no tracker has to refuse it first. In stats.refusal it is told in English, to whoever
// runs the page; a viewer is told in the page's language.

export type Obstacle = 'native' | 'browser' | 'address' | 'key' | 'wrongKey' | 'operator' | 'relays';

// As stats.refusal has it.
export const OBSTACLES: Record<Obstacle, string> = {
  native: 'this browser plays HLS by itself', // no script sees the media, so that none can be shared
  browser: 'this browser has no WebRTC, WebSocket or WebAssembly',
  address: 'what is at this address has no swarm', // it is no live stream, or no tracker is named for it
  key: 'the server tells no key of this stream',
  wrongKey: 'wrong key', // the page's is not that of the stream
  operator: 'turned off by the operator',
  relays: 'there are no relays here', // and the viewer, or the page, wants no other way
};

// UNLINKED is what the panel and the page alike say of a viewer in the swarm whom nobody is linked to.
export const UNLINKED: Record<'en' | 'pt' | 'zh', string> = {
  en: 'no link to another viewer is open yet', pt: 'ainda não há ligação com outro espectador', zh: '尚未与其他观众建立连接',
};

// As viewers read it, in each of the languages.
export const HINDRANCES: Record<'en' | 'pt' | 'zh', Record<Obstacle, string>> = {
  en: {
    native: 'this browser plays by itself', browser: 'this browser cannot share', address: 'there is none here', key: 'the stream has no key',
    wrongKey: 'wrong key', operator: 'turned off by the operator', relays: 'there are no relays here',
  },
  pt: {
    native: 'o navegador reproduz sozinho', browser: 'este navegador não compartilha', address: 'aqui não há', key: 'a transmissão não tem chave',
    wrongKey: 'chave errada', operator: 'desligado pelo operador', relays: 'aqui não há relays',
  },
  zh: {
    native: '由浏览器自行播放', browser: '此浏览器无法分享', address: '此处没有', key: '此直播没有密钥', wrongKey: '密钥错误', operator: '已被运营者关闭',
    relays: '此处没有中继服务器',
  },
};

// obstacleOf reads a refusal; null: it is none of these.
export function obstacleOf(refusal: string): Obstacle | null {
  return (Object.keys(OBSTACLES) as Obstacle[]).find((obstacle) => OBSTACLES[obstacle] === refusal) ?? null;
}

// hindered is what stands in the way in this browser and at this address, as far as is known without asking anybody.
export function hindered(trackers: readonly string[]): Obstacle | null {
  const peers = typeof RTCPeerConnection === 'function' && 'createDataChannel' in RTCPeerConnection.prototype; // without, WebRTC is for calls alone
  if (!peers || typeof WebSocket !== 'function' || typeof WebAssembly !== 'object') return 'browser';
  return trackers.length === 0 ? 'address' : null;
}
