// What the operator's page says of what it sees: services, streams, swarms, and their last hour.

import { type Catalog, spoken } from '../language.ts';
import { counted } from './counted.ts';

export interface Figures {
  notNow: string; // which streams there are
  streamsElsewhere: string;
  cellsElsewhere: string;
  noTracker: string;
  silent(trackers: number): string;
  ready: string;
  allReady(n: number): string;
  notReady: string;
  someNotReady(n: number, of: number): string;
  away: string;
  notKnown: string; // whether it is away
  lastHeard(at: string, span: string): string;
  unreachable: string;
  thisProcess: string;
  serviceHeads: readonly string[];
  coming(streams: number): string;
  sends(rate: string): string;
  requestsHeld(n: number): string;
  heldAtEdges(n: number): string;
  cached(size: string): string;
  upstreamsOut(n: number): string;
  shortOfMemory: string;
  diskRests: string; // it is full, or failed
  viewers(n: number): string;
  redisFailed(n: number): string;
  turnedAway(n: number): string;
  streamHeads: readonly string[];
  swarmHeads: readonly string[];
  on: string;
  off: string;
  onFor(share: string): string;
  someOf(n: string | number, all: string | number): string;
  cells(n: number, most: number, roots: number, mostRoots: number): string;
  links(introductions: number, opened: number, silent: number, noRoute: number, lost: number): string;
  unrecorded(why: string): string;
  seeLog: string;
  saves(money: string): string;
  nobodyTells: string; // why a figure is not known; of these each is short
  silentTracker: string;
  nobodyWatches: string;
  nobodyShares: string;
  notTold: string; // by viewers, so far
  nothingYet: string;
  noPrice: string;
  oddPrice: string;
  atLeast(n: string | number): string;
  partial: string; // figures, as a tracker is silent
  partialSince(at: string, span: string): string;
  lately(span: string, size: string): string;
  latelySaved(money: string): string;
  lastHour: string;
  last(n: number, span: string): string; // n: of its unit
  charts: Record<Charted, readonly [string, string]>; // title, and what it is to whom does not see it
  fromPeers: string;
  fromEdges: string;
  nothing: string; // is known yet
  now: string;
  range(least: string, most: string): string;
  charted(title: string, what: string, now: string, range: string): string;
  unknown: string;
  peersAndEdges(peers: string, edges: string): string;
  uncharted(streams: number): string;
}

export type Charted = 'viewers' | 'media' | 'offload' | 'copies' | 'behind' | 'stalled' | 'sent';

