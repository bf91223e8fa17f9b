import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecretFile, writeSecretFile } from '../key-files.ts';
import { createSigningKeys, type SigningKeys } from './signing-keys.ts';

const day = 24 * 3_600_000;
const hour = 3_600_000;

describe('The platform’s signing keys', () => {
  let dir: string;
  let now: number;
  let keys: SigningKeys;
  const open = () =>
    createSigningKeys({
      dir,
      files: { readSecretFile, writeSecretFile, newRsaKey: () => Promise.resolve(newRsa()) },
      now: () => now,
    });
  const kids = async () => (await keys.published()).map(({ kid }) => kid);
  const rsaKids = async () =>
    (await keys.published()).filter(({ kty }) => kty === 'RSA').map(({ kid }) => kid);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-signing-'));
    now = Date.UTC(2026, 0, 1);
    keys = open();
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('publishes an RSA and a P-256 key, each member public', async () => {
    const published = await keys.published();
    assert.deepEqual(
      published.map((jwk) => Object.keys(jwk).sort()),
      [
        ['alg', 'e', 'kid', 'kty', 'n', 'use'],
        ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ],
    );
  });

  it('signs what its published halves verify', async () => {
    for (const alg of ['RS256', 'ES256'] as const) {
      const kid = await keys.current(alg);
      const jwk = (await keys.published()).find((one) => one.kid === kid);
      const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
      const signature = await keys.sign(kid, 'data');
      const how = { key, dsaEncoding: 'ieee-p1363' as const };
      assert.ok(verify('sha256', Buffer.from('data'), how, signature), alg);
    }
    await assert.rejects(keys.sign('unknown', 'data'));
  });

  it('keeps private halves in files that nobody else can read, and the same keys over a restart', async () => {
    const before = await kids();
    for (const file of readdirSync(dir))
      assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600, file);
    keys = open();
    assert.deepEqual(await kids(), before);
  });

  it('makes each key once, however many ask at the same time', async () => {
    await Promise.all(Array.from({ length: 10 }, () => keys.published()));
    assert.equal(readdirSync(dir).length, 2);
  });

  it('publishes the next key a day before it signs, and the last until a day after its last token', async () => {
    const start = now;
    const [first] = await rsaKids();
    now = start + 89 * day - 1;
    assert.deepEqual(await rsaKids(), [first]);
    now = start + 89 * day;
    const [, second] = await rsaKids();
    assert.ok(second !== undefined && second !== first);
    assert.equal(await keys.current('RS256'), first);
    now = start + 90 * day - 1;
    assert.equal(await keys.current('RS256'), first);
    now = start + 90 * day;
    assert.equal(await keys.current('RS256'), second);
    assert.deepEqual(await rsaKids(), [first, second]);
    now = start + 91 * day + hour - 1;
    assert.deepEqual(await rsaKids(), [first, second]);
    now = start + 91 * day + hour;
    assert.deepEqual(await rsaKids(), [second]);
    assert.equal(readdirSync(dir).length, 2);
  });

  it('rotates the same way after a server has stood still for a year', async () => {
    const [first] = await rsaKids();
    now += 365 * day;
    keys = open();
    assert.equal(await keys.current('RS256'), first);
    const [, second] = await rsaKids();
    now += day;
    assert.equal(await keys.current('RS256'), second);
  });

  it('refuses a key file that others can read', async () => {
    await kids();
    const [file = ''] = readdirSync(dir);
    const { chmodSync } = await import('node:fs');
    chmodSync(join(dir, file), 0o644);
    keys = open();
    await assert.rejects(keys.published(), /Others can read/);
    chmodSync(join(dir, file), 0o600);
    assert.equal((await keys.published()).length, 2);
  });
});

function newRsa(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
}
