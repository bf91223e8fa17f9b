import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuthority, type EnvironmentAuthority } from '../certs/authority.ts';
import { openIdentity, type OwnIdentity } from './tls-identity.ts';

const day = 86_400_000;

describe('a certificate of the platform', () => {
  let dir: string;
  let authority: EnvironmentAuthority;
  let time: number;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-identity-'));
    time = Date.now();
    const opened = await openAuthority({
      dir,
      environments: [{ name: 'uat', issuing: 'own', domains: ['localhost', 'example.org'] }],
      crlBase: () => 'http://localhost/certs/uat',
      clock: { now: () => time, newId: () => '' },
      alone: (_name, work) => work(),
      say: () => undefined,
    });
    authority = opened.of('uat');
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const open = (names: readonly string[] = ['localhost']): Promise<OwnIdentity> =>
    openIdentity({
      file: join(dir, 'server.pem'),
      authority,
      order: { profile: 'server', fqdn: names[0] ?? '', dnsNames: names },
      inTurn: (work) => work(),
      now: () => time,
    });
  const serialOf = (identity: OwnIdentity) =>
    new X509Certificate(identity.current()?.certificate ?? '').serialNumber;

  it('is made once, kept from others, and has its chain behind it', async () => {
    const first = await open();
    assert.equal(serialOf(await open()), serialOf(first));
    const { certificate = '', key = '' } = first.current() ?? {};
    assert.equal(certificate.match(/BEGIN CERTIFICATE/g)?.length, 3);
    assert.match(key, /^-----BEGIN PRIVATE KEY/);
    if (process.platform !== 'win32')
      assert.equal(statSync(join(dir, 'server.pem')).mode & 0o077, 0);
  });

  it('is renewed when a third of its life is left, and read by others then', async () => {
    const [one, other] = [await open(), await open()];
    const before = serialOf(one);
    time += 59 * day;
    assert.equal(await one.look(), false);
    time += 2 * day;
    assert.equal(await one.look(), true);
    assert.notEqual(serialOf(one), before);
    assert.equal(serialOf(other), before);
    assert.equal(await other.look(), true);
    assert.equal(serialOf(other), serialOf(one));
  });

  it('is made anew for other names, and where its file holds something else', async () => {
    const first = await open();
    const wider = await open(['localhost', 'api.example.org']);
    assert.notEqual(serialOf(wider), serialOf(first));
    writeFileSync(join(dir, 'server.pem'), 'something else');
    const again = await open();
    assert.notEqual(serialOf(again), serialOf(wider));
  });
});
