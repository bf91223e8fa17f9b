import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fold, foldEmail, foldKeepingAccents, foldPhone, foldPostcode } from './fold.ts';

describe('Folding a name', () => {
  const same: readonly (readonly [what: string, folded: string, ...string[]])[] = [
    ['case, width and outer spaces', 'SMITH', 'Smith', 'smith', '  smith ', 'ＳＭＩＴＨ'],
    [
      'apostrophes of every kind',
      'OREILLY',
      "O'Reilly",
      'O’Reilly',
      'OReilly',
      'O´Reilly',
      'OʼReilly',
      'O`Reilly',
      'Oʻreilly',
    ],
    [
      'hyphens, dashes and spaces',
      'SMITH JONES',
      'Smith-Jones',
      'SMITH  JONES',
      'Smith‐Jones',
      'Smith – Jones',
    ],
    ['accents, composed or not', 'ZOE', 'Zoë', 'Zoe\u0308', 'ZOË'],
    ['the Polish l', 'LUKASIEWICZ', 'Łukasiewicz', 'łukasiewicz'],
    ['the dotless i', 'YILDIRIM', 'Yıldırım', 'YILDIRIM', 'yildirim'],
    ['the dotted I', 'IPEK', 'İpek', 'ipek'],
    ['the sharp s', 'STRAUSS MULLER', 'Strauß-Müller', 'STRAUẞ MÜLLER', 'Strauss-Muller'],
    ['eth', 'GUDMUNDSDOTTIR', 'Guðmundsdóttir'],
    ['thorn', 'THORA', 'Þóra', 'þóra'],
    ['ligatures and the crossed o', 'BJORK OEUVRE AESIR', 'Bjørk Œuvre Æsir'],
    ['the crossed d', 'DUC', 'Đức'],
    ['full stops', 'ST JOHN', 'St. John', 'St John'],
    ['marks that cannot be seen', 'ANNE', 'An\u200Dne', 'Anne\u200F'],
    ['text without letters', '', '.', '-', ' '],
  ];
  for (const [what, folded, ...spellings] of same)
    it(`levels ${what}`, () => {
      for (const spelling of spellings) assert.equal(fold(spelling), folded);
    });

  it('is idempotent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        assert.equal(fold(fold(text)), fold(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps accents where they must count, whatever way they are written', () => {
    assert.equal(foldKeepingAccents('Zoe\u0308'), foldKeepingAccents('ZOË'));
    assert.notEqual(foldKeepingAccents('Zoë'), foldKeepingAccents('Zoe'));
    assert.equal(foldKeepingAccents('O’Neill-Çelik'), 'ONEILL ÇELIK');
  });
});

describe('Folding a telephone number', () => {
  it('brings all shapes of one number to one form', () => {
    for (const shape of [
      '01632960002',
      '01632 960 002',
      '+44 1632 960002',
      '+44 (0)1632 960002',
      '0044(0)1632960002 ext. 7',
      '0044 1632 960002 x12',
      '44 1632 960002',
      '(01632) 960-002',
    ])
      assert.equal(foldPhone(shape), '01632960002', shape);
  });

  it('keeps another country’s prefix', () => {
    assert.equal(foldPhone('00917855986859'), '00917855986859');
    assert.equal(foldPhone('+91 78559 86859'), '00917855986859');
    assert.notEqual(foldPhone('00917855986859'), foldPhone('7855986859'));
  });

  it('finds no digits in words', () => {
    assert.equal(foldPhone('next of kin'), '');
  });
});

describe('Folding other contacts', () => {
  it('drops the spaces of a postcode and the case of an email address', () => {
    assert.equal(foldPostcode(' ls1 6ae'), 'LS16AE');
    assert.equal(foldEmail(' Green.Family+NHS@Example.com '), 'green.family+nhs@example.com');
  });
});
