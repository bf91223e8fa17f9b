import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import type { Directory, Entry, OrganisationDetail } from './directory.ts';
import { readEntryLines, writeEntryLine } from './entry-lines.ts';
import { planImport, runImport } from './import-entries.ts';
import { readLdif } from './ldif-read.ts';
import { ldifHead, writeLdif } from './ldif-write.ts';
import { openDirectory } from './stored-directory.ts';

/** A text in pieces of a few bytes, as a socket might give it. */
async function* pieces(text: string | Buffer, size = 7): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function entriesOf(text: string | Buffer): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const { entry } of readLdif(pieces(text))) found.push(entry);
  return found;
}

const group = (id: string, cn = 'Ward') =>
  `dn: uniqueIdentifier=${id},ou=Workgroups,o=nhs\nobjectClass: nhsWg\ncn: ${cn}\nnhsIDCode: Y90001\n`;

describe('LDIF', () => {
  it('is read with its version, comments, folded lines, base64 and CRLF', async () => {
    const text = `# first\r\n#  goes\r\n  on\r\nversion: 1\r\n\r\ndn:: ${Buffer.from(
      'uniqueIdentifier=Wü,ou=Workgroups,o=nhs',
    ).toString(
      'base64',
    )}\r\nchangetype: add\r\nobjectClass: nhsWg\r\n# between\r\nCN: A long\r\n  name\r\ncn:: w6k=\r\n\r\n\r\n${group('W2')}`;
    assert.deepEqual(await entriesOf(text), [
      {
        dn: 'uniqueIdentifier=Wü,ou=Workgroups,o=nhs',
        attributes: { objectClass: ['nhsWg'], cn: ['A long name', 'é'] },
      },
      {
        dn: 'uniqueIdentifier=W2,ou=Workgroups,o=nhs',
        attributes: { objectClass: ['nhsWg'], cn: ['Ward'], nhsIDCode: ['Y90001'] },
      },
    ]);
    assert.deepEqual(await entriesOf('version: 1\n'), []);
  });

  it('comes back as it was written, whatever its values', async () => {
    const values = [' x', 'x ', ':x', '<x', 'é', 'a:b', 'x'.repeat(300), 'line\nbreak', '#x'];
    const entry = { dn: 'cn=é\\,x,o=nhs', attributes: { cn: values } };
    const text = ldifHead + writeLdif(entry);
    assert.ok(text.split('\n').every((line) => line.length <= 76));
    assert.deepEqual(await entriesOf(text), [entry]);
  });

  for (const [text, said] of [
    [`${group('W1')}\ncn: x\n`, 'Line 6: an entry begins with dn:'],
    [' x\n', 'Line 1: it goes on with a line that is not there'],
    [`${group('W1')}nonsense\n`, 'Line 5: expected an attribute, a colon and a value'],
    [`${group('W1')}shoe: 9\n`, 'Line 5: shoe is not an attribute of the schema'],
    [`${group('W1')}cn:: %%%\n`, 'Line 5: the value after :: is not base64'],
    [`${group('W1')}cn:: /w==\n`, 'Line 5: the value after :: is no text in UTF-8'],
    [`${group('W1')}cn:< file:///etc/passwd\n`, 'Line 5: values from other files are not taken'],
    ['version: 2\n\n', 'Line 1: the version of LDIF must be 1'],
    ['dn: o=x\nchangetype: delete\n', 'Line 2: of changes only changetype: add is taken'],
    ['\n\ndn: o=x\n', 'Line 3: the entry has no attributes'],
    [Buffer.from([0x64, 0x6e, 0x3a, 0xff, 0x0a]), 'Line 1: there are bytes here or soon after'],
    ['x'.repeat(100_002), 'Line 1: the line is longer than 100000 characters'],
    [`dn: o=x\n${' y\n'.repeat(100_001)}`, 'folded lines are longer than 100000 characters'],
  ] as const)
    it(`is refused: ${said}`, async () => {
      const read = entriesOf(text);
      await assert.rejects(read, (error) => {
        assert.ok(error instanceof Problem && error.kind === 'invalid');
        assert.ok(error.message.includes(said), error.message);
        return true;
      });
    });
});

