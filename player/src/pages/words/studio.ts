// What the studio says.

import type { Catalog } from '../language.ts';
import { FALTERING, type Falters } from './faltering.ts';
import { LACKING, type Lacking } from './lacking.ts';
import { SENTENCES } from './sentences.ts';
import { SHARED, type Shared } from './shared.ts';

interface Own {
  studio: string;
  offAir: string;
  openWatch: string;
  preview: string;
  what: string; // to show
  source: string;
  camera: string;
  screen: string;
  both: string;
  file: string;
  pattern: string;
  sound: string;
  noSound: string;
  received: string;
  see: string;
  hide: string;
  microphone: string;
  corner: string;
  bottomRight: string;
  bottomLeft: string;
  topRight: string;
  topLeft: string;
  resolution: string;
  bitrate: string;
  soundOnly: string; // where the picture would be
  key: string;
  keySecret: string;
  keyHidden: string;
  goLive: string;
  endStream: string;
  connecting: string;
  choose: string;
  chooseFirst: string;
  ready: string;
  connectingToServer: string;
  onAir(time: string): string;
  elsewhere(how: string): string;
  away(why: string): string; // the server, while nobody is or was live
  awayOnAir(why: string): string; // while somebody was, and is cut off
  awayLinked(why: string): string; // while media still go
  noKey(whence: string): string;
  whence(name: string): string; // keys come
  sourceEnded: string;
  fromObs: string;
  server: string;
  streamKey: string;
  keyAbove: string;
  obsHint: string;
  sending: string;
  picture: string;
  frames: string;
  codec: string;
  roundTrip: string;
  lost: string;
  viewers: string;
  behindServer: string;
  fromEachOther(percent: number): string;
  told: Record<string, string>; // see SENTENCES
}

const en: Own = {
  studio: 'Studio',
  offAir: 'Off air',
  openWatch: 'Open the watch page',
  preview: 'Preview',
  what: 'What do you want to show?',
  source: 'Source',
  camera: 'Camera',
  screen: 'Screen',
  both: 'Screen + camera',
  file: 'File',
  pattern: 'Test pattern',
  sound: 'Sound',
  noSound: 'No sound',
  received: 'What the server receives',
  see: 'See what the server receives',
  hide: 'Hide what the server receives',
  microphone: 'Microphone',
  corner: 'Camera stands',
  bottomRight: 'bottom right',
  bottomLeft: 'bottom left',
  topRight: 'top right',
  topLeft: 'top left',
  resolution: 'Resolution',
  bitrate: 'Bitrate',
  soundOnly: 'Sound only',
  key: 'Publish key',
  keySecret: 'The secret of this stream',
  keyHidden: 'Nobody who watches can see it. It is not kept in this browser.',
  goLive: 'Go live',
  endStream: 'End stream',
  connecting: 'Connecting',
  choose: 'Choose what to show.',
  chooseFirst: 'Choose a source first.',
  ready: 'Ready.',
  connectingToServer: 'Connecting to the server…',
  onAir: (time) => `On air for ${time}.`,
  elsewhere: (how) => `${how}, from another program. “Go live” is refused while that sends.`,
  away: (why) => `${why} Stay here: this page notices when it is back.`,
  awayOnAir: (why) => `${why} Stay here: this page keeps trying for ten minutes, and you are on air again by yourself when it is back.`,
  awayLinked: (why) => `${why} Viewers may see nothing meanwhile.`,
  noKey: (whence) => `The publish key is missing. ${whence}`,
  whence: (name) => `Ask whoever runs the server for the key of this stream. If that is you: “shoal up” prints one, “shoal key add ${name}” makes another (with the -data of the server, where it was given one).`,
  sourceEnded: 'The source has ended. Choose another to go on.',
  fromObs: 'From OBS or another program',
  server: 'Server',
  streamKey: 'Stream key',
  keyAbove: 'the publish key above',
  obsHint: 'Keyframe interval: 2 s, or 1 s for the lowest delay; never 0 (auto). H.264 in 4:2:0 (NV12), sound in AAC.',
  sending: 'Sending',
  picture: 'Picture',
  frames: 'Frames',
  codec: 'Codec',
  roundTrip: 'Round trip',
  lost: 'Lost',
  viewers: 'Viewers',
  behindServer: 'Behind the server',
  fromEachOther: (percent) => `${percent} % from each other in the last minute`,
  told: SENTENCES.en,
};

