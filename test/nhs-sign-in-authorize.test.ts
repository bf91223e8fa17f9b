import assert from 'node:assert/strict';
import { addApp, ask, assertRefused, demo, redirectUri, startTokenGround } from './token-ground.ts';
import type { Fields, Refusal, TokenGround } from './token-ground.ts';
import { atCallback, authorizeUrl, backAtApp, locationOf, signIn } from './sign-in-ground.ts';

const invalid = (description: string, status = 400): Refusal => [
  status,
  'invalid_request',
  description,
];
const wrongUri = invalid('redirect_uri is invalid');

interface Fault {
  readonly name: string;
  readonly of: string;
  readonly changes: Fields;
  /** Answered here; without it the app is told. */
  readonly refusal?: Refusal;
  readonly told?: readonly [error: string, description: string];
}

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** In the published order. */
const faults: readonly Fault[] = [
  {
    name: 'no client_id',
    of: 'client',
    changes: { client_id: undefined },
    refusal: invalid('client_id is missing', 401),
  },
  {
    name: 'an unknown client_id',
    of: 'client',
    changes: { client_id: 'nobody' },
    refusal: invalid('client_id is invalid', 401),
  },
  {
    name: 'a client_id of another environment',
    of: 'client',
    changes: { client_id: 'demo-app-sandbox' },
    refusal: invalid('client_id is invalid', 401),
  },
  {
    name: 'a revoked app',
    of: 'client',
    changes: { client_id: 'demo-revoked-int' },
    refusal: [
      401,
      'access_denied',
      'The developer app associated with the API key is not approved or revoked',
    ],
  },
  {
    name: 'no redirect_uri',
    of: 'uri',
    changes: { redirect_uri: undefined },
    refusal: invalid('redirect_uri is missing'),
  },
  {
    name: 'another redirect_uri',
    of: 'uri',
    changes: { redirect_uri: 'https://evil.example/' },
    refusal: wrongUri,
  },
  {
    name: 'no state',
    of: 'state',
    changes: { state: undefined },
    told: ['invalid_request', 'state is missing'],
  },
  {
    name: 'no response_type',
    of: 'type',
    changes: { response_type: undefined },
    told: ['invalid_request', 'response_type is missing'],
  },
  {
    name: 'another response_type',
    of: 'type',
    changes: { response_type: 'token' },
    told: ['unsupported_response_type', 'response_type is invalid'],
  },
  {
    name: 'a plain challenge',
    of: 'challenge',
    changes: { code_challenge: challenge, code_challenge_method: 'plain' },
    told: ['invalid_request', 'code_challenge_method must be S256'],
  },
];

/** What an attacker sends in the hope that it passes for `https://example.org/callback`. */
const tricks = [
  `${redirectUri}/`,
  `${redirectUri}/x`,
  `${redirectUri}x`,
  `${redirectUri}?x=1`,
  `${redirectUri}?`,
  `${redirectUri}#`,
  `${redirectUri}#x`,
  'https://example.org/x/../callback',
  'https://example.org/./callback',
  'https://example.org//callback',
  'https://example.org/%63allback',
  'https://example.org/%2e/callback',
  'https://example.org/callback%00',
  'https://example.org/Callback',
  'https://EXAMPLE.org/callback',
  'HTTPS://example.org/callback',
  'http://example.org/callback',
  'https://example.org:443/callback',
  'https://example.org:8443/callback',
  'https://example.org@evil.example/callback',
  'https://user@example.org/callback',
  'https://example.org.evil.example/callback',
  'https://evil-example.org/callback',
  'https://evil.example/?https://example.org/callback',
  'https://example.org\\@evil.example/callback',
  'https:\\\\example.org\\callback',
  'https:///example.org/callback',
  '//evil.example',
  '//example.org/callback',
  '/callback',
  'javascript:alert(1)//https://example.org/callback',
  'data:text/html,<script>alert(1)</script>',
  'https://ex\u0430mple.org/callback',
  'https://example.org/callback\u200b',
  ' https://example.org/callback',
  'https://example.org/callback ',
  `https://example.org/callback,https://evil.example/`,
  'https://example.org/callback\r\nLocation: https://evil.example/',
  'https://example.org/callback\n',
  '',
];

