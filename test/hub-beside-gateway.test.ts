/**
 * The hub where the gateway is not in its process: on another machine over one store (ROLE=hub and ROLE=gateway), and among
 * several workers. Calls of Try it, what explains them, and the status are the same there.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  hubClient,
  newAccount,
  signIn,
  textOf,
  tryOutPassword,
  type HubClient,
} from './hub-ground.ts';
import { partOf, tryIt } from './hub-try-ground.ts';
import { leaveOnePerson, preparedFolder, prepareFolder } from './machine-folders.ts';
import { startServerProcess } from './server-process.ts';
import { startMongo, whyNoMongo, type MongoServer } from './start-mongo.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const world = '/try/hello-world/hello-world';
const application = '/try/hello-world/hello-application';
const patient = '/try/personal-demographics/getPatient';
const publicUrl = 'http://gatehouse.example.test';

/** Asks until it is so: what one process writes others read within a second. */
async function until(what: string, so: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await so()); tries++) {
    assert.ok(tries < 100, what);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Sends a call in Try it and looks it up by its id. */
async function callAndExplain(client: HubClient): Promise<void> {
  const page = await tryIt(client, patient, { subscription: '' });
  assert.match(partOf(page, 'try-answer'), /^Response: 200 OK/);
  const id = /X-Request-ID: (\S+)/.exec(partOf(page, 'try-request'))?.[1] ?? '';
  await until('the call is not explained', async () => {
    const { html } = await client.get(`/explain/call?id=${id}`);
    return html.includes('personal-demographics') && html.includes('200');
  });
}

describe('the hub on another machine than the gateway', function () {
  this.timeout(300_000);
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-beside-'));
  const folders = [join(dir, 'gateway'), join(dir, 'hub')] as const;
  let mongo: MongoServer;
  let gateway: TestPlatform;
  let hub: TestPlatform;
  let client: HubClient;

  before(async function () {
    if (whyNoMongo() !== undefined) this.skip(); // the reason is printed by mongo-store.test.ts
    mongo = await startMongo();
    const url = mongo.url('beside');
    await leaveOnePerson(url);
    prepareFolder(folders[0]);
    cpSync(folders[0], folders[1], { recursive: true });
    const environment = { MONGO_URL: url, PUBLIC_URL: publicUrl };
    gateway = await startTestPlatform({
      ...{ dataDir: folders[0], environment: { ...environment, ROLE: 'gateway' } },
    });
    hub = await startTestPlatform({
      dataDir: folders[1],
      environment: { ...environment, ROLE: 'hub', GATEWAY_URL: gateway.url },
    });
    client = hubClient(hub.url);
    await signIn(client, 'developer@gatehouse.example', tryOutPassword(gateway));
  });
  after(async () => {
    // Absent when they are skipped.
    for (const platform of [hub, gateway] as (TestPlatform | undefined)[]) await platform?.end();
    await (mongo as MongoServer | undefined)?.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  it('serves pages alone, the gateway APIs alone', async () => {
    assert.equal((await fetch(`${hub.url}/hello-world/hello/world`)).status, 404);
    assert.equal((await fetch(`${gateway.url}/hello-world/hello/world`)).status, 200);
    assert.notEqual((await fetch(`${gateway.url}/try`)).status, 200);
  });

  it('sends calls of Try it there, open ones and with a key, and explains them', async () => {
    const open = await tryIt(hubClient(hub.url), world);
    assert.match(partOf(open, 'try-answer'), /^Response: 200 OK/);
    await callAndExplain(client);
    await tryIt(client, application, { make_key: 'yes' });
    await until('the key is not taken', async () =>
      partOf(await tryIt(client, application), 'try-answer').startsWith('Response: 200 OK'),
    );
  });

  it('shows the status that the gateway finds', async () => {
    await until('the status stays unknown', async () => {
      const { html } = await client.get('/status/apis/hello-world');
      return html.includes('nhsuk-tag--green');
    });
  });

  it('tells no password of accounts that another machine has made', async () => {
    assert.ok(!existsSync(join(folders[1], 'demo', 'hub.password')));
    assert.doesNotMatch((await hubClient(hub.url).get('/sign-in')).html, /Accounts to try/);
  });
});

describe('the hub at another address than the gateway', function () {
  this.timeout(120_000);
  let gateway: TestPlatform;
  let hub: TestPlatform;
  // Two copies of one first start: keys, apps and accounts are the same, as over one store.
  before(async () => {
    const environment = { PUBLIC_URL: publicUrl };
    gateway = await startTestPlatform({ environment: { ...environment, ROLE: 'gateway' } });
    hub = await startTestPlatform({
      environment: { ...environment, ROLE: 'hub', GATEWAY_URL: gateway.url },
    });
  });
  after(async () => {
    await hub.end();
    await gateway.end();
  });

  it('sends calls of Try it there, and gets tokens there', async () => {
    assert.equal((await fetch(`${hub.url}/hello-world/hello/world`)).status, 404);
    const open = await tryIt(hubClient(hub.url), world);
    assert.match(partOf(open, 'try-answer'), /^Response: 200 OK/);
    const client = hubClient(hub.url);
    await signIn(client, 'developer@gatehouse.example', tryOutPassword(hub));
    const sent = await tryIt(client, `${patient}?environment=uat`, {
      subscription: 'demo.uat.pds-application-restricted',
      access: 'app',
    });
    assert.match(partOf(sent, 'try-answer'), /^Response: 200 OK/);
    assert.match(partOf(sent, 'try-request'), /\/env\/int\//);
  });

  it('says that no answer came where nothing listens', async () => {
    const lost = await startTestPlatform({
      environment: { PUBLIC_URL: publicUrl, ROLE: 'hub', GATEWAY_URL: 'http://127.0.0.1:9' },
    });
    const page = await tryIt(hubClient(lost.url), world);
    assert.ok(page.status < 500 || page.status === 502, String(page.status));
    assert.match(textOf(page.html), /without an answer|No answer came/);
    await lost.end();
  });
});

describe('the hub among workers', function () {
  this.timeout(180_000);

  it('tries and explains calls, whichever worker answers', async () => {
    const dataDir = await preparedFolder();
    const server = startServerProcess({
      ...{ PORT: '0', DATA_DIR: dataDir, WORKERS: '2', LDAP_ENVIRONMENT: 'none' },
      TLS_LISTENERS: 'off',
    });
    try {
      const url = await server.ready;
      const client = hubClient(url);
      const { client: other } = await newAccount({ url } as TestPlatform); // its address is all that is asked of it
      await until('nobody can sign in', async () =>
        existsSync(join(dataDir, 'demo', 'hub.password')),
      );
      await signIn(
        client,
        'developer@gatehouse.example',
        tryOutPassword({ dataDir } as TestPlatform),
      );
      for (let times = 0; times < 6; times++) {
        const page = await tryIt(times % 2 === 0 ? client : other, world);
        assert.match(partOf(page, 'try-answer'), /^Response: 200 OK/);
        const id = /X-Request-ID: (\S+)/.exec(partOf(page, 'try-request'))?.[1] ?? '';
        await until('the call is not explained', async () =>
          (await client.get(`/explain/call?id=${id}`)).html.includes('hello-world'),
        );
      }
    } finally {
      server.child.kill('SIGTERM');
      await server.exit;
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
