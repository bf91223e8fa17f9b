/** Revocation lists: what is on them, when they are remade, and what happens when one cannot be had or is not good. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { domain, openGround, type CertificateGround } from '../test/certificates/ground.ts';
import type { RevocationReason } from './certificate-record.ts';
import { readList } from './crl.ts';
import { listCollection } from './kept-list.ts';

const hour = 60 * 60_000;

describe('The revocation lists', () => {
  let ground: CertificateGround;
  beforeEach(async () => {
    ground = await openGround();
  });
  afterEach(() => ground.end());
  const current = (which: 'root' | 'issuing' = 'issuing') =>
    ground.lists.of('uat', which) ?? assert.fail('no list');
  const serials = async () => [...(await readList(current().der).serials())];

  it('are there before anything is revoked, signed by their authorities', async () => {
    const { own } = ground.authority.of('uat');
    for (const which of ['root', 'issuing'] as const) {
      const list = readList(current(which).der);
      const signer = own?.[which] ?? assert.fail();
      assert.ok(list.issuer.equals(signer.name));
      assert.ok(await list.isSignedBy(signer.facts.key));
      assert.equal(
        await list.isSignedBy(
          (which === 'root' ? own?.issuing : own?.root)?.facts.key ?? assert.fail(),
        ),
        false,
      );
      assert.deepEqual([...(await list.serials())], []);
      assert.equal(list.number, current(which).number);
      assert.equal(list.nextUpdate - list.thisUpdate, 24 * hour + 5 * 60_000);
    }
    assert.deepEqual(ground.lists.pems('uat'), [current().pem, current('root').pem]);
  });

  it('name a certificate from its revocation on, and no longer when its hold is lifted', async () => {
    const one = await ground.issue();
    const two = await ground.issue({ fqdn: `two.${domain}` });
    await ground.register.revoke(one.record.thumbprint, 'keyCompromise', 'ann');
    await ground.register.revoke(two.record.thumbprint, 'certificateHold', 'ann');
    await ground.lists.settled();
    assert.deepEqual((await serials()).sort(), [one.record.serial, two.record.serial].sort());
    await ground.register.lift(two.record.thumbprint, 'ann');
    await ground.lists.settled();
    assert.deepEqual(await serials(), [one.record.serial]);
  });

  it('are remade at once by themselves, and the number rises', async () => {
    const { record } = await ground.issue();
    const { number } = current();
    const changed = new Promise<string>((resolve) => ground.lists.onChange(resolve));
    await ground.register.revoke(record.thumbprint, 'unspecified', 'ann');
    const began = performance.now();
    assert.equal(await changed, 'uat');
    assert.ok(performance.now() - began < 1_900, 'it waited for another process');
    assert.deepEqual(await serials(), [record.serial]);
    assert.ok(current().number > number);
  });

  it('are remade once or twice for many revocations at once', async () => {
    const issued = [];
    for (let n = 0; n < 40; n++) issued.push(await ground.issue({ fqdn: `s${n}.${domain}` }));
    const { number } = current();
    let changes = 0;
    ground.lists.onChange(() => changes++);
    await Promise.all(
      issued.map(({ record }) => ground.register.revoke(record.thumbprint, 'superseded', 'ann')),
    );
    await ground.lists.settled();
    assert.equal((await serials()).length, 40);
    assert.ok(changes <= 6, `${changes} lists were made`);
    assert.ok(current().number - number <= 6);
  });

  it('say each reason as RFC 5280 numbers it, and nothing for "unspecified"', async () => {
    const codes: Record<RevocationReason, string> = {
      ...{
        unspecified: '',
        keyCompromise: '0a0101',
        affiliationChanged: '0a0103',
        superseded: '0a0104',
      },
      ...{ cessationOfOperation: '0a0105', certificateHold: '0a0106' },
    };
    for (const [reason, code] of Object.entries(codes)) {
      const { record } = await ground.issue({ fqdn: `${reason.toLowerCase()}.${domain}` });
      await ground.register.revoke(record.thumbprint, reason as RevocationReason, 'ann'); // a key of codes
      await ground.lists.settled();
      const { der } = current();
      const entry = der.subarray(der.indexOf(Buffer.from(record.serial, 'hex')) + 16 + 15);
      if (code !== '') assert.equal(entry.subarray(11, 14).toString('hex'), code, reason);
      else assert.notEqual(entry.subarray(0, 1).toString('hex'), '30');
    }
  });

  it('are remade every 12 hours, and not before', async () => {
    const [root, issuing] = [current('root').number, current().number];
    ground.pass(11.9 * hour);
    await ground.lists.look();
    assert.deepEqual([current('root').number, current().number], [root, issuing]);
    ground.pass(0.2 * hour);
    await ground.lists.look();
    assert.ok(current('root').number > root && current().number > issuing);
    assert.deepEqual(ground.alarms, []);
  });

  it('are the same bytes in every process', async () => {
    const another = await ground.another();
    assert.ok(another.lists.of('uat', 'issuing')?.der.equals(current().der));
    const { record } = await ground.issue();
    const heard = new Promise((resolve) => another.lists.onChange(resolve));
    await ground.register.revoke(record.thumbprint, 'unspecified', 'ann');
    await Promise.all([heard, ground.lists.settled()]);
    await another.lists.settled();
    assert.ok(another.lists.of('uat', 'issuing')?.der.equals(current().der));
  });

  it('are made by another process when the one that revoked has died before', async () => {
    const { record } = await ground.issue();
    await ground.register.revoke(record.thumbprint, 'unspecified', 'ann');
    await ground.lists.settled();
    const { number } = current();
    const stored = await ground.store.open(listCollection).get('uat/issuing');
    await ground.store.open(listCollection).remove('uat/issuing', stored?.version ?? 0);
    const next = await ground.another();
    const list = next.lists.of('uat', 'issuing') ?? assert.fail();
    assert.deepEqual([...(await readList(list.der).serials())], [record.serial]);
    assert.ok(list.number > number);
  });

  it('are not taken from the store when they are badly signed: the last good one stays', async () => {
    const good = current();
    const kept = ground.store.open(listCollection);
    const stored = (await kept.get('uat/issuing')) ?? assert.fail();
    for (const der of [
      Buffer.from(good.der),
      Buffer.from('nothing'),
      good.der.subarray(0, 100),
      current('root').der,
    ]) {
      if (der.length === good.der.length) der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
      const version = (await kept.get('uat/issuing'))?.version ?? 0;
      const told = ground.alarms.length;
      await kept.put(
        'uat/issuing',
        {
          ...stored.value,
          number: stored.value.number + (der.length === good.der.length ? 0 : 100),
          der: der.toString('base64'),
        },
        { expected: version },
      );
      for (let turn = 0; turn < 200 && ground.alarms.length === told; turn++)
        await new Promise((resolve) => setImmediate(resolve));
      assert.equal(current(), good);
      ground.pass(hour);
    }
    assert.match(ground.alarms[0] ?? '', /uat\/issuing is not signed by its authority/);
    await ground.lists.look();
    assert.ok(current().number > good.number);
    assert.ok(
      await readList(current().der).isSignedBy(
        ground.authority.of('uat').own?.issuing.facts.key ?? assert.fail(),
      ),
    );
  });

  it('stay in force when the store is away, with an alarm each hour from 6 hours before their end', async () => {
    const good = current();
    await ground.store.close();
    for (const [hours, told] of [
      [17, 0],
      [1.5, 2],
      [0.5, 2],
      [0.6, 4],
      [5, 6],
    ] as const) {
      ground.pass(hours * hour);
      await ground.lists.look();
      assert.equal(ground.alarms.length, told, ground.alarms.join('\n'));
    }
    assert.equal(current(), good);
    assert.match(ground.alarms[0] ?? '', /uat\/root ends in less than 6 hours/);
    assert.match(
      ground.alarms[5] ?? '',
      /uat\/issuing has ended: all its certificates are refused/,
    );
  });

  it('drop what ended days ago', async () => {
    const { record } = await ground.issue();
    await ground.register.revoke(record.thumbprint, 'unspecified', 'ann');
    ground.pass(366 * 24 * hour);
    await ground.lists.look();
    assert.deepEqual(await serials(), [record.serial]);
    ground.pass(2 * 24 * hour);
    await ground.lists.look();
    assert.deepEqual(await serials(), []);
  });
});

describe('The revocation lists of outside authorities', () => {
  let ground: CertificateGround;
  let theirs: CertificateGround;
  before(async () => {
    theirs = await openGround();
    ground = await openGround([{ name: 'uat', issuing: 'outside', domains: [domain] }]);
  });
  after(async () => {
    await ground.end();
    await theirs.end();
  });
  const lay = (name: string, content: string | Buffer) => {
    const folder = join(ground.dir, 'certs', 'uat', 'trusted');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), content);
  };

  it('are read as PEM or DER, checked, and missing ones told', async () => {
    const { record } = await theirs.issue();
    await theirs.register.revoke(record.thumbprint, 'unspecified', 'ann');
    await theirs.lists.settled();
    const [issuing, root] = theirs.lists.pems('uat');
    lay('theirs.pem', theirs.authority.of('uat').chain);
    await ground.lists.look();
    assert.equal(
      ground.alarms.filter((text) =>
        text.startsWith('There is no revocation list of CN=Gatehouse Test'),
      ).length,
      2,
    );
    lay('issuing.crl', theirs.lists.of('uat', 'issuing')?.der ?? '');
    lay('root.crl', root ?? '');
    await ground.lists.look();
    assert.deepEqual([...ground.lists.pems('uat')].sort(), [issuing, root].sort());
    assert.equal(ground.lists.isListedOutside('uat', record.issuer, record.serial), true);
    assert.equal(ground.lists.isListedOutside('uat', record.issuer, 'ff'), false);
  });

  it('stay as they were when a file is spoilt or badly signed', async () => {
    const before = ground.lists.pems('uat');
    const stranger = await openGround();
    for (const content of [
      'nothing',
      Buffer.from([0x30, 0x84]),
      stranger.lists.pems('uat')[0] ?? '',
    ]) {
      ground.alarms.length = 0;
      lay('issuing.crl', content);
      await ground.lists.look();
      assert.deepEqual([...ground.lists.pems('uat')].sort(), [...before].sort());
      assert.match(ground.alarms.join(), /The revocation list issuing\.crl is not used/);
      ground.pass(2 * hour);
    }
    await stranger.end();
    rmSync(join(ground.dir, 'certs', 'uat', 'trusted', 'issuing.crl'));
  });
});
