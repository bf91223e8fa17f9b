import assert from 'node:assert/strict';
import { Schemas } from '../../core/schema.ts';
import { cors } from '../gateway/policies/cors.ts';
import { registry } from '../gateway/policies/registry.ts';
import { requestIds } from '../gateway/policies/request-ids.ts';
import { sizeLimit } from '../gateway/policies/size-limit.ts';
import { toDefinitions } from './api-templates.ts';
import { apiFromNothing } from './first-document.ts';
import { readOpenApi } from './openapi/read.ts';
import type { PolicyUse, ProxyDefinition } from './proxies.ts';
import { checkScope } from './scopes.ts';

const api = { id: 'greet', title: 'Greet' };

const documentWith = (more: object) =>
  readOpenApi(
    JSON.stringify({
      openapi: '3.0.3',
      info: { title: 'Greet', version: '1.0.0' },
      paths: { '/a': { get: { operationId: 'a', responses: { 200: { description: 'ok' } } } } },
      ...more,
    }),
  ).document;

const definitionsOf = (more: object, options = {}) =>
  toDefinitions(documentWith(more), api, { specification: 'x', ...options });

const uses = ({ policies }: ProxyDefinition, name: string) =>
  policies.filter(({ policy }) => policy === name);

/** Whether every policy is one of the registry, with settings that it takes. */
const wrong = ({ policies }: ProxyDefinition) => {
  const kinds = registry({ cors, 'request-ids': requestIds, 'size-limit': sizeLimit });
  const faults = (use: PolicyUse): string[] => {
    const kind = kinds.get(use.policy);
    if (!kind) return [`no policy ${use.policy}`];
    const alternatives = (use.config?.alternatives ?? []) as PolicyUse[]; // as any-of has them
    const own = new Schemas([], { useDefaults: true }).faults(kind.schema)(
      structuredClone(use.config ?? {}),
    );
    return [
      ...own.map(({ message }) => `${use.policy} ${message}`),
      ...alternatives.flatMap(faults),
    ];
  };
  return policies.flatMap(faults);
};

const national = {
  temporary: false,
  access: [
    { title: 'User restricted', grants: { 'nhs-cis2-aal3': ['extra:scope'], 'nhs-login-P9': [] } },
    {
      title: 'Application restricted',
      grants: { 'app-level0': [], 'app-level3': [], 'app-level9': [] },
    },
  ],
  target: {
    type: 'external',
    url: 'https://back.example/base/',
    healthcheck: '/_status',
    security: { type: 'mtls', secret: 'cert-1' },
  },
  'target-identity': [{ name: 'cis2-uuid' }],
  'target-attributes': [
    { name: 'party-key', header: 'X-Party', required: true },
    { name: 'developer.app.name', header: 'X-App' },
  ],
  ratelimiting: {
    proxy: { limit: 100, timeunit: 'second' },
    'app-default': { limit: 5, timeunit: 'minute' },
  },
};

