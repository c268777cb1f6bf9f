// What the player says, in the languages that it knows. A language that lacks a word does not compile.

import { HINDRANCES, type Obstacle, UNLINKED } from './obstacle.ts';
import type { PlaybackState } from './playback.ts';
import type { Wait } from './pending.ts';
import type { P2P } from './stats.ts';

export interface Words {
  tag: string; // of the language
  live: string; // of the region, for who does not see it
  recording: string;
  play: string;
  pause: string;
  mute: string;
  unmute: string;
  tapForSound: string;
  volume: string;
  level(percent: number): string; // of the volume
  seek: string;
  quality: string;
  auto: string; // the quality is chosen by the player
  captions: string;
  captionsOff: string;
  picture: string; // in picture
  statistics: string;
  fullScreen: string;
  liveButton: string;
  isLive: string;
  toLive: string;
  behindLive(time: string): string;
  place(time: string, all: string): string; // in a recording
  states: Record<PlaybackState, [what: string, more: string]>;
  lost: [string, string];
  faulty: [string, string];
  soundOnly: [string, string];
  noRecording: [string, string];
  fromOthers: string; // behind a percentage of all since it was opened
  rows: { swarm: string; fromPeers: string; fromEdge: string; given: string; behind: string; buffered: string; started: string; stalls: string; dropped: string; bad: string };
  none: string;
  swarm: Record<Exclude<P2P, 'on'>, string>;
  waits: Record<NonNullable<Wait>, string>; // in the place of these, while it does
  off(why: string): string;
  hindrances: Record<Obstacle, string>; // why it is off
  peers(count: number): string;
  // brief: more, where there is little room; relayed: both, where it is by relays alone
  ask: { what: string; more: string; brief: string; relayed: { more: string; brief: string }; yes: string; no: string };
  terms: { how: string; most: string; all: string; nothing: string; way: string; direct: string; relayed: string; relayless: string }; // of sharing: how much of the uplink, and by which way
  flow: { minute: string; sentence(peers: string, edge: string): string }; // of the drawing of the last minute
  share: string; // what a viewer is asked once more, in the panel
  unshare: string;
  withhold: string; // in its place, while nothing is shared anyway
  keys: { list: string; space: string; play: string; step: string; start: string; end: string; sound: string }; // and what they do
}

const en: Words = {
  tag: 'en',
  live: 'Live video',
  recording: 'Recording',
  play: 'Play',
  pause: 'Pause',
  mute: 'Mute',
  unmute: 'Unmute',
  tapForSound: 'Tap for sound',
  volume: 'Volume',
  level: (percent) => `Volume ${percent} %`,
  seek: 'Seek',
  quality: 'Quality',
  auto: 'Auto',
  captions: 'Captions',
  captionsOff: 'off',
  picture: 'Picture in picture',
  statistics: 'Statistics',
  fullScreen: 'Full screen',
  liveButton: 'LIVE',
  isLive: 'You are live',
  toLive: 'Go to live',
  behindLive: (time) => `${time} behind live`,
  place: (time, all) => `${time} of ${all}`,
  states: {
    connecting: ['Connecting', ''],
    playing: ['', ''],
    buffering: ['Buffering', ''],
    unknown: ['Nothing is on under this name yet', 'Stay here: when it begins, it plays by itself.'],
    away: ['The broadcaster is away', 'Stay here: the picture comes back by itself.'],
    ended: ['The stream has ended', 'If it begins again, it plays here.'],
    uninvited: ['This stream is for invited viewers', 'Open it by the link that you were given.'],
    refused: ['Your link does not open this stream', 'It is for another one, or has ended. Get a new one where you got it.'],
    unreadable: ['There is no stream at this address', 'The player’s “src” is to be a playlist, like /live/NAME/index.m3u8.'],
    unplayable: ['This browser cannot play the stream', 'It has no Media Source Extensions. A newer one will do.'],
  },
  lost: ['Reconnecting', 'The connection to the server is slow, or lost.'],
  faulty: ['The server cannot get the video', 'It answers, but the video does not reach it. Stay here: the picture comes back by itself.'],
  soundOnly: ['Sound only', 'This stream has no picture.'],
  noRecording: ['There is no such recording', 'It was removed, or is not finished yet.'],
  fromOthers: 'of the media so far came from other viewers',
  rows: {
    swarm: 'Swarm', fromPeers: 'From peers', fromEdge: 'From the edge', given: 'Given to peers', behind: 'Behind live', buffered: 'Buffered', started: 'Started in',
    stalls: 'Stalls', dropped: 'Dropped frames', bad: 'Bad pieces refused',
  },
  none: 'none',
  swarm: { off: 'off', joining: 'joining', resting: 'resting: this machine is busy', narrow: 'resting: this connection is slow', away: 'away: far behind live', refused: 'refused' },
  waits: { viewer: 'waits for you', declined: 'off: you do not share', tracker: 'no tracker answers', machine: 'waits: this machine is busy' },
  off: (why) => `off: ${why}`,
  hindrances: HINDRANCES.en,
  peers: (count) => (count === 0 ? UNLINKED.en : `${count} ${count === 1 ? 'peer' : 'peers'}`),
  ask: {
    what: 'Share with other viewers?',
    more: 'You would get and give parts of this video directly. They can see your network address; it uses some of your upload.',
    brief: 'Shows them your network address; uses upload.',
    relayed: {
      more: 'You would get and give parts of this video by way of a relay. They do not see your network address; it uses some of your upload.',
      brief: 'By a relay, which hides your address; uses upload.',
    },
    yes: 'Share', no: 'No',
  },
  terms: { how: 'Limits and privacy', most: 'Upload at most', all: 'no limit', nothing: 'nothing', way: 'Connect', direct: 'directly', relayed: 'by a relay, which hides your address', relayless: 'by a relay (there is none here)' },
  flow: { minute: '1 min', sentence: (peers, edge) => `In the last minute: ${peers} from other viewers and ${edge} from the server` },
  share: 'Share with other viewers',
  unshare: 'Stop sharing',
  withhold: 'Do not share',
  keys: { list: 'Keys of the player', space: 'Space', play: 'Play or pause', step: '10 s back or forth', start: 'Go to the beginning', end: 'Go to the end', sound: 'Sound on or off' },
};

