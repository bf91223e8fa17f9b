import assert from 'node:assert/strict';
import type { SignIn } from '../../../core/exchange.ts';
import { accessGround, callerIn, tried, type AccessGround } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { entitlementOf, type GatewayTokenFacts } from '../policy.ts';
import { anyOf } from './any-of.ts';
import { apiKey } from './api-key.ts';
import { open } from './open.ts';
import { roles } from './roles.ts';
import { subscription } from './subscription.ts';
import { token } from './token.ts';

const signIn = (level: string): SignIn => ({
  ...{ provider: level.startsWith('a') ? 'nhs-cis2' : 'nhs-login', issuer: 'https://idp.example' },
  level,
});
const national = (family: string, api = 'hello') => `urn:nhsd:apim:${family}:${api}`;

function facts(scope: string, more: Partial<GatewayTokenFacts> = {}): GatewayTokenFacts {
  return { appId: 'ward', appName: 'Ward', scopes: [scope], attributes: {}, ...more };
}

const nurse = {
  signIn: {
    ...signIn('aal3'),
    roles: [{ id: '1', code: 'S8000:G8000:R8001', name: 'Nurse', odsCode: 'A99' }],
  },
  userId: '555',
} as const;
const patient = {
  ...{ signIn: signIn('P9'), userId: '9000000009', nhsNumber: '9000000009', vot: 'P9.Cp.Cd' },
} as const;

