/** QR codes: what other readers have read, and what is told where a text does not fit. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { qrCode, qrModules } from './qr-code.ts';

const address =
  'otpauth://totp/Gatehouse:a%40example.org?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=Gatehouse';

/** Version 1, as ZXing-C++ 3.1 read it: `GATEHOUSE`. */
const small = `
111111100100101111111
100000100101001000001
101110101111001011101
101110101011101011101
101110101110101011101
100000101001001000001
111111101010101111111
000000001100000000000
101111100101001111100
010001001101100000100
010101100000111001110
110010011101110001111
001000111010100001110
000000001100110001100
111111100011010000110
100000101100000011110
101110101101000010101
101110101111111101100
101110101100101001100
100000100101111101100
111111101100100110110`;

describe('QR codes', () => {
  it('stand module by module as a reader of others has read them', () => {
    assert.deepEqual(qrModules('GATEHOUSE'), small.trim().split('\n'));
  });

  it('are the same in larger versions, with alignment, version and several blocks', () => {
    // ZXing-C++ 3.1 read each version from 1 to 25; these are two of them, by their hash
    const digestOf = (text: string) =>
      createHash('sha256')
        .update((qrModules(text) ?? []).join('\n'))
        .digest('hex')
        .slice(0, 32);
    assert.equal(digestOf(address), '8e295a5195010181eec114f964f063b2');
    assert.equal(digestOf('x'.repeat(600)), 'ab96c562b62eec114360cdd1abf2332e');
  });

  it('grow with the text, to 25 versions, and are left out for a text beyond', () => {
    assert.equal(qrModules('x'.repeat(14))?.length, 21);
    assert.equal(qrModules('x'.repeat(15))?.length, 25);
    assert.equal(qrModules('x'.repeat(997))?.length, 117);
    assert.equal(qrModules('x'.repeat(998)), undefined);
    assert.equal(qrCode('é'.repeat(500), 'label'), undefined);
  });

  it('are drawn black on white with a border, without script or style, named for who does not see them', () => {
    const drawn = qrCode(address, 'a "label"')?.text ?? '';
    assert.match(drawn, /role="img" aria-label="a &quot;label&quot;" viewBox="0 0 49 49"/);
    assert.doesNotMatch(drawn, /style=|script|href/);
    assert.ok(!drawn.includes('ABCDEFGHIJ'));
    const dark = [...drawn.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [
      +(x ?? 0),
      +(y ?? 0),
    ]);
    const rows = qrModules(address) ?? [];
    assert.equal(dark.length, rows.join('').replaceAll('0', '').length);
    assert.ok(dark.every(([x = 0, y = 0]) => rows[y - 4]?.[x - 4] === '1'));
  });
});
