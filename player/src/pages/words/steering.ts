// What the operator's page says of the cells of a swarm, and of what a change of its control does.

import { type Catalog, spoken } from '../language.ts';
import { counted } from './counted.ts';

export interface Steering {
  edge: string;
  viewer(n: number): string;
  noReport(viewer: string): string;
  report(viewer: string, fromPeers: string, fromEdge: string, gives: string, links: number, behind: string, stood: string): string;
  gives(rate: string): string;
  givesNothing: string;
  stood(seconds: string): string;
  caption(name: string, viewers: number, cells: number, drawn: number, feeds: number, outside: number): string;
  below: string; // each of the caption stands there in words
  sharing: string; // what P2P does that is on, beside its switch
  notSharing: string; // and off
  offForAll: string;
  nobody: string;
  nobodyHere: string;
  feeds(from: number, to: number, fed: boolean): string;
  fetches(cell: number): string;
  fed(cell: number, by: number): string;
  gets(cell: number, rate: string): string;
  telling: string;
  noAnswer: string;
  refused(why: string): string;
  changed(name: string, time: string, p2p: string, cellSize: number, roots: number, bound: string): string;
  p2pIs(on: boolean, percent: number | null): string;
  unseen: string; // a change was taken, and who took it is silent since
  bound(rate: string): string;
  noBound: string;
  turnOff(name: string): string;
  change(name: string): string;
  doOff: string;
  doChange: string;
  leave(n: number, of: number, times: string): string;
  times(n: string): string;
  lessEach: string;
  newLinks: string;
  split: string;
  fedInstead(n: number, of: number): string;
  moreCopies: string;
}

const en: Steering = {
  edge: 'Edge',
  viewer: (n) => `Viewer ${n}`,
  noReport: (viewer) => `${viewer}: no report yet, or at another tracker`,
  report: (viewer, peers, edge, gives, links, behind, stood) => `${viewer}: ${peers} from peers, ${edge} from the edge, ${gives}; ${counted(links, 'link', 'links')}, ${behind} behind live${stood}`,
  gives: (rate) => `gives ${rate}`,
  givesNothing: 'gives nothing now',
  stood: (seconds) => `, stood still for ${seconds}`,
  caption: (name, viewers, cells, drawn, feeds, outside) => `${name}: ${counted(viewers, 'viewer', 'viewers')} in ${counted(cells, 'cell', 'cells')}` +
    `${drawn < cells ? `, of which the ${drawn} nearest to the edge are drawn` : ''}${feeds > 0 ? `, ${counted(feeds, 'link', 'links')} by which cells feed others` : ''}` +
    `${outside > 0 ? `; ${outside} in no cell, who ${outside === 1 ? 'gets' : 'get'} all from the edge` : ''}.`,
  below: 'Each of them stands below in words.',
  sharing: 'on: viewers give to each other; turned off, all get all from the edges within two seconds',
  notSharing: 'off: all viewers get all from the edges',
  offForAll: 'P2P is off: no viewer is in a cell, and the edge serves each of them.',
  nobody: 'Nobody is in a cell.',
  nobodyHere: 'Nobody is in a cell here. Where another tracker keeps the cells, name its admin listener with -ops.',
  feeds: (from, to, fed) => `Viewer ${from} feeds viewer ${to}${fed ? '' : ', who does not say so yet'}`,
  fetches: (cell) => `Cell ${cell}, fetches from the edge`,
  fed: (cell, by) => `Cell ${cell}, fed by cell ${by}`,
  gets: (cell, rate) => `Cell ${cell} gets ${rate} from the edge, as its viewers last told`,
  telling: 'Telling the trackers…',
  noAnswer: 'No answer: it is not known whether it was changed.',
  refused: (why) => `Refused: ${why}`,
  changed: (name, time, p2p, size, roots, bound) => `${name}, ${time}: ${p2p}; cells of ${size}, ${roots} of them from the edge; ${bound}.`,
  unseen: 'It was told; how the swarm is now is not known.',
  p2pIs: (on, percent) => `P2P is ${on ? `on${percent === null ? '' : ` for ${percent} %`}` : 'off'}`,
  bound: (rate) => `at most ${rate} from each viewer`,
  noBound: 'no bound of upload',
  turnOff: (name) => `Turn P2P off for ${name}?`,
  change: (name) => `Change the swarm of ${name}?`,
  doOff: 'Turn P2P off',
  doChange: 'Change it',
  leave: (n, of, times) => (of === 1 ? `The one viewer in the swarm leaves it within two seconds and gets everything from the edges${times}.`
    : `${n === of ? `All ${of}` : `About ${n} of ${of}`} viewers in the swarm ${n === 1 ? 'leaves it within two seconds and gets' : 'leave it within two seconds and get'} everything from the edges${times}.`),
  times: (n) => `, some ${n} times what they send now`,
  lessEach: 'Viewers send each other less from now on: what they lack comes from the edges.',
  newLinks: 'Cells that become one make new links: for seconds their viewers get more from the edges.',
  split: 'Cells are split: each of the new ones has fewer viewers to share the work, and either fetches from the edge itself or is fed by another cell, later.',
  fedInstead: (n, of) => `${n} of ${of} cells that fetch from the edge ${n === 1 ? 'is fed by others from now on: its' : 'are fed by others from now on: their'} viewers have media later.`,
  moreCopies: 'More cells fetch from the edges: they send more copies.',
};