const pt: Words = {
  tag: 'pt',
  live: 'Vídeo ao vivo',
  recording: 'Gravação',
  play: 'Reproduzir',
  pause: 'Pausar',
  mute: 'Silenciar',
  unmute: 'Ativar o som',
  tapForSound: 'Toque para ouvir',
  volume: 'Volume',
  level: (percent) => `Volume: ${percent} %`,
  seek: 'Posição',
  quality: 'Qualidade',
  auto: 'Auto',
  captions: 'Legendas',
  captionsOff: 'desligadas',
  picture: 'Imagem sobre imagem',
  statistics: 'Estatísticas',
  fullScreen: 'Tela cheia',
  liveButton: 'AO VIVO',
  isLive: 'Você está ao vivo',
  toLive: 'Ir para o ao vivo',
  behindLive: (time) => `${time} atrás do ao vivo`,
  place: (time, all) => `${time} de ${all}`,
  states: {
    connecting: ['Conectando', ''],
    playing: ['', ''],
    buffering: ['Carregando', ''],
    unknown: ['Ainda não há nada com este nome', 'Fique aqui: quando começar, toca sozinho.'],
    away: ['A transmissão foi interrompida', 'Fique aqui: a imagem volta sozinha.'],
    ended: ['A transmissão terminou', 'Se recomeçar, toca aqui.'],
    uninvited: ['Esta transmissão é para convidados', 'Abra-a pelo link que você recebeu.'],
    refused: ['Seu link não abre esta transmissão', 'É de outra, ou expirou. Peça um novo a quem o enviou.'],
    unreadable: ['Não há transmissão neste endereço', 'O “src” do player deve ser uma playlist, como /live/NAME/index.m3u8.'],
    unplayable: ['Este navegador não reproduz a transmissão', 'Ele não tem Media Source Extensions. Use um mais novo.'],
  },
  lost: ['Reconectando', 'A conexão com o servidor está lenta ou caiu.'],
  faulty: ['O servidor não recebe o vídeo', 'Ele responde, mas o vídeo não chega até ele. Fique aqui: a imagem volta sozinha.'],
  soundOnly: ['Só som', 'Esta transmissão não tem imagem.'],
  noRecording: ['Esta gravação não existe', 'Foi removida ou ainda não terminou.'],
  fromOthers: 'da mídia até agora veio de outros',
  rows: {
    swarm: 'Enxame', fromPeers: 'De outros', fromEdge: 'Do servidor', given: 'Enviado', behind: 'Atraso', buffered: 'Em buffer', started: 'Início em',
    stalls: 'Paradas', dropped: 'Quadros perdidos', bad: 'Partes ruins',
  },
  none: 'nenhuma',
  swarm: { off: 'desligado', joining: 'entrando', resting: 'em pausa: máquina ocupada', narrow: 'em pausa: conexão lenta', away: 'fora: longe do ao vivo', refused: 'recusado' },
  waits: { viewer: 'aguarda você', declined: 'desligado: você não compartilha', tracker: 'nenhum tracker responde', machine: 'aguarda: máquina ocupada' },
  off: (why) => `desligado: ${why}`,
  hindrances: HINDRANCES.pt,
  peers: (count) => (count === 0 ? UNLINKED.pt : `${count} ${count === 1 ? 'par' : 'pares'}`),
  ask: {
    what: 'Compartilhar com outros espectadores?',
    more: 'Você receberia e enviaria partes deste vídeo diretamente. Eles podem ver seu endereço de rede; isso usa um pouco do seu upload.',
    brief: 'Eles veem seu endereço de rede; isso usa upload.',
    relayed: {
      more: 'Você receberia e enviaria partes deste vídeo por um intermediário. Eles não veem seu endereço de rede; isso usa um pouco do seu upload.',
      brief: 'Por um intermediário, que oculta seu endereço; usa upload.',
    },
    yes: 'Sim', no: 'Não',
  },
  terms: { how: 'Limites e privacidade', most: 'Enviar no máximo', all: 'sem limite', nothing: 'nada', way: 'Ligação', direct: 'direta', relayed: 'por um intermediário, que oculta seu endereço', relayless: 'por um intermediário (aqui não há)' },
  flow: { minute: '1 min', sentence: (peers, edge) => `No último minuto: ${peers} de outros e ${edge} do servidor` },
  share: 'Compartilhar com outros',
  unshare: 'Parar de compartilhar',
  withhold: 'Não compartilhar',
  keys: { list: 'Teclas do player', space: 'Espaço', play: 'Reproduzir ou pausar', step: '10 s para trás ou para a frente', start: 'Ir para o início', end: 'Ir para o fim', sound: 'Ligar ou desligar o som' },
};

