/** Real identity providers are entries of a file: proven with a provider of other hands, under other claim names. */
import assert from 'node:assert/strict';
import { familyCollection } from '../server/auth/families.ts';
import { familyIn } from '../server/auth/tokens.ts';
import { own, startForeignGround, type ForeignGround } from './foreign-ground.ts';
import { signInThere } from './foreign-provider.ts';
import {
  accessTokenIn,
  authorizeUrl,
  Browser,
  entriesOf,
  locationOf,
  pds,
  redeem,
  rootOf,
  signInByScript,
  tokensFor,
  type Ground,
  type SignInOptions,
} from './signed-in-ground.ts';

const jane = '9000000009';

describe('an identity provider of other hands', () => {
  let foreign: ForeignGround;
  let ground: Ground;
  let sandbox: Ground;

  before(async function () {
    this.timeout(60_000);
    foreign = await startForeignGround();
    ({ int: ground, sandbox } = foreign);
  });
  after(() => foreign.end());

  type Change = (address: URL) => void;
  /** The whole way through the provider's own pages: back at the app, or the answer that ended it. */
  const signIn = async (
    at: Ground,
    options: SignInOptions,
    change: { readonly leaving?: Change; readonly returning?: Change } = {},
  ): Promise<URL | Response> => {
    const browser = new Browser();
    const away = locationOf(await browser.send(authorizeUrl(at, options)));
    if (away.origin === 'http://localhost:3000') return away;
    change.leaving?.(away);
    const back = await signInThere(browser, away, options.username);
    change.returning?.(back);
    const end = await browser.send(back.href);
    return end.status === 302 ? locationOf(end) : end;
  };
  const tokenFor = async (options: SignInOptions, at = ground): Promise<string> => {
    const end = await signIn(at, options);
    assert.ok(end instanceof URL, end instanceof Response ? await end.text() : '');
    return accessTokenIn(await redeem(at, end));
  };
  const refusal = async (end: URL | Response) => {
    assert.ok(end instanceof Response, end instanceof URL ? end.search : '');
    const { error, error_description: text } = (await end.json()) as Record<string, string>;
    return [end.status, error, text];
  };
  const said = async (token: string, nhsNumber: string, headers = {}) => {
    const { status, json } = await pds(ground, `/Patient/${nhsNumber}`, token, { headers });
    return status < 400 ? status : `${status} ${json.issue[0].details.coding[0].code}`;
  };

  describe('in the place of CIS2', () => {
    it('signs a worker in, whose level and roles are read under its names for them', async () => {
      const token = await tokenFor({ username: 'ward' });
      const requestId = crypto.randomUUID();
      assert.equal(await said(token, jane, { 'x-request-id': requestId }), 200);
      const [entry] = await entriesOf(ground.platform, requestId);
      assert.deepEqual([entry?.user, entry?.role, entry?.mode], ['ward', '555254240108', 'worker']);
    });

    it('vouches for the roles that a worker may name', async () => {
      const token = await tokenFor({ username: 'clerk' });
      assert.equal(await said(token, jane), '400 INVALID_VALUE');
      assert.equal(await said(token, jane, { 'nhsd-session-urid': '1' }), 200);
      assert.equal(await said(token, jane, { 'nhsd-session-urid': '2' }), '403 ACCESS_DENIED');
      assert.equal(await said(token, jane, { 'nhsd-session-urid': '3' }), '400 INVALID_VALUE');
    });

    it('binds a token to the role that was picked there', async () => {
      const token = await tokenFor({ username: 'picked' });
      assert.equal(await said(token, jane), 200);
      assert.equal(await said(token, jane, { 'nhsd-session-urid': '2' }), '400 INVALID_VALUE');
    });

    it('gives userinfo as it tells it', async () => {
      const token = await tokenFor({ username: 'ward' });
      const answer = await fetch(`${rootOf(ground)}/oauth2/userinfo`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const told = (await answer.json()) as { sub: string; posts: object[] };
      assert.deepEqual([told.sub, told.posts.length], ['ward', 1]);
    });

    it('gives no token for a level that no product has', async () => {
      const [status, error] = await refusal(await signIn(ground, { username: 'low' }));
      assert.deepEqual([status, error], [401, 'unauthorized_client']);
    });

    it('is believed with a secret in the Authorization field and RS256 as well', async () => {
      const token = await tokenFor({ username: 'ward' }, sandbox);
      assert.equal((await pds(sandbox, `/Patient/${jane}`, token)).status, 200);
    });
  });

  /** The level that a token was given for. */
  const levelOf = async (token: string) =>
    (await ground.platform.store.open(familyCollection).get(familyIn(token) ?? ''))?.value.user
      ?.level;
  const simulated = async (options: SignInOptions) => {
    const { json } = await tokensFor(ground, { ...options, face: '/oauth2-mock' });
    return json.access_token as string; // a token answer has one
  };

  describe('and a simulated one', () => {
    it('R083 CIS2 is simulated offline and a real one is an entry; AAL1 to AAL3 are carried by both', async () => {
      assert.equal(await levelOf(await tokenFor({ username: 'ward' })), 'aal3');
      assert.equal(await levelOf(await tokenFor({ username: 'clerk' })), 'aal2');
      assert.equal((await refusal(await signIn(ground, { username: 'low' })))[0], 401);
      assert.equal(await levelOf(await simulated({ username: '656005750108' })), 'aal3');
      assert.equal(await levelOf(await simulated({ username: '656005750111' })), 'aal2');
      const low = { username: '656005750110', face: '/oauth2-mock' } as const;
      assert.equal((await refusal(await signInByScript(ground, low)))[0], 401);
    });

    it('R084 NHS login is simulated offline and a real one is an entry; P0, P5 and P9 are carried and enforced', async () => {
      const provider = 'nhs-login';
      const levels = { adult: 'p9', half: 'p5', nobody: 'p0' };
      for (const [username, level] of Object.entries(levels)) {
        const token = await tokenFor({ provider, username });
        assert.equal(await levelOf(token), level);
        assert.equal(await said(token, own), level === 'p9' ? 200 : '403 ACCESS_DENIED');
      }
      for (const [username, level] of [
        [own, 'p9'],
        ['9912003072', 'p5'],
        ['9912003073', 'p0'],
      ] as const) {
        const token = await simulated({ provider, username });
        assert.equal(await levelOf(token), level);
        assert.equal(await said(token, own), level === 'p9' ? 200 : '403 ACCESS_DENIED');
      }
    });
  });

  describe('in the place of NHS login', () => {
    const provider = 'nhs-login';
    it('signs a patient in, for whom our key with RS512 is the credential', async () => {
      const token = await tokenFor({ provider, username: 'adult' });
      assert.equal(await said(token, own), 200);
      assert.equal(await said(token, jane), '403 ACCESS_DENIED');
    });

    for (const username of ['weak', 'half', 'nobody'])
      it(`vouches too little for ${username}`, async () => {
        assert.equal(await said(await tokenFor({ provider, username }), own), '403 ACCESS_DENIED');
      });
  });

  describe('is not believed', () => {
    it('answers only what was asked: another nonce is refused', async () => {
      const leaving: Change = (address) => {
        address.searchParams.set('nonce', 'another-nonce');
      };
      const end = await signIn(ground, { username: 'ward' }, { leaving });
      assert.deepEqual(await refusal(end), unbelievable);
    });

    it('answers for itself alone: another issuer is refused', async () => {
      const returning: Change = (address) => {
        assert.equal(address.searchParams.get('iss'), foreign.cis2.issuer);
        address.searchParams.set('iss', foreign.login.issuer);
      };
      const end = await signIn(ground, { username: 'ward' }, { returning });
      assert.deepEqual(await refusal(end), unbelievable);
    });

    it('answers once: neither another state nor a code of its own comes through', async () => {
      const otherState: Change = (address) => {
        address.searchParams.set('state', 'x'.repeat(43));
      };
      const end = await signIn(ground, { username: 'ward' }, { returning: otherState });
      assert.deepEqual(await refusal(end), [400, 'invalid_request', 'Invalid state parameter.']);
      const otherCode: Change = (address) => {
        address.searchParams.set('code', 'x'.repeat(43));
      };
      const again = await signIn(ground, { username: 'ward' }, { returning: otherCode });
      assert.deepEqual(await refusal(again), unbelievable);
    });

    it('with keys that do not fit its signature; before it is there, the app is told so', async () => {
      const person = { provider: 'nhs-login', username: 'ward' } as const;
      const away = await signIn(sandbox, person);
      assert.ok(away instanceof URL);
      assert.equal(away.searchParams.get('error'), 'temporarily_unavailable');
      assert.equal(away.searchParams.get('state'), 'the-state-of-the-app');
      const late = await foreign.startLate();
      late.swapKeys();
      assert.deepEqual(await refusal(await signIn(sandbox, person)), unbelievable);
    });
  });

  describe('that goes away', () => {
    it('before the code is redeemed is told to the app', async () => {
      let closed: Promise<void> | undefined;
      const returning: Change = () => {
        closed = foreign.login.close();
      };
      const person = { provider: 'nhs-login', username: 'adult' } as const;
      const end = await signIn(ground, person, { returning });
      await closed;
      assert.ok(end instanceof URL);
      assert.equal(end.searchParams.get('error'), 'temporarily_unavailable');
      assert.equal(end.searchParams.get('state'), 'the-state-of-the-app');
    });
  });

  const unbelievable = [
    400,
    'invalid_request',
    'The answer of the identity provider cannot be verified',
  ];
});
