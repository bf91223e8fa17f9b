import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLine, type AuditLine } from '../server/audit/line.ts';
import { verifyAudit } from '../server/audit/verify.ts';
import { settings } from '../server/config.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

/** All entries on disk, read as the verifier reads them: up to the zeros. */
function entries(dataDir: string): AuditLine[] {
  const folder = join(dataDir, 'audit', 'main');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.audit'))
    .sort()
    .flatMap((name) => {
      const bytes = readFileSync(join(folder, name));
      const end = bytes.indexOf(0);
      return bytes
        .toString('latin1', 0, end < 0 ? bytes.length : end)
        .split('\n')
        .filter((line) => line !== '');
    })
    .map((line) => {
      const entry = parseLine(Buffer.from(line, 'latin1'));
      assert.ok(entry, line);
      return entry;
    });
}

describe('the audit of calls', function () {
  this.timeout(30_000);
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await startTestPlatform();
  });
  afterEach(() => platform.end());

  const last = () => {
    const entry = entries(platform.dataDir).at(-1);
    assert.ok(entry);
    return entry;
  };
  const patch = (value: string, headers: Record<string, string> = {}) =>
    platform.call('/Patient/9000000009', {
      method: 'PATCH',
      headers: { 'if-match': 'W/"2"', ...headers },
      body: { patches: [{ op: 'replace', path: '/gender', value }] },
    });

  it('R068 has an entry on disk for every call before its answer, refusals included, tells tampering, and has no switch', async () => {
    const before = entries(platform.dataDir).length;
    const calls: [() => Promise<{ status: number }>, Partial<AuditLine>][] = [
      [
        () => platform.call('/Patient/9000000009'),
        { action: 'GET /Patient/:id', status: 200, people: ['9000000009'], mode: 'worker' },
      ],
      [
        () => platform.call('/Patient/9111231130'),
        { status: 404, code: 'RESOURCE_NOT_FOUND', people: ['9111231130'] },
      ],
      [
        () => platform.call('/Patient/9000000009', { headers: { 'x-request-id': 'none' } }),
        { status: 400, code: 'MISSING_VALUE', people: ['9000000009'] },
      ],
      [
        () => platform.call('/Patient/9000000009', { headers: { authorization: 'Bearer' } }),
        { status: 401, people: ['9000000009'] },
      ],
      [
        () =>
          platform.call('/Patient/9000000025', {
            headers: { 'x-gatehouse-act-as': 'patient:9000000009' },
          }),
        { status: 403, mode: 'patient', user: '9000000009', people: ['9000000025'] },
      ],
      [
        () => platform.call('/Patient?family=YOUDS&birthdate=1970-01-24'),
        { action: 'GET /Patient', status: 200 },
      ],
      [() => patch('male'), { action: 'PATCH /Patient/:id', status: 200, people: ['9000000009'] }],
      [() => patch('female'), { status: 409, people: ['9000000009'] }],
      [
        () =>
          platform.call('/Patient/9000000009', {
            headers: { 'x-gatehouse-scenario': 'too-many-requests' },
          }),
        { status: 429, people: ['9000000009'] },
      ],
      [
        () => platform.call('/Coverage?subscriber:identifier=9000000009'),
        { action: 'GET /Coverage', people: ['9000000009'] },
      ],
      [
        () => platform.call('/Patient/5900053636'),
        { people: ['5900053636', '9732019840', '9732019395'], status: 200 },
      ],
    ];
    for (const [send, wanted] of calls) {
      const { status } = await send();
      const entry = last();
      assert.equal(entry.status, status);
      for (const [field, value] of Object.entries(wanted))
        assert.deepEqual(entry[field as keyof AuditLine], value, `${entry.action} ${field}`);
      if (status === 401) continue; // before it is known who calls, and what they would see
      assert.equal(entry.workspace, 'shared');
      assert.equal(entry.app, 'open-sandbox');
    }
    assert.equal(entries(platform.dataDir).length, before + calls.length);
    const found = entries(platform.dataDir).find(({ action }) => action === 'GET /Patient');
    assert.equal(found?.people.length, 4, 'everyone a search shows');

    await platform.stop();
    const folders = {
      dir: join(platform.dataDir, 'audit'),
      heads: join(platform.dataDir, 'audit-heads'),
    };
    assert.equal((await verifyAudit(folders)).good, true);
    const file = join(folders.dir, 'main', '00000001.audit');
    const bytes = readFileSync(file);
    bytes.write('9000000017', bytes.indexOf('9111231130'));
    writeFileSync(file, bytes);
    const report = await verifyAudit(folders);
    assert.equal(report.good, false);
    assert.equal(report.chains[0]?.fault?.kind, 'changed');
    rmSync(platform.dataDir, { recursive: true });
    const switches = settings.filter(({ name }) => name.includes('AUDIT')).map(({ name }) => name);
    assert.deepEqual(switches, ['AUDIT_HEADS_DIR']);
    platform = await startTestPlatform({ withoutDefaults: true });
  });

  it('names the workspace and the commit of a write, and every record of a seed', async () => {
    const made = await call(`${platform.url}/_sandbox/workspaces`, { method: 'POST' });
    const { id } = made.json;
    await patch('male', { 'x-gatehouse-workspace': id });
    const write = last();
    assert.equal(write.workspace, id);
    assert.ok(write.commit > 0);
    const seed = ['9999999999', '9990000018'].map((nhsNumber) => ({
      resourceType: 'Patient',
      id: nhsNumber,
      birthDate: '1990-01-01',
    }));
    const before = entries(platform.dataDir).length;
    const answer = await call(`${platform.url}/_sandbox/workspaces/${id}/patients`, {
      method: 'POST',
      body: seed,
    });
    assert.equal(answer.status, 201, answer.text);
    const added = entries(platform.dataDir).slice(before);
    assert.deepEqual(added.flatMap(({ people }) => people).sort(), ['9990000018', '9999999999']);
    for (const entry of added) assert.equal(entry.workspace, id);
  });

  it('finds nothing to recover after a clean stop', async () => {
    await patch('male');
    await call(`${platform.url}/_sandbox/workspaces/shared/patients`, {
      method: 'POST',
      body: [{ resourceType: 'Patient', id: '9999999999', birthDate: '1990-01-01' }],
    });
    const { dataDir } = platform;
    await platform.stop();
    const said: string[] = [];
    platform = await startTestPlatform({ dataDir, say: (line) => said.push(line) });
    assert.deepEqual(
      said.filter((line) => line.includes('recovered')),
      [],
    );
    assert.ok(entries(dataDir).every(({ kind }) => kind === 'access'));
  });

  it('refuses a seed that names a person twice and keeps nothing of it', async () => {
    const one = { resourceType: 'Patient', id: '9999999999', birthDate: '1990-01-01' };
    const answer = await call(`${platform.url}/_sandbox/workspaces/shared/patients`, {
      method: 'POST',
      body: [one, one],
    });
    assert.equal(answer.status, 400);
    assert.match(answer.json.issue[0].diagnostics, /Patient 2: .*twice/);
    assert.equal((await platform.call('/Patient/9999999999')).status, 404);
  });
});