const zh: Words = {
  tag: 'zh',
  live: '直播视频',
  recording: '录像',
  play: '播放',
  pause: '暂停',
  mute: '静音',
  unmute: '取消静音',
  tapForSound: '点按打开声音',
  volume: '音量',
  level: (percent) => `音量 ${percent}%`,
  seek: '进度',
  quality: '清晰度',
  auto: '自动',
  captions: '字幕',
  captionsOff: '已关闭',
  picture: '画中画',
  statistics: '统计信息',
  fullScreen: '全屏',
  liveButton: '直播',
  isLive: '正在观看直播',
  toLive: '回到直播',
  behindLive: (time) => `比直播晚 ${time}`,
  place: (time, all) => `${time}，共 ${all}`,
  states: {
    connecting: ['正在连接', ''],
    playing: ['', ''],
    buffering: ['正在缓冲', ''],
    unknown: ['此名称下还没有直播', '请留在此页，开始后会自动播放。'],
    away: ['主播暂时离开', '请留在此页，画面会自动恢复。'],
    ended: ['直播已结束', '如果重新开始，会在这里播放。'],
    uninvited: ['此直播仅限受邀观众', '请用您收到的链接打开。'],
    refused: ['您的链接无法打开此直播', '它属于另一场直播或已失效，请重新获取。'],
    unreadable: ['此地址没有直播', '播放器的 “src” 应为播放列表，例如 /live/NAME/index.m3u8。'],
    unplayable: ['此浏览器无法播放', '它不支持媒体源扩展（MSE），请使用较新的浏览器。'],
  },
  lost: ['正在重新连接', '与服务器的连接缓慢或已中断。'],
  faulty: ['服务器收不到视频', '服务器有响应，但视频没有传到那里。请留在此页，画面会自动恢复。'],
  soundOnly: ['仅有声音', '此直播没有画面。'],
  noRecording: ['没有此录像', '它已被删除，或尚未完成。'],
  fromOthers: '的数据（自打开以来）来自其他观众',
  rows: {
    swarm: '互助网络', fromPeers: '来自其他观众', fromEdge: '来自服务器', given: '已传给其他观众', behind: '比直播晚', buffered: '已缓冲', started: '启动用时',
    stalls: '卡顿', dropped: '丢帧', bad: '拒收的数据块',
  },
  none: '无',
  swarm: { off: '已关闭', joining: '正在加入', resting: '暂停：设备繁忙', narrow: '暂停：网速太慢', away: '已离开：距直播太远', refused: '被拒绝' },
  waits: { viewer: '等待您选择', declined: '已关闭：您未参与分享', tracker: '没有追踪服务器响应', machine: '等待：设备繁忙' },
  off: (why) => `已关闭：${why}`,
  hindrances: HINDRANCES.zh,
  peers: (count) => (count === 0 ? UNLINKED.zh : `${count} 位观众`),
  ask: {
    what: '与其他观众互相分享？',
    more: '您将与其他观众直接收发视频数据。他们能看到您的网络地址，并会占用您的部分上传带宽。',
    brief: '他们能看到您的网络地址，并占用上传带宽。',
    relayed: {
      more: '您将经中继与其他观众收发视频数据。他们看不到您的网络地址，但会占用您的部分上传带宽。',
      brief: '经中继，隐藏您的地址；占用上传带宽。',
    },
    yes: '分享', no: '不分享',
  },
  terms: { how: '限制与隐私', most: '上传上限', all: '不限', nothing: '不上传', way: '连接方式', direct: '直接连接', relayed: '经中继，隐藏您的地址', relayless: '经中继（此处没有）' },
  flow: { minute: '1 分钟', sentence: (peers, edge) => `最近一分钟：来自其他观众 ${peers}，来自服务器 ${edge}` },
  share: '与其他观众分享',
  unshare: '停止分享',
  withhold: '不参与分享',
  keys: { list: '播放器按键', space: '空格', play: '播放或暂停', step: '后退或前进 10 秒', start: '回到开头', end: '跳到结尾', sound: '打开或关闭声音' },
};

const LANGUAGES = new Map<string, Words>(Object.entries({ en, pt, zh }));

// words returns those of the first language that is known: "pt-BR" is "pt".
export function words(...languages: (string | null | undefined)[]): Words {
  for (const language of languages) {
    const known = LANGUAGES.get((language ?? '').toLowerCase().split('-')[0] ?? '');
    if (known) return known;
  }
  return en;
}
