import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNhsNumber } from '../identifiers.ts';
import { confidentialityOf, fromLine, toLine, type PdsRecord } from '../pds/record.ts';
import { safetyFaults, shapeFaults } from './check.ts';
import { defaultRecords, edgeCaseRecords, generated, publishedRecords } from './default-data.ts';
import { storable } from './sources.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');
const all = [...defaultRecords(fixtures)];
const byNumber = new Map(all.map((record) => [record.patient.id, record]));
const published = publishedRecords(fixtures);
const publishedNumbers = new Set(published.map(({ patient }) => patient.id));

/** The record with this number. */
function recordOf(number: string): PdsRecord {
  return byNumber.get(number) ?? assert.fail('there is no such record');
}

/** What a search by family name, gender and dates of birth can find among current data of the records to be found. */
function found(family: RegExp, gender: string | undefined, from: string, to: string): string[] {
  return all
    .filter(({ behind }) => behind.supersededBy === undefined)
    .filter((record) => confidentialityOf(record) !== 'REDACTED')
    .filter(({ patient }) => gender === undefined || patient.gender === gender)
    .filter(({ patient: { birthDate = '' } }) => birthDate >= from && birthDate <= to)
    .filter(({ patient }) =>
      patient.name?.some((name) => name.use === 'usual' && family.test(name.family ?? '')),
    )
    .map(({ patient }) => patient.id)
    .sort();
}

describe('the default people', () => {
  it('are the published ones, one for each difficulty, and three thousand generated ones', () => {
    assert.equal(all.length, published.length + edgeCaseRecords(fixtures).length + generated.count);
    assert.equal(edgeCaseRecords(fixtures).length, 149);
    assert.equal(byNumber.size, all.length);
  });

  it('have the shape of PDS records', () => {
    for (const record of all)
      assert.deepEqual(shapeFaults(record), [], `record ${record.patient.id}`);
  });

  it('are safe, the published ones excepted', () => {
    const forces = ['a postcode that may be real'];
    for (const record of all.filter(({ patient }) => !publishedNumbers.has(patient.id)))
      assert.deepEqual(safetyFaults(record), record.behind.tags?.includes('bfpo') ? forces : []);
  });

  it('have valid numbers, but for the one that is published wrong', () => {
    const invalid = all.filter(({ patient }) => !isNhsNumber(patient.id));
    assert.deepEqual(
      invalid.map(({ behind }) => behind.tags),
      [['invalid-number']],
    );
  });

  it('lead from every superseded number to a record that is kept', () => {
    const superseded = all.filter(({ behind }) => behind.supersededBy !== undefined);
    assert.ok(superseded.length >= 5);
    for (const record of superseded) {
      let number = record.behind.supersededBy;
      for (let steps = 0; number !== undefined; steps++) {
        assert.ok(steps < 5, 'a chain without end');
        number = recordOf(number).behind.supersededBy;
      }
    }
    assert.equal(recordOf('5900053636').behind.supersededBy, '9732019840');
    assert.equal(recordOf('9732019840').behind.supersededBy, '9732019395');
  });

  it('include each kind that a client must be ready for', () => {
    const labels = all.map(confidentialityOf);
    for (const label of ['R', 'V', 'REDACTED'] as const) assert.ok(labels.includes(label), label);
    const has = (holds: (record: PdsRecord) => unknown) => {
      assert.ok(all.some(holds));
    };
    has(({ patient }) => patient.birthDate?.length === 4);
    has(({ patient }) => patient.birthDate?.length === 7);
    has(({ patient }) => patient.address?.some(({ use }) => use === 'temp'));
    has(({ patient }) => patient.address?.some(({ use }) => use === 'billing'));
    has(({ patient }) => patient.name?.[0]?.given === undefined);
    has(({ patient }) => patient.managingOrganization && !patient.generalPractitioner);
    has(({ behind }) => behind.confidentialRemoval);
    has(({ behind }) => behind.consent);
  });

  it('survive the way through a file', () => {
    for (const record of all) assert.deepEqual(fromLine(toLine(record)), record);
  });

  it('are told apart from those whom published tests expect not to be there', () => {
    for (const number of ['9111231130', '9727194737', '5182663366'])
      assert.equal(byNumber.has(number), false);
  });
});

