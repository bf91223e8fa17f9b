/** The register: who gets a certificate, which of several count, and what ends one for every process. */
import assert from 'node:assert/strict';
import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../core/problem.ts';
import {
  domain,
  fqdn,
  holder,
  openGround,
  type CertificateGround,
} from '../test/certificates/ground.ts';
import { keyPem, newKey } from '../test/certificates/keys.ts';
import { makeRequest } from '../test/certificates/requests.ts';
import { certificateFacts } from './certificate-facts.ts';
import { day } from './profiles.ts';
import { openRegister } from './register.ts';
import { CertificateRefused } from './requests.ts';

const kind = (wanted: Problem['kind']) => (error: Problem) => error.kind === wanted;

describe('The register of certificates', () => {
  let ground: CertificateGround;
  beforeEach(async () => {
    ground = await openGround();
  });
  afterEach(() => ground.end());

  it('keeps what it issues, with its facts and its text', async () => {
    const { record, chain, notes } = await ground.issue();
    const facts = certificateFacts(record.pem);
    assert.equal(record.thumbprint, facts.thumbprint);
    assert.equal(record.serial, facts.x509.serialNumber.toLowerCase());
    assert.equal(record.serial.length, 32);
    assert.deepEqual([record.state, record.requestedBy, record.fqdn], ['active', 'ann', fqdn]);
    assert.equal(record.subject, `CN=${fqdn}, OU=Y90001-000001, O=Gatehouse Test`);
    assert.deepEqual(record.dnsNames, [fqdn]);
    assert.equal(chain, ground.authority.of('uat').chain);
    assert.deepEqual(notes, [`The DNS name ${fqdn} is added`]);
    assert.deepEqual(await ground.register.get(record.thumbprint), record);
    assert.equal(ground.register.judge(record.thumbprint).state, 'active');
    assert.equal(ground.register.judge('unknown').state, 'unknown');
  });

  it('lets two be active for one name, and the third ends the oldest', async () => {
    const [first, second, third] = [
      await ground.issue(),
      await ground.issue(),
      await ground.issue(),
    ];
    const states = [first, second, third].map(
      ({ record }) => ground.register.judge(record.thumbprint).state,
    );
    assert.deepEqual(states, ['superseded', 'active', 'active']);
    const another = await ground.issue({ fqdn: `other.${domain}`, deployment: 'd2' });
    assert.equal(ground.register.judge(another.record.thumbprint).state, 'active');
    assert.equal(ground.register.judge(second.record.thumbprint).state, 'active');
  });

  it('renews for the same holder, with the same key too, while the one before goes on', async () => {
    const { record, key } = await ground.issue();
    const csr = makeRequest({ key, subject: [['CN', fqdn]] });
    const next = await ground.register.renew(record.thumbprint, { csr, by: 'bob' });
    assert.deepEqual(
      [next.record.deployment, next.record.partyKey, next.record.requestedBy],
      [record.deployment, record.partyKey, 'bob'],
    );
    for (const { thumbprint } of [record, next.record])
      assert.equal(ground.register.judge(thumbprint).state, 'active');
    await ground.register.revoke(record.thumbprint, 'cessationOfOperation', 'bob');
    await assert.rejects(
      ground.register.renew(record.thumbprint, { csr, by: 'bob' }),
      kind('conflict'),
    );
    await assert.rejects(ground.register.renew('nothing', { csr, by: 'bob' }), kind('not-found'));
  });

  it('refuses a key that is in the certificate of another system, or was revoked as compromised', async () => {
    const { record, key } = await ground.issue();
    const other = {
      ...holder,
      fqdn: `other.${domain}`,
      partyKey: 'Y90002-000001',
      deployment: 'd2',
    };
    const wish = (whom: typeof holder) =>
      ground.register.issue({
        csr: makeRequest({ key, subject: [['CN', whom.fqdn]] }),
        holder: whom,
        by: 'ann',
      });
    await assert.rejects(
      wish(other),
      /a key of its own is expected, and this one is in the certificate of another system/,
    );
    await ground.register.revoke(record.thumbprint, 'keyCompromise', 'ann');
    await assert.rejects(
      wish(holder),
      /key: a new key is expected, and this one must not be used any more/,
    );
  });

  it('never takes a key again whose private half was sent along', async () => {
    const key = await newKey('P-256');
    const csr = makeRequest({ key, subject: [['CN', fqdn]] });
    await ground.register.check(csr, holder);
    await assert.rejects(ground.register.check(csr + keyPem(key), holder), /never use it again/);
    await assert.rejects(ground.register.check(csr, holder), /its private half was sent along/);
    await assert.rejects(ground.register.issue({ csr, holder, by: 'ann' }), kind('invalid'));
  });

  it('believes nobody when for seconds nobody could say what has been revoked', async () => {
    const { record } = await ground.issue();
    let silence = 4_000;
    const known = { ...ground.known, silent: () => silence };
    const register = openRegister({ ...ground, known, needsApproval: () => false });
    assert.equal(register.judge(record.thumbprint).state, 'active');
    silence = 6_000;
    assert.throws(() => register.judge(record.thumbprint), kind('unavailable'));
  });

  it('ends a certificate for every process at once', async () => {
    const another = await ground.another();
    const { record } = await ground.issue();
    const told: string[] = [];
    const heard = new Promise<void>((resolve) => {
      another.register.onEnded(({ thumbprint, state }) => {
        told.push(thumbprint, state);
        resolve();
      });
    });
    await ground.register.revoke(record.thumbprint, 'affiliationChanged', 'ann');
    assert.equal(ground.register.judge(record.thumbprint).state, 'revoked');
    await heard;
    assert.deepEqual(told, [record.thumbprint, 'revoked']);
    assert.equal(another.register.judge(record.thumbprint).state, 'revoked');
  });

  it('says a revocation once, but tells a compromise whatever was said before', async () => {
    const { record } = await ground.issue();
    const first = await ground.register.revoke(record.thumbprint, 'superseded', 'ann');
    const second = await ground.register.revoke(record.thumbprint, 'cessationOfOperation', 'bob');
    assert.deepEqual(second, first);
    const third = await ground.register.revoke(record.thumbprint, 'keyCompromise', 'bob');
    assert.equal(third.revoked?.reason, 'keyCompromise');
    await assert.rejects(
      ground.register.revoke('nothing', 'unspecified', 'ann'),
      kind('not-found'),
    );
  });

  it('holds a certificate and lifts that again, and nothing but a hold', async () => {
    const { record } = await ground.issue();
    await ground.register.revoke(record.thumbprint, 'certificateHold', 'ann');
    assert.equal(ground.register.judge(record.thumbprint).state, 'revoked');
    const lifted = await ground.register.lift(record.thumbprint, 'ann');
    assert.deepEqual([lifted.state, lifted.revoked], ['active', undefined]);
    assert.equal(ground.register.judge(record.thumbprint).state, 'active');
    await ground.register.revoke(record.thumbprint, 'unspecified', 'ann');
    await assert.rejects(ground.register.lift(record.thumbprint, 'ann'), kind('conflict'));
  });

  it('finds by deployment, name, party key, state and environment', async () => {
    const { record } = await ground.issue();
    const other = await ground.issue({
      fqdn: `other.${domain}`,
      deployment: 'd2',
      partyKey: 'Y90002-000001',
    });
    await ground.register.revoke(other.record.thumbprint, 'unspecified', 'ann');
    const find = async (...[query]: Parameters<typeof ground.register.find>) =>
      (await ground.register.find(query)).map(({ deployment }) => deployment);
    assert.deepEqual(await find({ deployment: 'd1' }), ['d1']);
    assert.deepEqual(await find({ environment: 'uat', fqdn }), ['d1']);
    assert.deepEqual(await find({ environment: 'uat', partyKey: 'Y90002-000001' }), ['d2']);
    assert.deepEqual(await find({ environment: 'uat', state: 'active' }), ['d1']);
    assert.deepEqual(await find({ deployment: 'd2', state: 'active' }), []);
    assert.deepEqual((await find({})).sort(), ['d1', 'd2']);
    ground.pass(366 * day);
    assert.deepEqual(await find({}), []);
    assert.deepEqual(await find({ environment: 'uat', state: 'active' }), ['d1']);
    assert.equal(ground.register.judge(record.thumbprint).state, 'expired');
  });

  it('is read whole by the next start', async () => {
    const { record } = await ground.issue();
    await ground.register.revoke(record.thumbprint, 'unspecified', 'ann');
    const next = await ground.another();
    assert.equal(next.register.judge(record.thumbprint).state, 'revoked');
    assert.equal(next.known.revocations('uat').print(), ground.known.revocations('uat').print());
  });

  it('warns 60, 30, 14, 7 and 1 days before the end, once each over all processes', async () => {
    const { record } = await ground.issue();
    const another = await ground.another();
    const due = async () => {
      const both = await Promise.all([ground.notices.due(), another.notices.due()]);
      return both.flat().map(({ days }) => days);
    };
    const told: number[][] = [];
    let passed = 0;
    for (const left of [61, 60, 59, 31, 30, 14, 7, 6, 2, 1, 0.5]) {
      ground.pass(record.notAfter - ground.clock.now() - left * day);
      passed++;
      told.push(await due());
    }
    assert.deepEqual(told, [[], [60], [], [], [30], [14], [7], [], [], [1], []]);
    assert.equal(passed, told.length);
    const [ending] = ground.notices.endings();
    assert.ok(ending && ending.left <= day && ending.fqdn === fqdn);
  });

  it('does not warn of one that has been renewed', async () => {
    await ground.issue();
    ground.pass(330 * day);
    await ground.issue();
    ground.pass(20 * day);
    assert.deepEqual(await ground.notices.due(), []);
  });
});

