import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { AuditLine } from '../server/audit/line.ts';
import { searchAudit, type AuditFilter } from '../server/audit/search.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const nhsNumber = '9000000009';
const path = `/Patient/${nhsNumber}`;

describe('what the audit tells of refusals', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const search = async (filter: AuditFilter) => {
    const found: AuditLine[] = [];
    for await (const entry of searchAudit(join(platform.dataDir, 'audit'), filter))
      found.push(entry);
    return found;
  };
  const refused = async (
    sent: string,
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<{ status: number; people: readonly string[] }> => {
    const id = crypto.randomUUID();
    const { status } = await platform.call(sent, {
      method,
      headers: { 'x-request-id': id, ...headers },
    });
    const entry = (await search({})).at(-1);
    assert.ok(entry);
    assert.equal(entry.status, status);
    return { status, people: entry.people };
  };

  it('names the person whom a refused call names, wherever it was refused', async () => {
    const named = [nhsNumber];
    assert.deepEqual(await refused(path, { authorization: 'Basic x' }), {
      status: 401,
      people: named,
    });
    const other = { 'x-gatehouse-act-as': 'patient:9000000017' };
    assert.deepEqual(await refused(path, other), { status: 403, people: named });
    const encoded = path.replace('/9', '/%39');
    assert.deepEqual(await refused(encoded, other), { status: 403, people: named });
    const coverage = `/Coverage?subscriber:identifier=${nhsNumber}`;
    assert.deepEqual(await refused(coverage, other), { status: 403, people: named });
    const busy = { 'x-gatehouse-scenario': 'too-many-requests' };
    assert.deepEqual(await refused(path, busy), { status: 429, people: named });
    assert.deepEqual(await refused(path, { 'x-request-id': 'none' }), {
      status: 400,
      people: named,
    });
    assert.deepEqual(await refused(path, {}, 'PATCH'), { status: 412, people: named });
  });

  it('names a person once, and nobody where the address names nobody', async () => {
    assert.deepEqual(await refused(path, {}), { status: 200, people: [nhsNumber] });
    assert.deepEqual(await refused('/Patient/9000000000', {}), { status: 400, people: [] });
    assert.deepEqual(await refused('/Patient/%zz', {}), { status: 400, people: [] });
  });

  it('tells the role that a healthcare worker acts in', async () => {
    await refused(path, { 'nhsd-session-urid': '555021935107' });
    const [entry, ...others] = await search({ role: '555021935107' });
    assert.deepEqual([entry?.people, others], [[nhsNumber], []]);
  });
});
