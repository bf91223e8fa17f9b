/** In which order a call to protected PDS is judged, over real sockets: of two faults the earlier one is told. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  appToken,
  integration,
  keptToken,
  patientToken,
  pds,
  workerToken,
  type Ground,
} from './signed-in-ground.ts';

const adult = '9000000009';

/** The parts of a call, each of which a fault may spoil. */
interface Parts {
  token: string | undefined;
  path: string;
  requestId: string | undefined;
  role: string | undefined;
  method: string;
}

interface Fault {
  readonly name: string;
  readonly spoil: (parts: Parts, tokens: Tokens) => void;
  readonly expect: readonly [status: number, code: string, diagnostics?: RegExp];
  /** Needs a token of its own, so it cannot be had together with others of which that is true. */
  readonly token?: true;
}

interface Tokens {
  readonly threeRoles: string;
  readonly threeRolesNoAsid: string;
  readonly app: string;
  readonly p5: string;
}

/** In the published order. */
const faults: readonly Fault[] = [
  {
    name: 'a token that is none',
    spoil: (parts) => {
      parts.token = 'x'.repeat(43);
    },
    expect: [401, 'ACCESS_DENIED', /^Invalid Access Token$/],
    token: true,
  },
  {
    name: 'a patient below P9',
    spoil: (parts, { p5 }) => {
      parts.token = p5;
    },
    expect: [403, 'ACCESS_DENIED', /insufficient permissions/],
    token: true,
  },
  {
    name: 'a path outside the API',
    spoil: (parts) => {
      parts.path = '/HelloWorld';
    },
    expect: [400, 'UNSUPPORTED_REQUEST', /^Unsupported path - '\/HelloWorld'$/],
  },
  {
    name: 'no X-Request-ID',
    spoil: (parts) => {
      parts.requestId = undefined;
    },
    expect: [400, 'MISSING_VALUE', /X-Request-ID header must be supplied/],
  },
  {
    name: 'several roles and no header',
    spoil: (parts) => {
      parts.role = undefined;
    },
    expect: [400, 'INVALID_VALUE', /^Invalid value - '' in header 'NHSD-Session-URID'/],
  },
  {
    name: 'an app without ASID',
    spoil: (parts, { threeRolesNoAsid }) => {
      parts.token = threeRolesNoAsid;
    },
    expect: [400, 'MISSING_VALUE', /^No ASID is associated with your app/],
    token: true,
  },
  {
    name: 'an app that writes',
    spoil: (parts, { app }) => {
      parts.token = app;
      parts.method = 'PATCH';
    },
    expect: [403, 'INVALID_METHOD', /insufficient permissions to use this method/],
    token: true,
  },
  {
    name: 'an NHS number that is none',
    spoil: (parts) => {
      if (parts.path !== '/HelloWorld') parts.path = '/Patient/9000000008';
    },
    expect: [400, 'INVALID_RESOURCE_ID'],
  },
];

describe('protected PDS judges a call in the published order', () => {
  let ground: Ground;
  let tokens: Tokens;

  before(async function () {
    this.timeout(60_000);
    ground = await integration();
    const [threeRoles, threeRolesNoAsid, app, p5] = await Promise.all([
      keptToken('three roles', () => workerToken(ground, '999000000103')),
      workerToken(ground, '999000000103', {}, 'demo-no-asid-int'),
      keptToken('app', () => appToken(ground)),
      keptToken('p5', () => patientToken(ground, '9912003072')),
    ]);
    tokens = { threeRoles, threeRolesNoAsid, app, p5 };
  });

  const send = (spoiled: readonly Fault[]) => {
    const parts: Parts = {
      token: tokens.threeRoles,
      path: `/Patient/${adult}`,
      requestId: randomUUID(),
      role: '555254241031',
      method: 'GET',
    };
    for (const fault of spoiled) fault.spoil(parts, tokens);
    return pds(ground, parts.path, parts.token, {
      method: parts.method,
      headers: {
        'x-request-id': parts.requestId ?? 'none',
        ...(parts.role === undefined ? {} : { 'nhsd-session-urid': parts.role }),
      },
    });
  };

  const judge = async (spoiled: readonly Fault[], told: Fault) => {
    const answer = await send(spoiled);
    const [status, code, diagnostics] = told.expect;
    assert.equal(answer.status, status, answer.text);
    const [issue] = answer.json.issue;
    assert.equal(issue.details.coding[0].code, code);
    if (diagnostics) assert.match(issue.diagnostics, diagnostics);
  };

  it('lets a call without a fault through', async () => {
    assert.equal((await send([])).status, 200);
  });

  for (const fault of faults) it(`refuses ${fault.name}`, () => judge([fault], fault));

  for (const [at, first] of faults.entries())
    for (const second of faults.slice(at + 1)) {
      if (first.token && second.token) continue;
      // An app on its own has no role to miss.
      if (first.name.startsWith('several roles') && second.name === 'an app that writes') continue;
      it(`tells of ${first.name} before ${second.name}`, () => judge([second, first], first));
    }

  it('tells of a missing number of results after all of these, from the query', async () => {
    const answer = await pds(
      ground,
      '/Patient?family=Smith&birthdate=x&_max-results=2',
      tokens.app,
    );
    assert.equal(answer.status, 403);
    assert.equal(answer.json.issue[0].code, 'token');
  });
});
