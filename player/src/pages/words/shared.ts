// What several pages say.

import { type Catalog, spoken } from '../language.ts';

export interface Shared {
  liveNow: string;
  operator: string;
  pages: string; // of the row of links
  brand: string;
  noAnswer: string;
  noOrigin: string; // the server is there, and where streams come from is not
  noServer: string; // something answers in its place, as a proxy whose server is down
  answered(status: number): string;
  live: string;
  interrupted: string;
  ended: string;
  offline: string;
  onAirBy(protocol: string): string;
  onFor(time: string): string;
  awayFor(time: string): string;
  seconds(n: number): string;
  minutes(n: number): string;
  hours(h: number, m: number): string;
  fps(n: number): string; // frames
  members(n: number): string; // of the swarm
  watching(all: number, inside: number): string; // so many of them in the swarm
  copy: string;
  copied: string;
  recording: string;
  recordings: string;
}

const en: Shared = {
  liveNow: 'Live now',
  operator: 'Operator',
  pages: 'Pages',
  brand: 'Shoal, live now',
  noAnswer: 'The server does not answer.',
  noOrigin: 'The server has lost the source of the streams.',
  noServer: 'Something answers in the server’s place, and does not reach it.',
  answered: (status) => `The server answered ${status}.`,
  live: 'Live',
  interrupted: 'Interrupted',
  ended: 'Ended',
  offline: 'Offline',
  onAirBy: (protocol) => `On air by ${protocol}`,
  onFor: (time) => `on for ${time}`,
  awayFor: (time) => `away for ${time}`,
  seconds: (n) => `${n}\u00a0s`,
  minutes: (n) => `${n}\u00a0min`,
  hours: (h, m) => `${h}\u00a0h ${m}\u00a0min`,
  fps: (n) => `${n}\u00a0fps`,
  members: (n) => `${n} in the swarm`,
  watching: (all, inside) => `${all} watching${inside > 0 ? `, ${inside} in the swarm` : ''}`,
  copy: 'Copy',
  copied: 'Copied',
  recording: 'Recording',
  recordings: 'Recordings',
};

const pt: Shared = {
  liveNow: 'Ao vivo agora',
  operator: 'Operador',
  pages: 'Páginas',
  brand: 'Shoal, ao vivo agora',
  noAnswer: 'O servidor não responde.',
  noOrigin: 'O servidor perdeu a fonte das transmissões.',
  noServer: 'Algo responde no lugar do servidor e não o alcança.',
  answered: (status) => `O servidor respondeu ${status}.`,
  live: 'Ao vivo',
  interrupted: 'Interrompida',
  ended: 'Encerrada',
  offline: 'Fora do ar',
  onAirBy: (protocol) => `No ar por ${protocol}`,
  onFor: (time) => `no ar há ${time}`,
  awayFor: (time) => `interrompida há ${time}`,
  seconds: (n) => `${n}\u00a0s`,
  minutes: (n) => `${n}\u00a0min`,
  hours: (h, m) => `${h}\u00a0h ${m}\u00a0min`,
  fps: (n) => `${n}\u00a0quadros/s`,
  members: (n) => `${n} no enxame`,
  watching: (all, inside) => `${all} assistindo${inside > 0 ? `, ${inside} no enxame` : ''}`,
  copy: 'Copiar',
  copied: 'Copiado',
  recording: 'Gravação',
  recordings: 'Gravações',
};

const zh: Shared = {
  liveNow: '正在直播',
  operator: '运维',
  pages: '页面',
  brand: 'Shoal，正在直播',
  noAnswer: '服务器没有响应。',
  noOrigin: '服务器与直播源失去了连接。',
  noServer: '中间环节代为响应，但无法连上服务器。',
  answered: (status) => `服务器返回 ${status}。`,
  live: '直播中',
  interrupted: '已中断',
  ended: '已结束',
  offline: '未开播',
  onAirBy: (protocol) => `正通过 ${protocol} 直播`,
  onFor: (time) => `已播 ${time}`,
  awayFor: (time) => `已中断 ${time}`,
  seconds: (n) => `${n} 秒`,
  minutes: (n) => `${n} 分钟`,
  hours: (h, m) => `${h} 小时 ${m} 分钟`,
  fps: (n) => `${n} 帧/秒`,
  members: (n) => `${n} 位观众正在互助`,
  watching: (all, inside) => `${all} 人正在观看${inside > 0 ? `，其中 ${inside} 人互助` : ''}`,
  copy: '复制',
  copied: '已复制',
  recording: '录像',
  recordings: '录像',
};

export const SHARED: Catalog<Shared> = { en, pt, zh };

// shared returns those of the language that the page is in.
export function shared(): Shared {
  return SHARED[spoken()];
}
