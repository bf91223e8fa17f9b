/** The rules about fields, apart from any operation (pds-fhir 3.3, 3.4). */
import assert from 'node:assert/strict';
import { refusalOf } from '../../../test/patch-records.ts';
import { invalidCreate, invalidUpdate } from '../errors.ts';
import { addressOf } from './field-rules-addresses.ts';
import { isEmail, telecomOf } from './field-rules-contacts.ts';
import { dayOf, daysBetween, deathDateOf, isDay, periodOf } from './field-rules-dates.ts';
import { kindOf } from './field-rules-extensions.ts';
import { nameOf } from './field-rules-names.ts';
import type { Rules } from './field-rules-values.ts';
import { freshId } from './field-rules.ts';
import { countries, languages } from './reference-data.ts';

const rules: Rules = {
  now: Date.parse('2026-03-02T12:00:00Z'),
  refuse: invalidUpdate,
  isPractice: () => true,
};

describe('days', () => {
  it('are those of the calendar, written out in full', () => {
    for (const day of ['2024-02-29', '0900-01-01', '2026-12-31']) assert.ok(isDay(day), day);
    for (const text of [
      '2023-02-29',
      '2024-2-1',
      '2024-02',
      '20240201',
      '2024-13-01',
      '0000-01-01',
      5,
      null,
      '',
    ])
      assert.ok(!isDay(text), String(text));
  });

  it('begin at midnight in the United Kingdom, summer time included', () => {
    assert.equal(dayOf(Date.parse('2026-07-01T22:59:59Z')), '2026-07-01');
    assert.equal(dayOf(Date.parse('2026-07-01T23:00:00Z')), '2026-07-02');
    assert.equal(dayOf(Date.parse('2026-01-01T23:59:59Z')), '2026-01-01');
  });

  it('are counted across a change of the clock', () => {
    assert.equal(daysBetween('2026-03-01', '2026-05-30'), 90);
  });
});

describe('a date of death', () => {
  it('is a day or a moment in UTC, to the second', () => {
    const read = (value: unknown) => deathDateOf(value, 'deceasedDateTime', rules);
    assert.equal(read('2024-05-21'), '2024-05-21');
    assert.equal(read('2024-05-21T10:11:12'), '2024-05-21T10:11:12+00:00');
    assert.equal(read('2024-05-21T10:11:12Z'), '2024-05-21T10:11:12+00:00');
    for (const value of [
      '2024-05-21T10:11',
      '2024-05-21T25:00:00',
      '2024-05-21T10:11:12.5Z',
      '2024',
      5,
    ])
      assert.match(
        refusalOf(() => read(value)),
        /^400 INVALID_VALUE/,
      );
  });
});

describe('a period', () => {
  it('begins today when it is left out', () => {
    assert.deepEqual(periodOf(undefined, 'p', rules, 'name'), { start: '2026-03-02' });
  });

  it('may begin today and end in the future', () => {
    const period = { start: '2026-03-02', end: '2030-01-01' };
    assert.deepEqual(periodOf(period, 'p', rules, 'name'), period);
  });
});

describe('names', () => {
  const family = (text: string) => nameOf({ use: 'old', family: text }, 'name/0', rules).family;

  it('hold the published characters and no others', () => {
    const allowed: [number, number][] = [
      [32, 32],
      [39, 39],
      [45, 46],
      [48, 57],
      [65, 90],
      [97, 122],
      [192, 214],
      [216, 246],
      [248, 383],
    ];
    for (let point = 1; point < 500; point++) {
      const expected = allowed.some(([first, last]) => point >= first && point <= last);
      const text = `A${String.fromCodePoint(point)}B`;
      const refusal = refusalOf(() => family(text));
      assert.equal(refusal === 'not refused', expected, `code point ${point}`);
    }
  });

  it('keep a title that is none of the common ones, without its full stop', () => {
    const { prefix } = nameOf(
      { use: 'old', family: 'A', prefix: ['Prof.', 'REV', '.'] },
      'name/0',
      rules,
    );
    assert.deepEqual(prefix, ['Prof', 'Rev']);
  });
});

describe('addresses and telecom', () => {
  it('say what is wrong as the operation that runs says it', () => {
    const address = { use: 'home', line: ['1'], postalCode: 'LS1 4BU' };
    assert.equal(
      refusalOf(() => addressOf(address, 'address/0', { ...rules, refuse: invalidCreate })),
      "400 INVALID_CREATE: Invalid patient create data provided - 'address lines 1 and 4 or 2 and 4 must be completed as a minimum'",
    );
  });

  it('write a postcode in capitals with its space', () => {
    const address = { use: 'home', line: ['1', 'Leeds'], postalCode: ' ls14bu ' };
    assert.equal(addressOf(address, 'address/0', rules).address.postalCode, 'LS1 4BU');
  });

  it('know an e-mail address by its form and length', () => {
    for (const text of ['a@bc.org', "o'brien+x@mail.example.co.uk"]) assert.ok(isEmail(text), text);
    for (const text of [
      'a@b.co',
      'a.example.com',
      'a@@b.example',
      'a b@example.com',
      'a@example',
      'a@-x.org',
      `${'a'.repeat(80)}@example.com`,
    ])
      assert.ok(!isEmail(text), text);
  });

  it('tell a textphone by its extension, which stands with system other alone', () => {
    const extension = [
      {
        url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OtherContactSystem',
        valueCoding: { code: 'textphone' },
      },
    ];
    const telecom = { system: 'other', use: 'home', value: '1', extension };
    assert.equal(
      telecomOf(telecom, 'telecom/0', rules).extension?.[0]?.valueCoding?.display,
      'Minicom (Textphone)',
    );
    assert.match(
      refusalOf(() => telecomOf({ ...telecom, system: 'phone' }, 'telecom/0', rules)),
      /'phone' in field 'telecom\/0\/system'/,
    );
  });
});

describe('code lists', () => {
  it('hold every country of ISO 3166 and the seven of the United Kingdom', () => {
    assert.equal(countries.size, 249 + 7);
  });

  it('hold languages by name, sign languages included and English left out', () => {
    assert.equal(languages.get('fr'), 'French');
    assert.equal(languages.get('q5'), 'Makaton');
    assert.equal(languages.get('en'), undefined);
    for (const [code, name] of languages) assert.notEqual(code, name, 'each language has a name');
  });

  it('know extensions that can be written by their url, also by that of 2020', () => {
    const name = 'StructureDefinition/Extension-UKCore-NHSCommunication';
    assert.equal(kindOf(`https://fhir.hl7.org.uk/${name}`), 'communication');
    assert.equal(kindOf(`https://fhir.nhs.uk/R4/${name}`), 'communication');
    for (const url of ['constructor', '__proto__', undefined, 5])
      assert.equal(kindOf(url), undefined);
  });
});

describe('object ids', () => {
  it('are given up on when their source repeats itself', () => {
    assert.throws(() => freshId(new Set(['A']), () => 'A'), /repeats itself/);
  });
});
