// What the watch page says, of a stream and of its recordings.

import { HINDRANCES, type Obstacle, UNLINKED } from '../../obstacle.ts';
import type { Catalog } from '../language.ts';
import { SHARED, type Shared } from './shared.ts';

// Why a tracker did not take a viewer.
export interface Refusals {
  uninvited: string;
  page: string; // this page's viewers are not to share
  link: string;
  many: string; // from where the viewer is
  full: string;
  other: string;
}

interface Own {
  reconnecting: string;
  buffering: string;
  invited: string; // viewers alone, and this is none
  copyLink: string;
  swarm: string; // of the part of the page
  soon: string;
  watchLive: string;
  watchRecording: string;
  off(why: string): string;
  hindrances: Record<Obstacle, string>;
  asked: string; // the viewer is, and has not answered
  declined: string; // the viewer has said no, and may think better of it
  joining: string;
  inVain: string;
  resting: string;
  narrow: string;
  away: string;
  refused(why: string): string;
  refusals: Refusals;
  fromOthers(n: number): string;
  unlinked: string;
  alone: string; // nobody else is in the swarm; who is not may watch all the same
}

export const WATCH: Catalog<Shared & Own> = {
  en: {
    ...SHARED.en,
    hindrances: HINDRANCES.en,
    reconnecting: 'Reconnecting',
    buffering: 'Buffering',
    invited: 'Invited viewers only',
    copyLink: 'Copy link',
    swarm: 'The swarm',
    soon: 'will be here soon',
    watchLive: 'Watch live',
    watchRecording: 'Watch the recording',
    off: (why) => `The swarm is off${why && ` (${why})`}: all comes from the edge.`,
    asked: 'You have not said yet whether you share with others: all comes from the edge.',
    declined: 'You do not share with others: all comes from the edge. To share, open Statistics in the player (the button with bars, or key S).',
    joining: 'Joining the swarm…',
    inVain: 'No tracker answers: all comes from the edge, until one does.',
    resting: 'This machine is too busy for the swarm: all comes from the edge, for a while.',
    narrow: 'This connection is too slow for the swarm: all comes from the edge, for a while.',
    away: 'You are too far behind live to share: all comes from the edge, until you are back.',
    refused: (why) => `${why}: all comes from the edge.`,
    refusals: {
      uninvited: 'Only invited viewers share with others here',
      page: 'Viewers of this page may not share with others here',
      link: 'Your link does not let you share with others here',
      many: 'Too many come from where you are, or by your link, to share with others now',
      full: 'Too many are here to share with others now',
      other: 'You cannot share with other viewers now',
    },
    fromOthers: (n) => `of the picture came from ${n === 1 ? 'one other viewer' : `${n} other viewers`} in the last half minute.`,
    unlinked: `${capital(UNLINKED.en)}: all comes from the edge.`,
    alone: 'Nobody else is in the swarm now: all comes from the edge.',
  },
  pt: {
    ...SHARED.pt,
    hindrances: HINDRANCES.pt,
    reconnecting: 'Reconectando',
    buffering: 'Carregando',
    invited: 'Só para convidados',
    copyLink: 'Copiar link',
    swarm: 'O enxame',
    soon: 'em breve aqui',
    watchLive: 'Assistir ao vivo',
    watchRecording: 'Assistir à gravação',
    off: (why) => `O enxame está desligado${why && ` (${why})`}: tudo vem do servidor.`,
    asked: 'Você ainda não disse se compartilha com outros: tudo vem do servidor.',
    declined: 'Você não compartilha com outros: tudo vem do servidor. Para compartilhar, abra Estatísticas no player (o botão com barras, ou tecla S).',
    joining: 'Entrando no enxame…',
    inVain: 'Nenhum tracker responde: por enquanto, tudo vem do servidor.',
    resting: 'Esta máquina está ocupada demais para o enxame: por um tempo, tudo vem do servidor.',
    narrow: 'Esta conexão está lenta demais para o enxame: por um tempo, tudo vem do servidor.',
    away: 'Você está longe demais do ao vivo para compartilhar: tudo vem do servidor até você voltar.',
    refused: (why) => `${why}: tudo vem do servidor.`,
    refusals: {
      uninvited: 'Aqui só convidados compartilham com outros',
      page: 'Espectadores desta página não podem compartilhar com outros aqui',
      link: 'Seu link não permite compartilhar com outros aqui',
      many: 'Há gente demais na sua rede, ou com seu link, para compartilhar agora',
      full: 'Há gente demais aqui para compartilhar agora',
      other: 'Agora não é possível compartilhar com outros espectadores',
    },
    fromOthers: (n) => `da imagem veio de ${n === 1 ? 'outro espectador' : `outros ${n} espectadores`} no último meio minuto.`,
    unlinked: `${capital(UNLINKED.pt)}: tudo vem do servidor.`,
    alone: 'Agora não há mais ninguém no enxame: tudo vem do servidor.',
  },
  zh: {
    ...SHARED.zh,
    hindrances: HINDRANCES.zh,
    reconnecting: '正在重新连接',
    buffering: '正在缓冲',
    invited: '仅限受邀观众',
    copyLink: '复制链接',
    swarm: '互助网络',
    soon: '即将提供',
    watchLive: '观看直播',
    watchRecording: '观看录像',
    off: (why) => `互助网络已关闭${why && `（${why}）`}：全部数据来自服务器。`,
    asked: '您尚未选择是否与其他观众分享：全部数据来自服务器。',
    declined: '您未与其他观众分享：全部数据来自服务器。如需分享，请打开播放器的统计信息（柱形图按钮，或 S 键）。',
    joining: '正在加入互助网络…',
    inVain: '没有追踪服务器响应：目前全部数据来自服务器。',
    resting: '此设备太忙，暂不参与互助：全部数据来自服务器。',
    narrow: '网速太慢，暂不参与互助：全部数据来自服务器。',
    away: '您落后直播太多，无法互相分享：在您回到直播前，全部数据来自服务器。',
    refused: (why) => `${why}：全部数据来自服务器。`,
    refusals: {
      uninvited: '此处只有受邀观众可以互相分享',
      page: '此页面的观众不能在此互相分享',
      link: '您的链接不允许在此互相分享',
      many: '与您同一网络或使用同一链接的人太多，暂时不能互相分享',
      full: '此处人数太多，暂时不能互相分享',
      other: '现在不能与其他观众互相分享',
    },
    fromOthers: (n) => `的画面在最近半分钟内来自其他 ${n} 位观众。`,
    unlinked: `${UNLINKED.zh}：全部数据来自服务器。`,
    alone: '目前互助网络中没有其他观众：全部数据来自服务器。',
  },
};

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
