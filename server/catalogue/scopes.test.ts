import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import type { AppKind } from './apps.ts';
import { checkFit, checkScope, scopeFits, scopeWrites } from './scopes.ts';

const isProblem = (kind: string) => (error: unknown) =>
  error instanceof Problem && error.kind === kind;

const sound = [
  'urn:nhsd:apim:app:level0:hello',
  'urn:nhsd:apim:app:level3:personal-demographics-service',
  'urn:nhsd:apim:app:level3:privileged-personal-demographics-service',
  'urn:nhsd:apim:user-nhs-cis2:aal3:x',
  'urn:nhsd:apim:user-nhs-id:aal2:x',
  'urn:nhsd:apim:user-nhs-login:P9:x',
  'patient/Patient.rs',
  'user/Patient.crus',
  'system/*.read',
  'patient/*.*',
  'patient/Observation.rs?category=vital-signs',
  'launch/patient',
  'openid',
  'offline_access',
];

const unsound = [
  '',
  'urn:nhsd:apim:app:level2:x',
  'urn:nhsd:apim:app:level3:',
  'urn:nhsd:apim:app:level3:X',
  'urn:nhsd:apim:user-nhs-cis2:aal4:x',
  'urn:nhsd:apim:user-nhs-login:P1:x',
  'urn:nhsd:apim:user-nhs-login:p9:x',
  'patient/Patient.',
  'patient/Patient.sr',
  'patient/Patient.rr',
  'patient/patient.rs',
  'everyone/Patient.rs',
  'patient/Patient.rs openid',
  'patient/Patient.rs\n',
  'constructor',
  `patient/Patient.rs?a=${'x'.repeat(300)}`,
];

describe('the scopes of products', () => {
  it('takes national and SMART scopes', () => {
    sound.forEach(checkScope);
  });

  for (const scope of unsound)
    it(`refuses ${JSON.stringify(scope.slice(0, 40))}`, () => {
      assert.throws(() => {
        checkScope(scope);
      }, isProblem('invalid'));
    });

  it('tells scopes that write from those that read', () => {
    const writing = ['user/Patient.crus', 'patient/Patient.u', 'system/*.write', 'patient/*.*'];
    const reading = ['patient/Patient.rs', 'system/*.read', 'openid', 'launch/patient'];
    assert.deepEqual([...writing, ...reading].filter(scopeWrites), writing);
    assert.equal(scopeWrites('urn:nhsd:apim:user-nhs-cis2:aal3:x'), true);
    assert.equal(scopeWrites('urn:nhsd:apim:app:level0:x'), false);
  });

  const kinds: readonly AppKind[] = ['point-of-care', 'patient-facing', 'unattended'];
  const fits: readonly (readonly [scope: string, fitting: readonly AppKind[]])[] = [
    ['urn:nhsd:apim:app:level3:x', kinds],
    ['urn:nhsd:apim:user-nhs-cis2:aal3:x', ['point-of-care']],
    ['urn:nhsd:apim:user-nhs-id:aal3:x', ['point-of-care']],
    ['urn:nhsd:apim:user-nhs-login:P9:x', ['patient-facing']],
    ['patient/Patient.rs', ['point-of-care', 'patient-facing']],
    ['user/Patient.rs', ['point-of-care']],
    ['system/Patient.rs', kinds],
    ['openid', kinds],
  ];
  for (const [scope, fitting] of fits)
    it(`gives ${scope} to ${fitting.join(', ')} apps alone`, () => {
      assert.deepEqual(
        kinds.filter((kind) => scopeFits([kind], scope)),
        fitting,
      );
    });

  it('takes a product for an app when one of its scopes fits, and when none opens data', () => {
    checkFit(['point-of-care'], 'both', ['user/Patient.rs', 'urn:nhsd:apim:user-nhs-login:P9:x']);
    checkFit(['unattended'], 'none', ['openid']);
    checkFit(['unattended'], 'empty', []);
  });

  it('names the rule when no scope of a product is for an app', () => {
    assert.throws(
      () => {
        checkFit(['point-of-care'], 'patients', ['urn:nhsd:apim:user-nhs-login:P9:x', 'openid']);
      },
      (error) =>
        isProblem('unprocessable')(error) &&
        String(error).includes(
          'product patients is for patient-facing apps, and this one is point-of-care',
        ),
    );
  });
});
