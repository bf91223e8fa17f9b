import assert from 'node:assert/strict';
import { accessGround, type AccessGround } from '../../test/access-ground.ts';
import { backEndSite } from '../../test/back-end-ground.ts';
import type { BackendDefinition, PolicyUse } from '../catalogue/proxies.ts';
import { backendOf } from './backends/backend-of.ts';
import { definitionFaults } from './definition-faults.ts';
import { registry } from './policies/registry.ts';

const site = backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' });
const records = () => ({ handler: () => Promise.resolve({ status: 200 }) });
const services = {
  ...site.services,
  services: { hello: records, records },
  serviceApis: { records: 'demographics' },
};

let ground: AccessGround;

interface Wanted {
  readonly base?: string;
  readonly backend?: BackendDefinition;
  readonly id?: string;
  readonly policies?: readonly PolicyUse[];
}

function faultsOf({ base = '/mine', backend, id, policies }: Wanted) {
  return definitionFaults(
    {
      kinds: registry({}),
      backends: services,
      services: ground.services,
      edges: ['pds'],
      reserved: () => ['/management/v1', '/_sandbox', '/specifications'],
    },
    { ...site.api, id: id ?? 'mine' },
    'sandbox',
    {
      base,
      backend: backend ?? { kind: 'service', service: 'hello' },
      policies: policies ?? [{ policy: 'open' }],
    },
  ).map(({ at, message }) => `${at} ${message}`);
}

describe('what the gateway finds wrong with a definition', () => {
  before(async () => {
    ground = await accessGround();
  });
  after(() => ground.end());

  it('is nothing where all is well', () => {
    assert.deepEqual(faultsOf({}), []);
  });

  for (const base of ['/management', '/management/v1/x', '/Management/V1', '/SPECIFICATIONS/a'])
    it(`is that ${base} lies over what the platform serves, in any spelling`, () => {
      assert.match(faultsOf({ base }).join(), /^\/base .* the platform serves itself$/);
    });

  it('is not a base that only begins with the same letters', () => {
    assert.deepEqual(faultsOf({ base: '/management-of-beds' }), []);
  });

  const backend = { kind: 'service', service: 'records' } as const;

  it('is that the records of another API are to be shown', () => {
    assert.deepEqual(faultsOf({ backend }), [
      '/backend/service There is no such service for this API; there are: hello',
    ]);
    assert.deepEqual(faultsOf({ backend, id: 'demographics' }), []);
  });

  for (const service of ['constructor', '__proto__', 'nothing'])
    it(`is that there is no service ${service}`, () => {
      assert.match(faultsOf({ backend: { kind: 'service', service } }).join(), /no such service/);
    });

  it('also stands in the way of a revision that was put in the store by other means', () => {
    assert.throws(() => backendOf(backend, { ...site, services }), /another API/);
    const own = { ...site, services, api: { ...site.api, id: 'demographics' } };
    assert.ok(backendOf(backend, own).served);
  });

  const sources = (from: string) => ({ set: { 'X-Copy': { from } } });
  for (const [policy, config, reason] of [
    [
      'any-of',
      { alternatives: [{ policy: 'nothing' }] },
      /nothing is no policy that says who calls/,
    ],
    ['token', { callers: 'nobody' }, /no table of callers named nobody/],
    ['headers', sources('request.header.Authorization'), /proves who calls, and stays here/],
    ['headers', sources('request.header.APIKEY'), /proves who calls/],
    ['headers', { rename: { 'ocp-apim-subscription-key': 'X-Copy' } }, /under no name/],
    ['query', sources('request.header.ocp-apim-subscription-key'), /proves who calls/],
    ['body', { set: [{ pointer: '/x', from: 'request.header.authorization' }] }, /proves who/],
    ['response-headers', sources('request.header.authorization'), /proves who calls/],
  ] as const)
    it(`is what shows when ${policy} is made of ${JSON.stringify(config)}`, () => {
      const [fault = '', ...others] = faultsOf({
        policies: [{ policy: 'open' }, { policy, config }],
      });
      assert.match(fault, reason);
      assert.match(fault, new RegExp(`^/policies/1 ${policy}: `));
      assert.deepEqual(others, []);
    });
});
