import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { checkCrossOrganisationToken, type TokenExpectations } from './check-token.ts';
import { claimsOf, makeCrossOrganisationToken, type CrossOrganisationOrder } from './make-token.ts';
import { TokenRefused } from './token-refused.ts';

const now = 1_700_000_000_500;
const audience = 'https://provider.example/fhir';
const patient = '9000000009';

const alone: CrossOrganisationOrder = {
  ...{ profile: 'spine', issuer: 'https://consumer.example', audience, now, reason: 'directcare' },
  ...{ scopes: ['patient/*.read'], asid: '200000000205', odsCode: 'Y90999' },
};
const worker: CrossOrganisationOrder = {
  ...alone,
  user: { roleProfile: '555254240100', id: '555254239107', family: 'Jones', given: 'Ann' },
};
const resources: CrossOrganisationOrder = { ...worker, profile: 'gp-connect' };
const citizen: CrossOrganisationOrder = { ...alone, reason: 'patientaccess', patient };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (claims: object, header: object = { alg: 'none', typ: 'JWT' }) =>
  `${part(header)}.${part(claims)}.`;
const expected = (more: Partial<TokenExpectations> = {}): TokenExpectations => ({
  ...{ now, expectedAudience: audience, asid: worker.asid, odsCode: worker.odsCode },
  ...more,
});

/** The refusal of a token; fails when it is taken. */
async function refusalOf(
  text: string,
  more: Partial<TokenExpectations> = {},
): Promise<TokenRefused> {
  try {
    await checkCrossOrganisationToken(text, expected(more));
  } catch (error) {
    assert.ok(error instanceof TokenRefused, String(error));
    assert.doesNotMatch(error.message, /9000000009|9434765919/, 'no patient in a refusal');
    return error;
  }
  throw new assert.AssertionError({ message: 'it was taken' });
}