describe('The register where a second person must agree', () => {
  it('refuses to issue without one, and names what is missing', async () => {
    const ground = await openGround(undefined, () => true);
    try {
      const key = await newKey('P-256');
      const order = { csr: makeRequest({ key, subject: [['CN', fqdn]] }), holder, by: 'ann' };
      await assert.rejects(
        ground.register.issue(order),
        /a second person must approve a certificate, and nobody has/,
      );
      await assert.rejects(
        ground.register.issue({ ...order, approvedBy: 'ann' }),
        /not the one who asked/,
      );
      const { record } = await ground.register.issue({ ...order, approvedBy: 'bob' });
      assert.equal(record.approvedBy, 'bob');
    } finally {
      await ground.end();
    }
  });
});

describe('The register where an outside authority issues', () => {
  let ground: CertificateGround;
  let theirs: CertificateGround;
  before(async () => {
    theirs = await openGround();
    ground = await openGround([{ name: 'uat', issuing: 'outside', domains: [domain] }]);
    const trusted = join(ground.dir, 'certs', 'uat', 'trusted');
    mkdirSync(trusted, { recursive: true });
    writeFileSync(join(trusted, 'theirs.pem'), theirs.authority.of('uat').chain);
    await ground.authority.of('uat').trust.reload();
  });
  after(async () => {
    await ground.end();
    await theirs.end();
  });

  it('takes in a certificate that passes all checks, and the same one again', async () => {
    const { record } = await theirs.issue();
    const order = { pem: record.pem, holder, by: 'ann' };
    const kept = await ground.register.enrol(order);
    assert.equal(kept.record.thumbprint, record.thumbprint);
    assert.equal(ground.register.judge(record.thumbprint).state, 'active');
    assert.deepEqual((await ground.register.enrol(order)).record, kept.record);
    await assert.rejects(
      ground.register.enrol({ ...order, holder: { ...holder, deployment: 'd9' } }),
      kind('conflict'),
    );
  });

  it('issues nothing itself', async () => {
    await assert.rejects(ground.issue(), kind('forbidden'));
  });

  it('refuses one with all its faults', async () => {
    const stranger = await openGround();
    const { record } = await stranger.issue({ fqdn: `other.${domain}`, profile: 'server' });
    await stranger.end();
    const wish = ground.register.enrol({ pem: record.pem, holder, by: 'ann' });
    await assert.rejects(wish, (error: CertificateRefused) => {
      assert.ok(error instanceof CertificateRefused);
      assert.deepEqual(
        error.faults.map(({ at }) => at),
        ['extended usage', 'subject', 'names', 'chain'],
      );
      return true;
    });
    for (const pem of ['', 'x'.repeat(70_000), record.pem.replace('M', 'N')])
      await assert.rejects(ground.register.enrol({ pem, holder, by: 'ann' }), kind('invalid'));
  });
});
