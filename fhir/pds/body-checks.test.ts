import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Problem } from '../../core/problem.ts';
import { loadOpenApi, type Example } from '../openapi.ts';
import { readBirth } from './create/birth.ts';
import { createBodyChecks } from './body-checks.ts';
import { readCoverage } from './coverage.ts';
import { readCreate } from './create/create.ts';
import type { PdsRow } from './errors.ts';

const doc = loadOpenApi(fileURLToPath(new URL('openapi.json', import.meta.url)));
const { bodyCheck, patientFaults } = createBodyChecks(doc);

/** A copy of an example of the document, free to be spoilt. */
function example(name: string): Body {
  const found = doc.components.examples?.[name] as Example; // a wrong name fails the test at once
  return structuredClone(found.value) as Body; // the examples used here are objects
}

type Body = Record<string, unknown>;

/** The code and the diagnostics the gate refuses with, or `undefined` when it lets the body through. */
function refusal(operationId: string, body: unknown): string | undefined {
  try {
    bodyCheck(operationId)(body);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Problem && error.status === 400);
    const { code, diagnostics = '' } = error.row as PdsRow; // all rows of this API are
    return `${code}: ${diagnostics}`;
  }
}

/** Puts a value at a path of members and indexes; `undefined` takes the member away. */
function put(body: Body, path: string, value: unknown): Body {
  const names = path.split('/');
  const last = names.pop() ?? '';
  let at = body;
  for (const name of names) at = at[name] as Body; // the tests name what is there
  if (value === undefined && Array.isArray(at)) at.splice(Number(last), 1);
  else if (value === undefined) Reflect.deleteProperty(at, last);
  else at[last] = value;
  return body;
}

const missing = (path: string) => `MISSING_VALUE: Missing value - '${path}'`;
const invalid = (value: string, path: string) =>
  `INVALID_VALUE: Invalid value - '${value}' in field '${path}'`;

describe('the gate of POST /Patient', () => {
  const spoilt = (path: string, value: unknown) =>
    refusal('createPatient', put(example('NewPatient'), path, value));

  it('lets a complete person through', () => {
    assert.equal(refusal('createPatient', example('NewPatient')), undefined);
  });

  it('tells of the first member that is missing, before anything else that is wrong', () => {
    const name = { family: 'Marchbanks' };
    const address = [{ line: ['1'] }];
    const cases: [Body, string][] = [
      [{ bananas: 'in pyjamas' }, 'name'],
      [{ name }, 'address'],
      [{ name, address }, 'gender'],
      [{ name, address, gender: 'other' }, 'birthDate'],
      [{ name: [name], address, gender: 'male', birthDate: '2023-12-12' }, 'address/0/period'],
    ];
    for (const [body, path] of cases) assert.equal(refusal('createPatient', body), missing(path));
  });

  it('tells of missing extensions last', () => {
    assert.equal(spoilt('extension', undefined), missing('extension'));
    const body = put(put(example('NewPatient'), 'extension', undefined), 'telecom/0/value', 5);
    assert.equal(refusal('createPatient', body), invalid('5', 'telecom/0/value'));
  });

  it('tells of values of the wrong type as the national service writes them', () => {
    const cases: [string, unknown, string][] = [
      ['name/0/given', 'not an array', 'not an array'],
      ['address/0', ['another', 'array'], "['another', 'array']"],
      ['birthDate', 19791105, '19791105'],
      ['gender', false, 'False'],
      ['name', { family: 'Marchbanks' }, "{'family': 'Marchbanks'}"],
      ['telecom/0', true, 'True'],
    ];
    for (const [path, value, shown] of cases)
      assert.equal(spoilt(path, value), invalid(shown, path), path);
  });

  it('tells of an address key without its parts', () => {
    const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey';
    assert.equal(
      spoilt('address/0/extension', [{ url }]),
      missing('address/0/extension/0/extension'),
    );
  });

  it('tells of too many values with all of them', () => {
    const given = ['Ada', 'Bea', 'Cleo', 'Dora', 'Enid', 'Fay'];
    assert.equal(
      spoilt('name/0/given', given),
      "TOO_MANY_VALUES_SUBMITTED: Too many values submitted - ['Ada', 'Bea', 'Cleo', 'Dora', 'Enid', 'Fay'] in field 'name/0/given'",
    );
  });

  it('tells of all unknown members of one object', () => {
    const body = put(put(example('NewPatient'), 'active', true), 'pets', []);
    const names =
      "Invalid request with error - Additional properties are not allowed ('active', 'pets' were unexpected)";
    assert.equal(refusal('createPatient', body), `ADDITIONAL_PROPERTIES: ${names}`);
    assert.match(String(spoilt('address/0/city', 'Leeds')), /'city' was unexpected/);
  });

  it('cuts hostile names and numbers of them', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, i) => [`x${i}`.repeat(99), 1]),
    );
    const told = refusal('createPatient', { ...example('NewPatient'), ...many });
    assert.ok(told && told.length < 3_000);
  });

  it('leaves to the reader of the body what is a rule of a field', () => {
    const left: [string, unknown][] = [
      ['gender', 'other'],
      ['birthDate', 'not-a-date'],
      ['name/0/family', 'x'.repeat(36)],
      ['name/0/prefix', ['']],
      ['name/0/suffix', []],
      ['name/0/given/0', 5],
      ['gender', null],
      ['telecom', null],
      ['address/0/line', ['', '8 Ropewalk', '', 'Exampleton', '']],
    ];
    for (const [path, value] of left) assert.equal(spoilt(path, value), undefined, path);
  });
});

