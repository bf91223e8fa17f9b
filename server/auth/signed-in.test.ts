import assert from 'node:assert/strict';
import { providerOf } from './providers.ts';
import { toRoles, toSignedIn } from './signed-in.ts';

const common = {
  name: 'one',
  issuer: 'https://am.example.org',
  environments: ['uat'],
  faces: ['/oauth2'],
  clientId: 'gatehouse',
  authentication: { method: 'client_secret_post', secret: 'x' },
} as const;
const cis2 = providerOf({ ...common, kind: 'nhs-cis2' });
const login = providerOf({ ...common, kind: 'nhs-login' });

const role = {
  person_roleid: '555254240108',
  role_code: 'S0010:G0020:R0260',
  role_name: 'Doctor',
  org_code: 'Y90001',
};
const known = { id: '555254240108', code: 'S0010:G0020:R0260', name: 'Doctor', odsCode: 'Y90001' };

describe('a person as a provider tells of them', () => {
  it('has the level of CIS2 whether it comes as a number or as text', () => {
    for (const value of [3, '3'])
      assert.equal(
        toSignedIn(cis2, { sub: 'a', authentication_assurance_level: value }).level,
        'aal3',
      );
  });

  for (const value of [undefined, null, '', true, [3], { a: 3 }, NaN, Infinity, '3'.repeat(501)])
    it(`has no level that a scope could fit when it is told as ${JSON.stringify({ value }).slice(0, 30)}`, () => {
      assert.equal(
        toSignedIn(cis2, { sub: 'a', authentication_assurance_level: value }).level,
        'aal',
      );
    });

  it('has the first two letters of the proofing level of NHS login', () => {
    for (const [value, level] of [
      ['P9', 'p9'],
      ['P5', 'p5'],
      ['P0', 'p0'],
      ['P9.Cp.Cd', 'p9'],
    ])
      assert.equal(toSignedIn(login, { sub: 'a', identity_proofing_level: value }).level, level);
  });

  it('has number and vector from NHS login, and from CIS2 none, whatever it says', () => {
    const claims = { sub: 'a', nhs_number: '9912003071', vot: 'P9.Cp.Cd' };
    const { nhsNumber, vot } = toSignedIn(login, claims);
    assert.deepEqual([nhsNumber, vot], ['9912003071', 'P9.Cp.Cd']);
    const worker = toSignedIn(cis2, claims);
    assert.deepEqual([worker.nhsNumber, worker.vot], [undefined, undefined]);
  });

  it('is read under the names of the entry, and not under the usual ones beside them', () => {
    const claims = { level: 'loa', nhsNumber: 'nhs_no', vot: 'trust', sid: 'session' };
    const renamed = providerOf({ ...common, kind: 'nhs-login', claims });
    const told = { sub: 'a', loa: 'P9', nhs_no: '9912003071', trust: 'P9.Cm', session: 's1' };
    const usual = { identity_proofing_level: 'P0', nhs_number: '1', vot: 'P0', sid: 's2' };
    const { level, nhsNumber, vot, sid } = toSignedIn(renamed, { ...usual, ...told });
    assert.deepEqual([level, nhsNumber, vot, sid], ['p9', '9912003071', 'P9.Cm', 's1']);
  });

  it('is what the id_token says where userinfo says something else', () => {
    const told = { sub: 'b', authentication_assurance_level: '3', selected_roleid: '9' };
    const claims = { sub: 'a', authentication_assurance_level: '2' };
    const { subject, level, selectedRole } = toSignedIn(cis2, claims, told);
    assert.deepEqual([subject, level, selectedRole], ['a', 'aal2', '9']);
  });

  it('has roles only where somebody told of them', () => {
    assert.equal(toSignedIn(cis2, { sub: 'a', nhsid_nrbac_roles: [role] }).roles, undefined);
    assert.deepEqual(toSignedIn(cis2, { sub: 'a' }, {}).roles, []);
    assert.deepEqual(toSignedIn(cis2, { sub: 'a' }, { nhsid_nrbac_roles: [role] }).roles, [known]);
  });

  it('has no member that nobody told', () => {
    assert.deepEqual(Object.keys(toSignedIn(login, { sub: 'a' })).sort(), [
      ...['issuer', 'kind', 'level', 'provider', 'subject'],
    ]);
  });
});

describe('roles in userinfo', () => {
  it('are passed over without an id of digits', () => {
    for (const person_roleid of [undefined, '', 'abc', '1 2', '-1', '1'.repeat(21), null, {}])
      assert.deepEqual(toRoles([{ ...role, person_roleid }]), []);
    assert.equal(toRoles([{ ...role, person_roleid: 42 }])[0]?.id, '42');
  });

  it('may lack names and codes', () => {
    assert.deepEqual(toRoles([{ person_roleid: '1' }]), [
      { id: '1', code: '', name: '', odsCode: '' },
    ]);
  });

  it('are none in anything but a list of objects', () => {
    for (const value of [undefined, null, 'x', 5, {}, { 0: role, length: 1 }, [null, 'x', 5, []]])
      assert.deepEqual(toRoles(value), []);
  });

  it('are read up to a number that no person has', () => {
    assert.equal(toRoles(Array.from({ length: 5000 }, () => role)).length, 200);
  });
});
