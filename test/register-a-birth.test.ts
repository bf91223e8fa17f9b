import assert from 'node:assert/strict';
import { isNhsNumber } from '../fhir/identifiers.ts';
import { birthBundle, needed, notified, stillbirth, type Json } from './birth-bundle.ts';
import { inFreshWorkspaces } from './fresh-workspaces.ts';
import { type Answer, type TestPlatform } from './start-platform.ts';

const mother = '9733162868';
const otherMother = '9912003071';
const born = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);

describe('registering a birth over the wire', () => {
  let platform: TestPlatform;
  let workspace: string;
  inFreshWorkspaces((...made) => {
    [platform, workspace] = made;
  });

  const send = (body: unknown, headers: Record<string, string> = {}, query = ''): Promise<Answer> =>
    platform.call(`/Patient/$process-birth-details${query}`, {
      method: 'POST',
      headers: { 'x-gatehouse-workspace': workspace, ...headers },
      body,
    });
  const birth = (changes: Readonly<Record<number, Json>> = {}) =>
    birthBundle(mother, born, changes);
  const get = (path: string): Promise<Answer> =>
    platform.call(path, { headers: { 'x-gatehouse-workspace': workspace } });
  const because = ({ status, json, text }: Answer): string => {
    assert.equal(json.resourceType, 'OperationOutcome', text);
    const [{ details, diagnostics }] = json.issue;
    return `${status} ${details.coding[0].code} ${diagnostics ?? ''}`.trim();
  };

  it('records the baby under a number of its own, with the mother among the people to contact', async () => {
    const answer = await send(birth());
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.get('etag'), 'W/"1"');
    assert.match(answer.headers.get('notification-id') ?? '', /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-/i);
    const { id, birthDate, multipleBirthInteger, address, gender } = answer.json;
    assert.ok(isNhsNumber(id) && id.startsWith('999'));
    assert.deepEqual([birthDate, multipleBirthInteger, gender], [born, 1, 'male']);
    assert.equal(address[0].line[0], '7 Mere Bank');
    assert.equal((await get(`/Patient/${id}`)).text, answer.text);
    const { json } = await get(`/Patient/${id}/RelatedPerson`);
    assert.equal(json.total, 1);
    assert.equal(json.entry[0].resource.patient.identifier.value, mother);
    assert.equal((await get(`/Patient?family=Fernsby&birthdate=${born}`)).json.total, 1);
  });

  it('knows the baby again, also where potential matches are to be ignored for one mother', async () => {
    const first = await send(birth());
    const single = `200 SINGLE_MATCH Unable to create new patient. NHS number ${first.json.id} found for supplied demographic data.`;
    assert.equal(because(await send(birth())), single);
    const ignoring = '?ignore_potential_matches=true';
    assert.equal(because(await send(birth(), {}, ignoring)), single);
    const second = await send(birthBundle(otherMother, born), {}, ignoring);
    assert.equal(second.status, 201, second.text);
    assert.equal(
      because(await send(birthBundle('9733162876', born))),
      '200 MULTIPLE_MATCHES Unable to create new patient. Multiple matches found for supplied demographic data.',
    );
  });

  it('lets twins be two people', async () => {
    assert.equal((await send(birth())).status, 201);
    const name = [{ use: 'usual', family: 'Fernsby', given: ['Ivor'], period: { start: born } }];
    const second = await send(birth({ 0: { name, multipleBirthInteger: 2 } }));
    assert.equal(second.status, 201, second.text);
  });

  it('answers a repeat with the same X-Request-ID with the same baby', async () => {
    const id = { 'x-request-id': crypto.randomUUID() };
    const [first, second] = [await send(birth(), id), await send(birth(), id)];
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.equal(second.text, first.text);
    const notificationOf = (answer: Answer) => answer.headers.get('notification-id');
    assert.equal(notificationOf(second), notificationOf(first));
    assert.notEqual(notificationOf(first), null);
  });

  it('tells what is missing by its place in the Bundle', async () => {
    const rows: [Readonly<Record<number, Json>>, string][] = [
      [{ 0: { name: [{ family: 'Fernsby', given: ['Ivo'] }] } }, 'entry/0/resource/name/0/use'],
      [{ 0: { birthDate: undefined } }, 'entry/0/resource/birthDate'],
      [{ 0: { gender: undefined } }, 'entry/0/resource/gender'],
      [{ 0: { address: undefined } }, 'entry/0/resource/address'],
      [{ 1: { valueQuantity: { unit: 'grams' } } }, 'entry/1/resource/valueQuantity/value'],
      [
        { 7: { identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number' }] } },
        'entry/7/resource/identifier/0/value',
      ],
    ];
    for (const [changes, path] of rows)
      assert.equal(
        because(await send(birth(changes))),
        `400 MISSING_VALUE Missing value - '${path}'`,
      );
  });

  it('names the value and the place of what is wrong', async () => {
    const named = (more: Json) => ({
      0: { name: [{ use: 'usual', family: 'Fernsby', given: ['Ivo'], ...more }] },
    });
    const rows: [Readonly<Record<number, Json>>, string, string][] = [
      [named({ given: 'not an array' }), 'not an array', 'entry/0/resource/name/0/given'],
      [named({ given: 'O`Brien' }), 'O`Brien', 'entry/0/resource/name/0/given'],
      [{ 0: { address: ['another'] } }, 'another', 'entry/0/resource/address/0'],
      [{ 0: { gender: 'other' } }, 'other', 'gender'],
      [{ 0: { birthDate: 'not-a-date' } }, 'not-a-date', 'birthDate'],
      [
        {
          0: {
            birthDate: 'not-a-date',
            name: [
              { use: 'usual', family: 'Fernsby', given: ['Ivo'], period: { start: 'not-a-date' } },
            ],
          },
        },
        'not-a-date',
        'birthDate',
      ],
      [{ 0: { multipleBirthInteger: 100 } }, '100', 'entry/0/resource/multipleBirthInteger'],
      [
        { 1: { valueQuantity: { value: 35552, unit: 'grams' } } },
        '35552',
        'entry/1/resource/valueQuantity/value',
      ],
    ];
    for (const [changes, value, path] of rows)
      assert.equal(
        because(await send(birth(changes))),
        `400 INVALID_VALUE Invalid value - '${value}' in field '${path}'`,
      );
  });

  it('wants all twelve entries, and the rules of creation hold', async () => {
    const { entry, ...bundle } = birth();
    assert.ok(Array.isArray(entry));
    assert.equal(
      because(await send({ ...bundle, entry: entry.slice(0, -1) as unknown[] })),
      "400 TOO_FEW_VALUES_SUBMITTED Too few values submitted - <json too long to display> in field 'entry'",
    );
    const name = [
      { use: 'usual', family: 'Rosey', given: ['One'], period: { start: born, end: born } },
    ];
    assert.equal(
      because(await send(birth({ 0: { name } }))),
      "400 INVALID_CREATE Invalid patient create data provided - 'An end date can not be provided on usual name'",
    );
    const address = [{ use: 'home', line: ['7 Mere Bank'], period: { start: '2019-03-04' } }];
    assert.equal(
      because(await send(birth({ 0: { address } }))),
      "400 INVALID_CREATE Invalid patient create data provided - 'address lines 1 and 4 or 2 and 4 must be completed as a minimum'",
    );
  });

  it('takes a formal death at birth for a still-birth only', async () => {
    const dead = {
      deceasedDateTime: `${born}T03:05:00+00:00`,
      extension: [...needed, notified('2')],
    };
    const alive = await send(birth({ 0: dead }));
    assert.equal(
      because(alive),
      '400 INSERT_BIRTH_DEATH_STATUS_INCONSISTENT Insert Birth - Death Status Inconsistent',
    );
    assert.equal(alive.json.issue[0].code, 'processing');
    for (const code of ['2', '3', '4']) {
      const name = [{ use: 'usual', family: 'Fernsby', given: [`Ivo${'abc'.charAt(+code - 2)}`] }];
      const answer = await send(birth({ 0: { ...dead, name }, 2: stillbirth(code) }));
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.json.deceasedDateTime, dead.deceasedDateTime);
    }
  });

  it('is for healthcare workers alone', async () => {
    for (const mode of ['app', 'privileged', 'patient:9000000009'])
      assert.match(
        because(await send(birth(), { 'x-gatehouse-act-as': mode })),
        /^403 INVALID_METHOD /,
      );
  });
});