const pt: Steering = {
  edge: 'Borda',
  viewer: (n) => `Espectador ${n}`,
  noReport: (viewer) => `${viewer}: ainda sem relato, ou em outro tracker`,
  report: (viewer, peers, edge, gives, links, behind, stood) => `${viewer}: ${peers} de outros, ${edge} da borda, ${gives}; ${counted(links, 'ligação', 'ligações')}, ${behind} atrás do ao vivo${stood}`,
  gives: (rate) => `dá ${rate}`,
  givesNothing: 'não dá nada agora',
  stood: (seconds) => `, parado por ${seconds}`,
  caption: (name, viewers, cells, drawn, feeds, outside) => `${name}: ${counted(viewers, 'espectador', 'espectadores')} em ${counted(cells, 'célula', 'células')}` +
    `${drawn < cells ? `, das quais estão desenhadas as ${drawn} mais próximas da borda` : ''}${feeds > 0 ? `, ${counted(feeds, 'ligação', 'ligações')} entre células` : ''}` +
    `${outside > 0 ? `; ${outside} fora de células, com tudo vindo da borda` : ''}.`,
  below: 'Cada um está descrito abaixo.',
  sharing: 'ligado: os espectadores dão uns aos outros; se desligado, em dois segundos todos recebem tudo das bordas',
  notSharing: 'desligado: todos recebem tudo das bordas',
  offForAll: 'O P2P está desligado: ninguém está em uma célula, e a borda serve a todos.',
  nobody: 'Ninguém está em uma célula.',
  nobodyHere: 'Aqui ninguém está em uma célula. Se outro tracker guarda as células, dê o endereço de administração dele com -ops.',
  feeds: (from, to, fed) => `O espectador ${from} alimenta o espectador ${to}${fed ? '' : ', que ainda não o confirma'}`,
  fetches: (cell) => `Célula ${cell}, busca na borda`,
  fed: (cell, by) => `Célula ${cell}, alimentada pela célula ${by}`,
  gets: (cell, rate) => `A célula ${cell} recebe ${rate} da borda, segundo o último relato`,
  telling: 'Avisando os trackers…',
  noAnswer: 'Sem resposta: não se sabe se foi alterado.',
  refused: (why) => `Recusado: ${why}`,
  changed: (name, time, p2p, size, roots, bound) => `${name}, ${time}: ${p2p}; células de ${size}, ${roots} delas da borda; ${bound}.`,
  unseen: 'Foi comunicado; não se sabe como o enxame está agora.',
  p2pIs: (on, percent) => `P2P ${on ? `ligado${percent === null ? '' : ` para ${percent} %`}` : 'desligado'}`,
  bound: (rate) => `no máximo ${rate} de cada espectador`,
  noBound: 'upload sem limite',
  turnOff: (name) => `Desligar o P2P de ${name}?`,
  change: (name) => `Alterar o enxame de ${name}?`,
  doOff: 'Desligar o P2P',
  doChange: 'Alterar',
  leave: (n, of, times) => (of === 1 ? `O único espectador do enxame sai em dois segundos e recebe tudo das bordas${times}.`
    : `${n === of ? `Todos os ${of}` : `Cerca de ${n} dos ${of}`} espectadores do enxame ${n === 1 ? 'sai em dois segundos e recebe' : 'saem em dois segundos e recebem'} tudo das bordas${times}.`),
  times: (n) => `, umas ${n} vezes o que elas enviam agora`,
  lessEach: 'Os espectadores passam a enviar menos uns aos outros: o que falta vem das bordas.',
  newLinks: 'Células que se juntam criam novas ligações: por segundos seus espectadores recebem mais das bordas.',
  split: 'As células se dividem: cada nova tem menos espectadores para repartir o trabalho, e busca na borda ou é alimentada por outra, mais tarde.',
  fedInstead: (n, of) => `${n} de ${of} células que buscam na borda ${n === 1 ? 'passa a ser alimentada' : 'passam a ser alimentadas'} por outras: a mídia chega mais tarde a seus espectadores.`,
  moreCopies: 'Mais células buscam nas bordas: elas enviam mais cópias.',
};

