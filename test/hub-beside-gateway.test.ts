/**
 * The hub where the gateway is not in its process: at another address (ROLE=hub and ROLE=gateway), and among several workers.
 * Calls of Try it, and what explains them, are the same there.
 */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hubClient, newAccount, signIn, textOf, tryOutPassword } from './hub-ground.ts';
import { partOf, tryIt } from './hub-try-ground.ts';
import { preparedFolder } from './machine-folders.ts';
import { startServerProcess } from './server-process.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const world = '/try/hello-world/hello-world';
const patient = '/try/personal-demographics/getPatient';
const publicUrl = 'http://gatehouse.example.test';

/** Asks until it is so: what one process writes others read within a second. */
async function until(what: string, so: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await so()); tries++) {
    assert.ok(tries < 100, what);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('the hub at another address than the gateway', function () {
  this.timeout(300_000);
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

describe('a machine that has not made the accounts to try', function () {
  this.timeout(300_000);

  it('makes no password for them, and tells none', async () => {
    const first = await startTestPlatform();
    await first.stop();
    const file = join(first.dataDir, 'demo', 'hub.password');
    rmSync(file);
    const second = await startTestPlatform({ dataDir: first.dataDir });
    assert.ok(!existsSync(file));
    assert.doesNotMatch((await hubClient(second.url).get('/sign-in')).html, /Accounts to try/);
    await second.end();
  });
});

describe('the hub among workers', function () {
  this.timeout(300_000);

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
      await until('nobody can sign in', () =>
        Promise.resolve(existsSync(join(dataDir, 'demo', 'hub.password'))),
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
