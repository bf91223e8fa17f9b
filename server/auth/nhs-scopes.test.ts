import assert from 'node:assert/strict';
import type { OAuthRow } from './oauth-error.ts';
import { kindFor, noScopeLeft, scopesOfApp, scopesOfUser } from './nhs-scopes.ts';

const api = 'personal-demographics-service';
const given = [
  `urn:nhsd:apim:app:level3:${api}`,
  `urn:nhsd:apim:user-nhs-cis2:aal3:${api}`,
  `urn:nhsd:apim:user-nhs-cis2:aal2:${api}`,
  `urn:nhsd:apim:user-nhs-id:aal3:${api}`,
  `urn:nhsd:apim:user-nhs-login:P9:${api}`,
  `urn:nhsd:apim:user-nhs-login:P5:${api}`,
  'patient/Patient.rs',
  'user/Patient.crus',
];
const kinds = ['point-of-care', 'patient-facing'] as const;

describe('scopes of the NHS face', () => {
  it('are those of applications for an application', () => {
    assert.deepEqual(scopesOfApp(given), [given[0]]);
    assert.deepEqual(scopesOfApp(['xurn:nhsd:apim:app:level3:x', 'app:level3']), []);
  });

  it('are those of exactly the level for a person, the older spelling included', () => {
    for (const [kind, level, expected] of [
      ['nhs-cis2', 'aal3', [given[1], given[3]]],
      ['nhs-cis2', 'aal2', [given[2]]],
      ['nhs-cis2', 'aal1', []],
      ['nhs-cis2', 'aal', []],
      ['nhs-cis2', 'p9', []],
      ['nhs-login', 'p9', [given[4]]],
      ['nhs-login', 'P9', [given[4]]],
      ['nhs-login', 'p5', [given[5]]],
      ['nhs-login', 'p0', []],
      ['nhs-login', '', []],
      ['nhs-login', 'aal3', []],
    ] as const)
      assert.deepEqual(scopesOfUser(given, kinds, { kind, level }), expected, level);
  });

  it('are none for a kind of app that may not sign such people in', () => {
    assert.equal(kindFor('nhs-cis2'), 'point-of-care');
    assert.equal(kindFor('nhs-login'), 'patient-facing');
    for (const [kind, other] of [
      ['nhs-cis2', 'patient-facing'],
      ['nhs-login', 'point-of-care'],
      ['nhs-cis2', 'unattended'],
    ] as const)
      assert.deepEqual(scopesOfUser(given, [other], { kind, level: 'aal3' }), []);
  });

  it('name the levels that there are when none is left', () => {
    const problem = noScopeLeft(given.slice(0, 3), 'nhs-cis2', 'aal1');
    assert.equal(problem.status, 401);
    assert.equal(problem.code, 'unauthorized_client');
    const { reason } = problem.row as OAuthRow; // made by oauthError
    assert.equal(
      reason?.expected,
      'one of the doors of its products: app:level3, user-nhs-cis2:aal3, user-nhs-cis2:aal2',
    );
    assert.equal(reason.found, 'nhs-cis2 at aal1');
  });
});
