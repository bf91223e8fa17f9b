/** Patients at protected PDS: the own record and no other, however it is asked for. Raw sockets, so that paths stay as written. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  integration,
  keptToken,
  patientToken,
  pds,
  pdsPath,
  type Ground,
} from './signed-in-ground.ts';
import { sendRaw, type RawAnswer, type RawRequest } from './raw-http.ts';

const own = '9912003071';
const other = '9000000009';

/** Ways to another's record; what comes back holds nothing of it. */
const detours: readonly (readonly [path: string, ...statuses: number[]])[] = [
  [`/Patient/${other}`, 403],
  [`/Patient/${own}/../${other}`, 400],
  [`/Patient/./${other}`, 400],
  [`/Patient//${other}`, 400],
  [`//Patient/${other}`, 400],
  [`/Patient/${other}/`, 400],
  [`/Patient/${other}.`, 403],
  [`/Patient/${other}%20`, 403],
  [`/Patient/%20${other}`, 403],
  [`/Patient/${other};a=b`, 403],
  [`/Patient/${own};/../${other}`, 400],
  [`/Patient/${own}%2f..%2f${other}`, 403],
  [`/Patient/${own}%252f..%252f${other}`, 403],
  [`/Patient/%39000000009`, 403],
  [`/Patient/%2539000000009`, 403],
  [`/Patient/${own}%00${other}`, 403],
  [`/Patient/${own},${other}`, 403],
  [`/Patient/${own}|${other}`, 403],
  [`/Patient/${own}?_id=${other}`, 200],
  [`/Patient/${own}?_include=Patient:link&_revinclude=*`, 200],
  [`/Patient/${other}?_id=${own}`, 403],
  [`/Patient/${other}#${own}`, 403],
  [`/Patient?_id=${own}`, 403],
  [`/Patient?family=Smith&birthdate=2010-10-22`, 403],
  [`/Patient?family=Smith&birthdate=2010-10-22&_max-results=1`, 403],
  [`/Patient`, 403],
  [`/patient/${other}`, 400],
  [`/Patient/${other}/RelatedPerson`, 403],
  [`/Patient/${own}%2f..%2f${other}/RelatedPerson`, 403],
  [`/Patient/${other}/_history`, 400],
  [`/Patient/${other}/$everything`, 400],
  [`/RelatedPerson?patient=${other}`, 400],
  [`/Coverage?subscriber:identifier=${other}`, 403],
  [`/Coverage?subscriber:identifier=${own}&subscriber:identifier=${other}`, 400],
  [`/Coverage?subscriber:identifier=${own}&_include=*`, 400],
  [`/Coverage?beneficiary:identifier=${other}`, 400],
  [`/Coverage/${other}`, 400],
  [`/`, 400],
  [`/_poll/${other}`, 400],
];

const patch = JSON.stringify({ patches: [{ op: 'replace', path: '/gender', value: 'male' }] });
const birth = 'urn:uuid:1';
/** What is sent to change another's record, or to create one. */
const writes: readonly (readonly [name: string, request: RawRequest, status: number])[] = [
  ['PATCH', { method: 'PATCH', path: `/Patient/${other}`, body: patch }, 403],
  [
    'PATCH with an encoded slash',
    { method: 'PATCH', path: `/Patient/${own}%2f..%2f${other}`, body: patch },
    403,
  ],
  ['PUT', { method: 'PUT', path: `/Patient/${other}`, body: '{}' }, 400],
  ['DELETE', { method: 'DELETE', path: `/Patient/${other}` }, 400],
  ['POST in the name of PATCH', { method: 'POST', path: `/Patient/${other}`, body: patch }, 400],
  [
    'a batch',
    {
      method: 'POST',
      path: '/',
      body: JSON.stringify({
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ fullUrl: birth, request: { method: 'GET', url: `Patient/${other}` } }],
      }),
    },
    400,
  ],
  ['a search by POST', { method: 'POST', path: '/Patient/_search', body: 'family=Smith' }, 400],
  ['a creation', { method: 'POST', path: '/Patient', body: '{}' }, 403],
  ['a birth', { method: 'POST', path: '/Patient/$process-birth-details', body: '{}' }, 403],
];

