import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import type { AccreditedSystem, Directory, Entry, MessageHandler, Scope } from './directory.ts';
import { parseFilter } from './filter.ts';
import { handlerEntry, partsOf, systemEntry } from './service-entries.ts';
import { openDirectory } from './stored-directory.ts';

const approval = {
  ...{ requestor: 'URP-1', requested: '20240101090000' },
  ...{ approver: 'URP-2', approved: '20240102090000' },
};
const product = { key: '1', name: 'Test system', version: '1.0' };
const gp2gp = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';
const trace = 'urn:nhs:names:services:pdsquery:QUPA_IN000005UK01';
const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1';

function system(asid: string, odsCode: string, more: Partial<AccreditedSystem> = {}): Entry {
  const base = { asid, odsCode, partyKey: `${odsCode}-820001`, clients: [odsCode], product };
  return systemEntry({ ...base, interactions: [gp2gp, structured], ...more }, approval);
}

function handler(id: string, odsCode: string, more: Partial<MessageHandler> = {}): Entry {
  const interaction = more.interaction ?? gp2gp;
  const base = {
    ...{ id, cpaId: id, odsCode, partyKey: `${odsCode}-820001`, interaction, product },
    ...partsOf(interaction),
    ...{ endpoints: [`https://${odsCode.toLowerCase()}.example.org/x`], actors: [] },
    ...{ fqdn: `${odsCode.toLowerCase()}.example.org`, interactionType: 'HL7' },
  };
  return handlerEntry({ ...base, ...more }, { authenticated: 'none', template: '14' }, approval);
}

