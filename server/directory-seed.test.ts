import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrganisations } from '../fhir/synthetic/organisations.ts';
import { contractOf, patternOfContract } from '../spine/interactions-contract.ts';
import { allInteractions, colonId } from '../spine/interactions.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { directoryCollection } from '../spine/sds/directory-keys.ts';
import { handlerFaults } from '../spine/sds/registration-rules.ts';
import { routeOf } from '../spine/sds/routing.ts';
import { conforming } from '../spine/sds/schema-check.ts';
import { toHandler, toSystem } from '../spine/sds/service-entries.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { syntheticDirectory } from '../spine/sds/synthetic.ts';
import { traffic } from '../spine/sds/synthetic-interactions.ts';
import { loadDirectorySources } from '../spine/sds/synthetic-sources.ts';
import { seedDirectory } from './directory-seed.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const gp2gp = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';

describe('the default directory', () => {
  let dir: string;
  let store: EmbeddedStore;
  let directory: Directory;
  const entries = syntheticDirectory(fixtures);
  const known = loadOrganisations(fixtures);

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'directory-seed-'));
    store = await openEmbeddedStore({ dir });
    directory = openDirectory(store);
    await seedDirectory(store, fixtures);
  });

  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('holds thousands of entries, is loaded once and is the same at each making', async () => {
    assert.equal(await store.open(directoryCollection).count(), entries.length);
    assert.ok(entries.length > 10_000);
    assert.equal(await seedDirectory(store, fixtures), 0);
    assert.equal(JSON.stringify(syntheticDirectory(fixtures)), JSON.stringify(entries));
  });

  it('is well-formed: each entry by the schema, each name and id once, each parent before', () => {
    const seen = new Set<string>();
    for (const entry of entries) {
      assert.equal(JSON.stringify(conforming(entry)), JSON.stringify(entry));
      const [, ...above] = entry.dn.split(',');
      if (above.length > 2) assert.ok(seen.has(above.join(',')), entry.dn);
      assert.ok(!seen.has(entry.dn), entry.dn);
      seen.add(entry.dn);
    }
    const ids = entries.flatMap(({ attributes }) => attributes.uniqueIdentifier ?? []);
    assert.equal(new Set(ids.map((id) => id.toLowerCase())).size, ids.length);
  });

  it('has every organisation of the synthetic patients, as open or closed as it is', async () => {
    for (const { code, status, successor, role } of known) {
      const found = await directory.organisation(code);
      assert.equal(found?.active, status === 'active', code);
      const roles = found.roles.map(({ id }) => id);
      if (role === 'practice') assert.deepEqual(roles, ['RO177', 'RO76']);
      if (role === 'pharmacy') assert.deepEqual(roles, ['RO182']);
      if (successor === undefined) continue;
      assert.ok(
        found.successions.some((one) => one.type === 'Successor' && one.target === successor),
      );
      const heir = await directory.organisation(successor);
      assert.ok(heir?.successions.some((one) => one.target === code));
    }
  });

  it('names in every relationship and succession an organisation that is there', () => {
    const codes = new Set(
      entries.flatMap(({ organisation, attributes }) =>
        organisation ? (attributes.nhsIDCode ?? []) : [],
      ),
    );
    for (const { organisation, dn } of entries)
      for (const { target } of [
        ...(organisation?.relationships ?? []),
        ...(organisation?.successions ?? []),
      ])
        assert.ok(codes.has(target), `${dn} ${target}`);
  });

  it('routes a message to every open practice, which is forwarded', async () => {
    for (const { code } of known.filter(
      (one) => one.role === 'practice' && one.status === 'active',
    )) {
      const query = { odsCode: code, interaction: gp2gp, spineOrganisation: 'YES' };
      const route = await routeOf(directory, query);
      assert.equal(route.system.odsCode, code);
      assert.equal(route.address, 'https://spine.test/reliablemessaging/forwardreliable');
    }
    const closed = known.find((one) => one.status === 'closed')?.code ?? '';
    assert.deepEqual(await directory.systems({ odsCode: closed }), []);
  });

  it('has an endpoint for each interaction that a system receives, and no endpoint against the rules', () => {
    const handlers = entries.flatMap((entry) => toHandler(entry) ?? []);
    const served = new Map(handlers.map((one) => [`${one.partyKey} ${one.interaction}`, one]));
    assert.equal(served.size, handlers.length);
    for (const one of handlers) assert.deepEqual(handlerFaults(one, []), []);
    const received = new Map(
      Object.values(traffic).map(({ receives, sends }) => [
        [...receives.map(({ interaction }) => interaction), ...sends].join(' '),
        receives,
      ]),
    );
    for (const { interactions, partyKey } of entries.flatMap((entry) => toSystem(entry) ?? []))
      for (const { interaction } of received.get(interactions.join(' ')) ?? assert.fail())
        assert.ok(served.has(`${partyKey} ${interaction}`), `${partyKey} ${interaction}`);
  });

  it('lets each message be exchanged as it is answered, and has an endpoint for all that are spoken', () => {
    const handlers = entries.flatMap((entry) => toHandler(entry) ?? []);
    const patterns = new Map(allInteractions().map((one) => [colonId(one), one.pattern]));
    for (const one of handlers.filter(({ interaction }) => patterns.has(interaction))) {
      const pattern = patterns.get(one.interaction);
      const contract = contractOf(one);
      // A synchronous message has no envelope that a contract could speak of.
      if (pattern === 'sync') assert.equal(one.syncReplyMode, 'None', one.interaction);
      else assert.equal(patternOfContract(contract), pattern, one.interaction);
    }
    const national = new Set(
      handlers.flatMap((one) => (one.odsCode === 'YES' ? one.interaction : [])),
    );
    const spoken = allInteractions().filter((one) => one.operation && one.release !== 'older');
    for (const one of spoken) assert.ok(national.has(colonId(one)), one.action);
  });

  it('has the people of the simulated sign-in with their role profiles', async () => {
    for (const { username, roles } of loadDirectorySources(fixtures).people) {
      const person = await directory.entry(`uid=${username},ou=People,o=nhs`);
      assert.ok(person, username);
      for (const role of roles) {
        const found = entries.find(
          ({ attributes }) => attributes.uniqueIdentifier?.[0] === role.id,
        );
        assert.deepEqual(found?.attributes.nhsJobRoleCode, [role.code]);
        assert.deepEqual(found.attributes.nhsIDCode, [role.odsCode]);
      }
    }
  });

  it('names nothing that could be real: hosts under .test, postcodes of area AA, drama numbers', () => {
    for (const { attributes, organisation } of entries) {
      for (const url of attributes.nhsMHSEndPoint ?? []) assert.match(new URL(url).host, /\.test$/);
      if (organisation === undefined) continue;
      assert.match(organisation.address.postcode ?? '', /^AA\d\d [2-9][A-Z]{2}$/);
      for (const { value } of organisation.contacts) assert.match(value, /^01632 960\d{3}$/);
    }
  });

  it('is put beside what somebody has imported before, which stays as it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'directory-seed-'));
    const other = await openEmbeddedStore({ dir: folder });
    try {
      const [first] = entries;
      assert.ok(first);
      const own = { ...first, attributes: { ...first.attributes, postalCode: ['AA99 9ZZ'] } };
      await openDirectory(other).add(own, 'test');
      assert.equal(await seedDirectory(other, fixtures, () => entries.slice(0, 100)), 99);
      const kept = await openDirectory(other).entry(first.dn);
      assert.deepEqual(kept?.attributes.postalCode, ['AA99 9ZZ']);
    } finally {
      await other.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
