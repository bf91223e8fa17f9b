import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Problem } from '../../../core/problem.ts';
import {
  authority,
  coded,
  ethnicity,
  notified,
  ods,
  type Json,
} from '../../../test/birth-bundle.ts';
import { mutated } from '../../../test/mutated-bodies.ts';
import { motherLink, readBirth } from './birth.ts';
import { haveSameMother, toNewRecord } from './create.ts';
import type { CreateContext } from './create-person.ts';
import type { PdsRow } from '../errors.ts';
import { security, type PdsRecord } from '../record.ts';

const mother = '9990000018';

function context(): CreateContext {
  let k = 0;
  return {
    now: Date.UTC(2026, 5, 10, 12),
    newObjectId: () => (0xabc00000 + k++).toString(16).toUpperCase(),
    isPractice: () => false,
  };
}

const numbered = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: mother };

const observed = (about: string, value: Json): Json => ({
  resourceType: 'Observation',
  status: 'final',
  subject: { reference: 'urn:uuid:baby' },
  code: coded('http://snomed.info/sct', about),
  ...value,
});

const birthPlace: Json = {
  url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
  valueAddress: { text: 'Fell Infirmary', city: 'Kendal', district: 'Westmorland', country: '1' },
};

function baby(): Json {
  return {
    resourceType: 'Patient',
    name: [{ use: 'usual', family: 'Quill', given: ['Ivo'], period: { start: '2026-06-08' } }],
    gender: 'male',
    birthDate: '2026-06-08',
    _birthDate: {
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime',
          valueDateTime: '2026-06-08T03:04:00+00:00',
        },
      ],
    },
    address: [
      {
        use: 'home',
        line: ['7 Mere Bank', '', '', 'AMBLESIDE', ''],
        postalCode: 'QQ9 9ZZ',
        period: { start: '2019-03-04' },
      },
    ],
    multipleBirthInteger: 1,
    extension: [authority, ethnicity, birthPlace],
  };
}

