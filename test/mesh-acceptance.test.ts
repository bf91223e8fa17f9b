/** MESH where it is rarely looked at: certificates, encodings up to the longest body, restarts, and what is done once. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { handedIn, type NewDelivery } from '../core/outbox.ts';
import { openClient } from '../scripts/gatehouse/client.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';
import { fileBlobs } from '../server/store/blobs.ts';
import { expire } from '../spine/mesh/expiry.ts';
import { meshMessageCollection, messageKey, newMessageId } from '../spine/mesh/messages.ts';
import { reportTopic } from '../spine/mesh/reports.ts';
import { completed } from '../spine/mesh/steps.ts';
import { liveSystem, type Sent } from './live-system.ts';
import { meshCaller, v2 } from './mesh-ground.ts';
import { callTls } from './mutual-tls-ground.ts';
import { OpensslCa, whyNoOpenssl } from './openssl-ca.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const flow = 'RESTRICTED_WORKFLOW';
const longest = 100 * 1024 * 1024;
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What a client reads that expands nothing by itself; the body as length and digest. */
function fetchAsSent(url: string, headers: Readonly<Record<string, string>>) {
  return new Promise<{
    encoding: string;
    length: string;
    compressed: string;
    size: number;
    digest: string;
  }>((resolve, reject) => {
    get(url, { headers }, (response) => {
      const hash = createHash('sha256');
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        size += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => {
        const field = (name: string) => String(response.headers[name] ?? '');
        resolve({
          ...{ encoding: field('content-encoding'), length: field('content-length'), size },
          ...{ compressed: field('mex-content-compressed'), digest: hash.digest('hex') },
        });
      });
    }).on('error', reject);
  });
}

describe('bodies of MESH in every encoding', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  for (const [what, plain] of [
    ['empty', () => Buffer.alloc(0)],
    ['short', () => Buffer.from('good day')],
    ['of 100 MiB', () => Buffer.alloc(longest, 'a line of a letter\n')],
  ] as const)
    it(`come whole when they are ${what}, plain and compressed, in both versions`, async function () {
      this.timeout(240_000);
      const bytes = plain();
      const packed = gzipSync(bytes);
      const [alice, bob] = [meshCaller(platform.url, 'ALICE'), meshCaller(platform.url, 'BOB')];
      for (const encoding of ['', 'gzip']) {
        const kept = encoding === '' ? bytes : packed;
        const fields = encoding === '' ? {} : { 'content-encoding': encoding };
        const sent = await alice.send('BOB', flow, new Uint8Array(kept), fields);
        if (kept.length === 0) {
          assert.equal(sent.status, 417, 'nothing at all is no message');
          continue;
        }
        assert.equal(sent.status, 202, sent.text);
        const id = String(sent.json.messageID);
        for (const version of ['*/*', v2.accept])
          for (const takes of ['gzip', 'identity']) {
            const got = await fetchAsSent(`${platform.url}/messageexchange/BOB/inbox/${id}`, {
              ...{ authorization: bob.token(), accept: version, 'accept-encoding': takes },
            });
            const wanted = encoding === 'gzip' && takes === 'gzip' ? packed : bytes;
            const at = `${encoding} ${version} ${takes}`;
            assert.deepEqual([got.size, got.digest], [wanted.length, digestOf(wanted)], at);
            assert.equal(got.encoding, wanted === packed ? 'gzip' : '', at);
            assert.equal(got.compressed === 'Y', wanted === packed, at);
            if (got.length !== '') assert.equal(got.length, String(wanted.length), at);
          }
        await bob.acknowledge(id);
      }
    });
});

describe('MESH that is started again', () => {
  it('lists on from where a cursor was, and takes the chunks that are missing', async function () {
    this.timeout(120_000);
    const first = await startTestPlatform();
    const { dataDir } = first;
    const alice = meshCaller(first.url, 'ALICE');
    const ids: string[] = [];
    for (let n = 0; n < 25; n++)
      ids.push(String((await alice.send('BOB', flow, `${n}`)).json.messageID));
    const begun = await alice.send('BOB', flow, 'one ', { 'mex-chunk-range': '1:2' });
    const page = await meshCaller(first.url, 'BOB').inbox('?max_results=10', v2);
    await first.stop();
    const second = await startTestPlatform({ dataDir });
    const bob = meshCaller(second.url, 'BOB');
    const next = String(page.json.links.next).replace(/^[^?]*/, '');
    const rest = await bob.inbox(next.replace('max_results=10', 'max_results=5000'), v2);
    assert.deepEqual([...page.json.messages, ...rest.json.messages], ids);
    const id = String(begun.json.messageID);
    const last = await meshCaller(second.url, 'ALICE').call(`/ALICE/outbox/${id}/2`, {
      ...{ method: 'POST', headers: { 'mex-chunk-range': '2:2' }, body: 'two' },
    });
    assert.equal(last.status, 202, last.text);
    const parts = [await bob.fetch(id), await bob.call(`/BOB/inbox/${id}/2`)];
    assert.equal(parts.map(({ text }) => text).join(''), 'one two');
    await second.end();
  });
});

