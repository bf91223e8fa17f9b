import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Problem } from '../../../core/problem.ts';
import { createCriteria, haveSameMother, isSamePerson, readCreate, toNewRecord } from './create.ts';
import type { CreateContext } from './create-person.ts';
import type { PdsRow } from '../errors.ts';
import { mutated } from '../../../test/mutated-bodies.ts';
import { security, type PdsRecord } from '../record.ts';

const ukCore = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

function context(): CreateContext {
  let k = 0;
  return {
    now: Date.UTC(2026, 5, 1, 12),
    newObjectId: () => (0xabc00000 + k++).toString(16).toUpperCase(),
    isPractice: () => true,
  };
}

function authority() {
  return {
    url: `${ukCore}RegisteringAuthority`,
    extension: [
      {
        url: 'registeringAuthorityType',
        valueCodeableConcept: {
          coding: [
            {
              system: 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType',
              code: 'x',
            },
          ],
        },
      },
      { url: 'organisationIdentifier', valueString: 'RGS' },
    ],
  };
}

function home(): Record<string, unknown> {
  return {
    use: 'home',
    period: { start: '2019-03-04' },
    line: ['', '7 Mere Bank', ' ', 'AMBLESIDE', ''],
    postalCode: 'QQ9 9ZZ',
  };
}

function body() {
  return {
    resourceType: 'Patient',
    name: [
      {
        use: 'usual',
        family: 'Quill',
        given: ['Odette', 'Mae'],
        prefix: ['Dr.'],
        period: { start: '1979-05-06' },
      },
    ] as unknown[],
    address: [home()] as unknown[],
    gender: 'female' as unknown,
    birthDate: '1979-05-06' as unknown,
    extension: [authority()] as unknown[],
  };
}

function refusal(sent: unknown): [number, string, string | undefined] {
  try {
    readCreate(sent, context());
  } catch (error) {
    assert.ok(error instanceof Problem);
    const row = error.row as PdsRow; // every Problem of this API bears one
    return [row.status, row.code, row.diagnostics];
  }
  return assert.fail('nothing was refused');
}

const missing = (path: string) => ['MISSING_VALUE', `Missing value - '${path}'`] as const;
const invalid = (value: string, path: string) =>
  ['INVALID_VALUE', `Invalid value - '${value}' in field '${path}'`] as const;
const refused = (what: string) =>
  ['INVALID_CREATE', `Invalid patient create data provided - '${what}'`] as const;
const unexpected = (name: string) =>
  [
    'ADDITIONAL_PROPERTIES',
    `Invalid request with error - Additional properties are not allowed ('${name}' was unexpected)`,
  ] as const;

const lines = 'address lines 1 and 4 or 2 and 4 must be completed as a minimum';
const name = (more: object) => ({ ...body(), name: [{ use: 'usual', family: 'Quill', ...more }] });
const address = (more: object) => ({ ...body(), address: [{ ...home(), ...more }] });
const without = (member: string) =>
  Object.fromEntries(Object.entries(body()).filter(([each]) => each !== member));

