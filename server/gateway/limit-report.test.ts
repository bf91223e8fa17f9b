import assert from 'node:assert/strict';
import { exchangeFor } from '../../test/exchange-for.ts';
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import type { Product } from '../catalogue/products.ts';
import type { PolicyUse, Proxy } from '../catalogue/proxies.ts';
import { createLimitCounters } from './limit-counters.ts';
import { limitAsks, limitPolicy } from './limit-policy.ts';
import { explainLimits, type LimitQuestion, type ReportOptions } from './limit-report.ts';
import { entitle, type PolicySite } from './policy.ts';

const now = Date.parse('2026-11-26T22:59:50Z');
const policies: readonly PolicyUse[] = [
  { policy: 'cors' },
  { policy: 'quota', config: { limit: 100, by: 'proxy' }, when: { required: ['user'] } },
  { policy: 'quota', config: { limit: 7, by: 'address' } },
  {
    policy: 'product-limits',
    config: { defaults: { quota: { limit: 1, interval: 1, unit: 'day' }, concurrency: 3 } },
  },
];
// What is read of each.
const app = {
  id: 'a',
  registrations: {
    production: { limits: { p: { spikeArrest: { rate: 1, per: 'second', burst: 4 } } } },
  },
} as unknown as App;
const product = {
  id: 'p',
  limits: { quota: { limit: 2, interval: 1, unit: 'hour' } },
} as unknown as Product;
const proxy = { id: 'production.x', api: 'x', environment: 'production' } as unknown as Proxy;
const limits = createLimitCounters({ now: () => now });
const definition = { base: '/x', policies } as ReturnType<ReportOptions['definition']>;
const catalogue = {
  app: (id: string) => (id === 'a' ? app : undefined),
  product: (id: string) => (id === 'p' ? product : undefined),
  proxy: (id: string) => (id === 'production.x' ? proxy : undefined),
  covering: () => [{ product }],
} as unknown as ReportOptions['catalogue'];

const explain = (question: Partial<LimitQuestion>) =>
  explainLimits(
    { catalogue, limits, now: () => now, definition: () => definition },
    { proxy: 'production.x', ...question },
  );

describe('report of limits', () => {
  it('tells of each limit where it is from, how it stands and when it frees, as calls meet it', async () => {
    const site = {
      ...{ proxy: 'production.x', environment: 'production', definition: { policies } },
      services: { clock: { now: () => now }, limits, catalogue },
    } as unknown as PolicySite; // what limits read of a site
    const uses = policies.slice(1).map(({ policy, config = {} }) => ({
      asks: limitAsks(policy, config, site),
    }));
    const handler = limitPolicy(uses, site)(() => Promise.resolve({ status: 200 }));
    for (let i = 0; i < 2; i++) {
      const exchange = exchangeFor({ environment: 'production' });
      entitle(exchange, { subscriptionId: 's', productId: 'p', appId: 'a' });
      await handler(exchange);
    }
    const told = await explain({ app: 'a' });
    assert.deepEqual(
      told.map(({ rule, ...rest }) => ({ kind: rule.kind, ...rest })),
      [
        {
          ...{ kind: 'quota', name: 'proxy', by: 'proxy', from: 'proxy', source: 'production.x' },
          ...{ conditional: true, remaining: 98 },
        },
        {
          ...{ kind: 'quota', name: 'address', by: 'address', from: 'proxy' },
          ...{ source: 'production.x', conditional: false },
        },
        {
          ...{ kind: 'quota', name: 'app', by: 'app', from: 'product', source: 'p' },
          ...{ conditional: false, remaining: 0, frees: now + 10_000 },
        },
        {
          ...{ kind: 'spike', name: 'app-spike', by: 'app', from: 'app', source: 'a' },
          ...{ conditional: false, remaining: 2 },
        },
        {
          ...{ kind: 'concurrency', name: 'concurrency', by: 'app', from: 'platform' },
          ...{ source: 'platform', conditional: false, remaining: 1 },
        },
      ],
    );
    assert.deepEqual(await explain({ app: 'a', product: 'p' }), told);
    const [, address] = await explain({ address: '127.0.0.1' });
    assert.equal(address?.remaining, 5);
  });

  for (const question of [{ proxy: 'production.y' }, { app: 'b' }, { app: 'a', product: 'q' }])
    it(`knows no ${JSON.stringify(question)}`, async () => {
      await assert.rejects(
        explain(question),
        (error) => error instanceof Problem && error.kind === 'not-found',
      );
    });
});
