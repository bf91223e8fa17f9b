/** What each kind of token may do at protected PDS, how settings of the app change it, and how soon losing it counts. */
import assert from 'node:assert/strict';
import {
  appToken,
  askForApp,
  integration,
  keptToken,
  patientToken,
  pds,
  signInByScript,
  workerToken,
  type Ground,
} from './signed-in-ground.ts';
import type { Answer, CallInit } from './start-platform.ts';

const jane = '9000000009';
const own = '9912003071';
const restricted = '9727022820';

type Mode = 'app' | 'privileged' | 'aal3' | 'aal2' | 'patient';

const tokens: Readonly<Record<Mode, (ground: Ground) => Promise<string>>> = {
  app: (ground) => keptToken('app', () => appToken(ground)),
  privileged: (ground) => keptToken('privileged', () => appToken(ground, 'demo-privileged-int')),
  aal3: (ground) => keptToken('aal3', () => workerToken(ground, '656005750108')),
  aal2: (ground) => keptToken('aal2', () => workerToken(ground, '656005750111')),
  patient: (ground) => keptToken('patient', () => patientToken(ground, own)),
};

const search = '/Patient?family=Smith&gender=female&birthdate=eq2010-10-22';
const broken: CallInit = { method: 'POST', body: {} };
const stale: CallInit = {
  method: 'PATCH',
  headers: { 'if-match': 'W/"99999"' },
  body: { patches: [{ op: 'replace', path: '/gender', value: 'female' }] },
};
const card = (nhsNumber: string) => `/Coverage?subscriber%3Aidentifier=${nhsNumber}`;

/** Operation, and what each mode gets: 200, 403 with a code, or another refusal that shows it was let through. */
const matrix: readonly (readonly [
  name: string,
  path: string,
  init: CallInit,
  expected: Readonly<Record<Mode, string>>,
])[] = [
  [
    'reads a patient',
    `/Patient/${own}`,
    {},
    { app: '200', privileged: '200', aal3: '200', aal2: '200', patient: '200' },
  ],
  [
    'reads another patient',
    `/Patient/${jane}`,
    {},
    { app: '200', privileged: '200', aal3: '200', aal2: '200', patient: '403 ACCESS_DENIED' },
  ],
  [
    'searches',
    search,
    {},
    { app: '200', privileged: '200', aal3: '200', aal2: '200', patient: '403 ACCESS_DENIED' },
  ],
  [
    'searches for one',
    `${search}&_max-results=1`,
    {},
    { app: '200', privileged: '200', aal3: '200', aal2: '200', patient: '403 ACCESS_DENIED' },
  ],
  [
    'searches for several',
    `${search}&_max-results=2`,
    {},
    {
      app: '403 INVALID_VALUE',
      privileged: '403 INVALID_VALUE',
      aal3: '200',
      aal2: '200',
      patient: '403 ACCESS_DENIED',
    },
  ],
  [
    'updates a patient',
    `/Patient/${own}`,
    stale,
    {
      app: '403 INVALID_METHOD',
      privileged: '403 INVALID_METHOD',
      aal3: '409 RESOURCE_VERSION_MISMATCH',
      aal2: '409 RESOURCE_VERSION_MISMATCH',
      patient: '409 RESOURCE_VERSION_MISMATCH',
    },
  ],
  ...['/Patient', '/Patient/$process-birth-details'].map(
    (path) =>
      [
        `creates at ${path}`,
        path,
        broken,
        {
          app: '403 INVALID_METHOD',
          privileged: '403 INVALID_METHOD',
          aal3: '400',
          aal2: '400',
          patient: '403 INVALID_METHOD',
        },
      ] as const,
  ),
  [
    'reads the people to contact',
    `/Patient/${own}/RelatedPerson`,
    {},
    { app: '200', privileged: '200', aal3: '200', aal2: '200', patient: '200' },
  ],
  [
    'reads the card',
    card(own),
    {},
    {
      app: '403 ACCESS_DENIED',
      privileged: '403 ACCESS_DENIED',
      aal3: '403 ACCESS_DENIED',
      aal2: '403 ACCESS_DENIED',
      patient: '200',
    },
  ],
  [
    'replaces the card',
    '/Coverage',
    { ...broken, headers: { 'if-match': 'W/"1"' } },
    {
      app: '403 ACCESS_DENIED',
      privileged: '403 ACCESS_DENIED',
      aal3: '403 ACCESS_DENIED',
      aal2: '403 ACCESS_DENIED',
      patient: '400',
    },
  ],
];

const said = ({ status, json }: Answer): string =>
  status < 400 ? String(status) : `${status} ${json.issue[0].details.coding[0].code}`;