describe('the gate of $process-birth-details', () => {
  const spoilt = (path: string, value: unknown) =>
    refusal('processBirthDetails', put(example('Birth'), path, value));

  it('lets a complete birth through', () => {
    assert.equal(refusal('processBirthDetails', example('Birth')), undefined);
  });

  it('tells of an entry that is missing before it looks at the others', () => {
    const { entry, ...body } = example('Birth');
    const fewer = (entry as unknown[]).toSpliced(9, 1); // a Bundle has a list of entries
    assert.equal(
      refusal('processBirthDetails', { ...body, entry: fewer }),
      "TOO_FEW_VALUES_SUBMITTED: Too few values submitted - <json too long to display> in field 'entry'",
    );
  });

  it('tells of what is missing in an entry, by its place', () => {
    for (const path of [
      'entry/0/resource/name/0/use',
      'entry/0/resource/birthDate',
      'entry/0/resource/gender',
      'entry/0/resource/address',
      'entry/1/resource/valueQuantity/value',
      'entry/7/resource/identifier/0/value',
    ])
      assert.equal(spoilt(path, undefined), missing(path));
  });

  it('tells of wrong types and of entries at the wrong place', () => {
    const given = 'entry/0/resource/name/0/given';
    assert.equal(spoilt(given, 'not an array'), invalid('not an array', given));
    assert.equal(
      spoilt('entry/0/resource/address/0', 'another'),
      invalid('another', 'entry/0/resource/address/0'),
    );
    const order = 'entry/0/resource/multipleBirthInteger';
    assert.equal(spoilt(order, 100), invalid('100', order));
    const type = 'entry/1/resource/resourceType';
    assert.equal(spoilt(type, 'Patient'), invalid('Patient', type));
  });

  it('leaves gender and birth date to the reader, who names them without their entry', () => {
    for (const name of ['gender', 'birthDate'])
      assert.equal(spoilt(`entry/0/resource/${name}`, 5), undefined);
  });
});