describe('a published search over the default people', () => {
  const searches: readonly (readonly [
    string,
    RegExp,
    string | undefined,
    string,
    string,
    string[],
  ])[] = [
    ['a whole name', /^smith$/i, 'female', '2010-10-22', '2010-10-22', ['9000000009']],
    ['a wildcard', /^sm/i, 'female', '2010-10-22', '2010-10-22', ['9000000009', '9000000017']],
    ['a restricted person', /^smythe$/i, 'female', '2005-06-16', '2005-06-16', ['9000000025']],
    ['men born since a year', /^jones$/i, 'male', '1992-01-01', '9', ['5900035697']],
    [
      'a man by name and birth date',
      /^capon$/i,
      'male',
      '1953-05-29',
      '1953-05-29',
      ['9693632117'],
    ],
    ['a restricted man', /^godsoe$/i, 'male', '1936-02-24', '1936-02-24', ['9693632125']],
    ['births up to a day', /^massam$/i, undefined, '0', '1920-08-11', ['9693632966']],
    [
      'four alike',
      /^youds$/i,
      undefined,
      '1970-01-24',
      '1970-01-24',
      ['9693633679', '9693633687', '9693633695', '9693633709'],
    ],
    ['a merged record', /^cuff$/i, 'female', '1926-01-07', '1926-01-07', ['9732019395']],
    ['a telephone abroad', /^muir$/i, 'male', '2017-09-06', '2017-09-06', ['9732019506']],
    ['a practice', /^me/i, undefined, '2015-10-22', '2015-10-22', ['9733162337']],
    ['a death', /^tunney$/i, undefined, '1980-01-01', '9', ['9733163201']],
    ['an exact match', /^knapp$/i, 'female', '1943-07-03', '1943-07-03', ['9736363120']],
    ['one match', /^mcmatch-single$/i, 'male', '1954-10-26', '1954-10-26', ['5900054586']],
    [
      'two matches',
      /^mcmatch-multiple$/i,
      'male',
      '1997-08-20',
      '1997-08-20',
      ['5900036502', '5900053679'],
    ],
    ['nobody', /^(spiderman|bingham)$/i, undefined, '0', '9', []],
  ];
  for (const [what, family, gender, from, to, expected] of searches)
    it(`finds whom it should: ${what}`, () => {
      assert.deepEqual(found(family, gender, from, to), expected);
    });

  it('finds the twenty of one name and birth date, and no other', () => {
    const numbers = found(/^sm/i, 'male', '2000-05-05', '2000-05-05');
    assert.equal(numbers.length, 20);
    assert.ok(numbers.every((number) => publishedNumbers.has(number)));
  });

  it('meets nobody who was generated with the name and birth date of a published person', () => {
    const key = ({ patient }: PdsRecord) =>
      `${storable(patient.name?.[0]?.family ?? '')
        .slice(0, 1)
        .toUpperCase()} ${patient.birthDate ?? ''}`;
    const taken = new Set(published.map(key));
    const near = all
      .filter(({ patient }) => !publishedNumbers.has(patient.id))
      .filter((record) => taken.has(key(record)))
      .map(({ behind }) => behind.tags?.[0]);
    // The hand-made compound name is of the published search's own date; the search names a mail address besides.
    assert.deepEqual(near, ['compound-given']);
  });

  it('by former values finds the people who once had them', () => {
    const former = (number: string) => recordOf(number).behind.former;
    assert.equal(former('9693632109')?.names?.[0]?.given?.[0], 'Joe');
    assert.equal(former('9733162450')?.names?.[0]?.family, 'HUME');
    assert.deepEqual(former('9733162450')?.genders, ['female']);
    assert.equal(former('5900020584')?.telecoms?.[0]?.value, 'Historic@historic.com');
  });
});

describe('the person whom everybody reads', () => {
  const { patient, behind } = recordOf('9000000009');

  it('has the version and the object ids that are published', () => {
    assert.equal(patient.meta.versionId, '2');
    assert.equal(patient.name?.[0]?.id, '123');
    assert.deepEqual(
      patient.address?.map(({ id }) => id),
      ['456', 'T456'],
    );
    assert.deepEqual(
      patient.telecom?.map(({ id }) => id),
      ['789', '790', 'OC789'],
    );
    assert.equal(patient.contact?.[0]?.id, 'C123');
    assert.equal(patient.generalPractitioner?.[0]?.id, '254406A3');
    assert.equal(patient.extension?.length, 8);
  });

  it('has two related people and a card, her namesake one related person', () => {
    assert.deepEqual(
      behind.relatedPersons?.map(({ id }) => id),
      ['507B7621', 'B3380E98'],
    );
    assert.equal(behind.coverage?.resourceType, 'Coverage');
    assert.equal(recordOf('9000000017').behind.relatedPersons?.length, 1);
  });
});

describe('the organisations of the default people', () => {
  it('are all in the register that ships with them', () => {
    const text = readFileSync(join(fixtures, 'organisations.json'), 'utf8');
    for (const { patient } of all)
      for (const { identifier } of patient.generalPractitioner ?? [])
        assert.ok(text.includes(`"${identifier?.value ?? '?'}"`), identifier?.value);
  });
});