const en: Figures = {
  notNow: 'Which streams there are is not known now: nobody who is asked here tells.',
  streamsElsewhere: 'Streams are not known here: -ops names the admin listeners of origins or edges.',
  cellsElsewhere: 'Cells and switches are shown where -ops names the admin listener of a tracker.',
  noTracker: 'No tracker is known here: viewers, cells and switches are shown where -ops names the admin listener of one.',
  silent: (n) => `${n} of the trackers did not answer: ${n === 1 ? 'its' : 'their'} viewers are not counted here.`,
  ready: 'Ready',
  allReady: (n) => `All ${n} ready`,
  notReady: 'Not ready',
  someNotReady: (n, of) => `${n} of ${of} not ready`,
  away: 'Away',
  notKnown: 'Not known',
  lastHeard: (at, span) => `No answer any more; last heard of ${span} ago, at ${at}`,
  unreachable: 'Unreachable',
  thisProcess: 'This process',
  serviceHeads: ['Service', 'Health', 'Is', 'Does', 'Memory', 'Up for', 'Version'],
  coming: (n) => `${counted(n, 'stream', 'streams')} coming in`,
  sends: (rate) => `sends ${rate}`,
  requestsHeld: (n) => `${counted(n, 'request', 'requests')} held`,
  heldAtEdges: (n) => `${counted(n, 'request', 'requests')} held at edges`,
  cached: (size) => `${size} cached`,
  upstreamsOut: (n) => `${counted(n, 'origin or parent', 'origins or parents')} out`,
  shortOfMemory: 'short of memory',
  diskRests: 'its disk rests',
  viewers: (n) => counted(n, 'known viewer', 'known viewers'),
  redisFailed: (n) => counted(n, 'failure of Redis', 'failures of Redis'),
  turnedAway: (n) => `${n} turned away`,
  streamHeads: ['Stream', 'State', 'Picture', 'Bitrate', 'By', 'Viewers', 'Offload', 'On for'],
  swarmHeads: ['Swarm', 'P2P', 'Known viewers', 'Cells', 'Copies', 'Links that opened', 'Behind live', 'Stalled', 'Upload each'],
  on: 'On',
  off: 'Off',
  onFor: (share) => `On for ${share}`,
  someOf: (n, all) => `${n} of ${all}`,
  cells: (n, most, roots, mostRoots) => `${n} of up to ${most}, ${roots} of ${mostRoots} roots`,
  links: (n, opened, silent, noRoute, lost) => `${counted(n, 'introduction', 'introductions')}; links: ${opened} opened, ${silent} had no answer, ${noRoute} no route, ${counted(lost, 'was lost', 'were lost')}`,
  unrecorded: (why) => `Its recording has stopped: ${why}. The live goes on, and the recording by itself when it can.`,
  seeLog: 'see the log of the origin',
  saves: (money) => `saves ${money}`,
  nobodyTells: 'nobody tells now',
  silentTracker: 'a tracker is silent',
  nobodyWatches: 'nobody watches',
  nobodyShares: 'nobody is in a swarm',
  notTold: 'no viewer has told yet',
  nothingYet: 'nothing yet',
  noPrice: 'no price set',
  oddPrice: 'a price is 0 or more',
  atLeast: (n) => `at least ${n}`,
  partial: 'Without a tracker that is silent.',
  partialSince: (at, span) => `Without a tracker that has been silent since ${at}, for ${span}.`,
  lately: (span, size) => `${span}: ${size}`,
  latelySaved: (money) => `, ${money} saved`,
  lastHour: 'Last hour',
  last: (_, span) => `Last ${span}`,
  charts: {
    viewers: ['Known viewers', 'viewers whom trackers know'],
    media: ['Media to viewers', 'what viewers got, from peers and from edges'],
    offload: ['Offload', 'share of media that came from peers'],
    copies: ['Copies of each chunk', 'how many times each chunk left the edges'],
    behind: ['Behind live', 'seconds behind live'],
    stalled: ['Stalled', 'share of their time for which viewers stood still'],
    sent: ['Edges send', 'what edges send'],
  },
  fromPeers: 'from peers',
  fromEdges: 'from edges',
  nothing: 'Nothing is known yet',
  now: 'now',
  range: (least, most) => `${least} to ${most}`,
  charted: (title, what, now, range) => `${title}: ${what}, over the last hour. Now ${now}, ${range}. The arrow keys read it moment by moment.`,
  unknown: 'not known',
  peersAndEdges: (peers, edges) => `peers ${peers}, edges ${edges}`,
  uncharted: (n) => `${counted(n, 'more stream has no charts of its own', 'more streams have no charts of their own')}: the 64 with most viewers have.`,
};

