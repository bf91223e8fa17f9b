import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Directory } from '../spine/sds/directory.ts';
import { serviceDn } from '../spine/sds/directory-tree.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { createAddresses } from './addresses.ts';
import { loadConfig } from './config.ts';
import { seedDirectory } from './directory-seed.ts';
import { openNationalEndpoints } from './national-endpoints.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';
import { createTlsAddresses } from './tls-addresses.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const services = 'urn:nhs:names:services:';

describe('the endpoints of the national services', () => {
  let dir: string;
  let store: EmbeddedStore;
  let base: Directory;
  let integration: Directory;
  const startAt = (port: number) => {
    const publicUrl = () => `http://localhost:${port}`;
    const config = loadConfig({ PORT: String(port), TLS_PORT: '9743', DATA_DIR: dir });
    return openNationalEndpoints(
      store,
      createAddresses(publicUrl, 'sandbox'),
      createTlsAddresses(config, 'sandbox', publicUrl, () => undefined),
    );
  };
  const urlOf = async (view: Directory, interaction: string) => {
    const [found, ...others] = await view.handlers({
      odsCode: 'YES',
      interaction: services + interaction,
    });
    assert.deepEqual(others, []);
    return found?.endpoints[0];
  };

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'national-endpoints-'));
    store = await openEmbeddedStore({ dir });
    base = openDirectory(store);
    integration = base.in('integration');
    await seedDirectory(store, fixtures);
  });
  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('are at this server, with certificates in integration, and follow it to another port', async () => {
    for (const port of [9001, 9002]) {
      await startAt(port).put();
      const sandbox = `http://localhost:${port}`;
      const uat = 'https://localhost:9743/env/int';
      for (const [interaction, path] of [
        ['pdsquery:QUPA_IN000008UK02', '/sync-service'],
        ['pdsquery:QUPA_IN000006UK02', '/reliablemessaging/queryrequest'],
        ['pds:PRPA_IN000203UK03', '/reliablemessaging/reliablerequest'],
        ['tms:ReliableIntermediary', '/reliablemessaging/forwardreliable'],
        ['tms:ExpressIntermediary', '/reliablemessaging/forwardexpress'],
      ] as const) {
        assert.equal(await urlOf(base, interaction), sandbox + path);
        assert.equal(await urlOf(integration, interaction), uat + path);
      }
    }
    const all = await base.handlers({ odsCode: 'YES' });
    assert.deepEqual(
      all.filter(({ fqdn }) => fqdn !== 'localhost'),
      [],
    );
  });

  it('stay where somebody has put them, and come back when their view was reset', async () => {
    const [moved] = await integration.handlers({
      odsCode: 'YES',
      interaction: `${services}pds:PRPA_IN000203UK03`,
    });
    const entry = await integration.entry(serviceDn(moved?.id ?? ''));
    assert.ok(entry);
    const { nhsMHSServiceDescription, ...attributes } = entry.attributes;
    assert.deepEqual(nhsMHSServiceDescription, ['This server']);
    const elsewhere = 'https://spine.example.org/reliablemessaging/reliablerequest';
    const own = { ...attributes, nhsMHSEndPoint: [elsewhere], nhsMhsFQDN: ['spine.example.org'] };
    await integration.replace({ ...entry, attributes: own }, 'an operator');
    const national = startAt(9003);
    await national.sweep();
    assert.equal(
      await urlOf(base, 'pdsquery:QUPA_IN000008UK02'),
      'http://localhost:9002/sync-service',
    );
    await national.put();
    assert.equal(await urlOf(integration, 'pds:PRPA_IN000203UK03'), elsewhere);
    await store.reset('integration');
    await national.sweep();
    assert.equal(
      await urlOf(integration, 'pds:PRPA_IN000203UK03'),
      'https://localhost:9743/env/int/reliablemessaging/reliablerequest',
    );
  });
});
