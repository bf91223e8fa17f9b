import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { paths } from './options.ts';
import {
  claimsFor,
  codeFor,
  get,
  post,
  redeem,
  startRig,
  tokensFor,
  type Rig,
} from './rig.test.ts';

async function infoFor(rig: Rig, scope: string, username: string) {
  const { access_token } = await tokensFor(rig, { scope }, { username });
  const response = await get(rig.issuer + paths.userinfo, {
    authorization: `Bearer ${access_token}`,
  });
  assert.equal(response.status, 200);
  return (await response.json()) as Record<string, unknown>;
}

describe('what the simulated CIS2 says', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-cis2')));
  after(() => rig.stop());

  it('has the claims of the real id_token', async () => {
    const asked = { acr_values: 'AAL3_ANY', scope: 'openid' };
    const claims = await claimsFor(rig, asked, { username: '656005750107' });
    const now = Math.floor(rig.clock.time / 1000);
    const expected = {
      iss: rig.issuer,
      sub: '656005750107',
      aud: 'app-1',
      azp: 'app-1',
      iat: now,
      exp: now + 3600,
      auth_time: now,
      nonce: 'n-1',
      acr: 'AAL3_ANY',
      amr: ['CIS2_SMARTCARD'],
      realm: '/NHSIdentity/Healthcare',
      tokenName: 'id_token',
      tokenType: 'JWTToken',
      id_assurance_level: '3',
      authentication_assurance_level: '3',
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(claims[name], value);
    for (const name of ['sid', 'jti', 'at_hash', 'c_hash', 's_hash', 'auditTrackingId'])
      assert.equal(typeof claims[name], 'string');
    assert.ok(Object.keys(claims).some((name) => name.startsWith('org.forgerock')));
    assert.equal('name' in claims, false);
  });

  it('tells of the roles by scope', async () => {
    const info = await infoFor(rig, 'openid nationalrbacaccess', '999000000103');
    const roles = info.nhsid_nrbac_roles as Record<string, unknown>[];
    assert.deepEqual(Object.keys(roles[0] ?? {}).sort(), [
      'activities',
      'activity_codes',
      'aow',
      'aow_codes',
      'org_code',
      'person_orgid',
      'person_roleid',
      'role_code',
      'role_name',
      'workgroups',
      'workgroups_codes',
    ]);
    assert.deepEqual(
      roles.map(({ person_roleid, org_code }) => [person_roleid, org_code]),
      [
        ['555254241031', 'Y90003'],
        ['555254241032', 'Y90004'],
        ['555254241033', 'Y90004'],
      ],
    );
    for (const name of ['sub', 'uid', 'nhsid_useruid']) assert.equal(info[name], '999000000103');
    for (const name of ['email', 'gmc_id', 'nhsid_user_orgs', 'nhsid_org_memberships'])
      assert.equal(name in info, false);
  });

  it('tells of person, registers and organisations by scope, and all of it by the older one', async () => {
    const all = await infoFor(rig, 'openid nhsperson', '999000000103');
    const organisations = [
      { org_code: 'Y90003', org_name: 'Abbey Group Practice' },
      { org_code: 'Y90004', org_name: 'Dove Medical Practice' },
    ];
    const person = {
      name: 'Dr Priya Anne Nathan',
      display_name: 'Dr Priya Anne Nathan',
      given_name: 'Priya',
      middle_names: 'Anne',
      family_name: 'Nathan',
      title: 'Dr',
      initials: 'PAN',
      email: 'priya.nathan@example.org',
      gmc_id: 'G9900103',
      consultant_id: 'C9900103',
      idassurancelevel: '3',
      nhsid_user_orgs: organisations,
      nhsid_org_memberships: organisations,
    };
    for (const [name, value] of Object.entries(person)) assert.deepEqual(all[name], value);
    const scopes =
      'openid profile email professionalmemberships associatedorgs organisationalmemberships nationalrbacaccess';
    assert.deepEqual(await infoFor(rig, scopes, '999000000103'), all);
    assert.equal('name' in (await infoFor(rig, 'openid', '999000000103')), false);
  });
});