const pt: Figures = {
  notNow: 'Agora não se sabe quais transmissões há: ninguém a quem se pergunta aqui informa.',
  streamsElsewhere: 'As transmissões não são conhecidas aqui: -ops dá os endereços de administração de origens ou bordas.',
  cellsElsewhere: 'Células e comandos aparecem onde -ops dá o endereço de administração de um tracker.',
  noTracker: 'Nenhum tracker é conhecido aqui: espectadores, células e comandos aparecem onde -ops dá o endereço de administração de um.',
  silent: (n) => `${n} dos trackers não ${n === 1 ? 'respondeu: os espectadores dele' : 'responderam: os espectadores deles'} não são contados aqui.`,
  ready: 'Pronto',
  allReady: (n) => `Todos os ${n} prontos`,
  notReady: 'Não está pronto',
  someNotReady: (n, of) => `${n} de ${of} ${n === 1 ? 'não está pronto' : 'não estão prontos'}`,
  away: 'Ausente',
  notKnown: 'Não se sabe',
  lastHeard: (at, span) => `Sem resposta; última notícia há ${span}, às ${at}`,
  unreachable: 'Inacessível',
  thisProcess: 'Este processo',
  serviceHeads: ['Serviço', 'Saúde', 'É', 'Faz', 'Memória', 'No ar há', 'Versão'],
  coming: (n) => `${counted(n, 'transmissão', 'transmissões')} entrando`,
  sends: (rate) => `envia ${rate}`,
  requestsHeld: (n) => counted(n, 'pedido em espera', 'pedidos em espera'),
  heldAtEdges: (n) => `${counted(n, 'pedido em espera', 'pedidos em espera')} nas bordas`,
  cached: (size) => `${size} em cache`,
  upstreamsOut: (n) => counted(n, 'origem ou borda acima caída', 'origens ou bordas acima caídas'),
  shortOfMemory: 'pouca memória',
  diskRests: 'o disco está em pausa',
  viewers: (n) => counted(n, 'espectador conhecido', 'espectadores conhecidos'),
  redisFailed: (n) => counted(n, 'falha do Redis', 'falhas do Redis'),
  turnedAway: (n) => counted(n, 'recusado', 'recusados'),
  streamHeads: ['Transmissão', 'Estado', 'Imagem', 'Taxa', 'Por', 'Espectadores', 'Alívio', 'No ar há'],
  swarmHeads: ['Enxame', 'Entre pares', 'Espectadores conhecidos', 'Células', 'Cópias', 'Ligações que abriram', 'Atrás do ao vivo', 'Tempo parado', 'Upload de cada um'],
  on: 'Ligado',
  off: 'Desligado',
  onFor: (share) => `Ligado para ${share}`,
  someOf: (n, all) => `${n} de ${all}`,
  cells: (n, most, roots, mostRoots) => `${n} de até ${most}, ${roots} de ${mostRoots} raízes`,
  links: (n, opened, silent, noRoute, lost) => `${counted(n, 'apresentação', 'apresentações')}; ligações: ${counted(opened, 'abriu', 'abriram')}, ${silent} sem resposta, ${noRoute} sem caminho, ${counted(lost, 'caiu', 'caíram')}`,
  unrecorded: (why) => `A gravação parou: ${why}. O ao vivo segue, e a gravação volta sozinha quando puder.`,
  seeLog: 'veja o log da origem',
  saves: (money) => `economiza ${money}`,
  nobodyTells: 'ninguém informa agora',
  silentTracker: 'um tracker não responde',
  nobodyWatches: 'ninguém assiste',
  nobodyShares: 'ninguém está em um enxame',
  notTold: 'nenhum espectador relatou ainda',
  nothingYet: 'nada ainda',
  noPrice: 'sem preço definido',
  oddPrice: 'o preço é 0 ou mais',
  atLeast: (n) => `pelo menos ${n}`,
  partial: 'Sem um tracker que não responde.',
  partialSince: (at, span) => `Sem um tracker que não responde desde ${at}, há ${span}.`,
  lately: (span, size) => `${span}: ${size}`,
  latelySaved: (money) => `, ${money} de economia`,
  lastHour: 'Última hora',
  last: (n, span) => `${n === 1 ? 'Último' : 'Últimos'} ${span}`,
  charts: {
    viewers: ['Espectadores conhecidos', 'espectadores que os trackers conhecem'],
    media: ['Mídia aos espectadores', 'o que os espectadores receberam, de outros e das bordas'],
    offload: ['Alívio', 'parte da mídia que veio de outros espectadores'],
    copies: ['Cópias de cada parte', 'quantas vezes cada parte saiu das bordas'],
    behind: ['Atrás do ao vivo', 'segundos atrás do ao vivo'],
    stalled: ['Tempo parado', 'parte do tempo em que os espectadores ficaram parados'],
    sent: ['As bordas enviam', 'o que as bordas enviam'],
  },
  fromPeers: 'de outros',
  fromEdges: 'das bordas',
  nothing: 'Ainda não se sabe nada',
  now: 'agora',
  range: (least, most) => `${least} a ${most}`,
  charted: (title, what, now, range) => `${title}: ${what}, na última hora. Agora ${now}, ${range}. As setas leem momento a momento.`,
  unknown: 'não se sabe',
  peersAndEdges: (peers, edges) => `outros ${peers}, bordas ${edges}`,
  uncharted: (n) => `${counted(n, 'outra transmissão não tem gráficos próprios', 'outras transmissões não têm gráficos próprios')}: as 64 com mais espectadores têm.`,
};

