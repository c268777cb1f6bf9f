import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rewound } from '../src/rewound.ts';

test('who goes back is back until the edge is near again', () => {
  const rewound = new Rewound();
  rewound.see(100);
  assert.equal(rewound.seek(60, false), true);
  assert.equal(rewound.seek(80, false), null, 'forwards, and still behind');
  assert.equal(rewound.back, true);
  assert.equal(rewound.seek(99, true), false);
  assert.equal(rewound.back, false);
  rewound.see(100);
  rewound.seek(60, false);
  rewound.end();
  assert.equal(rewound.back, false, 'live was asked for');
});

test('nobody has gone back who was taken forwards, by a moment, or to other media', () => {
  const rewound = new Rewound();
  assert.equal(rewound.seek(40, false), null, 'the first place');
  assert.equal(rewound.seek(39.5, false), null, 'a moment');
  assert.equal(rewound.seek(60, false), null, 'forwards');
  rewound.lose();
  assert.equal(rewound.seek(3, false), null, 'other media');
  assert.equal(rewound.back, false);
});