describe('messages of MESH whose time is over', () => {
  let dir: string;
  let store: EmbeddedStore;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    store = await openEmbeddedStore({ dir });
  });
  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('are reported once however many instances look, and gone 30 days later with their bodies', async () => {
    const day = 24 * 3_600_000;
    const begin = Date.now();
    const blobs = fileBlobs(join(dir, 'blobs'));
    const messages = store.open(meshMessageCollection);
    for (let n = 0; n < 30; n++) {
      const id = newMessageId(begin);
      const blob = await blobs.put(oneOf('x'.repeat(20_000)));
      const base = {
        ...({
          environment: 'sandbox',
          id,
          kind: 'DATA',
          sender: 'ALICE',
          recipient: 'BOB',
        } as const),
        ...{ workflow: flow, total: 1, created: begin, touched: begin, events: [] },
        ...({ state: 'uploading' } as const),
        chunks: [{ n: 1, size: blob.size, digest: blob.digest, blob: blob.id }],
      };
      await messages.put(messageKey('sandbox', id), completed(base, begin), { expected: 0 });
    }
    const instance = (at: number, told: string[]) =>
      expire({ ...{ store, blobs, now: () => at }, told: () => told.push('expired') });
    const told: string[] = [];
    const both = (at: number) => Promise.all([1, 2].map(() => instance(at, told)));
    await both(begin + 5 * day - 1);
    assert.deepEqual(told, []);
    await both(begin + 5 * day + 1);
    await both(begin + 5 * day + 2);
    assert.equal(told.length, 30);
    const reports = (await store.outgoing(handedIn, 1000)).filter(
      ({ body }) => (JSON.parse(body) as NewDelivery).topic === reportTopic, // as it was handed in
    );
    assert.equal(reports.length, 30);
    const left = async () => (await messages.find({ index: 'due', limit: 100 })).items.length;
    await both(begin + 35 * day);
    assert.equal(await left(), 30);
    await both(begin + 35 * day + 2);
    assert.equal(await left(), 0);
    assert.equal(await blobs.sweep(begin + 99 * day, () => Promise.resolve(false)), 0);
  });
});

describe('MESH in integration', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let password: string;
  let key: string;
  before(async () => {
    platform = await startTestPlatform();
    const manage = openClient({ dataDir: platform.dataDir });
    const body = { id: 'WARD1', name: 'Ward', odsCode: 'Y90001' };
    const box = await manage.call('POST', '/mesh/uat/mailboxes', { body });
    ({ password } = box.body as { password: string });
    const shared = await manage.call('POST', '/mesh/uat/shared-key', { body: { overlap: '0' } });
    ({ key } = shared.body as { key: string });
  });
  after(() => platform.end());

  /** The status of a look into the inbox; 0 where the connection was refused. */
  const looked = async (sent?: Pick<Sent, 'cert' | 'key'>): Promise<number> => {
    const authorization = meshCaller(platform.url, 'WARD1', { password, key }).token();
    const path = '/env/int/messageexchange/WARD1/inbox';
    const options = { ...sent, headers: { authorization } };
    return callTls(platform.tls?.test ?? 0, path, undefined, options).then(
      ({ status }) => status,
      () => 0,
    );
  };

  it('takes a certificate of its own authority beside the token', async () => {
    const system = await liveSystem(platform);
    assert.equal(await looked(system.sent), 200);
    const plain = meshCaller(`${platform.url}/env/int`, 'WARD1', { password, key });
    assert.notEqual((await plain.inbox()).status, 200, 'nor is the port without TLS a way in');
  });

  it('refuses no certificate, one of another authority, one that has expired, and one that was revoked', async function () {
    if (whyNoOpenssl() !== undefined) this.skip();
    const system = await liveSystem(platform);
    assert.match(String(await looked()), /^(0|403)$/);
    const ca = new OpensslCa();
    for (const made of [ca.client(system.fqdn), past(ca, system.fqdn)])
      assert.match(String(await looked({ cert: made.certificate, key: made.key })), /^(0|403)$/);
    ca.end();
    const { sent } = system;
    assert.equal(await looked(sent), 200);
    await platform.certificates.register.revoke(sent.thumbprint, 'unspecified', 'test');
    assert.match(String(await looked(sent)), /^(0|403)$/);
  });
});

function past(ca: OpensslCa, name: string) {
  return ca.client(name, { from: '20200101000000Z', to: '20200201000000Z' });
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body is asked for piece by piece
async function* oneOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