describe('the policies of tokens and of several ways in', () => {
  let ground: AccessGround;
  let key: string;
  const live: Readonly<Record<string, GatewayTokenFacts>> = {
    app: facts(national('app:level3')),
    privileged: facts(national('app:level3', 'privileged-hello')),
    nurse: facts(national('user-nhs-cis2:aal3'), nurse),
    lowNurse: facts(national('user-nhs-cis2:aal1'), { ...nurse, signIn: signIn('aal1') }),
    patient: facts(national('user-nhs-login:P9'), patient),
    lowPatient: facts(national('user-nhs-login:P0'), {
      ...patient,
      signIn: signIn('P0'),
      vot: 'P0',
    }),
    weakPatient: facts(national('user-nhs-login:P9'), { ...patient, vot: 'P9' }),
    keyLevel: facts(national('app:level0')),
    elsewhere: facts(national('user-nhs-cis2:aal3', 'another'), nurse),
    unsigned: facts(national('user-nhs-cis2:aal3')),
    stranger: facts(national('app:level3'), { appId: 'stranger' }),
  };
  const bearer = (name: string) =>
    exchangeFor({
      ...{ headers: { authorization: `Bearer ${name}` }, path: '/things/1' },
      rawHeaders: ['Authorization', `Bearer ${name}`],
    });

  before(async () => {
    ground = await accessGround();
    for (const [name, one] of Object.entries(live))
      ground.tokens.set(name, { state: 'live', facts: one });
    ground.tokens.set('old', { state: 'expired' });
    ground.tokens.set('dead', { state: 'revoked' });
    await ground.app('ward');
    await ground.product('gold');
    key = await ground.key(await ground.subscribe('ward', 'gold'));
  });
  after(() => ground.end());

  for (const [name, mode] of [
    ['app', 'app'],
    ['privileged', 'privileged'],
    ['nurse', 'worker'],
    ['lowNurse', 'worker'],
    ['patient', 'patient'],
    ['lowPatient', 'patient'],
  ] as const)
    it(`makes a caller of mode ${mode} from the national scope of the token ${name}`, async () => {
      const { through } = await tried(ground.policy(token), bearer(name));
      assert.equal(through?.caller?.mode, mode);
      assert.equal(through.caller.nhsNumber, name === 'patient' ? '9000000009' : undefined);
      assert.equal(through.caller.signIn?.level, live[name]?.signIn?.level);
    });

  for (const [name, status] of [
    ['elsewhere', 401],
    ['keyLevel', 401],
    ['weakPatient', 403],
    ['unsigned', 403],
    ['old', 401],
    ['dead', 401],
    ['unknown', 401],
  ] as const)
    it(`refuses the token ${name} with ${status}`, async () => {
      const refused = await tried(ground.policy(token), bearer(name));
      assert.equal(refused.status, status);
      if (status === 401)
        assert.equal(
          refused.problem?.headers?.['www-authenticate'],
          'Bearer realm="hello", error="invalid_token"',
        );
    });

  it('reads scopes under the name that the API has in them', async () => {
    const named = ground.policy(token, { api: 'another' });
    assert.equal((await tried(named, bearer('elsewhere'))).status, 200);
    assert.equal((await tried(named, bearer('nurse'))).status, 401);
  });

  it('R178 lets a token in only by its own app, person, job role and patient', async () => {
    const workers = [ground.policy(token, { modes: ['worker'] }), ground.policy(subscription)];
    const people = ground.policy(token, { modes: ['patient'], levels: ['p9'] });
    const refused = async (policies: Parameters<typeof tried>[0], name: string) =>
      (await tried(policies, bearer(name))).status;
    assert.equal(await refused(workers, 'nurse'), 200);
    for (const name of ['app', 'privileged', 'patient'])
      assert.equal(await refused(workers, name), 403);
    assert.equal(
      await refused([ground.policy(token), ground.policy(subscription)], 'stranger'),
      403,
    );
    const nurses = (code: string) => [...workers, ground.policy(roles, { any: [code] })];
    assert.equal(await refused(nurses('R8001'), 'nurse'), 200);
    assert.equal(await refused(nurses('R8000'), 'nurse'), 403);
    assert.equal(await refused(people, 'patient'), 200);
    for (const name of ['nurse', 'lowPatient', 'weakPatient'])
      assert.equal(await refused(people, name), 403);
  });

  it('takes the levels of sign-in that are listed, exactly, and asks apps on their own for none', async () => {
    const policy = ground.policy(token, { levels: ['aal3'] });
    for (const [name, status] of [
      ['nurse', 200],
      ['lowNurse', 403],
      ['patient', 403],
      ['app', 200],
    ] as const)
      assert.equal((await tried(policy, bearer(name))).status, status);
    assert.match(
      (await tried(policy, bearer('lowNurse'))).problem?.message ?? '',
      /at aal3, and this one is at aal1/,
    );
  });

  it('lets calls without a token in as nobody where that is said, and none with a token that has ended', async () => {
    const policy = ground.policy(token, { optional: true });
    assert.equal((await tried(policy, exchangeFor())).through?.caller, undefined);
    assert.equal((await tried(policy, bearer('nurse'))).through?.caller?.mode, 'worker');
    assert.equal((await tried(policy, bearer('old'))).status, 401);
  });

  it('refuses to be made with a table of callers that there is not', () => {
    assert.throws(() => ground.policy(token, { callers: 'none' }), /there are: standard/);
    assert.deepEqual(
      token.check?.({ callers: 'pds', api: 'x', optional: false }, ground.site()).length,
      1,
    );
  });

  describe('of which one is enough', () => {
    const either = { alternatives: [{ policy: 'api-key' }, { policy: 'token' }] };
    const both = (key: string, name: string) =>
      exchangeFor({
        headers: { apikey: key, authorization: `Bearer ${name}` },
        rawHeaders: ['Authorization', `Bearer ${name}`, 'apikey', key],
      });
    const withKey = (text: string) => exchangeFor({ headers: { apikey: text } });

    it('let in by a key or by a token', async () => {
      const policy = ground.policy(anyOf, either);
      assert.equal((await tried(policy, withKey(key))).through?.caller?.mode, 'app');
      const { through } = await tried(policy, bearer('nurse'));
      assert.equal(through?.caller?.mode, 'worker');
      assert.equal(entitlementOf(through), undefined);
      assert.equal((await tried(policy, both('wrong', 'nurse'))).through?.caller?.mode, 'worker');
    });

    it('answer with the refusal of what was sent, or of the first', async () => {
      const policy = ground.policy(anyOf, either);
      const texts = await Promise.all(
        [exchangeFor(), bearer('old'), withKey('wrong'), both('wrong', 'old')].map(
          async (exchange) => (await tried(policy, exchange)).problem?.message ?? '',
        ),
      );
      assert.match(texts[0] ?? '', /key is needed/);
      assert.equal(texts[1], 'Access Token expired');
      assert.match(texts[2] ?? '', /mistyped/);
      assert.match(texts[3] ?? '', /mistyped/);
    });

    it('forget whom a refused way in had found', async () => {
      const policy = ground.policy(anyOf, {
        alternatives: [{ policy: 'token', config: { modes: ['app'] } }, { policy: 'open' }],
      });
      const { through } = await tried(policy, bearer('nurse'));
      assert.equal(through?.facts.caller, undefined);
      const refusing = ground.policy(anyOf, {
        alternatives: [{ policy: 'token', config: { modes: ['app'] } }, { policy: 'api-key' }],
      });
      const exchange = bearer('nurse');
      assert.equal((await tried(refusing, exchange)).status, 403);
      assert.equal(exchange.facts.caller?.mode, 'worker');
    });

    it('call what is behind them once, and pass on what that throws', async () => {
      let calls = 0;
      const handler = ground.policy(
        anyOf,
        either,
      )(() => {
        calls++;
        return Promise.reject(new Error('behind'));
      });
      await assert.rejects(handler(withKey(key)), /behind/);
      assert.equal(calls, 1);
    });

    it('are refused with other settings than theirs, and with policies that do not say who calls', () => {
      const faults = anyOf.check?.(
        { alternatives: [{ policy: 'api-key', config: { header: 'x' } }, { policy: 'token' }] },
        ground.site(),
      );
      assert.match(faults?.join() ?? '', /alternatives\/0 \(api-key\)/);
      for (const policy of ['scopes', 'any-of', 'constructor'])
        assert.throws(
          () => ground.policy(anyOf, { alternatives: [{ policy }] }),
          /no policy that says/,
        );
    });
  });

  it('take no token beside the key of another app, in either order, and the person of one beside its own', async () => {
    const [byKey, byToken] = [ground.policy(apiKey), ground.policy(token)];
    const call = (name: string) =>
      exchangeFor({
        headers: { apikey: key, authorization: `Bearer ${name}` },
        rawHeaders: ['Authorization', `Bearer ${name}`, 'apikey', key],
      });
    for (const order of [
      [byKey, byToken],
      [byToken, byKey],
    ]) {
      const refused = await tried(order, call('stranger'));
      assert.deepEqual([refused.status, refused.problem?.code], [403, 'TWO_APPS']);
      const { through } = await tried(order, call('nurse'));
      assert.equal(through?.caller?.mode, 'worker');
      assert.equal(entitlementOf(through)?.appId, 'ward');
    }
  });

  it('R179 offers open, application-restricted and user-restricted access by choice, described, and keeps to it', async () => {
    const patterns = {
      open: ground.policy(open),
      key: ground.policy(apiKey),
      jwt: ground.policy(token, { modes: ['app'] }),
      worker: ground.policy(token, { modes: ['worker'], levels: ['aal3'] }),
      patient: ground.policy(token, { modes: ['patient'], levels: ['p9'] }),
    };
    const callers = {
      nobody: () => exchangeFor(),
      key: () => exchangeFor({ headers: { apikey: key } }),
      app: () => bearer('app'),
      nurse: () => bearer('nurse'),
      patient: () => bearer('patient'),
    };
    const seen = await Promise.all(
      Object.entries(patterns).map(async ([name, policy]) => {
        const statuses = await Promise.all(
          Object.values(callers).map(async (call) => (await tried(policy, call())).status),
        );
        return `${name} ${statuses.join(' ')}`;
      }),
    );
    assert.deepEqual(seen, [
      'open 200 200 200 200 200',
      'key 401 200 401 401 401',
      'jwt 401 401 200 403 403',
      'worker 401 401 403 200 403',
      'patient 401 401 403 403 200',
    ]);
    for (const { summary, schema } of [open, apiKey, token]) {
      assert.ok(summary.length > 40);
      const members: Record<string, { description?: string }> = Object(schema.properties);
      for (const [name, one] of Object.entries(members)) assert.ok(one.description, name);
    }
  });

  it('knows a caller from a token by the subscription that covers the operation', async () => {
    const chain = [ground.policy(token), ground.policy(subscription)];
    const { through } = await tried(chain, bearer('nurse'));
    assert.equal(through?.facts.product, 'gold');
    assert.equal(entitlementOf(through)?.subscriptionId, 'ward.sandbox.gold');
    const refusal = await tried(
      ground.policy(subscription),
      exchangeFor({ caller: callerIn('app', { appId: 'stranger' }) }),
    );
    assert.deepEqual([refusal.status, refusal.problem?.code], [403, 'NO_SUBSCRIPTION']);
    const national401 = await tried(
      ground.policy(subscription, { refuse: 'national' }),
      exchangeFor({ caller: callerIn('app', { appId: 'stranger' }) }),
    );
    assert.deepEqual(
      [national401.status, national401.problem?.message],
      [401, 'Invalid API call as no apiproduct match found'],
    );
    assert.equal((await tried(ground.policy(subscription), exchangeFor())).status, 401);
  });

  it('refuses an operation that no subscribed product covers, and everything after a suspension', async () => {
    await ground.app('narrow');
    await ground.product('narrow', { operations: { hello: ['GET /a/{id}'] } });
    await ground.subscribe('narrow', 'narrow');
    const ask = (path: string) =>
      tried(
        ground.policy(subscription),
        exchangeFor({ path, caller: callerIn('app', { appId: 'narrow' }) }),
      );
    assert.equal((await ask('/a/1')).status, 200);
    assert.equal((await ask('/b')).problem?.code, 'OPERATION_NOT_COVERED');
    await ground.subscribe('narrow', 'narrow', 'suspended');
    assert.equal((await ask('/a/1')).problem?.code, 'NO_SUBSCRIPTION');
  });
});