function resources(): Json[] {
  return [
    baby(),
    observed('364589006', { valueQuantity: { value: 3200, unit: 'grams', code: 'g' } }),
    observed('237364002', {
      valueCodeableConcept: coded('urn:oid:2.16.840.1.113883.2.1.3.2.4.17.172', '1'),
    }),
    observed('268477000', { valueQuantity: { value: 38, unit: 'weeks' } }),
    observed('246435002', { valueInteger: 1 }),
    observed('66091009', {
      valueCodeableConcept: coded('urn:oid:2.16.840.1.113883.2.1.3.2.4.17.171', 'N'),
    }),
    {
      resourceType: 'RelatedPerson',
      identifier: [numbered],
      patient: { reference: 'urn:uuid:baby' },
      relationship: [coded('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'GESTM')],
    },
    {
      resourceType: 'Patient',
      identifier: [numbered],
      name: [{ family: 'Quill', given: ['Odette'], prefix: ['Dr'], use: 'usual' }],
      birthDate: '1995-06-07',
      generalPractitioner: [{ reference: 'urn:uuid:practice' }],
    },
    { resourceType: 'Organization', identifier: [ods('A20047')], name: 'The practice' },
    {
      resourceType: 'Location',
      status: 'active',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-site-code', value: 'RR8G5' }],
      name: 'The ward',
      type: [coded('urn:oid:2.16.840.1.113883.2.1.3.2.4.17.173', '0')],
    },
    {
      resourceType: 'CareTeam',
      status: 'active',
      subject: { reference: 'urn:uuid:baby' },
      participant: [
        {
          role: [{ ...coded('http://snomed.info/sct', '788127005'), text: 'Responsible' }],
          member: { identifier: ods('Y98765') },
        },
      ],
    },
    { resourceType: 'Practitioner', name: [{ family: 'Dale', given: ['Jo'], use: 'usual' }] },
  ];
}

function bundle(changes: Readonly<Record<number, Json>> = {}): Json {
  const entry = resources().map((resource, i) => ({
    fullUrl: `urn:uuid:${i}`,
    request: { method: 'POST', url: String(resource.resourceType) },
    resource: { ...resource, ...changes[i] },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

/** The Bundle without a member of one of its resources. */
function lacking(index: number, member: string): Json {
  const sent = bundle({ [index]: { [member]: undefined } });
  return JSON.parse(JSON.stringify(sent)) as Json; // what was an object is one
}

function refusal(sent: unknown): [number, string, string | undefined] {
  try {
    readBirth(sent, context());
  } catch (error) {
    assert.ok(error instanceof Problem);
    const row = error.row as PdsRow; // every Problem of this API bears one
    return [row.status, row.code, row.diagnostics];
  }
  return assert.fail('nothing was refused');
}

describe('a birth', () => {
  it('gives the record of the baby, with its mother behind it', () => {
    const { draft, motherNhsNumber, practice } = readBirth(bundle(), context());
    const { patient, behind } = toNewRecord(draft, '9990000026');
    assert.equal(motherNhsNumber, mother);
    assert.equal(practice, 'A20047');
    const { identifier, meta, ...rest } = patient;
    assert.equal(identifier?.length, 1);
    assert.equal(meta.versionId, '1');
    assert.deepEqual(rest, {
      resourceType: 'Patient',
      id: '9990000026',
      name: [
        {
          use: 'usual',
          period: { start: '2026-06-08' },
          given: ['Ivo'],
          family: 'Quill',
          id: 'ABC00000',
        },
      ],
      gender: 'male',
      birthDate: '2026-06-08',
      multipleBirthInteger: 1,
      address: [
        {
          period: { start: '2019-03-04' },
          use: 'home',
          line: ['7 Mere Bank', 'AMBLESIDE'],
          postalCode: 'QQ9 9ZZ',
          id: 'ABC00001',
        },
      ],
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
          valueAddress: { city: 'Kendal', district: 'Westmorland', country: '1' },
        },
      ],
    });
    assert.deepEqual(behind.relatedPersons?.[0]?.patient, { identifier: numbered });
    assert.deepEqual(
      behind.relatedPersons[0].relationship?.[0]?.coding?.map(({ code }) => code),
      ['MTH', 'Personal'],
    );
    assert.deepEqual(behind.addressLines, {
      ABC00001: ['7 Mere Bank', '', '', 'AMBLESIDE', ''],
    });
  });

  it('names the mother by the number her record was merged into', () => {
    const birth = readBirth(bundle(), context());
    const merged: PdsRecord = {
      patient: {
        resourceType: 'Patient',
        id: mother,
        meta: { versionId: '3', security: [security('U')] },
      },
      behind: { supersededBy: '9990000034' },
    };
    const draft = motherLink(birth, merged);
    assert.equal(draft.behind.relatedPersons?.[0]?.patient.identifier?.value, '9990000034');
    assert.equal(haveSameMother(birth.draft, draft), false);
    assert.equal(motherLink(birth, undefined), birth.draft);
    assert.equal(motherLink(birth, { ...merged, behind: {} }), birth.draft);
  });

  it('takes a formal death with a still-birth', () => {
    const dead = {
      ...baby(),
      deceasedDateTime: '2026-06-08T03:04:00+00:00',
      extension: [authority, ethnicity, notified('2')],
    };
    const still = {
      valueCodeableConcept: coded('urn:oid:2.16.840.1.113883.2.1.3.2.4.17.172', '2'),
    };
    const { draft } = readBirth(bundle({ 0: dead, 2: still }), context());
    assert.equal(draft.patient.deceasedDateTime, '2026-06-08T03:04:00+00:00');
    assert.deepEqual(refusal(bundle({ 0: dead })), [
      400,
      'INSERT_BIRTH_DEATH_STATUS_INCONSISTENT',
      'Insert Birth - Death Status Inconsistent',
    ]);
    const informally = { ...dead, extension: [authority, ethnicity, notified('1')] };
    assert.ok(readBirth(bundle({ 0: informally }), context()).draft.patient.deceasedDateTime);
  });

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
  const fewer = [
    'TOO_FEW_VALUES_SUBMITTED',
    "Too few values submitted - <json too long to display> in field 'entry'",
  ] as const;

  const name = { use: 'usual', family: 'Quill' };
  const [home] = baby().address as Json[]; // made above as a list of objects
  const weight = (value: unknown) => ({ 1: { valueQuantity: { value } } });
  const eleven = { ...bundle(), entry: (bundle().entry as unknown[]).slice(0, 11) }; // a list, as above
  const rows: [string, unknown, readonly [string, string]][] = [
    ['no entries', { resourceType: 'Bundle', type: 'transaction' }, missing('entry')],
    ['eleven entries', eleven, fewer],
    ['another type', { ...bundle(), type: 'batch' }, invalid('batch', 'type')],
    ['an unknown member', { ...bundle(), pets: 1 }, unexpected('pets')],
    [
      'an entry of the wrong type',
      bundle({ 3: { resourceType: 'Patient' } }),
      invalid('Patient', 'entry/3/resource/resourceType'),
    ],
    ['no name', lacking(0, 'name'), missing('entry/0/resource/name')],
    [
      'no use of the name',
      bundle({ 0: { name: [{ family: 'Quill' }] } }),
      missing('entry/0/resource/name/0/use'),
    ],
    ['no birth date', lacking(0, 'birthDate'), missing('entry/0/resource/birthDate')],
    ['no gender', lacking(0, 'gender'), missing('entry/0/resource/gender')],
    ['no address', lacking(0, 'address'), missing('entry/0/resource/address')],
    [
      'no address period',
      bundle({ 0: { address: [{ ...home, period: undefined }] } }),
      missing('entry/0/resource/address/0/period'),
    ],
    [
      'no order of birth',
      lacking(0, 'multipleBirthInteger'),
      missing('entry/0/resource/multipleBirthInteger'),
    ],
    ['no weight', bundle(weight(undefined)), missing('entry/1/resource/valueQuantity/value')],
    [
      'no number of the mother',
      bundle({ 7: { identifier: [{ system: numbered.system }] } }),
      missing('entry/7/resource/identifier/0/value'),
    ],
    ['no practice code', lacking(8, 'identifier'), missing('entry/8/resource/identifier')],
    [
      'given names that are no list',
      bundle({ 0: { name: [{ ...name, given: 'not an array' }] } }),
      invalid('not an array', 'entry/0/resource/name/0/given'),
    ],
    [
      'an illegal sign as given name',
      bundle({ 0: { name: [{ ...name, given: 'O`Brien' }] } }),
      invalid('O`Brien', 'entry/0/resource/name/0/given'),
    ],
    [
      'an address that is a text',
      bundle({ 0: { address: ['another'] } }),
      invalid('another', 'entry/0/resource/address/0'),
    ],
    ['gender other', bundle({ 0: { gender: 'other' } }), invalid('other', 'gender')],
    ['no date', bundle({ 0: { birthDate: 'not-a-date' } }), invalid('not-a-date', 'birthDate')],
    [
      'a hundredth child',
      bundle({ 0: { multipleBirthInteger: 100 } }),
      invalid('100', 'entry/0/resource/multipleBirthInteger'),
    ],
    [
      'too great a weight',
      bundle(weight(35552)),
      invalid('35552', 'entry/1/resource/valueQuantity/value'),
    ],
    [
      'too small a weight',
      bundle(weight(999)),
      invalid('999', 'entry/1/resource/valueQuantity/value'),
    ],
    [
      'a weight that is text',
      bundle(weight('3200')),
      invalid('3200', 'entry/1/resource/valueQuantity/value'),
    ],
    [
      'another observation',
      bundle({ 4: { code: coded('x', '1') } }),
      invalid('1', 'entry/4/resource/code/coding/0/code'),
    ],
    [
      'a wrong number of the mother',
      bundle({ 7: { identifier: [{ value: '9000000000' }] } }),
      invalid('9000000000', 'entry/7/resource/identifier/0/value'),
    ],
    [
      'two mothers',
      bundle({ 6: { identifier: [{ value: '9990000026' }] } }),
      invalid('9990000026', 'entry/6/resource/identifier/0/value'),
    ],
    [
      'another relation',
      bundle({ 6: { relationship: [coded('x', 'FTH')] } }),
      invalid('FTH', 'entry/6/resource/relationship/0/coding/0/code'),
    ],
    ['an unknown member of the baby', bundle({ 0: { pets: 1 } }), unexpected('pets')],
    [
      'a deep unknown member',
      bundle({ 10: { participant: [{ member: { identifier: { ...ods('Y98765'), pets: 1 } } }] } }),
      unexpected('pets'),
    ],
    [
      'one line of address',
      bundle({ 0: { address: [{ ...home, line: ['7 Mere Bank'] }] } }),
      refused('address lines 1 and 4 or 2 and 4 must be completed as a minimum'),
    ],
    [
      'a usual name that ends',
      bundle({ 0: { name: [{ ...name, period: { start: '2020-01-01', end: '2026-06-08' } }] } }),
      refused('An end date can not be provided on usual name'),
    ],
    [
      'a birth to come',
      bundle({ 0: { birthDate: '2026-06-11' } }),
      refused('birth date cannot be in the future'),
    ],
    [
      'a death without a notification',
      bundle({ 0: { deceasedDateTime: '2026-06-08' } }),
      refused('when adding a deceased date, a death notification status must also be supplied'),
    ],
    [
      'a notification without a death',
      bundle({ 0: { extension: [authority, ethnicity, notified('1')] } }),
      refused('when adding a death notification status, a deceased date must also be supplied'),
    ],
    [
      'a death before the birth',
      bundle({
        0: { deceasedDateTime: '2026-06-07', extension: [authority, ethnicity, notified('1')] },
      }),
      refused('deceased date cannot be before the birth date'),
    ],
    ['a list as body', [], ['VALIDATION_ERROR', 'Invalid payload received - incorrect format']],
  ];

  for (const [what, sent, [code, diagnostics]] of rows)
    it(`refuses one with ${what}`, () => {
      assert.deepEqual(refusal(sent), [400, code, diagnostics]);
    });

  it('refuses one without the ethnic category, naming the extensions', () => {
    const [status, code, diagnostics] = refusal(
      bundle({ 0: { extension: [authority, birthPlace] } }),
    );
    assert.deepEqual([status, code], [400, 'INVALID_VALUE']);
    assert.match(diagnostics ?? '', /in field 'entry\/0\/resource\/extension'$/);
  });

  it('gives a valid record or a row of the table, whatever is done to a Bundle', function () {
    this.timeout(20_000);
    const codes = new Set<string>();
    fc.assert(
      fc.property(mutated(bundle()), (sent) => {
        try {
          const { draft, motherNhsNumber } = readBirth(sent, context());
          assert.equal(motherNhsNumber, mother);
          assert.doesNotMatch(JSON.stringify(draft), /\[\]|null/);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          const row = error.row as PdsRow | undefined; // the rows of this API are of this type
          assert.equal(row?.status, 400, error.stack);
          codes.add(row.code);
        }
      }),
      { numRuns: 500 },
    );
    assert.ok(codes.size >= 4, [...codes].join());
  });
});
