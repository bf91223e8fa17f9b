import assert from 'node:assert/strict';
import {
  addApp,
  assertRefused,
  startTokenGround,
  statuses,
  testKey,
  type Members,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';
import {
  atCallback,
  authorizeUrl,
  backAtApp,
  Browser,
  codeFor,
  locationOf,
  patient,
  redeem,
  signIn,
  startLyingProvider,
  type LyingProvider,
} from './sign-in-ground.ts';

const invalidState: Refusal = [400, 'invalid_request', 'Invalid state parameter.'];
const unbelievable: Refusal = [
  400,
  'invalid_request',
  'The answer of the identity provider cannot be verified',
];
const noScope: Refusal = [
  401,
  'unauthorized_client',
  'you have tried to request authorization but your application is not configured to use this authorization grant type',
];

describe('the way back from sign-in', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  it('is closed to a browser that did not begin it, and stays open to the one that did', async () => {
    const { browser, callback } = await atCallback(ground);
    const [mine = '', value = ''] =
      [...browser.cookies].find(([name]) => name.includes('sign-in')) ?? [];
    const victim = new Browser();
    assertRefused(await victim.get(callback), invalidState, 'no cookie');
    const other = await atCallback(ground);
    assertRefused(await other.browser.get(callback), invalidState, 'the cookie of another sign-in');
    for (const cookie of [
      `${mine}=x`,
      `${mine}=`,
      `${mine}=${value}; ${mine}=planted`,
      `${mine}=planted; ${mine}=${value}`,
      `${mine}x=${value}`,
      `__Host-${mine}=${value}`,
      `${mine.toUpperCase()}=${value}`,
    ]) {
      const answer = await victim.get(callback, { cookie });
      assertRefused(answer, invalidState, cookie);
      assert.equal(answer.headers.get('location'), null);
    }
    assert.ok(backAtApp(await browser.get(callback)).get('code'));
  });

  it('works once, also for twenty at once', async () => {
    const { browser, callback } = await atCallback(ground);
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => new Browser().get(callback, { cookie })),
    );
    assert.deepEqual(statuses(answers), { 302: 1, 400: 19 });
    for (const answer of answers) if (answer.status === 400) assertRefused(answer, invalidState);
    assertRefused(await new Browser().get(callback, { cookie }), invalidState);
    const [won] = answers.filter(({ status }) => status === 302);
    assert.match(won?.headers.get('set-cookie') ?? '', /Max-Age=0/);
  });

  it('knows no state that it did not give out here, or that is older than ten minutes', async () => {
    const browser = new Browser();
    for (const query of [
      '',
      '?code=x',
      '?code=x&state=',
      '?code=x&state=made-up',
      `?code=x&state=${'x'.repeat(10_000)}`,
      '?code=x&state=%3Cscript%3Ealert(1)%3C/script%3E%0d%0a',
      '?error=access_denied&state=made-up',
    ]) {
      const answer = await browser.get(`${ground.face}/callback${query}`);
      assertRefused(answer, invalidState, query.slice(0, 60));
      assert.equal(answer.text.includes('<script'), false);
    }
    const there = await atCallback(ground);
    const elsewhere = there.callback.replace('/oauth2/', '/oauth2-mock/');
    assertRefused(await there.browser.get(elsewhere), invalidState, 'at the other face');
    const ref = there.callback.replace('/env/int/', '/env/ref/');
    assertRefused(await there.browser.get(ref), invalidState, 'in another environment');
    const twice = await there.browser.get(`${there.callback}&state=x`);
    assertRefused(twice, [400, 'invalid_request', 'state must not be sent more than once']);
    ground.clock.time += 600_000;
    assertRefused(await there.browser.get(there.callback), invalidState, 'too late');
    ground.clock.time -= 600_000;
    assert.ok(backAtApp(await there.browser.get(there.callback)).get('code'));
  });

  it('lets several sign-ins run in one browser', async () => {
    const browser = new Browser();
    const first = await atCallback(ground, { asked: { state: 'one' } }, browser);
    const second = await atCallback(ground, { asked: { state: 'two' } }, browser);
    assert.equal(backAtApp(await browser.get(second.callback)).get('state'), 'two');
    assert.equal(backAtApp(await browser.get(first.callback)).get('state'), 'one');
  });

  it('tells the app what the provider refused, with its state', async () => {
    for (const [fields, error] of [
      [{ fault: 'cancelled' }, 'access_denied'],
      [{ fault: 'locked' }, 'access_denied'],
      [{ fault: 'server-error' }, 'server_error'],
      [{ fault: 'temporarily-unavailable' }, 'temporarily_unavailable'],
    ] as const) {
      const back = backAtApp(await signIn(ground, { fields, asked: { state: 'a&b' } }));
      assert.equal(back.get('error'), error);
      assert.equal(back.get('state'), 'a&b');
      assert.equal(back.get('code'), null);
    }
    const silent = new Browser();
    const leaving = await silent.get(authorizeUrl(ground, { prompt: 'none' }));
    const returned = await silent.get(locationOf(leaving));
    const back = backAtApp(await silent.get(locationOf(returned)));
    assert.equal(back.get('error'), 'login_required');
  });

  it('believes no token with another nonce, key or time', async () => {
    for (const fault of [
      'wrong-nonce',
      'unknown-key',
      'expired-token',
      'old-session',
      'token-error',
    ])
      assertRefused(await signIn(ground, { fields: { fault } }), unbelievable, fault);
  });

  it('gives nothing for a level that the products do not have, exactly', async () => {
    assertRefused(await signIn(ground, { username: '656005750110' }), noScope, 'AAL1');
    await addApp(ground, 'workers', {}, ['pds-user-restricted']);
    const asked = { client_id: 'workers-int' };
    assertRefused(await signIn(ground, { provider: 'nhs-login', asked }), noScope, 'no patients');
    await addApp(ground, 'patients', {}, ['pds-patient-access']);
    assertRefused(await signIn(ground, { asked: { client_id: 'patients-int' } }), noScope);
  });

  it('lets below P9, or without second factor, sign in and see nothing at PDS', async () => {
    for (const person of [
      { username: '9912003072' },
      { username: '9912003073' },
      { username: '9736363120' },
      { username: patient, fields: { level: 'P9.Cp' } },
    ]) {
      const code = await codeFor(ground, { provider: 'nhs-login', ...person });
      const { json } = await redeem(ground, code);
      const url = `${ground.platform.url}/env/int/personal-demographics/FHIR/R4/Patient/${person.username}`;
      const headers = {
        authorization: `Bearer ${String(json.access_token)}`,
        'x-request-id': crypto.randomUUID(),
      };
      assert.equal((await fetch(url, { headers })).status, 403, person.username);
    }
  });
});

