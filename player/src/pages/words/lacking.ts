// What the studio says of what it cannot capture.

import { type Device, type Lack, type Why, whyOf } from '../../studio/held.ts';
import type { Source } from '../../studio/capture.ts';

export interface Lacking {
  needsSecure: string;
  noScreen: string;
  notAllowed: string;
  notFound: string;
  inUse: string;
  without: Record<Why, Record<Device, string>>;
  noSoundGoes: string; // behind what is missing
  soundGoesAlone: string;
  screenGoesAlone: string;
  nothingGoes: string;
  clause(what: string, so: string): string;
  sentence(what: string): string;
}

const en: Lacking = {
  needsSecure: 'Camera and screen need https (or localhost). The test pattern works here.',
  noScreen: 'No screen was chosen.',
  notAllowed: 'The browser may not use the camera and microphone. Allow it beside the address, then try again.',
  notFound: 'There is no camera or microphone here. The screen or the test pattern will do.',
  inUse: 'The camera is in use by another program.',
  without: {
    missing: { camera: 'There is no camera', microphone: 'There is no microphone' },
    denied: { camera: 'The browser may not use the camera', microphone: 'The browser may not use the microphone' },
    busy: { camera: 'The camera is in use by another program', microphone: 'The microphone is in use by another program' },
  },
  noSoundGoes: 'the picture goes without its sound',
  soundGoesAlone: 'the sound goes alone',
  screenGoesAlone: 'the screen goes without it',
  nothingGoes: 'no sound goes any more',
  clause: (what, so) => `${what}: ${so}.`,
  sentence: (what) => `${what}.`,
};

const pt: Lacking = {
  needsSecure: 'Câmera e tela precisam de https (ou localhost). O padrão de teste funciona aqui.',
  noScreen: 'Nenhuma tela foi escolhida.',
  notAllowed: 'O navegador não pode usar a câmera e o microfone. Permita ao lado do endereço e tente de novo.',
  notFound: 'Não há câmera nem microfone aqui. A tela ou o padrão de teste servem.',
  inUse: 'A câmera está em uso por outro programa.',
  without: {
    missing: { camera: 'Não há câmera', microphone: 'Não há microfone' },
    denied: { camera: 'O navegador não pode usar a câmera', microphone: 'O navegador não pode usar o microfone' },
    busy: { camera: 'A câmera está em uso por outro programa', microphone: 'O microfone está em uso por outro programa' },
  },
  noSoundGoes: 'a imagem vai sem o som dele',
  soundGoesAlone: 'vai só o som',
  screenGoesAlone: 'a tela vai sem ela',
  nothingGoes: 'já não vai som nenhum',
  clause: (what, so) => `${what}: ${so}.`,
  sentence: (what) => `${what}.`,
};

const zh: Lacking = {
  needsSecure: '摄像头和屏幕需要 https（或 localhost）。测试图案在这里可用。',
  noScreen: '没有选择屏幕。',
  notAllowed: '浏览器不能使用摄像头和麦克风。请在地址栏旁允许，然后重试。',
  notFound: '这里没有摄像头或麦克风，可以用屏幕或测试图案。',
  inUse: '摄像头正被其他程序使用。',
  without: {
    missing: { camera: '没有摄像头', microphone: '没有麦克风' },
    denied: { camera: '浏览器不能使用摄像头', microphone: '浏览器不能使用麦克风' },
    busy: { camera: '摄像头正被其他程序使用', microphone: '麦克风正被其他程序使用' },
  },
  noSoundGoes: '画面照常播出，但没有它的声音',
  soundGoesAlone: '只播声音',
  screenGoesAlone: '屏幕上没有它的画面',
  nothingGoes: '不再播出声音',
  clause: (what, so) => `${what}：${so}。`,
  sentence: (what) => `${what}。`,
};

export const LACKING = { en, pt, zh };

// lacking says what of a source is missing, and what goes all the same; '' for nothing.
export function lacking(words: Lacking, lacks: readonly Lack[], source: Source): string {
  return lacks.map(({ device, why }) => {
    const so = source === 'microphone' ? words.nothingGoes : device === 'microphone' ? words.noSoundGoes : source === 'both' ? words.screenGoesAlone : words.soundGoesAlone;
    return words.clause(words.without[why][device], so);
  }).join(' ');
}

// refusal says why nothing can be captured; '' if that is for others to say.
export function refusal(words: Lacking, error: unknown, source: Source): string {
  if (!navigator.mediaDevices) return words.needsSecure;
  if (!(error instanceof DOMException)) return '';
  const why = whyOf(error);
  if (source === 'screen' || source === 'both') return why === 'denied' ? words.noScreen : '';
  if (source === 'microphone') return words.sentence(words.without[why].microphone);
  return why === 'denied' ? words.notAllowed : why === 'busy' ? words.inUse : words.notFound;
}
