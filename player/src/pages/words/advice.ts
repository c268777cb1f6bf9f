// What a broadcaster had better change, by the codes of the API.

import type { Stream } from '../api.ts';
import { type Catalog, figure, spoken } from '../language.ts';

export interface Hint {
  code: string;
  text: string; // in English
  seconds?: number;
  wantedSeconds?: number;
  profile?: string;
}

type Advice = Record<string, (hint: Hint) => string>;

const keyframes = ({ seconds = 0, wantedSeconds = 0 }: Hint): [apart: string, wanted: string, pictures: string] =>
  [figure(seconds, 1), figure(wantedSeconds, 0), figure(wantedSeconds * 30, 0)];

const pt: Advice = {
  keyframes(hint) {
    const [apart, wanted, pictures] = keyframes(hint);
    return `Os quadros-chave vêm a cada ${apart} s. Defina o intervalo de quadros-chave em ${wanted} s, ou 1 s para o menor atraso (OBS: Configurações, Saída, Transmissão, Intervalo de quadros-chave; ` +
      `ffmpeg: -g ${pictures} com 30 quadros por segundo), para que quem assiste comece antes.`;
  },
  pixels: ({ profile = '' }) => `A imagem é H.264 ${profile}, que celulares, Safari e decodificadores de hardware não reproduzem. Envie 8 bits em 4:2:0 ` +
    '(OBS: Configurações, Avançado, Formato de cor: NV12; ffmpeg: -pix_fmt yuv420p), para que todos possam assistir.',
};

const zh: Advice = {
  keyframes(hint) {
    const [apart, wanted, pictures] = keyframes(hint);
    return `关键帧每 ${apart} 秒才有一个。请把关键帧间隔设为 ${wanted} 秒，要求最低延迟时设为 1 秒（OBS：设置，输出，直播，关键帧间隔；ffmpeg：每秒 30 帧时用 -g ${pictures}），观众就能更快开始观看。`;
  },
  pixels: ({ profile = '' }) => `画面是 H.264 ${profile}，手机、Safari 和硬件解码器无法播放。请发送 8 位的 4:2:0（OBS：设置，高级，色彩格式：NV12；ffmpeg：-pix_fmt yuv420p），让所有人都能观看。`,
};

export const ADVICE: Catalog<Advice> = { en: {}, pt, zh };

// advised is all of it in the page's language; what has no words there is told as the server tells it.
export function advised({ advice, hints }: Pick<Stream, 'advice' | 'hints'>): string {
  if (!hints?.length) return advice; // of an origin that has no codes
  const own = ADVICE[spoken()];
  return hints.map((hint) => own[hint.code]?.(hint) ?? hint.text).join(' ');
}
