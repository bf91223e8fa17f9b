import assert from 'node:assert/strict';
import { checkRecord } from './check.ts';
import type { Sketch } from './sketch.ts';
import { toRecord } from './to-record.ts';

const good: Sketch = {
  nhsNumber: '9991000003',
  names: [{ use: 'usual', given: ['Ann'], family: 'Lee' }],
  gender: 'female',
  birthDate: '1990-02-03',
  addresses: [{ use: 'home', line: ['1 Example Street', 'Testington'], postalCode: 'AA10 1AA' }],
  telecoms: [
    { system: 'phone', use: 'mobile', value: '+44 7700 900123' },
    { system: 'email', use: 'home', value: 'ann@example.org' },
  ],
};

/** The faults of the good person with some things changed. */
function faults(changed: Partial<Sketch>): string[] {
  return checkRecord(toRecord({ ...good, ...changed }));
}

describe('the check of records', () => {
  it('finds nothing wrong with a good one', () => {
    assert.deepEqual(faults({}), []);
  });

  const cases: readonly (readonly [string, Partial<Sketch>])[] = [
    ['an NHS number that fails its check', { nhsNumber: '9991000004' }],
    ['an NHS number outside the 999 range', { nhsNumber: '9000000009' }],
    [
      'a telephone that may be real',
      { telecoms: [{ system: 'phone', use: 'home', value: '01632 961000' }] },
    ],
    [
      'a mail address that may be real',
      { telecoms: [{ system: 'email', use: 'home', value: 'a@example.co' }] },
    ],
    [
      'a postcode that may be real',
      { addresses: [{ use: 'home', line: ['1 Example Street'], postalCode: 'LS1 6AE' }] },
    ],
    [
      'not exactly one usual name',
      {
        names: [
          { use: 'usual', family: 'Lee' },
          { use: 'usual', family: 'Low' },
        ],
      },
    ],
    [
      'an empty list, object, text or null',
      { names: [{ use: 'usual', family: 'Lee', given: [] }] },
    ],
    [
      'a temporary address without or beyond its term',
      { addresses: [{ use: 'temp', text: 'Second Home', line: ['1 Example Street'] }] },
    ],
    [
      'an object id used twice',
      {
        names: [{ id: '1', use: 'usual', family: 'Lee' }],
        addresses: [{ id: '1', use: 'home', line: ['1 Example Street'] }],
      },
    ],
    ['a letter that PDS does not take', { names: [{ use: 'usual', family: 'Nguyễn' }] }],
    [
      'a period that ends before it starts',
      {
        names: [
          { use: 'usual', family: 'Lee', period: { start: '2020-01-01', end: '2019-01-01' } },
        ],
      },
    ],
    [
      'died before birth',
      { death: { at: '1989-01-01', status: '2', noted: '1989-01-02T00:00:00+00:00' } },
    ],
  ];
  for (const [fault, changed] of cases)
    it(`finds ${fault}`, () => {
      assert.deepEqual(faults(changed), [fault]);
    });
});