describe('the stored directory', () => {
  let dir: string;
  let store: EmbeddedStore;
  let directory: Directory;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'directory-'));
    store = await openEmbeddedStore({ dir });
    directory = openDirectory(store);
    for (const code of ['Y90001', 'Y90002']) {
      await directory.add(system(`20000000000${code.at(-1) ?? ''}`, code), 'test');
      await directory.add(handler(`S${code}A`, code), 'test');
      await directory.add(handler(`S${code}B`, code, { interaction: structured }), 'test');
    }
    await directory.add(
      system('928942012545', 'YES', { partyKey: 'YES-0000806', manufacturer: 'YGM01' }),
      'test',
    );
  });

  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function find(filter: string, base = 'ou=services,o=nhs', scope: Scope = 'sub') {
    const found: string[] = [];
    for await (const entry of directory.search({ base, scope, filter: parseFilter(filter) }))
      found.push(entry.attributes.uniqueIdentifier?.[0] ?? entry.dn);
    return found.sort();
  }

  async function withPeople() {
    const person = { cn: ['A Person'], sn: ['Person'], nhsPersonStatus: ['1'] };
    for (const uid of ['100', '1001', '200']) {
      const dn = `uid=${uid},ou=People,o=nhs`;
      await directory.add({ dn, attributes: { objectClass: ['nhsPerson'], ...person } }, 'test');
      for (const id of ['1', '2']) {
        const role = { objectClass: ['nhsOrgPersonRole'], nhsJobRole: ['x'] };
        await directory.add({ dn: `uniqueIdentifier=${id}${uid},${dn}`, attributes: role }, 'test');
      }
    }
  }

  for (const [client, filter, expected] of [
    [
      'the adaptor, systems',
      `(&(nhsIDCode=Y90001) (objectClass=nhsAs) (nhsAsSvcIA=${gp2gp}))`,
      ['200000000001'],
    ],
    [
      'the adaptor, handlers',
      `(&(objectClass=nhsMhs) (nhsMHSPartyKey=Y90001-820001) (nhsMhsSvcIA=${gp2gp}))`,
      ['SY90001A'],
    ],
    [
      'the FHIR face',
      `(&(nhsIDCode=YES) (objectClass=nhsAs) (nhsAsSvcIA=${gp2gp}) (nhsMhsManufacturerOrg=ygm01) (nhsMHSPartyKey=yes-0000806))`,
      ['928942012545'],
    ],
    [
      'GP2GP, nested',
      `(&(nhsIDCode=Y90002)(&(objectClass=nhsMhs)(nhsMhsSvcIA=${gp2gp})))`,
      ['SY90002A'],
    ],
    [
      'GP2GP, either',
      `(&(nhsIDCode=Y90002)(|(nhsAsSvcIA=none)(nhsAsSvcIA=${gp2gp})))`,
      ['200000000002'],
    ],
    [
      'SpineTools',
      `(&(objectclass=nhsMHS)(nhsMHSSvcIA=${gp2gp})(nhsIDcode=Y90001)(nhsMhsPartyKey=y90001-820001))`,
      ['SY90001A'],
    ],
    [
      'GP Connect, handlers',
      `(&(nhsIDCode=Y90001) (objectClass=nhsMHS) (nhsMHSSvcIA=${structured}))`,
      ['SY90001B'],
    ],
    [
      'GP Connect, systems',
      '(&(nhsIDCode=Y90001) (objectClass=nhsAS) (nhsMHSPartyKey=Y90001-820001))',
      ['200000000001'],
    ],
    ['a patient app', '(&(nhsMhsPartyKey=Y90002-820001)(objectClass=nhsAs))', ['200000000002']],
    ['one by its id', '(uniqueIdentifier=sy90001a)', ['SY90001A']],
    ['a union', '(|(uniqueIdentifier=SY90001A)(nhsMhsCPAId=SY90002B))', ['SY90001A', 'SY90002B']],
    ['all', '(objectClass=nhsAs)', ['200000000001', '200000000002', '928942012545']],
    ['parts', '(&(uniqueIdentifier=S*B)(!(nhsIDCode=Y90002)))', ['SY90001B']],
    ['nothing', '(nhsIDCode=Q99)', []],
    ['another case of a code', '(nhsIDCode=y90001)', []],
  ] as const)
    it(`finds what ${client} asks for`, async () => {
      assert.deepEqual(await find(filter), expected);
      assert.deepEqual(await find(filter, 'OU=services,  O=nhs', 'one'), expected);
      assert.deepEqual(await find(filter, 'o=nhs'), expected);
      assert.deepEqual(await find(filter, 'ou=People,o=nhs'), []);
    });

  it('has its containers from the start, and shows each scope of the tree', async () => {
    assert.deepEqual(await find('(objectClass=*)', 'o=nhs', 'base'), ['o=nhs']);
    assert.equal((await find('(objectClass=*)', 'o=nhs', 'one')).length, 6);
    assert.equal((await find('(objectClass=*)', 'o=nhs')).length, 14);
    assert.deepEqual(await find('(nhsIDCode=*)', 'uniqueIdentifier=sy90001a,ou=services,o=nhs'), [
      'SY90001A',
    ]);
    assert.equal((await directory.entry('ou = services, O=NHS'))?.dn, 'ou=Services,o=nhs');
  });

  it('lists one level without what lies deeper', async () => {
    await withPeople();

    const seen: string[] = [];
    const asked = { base: 'ou=People,o=nhs', scope: 'one', filter: parseFilter('(cn=*)') } as const;
    for await (const entry of directory.search(asked)) seen.push(entry.dn);
    assert.deepEqual(seen, [
      'uid=100,ou=People,o=nhs',
      'uid=1001,ou=People,o=nhs',
      'uid=200,ou=People,o=nhs',
    ]);
    assert.equal((await find('(objectClass=nhsOrgPersonRole)', 'ou=People,o=nhs')).length, 6);
  });

  it('tells of a base that is not there', async () => {
    await assert.rejects(find('(cn=*)', 'ou=nowhere,o=nhs'), { kind: 'not-found' });
  });

  it('stops when it is told to', async () => {
    let asked = 0;
    const goOn = () => {
      if (++asked > 3) throw new Problem('timeout', 'enough');
    };
    const search = {
      base: 'o=nhs',
      scope: 'sub',
      filter: parseFilter('(cn=none*)'),
      goOn,
    } as const;
    await assert.rejects(
      async () => {
        for await (const entry of directory.search(search)) assert.fail(entry.dn);
      },
      { kind: 'timeout' },
    );
  });

  it('gives systems and handlers by any of their parts, in order', async () => {
    const asids = async (query: Parameters<Directory['systems']>[0], limit?: number) =>
      (await directory.systems(query, limit)).map(({ asid }) => asid);
    assert.deepEqual(await asids({ interaction: gp2gp }, 2), ['200000000001', '200000000002']);
    assert.deepEqual(await asids({ interaction: gp2gp, odsCode: 'YES' }), ['928942012545']);
    assert.deepEqual(await asids({ asid: '200000000001', odsCode: 'Y90002' }), []);
    assert.deepEqual(await asids({ partyKey: 'yes-0000806', interaction: gp2gp }), [
      '928942012545',
    ]);
    assert.deepEqual(await asids({ manufacturer: 'ygm01' }), ['928942012545']);
    assert.deepEqual(await asids({ odsCode: 'y90001' }), []);
    const ids = async (query: Parameters<Directory['handlers']>[0]) =>
      (await directory.handlers(query)).map(({ id }) => id);
    assert.deepEqual(await ids({ odsCode: 'Y90001' }), ['SY90001A', 'SY90001B']);
    assert.deepEqual(await ids({ fqdn: 'https://Y90002.example.org:443/a', interaction: gp2gp }), [
      'SY90002A',
    ]);
    assert.deepEqual(await ids({ fqdn: 'y90002.example.org' }), ['SY90002A', 'SY90002B']);
    await assert.rejects(directory.handlers({}), { kind: 'invalid' });
  });

  // what follows writes, each test on what is its own

  it('keeps what a view changes to that view, and tells of each change', async () => {
    let told = 0;
    const stop = directory.changed(() => told++);
    const view = directory.in('w1');
    await view.remove('uniqueIdentifier=SY90001A,ou=Services,o=nhs', 'test');
    await view.add(handler('SNEW', 'Y90001', { interaction: trace }), 'test');
    const ids = async (one: Directory) =>
      (await one.handlers({ odsCode: 'Y90001' })).map(({ id }) => id);
    assert.deepEqual(await ids(view), ['SNEW', 'SY90001B']);
    assert.deepEqual(await ids(directory), ['SY90001A', 'SY90001B']);
    assert.equal(told, 2);
    stop();
  });

  it('refuses writes that would break the tree or the schema', async () => {
    const nhsAs = system('200000000001', 'Y90001');
    await assert.rejects(directory.add(nhsAs, 'test'), { kind: 'conflict' });
    const orphan = { ...nhsAs, dn: 'uniqueIdentifier=1,ou=No,o=nhs' };
    await assert.rejects(directory.add(orphan, 'test'), { kind: 'not-found' });
    const stray = { ...nhsAs, dn: 'uniqueIdentifier=1,o=else' };
    await assert.rejects(directory.add(stray, 'test'), { kind: 'invalid' });
    const bare = { ...nhsAs, attributes: { objectClass: ['nhsAs'] } };
    await assert.rejects(directory.replace(bare, 'test'), { kind: 'invalid' });
    const missing = system('299', 'Y90001');
    await assert.rejects(directory.replace(missing, 'test'), { kind: 'not-found' });
    await assert.rejects(directory.remove(missing.dn, 'test'), { kind: 'not-found' });
    await assert.rejects(directory.remove('ou=Services,o=nhs', 'test'), { kind: 'invalid' });
    const below = { objectClass: ['nhsOrgPersonRole'], nhsJobRole: ['x'] };
    await directory.add({ dn: `uniqueIdentifier=1,${nhsAs.dn}`, attributes: below }, 'test');
    await assert.rejects(directory.remove(nhsAs.dn, 'test'), { kind: 'conflict' });
  });

  it('replaces an entry, which is then found by what it says now', async () => {
    await directory.replace(system('200000000001', 'Y90099'), 'test');
    assert.deepEqual(await find('(&(objectClass=nhsAs)(nhsIDCode=Y90099))'), ['200000000001']);
    assert.deepEqual(await find('(&(objectClass=nhsAs)(nhsIDCode=Y90001))'), []);
  });
});
