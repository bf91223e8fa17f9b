import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { familyCollection } from '../server/auth/families.ts';
import { sendFaulty, assertionFaults, type Fault as AssertionFault } from './assertion-faults.ts';
import {
  addApp,
  assertionBy,
  assertionOf,
  assertRefused,
  ask,
  demo,
  goodHeader,
  isAlive,
  jws,
  part,
  startTokenGround,
  statuses,
  testKey,
  tokenIn,
  withAssertion,
  type Fields,
  type Members,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';
import { issuerOf, kidOf, refresh } from './sign-in-ground.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const x = ' in subject_token JWT';
const invalid = (description: string, status = 400): Refusal => [
  status,
  'invalid_request',
  description,
];
const malformed = invalid('Malformed JWT in subject_token');
const unsigned: Refusal = [401, 'public_key error', 'JWT signature verification failed'];
const noKey = invalid(`Invalid 'kid' header${x} - no matching public key`, 401);
const otherAud = invalid(`Missing or invalid 'aud' claim${x}`, 401);
const otherIss = invalid(`Missing or non-matching 'iss' claim${x}`);
const expired = invalid(`Invalid 'exp' claim${x} - JWT has expired`);
const wrongType = invalid(`missing or invalid subject_token_type - must be '${idTokenType}'`);
const noScope: Refusal = [
  401,
  'unauthorized_client',
  'you have tried to request authorization but your application is not configured to use this authorization grant type',
];

/** A subject token as it is put together. */
interface Draft {
  readonly form: Record<string, string | undefined>;
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  key: string;
  finish: (token: string) => string | undefined;
}
interface Fault {
  readonly of: string;
  readonly apply: (draft: Draft, now: number) => void;
  readonly refusal: Refusal;
}
const claim = (name: string, value: unknown, refusal: Refusal): Fault => ({
  of: name,
  apply: ({ claims }) => (claims[name] = value),
  refusal,
});
const header = (name: string, value: unknown, refusal: Refusal): Fault => ({
  of: name,
  apply: (draft) => (draft.header[name] = value),
  refusal,
});

/** No fault: makes a token request one of exchange. */
const asExchange: AssertionFault = {
  name: 'exchange',
  of: 'grant',
  apply: ({ form }) => (form.grant_type = exchangeGrant),
  refusal: malformed,
};

/** In the published order. */
const faults: readonly Fault[] = [
  {
    of: 'type',
    apply: ({ form }) => (form.subject_token_type = undefined),
    refusal: wrongType,
  },
  {
    of: 'type',
    apply: ({ form }) => (form.subject_token_type = `${idTokenType}s`),
    refusal: wrongType,
  },
  {
    of: 'token',
    apply: (draft) => (draft.finish = () => undefined),
    refusal: invalid('Missing subject_token'),
  },
  {
    of: 'assertion',
    apply: ({ form }) => (form.client_assertion = undefined),
    refusal: invalid('Missing client_assertion'),
  },
  { of: 'token', apply: (draft) => (draft.finish = (token) => `${token}.x`), refusal: malformed },
  header('kid', undefined, invalid(`Missing 'kid' header${x}`)),
  header('typ', 'at+jwt', invalid(`Invalid 'typ' header${x} - must be 'JWT'`)),
  header('alg', undefined, invalid(`Missing 'alg' header${x}`)),
  claim('exp', undefined, invalid(`Missing 'exp' claim${x}`)),
  claim('exp', '1', invalid(`Invalid 'exp' claim${x} - must be an integer`)),
  { of: 'exp', apply: ({ claims }, now) => (claims.exp = now - 60), refusal: expired },
  claim('iss', undefined, invalid(`Missing 'iss' claim${x}`)),
  claim('iss', 'https://evil.example', otherIss),
  claim('aud', undefined, invalid(`Missing 'aud' claim${x}`, 401)),
  claim('aud', 'demo-two-keys-int', otherAud),
  claim('scope', 'openid', malformed),
  header('kid', 'unknown', noKey),
  { of: 'key', apply: (draft) => (draft.key = testKey(1)), refusal: unsigned },
  claim('authentication_assurance_level', '1', noScope),
];

describe('token exchange', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  const kids = { cis2: '', login: '' };
  before(async () => {
    ground = await startTokenGround();
    kids.cis2 = await kidOf(ground, 'nhs-cis2');
    kids.login = await kidOf(ground, 'nhs-login');
  });
  after(() => ground.end());

  const now = () => Math.floor(ground.clock.time / 1000);
  let made = 0;
  const cis2Claims = (changes: Members = {}): Members => ({
    ...{ iss: issuerOf(ground, 'nhs-cis2'), aud: demo, azp: demo, sub: '656005750108' },
    ...{ iat: now(), exp: now() + 3600, auth_time: now(), jti: `id-${made++}`, sid: `sid-${made}` },
    ...{ tokenName: 'id_token', tokenType: 'JWTToken', auditTrackingId: 'a-1', nonce: 'n' },
    authentication_assurance_level: '3',
    ...changes,
  });
  const cis2Token = (claims: Members = {}, head: Members = {}, key = testKey(4)) =>
    jws({ alg: 'RS256', typ: 'JWT', kid: kids.cis2, ...head }, cis2Claims(claims), key, 'sha256');
  const loginClaims = (changes: Members = {}): Members => ({
    ...{ iss: issuerOf(ground, 'nhs-login'), aud: demo, sub: 'a-patient', jti: `id-${made++}` },
    ...{ iat: now(), exp: now() + 3600, vot: 'P9.Cp.Cd', identity_proofing_level: 'P9' },
    nhs_number: '9912003071',
    ...changes,
  });
  const loginToken = (claims: Members = {}, key = testKey(5)) =>
    jws({ alg: 'RS512', typ: 'JWT', kid: kids.login }, loginClaims(claims), key);
  const exchange = (subject_token: string | undefined, fields: Fields = {}, by = demo) =>
    withAssertion(ground, assertionBy(ground, by), {
      grant_type: exchangeGrant,
      ...{ subject_token_type: idTokenType, subject_token },
      ...fields,
    });

  it('gives a token for an id_token of either provider, to be refreshed with the secret', async () => {
    for (const [token, ends] of [
      [cis2Token(), '43199'],
      [loginToken(), '3599'],
    ] as const) {
      const answer = await exchange(token);
      assert.ok(await isAlive(ground, tokenIn(answer)));
      const { access_token, refresh_token, ...rest } = answer.json;
      assert.deepEqual(rest, {
        ...{ expires_in: '599', refresh_token_expires_in: ends, refresh_count: '0' },
        token_type: 'Bearer',
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      });
      assert.notEqual(tokenIn(await refresh(ground, refresh_token)), access_token);
    }
    tokenIn(await exchange(cis2Token({}, { alg: 'RS256', typ: 'jwt' })));
    tokenIn(await exchange(cis2Token({ authentication_assurance_level: 2 })));
  });

  it('answers with the first fault of the published order, for each pair of them', async () => {
    const send = (applied: readonly Fault[]) => {
      const draft: Draft = {
        form: {
          ...{ grant_type: exchangeGrant, subject_token_type: idTokenType },
          client_assertion: assertionOf(ground),
        },
        header: { alg: 'RS256', typ: 'JWT', kid: kids.cis2 },
        claims: { ...cis2Claims() },
        key: testKey(4),
        finish: (token) => token,
      };
      for (const { apply } of applied) apply(draft, now());
      const { client_assertion, ...form } = draft.form;
      const subject_token = draft.finish(jws(draft.header, draft.claims, draft.key, 'sha256'));
      return withAssertion(ground, client_assertion, { ...form, subject_token });
    };
    for (const [i, first] of faults.entries()) {
      assertRefused(await send([first]), first.refusal);
      for (const second of faults.slice(i + 1))
        if (first.of !== second.of)
          assertRefused(await send([first, second]), first.refusal, `${first.of} ${second.of}`);
    }
  });

  it('proves the app before it looks at the id_token, with the same rules and words', async () => {
    const fields = { subject_token_type: idTokenType, subject_token: 'no JWT' };
    for (const fault of assertionFaults) {
      if (['content type', 'grant'].includes(fault.of)) continue;
      if (fault.refusal[1] === 'unauthorized_client') continue;
      const answer = await sendFaulty(ground, [fault, asExchange], fields);
      assertRefused(answer, fault.refusal, fault.name);
    }
  });

  it('wants all the signs of an exchange together', async () => {
    const token = cis2Token();
    const grantInvalid = invalid('grant_type is invalid');
    for (const grant_type of [undefined, 'client_credentials', 'password', 'authorization_code'])
      assertRefused(await exchange(token, { grant_type }), grantInvalid, grant_type);
    const typeless = { subject_token_type: undefined };
    assertRefused(await exchange(token, typeless), wrongType);
    assertRefused(await exchange(token, { ...typeless, grant_type: undefined }), wrongType);
  });

  it('takes no token that is for another relying party', async () => {
    const other = await addApp(ground, 'suite', {}, ['pds-user-restricted']);
    tokenIn(await exchange(cis2Token({ aud: other, azp: other }), {}, other));
    assertRefused(await exchange(cis2Token({ aud: other, azp: other })), otherAud);
    for (const claims of [
      { aud: [demo, other] },
      { azp: other },
      { azp: null },
      { aud: ['gatehouse-int'] },
      { aud: demo.toUpperCase() },
      { aud: { a: demo } },
      { aud: [[demo]] },
    ])
      assertRefused(await exchange(cis2Token(claims)), otherAud, JSON.stringify(claims));
    for (const aud of ['', []])
      assertRefused(await exchange(cis2Token({ aud })), invalid(`Missing 'aud' claim${x}`, 401));
    const registered = {
      providerClients: [{ provider: 'nhs-cis2', clientId: 'suite-at-cis2' }],
    } as const;
    await addApp(ground, 'suite', registered);
    tokenIn(await exchange(cis2Token({ aud: 'suite-at-cis2', azp: undefined }), {}, other));
    const atLogin = loginToken({ aud: 'suite-at-cis2' });
    assertRefused(await exchange(atLogin, {}, other), otherAud, 'registered at the other provider');
  });

  it('takes no other kind of token for an id_token', async () => {
    const access = tokenIn(await exchange(cis2Token()));
    const scoped = { scope: 'openid profile', reason_for_request: 'patientaccess' };
    for (const [token, refusal] of [
      [access, malformed],
      [loginToken(scoped), malformed],
      [loginToken({ scope: '' }), malformed],
      [loginToken({ vot: undefined }), malformed],
      [loginToken({ identity_proofing_level: undefined }), malformed],
      [cis2Token({ tokenName: undefined, tokenType: undefined }), malformed],
      [cis2Token({ auditTrackingId: undefined, nonce: undefined }), malformed],
      [cis2Token({}, { typ: 'at+jwt' }), invalid(`Invalid 'typ' header${x} - must be 'JWT'`)],
      [cis2Token({}, { typ: 'logout+jwt' }), invalid(`Invalid 'typ' header${x} - must be 'JWT'`)],
      [jws(goodHeader, cis2Claims({ iss: demo })), otherIss],
      [assertionOf(ground), otherIss],
    ] as const)
      assertRefused(await exchange(token), refusal);
  });

  it('takes no unsigned token, and keys of its issuer only', async () => {
    const body = part(cis2Claims());
    for (const alg of ['none', 'None', 'HS256', 'RS384', 'PS256', 'ES256'])
      for (const signature of ['', 'AAAA']) {
        const token = `${part({ alg, typ: 'JWT', kid: kids.cis2 })}.${body}.${signature}`;
        assertRefused(await exchange(token), unsigned, alg);
      }
    for (const [token, refusal] of [
      [cis2Token({}, {}, testKey(5)), unsigned],
      [cis2Token({}, { kid: kids.login }), noKey],
      [jws({ alg: 'RS512', typ: 'JWT', kid: kids.cis2 }, loginClaims(), testKey(4)), noKey],
      // the simulated providers of all environments share their keys: the issuer tells them apart
      [cis2Token({ iss: issuerOf(ground, 'nhs-cis2', 'ref') }), otherIss],
      [cis2Token({ iss: issuerOf(ground, 'nhs-cis2', 'sandbox') }), otherIss],
      [cis2Token({ iss: `${issuerOf(ground, 'nhs-cis2')}/` }), otherIss],
      [cis2Token({}, { crit: ['exp'] }), unsigned],
    ] as const)
      assertRefused(await exchange(token), refusal);
  });

  it('allows clocks ten seconds', async () => {
    tokenIn(await exchange(cis2Token({ exp: now() - 9 })));
    assertRefused(await exchange(cis2Token({ exp: now() - 11 })), expired);
    tokenIn(await exchange(cis2Token({ iat: now() + 9 })));
  });

  it('lets one exchange of an id_token live, the last, also of twenty at once', async () => {
    for (const token of [cis2Token(), cis2Token({ jti: undefined })]) {
      const first = tokenIn(await exchange(token));
      const second = tokenIn(await exchange(token));
      assert.equal(await isAlive(ground, first), false);
      assert.equal(await isAlive(ground, second), true);
      const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(token)));
      assert.deepEqual(statuses(answers), { 200: 20 });
      const alive = await Promise.all(answers.map((answer) => isAlive(ground, tokenIn(answer))));
      assert.equal(alive.filter(Boolean).length, 1);
      assert.equal(await isAlive(ground, second), false);
    }
  });

  it('keeps exchanges of two apps apart', async () => {
    const providerClients = [{ provider: 'nhs-cis2', clientId: 'shared-at-cis2' }] as const;
    const apps = [];
    for (const id of ['twin-1', 'twin-2'])
      apps.push(await addApp(ground, id, { providerClients }, ['pds-user-restricted']));
    const token = cis2Token({ aud: 'shared-at-cis2', azp: undefined });
    const tokens = [];
    for (const app of apps) tokens.push(tokenIn(await exchange(token, {}, app)));
    for (const each of tokens) assert.ok(await isAlive(ground, each));
  });

  it('gives nothing for a level that the products do not have', async () => {
    assertRefused(await exchange(cis2Token({ authentication_assurance_level: '1' })), noScope);
    await addApp(ground, 'only-app');
    const aud = { aud: 'only-app-int', azp: 'only-app-int' };
    assertRefused(await exchange(cis2Token(aud), {}, 'only-app-int'), noScope);
  });

  it('believes a delegation only when the one who acts is vouched for', async () => {
    const inAct = (description: string, error = 'invalid_request'): Refusal => [
      401,
      error,
      description,
    ];
    const actor = (changes: Members = {}, key?: string) =>
      loginToken({ nhs_number: '9990000352', sub: 'the-parent', ...changes }, key);
    const [head = '', body = ''] = actor().split('.');
    for (const [sub, refusal] of [
      [undefined, inAct('Malformed JWT in act.sub')],
      ['9990000352', inAct('Malformed JWT in act.sub')],
      [`${head}.${body}.`, inAct('JWT signature verification failed', 'public_key error')],
      [actor({}, testKey(1)), inAct('JWT signature verification failed', 'public_key error')],
      [actor({ exp: now() - 60 }), inAct("Invalid 'exp' claim in act.sub JWT - JWT has expired")],
      [actor({ aud: 'other' }), inAct("Missing or invalid 'aud' claim in act.sub JWT")],
      [
        actor({ iss: 'https://evil.example' }),
        inAct("Missing or non-matching 'iss' claim in act.sub JWT"),
      ],
    ] as const)
      assertRefused(await exchange(loginToken({ act: { sub } })), refusal, sub);
    for (const act of [null, 'text', [], 42])
      assertRefused(await exchange(loginToken({ act })), inAct('Malformed JWT in act.sub'));
    const acting = async (sub: string) => {
      const token = tokenIn(await exchange(loginToken({ act: { sub } })));
      const family = await ground.platform.store.open(familyCollection).get(token.slice(0, 16));
      return family?.value.user?.actor;
    };
    assert.equal(await acting(actor()), '9990000352');
    // Else it would count, and be audited, as the person's own sign-in.
    assert.equal(await acting(actor({ nhs_number: undefined })), 'the-parent');
    const nobody = actor({ nhs_number: undefined, sub: undefined });
    assertRefused(
      await exchange(loginToken({ act: { sub: nobody } })),
      inAct("Missing 'sub' claim in act.sub JWT"),
    );
  });

  /** Signs somebody in at the simulated CIS2 as an app does that has a client there. */
  const signedInAtCis2 = async (username: string) => {
    const realm = issuerOf(ground, 'nhs-cis2');
    const uri = encodeURIComponent('https://example.org/callback');
    const asked = `response_type=code&client_id=${demo}&redirect_uri=${uri}&scope=openid&state=s&nonce=n&login_hint=${username}`;
    const back = await ask(`${realm}/protocol/openid-connect/auth?${asked}`);
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const form = new URLSearchParams({
      ...{ grant_type: 'authorization_code', code, redirect_uri: 'https://example.org/callback' },
      ...{ client_id: demo, client_secret: ground.secret },
    });
    const url = `${realm}/protocol/openid-connect/token`;
    const { json } = await ask(url, { method: 'POST', body: form });
    return json as { id_token: string; access_token: string };
  };

  it('takes what the simulated provider gives to the app itself', async () => {
    const { id_token, access_token } = await signedInAtCis2('656005750108');
    assert.equal(decodeJwt(id_token).aud, demo);
    assert.ok(await isAlive(ground, tokenIn(await exchange(id_token))));
    assertRefused(await exchange(access_token), malformed);
  });

  it('knows the roles of the simulated people, which an id_token does not tell', async () => {
    const token = tokenIn(await exchange((await signedInAtCis2('999000000103')).id_token));
    const read = async (role?: string) => {
      const answer = await ask(
        `${ground.platform.url}/env/int/personal-demographics/FHIR/R4/Patient/9000000009`,
        {
          headers: {
            authorization: `Bearer ${token}`,
            'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068',
            ...(role === undefined ? {} : { 'nhsd-session-urid': role }),
          },
        },
      );
      return answer.json.issue?.[0].details.coding[0].code ?? answer.status;
    };
    assert.notEqual(await read('555254241032'), 'INVALID_VALUE');
    assert.equal(await read('555254240108'), 'INVALID_VALUE', 'somebody else’s role');
    assert.equal(await read(), 'INVALID_VALUE', 'one of several has to be named');
  });
});
