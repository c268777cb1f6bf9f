// What the studio says where few frames go out, or none, and what to do then.

import type { Source } from '../../studio/capture.ts';
import type { Falter } from '../../studio/faltering.ts';

export interface Falters {
  unsent: string; // a picture of which no frame is
  unsentCamera: string;
  slowDevice: string;
  slowConnection: string;
  slowCamera: string;
}

const en: Falters = {
  unsent: 'The browser cannot send this picture: viewers do not see it. Choose another source.',
  unsentCamera: 'The browser cannot send this camera’s picture: viewers do not see it. Choose another camera.',
  slowDevice: 'Few frames go out: this device is too slow for the picture. Lower the bitrate, or end the stream and choose a lower resolution.',
  slowConnection: 'Few frames go out: the connection is too slow for the picture. Lower the bitrate.',
  slowCamera: 'The camera gives few frames. More light may help, or a lower resolution: end the stream to choose it.',
};

const pt: Falters = {
  unsent: 'O navegador não consegue enviar esta imagem: quem assiste não a vê. Escolha outra fonte.',
  unsentCamera: 'O navegador não consegue enviar a imagem desta câmera: quem assiste não a vê. Escolha outra câmera.',
  slowDevice: 'Saem poucos quadros: este aparelho é lento demais para a imagem. Reduza a taxa de bits, ou encerre e escolha uma resolução menor.',
  slowConnection: 'Saem poucos quadros: a conexão é lenta demais para a imagem. Reduza a taxa de bits.',
  slowCamera: 'A câmera dá poucos quadros. Mais luz pode ajudar, ou uma resolução menor: encerre para escolhê-la.',
};

const zh: Falters = {
  unsent: '浏览器无法发送此画面，观众看不到它。请选择其他来源。',
  unsentCamera: '浏览器无法发送此摄像头的画面，观众看不到它。请选择其他摄像头。',
  slowDevice: '发出的帧很少：此设备处理这个画面太慢。请降低码率，或结束直播后选择更低的分辨率。',
  slowConnection: '发出的帧很少：网络发送这个画面太慢。请降低码率。',
  slowCamera: '摄像头给出的帧很少。增加光线，或在结束直播后选择更低的分辨率，可能有帮助。',
};

export const FALTERING = { en, pt, zh };

// faltering says what is amiss with the picture of a source; '' for nothing.
export function faltering(words: Falters, what: Falter, source: Source): string {
  switch (what) {
    case 'none': return source === 'camera' ? words.unsentCamera : words.unsent;
    case 'device': return words.slowDevice;
    case 'connection': return words.slowConnection;
    case 'source': return words.slowCamera;
    case '': return '';
  }
}