const zh: Steering = {
  edge: '边缘',
  viewer: (n) => `观众 ${n}`,
  noReport: (viewer) => `${viewer}：尚无报告，或在另一个追踪服务器`,
  report: (viewer, peers, edge, gives, links, behind, stood) => `${viewer}：来自其他观众 ${peers}，来自边缘 ${edge}，${gives}；${links} 条连接，比直播晚 ${behind}${stood}`,
  gives: (rate) => `给出 ${rate}`,
  givesNothing: '目前未给出',
  stood: (seconds) => `，停住了 ${seconds}`,
  caption: (name, viewers, cells, drawn, feeds, outside) => `${name}：${cells} 个小组中有 ${viewers} 位观众` +
    `${drawn < cells ? `，图中是离边缘最近的 ${drawn} 个小组` : ''}${feeds > 0 ? `，小组之间有 ${feeds} 条供给连接` : ''}${outside > 0 ? `；${outside} 位不在小组中，全部来自边缘` : ''}。`,
  below: '下方有逐一的文字说明。',
  sharing: '已开启：观众互相供给；关闭后两秒内全部从边缘获取',
  notSharing: '已关闭：所有观众全部从边缘获取',
  offForAll: '互助已关闭：没有观众在小组中，全部由边缘提供。',
  nobody: '没有人在小组中。',
  nobodyHere: '这里没有人在小组中。如果小组由另一个追踪服务器管理，请用 -ops 指定它的管理地址。',
  feeds: (from, to, fed) => `观众 ${from} 供给观众 ${to}${fed ? '' : '，对方尚未确认'}`,
  fetches: (cell) => `小组 ${cell}，从边缘获取`,
  fed: (cell, by) => `小组 ${cell}，由小组 ${by} 供给`,
  gets: (cell, rate) => `小组 ${cell} 从边缘获取 ${rate}（据观众最近的报告）`,
  telling: '正在通知追踪服务器…',
  noAnswer: '没有响应：不知道是否已更改。',
  refused: (why) => `被拒绝：${why}`,
  changed: (name, time, p2p, size, roots, bound) => `${name}，${time}：${p2p}；小组 ${size} 人，其中 ${roots} 个从边缘获取；${bound}。`,
  unseen: '已通知；目前无法得知互助网络的状态。',
  p2pIs: (on, percent) => `互助已${on ? `开启${percent === null ? '' : `（${percent}%）`}` : '关闭'}`,
  bound: (rate) => `每位观众最多 ${rate}`,
  noBound: '上传不设限',
  turnOff: (name) => `关闭 ${name} 的互助？`,
  change: (name) => `更改 ${name} 的互助网络？`,
  doOff: '关闭互助',
  doChange: '更改',
  leave: (n, of, times) => `互助网络中的 ${n === of ? `全部 ${of}` : `约 ${n} / ${of}`} 位观众会在两秒内离开，全部从边缘获取${times}。`,
  times: (n) => `，约为边缘目前发送量的 ${n} 倍`,
  lessEach: '观众之间将发送得更少：不足的部分来自边缘。',
  newLinks: '合并的小组要建立新连接：几秒内观众会从边缘获取更多。',
  split: '小组会被拆分：每个新小组分担工作的观众更少，要么自己从边缘获取，要么由另一小组供给，因而更晚。',
  fedInstead: (n, of) => `${of} 个从边缘获取的小组中有 ${n} 个改由其他小组供给：其观众会更晚收到。`,
  moreCopies: '更多小组从边缘获取：边缘要发送更多副本。',
};

export const STEERING: Catalog<Steering> = { en, pt, zh };

// steering returns those of the language that the page is in.
export function steering(): Steering {
  return STEERING[spoken()];
}
