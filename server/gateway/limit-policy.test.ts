import assert from 'node:assert/strict';
import { exchangeFor } from '../../test/exchange-for.ts';
import type { Caller, Exchange, Handler, Reply, Sent } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { App, Registration } from '../catalogue/apps.ts';
import type { Product, RateLimits } from '../catalogue/products.ts';
import type { ProxyDefinition } from '../catalogue/proxies.ts';
import { createLimitCounters } from './limit-counters.ts';
import { limitAsks, limitPolicy } from './limit-policy.ts';
import type { Limits } from './limits.ts';
import { concurrency } from './policies/concurrency.ts';
import { productLimits } from './policies/product-limits.ts';
import { quota } from './policies/quota.ts';
import { spikeArrest } from './policies/spike-arrest.ts';
import { entitle, type PolicyKind, type PolicySite } from './policy.ts';
import { Schemas } from '../../core/schema.ts';

const start = Date.parse('2026-11-26T22:59:50Z');

const kinds: Readonly<Record<string, PolicyKind>> = {
  quota,
  concurrency,
  'spike-arrest': spikeArrest,
  'product-limits': productLimits,
};

interface Setup {
  readonly definition?: Partial<ProxyDefinition>;
  readonly product?: RateLimits;
  readonly own?: RateLimits;
  readonly limits?: (inner: Limits) => Limits;
}

/** A site at which apps `a` and `b` call by a Product, the first perhaps with limits of its own. */
function siteOf({ definition, product, own, limits = (inner) => inner }: Setup = {}) {
  const clock = { now: start };
  const apps = new Map(['a', 'b'].map((id) => [id, appOf(id, id === 'a' ? own : undefined)]));
  const made: Product = {
    ...{ id: 'p', name: 'P', description: '', apis: ['x'], scopes: [], approval: 'automatic' },
    ...(product ? { limits: product } : {}),
  };
  const counters = limits(createLimitCounters({ now: () => clock.now }));
  const site = {
    environment: 'production',
    proxy: 'production.x',
    definition: { base: '/x', policies: [], ...definition },
    services: {
      clock: { now: () => clock.now },
      limits: counters,
      catalogue: {
        app: (id: string) => apps.get(id),
        product: (id: string) => (id === 'p' ? made : undefined),
      },
    },
  } as unknown as PolicySite; // what limits read of a site
  return { site, clock, apps, counters };
}

function appOf(id: string, own?: RateLimits): App {
  // Its limits are all that is read of a registration.
  const registration = { ...(own ? { limits: { p: own } } : {}) } as unknown as Registration;
  return {
    ...{ id, name: `App ${id}`, description: '', owner: 'X26', kinds: [], contact: '' },
    created: 0,
    registrations: { production: registration },
  };
}

function policyOf(site: PolicySite, uses: readonly [policy: string, config: object][]) {
  return limitPolicy(
    uses.map(([policy, config]) => ({ asks: limitAsks(policy, config, site) })),
    site,
  );
}

/** A call by an app, or by nobody; `end` is what the front does when the answer has gone. */
function call(app?: string, address = '192.0.2.1'): Exchange & { end?: () => void } {
  const endings: ((sent: Sent) => void)[] = [];
  const caller: Caller | undefined =
    app === undefined
      ? undefined
      : { appId: app, appName: `App ${app}`, mode: 'app', scopes: [], grants: new Set() };
  const exchange = exchangeFor({
    ...{ environment: 'production', caller, peer: { address, secure: true } },
    onEnd: (fn: (sent: Sent) => void) => endings.push(fn),
  });
  if (app !== undefined) entitle(exchange, { subscriptionId: 's', productId: 'p', appId: app });
  return Object.assign(exchange, {
    end: () => {
      for (const fn of endings) fn({ status: 200, bytes: 0, complete: true });
    },
  });
}

const ok: Handler = () => Promise.resolve({ status: 200, headers: { etag: 'W/"1"' } });

async function refusal(promise: Promise<Reply>): Promise<Problem> {
  return promise.then(
    () => assert.fail('let through'),
    (error: unknown) => {
      assert.ok(error instanceof Problem);
      return error;
    },
  );
}

const pds = { faults: 'pds' };
const rateLimits =
  'https://digital.nhs.uk/developer/guides-and-documentation/reference-guide#rate-limits';

