/** Two installations: one asks over Spine messages, and is killed while it waits; the other keeps the records. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { searchAudit } from '../server/audit/search.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { allOf } from './audit-folder.ts';
import { deployRecords } from './pds-remote-ground.ts';
import { person } from './pds-suite.ts';
import { startServerProcess } from './server-process.ts';
import { partiesIn, type Addressed } from './spine-client-ground.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const asid = '918900000001';
const names = { national: 'spine.test', own: 'asking.test' };
const base = '/personal-demographics/FHIR/R4';

describe('PDS over Spine messages of a server that is killed', function () {
  this.timeout(170_000);
  let keeping: TestPlatform;
  let dataDir: string;
  const there = () => partiesIn(openDirectory(keeping.store).in('shared'), asid, names);
  const at = (url: string): Addressed => ({
    ...{ url, fqdn: 'localhost', retryInterval: 'PT1S', retries: '200' },
  });

  before(async () => {
    keeping = await startTestPlatform();
    const asking = await startTestPlatform();
    ({ dataDir } = asking);
    const here = partiesIn(openDirectory(asking.store).in('shared'), asid, names);
    await here.nationalAt(at(keeping.url));
    await here.ownAt(at('http://localhost:1'));
    await there().nationalAt(at('http://localhost:1'));
    const records = { kind: 'spine', asid, timeout: 60, extras: true };
    const { status, text } = await deployRecords(asking, records, 'sandbox', Date.now);
    assert.ok(status < 300, text);
    await asking.stop();
  });
  after(async () => {
    await keeping.end();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('answers a repeat with what came for the first call, which was done once, in whatever process', async () => {
    const nobodyThere = 'http://localhost:1';
    const made = await keeping.call('/Patient', { method: 'POST', body: person() });
    const nhsNumber: string = made.json.id;
    const versionThere = async () => {
      const stored = keeping.store.open(patientCollection).in('shared');
      return (await stored.get(nhsNumber))?.value.patient.meta.versionId;
    };
    const requestId = randomUUID();
    const change = (url: string) =>
      call(`${url}${base}/Patient/${nhsNumber}`, {
        method: 'PATCH',
        headers: { 'if-match': 'W/"1"', 'x-request-id': requestId },
        body: { patches: [{ op: 'replace', path: '/gender', value: 'male' }] },
      });
    await there().ownAt(at(nobodyThere));
    const settings = { DATA_DIR: dataDir, PORT: '0' };
    const first = startServerProcess(settings);
    const cut = assert.rejects(change(await first.ready));
    for (let tries = 0; tries < 600 && (await versionThere()) !== '2'; tries++) await sleep(50);
    assert.equal(await versionThere(), '2', 'it was done there');
    first.child.kill('SIGKILL');
    await first.exit;
    await cut;

    const second = startServerProcess({ ...settings, WORKERS: '2' });
    try {
      const url = await second.ready;
      await there().ownAt(at(url));
      const again = await change(url);
      assert.equal(again.status, 200, again.text + second.said());
      assert.deepEqual([again.json.meta.versionId, again.json.gender], ['2', 'male']);
      assert.equal(await versionThere(), '2');
      for (let version = 2; version < 7; version++) {
        const headers = { 'if-match': `W/"${version}"` };
        const value = version % 2 === 0 ? 'female' : 'male';
        const body = { patches: [{ op: 'replace', path: '/gender', value }] };
        const place = `${url}${base}/Patient/${nhsNumber}`;
        const next = await call(place, { method: 'PATCH', headers, body });
        assert.equal(next.status, 200, next.text);
        assert.equal(next.json.meta.versionId, String(version + 1));
      }
      const filter = { patient: nhsNumber };
      const entries = await allOf(searchAudit(join(keeping.dataDir, 'audit'), filter));
      const processed = entries.filter(({ action }) => action.includes('PRPA_IN000203UK03'));
      assert.equal(processed.filter(({ action }) => action.startsWith('process')).length, 6);
    } finally {
      second.child.kill('SIGTERM');
      await second.exit;
    }
  });
});
