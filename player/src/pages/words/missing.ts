// What is said where there is no page.

import type { Catalog } from '../language.ts';
import { SHARED, type Shared } from './shared.ts';

interface Own {
  title: string;
  noPage: string; // by these words the edge names what is wrong
  noName: string;
  home: string;
}

export const MISSING: Catalog<Shared & Own> = {
  en: {
    ...SHARED.en,
    title: 'There is no such page',
    noPage: 'Nothing stands at this address. The link to it may be old, or have lost a piece on its way.',
    noName: 'No stream can have such a name: names have 1 to 64 letters (A–Z, a–z), digits, - and _.',
    home: 'See what is live now',
  },
  pt: {
    ...SHARED.pt,
    title: 'Esta página não existe',
    noPage: 'Não há nada neste endereço. O link pode ser antigo, ou ter perdido um pedaço no caminho.',
    noName: 'Nenhuma transmissão pode ter esse nome: nomes têm de 1 a 64 letras (A–Z, a–z), dígitos, - e _.',
    home: 'Ver o que está ao vivo',
  },
  zh: {
    ...SHARED.zh,
    title: '没有这个页面',
    noPage: '此地址没有任何内容。链接可能已过时，或不完整。',
    noName: '直播不能使用这样的名称：名称由 1 至 64 个字母（A–Z、a–z）、数字、- 和 _ 组成。',
    home: '查看正在直播的内容',
  },
};
