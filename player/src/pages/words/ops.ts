// What stands in the operator's page.

import type { Catalog } from '../language.ts';
import { SHARED, type Shared } from './shared.ts';

interface Own {
  show: string; // which stream
  allStreams: string;
  sums: string;
  streamsLive: string;
  incoming: string; // after a bitrate
  viewers: string;
  offload: string;
  behind: string;
  stalled: string;
  fromPeers: string;
  at: string; // a price
  perGB: string;
  price: string;
  currency: string;
  sinceSwarms: string;
  lastMinute: string;
  lastHour: string;
  feeding: string;
  drawing: string;
  legend: string;
  byEdge: string;
  byPeers: string;
  byGift: string;
  byLink: string;
  byFeed: string;
  inWords: string;
  unknownWays: string;
  control: string; // of a stream, whose name follows
  ahead: string; // it has no swarm yet
  share: string;
  cellSize: string;
  roots: string;
  upload: string;
  noBound: string;
  apply: string;
  undo: string;
  defaults: string;
  services: string;
  others: string;
  othersFlag: string;
  streams: string;
  noStreams: string;
  swarms: string;
  onlyShows: string;
  onAdmin: string;
  inShell: string;
  toEdge: string;
  cancel: string;
}

const en: Own = {
  show: 'Show',
  allStreams: 'All streams',
  sums: 'Sums',
  streamsLive: 'Streams live',
  incoming: 'in',
  viewers: 'Viewers',
  offload: 'Offload',
  behind: 'Behind live',
  stalled: 'Stalled',
  fromPeers: 'From peers',
  at: 'at',
  perGB: 'a GB',
  price: 'What a GB costs',
  currency: 'Currency, as USD',
  sinceSwarms: 'since the swarms below came',
  lastMinute: 'in the last minute',
  lastHour: 'The last hour',
  feeding: 'Who feeds whom',
  drawing: 'Drawing of the cells',
  legend: 'What the drawing means',
  byEdge: 'from the edge',
  byPeers: 'from peers, as the rim of a viewer says',
  byGift: 'what a viewer gives: the larger, the more',
  byLink: 'linked, one cell',
  byFeed: 'feeds a viewer of another cell; dotted: not known to arrive yet',
  inWords: 'In words, and what is not known',
  unknownWays: 'Within a cell everybody gives to everybody; which piece went from whom to whom the viewers alone know. Figures are of each viewer’s last report, of which there is one each ten seconds; the viewers’ numbers are by the order in which they joined, and lead to nobody.',
  control: 'Remote control of',
  ahead: 'Nobody is in its swarm yet: what is set here holds for who comes.',
  share: 'In the swarm, % of viewers',
  cellSize: 'Viewers in a cell, at most',
  roots: 'Cells that fetch from the edge',
  upload: 'Upload of a viewer, kbit/s',
  noBound: '0: no bound but its own',
  apply: 'Apply',
  undo: 'Undo',
  defaults: 'Back to default',
  services: 'Services',
  others: 'Others are shown here where',
  othersFlag: 'names their admin listeners.',
  streams: 'Streams',
  noStreams: 'No streams yet.',
  swarms: 'Swarms',
  onlyShows: 'This page only shows.',
  onAdmin: 'on a service’s admin listener, whose address the flag -admin sets and its log says, has the last hour as charts; where it knows a tracker, a drawing of cells and the switches. In a shell',
  inShell: ', with the admin listener of a tracker,',
  toEdge: 'gives a stream to the edge alone within two seconds.',
  cancel: 'Cancel',
};

