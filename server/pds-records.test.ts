import assert from 'node:assert/strict';
import { backEndSite } from '../test/back-end-ground.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import type { ServiceSite } from './gateway/backend.ts';
import { backendOf } from './gateway/backends/backend-of.ts';
import { definitionFaults } from './gateway/definition-faults.ts';
import { pdsRecords, storedRecords, type RecordsConfig } from './pds-records.ts';

const stored = { name: 'stored' } as unknown as Patients; // never asked for anything here
const far = { name: 'far' } as unknown as Patients;

const site = backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' });
const made: RecordsConfig[] = [];

const records = pdsRecords({
  stored: storedRecords(stored),
  far: {
    properties: {
      address: { type: 'string', minLength: 1 },
      wait: { type: 'number', default: 30, maximum: 60 },
    },
    required: ['address'],
    check: ({ address }, { environment }) =>
      address === environment ? [] : [{ at: '/address', message: 'is of another environment' }],
    create(config, place) {
      made.push(config);
      place.onClose(() => Promise.resolve(void made.pop()));
      return far;
    },
  },
});

const shown: Patients[] = [];
const serve = (at: ServiceSite) => {
  shown.push(records.patientsAt(at));
  return { handler: () => Promise.resolve({ status: 200 }) };
};
const services = {
  ...site.services,
  services: { pds: Object.assign(serve, { configFaults: records.configFaults }) },
};

function backendWith(config?: Readonly<Record<string, unknown>>) {
  return { kind: 'service', service: 'pds', ...(config ? { config } : {}) } as const;
}

function faultsOf(config?: Readonly<Record<string, unknown>>): string[] {
  const backend = backendWith(config);
  const definition = { base: '/pds', backend, policies: [] };
  const options = { kinds: new Map(), backends: services, edges: [], reserved: () => [] };
  return definitionFaults(options, site.api, 'sandbox', definition)
    .filter(({ at }) => at !== '/policies')
    .map(({ at, message }) => `${at} ${message}`);
}

describe('the records that a PDS Proxy shows', () => {
  beforeEach(() => shown.splice(0));

  for (const config of [undefined, {}, { records: { kind: 'stored' } }])
    it(`are the stored ones for ${JSON.stringify(config)}`, () => {
      assert.deepEqual(faultsOf(config), []);
      backendOf(backendWith(config), { ...site, services });
      assert.equal(shown[0], stored);
    });

  it('are those of the kind that its back end names, with what was left unsaid filled in', async () => {
    const config = { records: { kind: 'far', address: 'sandbox' } };
    assert.deepEqual(faultsOf(config), []);
    const { backend } = backendOf(backendWith(config), { ...site, services });
    assert.equal(shown[0], far);
    assert.deepEqual(made, [{ kind: 'far', address: 'sandbox', wait: 30 }]);
    assert.deepEqual(config, { records: { kind: 'far', address: 'sandbox' } });
    await backend.close();
    assert.deepEqual(made, [], 'what the kind wanted to be ended has been ended');
  });

  const faulty: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ['another setting', { record: {} }, /^\/backend\/config must NOT have .*: record$/],
    ['no kind', { records: {} }, /^\/backend\/config\/records must have .*'kind'$/],
    [
      'a kind that is not there',
      { records: { kind: 'constructor' } },
      /^\/backend\/config\/records\/kind must be one of: stored, far$/,
    ],
    ['no object', { records: 'stored' }, /^\/backend\/config\/records must be object$/],
    [
      'a setting that the kind has not',
      { records: { kind: 'stored', 'a/b': 1 } },
      /^\/backend\/config\/records must NOT have .*: a\/b$/,
    ],
    [
      'a setting that is not as it must be',
      { records: { kind: 'far', address: 'sandbox', wait: 90 } },
      /^\/backend\/config\/records\/wait must be <= 60$/,
    ],
    [
      'a setting that does not fit the place',
      { records: { kind: 'far', address: 'uat' } },
      /^\/backend\/config\/records\/address is of another environment$/,
    ],
  ];
  for (const [what, config, expected] of faulty)
    it(`are refused with the place of the fault for ${what}`, () => {
      const faults = faultsOf(config);
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? '', expected);
    });

  it('are refused when put in service by other means too', () => {
    const backend = backendWith({ records: { kind: 'far' } });
    assert.throws(() => backendOf(backend, { ...site, services }), /config of pds\/records/);
  });
});