describe('the gate of POST /Coverage', () => {
  const spoilt = (path: string, value: unknown) =>
    refusal('replaceCoverage', put(example('CardToStore'), path, value));

  it('lets a complete card through, with and without what clients add to it', () => {
    assert.equal(refusal('replaceCoverage', example('CardToStore')), undefined);
    assert.equal(spoilt('resourceType', undefined), undefined);
    assert.equal(spoilt('type', { coding: [{ code: 'EHCPOL' }] }), undefined);
  });

  it('tells of what is missing', () => {
    for (const path of [
      'beneficiary/identifier/value',
      'identifier/0/value',
      'period/end',
      'payor',
    ])
      assert.equal(spoilt(path, undefined), missing(path));
  });

  it('tells of a second payor with both', () => {
    const payor = [{ identifier: { value: 'DE98765' } }, { identifier: { value: 'FR98765' } }];
    assert.equal(
      spoilt('payor', payor),
      "TOO_MANY_VALUES_SUBMITTED: Too many values submitted - [{'identifier': {'value': 'DE98765'}}, {'identifier': {'value': 'FR98765'}}] in field 'payor'",
    );
  });

  it('leaves the texts of the card to its reader, who trims them', () => {
    assert.equal(spoilt('payor/0/identifier/value', ''), undefined);
    assert.equal(spoilt('subscriber/identifier/value', '123'), undefined);
    assert.equal(spoilt('subscriber/identifier/value', 5), undefined);
  });
});

describe('bodyCheck', () => {
  it('has no gate for PATCH, whose refusals wait for the record', () => {
    for (const body of [{}, { patches: [] }, [], 5, { patches: [{ op: 'bad' }], more: 1 }])
      assert.equal(refusal('updatePatient', body), undefined);
  });

  it('leaves what is no object to the reader of the body', () => {
    for (const body of [null, 5, 'x', [], [{}]])
      assert.equal(refusal('createPatient', body), undefined);
  });

  it('refuses with a published row or lets through, whatever is sent', () => {
    const names = [
      'name',
      'address',
      'gender',
      'birthDate',
      'extension',
      'entry',
      'identifier',
      'x',
    ];
    const body = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(
        body,
        fc.constantFrom('createPatient', 'processBirthDetails', 'replaceCoverage'),
        (value, operationId) => {
          refusal(operationId, value);
        },
      ),
    );
  });
});

/** Every place in a value, as a path. */
function* placesIn(value: unknown, at = ''): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const path = at === '' ? name : `${at}/${name}`;
    yield path;
    yield* placesIn(member, path);
  }
}

describe('the gates and the readers behind them', () => {
  const now = Date.parse('2026-02-03T10:15:00Z');
  let taken = 0;
  const newObjectId = () => (taken++).toString(16).toUpperCase().padStart(8, '0');
  const context = { now, newObjectId, isPractice: () => true };
  const readers: [string, string, (body: unknown) => unknown][] = [
    ['createPatient', 'NewPatient', (body) => readCreate(body, context)],
    ['processBirthDetails', 'Birth', (body) => readBirth(body, context)],
    ['replaceCoverage', 'CardToStore', (body) => readCoverage(body, now)],
  ];

  it('agree on what is taken: no gate refuses what its reader takes', function () {
    this.timeout(20_000);
    for (const [operationId, name, read] of readers) {
      assert.doesNotThrow(() => read(example(name)), operationId);
      for (const path of placesIn(example(name)))
        for (const value of [undefined, null, '', [], {}, 5, ['x']]) {
          const body = put(example(name), path, value);
          if (refusal(operationId, body) !== undefined)
            assert.throws(
              () => read(body),
              Problem,
              `${operationId} ${path} ${JSON.stringify(value)}`,
            );
        }
    }
  });
});

describe('patientFaults', () => {
  it('finds nothing wrong with people the API shows', () => {
    for (const name of ['Patient', 'RestrictedPatient', 'MinimalPatient', 'DeceasedPatient'])
      assert.deepEqual(patientFaults(example(name)), []);
  });

  it('takes a withdrawn record, which the API never shows', () => {
    const security = [
      {
        system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
        code: 'REDACTED',
        display: 'redacted',
      },
    ];
    assert.deepEqual(patientFaults(put(example('MinimalPatient'), 'meta/security', security)), []);
  });

  it('names each fault without quoting the person', () => {
    const faults = patientFaults(
      put(put(example('Patient'), 'active', true), 'name/0/use', 'Okonedo'),
    );
    assert.equal(faults.length, 2);
    assert.match(faults.join(), /name\/0\/use/);
    assert.doesNotMatch(faults.join(), /Okonedo/);
  });
});