const pt: Own = {
  show: 'Mostrar',
  allStreams: 'Todas as transmissões',
  sums: 'Totais',
  streamsLive: 'Transmissões no ar',
  incoming: 'entrando',
  viewers: 'Espectadores',
  offload: 'Alívio',
  behind: 'Atrás do ao vivo',
  stalled: 'Tempo parado',
  fromPeers: 'De outros',
  at: 'a',
  perGB: 'por GB',
  price: 'Quanto custa um GB',
  currency: 'Moeda, como BRL',
  sinceSwarms: 'desde que os enxames abaixo surgiram',
  lastMinute: 'no último minuto',
  lastHour: 'A última hora',
  feeding: 'Quem alimenta quem',
  drawing: 'Desenho das células',
  legend: 'O que o desenho significa',
  byEdge: 'da borda',
  byPeers: 'de outros espectadores, como diz o aro de cada um',
  byGift: 'o que um espectador dá: quanto maior, mais',
  byLink: 'ligados, uma célula',
  byFeed: 'alimenta um espectador de outra célula; pontilhado: ainda não se sabe se chega',
  inWords: 'Em palavras, e o que não se sabe',
  unknownWays: 'Dentro de uma célula todos dão a todos; qual parte foi de quem para quem só os espectadores sabem. Os números são do último relato de cada um, que vem a cada dez segundos; a numeração segue a ordem de entrada e não leva a ninguém.',
  control: 'Controle remoto de',
  ahead: 'Ainda não há ninguém no enxame: o que se define aqui vale para quem chegar.',
  share: 'No enxame, % dos espectadores',
  cellSize: 'Espectadores por célula, no máximo',
  roots: 'Células que buscam na borda',
  upload: 'Upload de um espectador, kbit/s',
  noBound: '0: só o limite dele',
  apply: 'Aplicar',
  undo: 'Desfazer',
  defaults: 'Voltar ao padrão',
  services: 'Serviços',
  others: 'Outros aparecem aqui quando',
  othersFlag: 'dá os endereços de administração deles.',
  streams: 'Transmissões',
  noStreams: 'Ainda não há transmissões.',
  swarms: 'Enxames',
  onlyShows: 'Esta página só mostra.',
  onAdmin: 'no endereço de administração de um serviço, que a opção -admin define e o log informa, tem a última hora em gráficos; onde conhece um tracker, também o desenho das células e os comandos. Num terminal,',
  inShell: ', com o endereço de administração de um tracker,',
  toEdge: 'deixa uma transmissão só com a borda em dois segundos.',
  cancel: 'Cancelar',
};

const zh: Own = {
  show: '显示',
  allStreams: '全部直播',
  sums: '汇总',
  streamsLive: '正在直播',
  incoming: '流入',
  viewers: '观众',
  offload: '分流比例',
  behind: '比直播晚',
  stalled: '卡顿',
  fromPeers: '来自其他观众',
  at: '按',
  perGB: '每 GB 计',
  price: '每 GB 的价格',
  currency: '货币，如 CNY',
  sinceSwarms: '自下列互助网络出现以来',
  lastMinute: '最近一分钟',
  lastHour: '最近一小时',
  feeding: '谁供给谁',
  drawing: '小组示意图',
  legend: '图例',
  byEdge: '来自边缘',
  byPeers: '来自其他观众，见每位观众的外圈',
  byGift: '观众所给出的：越大越多',
  byLink: '已连接，同一小组',
  byFeed: '供给另一小组的观众；虚线：尚不知是否到达',
  inWords: '文字说明，以及未知之处',
  unknownWays: '同一小组内人人互相供给；哪一块由谁给了谁，只有观众自己知道。数字取自每位观众最近一次报告，每十秒一次；观众的编号按加入顺序，不指向任何人。',
  control: '远程控制：',
  ahead: '还没有人参与互助：此处的设置对之后加入的观众生效。',
  share: '参与互助的观众比例（%）',
  cellSize: '每个小组最多的观众数',
  roots: '从边缘获取的小组数',
  upload: '每位观众的上传（kbit/s）',
  noBound: '0：仅受其自身限制',
  apply: '应用',
  undo: '撤销',
  defaults: '恢复默认',
  services: '服务',
  others: '其他服务要显示在这里，请用',
  othersFlag: '指定它们的管理地址。',
  streams: '直播',
  noStreams: '还没有直播。',
  swarms: '互助网络',
  onlyShows: '此页仅供查看。',
  onAdmin: '在服务的管理地址上（由 -admin 设定，日志中有记录）还有最近一小时的图表；如果它知道追踪服务器，还有小组示意图和开关。在终端运行',
  inShell: '，加上追踪服务器的管理地址，',
  toEdge: '可在两秒内让一场直播只由边缘提供。',
  cancel: '取消',
};

export type Words = Shared & Own;

export const OPS: Catalog<Words> = { en: { ...SHARED.en, ...en }, pt: { ...SHARED.pt, ...pt }, zh: { ...SHARED.zh, ...zh } };