describe('authorize of the NHS face', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  const asked = (changes: Fields) => ask(authorizeUrl(ground, changes));

  /** The one that is told is the first; the app hears its own state if it sent one. */
  const check = async (changes: Fields, { refusal, told, name }: Fault) => {
    const answer = await asked(changes);
    if (refusal) {
      assertRefused(answer, refusal, name);
      assert.equal(answer.headers.get('location'), null);
      return;
    }
    const back = backAtApp(answer);
    assert.deepEqual([back.get('error'), back.get('error_description')], told, name);
    assert.equal(
      back.get('state'),
      changes.state === undefined && 'state' in changes ? null : 's-1',
    );
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('set-cookie'), null);
  };

  for (const fault of faults) it(`answers to ${fault.name}`, () => check(fault.changes, fault));

  it('answers with the first fault of the published order, for each pair of them', async () => {
    for (const [i, first] of faults.entries())
      for (const second of faults.slice(i + 1))
        if (first.of !== second.of) await check({ ...second.changes, ...first.changes }, first);
  });

  it('sends nobody to an address that is not the registered one byte for byte', async () => {
    for (const redirect_uri of tricks) {
      const answer = await asked({ redirect_uri });
      assertRefused(
        answer,
        redirect_uri === '' ? invalid('redirect_uri is missing') : wrongUri,
        redirect_uri,
      );
      assert.equal(answer.headers.get('location'), null, redirect_uri);
    }
    const encoded = encodeURIComponent(encodeURIComponent(redirectUri));
    const twice = authorizeUrl(ground).replace(encodeURIComponent(redirectUri), encoded);
    assertRefused(await ask(twice), wrongUri, 'encoded twice');
  });

  it('sends nobody to an address that another app registered', async () => {
    await addApp(ground, 'other-uri', { redirectUris: ['https://other.example/cb'] });
    assertRefused(await asked({ redirect_uri: 'https://other.example/cb' }), wrongUri);
    const answer = await asked({ client_id: 'other-uri-int' });
    assertRefused(answer, wrongUri);
  });

  it('refuses a parameter that is sent twice, or with brackets', async () => {
    for (const more of [
      'client_id=x',
      'redirect_uri=https%3A%2F%2Fevil.example',
      'state=2',
      'scope=a&scope=b',
    ]) {
      const answer = await ask(`${authorizeUrl(ground)}&${more}`);
      const name = more.split('=')[0] ?? '';
      assertRefused(answer, invalid(`${name} must not be sent more than once`));
      assert.equal(answer.headers.get('location'), null);
    }
    const brackets = await ask(authorizeUrl(ground).replace('client_id=', 'client_id[$gt]='));
    assertRefused(brackets, invalid('parameter names may hold letters, digits, _, - and . only'));
  });

  it('takes S256 challenges of 43 characters and no others', async () => {
    const s256 = { code_challenge_method: 'S256' };
    for (const [changes, description] of [
      [{ code_challenge: challenge }, 'code_challenge_method must be S256'],
      [
        { code_challenge: challenge, code_challenge_method: 's256' },
        'code_challenge_method must be S256',
      ],
      [s256, 'code_challenge is missing'],
      ...[
        challenge.slice(1),
        `${challenge}A`,
        'A'.repeat(129),
        `${challenge.slice(1)}=`,
        `${challenge.slice(1)}+`,
      ].map(
        (one) =>
          [
            { ...s256, code_challenge: one },
            'code_challenge must be 43 characters of base64url',
          ] as const,
      ),
    ] as const) {
      const back = backAtApp(await asked(changes));
      assert.deepEqual(
        [back.get('error'), back.get('error_description')],
        ['invalid_request', description],
      );
    }
    locationOf(await asked({ ...s256, code_challenge: challenge }));
  });

  it('gives state back byte for byte, and never as markup', async () => {
    for (const state of [
      'a b+c&d=e%20#?/',
      'ünï😀\u0000',
      'line\r\nSet-Cookie: a=b',
      '<script>alert(1)</script>',
      "';--",
      'x'.repeat(4096),
    ]) {
      const refused = await asked({ state, response_type: undefined });
      assert.equal(backAtApp(refused).get('state'), state);
      assert.equal(refused.headers.get('set-cookie'), null);
      assert.equal(refused.text, '');
      const done = await signIn(ground, { asked: { state } });
      assert.equal(backAtApp(done).get('state'), state);
      assert.equal(done.text, '');
    }
    const long = backAtApp(await asked({ state: 'x'.repeat(4097) }));
    assert.equal(long.get('error_description'), 'state is too long');
    const huge = await asked({ state: 'x'.repeat(10_240) });
    assert.equal(backAtApp(huge).get('error'), 'invalid_request');
    assert.ok([302, 400, 431].includes((await asked({ state: 'é'.repeat(5000) })).status));
  });

  it('keeps the query of a redirect URI, errors and state beside it', async () => {
    const uri = 'https://example.org/cb?tenant=1';
    const refused = backAtApp(await asked({ redirect_uri: uri, response_type: 'token' }), uri);
    assert.deepEqual(
      ['tenant', 'error', 'state'].map((name) => refused.get(name)),
      ['1', 'unsupported_response_type', 's-1'],
    );
    const back = backAtApp(await signIn(ground, { asked: { redirect_uri: uri } }), uri);
    assert.equal(back.get('tenant'), '1');
    assert.equal(back.get('state'), 's-1');
    assert.match(back.get('code') ?? '', /^[A-Za-z0-9_-]{43}$/);
  });

  it('leaves to the provider with a state and nonce of its own, and hands on what it may', async () => {
    const [one, two] = await Promise.all([asked({}), asked({})]);
    const [first, second] = [one, two].map((answer) => new URL(locationOf(answer)));
    assert.ok(first && second);
    for (const name of ['state', 'nonce']) {
      const [a, b] = [first.searchParams.get(name), second.searchParams.get(name)];
      assert.match(a ?? '', /^[A-Za-z0-9_-]{43}$/);
      assert.notEqual(a, b);
    }
    assert.notEqual(one.headers.get('set-cookie'), two.headers.get('set-cookie'));
    assert.match(
      one.headers.get('set-cookie') ?? '',
      /^gatehouse-sign-in-[\w-]{10}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    assert.equal(first.searchParams.get('scope'), 'openid nationalrbacaccess');
    assert.equal(first.searchParams.get('max_age'), '300');
    const passed = { acr_values: 'AAL2_TOTP', prompt: 'login', max_age: '60' };
    const third = new URL(locationOf(await asked(passed))).searchParams;
    for (const [name, value] of Object.entries(passed)) assert.equal(third.get(name), value);
    const login = new URL(locationOf(await asked({ scope: 'nhs-login' })));
    assert.match(login.pathname, /NHS-Login-mock/);
    assert.equal(login.searchParams.get('scope'), 'openid profile');
  });

  it('gives each sign-in a new cookie, whatever the browser brings along', async () => {
    const { browser } = await atCallback(ground);
    const [name = '', value = ''] =
      [...browser.cookies].find(([one]) => one.includes('sign-in')) ?? [];
    const before = new Set(browser.cookies.values());
    await browser.get(authorizeUrl(ground), { cookie: `${name}=planted` });
    const fresh = [...browser.cookies].filter(
      ([one, set]) => one.includes('sign-in') && !before.has(set),
    );
    assert.equal(fresh.length, 1);
    assert.notEqual(fresh[0]?.[1], value);
    assert.notEqual(fresh[0]?.[1], 'planted');
  });

  it('signs nobody in for an app of another kind', async () => {
    await addApp(ground, 'unattended', { kinds: ['unattended'] });
    const back = backAtApp(await asked({ client_id: 'unattended-int' }));
    assert.equal(back.get('error'), 'unauthorized_client');
  });

  it('answers other verbs with 405', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await ask(authorizeUrl(ground, { client_id: demo }), { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), 'GET');
      assert.equal(answer.text, '');
    }
  });
});
