/** What a record looks like after a PATCH: the published bodies, what is kept of former values, and that it stays a valid Patient. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  add,
  birthPlace,
  communication,
  dead,
  death,
  format,
  full,
  method,
  minimal,
  now,
  patch,
  pharmacy,
  preference,
  refusalOf,
  relationship,
  remove,
  replace,
  test,
  times,
  today,
  type Operation,
} from '../../../test/patch-records.ts';
import { extensionUrls } from '../fields/extensions.ts';
import { r4Faults } from '../../../test/r4-schema.ts';
import { applyPatches, readPatches } from './patch.ts';
import type { PdsRecord } from '../record.ts';

const usual = replace('/name/0/id', '69BB7C85');

describe('a PATCH that is accepted', () => {
  it('raises the version by one, however many patches it had', () => {
    const after = patch(full(), [
      replace('/gender', 'male'),
      replace('/birthDate', '1985-10-26'),
      replace('/multipleBirthInteger', 9),
    ]);
    assert.equal(after.patient.meta.versionId, '3');
    assert.equal(after.patient.birthDate, '1985-10-26');
    assert.equal(after.patient.multipleBirthInteger, 9);
  });

  it('lets no list grow without end, and leaves one that is long already open to change', () => {
    const old = (family: string) => add('/name/-', { use: 'old', family });
    const names = Array.from({ length: 99 }, () => old('A'));
    const long = patch(full(), names.slice(0, 100 - (full().patient.name?.length ?? 0)));
    assert.equal(long.patient.name?.length, 100);
    const refusal = refusalOf(() => patch(long, [old('B')]));
    assert.match(refusal, /^400 TOO_MANY_VALUES_SUBMITTED: .*'B'.* in field 'name'$/);
    const { patient, behind } = long;
    const longer = {
      patient: { ...patient, name: [...(patient.name ?? []), { id: 'F0000001' }] },
      behind,
    };
    assert.equal(patch(longer, [replace('/gender', 'male')]).patient.gender, 'male');
  });

  it('leaves the record it was given as it was', () => {
    const record = full();
    patch(record, [
      usual,
      add('/name/0/given/0', 'Rose'),
      add('/name/-', { use: 'old', family: 'A' }),
    ]);
    assert.deepEqual(record, full());
  });

  it('does not share the values of the body', () => {
    const place = birthPlace({ city: 'Leeds' });
    const after = patch(minimal(), [add('/extension/-', place)]);
    place.valueAddress.city = 'Hull';
    assert.equal(after.patient.extension?.[0]?.valueAddress?.city, 'Leeds');
  });

  it('does not change the values of the body', () => {
    const suffix = ['BSc'];
    patch(full(), [usual, add('/name/0/suffix', suffix), add('/name/0/suffix/-', 'MBE')]);
    assert.deepEqual(suffix, ['BSc']);
  });

  it('keeps the members that it does not touch, in their order', () => {
    const after = patch(full(), [replace('/gender', 'unknown')]);
    assert.deepEqual(Object.keys(after.patient), Object.keys(full().patient));
    assert.deepEqual(after.patient.address, full().patient.address);
  });

  it('tries another object id when the record has the one that was made', () => {
    const ids = ['69BB7C85', '8B869CFB', 'AA00BB11'];
    const body = { patches: [add('/name/-', { use: 'old', family: 'Bloggs' })] };
    const after = applyPatches(full(), readPatches(body), {
      mode: 'worker',
      now,
      newObjectId: () => ids.shift() ?? '',
      isPractice: () => true,
    });
    assert.equal(after.patient.name?.[2]?.id, 'AA00BB11');
  });
});

describe('the bodies that the specification publishes', () => {
  const uk = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

  it('adds a former name and gives it an id', () => {
    const name = {
      use: 'old',
      period: { start: '2019-12-31' },
      prefix: ['Dr'],
      given: ['Joe', 'Horation', 'Maximus'],
      family: 'Bloggs',
      suffix: ['PhD'],
    };
    const { patient } = patch(full(), [add('/name/-', name)]);
    assert.deepEqual(patient.name?.[2], { id: 'AB000000', ...name });
  });

  it('changes the gender, and keeps the former one for history', () => {
    const after = patch(full(), [replace('/gender', 'male')]);
    assert.equal(after.patient.gender, 'male');
    assert.deepEqual(after.behind.former?.genders, ['female']);
  });

  it('changes lines and postcode of an address by its id', () => {
    const after = patch(full(), [
      replace('/address/0/id', '8B869CFB'),
      replace('/address/0/line/0', '2 Whitehall Quay'),
      replace('/address/0/postalCode', 'LS1 4BU'),
    ]);
    const [address] = after.patient.address ?? [];
    assert.equal(address?.line?.[0], '2 Whitehall Quay');
    assert.equal(address.postalCode, 'LS1 4BU');
    assert.deepEqual(address.period, { start: '2020-01-01' });
    assert.equal(after.behind.former?.addresses?.[0]?.postalCode, 'LS1 6AE');
  });

  it('replaces an address as a whole, key included', () => {
    const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType';
    const value = {
      id: '8B869CFB',
      period: { start: '2020-01-01', end: '2021-12-31' },
      use: 'home',
      line: ['2 Whitehall Quay', 'Leeds', 'West Yorkshire'],
      postalCode: 'LS1 4BU',
      extension: [
        {
          url: `${uk}AddressKey`,
          extension: [
            { url: 'type', valueCoding: { system, code: 'PAF' } },
            { url: 'value', valueString: '9876543' },
          ],
        },
      ],
    };
    assert.deepEqual(patch(full(), [replace('/address/0', value)]).patient.address?.[0], value);
  });

  it('removes an extension after a test of its url', () => {
    const { patient } = patch(full(), [
      test('/extension/1/url', extensionUrls.preferredDispenser),
      remove('/extension/1'),
    ]);
    assert.equal(patient.extension?.length, 6);
    assert.ok(!patient.extension.some(({ url }) => url === extensionUrls.preferredDispenser));
  });

  it('adds a pharmacy, without a period', () => {
    const identifier = { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'Y12345' };
    const { patient } = patch(minimal(), [
      add('/extension/-', {
        url: `${uk}NominatedPharmacy`,
        valueReference: { identifier: { ...identifier, period: { start: '2020-01-01' } } },
      }),
    ]);
    assert.deepEqual(patient.extension, [
      { url: extensionUrls.nominatedPharmacy, valueReference: { identifier } },
    ]);
  });

  it('adds a death with its notification, dated by the server', () => {
    const { patient } = patch(minimal(), [
      add('/extension/-', death('1', '1999-01-01T00:00:00+00:00')),
      add('/deceasedDateTime', '2024-05-21T00:00:00'),
    ]);
    assert.equal(patient.deceasedDateTime, '2024-05-21T00:00:00+00:00');
    assert.equal(
      patient.extension?.[0]?.extension?.[1]?.valueDateTime,
      '2026-03-02T12:00:00+00:00',
    );
  });

  it('adds an emergency contact', () => {
    const value = { relationship, telecom: [{ system: 'phone', value: '07700900000' }] };
    const { patient } = patch(minimal(), [
      add('/contact/-', { period: { start: '2024-09-04' }, ...value }),
    ]);
    assert.deepEqual(patient.contact, [
      { id: 'AB000000', period: { start: '2024-09-04' }, ...value },
    ]);
  });

  it('adds a place of birth', () => {
    const place = birthPlace({
      city: 'Manchester',
      district: 'Greater Manchester',
      country: 'GBR',
    });
    assert.deepEqual(patch(minimal(), [add('/extension/-', place)]).patient.extension, [place]);
  });

  it('swaps the home address by removal and addition, and drops blank lines', () => {
    const after = patch(full(), [
      test('/address/0', full().patient.address?.[0]),
      remove('/address/0'),
      add('/address/-', {
        use: 'home',
        line: ['24 Park End St', '', '', 'BROCKLEY', ''],
        postalCode: 'BS19 5PZ',
        period: { start: '1990-02-28' },
      }),
    ]);
    const [home, temp] = after.patient.address ?? [];
    assert.deepEqual(home?.line, ['24 Park End St', 'BROCKLEY']);
    assert.equal(temp?.id, 'F60E2FF2', 'the home address comes first');
    assert.deepEqual(after.behind.addressLines, {
      AB000000: ['24 Park End St', '', '', 'BROCKLEY', ''],
    });
    assert.equal(after.behind.former?.addresses?.[0]?.id, '8B869CFB');
  });
});

describe('names after a PATCH', () => {
  it('takes a given name at an index, at the end, and into a list that was not there', () => {
    const { patient } = patch(full(), [
      usual,
      add('/name/0/given/0', 'Rose'),
      add('/name/0/given/-', 'Ann'),
      replace('/name/1/id', '2C3F0DDD'),
      add('/name/1/suffix/0', 'Phd'),
    ]);
    assert.deepEqual(patient.name?.[0]?.given, ['Rose', 'Jane', 'Ann']);
    assert.deepEqual(patient.name[1]?.suffix, ['Phd']);
  });

  it('tidies spaces, titles and the given names after the first', () => {
    const { patient } = patch(full(), [
      usual,
      replace('/name/0/family', 'Smith   Jones'),
      replace('/name/0/prefix/0', 'mrs.'),
      replace('/name/0/given', ['Mary Ann', 'Lou Ellen']),
    ]);
    assert.equal(patient.name?.[0]?.family, 'Smith Jones');
    assert.deepEqual(patient.name[0].prefix, ['Mrs']);
    assert.deepEqual(patient.name[0].given, ['Mary Ann', 'Lou', 'Ellen']);
  });

  it('loses a member with the last item of its list, and the list with the last name', () => {
    const { patient } = patch(full(), [
      test('/name/0/id', '69BB7C85'),
      remove('/name/0/suffix/0'),
      test('/name/1/id', '2C3F0DDD'),
      remove('/name/1'),
    ]);
    assert.equal(patient.name?.length, 1);
    assert.ok(!Object.hasOwn(patient.name[0] ?? {}, 'suffix'));
    const contacts = patch(full(), [test('/contact/0/id', '611DCC78'), remove('/contact/0')]);
    assert.ok(!Object.hasOwn(contacts.patient, 'contact'));
  });

  it('takes an empty list in a test for one that is not there', () => {
    const name = { ...full().patient.name?.[1], suffix: [], prefix: [] };
    const { patient } = patch(full(), [test('/name/1', name), remove('/name/1')]);
    assert.equal(patient.name?.length, 1);
  });

  it('keeps the former name for history, but not for a new period', () => {
    const renamed = patch(full(), [usual, replace('/name/0/family', 'Jones')]);
    assert.equal(renamed.behind.former?.names?.[0]?.family, 'Smith');
    const dated = patch(full(), [usual, replace('/name/0/period/start', '2020-02-02')]);
    assert.equal(dated.behind.former, undefined);
  });

  it('remembers a hundred former names and no more', () => {
    const names = Array.from({ length: 100 }, (_, i) => ({ family: `Name ${i}` }));
    const record = { ...full(), behind: { former: { names } } };
    const after = patch(record, [usual, replace('/name/0/family', 'Jones')]);
    assert.equal(after.behind.former?.names?.length, 100);
    assert.equal(after.behind.former.names.at(-1)?.family, 'Smith');
  });

  it('removes two items from the highest index down, and from one index twice', () => {
    const removal = (index: number, id: string) => [
      test(`/telecom/${index}/id`, id),
      remove(`/telecom/${index}`),
    ];
    const down = patch(full(), [...removal(2, '1A2B3C42'), ...removal(1, '1A2B3C41')]);
    const twice = patch(full(), [...removal(1, '1A2B3C41'), ...removal(1, '1A2B3C42')]);
    assert.deepEqual(down.patient.telecom, twice.patient.telecom);
    assert.equal(down.behind.former?.telecoms?.length, 2);
    assert.match(
      refusalOf(() => patch(full(), [...removal(1, '1A2B3C41'), ...removal(2, '1A2B3C42')])),
      /index '2' is out of bounds/,
    );
  });
});

describe('addresses after a PATCH', () => {
  it('completes a recognised address, by its lines or by its key', () => {
    const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType';
    const byKey = {
      url: extensionUrls.addressKey,
      extension: [
        { url: 'type', valueCoding: { system, code: 'PAF' } },
        { url: 'value', valueString: '04401466' },
      ],
    };
    const sent: Operation[][] = [
      [
        add('/address/-', {
          use: 'home',
          line: ['', '12 Haddon Place', '', 'Leeds'],
          postalCode: 'ls4 2ju',
        }),
      ],
      [add('/address/-', { use: 'home', postalCode: 'LS42JU', extension: [byKey] })],
    ];
    for (const patches of sent) {
      assert.deepEqual(patch(minimal(), patches).patient.address, [
        {
          id: 'AB000000',
          period: { start: today },
          use: 'home',
          line: ['12 Haddon Place', 'LEEDS'],
          postalCode: 'LS4 2JU',
          extension: [byKey],
        },
      ]);
    }
  });

  it('takes no fixed abode without lines', () => {
    const { patient } = patch(minimal(), [
      add('/address/-', { use: 'home', postalCode: 'ZZ99 3VZ', period: { start: today } }),
    ]);
    assert.equal(patient.address?.[0]?.postalCode, 'ZZ99 3VZ');
  });

  it('changes one address while another, left alone, breaks the rules of today', () => {
    const { patient } = patch(full(), [
      replace('/address/0/id', '8B869CFB'),
      replace('/address/0/line/0', '2 Whitehall Quay'),
    ]);
    assert.equal(patient.address?.[1]?.period?.end, '2021-12-31');
  });

  it('removes a work address', () => {
    const work = { id: 'AA', use: 'work' as const, line: ['1', 'Leeds'], period: { start: today } };
    const { patient } = patch(full({ address: [work] }), [
      test('/address/0/id', 'AA'),
      remove('/address/0'),
    ]);
    assert.ok(!Object.hasOwn(patient, 'address'));
  });
});

describe('extensions after a PATCH', () => {
  it('changes, adds and removes the parts of a contact preference', () => {
    const { patient } = patch(full(), [
      replace('/extension/4/extension/1', method('3')),
      test('/extension/4/extension/0/url', 'PreferredWrittenCommunicationFormat'),
      remove('/extension/4/extension/0'),
      add('/extension/4/extension/-', format('13')),
    ]);
    assert.deepEqual(
      patient.extension?.[4]?.extension?.map(({ url }) => url),
      ['PreferredContactMethod', 'PreferredContactTimes', 'PreferredWrittenCommunicationFormat'],
    );
    assert.equal(patient.extension[4].extension[0]?.valueCodeableConcept?.coding?.[0]?.code, '3');
  });

  it('loses a contact preference with its last part', () => {
    const record = patch(minimal(), [add('/extension/-', preference(method('2')))]);
    const { patient } = patch(record, [
      test('/extension/0/extension/0/url', 'PreferredContactMethod'),
      remove('/extension/0/extension/0'),
    ]);
    assert.ok(!Object.hasOwn(patient, 'extension'));
  });

  it('changes whether an interpreter is needed, by the part or by its value', () => {
    const byPart = patch(full(), [
      replace('/extension/3/extension/1', { url: 'interpreterRequired', valueBoolean: false }),
    ]);
    const byValue = patch(full(), [
      test('/extension/3/url', extensionUrls.communication),
      replace('/extension/3/extension/1/valueBoolean', false),
    ]);
    assert.equal(byPart.patient.extension?.[3]?.extension?.[1]?.valueBoolean, false);
    assert.deepEqual(byPart.patient, byValue.patient);
  });

  it('understands the urls and code systems of 2020, and writes the urls of today', () => {
    const { patient } = patch(minimal(), [
      add('/extension/-', {
        url: 'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-NHSCommunication',
        extension: [
          {
            url: 'language',
            valueCodeableConcept: {
              coding: [
                { system: 'https://fhir.nhs.uk/R4/CodeSystem/UKCore-HumanLanguage', code: 'q4' },
              ],
            },
          },
        ],
      }),
    ]);
    const [item] = patient.extension ?? [];
    assert.equal(item?.url, extensionUrls.communication);
    assert.equal(
      item.extension?.[0]?.valueCodeableConcept?.coding?.[0]?.display,
      'British Sign Language',
    );
  });

  it('keeps the date of a notification that did not change, and sets it anew with the status', () => {
    const moved = patch(dead('1'), [
      replace('/deceasedDateTime', '2020-10-21'),
      replace('/extension/7', death('1')),
    ]);
    const dateOf = ({ patient }: PdsRecord) =>
      patient.extension?.[7]?.extension?.[1]?.valueDateTime;
    assert.equal(dateOf(moved), '2020-10-23T08:00:00+00:00');
    assert.equal(moved.patient.deceasedDateTime, '2020-10-21');
  });
});

describe('a PATCH of anything at all', () => {
  const paths = [
    ...['gender', 'birthDate', 'deceasedDateTime', 'multipleBirthInteger', 'managingOrganization'],
    ...[
      'name/-',
      'name/0',
      'name/0/id',
      'name/0/given',
      'name/0/given/0',
      'name/1/family',
      'name/0/period/start',
    ],
    ...[
      'address/-',
      'address/0',
      'address/0/id',
      'address/0/line',
      'address/0/line/1',
      'address/1/postalCode',
    ],
    ...[
      'telecom/-',
      'telecom/0',
      'telecom/0/id',
      'telecom/0/value',
      'contact/-',
      'contact/0',
      'contact/0/telecom/0',
    ],
    ...['generalPractitioner/-', 'generalPractitioner/0', 'generalPractitioner/0/identifier/value'],
    ...[
      'extension',
      'extension/-',
      'extension/0',
      'extension/3/extension/0',
      'extension/4/extension/-',
      'extension/4/url',
    ],
    ...['pets', '__proto__/x', 'name/0/constructor/prototype', 'name/99', '', '~', 'name//0'],
  ];
  const sensible = fc.constantFrom<unknown>(
    ...[
      'male',
      'other',
      '2001-02-03',
      '69BB7C85',
      '8B869CFB',
      '1A2B3C40',
      'Y00001',
      3,
      null,
      true,
      '',
      ' ',
    ],
    { use: 'old', family: 'Bloggs', given: ['A', ''] },
    { id: '69BB7C85', use: 'usual', family: 'Bloggs', suffix: [] },
    {
      use: 'billing',
      line: ['1', null, 'X', 'Leeds'],
      period: { start: '2026-01-01', end: '2026-03-01' },
    },
    { id: '8B869CFB', use: 'home', line: ['1', 'Leeds'] },
    { system: 'phone', use: 'work', value: '1' },
    { relationship, telecom: [{ system: 'phone', value: '1' }] },
    pharmacy(extensionUrls.nominatedPharmacy, 'FH846'),
    preference(method('1'), times('noon')),
    preference(format('11'), null),
    communication('pl', false),
    death('1'),
    birthPlace({ city: 'Leeds', country: '' }),
    ['Rose', null],
    JSON.parse('{"__proto__":{"polluted":true},"use":"old","family":"A"}'),
  );
  const anything = fc.oneof({ weight: 4, arbitrary: sensible }, fc.jsonValue({ maxDepth: 4 }));
  const operation = fc
    .record({
      op: fc.constantFrom('add', 'replace', 'remove', 'test', 'add', 'replace'),
      path: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...paths.map((path) => `/${path}`)) },
        fc.string(),
      ),
      value: anything,
    })
    .map((one) => ({ ...one }));
  const sound = fc.constantFrom(
    replace('/gender', 'unknown'),
    replace('/name/0/family', 'Bloggs'),
    add('/name/0/given/-', 'Rose'),
    add('/name/-', { use: 'old', given: ['A', ''], family: 'Bloggs', suffix: [] }),
    replace('/address/0/line', ['1 The Row', '', null, 'Leeds']),
    add('/telecom/-', { system: 'phone', use: 'work', value: '1' }),
    add('/contact/-', { relationship, telecom: [{ system: 'phone', value: '1' }] }),
    replace('/extension/0', pharmacy(extensionUrls.nominatedPharmacy, 'FH846')),
    replace('/extension/4', preference(format('11'), method('1'))),
    add('/address/-', { use: 'home', line: ['1', 'Leeds'] }),
  );
  const identified = [
    usual,
    replace('/address/0/id', '8B869CFB'),
    replace('/telecom/0/id', '1A2B3C40'),
  ];

  it('is refused with a documented row or gives a valid R4 Patient without nulls and empty members', function () {
    this.timeout(30_000);
    const records = [full(), minimal(), dead('1'), dead('2')];
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...records),
        fc.array(fc.oneof(sound, sound, operation), { maxLength: 3 }),
        fc.boolean(),
        fc.constantFrom('worker', 'patient'),
        (record, operations, named, mode) => {
          const patches = named ? [...identified, ...operations] : operations;
          const before = JSON.stringify([record, patches]);
          const refusal = refusalOf(() => {
            const after = patch(record, patches, mode);
            accepted++;
            checkWhole(after.patient, 'patient');
            assert.deepEqual(r4Faults(after.patient), []);
            assert.equal(after.patient.meta.versionId, '3');
            assert.notEqual(JSON.stringify(after.patient), JSON.stringify(record.patient));
          });
          assert.match(refusal, /^(not refused|4(00|03) [A-Z_]+: )/);
          assert.equal(JSON.stringify([record, patches]), before);
        },
      ),
      { numRuns: 1000 },
    );
    assert.ok(accepted > 20, `some must be accepted, ${accepted} were`);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });

  function checkWhole(value: unknown, path: string): void {
    assert.ok(value !== null && value !== undefined && value !== '', `${path} is empty`);
    if (typeof value !== 'object') return;
    assert.ok(Object.keys(value).length > 0, `${path} has nothing in it`);
    for (const [name, member] of Object.entries(value)) {
      assert.notEqual(name, '__proto__');
      checkWhole(member, `${path}/${name}`);
    }
  }
});
