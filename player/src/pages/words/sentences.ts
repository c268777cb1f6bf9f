// Sentences of what broadcasts and plays in the studio, and of the server, by their English; a name in them is “*”.

import type { Catalog } from '../language.ts';

const pt: Record<string, string> = {
  'The connection was lost. Trying again…': 'A conexão caiu. Tentando de novo…',
  'The connection was lost and did not come back.': 'A conexão caiu e não voltou.',
  'The server did not answer in time.': 'O servidor não respondeu a tempo.',
  'The server cannot be reached.': 'Não foi possível alcançar o servidor.',
  'The edge cannot reach its origin; try again soon.': 'O servidor perdeu a origem das transmissões; tente de novo em instantes.',
  'The publish key is not right for this stream.': 'A chave de publicação não é desta transmissão.',
  'Wrong publish key.': 'Chave de publicação errada.',
  'Somebody else is publishing this stream.': 'Outra pessoa está transmitindo com este nome.',
  'Somebody is broadcasting to this stream already.': 'Alguém já está transmitindo com este nome.',
  'The connection to the server’s picture was lost.': 'A conexão com a imagem do servidor caiu.',
  'Nothing comes any more: the broadcast is over, or has paused. If it goes on, so does the picture.': 'Não chega mais nada: a transmissão terminou ou parou. Se continuar, a imagem continua.',
  'This browser cannot broadcast a file. Chrome, Edge and Firefox can.': 'Este navegador não transmite arquivos. Chrome, Edge e Firefox transmitem.',
  'This browser refused to send what was chosen. Choose it again, or end the stream and go live anew.': 'Este navegador se recusou a enviar o que foi escolhido. Escolha de novo, ou encerre e transmita outra vez.',
  'This browser refused the resolution and the bitrate that were chosen. The picture goes out by those before.': 'Este navegador recusou a resolução e a taxa de bits escolhidas. A imagem segue com as de antes.',
  'This browser makes no sound to be sent.': 'Este navegador não produz som para enviar.',
  'This browser cannot broadcast a canvas.': 'Este navegador não transmite o que é desenhado.',
  'This browser cannot play “*”. An MP4 with H.264 and AAC will do.': 'Este navegador não reproduz “*”. Um MP4 com H.264 e AAC serve.',
};

const zh: Record<string, string> = {
  'The connection was lost. Trying again…': '连接已断开，正在重试…',
  'The connection was lost and did not come back.': '连接已断开，未能恢复。',
  'The server did not answer in time.': '服务器没有及时响应。',
  'The server cannot be reached.': '无法连接服务器。',
  'The edge cannot reach its origin; try again soon.': '服务器与直播源失去了连接，请稍后重试。',
  'The publish key is not right for this stream.': '发布密钥与此直播不符。',
  'Wrong publish key.': '发布密钥错误。',
  'Somebody else is publishing this stream.': '有人正在使用此名称直播。',
  'Somebody is broadcasting to this stream already.': '已有人在使用此名称直播。',
  'The connection to the server’s picture was lost.': '与服务器画面的连接已断开。',
  'Nothing comes any more: the broadcast is over, or has paused. If it goes on, so does the picture.': '没有新的画面：直播已结束或暂停，恢复后画面会继续。',
  'This browser cannot broadcast a file. Chrome, Edge and Firefox can.': '此浏览器不能直播文件，请使用 Chrome、Edge 或 Firefox。',
  'This browser refused to send what was chosen. Choose it again, or end the stream and go live anew.': '此浏览器拒绝发送所选内容。请重新选择，或结束直播后重新开播。',
  'This browser refused the resolution and the bitrate that were chosen. The picture goes out by those before.': '此浏览器拒绝了所选的分辨率和码率，画面仍按之前的设置发送。',
  'This browser makes no sound to be sent.': '此浏览器无法生成要发送的声音。',
  'This browser cannot broadcast a canvas.': '此浏览器不能直播绘制的画面。',
  'This browser cannot play “*”. An MP4 with H.264 and AAC will do.': '此浏览器无法播放“*”，请使用 H.264 和 AAC 的 MP4。',
};

export const SENTENCES: Catalog<Record<string, string>> = { en: {}, pt, zh };
