import assert from 'node:assert/strict';
import type { Patient } from 'fhir/r4.js';
import type { Organisation } from '../sds/directory.ts';
import { createAreas } from './areas.ts';
import { ageOn, personOf, rulesOf } from './people.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const areas = createAreas({
  AA11: { location: '9ZG', authority: 'E06990004', country: 'E92000001' },
  'AA11 8': { location: '9ZH' },
  CF: { country: 'W92000004' },
});

function organisation(role: string, target = '9ZA'): Organisation {
  const when = { uniqueId: 1, active: true, start: '2000-01-01' };
  return {
    roles: [{ id: role, primary: true, ...when }],
    relationships: [
      { id: 'RE4', target: 'OLD', ...when, active: false },
      { id: 'RE4', target, ...when },
    ],
  } as unknown as Organisation; // nobody looks further
}

const register = (code: string) =>
  Promise.resolve(
    code === 'Y90001'
      ? organisation('RO76')
      : code === 'Y90900'
        ? organisation('RO182')
        : undefined,
  );

function patient(practice: string | undefined, postalCode = 'AA11 2EF'): Patient {
  return {
    ...{ resourceType: 'Patient', id: '9990004609', birthDate: '2020-02-29' },
    name: [{ family: 'O’Neill' }],
    address: [
      { use: 'temp', postalCode: 'CF10 1AA' },
      { use: 'home', postalCode },
    ],
    ...(practice === undefined
      ? {}
      : { generalPractitioner: [{ identifier: { value: practice } }] }),
  };
}

describe('what decides who is told of a patient', () => {
  it('is practice, its commissioner, and the areas of the home address', async () => {
    const person = await personOf(patient('y90001'), register, areas);
    assert.deepEqual(rulesOf(person), [
      ['GP_GP_GP', 'Y90001'],
      ['CHO_GP_CCG', '9ZA'],
      ['CHO_POSTCODE_CCG', '9ZG'],
      ['UHV_POSTCODE_LACODE', 'E06990004'],
      ['COUNTRYCODE', 'E92000001'],
    ]);
  });

  for (const [what, practice] of [
    ['nobody', undefined],
    ['a code that stands for none', 'V81997'],
    ['a pharmacy', 'Y90900'],
  ] as const)
    it(`is no practice for who is registered with ${what}`, async () => {
      const person = await personOf(patient(practice), register, areas);
      assert.equal(person.practice, undefined);
      assert.equal(rulesOf(person)[0]?.[0], 'CHO_POSTCODE_CCG');
    });

  it('is a practice that the register does not have, for demographics says so', async () => {
    const person = await personOf(patient('B86056'), register, areas);
    assert.deepEqual(rulesOf(person)[0], ['GP_GP_GP', 'B86056']);
  });

  it('is the longest beginning of a postcode that the table has', async () => {
    const codesOf = async (postcode: string) =>
      (await personOf(patient(undefined, postcode), register, areas)).area;
    assert.deepEqual(await codesOf('aa11 8xx'), { location: '9ZH' });
    assert.deepEqual(await codesOf('CF10 1AA'), { country: 'W92000004' });
    assert.deepEqual(await codesOf('AA1 1EF'), {}, 'a district is not the beginning of another');
    assert.deepEqual(await codesOf(''), {});
  });

  it('refuses a table of areas of another shape', () => {
    for (const table of [undefined, { AA118: {} }, { AA11: 1 }, { AA11: { region: 'X' } }])
      assert.throws(() => createAreas(table), /table of areas/);
  });

  it('is an age in whole years, as far as the day of birth tells', () => {
    assert.equal(ageOn('2020-11-27', now), 6);
    assert.equal(ageOn('2020-11-28', now), 5);
    assert.equal(ageOn('2020-02', now), 6);
    assert.equal(ageOn('1950', now), 76);
    assert.equal(ageOn('', now), undefined);
  });
});
