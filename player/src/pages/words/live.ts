// What the page of what is live says.

import type { Catalog } from '../language.ts';
import { SHARED, type Shared } from './shared.ts';

interface Own {
  nobody: string;
  first: string;
  streams: string;
  streamCount(n: number): string;
  fromPeers(percent: number): string;
  again(what: string): string; // what is wrong; it is tried again
  goLive: string;
  fromHere: string;
  noProgram: string;
  name: string;
  nameRule: string;
  openStudio: string;
  fromObs: string;
  server: string;
  andKey: string;
  keyMade: string;
  keyframes: string;
}

export const LIVE: Catalog<Shared & Own> = {
  en: {
    ...SHARED.en,
    nobody: 'Nobody is live',
    first: 'The first stream will show up here by itself.',
    streams: 'Live streams',
    streamCount: (n) => `${n} ${n === 1 ? 'stream' : 'streams'}`,
    fromPeers: (percent) => `${percent} % from peers, last minute`,
    again: (what) => `${what} Trying again…`,
    goLive: 'Go live',
    fromHere: 'Go live from this browser',
    noProgram: 'Camera, screen, a file or a test pattern. No program to install.',
    name: 'Name of your stream',
    nameRule: 'Letters, digits, - and _',
    openStudio: 'Open the studio',
    fromObs: 'Or from OBS, ffmpeg, a phone',
    server: 'Server ',
    andKey: ', and your publish key as the stream key.',
    keyMade: 'A key is made with ',
    keyframes: '. Keyframes every 2 seconds, or every second for the lowest delay.',
  },
  pt: {
    ...SHARED.pt,
    nobody: 'Ninguém está ao vivo',
    first: 'A primeira transmissão aparece aqui sozinha.',
    streams: 'Transmissões ao vivo',
    streamCount: (n) => `${n} ${n === 1 ? 'transmissão' : 'transmissões'}`,
    fromPeers: (percent) => `${percent} % de outros no último minuto`,
    again: (what) => `${what} Tentando de novo…`,
    goLive: 'Transmitir',
    fromHere: 'Transmita deste navegador',
    noProgram: 'Câmera, tela, um arquivo ou um padrão de teste. Nada para instalar.',
    name: 'Nome da sua transmissão',
    nameRule: 'Letras sem acento, algarismos, - e _',
    openStudio: 'Abrir o estúdio',
    fromObs: 'Ou do OBS, do ffmpeg, de um celular',
    server: 'Servidor ',
    andKey: ' e sua chave de publicação como chave de transmissão.',
    keyMade: 'Uma chave se cria com ',
    keyframes: '. Quadros-chave a cada 2 segundos, ou a cada segundo para o menor atraso.',
  },
  zh: {
    ...SHARED.zh,
    nobody: '现在没有人直播',
    first: '有直播开始时，会自动显示在这里。',
    streams: '直播列表',
    streamCount: (n) => `${n} 场直播`,
    fromPeers: (percent) => `最近一分钟 ${percent}% 来自其他观众`,
    again: (what) => `${what}正在重试…`,
    goLive: '开始直播',
    fromHere: '用此浏览器直播',
    noProgram: '摄像头、屏幕、文件或测试图案，无需安装任何程序。',
    name: '直播名称',
    nameRule: '字母、数字、- 和 _',
    openStudio: '打开直播间',
    fromObs: '或使用 OBS、ffmpeg、手机',
    server: '服务器 ',
    andKey: '，推流码填写您的发布密钥。',
    keyMade: '生成密钥：',
    keyframes: '。关键帧间隔 2 秒；要求最低延迟时为 1 秒。',
  },
};
