// What is said to who comes to the studio without the name of a stream.

import type { Catalog } from '../language.ts';
import { LIVE } from './live.ts';
import { SHARED, type Shared } from './shared.ts';

interface Own {
  title: string;
  which: string;
  home: string;
  name: string; // of the stream
  nameRule: string;
  openStudio: string;
}

export const DOOR: Catalog<Shared & Own> = {
  en: {
    ...SHARED.en, name: LIVE.en.name, nameRule: LIVE.en.nameRule, openStudio: LIVE.en.openStudio,
    title: 'The studio',
    which: 'It broadcasts a stream from this browser: camera, screen, a file or a test pattern. What is yours called?',
    home: 'See what is live now',
  },
  pt: {
    ...SHARED.pt, name: LIVE.pt.name, nameRule: LIVE.pt.nameRule, openStudio: LIVE.pt.openStudio,
    title: 'O estúdio',
    which: 'Ele transmite deste navegador: câmera, tela, um arquivo ou um padrão de teste. Como se chama a sua transmissão?',
    home: 'Ver o que está ao vivo',
  },
  zh: {
    ...SHARED.zh, name: LIVE.zh.name, nameRule: LIVE.zh.nameRule, openStudio: LIVE.zh.openStudio,
    title: '直播工作室',
    which: '用此浏览器直播：摄像头、屏幕、文件或测试图案。您的直播叫什么名称？',
    home: '查看正在直播的内容',
  },
};