describe('definitions of an API from its document', () => {
  it('come from the older national block, and run', () => {
    const { sandbox, other, products, warnings } = definitionsOf({ 'x-nhsd-apim': national });
    assert.deepEqual([wrong(sandbox), wrong(other)], [[], []]);
    assert.deepEqual(other.backend, {
      kind: 'http',
      url: 'https://back.example/base',
      healthcheck: '/_status',
      security: { kind: 'mtls', secret: 'cert-1' },
    });
    assert.deepEqual(uses(other, 'any-of')[0]?.config, {
      alternatives: [
        {
          policy: 'token',
          config: { modes: ['worker', 'patient', 'app'], levels: ['aal3', 'p9'] },
        },
        { policy: 'api-key' },
      ],
    });
    assert.equal(uses(other, 'subscription').length, 1);
    assert.deepEqual(uses(other, 'quota')[0]?.config, {
      limit: 100,
      interval: 1,
      unit: 'second',
      by: 'proxy',
    });
    assert.deepEqual(uses(other, 'product-limits')[0]?.config, {
      defaults: { quota: { limit: 5, interval: 1, unit: 'minute' } },
    });
    assert.deepEqual(uses(other, 'headers')[0]?.config, {
      set: {
        'X-Party': { from: 'app.attribute.party-key', required: true },
        'X-App': { from: 'app.name' },
      },
    });
    assert.deepEqual(
      products.map(({ id, scopes }) => [id, scopes]),
      [
        [
          'greet-user-restricted',
          [
            'urn:nhsd:apim:user-nhs-cis2:aal3:greet',
            'extra:scope',
            'urn:nhsd:apim:user-nhs-login:P9:greet',
          ],
        ],
        [
          'greet-application-restricted',
          ['urn:nhsd:apim:app:level0:greet', 'urn:nhsd:apim:app:level3:greet'],
        ],
      ],
    );
    assert.equal(
      warnings.filter((one) => one.startsWith('/x-nhsd-apim/')).length,
      2,
      warnings.join('\n'),
    );
  });

  it('have a sandbox that everybody may call, answered by examples or on this machine', () => {
    const { sandbox } = definitionsOf({ 'x-nhsd-apim': national });
    assert.deepEqual(sandbox.backend, { kind: 'mock' });
    assert.deepEqual(uses(sandbox, 'any-of')[0]?.config, {
      alternatives: [{ policy: 'api-key' }, { policy: 'open' }],
    });
    assert.equal(uses(sandbox, 'subscription').length, 0);
    const { sandbox: own } = definitionsOf({}, { sandboxUrl: 'http://127.0.0.1:4000/' });
    assert.deepEqual(own.backend, { kind: 'http', url: 'http://127.0.0.1:4000' });
  });

  it('come from our own block, which wins', () => {
    const { other, products } = definitionsOf({
      'x-nhsd-apim': national,
      'x-gatehouse': {
        base: '/hello/v2',
        access: [{ mode: 'worker' }],
        target: { url: 'http://10.0.0.1' },
        limits: { proxy: { spikeArrest: { rate: 10 }, concurrency: 5 } },
        policies: [{ policy: 'network', config: {} }],
      },
    });
    assert.equal(other.base, '/hello/v2');
    assert.deepEqual(uses(other, 'token')[0]?.config, { modes: ['worker'] });
    assert.deepEqual(uses(other, 'spike-arrest')[0]?.config, {
      rate: 10,
      per: 'second',
      by: 'proxy',
    });
    assert.equal(uses(other, 'network').length, 1);
    assert.deepEqual(
      products.map(({ id }) => id),
      ['greet'],
    );
    for (const scope of products.flatMap(({ scopes }) => scopes)) checkScope(scope);
  });

  for (const [title, more, ways] of [
    ['everybody, where the block says so', { 'x-nhsd-apim': { access: [] } }, ['open']],
    ['everybody, where security is an empty list', { security: [] }, ['open']],
    ['whoever has a key, where nothing is said', {}, ['api-key', 'subscription']],
    [
      'apps with a token, where there is a bearer scheme',
      { components: { securitySchemes: { b: { type: 'http', scheme: 'bearer' } } } },
      ['token', 'subscription'],
    ],
    [
      'nobody without a Product, where the list of ours is empty',
      { 'x-gatehouse': { access: [] } },
      ['api-key', 'subscription'],
    ],
  ] as const)
    it(`let in ${title}`, () => {
      const { other, products } = definitionsOf(more);
      const names = ['open', 'api-key', 'token', 'any-of', 'subscription'];
      assert.deepEqual(
        other.policies.map(({ policy }) => policy).filter((one) => names.includes(one)),
        ways,
      );
      assert.equal(products.length, ways[0] === 'open' || 'x-gatehouse' in more ? 0 : 1);
    });

  for (const [servers, base] of [
    [[{ url: 'https://sandbox.api.example/hello-world' }], '/hello-world'],
    [[{ url: 'https://api.example/' }, { url: '/v1/' }], '/v1'],
    [[{ url: 'https://api.example/{version}' }], '/greet'],
    [[{ url: 'https://api.example/a/../b' }], '/greet'],
    [undefined, '/greet'],
  ] as const)
    it(`lie at ${base} for servers ${JSON.stringify(servers)}`, () => {
      assert.equal(definitionsOf({ servers }).other.base, base);
    });

  for (const [title, block, message] of [
    ['an unknown member', { acces: [] }, /^\/x-gatehouse: .*additional/],
    [
      'an unknown mode',
      { access: [{ mode: 'everyone' }] },
      /^\/x-gatehouse: access\/0\/mode must be one of/,
    ],
    [
      'a target without an address',
      { target: { url: 'file:///etc/passwd' } },
      /^\/x-gatehouse: target\/url/,
    ],
    [
      'a certificate without its secret',
      { target: { url: 'https://a.example', security: { kind: 'mtls' } } },
      /secret/,
    ],
    ['no object', 7, /^\/x-gatehouse must be an object/],
  ] as const)
    it(`are refused for ${title} in our block`, () => {
      assert.throws(() => definitionsOf({ 'x-gatehouse': block }), { kind: 'invalid', message });
    });

  it('come from nothing as well', () => {
    const document = apiFromNothing({
      ...api,
      description: '',
      contact: 'https://example.com/help',
    });
    const { other, sandbox, warnings } = toDefinitions(document, api, { specification: 'x' });
    assert.deepEqual(
      [other.base, other.backend, sandbox.backend],
      ['/greet', { kind: 'mock' }, { kind: 'mock' }],
    );
    assert.match(warnings.join(), /no back end is named/);
  });

  it('warn where operations differ in who may call', () => {
    const operation = (name: string) => ({ get: { security: [{ [name]: [] }], responses: {} } });
    const { warnings } = definitionsOf({
      'x-nhsd-apim': national,
      paths: { '/a': operation('a'), '/b': operation('b') },
    });
    assert.match(warnings.join(), /operations differ in who may call/);
  });
});
