/** Two machines of one installation over one MongoDB server: what each sees of the other, and what stands while it is away. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after_ } from 'node:timers/promises';
import { publishedRecords } from '../fhir/synthetic/default-data.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { verifyAudit } from '../server/audit/verify.ts';
import { changeAtVersion, openFamilies } from '../server/auth/families.ts';
import { administratorCollection } from '../server/catalogue/people.ts';
import { subscriptionCollection } from '../server/catalogue/products.ts';
import { readSecretFile } from '../server/key-files.ts';
import {
  deployApi,
  manage,
  served,
  startRecorder,
  subscribe,
  type Manage,
  type Recorder,
} from './gateway-ground.ts';
import { leaveOnePerson, prepareFolder } from './machine-folders.ts';
import { startMongo, whyNoMongo, type MongoServer } from './start-mongo.ts';
import { root, startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';
import {
  ask,
  assertionOf,
  statuses,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';

const published = publishedRecords(join(root, 'fixtures'));
/** Whom nobody has read yet. */
const unread = published.slice(20, 60).map(({ patient }) => patient.id);
/** What is published for every caller of the sandbox. */
const smith = '9000000009';
const second = 1_000;

describe('two machines over one MongoDB', function () {
  this.timeout(60_000);
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-machines-'));
  const folders = [join(dir, 'a'), join(dir, 'b')] as const;
  const said: string[][] = [[], []];
  let mongo: MongoServer;
  let a: TestPlatform;
  let b: TestPlatform;
  let recorder: Recorder;
  let admin: Manage;

  const start = (machine: 0 | 1) =>
    startTestPlatform({
      dataDir: folders[machine],
      environment: { MONGO_URL: mongo.url('machines') },
      say: (line) => said[machine]?.push(line),
    });
  before(async function () {
    if (whyNoMongo() !== undefined) this.skip(); // the reason is printed by mongo-store.test.ts
    mongo = await startMongo(join(dir, 'data'));
    await leaveOnePerson(mongo.url('machines'));
    prepareFolder(folders[0]);
    cpSync(folders[0], folders[1], { recursive: true });
    recorder = await startRecorder();
    [a, b] = await Promise.all([start(0), start(1)]);
    const first = existsSync(join(folders[0], 'administrator.json')) ? a : b;
    admin = await manage(first, Date.now);
    await deployAll(a, recorder);
    await Promise.all(addressesAt(b).map((address) => served(address, 1)));
  });
  after(async () => {
    // Absent when they are skipped.
    for (const platform of [a, b] as (TestPlatform | undefined)[])
      await platform?.end().catch(() => undefined); // ended by its test
    await (recorder as Recorder | undefined)?.end();
    await (mongo as MongoServer | undefined)?.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The NHS face of a machine, as the grounds of tokens ask for it. */
  const face = (platform: TestPlatform): TokenGround => ({
    ...{ platform, dataDir: platform.dataDir, face: `${platform.url}/env/int/oauth2` },
    clock: { time: Date.now(), now: Date.now, newId: randomUUID },
    secret: '',
    end: () => platform.end(),
  });
  const newToken = async (platform: TestPlatform) =>
    tokenIn(await withAssertion(face(platform), assertionOf(face(platform))));
  const withToken = (platform: TestPlatform, token: string) =>
    ask(`${platform.url}/env/int/streams`, { headers: { authorization: `Bearer ${token}` } });
  const withKey = (platform: TestPlatform, key: string) =>
    ask(`${platform.url}/env/int/tides`, { headers: { apikey: key } });

  it('fill an empty store once when they start at the same moment', async () => {
    const lines = said.flat();
    const count = (text: RegExp) => lines.filter((line) => text.test(line)).length;
    assert.deepEqual(
      [/^Loaded \d+ patients/, /^Loaded \d+ entries/, /^Made /].map(count),
      [1, 1, 1],
      lines.join('\n'),
    );
    const person = await b.store.open(patientCollection).get(smith);
    assert.equal(person?.version, 1, 'nothing was loaded over it');
    // The first administrator, and the accounts of the hub to try, each once.
    assert.equal(await a.store.open(administratorCollection).count(), 1 + 7);
    const signing = (machine: 0 | 1) => {
      const keys = join(folders[machine], 'keys', 'signing');
      return readdirSync(keys).map((name) => [name, readSecretFile(join(keys, name))]);
    };
    assert.equal(signing(0).length, 2);
    assert.deepEqual(signing(0), signing(1), 'both sign, and publish what the other signs');
  });

  it('show each other what was written', async () => {
    const path = `/Patient/${smith}`;
    const read = await b.call(path); // it is remembered there from now on
    assert.equal(read.json.gender, 'female');
    const headers = { 'if-match': read.headers.get('etag') ?? '' };
    const patches = [{ op: 'replace', path: '/gender', value: 'male' }];
    const changed = await a.call(path, { method: 'PATCH', headers, body: { patches } });
    assert.equal(changed.status, 200, changed.text);
    await within(second, async () => (await b.call(path)).json.gender === 'male');
    const stale = await b.call(path, { method: 'PATCH', headers, body: { patches } });
    assert.equal(stale.status, 409, stale.text);
  });

  it('take each other’s tokens, and refuse them within a second of their end', async () => {
    const token = await newToken(a);
    assert.equal((await withToken(b, token)).status, 200);
    await openFamilies(a.store, Date.now).revokeAccess(token);
    await within(second, async () => (await withToken(b, token)).status === 401);
    assert.equal((await withToken(a, token)).status, 401);
  });

  it('open to a subscription and its key within a second, whoever made them', async () => {
    const { key, subscription } = await keyFor(admin, 'open-hand', {});
    for (const platform of [a, b])
      await within(second, async () => (await withKey(platform, key)).status === 200);
    await changeAtVersion(a.store.open(subscriptionCollection), subscription, (found) => ({
      ...found,
      state: 'suspended' as const,
    }));
    for (const platform of [a, b])
      await within(second, async () => (await withKey(platform, key)).status === 403);
  });

  it('let exactly as many calls through together as a quota says', async () => {
    const quota = { limit: 40, interval: 1, unit: 'month' };
    const { key } = await keyFor(admin, 'forty', { quota });
    for (const platform of [a, b])
      // whichever of them it was made on, the other hears of it
      await within(second, async () => (await withKey(platform, key)).status === 200);
    const calls = Array.from({ length: 70 }, (_, i) => withKey(i % 2 === 0 ? a : b, key));
    const answers = await Promise.all(calls);
    assert.deepEqual(statuses(answers), { 200: 38, 429: 32 });
    for (const { status, headers } of answers)
      if (status === 429) assert.ok(Number(headers.get('retry-after')) > 0);
  });

  it('go on without the store from what they know, for five seconds with tokens, and heal', async () => {
    const token = await newToken(a);
    const { key } = await keyFor(admin, 'five', {
      quota: { limit: 5, interval: 1, unit: 'month' },
    });
    for (const platform of [a, b])
      // two of five
      await within(second, async () => (await withKey(platform, key)).status === 200);
    // Who has heard of the key has heard of the token before, so it is remembered from here on.
    for (const platform of [a, b]) assert.equal((await withToken(platform, token)).status, 200);
    process.kill(mongo.pid, 'SIGSTOP');
    const stopped = performance.now();
    const first = await Promise.all(
      [a, b].flatMap((platform) => [
        ask(`${platform.url}/wells`),
        ask(`${platform.url}/dunes`),
        ask(`${platform.url}/hello-world/hello/world`),
        withToken(platform, token),
      ]),
    );
    for (const one of first) assert.equal(one.status, 200, `${first.indexOf(one)} ${one.text}`);
    const unknown = await Promise.all([a, b].map((platform) => timed(() => readUnread(platform))));
    for (const { answer, milliseconds } of unknown) {
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.json.resourceType, 'OperationOutcome');
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
      assert.ok(milliseconds < 2_000, `${milliseconds} ms`);
    }
    const each = await Promise.all(
      Array.from({ length: 16 }, (_, i) => withKey(i < 8 ? a : b, key)),
    );
    assert.deepEqual([statuses(each.slice(0, 8)), statuses(each.slice(8))], [{ 200: 4, 429: 4 }, { 200: 4, 429: 4 }]); // prettier-ignore
    while (performance.now() - stopped < 4_500) {
      assert.equal((await withToken(b, token)).status, 200, `${performance.now() - stopped} ms`);
      await after_(250);
    }
    await within(3_000, async () => (await withToken(b, token)).status !== 200);
    const late = await timed(() => withToken(b, token));
    assert.equal(late.answer.status, 503, late.answer.text);
    assert.ok(Number(late.answer.headers.get('retry-after')) > 0);
    assert.ok(late.milliseconds < 2_000, `${late.milliseconds} ms`);
    assert.equal((await newTokenAnswer(b)).status, 503);
    assert.deepEqual(statuses(await Promise.all([a, b].map(({ url }) => ask(`${url}/wells`)))), { 200: 2 }); // prettier-ignore
    process.kill(mongo.pid, 'SIGCONT');
    await within(5_000, async () => (await withToken(b, token)).status === 200);
    await within(5_000, async () => (await readUnread(a)).status === 200);
    await within(5_000, async () => (await newTokenAnswer(b)).status === 200);
  });

  const newTokenAnswer = (platform: TestPlatform) =>
    withAssertion(face(platform), assertionOf(face(platform)));

  it('heal after the server was killed and started again, and take what changed meanwhile', async () => {
    await mongo.kill();
    const refused = await timed(() => readUnread(a));
    assert.equal(refused.answer.status, 503, refused.answer.text);
    assert.ok(refused.milliseconds < 2_000, `${refused.milliseconds} ms`);
    assert.equal((await ask(`${a.url}/wells`)).status, 200);
    mongo = await startMongo(join(dir, 'data'), mongo.port);
    await within(5_000, async () => (await readUnread(a)).status === 200);
    await deployApi(a, wells(recorder));
    await served(`${b.url}/env/sandbox/wells`, 2);
  });

  it('each enter into their own audit what they wrote themselves', async () => {
    const found = await a.store.open(patientCollection).get(smith);
    assert.ok(found);
    await a.store.open(patientCollection).put(smith, found.value, { expected: found.version });
    await Promise.all([a.stop(), b.stop()]);
    said.forEach((lines) => lines.splice(0));
    [a, b] = await Promise.all([start(0), start(1)]);
    const recovered = said.map((lines) => lines.filter((line) => line.includes('as recovered')));
    assert.deepEqual(recovered, [['Audit: 1 writes without an entry were entered as recovered.'], []]); // prettier-ignore
    await Promise.all([a.stop(), b.stop()]);
    for (const folder of folders) {
      const places = { dir: join(folder, 'audit'), heads: join(folder, 'audit-heads') };
      const { good, chains } = await verifyAudit(places);
      assert.deepEqual([good, chains.length], [true, 1]);
    }
  });
});

const wells = ({ url }: Recorder) => ({ id: 'wells', backend: { kind: 'http', url } }) as const;

/** An open Api before a server and one of a mock, one that takes keys, one that takes tokens. */
async function deployAll(platform: TestPlatform, recorder: Recorder): Promise<void> {
  const greets = { kind: 'service', service: 'hello', config: { whom: 'Machine' } } as const;
  await deployApi(platform, wells(recorder));
  await deployApi(platform, { id: 'dunes', backend: greets });
  await deployApi(platform, {
    ...{ id: 'tides', backend: greets, environment: 'uat' },
    policies: [{ policy: 'api-key' }, { policy: 'product-limits' }],
  });
  await deployApi(platform, {
    ...{ id: 'streams', backend: greets, environment: 'uat' },
    policies: [{ policy: 'token' }, { policy: 'subscription' }],
  });
  await subscribe(platform, 'demo', 'streams', 'uat', ['urn:nhsd:apim:app:level3:streams']);
}

function addressesAt({ url }: TestPlatform): string[] {
  return ['sandbox/wells', 'sandbox/dunes', 'int/tides', 'int/streams'].map(
    (path) => `${url}/env/${path}`,
  );
}

/** A subscription key of a new app to a new product for `tides`. */
async function keyFor(admin: Manage, product: string, limits: object) {
  const made = async (
    method: string,
    path: string,
    body: Readonly<Record<string, unknown>> = {},
  ) => {
    const answer = await admin(method, path, body);
    assert.ok(answer.status < 300, answer.text);
    return answer.json;
  };
  const approval = 'automatic';
  await made('POST', '/products', {
    id: product,
    name: product,
    apis: ['tides'],
    approval,
    limits,
  });
  const contact = 'team@example.org';
  const app = { name: `App of ${product}`, owner: 'Y90001', kinds: ['unattended'], contact };
  const { id } = await made('POST', '/apps', app);
  await made('POST', `/apps/${id}/registrations/int`);
  const wish = { app: id, product, environment: 'int' };
  const { id: subscription } = await made('POST', '/subscriptions', wish);
  const { key } = await made('POST', `/subscriptions/${subscription}/keys/primary`);
  return { key: String(key), subscription: String(subscription) };
}

/** Reads a person nobody has read before: it is in no memory. */
function readUnread(platform: TestPlatform): Promise<Answer> {
  return platform.call(`/Patient/${unread.shift() ?? assert.fail('all have been read')}`);
}
async function timed(call: () => Promise<Answer>) {
  const began = performance.now();
  return { answer: await call(), milliseconds: performance.now() - began };
}

async function within(milliseconds: number, fits: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await fits())) {
    assert.ok(performance.now() - began < milliseconds, `not within ${milliseconds} ms`);
    await after_(20);
  }
}
