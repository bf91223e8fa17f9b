import assert from 'node:assert/strict';
import { isNhsNumber } from '../fhir/identifiers.ts';
import { inFreshWorkspaces } from './fresh-workspaces.ts';
import { type Answer, type TestPlatform } from './start-platform.ts';

type Json = Record<string, unknown>;

const authority: Json = {
  url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RegisteringAuthority',
  extension: [
    {
      url: 'registeringAuthorityType',
      valueCodeableConcept: {
        coding: [
          { system: 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType', code: 'x' },
        ],
      },
    },
    { url: 'organisationIdentifier', valueString: 'RGS' },
  ],
};

const home = (more: Json = {}): Json => ({
  use: 'home',
  period: { start: '2019-03-04' },
  line: ['', '7 Mere Bank', ' ', 'AMBLESIDE', ''],
  postalCode: 'LA22 9ZZ',
  ...more,
});

const name = (more: Json = {}): Json => ({
  use: 'usual',
  family: 'Quillfeather',
  given: ['Odette', 'Mae'],
  prefix: ['Dr.'],
  period: { start: '1979-05-06' },
  ...more,
});

const person = (more: Json = {}): Json => ({
  resourceType: 'Patient',
  name: [name()],
  address: [home()],
  gender: 'female',
  birthDate: '1979-05-06',
  extension: [authority],
  ...more,
});

const mickey = person({
  name: [
    { use: 'usual', family: 'McMatch-Single', given: ['Mickey'], period: { start: '1954-10-26' } },
  ],
  gender: 'male',
  birthDate: '1954-10-26',
  address: [home({ line: ['', '317 Stuart Streets', '', 'Glasgow'], postalCode: 'BAP 4WG' })],
});

describe('creating a patient over the wire', () => {
  let platform: TestPlatform;
  let workspace: string;
  inFreshWorkspaces((...made) => {
    [platform, workspace] = made;
  });

  const create = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    platform.call('/Patient', {
      method: 'POST',
      headers: { 'x-gatehouse-workspace': workspace, ...headers },
      body,
    });
  const get = (path: string): Promise<Answer> =>
    platform.call(path, { headers: { 'x-gatehouse-workspace': workspace } });
  const because = ({ status, json, text }: Answer): string => {
    assert.equal(json.resourceType, 'OperationOutcome', text);
    assert.equal(json.issue.length, 1);
    const [{ severity, details, diagnostics }] = json.issue;
    assert.equal(severity, 'error');
    return `${status} ${details.coding[0].code} ${diagnostics ?? ''}`.trim();
  };
  const count = async () =>
    (await get('/Patient?family=Quillfeather&birthdate=1979-05-06')).json.total;

  it('answers 201 with the record that is kept, under a number of its own', async () => {
    const answer = await create(person());
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.get('content-type'), 'application/fhir+json');
    assert.equal(answer.headers.get('etag'), 'W/"1"');
    const { id, identifier, meta, name: names, address, gender, birthDate } = answer.json;
    assert.ok(isNhsNumber(id) && id.startsWith('999'), 'a number of the range never issued');
    assert.equal(identifier[0].value, id);
    assert.match(JSON.stringify(identifier[0].extension), /"code":"01"/);
    assert.equal(meta.versionId, '1');
    assert.equal(meta.security[0].code, 'U');
    assert.match(names[0].id, /^[0-9A-F]{8}$/);
    assert.deepEqual(names[0].prefix, ['Dr']);
    assert.deepEqual(address[0].line, ['7 Mere Bank', 'AMBLESIDE']);
    assert.match(address[0].id, /^[0-9A-F]{8}$/);
    assert.deepEqual([gender, birthDate], ['female', '1979-05-06']);
    assert.doesNotMatch(answer.text, /RegisteringAuthority/);

    assert.equal((await get(`/Patient/${id}`)).text, answer.text);
    const found = await get('/Patient?family=Quillfeather&given=Odette&birthdate=1979-05-06');
    assert.equal(found.json.entry[0].resource.id, id);
  });

  it('gives each its own number, and lets the new record be updated', async () => {
    const one = await create(person());
    const other = await create(person({ name: [name({ given: ['Odile'] })] }));
    assert.deepEqual([one.status, other.status], [201, 201]);
    assert.notEqual(one.json.id, other.json.id);
    const updated = await platform.call(`/Patient/${one.json.id}`, {
      method: 'PATCH',
      headers: { 'x-gatehouse-workspace': workspace, 'if-match': 'W/"1"' },
      body: { patches: [{ op: 'replace', path: '/gender', value: 'unknown' }] },
    });
    assert.equal(updated.status, 200, updated.text);
    assert.equal(updated.headers.get('etag'), 'W/"2"');
  });

  it('refuses somebody who is there already, once or more often, and creates nothing', async () => {
    assert.equal(
      because(await create(mickey)),
      '200 SINGLE_MATCH Unable to create new patient. NHS number 5900054586 found for supplied demographic data.',
    );
    const twins = person({
      name: [{ use: 'usual', family: 'McMatch-Multiple', given: ['Leandro', 'Gerry'] }],
      gender: 'male',
      birthDate: '1997-08-20',
      address: [home({ line: ['', '1 Jasmine Court', '', 'DONCASTER'], postalCode: 'DN19 7UD' })],
    });
    const answer = await create(twins);
    assert.equal(
      because(answer),
      '200 MULTIPLE_MATCHES Unable to create new patient. Multiple matches found for supplied demographic data.',
    );
    assert.equal(answer.json.issue[0].code, 'value');
    assert.equal(answer.json.issue[0].details.coding[0].display, 'Multiple matches found');
    assert.equal(answer.headers.get('etag'), null);
    assert.equal(
      (await get('/Patient?family=McMatch-Multiple&birthdate=1997-08-20')).json.total,
      2,
    );
  });

  it('knows again who was just created, by another request', async () => {
    const { json } = await create(person());
    assert.equal(
      because(await create(person())),
      `200 SINGLE_MATCH Unable to create new patient. NHS number ${json.id} found for supplied demographic data.`,
    );
    assert.equal(await count(), 1);
  });

  it('makes one record of ten equal requests at once; the others are told its number', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(person())));
    const created = answers.filter(({ status }) => status === 201);
    assert.equal(created.length, 1);
    const id: string = created[0]?.json.id;
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      assert.match(because(answer), /^200 SINGLE_MATCH /);
      assert.ok(answer.text.includes(id));
    }
    assert.equal(await count(), 1);
  });

  it('answers a repeat with the same X-Request-ID as before, and another body as another request', async () => {
    const id = { 'x-request-id': crypto.randomUUID() };
    const [first, second] = [await create(person(), id), await create(person(), id)];
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.equal(second.text, first.text);
    assert.equal(await count(), 1);
    const other = await create(person({ name: [name({ given: ['Odile'] })] }), id);
    assert.equal(other.status, 201);
    assert.notEqual(other.json.id, first.json.id);
    const atOnce = { 'x-request-id': crypto.randomUUID() };
    const same = await Promise.all(
      Array.from({ length: 5 }, () => create(person({ name: [name({ given: ['Zed'] })] }), atOnce)),
    );
    assert.deepEqual(new Set(same.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(same.map(({ json }) => json.id)).size, 1);
  });

  it('tells what is missing in the published order', async () => {
    const some = { name: { family: 'Smith' }, address: [{ line: ['1'] }] };
    const rows: [unknown, string][] = [
      [{ bananas: 'in pyjamas' }, 'name'],
      [{ name: { family: 'Smith' } }, 'address'],
      [some, 'gender'],
      [{ ...some, gender: 'male' }, 'birthDate'],
      [
        {
          name: [{ family: 'ToRemove', given: ['A'], period: { start: '2024-01-12' } }],
          address: [{ line: ['1'] }],
          gender: 'male',
          birthDate: '2023-12-12',
        },
        'address/0/period',
      ],
      [person({ extension: undefined }), 'extension'],
    ];
    for (const [body, path] of rows)
      assert.equal(because(await create(body)), `400 MISSING_VALUE Missing value - '${path}'`);
  });

  it('names the value and the place of what is wrong', async () => {
    const invalid = (value: string, path: string) =>
      `400 INVALID_VALUE Invalid value - '${value}' in field '${path}'`;
    const refused = (what: string) =>
      `400 INVALID_CREATE Invalid patient create data provided - '${what}'`;
    const rows: [Json, string][] = [
      [{ name: [name({ given: 'not an array' })] }, invalid('not an array', 'name/0/given')],
      [{ name: [name({ given: 'O`Brien' })] }, invalid('O`Brien', 'name/0/given')],
      [{ address: [['another', 'array']] }, invalid("['another', 'array']", 'address/0')],
      [{ gender: 'other' }, invalid('other', 'gender')],
      [{ birthDate: 'not-a-date' }, invalid('not-a-date', 'birthDate')],
      [
        { birthDate: 'not-a-date', name: [name({ period: { start: 'not-a-date' } })] },
        invalid('not-a-date', 'birthDate'),
      ],
      [
        { name: [name({ given: ['One', 'Two', 'Three', 'Four', 'Five', 'six'] })] },
        "400 TOO_MANY_VALUES_SUBMITTED Too many values submitted - ['One', 'Two', 'Three', 'Four', 'Five', 'six'] in field 'name/0/given'",
      ],
      [
        { name: [name({ period: { start: '2020-01-01', end: '2024-01-01' } })] },
        refused('An end date can not be provided on usual name'),
      ],
      [
        { address: [home({ line: ['7 Mere Bank'] })] },
        refused('address lines 1 and 4 or 2 and 4 must be completed as a minimum'),
      ],
      [
        {
          telecom: [
            { use: 'home', system: 'email', value: 'testemail', period: { start: '2020-01-02' } },
          ],
        },
        refused('email format is invalid'),
      ],
      [
        {
          address: [
            home({
              extension: [
                { url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey' },
              ],
            }),
          ],
        },
        "400 MISSING_VALUE Missing value - 'address/0/extension/0/extension'",
      ],
      [
        { active: true },
        "400 ADDITIONAL_PROPERTIES Invalid request with error - Additional properties are not allowed ('active' was unexpected)",
      ],
    ];
    for (const [more, expected] of rows)
      assert.equal(because(await create(person(more))), expected);
    assert.equal(await count(), 0);
  });

  it('takes empty prefixes and suffixes for none', async () => {
    const answer = await create(person({ name: [name({ prefix: [''], suffix: [''] })] }));
    assert.equal(answer.status, 201, answer.text);
    const [kept] = answer.json.name;
    assert.deepEqual([kept.prefix, kept.suffix], [undefined, undefined]);
  });

  it('is for healthcare workers alone, which is told before anything is read', async () => {
    for (const [mode, word] of [
      ['app', 'application-restricted'],
      ['privileged', 'privileged-application-restricted'],
      ['patient:9000000009', 'patient-access'],
    ]) {
      for (const body of [person(), '{"broken":']) {
        const answer = await create(body, { 'x-gatehouse-act-as': mode ?? '' });
        assert.equal(
          because(answer),
          '403 INVALID_METHOD Your app has insufficient permissions to use this method. Please contact support.',
        );
        assert.equal(
          answer.json.issue[0].details.coding[0].display,
          `Cannot create resource with ${word ?? ''} access token`,
        );
      }
    }
  });

  it('refuses what is no JSON object, and keeps nothing of it', async () => {
    for (const body of ['{"name":', '', '[]', '1', 'null', '"text"'])
      assert.match(because(await create(body, { 'content-type': 'application/json' })), /^400 /);
    for (const type of ['application/xml', 'application/bananas'])
      assert.equal(
        because(await create(person(), { 'content-type': type })),
        '400 UNSUPPORTED_SERVICE',
      );
  });
});
