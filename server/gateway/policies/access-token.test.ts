import assert from 'node:assert/strict';
import type { Caller, Exchange, Handler } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import type { JudgedToken } from '../judged-token.ts';
import { accessToken, optionalToken } from './access-token.ts';

interface Facts {
  readonly appId: string;
}

const caller = (appId: string): Caller => ({
  ...{ appId, appName: appId, mode: 'app' as const, scopes: [] },
  grants: new Set(),
});

const known: Readonly<Record<string, JudgedToken<Facts>>> = {
  live: { state: 'live', facts: { appId: 'app-1' } },
  old: { state: 'expired' },
  dead: { state: 'revoked' },
  elsewhere: { state: 'live', facts: { appId: 'no-product' } },
  low: { state: 'live', facts: { appId: 'low-level' } },
};

const asked: [string, string][] = [];
const options = {
  realm: 'an-api',
  judge: (token: string, environment: string) => {
    asked.push([token, environment]);
    return Promise.resolve(known[token] ?? { state: 'unknown' as const });
  },
  toCaller: ({ appId }: Facts): Caller => {
    if (appId === 'no-product') throw new Problem('unauthenticated', 'no product covers this');
    if (appId === 'low-level') throw new Problem('forbidden', 'level too low');
    return caller(appId);
  },
  refusedCaller: ({ appId }: Facts) => caller(appId),
};

const sendsCaller: Handler = (exchange) =>
  Promise.resolve({ status: 200, body: exchange.caller?.appId ?? 'nobody' });
const openLane = (next: Handler) => (exchange: Exchange) =>
  next(exchange.with({ caller: caller('the open lane') }));

function sent(authorization?: string): Exchange {
  const raw = authorization === undefined ? [] : ['Authorization', authorization];
  return exchangeFor({ environment: 'uat', headers: { authorization }, rawHeaders: raw });
}

async function refusal(handler: Handler, exchange: Exchange): Promise<Problem> {
  return handler(exchange).then(
    () => assert.fail('let through'),
    (error: unknown) => Problem.from(error),
  );
}

const compulsory = accessToken(options)(sendsCaller);
const welcome = optionalToken(options, openLane)(sendsCaller);

describe('policy of access tokens', () => {
  it('gives a live token its caller, here and in the facts of the call, judged in its environment', async () => {
    const exchange = sent('Bearer live');
    assert.equal((await compulsory(exchange)).body, 'app-1');
    assert.equal(exchange.facts.caller?.appId, 'app-1');
    assert.deepEqual(asked.at(-1), ['live', 'uat']);
  });

  const refused: readonly (readonly [field: string | undefined, text: string, error: boolean])[] = [
    [undefined, 'Missing Authorization header', false],
    ['', 'Empty Authorization header', false],
    ['Bearer', 'Missing access token', true],
    ['Basic x', "Invalid token type 'Basic', must be 'Bearer'", true],
    ['Bearer a b', 'Invalid Authorization header', true],
    ['Bearer strange', 'Invalid Access Token', true],
    ['Bearer dead', 'Invalid Access Token', true],
    ['Bearer old', 'Access Token expired', true],
    ['Bearer elsewhere', 'no product covers this', true],
  ];
  for (const [field, text, error] of refused)
    it(`refuses ${field === undefined ? 'no field' : `"${field}"`} and says: ${text}`, async () => {
      const problem = await refusal(compulsory, sent(field));
      assert.equal(problem.status, 401);
      assert.equal(problem.message, text);
      assert.equal(
        problem.headers?.['www-authenticate'],
        `Bearer realm="an-api"${error ? ', error="invalid_token"' : ''}`,
      );
    });

  it('lets the audit name who held a living token that is refused', async () => {
    for (const [token, app] of [
      ['elsewhere', 'no-product'],
      ['low', 'low-level'],
    ] as const) {
      const exchange = sent(`Bearer ${token}`);
      await refusal(compulsory, exchange);
      assert.equal(exchange.facts.caller?.appId, app);
    }
  });

  it('hands on the refusal of the table as it is', async () => {
    const problem = await refusal(compulsory, sent('Bearer low'));
    assert.deepEqual([problem.status, problem.message], [403, 'level too low']);
  });

  it('looks no token up that is none', async () => {
    const before = asked.length;
    for (const field of [undefined, '', 'Bearer', 'Basic x'])
      await refusal(compulsory, sent(field));
    assert.equal(asked.length, before);
  });
});

describe('policy of tokens that are welcome', () => {
  it('lets a live token select the caller', async () => {
    assert.equal((await welcome(sent('Bearer live'))).body, 'app-1');
  });

  for (const field of [undefined, '', 'Bearer strange', 'Basic x', 'Bearer'])
    it(`leaves ${field === undefined ? 'no field' : `"${field}"`} to the open lane`, async () => {
      assert.equal((await welcome(sent(field))).body, 'the open lane');
    });

  for (const token of ['dead', 'old', 'elsewhere'])
    it(`refuses a token that was once ours: ${token}`, async () => {
      assert.equal((await refusal(welcome, sent(`Bearer ${token}`))).status, 401);
    });
});