describe('what the simulated NHS login says', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-login')));
  after(() => rig.stop());

  it('has the claims of the real id_token', async () => {
    const claims = await claimsFor(rig, { scope: 'openid profile' }, { username: '9912003071' });
    const now = Math.floor(rig.clock.time / 1000);
    const expected = {
      iss: rig.issuer,
      aud: 'app-1',
      iat: now,
      exp: now + 3600,
      nonce: 'n-1',
      vot: 'P9.Cp.Cd',
      identity_proofing_level: 'P9',
      nhs_number: '9912003071',
      birthdate: '1988-04-26',
      family_name: 'TEST',
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(claims[name], value);
    for (const name of ['sub', 'jti', 'vtm']) assert.equal(typeof claims[name], 'string');
    for (const name of ['acr', 'amr', 'azp', 'scope', 'act']) assert.equal(name in claims, false);
  });

  it('gives the NHS number only with profile, and only when it is proved and known', async () => {
    for (const [scope, username, expected] of [
      ['openid', '9912003071', undefined],
      ['openid basic_demographics', '9912003071', undefined],
      ['openid profile', '9736363120', '9736363120'],
      ['openid profile', '9912003072', undefined],
      ['openid profile', '9912003073', undefined],
    ] as const) {
      const claims = await claimsFor(rig, { scope }, { username });
      assert.equal(claims.nhs_number, expected);
      assert.match(String(claims.identity_proofing_level), /^P[059]$/);
      assert.equal((await infoFor(rig, scope, username)).nhs_number, expected);
    }
  });

  it('gives the scopes that a client has without asking', async () => {
    const asked = { client_id: 'app-by-default', scope: 'openid' };
    const code = await codeFor(rig, asked, { username: '9912003071' });
    const response = await redeem(rig, code, { client_id: 'app-by-default' });
    const { id_token } = (await response.json()) as { id_token: string };
    assert.equal(decodeJwt(id_token).nhs_number, '9912003071');
  });

  it('signs the access token, which says what it is for', async () => {
    const { access_token } = await tokensFor(rig, {}, { username: '9912003071' });
    const set = createRemoteJWKSet(new URL(rig.issuer + paths.keys));
    const { payload } = await jwtVerify(access_token, set, { algorithms: ['RS512'] });
    assert.equal(payload.scope, 'openid profile');
    assert.equal(payload.reason_for_request, 'patientaccess');
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 300);
  });

  it('answers userinfo by scope and leaves out what is not known', async () => {
    const scope =
      'openid profile profile_extended email phone landline gp_registration_details gp_integration_credentials client_metadata';
    const info = await infoFor(rig, scope, '9912003071');
    assert.equal(info.given_name, 'User');
    assert.equal(info.phone_number, '+447700900130');
    assert.deepEqual(info.gp_registration_details, { gp_ods_code: 'A20047' });
    assert.deepEqual(Object.keys(info.gp_integration_credentials ?? {}).sort(), [
      'gp_linkage_key',
      'gp_ods_code',
      'gp_user_id',
    ]);
    const little = await infoFor(rig, scope, '9912003073');
    for (const name of ['nhs_number', 'gp_registration_details', 'gp_integration_credentials'])
      assert.equal(name in little, false);
    assert.equal(Object.values(little).includes(null), false);
  });

  it('speaks of the child where a parent acts, with the parent signed within', async () => {
    const { id_token, access_token } = await tokensFor(rig, {}, { username: '9990000352' });
    const set = createRemoteJWKSet(new URL(rig.issuer + paths.keys));
    for (const token of [id_token, access_token]) {
      const { sub, act } = decodeJwt<{ act: { sub: string } }>(token);
      const actor = await jwtVerify(act.sub, set, {
        algorithms: ['RS512'],
        issuer: rig.issuer,
        audience: 'app-1',
      });
      assert.equal(decodeProtectedHeader(act.sub).typ, 'JWT');
      assert.equal(actor.payload.nhs_number, '9990000352');
      assert.notEqual(actor.payload.sub, sub);
    }
    assert.equal(decodeJwt(id_token).nhs_number, '9990000387');
    const alone = await claimsFor(rig, {}, { username: '9990000352', for: 'self' });
    assert.deepEqual([alone.nhs_number, alone.act], ['9990000352', undefined]);
  });

  it('keeps a note for an application', async () => {
    const scope = 'openid client_metadata';
    const { access_token } = await tokensFor(rig, { scope }, { username: '9912003071' });
    const authorization = `Bearer ${access_token}`;
    const patch = async (body: string) =>
      (
        await fetch(rig.issuer + paths.userinfo, {
          method: 'PATCH',
          headers: { authorization, 'content-type': 'application/json' },
          body,
        })
      ).status;
    const noted = async () => {
      const response = await get(rig.issuer + paths.userinfo, { authorization });
      return ((await response.json()) as Record<string, unknown>).client_user_metadata;
    };
    assert.equal(await noted(), undefined);
    assert.equal(await patch('{"client_user_metadata":"blue"}'), 204);
    assert.equal(await noted(), 'blue');
    assert.equal(await patch('{"client_user_metadata":"auto"}'), 204);
    assert.match(String(await noted()), /^[\w-]{22}$/);
    assert.equal(await patch('{"client_user_metadata":""}'), 204);
    assert.equal(await noted(), undefined);
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '{"client_user_metadata":1}',
      JSON.stringify({ client_user_metadata: 'x'.repeat(1025) }),
    ])
      assert.equal(await patch(body), 400);
    assert.equal(await patch('x'.repeat(20_000)), 413);
    const other = await tokensFor(rig, {}, { username: '9912003071' });
    const refused = await fetch(rig.issuer + paths.userinfo, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${other.access_token}` },
      body: '{"client_user_metadata":"blue"}',
    });
    assert.equal(refused.status, 403);
  });

  it('refuses userinfo without a token that lives', async () => {
    const tokens = await tokensFor(rig, {}, { username: '9912003071' });
    const changed = `${tokens.access_token.slice(0, -1)}${tokens.access_token.endsWith('A') ? 'B' : 'A'}`;
    for (const authorization of [
      'Bearer',
      'Basic YTpi',
      'Bearer nothing',
      `Bearer ${changed}`,
      `Bearer ${tokens.refresh_token ?? ''}`,
      `Bearer ${tokens.id_token}`,
      `Bearer ${'x'.repeat(8193)}`,
    ]) {
      const response = await get(rig.issuer + paths.userinfo, { authorization });
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
    assert.equal((await get(rig.issuer + paths.userinfo)).status, 401);
    const authorization = `bearer ${tokens.access_token}`;
    assert.equal((await post(rig.issuer + paths.userinfo, {}, { authorization })).status, 200);
    rig.clock.time += 300_000;
    assert.equal((await get(rig.issuer + paths.userinfo, { authorization })).status, 401);
  });
});
