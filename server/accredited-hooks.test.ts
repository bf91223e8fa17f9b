import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRequest } from '../certs/make-request.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { directoryHooks } from './accredited-hooks-directory.ts';
import { explainer } from './accredited-hooks-explain.ts';
import type {
  DirectoryHooks,
  HandlerEntry,
  SystemEntry,
} from './catalogue/systems/system-hooks.ts';
import { contractFlags } from './catalogue/systems/contracts.ts';
import { directoryView } from './directory-views.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';

const interaction = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';

const owned = {
  ...{ odsCode: 'Y90003', partyKey: 'Y90003-810001', manufacturer: 'Y90001' },
  product: { name: 'Ward round', version: '1' },
  requested: { by: 'one', at: Date.UTC(2026, 0, 2, 3, 4, 5) },
  approved: { by: 'two', at: Date.UTC(2026, 0, 3) },
};
const system: SystemEntry = { ...owned, asid: '930000000001', interactions: [interaction] };
const handler: HandlerEntry = {
  ...{ ...owned, id: 'S930000000001', fqdn: 'a.example.org', interaction },
  ...{ url: 'https://a.example.org/mhs', flags: contractFlags['forward-reliable'] },
};

describe('deployments in the directory', () => {
  let dir: string;
  let store: EmbeddedStore;
  let hooks: DirectoryHooks;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-accredited-'));
    store = await openEmbeddedStore({ dir });
    hooks = directoryHooks(openDirectory(store));
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const view = (environment: 'uat' | 'production') =>
    openDirectory(store).in(directoryView(environment));

  it('are found by their names in their environment, and in no other', async () => {
    await hooks.putSystem('uat', system, 'me');
    await hooks.putHandler('uat', handler, 'me');
    const [found] = await view('uat').systems({ odsCode: 'Y90003', interaction });
    assert.equal(found?.asid, system.asid);
    assert.deepEqual(found.clients, ['Y90003']);
    const [endpoint] = await view('uat').handlers({ partyKey: owned.partyKey, interaction });
    assert.equal(endpoint?.syncReplyMode, 'None');
    assert.equal(endpoint.ackRequested, 'always');
    assert.equal(endpoint.cpaId, handler.id);
    assert.equal(`${endpoint.service}:${endpoint.action}`, interaction);
    assert.deepEqual(await view('production').systems({ odsCode: 'Y90003', interaction }), []);
    assert.equal(await hooks.asidTaken(system.asid), true);
    assert.equal(await hooks.partyKeyTaken(owned.partyKey), true);
    assert.equal(await hooks.asidTaken('930000000002'), false);
    const entry = await view('uat').entry(`uniqueIdentifier=${system.asid},ou=Services,o=nhs`);
    assert.deepEqual(entry?.attributes.nhsDateRequested, ['20260102030405']);
  });

  it('are written once however often they are put, and again when they have changed', async () => {
    await hooks.putSystem('uat', system, 'me');
    const before = await store.changes.latest();
    await hooks.putSystem('uat', system, 'me');
    assert.equal(await store.changes.latest(), before);
    const interactions = [interaction, 'urn:nhs:names:services:pds:PRPA_IN000203UK03'];
    await hooks.putSystem('uat', { ...system, interactions }, 'me');
    const [found] = await view('uat').systems({ asid: system.asid });
    assert.deepEqual(found?.interactions, interactions);
  });

  it('are there when several put them at once, and gone when they are taken out twice', async () => {
    await Promise.all(Array.from({ length: 5 }, () => hooks.putHandler('uat', handler, 'me')));
    assert.equal((await view('uat').handlers({ partyKey: owned.partyKey })).length, 1);
    await hooks.removeHandler('uat', handler.id, 'me');
    await hooks.removeHandler('uat', handler.id, 'me');
    await hooks.removeSystem('uat', system.asid, 'me');
    assert.deepEqual(await view('uat').handlers({ partyKey: owned.partyKey }), []);
  });

  it('are at organisations that are there', async () => {
    assert.equal(await hooks.organisation('uat', 'Y90003'), undefined);
  });
});

describe('the explanation of a request', () => {
  const explain = explainer({
    get authority(): never {
      throw new Error('A request is judged without');
    },
    get register(): never {
      throw new Error('A request is judged without');
    },
    get lists(): never {
      throw new Error('A request is judged without');
    },
    clock: { now: () => 0, newId: () => '' },
  });

  it('tells that it is good, or each check that failed', async () => {
    const { csr } = await makeRequest('a.example.org');
    const good = JSON.stringify(await explain(csr));
    assert.match(good, /"ok":true.*CN=a\.example\.org, key P-256/);
    const nameless = JSON.stringify(await explain((await makeRequest('')).csr));
    assert.match(nameless, /"ok":false/);
    const broken = await explain(csr.replace(/\n[^\n]{20}/, '\n'));
    assert.match(JSON.stringify(broken), /"ok":false/);
  });
});
