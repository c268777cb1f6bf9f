import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { bits } from '../src/pages/api.ts';
import { advised, type Hint } from '../src/pages/words/advice.ts';

function speak(t: TestContext, lang: string): void {
  Object.defineProperty(globalThis, 'document', { configurable: true, value: { documentElement: { lang } } });
  t.after(() => Reflect.deleteProperty(globalThis, 'document'));
}

const keyframes: Hint = { code: 'keyframes', text: 'Keyframes come every 8.3 s.', seconds: 8.3, wantedSeconds: 2 };
const pixels: Hint = { code: 'pixels', text: 'The picture is H.264 High 10.', profile: 'High 10' };
const other: Hint = { code: 'other', text: 'Do something.' };

for (const [lang, all] of [
  ['en', [/^Keyframes come every 8\.3 s\. The picture is H\.264 High 10\. Do something\.$/]],
  ['pt', [/^Os quadros-chave vêm a cada 8,3 s\. Defina .* em 2 s, .* -g 60 /, /A imagem é H\.264 High 10,/, / Do something\.$/]],
  ['zh-Hans', [/^关键帧每 8\.3 秒.* 2 秒，.* -g 60）/, /画面是 H\.264 High 10，/, / Do something\.$/]],
] as const) {
  test(`advice in ${lang}; what has no words there is told as the server does`, (t) => {
    speak(t, lang);
    const said = advised({ advice: '', hints: [keyframes, pixels, other] });
    for (const part of all) assert.match(said, part);
    assert.equal(advised({ advice: 'As ever.' }), 'As ever.', 'of an origin without codes');
    assert.equal(advised({ advice: '', hints: [] }), '');
  });
}

test('figures are written as the language of the page does', (t) => {
  assert.equal(bits(2_800_000), '2.8 Mbit/s');
  speak(t, 'pt');
  assert.deepEqual([bits(2_800_000), bits(900_000)], ['2,8 Mbit/s', '900 kbit/s']);
});
