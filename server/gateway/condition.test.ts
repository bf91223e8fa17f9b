import assert from 'node:assert/strict';
import type { Caller } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import type { App } from '../catalogue/apps.ts';
import { compileCondition, conditional, conditionFaults } from './condition.ts';
import { entitle } from './policy.ts';

const nurse: Caller = {
  ...{ appId: 'ward', appName: 'Ward round', mode: 'worker', scopes: ['one', 'two'] },
  ...{ userId: '555', role: '111', grants: new Set<string>() },
  signIn: {
    ...{ provider: 'nhs-cis2', issuer: 'https://cis2.example', level: 'aal3' },
    roles: [{ id: '111', code: 'S8000:G8000:R8001', name: 'Nurse', odsCode: 'A99' }],
  },
};

/** A schema that asks for one value at a place: `request.method`. */
function asks(place: string, value: object): Record<string, unknown> {
  return place
    .split('.')
    .reduceRight<Record<string, unknown>>(
      (inner, name) => ({ type: 'object', properties: { [name]: inner }, required: [name] }),
      { ...value },
    );
}

const holds = (schema: Record<string, unknown>, fields: Parameters<typeof exchangeFor>[0]) =>
  compileCondition(schema)(exchangeFor(fields));

describe('conditions of policies', () => {
  const facts: readonly (readonly [place: string, value: object])[] = [
    ['request.method', { const: 'POST' }],
    ['request.path', { pattern: '^/Patient/[^/]+$' }],
    ['request.headers.x-lane', { enum: ['slow'] }],
    ['request.query._count', { pattern: '^[0-9]{3,}$' }],
    ['app.id', { const: 'ward' }],
    ['app.name', { const: 'Ward round' }],
    ['app.mode', { enum: ['worker', 'patient'] }],
    ['app.scopes', { contains: { const: 'two' } }],
    ['app.product', { const: 'gold' }],
    ['app.attributes.smart', { const: 'yes' }],
    ['user.id', { const: '555' }],
    ['user.role', { pattern: ':R8001$' }],
    ['user.level', { const: 'aal3' }],
  ];
  const call = () => {
    const exchange = exchangeFor({
      ...{ method: 'POST', path: '/Patient/1', headers: { 'x-lane': 'slow' } },
      ...{ rawQuery: '_count=500', caller: nurse },
    });
    entitle(exchange, { subscriptionId: 's', productId: 'gold', appId: 'ward' });
    return exchange;
  };
  const catalogue = {
    app: () => ({ registrations: { sandbox: { attributes: { smart: 'yes' } } } }) as unknown as App, // all that is read
  };
  for (const [place, value] of facts)
    it(`see ${place}`, () => {
      const condition = compileCondition(asks(place, value), catalogue);
      assert.equal(condition(call()), true);
      assert.equal(condition(exchangeFor({ method: 'DELETE', path: '/' })), false);
    });

  it('join what a query names twice, as header fields are joined', () => {
    const schema = asks('request.query.a', { const: '1,2' });
    assert.equal(holds(schema, { rawQuery: 'a=1&a=2' }), true);
  });

  for (const path of ['/%61dmin', '/x/../admin', '/x/%2e%2e/admin', '//admin', '/./admin'])
    it(`see through the spelling ${path}`, () => {
      assert.equal(holds(asks('request.path', { pattern: '^/admin' }), { path }), true);
    });

  it('show a path that cannot be decoded as sent', () => {
    assert.equal(holds(asks('request.path', { const: '/%zz' }), { path: '/%zz' }), true);
  });

  it('are not led astray by parameters with the names of what every object has', () => {
    const rawQuery = '__proto__=x&constructor=y';
    assert.equal(holds(asks('request.query.constructor', { const: 'y' }), { rawQuery }), true);
    assert.equal(holds(asks('request.query.toString', {}), { rawQuery }), false);
  });

  it('let a policy apply or stand aside', async () => {
    const refuses = () => () => Promise.reject(new Problem('forbidden', 'no'));
    const condition = compileCondition(asks('request.method', { const: 'POST' }));
    const handler = conditional(condition, refuses)(() => Promise.resolve({ status: 200 }));
    assert.equal((await handler(exchangeFor())).status, 200);
    await assert.rejects(handler(exchangeFor({ method: 'POST' })), /no/);
  });

  for (const [schema, why] of [
    [{ properties: { reqest: {} } }, /there is no reqest; there are: request, app, user/],
    [{ required: ['token'] }, /there is no token/],
    [{ anyOf: [{ properties: { user: { properties: { levl: {} } } } }] }, /no user\.levl/],
    [{ propertes: {} }, /unknown keyword/],
    [{ type: 'objekt' }, /type/],
    [{ $ref: '#' }, /\$ref/],
    [{ not: { $id: 'x' } }, /\$id/],
    [asks('request.path', { format: 'uri' }), /format/],
    [asks('request.path', { pattern: '(' }), /Invalid regular expression/],
    [asks('request.path', { pattern: '(a)\\1' }), /linear time/],
    [asks('request.headers', { patternProperties: { '(?=x)': { const: 1 } } }), /look around/],
    [{ enum: ['x'.repeat(17_000)] }, /16384 characters/],
  ] as const)
    it(`are refused with a reason: ${JSON.stringify(schema).slice(0, 60)}`, () => {
      assert.match(conditionFaults(schema).join(), why);
    });

  it('may ask for a parameter that bears the name of a keyword that is refused', () => {
    assert.deepEqual(conditionFaults(asks('request.query.format', { const: 'json' })), []);
  });

  it('cost a long path no more than they cost a short one, for each character', () => {
    const condition = compileCondition(asks('request.path', { pattern: '^/(a+)+$' }));
    const started = process.cpuUsage();
    assert.equal(condition(exchangeFor({ path: `/${'a'.repeat(16_000)}!` })), false);
    assert.ok(process.cpuUsage(started).user < 2_000_000);
  });
});
