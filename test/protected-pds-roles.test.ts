/** In which role a worker acts at protected PDS, and what the audit says of each call there, refused or not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  appToken,
  entriesOf,
  integration,
  keptToken,
  patientToken,
  pds,
  workerToken,
  type Ground,
} from './signed-in-ground.ts';
import type { Answer } from './start-platform.ts';

const jane = '9000000009';
const own = '9912003071';
const said = ({ status, json }: Answer): string =>
  status < 400 ? String(status) : `${status} ${json.issue[0].details.coding[0].code}`;

interface Case {
  readonly who: string;
  readonly username: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly header?: string;
  readonly expected: string;
  /** As the audit tells it. */
  readonly role: string;
}

const three = { username: '999000000103' };
const cases: readonly Case[] = [
  { who: 'one role', username: '656005750108', expected: '200', role: '555254240108' },
  {
    who: 'one role, named',
    username: '656005750108',
    header: '555254240108',
    expected: '200',
    role: '555254240108',
  },
  {
    who: 'one role, somebody else’s named',
    username: '656005750108',
    header: '555254241031',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  { who: 'three roles, none named', ...three, expected: '400 INVALID_VALUE', role: '' },
  {
    who: 'three roles, the first',
    ...three,
    header: '555254241031',
    expected: '200',
    role: '555254241031',
  },
  {
    who: 'three roles, the last',
    ...three,
    header: '555254241033',
    expected: '200',
    role: '555254241033',
  },
  {
    who: 'three roles, somebody else’s',
    ...three,
    header: '555254240108',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  {
    who: 'three roles, letters',
    ...three,
    header: '55525424103x',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  {
    who: 'three roles, a minus',
    ...three,
    header: '-555254241031',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  {
    who: 'three roles, two of them',
    ...three,
    header: '555254241031,555254241032',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  {
    who: 'three roles, an empty header',
    ...three,
    header: '',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  {
    who: 'a role picked at sign-in',
    ...three,
    fields: { role: '555254241032' },
    expected: '200',
    role: '555254241032',
  },
  {
    who: 'a role picked, and named',
    ...three,
    fields: { role: '555254241032' },
    header: '555254241032',
    expected: '200',
    role: '555254241032',
  },
  {
    who: 'a role picked, another named',
    ...three,
    fields: { role: '555254241032' },
    header: '555254241031',
    expected: '400 INVALID_VALUE',
    role: '',
  },
  {
    who: 'a role without patient access',
    username: '999000000104',
    expected: '403 ACCESS_DENIED',
    role: '',
  },
  {
    who: 'two roles, the one without',
    username: '656005750104',
    header: '555254240204',
    expected: '403 ACCESS_DENIED',
    role: '',
  },
  {
    who: 'two roles, the one with',
    username: '656005750104',
    header: '555254240104',
    expected: '200',
    role: '555254240104',
  },
  { who: 'no role', username: '656005750105', expected: '200', role: '' },
  {
    who: 'no role, one named',
    username: '656005750105',
    header: '555254240108',
    expected: '400 INVALID_VALUE',
    role: '',
  },
];

describe('a worker at protected PDS', () => {
  let ground: Ground;
  before(async function () {
    this.timeout(60_000);
    ground = await integration();
  });
  const tokenOf = ({ username, fields = {} }: Pick<Case, 'username' | 'fields'>) =>
    keptToken(`${username} ${JSON.stringify(fields)}`, () => workerToken(ground, username, fields));
  const ask = async (one: Case, requestId: string = randomUUID()) =>
    pds(ground, `/Patient/${jane}`, await tokenOf(one), {
      headers: {
        'x-request-id': requestId,
        ...(one.header === undefined ? {} : { 'nhsd-session-urid': one.header }),
      },
    });

  for (const one of cases)
    it(`with ${one.who}: ${one.expected}`, async () => {
      const requestId = randomUUID();
      assert.equal(said(await ask(one, requestId)), one.expected);
      const entries = await entriesOf(ground.platform, requestId);
      assert.equal(entries.length, 1);
      assert.equal(entries[0]?.role, one.role);
      assert.equal(entries[0].user, one.username);
    });

  it('R157 what a worker may do depends on the national role', async () => {
    const joel = { who: '', username: '656005750104', expected: '', role: '' };
    assert.equal((await ask({ ...joel, header: '555254240104' })).status, 200);
    const refused = await ask({ ...joel, header: '555254240204' });
    assert.equal(refused.status, 403);
    assert.match(refused.json.issue[0].diagnostics, /Registration Authority Manager/);
  });

  it('names in the refusal what was sent, and where to read about it', async () => {
    const { json } = await ask({ who: '', ...three, header: 'abc', expected: '', role: '' });
    assert.equal(
      json.issue[0].diagnostics,
      "Invalid value - 'abc' in header 'NHSD-Session-URID'. Refer to the guidance for this header in our API Specification https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir",
    );
  });

  it('has the role header dropped where no worker acts', async () => {
    const headers = { 'nhsd-session-urid': 'not even a number' };
    const app = await keptToken('app', () => appToken(ground));
    const patient = await keptToken('patient', () => patientToken(ground, own));
    for (const token of [app, patient])
      assert.equal((await pds(ground, `/Patient/${own}`, token, { headers })).status, 200);
  });
});

describe('the audit of protected PDS', () => {
  let ground: Ground;
  before(async function () {
    this.timeout(60_000);
    ground = await integration();
  });

  const entryOf = async (path: string, token: string | undefined) => {
    const requestId = randomUUID();
    const answer = await pds(ground, path, token, { headers: { 'x-request-id': requestId } });
    const entries = await entriesOf(ground.platform, requestId);
    assert.equal(entries.length, 1, 'one entry a call');
    const [entry] = entries;
    assert.ok(entry);
    assert.equal(entry.environment, 'uat');
    assert.equal(entry.workspace, 'integration');
    assert.equal(entry.status, answer.status);
    const { status, app, mode, user, people } = entry;
    return { status, app, mode, user, people };
  };

  const tokens: Readonly<Record<string, () => Promise<string>>> = {
    app: () => keptToken('app', () => appToken(ground)),
    privileged: () => keptToken('privileged', () => appToken(ground, 'demo-privileged-int')),
    worker: () => keptToken('656005750111', () => workerToken(ground, '656005750111')),
    patient: () => keptToken('patient', () => patientToken(ground, own)),
    p5: () => keptToken('p5 with number', () => patientToken(ground, '9736363120')),
  };

  const rows: readonly (readonly [
    token: string,
    path: string,
    entry: readonly [status: number, app: string, mode: string, user: string],
  ])[] = [
    ['app', `/Patient/${jane}`, [200, 'demo', 'app', '']],
    ['app', `/Patient/${jane}?_max-results=9`, [200, 'demo', 'app', '']],
    ['privileged', `/Patient/${jane}`, [200, 'demo-privileged', 'privileged', '']],
    ['worker', `/Patient/${jane}`, [200, 'demo', 'worker', '656005750111']],
    ['patient', `/Patient/${own}`, [200, 'demo', 'patient', own]],
    ['patient', `/Patient/${jane}`, [403, 'demo', 'patient', own]],
    ['p5', `/Patient/${jane}`, [403, 'demo', 'patient', '9736363120']],
  ];
  for (const [name, path, [status, app, mode, user]] of rows)
    it(`names app, mode and person: ${name} at ${path}`, async () => {
      const entry = await entryOf(path, await tokens[name]?.());
      const people = [path.slice(9, 19)];
      assert.deepEqual(entry, { status, app, mode, user, people });
    });

  it('has an entry of who is not known, under the person that was asked for', async () => {
    for (const token of [undefined, 'x'.repeat(43)])
      assert.deepEqual(await entryOf(`/Patient/${jane}`, token), {
        ...{ status: 401, app: '', mode: '', user: '', people: [jane] },
      });
  });

  it('R178 personal data goes to nobody but whom it is for: other app, user, role, patient', async () => {
    const worker = (username: string) => keptToken(username, () => workerToken(ground, username));
    const sandbox = await appToken({ ...ground, environment: 'sandbox' });
    const noAsid = await appToken(ground, 'demo-no-asid-int');
    const refused: readonly (readonly [token: string | undefined, path: string, status: number])[] =
      [
        [undefined, `/Patient/${jane}`, 401],
        [sandbox, `/Patient/${jane}`, 401],
        [noAsid, `/Patient/${jane}`, 400],
        [await worker('999000000103'), `/Patient/${jane}`, 400],
        [await worker('999000000104'), `/Patient/${jane}`, 403],
        [await tokens.patient?.(), `/Patient/${jane}`, 403],
        [await tokens.patient?.(), `/Patient/${jane}/RelatedPerson`, 403],
        [await tokens.p5?.(), '/Patient/9736363120', 403],
      ];
    for (const [token, path, status] of refused) {
      const answer = await pds(ground, path, token);
      assert.equal(answer.status, status, answer.text);
      assert.doesNotMatch(answer.text, /family|birthDate|address/);
    }
  });

  it('keeps tokens and secrets out of itself and of the log', async () => {
    const all = await Promise.all(Object.values(tokens).map((get) => get()));
    const logged = ground.platform.logged();
    for (const token of all) assert.ok(!logged.includes(token));
  });
});