describe('the cross-organisation token', () => {
  it('R158 says who asks, for whom and why, and is read as it was made', async () => {
    const common = { issuer: worker.issuer, audience, issuedAt: 1_700_000_000, odsCode: 'Y90999' };
    const read = (order: CrossOrganisationOrder) =>
      checkCrossOrganisationToken(makeCrossOrganisationToken(order), expected());
    const facts = { ...common, asid: worker.asid, scopes: ['patient/*.read'], signed: false };
    assert.deepEqual(await read(worker), {
      ...{ ...facts, profile: 'spine', reason: 'directcare', roleProfile: '555254240100' },
    });
    assert.deepEqual(await read(resources), {
      ...{ ...facts, profile: 'gp-connect', reason: 'directcare' },
      ...{ userId: '555254239107', roleProfile: '555254240100' },
    });
    assert.deepEqual(await read(alone), { ...facts, profile: 'spine', reason: 'directcare' });
    assert.deepEqual(await read({ ...citizen, actor: 'proxy-1' }), {
      ...{ ...facts, profile: 'spine', reason: 'patientaccess', patient, actor: 'proxy-1' },
    });
    const nobody = await read({ ...resources, user: { roleProfile: 'UNK', localId: '1' } });
    assert.equal(nobody.roleProfile, undefined);
  });

  it('is written as the older interfaces send it: no algorithm, and a dot at the end', () => {
    const text = makeCrossOrganisationToken(worker);
    assert.match(text, /^[\w-]+\.[\w-]+\.$/);
    const [head = '', body = ''] = text.split('.');
    const decoded = (one: string): unknown => JSON.parse(Buffer.from(one, 'base64url').toString());
    assert.deepEqual(decoded(head), { alg: 'none', typ: 'JWT' });
    assert.deepEqual(decoded(body), {
      ...{ iss: 'https://consumer.example', aud: audience, iat: 1_700_000_000, exp: 1_700_000_300 },
      sub: 'https://fhir.nhs.uk/Id/sds-role-profile-id|555254240100',
      ...{ reason_for_request: 'directcare', scope: 'patient/*.read' },
      requesting_system: 'https://fhir.nhs.uk/Id/accredited-system|200000000205',
      requesting_organization: 'https://fhir.nhs.uk/Id/ods-organization-code|Y90999',
      requesting_user: 'https://fhir.nhs.uk/Id/sds-role-profile-id|555254240100',
    });
  });

  type Change = Record<string, unknown>;
  const changes: readonly [string, CrossOrganisationOrder, Change, string, RegExp][] = [
    ['another claim', worker, { role: 'x' }, 'claims', /found role$/],
    ['a claim with a strange name', worker, { '9000000009': 1 }, 'claims', /found another claim$/],
    ['no iss', worker, { iss: undefined }, 'iss', /found nothing/],
    ['no aud', worker, { aud: undefined }, 'aud', /found nothing/],
    [
      'another aud',
      worker,
      { aud: 'https://other.example/' },
      'aud',
      /expected https:\/\/provider.example\/fhir, found https:\/\/other.example\/$/,
    ],
    ['a list as aud', worker, { aud: [audience] }, 'aud', /found a list/],
    ['aud with a number in it', worker, { aud: `https://a/${patient}` }, 'aud', /another form/],
    ['no iat', worker, { iat: undefined }, 'iat', /found nothing/],
    ['iat as a text', worker, { iat: '1700000000' }, 'iat', /whole number/],
    ['half a second', worker, { iat: 1_700_000_000.5 }, 'iat', /found 1700000000.5/],
    ['no exp', worker, { exp: undefined }, 'exp', /found nothing/],
    [
      'exp a second short',
      worker,
      { exp: 1_700_000_299 },
      'exp',
      /expected iat \+ 300: 1700000300/,
    ],
    ['exp a second long', worker, { exp: 1_700_000_301 }, 'exp', /found 1700000301/],
    [
      'iat to come',
      worker,
      { iat: 1_700_000_011, exp: 1_700_000_311 },
      'iat',
      /expected at most 1700000000, found 1700000011/,
    ],
    [
      'a time gone by',
      worker,
      { iat: 1_699_999_689, exp: 1_699_999_989 },
      'exp',
      /at least 1700000000, found 1699999989/,
    ],
    ['no reason', worker, { reason_for_request: undefined }, 'reason_for_request', /directcare or/],
    ['an unknown reason', worker, { reason_for_request: 'fun' }, 'reason_for_request', /found fun/],
    ['no scope', worker, { scope: undefined }, 'scope', /found nothing/],
    ['an unknown scope', worker, { scope: 'patient/*.delete' }, 'scope', /found patient/],
    ['two blanks', worker, { scope: 'patient/*.read  user/*.read' }, 'scope', /some of/],
    ['two scopes', worker, { requested_scope: 'user/*.read' }, 'scope', /same as requested_scope/],
    [
      'two scopes in the other shape',
      resources,
      { requested_scope: 'patient/*.read user/*.read' },
      'requested_scope',
      /one of/,
    ],
    ['no system', worker, { requesting_system: undefined }, 'requesting_system', /found nothing/],
    [
      'an ASID alone',
      worker,
      { requesting_system: '200000000205' },
      'requesting_system',
      /accredited-system\|/,
    ],
    [
      'a short ASID',
      worker,
      { requesting_system: 'https://fhir.nhs.uk/Id/accredited-system|1' },
      'requesting_system',
      /another form/,
    ],
    [
      'no organisation',
      worker,
      { requesting_organization: undefined },
      'requesting_organization',
      /nothing/,
    ],
    [
      'a user of another kind',
      worker,
      { requesting_user: 'https://fhir.nhs.uk/Id/sds-user-id|1' },
      'requesting_user',
      /sds-role-profile-id/,
    ],
    ['another sub', worker, { sub: 'somebody' }, 'sub', /same as requesting_user, found another/],
    ['no sub', alone, { sub: undefined }, 'sub', /same as requesting_system, found nothing/],
    [
      'a worker and a citizen',
      worker,
      { requesting_patient: `https://fhir.nhs.uk/Id/nhs-number|${patient}` },
      'requesting_patient',
      /found both/,
    ],
    [
      'no citizen',
      worker,
      { reason_for_request: 'patientaccess' },
      'requesting_patient',
      /nothing/,
    ],
    [
      'a number with a wrong check digit',
      citizen,
      { requesting_patient: 'https://fhir.nhs.net/Id/nhs-number|9000000000' },
      'requesting_patient',
      /valid NHS number/,
    ],
    ['an act that is none', citizen, { act: 5 }, 'act', /found 5/],
    ['no device', resources, { requesting_device: undefined }, 'requesting_device', /type Device/],
    [
      'a device of another type',
      resources,
      { requesting_device: { resourceType: 'Patient' } },
      'requesting_device',
      /type Device, found an object/,
    ],
    [
      'a device without identifier',
      resources,
      { requesting_device: { resourceType: 'Device', model: 'a', version: 'b' } },
      'requesting_device',
      /identifier with system and value/,
    ],
    [
      'a device without version',
      resources,
      { requesting_device: { resourceType: 'Device', model: 'a' } },
      'requesting_device',
      /text as version/,
    ],
    [
      'an organisation without code',
      resources,
      { requesting_organization: { resourceType: 'Organization', name: 'a', identifier: [] } },
      'requesting_organization',
      /identifier of https/,
    ],
    [
      'identifiers that are none',
      resources,
      { requesting_organization: { resourceType: 'Organization', name: 'a', identifier: [7] } },
      'requesting_organization',
      /found 7/,
    ],
    [
      'a practitioner who is not sub',
      resources,
      { sub: 'x' },
      'sub',
      /practitioner.id, found another/,
    ],
    [
      'a practitioner without a name',
      resources,
      { requesting_practitioner: { resourceType: 'Practitioner', id: '555254239107' } },
      'requesting_practitioner',
      /a name with family/,
    ],
  ];
  for (const [what, order, change, rule, told] of changes)
    it(`is refused with ${what}, by the rule ${rule}`, async () => {
      const refusal = await refusalOf(unsigned({ ...claimsOf(order), ...change }));
      assert.equal(refusal.rule, rule, refusal.message);
      assert.match(refusal.message, told);
      assert.equal(refusal.status, 400);
      assert.equal(refusal.code, 'BAD_REQUEST');
    });

  const claims = claimsOf(worker);
  const good = makeCrossOrganisationToken(worker);
  const forms: readonly [string, string, string, RegExp][] = [
    ['nothing', '', 'parts', /found 1/],
    ['two parts', good.slice(0, -1), 'parts', /found 2/],
    ['five parts', `${good}..`, 'parts', /found five or more/],
    ['too much', `${good}${'a'.repeat(9000)}`, 'size', /at most 8192/],
    ['padding', good.replace(/\.$/, '=.'), 'payload', /without padding/],
    [
      'no JSON',
      `${part({ alg: 'none' })}.${Buffer.from('{').toString('base64url')}.`,
      'payload',
      /fault of syntax/,
    ],
    ['a list', unsigned([]), 'payload', /found a list/],
    [
      'a member twice',
      `${part({ alg: 'none' })}.${Buffer.from('{"a":1,"a":2}').toString('base64url')}.`,
      'payload',
      /duplicate/,
    ],
    [
      'a header twice',
      `${Buffer.from('{"alg":"none","alg":"none"}').toString('base64url')}.${part(claims)}.`,
      'header',
      /duplicate/,
    ],
    ['depth', unsigned({ act: [[[[[[[[[1]]]]]]]]] }), 'payload', /fault of depth/],
    ['a prototype', unsigned(JSON.parse('{"__proto__":1}') as object), 'payload', /fault of name/],
    ['no alg', unsigned(claims, {}), 'alg', /found nothing/],
    ['alg None', unsigned(claims, { alg: 'None' }), 'alg', /found None/],
    ['an HMAC', `${part({ alg: 'HS256' })}.${part(claims)}.AAAA`, 'alg', /found HS256/],
    ['a list as alg', unsigned(claims, { alg: ['none'] }), 'alg', /found a list/],
    ['another typ', unsigned(claims, { alg: 'none', typ: 'JWE' }), 'typ', /found JWE/],
    ['crit', unsigned(claims, { alg: 'none', crit: ['x'] }), 'crit', /found some/],
    ['a signature though there is none', `${good}AAAA`, 'signature', /4 characters/],
    [
      'no signature though there is one',
      `${part({ alg: 'RS256' })}.${part(claims)}.`,
      'signature',
      /found none/,
    ],
    [
      'a key that nobody has registered',
      `${part({ alg: 'RS256' })}.${part(claims)}.AAAA`,
      'signature',
      /registered, found none/,
    ],
  ];
  for (const [what, text, rule, told] of forms)
    it(`is refused for ${what}, by the rule ${rule}`, async () => {
      const refusal = await refusalOf(text);
      assert.equal(refusal.rule, rule, refusal.message);
      assert.match(refusal.message, told);
      assert.equal(refusal.status, 400);
      assert.equal(refusal.code, 'MISSING_OR_INVALID_HEADER');
    });

  it('is refused with 403 when it is of another system or organisation than the call', async () => {
    const system = await refusalOf(good, { asid: '200000000999' });
    assert.equal(system.rule, 'asid');
    assert.equal(system.status, 403);
    assert.match(system.message, /call, 200000000999, found 200000000205/);
    const organisation = await refusalOf(good, { odsCode: 'Y90001' });
    assert.equal(organisation.rule, 'organisation');
    assert.equal(organisation.status, 403);
    const inline = await refusalOf(makeCrossOrganisationToken(resources), { odsCode: 'Y90001' });
    assert.equal(inline.rule, 'organisation');
    const device = await refusalOf(makeCrossOrganisationToken(resources), { asid: '200000000999' });
    assert.equal(device.rule, 'asid');
  });

  it('must have a scope for what the call does', async () => {
    const refusal = await refusalOf(good, { access: 'write' });
    assert.equal(refusal.rule, 'access');
    assert.equal(refusal.status, 403);
    await checkCrossOrganisationToken(good, expected({ access: 'read' }));
  });

  it('is good from ten seconds before its time to ten after', async () => {
    const at = (seconds: number) =>
      checkCrossOrganisationToken(good, expected({ now: now + seconds * 1000 }));
    await at(-10);
    await at(310);
    await assert.rejects(at(-11), TokenRefused);
    await assert.rejects(at(311), TokenRefused);
  });

  it('is for the API with or without a slash at the end', async () => {
    await checkCrossOrganisationToken(good, expected({ expectedAudience: `${audience}/` }));
    await checkCrossOrganisationToken(
      good,
      expected({ expectedAudience: ['https://a', audience] }),
    );
  });

  describe('signed', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const with_ = (key: KeyObject) => ({ keyOf: () => key });

    it('is taken with the registered key and with no other', async () => {
      for (const { privateKey, publicKey } of [rsa, ec]) {
        const text = makeCrossOrganisationToken(worker, { privateKey, kid: 'one' });
        const context = await checkCrossOrganisationToken(text, {
          ...expected({ unsigned: false }),
          keyOf: ({ kid }) => (kid === 'one' ? publicKey : undefined),
        });
        assert.equal(context.signed, true);
        const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
        const refusal = await refusalOf(
          text,
          with_(publicKey === rsa.publicKey ? other : rsa.publicKey),
        );
        assert.equal(refusal.rule, 'signature');
        const [head = '', , signature = ''] = text.split('.');
        const forged = `${head}.${part({ ...claims, scope: 'patient/*.write' })}.${signature}`;
        assert.equal((await refusalOf(forged, with_(publicKey))).rule, 'signature');
      }
    });

    it('is never taken for unsigned, nor unsigned where a signature is wanted', async () => {
      const text = makeCrossOrganisationToken(worker, { privateKey: rsa.privateKey });
      const [, body = ''] = text.split('.');
      const stripped = `${part({ alg: 'none' })}.${body}.`;
      const refusal = await refusalOf(stripped, { ...with_(rsa.publicKey), unsigned: false });
      assert.equal(refusal.rule, 'alg');
      assert.equal((await refusalOf(text)).rule, 'signature', 'no key is registered');
    });

    it('takes no key that is too short or of another kind', async () => {
      assert.throws(
        () => makeCrossOrganisationToken(worker, { privateKey: short.privateKey }),
        /2,048/,
      );
      const text = makeCrossOrganisationToken(worker, {
        ...{ privateKey: short.privateKey, algorithm: 'RS256' },
      });
      assert.equal((await refusalOf(text, with_(short.publicKey))).rule, 'signature');
      assert.equal((await refusalOf(text, with_(ec.publicKey))).rule, 'signature');
    });
  });
});