describe('policy of limits', () => {
  it('tells on each answer how limits stand, the one closest to exhaustion first', async () => {
    const { site } = siteOf();
    const handler = policyOf(site, [
      ['quota', { limit: 100, by: 'proxy' }],
      ['quota', { limit: 4, unit: 'hour' }],
      ['spike-arrest', { rate: 5 }],
      ['concurrency', { max: 10 }],
    ])(ok);
    await handler(call('a'));
    const { status, headers } = await handler(call('a'));
    assert.equal(status, 200);
    assert.deepEqual(headers, {
      etag: 'W/"1"',
      'ratelimit-policy':
        '"proxy";q=100;w=60, "app";q=4;w=3600, "app-spike";q=30;w=6, "concurrency";q=10;qu="concurrent-requests"',
      ratelimit: '"app";r=2;t=10, "concurrency";r=8, "app-spike";r=28;t=1, "proxy";r=98;t=60',
    });
  });

  it('refuses the app that is over its limit and leaves another alone', async () => {
    const { site } = siteOf({ product: { quota: { limit: 1, interval: 1, unit: 'minute' } } });
    const handler = policyOf(site, [['product-limits', {}]])(ok);
    assert.equal((await handler(call('a'))).status, 200);
    assert.equal((await refusal(handler(call('a')))).status, 429);
    assert.equal((await handler(call('b'))).status, 200);
  });

  it('refuses with a true Retry-After, the name of the limit, and when it frees', async () => {
    const { site, clock } = siteOf();
    const handler = policyOf(site, [['quota', { limit: 1, interval: 2, unit: 'minute' }]])(ok);
    await handler(call('a'));
    clock.now += 30_500;
    const exchange = call('a');
    const problem = await refusal(handler(exchange));
    assert.equal(problem.kind, 'throttled');
    assert.equal(problem.code, 'TOO_MANY_REQUESTS');
    assert.equal(exchange.facts.limit, 'app');
    assert.equal(
      problem.message,
      'Your application, App a, has exceeded its quota of 1 requests every 2 minute(s) and is being rate limited. The limit "app" frees in 90 second(s).',
    );
    assert.deepEqual(problem.headers, {
      'retry-after': '90',
      'ratelimit-policy': '"app";q=1;w=120',
      ratelimit: '"app";r=0;t=90',
    });
    clock.now += 90_000;
    assert.equal((await handler(call('a'))).status, 200);
  });

  const published: readonly (readonly [string, object, RegExp | string])[] = [
    [
      'quota',
      { limit: 1, unit: 'second' },
      `Your application, App a, has exceeded its quota of 1 requests every 1 second(s) and is being rate limited. Please see: ${rateLimits} for more details.`,
    ],
    [
      'quota',
      { limit: 1, by: 'proxy' },
      `This API is currently receiving a high volume of requests and is being rate limited. Please see: ${rateLimits} for more details.`,
    ],
    ['spike-arrest', { rate: 3, burst: 1 }, /^Your application, App a, is sending requests faster/],
    [
      'spike-arrest',
      {
        rate: 3,
        burst: 1,
        message: 'There have been too many Create Patient requests. Please try again later.',
      },
      'There have been too many Create Patient requests. Please try again later.',
    ],
  ];
  for (const [policy, config, sentence] of published)
    it(`tells on the PDS face what PDS publishes: ${policy} ${JSON.stringify(config).slice(0, 40)}`, async () => {
      const { site } = siteOf({ definition: pds });
      const handler = policyOf(site, [[policy, config]])(ok);
      await handler(call('a'));
      const { message } = await refusal(handler(call('a')));
      if (typeof sentence === 'string') assert.equal(message, sentence);
      else assert.match(message, sentence);
    });

  it("lets the app's own limit win over the Product's, and that over the platform's", async () => {
    const { site } = siteOf({
      product: {
        quota: { limit: 7, interval: 1, unit: 'day' },
        spikeArrest: { rate: 60, per: 'minute' },
      },
      own: { quota: { limit: 9, interval: 1, unit: 'day' } },
    });
    const defaults: RateLimits = {
      quota: { limit: 5, interval: 1, unit: 'day' },
      spikeArrest: { rate: 1, per: 'second' },
      concurrency: 3,
    };
    const handler = policyOf(site, [['product-limits', { defaults }]])(ok);
    const policies = async (app: string) =>
      (await handler(call(app))).headers?.['ratelimit-policy'];
    assert.equal(
      await policies('a'),
      '"app";q=9;w=86400, "app-spike";q=6;w=6, "concurrency";q=3;qu="concurrent-requests"',
    );
    assert.match(String(await policies('b')), /^"app";q=7;w=86400/);
  });

  it('follows a limit that changes at once', async () => {
    const { site, apps } = siteOf({ own: { quota: { limit: 9, interval: 1, unit: 'day' } } });
    const handler = policyOf(site, [['product-limits', {}]])(ok);
    await handler(call('a'));
    apps.set('a', appOf('a', { quota: { limit: 2, interval: 1, unit: 'day' } }));
    assert.match(String((await handler(call('a'))).headers?.ratelimit), /^"app";r=0/);
  });

  it('takes a refused call from no other limit', async () => {
    const { site } = siteOf();
    const handler = policyOf(site, [
      ['quota', { limit: 10, by: 'proxy' }],
      ['quota', { limit: 1 }],
    ])(ok);
    await handler(call('a'));
    for (let i = 0; i < 20; i++) await refusal(handler(call('a')));
    assert.match(String((await handler(call('b'))).headers?.ratelimit), /"proxy";r=8/);
  });

  it('counts two limits of one name apart, and names them apart', async () => {
    const { site } = siteOf();
    const handler = policyOf(site, [
      ['quota', { limit: 5, unit: 'second' }],
      ['quota', { limit: 300 }],
      ['product-limits', { defaults: { concurrency: 2 } }],
      ['concurrency', { max: 9 }],
    ])(ok);
    const { headers } = await handler(call('a'));
    assert.equal(
      headers?.['ratelimit-policy'],
      '"app";q=5;w=1, "app-2";q=300;w=60, "concurrency-3";q=2;qu="concurrent-requests", "concurrency-4";q=9;qu="concurrent-requests"',
    );
  });

  it('counts who has no app by source address, and a network of IPv6 as one', async () => {
    const { site } = siteOf();
    const handler = policyOf(site, [['quota', { limit: 1, by: 'address' }]])(ok);
    const policies = [
      ['192.0.2.1', 200],
      ['::ffff:192.0.2.1', 429],
      ['192.0.2.2', 200],
      ['2001:db8::1', 200],
      ['2001:0DB8:0:0:ffff::2', 429],
      ['2001:db8:0:1::1', 200],
    ] as const;
    for (const [address, status] of policies) {
      const answered = await handler(call(undefined, address)).catch((error: unknown) =>
        Problem.from(error),
      );
      assert.equal(answered.status, status, address);
    }
    const byApp = policyOf(site, [['quota', { limit: 1 }]])(ok);
    await byApp(call(undefined));
    assert.match((await refusal(byApp(call(undefined)))).message, /^Your source address has/);
    assert.equal((await byApp(call('a'))).status, 200);
  });

  it('holds a place among running calls until the answer has been sent', async () => {
    const { site } = siteOf();
    const handler = policyOf(site, [['concurrency', { max: 1, lease: 20 }]])(ok);
    const first = call('a');
    await handler(first);
    const problem = await refusal(handler(call('a')));
    assert.equal(problem.headers?.['retry-after'], '20');
    assert.match(problem.message, /^Your application, App a, has reached its limit of 1 requests/);
    first.end?.();
    assert.equal((await handler(call('a'))).status, 200);
  });

  it('applies only where its condition holds', async () => {
    const { site } = siteOf();
    const asks = limitAsks('quota', { limit: 1 }, site);
    const applies = ({ method }: Exchange) => method === 'POST';
    const handler = limitPolicy([{ asks, applies }], site)(ok);
    await handler(call('a'));
    assert.deepEqual((await handler(call('a'))).headers, { etag: 'W/"1"' });
  });

  it('stands on what is refused behind it too, whose row, code and fields stay', async () => {
    const { site } = siteOf();
    const row = { status: 422 };
    const handler = policyOf(site, [['quota', { limit: 5 }]])(() => {
      throw new Problem('invalid', 'no', { code: 'X', row, headers: { allow: 'GET' } });
    });
    const { status, code, headers } = await refusal(handler(call('a')));
    assert.deepEqual([status, code, headers?.allow], [422, 'X', 'GET']);
    assert.equal(headers?.ratelimit, '"app";r=4;t=60');
  });

  it('waits for limits that are counted elsewhere', async () => {
    const { site } = siteOf({
      limits: (inner) => ({
        release: (asks) => {
          inner.release(asks);
        },
        look: (asks) => inner.look(asks),
        take: (asks) => Promise.resolve(inner.take(asks)),
      }),
    });
    const handler = policyOf(site, [['quota', { limit: 1 }]])(ok);
    assert.equal((await handler(call('a'))).status, 200);
    assert.equal((await refusal(handler(call('a')))).status, 429);
  });

  it('has settings with a description each, and works with no more than is required', async () => {
    const least: Readonly<Record<string, object>> = {
      quota: { limit: 2 },
      'spike-arrest': { rate: 2 },
      concurrency: { max: 2 },
      'product-limits': { defaults: { concurrency: 2 } },
    };
    const schemas = new Schemas([], { useDefaults: true });
    for (const [name, kind] of Object.entries(kinds)) {
      const config = structuredClone(least[name] ?? {});
      const faults = schemas.faults(kind.schema);
      assert.deepEqual(faults(config), []);
      assert.notDeepEqual(faults({ ...config, other: 1 }), []);
      for (const one of Object.values(kind.schema.properties ?? {}))
        assert.equal(typeof one.description, 'string');
      assert.equal((await kind.create(config, siteOf().site)(ok)(call('a'))).status, 200);
    }
  });

  it('is none of an unknown name', () => {
    assert.throws(() => limitAsks('toString', {}, siteOf().site), Problem);
  });
});
