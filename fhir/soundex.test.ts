import assert from 'node:assert/strict';
import { soundex, soundKey } from './soundex.ts';

describe('Soundex', () => {
  const table: Readonly<Record<string, string>> = {
    ROBERT: 'R163',
    RUPERT: 'R163',
    RUBIN: 'R150',
    ASHCRAFT: 'A261',
    ASHCROFT: 'A261',
    TYMCZAK: 'T522',
    PFISTER: 'P236',
    HONEYMAN: 'H555',
    SMITH: 'S530',
    SMYTHE: 'S530',
    LEE: 'L000',
    O: 'O000',
    'SMITH JONES': 'S532',
    '': '',
    ИВАНОВ: '',
  };
  it('codes the textbook names, names of several words and none', () => {
    for (const [name, code] of Object.entries(table)) assert.equal(soundex(name), code, name);
  });
});

describe('The sound key', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['CATHERINE', 'KATHERINE'],
    ['KNIGHT', 'NIGHT'],
    ['WRIGHT', 'RIGHT'],
    ['PHILIP', 'FILIP'],
    ['GEOFFREY', 'JEFFREY'],
    ['CHRISTINE', 'KRISTINE'],
    ['SMITHE JONES', 'SMITHJONES'],
    ['CECIL', 'SESIL'],
  ];
  it('brings together what sounds alike, whatever letter it begins with', () => {
    for (const [one, other] of pairs) assert.equal(soundKey(one), soundKey(other), one);
  });

  it('keeps different sounds apart', () => {
    assert.notEqual(soundKey('CHARLES'), soundKey('KARL'));
    assert.notEqual(soundKey('SMITH'), soundKey('JONES'));
  });

  it('takes a name in another script as it is', () => {
    assert.equal(soundKey('ИВАНОВ'), 'ИВАНОВ');
  });
});