const display = ({ json }: Answer): string => json.issue[0].details.coding[0].display;

describe('at protected PDS', () => {
  let ground: Ground;
  before(async function () {
    this.timeout(60_000);
    ground = await integration();
    await Promise.all(Object.values(tokens).map((get) => get(ground)));
  });
  const as = async (mode: Mode, path: string, init?: CallInit) =>
    pds(ground, path, await tokens[mode](ground), init);

  describe('the rules differ by who calls:', () => {
    for (const [name, path, init, expected] of matrix)
      for (const [mode, wanted] of Object.entries(expected) as [Mode, string][])
        it(`${mode} ${name}: ${wanted}`, async () => {
          const answer = await as(mode, path, init);
          assert.ok(said(answer).startsWith(wanted), answer.text);
        });
  });

  it('R131 the same API enforces other rules for a worker, a patient and an app on its own', async () => {
    for (const [, path, init, expected] of matrix)
      for (const mode of ['aal3', 'patient', 'app'] as const)
        assert.ok(said(await as(mode, path, init)).startsWith(expected[mode]));
  });

  it('a search of an app finds one or says that there are more', async () => {
    const answer = await as('app', '/Patient?family=Sm*&gender=female&birthdate=le2012-01-01');
    assert.equal(answer.status, 200);
    assert.equal(answer.json.issue?.[0].details.coding[0].code, 'TOO_MANY_MATCHES', answer.text);
  });

  it('refusals name the mode of the token', async () => {
    const named: readonly (readonly [Mode, string, CallInit, string])[] = [
      [
        'app',
        `/Patient/${own}`,
        stale,
        'Cannot update resource with application-restricted access token',
      ],
      [
        'privileged',
        `/Patient/${own}`,
        stale,
        'Cannot update resource with privileged-application-restricted access token',
      ],
      ['patient', '/Patient', broken, 'Cannot create resource with patient-access access token'],
      [
        'app',
        `${search}&_max-results=5`,
        {},
        'Cannot retrieve more than one result with application-restricted access token',
      ],
      ['aal3', card(own), {}, 'Cannot GET resource with user-restricted access token'],
      [
        'privileged',
        '/Coverage',
        broken,
        'Cannot POST resource with privileged-application-restricted access token',
      ],
      ['patient', search, {}, 'Patient cannot perform this action'],
    ];
    for (const [mode, path, init, text] of named)
      assert.equal(display(await as(mode, path, init)), text);
  });

  it('a restricted patient keeps the address from all but privileged apps', async () => {
    for (const mode of ['app', 'aal3', 'aal2'] as const)
      assert.equal((await as(mode, `/Patient/${restricted}`)).json.address, undefined);
    assert.ok((await as('privileged', `/Patient/${restricted}`)).json.address.length > 0);
  });

  it('a worker updates a patient, and integration alone shows it', async () => {
    const path = '/Patient/9000000017';
    const before = await as('aal3', path);
    const patches = [{ op: 'replace', path: '/gender', value: 'unknown' }];
    const init: CallInit = {
      method: 'PATCH',
      headers: { 'if-match': before.headers.get('etag') ?? '' },
      body: { patches },
    };
    const answer = await as('aal3', path, init);
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await as('app', path)).json.gender, 'unknown');
    const sandbox = await pds({ ...ground, environment: 'sandbox' }, path);
    assert.notEqual(sandbox.json.gender, 'unknown');
  });

  it('the aids of the sandbox are not there', async () => {
    const answer = await as('patient', `/Patient/${jane}`, {
      headers: {
        'x-gatehouse-act-as': 'privileged',
        'x-gatehouse-workspace': 'shared',
        'x-gatehouse-scenario': 'error',
      },
    });
    assert.equal(answer.status, 403);
  });

  describe('no token is given', () => {
    it('to a worker at AAL1', async () => {
      const end = await signInByScript(ground, { username: '656005750110' });
      assert.ok(end instanceof Response);
      assert.equal(end.status, 401);
      assert.equal(((await end.json()) as { error: string }).error, 'unauthorized_client');
    });

    const refused: Readonly<Record<string, readonly [status: number, error: string]>> = {
      'demo-unapproved-int': [401, 'unauthorized_client'],
      'demo-revoked-int': [401, 'access_denied'],
      'demo-smart-public-int': [403, 'public_key error'],
      'demo-app-sandbox': [401, 'invalid_request'],
    };
    for (const [client, expected] of Object.entries(refused))
      it(`to ${client}`, async () => {
        const { status, json } = await askForApp(ground, client);
        assert.deepEqual([status, json.error], expected, JSON.stringify(json));
      });
  });
});