describe('an import', () => {
  let dir: string;
  let store: EmbeddedStore;
  let directory: Directory;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'import-'));
    store = await openEmbeddedStore({ dir });
    directory = openDirectory(store);
  });

  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const plan = (text: string, replace = false) =>
    planImport(directory, readLdif(pieces(text)), { replace });
  const load = async (text: string, replace = false) => {
    const planned = await plan(text, replace);
    await runImport(planned, (how, entry) => directory[how](entry, 'test'));
    return { add: planned.add.length, replace: planned.replace.length, same: planned.same };
  };
  const below = 'dn: uniqueIdentifier=B,uniqueIdentifier=W1,ou=Workgroups,o=nhs\n';

  it('puts what lies above first, whatever the order of the file, and passes over the containers', async () => {
    const child = `${below}objectClass: nhsWg\ncn: Below\nnhsIDCode: Y90001\n`;
    const containers = 'dn: o=nhs\nobjectClass: organization\no: nhs\n';
    const counts = await load([child, group('W1'), containers].join('\n'));
    assert.deepEqual(counts, { add: 2, replace: 0, same: 1 });
    assert.ok(await directory.entry('uniqueIdentifier=B,uniqueIdentifier=W1,ou=Workgroups,o=nhs'));
  });

  it('is finished by doing it again, and replaces only when it is told to', async () => {
    assert.deepEqual(await load(group('W1') + '\n' + group('W7')), { add: 1, replace: 0, same: 1 });
    await assert.rejects(load(group('W1', 'Another')), {
      kind: 'conflict',
      message: /^Line 1: there is an entry of this name already/,
    });
    assert.deepEqual(await load(group('W1', 'Another'), true), { add: 0, replace: 1, same: 0 });
  });

  for (const [text, said] of [
    [`${group('W8')}\n${group('W8')}`, 'Line 6: the entry of line 1 has the same name'],
    [
      `${group('W8')}\ndn: uniqueIdentifier=W9,ou=Workgroups,o=nhs\nobjectClass: nhsWg\n`,
      'Line 6: cn is missing',
    ],
    [`${group('W8')}\ndn: cn=x,o=else\nobjectClass: nhsWg\n`, 'Line 6: The entry is not below'],
    [
      `${group('W8')}\n${below.replace('W1', 'NONE')}objectClass: nhsWg\ncn: x\nnhsIDCode: x\n`,
      'Line 6: the entry above this one is neither in the file nor',
    ],
    [`${group('W8')}\ndn: cn\nobjectClass: nhsWg\n`, 'Line 6: The distinguished name lacks an'],
  ] as const)
    it(`changes nothing when a line is wrong: ${said}`, async () => {
      await assert.rejects(load(text), (error) => {
        assert.ok(error instanceof Problem && error.message.startsWith(said), String(error));
        return true;
      });
      assert.equal(await directory.entry('uniqueIdentifier=W8,ou=Workgroups,o=nhs'), undefined);
    });

  it('takes entries that lack what the schema needs when it is told to, and names them', async () => {
    const text = [
      'dn: uniqueIdentifier=918999199001,ou=Services,o=nhs',
      'objectClass: nhsAs',
      'nhsIDCode: Y90001',
      'nhsAsSvcIA: urn:nhs:names:services:pds:QUPA_IN000008UK02',
      '',
      'dn: uniqueIdentifier=918999199002,ou=Services,o=nhs',
      'objectClass: nhsMhs',
      'nhsIDCode: Y90001',
      'nhsMhsSvcIA: urn:nhs:names:services:pds:QUPA_IN000008UK02',
      '',
    ].join('\n');
    await assert.rejects(plan(text), { kind: 'invalid', message: /^Line 1: \w+ is missing/ });
    const terms = { replace: false, lenient: true };
    const read = () => readLdif(pieces(`${text}\n${group('W10')}`));
    const planned = await planImport(directory, read(), terms);
    assert.deepEqual(
      planned.lacking.map(({ line, dn }) => [line, dn.slice(17, 29)]),
      [
        [1, '918999199001'],
        [6, '918999199002'],
      ],
    );
    assert.deepEqual(planned.lacking[0]?.attributes.slice(0, 1), ['nhsMHSPartyKey']);
    assert.ok(planned.lacking[1]?.attributes.includes('nhsMHSEndPoint'));
    await runImport(planned, (how, entry) => directory[how](entry, 'test', terms));
    const asked = {
      odsCode: 'Y90001',
      interaction: 'urn:nhs:names:services:pds:QUPA_IN000008UK02',
    };
    assert.equal((await directory.systems(asked))[0]?.partyKey, '');
    assert.deepEqual((await directory.handlers(asked))[0]?.endpoints, []);
    assert.equal((await planImport(directory, read(), terms)).same, 3);
    const odd = text.replace('nhsAsSvcIA', 'nhsMHSEndPoint'); // of another class
    await assert.rejects(planImport(directory, readLdif(pieces(odd)), terms), {
      message: /^Line 1: nhsMHSEndPoint does not belong/,
    });
  });

  it('takes entries as JSON too, with what the ODS faces know, which LDIF does not take away', async () => {
    const organisation: OrganisationDetail = {
      recordClass: 'RC1',
      lastChange: '2024-01-01',
      roles: [{ id: 'RO177', uniqueId: 1, primary: true, active: true, start: '2001-01-01' }],
      relationships: [],
      successions: [],
      address: { lines: ['1 Example Road'] },
      contacts: [],
    };
    const attributes = {
      ...{ objectClass: ['top', 'nhsWg'], uniqueIdentifier: ['W6'], cn: ['x'], nhsIDCode: ['Y1'] },
    };
    const entry = { dn: 'uniqueIdentifier=W6,ou=Workgroups,o=nhs', attributes, organisation };
    const read = readEntryLines(pieces(writeEntryLine(entry)));
    const planned = await planImport(directory, read, { replace: false });
    await runImport(planned, (how, one) => directory[how](one, 'test'));
    assert.deepEqual(await directory.entry(entry.dn), entry);
    assert.deepEqual(await load(writeLdif(entry)), { add: 0, replace: 0, same: 1 });
    await load(writeLdif({ ...entry, attributes: { ...attributes, cn: ['y'] } }), true);
    assert.deepEqual((await directory.entry(entry.dn))?.organisation, organisation);
  });

  for (const [text, said] of [
    ['{"dn":"o=x"}', 'Line 1: value must have required property'],
    ['\n{"dn":', 'Line 2: refused as JSON: syntax'],
    ['{"dn":"o=x","attributes":{"cn":"x"},"more":1}', 'Line 1: '],
  ] as const)
    it(`refuses JSON: ${said}`, async () => {
      const read = planImport(directory, readEntryLines(pieces(text)), { replace: false });
      await assert.rejects(read, (error) => {
        assert.ok(error instanceof Problem && error.message.startsWith(said), String(error));
        return true;
      });
    });
});