describe('creating a patient', () => {
  it('gives a first version, unrestricted, with ids and without blank lines', () => {
    const record = toNewRecord(readCreate(body(), context()), '9990000018');
    assert.deepEqual(record.patient, {
      resourceType: 'Patient',
      id: '9990000018',
      identifier: [
        {
          extension: [
            {
              url: `${ukCore}NHSNumberVerificationStatus`,
              valueCodeableConcept: {
                coding: [
                  {
                    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus',
                    version: '1.0.0',
                    code: '01',
                    display: 'Number present and verified',
                  },
                ],
              },
            },
          ],
          system: 'https://fhir.nhs.uk/Id/nhs-number',
          value: '9990000018',
        },
      ],
      meta: { versionId: '1', security: [security('U')] },
      name: [
        {
          use: 'usual',
          period: { start: '1979-05-06' },
          given: ['Odette', 'Mae'],
          family: 'Quill',
          prefix: ['Dr'],
          id: 'ABC00000',
        },
      ],
      gender: 'female',
      birthDate: '1979-05-06',
      address: [
        {
          period: { start: '2019-03-04' },
          use: 'home',
          line: ['7 Mere Bank', 'AMBLESIDE'],
          postalCode: 'QQ9 9ZZ',
          id: 'ABC00001',
        },
      ],
    });
    assert.deepEqual(record.behind, {
      addressLines: { ABC00001: ['', '7 Mere Bank', '', 'AMBLESIDE', ''] },
    });
    assert.deepEqual(Object.keys(record.patient).slice(0, 4), [
      'resourceType',
      'id',
      'identifier',
      'meta',
    ]);
  });

  it('keeps language, contact preference and telecom, and drops what is only taken', () => {
    const record = readCreate(
      {
        ...body(),
        telecom: [
          { id: 'mine', system: 'email', use: 'home', value: 'o.quill@example.com' },
          { system: 'phone', use: 'mobile', value: '07700900001', period: { start: '2020-01-01' } },
        ],
        extension: [
          {
            url: `${ukCore}NHSCommunication`,
            extension: [
              { url: 'language', valueCodeableConcept: { coding: [{ code: 'cy' }] } },
              { url: 'interpreterRequired', valueBoolean: false },
            ],
          },
          authority(),
          { url: `${ukCore}BirthSex`, valueCodeableConcept: { coding: [{ code: 'F' }] } },
          {
            url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
            valueAddress: { city: 'Ulverston', country: '1' },
          },
        ],
      },
      context(),
    );
    assert.deepEqual(
      record.patient.extension?.map(({ url }) => url),
      [`${ukCore}NHSCommunication`],
    );
    assert.deepEqual(
      record.patient.telecom?.map(({ id, value, period }) => [id, value, period?.start]),
      [
        ['ABC00002', 'o.quill@example.com', '2026-06-01'],
        ['ABC00003', '07700900001', '2020-01-01'],
      ],
    );
  });

  it('drops empty prefixes and suffixes instead of keeping empty texts', () => {
    const [usual] = readCreate(name({ prefix: [''], suffix: [''] }), context()).patient.name ?? [];
    assert.equal(usual?.prefix, undefined);
    assert.equal(usual?.suffix, undefined);
  });

  it('takes an address without lines when its postcode stands for no place', () => {
    const record = readCreate(address({ line: [], postalCode: 'ZZ99 3VZ' }), context());
    assert.equal(record.patient.address?.[0]?.line, undefined);
  });

  it('takes a home and a temporary address', () => {
    const temporary = {
      ...home(),
      use: 'temp',
      text: 'Holiday Home',
      period: { start: '2026-05-20', end: '2026-06-20' },
    };
    const record = readCreate({ ...body(), address: [home(), temporary] }, context());
    assert.deepEqual(
      record.patient.address?.map(({ id, use }) => [id, use]),
      [
        ['ABC00001', 'home'],
        ['ABC00002', 'temp'],
      ],
    );
  });

  const six = ['One', 'Two', 'Three', 'Four', 'Five', 'six'];
  const email = (value: string) => ({
    ...body(),
    telecom: [{ system: 'email', use: 'home', value }],
  });
  const rows: [string, unknown, readonly [string, string | undefined]][] = [
    ['nothing but an unknown member', { bananas: 'in pyjamas' }, missing('name')],
    ['a name alone', { name: { family: 'Quill' } }, missing('address')],
    ['no gender', { name: {}, address: [{ line: ['1'] }] }, missing('gender')],
    [
      'no birth date',
      { name: {}, address: [{ line: ['1'] }], gender: 'male' },
      missing('birthDate'),
    ],
    [
      'an address without a period',
      {
        name: [{ family: 'Quill', given: ['Odo'] }],
        address: [{ line: ['1'] }],
        gender: 'male',
        birthDate: '2023-12-12',
      },
      missing('address/0/period'),
    ],
    ['no extension', without('extension'), missing('extension')],
    ['a null gender', { ...body(), gender: null }, missing('gender')],
    ['an unknown member', { ...body(), pets: [] }, unexpected('pets')],
    [
      'a name of the prototype',
      JSON.parse(JSON.stringify(body()).replace('{', '{"__proto__":{},')),
      unexpected('__proto__'),
    ],
    ['an unknown member of the name', name({ nickname: 'Q' }), unexpected('nickname')],
    ['another resource', { ...body(), resourceType: 'Person' }, invalid('Person', 'resourceType')],
    [
      'no list of names',
      { ...body(), name: { use: 'usual' } },
      invalid("{'use': 'usual'}", 'name'),
    ],
    [
      'no name in the list',
      { ...body(), name: [] },
      [
        'TOO_FEW_VALUES_SUBMITTED',
        "Too few values submitted - <json too long to display> in field 'name'",
      ],
    ],
    [
      'two names',
      { ...body(), name: [{ family: 'A' }, { family: 'B' }] },
      [
        'TOO_MANY_VALUES_SUBMITTED',
        "Too many values submitted - [{'family': 'A'}, {'family': 'B'}] in field 'name'",
      ],
    ],
    ['a name without use', { ...body(), name: [{ family: 'Quill' }] }, missing('name/0/use')],
    [
      'a name without family',
      { ...body(), name: [{ use: 'usual', given: ['O'] }] },
      missing('name/0/family'),
    ],
    ['a name that is not the usual one', name({ use: 'temp' }), invalid('temp', 'name/0/use')],
    [
      'a usual name that ends',
      name({ period: { start: '2020-01-01', end: '2024-01-01' } }),
      refused('An end date can not be provided on usual name'),
    ],
    [
      'given names that are no list',
      name({ given: 'not an array' }),
      invalid('not an array', 'name/0/given'),
    ],
    [
      'an illegal sign as given name',
      name({ given: 'O`Brien' }),
      invalid('O`Brien', 'name/0/given'),
    ],
    [
      'six given names',
      name({ given: six }),
      [
        'TOO_MANY_VALUES_SUBMITTED',
        "Too many values submitted - ['One', 'Two', 'Three', 'Four', 'Five', 'six'] in field 'name/0/given'",
      ],
    ],
    [
      'a long family name',
      name({ family: 'A'.repeat(36) }),
      invalid('A'.repeat(36), 'name/0/family'),
    ],
    [
      'an address that is a list',
      { ...body(), address: [['another', 'array']] },
      invalid("['another', 'array']", 'address/0'),
    ],
    [
      'an address that is a text',
      { ...body(), address: ['another'] },
      invalid('another', 'address/0'),
    ],
    ['one line only', address({ line: ['7 Mere Bank'] }), refused(lines)],
    ['two lines out of place', address({ line: ['7 Mere Bank', 'AMBLESIDE'] }), refused(lines)],
    ['no post town', address({ line: ['1', '2', '3', '', '5'] }), refused(lines)],
    ['no line', address({ line: [] }), refused(lines)],
    [
      'two homes',
      { ...body(), address: [home(), home()] },
      ['INVALID_VALUE', 'Invalid value with error - Cannot add a data item that already exists'],
    ],
    [
      'an address key without parts',
      address({ extension: [{ url: `${ukCore}AddressKey` }] }),
      missing('address/0/extension/0/extension'),
    ],
    ['gender other', { ...body(), gender: 'other' }, invalid('other', 'gender')],
    ['a gender that is a number', { ...body(), gender: 4 }, invalid('4', 'gender')],
    ['no date', { ...body(), birthDate: 'not-a-date' }, invalid('not-a-date', 'birthDate')],
    ['half a date', { ...body(), birthDate: '1979-05' }, invalid('1979-05', 'birthDate')],
    [
      'an impossible date',
      { ...body(), birthDate: '1979-02-29' },
      invalid('1979-02-29', 'birthDate'),
    ],
    [
      'a birth in the future',
      { ...body(), birthDate: '2026-06-02' },
      refused('birth date cannot be in the future'),
    ],
    ['no e-mail', email('testemail'), refused('email format is invalid')],
    ['a short e-mail', email('a@b.uk'), refused('email format is invalid')],
    ['no list of extensions', { ...body(), extension: authority() }, ['INVALID_VALUE', undefined]],
    [
      'an unknown extension',
      { ...body(), extension: [authority(), { url: 'http://x' }] },
      invalid('http://x', 'extension/1/url'),
    ],
    [
      'a pharmacy',
      { ...body(), extension: [authority(), { url: `${ukCore}NominatedPharmacy` }] },
      invalid(`${ukCore}NominatedPharmacy`, 'extension/1/url'),
    ],
    [
      'a list as body',
      [body()],
      ['VALIDATION_ERROR', 'Invalid payload received - incorrect format'],
    ],
    [
      'a text as body',
      'Patient',
      ['VALIDATION_ERROR', 'Invalid payload received - incorrect format'],
    ],
  ];

  for (const [what, sent, [code, diagnostics]] of rows)
    it(`refuses a body with ${what}`, () => {
      const [status, foundCode, found] = refusal(sent);
      assert.deepEqual([status, foundCode], [400, code]);
      if (diagnostics !== undefined) assert.equal(found, diagnostics);
    });

  it('refuses extensions without the registering authority, or with it in the wrong form', () => {
    const sex = { url: `${ukCore}BirthSex` };
    const [type, organisation] = authority().extension;
    const with_ = (...parts: unknown[]) => ({
      ...body(),
      extension: [{ ...authority(), extension: parts }],
    });
    const expected: [unknown, string, RegExp][] = [
      [{ ...body(), extension: [sex] }, 'INVALID_VALUE', /in field 'extension'$/],
      [{ ...body(), extension: [] }, 'TOO_FEW_VALUES_SUBMITTED', /in field 'extension'$/],
      [
        { ...body(), extension: [authority(), authority()] },
        'INVALID_VALUE',
        /in field 'extension'$/,
      ],
      [with_(type), 'TOO_FEW_VALUES_SUBMITTED', /in field 'extension\/0\/extension'$/],
      [with_(type, type), 'INVALID_VALUE', /in field 'extension\/0\/extension\/1\/url'$/],
      [
        with_(organisation, { ...type, valueString: 'x' }),
        'ADDITIONAL_PROPERTIES',
        /'valueString'/,
      ],
      [
        with_(type, { url: 'organisationIdentifier', valueString: 'R' }),
        'INVALID_VALUE',
        /valueString'$/,
      ],
      [with_(type, { url: 'organisationIdentifier' }), 'MISSING_VALUE', /valueString'$/],
      [
        { ...body(), extension: [authority(), { ...sex, pets: 1 }] },
        'ADDITIONAL_PROPERTIES',
        /'pets'/,
      ],
    ];
    for (const [sent, code, diagnostics] of expected) {
      const [status, foundCode, found] = refusal(sent);
      assert.deepEqual([status, foundCode], [400, code]);
      assert.match(found ?? '', diagnostics);
    }
  });

  it('gives a valid record or a row of the table, whatever is done to a body', function () {
    this.timeout(20_000);
    const full = {
      ...body(),
      telecom: [
        { system: 'phone', use: 'home', value: '01632960001', period: { start: '2020-01-01' } },
      ],
      extension: [
        authority(),
        { url: `${ukCore}BirthSex`, valueCodeableConcept: { coding: [{ code: 'F' }] } },
      ],
    };
    const codes = new Set<string>();
    fc.assert(
      fc.property(mutated(full), (sent) => {
        try {
          const { patient } = readCreate(sent, context());
          assert.equal(patient.name?.length, 1);
          assert.ok((patient.address?.length ?? 0) >= 1);
          assert.doesNotMatch(JSON.stringify(patient), /\[\]|null/);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          const row = error.row as PdsRow | undefined; // the rows of this API are of this type
          assert.equal(row?.status, 400, error.stack);
          codes.add(row.code);
        }
      }),
      { numRuns: 500 },
    );
    assert.ok(codes.size >= 5, [...codes].join());
  });
});

describe('who counts as the same person', () => {
  const draft = (sent: object = {}) => readCreate({ ...body(), ...sent }, context());

  it('searches for the names, birth date and gender exactly, and for no postcode', () => {
    assert.deepEqual(createCriteria(draft()), {
      family: 'Quill',
      given: ['Odette', 'Mae'],
      gender: 'female',
      birthDate: { from: '1979-05-06', to: '1979-05-06' },
      fuzzy: false,
      exact: true,
      history: false,
      maxResults: 50,
    });
  });

  it('knows the person again whatever the case of the name and the spaces of the postcode', () => {
    const held = draft({
      name: [{ use: 'usual', family: 'QUILL', given: ['odette', 'Mae'] }],
      address: [{ ...home(), postalCode: 'qq99zz' }],
    });
    assert.equal(isSamePerson(draft(), held), true);
  });

  it('takes a namesake at another postcode, or with other given names, for somebody else', () => {
    assert.equal(
      isSamePerson(draft(), draft({ address: [{ ...home(), postalCode: 'QQ8 8ZZ' }] })),
      false,
    );
    assert.equal(isSamePerson(draft(), draft(name({ given: ['Odette'] }))), false);
    assert.equal(isSamePerson(draft(), draft(name({ given: ['Odette', 'Ann'] }))), false);
  });

  it('takes a namesake for the same person where either has no postcode', () => {
    const nowhere = draft({ address: [{ ...home(), postalCode: undefined }] });
    assert.equal(isSamePerson(draft(), nowhere), true);
    assert.equal(isSamePerson(nowhere, draft()), true);
  });

  it('tells nothing of the postcode of a restricted person', () => {
    const held = draft({ address: [{ ...home(), postalCode: 'QQ8 8ZZ' }] });
    held.patient.meta.security = [security('R')];
    assert.equal(isSamePerson(draft(), held), true);
  });

  it('does not let one twin stand in the way of the other', () => {
    const twin = (order: number): PdsRecord => {
      const one = draft();
      one.patient.multipleBirthInteger = order;
      return one;
    };
    assert.equal(isSamePerson(twin(1), twin(2)), false);
    assert.equal(isSamePerson(twin(2), twin(2)), true);
    assert.equal(isSamePerson(twin(1), twin(9)), true);
    assert.equal(isSamePerson(twin(1), draft()), true);
  });

  it('asks of a newborn no postcode, and knows its mother', () => {
    const born = (mother: string, postalCode: string): PdsRecord => {
      const baby = draft({ address: [{ ...home(), postalCode }] });
      baby.behind.relatedPersons = [
        {
          resourceType: 'RelatedPerson',
          patient: { identifier: { value: mother } },
          relationship: [{ coding: [{ code: 'MTH' }] }],
        },
      ];
      return baby;
    };
    const [one, other] = [born('9990000026', 'QQ8 8ZZ'), born('9990000034', 'QQ7 7ZZ')];
    assert.equal(isSamePerson(one, other), true);
    assert.equal(haveSameMother(one, other), false);
    assert.equal(haveSameMother(one, born('9990000026', 'QQ7 7ZZ')), true);
    assert.equal(haveSameMother(draft(), draft()), false);
  });
});
