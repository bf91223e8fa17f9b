import assert from 'node:assert/strict';
import { check, examine, findingOf } from '../../test/doctor-ground.ts';
import { tokensFor, type Ground } from '../../test/signed-in-ground.ts';
import {
  addApp,
  ask,
  assertionBy,
  assertionOf,
  formOf,
  jws,
  redirectUri,
  startTokenGround,
  testKey,
  tokenIn,
  withAssertion,
  type TokenGround,
} from '../../test/token-ground.ts';
import { familyCollection } from './families.ts';

/** Header and claims of a JWT. */
function opened(jwt: string): readonly [Record<string, unknown>, Record<string, unknown>] {
  const [header, claims] = jwt
    .split('.')
    .slice(0, 2)
    .map(
      (part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>,
    ); // objects
  return [header ?? {}, claims ?? {}];
}

describe('the doctor', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  let people: Ground;
  before(async () => {
    ground = await startTokenGround();
    people = { platform: ground.platform, environment: 'int' };
  });
  after(() => ground.end());

  describe('of id_tokens', () => {
    const realms = { 'nhs-cis2': 'Cis2-mock-int', 'nhs-login': 'NHS-Login-mock-int' } as const;

    /** What the app itself gets from a simulated provider. */
    async function idToken(provider: keyof typeof realms, username: string): Promise<string> {
      const realm = `${ground.platform.url}/realms/${realms[provider]}/protocol/openid-connect`;
      const query = formOf({
        ...{ client_id: 'demo-app-int', redirect_uri: redirectUri, response_type: 'code' },
        ...{ scope: 'openid', state: 's', nonce: 'n', login_hint: username },
      });
      const back = await ask(`${realm}/auth?${query}`);
      const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
      const answer = await ask(`${realm}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: formOf({
          ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
          ...{ client_id: 'demo-app-int', client_secret: ground.secret },
        }),
      });
      assert.equal(answer.status, 200, answer.text);
      return answer.json.id_token as string;
    }

    const clientId = 'demo-app-int';

    it('lets a good one pass, of a worker and of a patient, and names the scopes left', async () => {
      const worker = await examine(ground, await idToken('nhs-cis2', '656005750104'), { clientId });
      assert.equal(worker.kind, 'id_token');
      assert.match(worker.guessed ?? '', /id_token/);
      assert.ok(worker.verdict.wouldPass, JSON.stringify(worker.findings));
      assert.match(findingOf(worker, 'scopes left').found ?? '', /user-nhs-cis2:aal3/);
      const patient = await idToken('nhs-login', '9912003071');
      assert.ok((await examine(ground, patient, { clientId })).verdict.wouldPass);
    });

    it('judges aud only for an app that is named, and says so', async () => {
      const token = await idToken('nhs-cis2', '656005750104');
      const report = await examine(ground, token);
      assert.equal(findingOf(report, 'aud').result, 'not checked');
      assert.match(report.notes.join(), /clientId/);
      const unknown = await check(ground, { token, clientId: 'demo-app-sandbox' });
      assert.equal(unknown.status, 400);
      assert.ok(!unknown.text.includes('demo-app'));
    });

    it('names each rule that fails, and what the provider would have to say', async () => {
      const [header, claims] = opened(await idToken('nhs-cis2', '656005750104'));
      const now = Math.floor(ground.clock.time / 1000);
      for (const [rule, changedHeader, changedClaims, corrected] of [
        ['kid', { kid: undefined }, {}, /./],
        ['typ', { typ: 'at+jwt' }, {}, /^JWT$/],
        ['alg there', { alg: undefined }, {}, /RS256/],
        ['exp', {}, { exp: now - 60 }, /sign the person in again/],
        ['exp', {}, { exp: 'x' }, /sign the person in again/],
        ['iss', {}, { iss: 'https://elsewhere.example' }, /Cis2-mock-int/],
        ['aud', {}, { aud: 'another' }, /^demo-app-int$/],
        ['aud', {}, { azp: 'another' }, /^demo-app-int$/],
        ['is an id_token', {}, { tokenName: undefined, tokenType: undefined }, /id_token/],
        ['is an id_token', {}, { scope: 'openid' }, /id_token/],
        ['kid found', { kid: 'x' }, {}, /./],
        ['signature', {}, { sub: 'somebody-else' }, /unchanged/],
      ] as const) {
        const token = jws(
          { ...header, ...changedHeader },
          { ...claims, ...changedClaims },
          testKey(0),
        );
        const { verdict, findings } = await examine(ground, token, { clientId, kind: 'id_token' });
        assert.equal(verdict.firstFailure?.rule, rule);
        assert.match(findings.find((one) => one.rule === rule)?.corrected ?? '', corrected);
        // nothing of the app is told for a token that nobody vouches for
        assert.ok(findings.every((one) => one.rule !== 'scopes left'));
      }
    });

    it('names the level that the app has no scope for', async () => {
      const token = await idToken('nhs-cis2', '656005750110');
      const { verdict, findings } = await examine(ground, token, { clientId });
      assert.equal(verdict.firstFailure?.rule, 'scopes left');
      assert.match(findings.at(-1)?.found ?? '', /aal1/);
    });

    it('says when something else was given for one', async () => {
      const report = await examine(ground, assertionOf(ground), { kind: 'id_token', clientId });
      assert.match(report.notes[0] ?? '', /looks like a client assertion/);
      assert.equal(report.verdict.firstFailure?.rule, 'iss');
      const { status } = await check(ground, { token: 'x', kind: 'id_token', face: '/smart' });
      assert.equal(status, 400);
    });
  });

  describe('of access tokens', () => {
    const appToken = async (id = 'demo-app-int') =>
      tokenIn(await withAssertion(ground, assertionBy(ground, id)));

    it('tells a live one: app, scopes, time left and access mode, and nothing of the person', async () => {
      const { verdict, token, guessed } = await examine(ground, `Bearer ${await appToken()}\n`);
      assert.ok(verdict.wouldPass);
      assert.match(guessed ?? '', /no dots/);
      const { scopes, secondsLeft = 0, app, ...rest } = token ?? {};
      const level3 = 'urn:nhsd:apim:app:level3';
      assert.deepEqual([...(scopes ?? [])].sort(), [
        `${level3}:hello-world`,
        `${level3}:personal-demographics-service`,
        `${level3}:spine-directory`,
      ]);
      assert.ok(secondsLeft > 590 && secondsLeft <= 600);
      assert.deepEqual(app, { clientId: 'demo-app-int', name: 'Demo: demo' });
      assert.deepEqual(rest, {
        state: 'live',
        face: 'nhs',
        environment: 'uat',
        grant: 'client_credentials',
        accessMode: 'app',
      });
      const { json } = await tokensFor(people, { username: '9912003071', provider: 'nhs-login' });
      const patient = await examine(ground, json.access_token);
      assert.equal(patient.token?.accessMode, 'patient');
      assert.deepEqual(patient.token.signIn, { provider: 'apim-mock-nhs-login', level: 'p9' });
      assert.ok(!JSON.stringify(patient).includes('9912003071'));
    });

    const failing = async (
      token: string,
      rule: string,
      found: RegExp,
      more = {},
      environment = 'int',
    ) => {
      const report = await examine(ground, token, { kind: 'access_token', ...more }, environment);
      assert.equal(report.verdict.firstFailure?.rule, rule);
      assert.match(findingOf(report, rule).found ?? '', found);
      return report;
    };

    it('says that no scope opens the API, as that would answer', async () => {
      const { json } = await tokensFor(people, { username: '9912003072', provider: 'nhs-login' });
      const below = await failing(json.access_token, 'API', /./);
      assert.equal(below.verdict.firstFailure?.description, 'Patient cannot perform this action');
      assert.equal(below.token?.accessMode, undefined);
    });

    it('says what was given in its place', async () => {
      await failing(assertionOf(ground), 'opaque', /a client assertion, a JWT/);
      const idLike = jws({ alg: 'RS256', typ: 'JWT' }, { iss: 'https://p.example', nonce: 'n' });
      await failing(idLike, 'opaque', /an id_token, a JWT/);
      await failing(jws({ typ: 'at+jwt' }, { scope: 'x' }), 'opaque', /a JWT of another server/);
      await failing('hello', 'opaque', /5 characters/);
      const { json } = await tokensFor(people, { username: '656005750104' });
      await failing(json.refresh_token, 'access token', /refresh_token/);
    });

    it('says where it is good, when that is elsewhere', async () => {
      const token = await appToken();
      await failing(token, 'environment', /environment uat/, {}, 'sandbox');
      await failing(token, 'environment', /environment uat/, { environment: 'prod' });
      await failing(token, 'face', /face nhs/, { face: '/smart' });
      assert.ok((await examine(ground, token, { face: '/oauth2-mock' })).verdict.wouldPass);
    });

    it('says that it has ended, was revoked, or was never there, as the API would answer', async () => {
      const token = await appToken();
      ground.clock.time += 600_000;
      const expired = await failing(token, 'not expired', /^ended 2/);
      assert.equal(expired.verdict.firstFailure?.description, 'Access Token expired');
      assert.equal(expired.token?.secondsLeft, 0);
      const families = ground.platform.store.open(familyCollection);
      const dying = await appToken();
      const stored = await families.get(dying.slice(0, 16));
      const dead = { at: 0, why: 'a test ended it' };
      await families.put(dying.slice(0, 16), { ...stored?.value, dead } as never, { expected: 1 });
      const revoked = await failing(dying, 'not revoked', /1970.*a test ended it/);
      assert.equal(revoked.verdict.firstFailure?.description, 'Invalid Access Token');
      const stranger = await failing('A'.repeat(43), 'given out here', /no such token/);
      assert.equal(stranger.token, undefined);
      const sandbox = await failing('A'.repeat(43), 'given out here', /./, {}, 'sandbox');
      assert.match(sandbox.notes.join(), /open lane/);
    });

    it('tells nothing of a grant to whoever knows only its name', async () => {
      const guessed = (await appToken()).slice(0, 16) + 'A'.repeat(27);
      const report = await failing(guessed, 'given out here', /no such token/);
      assert.ok(!JSON.stringify(report).includes('demo-app'));
    });

    it('says that the app may no longer call', async () => {
      const clientId = await addApp(ground, 'short-lived');
      const token = await appToken(clientId);
      await addApp(ground, 'short-lived', { state: 'revoked' });
      await failing(token, 'app approved', /revoked/);
    });
  });
});