const pt: Own = {
  studio: 'Estúdio',
  offAir: 'Fora do ar',
  openWatch: 'Abrir a página da transmissão',
  preview: 'Prévia',
  what: 'O que você quer mostrar?',
  source: 'Fonte',
  camera: 'Câmera',
  screen: 'Tela',
  both: 'Tela + câmera',
  file: 'Arquivo',
  pattern: 'Padrão de teste',
  sound: 'Som',
  noSound: 'Sem som',
  received: 'O que o servidor recebe',
  see: 'Ver o que o servidor recebe',
  hide: 'Ocultar o que o servidor recebe',
  microphone: 'Microfone',
  corner: 'Lugar da câmera',
  bottomRight: 'embaixo à direita',
  bottomLeft: 'embaixo à esquerda',
  topRight: 'em cima à direita',
  topLeft: 'em cima à esquerda',
  resolution: 'Resolução',
  bitrate: 'Taxa de bits',
  soundOnly: 'Só som',
  key: 'Chave de publicação',
  keySecret: 'O segredo desta transmissão',
  keyHidden: 'Quem assiste não a vê. Ela não fica guardada neste navegador.',
  goLive: 'Transmitir',
  endStream: 'Encerrar',
  connecting: 'Conectando',
  choose: 'Escolha o que mostrar.',
  chooseFirst: 'Escolha primeiro uma fonte.',
  ready: 'Pronto.',
  connectingToServer: 'Conectando ao servidor…',
  onAir: (time) => `No ar há ${time}.`,
  elsewhere: (how) => `${how}, de outro programa. Enquanto ele envia, “Transmitir” é recusado.`,
  away: (why) => `${why} Fique aqui: a página percebe quando voltar.`,
  awayOnAir: (why) => `${why} Fique aqui: a página continua tentando por dez minutos e, quando ele voltar, você entra no ar de novo sozinho.`,
  awayLinked: (why) => `${why} Enquanto isso, quem assiste pode não ver nada.`,
  noKey: (whence) => `Falta a chave de publicação. ${whence}`,
  whence: (name) => `Peça a chave desta transmissão a quem cuida do servidor. Se for você: “shoal up” mostra uma, “shoal key add ${name}” cria outra (com o -data do servidor, se ele recebeu um).`,
  sourceEnded: 'A fonte terminou. Escolha outra para continuar.',
  fromObs: 'Do OBS ou de outro programa',
  server: 'Servidor',
  streamKey: 'Chave de transmissão',
  keyAbove: 'a chave de publicação acima',
  obsHint: 'Intervalo de quadros-chave: 2 s, ou 1 s para o menor atraso; nunca 0 (automático). H.264 em 4:2:0 (NV12), som em AAC.',
  sending: 'Enviando',
  picture: 'Imagem',
  frames: 'Quadros',
  codec: 'Codec',
  roundTrip: 'Ida e volta',
  lost: 'Perdas',
  viewers: 'Espectadores',
  behindServer: 'Atrás do servidor',
  fromEachOther: (percent) => `${percent} % uns dos outros no último minuto`,
  told: SENTENCES.pt,
};

const zh: Own = {
  studio: '直播间',
  offAir: '未开播',
  openWatch: '打开观看页面',
  preview: '预览',
  what: '您想播什么？',
  source: '来源',
  camera: '摄像头',
  screen: '屏幕',
  both: '屏幕和摄像头',
  file: '文件',
  pattern: '测试图案',
  sound: '声音',
  noSound: '没有声音',
  received: '服务器收到的画面',
  see: '查看服务器收到的画面',
  hide: '隐藏服务器收到的画面',
  microphone: '麦克风',
  corner: '摄像头位置',
  bottomRight: '右下',
  bottomLeft: '左下',
  topRight: '右上',
  topLeft: '左上',
  resolution: '分辨率',
  bitrate: '码率',
  soundOnly: '只有声音',
  key: '发布密钥',
  keySecret: '此直播的密钥',
  keyHidden: '观众看不到它，浏览器也不会保存它。',
  goLive: '开始直播',
  endStream: '结束直播',
  connecting: '正在连接',
  choose: '请选择要播的内容。',
  chooseFirst: '请先选择来源。',
  ready: '准备就绪。',
  connectingToServer: '正在连接服务器…',
  onAir: (time) => `已直播 ${time}。`,
  elsewhere: (how) => `${how}（来自其他程序）。在此期间不能“开始直播”。`,
  away: (why) => `${why}请留在此页，恢复后会自动得知。`,
  awayOnAir: (why) => `${why}请留在此页：十分钟内会不断重试，恢复后自动继续直播。`,
  awayLinked: (why) => `${why}在此期间观众可能看不到画面。`,
  noKey: (whence) => `缺少发布密钥。${whence}`,
  whence: (name) => `请向服务器的管理者索取此直播的密钥。如果管理者就是您：“shoal up” 会显示一个，“shoal key add ${name}” 可再生成一个（如果服务器指定了 -data，也要加上）。`,
  sourceEnded: '来源已结束，请另选一个继续。',
  fromObs: '使用 OBS 或其他程序',
  server: '服务器',
  streamKey: '推流码',
  keyAbove: '上面的发布密钥',
  obsHint: '关键帧间隔：2 秒；要求最低延迟时为 1 秒；不要设为 0（自动）。H.264，4:2:0（NV12），声音用 AAC。',
  sending: '正在发送',
  picture: '画面',
  frames: '帧率',
  codec: '编码',
  roundTrip: '往返时间',
  lost: '丢包',
  viewers: '观众',
  behindServer: '比服务器晚',
  fromEachOther: (percent) => `最近一分钟 ${percent}% 来自彼此`,
  told: SENTENCES.zh,
};

export type Words = Shared & Own & Lacking & Falters;

export const STUDIO: Catalog<Words> = {
  en: { ...SHARED.en, ...LACKING.en, ...FALTERING.en, ...en }, pt: { ...SHARED.pt, ...LACKING.pt, ...FALTERING.pt, ...pt }, zh: { ...SHARED.zh, ...LACKING.zh, ...FALTERING.zh, ...zh },
};

// unreached says that the server is away, and what that is to who is live, was live, or never was.
export function unreached(words: Own, why: string, { wanted, linked, since }: { wanted: boolean; linked: boolean; since: number }): string {
  if (why === '') return '';
  if (wanted && linked) return words.awayLinked(why);
  return wanted && since > 0 ? words.awayOnAir(why) : words.away(why);
}

// told is a sentence in those words, or as it is where they have none for it, as for what a server says.
export function told({ told: words }: Own, sentence: string): string {
  const named = /“([^”]*)”/.exec(sentence);
  const own = words[named ? sentence.replace(named[0], '“*”') : sentence];
  return own === undefined ? sentence : own.replace('*', () => named?.[1] ?? '');
}
