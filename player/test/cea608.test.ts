import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cea608 } from '../src/cea608.ts';

// data is cc_data with one triple for each pair: type 0 is the first field, 1 the second, 2 and 3 are of CEA-708.
function data(type: number, ...pairs: [number, number][]): Uint8Array {
  return new Uint8Array([0xc0 | pairs.length, 0xff, ...pairs.flatMap(([a, b]) => [0xfc | type, a, b])]);
}

const words = (text: string): [number, number][] => (text.match(/..?/g) ?? []).map((two) => [two.charCodeAt(0), two.length > 1 ? two.charCodeAt(1) : 0]);

function reading(): { reader: Cea608; said: [number, number, string][] } {
  const said: [number, number, string][] = [];
  return { reader: new Cea608((channel, at, lines) => said.push([channel, at, lines.map(({ row, column, text }) => `${row},${column} ${text}`).join('|')])), said };
}

test('a caption is told when it appears and when it goes, not while it is loaded', () => {
  const { reader, said } = reading();
  reader.take(1, data(0, [0x14, 0x20], [0x14, 0x20], [0x14, 0x40], ...words('One'), [0x14, 0x72], ...words('two'))); // RCL; row 14; row 15, 4 columns in
  assert.deepEqual(said, []);
  reader.take(2, data(0, [0x14, 0x2f], [0x14, 0x2f])); // EOC
  reader.take(3, data(0, [0x80, 0x80])); // padding
  reader.take(5, data(0, [0x14, 0x2c], [0x14, 0x2c])); // EDM
  assert.deepEqual(said, [[1, 2, '13,0 One|14,4 two'], [1, 5, '']]);
});

test('captions that are painted on are told with each picture', () => {
  const { reader, said } = reading();
  reader.take(1, data(0, [0x14, 0x29], [0x14, 0x60])); // RDC
  reader.take(1.1, data(0, ...words('Ab')));
  reader.take(1.2, data(0, ...words('cd')));
  assert.deepEqual(said, [[1, 1.1, '14,0 Ab'], [1, 1.2, '14,0 Abcd']]);
});

test('fields and channels are told apart, and CEA-708 is passed over', () => {
  const { reader, said } = reading();
  reader.take(1, data(1, [0x15, 0x29], [0x14, 0x60], ...words('Third')));
  reader.take(2, data(0, [0x1c, 0x29], [0x1c, 0x60], ...words('Second')));
  reader.take(3, data(2, ...words('none')));
  assert.deepEqual(said, [[3, 1, '14,0 Third'], [2, 2, '14,0 Second']]);
});

test('what is cut off, or is nothing, is no caption', () => {
  const { reader, said } = reading();
  const whole = data(0, [0x14, 0x29], [0x14, 0x60], ...words('Ab'));
  for (let length = 0; length < whole.length; length++) reader.take(length, whole.slice(0, length));
  reader.take(9, new Uint8Array([0xff, 0xff, 1, 2]));
  assert.deepEqual(said, []);
});

test('after a reset nothing of before is on the screen', () => {
  const { reader, said } = reading();
  reader.take(1, data(0, [0x14, 0x29], [0x14, 0x60], ...words('Ab')));
  reader.reset();
  reader.take(8, data(0, [0x14, 0x29], [0x14, 0x60], ...words('Cd')));
  assert.deepEqual(said, [[1, 1, '14,0 Ab'], [1, 8, '14,0 Cd']]);
});