describe('a patient at protected PDS', () => {
  let ground: Ground;
  let token: string;

  before(async function () {
    this.timeout(60_000);
    ground = await integration();
    token = await keptToken('patient', () => patientToken(ground, own));
  });

  const send = (request: RawRequest, as = token): Promise<RawAnswer> =>
    sendRaw(ground.platform.port, {
      ...request,
      path: `/env/int${pdsPath}${request.path}`,
      headers: [
        ['authorization', `Bearer ${as}`],
        ['x-request-id', randomUUID()],
        ['if-match', 'W/"2"'],
        ...(request.method === 'PATCH'
          ? ([['content-type', 'application/json-patch+json']] as const)
          : []),
        ...(request.method === 'POST' ? ([['content-type', 'application/json']] as const) : []),
      ],
    });

  it('reads and updates the own record', async () => {
    const read = await pds(ground, `/Patient/${own}`, token);
    assert.equal(read.json.id, own);
    const [home] = read.json.telecom;
    const answer = await pds(ground, `/Patient/${own}`, token, {
      method: 'PATCH',
      headers: { 'if-match': read.headers.get('etag') ?? '' },
      body: {
        patches: [{ op: 'replace', path: '/telecom/0', value: { ...home, value: '07700900999' } }],
      },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.telecom[0].value, '07700900999');
  });

  it('changes no field of the own record that is not the patient’s to change', async () => {
    const { headers, json } = await pds(ground, `/Patient/${own}`, token);
    for (const patches of [
      [{ op: 'replace', path: '/birthDate', value: '1990-01-01' }],
      [{ op: 'replace', path: '/gender', value: 'male' }],
      [
        { op: 'test', path: '/name/0/id', value: json.name[0].id },
        { op: 'replace', path: '/name/0/family', value: 'Other' },
      ],
    ]) {
      const answer = await pds(ground, `/Patient/${own}`, token, {
        method: 'PATCH',
        headers: { 'if-match': headers.get('etag') ?? '' },
        body: { patches },
      });
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.json.issue[0].diagnostics, /This user does not have permission/);
    }
  });

  for (const [path, ...statuses] of detours)
    it(`gets ${statuses.join(' or ')} at ${path}`, async () => {
      const answer = await send({ path });
      assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.body}`);
      if (answer.status === 200) assert.equal((JSON.parse(answer.body) as { id: string }).id, own);
      assert.doesNotMatch(answer.body, /"family"\s*:\s*"Smith"/);
    });

  for (const [name, request, status] of writes)
    it(`gets ${status} for ${name} at ${request.path}`, async () => {
      const answer = await send(request);
      assert.equal(answer.status, status, answer.body);
    });

  it('reaches no card of another by its body', async () => {
    const answer = await pds(ground, '/Coverage', token, {
      method: 'POST',
      headers: { 'if-match': 'W/"2"' },
      body: cardOf(other),
    });
    assert.equal(answer.status, 403, answer.text);
    assert.equal(
      answer.json.issue[0].details.coding[0].display,
      'Patient cannot perform this action',
    );
  });

  it('is told the same of a record that is there and of one that is not', async () => {
    const [there, not] = [
      await send({ path: `/Patient/${other}` }),
      await send({ path: '/Patient/9990000018' }),
    ];
    assert.deepEqual([there.status, there.body], [not.status, not.body]);
  });

  for (const [username, fields] of [
    ['9912003072', {}],
    ['9912003073', {}],
    ['9736363120', {}],
    [own, { level: 'P5.Cp.Cd' }],
    [own, { level: 'P0.Cp' }],
  ] as const)
    it(`${username} is refused everything below P9 (${JSON.stringify(fields)})`, async () => {
      const low = await patientToken(ground, username, fields);
      for (const path of [
        `/Patient/${username}`,
        '/Patient/9736363120',
        '/HelloWorld',
        '/Coverage',
      ]) {
        const answer = await pds(ground, path, low);
        assert.equal(answer.status, 403, answer.text);
        assert.equal(
          answer.json.issue[0].details.coding[0].display,
          'Patient cannot perform this action',
        );
      }
    });

  it('who is restricted sees the own record without its address', async () => {
    const { status, json } = await read('9727022820');
    assert.deepEqual(
      [status, json.id, json.address, json.telecom],
      [200, '9727022820', undefined, undefined],
    );
    assert.equal(json.name[0].family, 'LOCKYER');
  });

  it('who was merged reads through the old number and does not reach the new one by name', async () => {
    const merged = await keptToken('merged', () => patientToken(ground, '9732019735'));
    const through = await pds(ground, '/Patient/9732019735', merged);
    assert.equal(through.status, 200);
    assert.notEqual(through.json.id, '9732019735');
    assert.equal((await pds(ground, `/Patient/${through.json.id}`, merged)).status, 403);
    const write = await pds(ground, '/Patient/9732019735', merged, {
      method: 'PATCH',
      headers: { 'if-match': through.headers.get('etag') ?? '' },
      body: {
        patches: [
          {
            op: 'add',
            path: '/telecom/-',
            value: { system: 'phone', use: 'home', value: '01632960001' },
          },
        ],
      },
    });
    assert.equal(write.status, 403, write.text);
    assert.equal(write.json.issue[0].details.coding[0].code, 'FORBIDDEN_UPDATE');
  });

  it('who has died is still read', async () => {
    const { status, json } = await read('9733163201');
    assert.equal(status, 200);
    assert.ok(json.deceasedDateTime);
  });

  it('who acts for a child reads the child, not the own record', async () => {
    const proxy = await patientToken(ground, '9990000352');
    assert.equal((await pds(ground, '/Patient/9990000387', proxy)).json.id, '9990000387');
    assert.equal((await pds(ground, '/Patient/9990000352', proxy)).status, 403);
    const self = await patientToken(ground, '9990000352', { for: 'self' });
    assert.equal((await pds(ground, '/Patient/9990000352', self)).json.id, '9990000352');
    assert.equal((await pds(ground, '/Patient/9990000387', self)).status, 403);
  });

  async function read(nhsNumber: string) {
    const theirs = await keptToken(nhsNumber, () => patientToken(ground, nhsNumber));
    return pds(ground, `/Patient/${nhsNumber}`, theirs);
  }
});

function cardOf(nhsNumber: string) {
  return {
    resourceType: 'Coverage',
    identifier: [
      { value: 'DE1', assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'DEU' } } },
    ],
    status: 'active',
    type: {
      coding: [
        {
          system: 'http://terminology.hl7.eu/CodeSystem/v3-ActCode',
          code: 'EHIC',
          display: 'European Health Insurance Card',
        },
      ],
    },
    beneficiary: { identifier: { value: '1029384756' } },
    period: { end: new Date(Date.now() + 365 * 86_400_000).toISOString().slice(0, 10) },
    payor: [{ identifier: { value: '01071' } }],
    subscriber: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } },
  };
}