describe('what a provider may say', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  let lying: LyingProvider;
  before(async () => {
    lying = await startLyingProvider();
    ground = await startTokenGround({ prepare: (dataDir) => lying.settings(dataDir) });
  });
  after(async () => {
    await ground.end();
    lying.close();
  });
  beforeEach(() => {
    ground.clock.time = Date.now();
    Object.assign(lying, { claims: {}, header: {}, key: testKey(3), skew: 0 });
  });

  const answered = async (more: Readonly<Record<string, string | undefined>> = {}) => {
    const browser = new Browser();
    const left = new URL(locationOf(await browser.get(authorizeUrl(ground))));
    lying.nonce = left.searchParams.get('nonce') ?? '';
    const back = {
      code: 'theirs',
      state: left.searchParams.get('state'),
      iss: lying.issuer,
      ...more,
    };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(back)) if (value) query.set(name, value);
    return browser.get(`${ground.face}/callback?${query.toString()}`);
  };

  it('is believed when all is right', async () => {
    assert.ok(backAtApp(await answered()).get('code'));
  });

  it('is refused when the answer is another provider’s (mix-up)', async () => {
    for (const iss of [undefined, `${lying.issuer}/`, 'https://evil.example', ground.face])
      assertRefused(await answered({ iss }), unbelievable, String(iss));
    assertRefused(
      await answered({ iss: 'https://evil.example', error: 'access_denied' }),
      unbelievable,
    );
  });

  it('is refused when it is for somebody else or of somebody else', async () => {
    for (const aud of ['demo-app-int', ['other'], ['gatehouse-at-lying', 'other']]) {
      lying.claims = { aud };
      assertRefused(
        await answered(),
        [400, 'invalid_request', "Invalid 'aud' claim in external ID token JWT"],
        JSON.stringify(aud),
      );
    }
    for (const iss of [`${lying.issuer}/`, 'https://evil.example']) {
      lying.claims = { iss };
      assertRefused(await answered(), [
        400,
        'invalid_request',
        'Invalid iss claim in external ID token JWT',
      ]);
    }
  });

  it('is refused when the id_token is not signed with a published key by a listed algorithm', async () => {
    for (const [header, key] of [
      [{ alg: 'none' }, testKey(3)],
      [{ alg: 'HS256' }, testKey(3)],
      [{ alg: 'RS384' }, testKey(3)],
      [{ kid: 'other' }, testKey(3)],
      [{}, testKey(2)],
      [{ jwk: { kty: 'RSA' } }, testKey(2)],
    ] as const) {
      Object.assign(lying, { header, key });
      assertRefused(await answered(), unbelievable, JSON.stringify(header));
    }
  });

  it('is refused when claims are missing or old', async () => {
    const now = Math.floor(Date.now() / 1000);
    const wrong: readonly Members[] = [
      { nonce: undefined },
      { nonce: 'other' },
      { exp: undefined },
      { exp: String(now + 100) },
      { exp: now - 20 },
      { iat: undefined },
      { nbf: now + 30 },
      { auth_time: undefined },
      { auth_time: now - 330 },
      { sub: undefined },
    ];
    for (const claims of wrong) {
      lying.claims = claims;
      assertRefused(await answered(), unbelievable, JSON.stringify(claims));
    }
  });

  it('is believed when its clock is some seconds off, and not when it is more', async () => {
    const now = () => Math.floor(Date.now() / 1000);
    for (const [claims, good] of [
      [() => ({ exp: now() - 7 }), true],
      [() => ({ exp: now() - 11 }), false],
      [() => ({ nbf: now() + 9 }), true],
      [() => ({ nbf: now() + 14 }), false],
    ] as const) {
      lying.claims = claims();
      const answer = await answered();
      if (good) assert.ok(backAtApp(answer).get('code'), JSON.stringify(lying.claims));
      else assertRefused(answer, unbelievable);
    }
  });

  it('tells the app when it is away', async () => {
    lying.close();
    const back = backAtApp(await answered());
    assert.equal(back.get('error'), 'temporarily_unavailable');
    assert.equal(back.get('state'), 's-1');
  });
});
