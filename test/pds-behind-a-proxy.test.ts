/**
 * PDS at a distance: one platform plays the national service with its integration instance; another has a Proxy whose back
 * end that is, an app of its own in front, and the national app's key as a secret. Everything over real sockets.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'fhir-kit-client';
import { familyCollection, openFamilies } from '../server/auth/families.ts';
import { appCollection } from '../server/catalogue/apps.ts';
import {
  deployApi,
  manage,
  served,
  startRecorder,
  subscribe,
  type Manage,
  type Recorder,
} from './gateway-ground.ts';
import {
  appToken,
  changeRegistration,
  entriesOf,
  pdsPath,
  workerToken,
} from './signed-in-ground.ts';
import { call, startTestPlatform, type CallInit, type TestPlatform } from './start-platform.ts';
import { testKey, type HeldClock } from './token-ground.ts';

const api = 'personal-demographics-remote';
const level3 = 'urn:nhsd:apim:app:level3:personal-demographics-service';
const aal3 = 'urn:nhsd:apim:user-nhs-cis2:aal3:personal-demographics-service';
const jane = '9000000009';
const secretPath = (environment: string) =>
  `/apis/${api}/environments/${environment}/secrets/national-key`;

describe('PDS behind a proxy of another installation', function () {
  this.timeout(60_000);
  let clock: HeldClock;
  const now = () => clock.time;
  let national: TestPlatform;
  let ours: TestPlatform;
  let manageOurs: Manage;
  let nationalKey: string;
  let base: string;

  before(async () => {
    clock = { time: Date.now(), now, newId: randomUUID };
    const environment = { TOKEN_REQUESTS_PER_MINUTE: '100000' };
    national = await startTestPlatform({ clock, environment });
    ours = await startTestPlatform({ clock, environment });
    await allowUpdates(national);
    await addOurApp(ours);
    nationalKey = readFileSync(join(national.dataDir, 'demo', 'demo-int.pem'), 'utf8');
    manageOurs = await manage(ours, now);
    base = await setUp();
  });
  after(async () => {
    await ours.end();
    await national.end();
  });

  /** The API, its secrets and its Proxies, as an administrator makes them. @returns the address in SIT */
  async function setUp(): Promise<string> {
    const api4 = { id: api, title: 'PDS, remote', owner: 'DEMO1', contact: 'https://example.org' };
    const definition = remote(national.url);
    const steps: [string, string, object][] = [
      ['POST', '/apis', { ...api4, technology: 'fhir' }],
      ...['development', 'sit'].flatMap((environment): [string, string, object][] => [
        ['PUT', secretPath(environment), { value: nationalKey }],
        ['POST', `/apis/${api}/environments/${environment}/deployments`, { definition }],
      ]),
    ];
    for (const [method, path, body] of steps) {
      const { status, text } = await manageOurs(method, path, { ...body });
      assert.ok(status < 300, `${method} ${path}: ${text}`);
    }
    const address = `${ours.url}/env/ref${pdsPath}`;
    await served(address, 1);
    return address;
  }

  const ourToken = () => {
    const key = readFileSync(join(ours.dataDir, 'demo', 'demo-int.pem'), 'utf8');
    const at = { platform: ours, environment: 'ref' };
    return appToken(at, 'demo-app-ref', { key, now: clock.time });
  };
  const withToken = async (): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await ourToken()}`,
  });
  /** Sends to our Proxy; `call` judges each answer by the document of PDS, as it does those of PDS itself. */
  const send = async (path: string, init: CallInit = {}) =>
    call(base + path, { ...init, headers: { ...(await withToken()), ...init.headers } });
  /** How many tokens the national service has given. */
  const tokensGiven = () =>
    national
      .logged()
      .split('\n')
      .filter((line) => line.includes('"route":"POST /token"') && line.includes('"status":200'))
      .length;
  const rename = (family: string) => ({
    patches: [
      { op: 'test', path: '/name/0/id', value: '123' },
      { op: 'replace', path: '/name/0/family', value: family },
    ],
  });

  it('answers byte for byte as the national service does, refusals too', async () => {
    const at = { platform: national, environment: 'int' };
    const direct = {
      authorization: `Bearer ${await appToken(at, undefined, { now: clock.time })}`,
    };
    const token = await withToken();
    const paths = [
      `/Patient/${jane}`,
      '/Patient?family=Smith&gender=female&birthdate=eq2010-10-22',
      '/Patient?family=Nobody&gender=female&birthdate=eq1910-10-22',
      '/Patient/9111231130',
      '/Patient/9000000000',
      '/Patient?family=Smith',
      '/Patient/9000000009/RelatedPerson',
      '/Nonsense',
    ];
    const statuses: number[] = [];
    for (const path of paths) {
      const ids = { 'x-request-id': randomUUID(), 'x-correlation-id': 'visit-7' };
      const [one, other] = [
        await call(`${national.url}/env/int${pdsPath}${path}`, { headers: { ...direct, ...ids } }),
        await call(base + path, { headers: { ...token, ...ids } }),
      ];
      assert.equal(other.status, one.status, path);
      assert.equal(timeless(other.text), timeless(one.text), path);
      assert.deepEqual(fieldsOf(other.headers), fieldsOf(one.headers), path);
      assert.equal(other.headers.get('x-request-id'), ids['x-request-id']);
      assert.equal(other.headers.get('x-correlation-id'), 'visit-7');
      statuses.push(one.status);
    }
    assert.deepEqual([...new Set(statuses)].sort(), [200, 400, 404]);
  });

  it('lets nobody through without a token of ours', async () => {
    const before = national.logged();
    const refused = await call(`${base}/Patient/${jane}`);
    assert.equal(refused.status, 401);
    assert.equal(refused.json.issue[0].details.coding[0].code, 'ACCESS_DENIED');
    assert.equal(national.logged(), before);
  });

  it('leaves it to the national service to ask for X-Request-ID', async () => {
    const headers = { 'x-request-id': 'none' };
    const without = await send(`/Patient/${jane}`, { headers });
    assert.equal(without.status, 400);
    assert.equal(without.json.issue[0].details.coding[0].code, 'MISSING_VALUE');
  });

  it('changes a record against its version, once for a repeat, and refuses a stale one', async () => {
    const read = await send(`/Patient/${jane}`);
    assert.equal(read.headers.get('etag'), 'W/"2"');
    const init = {
      method: 'PATCH',
      body: rename('Fernsby'),
      headers: { 'if-match': 'W/"2"', 'x-request-id': randomUUID() },
    };
    const changed = await send(`/Patient/${jane}`, init);
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.headers.get('etag'), 'W/"3"');
    assert.equal(changed.json.name[0].family, 'Fernsby');
    assert.equal((await send(`/Patient/${jane}`, init)).headers.get('etag'), 'W/"3"');
    const stale = await send(`/Patient/${jane}`, {
      ...init,
      headers: { 'if-match': 'W/"2"' },
    });
    assert.equal(stale.status, 409);
    assert.equal(stale.json.resourceType, 'OperationOutcome');
    assert.equal((await send(`/Patient/${jane}`)).json.meta.versionId, '3');
  });

  it('serves a stock FHIR client: read, search, patch, and outcomes it understands', async () => {
    const client = new Client({ baseUrl: base, customHeaders: await withToken() });
    const options = (headers: Record<string, string> = {}) => ({
      headers: { 'x-request-id': randomUUID(), ...headers },
    });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test names the members it expects
    const loose = (value: unknown): any => value;
    const resourceType = 'Patient';
    const read = loose(await client.read({ resourceType, id: jane, options: options() }));
    const etag = `W/"${read.meta.versionId}"`;
    const jsonPatch = loose(rename('Kitson'));
    const ifMatch = options({ 'if-match': etag });
    const patched = loose(
      await client.patch({ resourceType, id: jane, jsonPatch, options: ifMatch }),
    );
    assert.equal(Number(patched.meta.versionId), Number(read.meta.versionId) + 1);
    const searchParams = { family: 'Kitson', gender: 'female', birthdate: 'eq2010-10-22' };
    const found = loose(await client.search({ resourceType, searchParams, options: options() }));
    assert.equal(found.entry[0].resource.id, jane);
    const missing = client.read({ resourceType, id: '9111231130', options: options() });
    const { response } = loose(await missing.catch((reason: unknown) => reason));
    assert.equal(response.status, 404);
    assert.equal(response.data.issue[0].details.coding[0].code, 'RESOURCE_NOT_FOUND');
  });

  it('has an entry in the audit of each side, found by the same request id', async () => {
    const id = randomUUID();
    await send(`/Patient/${jane}`, { headers: { 'x-request-id': id } });
    for (const platform of [ours, national]) {
      const [entry, ...more] = await entriesOf(platform, id);
      assert.deepEqual([entry?.people, entry?.status, entry?.app], [[jane], 200, 'demo']);
      assert.equal(entry?.api, platform === ours ? api : 'personal-demographics');
      assert.deepEqual(more, []);
    }
  });

  describe('with the token of the national app', () => {
    it('asks for one however many calls wait, and keeps it', async () => {
      clock.time += 700_000; // the one that is kept has ended
      const token = await withToken();
      const before = tokensGiven();
      const headers = () => ({ ...token, 'x-request-id': randomUUID() });
      const reads = Array.from({ length: 20 }, () =>
        call(`${base}/Patient/${jane}`, { headers: headers() }),
      );
      for (const { status } of await Promise.all(reads)) assert.equal(status, 200);
      assert.equal((await call(`${base}/Patient/${jane}`, { headers: headers() })).status, 200);
      assert.equal(tokensGiven(), before + 1);
    });

    it('asks again shortly before its end', async () => {
      const before = tokensGiven();
      clock.time += 560_000; // of 599 seconds
      assert.equal((await send(`/Patient/${jane}`)).status, 200);
      assert.equal(tokensGiven(), before);
      clock.time += 15_000;
      assert.equal((await send(`/Patient/${jane}`)).status, 200);
      assert.equal(tokensGiven(), before + 1);
    });

    it('asks again when it was revoked, and the caller sees nothing of that', async () => {
      const revoke = async () => {
        clock.time += 1000; // refusals within a second are not the token's
        await revokeAll(national, now);
      };
      await revoke();
      const before = tokensGiven();
      assert.equal((await send(`/Patient/${jane}`)).status, 200);
      assert.equal(tokensGiven(), before + 1);
      await revoke();
      const headers = { 'if-match': (await send(`/Patient/${jane}`)).headers.get('etag') ?? '' };
      await revoke();
      const changed = await send(`/Patient/${jane}`, {
        ...{ method: 'PATCH', headers, body: rename('Again') },
      });
      assert.equal(changed.status, 200, changed.text);
      assert.equal(tokensGiven(), before + 3);
    });

    it('uses a secret that was put anew at once, and tells nobody what is wrong with one', async () => {
      const put = async (value: string) => {
        assert.equal((await manageAgain('PUT', secretPath('sit'), { value })).status, 200);
      };
      const manageAgain = await manage(ours, now);
      await put(testKey(3));
      const refused = await send(`/Patient/${jane}`);
      assert.equal(refused.status, 503);
      assert.notEqual(refused.headers.get('retry-after'), null);
      assert.doesNotMatch(refused.text, /key|secret|localhost/i);
      await put(nationalKey);
      clock.time += 1000;
      assert.equal((await send(`/Patient/${jane}`)).status, 200);
      assert.doesNotMatch(ours.logged(), /PRIVATE KEY/);
    });
  });

  describe('when it is away', () => {
    it('says so at once, and heals when it is back', async () => {
      const token = await withToken();
      const read = async () => {
        const began = performance.now();
        const seen = await call(`${base}/Patient/${jane}`, { headers: token });
        return { ...seen, milliseconds: performance.now() - began };
      };
      assert.equal((await read()).status, 200);
      const { port, dataDir } = national;
      await national.stop();
      for (let i = 0; i < 3; i++) {
        const { status, json, milliseconds } = await read();
        assert.equal(status, 503); // as PDS says it
        assert.equal(json.issue[0].details.coding[0].code, 'SERVICE_UNAVAILABLE');
        assert.ok(milliseconds < 1000, `${milliseconds} ms`);
      }
      clock.time += 580_000; // now it would need a token, too
      const untold = await send(`/Patient/${jane}`);
      assert.equal(untold.status, 503);
      const environment = { PORT: String(port) };
      national = await startTestPlatform({ clock, dataDir, environment });
      clock.time += 1000;
      const again = await send(`/Patient/${jane}`);
      assert.equal(again.status, 200, again.text);
    });
  });

  describe('towards a back end', () => {
    let recorder: Recorder;
    let recorded: string;
    before(async () => {
      recorder = await startRecorder(({ method }, response) => {
        const location = `${recorder.url}/r4/Patient/1/_history/1`;
        response.writeHead(method === 'POST' ? 201 : 200, { location }).end('{}');
      });
      recorded = await deployApi(ours, {
        ...{ id: 'recorded', technology: 'fhir', sensitive: true, environment: 'uat' },
        backend: { kind: 'http', url: `${recorder.url}/r4` },
        policies: [
          { policy: 'request-ids' },
          { policy: 'token', config: { callers: 'pds' } },
          { policy: 'subscription' },
        ],
      });
      await subscribe(ours, 'demo', 'recorded', 'uat', [level3, aal3]);
    });
    after(() => recorder.end());

    it('tells who calls, found out from the token and not believed', async () => {
      const at = { platform: ours, environment: 'int' };
      const token = await workerToken(at, '656005750111');
      const id = randomUUID();
      await call(`${recorded}/Patient/1?a=1`, {
        headers: {
          ...{ authorization: `Bearer ${token}`, 'x-request-id': id, 'x-correlation-id': 'c' },
          ...{ 'nhsd-identity-uuid': 'forged', 'NHSD-ASID': 'forged', nhsd_asid: 'forged' },
        },
      });
      const seen = recorder.seen.at(-1);
      assert.equal(seen?.url, '/r4/Patient/1?a=1');
      const { headers } = seen;
      assert.equal(headers['nhsd-identity-uuid'], '656005750111');
      assert.match(String(headers['nhsd-identity-idp']), /\/realms\/Cis2-mock-int$/);
      assert.equal(headers['nhsd-access-mode'], 'worker');
      assert.equal(headers['nhsd-asid'], '200000001115');
      assert.equal(headers['nhsd-client-id'], 'demo-app-int');
      assert.equal(headers['nhsd-organisation-ods'], 'DEMO1');
      assert.equal(headers['nhsd-request-id'], id);
      assert.match(
        String(headers['nhsd-correlation-id']),
        new RegExp(`^${id}\\.c\\.[0-9a-f-]{36}$`),
      );
      for (const name of ['authorization', 'nhsd_asid', 'x-request-id'])
        assert.equal(headers[name], undefined, name);
    });

    it('shows where something was made as an address of ours', async () => {
      const at = { platform: ours, environment: 'int' };
      const token = await appToken(at, undefined, { now: clock.time });
      const { status, headers } = await call(`${recorded}/Patient`, {
        ...{ method: 'POST', body: {}, headers: { authorization: `Bearer ${token}` } },
      });
      assert.equal(status, 201);
      assert.equal(headers.get('location'), '/env/int/recorded/Patient/1/_history/1');
      assert.equal(
        new URL(headers.get('location') ?? '', recorded).href,
        `${recorded}/Patient/1/_history/1`,
      );
    });
  });
});

/** Lets the demo app update records on its own, which PDS agrees on with few. */
function allowUpdates(platform: TestPlatform): Promise<void> {
  const attributes = { 'pds.app-restricted.update': 'true' };
  const at = { platform, environment: 'int' };
  return changeRegistration(at, 'demo', 'uat', (before) => ({ ...before, attributes }));
}

/** Registers the demo app in SIT too, with a subscription to the remote PDS. */
async function addOurApp(platform: TestPlatform): Promise<void> {
  const apps = platform.store.open(appCollection);
  const stored = await apps.get('demo');
  const uat = stored?.value.registrations.uat;
  assert.ok(stored && uat);
  const registrations = {
    ...stored.value.registrations,
    sit: { ...uat, clientId: 'demo-app-ref' },
  };
  await apps.put('demo', { ...stored.value, registrations }, { expected: stored.version });
  await subscribe(platform, 'demo', api, 'sit', [level3]);
}

/** The Proxy: an app of ours in front, the national app behind. */
function remote(url: string): object {
  return {
    base: pdsPath,
    backend: {
      kind: 'http',
      url: `${url}/env/int${pdsPath}`,
      security: {
        kind: 'oauth',
        tokenUrl: `${url}/env/int/oauth2/token`,
        ...{ clientId: 'demo-app-int', kid: 'demo-1', secret: 'national-key' },
      },
    },
    faults: 'pds',
    policies: [
      { policy: 'pds-ids' },
      { policy: 'pds-names-person' },
      { policy: 'token', config: { realm: 'personal-demographics', callers: 'pds' } },
      { policy: 'subscription' },
    ],
  };
}

async function revokeAll({ store }: TestPlatform, now: () => number): Promise<void> {
  const { items } = await store
    .open(familyCollection)
    .find({ index: 'end', from: '', limit: 1000 });
  const families = openFamilies(store, now);
  for (const { id } of items) await families.kill(id, 'test');
}

const ofTheMoment = ['connection', 'date', 'keep-alive'];

/** All fields but those of the connection and of the moment. */
function fieldsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !ofTheMoment.includes(name)));
}

/** A searchset says when it was made. */
function timeless(text: string): string {
  return text.replace(/"timestamp":"[^"]*"/, '');
}