const zh: Figures = {
  notNow: '目前不知道有哪些直播：这里询问的服务都没有给出。',
  streamsElsewhere: '这里不知道有哪些直播：请用 -ops 指定源站或边缘的管理地址。',
  cellsElsewhere: '用 -ops 指定追踪服务器的管理地址后，会显示小组和开关。',
  noTracker: '这里没有追踪服务器：用 -ops 指定一个的管理地址后，会显示观众、小组和开关。',
  silent: (n) => `有 ${n} 个追踪服务器没有响应：其观众未计入。`,
  ready: '就绪',
  allReady: (n) => `${n} 个全部就绪`,
  notReady: '未就绪',
  someNotReady: (n, of) => `${of} 个中有 ${n} 个未就绪`,
  away: '失联',
  notKnown: '未知',
  lastHeard: (at, span) => `没有响应；最后一次消息在 ${span}前（${at}）`,
  unreachable: '无法连接',
  thisProcess: '本进程',
  serviceHeads: ['服务', '状况', '角色', '正在做', '内存', '已运行', '版本'],
  coming: (n) => `${n} 路直播流入`,
  sends: (rate) => `发送 ${rate}`,
  requestsHeld: (n) => `${n} 个请求在等待`,
  heldAtEdges: (n) => `边缘有 ${n} 个请求在等待`,
  cached: (size) => `缓存 ${size}`,
  upstreamsOut: (n) => `${n} 个源站或上级边缘不可用`,
  shortOfMemory: '内存不足',
  diskRests: '磁盘暂停使用',
  viewers: (n) => `${n} 位已知观众`,
  redisFailed: (n) => `Redis 出错 ${n} 次`,
  turnedAway: (n) => `拒绝了 ${n} 个`,
  streamHeads: ['直播', '状态', '画面', '码率', '来源', '观众', '分流比例', '已播'],
  swarmHeads: ['互助网络', '互助', '已知观众', '小组', '副本', '成功的连接', '比直播晚', '卡顿', '人均上传'],
  on: '开启',
  off: '关闭',
  onFor: (share) => `对 ${share} 开启`,
  someOf: (n, all) => `${n} / ${all}`,
  cells: (n, most, roots, mostRoots) => `${n} 个，每个最多 ${most} 位；${roots} / ${mostRoots} 个根`,
  links: (n, opened, silent, noRoute, lost) => `介绍 ${n} 次；连接：成功 ${opened}，无响应 ${silent}，无路可通 ${noRoute}，断开 ${lost}`,
  unrecorded: (why) => `录像已停止：${why}。直播继续，录像会在可能时自动恢复。`,
  seeLog: '请查看源站的日志',
  saves: (money) => `节省 ${money}`,
  nobodyTells: '目前无人告知',
  silentTracker: '有追踪服务器没有响应',
  nobodyWatches: '没有人观看',
  nobodyShares: '没有人参与互助',
  notTold: '还没有观众报告',
  nothingYet: '暂无',
  noPrice: '未设价格',
  oddPrice: '价格应为 0 或以上',
  atLeast: (n) => `至少 ${n}`,
  partial: '不含一个没有响应的追踪服务器。',
  partialSince: (at, span) => `不含一个自 ${at} 起（${span}）没有响应的追踪服务器。`,
  lately: (span, size) => `${span}：${size}`,
  latelySaved: (money) => `，节省 ${money}`,
  lastHour: '最近一小时',
  last: (_, span) => `最近 ${span}`,
  charts: {
    viewers: ['已知观众', '追踪服务器知道的观众'],
    media: ['给观众的数据', '观众从其他观众和边缘收到的数据'],
    offload: ['分流比例', '来自其他观众的数据比例'],
    copies: ['每块的副本', '每块数据从边缘发出的次数'],
    behind: ['比直播晚', '比直播晚的秒数'],
    stalled: ['卡顿', '观众画面停住的时间比例'],
    sent: ['边缘发送', '边缘发送的数据'],
  },
  fromPeers: '来自其他观众',
  fromEdges: '来自边缘',
  nothing: '尚无数据',
  now: '现在',
  range: (least, most) => `${least} 至 ${most}`,
  charted: (title, what, now, range) => `${title}：最近一小时内${what}。现在 ${now}，${range}。可用方向键逐点查看。`,
  unknown: '未知',
  peersAndEdges: (peers, edges) => `其他观众 ${peers}，边缘 ${edges}`,
  uncharted: (n) => `另有 ${n} 场直播没有单独的图表：仅观众最多的 64 场有。`,
};

export const FIGURES: Catalog<Figures> = { en, pt, zh };

// figures returns those of the language that the page is in.
export function figures(): Figures {
  return FIGURES[spoken()];
}
