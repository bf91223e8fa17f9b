import assert from 'node:assert/strict';
import { createSealer } from './sealing.ts';

const [old, current] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

describe('sealing', () => {
  it('gives back what was sealed, in its place only, and never looks twice the same', () => {
    const sealer = createSealer([current]);
    for (const text of ['', 'a token', 'é😀'.repeat(1000)]) {
      const sealed = sealer.seal(text, 'person');
      assert.equal(sealer.open(sealed, 'person'), text);
      assert.equal(sealer.open(sealed, 'other'), undefined);
      assert.notEqual(sealer.seal(text, 'person'), sealed);
      if (text !== '') assert.equal(sealed.includes(text), false);
    }
  });

  it('opens what an older key sealed, and seals with the newest', () => {
    const sealed = createSealer([old]).seal('text', 'x');
    const both = createSealer([current, old]);
    assert.equal(both.open(sealed, 'x'), 'text');
    assert.equal(createSealer([current]).open(sealed, 'x'), undefined);
    assert.equal(createSealer([current]).open(both.seal('text', 'x'), 'x'), 'text');
  });

  it('opens nothing that was changed, cut or made up', () => {
    const sealer = createSealer([current]);
    const sealed = sealer.seal('a text of some length', 'x');
    const [id = '', iv = '', content = '', tag = ''] = sealed.split('.');
    for (const wrong of [
      '',
      'x',
      '...',
      [id, iv, content].join('.'),
      [id, iv, content, tag.slice(0, 6)].join('.'),
      [id, iv, content, ''].join('.'),
      [id, '', content, tag].join('.'),
      [id, iv, '', tag].join('.'),
      [id, iv, content.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')), tag].join('.'),
      [id, tag, content, iv].join('.'),
      ['00000000', iv, content, tag].join('.'),
    ])
      assert.equal(sealer.open(wrong, 'x'), undefined, wrong);
  });

  it('wants a key', () => {
    assert.throws(() => createSealer([]), /no key/);
  });
});
