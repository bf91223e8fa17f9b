/** Authorities: made once, whole after a kill, the same for all who start at once; and those from outside. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import { domain, fqdn, openTestAuthority } from '../test/certificates/ground.ts';
import { newKey, publicDer } from '../test/certificates/keys.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { openAuthority } from './authority.ts';
import { certificateFacts } from './certificate-facts.ts';
import { day } from './profiles.ts';
import { shareThroughStore, sharedFileCollection } from './shared-files.ts';

const reversed = (text: string) => [...text].reverse().join('');

describe('A certificate authority', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-authority-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const open = (
    ...rest: Parameters<typeof openTestAuthority> extends [string, unknown, ...infer R] ? R : never
  ) => openTestAuthority(dir, systemClock, ...rest);
  const folder = () => join(dir, 'certs', 'uat');
  const read = (name: string) => readFileSync(join(folder(), name), 'utf8');

  it('is made at the first start, with keys for this user alone, and read at the next', async () => {
    const first = (await open()).of('uat');
    const files = ['issuing.key', 'issuing.pem', 'root.key', 'root.pem'];
    assert.deepEqual(readdirSync(folder()).sort(), files);
    if (process.platform !== 'win32')
      for (const name of ['root.key', 'issuing.key'])
        assert.equal(statSync(join(folder(), name)).mode & 0o777, 0o600);
    const before = files.map(read);
    const second = (await open()).of('uat');
    assert.deepEqual(files.map(read), before);
    assert.equal(second.chain, first.chain);
    assert.equal(second.chain, read('issuing.pem') + read('root.pem'));
    assert.deepEqual(
      second.trust.authorities().map(({ pem }) => pem),
      [read('root.pem'), read('issuing.pem')],
    );
  });

  it('is named plainly as a test, with lives and limits that fit', async () => {
    const { own } = (await open()).of('uat');
    assert.ok(own);
    const { root, issuing } = own;
    assert.match(root.facts.subjectText, /^CN=Gatehouse Test Root Authority uat, /);
    assert.match(issuing.facts.subjectText, /^CN=Gatehouse Test Issuing Authority uat, /);
    assert.equal(issuing.facts.issuerText, root.facts.subjectText);
    assert.deepEqual([root.facts.authority, root.facts.pathLength], [true, undefined]);
    assert.deepEqual([issuing.facts.authority, issuing.facts.pathLength], [true, 0]);
    assert.deepEqual(issuing.facts.domains, [domain, 'localhost']);
    assert.equal((root.notAfter - root.facts.notBefore) / day, 20 * 365);
    assert.equal((issuing.notAfter - issuing.facts.notBefore) / day, 8 * 365);
  });

  it('is gone on with where a start was killed half way', async () => {
    const first = (await open()).of('uat');
    for (const lost of [
      ['issuing.pem'],
      ['issuing.pem', 'issuing.key'],
      ['issuing.pem', 'issuing.key', 'root.pem'],
    ]) {
      for (const name of lost) rmSync(join(folder(), name));
      writeFileSync(join(folder(), 'issuing.key.1-a.half'), 'half a k');
      const again = (await open()).of('uat');
      assert.equal(readdirSync(folder()).filter((name) => name.endsWith('.pem')).length, 2);
      const { root, issuing } = again.own ?? assert.fail();
      assert.deepEqual(root.keyId, first.own?.root.keyId);
      assert.ok(issuing.facts.x509.verify(root.facts.key));
    }
  });

  it('is one and the same for processes that start at once', async () => {
    const all = await Promise.all([open(), open(), open(), open()]);
    assert.equal(new Set(all.map((one) => one.of('uat').chain)).size, 1);
  });

  it('is not made anew where its key was lost, nor read where others can read it', async () => {
    await open();
    if (process.platform !== 'win32') {
      chmodSync(join(folder(), 'root.key'), 0o644);
      await assert.rejects(
        open(),
        (error: Problem) => error.kind === 'unavailable' && error.message.includes('chmod 600'),
      );
    }
    rmSync(join(folder(), 'root.key'));
    await assert.rejects(
      open(),
      (error: Problem) => error.kind === 'unavailable' && error.message.includes('backup'),
    );
  });

  it('is refused with a certificate of another key', async () => {
    await open();
    const other = read('root.pem');
    writeFileSync(join(folder(), 'issuing.pem'), other);
    await assert.rejects(open(), /does not belong to the key beside it/);
  });

  it('says which domains it was not made for, and gives no certificate for them', async () => {
    await open();
    const said: string[] = [];
    const environments = [
      { name: 'uat', issuing: 'own' as const, domains: [domain, 'example.org'] },
    ];
    const again = (await open(environments, (sentence) => said.push(sentence))).of('uat');
    assert.match(
      said.join(),
      /was made for uat\.thirdparty\.example, localhost and cannot name example\.org/,
    );
    const publicKey = publicDer(await newKey('P-256'));
    await assert.rejects(
      again.certify({ profile: 'client', fqdn: 'a.example.org', publicKey }),
      /only for names that end in/,
    );
    await assert.rejects(
      again.certify({ profile: 'client', fqdn: `x${domain}`, publicKey }),
      /only for names that end in/,
    );
  });

  it('gives each profile its usages and its life, and never one beyond its own', async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const own = (await openTestAuthority(dir, clock)).of('uat');
    const publicKey = publicDer(await newKey('RSA 2048'));
    const order = { fqdn, partyKey: 'Y90001-000001', publicKey };
    const facts = async (profile: 'client' | 'endpoint' | 'server') => {
      const made = certificateFacts(await own.certify({ ...order, profile }));
      return [
        made.usageBits,
        made.extended?.map((id) => id.slice(-1)),
        (made.notAfter - made.notBefore) / day,
      ];
    };
    const forRsa = 0xa0; // digitalSignature and keyEncipherment
    assert.deepEqual(await facts('client'), [forRsa, ['2'], 365]);
    assert.deepEqual(await facts('endpoint'), [forRsa, ['1', '2'], 365]);
    assert.deepEqual(await facts('server'), [forRsa, ['1'], 90]);
    now += 7.5 * 365 * day;
    const late = certificateFacts(await own.certify({ ...order, profile: 'client' }));
    assert.equal(late.notAfter, own.own?.issuing.facts.notAfter);
  });

  it('is nowhere made where an outside authority issues, and believes those that are laid in', async () => {
    const stranger = mkdtempSync(join(dir, 'stranger-'));
    const theirs = (await openTestAuthority(stranger, systemClock)).of('uat');
    const outside = (await open([{ name: 'uat', issuing: 'outside', domains: [domain] }])).of(
      'uat',
    );
    assert.deepEqual([outside.own, outside.chain], [undefined, '']);
    await assert.rejects(
      outside.certify({ profile: 'client', fqdn, publicKey: publicDer(await newKey('P-256')) }),
      (error: Problem) => error.kind === 'forbidden',
    );
    assert.deepEqual(outside.trust.authorities(), []);
    mkdirSync(join(folder(), 'trusted'), { recursive: true });
    writeFileSync(join(folder(), 'trusted', 'theirs.pem'), theirs.chain);
    assert.equal(await outside.trust.reload(), true);
    assert.equal(outside.trust.authorities().length, 2);
    assert.equal(await outside.trust.reload(), false);
  });

  it('keeps what it believed of a file that was spoilt, and takes several generations', async () => {
    const said: string[] = [];
    const own = (await open(undefined, (sentence) => said.push(sentence))).of('uat');
    const trusted = join(folder(), 'trusted');
    mkdirSync(trusted);
    writeFileSync(join(trusted, 'first.pem'), read('root.pem'));
    writeFileSync(join(trusted, 'second.pem'), read('issuing.pem'));
    await own.trust.reload();
    assert.equal(own.trust.authorities().length, 4);
    const leaf = await own.certify({
      profile: 'client',
      fqdn,
      publicKey: publicDer(await newKey('P-256')),
    });
    for (const text of ['nothing', leaf, read('root.pem').slice(0, 200)]) {
      writeFileSync(join(trusted, 'first.pem'), text);
      await own.trust.reload();
      assert.equal(own.trust.authorities().length, 4);
      assert.match(said.pop() ?? '', /first\.pem .* is not taken/);
    }
    rmSync(join(trusted, 'first.pem'));
    assert.equal(await own.trust.reload(), true);
    assert.equal(own.trust.authorities().length, 3);
  });

  it('is the same on every machine over one store, whose text the store has sealed', async () => {
    const store = await openEmbeddedStore({ dir: join(dir, 'store') });
    const sealer = {
      seal: (text: string, about: string) => `${about}:${reversed(text)}`,
      open: (sealed: string, about: string) =>
        sealed.startsWith(`${about}:`) ? reversed(sealed.slice(about.length + 1)) : undefined,
    };
    const machine = (name: string) =>
      openAuthority({
        dir: join(dir, name),
        environments: [{ name: 'uat', issuing: 'own', domains: [domain] }],
        ...{ clock: systemClock, crlBase: () => 'http://localhost', say: () => undefined },
        alone: (_name, work) => work(),
        shared: shareThroughStore(store, sealer),
      });
    try {
      const [one, two] = await Promise.all([machine('one'), machine('two')]);
      const three = await machine('three');
      assert.equal(new Set([one, two, three].map((all) => all.of('uat').chain)).size, 1);
      assert.ok(
        three
          .of('uat')
          .own?.issuing.facts.x509.checkPrivateKey(one.of('uat').own?.issuing.key ?? assert.fail()),
      );
      rmSync(join(dir, 'two', 'uat', 'root.key'));
      assert.equal((await machine('two')).of('uat').chain, one.of('uat').chain);
      const kept = (await store.open(sharedFileCollection).get('uat/root.key'))?.value.sealed;
      assert.ok(kept !== undefined && !kept.includes('PRIVATE KEY'));
      await open();
      for (const name of ['root.key', 'root.pem', 'issuing.key', 'issuing.pem'])
        writeFileSync(join(dir, 'three', 'uat', name), read(name));
      await assert.rejects(machine('three'), /is not that of the machines that use the same store/);
    } finally {
      await store.close();
    }
  });
});
