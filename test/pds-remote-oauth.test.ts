/** PDS in front of another PDS as the operator guide deploys it: with a token of the gateway's own, and people signed in here. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manage } from './gateway-ground.ts';
import { deployRecords, showRecords } from './pds-remote-ground.ts';
import { changeRegistration, entriesOf, pdsPath, workerToken } from './signed-in-ground.ts';
import { testKey } from './token-ground.ts';
import { call, root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';

/** The settings in the guide, with this address in the place of the national one. */
function inTheGuide(address: string): object {
  const guide = readFileSync(join(root, 'docs/guides/operator.md'), 'utf8');
  const [, text = ''] = /pds-remote-oauth\.test\.ts[^`]*```json\n([^`]*)```/.exec(guide) ?? [];
  const here = text
    .replaceAll('https://int.api.service.nhs.uk', address)
    .replace('<the app over there>', 'demo-app-int')
    .replace('<its key>', 'demo-1');
  const { config } = JSON.parse(here) as { config: { records: object } }; // the guide's own
  return config.records;
}

describe('PDS in front of another PDS, with a token of its own', () => {
  let national: TestPlatform;
  let ours: TestPlatform;
  let base: string;
  let token: string;
  const put = async (environment: string, value: string) => {
    const ask = await manage(ours, Date.now);
    const path = `/apis/personal-demographics/environments/${environment}/secrets/national-pds`;
    return ask('PUT', path, { value });
  };
  const send = (path: string, init: { method?: string; body?: unknown; headers?: object } = {}) =>
    call(base + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });

  before(async function () {
    this.timeout(120_000);
    const environment = { TOKEN_REQUESTS_PER_MINUTE: '100000' };
    national = await startTestPlatform({ environment });
    ours = await startTestPlatform({ environment });
    const at = { platform: national, environment: 'int' };
    await changeRegistration(at, 'demo', 'uat', (one) => ({
      ...one,
      attributes: { 'pds.app-restricted.update': 'true' },
    }));
    token = await workerToken({ platform: ours, environment: 'int' }, '656005750111');
    const records = inTheGuide(`${national.url}/env/int`);
    const early = await deployRecords(ours, records, 'development', Date.now);
    assert.equal(early.status, 422, early.text);
    assert.match(early.text, /\/backend\/config\/records\/security\/secret/);
    const key = readFileSync(join(national.dataDir, 'demo', 'demo-int.pem'), 'utf8');
    for (const environment of ['development', 'uat'])
      assert.ok((await put(environment, key)).status < 300);
    const first = await deployRecords(ours, records, 'development', Date.now);
    assert.equal(first.status, 201, first.text);
    base = await showRecords(ours, records, {
      environment: 'uat',
      asked: () => national.logged().includes('GET /Patient/:id'),
      headers: () => Promise.resolve({ authorization: `Bearer ${token}` }),
    });
  });
  after(async () => {
    await ours.end();
    await national.end();
  });

  it('reads and changes a record in the name of who is signed in here, as the app it is there', async () => {
    const read = await send(`/Patient/${jane}`);
    assert.equal(read.status, 200, read.text);
    const id = randomUUID();
    const changed = await send(`/Patient/${jane}`, {
      method: 'PATCH',
      body: { patches: [{ op: 'replace', path: '/gender', value: 'unknown' }] },
      headers: { 'if-match': read.headers.get('etag') ?? '', 'x-request-id': id },
    });
    assert.equal(changed.status, 200, changed.text);
    const there = await call(`${national.url}/env/int${pdsPath}/Patient/${jane}`);
    assert.equal(there.status, 401, 'nobody reads there without a token');
    const [here] = await entriesOf(ours, id);
    const [away] = await entriesOf(national, id);
    assert.deepEqual([here?.people, away?.people], [[jane], [jane]]);
    assert.equal(here?.user, '656005750111');
    assert.equal(away?.user, '');
    assert.equal(away.app, 'demo');
  });

  it('sees what the app there may see: one match', async () => {
    const youds = '/Patient?family=YOUDS&birthdate=1970-01-24';
    const { status, json } = await send(youds);
    assert.deepEqual([status, json.issue[0].details.coding[0].code], [200, 'TOO_MANY_MATCHES']);
  });

  it('lets nobody through without a token of ours, and hands none on', async () => {
    const refused = await call(`${base}/Patient/${jane}`);
    assert.equal(refused.status, 401);
    assert.ok(!national.logged().includes(token));
  });

  it('says that it is not available when its key is not the app’s, and tells nobody which', async () => {
    assert.equal((await put('uat', testKey(3))).status, 200);
    const refused = await send(`/Patient/${jane}`);
    assert.equal(refused.status, 503);
    assert.equal(refused.json.issue[0].details.coding[0].code, 'SERVICE_UNAVAILABLE');
    assert.doesNotMatch(refused.text, /national|secret|localhost/);
  });
});
